"""The launcher: every company of a person, and the products that are open there."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.companies import access, own_companies, subscription_notice, subscription_view
from idp.companies.access import LauncherCompany, LauncherTile, Reason
from idp.companies.subscription_view import ProductSeen
from idp.oidc import products
from idp.policy import label_for
from idp.web import company_menu, locale, subscription_words
from idp.web.pages.company_home import standing
from idp.web.pages.continuing import downloads, product_view
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_launcher", __name__)


@blueprint.get("/")
def launcher() -> ResponseReturnValue:
    """My products."""
    current = signed_in()
    work = open_work()
    places = products.places(work)
    found, more = access.launcher(work, current.account_id)
    cared = subscription_view.looked_after(work, current.account_id, [each.company_id for each in found])
    notices = subscription_view.attention(work, cared) if cared else {}
    asks = _asks(work, [each for each in found if each.company_id not in cared])
    companies = [
        {
            "name": company.name,
            "detail": gettext("through %(firm)s", firm=company.firm_name) if company.firm_name else None,
            "tiles": tiles,
            "notices": _notices(work, notices.get(company.company_id, ())),
            "asks": asks.get(company.company_id, ()),
            "subscriptions_url": f"{company_menu.home(company.company_id)}/subscriptions",
        }
        for company in found
        # What has ended is shown to those alone who can do something about it.
        if (
            tiles := [
                _tile(work, each, places.homes, company.company_id)
                for each in company.tiles
                if each.access or company.company_id in cared
            ]
        )
    ]
    desk = not companies and bool(access.staff_permissions(work, current.account_id))
    open_to_me = {each.product for company in found for each in company.tiles if each.access}
    return page(
        "launcher.html",
        companies=companies,
        more=more,
        downloads=downloads(work, places, open_to_me),
        desk=desk,
        shut=_shut(work, current.account_id) if not companies and not desk else [],
        account=person(current),
    )


def _shut(work: Work, account_id: UUID) -> list[dict[str, str]]:
    """Companies of one's own that are kept shut, and why, for somebody to whom no product is open."""
    latest, _ = own_companies.latest(work, account_id)
    return [{"name": each.name, "why": why} for each in latest if (why := standing(each))]


def _notices(work: Work, attention: Iterable[ProductSeen]) -> list[str]:
    """What those who look after the subscriptions of a company are told above its products."""
    return [text for each in attention if (text := subscription_words.banner(work.policies, each))]


def _asks(work: Work, companies: Iterable[LauncherCompany]) -> dict[UUID, list[dict[str, str]]]:
    """By company of one's own in which a product can only be viewed, who can change that."""
    stopped = [
        each.company_id
        for each in companies
        if each.via == "membership" and any(_suspended(tile.access) for tile in each.tiles)
    ]
    found = subscription_notice.carers_of(work, stopped) if stopped else {}
    return {key: [{"name": each.name, "email": each.address} for each in able] for key, able in found.items()}


def _suspended(granted: access.Access | None) -> bool:
    return granted is not None and granted.subscription == "suspended"


def _tile(work: Work, tile: LauncherTile, addresses: dict[str, str], company_id: UUID) -> dict[str, Any]:
    home = addresses.get(tile.product)
    granted, refused = tile.access, tile.refusal
    note = None
    if _suspended(granted):
        note = gettext("view only: the subscription is suspended")
    elif granted is not None and granted.subscription == "notice" and granted.subscription_until is not None:
        note = gettext("until %(date)s", date=day(granted.subscription_until))
    elif refused is not None and refused.reason is Reason.SUBSCRIPTION_ENDED:
        note = gettext("subscription ended")
        if refused.date is not None:
            note = gettext("subscription ended on %(date)s", date=day(refused.date))
        if refused.kept_until is not None:
            note = gettext("subscription ended, data kept until %(date)s", date=day(refused.kept_until))
    elif granted is not None and tile.product not in addresses:
        note = gettext("not connected yet")
    return {
        "product": product_view(work, tile.product),
        "url": products.for_company(home, company_id) if granted is not None and home else None,
        "role": label_for(granted.role_labels, locale.current()) if granted is not None else gettext("no access now"),
        "note": note,
    }
