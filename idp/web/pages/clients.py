"""A firm's clients: the list (SC25), one client with the firm's people there (SC26), ending a mandate."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.companies import access, assignment, client_group, client_list, colleague_list, company, mandate
from idp.companies.access import Access
from idp.companies.client_list import Client, Filter, Phase
from idp.companies.colleague_list import Colleague, Held
from idp.oidc import products
from idp.policy import label_for
from idp.web import csrf, firm_words, forms, locale, paging
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import product_view, see_other
from idp.web.render import day
from idp.web.work import open_work

blueprint = Blueprint("pages_clients", __name__)
csrf.guard(blueprint)

LIST, PEOPLE = "clients of a firm", "people at a client"
LONGEST_SEARCH = 100
ASKS, ENDS = "practice.mandates.request", "practice.mandates.end"
CHOICES = 100  # colleagues that the filter names; beyond, one comes from the list of colleagues
SEARCH_FROM = 8  # fewer people are found faster by looking


class EndForm(forms.Form):
    pass


@blueprint.get("/companies/<uuid:firm_id>/clients")
def clients(firm_id: UUID) -> ResponseReturnValue:
    """The clients. Query: `q` a part of name or town, `product`, `group`, `colleague`, `state`, `after`, `before`."""
    area = enter(firm_id, client_list.VIEWS)
    work, wanted = area.work, asked()
    place = paging.asked(work, LIST)
    found = client_list.listed(work, firm_id, wanted, after=place.after, before=place.before)
    groups = client_group.names(work, firm_id)
    people = _choices(area, wanted)
    return area.page(
        "firm/clients.html",
        clients=[_row(area, each) for each in found.rows],
        search=wanted.search,
        found=found.total,
        narrowed=wanted != Filter(),
        products=_all(gettext("All"), _sold(area)),
        groups=_all(gettext("All"), [{"value": str(key), "label": name} for key, name in groups]),
        people=_all(gettext("All"), people) if people else [],
        states=_states(),
        chosen={
            "product": wanted.product,
            "group": str(wanted.group_id or ""),
            "colleague": str(wanted.colleague_id or ""),
            "state": wanted.phase.value if wanted.phase else "",
        },
        groups_url=area.path("groups") if _sorts(area) else None,
        colleagues_url=area.path("colleagues") if area.may(colleague_list.VIEWS) else None,
        ask_url=area.path("mandates", "ask") if area.may(ASKS) else None,
        assigns=area.may(assignment.ASSIGNS),
        pages=paging.around(work, LIST, found),
    )  # fmt: skip


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>")
def client(firm_id: UUID, client_id: UUID) -> ResponseReturnValue:
    """One client. Query: `q` a part of a colleague's name, `after`, `before`, `done` what was just done."""
    area = enter(firm_id, client_list.VIEWS)
    work = area.work
    seen = client_list.get(work, firm_id, client_id)
    active = seen.phase is Phase.ACTIVE
    context: dict[str, Any] = {}
    if area.may(colleague_list.VIEWS):
        search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
        place = paging.asked(work, PEOPLE)
        page, held = colleague_list.at_client(
            work, firm_id, seen, search=search, after=place.after, before=place.before
        )  # fmt: skip
        context = {
            "people": [_person(area, seen, each, held.get(each.account_id, [])) for each in page.rows],
            "search": search if search or page.total >= SEARCH_FROM else None,
            "found": page.total,
            "pages": paging.around(work, PEOPLE, page),
        }  # fmt: skip
    return area.page(
        "firm/client.html",
        client=seen.name,
        done=_done(request.args.get("done", "")),
        state=_stands(area, client_id, seen),
        facts=_facts(area, seen),
        tiles=_tiles(area, seen) if active else [],
        present=seen.phase in (Phase.ACTIVE, Phase.SUSPENDED),
        people=context.pop("people", None),
        search=context.pop("search", None),
        found=context.pop("found", 0),
        pages=context.pop("pages", None),
        add_url=area.path("clients", client_id, "add") if active and area.may(assignment.ASSIGNS) else None,
        groups_url=area.path("clients", client_id, "groups") if _sorts(area) else None,
        end_url=area.path("clients", client_id, "end") if active and area.may(ENDS) else None,
        clients_url=area.path("clients"),
    )


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/end")
def end_page(firm_id: UUID, client_id: UUID) -> ResponseReturnValue:
    """What the end of the mandate means, before it is done."""
    return show_end({}, firm_id, client_id)


def show_end(problems: dict[str, str], firm_id: UUID, client_id: UUID) -> Response:
    area = enter(firm_id, ENDS, step_up=True)
    seen = client_list.get(area.work, firm_id, client_id)
    return area.page(
        "firm/end_mandate.html",
        problems=problems,
        client=seen.name,
        active=seen.phase is Phase.ACTIVE,
        colleagues=seen.colleagues,
        back_url=area.path("clients", client_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/clients/<uuid:client_id>/end")
@csrf.again(show_end)
def end(firm_id: UUID, client_id: UUID) -> ResponseReturnValue:
    """The firm ends the mandate, at once."""
    open_work(write=True)
    area = enter(firm_id, ENDS, write=True, step_up=True)
    form, problems = forms.read(EndForm, request.form)
    if form is None:
        return show_end(problems, firm_id, client_id)
    seen = client_list.get(area.work, firm_id, client_id)
    mandate.end(area.work, seen.mandate_id)
    return see_other(f"{area.path('clients', client_id)}?done=ended")


def asked() -> Filter:
    """What the address asks for; what is none of a list's values asks for nothing."""
    state = request.args.get("state", "")
    return Filter(
        search=request.args.get("q", "").strip()[:LONGEST_SEARCH],
        product=request.args.get("product", "")[:LONGEST_SEARCH],
        group_id=_key("group"),
        colleague_id=_key("colleague"),
        phase=Phase(state) if state in set(Phase) else None,
    )


def _key(name: str) -> UUID | None:
    try:
        return UUID(request.args.get(name, ""))
    except ValueError:
        return None


def _sorts(area: Area) -> bool:
    return area.may(client_list.VIEWS_ALL) and area.may(client_group.EDITS)


def _all(label: str, choices: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": "", "label": str(label)}, *choices]


def _states() -> list[dict[str, str]]:
    named = [{"value": each.value, "label": str(firm_words.PHASES[each])} for each in Phase]
    return _all(gettext("Current ones"), named)


def _sold(area: Area) -> list[dict[str, str]]:
    sold = [each.id for each in area.work.policies.products.values() if each.subscribed and not each.firm_only]
    return firm_words.products(area.work, sold)


def _choices(area: Area, wanted: Filter) -> list[dict[str, str]]:
    """Colleagues to narrow the list by: who sees every client may ask for somebody's."""
    if not (area.may(colleague_list.VIEWS) and area.may(client_list.VIEWS_ALL)):
        return []
    named = colleague_list.names(area.work, area.company_id, limit=CHOICES)
    if wanted.colleague_id is not None and wanted.colleague_id not in {key for key, _ in named}:
        named.append((wanted.colleague_id, colleague_list.get(area.work, area.company_id, wanted.colleague_id).name))
    return [{"value": str(key), "label": name} for key, name in named]


def _row(area: Area, client: Client) -> dict[str, Any]:
    return {
        "name": client.name,
        "url": area.path("clients", client.company_id),
        "city": client.city,
        "products": ", ".join(firm_words.product(area.work, each) for each in client.products),
        "colleagues": client.colleagues if client.phase in (Phase.ACTIVE, Phase.SUSPENDED) else "–",
        "groups": ", ".join(client.groups),
        "state": _standing(area, client),
    }


def _standing(area: Area, client: Client) -> str:
    """Where the mandate stands, and since or until when."""
    match client.phase:
        case Phase.ACTIVE if client.since is not None and client.since > area.work.now:
            return str(gettext("from %(date)s on", date=day(client.since)))
        case Phase.ACTIVE if client.until is not None:
            return str(gettext("until %(date)s", date=day(client.until)))
        case Phase.ACTIVE if client.since is not None:
            return str(gettext("since %(date)s", date=day(client.since)))
        case Phase.OVER if client.ended_at is not None:
            return str(gettext("ended on %(date)s", date=day(client.ended_at)))
    return str(firm_words.PHASES[client.phase])


def _stands(area: Area, client_id: UUID, client: Client) -> str:
    """Where the mandate stands, and whether the client is kept shut, so that none of its products opens."""
    phase = str(firm_words.PHASES[client.phase])
    if company.get(area.work, client_id).suspended_at is None:
        return phase
    return f"{phase} · {gettext('the company is suspended by our staff')}"


def _facts(area: Area, client: Client) -> list[tuple[str, str]]:
    return [
        (gettext("Town"), client.city),
        (gettext("Mandate"), firm_words.scope(area.work, client)),
        (gettext("Since"), day(client.since) if client.since else ""),
        (gettext("Until"), day(client.until) if client.until else ""),
        (gettext("Ended on"), day(client.ended_at) if client.ended_at else ""),
        (gettext("Groups"), ", ".join(client.groups)),
    ]


def _tiles(area: Area, client: Client) -> list[dict[str, Any]]:
    """The products of the client that are open to the reader, to go to."""
    homes = products.homes(area.work)
    sold = [each.id for each in area.work.policies.products.values() if each.subscribed]
    answers = access.resolve_many(area.work, area.current.account_id, [client.company_id], sold)
    tiles = []
    for product in sold:
        answer = answers.get((client.company_id, product))
        if isinstance(answer, Access):
            home = homes.get(product)
            tiles.append(
                {
                    "product": product_view(area.work, product),
                    "url": products.for_company(home, client.company_id) if home else None,
                    "role": label_for(answer.role_labels, locale.current())
                    if answer.custom_role_id is None
                    else firm_words.role(answer.role_labels, own=True),
                    "note": None if home else gettext("not connected yet"),
                }
            )
    return tiles


def _person(area: Area, client: Client, colleague: Colleague, held: list[Held]) -> dict[str, Any]:
    """A colleague with what is held here; what is for every client is changed on the colleague's own page."""
    may = area.may(assignment.ASSIGNS) and client.phase is Phase.ACTIVE
    here = area.path("clients", client.company_id)
    return {
        "name": colleague.name,
        "url": area.path("colleagues", colleague.account_id),
        "suspended": colleague.suspended,
        "held": [
            {
                **firm_words.held(area.work, each),
                "since": day(each.since),
                "by": each.given_by,
                "change_url": f"{here}/assignments/{each.id}" if may and not each.everywhere else None,
            }
            for each in held
        ],
        "explain_url": f"{here}/explain/{colleague.account_id}" if area.may(assignment.ASSIGNS) else None,
        "remove_url": f"{here}/remove/{colleague.account_id}"
        if may and any(not each.everywhere for each in held)
        else None,
    }


def _done(what: str) -> str:
    said = {
        "given": gettext("The access is given. Your colleague has been told by e-mail."),
        "changed": gettext("The change is saved. It takes effect within ten minutes."),
        "removed": gettext("The access is taken away. What is open closes within ten minutes."),
        "sorted": gettext("The groups are saved."),
        "ended": gettext("The mandate has ended. Nobody of the firm reaches this client any more."),
    }
    return str(said.get(what, ""))


def back(area: Area, client_id: UUID, done: str) -> Response:
    """To the page of the client, which says what was done."""
    return see_other(f"{area.path('clients', client_id)}?{urlencode({'done': done})}")
