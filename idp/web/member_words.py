"""What pages call the people of a company: their state, their roles, what a role is limited to."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_babel import gettext

from idp.companies.people import HeldRole, PersonSeen, State
from idp.policy import label_for
from idp.policy.models import Area
from idp.web import locale
from idp.web.render import day
from idp.work import Work


def state(value: State) -> str:
    """How somebody stands in a company."""
    names: dict[State, str] = {
        State.ACTIVE: gettext("Active"),
        State.SET_UP: gettext("Set-up to be finished"),
        State.SUSPENDED: gettext("Suspended"),
    }
    return str(names[value])


def product(work: Work, key: str) -> str:
    """The name of a product."""
    found = work.policies.products.get(key)
    return label_for(found.label, locale.current()) if found else str(gettext("a product that no longer exists"))


def labelled(labels: Mapping[str, str]) -> str:
    """The name of a role, in any language where it lacks the page's; one that is known no longer has none."""
    if not labels:
        return str(gettext("a role that no longer exists"))
    language = locale.current()
    return labels.get(language) or labels.get("en") or next(iter(labels.values()))


def company_role(work: Work, role: str) -> str:
    """The name of a role in the company's account."""
    found = work.policies.roles.get(role)
    return labelled(found.label if found else {})


def company_roles(work: Work, person: PersonSeen) -> str:
    """What somebody is in the company's account."""
    return ", ".join(company_role(work, each) for each in person.company_roles)


def until(held: HeldRole) -> str:
    """When a temporary right ends, or ended; empty for one without an end."""
    if held.expires_at is None:
        return ""
    if held.over:
        return str(gettext("ended on %(date)s", date=day(held.expires_at)))
    return str(gettext("until %(date)s", date=day(held.expires_at)))


def switches(work: Work, held: HeldRole, missing: Collection[str]) -> str:
    """The areas that are switched on, for a role with switches; empty for the others.

    Args:
        missing: applications of the product that are not activated at the company.
    """
    role = work.policies.roles.get(held.role_id) if held.role_id else None
    if role is None or not role.switches:
        return ""
    areas = work.policies.products[held.product].areas
    names = [_switched(areas[each], each in missing) for each in areas if each in held.switches]
    return (
        str(gettext("Switched on: %(areas)s", areas=", ".join(names))) if names else str(gettext("Nothing switched on"))
    )


def _switched(area: Area, missing: bool) -> str:
    name = label_for(area.label, locale.current())
    return str(gettext("%(area)s (not activated)", area=name)) if missing else name


def limits(work: Work, held: HeldRole) -> str:
    """What a role is limited to for this person; empty without limits."""
    known = work.policies.products[held.product].restrictions if held.product in work.policies.products else {}
    return ", ".join(_limit(known[name].label, value) for name, value in held.restrictions.items() if name in known)


def _limit(label: Mapping[str, str], value: Any) -> str:
    named = label_for(label, locale.current())
    if isinstance(value, list) and value:
        return str(gettext("%(term)s: %(value)s", term=named, value=_listed(value)))
    return named


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))
