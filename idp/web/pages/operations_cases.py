"""Cases at the desk of the staff (SC33): the list, one case, and the acts on it, each with its own page."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn.session import Current
from idp.companies import (
    access,
    sharing_case,
    support_acts,
    support_case,
    support_desk,
    support_kind,
    support_state,
)
from idp.companies.errors import CaseState
from idp.companies.support_desk import CaseSeen
from idp.core import texts
from idp.core.errors import InvalidInput, NotPermitted
from idp.web import csrf, forms, locale, paging
from idp.web.pages import duty, operations_sharing
from idp.web.pages.continuing import address, see_other
from idp.web.pages.operations import sends_guide, whose
from idp.web.render import page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_operations_cases", __name__)
csrf.guard(blueprint)

STATES = ("open", "requested", "notice_sent", "review", "waiting_approval", "waiting_time", "ready", "done", "closed")
_PURPOSE = "support cases"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=support_case.TEXT_MAX)]


class TakeUpForm(forms.Form):
    reason: Text
    identity_check: Text


class CloseForm(forms.Form):
    reason: Text


class Nothing(forms.Form):
    """A form that is a button."""


@blueprint.get("/operations/cases")
def list_cases() -> ResponseReturnValue:
    """Cases, the latest first. Query: `state`, `after`, `before`."""
    current = duty.on_duty()
    work = open_work()
    state = request.args.get("state", "open")
    state = state if state in STATES else "open"
    place = paging.asked(work, _PURPOSE)
    found = support_desk.cases(work, state=state, after=place.after, before=place.before)
    return page(
        "operations/cases.html",
        account=person(current),
        states=[{"name": duty.state_name(each), "url": _state_url(each), "current": each == state} for each in STATES],
        cases=[_row(case) for case in found.rows],
        total=found.total,
        pages=paging.around(work, _PURPOSE, found),
    )


@blueprint.get("/operations/cases/<uuid:case_id>")
def show_case(case_id: UUID) -> ResponseReturnValue:
    """One case."""
    return show({}, case_id)


def show(problems: dict[str, str], case_id: UUID, status: int = 200) -> Response:
    current = duty.on_duty()
    case = support_desk.case(open_work(), case_id)
    able, why_not = _may_work(case)
    mine = case.opened_by_id == current.account_id
    return page(
        "operations/case.html",
        status,
        problems=problems,
        account=person(current),
        case=case,
        title=duty.kind_name(case.kind),
        facts=_facts(current, case),
        acts=[{**act, "url": f"/operations/cases/{case.id}/{act['act']}"} for act in _acts(case, mine)] if able else [],
        mine=mine and case.state == "waiting_approval",
        why_not=why_not,
        signs=operations_sharing.signs(case),
        look_up=support_desk.VIEW in _held(current),
        guide=sends_guide(case.account_id),
        form={"email": case.address},
    )


@blueprint.get("/operations/cases/<uuid:case_id>/take-up")
def ask_take_up(case_id: UUID) -> ResponseReturnValue:
    """The form that takes up a request of the person."""
    return show_act({}, case_id, "take-up")


@blueprint.post("/operations/cases/<uuid:case_id>/take-up")
@csrf.again(lambda problems, case_id: show_act(problems, case_id, "take-up"))
def take_up(case_id: UUID) -> ResponseReturnValue:
    """Take it up: the first two of the four eyes."""
    open_work(write=True)
    duty.on_duty(sure=True)
    form, problems = forms.read(TakeUpForm, request.form)
    if form is None:
        return show_act(problems, case_id, "take-up")
    try:
        support_case.take_up(open_work(), case_id, reason=form.reason, identity_check=form.identity_check)
    except InvalidInput as error:
        return show_act(_problem(error), case_id, "take-up")
    except CaseState:
        return _too_late(case_id)
    return see_other(f"/operations/cases/{case_id}")


@blueprint.get("/operations/cases/<uuid:case_id>/approve")
def ask_approve(case_id: UUID) -> ResponseReturnValue:
    """What approving will do, before it is done."""
    return show_act({}, case_id, "approve")


@blueprint.post("/operations/cases/<uuid:case_id>/approve")
@csrf.again(lambda problems, case_id: show_act(problems, case_id, "approve"))
def approve(case_id: UUID) -> ResponseReturnValue:
    """Approve what somebody else has opened, after a code of one's own."""
    open_work(write=True)
    duty.on_duty(sure=True)
    form, problems = forms.read(Nothing, request.form)
    if form is None:
        return show_act(problems, case_id, "approve")
    try:
        support_case.approve(open_work(), case_id)
    except CaseState:
        return _too_late(case_id)
    return see_other(f"/operations/cases/{case_id}")


@blueprint.get("/operations/cases/<uuid:case_id>/close")
def ask_close(case_id: UUID) -> ResponseReturnValue:
    """The form that ends a case."""
    return show_act({}, case_id, "close")


@blueprint.post("/operations/cases/<uuid:case_id>/close")
@csrf.again(lambda problems, case_id: show_act(problems, case_id, "close"))
def close(case_id: UUID) -> ResponseReturnValue:
    """End it without carrying it out."""
    open_work(write=True)
    duty.on_duty(sure=True)
    form, problems = forms.read(CloseForm, request.form)
    if form is None:
        return show_act(problems, case_id, "close")
    try:
        support_case.close(open_work(), case_id, form.reason)
    except InvalidInput as error:
        return show_act(_problem(error), case_id, "close")
    except CaseState:
        return _too_late(case_id)
    return see_other(f"/operations/cases/{case_id}")


@blueprint.get("/operations/cases/<uuid:case_id>/send-again")
def ask_send_again(case_id: UUID) -> ResponseReturnValue:
    """What sending again will do."""
    return show_act({}, case_id, "send-again")


@blueprint.post("/operations/cases/<uuid:case_id>/send-again")
@csrf.again(lambda problems, case_id: show_act(problems, case_id, "send-again"))
def send_again(case_id: UUID) -> ResponseReturnValue:
    """Send the link once more."""
    open_work(write=True)
    duty.on_duty(sure=True)
    form, problems = forms.read(Nothing, request.form)
    if form is None:
        return show_act(problems, case_id, "send-again")
    try:
        support_acts.send_again(open_work(), case_id)
    except CaseState:
        return _too_late(case_id)
    return see_other(f"/operations/cases/{case_id}")


def show_act(problems: dict[str, str], case_id: UUID, act: str) -> Response:
    """The page of an act: what it will do, to whom and from when, and the button that does it."""
    current = duty.on_duty(sure=True)
    work = open_work()
    case = support_desk.case(work, case_id)
    able, _ = _may_work(case)
    if not able:
        raise NotPermitted(permission=support_kind.named(case.kind).permission)
    offered = [each["act"] for each in _acts(case, case.opened_by_id == current.account_id)]
    if act not in offered and not problems:
        return show({}, case_id)
    early = support_kind.named(case.kind).shortened and case.confirmed_at is not None
    rules = work.policies.account
    wait = rules.support_reset_wait_confirmed if early else rules.support_reset_wait
    return page(
        f"operations/{act.replace('-', '_')}.html",
        problems=problems,
        account=person(current),
        case=case,
        title=duty.kind_name(case.kind),
        facts=_facts(current, case),
        hours=int(wait.total_seconds() // 3600) if support_kind.named(case.kind).waits else 0,
        confirmed=case.confirmed_at is not None,
        back_url=f"/operations/cases/{case.id}",
    )


def _acts(case: CaseSeen, mine: bool) -> list[dict[str, str]]:
    """What can be done about a case now, the main act first."""
    may = support_state.MAY
    acts = []
    if case.state in may["take_up"]:
        acts.append({"act": "take-up", "label": gettext("Take it up")})
    if case.state in may["approve"] and not mine:
        acts.append({"act": "approve", "label": gettext("Approve")})
    if case.state in may["send_again"]:
        acts.append({"act": "send-again", "label": gettext("Send the link again")})
    if case.kind == sharing_case.KIND and case.state in may["close"]:
        acts.append({"act": "dismiss", "label": gettext("Dismiss: a false alarm")})
        acts.append({"act": "confirm", "label": gettext("Confirm: the account is shared")})
    elif case.state in may["close"]:
        acts.append({"act": "close", "label": gettext("Close the case")})
    return acts


def _may_work(case: CaseSeen) -> tuple[bool, str]:
    """Whether the actor may work on the case, or why not."""
    try:
        support_kind.require(open_work(), case.kind, case.account_id)
    except NotPermitted as error:
        words = {
            "not_on_yourself": gettext("This case is about your own account: others decide about it."),
            "more_rights": gettext("The person has rights in running the service that you do not have."),
        }
        return False, words.get(error.code, gettext("You may read this case, but not work on it."))
    return True, ""


def _held(current: Current) -> frozenset[str]:
    return access.staff_permissions(open_work(), current.account_id)


def _facts(current: Current, case: CaseSeen) -> list[tuple[str, str]]:
    new = str(case.details.get("address", ""))
    return [
        (gettext("Case"), case.reference),
        (gettext("Person"), f"{case.name} – {case.address}" if case.address else case.name),
        (gettext("State"), duty.state_name(case.state)),
        (gettext("New address"), new),
        (gettext("Reason"), duty.reason(case.reason)),
        (gettext("Identity checked"), duty.reason(case.identity_check)),
        *operations_sharing.facts(case),
        (gettext("Opened by"), whose(current, case)),
        (gettext("Opened"), _moment(case.created_at)),
        (gettext("Confirmed from the mailbox"), _moment(case.confirmed_at)),
        (gettext("Approved by"), case.approved_by),
        (gettext("Approved"), _moment(case.approved_at)),
        (gettext("Takes effect"), _moment(case.due_at) if case.state != "closed" else ""),
        (gettext("Link sent"), _moment(case.ready_at)),
        (gettext("Closed"), _moment(case.closed_at)),
        (gettext("Because"), duty.reason(case.close_reason)),
    ]


def _row(case: CaseSeen) -> dict[str, Any]:
    name = f"{case.name} – {duty.kind_name(case.kind)}"
    more = [duty.state_name(case.state), _moment(case.created_at), case.reference]
    if case.repeated:
        more.append(gettext("again within a month"))
    if case.confirmed_at and case.state in support_state.OPEN:
        more.append(gettext("confirmed from the mailbox"))
    return {"name": name, "url": f"/operations/cases/{case.id}", "detail": " · ".join(more)}


def _state_url(state: str) -> str:
    return address("/operations/cases", "/", state="" if state == "open" else state)


def _problem(error: InvalidInput) -> dict[str, str]:
    field = str(error.members.get("field", "form"))
    return {field: forms.wanted(field)}


def _too_late(case_id: UUID) -> Response:
    problem = gettext("Somebody was faster: the case is at another point now. Nothing was done.")
    return show({"form": problem}, case_id, 409)


def _moment(moment: datetime | None) -> str:
    return texts.write_moment(moment, locale.current()) if moment else ""
