"""The audit log of the whole service, for the staff who may read it. Each look is in the log too."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from idp.audit.general import GeneralEntry, Sought
from idp.companies import general_log
from idp.web.api import lists
from idp.web.api.room import Room
from idp.web.api.shapes import Instant, Key, ListQuery, Moment, Shown
from idp.web.work import open_work

room = Room("operations_log", "Operations: audit log", "The log of everything that happened in this service.")
LISTED = "operations log"


class GeneralQuery(ListQuery):
    """Which events; by default all."""

    event: Annotated[str, Field(max_length=64, description="What the name begins with, such as `session.`.")] = ""
    subject: Annotated[str, Field(max_length=64, description="The key of what it is about.")] = ""
    actor: Annotated[Key, Field(description="The key of who did it.")] | None = None
    company_id: Key | None = None
    outcome: Literal["done", "refused", ""] = ""
    since: Annotated[Instant, Field(description="From this instant on.")] | None = None
    until: Annotated[Instant, Field(description="Before this instant.")] | None = None


class GeneralEvent(Shown):
    """An event. `number` counts without gaps; `details` hold `before` and `after` where something was changed."""

    number: int
    id: UUID
    event: str
    at: Moment
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    subject_kind: str
    subject_id: str
    company_id: UUID | None
    session_id: UUID | None
    network: str
    user_agent: str
    outcome: str
    details: dict[str, Any]


class GeneralList(Shown):
    data: list[GeneralEvent]
    next: str | None


@room.get("/operations/audit-events", may=(general_log.VIEWS,), shows=GeneralList, writes=True)
def list_every_event(query: GeneralQuery) -> GeneralList:
    """The events of this service, the newest first; the look is noted."""
    work = open_work()
    sought = Sought(
        event=query.event, subject=query.subject, actor=query.actor, company_id=query.company_id,
        outcome=query.outcome, since=query.since, until=query.until,
    )  # fmt: skip
    older = lists.number(lists.after(work, query, LISTED))
    rows, end = general_log.page(work, sought, older_than=older, limit=query.limit)
    following = lists.following(work, lists.at_number(end), LISTED)
    return GeneralList(data=[_shown(each) for each in rows], next=following)


def _shown(found: GeneralEntry) -> GeneralEvent:
    return GeneralEvent(
        number=found.sequence, id=found.id, event=found.name, at=found.at, actor_kind=found.actor_kind,
        actor_id=found.actor_id, actor_name=found.actor_name, subject_kind=found.subject_kind,
        subject_id=found.subject_id, company_id=found.company_id, session_id=found.session_id, network=found.network,
        user_agent=found.user_agent, outcome=found.outcome, details=found.details,
    )  # fmt: skip
