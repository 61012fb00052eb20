"""Subscriptions at the desk of the staff: how those of a company stand, and a cancellation that came another way."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import access, cancellation, company, company_suspension, renewal, subscription_view
from idp.companies.errors import DatePassed, TransitionRefused, UnknownProduct
from idp.core.errors import InvalidInput
from idp.web import csrf, forms, subscription_words
from idp.web.pages import duty
from idp.web.pages.continuing import see_other
from idp.web.render import page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_operations_subscriptions", __name__)
csrf.guard(blueprint)

PLACE = "/operations/subscriptions"


class FindForm(forms.Form):
    company: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=company.REFERENCE_MAX)]


class RecordForm(forms.Form):
    product: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    day: date
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=cancellation.REASON_MAX)]

    says = {
        "product": lazy_gettext("Choose a product."),
        "day": lazy_gettext("Write the last day as year, month and day, such as 2027-02-08."),
    }


@blueprint.get(PLACE)
def ask_company() -> ResponseReturnValue:
    """The form that finds a company."""
    return show_find({})


def show_find(problems: dict[str, str]) -> Response:
    current = duty.on_duty(subscription_view.STAFF_VIEWS)
    return page("operations/find_company.html", problems=problems, account=person(current))


@blueprint.post(PLACE)
@csrf.again(show_find)
def find() -> ResponseReturnValue:
    """Go to the company of this reference."""
    duty.on_duty(subscription_view.STAFF_VIEWS)
    form, problems = forms.read(FindForm, request.form)
    if form is None:
        return show_find(problems)
    found = company.find(open_work(), form.company)
    if found is None:
        return show_find({"company": gettext("No company has this reference.")})
    return see_other(f"{PLACE}/{found.id}")


@blueprint.get(f"{PLACE}/<uuid:company_id>")
def show_company(company_id: UUID) -> ResponseReturnValue:
    """How the subscriptions of a company stand. Query: `done`."""
    return show({}, company_id)


def show(problems: dict[str, str], company_id: UUID, status: int = 200) -> Response:
    current = duty.on_duty(subscription_view.STAFF_VIEWS)
    work = open_work()
    seen = subscription_view.overview(work, company_id)
    held = access.staff_permissions(work, current.account_id)
    may = cancellation.SETS_STATE in held
    found = company.get(work, company_id)
    suspends = company_suspension.SUSPENDS in held and found.closed_at is None
    rows: list[dict[str, Any]] = [subscription_words.row(work.policies, each) for each in seen.products]
    able = [row for row, each in zip(rows, seen.products, strict=True) if each.may_cancel]
    return page(
        "operations/subscriptions.html",
        status,
        problems=problems,
        account=person(current),
        name=seen.name,
        contract=subscription_words.contract(work.policies, seen.terms) if seen.terms else "",
        products=rows,
        choices=[{"value": each["product"], "label": each["name"]} for each in able] if may else [],
        done=request.args.get("done") == "recorded",
        record_url=f"{PLACE}/{company_id}/cancel",
        suspension_url=f"/operations/companies/{company_id}/suspension" if suspends else None,
        stopped=found.suspended_at is not None,
        back_url=PLACE,
    )


@blueprint.get(f"{PLACE}/<uuid:company_id>/cancel")
def ask_record(company_id: UUID) -> ResponseReturnValue:
    """The form that records a cancellation."""
    return show_record({}, company_id)


def show_record(problems: dict[str, str], company_id: UUID) -> Response:
    current = duty.on_duty(cancellation.SETS_STATE, sure=True)
    work = open_work()
    seen = subscription_view.overview(work, company_id)
    able = [each.product for each in seen.products if each.may_cancel]
    if not able and not problems:
        return see_other(f"{PLACE}/{company_id}")
    names = [{"value": each, "label": subscription_words.product_name(work.policies, each)} for each in able]
    return page(
        "operations/record_cancellation.html",
        problems=problems,
        account=person(current),
        name=seen.name,
        choices=names,
        back_url=f"{PLACE}/{company_id}",
    )


@blueprint.post(f"{PLACE}/<uuid:company_id>/cancel")
@csrf.again(show_record)
def record(company_id: UUID) -> ResponseReturnValue:
    """Record it: the company, and its firms, are written to."""
    open_work(write=True)
    duty.on_duty(cancellation.SETS_STATE, sure=True)
    work = open_work()
    subscription_view.overview(work, company_id)
    form, problems = forms.read(RecordForm, request.form)
    if form is None:
        return show_record(problems, company_id)
    try:
        ends = renewal.end_of(form.day)
        cancellation.record(work, company_id, [form.product], ends_at=ends, reason=form.reason)
    except (DatePassed, OverflowError):
        return show_record({"day": gettext("This day is over. Choose one that is to come.")}, company_id)
    except (UnknownProduct, TransitionRefused):
        return show_record({"product": gettext("This product cannot be cancelled as it stands.")}, company_id)
    except InvalidInput:
        return show_record({"reason": gettext("This cannot be used as it is written. Please check it.")}, company_id)
    return see_other(f"{PLACE}/{company_id}?done=recorded")
