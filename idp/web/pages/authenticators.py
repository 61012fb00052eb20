"""The authenticators of one's account: the list, another app or passkey, names, replacement, removal."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import BeforeValidator, StringConstraints
from werkzeug.wrappers import Response

from idp.authn import authenticators, passkey, passkey_proof, recovery_code
from idp.authn.authenticators import APP, NAME_MAX, Authenticator
from idp.authn.outcome import Outcome
from idp.core.errors import Conflict, NotFound
from idp.web import csrf, forms
from idp.web.pages.continuing import address, see_other
from idp.web.pages.fresh import fresh
from idp.web.pages.passkeys import PasskeyForm, as_json, refused
from idp.web.pages.second_step import Code, qr
from idp.web.render import day, moment, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

HOME = "/account/authenticators"

blueprint = Blueprint("pages_authenticators", __name__, url_prefix=HOME)
csrf.guard(blueprint)


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


Name = Annotated[str, StringConstraints(max_length=NAME_MAX), BeforeValidator(_one_line)]


class AppForm(forms.Form):
    name: Name = ""
    sealed: Annotated[str, StringConstraints(max_length=1000)]
    code: Code

    says = {"code": forms.CODE_PROBLEM}


class NewPasskeyForm(PasskeyForm):
    name: Name = ""


class NameForm(forms.Form):
    name: Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX), BeforeValidator(_one_line)]


class RemovalForm(forms.Form):
    pass


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """The list, with when each was used, and the recovery codes that are left."""
    current = signed_in()
    work = open_work()
    held = authenticators.held(work, current.account_id)
    return page(
        "account/authenticators.html",
        account=person(current),
        held=[_row(each) for each in held],
        passkeys=passkey.available(work),
        codes_left=recovery_code.left(work, current.account_id),
        codes_url=f"{HOME}/recovery-codes",
        done=_done(request.args.get("done", "")),
    )


def _row(each: Authenticator) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "kind": each.kind,
        "name": each.name or _kind(each.kind),
        "kind_name": _kind(each.kind),
        "created": day(each.created_at),
        "used": moment(each.last_used_at) if each.last_used_at else None,
        "backed_up": each.backed_up,
        "url": f"{HOME}/{each.id}",
    }


def _kind(kind: str) -> str:
    return str(gettext("Authenticator app") if kind == APP else gettext("Passkey"))


def _done(what: str) -> str:
    """What has just been done, for the list that is shown after it."""
    said = {
        "app": gettext("The app is linked. From now on its codes count."),
        "passkey": gettext("The passkey was added. You can sign in with it alone."),
        "replaced": gettext("The new one is in place. The old one is void, and your other sessions ended."),
        "codes": gettext("Your recovery codes are kept. The earlier ones no longer work."),
        "renamed": gettext("It has its new name."),
        "removed": gettext("It was removed. Your other sessions have ended."),
    }
    return str(said.get(what, ""))


def _back(done: str) -> Response:
    return see_other(address(HOME, "/", done=done))


# --- another app ---


@blueprint.get("/new-app")
def ask_app() -> ResponseReturnValue:
    """A new secret as an image and as a key; nothing is kept until its first code is right."""
    return show_app({})


def show_app(problems: dict[str, str]) -> Response:
    replaces = _replaced()
    current = fresh(password=replaces is not None)
    work = open_work()
    sent = request.form.get("sealed", "")
    new = authenticators.new_app(work, current.account_id, sent)
    if "code" in problems and new.sealed != sent:
        problems = {"form": gettext("The image had expired. Here is a new one: please link the app with it.")}
    return page(
        "account/new_app.html",
        problems=problems,
        form={} if problems else forms.typed(),
        account=person(current),
        replaced=_old(work, current.account_id, replaces),
        qr_svg=qr(new.uri),
        secret_groups=[new.secret[start : start + 4] for start in range(0, len(new.secret), 4)],
        sealed=new.sealed,
        name=request.form.get("name", "")[:NAME_MAX],
    )


@blueprint.post("/new-app")
@csrf.again(show_app)
def add_app() -> ResponseReturnValue:
    """Link the app by a first code; the one it replaces dies with it."""
    work = open_work(write=True)
    replaces = _replaced()
    current = fresh(password=replaces is not None)
    work = open_work(write=True)
    form, problems = forms.read(AppForm, request.form)
    if form is None:
        return show_app(problems)
    try:
        added = authenticators.add_app(
            work, current.account_id, sealed=form.sealed, code=form.code, name=form.name, replaces=replaces
        )
    except Conflict:
        return show_app(
            {"form": gettext("An account holds ten apps at most. Remove one that you no longer use first.")}
        )
    if added is Outcome.ACCEPTED:
        return _back("replaced" if replaces else "app")
    said = gettext("That code is not right, or was already used. Wait for the next one, and check your phone’s clock.")
    return show_app({"code": str(said)})


# --- another passkey ---


@blueprint.get("/new-passkey")
def ask_passkey() -> ResponseReturnValue:
    """The page that has the browser make a passkey."""
    return show_passkey({})


def show_passkey(problems: dict[str, str]) -> Response:
    replaces = _replaced()
    current = fresh(password=True)  # a passkey stands for the password too, and outlives it
    work = open_work()
    return page(
        "account/new_passkey.html",
        problems=problems,
        account=person(current),
        replaced=_old(work, current.account_id, replaces),
        passkeys=True,
        options_url=f"{HOME}/new-passkey/options",
        name=request.form.get("name", passkey_proof.default_name(work))[:NAME_MAX],
    )


@blueprint.post("/new-passkey/options")
def ask_new_passkey() -> ResponseReturnValue:
    """What the browser needs to make a passkey in this session."""
    work = open_work(write=True)
    current = fresh(password=True, page=f"{HOME}/new-passkey")
    work = open_work(write=True)
    return as_json(passkey.creation_options(work, current.account_id, passkey.ADD, current.session_id))


@blueprint.post("/new-passkey")
@csrf.again(show_passkey)
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey; the authenticator it replaces dies with it."""
    work = open_work(write=True)
    replaces = _replaced()
    current = fresh(password=True)
    work = open_work(write=True)
    form, problems = forms.read(NewPasskeyForm, request.form)
    if form is None:
        return show_passkey(problems)
    if not form.credential:
        return show_passkey({"form": refused("")})
    added = authenticators.add_passkey(
        work, current.account_id, current.session_id, answer=form.credential, name=form.name, replaces=replaces
    )
    if added is Outcome.ACCEPTED:
        return _back("replaced" if replaces else "passkey")
    return show_passkey({"form": refused(form.credential)})


# --- one of them ---


@blueprint.get("/<uuid:key>")
def open_one(key: UUID) -> ResponseReturnValue:
    """Its name, and what may be done with it."""
    return show_one({}, key)


def show_one(problems: dict[str, str], key: UUID) -> Response:
    current = fresh()  # already here, so that a name that was typed is not lost to a step-up
    work = open_work()
    found = authenticators.get(work, current.account_id, key)
    return page(
        "account/authenticator.html",
        problems=problems,
        account=person(current),
        it=_row(found),
        name=request.form.get("name", found.name)[:100],
        only_one=len(authenticators.held(work, current.account_id)) == 1,
        passkeys=passkey.available(work),
        app_url=f"{HOME}/new-app?replaces={key}",
        passkey_url=f"{HOME}/new-passkey?replaces={key}",
        remove_url=f"{HOME}/{key}/remove",
    )


@blueprint.post("/<uuid:key>")
@csrf.again(show_one)
def rename(key: UUID) -> ResponseReturnValue:
    """Give it another name."""
    work = open_work(write=True)
    current = fresh()
    work = open_work(write=True)
    form, problems = forms.read(NameForm, request.form)
    if form is None:
        return show_one(problems, key)
    authenticators.rename(work, current.account_id, key, form.name)
    return _back("renamed")


@blueprint.get("/<uuid:key>/remove")
def ask_removal(key: UUID) -> ResponseReturnValue:
    """What removing it means, and the button."""
    return show_removal({}, key)


def show_removal(problems: dict[str, str], key: UUID) -> Response:
    current = fresh(password=True)  # MFA-09: with what was added before, it is a replacement
    work = open_work()
    found = authenticators.get(work, current.account_id, key)
    if len(authenticators.held(work, current.account_id)) == 1:
        return see_other(f"{HOME}/{key}")  # which says how to replace it
    return page(
        "account/authenticator_removal.html",
        problems=problems,
        account=person(current),
        it=_row(found),
        back_url=f"{HOME}/{key}",
    )


@blueprint.post("/<uuid:key>/remove")
@csrf.again(show_removal)
def remove(key: UUID) -> ResponseReturnValue:
    """Remove it, unless it is the only one."""
    work = open_work(write=True)
    current = fresh(password=True)
    work = open_work(write=True)
    form, problems = forms.read(RemovalForm, request.form)
    if form is None:
        return show_removal(problems, key)
    try:
        authenticators.remove(work, current.account_id, key)
    except Conflict:  # the other one was removed meanwhile; nothing is lost but what `remove` closed
        return see_other(f"{HOME}/{key}")
    return _back("removed")


# --- what they share ---


def _replaced() -> UUID | None:
    """The authenticator that the new one is to take the place of."""
    value = request.args.get("replaces")
    if not value:
        return None
    try:
        return UUID(value)
    except ValueError as error:
        raise NotFound(what="authenticator") from error


def _old(work: Work, account_id: UUID, key: UUID | None) -> str | None:
    """Its name."""
    if key is None:
        return None
    found = authenticators.get(work, account_id, key)
    return found.name or _kind(found.kind)
