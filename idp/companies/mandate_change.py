"""Changing what a mandate opens, and handing over from one firm to the next. Both are the company's to decide."""

from datetime import datetime
from uuid import UUID

from idp.companies import mandate_history, mandate_notice, mandate_parties, mandate_scope, mandate_state
from idp.companies.errors import ChangedMeanwhile
from idp.companies.mandate_due import YEAR
from idp.companies.mandate_scope import Scope
from idp.companies.mandate_state import LIVE, get
from idp.companies.models import Mandate
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.work import Work

CHANGES = "company.mandates.change"


def change(work: Work, mandate_id: UUID, scope: Scope, *, seen: int | None = None) -> Mandate:
    """Open more or less to the firm, or for another time; felt at its people's next refresh. The firm is told.

    The caller has seen a fresh second factor. An option that was consented to before stays so.

    Args:
        seen: the epoch of what the actor saw when deciding; None to change whatever there is.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not, or may not consent to an option that is new.
        Conflict: it is not active, or is being handed over: that is called off first.
        ChangedMeanwhile: somebody else has changed it since it was seen.
        InvalidInput: the scope is impossible.
    """
    work.write()
    mandate = get(work, mandate_id)
    mandate_parties.require(work, CHANGES, mandate.company_id)
    mandate_state.require(mandate, LIVE)
    if seen is not None and seen != mandate.epoch:
        raise ChangedMeanwhile()
    if mandate.view_from_at is not None:
        raise Conflict(field="state", state=mandate.state, reason="handing_over")
    assert mandate.started_at is not None
    wanted = mandate_scope.checked(work, scope)
    mandate_scope.require_consent(work, mandate.company_id, set(wanted.options) - set(mandate.options))
    before = mandate_scope.of(mandate)
    begun = mandate.started_at
    if begun > work.now:
        begun = wanted.starts_at or work.now  # it has not begun, so that may change too
    ends = mandate_scope.end_of(work, wanted, begun)
    if ends is not None and ends <= work.now:
        raise InvalidInput(field="until_at", reason="past")
    mandate_state.move(
        work, mandate, mandate.state,
        preset=wanted.preset, options=list(wanted.options), lowered=mandate_scope.kept(wanted),
        started_at=begun, until_at=ends, yearly=wanted.yearly, reminded=None,
        renews_at=_renewal(work, mandate, wanted, begun),
    )  # fmt: skip
    mandate_history.note(work, mandate)
    mandate_notice.tell(work, mandate, "changed")
    mandate_state.record(
        work, "mandate.changed", mandate, before=_facts(before), after=_facts(mandate_scope.of(mandate))
    )
    return mandate


def hand_over(work: Work, mandate_id: UUID, successor_id: UUID, *, until_at: datetime) -> Mandate:
    """Let another firm take over: from its beginning on the outgoing one only reads, and at a date it ends.

    Args:
        successor_id: the mandate of the firm that takes over, which both sides have agreed to.
        until_at: how long the outgoing firm still reads.

    Raises:
        NotFound: no such mandate for the actor.
        NotPermitted: the actor may not.
        Conflict: one of the two is not active, or they are the same.
        InvalidInput: `until_at` has passed, or comes before the other firm begins.
    """
    work.write()
    mandate = get(work, mandate_id)
    mandate_parties.require(work, CHANGES, mandate.company_id)
    successor = get(work, successor_id)
    if successor.company_id != mandate.company_id:
        raise NotFound(kind="mandate")
    for each in (mandate, successor):
        mandate_state.require(each, LIVE)
    if successor.id == mandate.id or successor.view_from_at is not None:
        raise Conflict(field="successor", reason="itself_handing_over")
    assert successor.started_at is not None
    turn = max(work.now, successor.started_at)
    if until_at <= turn:
        raise InvalidInput(field="until_at", reason="past")
    if mandate.until_at is not None:
        until_at = min(until_at, mandate.until_at)
    mandate_state.move(
        work, mandate, mandate.state,
        view_from_at=turn, until_at=until_at, yearly=False, renews_at=None, successor_id=successor.id, reminded=None,
    )  # fmt: skip
    mandate_history.note(work, mandate)
    mandate_notice.tell(work, mandate, "handed_over")
    mandate_state.record(
        work, "mandate.handed_over", mandate,
        before={"standing": "active"}, after={"standing": "handing_over"},
        successor=str(successor.firm_id), reads_from=turn.isoformat(), until=until_at.isoformat(),
    )  # fmt: skip
    return mandate


def keep(work: Work, mandate_id: UUID) -> Mandate:
    """Call a hand-over off: the firm works as before, without an end of its own.

    Raises:
        NotFound, NotPermitted: as `change`.
        Conflict: it is not active, or not handing over.
    """
    work.write()
    mandate = get(work, mandate_id)
    mandate_parties.require(work, CHANGES, mandate.company_id)
    mandate_state.require(mandate, LIVE)
    if mandate.view_from_at is None or mandate.started_at is None:
        raise Conflict(field="state", state=mandate.state)
    ends = mandate_scope.end_of(work, Scope(mandate.preset), mandate.started_at)
    mandate_state.move(work, mandate, mandate.state, view_from_at=None, until_at=ends, successor_id=None, reminded=None)
    mandate_history.note(work, mandate)
    mandate_notice.tell(work, mandate, "changed")
    mandate_state.record(
        work, "mandate.kept", mandate, before={"standing": "handing_over"}, after={"standing": mandate.state}
    )
    return mandate


def _renewal(work: Work, mandate: Mandate, scope: Scope, begun: datetime) -> datetime | None:
    """The next yearly date, counted from the beginning."""
    if not scope.yearly:
        return None
    if mandate.yearly and mandate.renews_at is not None:
        return mandate.renews_at
    following = begun + YEAR
    while following <= work.now:
        following += YEAR
    return following


def _facts(scope: Scope) -> dict[str, object]:
    return {
        "preset": scope.preset,
        "options": list(scope.options),
        "lowered": mandate_scope.kept(scope),
        "until": scope.until_at.isoformat() if scope.until_at is not None else None,
        "yearly": scope.yearly,
    }
