"""The door to every page of a company: who may come in, what they may do there, and the pages they may go to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.authn import session
from idp.authn.session import Current
from idp.companies import own_companies, people
from idp.companies.models import Company
from idp.companies.own_companies import OwnCompany
from idp.core.errors import NotPermitted, StepUpRequired
from idp.web import company_menu
from idp.web.headers import Page
from idp.web.pages.fresh import fresh
from idp.web.render import current_session, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Area:
    """One company, as the signed-in person may use its pages.

    Attributes:
        work: the unit of work of this request; the person is its actor.
        permissions: everything they may do in the company's account, and for a firm in the running of the firm.
    """

    work: Work
    current: Current
    company: Company
    permissions: frozenset[str]

    @property
    def company_id(self) -> UUID:
        return self.company.id

    def may(self, *permissions: str) -> bool:
        """Whether the person may do this here, with any one of these permissions; for what a page shows. A command asks
        again by itself."""
        return not self.permissions.isdisjoint(permissions)

    def path(self, *parts: object) -> str:
        """The address of a page of this company."""
        return "/".join([company_menu.home(self.company.id), *map(str, parts)])

    def page(
        self, template: str, status: int = 200, *, problems: Mapping[str, str] | None = None, **context: Any
    ) -> Page:
        """A page of this company: `render.page` with the frame of the company area, for `ui.company_nav(current)`."""
        own = OwnCompany(self.company.id, self.company.name, self.company.kind, {}, self.permissions)
        area = {
            "name": self.company.name,
            "url": self.path(),
            "people": "people" if self.may(people.VIEWS) else "colleagues",  # where one finds them
            "entries": company_menu.entries(self.company.id, self.company.kind, self.permissions),
        }
        account = person(self.current, own)
        return page(template, status, problems=problems, area=area, account=account, **context)


def enter(
    company_id: UUID, *permissions: str, write: bool = False, step_up: bool = False, back: str | None = None,
    keep: bool = False,
) -> Area:  # fmt: skip
    """Come in, or be sent away, before anything of the company is read.

    Args:
        permissions: what the page needs; of several, any one of them.
        write: begin a writing transaction, for a view that changes anything.
        step_up: a second factor was proved minutes ago; for what the catalogue marks `step_up`.
        back: with `step_up`, where to come back to, for a form whose own address shows no page.
        keep: with `step_up`, take along what was posted; the page fills it in (`kept_form.fields`).

    Raises:
        NotAuthenticated, StepUpRequired: become a redirect to sign-in and back.
        NotFound: not a company of this person's, or none at all; the two look the same.
        NotPermitted: one of the company's people, but with none of these permissions.
    """
    open_work(write=write)
    current = fresh(page=back) if step_up and current_session() is None else signed_in()
    work = open_work()
    company, held = own_companies.standing(work, current.account_id, company_id)
    if not held.intersection(permissions):
        raise NotPermitted(permission=permissions[0])
    if current.acr != session.ACR_TWO:  # every role in a company's account demands both factors
        raise StepUpRequired(page=back) if back else StepUpRequired()
    if step_up:
        fresh(page=back, keep=keep)
    return Area(work, current, company, held)
