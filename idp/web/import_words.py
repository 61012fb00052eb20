"""Results of a list of invitations in words: of the whole list, and of each line."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext

from idp.companies.errors import AlreadyInvited, SeatLimitReached
from idp.companies.invitation_batch import Result
from idp.core.errors import IdpError, InvalidInput
from idp.policy import label_for
from idp.web import locale
from idp.work import Work


def of_file(error: InvalidInput) -> str:
    """Why a list cannot be read at all, and what would be right."""
    members = error.members
    column = str(members.get("column", ""))
    words = {
        "empty": gettext("There is nobody in this list. Paste it below, or choose a file."),
        "too_large": gettext("This list is larger than 64 kB. Send it in parts."),
        "not_text": gettext(
            "This file cannot be read as a list. In the spreadsheet, save it as CSV (separated by commas or "
            "semicolons), then choose that file."
        ),
        "too_many_lines": gettext(
            "At most %(max)s people at once. Send the list in parts.", max=members.get("max", "")
        ),
        "no_address_column": gettext("No column is called “E-mail”. Write the headings into the first line."),
        "unknown_column": gettext(
            "The column “%(column)s” is not known. Use the headings of the empty list, or take the column out.",
            column=column,
        ),
        "column_twice": gettext("The column “%(column)s” is there twice. Take one of them out.", column=column),
    }
    return str(words.get(str(members.get("reason")), words["not_text"]))


def row(work: Work, result: Result, told: Callable[[IdpError], str]) -> dict[str, Any]:
    """One line as a page shows it.

    Args:
        told: what the form of one invitation says of a refusal.
    """
    line = result.line
    return {
        "number": line.number,
        "email": line.address,
        "given": line.given_name,
        "family": line.family_name,
        "said": _refused(work, result.refused, told) if result.refused is not None else _accepted(work, result),
        "refused": result.refused is not None,
    }


def _accepted(work: Work, result: Result) -> str:
    said = gettext("replaces the open invitation") if result.renews else gettext("gets an invitation")
    products = ", ".join(_product(work, each) for each in result.bought)
    if not products:
        return str(said)
    charged = gettext("one more seat is charged: %(products)s", products=products)
    return f"{said} – {charged}"


def _refused(work: Work, error: IdpError, told: Callable[[IdpError], str]) -> str:
    if isinstance(error, AlreadyInvited):
        return str(gettext("this address comes twice in the list"))
    if isinstance(error, SeatLimitReached):
        product = _product(work, str(error.members.get("product", "")))
        return str(gettext("every seat of %(product)s is taken", product=product))
    if not isinstance(error, InvalidInput):
        said = told(error)
        return said[:1].lower() + said[1:].removesuffix(".")  # a sentence of the form, behind a colon here
    typed, field = str(error.members.get("typed", "")), error.members.get("field")
    match field, error.members.get("reason"):
        case "role", _:
            product = _product(work, str(error.members.get("product", "")))
            return str(gettext("“%(typed)s” is no role in %(product)s that you can give", typed=typed, product=product))
        case "company_role", "one_by_one":
            return str(gettext("an administrator is invited one by one, with a code of yours"))
        case "company_role", _:
            return str(gettext("“%(typed)s” is no role in the company that you can give", typed=typed))
        case "locale", _:
            return str(gettext("“%(typed)s” is none of the languages", typed=typed))
        case "email", "missing":
            return str(gettext("the address is missing"))
        case "email", _:
            return str(gettext("this is no e-mail address"))
        case "roles", _:
            return str(gettext("no role: name one in the list, or choose one below for all lines"))
        case "line", "too_many_cells":
            return str(gettext("more cells than there are headings"))
        case _:
            return str(gettext("a cell cannot be used as it is written: too long, or with signs that cannot be typed"))


def _product(work: Work, product: str) -> str:
    known = work.policies.products.get(product)
    return label_for(known.label, locale.current()) if known is not None else product
