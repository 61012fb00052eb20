"""Everything is lost: asking for a new start; the page by which a contact stops a case, or the person confirms it."""

from datetime import datetime
from typing import Annotated

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import email_address
from idp.authn import recovery_request
from idp.companies import support_case, support_notice
from idp.companies.models import SupportCase
from idp.core import texts
from idp.core.errors import Expired, InvalidInput, NotFound
from idp.web import csrf, forms, locale
from idp.web.pages.continuing import asked, sign_in_address
from idp.web.render import page
from idp.web.work import open_work

blueprint = Blueprint("pages_recovery", __name__)
csrf.guard(blueprint)

LONGEST = 100  # characters of a token; more is none of ours


class RequestForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]

    says = {"email": forms.EMAIL_PROBLEM}


class Nothing(forms.Form):
    """A form that is a button."""


@blueprint.get("/recovery")
def ask_address() -> ResponseReturnValue:
    """The page for a person who has lost everything."""
    return show_request({})


def show_request(problems: dict[str, str]) -> Response:
    hours = open_work().policies.account.support_reset_wait.total_seconds() // 3600
    back_url = sign_in_address(asked())
    return page("recovery/request.html", problems=problems, hours=int(hours), back_url=back_url, reset_url="/reset")


@blueprint.post("/recovery")
@csrf.again(show_request)
def ask() -> ResponseReturnValue:
    """Take the request. The answer is the same for every address."""
    work = open_work(write=True)
    form, problems = forms.read(RequestForm, request.form)
    if form is None:
        return show_request(problems)
    try:
        email_address.canonical(form.email)
    except InvalidInput:
        return show_request({"email": str(forms.EMAIL_PROBLEM)})
    recovery_request.ask(work, form.email)
    return page("recovery/sent.html", email=form.email, back_url=sign_in_address(asked()), again_url="/recovery")


@blueprint.get("/recovery/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Where the link of a notice leads; opening it does nothing."""
    return show_case({}, token)


def show_case(problems: dict[str, str], token: str) -> Response:
    try:
        link, case = support_notice.found(open_work(), _token(token))
    except (Expired, NotFound) as error:
        return _over(error)
    return page(
        "recovery/case.html",
        problems=problems,
        said=said(case),
        asked_at=_moment(case.created_at),
        effective=_moment(case.due_at) if case.due_at and case.state == "waiting_time" else "",
        sent=case.state == "ready",
        stop_url=f"/recovery/{token}/stop",
        confirm_url=f"/recovery/{token}/confirm" if _may_confirm(link.may_confirm, case) else "",
        confirmed=case.confirmed_at is not None,
    )


@blueprint.post("/recovery/<token>/stop")
@csrf.again(show_case)
def stop(token: str) -> ResponseReturnValue:
    """Stop the case: one click, from any contact."""
    work = open_work(write=True)
    form, problems = forms.read(Nothing, request.form)
    if form is None:
        return show_case(problems, token)
    try:
        support_case.stop(work, _token(token))
    except (Expired, NotFound) as error:
        return _over(error)
    return page("recovery/stopped.html", sign_in_url="/sign-in", reset_url="/reset", form={})


@blueprint.post("/recovery/<token>/confirm")
@csrf.again(show_case)
def confirm(token: str) -> ResponseReturnValue:
    """Note that it was the person, who reads the mails of the sign-in address."""
    work = open_work(write=True)
    form, problems = forms.read(Nothing, request.form)
    if form is None:
        return show_case(problems, token)
    try:
        confirmed = support_case.confirm(work, _token(token))
    except (Expired, NotFound) as error:
        return _over(error)
    due = _moment(confirmed.due_at) if confirmed.due_at else ""
    return page("recovery/confirmed.html", effective=due, case_url=f"/recovery/{token}", form={})


def said(case: SupportCase) -> str:
    """What was asked for, as its mail says it."""
    if case.origin == "person":
        words = gettext(
            "Somebody told us that they can no longer use anything you sign in with, and asked for a new password "
            "and a new second factor."
        )
    elif case.kind == "reset-all":
        words = gettext("Support was asked to let you choose a new password and set up a new second factor.")
    elif case.kind == "change-email":
        address = email_address.masked(str(case.details["address"]))
        words = gettext("Support was asked to replace the address you sign in with by %(address)s.", address=address)
    elif case.kind == "erase":
        words = gettext("Support was asked to erase your account.")
    else:
        words = gettext("Support was asked to let you set up a new second factor, in the place of the one you have.")
    return str(words)


def _may_confirm(from_mailbox: bool, case: SupportCase) -> bool:
    return from_mailbox and case.confirmed_at is None and case.state != "ready"


def _token(token: str) -> str:
    if len(token) > LONGEST:
        raise NotFound(what="link")
    return token


def _moment(moment: datetime) -> str:
    return texts.write_moment(moment, locale.current())


def _over(error: Expired | NotFound) -> Response:
    used, state = error.members.get("reason") == "used", error.members.get("state")
    if isinstance(error, NotFound):
        title = gettext("We do not know this link")
        explanation = gettext("It may have been cut off by your mail program. Copy the whole address from the message.")
    elif state == "done":
        title = gettext("This request was carried out")
        explanation = gettext("If it was not you, contact support at once.")
    else:
        title = gettext("This link was already used") if used else gettext("This request is over")
        explanation = gettext("The request is stopped, and nothing was changed by it.")
    ways = [
        {"label": gettext("Sign in"), "url": "/sign-in"},
        {"label": gettext("Choose another password"), "url": "/reset"},
    ]
    return page(
        "errors/page.html",
        404 if isinstance(error, NotFound) else 410,
        title=title, explanation=explanation, ways=ways, reference=None, form={},
    )  # fmt: skip
