"""What one of the staff stops and lets go on: an account, a company. Before it is done, the page says what it does."""

from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import account_desk, company, company_suspension, ownership, support_desk
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.web import csrf, forms
from idp.web.pages import duty
from idp.web.pages.continuing import address, see_other
from idp.web.render import moment, page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_operations_stops", __name__)
csrf.guard(blueprint)

ACCOUNT = "/operations/accounts/<uuid:account_id>/block"
COMPANY = "/operations/companies/<uuid:company_id>/suspension"


Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=company_suspension.REASON_MAX)]


class BlockForm(forms.Form):
    """`act`: what the page offered; a form that is sent twice does not turn what it has done. `reason` is needed to
    block."""

    act: Literal["block", "unblock"]
    reason: Reason = ""


class SuspensionForm(forms.Form):
    """As `BlockForm`."""

    act: Literal["suspend", "reopen"]
    reason: Reason = ""


# --- an account ---


@blueprint.get(ACCOUNT)
def ask_block(account_id: UUID) -> ResponseReturnValue:
    """What blocking an account does, and what it leaves without an owner; or unblocking it. Query: `seen`."""
    return show_block({}, account_id)


def show_block(problems: dict[str, str], account_id: UUID, status: int = 200) -> Response:
    current = duty.on_duty(support_desk.VIEW, sure=True)
    work, note = open_work(), request.args.get("seen", "")
    account_desk.require(work, account_desk.SUSPENDS, account_id)
    if not duty.has_seen(current, account_id, note):
        return see_other("/operations/accounts")
    found = support_desk.account(work, account_id)
    return page(
        "operations/block.html",
        422 if problems and status == 200 else status,
        problems=problems,
        account=person(current),
        found=found,
        blocked=found.status == "blocked",
        owns=", ".join(ownership.names_owned_by(work, account_id)),
        back_url=address(f"/operations/accounts/{account_id}", "/", seen=note),
    )


@blueprint.post(ACCOUNT)
@csrf.again(show_block)
def block(account_id: UUID) -> ResponseReturnValue:
    """Block it, or unblock it, whichever the form was for."""
    open_work(write=True)
    current = duty.on_duty(support_desk.VIEW, sure=True, keep=True)
    work, note = open_work(), request.args.get("seen", "")
    account_desk.require(work, account_desk.SUSPENDS, account_id)
    if not duty.has_seen(current, account_id, note):
        return see_other("/operations/accounts")
    form, problems = forms.read(BlockForm, request.form)
    if form is None:
        return show_block(problems, account_id)
    try:
        if form.act == "unblock":
            account_desk.unblock(work, account_id)
        else:
            account_desk.block(work, account_id, form.reason)
    except InvalidInput:
        return show_block({"reason": _needed(form.reason)}, account_id)
    except Conflict:
        work.session.rollback()
        return show_block(
            {"form": gettext("The account has changed in the meantime. Nothing was changed.")}, account_id, 409
        )
    return see_other(address(f"/operations/accounts/{account_id}", "/", seen=note))


# --- a company ---


@blueprint.get(COMPANY)
def ask_suspension(company_id: UUID) -> ResponseReturnValue:
    """What suspending a company does; or reopening it."""
    return show_suspension({}, company_id)


def show_suspension(problems: dict[str, str], company_id: UUID, status: int = 200) -> Response:
    current = duty.on_duty(company_suspension.SUSPENDS, sure=True)
    work = open_work()
    found = company.get(work, company_id)
    if found.closed_at is not None:
        raise NotFound(kind="company")
    present = company_suspension.current(work, company_id)
    return page(
        "operations/suspension.html",
        422 if problems and status == 200 else status,
        problems=problems,
        account=person(current),
        name=found.name,
        firm=found.kind == "firm",
        since=moment(present.began_at) if present is not None else None,
        reason=present.reason if present is not None else "",
        back_url=f"/operations/subscriptions/{company_id}",
    )


@blueprint.post(COMPANY)
@csrf.again(show_suspension)
def suspend(company_id: UUID) -> ResponseReturnValue:
    """Suspend it, or reopen it, whichever the form was for."""
    open_work(write=True)
    duty.on_duty(company_suspension.SUSPENDS, sure=True, keep=True)
    work = open_work()
    form, problems = forms.read(SuspensionForm, request.form)
    if form is None:
        return show_suspension(problems, company_id)
    try:
        if form.act == "reopen":
            company_suspension.reopen(work, company_id)
        else:
            company_suspension.suspend(work, company_id, form.reason)
    except InvalidInput:
        return show_suspension({"reason": _needed(form.reason)}, company_id)
    except Conflict:
        work.session.rollback()
        problem = gettext("Somebody else was faster. Below is how the company stands now.")
        return show_suspension({"form": problem}, company_id, 409)
    return see_other(f"/operations/subscriptions/{company_id}")


def _needed(typed: str) -> str:
    if not typed:
        return forms.wanted("reason")
    return str(gettext("This cannot be used as it is written. Please check it."))
