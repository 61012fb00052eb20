"""The roles of a company: which there are in each product, who holds how many, and what each permits (SC22, SC23)."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext

from idp.companies import company, custom_role, preview, proposal, role_content, role_list
from idp.companies.custom_role import Holders
from idp.companies.models import CustomRole
from idp.companies.proposal import Choice
from idp.companies.role_content import Building
from idp.companies.role_list import ListedRole, ProductRoles
from idp.core.errors import NotFound
from idp.policy import label_for
from idp.policy.permissions import Grant
from idp.web import csrf, locale, paging, role_words
from idp.web.pages.company_area import Area, enter
from idp.web.render import moment

blueprint = Blueprint("pages_roles", __name__)
csrf.guard(blueprint)

VIEWS = (custom_role.VIEWS, custom_role.FIRM_VIEWS)
REVISIONS, REVISIONS_SHOWN = "revisions of a role", 10
_l = lazy_gettext
_WHY_NOT = {
    "not_in_plan": _l("Your plan, %(plan)s, does not include custom roles; those above can be given as they are."),
    "not_subscribed": _l("You can create custom roles again once the subscription is active."),
    "not_yours": _l("Custom roles are created here by: %(roles)s."),
}


@blueprint.get("/companies/<uuid:company_id>/roles")
def listed(company_id: UUID) -> ResponseReturnValue:
    """Every role that can be given here, product by product. Query: `deleted`, after a role was."""
    area = enter(company_id, *VIEWS)
    found = role_list.of_company(area.work, company_id)
    return area.page(
        "roles/list.html",
        products=[_product(area, each) for each in found],
        deleted=request.args.get("deleted", "")[:100],
    )


@blueprint.get("/companies/<uuid:company_id>/roles/<product>/<role>")
def shown(company_id: UUID, product: str, role: str) -> ResponseReturnValue:
    """What one role permits, in this company or, of a firm, at one client. Query: `client`; `saved`, after a change;
    `after` and `before`, for what it was before."""
    area = enter(company_id, *VIEWS)
    offered, role_found = _find(area, product, role)
    own = custom_role.get(area.work, company_id, role_found.custom_role_id) if role_found.custom_role_id else None
    chosen = own.permissions if own is not None else None
    grant, note = _grant(area, offered, role_found)
    seen = preview.of(area.work.policies, grant, locale.current(), chosen=chosen)
    return area.page(
        "roles/role.html",
        name=label_for(role_found.labels, locale.current()),
        product_name=seen.label,
        summary=label_for(role_found.summary, locale.current()) if role_found.summary else "",
        own=own is not None,
        preview=role_words.shown(seen),
        note=note,
        held=_held(area, own, role_found),
        giver=_givers(area, role_found),
        **(_revisions(area, own) if own is not None else {"revisions": [], "revision_pages": None}),
        urls=_urls(area, offered, role_found, own),
        saved=request.args.get("saved") if request.args.get("saved") in ("made", "changed") else None,
        back_url=area.path("roles"),
    )


def _find(area: Area, product: str, key: str) -> tuple[ProductRoles, ListedRole]:
    """The role of the address, if it can be given here."""
    offered = role_list.in_product(area.work, area.company_id, product)
    role = next((each for each in offered.roles if each.key == key), None) if offered is not None else None
    if offered is None or role is None:
        raise NotFound(kind="role")
    return offered, role


def _grant(area: Area, offered: ProductRoles, role: ListedRole) -> tuple[Grant, str]:
    """Where the role is looked at: at a client, here and now, or by itself where it only counts at clients."""
    work, product = area.work, offered.product.id
    switches = work.policies.roles[role.role_id].switch_defaults if role.role_id else ()
    choice = Choice(role_id=role.role_id, custom_role_id=role.custom_role_id, switches=switches)
    try:
        client = UUID(request.args["client"]) if "client" in request.args else None
    except ValueError:
        raise NotFound(kind="company") from None
    if client is not None:
        grant = proposal.at_client(work, area.company_id, client, product, choice)
        name = company.get(work, client).name
        return grant, gettext("At %(client)s, below its mandate and with its subscription and services.", client=name)
    if role.at_clients:
        return proposal.alone(work, area.company_id, product, choice), gettext(
            "At a client, its mandate is the ceiling: what it does not cover falls away there."
        )
    note = gettext("With the services that are switched on here and the state of the subscription today.")
    return proposal.in_company(work, area.company_id, product, choice), note


def _product(area: Area, each: ProductRoles) -> dict[str, Any]:
    language = locale.current()
    state = area.work.policies.states.get(each.state) if each.state else None
    may = area.may("company.roles.create") or area.may("practice.roles.edit")
    return {
        "id": each.product.id,
        "label": label_for(each.product.label, language),
        "state": label_for(state.label, language) if state is not None else "",
        "roles": [_row(area, each, role) for role in each.roles],
        "new_url": area.path("roles", each.product.id, "new") if may and each.building.why is None else None,
        "why_not": why_not(area, each.building) if may else "",
    }


def why_not(area: Area, building: Building) -> str:
    """Why no role can be built, in a sentence; empty where there is nothing to say."""
    text, language, policies = _WHY_NOT.get(building.why or ""), locale.current(), area.work.policies
    if text is None:
        return ""
    plan = policies.plans.get(building.plan or "")
    roles = ", ".join(label_for(policies.roles[each].label, language) for each in building.by if each in policies.roles)
    return str(text) % {"plan": label_for(plan.label, language) if plan is not None else "", "roles": roles}


def _row(area: Area, each: ProductRoles, role: ListedRole) -> dict[str, Any]:
    language = locale.current()
    return {
        "name": label_for(role.labels, language),
        "url": area.path("roles", each.product.id, role.key),
        "own": role.custom_role_id is not None,
        "summary": label_for(role.summary, language) if role.summary else "",
        "held": people(role.people),
        "at_clients": role.at_clients,
    }


def people(count: int) -> str:
    """How many people hold a role."""
    return str(ngettext("%(num)s person", "%(num)s people", count)) if count else str(gettext("nobody yet"))


def holders(held: Holders) -> str:
    """Who holds a role of one's own: their number, at how many clients, and how many are invited to it."""
    told = [people(held.people)] if held.people or not held.invited else []
    if held.clients:
        told.append(str(ngettext("at %(num)s client", "at %(num)s clients", held.clients)))
    if held.invited:
        told.append(str(ngettext("%(num)s open invitation", "%(num)s open invitations", held.invited)))
    return ", ".join(told)


def _held(area: Area, own: CustomRole | None, role: ListedRole) -> str:
    return holders(custom_role.holders(area.work, area.company_id, own.id)) if own is not None else people(role.people)


def _givers(area: Area, role: ListedRole) -> str:
    """Who may give the role, by the names of their own roles."""
    policies = area.work.policies
    if role.role_id is None:
        return ""
    named = [each for each in policies.roles.values() if each.id in policies.roles[role.role_id].assignable_by]
    return ", ".join(label_for(each.label, locale.current()) for each in named)


def _revisions(area: Area, own: CustomRole) -> dict[str, Any]:
    """What the role held, and what each revision changed, a page at a time."""
    work, language, policies = area.work, locale.current(), area.work.policies
    place = paging.asked(work, REVISIONS)
    found = custom_role.revisions(
        work, area.company_id, own.id, after=place.after, before=place.before, limit=REVISIONS_SHOWN
    )
    definitions = policies.products[own.product].permissions
    before: dict[int, frozenset[str]] = {each.number + 1: frozenset(each.permissions) for each in found.rows}
    first = found.rows[-1].number if found.rows else 1
    earlier = custom_role.revision(work, area.company_id, own.id, first - 1)
    if earlier is not None:  # on the next page, but what this one changed is told here
        before[first] = frozenset(earlier.permissions)

    def named(ids: frozenset[str]) -> list[str]:
        return [label_for(definitions[each].label, language) for each in definitions if each in ids]

    rows = [
        {
            "number": each.number,
            "name": label_for(each.labels, language),
            "since": moment(each.began_at),
            "added": named(frozenset(each.permissions) - before[each.number]) if each.number in before else [],
            "taken": named(before[each.number] - frozenset(each.permissions)) if each.number in before else [],
            "count": len(each.permissions),
        }
        for each in found.rows
    ]
    pages = paging.around(work, REVISIONS, found, section="before", label=gettext("What this role was before"))
    return {"revisions": rows if found.total > 1 else [], "revision_pages": pages}


def _urls(area: Area, offered: ProductRoles, role: ListedRole, own: CustomRole | None) -> dict[str, str]:
    product = offered.product.id
    builds = offered.building.why is None
    urls = {}
    if own is not None and builds and (area.may(custom_role.EDITS) or area.may("practice.roles.edit")):
        urls["edit"] = area.path("roles", product, own.id, "edit")
    if builds and (area.may("company.roles.create") or area.may("practice.roles.edit")):
        urls["from_copy"] = area.path("roles", product, f"new?from={role.key}")
    may_delete = area.may(custom_role.DELETES) or area.may("practice.roles.edit")
    if own is not None and may_delete and role_content.builds(area.work, area.company_id, product):
        urls["delete"] = area.path("roles", product, own.id, "delete")
    return urls
