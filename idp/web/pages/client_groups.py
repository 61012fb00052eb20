"""The groups into which a firm sorts its clients."""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import client_group, client_list
from idp.companies.client_group import Group
from idp.companies.client_list import Filter
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.web import csrf, forms, paging
from idp.web.pages import clients
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.work import open_work

blueprint = Blueprint("pages_client_groups", __name__)
csrf.guard(blueprint)

FILLS = "clients of a group"
LONGEST = 100


class NameForm(forms.Form):
    name: Annotated[str, StringConstraints(max_length=200)] = ""


class TickForm(forms.Form):
    """`shown`: the clients of the page; `picked`: those of them that are ticked."""

    shown: tuple[UUID, ...] = ()
    picked: tuple[UUID, ...] = ()


class SortForm(forms.Form):
    groups: tuple[UUID, ...] = ()


class RemoveForm(forms.Form):
    pass


@blueprint.get("/companies/<uuid:firm_id>/groups")
def groups(firm_id: UUID) -> ResponseReturnValue:
    """The groups, and a new one. Query: `done` what was just done."""
    return show({}, firm_id)


def show(problems: dict[str, str], firm_id: UUID) -> Response:
    area = _enter(firm_id)
    return area.page(
        "firm/groups.html",
        problems=problems,
        groups=[_entry(area, each) for each in client_group.listed(area.work, firm_id)],
        done=_done(request.args.get("done", "")),
        clients_url=area.path("clients"),
    )


@blueprint.post("/companies/<uuid:firm_id>/groups")
@csrf.again(show)
def create(firm_id: UUID) -> ResponseReturnValue:
    """Make a group, and go on to its clients."""
    area = _enter(firm_id, write=True)
    form, problems = forms.read(NameForm, request.form)
    if form is None:
        return show(problems, firm_id)
    try:
        made = client_group.create(area.work, firm_id, form.name)
    except (Conflict, InvalidInput) as error:
        area.work.session.rollback()
        return show(_told(error), firm_id)
    return see_other(area.path("groups", made.id))


@blueprint.get("/companies/<uuid:firm_id>/groups/<uuid:group_id>")
def group(firm_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Which clients are in a group. Query: `q` a part of name or town, `in` only those in it, `after`, `before`."""
    return show_group({}, firm_id, group_id)


def show_group(problems: dict[str, str], firm_id: UUID, group_id: UUID) -> Response:
    area = _enter(firm_id)
    found = _get(area, group_id)
    search = request.args.get("q", "").strip()[:LONGEST]
    inside = request.args.get("in") == "1"
    place = paging.asked(area.work, FILLS)
    page = client_list.listed(
        area.work, firm_id, Filter(search=search, group_id=group_id if inside else None), after=place.after,
        before=place.before,
    )  # fmt: skip
    return area.page(
        "firm/group.html",
        problems=problems,
        name=found.name,
        count=found.clients,
        search=search,
        inside=inside,
        found=page.total,
        choices=[
            {"value": str(each.company_id), "label": each.name, "hint": each.city, "in": found.name in each.groups}
            for each in page.rows
        ],
        done=_done(request.args.get("done", "")),
        rename_url=area.path("groups", group_id, "name"),
        remove_url=area.path("groups", group_id, "remove"),
        groups_url=area.path("groups"),
        pages=paging.around(area.work, FILLS, page),
    )  # fmt: skip


@blueprint.post("/companies/<uuid:firm_id>/groups/<uuid:group_id>")
@csrf.again(show_group)
def fill(firm_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Keep what is ticked of the clients that were shown; the others of the group stay in it."""
    area = _enter(firm_id, write=True)
    form, problems = forms.read(TickForm, request.form)
    if form is None:
        return show_group(problems, firm_id, group_id)
    client_group.fill(area.work, firm_id, group_id, shown=form.shown, picked=form.picked)
    return see_other(f"{area.path('groups', group_id)}?done=filled&in=1")


@blueprint.get("/companies/<uuid:firm_id>/groups/<uuid:group_id>/name")
def name_page(firm_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Another name for a group."""
    return show_name({}, firm_id, group_id)


def show_name(problems: dict[str, str], firm_id: UUID, group_id: UUID) -> Response:
    area = _enter(firm_id)
    found = _get(area, group_id)
    form = {"name": found.name, **forms.typed()}
    url = area.path("groups", group_id)
    return area.page("firm/group_name.html", problems=problems, form=form, name=found.name, back_url=url)


@blueprint.post("/companies/<uuid:firm_id>/groups/<uuid:group_id>/name")
@csrf.again(show_name)
def rename(firm_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Keep the other name."""
    area = _enter(firm_id, write=True)
    form, problems = forms.read(NameForm, request.form)
    if form is None:
        return show_name(problems, firm_id, group_id)
    try:
        client_group.rename(area.work, firm_id, group_id, form.name)
    except (Conflict, InvalidInput) as error:
        area.work.session.rollback()
        return show_name(_told(error), firm_id, group_id)
    return see_other(f"{area.path('groups', group_id)}?done=renamed")


@blueprint.get("/companies/<uuid:firm_id>/groups/<uuid:group_id>/remove")
def remove_page(firm_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """What goes with a group, and what stays."""
    return show_remove({}, firm_id, group_id)


def show_remove(problems: dict[str, str], firm_id: UUID, group_id: UUID) -> Response:
    area = _enter(firm_id)
    found = _get(area, group_id)
    url = area.path("groups", group_id)
    return area.page(
        "firm/group_remove.html", problems=problems, name=found.name, count=found.clients, back_url=url
    )  # fmt: skip


@blueprint.post("/companies/<uuid:firm_id>/groups/<uuid:group_id>/remove")
@csrf.again(show_remove)
def remove(firm_id: UUID, group_id: UUID) -> ResponseReturnValue:
    """Remove the group."""
    area = _enter(firm_id, write=True)
    form, problems = forms.read(RemoveForm, request.form)
    if form is None:
        return show_remove(problems, firm_id, group_id)
    client_group.remove(area.work, firm_id, group_id)
    return see_other(f"{area.path('groups')}?done=removed")


@blueprint.get("/companies/<uuid:firm_id>/clients/<uuid:client_id>/groups")
def sort_page(firm_id: UUID, client_id: UUID) -> ResponseReturnValue:
    """The groups that a client is in."""
    return show_sort({}, firm_id, client_id)


def show_sort(problems: dict[str, str], firm_id: UUID, client_id: UUID) -> Response:
    area = _enter(firm_id)
    client = client_list.get(area.work, firm_id, client_id)
    listed = client_group.listed(area.work, firm_id)
    present = client_group.of_client(area.work, firm_id, client_id)
    posted = request.method == "POST"
    chosen = request.form.getlist("groups") if posted else [str(each) for each in present]
    return area.page(
        "firm/sort_client.html",
        problems=problems,
        client=client.name,
        choices=[{"value": str(each.id), "label": each.name} for each in listed],
        chosen=chosen,
        groups_url=area.path("groups"),
        back_url=area.path("clients", client_id),
    )


@blueprint.post("/companies/<uuid:firm_id>/clients/<uuid:client_id>/groups")
@csrf.again(show_sort)
def sort(firm_id: UUID, client_id: UUID) -> ResponseReturnValue:
    """Put the client into the groups that are ticked, and out of the others."""
    area = _enter(firm_id, write=True)
    form, problems = forms.read(SortForm, request.form)
    if form is None:
        return show_sort(problems, firm_id, client_id)
    client_group.sort(area.work, firm_id, client_id, form.groups)
    return clients.back(area, client_id, "sorted")


def _enter(firm_id: UUID, *, write: bool = False) -> Area:
    """Who sees every client and may edit them."""
    open_work(write=write)
    area = enter(firm_id, client_list.VIEWS_ALL, write=write)
    client_group.require(area.work, firm_id)
    return area


def _get(area: Area, group_id: UUID) -> Group:
    found = next((each for each in client_group.listed(area.work, area.company_id) if each.id == group_id), None)
    if found is None:
        raise NotFound(kind="group")
    return found


def _entry(area: Area, group: Group) -> dict[str, Any]:
    detail = ngettext("%(num)s client", "%(num)s clients", group.clients)
    return {"name": group.name, "url": f"{area.path('groups', group.id)}?in=1", "detail": detail}


def _told(error: Conflict | InvalidInput) -> dict[str, str]:
    match error.members.get("reason"):
        case "taken":
            return {"name": str(gettext("A group with this name exists already. Choose another name."))}
        case "too_many":
            return {"name": str(gettext("You have as many groups as there can be. Remove one first."))}
        case "missing":
            return {"name": forms.wanted("name")}
    most = client_group.NAME_MAX
    return {"name": str(gettext("A name of at most %(num)s characters, please, all of which can be seen.", num=most))}


def _done(what: str) -> str:
    said = {
        "filled": gettext("The clients of the group are saved."),
        "renamed": gettext("The group has its new name."),
        "removed": gettext("The group is removed. Its clients stay as they are."),
    }
    return str(said.get(what, ""))
