"""Choosing a password: the fields, what is wrong with one, and the words it may not be made of."""

from typing import Annotated
from uuid import UUID

from flask_babel import gettext, ngettext
from pydantic import StringConstraints

from idp.companies import holdings
from idp.core.errors import InvalidInput
from idp.work import Work

# Longer than any password the policy accepts, so that the policy gives the reason; short enough to refuse at once.
Typed = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


def differing(password: str, again: str) -> dict[str, str]:
    """The problem of two passwords that are not the same, or none."""
    if password == again:
        return {}
    return {"password_again": gettext("The two passwords differ. Type the same one twice.")}


def problem(work: Work, error: InvalidInput) -> dict[str, str]:
    """What a refused password is told, with what would be right. Errors of other fields pass through.

    Raises:
        InvalidInput: the error is not about the password.
    """
    if error.members.get("field") != "password":
        raise error
    rules = work.policies.account
    match error.members.get("reason"):
        case "too_short":
            least = int(error.members.get("min", rules.password_min))
            text = ngettext(
                "This password is too short. Take at least %(num)s character.",
                "This password is too short. Take at least %(num)s characters.",
                least,
            )
        case "too_long":
            text = ngettext(
                "This password is too long. Take at most %(num)s character.",
                "This password is too long. Take at most %(num)s characters.",
                rules.password_max,
            )
        case "common":
            text = gettext("This password is in a list of known ones. Take one that only you would think of.")
        case "derived":
            text = gettext(
                "This password resembles your name, your address, your company or a product. Take another one."
            )
        case "same":
            text = gettext("This is your present password. Take another one.")
        case "used_before":
            text = gettext("You had this password before. Take another one.")
        case _:
            text = gettext("This password cannot be used. Take another one.")
    return {"password": text}


def words(work: Work, account_id: UUID | None = None) -> tuple[str, ...]:
    """Names that a password may not be made of: those of the person's companies, and of the products in every language
    (R-03). What the account itself is called is known to the commands."""
    products = work.policies.products.values()
    labels = {label for product in products for label in product.label.values()}
    companies = holdings.company_names(work, account_id) if account_id is not None else ()
    return (*companies, *sorted(labels))
