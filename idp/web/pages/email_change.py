"""The address one signs in with: to see it, to change it, to stop or undo a change (J7)."""

from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import email_address
from idp.accounts.models import EmailChange
from idp.authn import address_switch, email_change, one_time_code
from idp.authn.outcome import Outcome
from idp.authn.session import Current
from idp.companies import standing
from idp.core import texts
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.web import cookies, csrf, forms, locale
from idp.web.pages import contact_form, steps
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_email_change", __name__)
csrf.guard(blueprint)

LIST, CHANGE, CODE = "/account/email", "/account/email/change", "/account/email/code"
LONGEST = 100


class AddressForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=email_address.LONGEST)]
    email_again: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]

    says = {"email": forms.EMAIL_PROBLEM, "email_again": lazy_gettext("Write the new address a second time.")}


class CodeForm(forms.Form):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]

    says = {"code": lazy_gettext("Copy the six digits from the message.")}


@blueprint.get("/account/email")
def overview() -> ResponseReturnValue:
    """The address, and a change that is under way."""
    return show_overview({})


def show_overview(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    change = email_change.pending(work, current.account_id)
    fixed = email_change.fixed_until(work, current.account_id)
    return page(
        "account/email.html",
        problems=problems,
        account=person(current),
        email=person(current).email,
        pending=_pending(work, current, change) if change is not None else None,
        fixed_until=_moment(fixed) if fixed is not None else None,
        change_url=CHANGE,
        withdraw_url="/account/email/withdraw",
    )


@blueprint.get("/account/email/change")
def ask_address() -> ResponseReturnValue:
    """The form of the new address; the person has just given password and code."""
    return show_form({})


def show_form(problems: dict[str, str], status: int = 200) -> Response:
    current = fresh(password=True)
    work = open_work()
    fixed = email_change.fixed_until(work, current.account_id)
    if fixed is not None:
        return see_other(LIST)
    waits = standing.others_depend(work, current.account_id)
    return page(
        "account/email_change.html",
        status,
        problems=problems,
        account=person(current),
        email=person(current).email,
        wait_hours=_hours(work) if waits else None,
        undo_days=work.policies.account.email_change_undo_lifetime.days,
        back_url=LIST,
    )


@blueprint.post("/account/email/change")
@csrf.again(show_form)
def ask() -> ResponseReturnValue:
    """Ask for the change. The answer is the same whoever has that address."""
    open_work(write=True)
    current = fresh(password=True)
    work = open_work(write=True)
    form, problems = forms.read(AddressForm, request.form)
    if form is not None and not _same(form):
        problems = {"email_again": gettext("The two addresses differ. Write the new one twice.")}
    if form is None or problems:
        return show_form(problems)
    try:
        outcome = email_change.ask(work, current.account_id, form.email)
    except InvalidInput as error:
        return show_form({"email": _said(error)})
    except Conflict:
        return see_other(LIST)
    if outcome is Outcome.PAUSED:
        return show_form({"form": _too_often()}, 429)
    return see_other(CODE)


@blueprint.get("/account/email/code")
def ask_code() -> ResponseReturnValue:
    """The page of the code that went to the new address."""
    return show_code({})


def show_code(problems: dict[str, str], status: int = 200) -> Response:
    current = fresh()
    work = open_work()
    try:
        change = email_change.awaiting_code(work, current.account_id)
    except Expired:
        return see_other(LIST)
    waits = standing.others_depend(work, current.account_id)
    return page(
        "account/email_code.html",
        status,
        problems=problems,
        account=person(current),
        email=change.old_address,
        new_address=change.new_address,
        until=_moment(change.expires_at),
        wait_hours=_hours(work) if waits else None,
        again_url="/account/email/code/again",
        change_url=CHANGE,
        sent_again="again" in request.args,
        paused=None if problems else _paused(work, current),
    )


@blueprint.post("/account/email/code")
@csrf.again(show_code)
def confirm() -> ResponseReturnValue:
    """Prove the new address."""
    open_work(write=True)
    current = fresh()
    work = open_work(write=True)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems)
    waits = standing.others_depend(work, current.account_id)
    try:
        outcome, change = email_change.confirm(work, current.account_id, form.code, waits=waits)
    except Expired:
        return see_other(LIST)
    if outcome is Outcome.PAUSED:
        return show_code({"code": _paused(work, current) or contact_form.code_wrong()}, 429)
    if outcome is Outcome.REFUSED:
        return show_code({"code": gettext("That code is not right, or its ten minutes are over.")})
    if change.outcome is not None:
        return show_form({"email": gettext("This address cannot be used. Please choose another one.")})
    return see_other(LIST)


@blueprint.post("/account/email/code/again")
@csrf.again(show_code)
def send_again() -> ResponseReturnValue:
    """Send another code; the one before is void."""
    open_work(write=True)
    current = fresh(page=CODE)
    work = open_work(write=True)
    try:
        outcome = email_change.send_again(work, current.account_id)
    except Expired:
        return see_other(LIST)
    if outcome is Outcome.PAUSED:
        return show_code({"form": _too_often()}, 429)
    return see_other(f"{CODE}?again=1")


@blueprint.post("/account/email/withdraw")
@csrf.again(show_overview)
def withdraw() -> ResponseReturnValue:
    """Give up the change."""
    open_work(write=True)
    current = signed_in()
    email_change.withdraw(open_work(write=True), current.account_id)
    return see_other(LIST)


# --- what mailed links lead to; opening one does nothing ---


@blueprint.get("/email-change/stop/<token>")
def open_stop(token: str) -> ResponseReturnValue:
    """Where the link of a notice leads: a change can be stopped."""
    return show_stop({}, token)


def show_stop(problems: dict[str, str], token: str) -> Response:
    try:
        change = email_change.find_to_stop(open_work(), token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page("email_change/stop.html", problems=problems, **_shown(change))


@blueprint.post("/email-change/stop/<token>")
@csrf.again(show_stop)
def stop(token: str) -> ResponseReturnValue:
    """Stop the change."""
    work = open_work(write=True)
    try:
        email_change.stop(work, token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page("email_change/stopped.html", form={})


@blueprint.get("/email-change/undo/<token>")
def open_undo(token: str) -> ResponseReturnValue:
    """Where the link in the old mailbox leads: the change can be undone."""
    return show_undo({}, token)


def show_undo(problems: dict[str, str], token: str) -> Response:
    try:
        change = address_switch.find_to_undo(open_work(), token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page("email_change/undo.html", problems=problems, **_shown(change))


@blueprint.post("/email-change/undo/<token>")
@csrf.again(show_undo)
def undo(token: str) -> ResponseReturnValue:
    """Restore the address, then on to a new password, the second factor first."""
    work = open_work(write=True)
    try:
        attempt, attempt_token = address_switch.undo(work, token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


@blueprint.get("/email-change/confirm/<token>")
def open_confirm(token: str) -> ResponseReturnValue:
    """Where the link to a new address leads, when the staff asked for the change."""
    return show_confirm({}, token)


def show_confirm(problems: dict[str, str], token: str) -> Response:
    try:
        change = email_change.find_to_confirm(open_work(), token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page("email_change/confirm.html", problems=problems, **_shown(change))


@blueprint.post("/email-change/confirm/<token>")
@csrf.again(show_confirm)
def confirm_by_link(token: str) -> ResponseReturnValue:
    """Prove the new address; it signs in from now on."""
    work = open_work(write=True)
    try:
        change = email_change.confirm_by_link(work, token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    if change.outcome is not None:
        return _second_hand(Expired(reason="used"))
    return page("email_change/confirmed.html", email=change.new_address, form={})


def _pending(work: Work, current: Current, change: EmailChange) -> dict[str, Any]:
    """A change under way, as the page lists it."""
    here = change.proved_at is None and change.session_id == current.session_id
    return {
        "new_address": change.new_address,
        "asked": _moment(change.asked_at),
        "until": _moment(change.expires_at),
        "takes_effect": _moment(change.switch_at) if change.switch_at is not None else None,
        "code_url": CODE if here else None,
    }


def _shown(change: EmailChange) -> dict[str, Any]:
    return {
        "old_address": email_address.masked(change.old_address),
        "new_address": email_address.masked(change.new_address),
        "when": _moment(change.done_at or change.asked_at),
        "form": {},
    }


def _same(form: AddressForm) -> bool:
    try:
        return email_address.canonical(form.email) == email_address.canonical(form.email_again)
    except InvalidInput:
        return form.email == form.email_again


def _said(error: InvalidInput) -> str:
    reasons = {
        "same": gettext("This is the address you sign in with already."),
        "recovery_contact": gettext(
            "This is your recovery contact, which has to be another address. Choose another recovery contact first."
        ),
    }
    reason = error.members.get("reason", "")
    return str(reasons.get(reason) or forms.email_problem(reason))


def _too_often() -> str:
    return str(gettext("Too many codes were asked for. Please try again in an hour."))


def _paused(work: Work, current: Current) -> str | None:
    until = one_time_code.paused_until(work, current.account_id, email_change.PURPOSE)
    return contact_form.still_paused(work, until)


def _hours(work: Work) -> int:
    return int(work.policies.account.email_change_cooling_off.total_seconds() // 3600)


def _moment(instant: datetime) -> str:
    return texts.write_moment(instant, locale.current())


def _second_hand(error: Expired | NotFound) -> Response:
    reason = error.members.get("reason")
    if reason == "done":
        title = gettext("The address was changed already")
        explanation = gettext(
            "The message we sent to your earlier address has a link that undoes it, for seven days. You can "
            "also choose "
            "another password, which closes every session."
        )
    else:
        title = gettext("This link was already used") if reason == "used" else gettext("This link is no longer valid")
        explanation = gettext("You can still secure your account: choose a new password. It closes every session.")
    return page(
        "errors/page.html",
        404 if isinstance(error, NotFound) else 410,
        title=title,
        explanation=explanation,
        ways=[
            {"label": gettext("Choose another password"), "url": "/reset"},
            {"label": gettext("Sign in"), "url": "/sign-in"},
        ],
        reference=None,
        form={},
    )
