"""Why somebody may do something in a company, or may not, and what would change it."""

from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.companies import concerned, explain_words, membership
from idp.companies.explain import explain
from idp.policy import label_for
from idp.policy.catalogue import Product
from idp.web import csrf, locale
from idp.web.pages.company_area import Area, enter

blueprint = Blueprint("pages_explanation", __name__)
csrf.guard(blueprint)

VIEWS = "company.users.view"


@blueprint.get("/companies/<uuid:company_id>/people/<uuid:account_id>/explain")
def explained(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """The answer for one person. Query: `product`, `permission`; without a permission, the product as such."""
    area = enter(company_id, VIEWS)
    name = concerned.name_of(area.work, company_id, account_id)
    products = _products(area)
    product = next((each for each in products if each.id == request.args.get("product")), None)
    permission = request.args.get("permission", "")
    known = product is not None and permission in product.permissions
    found = said = None
    if product is not None:
        found = explain(area.work, account_id, company_id, product.id, permission if known else None)
        said = explain_words.say(area.work, found, locale.current())
    return area.page(
        "roles/explain.html",
        form={"product": product.id if product is not None else "", "permission": permission if known else ""},
        name=name,
        products=[{"value": each.id, "label": label_for(each.label, locale.current())} for each in products],
        permissions=_permissions(product) if product is not None else [],
        asked=_asked(product, permission if known else "") if product is not None else "",
        allowed=found.allowed if found is not None else None,
        said=said,
        roles_url=area.path("roles"),
        person_url=_person(area, account_id),
    )


def _person(area: Area, account_id: UUID) -> str | None:
    """The page about the person, who is one of the company's own or is not."""
    found = membership.find(area.work, area.company_id, account_id)
    return area.path("people", account_id) if found is not None else None


def _products(area: Area) -> list[Product]:
    """What a company can have: products for firms are asked about in firms."""
    firm = area.company.kind == "firm"
    products = area.work.policies.products.values()
    return [each for each in products if each.kind != "operations" and (firm or not each.firm_only)]


def _permissions(product: Product) -> list[dict[str, str]]:
    language = locale.current()
    whole = {"value": "", "label": gettext("the product itself")}
    named = [
        {"value": each.id, "label": f"{label_for(area.label, language)} · {label_for(each.label, language)}"}
        for area in product.areas.values()
        for each in area.permissions
    ]
    return [whole, *named]


def _asked(product: Product, permission: str) -> str:
    language = locale.current()
    if permission:
        return label_for(product.permissions[permission].label, language)
    return label_for(product.label, language)
