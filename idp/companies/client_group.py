"""How a firm sorts its clients into groups.

A group is a name and nothing more: no right comes of being in one, and what is given to a whole group is given to those
who are in it at that moment. So a client may be in several, say that of its portfolio and that of its trade.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from idp.audit import log
from idp.companies import access, client_list, tables
from idp.companies.models import ClientGroup
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.work import Work

EDITS = "practice.clients.edit"
NAME_MAX = 60
FILLED = 100  # clients of one page
MOST = 100  # groups of a firm; they are shown on one page, and to choose from


@dataclass(frozen=True, slots=True)
class Group:
    """`clients`: how many of the firm's present clients are in it."""

    id: UUID
    name: str
    clients: int


def create(work: Work, firm_id: UUID, name: str) -> ClientGroup:
    """A new group without clients.

    Raises:
        NotPermitted: the actor does not see every client, or may not edit any.
        InvalidInput: no name, or one that is too long or cannot be shown.
        Conflict: the name is taken, or there are as many groups as may be.
    """
    require(work, firm_id)
    kept = _name(name)
    count = work.session.scalar(select(func.count()).select_from(ClientGroup).where(ClientGroup.firm_id == firm_id))
    if (count or 0) >= MOST:
        raise Conflict(field="name", reason="too_many", most=MOST)
    made = ClientGroup(id=uuid7(), firm_id=firm_id, name=kept, created_at=work.now)
    work.session.add(made)
    _flush(work)
    log.record(
        work, "client_group.created", ("client_group", made.id), company_id=firm_id, before=None, after={"label": kept}
    )
    return made


def rename(work: Work, firm_id: UUID, group_id: UUID, name: str) -> None:
    """Another name for a group.

    Raises:
        NotFound: the firm has no such group.
        NotPermitted, InvalidInput, Conflict: as `create`.
    """
    require(work, firm_id)
    found, kept = _get(work, firm_id, group_id), _name(name)
    if found.name == kept:
        return
    before, found.name = found.name, kept
    _flush(work)
    log.record(
        work, "client_group.renamed", ("client_group", group_id), company_id=firm_id,
        before={"label": before}, after={"label": kept},
    )  # fmt: skip


def remove(work: Work, firm_id: UUID, group_id: UUID) -> None:
    """Remove a group; its clients, and what colleagues were given there, stay as they are.

    Raises:
        NotFound: the firm has no such group.
        NotPermitted: as `create`.
    """
    require(work, firm_id)
    found = _get(work, firm_id, group_id)
    name = found.name
    work.session.delete(found)
    work.session.flush()
    log.record(
        work, "client_group.removed", ("client_group", group_id), company_id=firm_id, before={"label": name}, after=None
    )


def sort(work: Work, firm_id: UUID, client_id: UUID, group_ids: Collection[UUID]) -> None:
    """Put a client into these groups of the firm, and take it out of all the others.

    Raises:
        NotFound: no client of this firm, or one of the groups is none of its.
        NotPermitted: as `create`.
    """
    require(work, firm_id)
    client_list.get(work, firm_id, client_id)
    g, t = tables.grouped_clients.c, tables.client_groups.c
    wanted = set(group_ids)
    known = set(work.session.scalars(select(t.id).where(t.firm_id == firm_id)))
    if not wanted <= known:
        raise NotFound(kind="group")
    present = set(work.session.scalars(select(g.group_id).where(g.company_id == client_id, g.group_id.in_(known))))
    if present == wanted:
        return
    gone = present - wanted
    work.session.execute(delete(tables.grouped_clients).where(g.company_id == client_id, g.group_id.in_(gone)))
    rows = [{"group_id": each, "company_id": client_id, "added_at": work.now} for each in sorted(wanted - present)]
    if rows:
        work.session.execute(insert(tables.grouped_clients), rows)
    log.record(
        work, "client_group.sorted", ("company", client_id), company_id=firm_id,
        before=sorted(map(str, present)), after=sorted(map(str, wanted)),
    )  # fmt: skip


def fill(work: Work, firm_id: UUID, group_id: UUID, *, shown: Collection[UUID], picked: Collection[UUID]) -> None:
    """Of the clients that were shown, keep those picked in the group and the others out of it; the rest stays.

    Raises:
        NotFound: the firm has no such group, or one of them is no client of the firm.
        InvalidInput: more than `FILLED` at once, or something picked that was not shown.
        NotPermitted: as `create`.
    """
    require(work, firm_id)
    _get(work, firm_id, group_id)
    asked, wanted = set(shown), set(picked)
    if len(asked) > FILLED or not wanted <= asked:
        raise InvalidInput(field="picked")
    g, m = tables.grouped_clients.c, tables.mandates.c
    known = set(work.session.scalars(select(m.company_id).where(m.firm_id == firm_id, m.company_id.in_(asked))))
    if known != asked:
        raise NotFound(kind="client")
    present = set(work.session.scalars(select(g.company_id).where(g.group_id == group_id, g.company_id.in_(asked))))
    if present == wanted:
        return
    gone, new = present - wanted, wanted - present
    work.session.execute(delete(tables.grouped_clients).where(g.group_id == group_id, g.company_id.in_(gone)))
    rows = [{"group_id": group_id, "company_id": each, "added_at": work.now} for each in sorted(new)]
    if rows:
        work.session.execute(insert(tables.grouped_clients), rows)
    log.record(
        work, "client_group.filled", ("client_group", group_id), company_id=firm_id,
        before={"clients": sorted(map(str, gone))}, after={"clients": sorted(map(str, new))},
    )  # fmt: skip


def listed(work: Work, firm_id: UUID) -> list[Group]:
    """The groups of a firm by name, with the number of present clients in each. One statement.

    Raises:
        NotPermitted, NotFound: the actor sees no clients of this firm.
    """
    access.require(work, client_list.VIEWS, firm_id)
    g, t, m = tables.grouped_clients.c, tables.client_groups.c, tables.mandates.c
    present = (m.company_id == g.company_id) & (m.firm_id == t.firm_id) & (m.state == "active")
    rows = work.session.execute(
        select(t.id, t.name, func.count(m.id))
        .join_from(tables.client_groups, tables.grouped_clients, g.group_id == t.id, isouter=True)
        .join(tables.mandates, present, isouter=True)
        .where(t.firm_id == firm_id)
        .group_by(t.id, t.name)
        .order_by(t.name)
    )
    return [Group(row[0], row[1], row[2]) for row in rows]


def names(work: Work, firm_id: UUID) -> list[tuple[UUID, str]]:
    """The groups of a firm by name, to choose from.

    Raises:
        NotPermitted, NotFound: as `listed`.
    """
    access.require(work, client_list.VIEWS, firm_id)
    t = tables.client_groups.c
    return [(row[0], row[1]) for row in work.session.execute(
        select(t.id, t.name).where(t.firm_id == firm_id).order_by(t.name)
    )]  # fmt: skip


def of_client(work: Work, firm_id: UUID, client_id: UUID) -> set[UUID]:
    """The groups of this firm that a client is in."""
    g, t = tables.grouped_clients.c, tables.client_groups.c
    wanted = select(t.id).join_from(tables.client_groups, tables.grouped_clients, g.group_id == t.id)
    return set(work.session.scalars(wanted.where(t.firm_id == firm_id, g.company_id == client_id)))


def require(work: Work, firm_id: UUID) -> None:
    """Go on only if the actor may sort the clients of the firm: who sees them all, and may edit them.

    Raises:
        NotPermitted, NotFound: not.
    """
    access.require(work, client_list.VIEWS_ALL, firm_id)
    access.require(work, EDITS, firm_id)


def _get(work: Work, firm_id: UUID, group_id: UUID) -> ClientGroup:
    found = work.session.get(ClientGroup, group_id)
    if found is None or found.firm_id != firm_id:
        raise NotFound(kind="group")
    return found


def _name(typed: str) -> str:
    kept = " ".join(typed.split())
    if not kept or len(kept) > NAME_MAX or not kept.isprintable():
        raise InvalidInput(field="name", reason="missing" if not kept else "unusable", most=NAME_MAX)
    return kept


def _flush(work: Work) -> None:
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_client_groups_firm_id_name
        raise Conflict(field="name", reason="taken") from error
