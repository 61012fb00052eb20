"""An accountant whose firm is not here yet, invited by a company: from the mail to an account, a free firm, and
the invitation that the firm then accepts.

Mail scanners open links: opening one spends nothing, however often. Two people are never mixed: whoever is signed in as
somebody else is told so, and chooses.
"""

from typing import Annotated

from flask import Blueprint
from flask import request as sent
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import session
from idp.authn.session import Current
from idp.companies import firm_invitation, mandate_scope
from idp.companies.errors import FirmsFull, NotSubscribed
from idp.companies.firm_invitation import Offer
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, StepUpRequired
from idp.web import csrf, forms, locale, mandate_words
from idp.web.pages import another_person
from idp.web.pages.company_settings import countries
from idp.web.pages.continuing import see_other, sign_in_address
from idp.web.pages.sign_out import signed_out
from idp.web.render import current_session, day, page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_firm_invited", __name__)
csrf.guard(blueprint)

ONE = f"{firm_invitation.PAGE}/<token>"


class FirmForm(forms.Form):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    city: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]

    says = {"country": lazy_gettext("Choose a country of the list.")}


class DeclineForm(forms.Form):
    pass


@blueprint.errorhandler(Expired)
@blueprint.errorhandler(NotFound)
def over(error: Expired | NotFound) -> ResponseReturnValue:
    """The link was used, withdrawn, declined, is over, or never was: said before any form."""
    words = {
        "used": (
            gettext("This invitation was used"),
            gettext("The firm exists. Sign in: the client’s invitation is under “Invitations and requests” there."),
        ),
        "withdrawn": (
            gettext("This invitation was withdrawn"),
            gettext("The company withdrew it, or sent a newer one. If you expected to work for it, ask them."),
        ),
        "declined": (
            gettext("This invitation was declined"),
            gettext("Somebody with this link declined it. If it was a mistake, ask the company for a new invitation."),
        ),
        "expired": (
            gettext("This invitation has expired"),
            gettext("Ask the company to invite you again; a new link will come by e-mail."),
        ),
        "suspended": (
            gettext("This company is suspended at present"),
            gettext("The link can be used again once the company goes on. Ask the person who invited you."),
        ),
    }
    title, explanation = words.get(
        str(error.members.get("reason")),
        (
            gettext("This link is no longer valid"),
            gettext("A newer mail may have replaced it. Look in your mailbox for the latest one, or ask the company."),
        ),
    )
    home, sign_in = {"label": gettext("My products"), "url": "/"}, {"label": gettext("Sign in"), "url": "/sign-in"}
    status = 404 if isinstance(error, NotFound) else 410
    ways = [home if current_session() is not None else sign_in]
    return page("errors/page.html", status, title=title, explanation=explanation, ways=ways, reference=None)


@blueprint.get(ONE)
def start(token: str) -> ResponseReturnValue:
    """Who invites, to what and until when; and the way on for whoever opens it."""
    return show_start({}, token)


def show_start(problems: dict[str, str], token: str) -> Response:
    offered, current = _offer(token), current_session()
    if current is not None and not _is_for(token, current):
        return another_person.explained(
            current, email=offered.address, company=offered.company, switch_url=f"{path(token)}/switch"
        )
    work, here = open_work(), path(token)
    has_account = firm_invitation.has_account(work, token)
    return page(
        "firm_invitation/start.html",
        problems=problems,
        company=offered.company,
        inviter=offered.by,
        email=offered.address,
        access=mandate_words.access(work.policies, offered.scope),
        products=mandate_words.products(
            work.policies, offered.scope.preset, offered.scope.options, mandate_words.lowered(offered.scope)
        ),
        ends=mandate_words.end_of(work.policies, offered.scope),
        temporary=mandate_scope.longest(work.policies, offered.scope.preset) is not None,
        expires=day(offered.expires_at),
        way="go_on" if current is not None else "sign_in" if has_account else "create",
        firm_url=f"{here}/firm",
        sign_in_url=sign_in_address(f"{here}/firm", login_hint=offered.address).replace("%40", "@"),
        decline_url=f"{here}/decline",
        account=person(current) if current is not None else None,
    )


@blueprint.post(ONE)
@csrf.again(show_start)
def create_account(token: str) -> ResponseReturnValue:
    """On to an account for the invited address; nothing of the invitation is spent."""
    work = open_work(write=True)
    offered = _offer(token)
    if current_session() is not None:
        return see_other(path(token))
    try:
        activation = firm_invitation.open_activation(work, token, locale=offered.locale)
    except Conflict:  # the address has got an account in the meantime
        return see_other(path(token))
    return see_other(f"/activation/{activation}/details")


@blueprint.get(f"{ONE}/firm")
def firm(token: str) -> ResponseReturnValue:
    """Name and place of the new firm."""
    return show_firm({}, token)


def show_firm(problems: dict[str, str], token: str) -> Response:
    offered = _offer(token)
    current = current_session()
    if current is None:
        return see_other(path(token))
    if not _is_for(token, current):
        return another_person.explained(
            current, email=offered.address, company=offered.company, switch_url=f"{path(token)}/switch"
        )
    _prove(current, token)
    return page(
        "firm_invitation/firm.html",
        problems=problems,
        form=forms.typed() or {"country": offered.country},
        company=offered.company,
        countries=countries(),
        decline_url=f"{path(token)}/decline",
        account=person(current),
    )


@blueprint.post(f"{ONE}/firm")
@csrf.again(show_firm)
def create_firm(token: str) -> ResponseReturnValue:
    """Create the firm; the company's invitation then waits for it."""
    work = open_work(write=True)
    _offer(token)
    current = current_session()
    if current is None or not _is_for(token, current):
        return see_other(path(token))
    _prove(current, token)
    form, problems = forms.read(FirmForm, sent.form)
    if form is None:
        return show_firm(problems, token)
    try:
        made, waiting = firm_invitation.accept(open_work(), token, name=form.name, country=form.country, city=form.city)
    except InvalidInput as error:
        work.session.rollback()
        field = str(error.members.get("field"))
        return show_firm({field: gettext("This cannot be used as it is written. Please check it.")}, token)
    except FirmsFull:
        work.session.rollback()
        return show_firm({"form": gettext("The company has as many firms as it can have. Please ask there.")}, token)
    except NotSubscribed:
        work.session.rollback()
        return show_firm(
            {"form": gettext("The company uses none of these products any more. Please ask there.")}, token
        )
    return see_other(f"/companies/{made.id}/mandates/{waiting.id}")


@blueprint.get(f"{ONE}/decline")
def ask_decline(token: str) -> ResponseReturnValue:
    """What a no does, before it is one."""
    return show_decline({}, token)


def show_decline(problems: dict[str, str], token: str) -> Response:
    offered = _offer(token)
    return page("firm_invitation/decline.html", problems=problems, company=offered.company, back_url=path(token))


@blueprint.post(f"{ONE}/decline")
@csrf.again(show_decline)
def decline(token: str) -> ResponseReturnValue:
    """Say no; the company is told."""
    work = open_work(write=True)
    offered = _offer(token)
    form, problems = forms.read(DeclineForm, sent.form)
    if form is None:
        return show_decline(problems, token)
    firm_invitation.decline(work, token)
    return page("invitation/refused.html", company=offered.company, inviter="", form={})


@blueprint.post(f"{ONE}/switch")
def switch(token: str) -> ResponseReturnValue:
    """Sign out whoever is signed in here, and come back to the invitation."""
    open_work(write=True)
    _offer(token)
    return signed_out(path(token))


def path(token: str) -> str:
    """The address of an invitation."""
    return f"{firm_invitation.PAGE}/{token}"


def _offer(token: str) -> Offer:
    """The offer, still open; the page speaks its language unless the browser has chosen one."""
    offered = firm_invitation.find(open_work(), token)
    locale.suggest(offered.locale)
    return offered


def _is_for(token: str, current: Current) -> bool:
    return firm_invitation.holds_address(open_work(), token, current.account_id)


def _prove(current: Current, token: str) -> None:
    """A firm is run with both factors, from its first minute on."""
    if current.acr != session.ACR_TWO:
        raise StepUpRequired(page=f"{path(token)}/firm")
