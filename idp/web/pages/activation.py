"""From the mailed link to a personal account: start, name and password, authenticator app, ready.

Mail scanners open links: opening spends nothing, however often; only the form of the second page does.
"""

from typing import Annotated, Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import profile
from idp.authn import activation
from idp.authn.models import MailedLink
from idp.companies import holdings
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.web import cookies, crowd, csrf, forms, locale
from idp.web.pages import new_password, steps
from idp.web.pages.continuing import asked, destination, see_other
from idp.web.render import current_session, day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_activation", __name__)
csrf.guard(blueprint)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class DetailsForm(forms.Form):
    given_name: Name
    family_name: Name
    email: str = ""  # shown for password managers; the link decides the address
    password: new_password.Typed
    password_again: new_password.Typed
    personal: Literal["yes"]

    says = {"personal": lazy_gettext("Tick this box to go on: the account is for you alone.")}


@blueprint.errorhandler(Expired)
@blueprint.errorhandler(NotFound)
def second_hand(error: Expired | NotFound) -> ResponseReturnValue:
    """The link was used, replaced, is over, or never was: a page with a way on."""
    sign_in = {"label": gettext("Sign in"), "url": "/sign-in"}
    forgotten = {"label": gettext("Forgotten your password?"), "url": "/reset"}
    if error.members.get("reason") == "used":
        title = gettext("This link was already used")
        explanation = gettext("Your account exists. Sign in; if setting it up was interrupted, it goes on from there.")
        return page(
            "errors/page.html", 410, title=title, explanation=explanation, ways=[sign_in, forgotten], reference=None
        )
    title = gettext("This link is no longer valid")
    explanation = gettext(
        "A newer mail may have replaced it, or its time is over. Look in your mailbox for the latest one, or ask the "
        "person who invited you to send it again."
    )
    status = 404 if isinstance(error, NotFound) else 410
    return page("errors/page.html", status, title=title, explanation=explanation, ways=[sign_in], reference=None)


@blueprint.get("/activation/<token>")
def start(token: str) -> ResponseReturnValue:
    """What this is about, and for whom."""
    return show_start({}, token)


def show_start(problems: dict[str, str], token: str) -> Response:
    link = _link(token)
    current = current_session()
    if current is not None:
        return _somebody_else(current.display_name, link.address)
    return page(
        "activation/start.html",
        problems=problems,
        email=link.address,
        company=None,
        inviter=None,
        expires=day(link.expires_at),
    )


@blueprint.post("/activation/<token>")
@csrf.again(show_start)
def begin(token: str) -> ResponseReturnValue:
    """Go on to the form; still nothing is spent."""
    link, current = _link(token), current_session()
    if current is not None:
        return _somebody_else(current.display_name, link.address)
    return see_other(f"/activation/{token}/details")


@blueprint.get("/activation/<token>/details")
def details(token: str) -> ResponseReturnValue:
    """Name and password."""
    return show_details({}, token)


def show_details(problems: dict[str, str], token: str) -> Response:
    link, current = _link(token), current_session()
    if current is not None:  # also where they have signed in since, in another tab
        return _somebody_else(current.display_name, link.address)
    least = open_work().policies.account.password_min
    return page("activation/details.html", problems=problems, email=link.address, min_length=least)


@blueprint.post("/activation/<token>/details")
@csrf.again(show_details)
@crowd.waits_its_turn
def create(token: str) -> ResponseReturnValue:
    """Make the account; this spends the link, for one caller."""
    work = open_work(write=True)
    form, problems = forms.read(DetailsForm, request.form)
    if form is not None:
        problems = new_password.differing(form.password, form.password_again)
    if form is None or problems or current_session() is not None:
        return show_details(problems, token)
    try:
        attempt, attempt_token = activation.activate(
            work,
            token,
            given_name=form.given_name,
            family_name=form.family_name,
            password=form.password,
            personal=True,
            words=(*new_password.words(work), *holdings.inviting_names(work, _link(token).canonical)),
        )
    except InvalidInput as error:
        return show_details(_problems(work, error), token)
    except Conflict as error:  # the address has got an account in the meantime
        raise Expired(reason="used") from error
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


@blueprint.get("/activation/done")
def done() -> ResponseReturnValue:
    """The account is ready: on to the products."""
    current = signed_in()
    work = open_work()
    leads = destination(work, asked())
    account = profile.get(work, current.account_id)
    return page(
        "activation/done.html",
        given_name=account.given_name,
        continue_url=leads.path,
        product=leads.product,
        account=person(current),
    )


def _link(token: str) -> MailedLink:
    """The link, still good; the page speaks its language unless the browser has chosen one."""
    if len(token) > 100:
        raise NotFound(kind="mailed_link")
    link = activation.find(open_work(), token)
    locale.suggest(link.locale)
    return link


def _problems(work: Work, error: InvalidInput) -> dict[str, str]:
    field = str(error.members.get("field"))
    if field in ("given_name", "family_name"):
        return {field: gettext("This cannot be used as it is written. Please check it.")}
    if field == "email":  # it was asked for before such addresses were refused
        return {field: forms.email_problem(error.members.get("reason"))}
    return new_password.problem(work, error)


def _somebody_else(name: str, address: str) -> Response:
    """Somebody is signed in here; two people are never mixed."""
    return page(
        "errors/page.html",
        409,
        title=gettext("Somebody is signed in here already"),
        explanation=gettext(
            "This browser is signed in as %(name)s, and the link is for %(email)s. Sign out first, then open the link "
            "again.",
            name=name,
            email=address,
        ),
        ways=[{"label": gettext("Sign out"), "url": "/sign-out"}, {"label": gettext("Go to my products"), "url": "/"}],
        reference=None,
    )
