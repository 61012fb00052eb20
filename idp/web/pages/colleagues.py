"""The people of a firm (SC27): what each is there, for which clients they work, and leaving the firm."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import assignment, client_list, colleague_list, colleague_role, invitation, membership, people
from idp.companies.colleague_list import Colleague, Held
from idp.companies.proposal import Choice
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.web import csrf, firm_words, forms, locale, paging
from idp.web.pages import firm_review
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day
from idp.web.work import open_work

blueprint = Blueprint("pages_colleagues", __name__)
csrf.guard(blueprint)

LIST = "colleagues"
SEARCH_FROM = 8  # fewer people are found faster by looking
LONGEST = 100
REMOVES = "practice.colleagues.remove"
Short = Annotated[str, StringConstraints(max_length=120)]


class ChangeForm(forms.Form):
    """`act`: show the difference, save it as it was shown (`seen`), go back to the choices, or take it all back."""

    role: Short = ""
    locale: Short = ""
    seen: Short = ""
    act: Literal["review", "save", "back", "end"] = "review"


class RemoveForm(forms.Form):
    pass


@blueprint.get("/companies/<uuid:firm_id>/colleagues")
def colleagues(firm_id: UUID) -> ResponseReturnValue:
    """The people of the firm. Query: `q` a part of name or address, `after`, `before`, `done` what was just done."""
    area = enter(firm_id, colleague_list.VIEWS)
    search = request.args.get("q", "").strip()[:LONGEST]
    place = paging.asked(area.work, LIST)
    page = colleague_list.listed(area.work, firm_id, search=search, after=place.after, before=place.before)
    return area.page(
        "firm/colleagues.html",
        people=[_row(area, each) for each in page.rows],
        search=search if search or page.total >= SEARCH_FROM else None,
        found=page.total,
        done=_done(request.args.get("done", "")),
        invite_url=area.path("invitations", "new") if area.may(*invitation.INVITES) else None,
        people_url=area.path("people") if area.may(people.VIEWS) else None,
        pages=paging.around(area.work, LIST, page),
    )  # fmt: skip


@blueprint.get("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>")
def colleague(firm_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """One of them. Query: `done` what was just done."""
    area = enter(firm_id, colleague_list.VIEWS)
    seen = colleague_list.get(area.work, firm_id, account_id)
    may = _reaches(area, account_id)
    here = area.path("colleagues", account_id)
    held = colleague_list.everywhere(area.work, firm_id, account_id)
    return area.page(
        "firm/colleague.html",
        name=seen.name,
        facts=_facts(seen),
        ready=bool(seen.roles),
        dormant=bool(held) and not seen.every_client,
        everywhere=[
            {**_held(area, each), "change_url": f"{here}/assignments/{each.id}" if may else None} for each in held
        ],
        clients=seen.clients,
        clients_url=f"{area.path('clients')}?{urlencode({'colleague': account_id})}"
        if area.may(client_list.VIEWS_ALL)
        else None,
        assign_url=f"{here}/assign" if may and seen.roles else None,
        remove_url=f"{here}/remove" if area.may(REMOVES) and account_id != area.current.account_id else None,
        roles_url=area.path("people", account_id) if area.may(*people.SEES) else None,
        colleagues_url=area.path("colleagues"),
        done=_done(request.args.get("done", "")),
    )


@blueprint.get("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/assignments/<uuid:assignment_id>")
def change_page(firm_id: UUID, account_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    """What a colleague has in one product at every client, to be changed or taken back."""
    return show_change({}, firm_id, account_id, assignment_id)


def show_change(problems: dict[str, str], firm_id: UUID, account_id: UUID, assignment_id: UUID) -> Response:
    area = enter(firm_id, assignment.ASSIGNS)
    seen, held = _everywhere(area, account_id, assignment_id)
    typed = forms.typed()
    present = firm_words.value_of(held.role, held.custom_role_id)
    return area.page(
        "firm/change_everywhere.html",
        problems=problems,
        form={"role": present, "locale": held.locale or "", **typed},
        name=seen.name,
        product_name=firm_words.product(area.work, held.product),
        since=day(held.since),
        roles=firm_words.offered(colleague_role.offers(area.work, firm_id, held.product)),
        languages=firm_words.languages(area.work, seen.locale),
        back_url=area.path("colleagues", account_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/assignments/<uuid:assignment_id>")
@csrf.again(show_change)
def change(firm_id: UUID, account_id: UUID, assignment_id: UUID) -> ResponseReturnValue:
    """Show what another role or language changes at every client, save it once it was shown, or take it back."""
    open_work(write=True)
    area = enter(firm_id, assignment.ASSIGNS, write=True)
    where = (firm_id, account_id, assignment_id)
    form, problems = forms.read(ChangeForm, request.form)
    if form is None or form.act == "back":
        return show_change(problems, *where)
    seen, held = _everywhere(area, account_id, assignment_id)
    if form.act == "end":
        assignment.end(area.work, firm_id, assignment_id)
        return _back(area, account_id, "ended")
    choice = firm_words.choice_of(form.role)
    if choice is None:
        return show_change({"role": firm_words.refusal("role_not_offered")}, *where)
    try:
        review = _review(area, seen, held, form, choice)
        if not review.seen(form.act, form.seen):
            return review.page(form.act)
        assignment.change(
            area.work, firm_id, assignment_id, role_id=choice.role_id, custom_role_id=choice.custom_role_id,
            locale=form.locale or None,
        )  # fmt: skip
    except InvalidInput as error:
        area.work.session.rollback()
        return show_change({str(error.members.get("field")): str(gettext("Choose one of the list."))}, *where)
    except Conflict as error:
        area.work.session.rollback()
        return show_change({"role": firm_words.refusal(error.code)}, *where)
    return _back(area, account_id, "changed")


@blueprint.get("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/remove")
def remove_page(firm_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """What it means to leave the firm, before it is done."""
    return show_remove({}, firm_id, account_id)


def show_remove(problems: dict[str, str], firm_id: UUID, account_id: UUID) -> Response:
    area = enter(firm_id, REMOVES, step_up=True)
    seen = colleague_list.get(area.work, firm_id, account_id)
    return area.page(
        "firm/remove_colleague.html",
        problems=problems,
        name=seen.name,
        every_client=seen.every_client,
        clients=seen.clients,
        back_url=area.path("colleagues", account_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/remove")
@csrf.again(show_remove)
def remove(firm_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """The colleague leaves the firm, and every client with it."""
    open_work(write=True)
    area = enter(firm_id, REMOVES, write=True, step_up=True)
    form, problems = forms.read(RemoveForm, request.form)
    if form is None:
        return show_remove(problems, firm_id, account_id)
    membership.remove(area.work, firm_id, account_id)
    return see_other(f"{area.path('colleagues')}?done=removed")


def _row(area: Area, colleague: Colleague) -> dict[str, Any]:
    return {
        "name": colleague.name,
        "url": area.path("colleagues", colleague.account_id),
        "address": colleague.address,
        "role": _roles(colleague),
        "clients": gettext("all") if colleague.every_client else colleague.clients,
        "suspended": colleague.suspended,
    }


def _roles(colleague: Colleague) -> str:
    return ", ".join(firm_words.labelled(each) for each in colleague.roles)


def _facts(colleague: Colleague) -> list[tuple[str, str]]:
    number = ngettext("%(num)s client", "%(num)s clients", colleague.clients)
    return [
        (gettext("E-mail address"), colleague.address),
        (gettext("Role in practice management"), _roles(colleague) or gettext("none yet")),
        (gettext("Clients"), gettext("all, present and future") if colleague.every_client else number),
        (gettext("Language"), locale.described(colleague.locale)),
        (gettext("In the firm since"), day(colleague.since)),
        (gettext("State"), gettext("suspended by an administrator") if colleague.suspended else ""),
    ]


def _held(area: Area, held: Held) -> dict[str, Any]:
    return {**firm_words.held(area.work, held), "since": day(held.since), "by": held.given_by}


def _reaches(area: Area, account_id: UUID) -> bool:
    """Whether the reader may change what this colleague has; a command asks again by itself."""
    return area.may(assignment.ASSIGNS) and colleague_role.may_give(area.work, area.company_id, account_id)


def _everywhere(area: Area, account_id: UUID, assignment_id: UUID) -> tuple[Colleague, Held]:
    """Something that was given for every client; anything else is not found."""
    colleague_role.require_reach(area.work, area.company_id, account_id)
    seen = colleague_list.get(area.work, area.company_id, account_id)
    listed = colleague_list.everywhere(area.work, area.company_id, account_id)
    held = next((each for each in listed if each.id == assignment_id), None)
    if held is None:
        raise NotFound(kind="assignment")
    return seen, held


def _review(area: Area, seen: Colleague, held: Held, form: ChangeForm, choice: Choice) -> firm_review.Review:
    """What the change adds and takes away, and at how many clients.

    Raises:
        Conflict, InvalidInput: it could not be saved.
    """
    work, firm_id, product = area.work, area.company_id, held.product
    assignment.require_change(work, firm_id, held.id, choice.role_id, choice.custom_role_id, form.locale or None)
    offers = colleague_role.offers(work, firm_id, product)
    part = firm_review.Part(
        firm_review.named(held), firm_review.offered(offers, form.role),
        firm_review.alone(area, product, firm_review.choice_of(held)), firm_review.alone(area, product, choice),
    )  # fmt: skip
    about = {
        "name": seen.name, "entry": "colleagues", "product_name": firm_words.product(work, product),
        "everywhere": _reached(area, seen, product) if choice != firm_review.choice_of(held) else None,
        "back_url": area.path("colleagues", seen.account_id),
    }  # fmt: skip
    return firm_review.of_one(area, held, choice, (form.role, form.locale), part, seen.locale, about)


def _reached(area: Area, seen: Colleague, product: str) -> int:
    return firm_review.concerned(area, seen.account_id, product) if seen.every_client else 0


def _back(area: Area, account_id: UUID, done: str) -> Response:
    return see_other(f"{area.path('colleagues', account_id)}?{urlencode({'done': done})}")


def _done(what: str) -> str:
    said = {
        "given": gettext("The access is given. Your colleague has been told by e-mail."),
        "changed": gettext("The change is saved. It takes effect within ten minutes."),
        "ended": gettext("The access is taken away. What is open closes within ten minutes."),
        "removed": gettext(
            "Your colleague has left the firm: they no longer reach any client, and their seats are free."
        ),
    }
    return str(said.get(what, ""))
