"""Choosing another password while signed in: the present one and a fresh second factor first."""

from datetime import timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.authn import overview, password_change
from idp.authn.outcome import Outcome
from idp.core.errors import InvalidInput
from idp.web import cookies, crowd, csrf, forms
from idp.web.pages import new_password
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import moment, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_password_change", __name__)
csrf.guard(blueprint)

PATH = "/account/password"
JUST_NOW = timedelta(minutes=10)


class ChangeForm(forms.Form):
    email: str = ""  # shown for password managers
    present_password: new_password.Typed
    password: new_password.Typed
    password_again: new_password.Typed


@blueprint.get(PATH)
def ask() -> ResponseReturnValue:
    """The present password and the new one."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = fresh()
    work = open_work()
    me = person(current)
    changed_at = overview.held(work, current.account_id).password_at
    return page(
        "account/password.html",
        problems=problems,
        email=me.email,
        min_length=work.policies.account.password_min,
        changed=moment(changed_at) if changed_at else None,
        avoid=" ".join([me.display_name, me.email, *new_password.words(work, current.account_id)]),
        account=me,
    )


@blueprint.post(PATH)
@csrf.again(show)
@crowd.waits_its_turn
def change() -> ResponseReturnValue:
    """Set it; the other sessions end, and every browser is forgotten."""
    open_work(write=True)
    current = fresh()
    work = open_work()
    form, problems = forms.read(ChangeForm, request.form)
    if form is not None:
        problems = new_password.differing(form.password, form.password_again)
    if form is None or problems:
        return show(problems)
    try:
        changed = password_change.change(
            work,
            current.session_id,
            current.account_id,
            present=form.present_password,
            password=form.password,
            device_token=cookies.get(cookies.DEVICE),
            words=new_password.words(work, current.account_id),
        )
    except InvalidInput as error:
        return show(new_password.problem(work, error))
    if changed.session_token is None:
        return show(_refused(work, changed.outcome))
    answer = see_other(f"{PATH}/done")  # the cookie of known browsers stays: others may share it
    cookies.put(answer, cookies.SESSION, changed.session_token)
    csrf.renew()
    return answer


@blueprint.get(f"{PATH}/done")
def done() -> ResponseReturnValue:
    """It is changed; what else happened."""
    current = signed_in()
    work = open_work()
    changed_at = overview.held(work, current.account_id).password_at
    if changed_at is None or work.now - changed_at > JUST_NOW:
        return see_other("/account")
    return page("account/password_done.html", changed=moment(changed_at), account=person(current))


def _refused(work: Work, outcome: Outcome) -> dict[str, str]:
    if outcome is Outcome.PAUSED:
        minutes = int(work.policies.account.wrong_passwords.pause.total_seconds() // 60)
        text = gettext(
            "There were too many wrong passwords. Wait %(minutes)s minutes, or choose a new one by e-mail.",
            minutes=minutes,
        )
    else:
        text = gettext("This is not your present password.")
    return {"present_password": text}
