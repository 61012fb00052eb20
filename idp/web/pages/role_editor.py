"""Making a role of one's own, changing it and deleting it (SC23, PRA-15)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.companies import custom_role, preview, proposal, role, role_content, role_list
from idp.companies.errors import RoleChanged, RoleInUse
from idp.companies.models import CustomRole
from idp.companies.proposal import Choice
from idp.companies.role_content import with_twins
from idp.core.errors import Conflict, IdpError, InvalidInput, NotFound, NotPermitted
from idp.policy import label_for
from idp.policy.catalogue import Product
from idp.policy.permissions import Grant, effective
from idp.web import csrf, locale, role_form, role_words
from idp.web.pages import roles
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.role_form import RoleForm

blueprint = Blueprint("pages_role_editor", __name__)
csrf.guard(blueprint)

BASE = "/companies/<uuid:company_id>/roles/<product>"
CREATES = (role.CREATES, role.FIRM_EDITS)
EDITS = (custom_role.EDITS, role.FIRM_EDITS)
DELETES = (custom_role.DELETES, role.FIRM_EDITS)
NOTHING = "nothing"
REVIEW, SAVE = "review", "save"
NAME_SHOWN = 200


@blueprint.get(f"{BASE}/new")
def start(company_id: UUID, product: str) -> ResponseReturnValue:
    """A role from nothing or from a copy. Query: `from`, a role or `nothing`; without it, the choice between them."""
    return show_new({}, company_id, product)


def show_new(problems: dict[str, str], company_id: UUID, product: str) -> Response:
    area = enter(company_id, *CREATES)
    policy = _buildable(area, product)
    offered = role_content.offered(area.work, company_id, product)
    source = request.args.get("from", "")[:100]
    if request.method != "POST":
        if not source:
            return _choice(area, policy)
        copied = _source(area, policy, source, offered)
        return _editor(area, policy, role_form.fields("", {}, policy, offered, copied.permissions), copied=copied)
    form, _ = role_form.read(request.form)
    return _editor(area, policy, _typed(form, policy, offered), problems)


@blueprint.post(f"{BASE}/new")
@csrf.again(show_new)
def create(company_id: UUID, product: str) -> ResponseReturnValue:
    """Add the role; it can be given at once."""
    area = enter(company_id, *CREATES, write=True)
    policy = _buildable(area, product)
    form, problems = role_form.read(request.form)
    if form is None:
        return show_new(problems, company_id, product)
    offered = role_content.offered(area.work, company_id, product)
    try:
        made = role.create_custom(
            area.work, company_id, product, name=form.name, labels=role_form.labels(form),
            permissions=role_form.chosen(form, policy, offered),
        )  # fmt: skip
    except (InvalidInput, Conflict, NotPermitted) as error:
        return show_new(_told(error, policy), company_id, product)
    return see_other(f"{area.path('roles', product, made.id)}?saved=made")


@blueprint.get(f"{BASE}/<uuid:role_id>/edit")
def edit(company_id: UUID, product: str, role_id: UUID) -> ResponseReturnValue:
    """What a role of one's own holds, to be changed."""
    return show_edit({}, company_id, product, role_id)


def show_edit(problems: dict[str, str], company_id: UUID, product: str, role_id: UUID) -> Response:
    area = enter(company_id, *EDITS)
    policy, made = _buildable(area, product), _own(area, product, role_id)
    offered = role_content.offered(area.work, company_id, product)
    if request.method != "POST":
        name = label_for(made.labels, locale.current())
        fields = role_form.fields(name, made.labels, policy, offered, made.permissions)
        return _editor(area, policy, fields, made=made, seen=made.revision)
    form, _ = role_form.read(request.form)
    if form is not None and form.step == REVIEW and set(problems) <= {"form"}:
        return _review(area, policy, made, form, offered, problems)
    seen = form.seen if form is not None else made.revision
    return _editor(area, policy, _typed(form, policy, offered), problems, made=made, seen=seen)


@blueprint.post(f"{BASE}/<uuid:role_id>/edit")
@csrf.again(show_edit)
def change(company_id: UUID, product: str, role_id: UUID) -> ResponseReturnValue:
    """First what the change comes to and for whom; then, from that page, the change itself."""
    area = enter(company_id, *EDITS, write=True)
    policy, made = _buildable(area, product), _own(area, product, role_id)
    form, problems = role_form.read(request.form)
    if form is None:
        return show_edit(problems, company_id, product, role_id)
    offered = role_content.offered(area.work, company_id, product)
    picked, labels = role_form.chosen(form, policy, offered), role_form.labels(form)
    try:
        if form.action == SAVE:
            custom_role.change(area.work, company_id, role_id, seen=form.seen, labels=labels, permissions=picked)
            return see_other(f"{area.path('roles', product, role_id)}?saved=changed")
        if form.action == REVIEW:
            texts = role_content.checked_labels(labels)
            role_content.checked(area.work, company_id, product, picked, made.permissions)
            role_content.require_free(area.work, company_id, policy, texts.values(), but=made.id)
            return _review(area, policy, made, form, offered, {})
    except RoleChanged:
        return area.page("roles/changed.html", 409, name=label_for(made.labels, locale.current()),
                         url=area.path("roles", product, role_id, "edit"))  # fmt: skip
    except (InvalidInput, Conflict, NotPermitted) as error:
        problems = _told(error, policy)
    return _editor(area, policy, _typed(form, policy, offered), problems, made=made, seen=form.seen)


@blueprint.get(f"{BASE}/<uuid:role_id>/delete")
def ask(company_id: UUID, product: str, role_id: UUID) -> ResponseReturnValue:
    """Whether a role can be deleted, and who holds it if not."""
    area = enter(company_id, *DELETES)
    made = _own(area, product, role_id)
    held = custom_role.holders(area.work, company_id, made.id)
    return area.page(
        "roles/delete.html", name=label_for(made.labels, locale.current()), held=roles.holders(held) if held else "",
        names=held.names, further=held.people - len(held.names), back_url=area.path("roles", product, made.id),
        invitations_url=area.path("invitations") if held.invited else None,
    )  # fmt: skip


@blueprint.post(f"{BASE}/<uuid:role_id>/delete")
def delete(company_id: UUID, product: str, role_id: UUID) -> ResponseReturnValue:
    """Delete a role that nobody holds."""
    area = enter(company_id, *DELETES, write=True)
    made = _own(area, product, role_id)
    try:
        custom_role.delete(area.work, company_id, role_id)
    except RoleInUse:
        return see_other(area.path("roles", product, role_id, "delete"))  # the page says who holds it by now
    return see_other(f"{area.path('roles')}?deleted={label_for(made.labels, locale.current())}")


def _buildable(area: Area, product: str) -> Product:
    """The product, if the actor can build roles for it here; the page of the roles says why not."""
    policy = area.work.policies.products.get(product)
    if policy is None:
        raise NotFound(kind="product")
    role_content.require_builder(area.work, area.company_id, product)
    return policy


def _own(area: Area, product: str, role_id: UUID) -> CustomRole:
    made = custom_role.get(area.work, area.company_id, role_id)
    if made.product != product:
        raise NotFound(kind="custom_role")
    return made


def _choice(area: Area, policy: Product) -> Response:
    """From nothing, or from a copy of a role that can be given in this product."""
    offered = role_list.in_product(area.work, area.company_id, policy.id)
    language = locale.current()
    sources = [
        {"value": each.key, "label": label_for(each.labels, language)} for each in (offered.roles if offered else ())
    ]
    return area.page(
        "roles/new.html", product_name=label_for(policy.label, language), back_url=area.path("roles"),
        sources=[{"value": NOTHING, "label": gettext("Nothing")}, *sources],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy begins with, how much of the original it cannot have, and what that is called."""

    permissions: frozenset[str] = frozenset()
    left_out: int = 0
    name: str = ""


def _source(area: Area, policy: Product, key: str, offered: frozenset[str]) -> Copied:
    if key == NOTHING:
        return Copied()
    found = role_list.in_product(area.work, area.company_id, policy.id)
    original = next((each for each in found.roles if each.key == key), None) if found is not None else None
    if original is None:
        raise NotFound(kind="role")
    switches = area.work.policies.roles[original.role_id].switch_defaults if original.role_id else ()
    choice = Choice(role_id=original.role_id, custom_role_id=original.custom_role_id, switches=switches)
    grant = proposal.alone(area.work, area.company_id, policy.id, choice)
    held = frozenset(effective(area.work.policies, grant).permissions)
    return Copied(held & offered, len(held - offered), label_for(original.labels, locale.current()))


def _typed(form: RoleForm | None, policy: Product, offered: Iterable[str]) -> dict[str, Any]:
    """The fields as they were sent; as far as they can be read."""
    if form is None:
        form = RoleForm(name=request.form.get("name", "")[:NAME_SHOWN])
    picked = role_form.chosen(form, policy, offered) & frozenset(policy.permissions)
    return role_form.fields(form.name, role_form.labels(form), policy, offered, picked)


def _editor(
    area: Area, policy: Product, fields: dict[str, Any], problems: dict[str, str] | None = None, *,
    made: CustomRole | None = None, copied: Copied | None = None, seen: int = 0,
) -> Response:  # fmt: skip
    language = locale.current()
    held = custom_role.holders(area.work, area.company_id, made.id) if made is not None else None
    return area.page(
        "roles/editor.html",
        problems=problems or {},
        form={},
        fields=fields,
        product_name=label_for(policy.label, language),
        made=label_for(made.labels, language) if made is not None else None,
        copied=copied or Copied(),
        seen=seen,
        held=roles.holders(held) if held else "",
        back_url=area.path("roles", policy.id, made.id) if made is not None else area.path("roles"),
    )


def _review(
    area: Area, policy: Product, made: CustomRole, form: RoleForm, offered: Iterable[str], problems: dict[str, str]
) -> Response:
    """What the change adds and takes away, for whom, before it is saved."""
    language, work = locale.current(), area.work
    picked = with_twins(policy, role_form.chosen(form, policy, offered))
    before, after = (
        preview.of(work.policies, _grant(area, policy, choice), language)
        for choice in (Choice(custom_role_id=made.id), Choice(draft=picked))
    )
    held = custom_role.holders(work, area.company_id, made.id)
    name, labels = label_for(made.labels, language), role_form.labels(form)
    return area.page(
        "roles/review.html",
        problems=problems,
        form={},
        name=name,
        renamed=form.name if form.name != name else "",
        change=role_words.changes(preview.difference(work.policies, before, after)),
        changed=labels != dict(made.labels) or sorted(picked) != sorted(made.permissions),
        held=roles.holders(held) if held else "",
        names=held.names,
        further=held.people - len(held.names),
        firm=area.company.kind == "firm",
        kept={"name": form.name, "seen": form.seen,
              **{role_form.OTHER + key: text for key, text in labels.items() if key != language}},
        picked=sorted(picked),
    )  # fmt: skip


def _grant(area: Area, policy: Product, choice: Choice) -> Grant:
    """In a company as it counts there today; in a firm by itself, as it counts at clients, each with its own limits."""
    place = proposal.alone if area.company.kind == "firm" else proposal.in_company
    return place(area.work, area.company_id, policy.id, choice)


def _told(error: IdpError, policy: Product) -> dict[str, str]:
    names = {each.id: label_for(each.label, locale.current()) for each in policy.permissions.values()}
    return role_form.problems(error, names)
