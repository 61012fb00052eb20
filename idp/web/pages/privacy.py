"""What is held about oneself: a copy of all of it, and the end of the account (PRV-01, PRV-02)."""

import json
from typing import Annotated, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import throttle
from idp.companies import access, erasure
from idp.core.errors import Conflict
from idp.oidc import personal_data
from idp.web import cookies, csrf, forms
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_privacy", __name__)
csrf.guard(blueprint)

PAGE, COPY, ERASE = "/account/privacy", "/account/privacy/copy", "/account/privacy/erase"
FILE_NAME = "sesame-data.json"
KIND = "data_export"


class EraseForm(forms.Form):
    sure: Annotated[str, StringConstraints(pattern="^yes$")]

    says = {"sure": lazy_gettext("Tick the box if the account is to be erased.")}


@blueprint.get("/account/privacy")
def overview() -> ResponseReturnValue:
    """What there is to do about one's data."""
    current = signed_in()
    work = open_work()
    return page(
        "account/privacy.html",
        account=person(current),
        copy_url=COPY,
        erase_url=ERASE,
        days=work.policies.account.erasure_cooling_off.days,
    )


@blueprint.get("/account/privacy/copy")
def offer_copy() -> ResponseReturnValue:
    """What the copy has; the person has just given a code."""
    return show_copy({})


def show_copy(problems: dict[str, str], status: int = 200) -> Response:
    current = fresh()
    return page("account/privacy_copy.html", status, problems=problems, account=person(current), back_url=PAGE)


@blueprint.post("/account/privacy/copy")
@csrf.again(show_copy)
def copy() -> ResponseReturnValue:
    """The copy, as a file to keep."""
    open_work(write=True)
    current = fresh()
    work = open_work(write=True)
    limit = work.policies.account.code_sends
    if not throttle.take(work, KIND, str(current.account_id), limit, in_a_row=None).allowed:
        return show_copy({"form": gettext("That was several copies in one hour. Please try again later.")}, 429)
    told = personal_data.export(work, current.account_id)
    answer = Response(json.dumps(told, ensure_ascii=False, indent=2) + "\n", mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return answer


@blueprint.get("/account/privacy/erase")
def offer_erasure() -> ResponseReturnValue:
    """What an erasure means; the person has just given password and code."""
    return show_erasure({})


def show_erasure(problems: dict[str, str]) -> Response:
    current = fresh(password=True)
    work = open_work()
    found = erasure.obstacles(work, current.account_id)
    return page(
        "account/privacy_erase.html",
        409 if found and request.method == "POST" else 200,
        problems=problems,
        account=person(current),
        days=work.policies.account.erasure_cooling_off.days,
        obstacles=[_told(work, each, person(current).email) for each in found],
        back_url=PAGE,
    )


@blueprint.post("/account/privacy/erase")
@csrf.again(show_erasure)
def erase() -> ResponseReturnValue:
    """Let the waiting period begin; the session ends with all others."""
    open_work(write=True)
    current = fresh(password=True)
    work = open_work(write=True)
    form, problems = forms.read(EraseForm, request.form)
    if form is None:
        return show_erasure(problems)
    try:
        due_at = erasure.request(work, current.account_id)
    except Conflict as error:
        if error.members.get("reason") == "obstacles":
            return show_erasure({})
        return see_other(PAGE)
    answer = page("account/privacy_waiting.html", erased_on=day(due_at), form={})
    cookies.drop(answer, cookies.SESSION)
    csrf.renew()
    return answer


def _told(work: Work, obstacle: erasure.Obstacle, own: str) -> dict[str, Any]:
    """A company that depends on the account, and who could take it over."""
    others = [each for each in access.administrators(work, obstacle.company_id) if each.address != own]
    people = [{"name": each.name, "email": each.address} for each in others]
    url = f"/companies/{obstacle.company_id}/ownership" if obstacle.kind == "owner" else None
    return {"kind": obstacle.kind, "company": obstacle.company, "people": people, "hand_over_url": url}
