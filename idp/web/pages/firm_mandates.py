"""A firm's side of its mandates: invitations that wait, asking a client for access and taking that back, answering."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import client_list, mandate, mandate_list, mandate_request, mandate_view
from idp.companies.errors import MandateAsked
from idp.companies.mandate_request import Asked
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, Throttled
from idp.policy import label_for
from idp.web import csrf, forms, locale, mandate_fields, mandate_words, paging
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day

blueprint = Blueprint("pages_firm_mandates", __name__)
csrf.guard(blueprint)

SEES, ASKS, ACCEPTS, ENDS = (f"practice.mandates.{each}" for each in ("view", "request", "accept", "end"))
PATH = "/companies/<uuid:company_id>/mandates"
ONE = f"{PATH}/<uuid:received_id>"
WAITING, ASKED = "invitations of clients", "requests of a firm"
SEARCH_FROM = 8  # fewer addresses are found faster by looking
LONGEST = 100


class AskForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    preset: str

    says = {"email": forms.EMAIL_PROBLEM}


@blueprint.get(PATH)
def mandates(company_id: UUID) -> ResponseReturnValue:
    """Invitations of clients that wait for an answer, and what the firm has asked for. Query: `done`; `q` a part of an
    address; `after` and `before`, of the list that they were made for."""
    area = enter(company_id, SEES)
    work, search = area.work, request.args.get("q", "").strip()[:LONGEST]
    place, place_asked = paging.asked(work, WAITING), paging.asked(work, ASKED)
    waiting = mandate_list.waiting_for_firm(work, company_id, after=place.after, before=place.before)
    asked = mandate_request.of_firm(
        work, company_id, search=search, after=place_asked.after, before=place_asked.before
    )  # fmt: skip
    return area.page(
        "mandate/firm.html",
        waiting=[mandate_words.shown(work.policies, each, to_firm=True) for each in waiting.rows],
        waiting_pages=paging.around(work, WAITING, waiting, section="waiting", label=gettext("Invitations")),
        asked=[_asked(area, each) for each in asked.rows],
        asked_pages=paging.around(work, ASKED, asked, section="asked", label=gettext("What you have asked for")),
        search=search if search or asked.total >= SEARCH_FROM else None,
        found=asked.total,
        may_ask=area.may(ASKS),
        done=_done(request.args.get("done", "")),
    )


@blueprint.get(f"{PATH}/ask")
def open_request(company_id: UUID) -> ResponseReturnValue:
    """The form that asks a client for access."""
    return show_request({}, company_id)


def show_request(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, ASKS)
    policies = area.work.policies
    presets = mandate_fields.choices(policies, policies.presets.values())
    return area.page("mandate/ask.html", problems=problems, presets=presets)


@blueprint.post(f"{PATH}/ask")
@csrf.again(show_request)
def ask(company_id: UUID) -> ResponseReturnValue:
    """Send the request; what is answered does not depend on who is found at the address."""
    area = enter(company_id, ASKS, write=True)
    form, problems = forms.read(AskForm, request.form)
    if form is None:
        return show_request(problems, company_id)
    try:
        mandate_request.ask(area.work, company_id, address=form.email, preset=form.preset)
    except (MandateAsked, InvalidInput, Throttled) as error:
        return show_request(_problem(error), company_id)
    return see_other(f"{area.path('mandates')}?done=asked")


@blueprint.get(f"{PATH}/requests/<uuid:sent_id>")
def sent(company_id: UUID, sent_id: UUID) -> ResponseReturnValue:
    """What the firm has asked for at an address."""
    return show_sent({}, company_id, sent_id)


def show_sent(problems: dict[str, str], company_id: UUID, sent_id: UUID) -> Response:
    area = enter(company_id, ASKS)
    asked = _sent(area, sent_id)
    shown = _asked(area, asked)
    return area.page(
        "mandate/sent.html", problems=problems, asked=shown, waits=asked.outcome is None, back=area.path("mandates")
    )


@blueprint.post(f"{PATH}/requests/<uuid:sent_id>")
@csrf.again(show_sent)
def withdraw(company_id: UUID, sent_id: UUID) -> ResponseReturnValue:
    """Take a request back, wherever it has arrived."""
    area = enter(company_id, ASKS, write=True)
    _sent(area, sent_id)
    try:
        mandate_request.withdraw(area.work, company_id, sent_id)
    except (Conflict, NotFound):
        area.work.session.rollback()
        return show_sent({"form": gettext("This has been answered or ended meanwhile.")}, company_id, sent_id)
    return see_other(f"{area.path('mandates')}?done=withdrawn")


@blueprint.get(ONE)
def mandate_page(company_id: UUID, received_id: UUID) -> ResponseReturnValue:
    """One mandate: what the client opens until when, and what the firm can do about it. Query: `done`."""
    return show({}, company_id, received_id)


def show(problems: dict[str, str], company_id: UUID, received_id: UUID) -> Response:
    area = enter(company_id, SEES)
    seen = mandate_view.for_firm(area.work, company_id, received_id)
    live, client = seen.state in ("active", "suspended"), area.path("clients", seen.company_id)
    answers = seen.state == "invited" and area.may(ACCEPTS)
    return area.page(
        "mandate/one.html",
        problems=problems,
        side="firm",
        mandate=mandate_words.shown(area.work.policies, seen, to_firm=True),
        people=[],
        search=None,
        found=0,
        pages=None,
        base=area.path("mandates", received_id),
        back=area.path("mandates"),
        answer_url=None,
        accepts=answers,
        refuses=answers,
        withdraws=False,
        keeps=False,
        change_url=None,
        hand_over_url=None,
        end_url=f"{client}/end" if live and area.may(ENDS) else None,
        client_url=client if live and area.may(client_list.VIEWS_ALL) else None,
        done=_done(request.args.get("done", "")),
    )


@blueprint.post(f"{ONE}/confirm")
@csrf.again(show)
def accept(company_id: UUID, received_id: UUID) -> ResponseReturnValue:
    """Accept a client's invitation."""
    return _act(enter(company_id, ACCEPTS, write=True), received_id, mandate.confirm, "accepted")


@blueprint.post(f"{ONE}/refuse")
@csrf.again(show)
def refuse(company_id: UUID, received_id: UUID) -> ResponseReturnValue:
    """Decline a client's invitation."""
    return _act(enter(company_id, ACCEPTS, write=True), received_id, mandate.refuse, "refused")


def _act(area: Area, mandate_id: UUID, act: Any, done: str) -> Response:
    mandate_view.for_firm(area.work, area.company_id, mandate_id)
    try:
        act(area.work, mandate_id)
    except (Conflict, Expired, NotFound):  # it is seen, but not for this side to do
        return show({"form": gettext("This has been answered or ended meanwhile.")}, area.company_id, mandate_id)
    return see_other(f"{area.path('mandates', mandate_id)}?done={done}")


def _sent(area: Area, sent_id: UUID) -> Asked:
    found = mandate_request.find(area.work, area.company_id, sent_id)
    if found is None:
        raise NotFound(kind="mandate_request")
    return found


def _done(what: str) -> str:
    said = {
        "asked": gettext("The request is sent. Whoever runs a company at this address can say yes."),
        "withdrawn": gettext("The request is cancelled."),
        "accepted": gettext("You work for this client now. Choose the colleagues who do."),
        "refused": gettext("The invitation is declined. The client was told."),
    }
    return str(said.get(what, ""))


def _asked(area: Area, asked: Asked) -> dict[str, str | None]:
    words = {
        None: gettext("waiting for an answer"),
        "confirmed": gettext("accepted"),
        "refused": gettext("declined"),
        "withdrawn": gettext("taken back"),
    }
    preset = area.work.policies.presets.get(asked.preset)
    return {
        "url": area.path("mandates", "requests", asked.id) if area.may(ASKS) else None,
        "address": asked.address,
        "preset": label_for(preset.label, locale.current()) if preset else asked.preset,
        "by": asked.by,
        "asked": day(asked.created_at),
        "state": words.get(asked.outcome, gettext("Not answered in time")),
    }


def _problem(error: Exception) -> dict[str, str]:
    if isinstance(error, MandateAsked):
        return {"email": gettext("You have asked at this address already; it waits for an answer.")}
    if isinstance(error, Throttled):
        return {"email": gettext("Your firm has asked very often. Please try again in an hour.")}
    if isinstance(error, InvalidInput) and error.members.get("field") == "preset":
        return {"preset": gettext("This cannot be used as it is written. Please check it.")}
    reason = error.members.get("reason") if isinstance(error, InvalidInput) else None
    return {"email": forms.email_problem(reason)}
