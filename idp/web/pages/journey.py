"""The first steps of a company as their pages tell them: what was ordered, and the steps from the first to the last."""

from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext, ngettext

from idp.companies import onboarding, service, terms
from idp.core import texts
from idp.policy import label_for
from idp.web import locale
from idp.work import Work

ACCOUNT = 4  # steps until the account is complete


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a company has ordered, in words.

    Attributes:
        seats: how many people may use each product; empty where the plan does not count them.
        several: whether somebody beside the owner can use it.
        services: whether there are connected services for it.
    """

    plan: str
    products: str
    seats: str
    several: bool
    services: bool


def ordered(work: Work, company_id: UUID) -> Ordered:
    """What a company has ordered."""
    language = locale.current()
    contract = terms.find(work, company_id)
    now = terms.now(work, contract) if contract else None
    number = now.seats if now else None
    plan = work.policies.plans.get(now.plan) if now else None
    return Ordered(
        plan=label_for(plan.label, language) if plan else "",
        products=texts.write_list(onboarding.subscribed_labels(work, company_id, language), language),
        seats=ngettext("%(num)s seat in each product", "%(num)s seats in each product", number) if number else "",
        several=number != 1,
        services=bool(service.offered_ids(work, company_id)),
    )


def names(users: bool, services: bool) -> list[str]:
    """The steps of somebody who makes an account on the way."""
    account = [gettext("Name and password"), gettext("Second factor"), gettext("Recovery contact")]
    return [*account, gettext("Recovery codes"), *own_names(users, services)]


def own_names(users: bool, services: bool) -> list[str]:
    """The steps that are about the company."""
    found = [gettext("Users")] if users else []
    found += [gettext("Connected services")] if services else []
    return [*found, gettext("Ready")]
