"""Mandates as pages show them to either side."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext

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


def presets(policies: Policies) -> list[dict[str, str]]:
    """The presets to choose from, with the products each opens; the usual one first."""
    ordered = sorted(policies.presets.values(), key=lambda each: not each.default)
    return [
        {"value": each.id, "label": f"{_label(each.label)} ({products(policies, each.id, ())})"} for each in ordered
    ]


def options(policies: Policies, allowed: Iterable[str]) -> list[dict[str, str]]:
    """The options that somebody may consent to, after the choice of none."""
    listed = [each for each in policies.options.values() if each.id in set(allowed)]
    return [
        {"value": "", "label": gettext("Nothing more")},
        *({"value": each.id, "label": _label(each.label)} for each in listed),
    ]


def products(policies: Policies, preset: str, chosen: Iterable[str], lowered: Iterable[str] = ()) -> str:
    """The products that a ceiling opens, by name."""
    opened = ceiling_of(policies, preset, chosen, lowered)
    return ", ".join(_label(policies.products[each].label) for each in policies.products if each in opened)


def title(policies: Policies, seen: Seen) -> str:
    """The preset and its options."""
    entries = [policies.presets.get(seen.scope.preset), *(policies.options.get(each) for each in seen.scope.options)]
    return " + ".join(_label(each.label) for each in entries if each is not None)


def shown(policies: Policies, seen: Seen) -> dict[str, Any]:
    """A mandate for a list and for its own page."""
    lowered = [f"{product}:{level}" for product, level in seen.scope.lowered.items()]
    state = gettext("Hands over: reads only") if seen.only_reads and seen.state == "active" else _STATES[seen.state]
    return {
        "id": seen.id,
        "firm": seen.firm,
        "company": seen.company,
        "state": seen.state,
        "state_label": str(state),
        "title": title(policies, seen),
        "preset": seen.scope.preset,
        "option": next(iter(seen.scope.options), ""),
        "products": products(policies, seen.scope.preset, seen.scope.options, lowered),
        "begins": day(seen.begins_at) if seen.begins_at else "",
        "until": _until(seen),
        "asked": day(seen.created_at),
        "asked_by": seen.asked_by,
        "expires": day(seen.expires_at) if seen.state in ("invited", "requested") else "",
        "ended": day(seen.ended_at) if seen.ended_at and seen.state not in ("active", "invited", "requested") else "",
        "people": seen.people,
        "firm_works": seen.firm_works,
        "temporary": seen.temporary,
    }


def _until(seen: Seen) -> str:
    if seen.ends_at is not None:
        return day(seen.ends_at)
    if seen.renews_at is not None:
        return str(gettext("renewed every year, next on %(date)s", date=day(seen.renews_at)))
    return str(gettext("no end date; either side can end it"))


def _label(texts: Any) -> str:
    return label_for(texts, locale.current())
