"""Who could do what in a company on a date."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.companies import as_of, concerned, preview
from idp.companies.answers import Access
from idp.companies.as_of import PersonThen, ProductThen
from idp.core import texts
from idp.policy import label_for
from idp.web import csrf, locale, paging, role_words
from idp.web.pages.access_log import LONGEST, VIEWS, ZONE
from idp.web.pages.company_area import Area, enter

blueprint = Blueprint("pages_log_on", __name__)
csrf.guard(blueprint)

PURPOSE = "access on a date"
END_OF_DAY = time(23, 59, 59)


@blueprint.get("/companies/<uuid:company_id>/log/on")
def listed(company_id: UUID) -> ResponseReturnValue:
    """Everybody who had something to do with the company. Query: `date`, `time`, `q`, `after`, `before`."""
    area = enter(company_id, *VIEWS)
    at, problems = _instant(area)
    search = request.args.get("q", "").strip()[:LONGEST]
    asked = paging.asked(area.work, PURPOSE)
    found = as_of.on(area.work, company_id, at, search=search, after=asked.after, before=asked.before)
    return area.page(
        "log/on.html",
        problems=problems,
        form={
            "date": request.args.get("date", "")[:LONGEST],
            "time": request.args.get("time", "")[:LONGEST],
            "q": search,
        },
        at=texts.write_moment(at, locale.current()),
        people=[_row(area, each, at) for each in found.people],
        found=found.total,
        pages=paging.pager(
            area.work,
            PURPOSE,
            first=found.first,
            shown=len(found.people),
            total=found.total,
            previous=found.previous,
            following=found.next,
        ),
        log_url=area.path("log"),
    )


@blueprint.get("/companies/<uuid:company_id>/log/on/<uuid:account_id>")
def shown(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """What one person could do, permission by permission. Query: `date`, `time`."""
    area = enter(company_id, *VIEWS)
    concerned.name_of(area.work, company_id, account_id)
    at, problems = _instant(area)
    found = as_of.of_person(area.work, company_id, account_id, at)
    return area.page(
        "log/person.html",
        problems=problems,
        form={},
        at=texts.write_moment(at, locale.current()),
        person=_row(area, found, at),
        products=[_rights(area, each) for each in found.products],
        back_url=area.path("log", "on?" + _query(at)),
    )


def _instant(area: Area) -> tuple[datetime, dict[str, str]]:
    """The end of the day that was asked for, unless a time is; the present where nothing is, or nothing sensible."""
    now, typed, clock = area.work.now, request.args.get("date", ""), request.args.get("time", "")
    if not typed:
        return now, {}
    try:
        day = date.fromisoformat(typed)
        at = datetime.combine(day, time.fromisoformat(clock) if clock else END_OF_DAY).replace(tzinfo=ZONE)
    except (ValueError, OverflowError):
        return now, {"date": gettext("Write the date as year-month-day, such as 2026-03-31, and the time as 14:30.")}
    if at > now:
        if day == now.astimezone(ZONE).date() and not clock:
            return now, {}
        return now, {"date": gettext("This is still to come. What you see is how it is now.")}
    return at, {}


def _query(at: datetime) -> str:
    there = at.astimezone(ZONE)
    return f"date={there:%Y-%m-%d}&time={there:%H:%M:%S}"


def _row(area: Area, person: PersonThen, at: datetime) -> dict[str, Any]:
    language, roles = locale.current(), area.work.policies.roles
    named = [label_for(roles[each].label, language) for each in person.company_roles if each in roles]
    return {
        "name": person.name or gettext("a former user"),
        "url": f"{area.path('log', 'on', person.account_id)}?{_query(at)}",
        "roles": named,
        "firms": person.firms,
        "suspended": person.suspended,
        "products": [_product(area, each) for each in person.products if each.product in _applications(area)],
    }


def _applications(area: Area) -> set[str]:
    return {each.id for each in area.work.policies.products.values() if each.subscribed}


def _product(area: Area, each: ProductThen) -> dict[str, str]:
    product = label_for(area.work.policies.products[each.product].label, locale.current())
    return {"product": product, "role": _role(each)}


def _role(each: ProductThen) -> str:
    if not isinstance(each.answer, Access):
        return str(gettext("a role that opened nothing"))
    name = label_for(each.answer.role_labels, locale.current())
    return gettext("%(role)s (revision %(number)s)", role=name, number=each.revision) if each.revision else name


def _rights(area: Area, each: ProductThen) -> dict[str, Any]:
    policies, language = area.work.policies, locale.current()
    answer = each.answer
    permissions = answer.permissions if isinstance(answer, Access) else ()
    return {
        "product": label_for(policies.products[each.product].label, language),
        "role": _role(each),
        "firm": answer.firm_name if isinstance(answer, Access) else "",
        "preview": role_words.shown(preview.listed(policies, each.product, permissions, language)),
    }
