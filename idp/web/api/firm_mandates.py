"""A firm's side of its mandates: what clients offer, what the firm asks for. The company of the path is the firm."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from idp.companies import mandate, mandate_list, mandate_request, mandate_view
from idp.companies.mandate_request import Asked
from idp.web.api import lists
from idp.web.api.mandates import Address, MandateShown, Preset, done, mandate_shown
from idp.web.api.room import Made, Room
from idp.web.api.shapes import CompanyPath, ListQuery, Moment, Sent, Shown, example
from idp.web.work import open_work

room = Room("firm_mandates", "Mandates of a firm", "What clients offer to a firm, and what the firm asks them for.")
PATH = "/companies/<uuid:company_id>/received-mandates"
ONE = f"{PATH}/<uuid:received_id>"
REQUESTS = "/companies/<uuid:company_id>/mandate-requests"
RECEIVED, WISHES = "received mandates", "mandate requests"
VIEWS = (mandate_view.FIRM_VIEWS,)
ASKS, ACCEPTS, ENDS = (mandate_request.ASKS,), ("practice.mandates.accept",), (mandate.FIRM_ENDS,)


class ReceivedPath(CompanyPath):
    received_id: UUID


class WishPath(CompanyPath):
    wish_id: UUID


class ReceivedList(Shown):
    data: list[MandateShown]
    next: str | None


class WishSent(Sent):
    """Whom to ask: an `address` of the client. The answer is the same whoever is found there."""

    model_config = example(address="chloe@studio-mirabelle.example.org", preset="review")

    address: Address
    preset: Preset


class WishShown(Shown):
    """What a firm has asked for at an address. `outcome` is null while it waits."""

    id: UUID
    address: str
    preset: str
    by: Annotated[str, Field(description="Who of the firm asked.")]
    created_at: Moment
    expires_at: Moment
    outcome: str | None


class WishList(Shown):
    data: list[WishShown]
    next: str | None


class WishQuery(ListQuery):
    search: Annotated[str, Field(max_length=100, description="A part of the address, in any case.")] = ""


@room.get(PATH, may=VIEWS, shows=ReceivedList)
def list_received_mandates(path: CompanyPath, query: ListQuery) -> ReceivedList:
    """The invitations of clients that wait for the firm's answer, the oldest first."""
    work = open_work()
    after = lists.after(work, query, RECEIVED)
    page = mandate_list.waiting_for_firm(work, path.company_id, after=after, limit=query.limit)
    rows = [mandate_shown(each) for each in page.rows]
    return ReceivedList(data=rows, next=lists.following(work, page.next, RECEIVED))


@room.get(ONE, may=VIEWS, shows=MandateShown, tagged=True)
def show_received_mandate(path: ReceivedPath) -> MandateShown:
    """A mandate of a firm."""
    return mandate_shown(mandate_view.for_firm(open_work(), path.company_id, path.received_id))


@room.post(f"{ONE}/accept", may=ACCEPTS, shows=MandateShown, status=200)
def accept_mandate(path: ReceivedPath) -> MandateShown:
    """Accept a client's invitation; colleagues get the client by assignments."""
    return _acted(path, mandate.confirm)


@room.post(f"{ONE}/refuse", may=ACCEPTS, shows=MandateShown, status=200)
def decline_mandate(path: ReceivedPath) -> MandateShown:
    """Decline a client's invitation."""
    return _acted(path, mandate.refuse)


@room.delete(ONE, may=ENDS, present=show_received_mandate)
def give_mandate_up(path: ReceivedPath) -> None:
    """End a mandate at once, for the firm; both sides are told."""
    _acted(path, mandate.end)


@room.get(REQUESTS, may=VIEWS, shows=WishList)
def list_mandate_requests(path: CompanyPath, query: WishQuery) -> WishList:
    """What the firm has asked for, at which addresses: what waits, then what is closed; of either the latest first."""
    work = open_work()
    after = lists.after(work, query, WISHES)
    page = mandate_request.of_firm(work, path.company_id, search=query.search, after=after, limit=query.limit)
    return WishList(data=[_wish(each) for each in page.rows], next=lists.following(work, page.next, WISHES))


@room.post(REQUESTS, may=ASKS, shows=WishShown)
def ask_for_mandate(path: CompanyPath, body: WishSent) -> Made:
    """Ask for access at somebody's address; whoever runs a company there is written to, and answers."""
    work = open_work()
    asked = mandate_request.ask(work, path.company_id, address=body.address, preset=body.preset)
    place = f"/api/v1/companies/{path.company_id}/mandate-requests/{asked.id}"
    return Made(_wish(mandate_request.one(work, path.company_id, asked.id)), place)


@room.get(f"{REQUESTS}/<uuid:wish_id>", may=VIEWS, shows=WishShown, tagged=True)
def show_mandate_request(path: WishPath) -> WishShown:
    """What the firm has asked for at one address, and what became of it."""
    return _wish(mandate_request.one(open_work(), path.company_id, path.wish_id))


@room.delete(f"{REQUESTS}/<uuid:wish_id>", may=ASKS, present=show_mandate_request)
def withdraw_mandate_request(path: WishPath) -> None:
    """Take a request back, wherever it has arrived."""
    mandate_request.withdraw(open_work(), path.company_id, path.wish_id)


def _acted(path: ReceivedPath, act: Any) -> MandateShown:
    work = open_work()
    done(work, mandate_view.for_firm(work, path.company_id, path.received_id), act)
    return mandate_shown(mandate_view.for_firm(work, path.company_id, path.received_id))


def _wish(found: Asked) -> WishShown:
    return WishShown.model_validate(found)
