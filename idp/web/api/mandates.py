"""The mandates of a company, as the company and as its firm see them."""

from uuid import UUID

from idp.companies import mandate, mandate_view
from idp.companies.mandate_view import Seen
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Moment, Shown
from idp.web.work import open_work

room = Room("mandates", "Mandates", "What a company opens to an accounting firm.")
PATH = "/companies/<uuid:company_id>/mandates"


class MandatePath(CompanyPath):
    mandate_id: UUID


class MandateShown(Shown):
    """A mandate. `only_reads`: the firm is handing over, and changes nothing any more."""

    id: UUID
    company_id: UUID
    company: str
    firm_id: UUID
    firm: str
    state: str
    way: str
    preset: str
    options: list[str]
    created_at: Moment
    begins_at: Moment | None
    ends_at: Moment | None
    renews_at: Moment | None
    ended_at: Moment | None
    only_reads: bool
    temporary: bool


class MandateList(Shown):
    """Bounded by the number of firms that a company may have, and the last ones that are over."""

    data: list[MandateShown]
    next: None


@room.get(PATH, may=(mandate_view.COMPANY_VIEWS,), shows=MandateList)
def list_mandates(path: CompanyPath) -> MandateList:
    """The mandates of a company: the open ones, then the last ones that are over."""
    current, past = mandate_view.of_company(open_work(), path.company_id)
    return MandateList(data=[_shown(each) for each in (*current, *past)], next=None)


@room.get(f"{PATH}/<uuid:mandate_id>", may=(mandate_view.COMPANY_VIEWS,), shows=MandateShown, tagged=True)
def show_mandate(path: MandatePath) -> MandateShown:
    """A mandate of a company."""
    return _shown(mandate_view.for_company(open_work(), path.company_id, path.mandate_id))


@room.delete(f"{PATH}/<uuid:mandate_id>", may=("company.mandates.end",), present=show_mandate)
def end_mandate(path: MandatePath) -> None:
    """End a mandate at once; both sides are told."""
    work = open_work()
    mandate_view.for_company(work, path.company_id, path.mandate_id)
    mandate.end(work, path.mandate_id)


def _shown(found: Seen) -> MandateShown:
    return MandateShown(
        id=found.id, company_id=found.company_id, company=found.company, firm_id=found.firm_id, firm=found.firm,
        state=found.state, way=found.way, preset=found.scope.preset, options=list(found.scope.options),
        created_at=found.created_at, begins_at=found.begins_at, ends_at=found.ends_at, renews_at=found.renews_at,
        ended_at=found.ended_at, only_reads=found.only_reads, temporary=found.temporary,
    )  # fmt: skip
