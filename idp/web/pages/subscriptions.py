"""The subscriptions of a company (SC28), and cancelling or continuing one of them (SC29)."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import BeforeValidator
from werkzeug.wrappers import Response

from idp.companies import cancellation, people, renewal, seat_shortage, subscription_notice, subscription_view
from idp.companies.errors import ExportUnconfirmed, TransitionRefused
from idp.companies.models import SubscriptionRequest
from idp.companies.seat_shortage import Shortage
from idp.companies.subscription_request import CHANGES
from idp.companies.subscription_view import Overview, ProductSeen
from idp.web import csrf, forms, subscription_words
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day
from idp.web.work import parts

blueprint = Blueprint("pages_subscriptions", __name__)
csrf.guard(blueprint)

PLACE = "/companies/<uuid:company_id>/subscriptions"
Reason = Literal["price", "missing", "other_software", "closing", "other"]


class CancelForm(forms.Form):
    reason: Reason
    exported: Annotated[bool, BeforeValidator(lambda value: value == "yes")] = False

    says = {"reason": lazy_gettext("Choose what comes closest.")}


class Nothing(forms.Form):
    """A form that is a button."""


@blueprint.get(PLACE)
def overview(company_id: UUID) -> ResponseReturnValue:
    """Products, seats, plan, and what is to come. Query: `done` says what was just done."""
    area = enter(company_id, subscription_view.VIEWS)
    return show_overview(area)


def show_overview(area: Area, status: int = 200, problem: str = "") -> Response:
    seen = subscription_view.overview(area.work, area.company_id)
    policies = area.work.policies
    shortages = seat_shortage.among(seen.terms, seen.products) if seen.terms else []
    return area.page(
        "subscription/overview.html",
        status,
        problems={"form": problem} if problem else {},
        contract=subscription_words.contract(policies, seen.terms) if seen.terms else "",
        renewal=day(seen.next_renewal) if seen.next_renewal else "",
        announced=_announced(area, seen),
        settling=_settling(area) if any(each.unpaid or each.suspends for each in seen.products) else None,
        requests=[_asked(area, seen, each) for each in seen.requests],
        products=[
            {
                **subscription_words.row(policies, each),
                "shortages": [_shortage(area, lacks) for lacks in shortages if lacks.product == each.product],
                "acts": _acts(area, seen, each),
            }
            for each in seen.products
        ],
        addable=[
            {
                "name": subscription_words.product_name(policies, each),
                "url": area.path("subscriptions", each, "add"),
                "detail": "",
            }
            for each in seen.addable
            if area.may(CHANGES) and not asked_already(seen, each)
        ],
        change_url=area.path("subscriptions", "change") if seen.terms and area.may(CHANGES) else "",
        done=_done(request.args.get("done", "")),
    )


@blueprint.get(f"{PLACE}/<product>/cancel")
def ask_cancel(company_id: UUID, product: str) -> ResponseReturnValue:
    """When it would end, and what then, before the button."""
    return show_cancel({}, company_id, product)


def show_cancel(problems: dict[str, str], company_id: UUID, product: str) -> Response:
    area = enter(company_id, cancellation.CANCELS, step_up=True)
    seen = subscription_view.product(area.work, area.company_id, product)
    if not seen.may_cancel:
        return see_other(area.path("subscriptions"))
    name = subscription_words.product_name(area.work.policies, product)
    others = [
        subscription_words.product_name(area.work.policies, each.product)
        for each in subscription_view.overview(area.work, area.company_id).products
        if each.product != product and each.running
    ]
    return area.page(
        "subscription/cancel.html",
        problems=problems,
        product=None,
        name=name,
        at_once=seen.cancels is None,
        ends=day(seen.cancels) if seen.cancels else "",
        least=renewal.least_notice(area.work.policies),
        viewing=seen.unpaid,
        calendar=_if_cancelled(area, seen),
        people=subscription_view.holders(area.work, area.company_id, product),
        others=others,
        reasons=[{"value": "", "label": "–"}, *_reasons()],
        back_url=area.path("subscriptions"),
    )


@blueprint.post(f"{PLACE}/<product>/cancel")
@csrf.again(show_cancel)
def cancel(company_id: UUID, product: str) -> ResponseReturnValue:
    """Cancel it, after the tick and a fresh code."""
    area = enter(company_id, cancellation.CANCELS, write=True, step_up=True)
    subscription_view.product(area.work, area.company_id, product)
    form, problems = forms.read(CancelForm, request.form)
    if form is None:
        return show_cancel(problems, company_id, product)
    try:
        cancellation.cancel(area.work, area.company_id, product, reason=form.reason, exported=form.exported)
    except ExportUnconfirmed:
        problem = gettext("Tick this once the data is exported. Until then nothing is cancelled.")
        return show_cancel({"exported": problem}, company_id, product)
    except TransitionRefused:
        return show_overview(area, 409, _too_late())
    return see_other(f"{area.path('subscriptions')}?done=cancelled")


@blueprint.get(f"{PLACE}/<product>/resume")
def ask_resume(company_id: UUID, product: str) -> ResponseReturnValue:
    """What continuing, or coming back, brings."""
    return show_resume({}, company_id, product)


def show_resume(problems: dict[str, str], company_id: UUID, product: str) -> Response:
    area = enter(company_id, cancellation.RESUMES, step_up=True)
    seen = subscription_view.product(area.work, area.company_id, product)
    if not seen.may_resume:
        return see_other(area.path("subscriptions"))
    return area.page(
        "subscription/resume.html",
        problems=problems,
        product=None,
        name=subscription_words.product_name(area.work.policies, product),
        ended=not seen.running,
        people=subscription_view.holders(area.work, area.company_id, product),
        back_url=area.path("subscriptions"),
    )


@blueprint.post(f"{PLACE}/<product>/resume")
@csrf.again(show_resume)
def resume(company_id: UUID, product: str) -> ResponseReturnValue:
    """Continue, or come back."""
    area = enter(company_id, cancellation.RESUMES, write=True, step_up=True)
    seen = subscription_view.product(area.work, area.company_id, product)
    form, problems = forms.read(Nothing, request.form)
    if form is None:
        return show_resume(problems, company_id, product)
    try:
        cancellation.resume(area.work, area.company_id, product)
    except TransitionRefused:
        return show_overview(area, 409, _too_late())
    return see_other(f"{area.path('subscriptions')}?done={'resumed' if seen.running else 'back'}")


def users_of(area: Area, product: str) -> tuple[str, str] | None:
    """The list of those who use a product, and what leads there, for who may see it."""
    if not area.may(people.VIEWS):
        return None
    name = subscription_words.product_name(area.work.policies, product)
    return f"{area.path('people')}?{urlencode({'product': product})}", gettext("See who uses %(product)s", product=name)


def _shortage(area: Area, lacks: Shortage) -> dict[str, str]:
    fact, what = subscription_words.shortage(lacks)
    url, label = users_of(area, lacks.product) or ("", "")
    return {"fact": fact, "what": what, "url": url, "label": label}


def asked_already(contract: Overview, product: str) -> bool:
    """Whether billing has still to answer about this product."""
    return any(each.product == product and each.closed_at is None for each in contract.requests)


def _acts(area: Area, contract: Overview, seen: ProductSeen) -> list[dict[str, str]]:
    """What can be done about a product now by the person who looks, the main act first."""
    acts: list[dict[str, str]] = []
    place = area.path("subscriptions", seen.product)
    if seen.product in contract.on_trial and area.may(CHANGES) and not asked_already(contract, seen.product):
        acts.append({"label": gettext("Subscribe"), "url": f"{place}/add", "kind": "secondary"})
    if seen.may_resume and area.may(cancellation.RESUMES):
        label = gettext("Keep the subscription") if seen.running else gettext("Subscribe again")
        acts.append({"label": label, "url": f"{place}/resume", "kind": "secondary"})
    if seen.may_cancel and area.may(cancellation.CANCELS):
        label = gettext("End the trial") if seen.cancels is None else gettext("Cancel the subscription")
        acts.append({"label": label, "url": f"{place}/cancel", "kind": "link"})
    return acts


def _if_cancelled(area: Area, seen: ProductSeen) -> list[tuple[str, str]]:
    """The calendar that would begin with a cancellation now."""
    after = subscription_view.if_cancelled(area.work, seen)
    return subscription_words.calendar(area.work.policies, after)


def _settling(area: Area) -> dict[str, Any]:
    """What to do about a missing payment: whom to pay, for who looks after it; for others, whom to ask."""
    contact = parts().settings.billing_contact
    if area.may(cancellation.CANCELS):
        return {"contact": contact, "url": f"mailto:{contact}" if "@" in contact else contact, "people": None}
    able = subscription_notice.carers(area.work, area.company_id)
    return {"contact": "", "url": "", "people": [{"name": each.name, "email": each.address} for each in able]}


def _announced(area: Area, seen: Overview) -> str:
    terms = seen.terms
    if terms is None or terms.changes_at is None or terms.next_plan is None:
        return ""
    following = subscription_view.announced(terms)
    return str(
        gettext(
            "From %(date)s on: %(contract)s.",
            date=day(terms.changes_at),
            contract=subscription_words.contract(area.work.policies, following),
        )
    )


def _asked(area: Area, contract: Overview, asked: SubscriptionRequest) -> dict[str, Any]:
    """A request to billing, in words."""
    policies = area.work.policies
    if asked.product:
        name = subscription_words.product_name(policies, asked.product)
        begun = any(each.product == asked.product for each in contract.products)
        what = gettext("Subscribe to %(product)s", product=name) if begun else gettext("Add %(product)s", product=name)
    else:
        what = subscription_words.contract(policies, subscription_view.wanted(asked))
    return {
        "what": what,
        "asked": day(asked.asked_at),
        "from_day": day(asked.wanted_at) if asked.wanted_at else "",
        "refused": asked.outcome == "refused",
        "answer": asked.answer,
        "withdraw_url": area.path("subscriptions", "requests", asked.id, "withdraw")
        if asked.closed_at is None and area.may(CHANGES)
        else "",
    }


def _reasons() -> list[dict[str, str]]:
    return [{"value": each, "label": subscription_words.reason(each)} for each in subscription_words.REASONS]


def _too_late() -> str:
    return str(gettext("Somebody was faster: the subscription is at another point now. Nothing was done."))


def _done(what: str) -> str:
    words: dict[str, str] = {
        "cancelled": gettext(
            "The subscription is cancelled. Those who look after it, and your firm, have been told by e-mail."
        ),
        "resumed": gettext("The subscription goes on, as if it had not been cancelled."),
        "back": gettext("You have subscribed again. Everybody gets back what they had."),
        "asked": gettext("Your request is on its way. It takes effect once our billing team has answered."),
        "withdrawn": gettext("The request is cancelled."),
    }
    return words.get(what, "")
