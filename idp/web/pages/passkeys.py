"""Passkeys in a sign-in: alone from the first page, in place of a code, or enrolled instead of an app.

The browser asks for options with a request of its own (`passkey.js`) and posts the answer as an ordinary form.
"""

from typing import Annotated, Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response as Answer

from idp.authn import passkey, passkey_proof, sign_in
from idp.authn.attempt import Attempt
from idp.authn.sign_in import Outcome, Step
from idp.core import tokens
from idp.web import cookies, csrf, forms
from idp.web.pages import sign_in as first_page
from idp.web.pages import steps
from idp.web.pages.continuing import address, asked, see_other, sign_in_address
from idp.web.render import current_session
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_passkeys", __name__)
csrf.guard(blueprint)
steps.install(blueprint)


class PasskeyForm(forms.Form):
    """What `passkey.js` posts; empty where no script has run."""

    credential: Annotated[str, StringConstraints(max_length=passkey.ANSWER_MAX)] = ""


def as_json(options: str) -> Response:
    """Options for the browser; a challenge in them serves once, so nothing keeps them."""
    return Response(options, mimetype="application/json", headers={"Cache-Control": "no-store"})


def refused(sent: str) -> str:
    """Why an answer leads nowhere, without telling which check it failed."""
    if not sent:
        return str(gettext("No passkey arrived. Passkeys need JavaScript; another way works without it."))
    return str(gettext("That passkey was not accepted. Try again, or choose another way."))


# --- alone, from the sign-in page ---


@blueprint.post("/sign-in/passkey/options")
def ask_any() -> ResponseReturnValue:
    """A challenge for this browser, the same for everybody: it names no account."""
    work = open_work(write=True)
    known = cookies.get(cookies.PASSKEY)
    token = known or tokens.new()
    options = passkey_proof.options_for_anybody(work, token)
    if options is None:
        return Response("{}", 429, {"Retry-After": first_page.RETRY_AFTER}, mimetype="application/json")
    answer = as_json(options)
    if known is None:
        cookies.put(answer, cookies.PASSKEY, token)
    return answer


@blueprint.get("/sign-in/passkey")
def open_first_page() -> ResponseReturnValue:
    """The sign-in page has the button."""
    return see_other(sign_in_address(asked(), reauthenticate=bool(request.args.get("reauthenticate"))))


@blueprint.post("/sign-in/passkey")
@csrf.again(first_page.show_again)
def sign_in_alone() -> ResponseReturnValue:
    """Sign in with what the passkey says, whosever it is."""
    work = open_work(write=True)
    current = current_session()
    again = bool(request.args.get("reauthenticate"))
    if current is not None and not again:
        return see_other(asked())
    work = open_work(write=True)
    form, problems = forms.read(PasskeyForm, request.form)
    if form is None:
        return first_page.show({"form": next(iter(problems.values()))})
    browser = cookies.get(cookies.PASSKEY)
    if browser is None or not form.credential:
        return first_page.show({"form": refused(form.credential if browser else "")})
    attempt, token = first_page.attempt_here(work, current if again else None)
    outcome = sign_in.prove_passkey(work, attempt, form.credential, browser_token=browser)
    if outcome is Outcome.ACCEPTED:
        return steps.onward(work, attempt, renew=True)
    paused = outcome is Outcome.PAUSED
    shown = first_page.too_many() if paused else first_page.show({"form": refused(form.credential)})
    return first_page.with_attempt(shown, token)


# --- in place of a code ---


@blueprint.get("/sign-in/code/passkey")
def ask_passkey() -> ResponseReturnValue:
    """The page of a passkey, where a code would do as well."""
    return show_passkey({})


def show_passkey(problems: dict[str, str]) -> Answer:
    work = open_work()
    attempt = steps.due(work, Step.TOTP)
    continue_to = steps.going(attempt)
    return _show(
        work,
        attempt,
        "sign_in/passkey.html",
        problems,
        options_url=address("/sign-in/code/passkey/options", continue_to),
        code_url=address("/sign-in/code", continue_to) if attempt.has_app else None,
        other_ways_url=address("/sign-in/other-ways", continue_to),
    )


@blueprint.post("/sign-in/code/passkey/options")
def ask_this() -> ResponseReturnValue:
    """A challenge for this attempt."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.TOTP, lock=True)
    return as_json(passkey.request_options(work, passkey.PROVE, attempt.id))


@blueprint.post("/sign-in/code/passkey")
@csrf.again(show_passkey)
def prove_passkey() -> ResponseReturnValue:
    """Check a passkey of this account."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.TOTP, lock=True)
    form, problems = forms.read(PasskeyForm, request.form)
    if form is None:
        return show_passkey(problems)
    if form.credential and sign_in.prove_passkey(work, attempt, form.credential) is Outcome.ACCEPTED:
        return steps.onward(work, attempt)
    return show_passkey({"form": refused(form.credential)})


# --- instead of an app ---


@blueprint.get("/sign-in/second-factor/passkey")
def ask_enrolment() -> ResponseReturnValue:
    """The page that makes a passkey where a second factor is to be enrolled."""
    return show_enrolment({})


def show_enrolment(problems: dict[str, str]) -> Answer:
    work = open_work()
    attempt = steps.due(work, Step.ENROL)
    continue_to = steps.going(attempt)
    return _show(
        work,
        attempt,
        "activation/passkey.html",
        problems,
        options_url=address("/sign-in/second-factor/passkey/options", continue_to),
        app_url=address("/sign-in/second-factor", continue_to),
        purpose=attempt.purpose,
    )


@blueprint.post("/sign-in/second-factor/passkey/options")
def ask_new() -> ResponseReturnValue:
    """What the browser needs to make a passkey in this attempt."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.ENROL, lock=True)
    return as_json(passkey_proof.creation_options(work, attempt))


@blueprint.post("/sign-in/second-factor/passkey")
@csrf.again(show_enrolment)
def enrol() -> ResponseReturnValue:
    """Keep the passkey; it counts as proof."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.ENROL, lock=True)
    form, problems = forms.read(PasskeyForm, request.form)
    if form is None:
        return show_enrolment(problems)
    if form.credential and passkey_proof.enrol(work, attempt, form.credential) is Outcome.ACCEPTED:
        return steps.onward(work, attempt)
    return show_enrolment({"form": refused(form.credential)})


def _show(work: Work, attempt: Attempt, template: str, problems: dict[str, str], **context: Any) -> Answer:
    return steps.show(work, attempt, template, problems, form={}, passkeys=True, **context)
