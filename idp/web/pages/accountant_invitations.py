"""A company invites its accountant (SC24): the firm behind an address, or an accountant whose firm is not here yet."""

from typing import Any, Literal
from uuid import UUID

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.companies import firm_invitation, mandate, mandate_scope
from idp.companies.errors import MandateWaiting, NotAFirm
from idp.core.errors import Conflict, IdpError
from idp.web import csrf, forms, locale, mandate_fields, mandate_words
from idp.web.mandate_fields import TermsForm
from idp.web.pages.accountant_terms import REFUSED, Address, problem, read
from idp.web.pages.accountants import INVITES, PATH
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day

blueprint = Blueprint("pages_accountant_invitations", __name__)
csrf.guard(blueprint)

INVITED = f"{PATH}/invited/<uuid:invited_id>"


class InviteForm(TermsForm):
    """`firm`: which of several; `act`: invite a firm, or somebody to create one, who is written to in `locale`."""

    email: Address
    firm: str = ""
    locale: str = ""
    act: Literal["invite", "create"] = "invite"

    says = {"email": forms.EMAIL_PROBLEM}


@blueprint.get(f"{PATH}/invite")
def open_invitation(company_id: UUID) -> ResponseReturnValue:
    """What an accountant will see, what never, and the form that invites one."""
    return show_invitation({}, company_id)


@blueprint.get(f"{PATH}/invite-support")
def open_support(company_id: UUID) -> ResponseReturnValue:
    """What temporary support is, and the form that invites somebody to help until a day."""
    return show_support({}, company_id)


def show_support(problems: dict[str, str], company_id: UUID) -> Response:
    return show_invitation(problems, company_id, temporary=True)


def show_invitation(
    problems: dict[str, str],
    company_id: UUID,
    *,
    unknown: bool = False,
    firms: tuple[Any, ...] = (),
    temporary: bool = False,
) -> Response:
    area = enter(company_id, INVITES, step_up=True)
    work, policies = area.work, area.work.policies
    return area.page(
        "mandate/invite.html",
        problems=problems,
        terms=mandate_fields.shown(
            policies, mandate_fields.present_options(work, company_id), begins=True, temporary=temporary
        ),
        temporary=temporary,
        unknown=unknown,
        firms=[{"value": key, "label": name} for key, name in firms],
        languages=[{"value": each, "label": locale.described(each)} for each in policies.account.locales],
        language=area.company.locale,
        days=policies.mandates.invitation_days,
    )


@blueprint.post(f"{PATH}/invite")
@csrf.again(show_invitation)
def invite(company_id: UUID) -> ResponseReturnValue:
    """Invite the firm behind an address; or, once the company knows that there is none, its holder to create one."""
    return _invite(company_id, temporary=False)


@blueprint.post(f"{PATH}/invite-support")
@csrf.again(show_support)
def invite_support(company_id: UUID) -> ResponseReturnValue:
    """Invite somebody to help until a day; the same as an accountant, in other words."""
    return _invite(company_id, temporary=True)


def _invite(company_id: UUID, *, temporary: bool) -> Response:
    area = enter(company_id, INVITES, write=True, step_up=True, keep=True)
    mandate_fields.of_kind(area.work.policies, temporary=temporary)
    form, scope, problems = read(area, InviteForm)
    if form is None or scope is None:
        return show_invitation(problems, company_id, temporary=temporary)
    try:
        if form.act == "create":
            language = form.locale or area.company.locale
            firm_invitation.invite(area.work, company_id, address=form.email, scope=scope, locale=language)
            return see_other(f"{area.path('accountants')}?done={'invited-helper' if temporary else 'invited-firm'}")
        made = mandate.invite(area.work, company_id, address=form.email, scope=scope, firm_id=_key(form.firm))
    except MandateWaiting as waiting:
        return see_other(f"/companies/{company_id}/accountants/{waiting.members['mandate']}/confirm")
    except NotAFirm:
        told = gettext(
            "This address does not belong to a firm account. Check it; if it is right, "
            "invite your accountant to create a firm, further down."
        )
        if temporary:
            told = gettext("No firm is known under this address. Check it.")
        return show_invitation({"email": told}, company_id, unknown=True, temporary=temporary)
    except REFUSED as error:
        return _refused(area, company_id, error, temporary=temporary)
    return see_other(f"{area.path('accountants', made.id)}?done=invited")


@blueprint.get(INVITED)
def invited(company_id: UUID, invited_id: UUID) -> ResponseReturnValue:
    """An invitation to create a firm that waits for its reader."""
    return show_invited({}, company_id, invited_id)


def show_invited(problems: dict[str, str], company_id: UUID, invited_id: UUID) -> Response:
    area = enter(company_id, INVITES, step_up=True)
    found = firm_invitation.get(area.work, company_id, invited_id)
    return area.page(
        "mandate/invited.html",
        problems=problems,
        temporary=mandate_scope.longest(area.work.policies, found.preset) is not None,
        address=found.address,
        title=mandate_words.access(area.work.policies, firm_invitation.scope_of(found)),
        sent=day(found.created_at),
        expires=day(found.expires_at),
        back=area.path("accountants"),
    )


@blueprint.post(INVITED)
@csrf.again(show_invited)
def withdraw(company_id: UUID, invited_id: UUID) -> ResponseReturnValue:
    """Take it back."""
    area = enter(company_id, INVITES, write=True, step_up=True, keep=True)
    firm_invitation.withdraw(area.work, company_id, invited_id)
    return see_other(f"{area.path('accountants')}?done=firm-withdrawn")


def _refused(area: Area, company_id: UUID, error: IdpError, *, temporary: bool) -> Response:
    """The form with what is wrong. A try that was counted has committed: what was read before is not looked at."""
    firms = tuple(error.members.get("firms", ()))
    told = problem(area, error)
    if isinstance(error, Conflict) and error.members.get("reason") == "has_firm":
        told = {"email": gettext("This person has a firm here meanwhile. Invite it with “Send the invitation”.")}
    return show_invitation(told, company_id, firms=firms, temporary=temporary)


def _key(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
