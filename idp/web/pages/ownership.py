"""Who owns a company, and handing that over: offered by the owner, accepted by the person it is offered to."""

from contextlib import suppress
from typing import Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.companies import ownership, takeover
from idp.companies.company_settings import VIEWS_PROFILE
from idp.core.errors import Conflict, Expired, InvalidInput, NotPermitted
from idp.web import csrf, forms, paging
from idp.web.pages.company_area import enter
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import day

blueprint = Blueprint("pages_ownership", __name__)
csrf.guard(blueprint)

HERE = "/companies/<uuid:company_id>/ownership"
LONGEST_SEARCH = 100
CANDIDATES = "future owners"


class OfferForm(forms.Form):
    person: UUID
    afterwards: Literal["administrator", "leave"]


class AnswerForm(forms.Form):
    answer: Literal["accept", "decline"]


@blueprint.get(HERE)
def see(company_id: UUID) -> ResponseReturnValue:
    """The owner, and an offer that waits. Whom it is made to may see it too."""
    return show({}, company_id)


def show(problems: dict[str, str], company_id: UUID, status: int = 200) -> Response:
    area = enter(company_id, VIEWS_PROFILE)
    found = ownership.open_offer(area.work, company_id)
    mine = found is not None and found.account_id == area.current.account_id
    if not mine and not area.may(ownership.VIEWS):
        if not ownership.was_offered(area.work, company_id, area.current.account_id):
            raise NotPermitted(permission=ownership.VIEWS)
        return area.page(
            "errors/page.html",
            410,
            title=gettext("This offer does not stand any more"),
            explanation=gettext("It was answered or withdrawn, or it has expired. The owner can make it again."),
            ways=[{"label": gettext("See the company"), "url": area.path()}],
            reference=None,
        )
    return area.page(
        "ownership/see.html",
        status,
        problems=problems,
        owner=takeover.find_owner(area.work, company_id),
        owns=area.may(ownership.TRANSFERS),
        offer=None if found is None else {
            "name": found.name, "email": found.address, "by": found.by, "leaves": found.afterwards == "leave",
            "until": day(found.expires_at), "mine": mine,
        },
        offer_url=area.path("ownership", "offer"),
        withdraw_url=area.path("ownership", "withdraw"),
        answer_url=area.path("ownership", "answer"),
        close_url=area.path("close"),
        closes=day(area.company.closes_at) if area.company.closes_at else "",
    )  # fmt: skip


@blueprint.get(f"{HERE}/offer")
def choose(company_id: UUID) -> ResponseReturnValue:
    """To whom the company goes. Query: `q`, a part of a name or an address; `after`, `before`."""
    return show_choice({}, company_id)


def show_choice(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, ownership.TRANSFERS, step_up=True, back=_page(company_id))
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    place = paging.asked(area.work, CANDIDATES)
    found = ownership.candidates(area.work, company_id, search, after=place.after, before=place.before)
    return area.page(
        "ownership/offer.html",
        problems=problems,
        search=search,
        people=[{"value": str(each.account_id), "name": each.name, "email": each.address} for each in found.rows],
        pages=paging.around(area.work, CANDIDATES, found),
        back_url=area.path("ownership"),
    )


@blueprint.post(f"{HERE}/offer")
@csrf.again(show_choice)
def offer(company_id: UUID) -> ResponseReturnValue:
    """Offer it; nothing changes before the other person accepts."""
    area = enter(company_id, ownership.TRANSFERS, write=True, step_up=True, back=_page(company_id))
    form, problems = forms.read(OfferForm, request.form)
    if form is None:
        if "person" in problems:
            problems["person"] = gettext("Choose the person who is to be the account owner.")
        return show_choice(problems, company_id)
    try:
        ownership.offer(area.work, company_id, form.person, afterwards=form.afterwards)
    except InvalidInput:
        return show_choice(
            {"person": gettext("This person cannot be the account owner now. Choose another one.")}, company_id
        )
    return see_other(area.path("ownership"))


@blueprint.post(f"{HERE}/withdraw")
def withdraw(company_id: UUID) -> ResponseReturnValue:
    """Take the offer back."""
    area = enter(company_id, ownership.TRANSFERS, write=True, step_up=True, back=f"/companies/{company_id}/ownership")
    with suppress(Expired):  # answered meanwhile: the page says what became of it
        ownership.withdraw(area.work, company_id)
    return see_other(area.path("ownership"))


@blueprint.post(f"{HERE}/answer")
def answer(company_id: UUID) -> ResponseReturnValue:
    """Accept or decline; to accept, a second factor was proved minutes ago."""
    area = enter(company_id, VIEWS_PROFILE, write=True)
    form, problems = forms.read(AnswerForm, request.form)
    if form is None:
        return show(problems, company_id, 422)
    try:
        if form.answer == "decline":
            ownership.decline(area.work, company_id)
            return see_other(area.path())
        fresh(page=area.path("ownership"))
        ownership.accept(area.work, company_id)
    except (Expired, Conflict):
        area.work.session.rollback()
        return show({"form": gettext("This offer does not stand any more. Nothing was changed.")}, company_id, 409)
    return see_other(area.path("ownership"))


def _page(company_id: UUID) -> str:
    """Where to come back to once a code was proved."""
    return f"/companies/{company_id}/ownership/offer"
