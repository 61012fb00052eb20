"""New recovery codes for somebody who is signed in: shown once, kept, shown to be kept by typing one."""

from typing import Annotated

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import authenticators, recovery_code
from idp.authn.session import Current
from idp.web import csrf, forms
from idp.web.pages import code_sheet
from idp.web.pages.authenticators import HOME
from idp.web.pages.continuing import address, see_other
from idp.web.pages.fresh import fresh
from idp.web.render import page, person
from idp.web.work import open_work

CODES = f"{HOME}/recovery-codes"

blueprint = Blueprint("pages_recovery_codes", __name__, url_prefix=CODES)
csrf.guard(blueprint)


class MakeForm(forms.Form):
    shown: Annotated[str, StringConstraints(max_length=60)] = ""


class KeptForm(forms.Form):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


@blueprint.get("")
def ask_codes() -> ResponseReturnValue:
    """How many are left, and the way to a new set; the codes themselves are not on it."""
    return show_codes({})


def show_codes(problems: dict[str, str]) -> Response:
    current = fresh(page=CODES)
    return _page(current, problems)


@blueprint.post("")
@csrf.again(show_codes)
def make_codes() -> ResponseReturnValue:
    """Make a set and show it, this once; the old set is void. Sent a second time, as by a reload, it makes none."""
    work = open_work(write=True)
    current = fresh(page=CODES)
    work = open_work(write=True)
    form, problems = forms.read(MakeForm, request.form)
    if form is None:
        return show_codes(problems)
    if form.shown != code_sheet.mark(recovery_code.made_at(work, current.account_id)):
        return see_other(CODES)
    return _page(current, {}, codes=authenticators.new_codes(work, current.account_id))


@blueprint.post("/kept")
@csrf.again(show_codes)
def keep_codes() -> ResponseReturnValue:
    """Take one of the codes as the word that they are kept; it stays good."""
    work = open_work(write=True)
    current = fresh(page=CODES)
    work = open_work(write=True)
    form, problems = forms.read(KeptForm, request.form)
    if form is None:
        return show_codes(problems)
    if authenticators.keep_codes(work, current.account_id, form.code):
        return see_other(address(HOME, "/", done="codes"))
    return show_codes({"code": gettext("This is not one of your latest codes. Copy one from what you have kept.")})


def _page(current: Current, problems: dict[str, str], codes: list[str] | None = None) -> Response:
    work = open_work()
    me = person(current)
    made_at = recovery_code.made_at(work, current.account_id)
    unkept = made_at is not None and codes is None and recovery_code.kept_at(work, current.account_id) is None
    sheet = {**code_sheet.context(work, codes, made_at, me.email), "shown_before": unkept}
    return page(
        "account/recovery_codes.html",
        problems=problems,
        account=me,
        left=recovery_code.left(work, current.account_id),
        make_url=CODES,
        kept_url=f"{CODES}/kept",
        back_url=HOME,
        **sheet,
    )
