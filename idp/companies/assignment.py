"""What a firm gives its colleagues of its mandates: which client, which product, with which role.

A row is a period: a change ends it and begins another, so that the past can still be told.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access_end, assignment_notice, clock, colleague_role, subscription
from idp.companies.colleague_role import ASSIGNS
from idp.companies.errors import ClientsByName, NotCovered, RoleExists
from idp.companies.models import Assignment, Mandate
from idp.core.errors import InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.policy.permissions import ceiling_of
from idp.work import Work

__all__ = ["ASSIGNS", "Given", "change", "end", "end_at_client", "find", "give", "of_colleague"]


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

    The mandate stays the ceiling: a role may hold more than it opens, and what is beyond it is not there. The
    colleague is written to.

    Args:
        client_id: the client company; None for all of them, present and future.
        custom_role_id: one of the firm's own roles, instead of a built-in one.
        locale: the colleague's language at this client.

    Raises:
        NotPermitted: the actor may not assign, or none of the actor's roles may give this role, or not to this person.
        NotOnYourself: another of the firm gives to the actor.
        NotFound: the person is no colleague, or the client has no active mandate for this firm.
        NeedsPracticeRole: the colleague has no role in the running of the firm.
        ClientsByName: every client is asked for, and that role reaches only clients given by name.
        NotCovered: the mandate does not open the product.
        NotSubscribed: the client does not use the product.
        RoleNotOffered: the role is not for colleagues.
        RoleExists: the colleague holds a role in this product there.
        InvalidInput: no such product or language, or not exactly one role.
    """
    mandate = None
    if client_id is None:
        standing = colleague_role.require(work, firm_id, account_id, product, role_id, custom_role_id)
        require_language(work, locale)
        if not standing.every_client:
            raise ClientsByName()
    else:
        mandate = require_there(work, firm_id, account_id, client_id, product, role_id, custom_role_id, locale)

    clock.person(work, account_id)  # holds the clock: two who give to one person come one after the other
    given = _insert(
        work, firm_id, account_id, mandate.id if mandate is not None else None, product, role_id, custom_role_id, locale
    )
    assignment_notice.given(work, firm_id, account_id, given, [client_id] if client_id is not None else None)
    log.record(
        work, "assignment.given", ("account", account_id), company_id=firm_id,
        client=str(client_id) if client_id else "all", before=None, after=facts(given), **facts(given),
    )  # fmt: skip
    return given


def change(
    work: Work,
    firm_id: UUID,
    assignment_id: UUID,
    *,
    role_id: str | None = None,
    custom_role_id: UUID | None = None,
    locale: str | None = None,
) -> Assignment:
    """Give another role or language in the place of the present ones; products feel it with the next token.

    Raises:
        NotFound: the firm has no such assignment now.
        NotPermitted, NotOnYourself, NeedsPracticeRole, RoleNotOffered, InvalidInput: as `give`.
    """
    held = require_change(work, firm_id, assignment_id, role_id, custom_role_id, locale)
    if (held.role, held.custom_role_id, held.locale) == (role_id, custom_role_id, locale):
        return held
    before, client_id = facts(held), _client_of(work, held)
    clock.person(work, held.account_id)
    _end(work, held.id)
    changed = _insert(
        work, firm_id, held.account_id, held.mandate_id, held.product, role_id, custom_role_id, locale
    )  # fmt: skip
    access_end.tell(work, account_id=held.account_id, firm_id=firm_id, product=held.product)
    if (before["role"], before["custom_role"]) != (role_id, str(custom_role_id) if custom_role_id else None):
        assignment_notice.changed(work, firm_id, held.account_id, changed, client_id)
    log.record(
        work, "assignment.changed", ("account", held.account_id), company_id=firm_id,
        client=str(client_id) if client_id else "all", before=before, after=facts(changed), **facts(changed),
    )  # fmt: skip
    return changed


def require_change(
    work: Work, firm_id: UUID, assignment_id: UUID, role_id: str | None, custom_role_id: UUID | None,
    locale: str | None,
) -> Assignment:  # fmt: skip
    """What is to be changed, if the actor may change it to this.

    Raises:
        NotFound, NotPermitted, NotOnYourself, NeedsPracticeRole, RoleNotOffered, InvalidInput: as `change`.
    """
    held = _current(work, firm_id, assignment_id)
    colleague_role.require(work, firm_id, held.account_id, held.product, role_id, custom_role_id)
    require_language(work, locale)
    return held


def require_there(
    work: Work, firm_id: UUID, account_id: UUID, client_id: UUID, product: str, role_id: str | None,
    custom_role_id: UUID | None, locale: str | None,
) -> Mandate:  # fmt: skip
    """The mandate under which the actor may give this to this colleague at one client. Whether the colleague holds a
    role in the product there already is not looked at.

    Raises:
        NotPermitted, NotOnYourself, NotFound, NeedsPracticeRole, NotCovered, NotSubscribed, RoleNotOffered,
        InvalidInput: as `give`.
    """
    colleague_role.require(work, firm_id, account_id, product, role_id, custom_role_id)
    require_language(work, locale)
    mandate = active_mandate(work, firm_id, client_id)
    if product not in ceiling_of(work.policies, mandate.preset, mandate.options, mandate.lowered):
        raise NotCovered(product=product)
    subscription.plan_with(work, client_id, product)
    return mandate


def require_everywhere(
    work: Work, firm_id: UUID, account_id: UUID, product: str, role_id: str | None, custom_role_id: UUID | None,
    locale: str | None,
) -> None:  # fmt: skip
    """Go on only if the actor may give this to this colleague for every client now.

    Raises:
        NotPermitted, NotOnYourself, NotFound, NeedsPracticeRole, ClientsByName, RoleNotOffered, RoleExists,
        InvalidInput: as `give`.
    """
    if not colleague_role.require(work, firm_id, account_id, product, role_id, custom_role_id).every_client:
        raise ClientsByName()
    require_language(work, locale)
    held = of_colleague(work, firm_id, account_id)
    if any(each.client_id is None and each.product == product and each.ended_at is None for each in held):
        raise RoleExists()


def end(work: Work, firm_id: UUID, assignment_id: UUID) -> None:
    """Take an assignment back at once.

    Raises:
        NotPermitted: the actor may not assign, or not touch this colleague.
        NotFound: the firm has no such assignment now.
    """
    held = _current(work, firm_id, assignment_id)
    colleague_role.require_reach(work, firm_id, held.account_id)
    _take_back(work, firm_id, [held])


def end_at_client(work: Work, firm_id: UUID, account_id: UUID, client_id: UUID) -> int:
    """Take back everything a colleague was given at one client by name; answers how many products.

    Raises:
        NotPermitted: the actor may not assign, or not touch this colleague.
        NotFound: the person is no colleague, or was given nothing there by name.
    """
    colleague_role.require_reach(work, firm_id, account_id)
    held = list(
        work.session.scalars(
            select(Assignment)
            .join(Mandate, Mandate.id == Assignment.mandate_id)
            .where(Assignment.firm_id == firm_id, Assignment.account_id == account_id, Assignment.ended_at.is_(None))
            .where(Mandate.company_id == client_id)
            .order_by(Assignment.product)
        )
    )
    if not held:
        raise NotFound(kind="assignment")
    _take_back(work, firm_id, held)
    return len(held)


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


def find(work: Work, firm_id: UUID, assignment_id: UUID) -> Assignment | None:
    """The assignment of this firm with this key, if it holds now. Who may see it is for the caller."""
    return work.session.scalar(
        select(Assignment).where(
            Assignment.id == assignment_id, Assignment.firm_id == firm_id, Assignment.ended_at.is_(None)
        )
    )


def active_mandate(work: Work, firm_id: UUID, client_id: UUID) -> Mandate:
    """The mandate that lets this firm work for this client now.

    Raises:
        NotFound: there is none.
    """
    found = work.session.scalar(
        select(Mandate).where(Mandate.company_id == client_id, Mandate.firm_id == firm_id, Mandate.state == "active")
    )
    if found is None or (found.until_at is not None and found.until_at <= work.now):
        raise NotFound(kind="mandate")
    return found


def facts(held: Assignment) -> dict[str, Any]:
    """What the audit log keeps of an assignment."""
    return {
        "product": held.product,
        "role": held.role,
        "custom_role": str(held.custom_role_id) if held.custom_role_id else None,
        "locale": held.locale,
    }


def new(
    work: Work, firm_id: UUID, account_id: UUID, mandate_id: UUID | None, product: str, role_id: str | None,
    custom_role_id: UUID | None, locale: str | None,
) -> Assignment:  # fmt: skip
    """A row that begins now, not yet in the session."""
    return Assignment(
        id=uuid7(),
        firm_id=firm_id,
        account_id=account_id,
        mandate_id=mandate_id,
        product=product,
        role=role_id,
        custom_role_id=custom_role_id,
        locale=locale,
        created_at=work.now,
        given_by=work.actor.id if work.actor.kind == "account" else None,
    )


def require_language(work: Work, locale: str | None) -> None:
    """Go on only with a language that accounts may have, or none.

    Raises:
        InvalidInput: another one.
    """
    if locale is not None and locale not in work.policies.account.locales:
        raise InvalidInput(field="locale")


def _current(work: Work, firm_id: UUID, assignment_id: UUID) -> Assignment:
    """The assignment, for a command that goes on to ask whether the actor may touch it: who may not assign learns that
    first, and nothing of what there is."""
    colleague_role.require_assigner(work, firm_id)
    held = find(work, firm_id, assignment_id)
    if held is None:
        raise NotFound(kind="assignment")
    return held


def _client_of(work: Work, held: Assignment) -> UUID | None:
    if held.mandate_id is None:
        return None
    return work.session.scalar(select(Mandate.company_id).where(Mandate.id == held.mandate_id))


def _insert(
    work: Work, firm_id: UUID, account_id: UUID, mandate_id: UUID | None, product: str, role_id: str | None,
    custom_role_id: UUID | None, locale: str | None,
) -> Assignment:  # fmt: skip
    made = new(work, firm_id, account_id, mandate_id, product, role_id, custom_role_id, locale)
    work.session.add(made)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_assignments_client, uq_assignments_all
        raise RoleExists(product=product) from error
    return made


def _take_back(work: Work, firm_id: UUID, held: list[Assignment]) -> None:
    """End these assignments of one colleague at one client, or at all of them."""
    account_id, client_id = held[0].account_id, _client_of(work, held[0])
    clock.person(work, account_id)
    for each in held:
        _end(work, each.id)
        access_end.tell(work, account_id=account_id, firm_id=firm_id, product=each.product)
    assignment_notice.ended(work, firm_id, account_id, [each.product for each in held], client_id)
    for each in held:
        log.record(
            work, "assignment.ended", ("account", account_id), company_id=firm_id,
            client=str(client_id) if client_id else "all", before=facts(each), after=None, **facts(each),
        )  # fmt: skip


def _end(work: Work, assignment_id: UUID) -> None:
    ended = work.session.execute(
        update(Assignment)
        .where(Assignment.id == assignment_id, Assignment.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="assignment")  # somebody else was quicker
