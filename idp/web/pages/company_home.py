"""A company's own pages: the list of one's companies, and the first page of each."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.companies import (
    access,
    closure,
    membership,
    own_companies,
    ownership,
    people,
    seat_shortage,
    subscription_view,
)
from idp.companies.own_companies import OwnCompany
from idp.policy import label_for
from idp.web import company_menu, csrf, locale, paging, subscription_words
from idp.web.pages import first_steps_reminders
from idp.web.pages.company_area import Area, enter
from idp.web.pages.reminder import Reminder
from idp.web.pages.subscriptions import users_of
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work

blueprint = Blueprint("pages_company_home", __name__)
csrf.guard(blueprint)

SEES = "company.profile.view"  # every role of a company brings it
PURPOSE = "my companies"
SEARCH_FROM = 8  # fewer companies are found faster by looking
LONGEST_SEARCH = 100


def _subscriptions(area: Area) -> Iterable[Reminder]:
    """Products that are cancelled, suspended or over, for who may see the subscriptions."""
    if area.may(subscription_view.VIEWS):
        for seen in subscription_view.attention(area.work, [area.company_id]).get(area.company_id, ()):
            if text := subscription_words.banner(area.work.policies, seen):
                yield Reminder(text, area.path("subscriptions"), gettext("See the subscriptions"))


def _shortages(area: Area) -> Iterable[Reminder]:
    """Fewer seats than users, now or from an announced day on, for who may choose or who pays."""
    sees_users = area.may(people.VIEWS)
    if not sees_users and not area.may(subscription_view.VIEWS):
        return
    for each in seat_shortage.of_company(area.work, area.company_id):
        name = subscription_words.product_name(area.work.policies, each.product)
        fact, _ = subscription_words.shortage(each)
        url, label = users_of(area, each.product) or (area.path("subscriptions"), gettext("See the subscriptions"))
        yield Reminder(gettext("%(product)s: %(told)s", product=name, told=f"{fact}."), url, label)


def _closing(area: Area) -> Iterable[Reminder]:
    """The company is about to be closed, for who runs it; its owner can keep it."""
    if area.company.closes_at is not None and area.may(ownership.VIEWS):
        text = gettext(
            "This company will be closed on %(date)s, as its owner has asked.", date=day(area.company.closes_at)
        )
        owns = area.may(closure.CLOSES)
        yield Reminder(
            text, area.path("close") if owns else area.path("ownership"),
            gettext("What happens then, and keeping it") if owns else gettext("See the owner"),
        )  # fmt: skip


Reminders = Callable[[Area], Iterable[Reminder]]
REMINDERS: tuple[Reminders, ...] = (_closing, _subscriptions, _shortages, first_steps_reminders.ask)
"""What the first page of a company reminds of. Each is asked once a page, and looks at the permissions itself."""


@blueprint.get("/companies")
def my_companies() -> ResponseReturnValue:
    """The companies I belong to. Query: `q` a part of a name, `after`, `before`."""
    current = signed_in()
    work = open_work()
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    asked = paging.asked(work, PURPOSE)
    found = own_companies.of_person(work, current.account_id, search=search, after=asked.after, before=asked.before)
    return page(
        "company/mine.html",
        companies=[_company(each) for each in found.companies],
        search=search if search or found.total >= SEARCH_FROM else None,
        found=found.total,
        pages=paging.pager(
            work,
            PURPOSE,
            first=found.first,
            shown=len(found.companies),
            total=found.total,
            previous=found.previous,
            following=found.next,
        ),
        account=person(current),
    )


@blueprint.get("/companies/<uuid:company_id>")
def home(company_id: UUID) -> ResponseReturnValue:
    """What one may do in a company, and what waits to be done there."""
    area = enter(company_id, SEES)
    entries = company_menu.entries(company_id, area.company.kind, area.permissions)
    return area.page(
        "company/home.html",
        entries=[{"name": each["label"], "url": each["url"], "detail": each["about"]} for each in entries],
        roles=_roles(area),
        reminders=[reminder for ask in REMINDERS for reminder in ask(area)],
        administrators=[] if entries else _administrators(area),
    )


def _roles(area: Area) -> list[str]:
    """What the person is called in this company."""
    held = membership.find(area.work, area.company_id, area.current.account_id)
    known = area.work.policies.roles
    named = (held.company_role, *held.also) if held else ()
    return [label_for(known[each].label, locale.current()) for each in named if each in known]


def _administrators(area: Area) -> list[dict[str, str]]:
    able = access.administrators(area.work, area.company_id)
    return [{"name": each.name, "email": each.address} for each in able]


def standing(company: OwnCompany) -> str:
    """Why nothing of a company opens, in a few words."""
    if company.stopped:
        return str(gettext("the company is suspended by our staff"))
    return str(gettext("suspended by an administrator")) if company.suspended else ""


def _company(company: OwnCompany) -> dict[str, Any]:
    role = label_for(company.role_labels, locale.current()) if company.role_labels else ""
    return {
        "name": company.name,
        "url": company_menu.home(company.company_id),
        "detail": standing(company) or role,
    }
