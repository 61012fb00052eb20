"""Mandates as pages show them to either side."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from idp.companies import mandate_scope
from idp.companies.mandate_scope import Scope
from idp.companies.mandate_view import Seen
from idp.policy import Policies, label_for
from idp.policy.permissions import ceiling_of
from idp.web import locale
from idp.web.render import day

_l = lazy_gettext
_STATES = {
    "invited": _l("Invited, waiting for the firm"),
    "requested": _l("Asks for access"),
    "active": _l("Active"),
    "suspended": _l("Suspended"),
    "refused": _l("Refused"),
    "expired": _l("Not answered in time"),
    "ended": _l("Ended"),
}
_OF_SUPPORT = {
    "invited": _l("Invited to help, waiting for an answer"),
    "requested": _l("Offers to help for a while"),
    "active": _l("Can help now"),
}
_TO_FIRMS = {"invited": _l("Waiting for your answer"), "requested": _l("Waiting for the client’s answer")}
LEVELS = {"work": _l("enter and change"), "view": _l("view only"), "none": _l("no access")}


def products(policies: Policies, preset: str, chosen: Iterable[str], below: Iterable[str] = ()) -> str:
    """The products that a ceiling opens, by name."""
    opened = ceiling_of(policies, preset, chosen, below)
    return ", ".join(_label(policies.products[each].label) for each in policies.products if each in opened)


def title(policies: Policies, scope: Scope) -> str:
    """The preset and its options."""
    entries = [policies.presets.get(scope.preset), *(policies.options.get(each) for each in scope.options)]
    return " + ".join(_label(each.label) for each in entries if each is not None)


def access(policies: Policies, scope: Scope) -> str:
    """The preset and its options, and the products that are to stay below."""
    known = policies.products
    less = [f"{_label(known[each].label)}: {LEVELS[level]}" for each, level in scope.lowered.items() if each in known]
    return f"{title(policies, scope)} ({', '.join(less)})" if less else title(policies, scope)


def shown(policies: Policies, seen: Seen, *, to_firm: bool = False) -> dict[str, Any]:
    """A mandate for a list and for its own page; to the company, or to the firm."""
    waits, begins = seen.state in ("invited", "requested"), seen.begins_at or seen.scope.starts_at
    return {
        "id": seen.id,
        "firm": seen.firm,
        "company": seen.company,
        "state": seen.state,
        "state_label": _state(seen, to_firm),
        "title": access(policies, seen.scope),
        "preset": seen.scope.preset,
        "products": products(policies, seen.scope.preset, seen.scope.options, lowered(seen.scope)),
        "begins": day(begins) if begins else "",
        "until": _until(policies, seen),
        "reads_from": day(seen.view_from_at) if seen.view_from_at else "",
        "successor": seen.successor,
        "asked": day(seen.created_at),
        "asked_by": seen.asked_by,
        "expires": day(seen.expires_at) if waits else "",
        "ended": day(seen.ended_at) if seen.ended_at and seen.state not in ("active", "invited", "requested") else "",
        "people": seen.people,
        "firm_works": seen.firm_works,
        "temporary": seen.temporary,
    }


def lowered(scope: Scope) -> list[str]:
    """How `products` takes the products that are to stay below."""
    return mandate_scope.kept(scope)


def end_of(policies: Policies, scope: Scope) -> str:
    """When it ends, in a few words."""
    if scope.until_at is not None:
        return day(scope.until_at)
    days = mandate_scope.longest(policies, scope.preset)
    if days is not None:
        return str(
            ngettext("automatically, %(num)s day after it begins", "automatically, %(num)s days after it begins", days)
        )
    return str(gettext("from year to year") if scope.yearly else gettext("no end date; either side can end it"))


def _state(seen: Seen, to_firm: bool) -> str:
    if seen.state == "active" and seen.only_reads:
        return str(gettext("Handing over: read only"))
    if seen.state == "active" and seen.view_from_at is not None:
        return str(gettext("Handing over: read only from %(date)s", date=day(seen.view_from_at)))
    if to_firm and seen.state in _TO_FIRMS:
        return str(_TO_FIRMS[seen.state])
    if seen.temporary and seen.state in _OF_SUPPORT:
        return str(_OF_SUPPORT[seen.state])
    return str(_STATES[seen.state])


def _until(policies: Policies, seen: Seen) -> str:
    if seen.ends_at is not None:
        return day(seen.ends_at)
    if seen.renews_at is not None:
        return str(gettext("renewed every year, next on %(date)s", date=day(seen.renews_at)))
    return end_of(policies, seen.scope)


def _label(texts: Any) -> str:
    return label_for(texts, locale.current())
