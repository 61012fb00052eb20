"""Signing in, first page: address and password.

Opening the page writes nothing; the attempt begins when the form is sent.
"""

from typing import Annotated

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import passkey, sign_in
from idp.authn.session import Current
from idp.authn.sign_in import Attempt, Outcome, Step
from idp.companies import access
from idp.core.errors import Expired
from idp.web import cookies, crowd, csrf, forms, locale
from idp.web.pages import steps
from idp.web.pages.continuing import address, asked, destination, see_other
from idp.web.render import current_session, page
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_sign_in", __name__)
csrf.guard(blueprint)
steps.install(blueprint)
RETRY_AFTER = "300"


class PasswordForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    # As it was typed. The limit is far beyond the policy's: a long wrong password is simply wrong.
    password: Annotated[str, StringConstraints(min_length=1, max_length=4096)]

    says = {"email": forms.EMAIL_PROBLEM}


@blueprint.get("/sign-in")
def open_sign_in() -> ResponseReturnValue:
    """The form; who has a session already and need not prove it again goes on at once.

    Query: `continue_to`, `login_hint`, `ui_locales`, `reauthenticate=1` (password and code again), `step_up=1` (the
    code again, for the account of the session), `create=1` (somebody without an account: where one begins is said).
    """
    current = current_session()
    if current is not None and request.args.get("step_up"):
        return _step_up(current)
    if current is not None and not request.args.get("reauthenticate"):
        return see_other(asked())
    leads = destination(open_work(), asked())
    if leads.client is not None:
        locale.prefer(leads.client.ui_locales)
    return show({})


def show(problems: dict[str, str], status: int = 200) -> Response:
    """The page of address and password."""
    leads = destination(open_work(), asked())
    hint = request.args.get("login_hint") or (leads.client.login_hint if leads.client else "")
    typed = forms.typed()
    return page(
        "sign_in/identifier_password.html",
        status,
        problems=problems,
        form=typed or {"email": hint[:320]},
        form_targets=leads.form_targets,
        product=leads.product,
        newcomer=bool(request.args.get("create")),
        forgotten_url=_forgotten(leads.path, typed.get("email", hint)),
        passkeys=passkey.available(open_work()),
        passkey_url=_beside("/sign-in/passkey"),
        form_action=_beside("/sign-in") if request.path == "/sign-in/passkey" else "",
    )


def _forgotten(continue_to: str, email: str) -> str:
    """The page of a forgotten password, which is told the address as far as this page knows it."""
    return address("/reset", continue_to, login_hint=email[:320]).replace("%40", "@")


def _beside(path: str) -> str:
    """Another address of this page, with the same query."""
    query = request.query_string.decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def show_again(problems: dict[str, str]) -> Response:
    """The page once more; who has signed in meanwhile, in another tab, goes on instead: that made this form stale."""
    if problems and current_session() is not None and not request.args.get("reauthenticate"):
        return see_other(asked())
    return show(problems)


@blueprint.post("/sign-in")
@blueprint.post("/sign-in/password", endpoint="prove_password_at")
@csrf.again(show_again)
@crowd.waits_its_turn
def prove_password() -> ResponseReturnValue:
    """Check address and password. One sentence answers every refusal, so that nothing tells which of them was wrong."""
    form, problems = forms.read(PasswordForm, request.form)
    current = current_session()
    again = bool(request.args.get("reauthenticate"))
    if current is not None and not again:
        return see_other(asked())
    if form is None:
        return show(problems)
    work = open_work()
    work.write_after_reading(lasting=False)  # the try is counted; what has to last has a transaction that does
    attempt, token = attempt_here(work, current if again else None)
    outcome = sign_in.prove_password(
        work,
        attempt,
        address=form.email,
        password=form.password,
        device_token=cookies.get(cookies.DEVICE),
        device_allowed=lambda account_id: access.trusted_devices_allowed(work, account_id),
    )
    if outcome is Outcome.ACCEPTED:
        return steps.onward(work, attempt, renew=True, begun=token)
    return with_attempt(_refused(outcome), token)


def _step_up(current: Current) -> ResponseReturnValue:
    """Ask the person of the session for the code again; nothing is typed before it, so a link may begin it."""
    work = open_work()
    work.write_after_reading()
    attempt, token = sign_in.begin(work, continue_to=asked(), purpose="step_up", current=current)
    return with_attempt(steps.onward(work, attempt), token)


def attempt_here(work: Work, current: Current | None) -> tuple[Attempt, str | None]:
    """The attempt this browser is in, or a new one with its token."""
    continue_to = asked()
    try:
        attempt = sign_in.current(work, cookies.get(cookies.SIGN_IN))
        session_id = current.session_id if current else None
        same = (attempt.purpose, attempt.continue_to, attempt.session_id) == ("sign_in", continue_to, session_id)
        if same and sign_in.step(work, attempt) is Step.PASSWORD:
            return attempt, None
    except Expired:
        pass  # a page left open over lunch: what was typed serves a new attempt
    return sign_in.begin(work, continue_to=continue_to, current=current)


def with_attempt(answer: Response, token: str | None) -> Response:
    """The answer, with the cookie of an attempt that has just begun."""
    if token is not None:
        cookies.put(answer, cookies.SIGN_IN, token)
    return answer


def too_many() -> Response:
    """The page when a network is paused: that says nothing about an account."""
    answer = show({"form": gettext("Too many tries from your network. Please wait a few minutes.")}, 429)
    answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def _refused(outcome: Outcome) -> Response:
    return too_many() if outcome is Outcome.PAUSED else show({"form": gettext("Wrong address or password.")})
