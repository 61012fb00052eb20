"""One account, one person (J12): what was noticed, the holder's answer, and the way to a user for a colleague.

The page shows places and times to the holder alone. Administrators read who asks for a colleague, and for whom of
their people there is a case; never why.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import email_address
from idp.authn import sharing
from idp.authn.sharing import Sign, Told
from idp.authn.sharing_signs import (
    CODE_ASKED_ELSEWHERE,
    DISTANT_PLACES,
    GENERIC_ADDRESS,
    MANY_DEVICES,
    PARALLEL_SESSIONS,
)
from idp.companies import colleague_request, relation, sharing_case
from idp.companies.colleague_request import Place
from idp.core import texts
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.policy import label_for
from idp.web import cookies, csrf, forms, locale, paging
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import day, moment, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_sharing", __name__)
csrf.guard(blueprint)

PATH = sharing.PAGE
COLLEAGUE = f"{PATH}/colleague"
REQUESTS = colleague_request.PAGE
ASKED, SHARED, MINE = "requests of colleagues", "accounts that may be shared", "own requests for a colleague"


class AnswerForm(forms.Form):
    answer: Annotated[str, StringConstraints(pattern="^(me|not_me|shared)$")]


class ColleagueForm(forms.Form):
    company: str = ""
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=colleague_request.NAME_MAX)]
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]

    says = {"email": forms.EMAIL_PROBLEM}


class OutcomeForm(forms.Form):
    outcome: Annotated[str, StringConstraints(pattern="^(accepted|declined)$")]


@blueprint.get(PATH)
def notice() -> ResponseReturnValue:
    """What was noticed, what it leads to, and the three answers. Query: `after`, `before`, of the open requests."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    now, told = sharing.standing(work, current.account_id), sharing.told(work, current.account_id)
    noticed, place = told is not None and now.notice, paging.asked(work, MINE)
    mine = colleague_request.of_person(work, current.account_id, after=place.after, before=place.before)
    return page(
        "sharing/notice.html",
        problems=problems,
        account=person(current),
        signs=[_described(work, current.account_id, sign) for sign in now.signs] if noticed else [],
        strict=now.code_each_time,
        answer=told.answer if told else None,
        answered=day(told.answered_at) if told and told.answered_at else "",
        muted_until=_muted_until(work, told),
        requests=mine.rows,
        request_pages=paging.around(
            work, MINE, mine, section="asked", label=gettext("Your administrator has your request")
        ),
        administers=any(place.administers for place in colleague_request.places(work, current.account_id)),
    )


@blueprint.post(PATH)
@csrf.again(show)
def answer() -> ResponseReturnValue:
    """The answer. "It was me" takes a fresh code: it lets trusted browsers count again."""
    open_work(write=True)
    current = signed_in()
    work = open_work()
    form, problems = forms.read(AnswerForm, request.form)
    if form is None:
        return show(problems)
    if form.answer == sharing.SHARED:
        sharing.is_shared(work, current.account_id)
        return see_other(COLLEAGUE)
    if form.answer == sharing.NOT_ME:
        sharing.was_not_me(work, current.account_id)
        secured = page("sharing/secured.html", form={})
        cookies.drop(secured, cookies.SESSION)
        csrf.renew()
        return secured
    fresh(page=PATH)
    sharing_case.explained(work, current.account_id)
    return see_other(PATH)


@blueprint.get(COLLEAGUE)
def colleague() -> ResponseReturnValue:
    """Why everybody needs a user of their own, and the form that asks the administrators for one."""
    return ask_again({})


def ask_again(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    found = colleague_request.places(work, current.account_id)
    return page(
        "sharing/colleague.html",
        problems=problems,
        account=person(current),
        companies=[{"value": str(place.id), "label": place.name} for place in found if not place.administers],
        administered=[place.name for place in found if place.administers],
    )


@blueprint.post(COLLEAGUE)
@csrf.again(ask_again)
def ask() -> ResponseReturnValue:
    """Ask the administrators of the company."""
    open_work(write=True)
    current = signed_in()
    work = open_work()
    form, problems = forms.read(ColleagueForm, request.form)
    if form is None:
        return ask_again(problems)
    chosen = _chosen(form.company, colleague_request.places(work, current.account_id))
    if chosen is None:
        return ask_again({"company": gettext("Choose the company in which your colleague works.")})
    try:
        colleague_request.ask(work, chosen, name=form.name, address=form.email)
    except InvalidInput as error:
        field = str(error.members["field"])
        own = error.members.get("reason") == "own_address"
        said = gettext("This is your own address. Your colleague needs one of their own.")
        return ask_again({field: said if own else forms.email_problem(error.members.get("reason"))})
    except Conflict:
        return ask_again({"form": gettext("Your administrators have not answered your other requests yet.")})
    return see_other(PATH)


@blueprint.get(REQUESTS)
def requests() -> ResponseReturnValue:
    """For administrators: who asks for a colleague in their companies, and for whom there is a case of sharing. Query:
    `after`, `before`."""
    current = signed_in()
    work = open_work()
    place, place_shared = paging.asked(work, ASKED), paging.asked(work, SHARED)
    asked = colleague_request.of_companies(work, current.account_id, after=place.after, before=place.before)
    shared = sharing_case.of_companies(
        work, current.account_id, after=place_shared.after, before=place_shared.before
    )  # fmt: skip
    return page(
        "sharing/requests.html",
        account=person(current),
        requests=[
            {"id": each.id, "name": each.name, "address": each.address, "by": each.by, "company": each.company,
             "asked": moment(each.created_at),
             "invite_url": f"/companies/{each.company_id}/invitations/new?request={each.id}"}
            for each in asked.rows
        ],
        request_pages=paging.around(
            work, ASKED, asked, section="requests", label=gettext("Requests from your colleagues")
        ),
        cases=[{"name": each.name, "company": each.company, "since": day(each.since)} for each in shared.rows],
        case_pages=paging.around(
            work, SHARED, shared, section="shared", label=gettext("Accounts that may be shared")
        ),
    )  # fmt: skip


@blueprint.post(f"{REQUESTS}/<uuid:request_id>")
def settle(request_id: UUID) -> ResponseReturnValue:
    """Settle one: the colleague was invited, or will not be."""
    open_work(write=True)
    signed_in()
    form, _ = forms.read(OutcomeForm, request.form)
    if form is not None:
        with suppress(NotFound):  # settled by another administrator meanwhile, or none of this person's business
            colleague_request.close(open_work(), request_id, form.outcome)
    return see_other(REQUESTS)


def _chosen(typed: str, found: list[Place]) -> UUID | None:
    """The company that was chosen; the only one there is needs no choice."""
    asked = [place.id for place in found if not place.administers]
    if not typed and len(asked) == 1:
        return asked[0]
    return next((key for key in asked if str(key) == typed), None)


def _muted_until(work: Work, told: Told | None) -> str:
    if told is None or told.answer != sharing.ME or told.answered_at is None:
        return ""
    days = work.policies.account.file.sharing_response.mute_after_dismissal_days
    return day(told.answered_at + timedelta(days=days))


def _described(work: Work, account_id: UUID, sign: Sign) -> dict[str, Any]:
    """A sign in words: what it is called, and what was seen."""
    return {
        "label": label_for(sign.label, locale.current()),
        "details": _details(work, account_id, sign),
        "seen": moment(sign.seen_at),
    }


def _details(work: Work, account_id: UUID, sign: Sign) -> list[str]:
    shown = sign.evidence
    times = [_time(each) for each in shown.get("times", ())]
    if sign.signal == DISTANT_PLACES:
        pairs = zip(shown["places"], times, strict=True)
        return [gettext("%(place)s, %(when)s", place=place, when=when) for place, when in pairs]
    if sign.signal == MANY_DEVICES:
        devices = ngettext("%(num)s device", "%(num)s devices", shown["devices"])
        return [gettext("%(devices)s in %(days)s days", devices=devices, days=shown["days"])]
    if sign.signal == PARALLEL_SESSIONS:
        return relation.names(work, [UUID(key) for key in shown["companies"]])
    if sign.signal == CODE_ASKED_ELSEWHERE:
        return [
            gettext("While one device waited for a code, another one signed in: %(when)s", when=each) for each in times
        ]
    if sign.signal == GENERIC_ADDRESS:
        return [email_address.primary_address(work, account_id).address]
    return []


def _time(iso: str) -> str:
    return texts.write_moment(datetime.fromisoformat(iso), locale.current())
