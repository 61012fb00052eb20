"""Giving a colleague access at one client, changing it, taking it back (SC21, SC22, from SC26)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import assignment, client_list, colleague_list, colleague_role, people, preview
from idp.companies.client_list import Client, Phase
from idp.companies.colleague_list import Colleague, Held
from idp.companies.colleague_role import Offer
from idp.companies.errors import NeedsPracticeRole
from idp.companies.proposal import Choice
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.web import csrf, firm_words, forms, locale, paging
from idp.web.pages import clients, firm_review
from idp.web.pages.company_area import Area, enter
from idp.web.render import day
from idp.web.work import open_work

blueprint = Blueprint("pages_client_access", __name__)
csrf.guard(blueprint)

COLLEAGUES = "colleagues to add"
LONGEST = 100
Short = Annotated[str, StringConstraints(max_length=120)]


class GiveForm(forms.Form):
    """`act`: look at the roles of another product, show what the role gives, save it as it was shown (`seen`), or go
    back to the choices."""

    product: Short = ""
    role: Short = ""
    locale: Short = ""
    seen: Short = ""
    act: Literal["choose", "review", "save", "back"] = "review"


class ChangeForm(forms.Form):
    """`act`: show the difference, save it as it was shown (`seen`), or go back to the choices."""

    role: Short = ""
    locale: Short = ""
    seen: Short = ""
    act: Literal["review", "save", "back"] = "review"


class RemoveForm(forms.Form):
    pass


@dataclass(frozen=True, slots=True)
class Giving:
    """A colleague, a client, and what may be given there."""

    area: Area
    client: Client
    colleague: Colleague
    held: Sequence[Held]
    products: tuple[str, ...]


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/add")
def choose(firm_id: UUID, client_id: UUID) -> ResponseReturnValue:
    """Which colleague is to work for the client. Query: `q` a part of the name, `after`, `before`."""
    area = enter(firm_id, assignment.ASSIGNS)
    client = _active(area, client_id)
    search = request.args.get("q", "").strip()[:LONGEST]
    place = paging.asked(area.work, COLLEAGUES)
    page = colleague_list.listed(area.work, firm_id, search=search, after=place.after, before=place.before)
    return area.page(
        "firm/choose_colleague.html",
        client=client.name,
        people=[_entry(area, client, each) for each in page.rows],
        search=search if search or page.total >= clients.SEARCH_FROM else None,
        found=page.total,
        back_url=area.path("clients", client_id),
        pages=paging.around(area.work, COLLEAGUES, page),
    )  # fmt: skip


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/add/<uuid:account_id>")
def give_page(firm_id: UUID, client_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Product, role and language of a colleague at the client."""
    return show_give({}, firm_id, client_id, account_id)


def show_give(problems: dict[str, str], firm_id: UUID, client_id: UUID, account_id: UUID) -> Response:
    giving = _giving(enter(firm_id, assignment.ASSIGNS), client_id, account_id)
    area, typed = giving.area, forms.typed()
    product = typed.get("product", "")
    if product not in giving.products:
        product = giving.products[0] if giving.products else ""
    offers = colleague_role.offers(area.work, firm_id, product) if product else []
    return area.page(
        "firm/give.html",
        problems=problems,
        form={**typed, "product": product},
        client=giving.client.name,
        name=giving.colleague.name,
        ready=bool(giving.colleague.roles),
        products=firm_words.products(area.work, giving.products),
        roles=firm_words.offered(offers),
        chosen=_usual(area, product, offers),
        languages=firm_words.languages(area.work, giving.colleague.locale),
        roles_url=area.path("people", account_id) if area.may(*people.SEES) else None,
        back_url=area.path("clients", client_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/clients/<uuid:client_id>/add/<uuid:account_id>")
@csrf.again(show_give)
def give(firm_id: UUID, client_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Show what it gives, or give it once it was shown."""
    open_work(write=True)
    area = enter(firm_id, assignment.ASSIGNS, write=True)
    where = (firm_id, client_id, account_id)
    form, problems = forms.read(GiveForm, request.form)
    if form is None or form.act in ("choose", "back"):
        return show_give(problems, *where)
    giving = _giving(area, client_id, account_id)
    choice = firm_words.choice_of(form.role)
    if form.product not in giving.products or choice is None:
        return show_give({"role": firm_words.refusal("role_not_offered")}, *where)
    try:
        review = _review_of_first(giving, form, choice)
        if not review.seen(form.act, form.seen):
            return review.page(form.act)
        assignment.give(
            area.work, firm_id, account_id, product=form.product, client_id=client_id, locale=form.locale or None,
            role_id=choice.role_id, custom_role_id=choice.custom_role_id,
        )  # fmt: skip
    except (Conflict, InvalidInput) as error:
        area.work.session.rollback()
        return show_give(_told(error), *where)
    return clients.back(area, client_id, "given")


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/assignments/<uuid:assignment_id>")
def change_page(firm_id: UUID, client_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    """What a colleague has in one product at the client, to be changed."""
    return show_change({}, firm_id, client_id, assignment_id)


def show_change(problems: dict[str, str], firm_id: UUID, client_id: UUID, assignment_id: UUID) -> Response:
    area = enter(firm_id, assignment.ASSIGNS)
    giving, held = _held(area, client_id, assignment_id)
    typed = forms.typed()
    offers = colleague_role.offers(area.work, firm_id, held.product)
    present = firm_words.value_of(held.role, held.custom_role_id)
    return area.page(
        "firm/change.html",
        problems=problems,
        form={"role": present, "locale": held.locale or "", **typed},
        client=giving.client.name,
        name=giving.colleague.name,
        product_name=firm_words.product(area.work, held.product),
        since=day(held.since),
        roles=firm_words.offered(offers),
        languages=firm_words.languages(area.work, giving.colleague.locale),
        remove_url=area.path("clients", client_id, "remove", giving.colleague.account_id),
        back_url=area.path("clients", client_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/clients/<uuid:client_id>/assignments/<uuid:assignment_id>")
@csrf.again(show_change)
def change(firm_id: UUID, client_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    """Show what another role or language changes, or save it once it was shown."""
    open_work(write=True)
    area = enter(firm_id, assignment.ASSIGNS, write=True)
    where = (firm_id, client_id, assignment_id)
    form, problems = forms.read(ChangeForm, request.form)
    if form is None or form.act == "back":
        return show_change(problems, *where)
    giving, held = _held(area, client_id, assignment_id)
    choice = firm_words.choice_of(form.role)
    if choice is None:
        return show_change({"role": firm_words.refusal("role_not_offered")}, *where)
    try:
        review = _review(giving, held, form, choice)
        if not review.seen(form.act, form.seen):
            return review.page(form.act)
        assignment.change(
            area.work, firm_id, assignment_id, role_id=choice.role_id, custom_role_id=choice.custom_role_id,
            locale=form.locale or None,
        )  # fmt: skip
    except (Conflict, InvalidInput) as error:
        area.work.session.rollback()
        return show_change(_told(error), *where)
    return clients.back(area, client_id, "changed")


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/remove/<uuid:account_id>")
def remove_page(firm_id: UUID, client_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """What a colleague loses at the client, before it is taken back."""
    return show_remove({}, firm_id, client_id, account_id)


def show_remove(problems: dict[str, str], firm_id: UUID, client_id: UUID, account_id: UUID) -> Response:
    area = enter(firm_id, assignment.ASSIGNS)
    client = client_list.get(area.work, firm_id, client_id)
    colleague_role.require_reach(area.work, firm_id, account_id)
    colleague = colleague_list.get(area.work, firm_id, account_id)
    held = colleague_list.held_at(area.work, firm_id, account_id, client)
    return area.page(
        "firm/remove_here.html",
        problems=problems,
        client=client.name,
        name=colleague.name,
        lost=[firm_words.held(area.work, each) for each in held if not each.everywhere],
        kept=[firm_words.held(area.work, each) for each in held if each.everywhere],
        colleague_url=area.path("colleagues", account_id),
        back_url=area.path("clients", client_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/clients/<uuid:client_id>/remove/<uuid:account_id>")
@csrf.again(show_remove)
def remove(firm_id: UUID, client_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Take back everything the colleague was given at this client by name."""
    open_work(write=True)
    area = enter(firm_id, assignment.ASSIGNS, write=True)
    form, problems = forms.read(RemoveForm, request.form)
    if form is None:
        return show_remove(problems, firm_id, client_id, account_id)
    client_list.get(area.work, firm_id, client_id)
    assignment.end_at_client(area.work, firm_id, account_id, client_id)
    return clients.back(area, client_id, "removed")


def _active(area: Area, client_id: UUID) -> Client:
    client = client_list.get(area.work, area.company_id, client_id)
    if client.phase is not Phase.ACTIVE:
        raise NotFound(kind="mandate")
    return client


def _giving(area: Area, client_id: UUID, account_id: UUID) -> Giving:
    """What may be given to this colleague here: every product of the mandate that the client uses, except those held
    for this client already, which are changed instead (ROL-04)."""
    client = _active(area, client_id)
    colleague_role.require_giving(area.work, area.company_id, account_id)
    colleague = colleague_list.get(area.work, area.company_id, account_id)
    held = colleague_list.held_at(area.work, area.company_id, account_id, client)
    here = {each.product for each in held if not each.everywhere}
    return Giving(area, client, colleague, held, tuple(each for each in client.products if each not in here))


def _held(area: Area, client_id: UUID, assignment_id: UUID) -> tuple[Giving, Held]:
    """An assignment at this client; one for every client, or of elsewhere, is not found."""
    row = assignment.find(area.work, area.company_id, assignment_id)
    if row is None or row.mandate_id is None:
        raise NotFound(kind="assignment")
    giving = _giving(area, client_id, row.account_id)
    if row.mandate_id != giving.client.mandate_id:
        raise NotFound(kind="assignment")
    return giving, next(each for each in giving.held if each.id == assignment_id)


def _review_of_first(giving: Giving, form: GiveForm, choice: Choice) -> firm_review.Review:
    """What a first role of its own gives here; before it there is nothing, or what was given for every client.

    Raises:
        Conflict, InvalidInput: it could not be given.
    """
    area, product, client_id = giving.area, form.product, giving.client.company_id
    assignment.require_there(
        area.work, area.company_id, giving.colleague.account_id, client_id, product, choice.role_id,
        choice.custom_role_id, form.locale or None,
    )  # fmt: skip
    all_clients = next((each for each in giving.held if each.everywhere and each.product == product), None)
    wins = all_clients is not None and area.work.policies.products[product].rules.account_scope_wins
    held = firm_review.choice_of(all_clients) if all_clients is not None else None
    before = (
        firm_review.there(area, client_id, product, held)
        if held is not None
        else preview.nothing(area.work.policies, product, locale.current())
    )
    after = before if wins else firm_review.there(area, client_id, product, choice)
    offers = colleague_role.offers(area.work, area.company_id, product)
    was = firm_review.named(all_clients) if all_clients is not None else gettext("no role")
    languages = firm_words.languages(area.work, giving.colleague.locale)
    return firm_review.Review(
        area,
        [firm_review.Part(was, firm_review.offered(offers, form.role), before, after)],
        [("product", product), ("role", form.role), ("locale", form.locale)],
        {
            "name": giving.colleague.name, "client": giving.client.name, "entry": "clients", "gives": True,
            "product_name": firm_words.product(area.work, product), "back_url": area.path("clients", client_id),
            "note": firm_review.all_first(all_clients) if wins and all_clients is not None else "",
            "verb": gettext("Give access"),
        },
        firm_review.language(languages, None, form.locale),
    )  # fmt: skip


def _review(giving: Giving, held: Held, form: ChangeForm, choice: Choice) -> firm_review.Review:
    """What the change adds and takes away here.

    Raises:
        Conflict, InvalidInput: it could not be saved.
    """
    area, product, client_id = giving.area, held.product, giving.client.company_id
    assignment.require_change(
        area.work, area.company_id, held.id, choice.role_id, choice.custom_role_id, form.locale or None
    )
    wins = area.work.policies.products[product].rules.account_scope_wins
    all_clients = next((each for each in giving.held if wins and each.everywhere and each.product == product), None)
    was, becomes = firm_review.choice_of(held), choice
    if all_clients is not None:
        was = becomes = firm_review.choice_of(all_clients)
    before, after = (firm_review.there(area, client_id, product, each) for each in (was, becomes))
    offers = colleague_role.offers(area.work, area.company_id, product)
    part = firm_review.Part(firm_review.named(held), firm_review.offered(offers, form.role), before, after)
    about = {
        "name": giving.colleague.name, "client": giving.client.name, "entry": "clients",
        "product_name": firm_words.product(area.work, product), "back_url": area.path("clients", client_id),
        "note": firm_review.all_first(all_clients) if all_clients else "",
    }  # fmt: skip
    return firm_review.of_one(area, held, choice, (form.role, form.locale), part, giving.colleague.locale, about)


def _usual(area: Area, product: str, offers: Sequence[Offer]) -> str:
    """The role of accountants in the product, to begin with."""
    policy = area.work.policies.products.get(product)
    usual = policy.accountant_role if policy is not None else None
    return firm_words.value_of(usual, None) if any(each.role_id == usual for each in offers) and usual else ""


def _told(error: Conflict | InvalidInput) -> dict[str, str]:
    if isinstance(error, InvalidInput):
        return {str(error.members.get("field", "form")): str(gettext("Choose one of the list."))}
    field = "form" if isinstance(error, NeedsPracticeRole) else "role"
    return {field: firm_words.refusal(error.code)}


def _entry(area: Area, client: Client, colleague: Colleague) -> dict[str, str]:
    roles = ", ".join(firm_words.labelled(each) for each in colleague.roles)
    missing = gettext("no role in practice management yet")
    return {
        "name": colleague.name,
        "url": area.path("clients", client.company_id, "add", colleague.account_id),
        "detail": roles or str(missing),
    }
