"""The log of a company: what happened in it, by whom, to whom and from where, with before and after."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from idp.audit.history import CompanyEntry
from idp.companies import access_log
from idp.companies.access_log import Filter
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Instant, ListQuery, Moment, Shown
from idp.web.work import open_work
from idp.work import Work

room = Room("access_log", "Access log", "What happened in a company, for those who may read its log.")
VIEWS = (access_log.VIEWS, access_log.FIRM_VIEWS)
LISTED = "access log"
Kind = Literal["people", "roles", "mandates", "assignments", "subscriptions", "settings", "sign-in", "log"]


class LogQuery(ListQuery):
    """Which events; by default all."""

    kind: Annotated[Kind, Field(description="A group of events.")] | None = None
    person: Annotated[str, Field(max_length=100, description="Part of the name of who did it, or of whom.")] = ""
    since: Annotated[Instant, Field(description="From this instant on.")] | None = None
    until: Annotated[Instant, Field(description="Before this instant.")] | None = None


class ActorShown(Shown):
    """Who did it. Without an id for those who are nobody's business here, such as the staff of this service; without a
    name for somebody whose account was erased."""

    kind: str
    account_id: UUID | None
    name: str


class SubjectShown(Shown):
    """Whom or what it was done to."""

    kind: str
    id: str
    name: str


class EventShown(Shown):
    """An event. `details` hold `before` and `after` where something was changed; `network` is where it came from."""

    number: int
    id: UUID
    event: str
    at: Moment
    actor: ActorShown
    subject: SubjectShown
    network: str
    outcome: str
    details: dict[str, Any]


class EventList(Shown):
    data: list[EventShown]
    next: str | None


@room.get("/companies/<uuid:company_id>/audit-events", may=VIEWS, shows=EventList)
def list_company_events(path: CompanyPath, query: LogQuery) -> EventList:
    """The events in a company, the newest first."""
    work = open_work()
    wanted = Filter(query.kind or "", query.person, query.since, query.until)
    older = lists.number(lists.after(work, query, LISTED))
    page = access_log.page(work, path.company_id, wanted, older_than=older, limit=query.limit)
    following = lists.following(work, lists.at_number(page.next), LISTED)
    return EventList(data=_told(work, path.company_id, page.entries), next=following)


def _told(work: Work, company_id: UUID, entries: Sequence[CompanyEntry]) -> list[EventShown]:
    people = {each.actor_id for each in entries if each.actor_kind == "account" and each.actor_id is not None}
    people |= {UUID(each.subject_id) for each in entries if each.subject_kind == "account"}
    names = access_log.names(work, company_id, people)
    offers = [UUID(each.subject_id) for each in entries if each.subject_kind == "invitation"]
    invited = access_log.invited(work, company_id, offers)
    return [_event(each, names, invited) for each in entries]


def _event(entry: CompanyEntry, names: dict[UUID, str], invited: dict[str, str]) -> EventShown:
    actor = entry.actor_id if entry.actor_id in names else None
    about = entry.subject_id
    called = names.get(UUID(about), "") if entry.subject_kind == "account" else invited.get(about, "")
    by = names[actor] if actor is not None else entry.actor_name if entry.actor_kind == "client" else ""
    return EventShown(
        number=entry.sequence, id=entry.id, event=entry.name, at=entry.at,
        actor=ActorShown(kind=entry.actor_kind, account_id=actor, name=by),
        subject=SubjectShown(kind=entry.subject_kind, id=about, name=called),
        network=entry.network if actor is not None else "", outcome=entry.outcome, details=entry.details,
    )  # fmt: skip
