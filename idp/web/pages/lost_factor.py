"""A lost phone (J6): after a recovery code, by a code to a recovery contact, and the link to a new second factor."""

from typing import Annotated, Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import recovery_contact
from idp.authn import lost_factor, mailed_link, recovery_code
from idp.authn.attempt import Attempt
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.core import texts
from idp.core.errors import Expired, NotFound
from idp.web import cookies, crowd, csrf, forms, locale
from idp.web.pages import contact_form, steps
from idp.web.pages.contact_form import CodeForm
from idp.web.pages.continuing import address, asked, see_other, sign_in_address
from idp.web.render import page
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_lost_factor", __name__)
csrf.guard(blueprint)
steps.install(blueprint)

LOST_PHONE = "/sign-in/lost-phone"
PASSWORD = "/lost-factor/password"
STOP = "/lost-factor/stop/<token>"
LONGEST_TOKEN = 100


class DecisionForm(forms.Form):
    decision: Literal["later", "lost"]


class ChoiceForm(forms.Form):
    contact: Annotated[str, StringConstraints(max_length=40)]


class PasswordForm(forms.Form):
    email: str = ""  # shown for password managers; the link decides whose password it is
    password: Annotated[str, StringConstraints(min_length=1, max_length=4096)]


# --- after a recovery code ---


@blueprint.get(steps.WITHOUT_PHONE)
def ask_about_phone() -> ResponseReturnValue:
    """Is the phone lost, or only out of reach?"""
    return show_about_phone({})


def show_about_phone(problems: dict[str, str]) -> Response:
    work = open_work()
    attempt = _after_recovery_code(work)
    left = recovery_code.left(work, attempt.account_id) if attempt.account_id else 0
    return steps.show(work, attempt, "lost_factor/without_phone.html", problems, left=left)


@blueprint.post(steps.WITHOUT_PHONE)
@csrf.again(show_about_phone)
def decide_about_phone() -> ResponseReturnValue:
    """Go on, or link a new phone first."""
    work = open_work(write=True)
    attempt = _after_recovery_code(work, lock=True)
    form, problems = forms.read(DecisionForm, request.form)
    if form is None:
        return show_about_phone(problems)
    if form.decision == "later":
        return steps.onward(work, attempt, asked_about_phone=True)
    turned, token = lost_factor.turn(work, attempt)
    answer = steps.onward(work, turned)
    cookies.put(answer, cookies.SIGN_IN, token)
    return answer


def _after_recovery_code(work: Work, *, lock: bool = False) -> Attempt:
    attempt = steps.due(work, Step.DONE, lock=lock)
    if not lost_factor.after_recovery_code(attempt):
        raise steps.ElsewhereDue(see_other(sign_in_address(asked())))
    return attempt


# --- by a recovery contact ---


@blueprint.get(LOST_PHONE)
def ask_contact() -> ResponseReturnValue:
    """The contacts, masked; one gets a code."""
    return show_contacts({})


def show_contacts(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.TOTP)
    held = lost_factor.offered(work, attempt, phones=contact_form.phones_offered())
    if not held:
        return see_other(address("/sign-in/other-ways", steps.going(attempt)))
    return steps.show(
        work,
        attempt,
        "lost_factor/contacts.html",
        problems,
        status,
        contacts=[{"id": str(each.id), "kind": each.kind, "shown": recovery_contact.masked(each)} for each in held],
        other_ways_url=address("/sign-in/other-ways", steps.going(attempt)),
    )


@blueprint.post(LOST_PHONE)
@csrf.again(show_contacts)
def send_code() -> ResponseReturnValue:
    """Send a code to the contact that was chosen."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.TOTP, lock=True)
    form, problems = forms.read(ChoiceForm, request.form)
    held = lost_factor.offered(work, attempt, phones=contact_form.phones_offered())
    chosen = next((each for each in held if form is not None and str(each.id) == form.contact), None)
    if chosen is None:
        return show_contacts(problems or {"contact": gettext("Choose where the code shall go.")})
    if lost_factor.send_code(work, attempt, chosen.id) is Outcome.PAUSED:
        return show_contacts({"contact": contact_form.sent_too_often()}, 429)
    return see_other(address(f"{LOST_PHONE}/code", asked()))


@blueprint.get(f"{LOST_PHONE}/code")
def ask_code() -> ResponseReturnValue:
    """The page of the code that was sent to a recovery contact."""
    return show_code({})


def show_code(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.TOTP)
    contact = lost_factor.sent_to(work, attempt)
    if contact is None:
        return see_other(address(LOST_PHONE, steps.going(attempt)))
    return steps.show(
        work,
        attempt,
        "lost_factor/code.html",
        problems,
        status,
        sent_to=recovery_contact.masked(contact),
        kind=contact.kind,
        contact=str(contact.id),
        lasts=contact_form.minutes(work),
        again_url=address(LOST_PHONE, steps.going(attempt)),
        change_url=address(LOST_PHONE, steps.going(attempt)),
        other_ways_url=address("/sign-in/other-ways", steps.going(attempt)),
        paused=None if problems else steps.paused(work, lost_factor.code_pause(work, attempt)),
    )


@blueprint.post(f"{LOST_PHONE}/code")
@csrf.again(show_code)
def prove_contact() -> ResponseReturnValue:
    """Check the code; the right one sends the link to the sign-in address, and ends this attempt."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.TOTP, lock=True)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems)
    if lost_factor.sent_to(work, attempt) is None:
        return see_other(address(LOST_PHONE, steps.going(attempt)))
    outcome, link = lost_factor.prove_contact(work, attempt, form.code)
    if outcome is Outcome.PAUSED:
        until = lost_factor.code_pause(work, attempt)
        return show_code({"code": steps.pause_over(work, until)}, 429)
    if link is None:
        return show_code({"code": contact_form.code_wrong()})
    lifetime = int(work.policies.account.two_factor_setup_lifetime.total_seconds() // 60)
    answer = page(
        "lost_factor/sent.html",
        sent_to=link.address,
        minutes=lifetime,
        leaves_at=texts.write_time(link.at, locale.current()) if link.waits else None,
        back_url=sign_in_address(steps.going(attempt)),
        form={},
    )
    cookies.drop(answer, cookies.SIGN_IN)
    return answer


# --- the link ---


@blueprint.get("/lost-factor/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Where the mailed link leads; opening it spends nothing."""
    return show_link({}, token)


def show_link(problems: dict[str, str], token: str) -> Response:
    try:
        link = lost_factor.find(open_work(), _readable(token))
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page("lost_factor/start.html", problems=problems, email=link.address, lost_all=link.purpose != "lost_factor")


@blueprint.post("/lost-factor/<token>")
@csrf.again(show_link)
def begin(token: str) -> ResponseReturnValue:
    """Spend the link; the password comes next."""
    work = open_work(write=True)
    try:
        attempt, attempt_token = lost_factor.begin(work, _readable(token))
    except (Expired, NotFound) as error:
        return _second_hand(error)
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


@blueprint.get(PASSWORD)
def ask_password() -> ResponseReturnValue:
    """The page of the password, asked again before the factor is replaced."""
    return show_password({})


def show_password(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    return steps.show(work, steps.due(work, Step.PASSWORD), "lost_factor/password.html", problems, status)


@blueprint.post(PASSWORD)
@csrf.again(show_password)
@crowd.waits_its_turn
def prove_password() -> ResponseReturnValue:
    """Check the password; the new second factor comes next."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.PASSWORD)
    form, problems = forms.read(PasswordForm, request.form)
    if form is None:
        return show_password(problems)
    device_token = cookies.get(cookies.DEVICE)
    outcome = lost_factor.prove_password(work, attempt, form.password, device_token=device_token)
    if outcome is Outcome.ACCEPTED:
        return steps.onward(work, attempt)
    if outcome is Outcome.PAUSED:
        return show_password({"form": gettext("Too many tries from your network. Please wait a few minutes.")}, 429)
    return show_password({"password": gettext("That is not your password, or it was tried too often.")})


# --- stopping it ---


@blueprint.get(STOP)
def ask_to_stop(token: str) -> ResponseReturnValue:
    """Where the button of the warning leads; opening it does nothing."""
    return show_stop({}, token)


def show_stop(problems: dict[str, str], token: str) -> Response:
    try:
        link = mailed_link.find(open_work(), lost_factor.STOP, _readable(token))
    except (Expired, NotFound) as error:
        return _second_hand(error, stopping=True)
    locale.suggest(link.locale)
    return page("lost_factor/stop.html", problems=problems)


@blueprint.post(STOP)
@csrf.again(show_stop)
def stop(token: str) -> ResponseReturnValue:
    """Make the link to a new second factor void."""
    work = open_work(write=True)
    try:
        lost_factor.stop(work, _readable(token))
    except (Expired, NotFound) as error:
        return _second_hand(error, stopping=True)
    return page("lost_factor/stopped.html", password_url="/reset", form={})


def _readable(token: str) -> str:
    if len(token) > LONGEST_TOKEN:
        raise NotFound(kind="mailed_link")
    return token


def _second_hand(error: Expired | NotFound, *, stopping: bool = False) -> Response:
    used = error.members.get("reason") == "used"
    explanation = gettext("A link works once and for a short time, to protect you. Sign in to begin again.")
    if stopping:
        explanation = gettext(
            "What it was meant to stop has been stopped already, has been done, or has expired. If something "
            "worries you, choose another password."
        )
    ways = [
        {"label": gettext("Sign in"), "url": "/sign-in"},
        {"label": gettext("Forgotten your password?"), "url": "/reset"},
    ]
    return page(
        "errors/page.html",
        404 if isinstance(error, NotFound) else 410,
        title=gettext("This link was already used") if used else gettext("This link is no longer valid"),
        explanation=explanation,
        ways=ways,
        reference=None,
        form={},
    )
