"""Roles in a form: a list per product, with the switches, limits and the end of each, shown and read back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext
from werkzeug.datastructures import MultiDict

from idp.companies import role, role_choice
from idp.companies.role_choice import ProductChoice
from idp.companies.role_wish import Wish
from idp.companies.seats import Seats
from idp.core import texts
from idp.policy import label_for
from idp.web import locale
from idp.work import Work

YES = "yes"
Fields = Mapping[str, str]


def names(choices: Iterable[ProductChoice]) -> frozenset[str]:
    """The fields of these products: what else a form may hold."""
    found: set[str] = set()
    for each in choices:
        product = each.product.id
        found |= {f"role_{product}", f"until_{product}"}
        found |= {f"switch_{product}_{area}" for area in _switched(each)}
        found |= {f"limit_{product}_{limit}" for limit in each.product.restrictions}
    return frozenset(found)


def split(sent: MultiDict[str, str], own: frozenset[str]) -> tuple[MultiDict[str, str], dict[str, str]]:
    """What was sent, without the fields of roles, and those."""
    rest = MultiDict((name, value) for name, value in sent.items(multi=True) if name not in own)
    return rest, {name: value[:400] for name, value in sent.items() if name in own}


def try_strangers(work: Work, company_id: UUID, rest: MultiDict[str, str]) -> None:
    """Roles in fields that the form does not have, as of a product in which the actor gives none: the form is refused
    as one in disorder, and was a try all the same (`role.try_unlisted`)."""
    for each in sorted({value for name, value in rest.items(multi=True) if name.startswith("role_")}):
        role.try_unlisted(work, company_id, each)


def wishes(
    work: Work, company_id: UUID, choices: Iterable[ProductChoice], sent: Fields
) -> tuple[dict[str, Wish], dict[str, str]]:
    """The roles that were chosen, and what is wrong, by field."""
    found: dict[str, Wish] = {}
    problems: dict[str, str] = {}
    for each in choices:
        product, key = each.product.id, sent.get(f"role_{each.product.id}", "")
        if not key:
            continue
        wish, chosen = role_choice.wish_of(key), each.find(key)
        if wish is None or chosen is None:
            role_choice.try_unlisted(work, company_id, key)
            problems[f"role_{product}"] = gettext("This role cannot be given here. Choose one of the list.")
            continue
        until = sent.get(f"until_{product}", "").strip()
        expires_at = _end(until) if until else None
        if until and expires_at is None:
            problems[f"until_{product}"] = gettext("Write a date to come, such as 2027-03-31.")
        found[product] = Wish(
            wish.role_id, wish.custom_role_id,
            {area: sent.get(f"switch_{product}_{area}") == YES for area in chosen.switches},
            dict(_limits(each, sent)), expires_at,
        )  # fmt: skip
    return found, problems


def shown(choices: Iterable[ProductChoice], sent: Fields, *, fresh: bool) -> list[dict[str, Any]]:
    """What `ui.role_choice` shows of each product.

    Args:
        fresh: nothing was sent yet, so the switches are those of the catalogue.
    """
    language, products = locale.current(), []
    for each in choices:
        product = each.product.id
        known = [{"value": role.key, "label": label_for(role.labels, language)} for role in each.roles]
        switched = _switched(each)
        on = {area for role in each.roles for area in role.switched_on}
        products.append(
            {
                "id": product,
                "label": label_for(each.product.label, language),
                "seats": seats(each.seats),
                "roles": [{"value": "", "label": gettext("No access")}, *known],
                "chosen": sent.get(f"role_{product}", ""),
                "with_switches": ", ".join(label_for(role.labels, language) for role in each.roles if role.switches),
                "switched": [role.key for role in each.roles if role.switches],
                "always": [label_for(area.label, language) for area in each.product.areas.values() if area.always_on],
                "switches": [
                    {
                        "name": f"switch_{product}_{area}",
                        "label": label_for(each.product.areas[area].label, language),
                        "on": area in on if fresh and f"role_{product}" not in sent else
                        sent.get(f"switch_{product}_{area}") == YES,
                    }
                    for area in switched
                ],
                "limits": [
                    {
                        "name": f"limit_{product}_{limit.id}",
                        "label": label_for(limit.label, language),
                        "list": limit.values == "list",
                        "value": sent.get(f"limit_{product}_{limit.id}", ""),
                    }
                    for limit in each.product.restrictions.values()
                ],
                "until": sent.get(f"until_{product}", ""),
                "next": each.seats.next,
            }
        )  # fmt: skip
    return products


def sent_for(product: str, *, role: str, switches: Iterable[str], limits: Mapping[str, Any]) -> dict[str, str]:
    """The fields that would say this: to fill a form in."""
    fields = {f"role_{product}": role}
    fields |= {f"switch_{product}_{area}": YES for area in switches}
    for name, value in limits.items():
        fields[f"limit_{product}_{name}"] = ", ".join(value) if isinstance(value, list) else YES
    return fields


def seats(standing: Seats) -> str:
    """How the seats of a product stand, in a few words."""
    if standing.of is None:
        return str(gettext("%(used)s in use, not limited", used=standing.used))
    text = ngettext("%(num)s seat used of %(of)s", "%(num)s seats used of %(of)s", standing.used, of=standing.of)
    if standing.extra:
        text = gettext("%(seats)s, of which %(extra)s extra", seats=text, extra=standing.extra)
    return str(text)


def _switched(each: ProductChoice) -> list[str]:
    areas = {area for role in each.roles for area in role.switches}
    return [area for area in each.product.areas if area in areas]


def _limits(each: ProductChoice, sent: Fields) -> Iterable[tuple[str, Any]]:
    for limit in each.product.restrictions.values():
        value = sent.get(f"limit_{each.product.id}_{limit.id}", "").strip()
        if value:
            yield limit.id, [part.strip() for part in value.split(",")] if limit.values == "list" else True


def _end(typed: str) -> datetime | None:
    """The end of a day on the clock of the customers; None for what is no date, or is over."""
    try:
        date = datetime.strptime(typed, "%Y-%m-%d").date() + timedelta(days=1)  # noqa: DTZ007
    except (ValueError, OverflowError):
        return None
    instant = datetime.combine(date, time(), ZoneInfo(texts.ZONE)).astimezone(UTC)
    return instant if instant > datetime.now(UTC) else None
