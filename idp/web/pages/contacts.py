"""A person's own recovery contacts: see, add, replace, remove. What changes one asks for a fresh proof (R-20)."""

from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.accounts import recovery_contact
from idp.accounts.models import RecoveryContact
from idp.authn import contacts
from idp.authn.contacts import Proved
from idp.authn.outcome import Outcome
from idp.authn.session import Current
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.web import csrf, forms
from idp.web.pages import contact_form
from idp.web.pages.contact_form import CodeForm, ContactForm
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_contacts", __name__)
csrf.guard(blueprint)

LIST = "/account/contacts"
ADD = f"{LIST}/add"
CODE = f"{LIST}/code"
REMOVE = f"{LIST}/<uuid:contact_id>/remove"


class NoForm(forms.Form):
    """A form that says all it has to say by being sent."""


@blueprint.get(LIST)
def see_contacts() -> ResponseReturnValue:
    """The contacts, masked, with what can be done about each."""
    return show_contacts({})


def show_contacts(problems: dict[str, str], status: int = 200) -> Response:
    current = signed_in()
    work = open_work()
    held = recovery_contact.verified(work, current.account_id)
    return page(
        "account/contacts.html",
        status,
        problems=problems,
        account=person(current),
        contacts=[_shown(work, each, last=len(held) == 1) for each in held],
        add_url=ADD,
    )


@blueprint.get(ADD)
def ask_contact() -> ResponseReturnValue:
    """The page of a new contact. Query: `replaces`, the key of the one that goes once the new one is proved."""
    return show_add({})


def show_add(problems: dict[str, str], status: int = 200) -> Response:
    current = fresh(page=_here(ADD))
    work = open_work()
    old = _replaced(work, current)
    return page(
        "account/contact_add.html",
        status,
        problems=problems,
        account=person(current),
        phones=contact_form.phones_offered(),
        replaces=recovery_contact.masked(old) if old else None,
        back_url=LIST,
    )


@blueprint.post(ADD)
@csrf.again(show_add)
def send_code() -> ResponseReturnValue:
    """Send a code to the contact; it counts once the code is back."""
    open_work(write=True)
    current = fresh(page=_here(ADD))
    work = open_work()  # by this person from here on
    _replaced(work, current)
    form, problems = forms.read(ContactForm, request.form)
    if form is None:
        return show_add(problems)
    typed = form.recovery_contact
    try:
        outcome = contacts.ask(
            work,
            current.account_id,
            bound_to=current.session_id,
            kind=contact_form.kind_of(typed),
            value=typed,
        )
    except InvalidInput as error:
        return show_add(contact_form.problem(work, error))
    if outcome is Outcome.PAUSED:
        return show_add({"recovery_contact": contact_form.sent_too_often()}, 429)
    return see_other(_here(CODE))


@blueprint.get(CODE)
def ask_code() -> ResponseReturnValue:
    """The page of the code that was sent."""
    return show_code({})


def show_code(problems: dict[str, str], status: int = 200) -> Response:
    current = fresh(page=_here(CODE))
    work = open_work()
    sent = contacts.asked(work, current.account_id, current.session_id)
    if sent is None:
        return see_other(_here(ADD))
    old = _replaced(work, current)
    return page(
        "account/contact_code.html",
        status,
        problems=problems,
        account=person(current),
        sent_to=recovery_contact.masked_value(sent.kind, sent.destination),
        kind=sent.kind,
        lasts=contact_form.minutes(work),
        replaces=recovery_contact.masked(old) if old else None,
        again_url=_here(f"{CODE}/again"),
        change_url=_here(ADD),
        paused=None if problems else contact_form.still_paused(work, contacts.paused_until(work, current.account_id)),
        form={},
    )


@blueprint.post(CODE)
@csrf.again(show_code)
def prove_contact() -> ResponseReturnValue:
    """Keep the contact whose code this is; the one it replaces goes."""
    open_work(write=True)
    current = fresh(page=_here(CODE))
    work = open_work()  # by this person from here on
    old = _replaced(work, current)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems)
    try:
        proved = contacts.prove(
            work,
            current.account_id,
            bound_to=current.session_id,
            code=form.code,
            replaces=old.id if old else None,
        )
    except InvalidInput as error:
        return show_add(contact_form.problem(work, error))
    match proved:
        case Proved.ACCEPTED:
            return see_other(LIST)
        case Proved.PAUSED:
            return show_code({"code": contact_form.paused(work, contacts.paused_until(work, current.account_id))}, 429)
        case Proved.IN_USE:
            return show_add({"recovery_contact": contact_form.in_use()})
    return show_code({"code": contact_form.code_wrong()})


@blueprint.post(f"{CODE}/again")
@csrf.again(show_code)
def send_again() -> ResponseReturnValue:
    """Send a new code to the same contact; the one before is void."""
    open_work(write=True)
    current = fresh(page=_here(CODE))
    work = open_work()  # by this person from here on
    try:
        outcome = contacts.ask_again(work, current.account_id, bound_to=current.session_id)
    except (Expired, InvalidInput):
        return see_other(_here(ADD))
    if outcome is Outcome.PAUSED:
        return show_code({"code": contact_form.sent_too_often()}, 429)
    return see_other(_here(CODE))


@blueprint.get(REMOVE)
def ask_removal(contact_id: UUID) -> ResponseReturnValue:
    """What removing it means."""
    return show_removal({}, contact_id)


def show_removal(problems: dict[str, str], contact_id: UUID) -> Response:
    current = fresh()
    work = open_work()
    contact = recovery_contact.get(work, current.account_id, contact_id)
    if recovery_contact.count(work, current.account_id) <= 1:
        return see_other(f"{ADD}?replaces={contact_id}")
    return page(
        "account/contact_remove.html",
        problems=problems,
        account=person(current),
        contact=recovery_contact.masked(contact),
        back_url=LIST,
    )


@blueprint.post(REMOVE)
@csrf.again(show_removal)
def remove(contact_id: UUID) -> ResponseReturnValue:
    """Forget it; every address is told, this one included."""
    open_work(write=True)
    current = fresh()
    work = open_work()  # by this person from here on
    form, problems = forms.read(NoForm, request.form)
    if form is None:
        return show_removal(problems, contact_id)
    try:
        contacts.remove(work, current.account_id, contact_id)
    except Conflict:  # another tab was faster
        return show_contacts({"form": gettext("This is your only recovery contact. Replace it instead.")}, 409)
    return see_other(LIST)


def _replaced(work: Work, current: Current) -> RecoveryContact | None:
    """The contact that is to be replaced, if the address names one.

    Raises:
        NotFound: it is not one of this person's.
    """
    named = request.args.get("replaces", "")
    if not named:
        return None
    try:
        return recovery_contact.get(work, current.account_id, UUID(named))
    except ValueError as error:
        raise NotFound(kind="recovery_contact") from error


def _here(path: str) -> str:
    """Another address of this journey, which goes on replacing the same contact."""
    named = request.args.get("replaces", "")
    return f"{path}?replaces={named}" if named.replace("-", "").isalnum() and named.isascii() else path


def _shown(work: Work, contact: RecoveryContact, *, last: bool) -> dict[str, object]:
    return {
        "name": recovery_contact.masked(contact),
        "kind": contact.kind,
        "since": day(contact.created_at),
        "fresh": contact.created_at > work.now - work.policies.account.fresh_contact_age,
        "idle": contact.kind == "phone" and not contact_form.phones_offered(),
        "replace_url": f"{ADD}?replaces={contact.id}",
        "remove_url": None if last else f"{LIST}/{contact.id}/remove",
    }
