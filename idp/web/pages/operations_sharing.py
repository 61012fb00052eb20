"""A case of sharing at the desk of the staff: its signs and dates, and the decision, with its reason (J12)."""

from typing import Annotated
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import sharing
from idp.companies import sharing_case, support_case, support_desk, support_kind
from idp.companies.errors import CaseState
from idp.companies.support_desk import CaseSeen
from idp.core.errors import InvalidInput, NotFound
from idp.policy import label_for
from idp.web import csrf, forms, locale
from idp.web.pages import duty
from idp.web.pages.continuing import see_other
from idp.web.render import day, page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_operations_sharing", __name__)
csrf.guard(blueprint)

DISMISS, CONFIRM = "dismiss", "confirm"


class DecisionForm(forms.Form):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=support_case.TEXT_MAX)]


@blueprint.get("/operations/cases/<uuid:case_id>/dismiss")
def ask_dismiss(case_id: UUID) -> ResponseReturnValue:
    """What dismissing will do."""
    return show({}, case_id, DISMISS)


@blueprint.post("/operations/cases/<uuid:case_id>/dismiss")
@csrf.again(lambda problems, case_id: show(problems, case_id, DISMISS))
def dismiss(case_id: UUID) -> ResponseReturnValue:
    """A false alarm: mute the signs."""
    return _decide(case_id, DISMISS)


@blueprint.get("/operations/cases/<uuid:case_id>/confirm")
def ask_confirm(case_id: UUID) -> ResponseReturnValue:
    """What confirming will do."""
    return show({}, case_id, CONFIRM)


@blueprint.post("/operations/cases/<uuid:case_id>/confirm")
@csrf.again(lambda problems, case_id: show(problems, case_id, CONFIRM))
def confirm(case_id: UUID) -> ResponseReturnValue:
    """The account is shared: write to the person once more."""
    return _decide(case_id, CONFIRM)


def show(problems: dict[str, str], case_id: UUID, decision: str) -> Response:
    current = duty.on_duty(sharing_case.VIEW, sure=True)
    work = open_work()
    case = support_desk.case(work, case_id)
    if case.kind != sharing_case.KIND:
        raise NotFound(kind="case")
    support_kind.require(work, case.kind, case.account_id)
    titles = {DISMISS: gettext("Dismiss these signs?"), CONFIRM: gettext("Is this account shared?")}
    return page(
        "operations/decide.html",
        problems=problems,
        account=person(current),
        case=case,
        title=titles[decision],
        decision=decision,
        signs=signs(case),
        days=work.policies.account.file.sharing_response.mute_after_dismissal_days,
        back_url=_address(case_id),
    )


def signs(case: CaseSeen) -> list[list[str]]:
    """The signs that count against the account of an open case of sharing, as rows of texts; none of another case."""
    if case.kind != sharing_case.KIND or case.closed_at is not None:
        return []
    return [
        [label_for(sign.label, locale.current()), day(sign.first_seen_at), day(sign.seen_at), str(sign.weight)]
        for sign in sharing_case.signs(open_work(), case.account_id)
    ]


def facts(case: CaseSeen) -> list[tuple[str, str]]:
    """When the person was told, and what they said; nothing for another case."""
    told = sharing_case.told(open_work(), case.account_id) if case.kind == sharing_case.KIND else None
    if told is None:
        return []
    answers = {
        sharing.ME: gettext("It was me"),
        sharing.NOT_ME: gettext("It was not me"),
        sharing.SHARED: gettext("We share this account"),
    }
    said = answers.get(told.answer or "", gettext("no answer yet"))
    return [(gettext("Person told"), day(told.told_at)), (gettext("Answer"), said)]


def _decide(case_id: UUID, decision: str) -> ResponseReturnValue:
    open_work(write=True)
    duty.on_duty(sharing_case.VIEW, sure=True)
    form, problems = forms.read(DecisionForm, request.form)
    if form is None:
        return show(problems, case_id, decision)
    command = sharing_case.dismiss if decision == DISMISS else sharing_case.confirm
    try:
        command(open_work(), case_id, form.reason)
    except InvalidInput:
        return show({"reason": forms.wanted("reason")}, case_id, decision)
    except CaseState:
        pass  # somebody was faster; the page of the case says how it ended
    return see_other(_address(case_id))


def _address(case_id: UUID) -> str:
    return f"/operations/cases/{case_id}"
