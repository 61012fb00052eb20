"""Subscriptions in words: what a state means, and the calendar of a product from today on."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, ngettext

from idp.companies.reach import PAYMENT_FAILED
from idp.companies.seat_shortage import Shortage
from idp.companies.subscription_state import RESUME, SUBSCRIBE, step_of
from idp.companies.subscription_view import ProductSeen
from idp.companies.terms import Terms
from idp.policy import Policies, label_for
from idp.policy.agreements import Plan
from idp.web import locale
from idp.web.render import day

REASONS = ("price", "missing", "other_software", "closing", "other")
"""What a company may say when it cancels, as it is kept; other words come from staff and from billing."""


def reason(kept: str) -> str:
    """Why a product was cancelled."""
    words: dict[str, str] = {
        "price": gettext("The price"),
        "missing": gettext("Something is missing in the product"),
        "other_software": gettext("We use other software"),
        "closing": gettext("The company closes"),
        "other": gettext("Another reason"),
    }
    return words.get(kept, kept)


def label(texts: Mapping[str, str]) -> str:
    """A text of the policies in the page's language."""
    return label_for(texts, locale.current())


def product_name(policies: Policies, product: str) -> str:
    known = policies.products.get(product)
    return label_for(known.label, locale.current()) if known else product


def state_name(policies: Policies, state: str) -> str:
    return label_for(policies.states[state].label, locale.current())


def plan_name(policies: Policies, plan: str) -> str:
    known = policies.plans.get(plan)
    return label_for(known.label, locale.current()) if known else plan


def seats_of_plan(plan: Plan) -> str:
    """How many seats a plan has, in a few words."""
    if plan.seats.included == "unlimited":
        return str(gettext("without limit"))
    included: str = ngettext("%(num)s seat per product", "%(num)s seats per product", plan.seats.included)
    if plan.seats.extra_max is None:
        return included
    return str(gettext("%(included)s, up to %(more)s more", included=included, more=plan.seats.extra_max))


def contract(policies: Policies, terms: Terms) -> str:
    """The plan and the seats of a contract."""
    name = plan_name(policies, terms.plan)
    if terms.seats is None:
        return str(gettext("%(plan)s, users without limit", plan=name))
    return str(
        gettext(
            "%(plan)s, %(seats)s",
            plan=name,
            seats=ngettext("%(num)s seat per product", "%(num)s seats per product", terms.seats),
        )
    )


def seats_used(seen: ProductSeen) -> str:
    """How the seats of a product are used; empty where nobody counts them."""
    held = seen.seats
    if held is None or held.of is None:
        return ""
    used: str = ngettext("%(num)s seat used of %(of)s", "%(num)s seats used of %(of)s", held.used, of=held.of)
    if held.extra:
        return str(gettext("%(used)s, of which %(extra)s beside the plan", used=used, extra=held.extra))
    return used


def calendar(policies: Policies, seen: ProductSeen) -> list[tuple[str, str]]:
    """What is to come, in order: until when, and what then. Empty where nothing is."""
    name = product_name(policies, seen.product)
    lines: list[tuple[str, str]] = []
    if not seen.running:
        return _over(policies, seen)
    if seen.suspends is not None:
        lines.append(
            (
                gettext("Until %(date)s", date=day(seen.suspends)),
                gettext("Everything works, although a payment did not go through."),
            )
        )
        lines.append(
            (gettext("After that"), gettext("Without the payment, %(product)s can only be viewed.", product=name))
        )
    if seen.unpaid:
        lines.append((gettext("Now"), gettext("A payment is missing: %(product)s can only be viewed.", product=name)))
        lines.append((gettext("Once it is paid"), gettext("Everything opens again within ten minutes.")))
    if seen.until is not None:
        lines += _ending(policies, seen, name)
    return lines


def _ending(policies: Policies, seen: ProductSeen, name: str) -> list[tuple[str, str]]:
    assert seen.until is not None
    date, kept = day(seen.until), day(seen.kept) if seen.kept else ""
    lines: list[tuple[str, str]] = []
    if step_of(policies, seen.state, SUBSCRIBE):
        lines.append(
            (
                gettext("Until %(date)s", date=date),
                gettext("This is a trial: everything works except the connected services."),
            )
        )
        closed = gettext("Nobody can open %(product)s without a subscription.", product=name)
    elif seen.unpaid:
        lines.append((gettext("On %(date)s", date=date), gettext("Without the payment, the subscription ends.")))
        closed = ""
    else:
        worked = gettext("Everything works. Until then you can keep the subscription, and nothing is lost.")
        lines.append((gettext("Until %(date)s", date=date), worked))
        closed = gettext("Nobody can open %(product)s any more. Other products continue.", product=name)
    if closed:
        lines.append((gettext("After that"), closed))
    if kept:
        back = gettext("Data and access are kept. Subscribe again, and everybody gets back what they had.")
        if step_of(policies, seen.state, SUBSCRIBE):
            back = gettext("Data and access are kept. Subscribe by then, and everybody gets back what they had.")
        lines.append((gettext("Until %(date)s", date=kept), back))
        lines.append((gettext("Later"), _erased()))
    return lines


def _over(policies: Policies, seen: ProductSeen) -> list[tuple[str, str]]:
    lines = [(gettext("Since %(date)s", date=day(seen.since)), gettext("Nobody can open it."))]
    if step_of(policies, seen.state, RESUME) is None:
        return [(gettext("Since %(date)s", date=day(seen.since)), gettext("The access rights are erased."))]
    if seen.kept is not None:
        back = gettext("Data and access are kept. Subscribe again, and everybody gets back what they had.")
        lines.append((gettext("Until %(date)s", date=day(seen.kept)), back))
        lines.append((gettext("Later"), _erased()))
    return lines


def _erased() -> str:
    return str(gettext("Roles and mandates for this product are erased. Personal accounts stay."))


def after_trial(policies: Policies, seen: ProductSeen) -> list[tuple[str, str]]:
    """What it means to subscribe to a product that is on trial, for who is about to ask for it."""
    lines = [
        (gettext("Data and access"), gettext("Everybody goes on with what was entered and keeps their access.")),
        (
            gettext("Price"),
            gettext("Our billing team tells you in its answer. You are charged from that day on, not before."),
        ),
    ]
    if seen.until is not None:
        lines.insert(
            0, (gettext("Until the answer"), gettext("The trial goes on, until %(date)s.", date=day(seen.until)))
        )
    if seats := seats_used(seen):
        lines.append((gettext("Seats"), seats))
    if not policies.states[seen.state].services:
        lines.append((gettext("Connected services"), gettext("Available once our billing team has answered.")))
    return lines


def shortage(lacks: Shortage) -> tuple[str, str]:
    """A contract that is smaller than its use: the fact, and what there is to do."""
    if lacks.starts is None:
        fact: str = ngettext("%(num)s user too many", "%(num)s users too many", lacks.missing)
        what = gettext(
            "Nobody is removed by this, but nobody can be added while there are too few seats. "
            "Decide who no longer needs access."
        )
    else:
        fact = ngettext(
            "%(num)s user too many from %(date)s on", "%(num)s users too many from %(date)s on",
            lacks.missing, date=day(lacks.starts),
        )  # fmt: skip
        what = gettext("Nobody is removed by this. Decide before that day who no longer needs access.")
    counted = gettext(
        "Seats taken: %(taken)s, open invitations included. Seats in the contract: %(of)s.",
        taken=lacks.taken,
        of=lacks.of,
    )
    return fact, f"{what} {counted}"


def banner(policies: Policies, seen: ProductSeen) -> str:
    """One sentence about a product that is not simply running; empty otherwise. The words are those of the policy."""
    name = product_name(policies, seen.product)
    if seen.suspends is not None and step_of(policies, seen.state, PAYMENT_FAILED):
        told = gettext("a payment did not go through. From %(date)s on it can only be viewed.", date=day(seen.suspends))
        return str(gettext("%(product)s: %(told)s", product=name, told=told))
    text = policies.states[seen.state].banner
    if text is None:
        return ""
    date = seen.kept if not seen.running else seen.until
    said = label_for(text, locale.current()).replace("{date}", day(date) if date else "–")
    said = said[:1].lower() + said[1:]  # a sentence of the policy, here behind the name of the product
    return str(gettext("%(product)s: %(told)s", product=name, told=said))


def row(policies: Policies, seen: ProductSeen) -> dict[str, Any]:
    """One product for a page."""
    return {
        "product": seen.product,
        "name": product_name(policies, seen.product),
        "state": state_name(policies, seen.state),
        "since": day(seen.since),
        "seats": seats_used(seen),
        "calendar": calendar(policies, seen),
        "running": seen.running,
    }
