"""An invitation as the person who is invited meets it: read, accepted with an account or on the way to one, refused.

Mail scanners open links: opening one spends nothing, however often. Two people are never mixed: whoever is signed in as
somebody else is told so, and chooses.
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
from idp.authn import activation
from idp.authn.session import Current
from idp.companies import acceptance, company, invitation, preview, proposal
from idp.companies.acceptance import Offer
from idp.companies.errors import AlreadyMember, NotSubscribed, RoleNotOffered
from idp.companies.invitation_draft import default_role, labels
from idp.companies.models import Invitation, InvitedRole
from idp.companies.proposal import Choice
from idp.companies.reach import Access, Refusal, Why, resolve_many
from idp.core.errors import Conflict, Expired, InvalidInput, NotAuthenticated, NotFound
from idp.oidc import products
from idp.policy import label_for
from idp.web import cookies, crowd, csrf, forms, locale, role_words
from idp.web.pages import another_person, new_password, steps
from idp.web.pages.continuing import product_view, see_other, sign_in_address
from idp.web.pages.sign_out import signed_out
from idp.web.render import current_session, day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_invited", __name__)
csrf.guard(blueprint)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class DetailsForm(forms.Form):
    given_name: Name
    family_name: Name
    email: str = ""  # shown for password managers; the invitation decides the address
    password: new_password.Typed
    password_again: new_password.Typed
    personal: Literal["yes"]

    says = {"personal": lazy_gettext("Tick this box to go on: the account is for you alone.")}


@blueprint.errorhandler(Expired)
@blueprint.errorhandler(NotFound)
def over(error: Expired | NotFound) -> ResponseReturnValue:
    """The link was answered, withdrawn, replaced, is over, or never was: said before any form."""
    reason = error.members.get("reason")
    sign_in, home = {"label": gettext("Sign in"), "url": "/sign-in"}, {"label": gettext("My products"), "url": "/"}
    words = {
        "accepted": (
            gettext("This invitation was accepted"),
            gettext("Sign in to find the products. If setting up the account was interrupted, it goes on from there."),
        ),
        "withdrawn": (
            gettext("This invitation was withdrawn"),
            gettext("The company withdrew it. If you expected to work there, ask the person who invited you."),
        ),
        "refused": (
            gettext("This invitation was refused"),
            gettext(
                "Somebody with this link declined it. If it was a mistake, ask the person who invited you for "
                "a new one."
            ),
        ),
        "expired": (
            gettext("This invitation has expired"),
            gettext("Ask the person who invited you to send it again; a new link will come by e-mail."),
        ),
        "closed": (
            gettext("This company is closed"),
            gettext("Nobody works there any more, so the invitation is no longer valid."),
        ),
        "suspended": (
            gettext("This company is suspended at present"),
            gettext("The link can be used again once the company goes on. Ask the person who invited you."),
        ),
    }
    title, explanation = words.get(
        str(reason),
        (
            gettext("This link is no longer valid"),
            gettext(
                "A newer mail may have replaced it, or its time is over. Look in your mailbox for the latest one, or "
                "ask the person who invited you to send it again."
            ),
        ),
    )
    status = 404 if isinstance(error, NotFound) else 410
    ways = [home] if current_session() is not None else [sign_in]
    return page("errors/page.html", status, title=title, explanation=explanation, ways=ways, reference=None)


@blueprint.get("/invitation/<token>")
def start(token: str) -> ResponseReturnValue:
    """Who invites, where, to what and until when; and the way on for whoever opens it."""
    return show_start({}, token)


def show_start(problems: dict[str, str], token: str) -> Response:
    offered = _offer(token)
    current = current_session()
    if current is not None and not _is_for(current, offered):
        return another_person.explained(
            current, email=offered.address, company=offered.company.name, switch_url=f"{invitation_path(token)}/switch"
        )
    here = f"{invitation_path(token)}"
    work = open_work()
    return page(
        "invitation/start.html",
        problems=problems,
        company=offered.company.name,
        inviter=offered.inviter,
        email=offered.address,
        message=offered.message.split("\n") if offered.message else [],
        roles=_roles(work, token, offered),
        administration=_administration(work, offered),
        expires=day(offered.expires_at),
        way="accept" if current is not None else "sign_in" if offered.has_account else "create",
        sign_in_url=sign_in_address(here, login_hint=offered.address).replace("%40", "@"),
        create_url=f"{here}/account",
        refuse_url=f"{here}/refuse",
        account=person(current) if current is not None else None,
    )


@blueprint.post("/invitation/<token>")
@csrf.again(show_start)
def accept(token: str) -> ResponseReturnValue:
    """Accept with the account that is signed in."""
    work = open_work(write=True)
    offered = _offer(token)
    current = current_session()
    if current is None or not _is_for(current, offered):
        return see_other(invitation_path(token))
    try:
        acceptance.accept(open_work(), token)
    except AlreadyMember:
        work.session.rollback()
        return show_start({"form": gettext("You belong to this company already: there is nothing to accept.")}, token)
    return see_other(acceptance.welcome(token))


@blueprint.get("/invitation/<token>/account")
def details(token: str) -> ResponseReturnValue:
    """Name and password of somebody who has no account."""
    return show_details({}, token)


def show_details(problems: dict[str, str], token: str) -> Response:
    offered = _offer(token)
    if current_session() is not None or offered.has_account:
        return see_other(invitation_path(token))
    least = open_work().policies.account.password_min
    names = {"given_name": offered.given_name, "family_name": offered.family_name}
    return page(
        "activation/details.html",
        problems=problems,
        form=forms.typed() or names,
        email=offered.address,
        min_length=least,
    )


@blueprint.post("/invitation/<token>/account")
@csrf.again(show_details)
@crowd.waits_its_turn
def create(token: str) -> ResponseReturnValue:
    """Make the account and join the company, in one transaction; this spends the invitation, for one caller."""
    work = open_work(write=True)
    offered = _offer(token)
    if current_session() is not None or offered.has_account:
        return see_other(invitation_path(token))
    form, problems = forms.read(DetailsForm, request.form)
    if form is not None:
        problems = new_password.differing(form.password, form.password_again)
    if form is None or problems:
        return show_details(problems, token)
    spent: list[UUID] = []
    name = offered.company.name
    try:
        attempt, attempt_token = activation.open_account(
            work,
            address=offered.address,
            locale=offered.locale,
            continue_to=f"{acceptance.welcome(token)}?new=1",
            given_name=form.given_name,
            family_name=form.family_name,
            password=form.password,
            personal=True,
            words=(*new_password.words(work), name),
            spend=lambda: spent.append(acceptance.spend(work, token)),
        )
    except InvalidInput as error:
        return show_details(_problems(work, error), token)
    except Conflict:  # the address has got an account in the meantime
        work.session.rollback()
        return see_other(invitation_path(token))
    assert attempt.account_id is not None
    acceptance.join(
        work.acting(replace(work.actor, kind="account", id=attempt.account_id)), spent[0], attempt.account_id
    )
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


@blueprint.get("/invitation/<token>/refuse")
def ask_refuse(token: str) -> ResponseReturnValue:
    """What a refusal does, before it is one."""
    return show_refuse({}, token)


def show_refuse(problems: dict[str, str], token: str) -> Response:
    offered = _offer(token)
    return page(
        "invitation/refuse.html",
        problems=problems,
        company=offered.company.name,
        inviter=offered.inviter,
        back_url=invitation_path(token),
    )


@blueprint.post("/invitation/<token>/refuse")
@csrf.again(show_refuse)
def refuse(token: str) -> ResponseReturnValue:
    """Say no."""
    work = open_work(write=True)
    offered = _offer(token)
    acceptance.refuse(work, token)
    return page("invitation/refused.html", company=offered.company.name, inviter=offered.inviter, form={})


@blueprint.post("/invitation/<token>/switch")
def switch(token: str) -> ResponseReturnValue:
    """Sign out whoever is signed in here, and come back to the invitation."""
    open_work(write=True)
    _offer(token)
    return signed_out(invitation_path(token))


@blueprint.get("/invitation/<token>/roles/<product>")
def role(token: str, product: str) -> ResponseReturnValue:
    """What one of the offered roles permits, area by area."""
    offered = _offer(token)
    work = open_work()
    found = next((each for each in offered.roles if each.product == product), None)
    if found is None:
        raise NotFound(what="role")
    choice = Choice(found.role, found.custom_role_id, switches=found.switches, restrictions=found.restrictions)
    try:
        grant = proposal.in_company(work, offered.company.id, product, choice)
    except (NotSubscribed, RoleNotOffered) as error:
        raise NotFound(what="role") from error
    return page(
        "invitation/role.html",
        name=labels(work, {product: _columns(found)}, locale.current())[product],
        product_name=label_for(work.policies.products[product].label, locale.current()),
        company=offered.company.name,
        preview=role_words.shown(preview.of(work.policies, grant, locale.current())),
        back_url=invitation_path(token),
    )


@blueprint.get("/invitation/<token>/welcome")
def welcome(token: str) -> ResponseReturnValue:
    """It is done: the products that are open now, and what could not be given with the reason."""
    work = open_work()
    current = current_session()
    joined = acceptance.accepted_by(work, token, current.account_id) if current is not None else None
    if joined is None:
        _offer(token)  # an open one is accepted first; one that is over says so
        if current is None:
            raise NotAuthenticated
        return see_other(invitation_path(token))
    assert current is not None
    return page(
        "invitation/welcome.html",
        company=company.get(work, joined.company_id).name,
        new=request.args.get("new") == "1",
        given_name=current.display_name.partition(" ")[0],
        tiles=_tiles(work, joined, current),
        missing=_missing(work, joined, current),
        account=person(signed_in()),
    )


def invitation_path(token: str) -> str:
    """The address of an invitation."""
    return acceptance.path(token)


def _offer(token: str) -> Offer:
    """The offer, still open; the page speaks its language unless the browser has chosen one."""
    offered = acceptance.find(open_work(), token)
    locale.suggest(offered.locale)
    return offered


def _is_for(current: Current, offered: Offer) -> bool:
    return email_address.primary_address(open_work(), current.account_id).canonical == offered.canonical


def _columns(each: InvitedRole) -> dict[str, Any]:
    return {"role": each.role, "custom_role_id": each.custom_role_id}


def _roles(work: Work, token: str, offered: Offer) -> list[dict[str, Any]]:
    language = locale.current()
    called = labels(work, {each.product: _columns(each) for each in offered.roles}, language)
    return [
        {
            "product": product_view(work, each.product),
            "role": called[each.product],
            "until": day(each.expires_at) if each.expires_at else "",
            "url": f"{invitation_path(token)}/roles/{each.product}",
        }
        for each in offered.roles
        if each.product in work.policies.products
    ]


def _administration(work: Work, offered: Offer) -> list[str]:
    known, base = work.policies.roles, default_role(work).id
    held = (each for each in (offered.company_role, *offered.also) if each in known and each != base)
    return [label_for(known[each].label, locale.current()) for each in held]


def _answers(work: Work, joined: Invitation, current: Current) -> dict[str, Access | Refusal | None]:
    wanted = [each.product for each in invitation.roles_of(work, joined)]
    answers = resolve_many(work, current.account_id, [joined.company_id], wanted) if wanted else {}
    return {product: answers.get((joined.company_id, product)) for product in wanted}


def _tiles(work: Work, joined: Invitation, current: Current) -> list[dict[str, Any]]:
    addresses = products.homes(work)
    return [
        {
            "product": product_view(work, product),
            "url": products.for_company(addresses[product], joined.company_id) if product in addresses else None,
            "role": label_for(answer.role_labels, locale.current()),
            "note": None if product in addresses else gettext("not connected yet"),
        }
        for product, answer in _answers(work, joined, current).items()
        if isinstance(answer, Access)
    ]


def _missing(work: Work, joined: Invitation, current: Current) -> list[str]:
    """Why a product that was offered is not open."""
    told = []
    for product, answer in _answers(work, joined, current).items():
        if isinstance(answer, Access) or product not in work.policies.products:
            continue
        name = label_for(work.policies.products[product].label, locale.current())
        if answer is None or answer.why in (Why.ENDED, Why.NOT_SUBSCRIBED):
            told.append(gettext("%(product)s: the company’s subscription has ended.", product=name))
        else:
            told.append(gettext("%(product)s: what was offered cannot be given any more.", product=name))
    return told


def _problems(work: Work, error: InvalidInput) -> dict[str, str]:
    field = str(error.members.get("field"))
    if field in ("given_name", "family_name"):
        return {field: gettext("This cannot be used as it is written. Please check it.")}
    if field == "email":  # it was asked for before such addresses were refused
        return {field: forms.email_problem(error.members.get("reason"))}
    return new_password.problem(work, error)
