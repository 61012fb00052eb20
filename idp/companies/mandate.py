"""What a company opens to an accounting firm. A mandate begins with one side and is finished by the other."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, access_end, clock, company, tables
from idp.companies.errors import MandateExists, NotAFirm, RoleNotAssignable
from idp.companies.models import Mandate
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.policy.agreements import WayStep
from idp.work import Work

OPEN = ("invited", "requested", "active", "suspended")
ENDS = "company.mandates.end"
FIRM_ENDS = "practice.mandates.end"


def record(
    work: Work, company_id: UUID, firm_id: UUID, *, preset: str, options: Iterable[str] = (), way: str
) -> Mandate:
    """Begin a mandate: the company invites its firm, or the firm asks. Nothing is open before the other side agrees.

    Args:
        options: beyond the preset, each by consent of a role that the policy names.
        way: who begins; one of `policies.ways`.

    Raises:
        NotPermitted: the actor may not begin in this way, or may not consent to an option.
        NotAFirm: the other company is no firm.
        MandateExists: there is a mandate between the two, or one is under way.
        Conflict: the company has as many firms as it may have.
        InvalidInput: no such preset, option or way.
    """
    chosen = sorted(set(options))
    for field, names, known in (
        ("way", [way], work.policies.ways),
        ("preset", [preset], work.policies.presets),
        ("options", chosen, work.policies.options),
    ):
        if any(name not in known for name in names):
            raise InvalidInput(field=field)
    step = work.policies.ways[way].start
    side = _side(work, step, company_id, firm_id)
    access.require(work, step.permission, side)
    if side == company_id:
        _consent(work, company_id, chosen)
    elif chosen and not access.trusted(work):
        raise InvalidInput(field="options")  # options are the company's to give
    if company.get(work, firm_id).kind != "firm" or company_id == firm_id:
        raise NotAFirm()
    company.get(work, company_id)
    if _count_open(work, company_id) >= work.policies.mandates.firms_per_company:
        raise Conflict(field="firms", max=work.policies.mandates.firms_per_company)
    mandate = Mandate(
        id=uuid7(),
        company_id=company_id,
        firm_id=firm_id,
        preset=preset,
        options=chosen,
        state="invited" if side == company_id else "requested",
        way=way,
        epoch=clock.tick(work),
        created_at=work.now,
    )
    work.session.add(mandate)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_mandates_open
        raise MandateExists() from error
    log.record(
        work, "mandate.recorded", ("mandate", mandate.id),
        company_id=company_id, firm=str(firm_id), preset=preset, options=chosen, way=way,
    )  # fmt: skip
    return mandate


def confirm(work: Work, mandate_id: UUID) -> Mandate:
    """The other side agrees: the mandate is active from now on, as a ceiling. Colleagues get it by assignments.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not finish in this way.
        Conflict: it is not waiting for an answer.
        Expired: it waited too long.
    """
    mandate = get(work, mandate_id)
    step = work.policies.ways[mandate.way].finish
    _require(work, step.permission, _side(work, step, mandate.company_id, mandate.firm_id))
    if mandate.state not in ("invited", "requested"):
        raise Conflict(field="state", state=mandate.state)
    if mandate.created_at + work.policies.mandates.invitation_lifetime <= work.now:
        raise Expired(kind="mandate")
    days = work.policies.presets[mandate.preset].max_days
    _move(
        work, mandate, "active", "mandate.confirmed",
        started_at=work.now, until_at=work.now + timedelta(days=days) if days else None,
    )  # fmt: skip
    return mandate


def end(work: Work, mandate_id: UUID) -> None:
    """End a mandate at once, by either side.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not.
        Conflict: it is over already.
    """
    mandate = get(work, mandate_id)
    by_firm = not access.trusted(work) and _belongs(work, mandate.firm_id)
    _require(work, FIRM_ENDS if by_firm else ENDS, mandate.firm_id if by_firm else mandate.company_id)
    if mandate.state not in OPEN:
        raise Conflict(field="state", state=mandate.state)
    _move(work, mandate, "ended", "mandate.ended", ended_at=work.now)
    access_end.tell(work, company_id=mandate.company_id, firm_id=mandate.firm_id, logout=True)


def get(work: Work, mandate_id: UUID) -> Mandate:
    """The mandate with this key. Who may know of it is for the command that asks.

    Raises:
        NotFound: there is none.
    """
    mandate = work.session.get(Mandate, mandate_id)
    if mandate is None:
        raise NotFound(kind="mandate")
    return mandate


def between(work: Work, company_id: UUID, firm_id: UUID) -> list[Mandate]:
    """Every mandate there ever was between the two, the latest first."""
    return list(
        work.session.scalars(
            select(Mandate)
            .where(Mandate.company_id == company_id, Mandate.firm_id == firm_id)
            .order_by(Mandate.created_at.desc(), Mandate.id.desc())
        )
    )


def _side(work: Work, step: WayStep, company_id: UUID, firm_id: UUID) -> UUID:
    """Who takes this step: the firm when the permission is of a firm's product, else the company."""
    return firm_id if work.policies.products[step.permission.partition(".")[0]].firm_only else company_id


def _require(work: Work, permission: str, company_id: UUID) -> None:
    """As `access.require`; a mandate between strangers answers like one that does not exist."""
    try:
        access.require(work, permission, company_id)
    except NotFound as error:
        raise NotFound(kind="mandate") from error


def _belongs(work: Work, firm_id: UUID) -> bool:
    return work.actor.id is not None and bool(access.roles_of(work, work.actor.id, firm_id))


def _consent(work: Work, company_id: UUID, options: list[str]) -> None:
    if access.trusted(work) or not options:
        return
    assert work.actor.id is not None  # required an account before
    held = access.roles_of(work, work.actor.id, company_id)
    for option in options:
        if not held & frozenset(work.policies.options[option].consent_by):
            raise RoleNotAssignable(option=option)


def _move(work: Work, mandate: Mandate, state: str, event: str, **values: Any) -> None:
    """Change the state in one update that matches for a single caller."""
    moved = work.session.execute(
        update(tables.mandates)
        .where(tables.mandates.c.id == mandate.id, tables.mandates.c.state == mandate.state)
        .values(state=state, epoch=clock.mandate(work, mandate.company_id, mandate.firm_id), **values)
        .returning(tables.mandates.c.id)
    ).one_or_none()
    if moved is None:
        raise Conflict(field="state")
    work.session.refresh(mandate)
    log.record(work, event, ("mandate", mandate.id), company_id=mandate.company_id, firm=str(mandate.firm_id))


def _count_open(work: Work, company_id: UUID) -> int:
    statement = select(func.count()).select_from(Mandate)
    return work.session.scalar(statement.where(Mandate.company_id == company_id, Mandate.state.in_(OPEN))) or 0
