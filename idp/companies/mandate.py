"""What a company opens to an accounting firm. A mandate begins with one side and is finished by the other.

Both sides always agree: nothing is open before. What it opens is changed in `mandate_change`, what time does to it in
`mandate_due`; a firm that is only an address asks in `mandate_request`, and is invited in `firm_invitation`.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address
from idp.companies import (
    access,
    access_end,
    clock,
    company,
    mandate_due,
    mandate_history,
    mandate_notice,
    mandate_parties,
    mandate_scope,
    mandate_state,
)
from idp.companies.errors import FirmsFull, MandateExists, MandateExpired, MandateWaiting, NotAFirm, NotSubscribed
from idp.companies.mandate_scope import Scope
from idp.companies.mandate_state import LIVE, OPEN, WAITING, get
from idp.companies.models import Mandate
from idp.companies.reach import state_now
from idp.companies.tables import subscribed_products
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.core.ids import uuid7
from idp.policy.agreements import Way
from idp.work import Work

__all__ = ["between", "confirm", "end", "get", "invite", "record", "refuse", "withdraw"]

ENDS = "company.mandates.end"
FIRM_ENDS = "practice.mandates.end"
YEAR = timedelta(days=365)


def invite(work: Work, company_id: UUID, *, address: str, scope: Scope, firm_id: UUID | None = None) -> Mandate:
    """A company invites the firm of the person with this address. The firm has so many days to accept.

    A wrong address is told truthfully and costs one of few tries: such a refusal keeps the count (EMP-15).

    Args:
        firm_id: which of several firms, for an accountant who belongs to more than one.

    Raises:
        NotPermitted: the actor may not invite a firm, or may not consent to an option.
        InvalidInput: the scope or the address is impossible; or `field="firm"`: the address belongs to several firms.
        Throttled, NotAFirm, MandateSelf: as `mandate_parties.firm_at`.
        MandateWaiting: this firm has asked already; its request is to be confirmed instead.
        MandateExists: the firm has a mandate, or an invitation.
        FirmsFull, NotSubscribed: as `record`.
    """
    work.write()
    way = way_of(work, from_company=True)
    access.require(work, way.start.permission, company_id)
    wanted = mandate_scope.checked(work, scope)
    mandate_scope.require_consent(work, company_id, wanted.options)
    mandate_due.close_over(work, company_id)
    require_room(work, company_id, wanted)  # what else can be wrong comes first: a refusal after the look-up is a try
    _, firm = mandate_parties.firm_at(work, company_id, address, firm_id)
    present = _open_between(work, company_id, firm)
    if present is not None:
        error = MandateWaiting(mandate=str(present.id)) if present.state == "requested" else MandateExists()
        mandate_parties.refuse(work, company_id, email_address.canonical(address), error)
    made = begin(work, company_id, firm, wanted, way)
    mandate_parties.right(work)
    return made


def record(
    work: Work,
    company_id: UUID,
    firm_id: UUID,
    *,
    preset: str,
    options: Iterable[str] = (),
    way: str,
    news: bool = True,
) -> Mandate:
    """Begin a mandate between two that know each other: the company invites its firm, or the firm asks.

    Args:
        options: beyond the preset, each by consent of a role that the policy names.
        way: who begins; one of `policies.ways`.
        news: write to the side that is to answer.

    Raises:
        NotPermitted: the actor may not begin in this way, or may not consent to an option.
        NotAFirm: the other company is no firm.
        MandateExists: there is a mandate between the two, or one is under way.
        FirmsFull: the company has as many firms as it may have.
        NotSubscribed: the company uses none of the products.
        InvalidInput: no such preset, option or way.
    """
    work.write()
    if way not in work.policies.ways:
        raise InvalidInput(field="way")
    wanted = mandate_scope.checked(work, Scope(preset, tuple(options)))
    step = work.policies.ways[way].start
    side = mandate_parties.side(work, step, company_id, firm_id)
    access.require(work, step.permission, side)
    if side == company_id:
        mandate_scope.require_consent(work, company_id, wanted.options)
    elif wanted.options and not access.trusted(work):
        raise InvalidInput(field="options")  # options are the company's to give
    return begin(work, company_id, firm_id, wanted, work.policies.ways[way], news=news)


def begin(
    work: Work,
    company_id: UUID,
    firm_id: UUID,
    scope: Scope,
    way: Way,
    *,
    request_id: UUID | None = None,
    asked_by: UUID | None = None,
    news: bool = True,
) -> Mandate:
    """The row and the mail of a mandate that waits for the other side. Permission and consent are the caller's to ask.

    Raises:
        NotAFirm, MandateExists, FirmsFull, NotSubscribed: as `record`.
    """
    if company.get(work, firm_id).kind != "firm" or company_id == firm_id:
        raise NotAFirm()
    company.get(work, company_id)
    latest = clock.tick(work)  # who comes second counts what the first one made
    mandate_due.close_over(work, company_id)
    if waits_or_works(work, company_id, firm_id):
        raise MandateExists()
    require_room(work, company_id, scope)
    invited = mandate_parties.side(work, way.start, company_id, firm_id) == company_id
    mandate = Mandate(
        id=uuid7(),
        company_id=company_id,
        firm_id=firm_id,
        preset=scope.preset,
        options=list(scope.options),
        lowered=mandate_scope.kept(scope),
        state="invited" if invited else "requested",
        way=way.id,
        epoch=latest,
        created_at=work.now,
        asked_by=asked_by or (work.actor.id if work.actor.kind == "account" else None),
        request_id=request_id,
        starts_at=scope.starts_at,
        until_at=scope.until_at,
        yearly=scope.yearly,
    )
    work.session.add(mandate)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_mandates_open
        raise MandateExists() from error
    if news:
        mandate_notice.waiting(work, mandate)
    mandate_state.record(
        work, "mandate.recorded", mandate, preset=scope.preset, options=list(scope.options),
        lowered=mandate.lowered, way=way.id,
    )  # fmt: skip
    return mandate


def confirm(
    work: Work, mandate_id: UUID, *, address: str = "", scope: Scope | None = None, news: bool = True
) -> Mandate:
    """The other side agrees: the mandate is active, as a ceiling. Colleagues get it by assignments.

    Args:
        address: of the accountant who asked, as the company knows it; where the way demands it.
        scope: what the company opens instead of what the firm asked for; only for the company's own answer.
        news: write to both sides.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not finish in this way, or may not consent to an option.
        Conflict: it is not waiting for an answer.
        MandateExpired: it waited too long, or its end has passed meanwhile.
        MandateMismatch, NotAFirm, MandateSelf, Throttled, InvalidInput: about the address; refused tries are counted.
    """
    work.write()
    mandate = get(work, mandate_id)
    way = work.policies.ways[mandate.way]
    side = mandate_parties.side(work, way.finish, mandate.company_id, mandate.firm_id)
    mandate_parties.require(work, way.finish.permission, side)
    mandate_state.require(mandate, WAITING)
    if mandate_due.waited_too_long(work, mandate):
        raise MandateExpired(kind="mandate")
    if scope is not None and side != mandate.company_id:
        raise InvalidInput(field="scope")  # what is opened is the company's to say
    wanted = mandate_scope.checked(work, scope) if scope is not None else mandate_scope.of(mandate)
    if scope is not None:
        mandate_scope.require_consent(work, mandate.company_id, wanted.options)
    begins = max(work.now, wanted.starts_at or work.now)
    ends = mandate_scope.end_of(work, wanted, begins)
    if ends is not None and ends <= begins:
        raise MandateExpired(kind="mandate")
    if way.same_firm_address and not access.trusted(work):
        mandate_parties.match_asker(work, mandate, address)
    was = mandate_state.move(
        work, mandate, "active",
        preset=wanted.preset, options=list(wanted.options), lowered=mandate_scope.kept(wanted),
        starts_at=wanted.starts_at, started_at=begins, until_at=ends, yearly=wanted.yearly,
        renews_at=begins + YEAR if wanted.yearly else None,
    )  # fmt: skip
    mandate_history.note(work, mandate)
    mandate_state.answer_request(work, mandate, "confirmed")
    if news:
        mandate_notice.tell(work, mandate, "confirmed")
    mandate_state.record(
        work, "mandate.confirmed", mandate, was=was,
        preset=mandate.preset, options=mandate.options, lowered=mandate.lowered,
    )  # fmt: skip
    return mandate


def refuse(work: Work, mandate_id: UUID) -> Mandate:
    """The other side says no. The side that began is told.

    Raises:
        NotFound, NotPermitted, Conflict: as `confirm`.
    """
    return _close(work, mandate_id, finishing=True)


def withdraw(work: Work, mandate_id: UUID) -> Mandate:
    """The side that began takes its invitation or request back.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not begin one in this way either.
        Conflict: it is not waiting for an answer any more.
    """
    return _close(work, mandate_id, finishing=False)


def end(work: Work, mandate_id: UUID, *, news: bool = True) -> Mandate:
    """End a mandate at once, by either side; both are told.

    Args:
        news: write to both sides.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not.
        Conflict: it is over already, or has not begun.
    """
    work.write()
    mandate = get(work, mandate_id)
    by_firm = _ends_for_firm(work, mandate)
    clock.hold(work)  # whatever somebody changes at this moment, the end comes after it: it is never refused for that
    work.session.refresh(mandate)
    mandate_state.require(mandate, LIVE)
    was = mandate_state.move(work, mandate, "ended", ended_at=work.now)
    mandate_history.close(work, mandate.id)
    access_end.tell(work, company_id=mandate.company_id, firm_id=mandate.firm_id, logout=True)
    if news:
        mandate_notice.tell(work, mandate, "ended", by_firm=by_firm)
    mandate_state.record(work, "mandate.ended", mandate, was=was, by="firm" if by_firm else "company")
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


def require_room(work: Work, company_id: UUID, scope: Scope) -> None:
    """Go on only if the company can have one more firm, and uses one of the products that it would open.

    Raises:
        FirmsFull, NotSubscribed: as `record`.
    """
    _require_product(work, company_id, scope)
    if _count_open(work, company_id) >= work.policies.mandates.firms_per_company:
        raise FirmsFull(max=work.policies.mandates.firms_per_company)


def waits_or_works(work: Work, company_id: UUID, firm_id: UUID) -> bool:
    """Whether a mandate between the two is open in any way."""
    return _open_between(work, company_id, firm_id) is not None


def way_of(work: Work, *, from_company: bool) -> Way:
    """The way in which a company begins, or in which a firm does."""
    products = work.policies.products
    return next(
        way
        for way in work.policies.ways.values()
        if products[way.start.permission.partition(".")[0]].firm_only != from_company
    )


def _close(work: Work, mandate_id: UUID, *, finishing: bool) -> Mandate:
    work.write()
    mandate = get(work, mandate_id)
    way = work.policies.ways[mandate.way]
    step = way.finish if finishing else way.start
    by_company = mandate_parties.side(work, step, mandate.company_id, mandate.firm_id) == mandate.company_id
    mandate_parties.require(work, step.permission, mandate.company_id if by_company else mandate.firm_id)
    mandate_state.require(mandate, WAITING)
    news = "refused" if finishing else "withdrawn"
    was = mandate_state.move(work, mandate, "refused" if finishing else "ended", ended_at=work.now)
    mandate_state.answer_request(work, mandate, news)
    mandate_notice.tell(work, mandate, news, to_company=not by_company, to_firm=by_company, by_firm=not by_company)
    mandate_state.record(work, f"mandate.{news}", mandate, was=was, by="company" if by_company else "firm")
    return mandate


def _ends_for_firm(work: Work, mandate: Mandate) -> bool:
    """Whether the actor ends it for the firm, and not for the company; refused to whoever may do neither."""
    try:
        mandate_parties.require(work, ENDS, mandate.company_id)
    except (NotFound, NotPermitted) as refused:
        try:
            mandate_parties.require(work, FIRM_ENDS, mandate.firm_id)
        except NotFound:
            raise refused from None
        return True
    return False


def _open_between(work: Work, company_id: UUID, firm_id: UUID) -> Mandate | None:
    return next((each for each in between(work, company_id, firm_id) if each.state in OPEN), None)


def _count_open(work: Work, company_id: UUID) -> int:
    statement = select(func.count()).select_from(Mandate)
    return work.session.scalar(statement.where(Mandate.company_id == company_id, Mandate.state.in_(OPEN))) or 0


def _require_product(work: Work, company_id: UUID, scope: Scope) -> None:
    """A mandate is about products that the company uses, one at least (J9: only what has not ended)."""
    if access.trusted(work):
        return
    s, opened = subscribed_products.c, mandate_scope.opened(work.policies, scope)
    rows = work.session.execute(
        select(s.state, s.since_at, s.until_at, s.suspends_at).where(s.company_id == company_id, s.product.in_(opened))
    )
    if all(state_now(work, row.state, row.since_at, row.until_at, row.suspends_at)[1] is not None for row in rows):
        raise NotSubscribed(products=sorted(opened))
