"""Invitations: offers of roles to an address. The link is in the mail alone, never in an answer (R-63)."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from idp.companies import invitation
from idp.companies.models import Invitation
from idp.web.api.room import Made, Room
from idp.web.api.shapes import CompanyPath, Moment, ProductName, RoleName, Sent, Shown
from idp.web.work import open_work
from idp.work import Work

room = Room("invitations", "Invitations", "Offers of roles to an address; an open one holds its seats.")
PATH = "/companies/<uuid:company_id>/invitations"
ONE = f"{PATH}/<uuid:invitation_id>"


class InvitationPath(CompanyPath):
    invitation_id: UUID


class InvitationSent(Sent):
    """Whom to invite, and to what: built-in roles by product. `extra_cost` confirms what seats beyond the plan cost."""

    address: Annotated[str, Field(min_length=1, max_length=320)]
    locale: Annotated[str, Field(max_length=20)]
    roles: Annotated[dict[ProductName, RoleName], Field(max_length=20)] = {}
    given_name: Annotated[str, Field(max_length=100)] = ""
    family_name: Annotated[str, Field(max_length=100)] = ""
    company_role: RoleName | None = None
    also: Annotated[list[RoleName], Field(max_length=10)] = []
    message: Annotated[str, Field(max_length=500)] = ""
    extra_cost: bool = False


class OfferedShown(Shown):
    product: str
    role: str | None
    custom_role_id: UUID | None


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


@room.get(ONE, may=(invitation.VIEWS,), shows=InvitationShown, tagged=True)
def show_invitation(path: InvitationPath) -> InvitationShown:
    """An invitation, open or not."""
    work = open_work()
    return _shown(work, invitation.get(work, path.company_id, path.invitation_id))


@room.post(PATH, may=(invitation.INVITES,), shows=InvitationShown)
def invite(path: CompanyPath, body: InvitationSent) -> Made:
    """Invite the holder of an address, who gets a mail with one link.

    An open invitation of the same address is renewed: its link is void.
    """
    work = open_work()
    values: dict[str, Any] = body.model_dump(exclude={"also"})
    made = invitation.offer(work, path.company_id, also=tuple(body.also), **values)
    return Made(_shown(work, made), f"/api/v1/companies/{path.company_id}/invitations/{made.id}")


@room.post(f"{ONE}/resend", may=(invitation.RESENDS,), shows=InvitationShown, status=200)
def resend_invitation(path: InvitationPath) -> InvitationShown:
    """Send an invitation again, with a new link and for the whole time."""
    work = open_work()
    return _shown(work, invitation.resend(work, path.company_id, path.invitation_id))


@room.delete(ONE, may=(invitation.INVITES,), present=show_invitation)
def withdraw_invitation(path: InvitationPath) -> None:
    """Take an open invitation back; its seats are free at once."""
    invitation.withdraw(open_work(), path.company_id, path.invitation_id)


def _shown(work: Work, found: Invitation) -> InvitationShown:
    roles = [
        OfferedShown(product=each.product, role=each.role, custom_role_id=each.custom_role_id)
        for each in invitation.roles_of(work, found)
    ]
    return InvitationShown(
        id=found.id, address=found.address, locale=found.locale, company_role=found.company_role, roles=roles,
        created_at=found.created_at, expires_at=found.expires_at, closed_at=found.closed_at, outcome=found.outcome,
    )  # fmt: skip
