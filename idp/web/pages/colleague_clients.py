"""Giving one colleague many clients at once: those that are ticked, a whole group, or every client there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import assignment, assignment_many, client_group, client_list, colleague_list, colleague_role
from idp.companies.assignment_many import Line, Outcome
from idp.companies.client_list import Client, Filter, Phase
from idp.companies.colleague_list import Colleague, Held
from idp.companies.proposal import Choice
from idp.core.errors import Conflict, InvalidInput
from idp.web import csrf, firm_words, forms, paging
from idp.web.pages import firm_review
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_colleague_clients", __name__)
csrf.guard(blueprint)

PICKS = "clients to give"
LONGEST = 100
Short = Annotated[str, StringConstraints(max_length=120)]
OUTCOMES = {
    Outcome.GIVEN: lambda: gettext("given"),
    Outcome.CHANGED: lambda: gettext("role changed"),
    Outcome.PRESENT: lambda: gettext("had it already"),
    Outcome.OTHER_ROLE: lambda: gettext("has another role there, which stays"),
    Outcome.NOT_COVERED: lambda: gettext("not given: the mandate does not cover the product"),
    Outcome.NOT_SUBSCRIBED: lambda: gettext("not given: the client does not use the product"),
    Outcome.NO_MANDATE: lambda: gettext("not given: no longer a client of the firm"),
}


class AssignForm(forms.Form):
    """`where`: the clients that are ticked, all that the list has found, or every client, present and future.
    `act`: show the difference, save it as it was shown (`seen`), or go back to the choices."""

    where: Literal["picked", "found", "all"] = "picked"
    picked: tuple[UUID, ...] = ()
    role: Short = ""
    locale: Short = ""
    replace: Literal["", "yes"] = ""
    seen: Short = ""
    act: Literal["review", "save", "back"] = "review"


@dataclass(frozen=True, slots=True)
class Giving:
    """A colleague who is to get clients, and the clients that the address asks for."""

    area: Area
    colleague: Colleague
    every_client: bool
    product: str
    wanted: Filter


@blueprint.get("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/assign")
def assign_page(firm_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Product, clients, role. Query: `product`, `group`, `q` a part of name or town, `after`, `before`."""
    return show({}, firm_id, account_id)


def show(problems: dict[str, str], firm_id: UUID, account_id: UUID) -> Response:
    giving = _giving(enter(firm_id, assignment.ASSIGNS), account_id)
    area, work, wanted = giving.area, giving.area.work, giving.wanted
    sold = [each.id for each in work.policies.products.values() if each.subscribed and not each.firm_only]
    groups = client_group.names(work, firm_id)
    place = paging.asked(work, PICKS)
    page = None
    if giving.product:
        page = client_list.listed(work, firm_id, wanted, after=place.after, before=place.before)
    typed = forms.typed()
    return area.page(
        "firm/assign.html",
        problems=problems,
        form=typed,
        name=giving.colleague.name,
        ready=bool(giving.colleague.roles),
        every_client=giving.every_client,
        product_name=firm_words.product(work, giving.product) if giving.product else "",
        products=firm_words.products(work, sold),
        groups=[{"value": "", "label": gettext("All")},
                *({"value": str(key), "label": name} for key, name in groups)],
        chosen={"product": giving.product, "group": str(wanted.group_id or ""), "search": wanted.search},
        choices=[_choice(each) for each in (page.rows if page else ())],
        picked=request.form.getlist("picked") if request.method == "POST" else [],
        found=page.total if page else 0,
        most=assignment_many.MOST,
        roles=firm_words.offered(colleague_role.offers(work, firm_id, giving.product)) if giving.product else [],
        languages=firm_words.languages(work, giving.colleague.locale),
        back_url=area.path("colleagues", account_id),
        pages=paging.around(work, PICKS, page) if page else None,
    )  # fmt: skip


@blueprint.post("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/assign")
@csrf.again(show)
def assign(firm_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Show what it changes; once that was shown, give them, and say line by line what came of it."""
    open_work(write=True)
    area = enter(firm_id, assignment.ASSIGNS, write=True)
    form, problems = forms.read(AssignForm, request.form)
    if form is None or form.act == "back":
        return show(problems, firm_id, account_id)
    giving = _giving(area, account_id)
    choice = firm_words.choice_of(form.role)
    if not giving.product or choice is None:
        return show({"role": firm_words.refusal("role_not_offered")}, firm_id, account_id)
    try:
        if form.where == "all":
            return _everywhere(giving, form, choice)
        return _many(giving, form, choice)
    except InvalidInput as error:
        area.work.session.rollback()
        return show(_told(error), firm_id, account_id)
    except Conflict as error:
        area.work.session.rollback()
        field = "where" if form.where == "all" else "form"
        return show({field: firm_words.refusal(error.code)}, firm_id, account_id)


def _everywhere(giving: Giving, form: AssignForm, choice: Choice) -> Response:
    area = giving.area
    review = _review_of_all(giving, form, choice)
    if not review.seen(form.act, form.seen):
        return review.page(form.act)
    assignment.give(
        area.work, area.company_id, giving.colleague.account_id, product=giving.product, role_id=choice.role_id,
        custom_role_id=choice.custom_role_id, locale=form.locale or None,
    )  # fmt: skip
    return see_other(f"{area.path('colleagues', giving.colleague.account_id)}?{urlencode({'done': 'given'})}")


def _many(giving: Giving, form: AssignForm, choice: Choice) -> Response:
    area, most = giving.area, assignment_many.MOST
    keys: Sequence[UUID] = form.picked
    if form.where == "found":
        keys = client_list.keys(area.work, area.company_id, giving.wanted, limit=most + 1)
    asked: dict[str, Any] = {
        "product": giving.product, "client_ids": keys, "role_id": choice.role_id, "locale": form.locale or None,
        "custom_role_id": choice.custom_role_id, "replace": form.replace == "yes",
    }  # fmt: skip
    review = _review(giving, form, choice, assignment_many.foresee(*_whom(giving), **asked))
    if not review.seen(form.act, form.seen):
        return review.page(form.act)
    lines = assignment_many.give(*_whom(giving), **asked)
    done = sum(line.done for line in lines)
    return area.page(
        "firm/assigned.html",
        name=giving.colleague.name,
        product_name=firm_words.product(area.work, giving.product),
        done=done,
        lines=[_line(line) for line in lines],
        back_url=area.path("colleagues", giving.colleague.account_id),
        again_url=area.path("colleagues", giving.colleague.account_id, "assign"),
    )


def _whom(giving: Giving) -> tuple[Work, UUID, UUID]:
    return giving.area.work, giving.area.company_id, giving.colleague.account_id


def _review_of_all(giving: Giving, form: AssignForm, choice: Choice) -> firm_review.Review:
    """What a role for every client adds, and at how many of them it counts now.

    Raises:
        Conflict, InvalidInput: it could not be given.
    """
    area, product = giving.area, giving.product
    assignment.require_everywhere(*_whom(giving), product, choice.role_id, choice.custom_role_id, form.locale or None)
    part = _part(giving, form, choice, None, ())
    everywhere = firm_review.concerned(area, giving.colleague.account_id, product)
    return _reviewed(giving, form, [part], everywhere=everywhere, verb=gettext("Give access"))


def _review(giving: Giving, form: AssignForm, choice: Choice, lines: Sequence[Line]) -> firm_review.Review:
    """What it adds and takes away, for the clients that hold the same before together."""
    area, product = giving.area, giving.product
    held = colleague_list.everywhere(area.work, area.company_id, giving.colleague.account_id)
    given = next((each for each in held if giving.every_client and each.product == product), None)
    wins = given is not None and area.work.policies.products[product].rules.account_scope_wins
    together: dict[tuple[str | None, UUID | None], list[str]] = {}
    for line in lines:
        if line.done:
            together.setdefault(line.held, []).append(line.name)
    parts = [_part(giving, form, choice, key, names, given) for key, names in together.items()]
    return _reviewed(
        giving, form, parts,
        others=[_line(line) for line in lines if not line.done],
        note=firm_review.all_first(given) if wins and given is not None else "",
        verb=gettext("Give these clients"),
    )  # fmt: skip


def _part(
    giving: Giving, form: AssignForm, choice: Choice, key: tuple[str | None, UUID | None] | None,
    clients: Sequence[str], given: Held | None = None,
) -> firm_review.Part:  # fmt: skip
    """One change: from what is held by name (`key`), or from what was given for every client, to the choice."""
    area, product = giving.area, giving.product
    offers = colleague_role.offers(area.work, area.company_id, product)
    by_name = Choice(*key) if key is not None and any(key) else None
    before = by_name or (firm_review.choice_of(given) if given is not None else None)
    after = choice
    if given is not None and area.work.policies.products[product].rules.account_scope_wins:
        before = after = firm_review.choice_of(given)
    was = gettext("no role")
    if by_name is not None:
        was = firm_review.labelled(area, by_name)
    elif given is not None:
        was = firm_review.named(given)
    return firm_review.Part(
        was, firm_review.offered(offers, form.role), firm_review.alone(area, product, before),
        firm_review.alone(area, product, after), tuple(clients),
    )  # fmt: skip


def _reviewed(
    giving: Giving, form: AssignForm, parts: Sequence[firm_review.Part], *, others: Sequence[dict[str, Any]] = (),
    **about: Any,
) -> firm_review.Review:  # fmt: skip
    area, colleague = giving.area, giving.colleague
    fields = [("where", form.where), ("role", form.role), ("locale", form.locale), ("replace", form.replace)]
    return firm_review.Review(
        area,
        parts,
        fields + [("picked", str(each)) for each in form.picked],
        {
            **about, "name": colleague.name, "entry": "colleagues", "others": others,
            "product_name": firm_words.product(area.work, giving.product),
            "back_url": area.path("colleagues", colleague.account_id),
        },
        firm_review.language(firm_words.languages(area.work, colleague.locale), None, form.locale),
        saves=bool(parts),
        state=(giving.product, [sorted(each.items()) for each in others]),
    )  # fmt: skip


def _giving(area: Area, account_id: UUID) -> Giving:
    colleague_role.require_giving(area.work, area.company_id, account_id)
    seen = colleague_list.get(area.work, area.company_id, account_id)
    standing = colleague_role.standing(area.work, area.company_id, account_id)
    product = request.args.get("product", "")
    policy = area.work.policies.products.get(product)
    if policy is None or not policy.subscribed or policy.firm_only:
        product = ""
    try:
        group = UUID(request.args.get("group", ""))
    except ValueError:
        group = None
    search = request.args.get("q", "").strip()[:LONGEST]
    wanted = Filter(search=search, product=product, group_id=group, phase=Phase.ACTIVE)
    return Giving(area, seen, standing.every_client, product, wanted)


def _choice(client: Client) -> dict[str, str]:
    return {"value": str(client.company_id), "label": client.name, "hint": client.city}


def _line(line: Line) -> dict[str, Any]:
    return {"name": line.name or gettext("a client that is not the firm's"), "outcome": OUTCOMES[line.outcome]()}


def _told(error: InvalidInput) -> dict[str, str]:
    if error.members.get("field") != "clients":
        return {str(error.members.get("field", "form")): str(gettext("Choose one of the list."))}
    most = assignment_many.MOST
    return {
        "picked": str(
            ngettext(
                "Choose between one client and %(num)s at once.",
                "Choose between one and %(num)s clients at once.",
                most,
            )
        )
    }
