"""Closing a company: what it comes to, before the button; and keeping it after all."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import BeforeValidator
from werkzeug.wrappers import Response

from idp.companies import closure
from idp.companies.closure import CLOSES
from idp.companies.errors import StillSubscribed
from idp.core.errors import Conflict
from idp.web import csrf, forms, subscription_words
from idp.web.pages.company_area import enter
from idp.web.pages.continuing import see_other
from idp.web.render import day

blueprint = Blueprint("pages_closing", __name__)
csrf.guard(blueprint)

HERE = "/companies/<uuid:company_id>/close"


class CloseForm(forms.Form):
    understood: Annotated[bool, BeforeValidator(lambda value: value == "yes")] = False


class KeepForm(forms.Form):
    """A form that is a button."""


@blueprint.get(HERE)
def see(company_id: UUID) -> ResponseReturnValue:
    """What would happen to whom and when, or when it will."""
    return show({}, company_id)


def show(problems: dict[str, str], company_id: UUID, status: int = 200) -> Response:
    area = enter(company_id, CLOSES, step_up=True, back=_page(company_id))
    found = closure.seen(area.work, company_id)
    policies = area.work.policies
    return area.page(
        "ownership/close.html",
        status,
        problems=problems,
        closes=day(found.closes_at) if found.closes_at else "",
        would_close=day(found.would_close_at),
        running=[subscription_words.product_name(policies, each) for each in found.running],
        people=found.people,
        waiting=found.waiting,
        firms=found.firms,
        clients=found.clients,
        kept=day(found.kept) if found.kept else "",
        subscriptions_url=area.path("subscriptions"),
        keep_url=area.path("close", "keep"),
        back_url=area.path("ownership"),
    )


@blueprint.post(HERE)
@csrf.again(show)
def close(company_id: UUID) -> ResponseReturnValue:
    """Ask for the end of the company; it comes after some days, in which it can be kept."""
    area = enter(company_id, CLOSES, write=True, step_up=True, back=_page(company_id))
    form, problems = forms.read(CloseForm, request.form)
    if form is None:
        return show(problems, company_id)
    if not form.understood:
        return show({"understood": gettext("Tick this to go on. Until then nothing is closed.")}, company_id)
    try:
        closure.ask(area.work, company_id)
    except StillSubscribed:
        return show({}, company_id, 409)
    except Conflict:  # asked for already, in another tab
        pass
    return see_other(_page(company_id))


@blueprint.post(f"{HERE}/keep")
def keep(company_id: UUID) -> ResponseReturnValue:
    """Keep the company after all."""
    area = enter(company_id, CLOSES, write=True, step_up=True, back=_page(company_id))
    form, problems = forms.read(KeepForm, request.form)
    if form is None:
        return show(problems, company_id)
    try:
        closure.keep(area.work, company_id)
    except Conflict:  # kept already
        return see_other(_page(company_id))
    return see_other(area.path("ownership"))


def _page(company_id: UUID, **_: Any) -> str:
    return f"/companies/{company_id}/close"
