"""The invitations of a company: open, expired and closed ones, sent again and taken back (J2)."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import invitation, invitation_list, seats, subscription
from idp.companies.errors import AlreadyMember, ExtraCostUnconfirmed, InvitationClosed, NotOnYourself, SeatLimitReached
from idp.companies.invitation_draft import labels
from idp.companies.invitation_list import Listed
from idp.core.errors import Conflict, IdpError, InvalidInput, NotPermitted, Throttled
from idp.policy import label_for
from idp.web import csrf, forms, locale, paging, role_fields
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day, moment

blueprint = Blueprint("pages_invitations", __name__)
csrf.guard(blueprint)

PATH = "/companies/<uuid:company_id>/invitations"
PURPOSE = "invitations"
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]


class ResendForm(forms.Form):
    extra_cost: str = ""


@blueprint.get(PATH)
def listed(company_id: UUID) -> ResponseReturnValue:
    """The invitations in one state, searched; and how the seats of each product stand."""
    area = enter(company_id, *invitation.VIEWS)
    work, state = area.work, request.args.get("state", "")
    state = state if state in invitation_list.STATES else invitation_list.OPEN
    search = request.args.get("q", "")[:100]
    asked = paging.asked(work, PURPOSE)
    found = invitation_list.of_company(
        work, company_id, state=state, search=search, after=asked.after, before=asked.before
    )
    pages = paging.pager(
        work, PURPOSE, first=found.first, shown=len(found.listed), total=found.total,
        previous=found.previous, following=found.next,
    )  # fmt: skip
    return area.page(
        "invitations/list.html",
        state=state,
        states=_states(area, found.counts, state),
        search=search,
        found=found.total,
        invitations=[_row(area, each) for each in found.listed],
        pages=pages,
        seats=_seats(area),
        plan=plan(area),
        plan_url=area.path("subscriptions") if area.may("company.subscription.view") else None,
        new_url=area.path("invitations", "new") if area.may(*invitation.INVITES) else None,
        import_url=area.path("invitations", "import") if area.may(*invitation.INVITES) else None,
        done=_done(request.args.get("done", "")),
    )


@blueprint.get(f"{PATH}/<uuid:invitation_id>/resend")
def ask_resend(company_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    """What sending it again does."""
    return show_resend({}, company_id, invitation_id)


def show_resend(problems: dict[str, str], company_id: UUID, invitation_id: UUID, cost: bool = False) -> Response:
    area = enter(company_id, *invitation.RESENDS)
    row = invitation.get(area.work, company_id, invitation_id)
    anew, language = invitation.seats_again(area.work, row), locale.current()
    costs = [product for product, each in anew.items() if each.next == ExtraCostUnconfirmed.code]
    full = [product for product, each in anew.items() if each.next == SeatLimitReached.code]
    return area.page(
        "invitations/resend.html",
        422 if problems or cost else 200,
        problems=problems,
        email=row.address,
        cost=cost or bool(costs),
        full=[label_for(area.work.policies.products[each].label, language) for each in full],
        costs=[label_for(area.work.policies.products[each].label, language) for each in costs],
        plan_url=area.path("subscriptions") if area.may("company.subscription.view") else None,
        days=area.work.policies.invitation_lifetime.days,
        back_url=area.path("invitations"),
    )


@blueprint.post(f"{PATH}/<uuid:invitation_id>/resend")
@csrf.again(show_resend)
def resend(company_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    """Send it again, with a new link; seats are counted anew."""
    area = enter(company_id, *invitation.RESENDS, write=True)
    form, problems = forms.read(ResendForm, request.form)
    if form is None:
        return show_resend(problems, company_id, invitation_id)
    try:
        invitation.resend(area.work, company_id, invitation_id, extra_cost=form.extra_cost == "yes")
    except (Conflict, InvalidInput, NotPermitted, Throttled) as error:
        area.work.session.rollback()
        told = problem(area, error)
        return show_resend({"form": next(iter(told.values()))}, company_id, invitation_id,
                           isinstance(error, ExtraCostUnconfirmed))  # fmt: skip
    return see_other(area.path("invitations") + "?done=resent")


@blueprint.get(f"{PATH}/<uuid:invitation_id>/withdraw")
def ask_withdraw(company_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    """What taking it back does, before it is done."""
    return show_withdraw({}, company_id, invitation_id)


def show_withdraw(problems: dict[str, str], company_id: UUID, invitation_id: UUID) -> Response:
    area = enter(company_id, *invitation.INVITES)
    row = invitation.get(area.work, company_id, invitation_id)
    return area.page(
        "invitations/withdraw.html", problems=problems, email=row.address, back_url=area.path("invitations")
    )


@blueprint.post(f"{PATH}/<uuid:invitation_id>/withdraw")
@csrf.again(show_withdraw)
def withdraw(company_id: UUID, invitation_id: UUID) -> ResponseReturnValue:
    """Take it back."""
    area = enter(company_id, *invitation.INVITES, write=True)
    try:
        invitation.withdraw(area.work, company_id, invitation_id)
    except (Conflict, NotPermitted) as error:
        area.work.session.rollback()
        return show_withdraw({"form": next(iter(problem(area, error).values()))}, company_id, invitation_id)
    return see_other(area.path("invitations") + "?done=withdrawn")


def problem(area: Area, error: IdpError) -> dict[str, str]:
    """What is told, and at which field."""
    members = error.members
    product = str(members.get("product", ""))
    known = area.work.policies.products.get(product)
    name = label_for(known.label, locale.current()) if known is not None else product
    at = f"role_{product}" if known is not None and known.subscribed else "form"
    match error:
        case SeatLimitReached():
            return {
                at: gettext(
                    "Every seat of your plan is taken: %(product)s, %(used)s of %(of)s. Nothing was sent. Choose a "
                    "role without a seat, free a seat, or change the plan.",
                    product=name,
                    used=members["used"],
                    of=members["of"],
                )
            }
        case ExtraCostUnconfirmed():
            return {
                at: gettext(
                    "One more user of %(product)s will be charged extra. Confirm the cost below, or choose another "
                    "role.",
                    product=name,
                )
            }
        case AlreadyMember():
            return {"email": gettext("This person already belongs to the company.")}
        case NotOnYourself():
            return {"email": gettext("This is your own address. You cannot change your own access.")}
        case InvitationClosed():
            return {"form": gettext("This invitation is not open any more.")}
        case Throttled():
            return {"form": gettext("Many mails went out already. Please try again in an hour.")}
        case InvalidInput():
            return _invalid(str(members.get("field")), str(members.get("reason")))
        case _:
            return {at: gettext("This role cannot be given here. Choose one of the list.")}


def _invalid(field: str, reason: str) -> dict[str, str]:
    if field == "email":
        return {"email": forms.email_problem(reason)}
    if field == "roles":
        return {"form": gettext("Choose a role in a product, or a role in the company.")}
    if field == "message" and reason == "link":
        return {"message": gettext("Leave out web addresses: the message has one link only, ours.")}
    if field in ("given_name", "family_name", "locale", "company_role", "message"):
        return {field: gettext("This cannot be used as it is written. Please check it.")}
    return {"form": gettext("This cannot be used as it is written. Please check it.")}


def _states(area: Area, counts: dict[str, int], state: str) -> list[dict[str, Any]]:
    words = {
        invitation_list.OPEN: gettext("Waiting for an answer"),
        invitation_list.EXPIRED: gettext("Not answered in time"),
        invitation_list.CLOSED: gettext("Answered or withdrawn"),
    }
    return [
        {"label": words[each], "count": counts[each], "url": area.path("invitations") + f"?state={each}",
         "current": each == state}
        for each in invitation_list.STATES
    ]  # fmt: skip


def _row(area: Area, each: Listed) -> dict[str, Any]:
    row, work, language = each.invitation, area.work, locale.current()
    columns = {role.product: {"role": role.role, "custom_role_id": role.custom_role_id} for role in each.roles}
    called = labels(work, columns, language)
    outcomes = {
        "accepted": gettext("Accepted"), "withdrawn": gettext("Withdrawn"), "refused": gettext("Refused"),
        "erased": gettext("Closed"),
    }  # fmt: skip
    here = area.path("invitations", row.id)
    again = area.may(*invitation.RESENDS) and each.state != invitation_list.CLOSED
    back = area.may(*invitation.INVITES) and each.state == invitation_list.OPEN
    return {
        "name": f"{row.given_name} {row.family_name}".strip(),
        "email": row.address,
        "roles": [
            gettext(
                "%(product)s: %(role)s", product=label_for(work.policies.products[product].label, language), role=label
            )
            for product, label in called.items()
            if product in work.policies.products
        ],
        "inviter": each.inviter,
        "sent": moment(row.sent_at),
        "until": day(row.expires_at),
        "over": each.state == invitation_list.EXPIRED,
        "outcome": outcomes.get(row.outcome or "", ""),
        "closed": moment(row.closed_at) if row.closed_at is not None else None,
        "resend_url": f"{here}/resend" if again else None,
        "withdraw_url": f"{here}/withdraw" if back else None,
    }


def _seats(area: Area) -> list[dict[str, str]]:
    """How the seats of each product stand, and what one more comes to."""
    language = locale.current()
    following = {
        "confirm_extra_cost": gettext("one more is charged extra"),
        "seat_limit_reached": gettext("none is left"),
    }
    return [
        {
            "product": label_for(area.work.policies.products[product].label, language),
            "used": role_fields.seats(standing),
            "next": following.get(standing.next, ""),
        }
        for product, standing in seats.overview(area.work, area.company_id).items()
    ]


def plan(area: Area) -> str:
    """What the company's plan is called; empty without one."""
    contract = subscription.of(area.work, area.company_id)
    known = area.work.policies.plans.get(contract.plan) if contract is not None else None
    return label_for(known.label, locale.current()) if known is not None else ""


def _done(done: str) -> str:
    words = {
        "sent": gettext("The invitation is on its way."),
        "resent": gettext("The invitation was sent again. The earlier link no longer works."),
        "withdrawn": gettext("The invitation is withdrawn. Its seats are free, and its link says so."),
    }
    return str(words.get(done, ""))
