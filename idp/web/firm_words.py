"""What the pages of a firm call things: roles at clients, languages there, mandates and where they stand."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext, lazy_gettext

from idp.companies.client_list import Client, Phase
from idp.companies.colleague_list import Held
from idp.companies.colleague_role import Offer
from idp.companies.proposal import Choice
from idp.policy import label_for
from idp.policy.models import FALLBACK_LANGUAGE
from idp.web import locale
from idp.work import Work

_l = lazy_gettext
PHASES: Mapping[Phase, Any] = {
    Phase.ACTIVE: _l("Mandate in force"),
    Phase.WAITING: _l("Waiting for an answer"),
    Phase.SUSPENDED: _l("Mandate suspended"),
    Phase.OVER: _l("Former client"),
}
REFUSALS: Mapping[str, Any] = {
    "needs_practice_role": _l("First give this colleague a role in practice management."),
    "clients_by_name": _l(
        "The role of this colleague in practice management reaches only clients that are given by name."
    ),
    "role_exists": _l("This colleague already has a role in this product here. Change that one instead."),
    "mandate_does_not_cover": _l("The mandate of this client does not cover this product."),
    "not_subscribed": _l("This client does not use this product, or no longer."),
    "role_not_offered": _l("Choose one of the roles of this product."),
}
_BUILT_IN, _OWN = "role:", "own:"


def labelled(labels: Mapping[str, str]) -> str:
    """A label in the page's language; one of a firm's own making may be written in a single one."""
    if not labels:
        return str(gettext("a role that no longer exists"))
    return label_for({FALLBACK_LANGUAGE: next(iter(labels.values())), **labels}, locale.current())


def role(labels: Mapping[str, str], *, own: bool) -> str:
    """A role; one of the firm's own is marked."""
    name = labelled(labels)
    return str(gettext("%(role)s (role of the firm)", role=name)) if own and labels else name


def product(work: Work, product_id: str) -> str:
    found = work.policies.products.get(product_id)
    return label_for(found.label, locale.current()) if found else str(gettext("a product that no longer exists"))


def products(work: Work, product_ids: Iterable[str]) -> list[dict[str, str]]:
    """Products to choose from."""
    return [{"value": each, "label": product(work, each)} for each in product_ids]


def scope(work: Work, client: Client) -> str:
    """What a mandate covers, in the words of the catalogue."""
    language, policies = locale.current(), work.policies
    parts = [policies.presets[client.preset].label] if client.preset in policies.presets else []
    parts += [policies.options[each].label for each in client.options if each in policies.options]
    return ", ".join(label_for(each, language) for each in parts)


def languages(work: Work, own: str) -> list[dict[str, str]]:
    """The languages of a colleague at a client; first of all that of their account."""
    first = gettext("%(language)s – that of the account", language=locale.described(own))
    offered = work.policies.account.locales
    return [{"value": "", "label": first}, *({"value": tag, "label": locale.described(tag)} for tag in offered)]


def offered(offers: Sequence[Offer]) -> list[dict[str, str]]:
    """Roles to choose from: built-in ones, then the firm's own, marked."""
    return [
        {"value": value_of(each.role_id, each.custom_role_id), "label": role(each.labels, own=each.role_id is None)}
        for each in offers
    ]


def value_of(role_id: str | None, custom_role_id: UUID | None) -> str:
    """How a form names a role."""
    return f"{_BUILT_IN}{role_id}" if role_id is not None else f"{_OWN}{custom_role_id}"


def choice_of(value: str) -> Choice | None:
    """The role that a form names; None for none."""
    if value.startswith(_BUILT_IN):
        return Choice(role_id=value.removeprefix(_BUILT_IN))
    try:
        return Choice(custom_role_id=UUID(value.removeprefix(_OWN))) if value.startswith(_OWN) else None
    except ValueError:
        return None


def held(work: Work, each: Held) -> dict[str, Any]:
    """What somebody has, as a list shows it."""
    return {
        "id": each.id,
        "product": product(work, each.product),
        "role": role(each.role_labels, own=each.own),
        "language": locale.described(each.locale) if each.locale else "",
        "everywhere": each.everywhere,
    }


def refusal(code: str) -> str:
    """Why something cannot be given, in a sentence."""
    return str(REFUSALS.get(code) or gettext("This is not possible now. Somebody may have changed something."))
