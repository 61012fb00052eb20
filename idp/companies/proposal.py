"""What somebody is about to give: a role, in the place where it would be used, before anybody has it.

It becomes the same `Grant` that the engine will be asked with once the role is given; `preview` puts it in words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from idp.companies import company, membership, preview, reach, role, subscription
from idp.companies.errors import NotCovered, NotSubscribed
from idp.companies.models import Company, Mandate, SubscribedProduct
from idp.core.errors import InvalidInput, NotFound
from idp.policy.permissions import Grant, ceiling_of, freeze_restrictions, highest_of
from idp.work import Work


@dataclass(frozen=True)
class Choice:
    """What somebody is about to give: a built-in role, a company's own one, or a list of permissions not saved yet.

    Exactly one of `role_id`, `custom_role_id` and `draft` is given.
    """

    role_id: str | None = None
    custom_role_id: UUID | None = None
    draft: Iterable[str] | None = None
    switches: Iterable[str] = ()
    restrictions: Mapping[str, Any] = field(default_factory=dict)


def in_company(work: Work, company_id: UUID, product: str, choice: Choice, *, account_id: UUID | None = None) -> Grant:
    """What the choice would be for one of the company's own people, today: with its services and its subscription.

    Args:
        account_id: whose connected services count, where they are switched per person; without it, those of the
            company do.

    Raises:
        NotFound: no such company.
        NotSubscribed: the company does not use the product.
        RoleNotOffered: the role is of another product, or of another company.
        InvalidInput: not exactly one thing was chosen.
    """
    where = company.get(work, company_id)
    policy = work.policies.products.get(product)
    if policy is None:
        raise NotSubscribed(product=product)
    services = reach.services_on(work, where.services, where.services)
    if account_id is not None:
        found = membership.find(work, company_id, account_id)
        services = reach.services_on(work, where.services, found.services if found is not None else ())
    return Grant(
        product=product,
        **_chosen(work, company_id, product, choice),
        switches=frozenset(choice.switches),
        restrictions=freeze_restrictions(choice.restrictions),
        services=services,
        state=_state(work, company_id, product) if policy.subscribed else None,
        scope=_scope(where),
    )


def at_client(work: Work, firm_id: UUID, client_id: UUID, product: str, choice: Choice) -> Grant:
    """What the choice would be for a colleague of a firm at one client, today: below the mandate, with the client's
    services and subscription.

    Raises:
        NotFound: the firm has no mandate of this client.
        NotCovered: the mandate does not open the product.
        NotSubscribed, RoleNotOffered, InvalidInput: as `in_company`.
    """
    mandate = work.session.scalar(
        select(Mandate).where(Mandate.company_id == client_id, Mandate.firm_id == firm_id, Mandate.state == "active")
    )
    if mandate is None or (mandate.until_at is not None and mandate.until_at <= work.now):
        raise NotFound(kind="mandate")
    ceiling = ceiling_of(work.policies, mandate.preset, mandate.options, mandate.lowered).get(product)
    if ceiling is None:
        raise NotCovered(product=product)
    return Grant(
        product=product,
        **_chosen(work, firm_id, product, choice),
        services=reach.services_on(work, company.get(work, client_id).services, ()),
        state=_state(work, client_id, product),
        ceiling=ceiling,
        highest=highest_of(mandate.lowered, product, only_reads=_handing_over(work, mandate)),
        firm_state=_firm_state(work, firm_id),
    )


def _handing_over(work: Work, mandate: Mandate) -> bool:
    return mandate.view_from_at is not None and mandate.view_from_at <= work.now


def alone(work: Work, company_id: UUID, product: str, choice: Choice) -> Grant:
    """What the choice holds by itself, as if every service were on and the subscription running.

    Raises:
        RoleNotOffered, InvalidInput: as `in_company`.
    """
    if product not in work.policies.products:
        raise InvalidInput(field="product")
    chosen = Grant(product=product, **_chosen(work, company_id, product, choice), switches=frozenset(choice.switches))
    return preview.unlimited(work.policies, chosen)._replace(scope=_scope(company.get(work, company_id)))


def _chosen(work: Work, company_id: UUID, product: str, choice: Choice) -> dict[str, Any]:
    if [choice.role_id, choice.custom_role_id, choice.draft].count(None) != 2:
        raise InvalidInput(field="role")
    if choice.role_id is not None:
        return {"role": role.of_product(work, product, choice.role_id).id}
    if choice.custom_role_id is not None:
        permissions: Iterable[str] = role.own(work, company_id, product, choice.custom_role_id).permissions
    else:
        permissions = choice.draft or ()
    return {"custom_permissions": frozenset(permissions)}


def _scope(where: Company) -> Literal["client", "practice"]:
    return "practice" if where.kind == "firm" else "client"


def _state(work: Work, company_id: UUID, product: str) -> str:
    row = subscription.product_of(work, company_id, product)
    if row is None:
        raise NotSubscribed(product=product)
    return subscription.now(work, row)[0]


def _firm_state(work: Work, firm_id: UUID) -> str:
    """The state of the firm's own subscription, under which it works for clients; none is as good as an ended one."""
    products = [product.id for product in work.policies.products.values() if product.firm_only]
    row = work.session.scalar(
        select(SubscribedProduct)
        .where(SubscribedProduct.company_id == firm_id, SubscribedProduct.product.in_(products))
        .limit(1)
    )
    return subscription.now(work, row)[0] if row is not None else reach.ENDED
