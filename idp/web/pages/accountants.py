"""A company's external accountants (SC24): who may do what until when, inviting a firm, answering and ending."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import mandate, mandate_scope, mandate_view
from idp.companies.errors import (
    FirmsFull,
    MandateExists,
    MandateExpired,
    MandateMismatch,
    MandateSelf,
    MandateWaiting,
    NotAFirm,
    NotSubscribed,
    RoleNotAssignable,
)
from idp.companies.mandate_scope import Scope
from idp.core.errors import Conflict, IdpError, InvalidInput, NotFound, Throttled
from idp.policy import label_for
from idp.web import csrf, forms, locale, mandate_words
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other

blueprint = Blueprint("pages_accountants", __name__)
csrf.guard(blueprint)

SEES, INVITES, CONFIRMS, ENDS = (f"company.mandates.{each}" for each in ("view", "invite", "confirm", "end"))
PATH = "/companies/<uuid:company_id>/accountants"
ONE = f"{PATH}/<uuid:mandate_id>"
_REFUSED = (Conflict, InvalidInput, NotFound, Throttled, RoleNotAssignable, MandateExpired)


class FirmForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    preset: str
    option: str = ""

    says = {"email": forms.EMAIL_PROBLEM}


@blueprint.get(PATH)
def accountants(company_id: UUID) -> ResponseReturnValue:
    """The firms with access, those that wait for an answer, temporary support, and what is over."""
    area = enter(company_id, SEES)
    current, past = mandate_view.of_company(area.work, company_id)
    shown = [mandate_words.shown(area.work.policies, each) for each in current]
    return area.page(
        "mandate/list.html",
        firms=[each for each in shown if not each["temporary"]],
        support=[each for each in shown if each["temporary"]],
        past=[mandate_words.shown(area.work.policies, each) for each in past],
        may_invite=area.may(INVITES),
    )


@blueprint.get(f"{PATH}/invite")
def open_invitation(company_id: UUID) -> ResponseReturnValue:
    """What an accountant will see, what never, and the form that invites one."""
    return show_invitation({}, company_id)


def show_invitation(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, INVITES, step_up=True)
    policies = area.work.policies
    return area.page(
        "mandate/invite.html",
        problems=problems,
        presets=mandate_words.presets(policies),
        options=mandate_words.options(policies, mandate_scope.consents(area.work, company_id)),
        days=policies.mandates.invitation_days,
    )


@blueprint.post(f"{PATH}/invite")
@csrf.again(show_invitation)
def invite(company_id: UUID) -> ResponseReturnValue:
    """Invite the firm behind an address."""
    area = enter(company_id, INVITES, write=True, step_up=True)
    form, problems = forms.read(FirmForm, request.form)
    if form is None:
        return show_invitation(problems, company_id)
    try:
        made = mandate.invite(area.work, company_id, address=form.email, scope=_scope(form))
    except MandateWaiting as waiting:
        return see_other(area.path("accountants", waiting.members["mandate"]))
    except _REFUSED as error:
        return show_invitation(_problem(area, error), company_id)
    return see_other(area.path("accountants", made.id))


@blueprint.get(ONE)
def accountant(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """One firm: what it may do until when, who of it has access, and what can be done about it."""
    return show({}, company_id, mandate_id)


def show(problems: dict[str, str], company_id: UUID, mandate_id: UUID) -> Response:
    area = enter(company_id, SEES)
    policies, seen = area.work.policies, mandate_view.for_company(area.work, company_id, mandate_id)
    live = seen.state in ("active", "suspended")
    found = mandate_view.workers(area.work, mandate_id, limit=100) if live else None
    requested, invited = seen.state == "requested", seen.state == "invited"
    return area.page(
        "mandate/one.html",
        problems=problems,
        side="company",
        mandate=mandate_words.shown(policies, seen),
        people=[_person(area, each) for each in found.people] if found else [],
        base=area.path("accountants", mandate_id),
        back=area.path("accountants"),
        answers=requested and area.may(CONFIRMS),
        withdraws=invited and area.may(INVITES),
        ends=live and area.may(ENDS),
        presets=mandate_words.presets(policies),
        options=mandate_words.options(policies, mandate_scope.consents(area.work, company_id)),
    )


@blueprint.post(f"{ONE}/confirm")
@csrf.again(show)
def confirm(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Say yes to a firm's request, with the address of the accountant as the company knows it."""
    area = _acting(company_id, mandate_id, CONFIRMS)
    form, problems = forms.read(FirmForm, request.form)
    if form is None:
        return show(problems, company_id, mandate_id)
    mandate_view.for_company(area.work, company_id, mandate_id)
    try:
        mandate.confirm(area.work, mandate_id, address=form.email, scope=_scope(form))
    except _REFUSED as error:
        return show(_problem(area, error), company_id, mandate_id)
    return see_other(area.path("accountants", mandate_id))


@blueprint.post(f"{ONE}/refuse")
@csrf.again(show)
def refuse(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Say no to a firm's request."""
    return _done(_acting(company_id, mandate_id, CONFIRMS), mandate_id, mandate.refuse)


@blueprint.post(f"{ONE}/withdraw")
@csrf.again(show)
def withdraw(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    return _done(_acting(company_id, mandate_id, INVITES), mandate_id, mandate.withdraw)


@blueprint.post(f"{ONE}/end")
@csrf.again(show)
def end(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """End a mandate at once."""
    return _done(_acting(company_id, mandate_id, ENDS), mandate_id, mandate.end)


def _acting(company_id: UUID, mandate_id: UUID, permission: str) -> Area:
    back = f"/companies/{company_id}/accountants/{mandate_id}"
    return enter(company_id, permission, write=True, step_up=True, back=back)


def _done(area: Area, mandate_id: UUID, act: Any) -> Response:
    mandate_view.for_company(area.work, area.company_id, mandate_id)
    try:
        act(area.work, mandate_id)
    except (Conflict, NotFound):  # it is seen, but not for this side to do
        return show({"form": gettext("This has been answered or ended meanwhile.")}, area.company_id, mandate_id)
    return see_other(area.path("accountants", mandate_id))


def _scope(form: FirmForm) -> Scope:
    return Scope(form.preset, (form.option,) if form.option else ())


def _person(area: Area, worker: mandate_view.Worker) -> dict[str, str]:
    products = area.work.policies.products
    roles = (
        gettext(
            "%(product)s: %(role)s",
            product=label_for(products[product].label, locale.current()),
            role=label_for(labels, locale.current()),
        )
        for product, labels in worker.roles
        if labels
    )
    return {"name": worker.name, "roles": ", ".join(roles)}


def _problem(area: Area, error: IdpError) -> dict[str, str]:
    """What is wrong, at the field that can mend it."""
    known = area.work.policies.mandate_errors
    if isinstance(error, NotAFirm | MandateMismatch | MandateSelf) or type(error) is MandateExists:
        return {"email": label_for(known[error.code].label, locale.current())}
    if isinstance(error, MandateExpired):
        return {"form": label_for(known[error.code].label, locale.current())}
    if isinstance(error, Throttled):
        minutes = max(1, int(error.members.get("retry_after", 60)) // 60)
        return {"email": ngettext(
            "Too many addresses were typed. Please try again in %(num)s minute.",
            "Too many addresses were typed. Please try again in %(num)s minutes.", minutes,
        )}  # fmt: skip
    if isinstance(error, FirmsFull):
        return {"form": gettext("Your company has as many firms as it can have. End one of them first.")}
    if isinstance(error, NotSubscribed):
        return {"preset": gettext("Your company uses none of these products at the moment.")}
    if isinstance(error, RoleNotAssignable):
        return {"option": gettext("Only the account owner can open this.")}
    field = str(error.members.get("field", "form"))
    if field == "email":
        return {"email": str(forms.EMAIL_PROBLEM)}
    if field == "firm":
        return {"email": gettext("This person works for several firms. Please use the address of a colleague there.")}
    if field in ("preset", "options"):
        return {field.rstrip("s"): gettext("This cannot be used as it is written. Please check it.")}
    return {"form": gettext("This has been answered or ended meanwhile.")}
