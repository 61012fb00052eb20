"""My access: every company, product and role, through what, since when, from whom and until when."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.companies import holdings
from idp.companies.access import Refusal, Why
from idp.companies.holdings import HeldCompany, Holding
from idp.policy import label_for
from idp.web import csrf, locale, paging
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_my_access", __name__)
csrf.guard(blueprint)

PURPOSE = "my access"
SEARCH_FROM = 8  # fewer companies are found faster by looking
LONGEST_SEARCH = 100


@blueprint.get("/account/access")
def my_access() -> ResponseReturnValue:
    """What I may do, and where. Query: `q` a part of a company's name, `after`, `before`."""
    current = signed_in()
    work = open_work()
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    asked = paging.asked(work, PURPOSE)
    found = holdings.of_person(work, current.account_id, search=search, after=asked.after, before=asked.before)
    return page(
        "account/access.html",
        companies=[_company(work, each) for each in found.companies],
        staff=[] if search or found.first > 1 else _staff(work, current.account_id),
        search=search if search or found.total >= SEARCH_FROM else None,
        left="left" in request.args,
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


def _company(work: Work, company: HeldCompany) -> dict[str, Any]:
    roles = [_role(work, each) for each in company.holdings]
    ways = {each["through"] for each in roles}
    return {
        "name": company.name,
        "suspended": company.suspended,
        "leave_url": f"/companies/{company.company_id}/leave" if _belongs(company) else None,
        "through": ways.pop() if len(ways) == 1 else None,
        "roles": roles,
    }


def _belongs(company: HeldCompany) -> bool:
    """Whether the person is one of the company's own people, and not kept out for the time being."""
    return not company.suspended and any(each.via == "membership" for each in company.holdings)


def _role(work: Work, holding: Holding) -> dict[str, Any]:
    language = locale.current()
    product = work.policies.products.get(holding.product)
    return {
        "product": label_for(product.label, language) if product else gettext("a product that no longer exists"),
        "role": _named(holding),
        "through": _through(holding),
        "given": gettext(
            "%(date)s, by %(giver)s",
            date=day(holding.since),
            giver=holding.given_by if holding.given_by is not None else gettext("our service"),
        ),
        "until": day(holding.until) if holding.until else gettext("no end set"),
        "remark": _remark(holding.refusal) if holding.refusal else None,
    }


def _named(holding: Holding) -> str:
    if not holding.role_labels:
        return str(gettext("a role that no longer exists"))
    return label_for(holding.role_labels, locale.current())


def _through(holding: Holding) -> str:
    if holding.via == "membership":
        return str(gettext("as one of its own people"))
    if holding.via == "mandate":
        return str(gettext("mandate of %(firm)s, for all its clients", firm=holding.firm_name))
    return str(gettext("mandate of %(firm)s, for this client", firm=holding.firm_name))


def _remark(refusal: Refusal) -> str:
    """Why a role opens nothing now, in a few words."""
    match refusal.why:
        case Why.ENDED if refusal.date is not None:
            return str(gettext("subscription ended on %(date)s", date=day(refusal.date)))
        case Why.ENDED | Why.NOT_SUBSCRIBED | Why.FIRM_SUBSCRIPTION:
            return str(gettext("subscription ended"))
        case Why.COMPANY_SUSPENDED:
            return str(gettext("the company is suspended by our staff"))
        case Why.MEMBERSHIP_SUSPENDED:
            return str(gettext("suspended by an administrator"))
        case _:
            return str(gettext("opens nothing at the moment"))


def _staff(work: Work, account_id: Any) -> list[dict[str, str]]:
    return [
        {"role": label_for(each.role_labels, locale.current()), "since": day(each.since)}
        for each in holdings.as_staff(work, account_id)
    ]
