"""What a firm gives its colleagues of its mandates: which client, which product, with which role."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, access_end, clock, company, membership, role
from idp.companies.errors import NotCovered, RoleExists, RoleNotAssignable
from idp.companies.models import Assignment, Mandate
from idp.core.errors import InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.policy.permissions import ceiling_of
from idp.work import Work

ASSIGNS = "practice.colleagues.assign"


def give(
    work: Work,
    firm_id: UUID,
    account_id: UUID,
    *,
    product: str,
    role_id: str | None = None,
    custom_role_id: UUID | None = None,
    client_id: UUID | None = None,
    locale: str | None = None,
) -> Assignment:
    """Give a colleague a role in one product of one client, or of every client.

    The mandate stays the ceiling; a role for every client only counts with a practice role that reaches every client.

    Args:
        client_id: the client company; None for all of them.
        custom_role_id: one of the firm's own roles, instead of a built-in one.
        locale: the colleague's language at this client.

    Raises:
        NotPermitted: the actor may not assign, or none of the actor's roles may give this role.
        NotFound: the person is no colleague, or the client has no active mandate for this firm.
        NotCovered: the mandate does not open the product.
        RoleNotOffered: the role is not for colleagues.
        RoleExists: the colleague holds a role in this product there.
    """
    _require_colleague_role(work, firm_id, account_id, product, role_id, custom_role_id)
    if locale is not None and locale not in work.policies.account.locales:
        raise InvalidInput(field="locale")
    mandate = _active(work, firm_id, client_id) if client_id is not None else None
    if mandate is not None and product not in ceiling_of(work.policies, mandate.preset, mandate.options):
        raise NotCovered(product=product)

    assignment = Assignment(
        id=uuid7(),
        firm_id=firm_id,
        account_id=account_id,
        mandate_id=mandate.id if mandate is not None else None,
        product=product,
        role=role_id,
        custom_role_id=custom_role_id,
        locale=locale,
        created_at=work.now,
        given_by=work.actor.id if work.actor.kind == "account" else None,
    )
    work.session.add(assignment)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_assignments_client, uq_assignments_all
        raise RoleExists(product=product) from error
    clock.person(work, account_id)
    log.record(
        work, "assignment.given", ("account", account_id), company_id=firm_id,
        client=str(client_id) if client_id else "all", product=product, role=role_id or str(custom_role_id),
    )  # fmt: skip
    return assignment


def end(work: Work, firm_id: UUID, assignment_id: UUID) -> None:
    """Take an assignment back at once.

    Raises:
        NotPermitted: the actor may not assign.
        NotFound: the firm has no such assignment.
    """
    access.require(work, ASSIGNS, firm_id)
    held = work.session.scalar(
        select(Assignment).where(
            Assignment.id == assignment_id, Assignment.firm_id == firm_id, Assignment.ended_at.is_(None)
        )
    )
    if held is None:
        raise NotFound(kind="assignment")
    held.ended_at = work.now
    work.session.flush()
    clock.person(work, held.account_id)
    access_end.tell(work, account_id=held.account_id, firm_id=firm_id, product=held.product)
    log.record(work, "assignment.ended", ("account", held.account_id), company_id=firm_id, product=held.product)


@dataclass(frozen=True, slots=True)
class Given:
    """What a colleague was given: a product at one client, or at all of them (`client_id` None)."""

    id: UUID
    client_id: UUID | None
    product: str
    role: str | None
    custom_role_id: UUID | None
    ended_at: datetime | None


def of_colleague(work: Work, firm_id: UUID, account_id: UUID) -> list[Given]:
    """What a colleague was given in this firm, over or not."""
    rows = work.session.execute(
        select(
            Assignment.id, Mandate.company_id, Assignment.product, Assignment.role, Assignment.custom_role_id,
            Assignment.ended_at,
        )
        .outerjoin(Mandate, Mandate.id == Assignment.mandate_id)
        .where(Assignment.firm_id == firm_id, Assignment.account_id == account_id)
        .order_by(Assignment.created_at, Assignment.id)
    )  # fmt: skip
    return [Given(*row) for row in rows]


def _require_colleague_role(
    work: Work, firm_id: UUID, account_id: UUID, product: str, role_id: str | None, custom_role_id: UUID | None
) -> None:
    """The actor may give this role of this product, and the person is somebody who can have it."""
    access.require(work, ASSIGNS, firm_id)
    if (role_id is None) == (custom_role_id is None):
        raise InvalidInput(field="role")
    if company.get(work, firm_id).kind != "firm" or membership.find(work, firm_id, account_id) is None:
        raise NotFound(kind="membership")
    if work.policies.products.get(product) is None:
        raise InvalidInput(field="product")
    if role_id is not None:
        _require_assignable(work, firm_id, product, role_id)
    elif custom_role_id is not None:
        _require_giver(work, firm_id, frozenset())
        role.own(work, firm_id, product, custom_role_id)


def _require_assignable(work: Work, firm_id: UUID, product: str, role_id: str) -> None:
    found = role.built_in(work, product, role_id, "colleague")
    # A role that names roles of a firm's product is given by those alone; any other by whoever may assign.
    products = work.policies.products
    named = frozenset(
        each for each in found.assignable_by
        if each in work.policies.roles and products[work.policies.roles[each].product].firm_only
    )  # fmt: skip
    _require_giver(work, firm_id, named)


def _require_giver(work: Work, firm_id: UUID, named: frozenset[str]) -> None:
    if access.trusted(work):
        return
    assert work.actor.id is not None  # required an account before
    givers = named or frozenset(work.policies.colleagues.given_by)
    if not access.roles_of(work, work.actor.id, firm_id) & givers:
        raise RoleNotAssignable()


def _active(work: Work, firm_id: UUID, client_id: UUID) -> Mandate:
    found = work.session.scalar(
        select(Mandate).where(Mandate.company_id == client_id, Mandate.firm_id == firm_id, Mandate.state == "active")
    )
    if found is None or (found.until_at is not None and found.until_at <= work.now):
        raise NotFound(kind="mandate")
    return found
