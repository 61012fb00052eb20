"""A forgotten password: ask for a link, open it, prove the second factor, choose a new password."""

from typing import Annotated

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import email_address
from idp.authn import reset
from idp.authn.models import MailedLink
from idp.authn.sign_in import Step
from idp.core.errors import Expired, InvalidInput, NotFound
from idp.web import cookies, crowd, csrf, forms
from idp.web.pages import new_password, steps
from idp.web.pages.continuing import address, asked, destination, sign_in_address
from idp.web.render import page
from idp.web.work import open_work

blueprint = Blueprint("pages_reset", __name__)
csrf.guard(blueprint)
steps.install(blueprint)


class RequestForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]

    says = {"email": forms.EMAIL_PROBLEM}


class PasswordForm(forms.Form):
    email: str = ""  # shown for password managers
    password: new_password.Typed
    password_again: new_password.Typed


@blueprint.get("/reset")
def ask_address() -> ResponseReturnValue:
    """The page that asks for the address."""
    return show_request({})


def show_request(problems: dict[str, str]) -> Response:
    leads = destination(open_work(), asked())
    form = forms.typed() or {"email": request.args.get("login_hint", "")[:320]}
    back_url = sign_in_address(leads.path)
    return page("reset/request.html", problems=problems, form=form, product=leads.product, back_url=back_url)


@blueprint.post("/reset")
@csrf.again(show_request)
def ask() -> ResponseReturnValue:
    """Have the link sent, if there is an account. The answer is the same for every address."""
    work = open_work(write=True)
    form, problems = forms.read(RequestForm, request.form)
    if form is None:
        return show_request(problems)
    try:
        email_address.canonical(form.email)
    except InvalidInput:
        return show_request({"email": str(forms.EMAIL_PROBLEM)})
    leads = destination(work, asked())
    reset.ask(work, form.email, leads.path)
    return page(
        "reset/sent.html",
        email=form.email,
        minutes=int(work.policies.account.password_reset_lifetime.total_seconds() // 60),
        back_url=sign_in_address(leads.path),
        again_url=address("/reset", leads.path),
        product=leads.product,
    )


@blueprint.get("/reset/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Where the mailed link leads; opening it spends nothing."""
    return show_link({}, token)


def show_link(problems: dict[str, str], token: str) -> Response:
    try:
        link = _link(token)
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page("reset/start.html", problems=problems, email=link.address)


@blueprint.post("/reset/<token>")
@csrf.again(show_link)
def begin(token: str) -> ResponseReturnValue:
    """Spend the link; the second factor comes before the new password (R-19)."""
    work = open_work(write=True)
    try:
        attempt, attempt_token = reset.begin(work, token)
    except (Expired, NotFound) as error:
        return _second_hand(error)
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


@blueprint.get("/reset/new-password")
def ask_password() -> ResponseReturnValue:
    """The page of the new password."""
    return show_password({})


def show_password(problems: dict[str, str]) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.NEW_PASSWORD)
    leads = destination(work, attempt.continue_to)
    return page(
        "reset/new_password.html",
        problems=problems,
        email=attempt.address,
        min_length=work.policies.account.password_min,
        product=leads.product,
        form_targets=leads.form_targets,
    )


@blueprint.post("/reset/new-password")
@csrf.again(show_password)
@crowd.waits_its_turn
def set_password() -> ResponseReturnValue:
    """Set it; every session ends and every trusted browser is forgotten."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.NEW_PASSWORD, lock=True)
    form, problems = forms.read(PasswordForm, request.form)
    if form is not None:
        problems = new_password.differing(form.password, form.password_again)
    if form is None or problems:
        return show_password(problems)
    try:
        reset.set_password(work, attempt, form.password, words=new_password.words(work, attempt.account_id))
    except InvalidInput as error:
        return show_password(new_password.problem(work, error))
    return steps.onward(work, attempt)


def _link(token: str) -> MailedLink:
    if len(token) > 100:
        raise NotFound(kind="mailed_link")
    return reset.find(open_work(), token)


def _second_hand(error: Expired | NotFound) -> Response:
    used = error.members.get("reason") == "used"
    ways = [
        {"label": gettext("Get a new link"), "url": "/reset"},
        {"label": gettext("Sign in"), "url": "/sign-in"},
    ]
    return page(
        "errors/page.html",
        404 if isinstance(error, NotFound) else 410,
        title=gettext("This link was already used") if used else gettext("This link is no longer valid"),
        explanation=gettext("A link works once and for a short time, to protect you. Ask for a new one."),
        ways=ways,
        reference=None,
        form={},
    )
