"""The last steps before an account is complete: a recovery contact, then recovery codes.

Who leaves half-way finds the same step at the next sign-in; what was kept by then stays.
"""

from datetime import datetime
from typing import Annotated

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import recovery_contact
from idp.authn import contacts, setup
from idp.authn.attempt import Attempt
from idp.authn.contacts import Proved
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.core.errors import Expired, InvalidInput
from idp.web import csrf, forms
from idp.web.pages import code_sheet, contact_form, steps
from idp.web.pages.contact_form import CodeForm, ContactForm
from idp.web.pages.continuing import address, asked, see_other
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_setup", __name__)
csrf.guard(blueprint)
steps.install(blueprint)

CONTACT = "/sign-in/recovery-contact"
CODES = "/sign-in/recovery-codes"


class MakeForm(forms.Form):
    shown: Annotated[str, StringConstraints(max_length=60)] = ""  # the set that this page knew of


class KeptForm(forms.Form):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


# --- the recovery contact ---


@blueprint.get(CONTACT)
def ask_contact() -> ResponseReturnValue:
    """The page that asks for an address or a number."""
    return show_contact({})


def show_contact(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.CONTACT)
    sent = setup.asked_contact(work, attempt)
    typed = forms.typed() or ({"recovery_contact": sent.destination} if sent else {})
    return steps.show(
        work,
        attempt,
        "setup/contact.html",
        problems,
        status,
        phones=contact_form.phones_offered(),
        purpose=attempt.purpose,
        form=typed,
    )


@blueprint.post(CONTACT)
@csrf.again(show_contact)
def send_code() -> ResponseReturnValue:
    """Send a code to the contact; it counts once the code is back."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.CONTACT, lock=True)
    form, problems = forms.read(ContactForm, request.form)
    if form is None:
        return show_contact(problems)
    typed = form.recovery_contact
    try:
        outcome = setup.ask_contact(work, attempt, kind=contact_form.kind_of(typed), value=typed)
    except InvalidInput as error:
        return show_contact(contact_form.problem(work, error))
    if outcome is Outcome.PAUSED:
        return show_contact({"recovery_contact": contact_form.sent_too_often()}, 429)
    return see_other(address(f"{CONTACT}/code", asked()))


@blueprint.get(f"{CONTACT}/code")
def ask_code() -> ResponseReturnValue:
    """The page of the code that was sent."""
    return show_code({})


def show_code(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.CONTACT)
    sent = setup.asked_contact(work, attempt)
    if sent is None:
        return see_other(address(CONTACT, asked()))
    return steps.show(
        work,
        attempt,
        "setup/contact_code.html",
        problems,
        status,
        sent_to=recovery_contact.masked_value(sent.kind, sent.destination),
        kind=sent.kind,
        lasts=contact_form.minutes(work),
        purpose=attempt.purpose,
        again_url=address(f"{CONTACT}/again", asked()),
        change_url=address(CONTACT, asked()),
        paused=None if problems else contact_form.still_paused(work, _paused_until(work, attempt)),
    )


def _paused_until(work: Work, attempt: Attempt) -> datetime | None:
    return contacts.paused_until(work, attempt.account_id) if attempt.account_id else None


@blueprint.post(f"{CONTACT}/code")
@csrf.again(show_code)
def prove_contact() -> ResponseReturnValue:
    """Keep the contact whose code this is."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.CONTACT, lock=True)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems)
    try:
        proved = setup.prove_contact(work, attempt, form.code)
    except InvalidInput as error:
        return show_contact(contact_form.problem(work, error))
    match proved:
        case Proved.ACCEPTED:
            return steps.onward(work, attempt)
        case Proved.PAUSED:
            return show_code({"code": contact_form.paused(work, _paused_until(work, attempt))}, 429)
        case Proved.IN_USE:
            return show_contact({"recovery_contact": contact_form.in_use()})
    return show_code({"code": contact_form.code_wrong()})


@blueprint.post(f"{CONTACT}/again")
@csrf.again(show_code)
def send_again() -> ResponseReturnValue:
    """Send a new code to the same contact; the one before is void."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.CONTACT, lock=True)
    try:
        outcome = setup.ask_contact_again(work, attempt)
    except (Expired, InvalidInput):
        return see_other(address(CONTACT, asked()))
    if outcome is Outcome.PAUSED:
        return show_code({"code": contact_form.sent_too_often()}, 429)
    return see_other(address(f"{CONTACT}/code", asked()))


# --- the recovery codes ---


@blueprint.get(CODES)
def ask_codes() -> ResponseReturnValue:
    """Where codes are made, and where one of them is typed; the codes themselves are not on it."""
    return show_codes({})


def show_codes(problems: dict[str, str]) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.CODES)
    made = setup.codes_made_at(work, attempt)
    return _codes_page(work, attempt, problems, made_at=made)


@blueprint.post(CODES)
@csrf.again(show_codes)
def make_codes() -> ResponseReturnValue:
    """Make a set and show it, this once. Sent a second time, as by a reload, it makes none."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.CODES, lock=True)
    form, problems = forms.read(MakeForm, request.form)
    if form is None:
        return show_codes(problems)
    if form.shown != code_sheet.mark(setup.codes_made_at(work, attempt)):
        return see_other(address(CODES, asked()))
    codes = setup.make_codes(work, attempt)
    return _codes_page(work, attempt, {}, made_at=setup.codes_made_at(work, attempt), codes=codes)


@blueprint.post(f"{CODES}/kept")
@csrf.again(show_codes)
def keep_codes() -> ResponseReturnValue:
    """Go on once one of the codes was typed; it stays good."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.CODES, lock=True)
    form, problems = forms.read(KeptForm, request.form)
    if form is None:
        return show_codes(problems)
    if setup.keep_codes(work, attempt, form.code):
        return steps.onward(work, attempt)
    return show_codes({"code": gettext("This is not one of your latest codes. Copy one from what you have kept.")})


def _codes_page(
    work: Work, attempt: Attempt, problems: dict[str, str], *, made_at: datetime | None, codes: list[str] | None = None
) -> Response:
    """Codes that were made just now, or the way to make them."""
    return steps.show(
        work,
        attempt,
        "setup/codes.html",
        problems,
        purpose=attempt.purpose,
        make_url=address(CODES, asked()),
        kept_url=address(f"{CODES}/kept", asked()),
        **code_sheet.context(work, codes, made_at, attempt.address),
    )
