"""Asking for another plan, more or fewer seats, or one more product: a request that billing answers."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from pydantic import BeforeValidator, Field, StringConstraints
from werkzeug.wrappers import Response

from idp.companies import subscription_request, subscription_view, terms
from idp.companies.errors import (
    ChangeBlocked,
    LoweringBelowUse,
    NotSubscribed,
    PlanLacksProduct,
    TransitionRefused,
    UnknownPlan,
    UnknownProduct,
)
from idp.companies.subscription_request import CHANGES
from idp.core.errors import Conflict, IdpError, InvalidInput, NotFound
from idp.web import csrf, forms, subscription_words
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.pages.subscriptions import PLACE, Nothing, asked_already
from idp.web.render import day

blueprint = Blueprint("pages_subscription_change", __name__)
csrf.guard(blueprint)

SEATS_MAX = 100_000


def _number(value: Any) -> Any:
    """A number as one types it; none for nothing."""
    text = str(value).strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None if not text else "?"


class ChangeForm(forms.Form):
    plan: Annotated[str, StringConstraints(max_length=64)]
    seats: Annotated[Annotated[int, Field(ge=1, le=SEATS_MAX)] | None, BeforeValidator(_number)] = None

    says = {"seats": lazy_gettext("Write a number, such as 8.")}


@blueprint.get(f"{PLACE}/change")
def ask_change(company_id: UUID) -> ResponseReturnValue:
    """The plans there are, and the seats."""
    return show_change({}, company_id)


def show_change(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, CHANGES, step_up=True)
    seen = subscription_view.overview(area.work, area.company_id)
    if seen.terms is None:
        raise NotFound(kind="subscription")
    policies = area.work.policies
    plans = [each for each in policies.plans.values() if (each.only_for or "company") == seen.kind]
    return area.page(
        "subscription/change.html",
        problems=problems,
        contract=subscription_words.contract(policies, seen.terms),
        plan=seen.terms.plan,
        plans=[{"value": each.id, "label": subscription_words.plan_name(policies, each.id)} for each in plans],
        rows=[
            [
                subscription_words.plan_name(policies, each.id),
                subscription_words.seats_of_plan(each),
                ", ".join(subscription_words.product_name(policies, product) for product in each.products),
            ]
            for each in plans
        ],
        seats=seen.terms.seats,
        used=max((each.seats.used for each in seen.products if each.seats), default=0),
        renewal=day(seen.next_renewal) if seen.next_renewal else "",
        pending=any(not each.product and each.closed_at is None for each in seen.requests),
        back_url=area.path("subscriptions"),
    )


@blueprint.post(f"{PLACE}/change")
@csrf.again(show_change)
def change(company_id: UUID) -> ResponseReturnValue:
    """Send the request to billing."""
    area = enter(company_id, CHANGES, write=True, step_up=True)
    form, problems = forms.read(ChangeForm, request.form)
    if form is None:
        return show_change(problems, company_id)
    try:
        subscription_request.ask(area.work, area.company_id, plan=form.plan, seats_asked=form.seats)
    except NotSubscribed as error:
        raise NotFound(kind="subscription") from error
    except (InvalidInput, PlanLacksProduct, LoweringBelowUse, ChangeBlocked) as error:
        return show_change(_problem(area, error, form.plan), company_id)
    return see_other(f"{area.path('subscriptions')}?done=asked")


@blueprint.get(f"{PLACE}/<product>/add")
def ask_add(company_id: UUID, product: str) -> ResponseReturnValue:
    """What adding a product of the plan means, or subscribing to one on trial."""
    return show_add({}, company_id, product)


def show_add(problems: dict[str, str], company_id: UUID, product: str) -> Response:
    area = enter(company_id, CHANGES, step_up=True)
    seen = subscription_view.overview(area.work, area.company_id)
    if product not in area.work.policies.products or seen.terms is None:
        raise NotFound(kind="product")
    tried = next((each for each in seen.products if each.product == product and product in seen.on_trial), None)
    if (product not in seen.addable and tried is None) or asked_already(seen, product):
        return see_other(area.path("subscriptions"))
    known = area.work.policies.products[product]
    return area.page(
        "subscription/add.html",
        problems=problems,
        product=None,
        name=subscription_words.product_name(area.work.policies, product),
        summary=subscription_words.label(known.summary),
        plan=subscription_words.plan_name(area.work.policies, seen.terms.plan),
        trial=subscription_words.after_trial(area.work.policies, tried) if tried else [],
        back_url=area.path("subscriptions"),
    )


@blueprint.post(f"{PLACE}/<product>/add")
@csrf.again(show_add)
def add(company_id: UUID, product: str) -> ResponseReturnValue:
    """Ask billing for it."""
    area = enter(company_id, CHANGES, write=True, step_up=True)
    form, problems = forms.read(Nothing, request.form)
    if form is None:
        return show_add(problems, company_id, product)
    try:
        subscription_request.ask_product(area.work, area.company_id, product)
    except (NotSubscribed, UnknownProduct) as error:
        raise NotFound(kind="product") from error
    except (TransitionRefused, Conflict):  # it is there already, or on its way
        return see_other(area.path("subscriptions"))
    return see_other(f"{area.path('subscriptions')}?done=asked")


@blueprint.post(f"{PLACE}/requests/<uuid:asked_id>/withdraw")
def withdraw(company_id: UUID, asked_id: UUID) -> ResponseReturnValue:
    """Take a request back."""
    back = f"/companies/{company_id}/subscriptions"
    area = enter(company_id, CHANGES, write=True, step_up=True, back=back)
    subscription_request.withdraw(area.work, area.company_id, asked_id)
    return see_other(f"{area.path('subscriptions')}?done=withdrawn")


def _problem(area: Area, error: IdpError, plan: str) -> dict[str, str]:
    """What to choose instead."""
    policies = area.work.policies
    if isinstance(error, LoweringBelowUse):
        names = [subscription_words.product_name(policies, each) for each in error.members["products"].split(", ")]
        return {
            "seats": gettext(
                "%(used)s seats are used for %(products)s. Remove users first, or choose %(used)s seats or more.",
                used=error.members["used"],
                products=", ".join(names),
            )
        }
    if isinstance(error, PlanLacksProduct):
        name = subscription_words.product_name(policies, error.members["product"])
        return {"plan": gettext("This plan does not have %(product)s. Cancel that product first.", product=name)}
    if isinstance(error, ChangeBlocked):
        return {
            "form": gettext("Every product is cancelled or over. Continue one of them first, then change the plan.")
        }
    if isinstance(error, UnknownPlan) or plan not in policies.plans:
        return {"plan": gettext("Choose one of these plans.")}
    if error.members.get("reason") == "unchanged":
        return {"seats": gettext("This is the plan you have, with as many seats. Choose something else.")}
    most = terms.most(policies.plans[plan])
    if most is None:
        return {"seats": gettext("This plan does not count users: leave the seats empty.")}
    if most[0] == most[1]:
        return {"seats": ngettext("This plan has %(num)s seat.", "This plan has %(num)s seats.", most[0])}
    return {"seats": gettext("This plan has from %(least)s to %(most)s seats.", least=most[0], most=most[1])}
