"""One role for one colleague at many clients at once. Every client gets its own answer; one mail tells of them all."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_, select, update

from idp.audit import log
from idp.companies import access_end, assignment, assignment_notice, clock, colleague_role, tables
from idp.companies.models import Assignment
from idp.companies.reach import state_now
from idp.core.errors import InvalidInput
from idp.policy.permissions import ceiling_of
from idp.work import Work

MOST = 500  # clients in one go: a transaction that others do not wait long for


class Outcome(StrEnum):
    """What came of one client."""

    GIVEN = "given"
    CHANGED = "changed"
    PRESENT = "present"  # the very same was there
    OTHER_ROLE = "other_role"  # another role is there, and stays
    NOT_COVERED = "not_covered"
    NOT_SUBSCRIBED = "not_subscribed"
    NO_MANDATE = "no_mandate"


@dataclass(frozen=True, slots=True)
class Line:
    """Attributes:
    name: empty for what is no client of the firm now.
    held: what the colleague holds in the product there before, by name; built-in role or own one, or neither.
    """

    client_id: UUID
    name: str
    outcome: Outcome
    held: tuple[str | None, UUID | None] = (None, None)

    @property
    def done(self) -> bool:
        """Whether something is given or changed there."""
        return self.outcome in (Outcome.GIVEN, Outcome.CHANGED)


def give(
    work: Work,
    firm_id: UUID,
    account_id: UUID,
    *,
    product: str,
    client_ids: Collection[UUID],
    role_id: str | None = None,
    custom_role_id: UUID | None = None,
    locale: str | None = None,
    replace: bool = False,
) -> list[Line]:
    """Give a colleague one role in one product of each of these clients; answers line by line, by name.

    What stands in the way at one client does not keep the others from it. Asking twice changes nothing.

    Args:
        replace: where the colleague holds another role in the product, it is changed; otherwise it stays.

    Raises:
        InvalidInput: no client, or more than `MOST`; no such product or language.
        NotPermitted, NotOnYourself, NotFound, NeedsPracticeRole, RoleNotOffered: as `assignment.give`; nothing is done.
    """
    asked = (role_id, custom_role_id, locale)
    wanted = _wanted(work, firm_id, account_id, product, client_ids, asked)
    clock.person(work, account_id)  # held from here on: what is read of this person below stays as it is
    lines, found, held = _lines(work, firm_id, account_id, product, wanted, asked, replace=replace)
    clients = {each.client_id: found[each.client_id] for each in lines if each.done}
    if clients:
        _carry_out(work, firm_id, account_id, product, asked, clients, held)
    return lines


def foresee(
    work: Work,
    firm_id: UUID,
    account_id: UUID,
    *,
    product: str,
    client_ids: Collection[UUID],
    role_id: str | None = None,
    custom_role_id: UUID | None = None,
    locale: str | None = None,
    replace: bool = False,
) -> list[Line]:
    """What `give` would answer now, with nothing done.

    Raises:
        As `give`.
    """
    asked = (role_id, custom_role_id, locale)
    wanted = _wanted(work, firm_id, account_id, product, client_ids, asked)
    return _lines(work, firm_id, account_id, product, wanted, asked, replace=replace)[0]


def _wanted(
    work: Work, firm_id: UUID, account_id: UUID, product: str, client_ids: Collection[UUID], asked: tuple[Any, ...]
) -> list[UUID]:
    """The clients, each once, if the actor may give this to this colleague at all."""
    role_id, custom_role_id, locale = asked
    wanted = list(dict.fromkeys(client_ids))
    colleague_role.require(work, firm_id, account_id, product, role_id, custom_role_id)
    assignment.require_language(work, locale)
    if not 0 < len(wanted) <= MOST:
        raise InvalidInput(field="clients", most=MOST)
    return wanted


def _lines(
    work: Work, firm_id: UUID, account_id: UUID, product: str, wanted: list[UUID], asked: tuple[Any, ...], *,
    replace: bool,
) -> tuple[list[Line], dict[UUID, Row[Any]], dict[UUID | None, Assignment]]:  # fmt: skip
    """What comes of each client, by name; the clients there are, and what is held there."""
    found = {row.id: row for row in _clients(work, firm_id, product, wanted)}
    held = _held(work, account_id, product, [row.mandate_id for row in found.values()])
    lines = [_line(work, each, found.get(each), held, asked, product, replace=replace) for each in wanted]
    return sorted(lines, key=lambda line: (not line.name, line.name.casefold(), str(line.client_id))), found, held


def _carry_out(
    work: Work, firm_id: UUID, account_id: UUID, product: str, asked: tuple[Any, ...], clients: dict[UUID, Row[Any]],
    held: dict[UUID | None, Assignment],
) -> None:  # fmt: skip
    before = {key: held.get(client.mandate_id) for key, client in clients.items()}
    _end(work, [each for each in before.values() if each is not None])
    made = {
        key: assignment.new(work, firm_id, account_id, client.mandate_id, product, *asked)
        for key, client in clients.items()
    }
    work.session.add_all(made.values())
    work.session.flush()
    access_end.tell(work, account_id=account_id, firm_id=firm_id, product=product)
    assignment_notice.given(work, firm_id, account_id, next(iter(made.values())), list(made))
    for client_id, each in made.items():
        _record(work, firm_id, client_id, before[client_id], each)


def _clients(work: Work, firm_id: UUID, product: str, client_ids: list[UUID]) -> Iterable[Row[Any]]:
    """The clients among these that the firm works for now, with what they subscribe to of the product."""
    c, m, s = tables.companies.c, tables.mandates.c, tables.subscribed_products.c
    return work.session.execute(
        select(c.id, c.name, m.id.label("mandate_id"), m.preset, m.options, m.lowered, s.state, s.since_at, s.until_at)
        .join_from(tables.mandates, tables.companies, c.id == m.company_id)
        .outerjoin(tables.subscribed_products, and_(s.company_id == c.id, s.product == product))
        .where(m.firm_id == firm_id, m.company_id.in_(client_ids), m.state == "active", c.closed_at.is_(None))
        .where(or_(m.until_at.is_(None), m.until_at > work.now))
    )


def _held(work: Work, account_id: UUID, product: str, mandate_ids: list[UUID]) -> dict[UUID | None, Assignment]:
    rows = work.session.scalars(
        select(Assignment).where(
            Assignment.account_id == account_id, Assignment.product == product,
            Assignment.mandate_id.in_(mandate_ids), Assignment.ended_at.is_(None),
        )
    )  # fmt: skip
    return {row.mandate_id: row for row in rows}


def _line(
    work: Work, client_id: UUID, client: Row[Any] | None, held: dict[UUID | None, Assignment], asked: tuple[Any, ...],
    product: str, *, replace: bool,
) -> Line:  # fmt: skip
    if client is None:
        return Line(client_id, "", Outcome.NO_MANDATE)
    present = held.get(client.mandate_id)
    if present is not None and (present.role, present.custom_role_id, present.locale) == asked:
        outcome = Outcome.PRESENT
    elif product not in ceiling_of(work.policies, client.preset, client.options, client.lowered):
        outcome = Outcome.NOT_COVERED
    elif client.state is None or state_now(work, client.state, client.since_at, client.until_at)[1] is not None:
        outcome = Outcome.NOT_SUBSCRIBED
    elif present is not None:
        outcome = Outcome.CHANGED if replace else Outcome.OTHER_ROLE
    else:
        outcome = Outcome.GIVEN
    before = (present.role, present.custom_role_id) if present is not None else (None, None)
    return Line(client_id, client.name, outcome, before)


def _end(work: Work, held: list[Assignment]) -> None:
    if held:
        work.session.execute(
            update(Assignment).where(Assignment.id.in_([each.id for each in held])).values(ended_at=work.now)
        )


def _record(work: Work, firm_id: UUID, client_id: UUID, before: Assignment | None, made: Assignment) -> None:
    after = assignment.facts(made)
    was = assignment.facts(before) if before is not None else None
    details = {"client": str(client_id), **after, "before": was, "after": after}
    name = "assignment.given" if before is None else "assignment.changed"
    log.record(work, name, ("account", made.account_id), company_id=firm_id, **details)
