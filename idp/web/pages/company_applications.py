"""Authorised applications (SC35): what acts in the company's name, by whose leave or by itself, for what; its end."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from idp.companies import preview
from idp.oidc import company_applications
from idp.oidc.company_applications import REVOKES, VIEWS, Allowed, Application
from idp.policy import label_for
from idp.web import csrf, locale, paging, role_words
from idp.web.pages.company_area import Area, enter
from idp.web.pages.consent import pages_of
from idp.web.pages.continuing import see_other
from idp.web.render import day, moment

blueprint = Blueprint("pages_company_applications", __name__)
csrf.guard(blueprint)

PATH = "/companies/<uuid:company_id>/applications"
ONE = f"{PATH}/<uuid:application_id>"
LIST, PEOPLE = "applications of a company", "people of an application"


@blueprint.get(PATH)
def listed(company_id: UUID) -> ResponseReturnValue:
    """The applications that act in the company's name. Query: `after`, `before`; `done`, after one was ended."""
    area = enter(company_id, VIEWS)
    place = paging.asked(area.work, LIST)
    found = company_applications.of_company(area.work, company_id, after=place.after, before=place.before)
    return area.page(
        "applications/list.html",
        applications=[_entry(area, each) for each in found.rows],
        pages=paging.around(area.work, LIST, found),
        ended="done" in request.args,
    )


@blueprint.get(ONE)
def one(company_id: UUID, application_id: UUID) -> ResponseReturnValue:
    """What one of them may do here, and who let it. Query: `after`, `before`."""
    return show({}, company_id, application_id)


def show(problems: dict[str, str], company_id: UUID, application_id: UUID) -> Response:
    area = enter(company_id, VIEWS)
    work = area.work
    found = company_applications.get(work, company_id, application_id)
    place = paging.asked(work, PEOPLE)
    people = company_applications.people(work, company_id, application_id, after=place.after, before=place.before)
    return area.page(
        "applications/one.html",
        problems=problems,
        name=found.client.name(locale.current()),
        websites=pages_of(found.client),
        may=_may(area, found),
        rights=_rights(area, found),
        only_reads="companies.read" in found.client.scope and "companies.write" not in found.client.scope,
        since=moment(found.since),
        last_used=moment(found.last_used_at) if found.last_used_at else None,
        last_day=day(found.last_used_at) if found.last_used_at else "",
        people=[_person(each) for each in people.rows],
        pages=paging.around(work, PEOPLE, people, section="people", label=gettext("Who allowed it")),
        may_end=area.may(REVOKES),
        back=area.path("applications"),
    )


@blueprint.post(ONE)
@csrf.again(show)
def withdraw(company_id: UUID, application_id: UUID) -> ResponseReturnValue:
    """End what it may do in the company, whoever let it."""
    area = enter(company_id, REVOKES, write=True)
    company_applications.withdraw(area.work, company_id, application_id)
    return see_other(f"{area.path('applications')}?done=ended")


def _entry(area: Area, each: Application) -> dict[str, str]:
    says = [gettext("works by itself")] if each.permissions else []
    if each.people:
        says.append(ngettext("allowed by %(num)s person", "allowed by %(num)s people", each.people))
    if not says:
        says = [gettext("allowed only by people who have left"), gettext("reaches nothing")]
    else:
        says.append(gettext("since %(date)s", date=day(each.since)))
        if each.last_used_at is not None:
            says.append(gettext("last used on %(date)s", date=day(each.last_used_at)))
        else:
            says.append(gettext("never used") if each.people else gettext("no use noted so far"))
    detail = " · ".join(says)
    return {"name": each.client.name(locale.current()), "url": area.path("applications", each.id), "detail": detail}


def _rights(area: Area, found: Application) -> list[dict[str, Any]]:
    """What it may do by itself, product by product."""
    policies, language = area.work.policies, locale.current()
    shown = []
    for product in policies.products.values():
        held = [each for each in found.permissions if each in product.permissions]
        if held:
            seen = role_words.shown(preview.listed(policies, product.id, held, language))
            shown.append({"label": label_for(product.label, language), "preview": seen})
    return shown


def _may(area: Area, found: Application) -> list[str]:
    """What it can do, as the company reads it."""
    product = found.client.product
    may = [in_words(scope) for scope in found.scope]
    if product is not None:
        label = label_for(area.work.policies.products[product].label, locale.current())
        may.insert(
            0, gettext("see that the person works for the company, and their role in %(product)s", product=label)
        )
    return may


def _person(each: Allowed) -> dict[str, Any]:
    return {"name": each.name, "since": moment(each.since)}


def in_words(scope: str) -> str:
    """What a scope means, for the company of the person who agreed."""
    words = {
        "openid": gettext("recognise the person when they come back"),
        "profile": gettext("see the person’s name and language"),
        "email": gettext("see the person’s e-mail address"),
        "offline_access": gettext("stay connected for up to 30 days, also while the person is away"),
        "companies.read": gettext("see the people and the settings of the company, as far as the person may"),
        "companies.write": gettext("change the people and the settings of the company, as far as the person may"),
    }
    return str(words.get(scope, scope))
