"""What the log keeps of an event, in the reader's words: facts, and what was before and after."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext, lazy_gettext

from idp.core import texts
from idp.policy.catalogue import Policies
from idp.policy.models import label_for
from idp.web import locale, role_words

_l = lazy_gettext
_FACTS: Mapping[str, Any] = {
    "application": _l("Application"),
    "product": _l("Product"),
    "role": _l("Role"),
    "roles": _l("Roles"),
    "also": _l("Further roles"),
    "switches": _l("Areas switched on"),
    "modules": _l("Applications activated"),
    "restrictions": _l("Limits"),
    "services": _l("Services"),
    "locale": _l("Language"),
    "client": _l("Client"),
    "firm": _l("Firm"),
    "successor": _l("Next firm"),
    "preset": _l("Opens"),
    "options": _l("With"),
    "lowered": _l("Lowered"),
    "until": _l("Until"),
    "reads_from": _l("Reads only from"),
    "yearly": _l("Goes on each year"),
    "plan": _l("Plan"),
    "seats": _l("Seats"),
    "state": _l("State"),
    "name": _l("Name"),
    "called": _l("Name"),
    "label": _l("Name"),
    "country": _l("Country"),
    "city": _l("City"),
    "added": _l("Added"),
    "taken": _l("Taken away"),
    "permissions": _l("Permissions"),
    "trusted_devices": _l("Trusted devices allowed"),
    "products": _l("Products"),
    "count": _l("How many"),
}
"""The members of an event that are shown, in this order; others are for machines."""


_REASONED = frozenset({"company.suspended"})
"""Events whose `reason` somebody wrote to be read; that of others is a word of ours."""


@dataclass(frozen=True)
class Names:
    """What ids in the log are called: companies and firms, roles of the company's own."""

    policies: Policies
    companies: Mapping[UUID, str] = field(default_factory=dict)
    own_roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def facts(details: Mapping[str, Any], names: Names, event: str = "") -> list[tuple[str, str]]:
    """Labels and values; for what has a before and an after only what is different, with an arrow between."""
    reason = str(details.get("reason", "")) if event in _REASONED else ""
    return [*([(str(gettext("Reason")), reason)] if reason else []), *_facts(details, names)]


def _facts(details: Mapping[str, Any], names: Names) -> list[tuple[str, str]]:
    before, after = details.get("before"), details.get("after")
    product = str(details.get("product", ""))
    shown = {key: value for key, value in details.items() if key not in ("before", "after")}
    found: list[tuple[str, str]] = []
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        found = _changes(before or {}, after or {}, product, names)
        shown = {key: value for key, value in shown.items() if key not in (before or {}) and key not in (after or {})}
        was, title = (each.get("title") if each else None for each in (before, after))
        if "called" in shown and was and title and was != title:
            found.insert(0, (str(_FACTS["called"]), f"{was} → {shown.pop('called')}"))
    elif "after" in details:
        found = [("", _arrow("", before, after, product, names))]
    elif before is not None and "called" in details:  # a name that was another one, or still is the same
        shown["called"] = details["called"]
        if before != details["called"]:
            found = [(str(_FACTS["called"]), f"{before} → {shown.pop('called')}")]
    if shown.get("role") is None and shown.get("custom_role"):
        shown["role"] = shown["custom_role"]
    told = [(str(label), _said(key, shown[key], product, names)) for key, label in _FACTS.items() if key in shown]
    return [(label, value) for label, value in [*told, *found] if value]


def companies_in(entries: Iterable[Mapping[str, Any]]) -> set[UUID]:
    """The companies that these details name."""
    found = set()
    for details in entries:
        for key in ("firm", "client", "successor"):
            with suppress(ValueError):
                found.add(UUID(str(details.get(key, ""))))
    return found


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], product: str, names: Names) -> list[tuple[str, str]]:
    return [
        (str(label), _arrow(key, before.get(key), after.get(key), product, names))
        for key, label in _FACTS.items()
        if before.get(key) != after.get(key)
    ]


def _arrow(key: str, before: Any, after: Any, product: str, names: Names) -> str:
    """From one to the other; what was not there before stands by itself."""
    was, now = _said(key, before, product, names), _said(key, after, product, names)
    if was == now or not was:
        return now if was != now else ""
    return f"{was} → {now or gettext('nothing')}"


def _said(key: str, value: Any, product: str, names: Names) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if isinstance(value, Mapping) and value.keys() <= names.policies.products.keys():
        return ", ".join(filter(None, (_in_product(key, each, within, names) for within, each in value.items())))
    if isinstance(value, Mapping):
        return ", ".join(_said(key, name, product, names) for name, held in value.items() if held)
    if isinstance(value, (list, tuple)):
        return ", ".join(_said(key, each, product, names) for each in value)
    return _named(key, str(value), product, names)


def _in_product(key: str, value: Any, product: str, names: Names) -> str:
    """A role that an invitation offers, or what is set beside it, which belong to a product each."""
    if key != "roles":
        return _said(key, value, product, names)
    return f"{_named('product', product, '', names)} – {_said('role', value, product, names)}"


def _named(key: str, value: str, product: str, names: Names) -> str:
    """What an id is called, by what it stands for; anything else as it is."""
    policies, language = names.policies, locale.current()
    within = policies.products.get(product)
    known: dict[str, Mapping[str, Any]] = {
        "product": policies.products, "products": policies.products, "services": policies.services,
        "plan": policies.plans, "preset": policies.presets, "options": policies.options, "state": policies.states,
        "": {**policies.states, **policies.services}, "added": policies.permissions, "taken": policies.permissions,
        "permissions": policies.permissions, "role": policies.roles, "also": policies.roles,
        "switches": within.areas if within is not None else {},
        "modules": within.areas if within is not None else {},
        "restrictions": within.restrictions if within is not None else {},
    }  # fmt: skip
    found = known.get(key, {}).get(value)
    if found is not None:
        return label_for(found.label, language)
    if key == "role" and value in names.own_roles:
        return label_for(names.own_roles[value], language)
    if key in ("firm", "client", "successor"):
        if value == "all":
            return str(gettext("every client"))
        with suppress(ValueError):
            return names.companies.get(UUID(value), "")
        return ""
    if key == "lowered":
        return _lowered(value, policies)
    if key in ("until", "reads_from"):
        with suppress(ValueError):
            instant = datetime.fromisoformat(value)
            return texts.write_day(instant if instant.tzinfo else instant.replace(tzinfo=UTC), language)
    return value


def _lowered(value: str, policies: Policies) -> str:
    name, _, level = value.partition(":")
    product = policies.products.get(name)
    label = label_for(product.label, locale.current()) if product is not None else name
    levels = {each["value"]: each["label"] for each in role_words.levels()}
    return f"{label} ({levels.get(level, level)})"
