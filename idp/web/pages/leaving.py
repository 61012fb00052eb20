"""Leaving a company oneself, and the services that a person switches on for themselves."""

from typing import Annotated
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import company_role, firm_run, membership
from idp.companies.errors import LastAdministrator, OwnerCannotLeave
from idp.core.errors import InvalidInput, NotFound
from idp.web import csrf, forms
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other

blueprint = Blueprint("pages_leaving", __name__)
csrf.guard(blueprint)

SEES = "company.profile.view"  # every role of a company brings it
Short = Annotated[str, StringConstraints(max_length=100)]


class LeaveForm(forms.Form):
    pass


class ServicesForm(forms.Form):
    service: tuple[Short, ...] = ()


@blueprint.get("/companies/<uuid:company_id>/leave")
def ask(company_id: UUID) -> ResponseReturnValue:
    """What leaving does."""
    return show({}, company_id)


def show(problems: dict[str, str], company_id: UUID, status: int = 200) -> Response:
    area = enter(company_id, SEES)
    return area.page(
        "company/leave.html", status, problems=problems, name=area.company.name, obstacle=_obstacle(area),
        firm=area.company.kind == "firm",
        hand_over_url=area.path("ownership") if area.may("company.ownership.transfer") else None,
    )  # fmt: skip


@blueprint.post("/companies/<uuid:company_id>/leave")
@csrf.again(show)
def leave(company_id: UUID) -> ResponseReturnValue:
    """Leave; those who administer the company are told."""
    area = enter(company_id, SEES, write=True)
    form, problems = forms.read(LeaveForm, request.form)
    if form is None:
        return show(problems, company_id)
    try:
        membership.leave(area.work, company_id)
    except (OwnerCannotLeave, LastAdministrator):  # the page says why
        return show({}, company_id, 409)
    return see_other("/account/access?left=1")


@blueprint.post("/companies/<uuid:company_id>/services/mine")
def set_services(company_id: UUID) -> ResponseReturnValue:
    """Switch connected services on or off for oneself, where the company has them (FLX-11)."""
    area = enter(company_id, SEES, write=True)
    form, _ = forms.read(ServicesForm, request.form)
    if form is None:
        return see_other("/account/details")
    try:
        company_role.set_services(area.work, company_id, area.current.account_id, form.service)
    except InvalidInput:  # the company has switched it off meanwhile; the page shows what there is
        return see_other("/account/details")
    return see_other("/account/details?saved=services")


def _obstacle(area: Area) -> str | None:
    """Why the person cannot leave yet."""
    held = membership.find(area.work, area.company_id, area.current.account_id)
    if held is None:
        raise NotFound(kind="membership")
    if held.unique_role:
        return str(gettext("You are the account owner. Hand the account over first; then you can leave."))
    if area.company.kind == "firm" and firm_run.runs_alone(area.work, area.current.account_id, area.company_id):
        return str(
            gettext(
                "Without you, the firm has no practice administrator. First the account owner has to name another one."
            )
        )
    return None
