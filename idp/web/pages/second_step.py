"""Signing in, after the password: the code of the app, other ways, linking an app, keeping an account."""

import io
from typing import Annotated, Any, Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from pydantic import BeforeValidator, StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import profile, recovery_contact
from idp.authn import lost_factor, passkey, recovery_code, sign_in
from idp.authn.sign_in import Attempt, Outcome, Step
from idp.companies import erasure
from idp.web import cookies, csrf, forms
from idp.web.pages import contact_form, steps
from idp.web.pages.continuing import address, see_other
from idp.web.render import day
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_second_step", __name__)
csrf.guard(blueprint)
steps.install(blueprint)


def _without_spaces(value: object) -> object:
    return "".join(value.split()) if isinstance(value, str) else value


# ASCII digits alone: pyotp would take full-width ones for the same code (security.md, fact 6).
Code = Annotated[str, BeforeValidator(_without_spaces), StringConstraints(pattern=r"^[0-9]{6}$")]


class CodeForm(forms.Form):
    code: Code
    trust: Literal["yes"] | None = None

    says = {"code": forms.CODE_PROBLEM}


class RecoveryForm(forms.Form):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class DecisionForm(forms.Form):
    decision: Literal["keep", "leave"]


# --- the code of the authenticator app ---


@blueprint.get("/sign-in/code")
def ask_code() -> ResponseReturnValue:
    """The page of the six-digit code."""
    return show_code({})


def show_code(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.TOTP)
    return steps.show(
        work,
        attempt,
        "sign_in/totp.html",
        problems,
        status,
        other_ways_url=address("/sign-in/other-ways", steps.going(attempt)),
        passkey_url=address("/sign-in/code/passkey", steps.going(attempt)) if attempt.has_passkey else None,
        trust_days=steps.trust_days(work, attempt),
        paused=None if problems else steps.paused(work, attempt.codes_paused_until),
    )


@blueprint.post("/sign-in/code")
@csrf.again(show_code)
def prove_code() -> ResponseReturnValue:
    """Check the code; each counts once."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.TOTP, lock=True)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems)
    outcome = sign_in.prove_totp(work, attempt, form.code)
    if outcome is Outcome.ACCEPTED:
        return steps.onward(work, attempt, trust=form.trust == "yes")
    if outcome is Outcome.PAUSED:
        return show_code({"code": _paused(work, attempt, "totp")}, 429)
    return show_code({"code": _refused()})


# --- other ways ---


@blueprint.get("/sign-in/other-ways")
def other_ways() -> ResponseReturnValue:
    """What can be done without the app."""
    work = open_work()
    attempt = steps.due(work, Step.TOTP)
    left = attempt.account_id is not None and recovery_code.left(work, attempt.account_id) > 0
    contacts = lost_factor.offered(work, attempt, phones=contact_form.phones_offered())
    continue_to = steps.going(attempt)
    return steps.show(
        work,
        attempt,
        "sign_in/other_ways.html",
        {},
        recovery_code_url=address("/sign-in/recovery-code", continue_to) if left else None,
        passkey_url=address("/sign-in/code/passkey", continue_to) if attempt.has_passkey else None,
        code_url=address("/sign-in/code", continue_to) if attempt.has_app else None,
        contact_url=address("/sign-in/lost-phone", continue_to) if contacts else None,
        contacts=[recovery_contact.masked(contact) for contact in contacts],
        lost_all_url="/recovery",
    )


@blueprint.get("/sign-in/recovery-code")
def ask_recovery_code() -> ResponseReturnValue:
    """The page of a recovery code."""
    return show_recovery_code({})


def show_recovery_code(problems: dict[str, str], status: int = 200) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.TOTP)
    return steps.show(
        work,
        attempt,
        "sign_in/recovery_code.html",
        problems,
        status,
        other_ways_url=address("/sign-in/other-ways", steps.going(attempt)),
        paused=None if problems else steps.paused(work, sign_in.code_pause(work, attempt, sign_in.RECOVERY_CODE)),
    )


@blueprint.post("/sign-in/recovery-code")
@csrf.again(show_recovery_code)
def prove_recovery_code() -> ResponseReturnValue:
    """Check a recovery code; each works once."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.TOTP, lock=True)
    form, problems = forms.read(RecoveryForm, request.form)
    if form is None:
        return show_recovery_code(problems)
    outcome = sign_in.prove_recovery_code(work, attempt, form.code)
    if outcome is Outcome.ACCEPTED:
        return steps.onward(work, attempt)
    if outcome is Outcome.PAUSED:
        return show_recovery_code({"code": _paused(work, attempt, "recovery_code")}, 429)
    return show_recovery_code({"code": gettext("That recovery code is not right, or was already used.")})


# --- linking an app ---


@blueprint.get("/sign-in/second-factor")
def ask_enrolment() -> ResponseReturnValue:
    """QR code and key of a new authenticator app; the same ones until a first code is right."""
    return show_enrolment({})


def show_enrolment(problems: dict[str, str]) -> Response:
    work = open_work(write=True)  # the first time, the secret is kept
    attempt = steps.due(work, Step.ENROL)
    enrolment = sign_in.begin_enrolment(work, attempt)
    secret = enrolment.secret
    return steps.show(
        work,
        attempt,
        "activation/authenticator.html",
        problems,
        qr_svg=qr(enrolment.uri),
        secret_groups=[secret[start : start + 4] for start in range(0, len(secret), 4)],
        app_uri=enrolment.uri,
        purpose=attempt.purpose,
        passkey_url=address("/sign-in/second-factor/passkey", steps.going(attempt))
        if passkey.available(work)
        else None,
    )


@blueprint.post("/sign-in/second-factor")
@csrf.again(show_enrolment)
def prove_enrolment() -> ResponseReturnValue:
    """Link the app by a first code."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.ENROL, lock=True)
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_enrolment(problems)
    if sign_in.confirm_enrolment(work, attempt, form.code) is Outcome.ACCEPTED:
        return steps.onward(work, attempt)
    return show_enrolment({"code": _refused()})


# --- an account in the waiting time of its erasure ---


@blueprint.get("/sign-in/keep-account")
def ask_decision() -> ResponseReturnValue:
    """Keep the account, or leave without signing in."""
    return show_decision({})


def show_decision(problems: dict[str, str]) -> Response:
    work = open_work()
    attempt = steps.due(work, Step.ERASURE)
    account = profile.get(work, attempt.account_id) if attempt.account_id else None
    erased_on = day(account.erasure_at) if account and account.erasure_at else ""
    return steps.show(work, attempt, "sign_in/erasure_pending.html", problems, erased_on=erased_on)


@blueprint.post("/sign-in/keep-account")
@csrf.again(show_decision)
def decide() -> ResponseReturnValue:
    """Withdraw the erasure and go on, or leave things as they are."""
    work = open_work(write=True)
    attempt = steps.due(work, Step.ERASURE, lock=True)
    form, problems = forms.read(DecisionForm, request.form)
    if form is None:
        return show_decision(problems)
    if form.decision == "keep":
        sign_in.keep_account(work, attempt)
        if attempt.account_id is not None:
            erasure.kept(work, attempt.account_id)
        return steps.onward(work, attempt)
    answer = see_other("/sign-in")
    cookies.drop(answer, cookies.SIGN_IN)
    return answer


# --- what they share ---


def _refused() -> str:
    return str(
        gettext("That code is not right, or was already used. Wait for the next one, and check your phone’s clock.")
    )


def _paused(work: Work, attempt: Attempt, method: Literal["totp", "recovery_code"]) -> str:
    until = sign_in.code_pause(work, attempt, method)
    return _refused() if until is None else steps.pause_over(work, until)


def qr(uri: str, *, standalone: bool = False) -> Markup:
    """The address as an image inside the page: one SVG path, no style attribute, which the policy would block.

    Args:
        standalone: as a file of its own.
    """
    import segno  # only these pages need it

    code = segno.make(uri, error="m", micro=False)
    looks: dict[str, Any] = {"border": 2, "omitsize": True, "svgclass": None, "lineclass": None}
    if standalone:
        file = io.BytesIO()
        code.save(file, kind="svg", dark="#000", light="#fff", **looks)
        return Markup(file.getvalue().decode())
    return Markup(code.svg_inline(dark="#000", light="#fff", **looks))
