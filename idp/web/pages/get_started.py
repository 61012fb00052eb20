"""From the mail of an order to a company of one's own: the first page, another address, an account that is there
already, and the mail that never came.

Mail scanners open links: opening one spends nothing, however often. Who has an account signs in on the way; the link
then waits in a cookie, so that it is neither in an address nor in a row meanwhile.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import email_address
from idp.authn import session
from idp.authn.outcome import Outcome
from idp.companies import billing_key, company, onboarding, takeover
from idp.companies.errors import AlreadyMember, UniqueRoleTaken
from idp.companies.onboarding import Start
from idp.core import webhooks
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, StepUpRequired
from idp.core.webhooks import SignatureRefused
from idp.web import cookies, crowd, csrf, forms, locale
from idp.web.pages import contact_form, journey, new_password, steps
from idp.web.pages.contact_form import CodeForm
from idp.web.pages.continuing import see_other, sign_in_address
from idp.web.render import current_session, day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_get_started", __name__)
csrf.guard(blueprint)

HERE = "/get-started"
ATTACH = f"{HERE}/attach"
LONGEST_TOKEN = 100
SIGNED = "get-started {}"  # what the customer space signs: these words, and the reference of the company
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]


class DetailsForm(forms.Form):
    email: str = ""  # shown for password managers; the link decides the address
    given_name: Name
    family_name: Name
    password: new_password.Typed
    password_again: new_password.Typed
    personal: Literal["yes"]
    software: Literal["yes", ""] = ""

    says = {"personal": lazy_gettext("Tick this box to go on: the account is for you alone.")}


class AddressForm(forms.Form):
    email: Address

    says = {"email": forms.EMAIL_PROBLEM}


class AttachForm(forms.Form):
    software: Literal["yes", ""] = ""


# --- a link that is over, and the mail that never came ---


@blueprint.errorhandler(Expired)
@blueprint.errorhandler(NotFound)
def second_hand(error: Expired | NotFound) -> ResponseReturnValue:
    """The link was used, replaced, is over, or never was: a page with a way on."""
    token = (request.view_args or {}).get("token", "")
    reason = error.members.get("reason")
    if reason == "used":
        return page(
            "errors/page.html",
            410,
            title=gettext("This link was already used"),
            explanation=gettext(
                "The company has its owner. If that is you, sign in: if setting it up was interrupted, it goes on from "
                "there."
            ),
            ways=[
                {"label": gettext("Sign in"), "url": "/sign-in"},
                {"label": gettext("Forgotten your password?"), "url": "/reset"},
            ],
            reference=None,
        )
    known = reason == "expired" and len(token) <= LONGEST_TOKEN
    return page(
        "get_started/over.html",
        404 if isinstance(error, NotFound) else 410,
        again_url=f"{HERE}/{token}/again" if known else None,
        ask_url=f"{HERE}/again",
        form={},
    )


@blueprint.post(f"{HERE}/<token>/again")
def send_again(token: str) -> ResponseReturnValue:
    """Have the mail sent again from a link whose time is over. The answer is the same for every link."""
    work = open_work(write=True)
    onboarding.ask_again_for(work, token)
    return _sent(None)


@blueprint.get(f"{HERE}/again")
def ask_again() -> ResponseReturnValue:
    """The page for a mail that never came."""
    return show_again({})


def show_again(problems: dict[str, str]) -> Response:
    return page("get_started/again.html", problems=problems)


@blueprint.post(f"{HERE}/again")
@csrf.again(show_again)
def again() -> ResponseReturnValue:
    """Have the mail sent, if an order waits for the address. The answer is the same for every address."""
    work = open_work(write=True)
    form, problems = forms.read(AddressForm, request.form)
    if form is None:
        return show_again(problems)
    try:
        onboarding.ask_again(work, form.email)
    except InvalidInput:
        return show_again({"email": str(forms.EMAIL_PROBLEM)})
    return _sent(form.email)


def _sent(address: str | None) -> Response:
    lifetime = open_work().policies.activation_lifetime
    return page("get_started/sent.html", email=address, days=lifetime.days, again_url=f"{HERE}/again", form={})


# --- the page of the order, for somebody to whom no mail came ---


@blueprint.get(f"{HERE}/from-order")
def from_order() -> ResponseReturnValue:
    """A signed request of the customer space, which brings its customer here (docs/billing.md). It counts once."""
    work = open_work(write=True)
    asked = {name: request.args.get(name, "") for name in ("company", "id", "timestamp", "signature")}
    headers = {
        webhooks.ID: asked["id"],
        webhooks.TIMESTAMP: asked["timestamp"],
        webhooks.SIGNATURE: asked["signature"],
    }
    try:
        key = webhooks.verify(billing_key.secrets(work), headers, SIGNED.format(asked["company"]).encode(), work.now)
    except SignatureRefused as refusal:
        billing_key.refused(work, refusal)
        return second_hand(Expired(what="link", reason="withdrawn"))
    billing_key.note_use(work, UUID(key))
    found = company.find(work, asked["company"])
    if found is None:
        raise NotFound(what="order")
    by_billing = work.acting(replace(work.actor, kind="system", name="billing"))
    try:
        return see_other(f"{HERE}/{onboarding.hand_over(by_billing, found.id, asked_by=asked['id'])}")
    except Conflict as error:
        raise Expired(what="link", reason="used") from error


# --- the first page ---


@blueprint.get(f"{HERE}/<token>")
def start(token: str) -> ResponseReturnValue:
    """What was ordered, and what is missing: name and password, or an account that is there already."""
    return show_start({}, token)


def show_start(problems: dict[str, str], token: str) -> Response:
    work, begun = _start(token)
    if current_session() is not None:
        return _remember(see_other(ATTACH), token)
    if not begun.proved:
        return see_other(f"{HERE}/{token}/address")
    if takeover.has_account(work, begun):
        answer = page(
            "get_started/sign_in.html",
            company=begun.company_name,
            email=begun.address,
            sign_in_url=sign_in_address(ATTACH, login_hint=begun.address).replace("%40", "@"),
            address_url=f"{HERE}/{token}/address",
        )
        return _remember(answer, token)
    ordered = journey.ordered(work, begun.company_id)
    return page(
        "get_started/details.html",
        problems=problems,
        form=forms.typed() or {"software": "yes"},
        company=begun.company_name,
        ordered=ordered,
        email=begun.address,
        address_url=f"{HERE}/{token}/address",
        min_length=work.policies.account.password_min,
        expires=day(begun.expires_at),
        journey=journey.names(ordered.several, ordered.services),
    )


@blueprint.post(f"{HERE}/<token>")
@csrf.again(show_start)
@crowd.waits_its_turn
def create(token: str) -> ResponseReturnValue:
    """Make the account that owns the company; this spends the link, for one caller."""
    work, begun = _start(token, write=True)
    if current_session() is not None:
        return _remember(see_other(ATTACH), token)
    form, problems = forms.read(DetailsForm, request.form)
    if form is not None:
        problems = new_password.differing(form.password, form.password_again)
    if form is None or problems:
        return show_start(problems, token)
    try:
        attempt, attempt_token = takeover.activate(
            work,
            token,
            given_name=form.given_name,
            family_name=form.family_name,
            password=form.password,
            personal=True,
            uses_software=form.software == "yes",
        )
    except InvalidInput as error:
        return show_start(_problems(work, error), token)
    except Conflict:  # the address has got an account meanwhile, or was not proved after all
        return see_other(f"{HERE}/{token}")
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


# --- another address ---


@blueprint.get(f"{HERE}/<token>/address")
def ask_address(token: str) -> ResponseReturnValue:
    """Which address the account is to have."""
    return show_address({}, token)


def show_address(problems: dict[str, str], token: str, status: int = 200) -> Response:
    work, begun = _start(token)
    return page(
        "get_started/address.html",
        status,
        problems=problems,
        form=forms.typed() or {"email": begun.wanted or ("" if begun.proved else begun.address)},
        company=begun.company_name,
        email=begun.address if begun.proved else None,
        back_url=f"{HERE}/{token}" if begun.proved else None,
    )


@blueprint.post(f"{HERE}/<token>/address")
@csrf.again(show_address)
def send_code(token: str) -> ResponseReturnValue:
    """Send a code to it; it counts once the code is back."""
    work, begun = _start(token, write=True)
    form, problems = forms.read(AddressForm, request.form)
    if form is None:
        return show_address(problems, token)
    try:
        if begun.proved and email_address.canonical(form.email) == begun.canonical:
            return see_other(f"{HERE}/{token}")
        outcome = takeover.ask_address(work, token, form.email)
    except InvalidInput as error:
        return show_address({"email": forms.email_problem(error.members.get("reason"))}, token)
    if outcome is Outcome.PAUSED:
        return show_address({"email": contact_form.sent_too_often()}, token, 429)
    return see_other(f"{HERE}/{token}/address/code")


@blueprint.get(f"{HERE}/<token>/address/code")
def ask_code(token: str) -> ResponseReturnValue:
    """The page of the code that was sent."""
    return show_code({}, token)


def show_code(problems: dict[str, str], token: str, status: int = 200) -> Response:
    work, begun = _start(token)
    if begun.wanted is None:
        return see_other(f"{HERE}/{token}/address")
    return page(
        "get_started/code.html",
        status,
        problems=problems,
        form={} if problems else forms.typed(),
        company=begun.company_name,
        sent_to=begun.wanted,
        lasts=contact_form.minutes(work),
        again_url=f"{HERE}/{token}/address",
        change_url=f"{HERE}/{token}/address",
        paused=None if problems else contact_form.still_paused(work, takeover.paused_until(work, token)),
    )


@blueprint.post(f"{HERE}/<token>/address/code")
@csrf.again(show_code)
def prove_address(token: str) -> ResponseReturnValue:
    """Take the address whose code this is."""
    work, _ = _start(token, write=True)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems, token)
    match takeover.prove_address(work, token, form.code):
        case Outcome.ACCEPTED:
            return see_other(f"{HERE}/{token}")
        case Outcome.PAUSED:
            return show_code({"code": contact_form.paused(work, takeover.paused_until(work, token))}, token, 429)
    return show_code({"code": contact_form.code_wrong()}, token)


# --- an account that is there already ---


@blueprint.get(ATTACH)
def ask_attach() -> ResponseReturnValue:
    """Attach the company of the link in this browser to the account that is signed in."""
    return show_attach({})


def show_attach(problems: dict[str, str]) -> Response:
    current = signed_in()
    token = cookies.get(cookies.START)
    if token is None:
        return see_other(f"{HERE}/again")
    work, begun = _start(token)
    if current.acr != session.ACR_TWO:
        raise StepUpRequired(page=ATTACH)
    who = person(current)
    return page(
        "get_started/attach.html",
        problems=problems,
        form=forms.typed() or {"software": "yes"},
        company=begun.company_name,
        ordered=journey.ordered(work, begun.company_id),
        email=begun.address,
        other=email_address.canonical(who.email) != begun.canonical,
        account=who,
    )


@blueprint.post(ATTACH)
@csrf.again(show_attach)
def attach() -> ResponseReturnValue:
    """Own the company with this account; this spends the link, for one caller."""
    open_work(write=True)
    current = signed_in()
    work = open_work()
    token = cookies.get(cookies.START)
    if token is None:
        return see_other(f"{HERE}/again")
    if current.acr != session.ACR_TWO:
        raise StepUpRequired(page=ATTACH)
    form, problems = forms.read(AttachForm, request.form)
    if form is None:
        return show_attach(problems)
    try:
        company_id = takeover.attach(work, token, uses_software=form.software == "yes")
    except (AlreadyMember, UniqueRoleTaken) as error:
        raise Expired(what="link", reason="used") from error
    answer = see_other(takeover.wizard(company_id))
    cookies.drop(answer, cookies.START)
    return answer


def _start(token: str, *, write: bool = False) -> tuple[Work, Start]:
    """The link, still good; the page speaks its language unless the browser has chosen one."""
    if len(token) > LONGEST_TOKEN:
        raise NotFound(what="link")
    work = open_work(write=write)
    begun = onboarding.find_to_spend(work, token) if write else onboarding.find(work, token)
    locale.suggest(begun.locale)
    return work, begun


def _remember(answer: Response, token: str) -> Response:
    cookies.put(answer, cookies.START, token)
    return answer


def _problems(work: Work, error: InvalidInput) -> dict[str, str]:
    field: Any = error.members.get("field")
    if field in ("given_name", "family_name"):
        return {field: gettext("This cannot be used as it is written. Please check it.")}
    if field == "email":  # it was asked for before such addresses were refused
        return {field: forms.email_problem(error.members.get("reason"))}
    return new_password.problem(work, error)
