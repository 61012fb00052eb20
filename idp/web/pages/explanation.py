"""Why somebody may do something in a company, or may not, and what would change it: asked by the company about its
people and those of its firms, and by a firm about its own colleagues at a client."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.companies import assignment, client_list, colleague_list, concerned, explain_words, membership
from idp.companies.explain import Explanation, explain, explain_for_firm
from idp.policy import label_for
from idp.policy.catalogue import Product
from idp.web import csrf, locale
from idp.web.pages.company_area import Area, enter

blueprint = Blueprint("pages_explanation", __name__)
csrf.guard(blueprint)

VIEWS = "company.users.view"
Answer = Callable[[str, str | None], Explanation]


@blueprint.get("/companies/<uuid:company_id>/people/<uuid:account_id>/explain")
def explained(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """The answer for one person. Query: `product`, `permission`; without a permission, the product as such."""
    area = enter(company_id, VIEWS)
    name = concerned.name_of(area.work, company_id, account_id)
    products = _products(area)

    def answer(product: str, permission: str | None) -> Explanation:
        return explain(area.work, account_id, company_id, product, permission)

    return area.page(
        "roles/explain.html",
        **_context(area, products, answer),
        name=name,
        client="",
        client_url=None,
        roles_url=area.path("roles"),
        person_url=_person(area, account_id),
    )


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/explain/<uuid:account_id>")
def explained_at_client(firm_id: UUID, client_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """The answer for a colleague at a client, as far as this firm's mandate goes. Query: as for a company."""
    area = enter(firm_id, assignment.ASSIGNS)
    client = client_list.get(area.work, firm_id, client_id)
    colleague = colleague_list.get(area.work, firm_id, account_id)
    products = [each for each in area.work.policies.products.values() if each.subscribed and not each.firm_only]

    def answer(product: str, permission: str | None) -> Explanation:
        return explain_for_firm(area.work, firm_id, account_id, client_id, product, permission)

    return area.page(
        "roles/explain.html",
        **_context(area, products, answer),
        name=colleague.name,
        client=client.name,
        client_url=area.path("clients", client_id),
        roles_url=None,
        person_url=None,
    )


def _context(area: Area, products: Sequence[Product], answer: Answer) -> dict[str, Any]:
    """The question as the address has it, and its answer once a product is named."""
    product = next((each for each in products if each.id == request.args.get("product")), None)
    permission = request.args.get("permission", "")
    known = product is not None and permission in product.permissions
    found = answer(product.id, permission if known else None) if product is not None else None
    return {
        "form": {"product": product.id if product is not None else "", "permission": permission if known else ""},
        "products": [{"value": each.id, "label": label_for(each.label, locale.current())} for each in products],
        "permissions": _permissions(product) if product is not None else [],
        "asked": _asked(product, permission if known else "") if product is not None else "",
        "allowed": found.allowed if found is not None else None,
        "said": explain_words.say(area.work, found, locale.current()) if found is not None else None,
    }


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
        {"value": each.id, "label": label_for(each.label, language), "group": label_for(area.label, language)}
        for area in product.areas.values()
        for each in area.permissions
    ]
    return [whole, *named]


def _asked(product: Product, permission: str) -> str:
    language = locale.current()
    if permission:
        return label_for(product.permissions[permission].label, language)
    return label_for(product.label, language)
