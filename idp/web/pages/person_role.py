"""A person's role in one product: choose it, set its switches, see what changes, save (ROL-03, EMP-07 to EMP-12).

Nothing is saved before the person who saves has seen what it adds and takes away, and from whom.
"""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from idp.companies import offering, preview, product_role, role, seats
from idp.companies.errors import (
    ChangedMeanwhile,
    ExtraCostUnconfirmed,
    NotSubscribed,
    RoleExists,
    RoleNotOffered,
    SeatLimitReached,
)
from idp.core.errors import IdpError, InvalidInput
from idp.policy import label_for
from idp.web import csrf, forms, locale, member_words, role_words
from idp.web.pages import person_role_view as view
from idp.web.pages.company_area import enter
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.pages.people import done_url, path
from idp.web.pages.person_role_view import Place, Short, Wish

blueprint = Blueprint("pages_person_role", __name__)
csrf.guard(blueprint)

ONE = "/companies/<uuid:company_id>/people/<uuid:account_id>/roles/<product>"
MEANWHILE = lazy_gettext(
    "Somebody else changed this a moment ago. Below is how it stands now; look at it, then decide."
)


class RemovalForm(forms.Form):
    seen: Short = ""


@blueprint.get("/companies/<uuid:company_id>/people/<uuid:account_id>/roles/new")
def choose_product(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """The products in which the person has no role yet (ROL-04)."""
    area = enter(company_id, *product_role.EDITS)
    person, _ = view.target(area, account_id)
    held = {each.product for each in person.roles if not each.over}
    standing, products = seats.overview(area.work, company_id), area.work.policies.products
    entries = [
        {
            "name": member_words.product(area.work, each),
            "url": path(area, person, "roles", each),
            "detail": view.seats_said(standing[each]) if each in standing else "",
            "about": label_for(products[each].summary, locale.current()),
        }
        for each in offering.products(area.work, company_id)
        if each not in held
    ]
    return area.page("company/person_products.html", who=person, back_url=path(area, person), entries=entries)


@blueprint.get(ONE)
def ask(company_id: UUID, account_id: UUID, product: str) -> ResponseReturnValue:
    """The roles to choose from. Query: `role`, the chosen one: what is set beside it."""
    return show({}, company_id, account_id, product)


def show(problems: dict[str, str], company_id: UUID, account_id: UUID, product: str) -> Response:
    place = view.place_of(enter(company_id, *product_role.EDITS), account_id, product)
    sent = request.form if request.method == "POST" else request.args
    offer = place.offer(sent.get("role", ""))
    if offer is not None:
        shown = view.options(place, offer)
        return place.area.page("company/person_role_options.html", problems=problems, **view.frame(place), **shown)
    held = place.held
    chosen = (held.role_id or str(held.custom_role_id)) if held else ""
    return place.area.page(
        "company/person_role.html",
        problems=problems,
        **view.frame(place),
        offers=[view.offered(each) for each in place.offers],
        chosen=chosen or next((each.key for each in place.offers if each.default), ""),
    )


@blueprint.post(ONE)
@csrf.again(show)
def change(company_id: UUID, account_id: UUID, product: str) -> ResponseReturnValue:
    """Show what the change adds and takes away; with `confirmed`, save it."""
    area = enter(company_id, *product_role.EDITS, write=True)
    place = view.place_of(area, account_id, product)
    form, problems = forms.read(view.form_of(area.work.policies, product), request.form)
    if form is None:
        return show(problems, company_id, account_id, product)
    wish, problems = view.wish_of(place, form)
    if wish is None:
        return show(problems, company_id, account_id, product)
    seen = view.key_of(form.seen)
    if seen != (place.held.row if place.held else None):
        return _review(place, wish, seen, meanwhile=True)
    if not form.confirmed:
        return _review(place, wish, seen)
    if role.owners_to_give(area.work, wish.offer.role_id):
        fresh(page=f"{place.url}?role={wish.offer.key}")
    try:
        _save(place, wish, seen)
    except (ChangedMeanwhile, RoleExists):  # between the page and the lock
        return _review(view.place_of(area, account_id, product), wish, seen, meanwhile=True)
    except (SeatLimitReached, ExtraCostUnconfirmed, NotSubscribed, RoleNotOffered) as refused:
        return _review(place, wish, seen, problems=_told(refused))
    except InvalidInput as error:
        return show(_field(error), company_id, account_id, product)
    return see_other(done_url(path(area, place.person), "role"))


@blueprint.get(f"{ONE}/remove")
def ask_removal(company_id: UUID, account_id: UUID, product: str) -> ResponseReturnValue:
    """What the person loses with the role."""
    return show_removal({}, company_id, account_id, product)


def show_removal(
    problems: dict[str, str], company_id: UUID, account_id: UUID, product: str, status: int = 200
) -> Response:
    place = view.place_of(enter(company_id, *product_role.EDITS), account_id, product)
    if place.held is None:  # taken away meanwhile
        return see_other(path(place.area, place.person))
    policies = place.area.work.policies
    nothing = preview.nothing(policies, product, locale.current())
    return place.area.page(
        "company/person_role_removal.html",
        status,
        problems=problems,
        **view.frame(place),
        seat=place.held.uses_seat,
        seen=str(place.held.row),
        change=role_words.changes(preview.difference(policies, view.held_preview(place), nothing)),
    )


@blueprint.post(f"{ONE}/remove")
@csrf.again(show_removal)
def remove(company_id: UUID, account_id: UUID, product: str) -> ResponseReturnValue:
    """Take the role away."""
    area = enter(company_id, *product_role.EDITS, write=True)
    form, problems = forms.read(RemovalForm, request.form)
    if form is None:
        return show_removal(problems, company_id, account_id, product)
    place = view.place_of(area, account_id, product)
    if place.held is None:
        return see_other(path(area, place.person))
    try:
        product_role.revoke_role(area.work, company_id, account_id, product, seen=view.key_of(form.seen))
    except ChangedMeanwhile:
        return show_removal({"form": str(MEANWHILE)}, company_id, account_id, product, 409)
    return see_other(done_url(path(area, place.person), "role-removed"))


def _review(
    place: Place, wish: Wish, seen: UUID | None, *, problems: dict[str, str] | None = None, meanwhile: bool = False
) -> Response:
    shown = view.review(place, wish, seen, meanwhile=meanwhile)
    status = 409 if meanwhile or problems else 200
    template = "company/person_role_review.html"
    return place.area.page(template, status, problems=problems or {}, **view.frame(place), **shown)


def _save(place: Place, wish: Wish, seen: UUID | None) -> None:
    given: dict[str, Any] = {
        "role_id": wish.offer.role_id, "custom_role_id": wish.offer.custom_role_id, "restrictions": wish.limits,
        "switches": {each: each in wish.switches for each in view.switches_of(place, wish.offer)},
        "expires_at": wish.until, "extra_cost": wish.extra_cost,
    }  # fmt: skip
    ids = place.area.company_id, place.person.account_id, place.product.id
    if place.held is None:
        product_role.grant_role(place.area.work, *ids, **given)
    else:
        product_role.change_role(place.area.work, *ids, **given, seen=seen)


def _told(refused: IdpError) -> dict[str, str]:
    """Why it could not be saved."""
    if isinstance(refused, ExtraCostUnconfirmed):
        return {"extra_cost": gettext("Confirm the extra cost, or choose a role that takes no seat.")}
    if isinstance(refused, SeatLimitReached):
        return {"form": gettext("Every seat of your plan is taken. Free one, or change the plan, then save again.")}
    return {"form": gettext("The subscription does not offer this role any more. Choose another one.")}


def _field(error: InvalidInput) -> dict[str, str]:
    name = {"expires_at": "until"}.get(str(error.members.get("field")), "form")
    return {name: gettext("This cannot be used as it is written. Please check it.")}
