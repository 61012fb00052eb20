"""Invitations: offers of roles to an address. The link is in the mail alone, never in an answer (R-63)."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from idp.companies import company_role, invitation, invitation_list, role
from idp.companies.models import Invitation, InvitedRole
from idp.companies.role_wish import Wish
from idp.web.api import caller, lists
from idp.web.api.room import Made, Room
from idp.web.api.shapes import (
    CompanyPath,
    Flag,
    Instant,
    Key,
    ListQuery,
    Moment,
    ProductName,
    RoleName,
    Sent,
    Shown,
    example,
)
from idp.web.work import open_work
from idp.work import Work

room = Room("invitations", "Invitations", "Offers of roles to an address; an open one holds its seats.")
PATH = "/companies/<uuid:company_id>/invitations"
ONE = f"{PATH}/<uuid:invitation_id>"
LISTED = "invitations"


class InvitationPath(CompanyPath):
    invitation_id: UUID


class OfferSent(Sent):
    """A role to offer: one of `role` and `custom_role_id`, with switches of areas and limits as for a member."""

    role: RoleName | None = None
    custom_role_id: Key | None = None
    switches: Annotated[dict[Annotated[str, Field(max_length=64)], Flag], Field(max_length=100)] = {}
    restrictions: Annotated[dict[str, Any], Field(max_length=20)] = {}
    expires_at: Instant | None = None

    def wished(self) -> Wish:
        return Wish(self.role, self.custom_role_id, self.switches, self.restrictions, self.expires_at)


class InvitationSent(Sent):
    """Whom to invite, and to what: by product the id of a built-in role, or an offer in full.

    `extra_cost` confirms what seats beyond the plan cost.
    """

    model_config = example(
        address="paul.martin@atelier-lumen.example.com",
        locale="fr-FR",
        given_name="Paul",
        family_name="Martin",
        roles={
            "capture": "capture.documents-basic",
            "invoicing": {"role": "invoicing.employee", "switches": {"quotes": True}, "restrictions": {}},
        },
    )

    address: Annotated[str, Field(min_length=1, max_length=320)]
    locale: Annotated[str, Field(max_length=20)]
    roles: Annotated[dict[ProductName, RoleName | OfferSent], Field(max_length=20)] = {}
    given_name: Annotated[str, Field(max_length=100)] = ""
    family_name: Annotated[str, Field(max_length=100)] = ""
    company_role: RoleName | None = None
    also: Annotated[list[RoleName], Field(max_length=10)] = []
    message: Annotated[str, Field(max_length=500)] = ""
    extra_cost: Flag = False


class ResentSent(Sent):
    """`extra_cost` confirms what seats beyond the plan cost, which one that has run out takes anew."""

    model_config = example(extra_cost=True)

    extra_cost: Flag = False


class OfferedShown(Shown):
    """A role that is offered; `switches` are the areas that are on, where the role has switches."""

    product: str
    role: str | None
    custom_role_id: UUID | None
    switches: list[str]
    restrictions: dict[str, Any]
    expires_at: Moment | None


class InvitationShown(Shown):
    """An invitation. `outcome` says what became of it; None while it is open."""

    id: UUID
    address: str
    locale: str
    company_role: str
    roles: list[OfferedShown]
    created_at: Moment
    expires_at: Moment
    closed_at: Moment | None
    outcome: str | None


class InvitationQuery(ListQuery):
    """By default those that wait for an answer."""

    state: Literal["open", "expired", "closed"] = "open"
    search: Annotated[str, Field(max_length=100, description="A part of the name or address, in any case.")] = ""


class InvitationList(Shown):
    data: list[InvitationShown]
    next: str | None


@room.get(PATH, may=invitation.VIEWS, shows=InvitationList)
def list_invitations(path: CompanyPath, query: InvitationQuery) -> InvitationList:
    """The invitations of a company in one state, the latest first."""
    work = open_work()
    after = lists.after(work, query, LISTED)
    page = invitation_list.of_company(
        work, path.company_id, state=query.state, search=query.search, after=after, limit=query.limit
    )
    rows = [_written(each.invitation, each.roles) for each in page.listed]
    return InvitationList(data=rows, next=lists.following(work, page.next, LISTED))


@room.get(ONE, may=invitation.VIEWS, shows=InvitationShown, tagged=True)
def show_invitation(path: InvitationPath) -> InvitationShown:
    """An invitation, open or not."""
    work = open_work()
    return _shown(work, invitation.get(work, path.company_id, path.invitation_id))


@room.post(PATH, may=invitation.INVITES, shows=InvitationShown)
def invite(path: CompanyPath, body: InvitationSent) -> Made:
    """Invite the holder of an address, who gets a mail with one link.

    An open invitation of the same address is renewed: its link is void. A person who appoints an administrator so, or
    gives what only an owner gives, needs a second factor proved minutes ago.
    """
    work = open_work()
    named = (*filter(None, [body.company_role]), *body.also)
    wishes = {
        product: each.wished() if isinstance(each, OfferSent) else Wish(each) for product, each in body.roles.items()
    }
    if company_role.appoints(work, named) or any(role.owners_to_give(work, each.role_id) for each in wishes.values()):
        caller.require_fresh_proof(work)
    values: dict[str, Any] = body.model_dump(exclude={"also", "roles"})
    made = invitation.offer(work, path.company_id, roles=wishes, also=tuple(body.also), **values)
    return Made(_shown(work, made), f"/api/v1/companies/{path.company_id}/invitations/{made.id}")


@room.post(f"{ONE}/resend", may=invitation.RESENDS, shows=InvitationShown, status=200)
def resend_invitation(path: InvitationPath, body: ResentSent) -> InvitationShown:
    """Send an invitation again, with a new link and for the whole time; one that has run out takes its seats anew."""
    work = open_work()
    sent = invitation.resend(work, path.company_id, path.invitation_id, extra_cost=body.extra_cost)
    return _shown(work, sent)


@room.delete(ONE, may=invitation.INVITES, present=show_invitation)
def withdraw_invitation(path: InvitationPath) -> None:
    """Take an open invitation back; its seats are free at once."""
    invitation.withdraw(open_work(), path.company_id, path.invitation_id)


def _shown(work: Work, found: Invitation) -> InvitationShown:
    return _written(found, invitation.roles_of(work, found))


def _written(found: Invitation, offered: Iterable[InvitedRole]) -> InvitationShown:
    roles = [OfferedShown.model_validate(each) for each in offered]
    return InvitationShown(
        id=found.id, address=found.address, locale=found.locale, company_role=found.company_role, roles=roles,
        created_at=found.created_at, expires_at=found.expires_at, closed_at=found.closed_at, outcome=found.outcome,
    )  # fmt: skip
