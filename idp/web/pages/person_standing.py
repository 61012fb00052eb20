"""What somebody is in a company: the company role, services of their own, suspension, sessions, removal (SC21).

Each act has a page that says what will happen, to whom and from when.
"""

from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import acting_on, company_role, membership, membership_period, offering, people, preview, role
from idp.companies.errors import ChangedMeanwhile, RoleNotOffered
from idp.companies.people import PersonSeen, State
from idp.companies.preview import Preview
from idp.core.errors import InvalidInput
from idp.policy import label_for
from idp.policy.permissions import Grant
from idp.web import csrf, forms, kept_form, locale, member_words, role_words
from idp.web.pages import people as people_pages
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.pages.people import EDITS, ENDS_SESSIONS, REMOVES, SUSPENDS, done_url, member, path
from idp.web.pages.person_role import MEANWHILE

blueprint = Blueprint("pages_person_standing", __name__)
csrf.guard(blueprint)

ONE = "/companies/<uuid:company_id>/people/<uuid:account_id>"
Short = Annotated[str, StringConstraints(max_length=100)]


class ActForm(forms.Form):
    seen: Short = ""


class CompanyRoleForm(ActForm):
    company_role: Short
    also: tuple[Short, ...] = ()
    confirmed: Short = ""


class ServicesForm(ActForm):
    service: tuple[Short, ...] = ()


# --- the company role ---


@blueprint.get(f"{ONE}/company-role")
def ask_company_role(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """The roles of the company's account that the reader may give."""
    return show_company_role({}, company_id, account_id)


def show_company_role(problems: dict[str, str], company_id: UUID, account_id: UUID) -> Response:
    area = enter(company_id, EDITS, step_up=True)
    person, period = _target(area, account_id, EDITS)
    sent = request.form if request.method == "POST" else kept_form.fields() or None
    offers = offering.company_roles(area.work, company_id)
    return area.page(
        "company/person_company_role.html",
        problems=problems,
        who=person,
        offers=[_offered(each) for each in offers if not each.entry.combinable],
        combined=[_offered(each) for each in offers if each.entry.combinable],
        chosen=sent.get("company_role", "") if sent else person.company_roles[0],
        also=list(sent.getlist("also")) if sent else list(person.company_roles[1:]),
        seen=sent.get("seen", "")[:40] if sent else period,
        cancel_url=path(area, person),
    )


@blueprint.post(f"{ONE}/company-role")
@csrf.again(show_company_role)
def change_company_role(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Show what the change adds and takes away; with `confirmed`, save it."""
    area = enter(company_id, EDITS, write=True, step_up=True, keep=True)
    person, period = _target(area, account_id, EDITS)
    form, problems = forms.read(CompanyRoleForm, request.form)
    if form is None:
        return show_company_role(problems, company_id, account_id)
    offered = {each.id: each for each in offering.company_roles(area.work, company_id)}
    main = offered.get(form.company_role)
    if main is None or main.entry.combinable or any(each not in offered for each in form.also):
        for each in sorted({form.company_role, *form.also} - offered.keys()):
            role.try_unlisted(area.work, company_id, each)
        return show_company_role(
            {"company_role": gettext("Choose one of the roles of the list.")}, company_id, account_id
        )
    if form.seen != period or not form.confirmed:
        return _review_company_role(area, person, form, period)
    try:
        company_role.change(
            area.work, company_id, account_id, company_role=form.company_role, also=form.also, seen=UUID(form.seen)
        )
    except ChangedMeanwhile:
        person, period = _target(area, account_id, EDITS)
        return _review_company_role(area, person, form, period)
    except RoleNotOffered:
        problem = gettext("These roles do not go together. Choose others.")
        return show_company_role({"company_role": problem}, company_id, account_id)
    return see_other(done_url(path(area, person), "company-role"))


def _review_company_role(area: Area, person: PersonSeen, form: CompanyRoleForm, period: str) -> Response:
    before, after = person.company_roles, (form.company_role, *form.also)
    meanwhile = form.seen != period
    change = preview.difference(area.work.policies, _preview(area, before), _preview(area, after))
    return area.page(
        "company/person_company_role_review.html",
        409 if meanwhile else 200,
        who=person,
        before=member_words.company_roles(area.work, person),
        after=", ".join(member_words.company_role(area.work, each) for each in after),
        meanwhile=meanwhile,
        changed=before[0] != after[0] or set(before) != set(after),
        change=role_words.changes(change),
        fields=[("company_role", form.company_role), *(("also", each) for each in form.also), ("seen", period)],
        back_url=path(area, person, "company-role"),
        cancel_url=path(area, person),
    )


def _preview(area: Area, roles: tuple[str, ...]) -> Preview:
    """What company roles come to together."""
    policies = area.work.policies
    administration = next(each.id for each in policies.products.values() if each.kind == "administration")
    grants = [Grant(product=administration, role=each) for each in roles if each in policies.roles]
    language = locale.current()
    return preview.together(
        policies, [preview.of(policies, each, language) for each in grants], administration, language
    )


def _offered(role: Any) -> dict[str, str]:
    language = locale.current()
    return {"value": role.id, "label": label_for(role.label, language), "hint": label_for(role.summary, language)}


# --- services of their own ---


@blueprint.post(f"{ONE}/services")
@csrf.again(people_pages.show)
def set_services(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Switch connected services on or off for the person."""
    area = enter(company_id, EDITS, write=True)
    person, _ = _target(area, account_id, EDITS)
    form, problems = forms.read(ServicesForm, request.form)
    if form is None:
        return people_pages.show(problems, company_id, account_id)
    try:
        company_role.set_services(area.work, company_id, account_id, form.service)
    except InvalidInput:
        problem = gettext("The company has switched this service off meanwhile. Nothing was changed.")
        return people_pages.show({"service": problem}, company_id, account_id)
    return see_other(done_url(path(area, person), "services"))


# --- suspended, closed, removed ---


@blueprint.get(f"{ONE}/suspension")
def ask_suspension(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """What a suspension does, or its end."""
    return show_suspension({}, company_id, account_id)


def show_suspension(problems: dict[str, str], company_id: UUID, account_id: UUID) -> Response:
    area = enter(company_id, SUSPENDS)
    person, period = _target(area, account_id, SUSPENDS)
    if person.state is State.SUSPENDED:
        title = gettext("Reactivate %(name)s?", name=person.name)
        consequences = [
            gettext("%(name)s can open the products of this company again, at once.", name=person.name),
            gettext("Every role is the one of before."),
        ]
        return _confirm(area, person, period, title, consequences, gettext("Reactivate"), problems, danger=False)
    title = gettext("Suspend %(name)s?", name=person.name)
    consequences = [
        gettext("From now on nothing of this company opens for %(name)s; open products are closed.", name=person.name),
        gettext("Roles and seats are kept, until you reactivate or remove the person."),
        gettext("Their personal account and other companies are not touched."),
    ]
    return _confirm(area, person, period, title, consequences, gettext("Suspend"), problems)


@blueprint.post(f"{ONE}/suspension")
@csrf.again(show_suspension)
def suspend(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Suspend an active member, or reactivate a suspended one."""
    area = enter(company_id, SUSPENDS, write=True)
    person, _ = _target(area, account_id, SUSPENDS)
    form, problems = forms.read(ActForm, request.form)
    if form is None:
        return show_suspension(problems, company_id, account_id)
    suspended = person.state is State.SUSPENDED
    act = membership.resume if suspended else membership.suspend
    try:
        act(area.work, company_id, account_id, seen=_key(form.seen))
    except ChangedMeanwhile:
        return show_suspension({"form": str(MEANWHILE)}, company_id, account_id)
    return see_other(done_url(path(area, person), "resumed" if suspended else "suspended"))


@blueprint.get(f"{ONE}/sessions")
def ask_sessions(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """What closing the sessions does."""
    return show_sessions({}, company_id, account_id)


def show_sessions(problems: dict[str, str], company_id: UUID, account_id: UUID) -> Response:
    area = enter(company_id, ENDS_SESSIONS)
    person = people.get(area.work, company_id, account_id)
    title = gettext("Close the sessions of %(name)s for this company?", name=person.name)
    consequences = [
        gettext("The products of this company are closed for %(name)s on every device, at once.", name=person.name),
        gettext("Roles stay; %(name)s can open the products again with password and code.", name=person.name),
        gettext("Their sessions for other companies go on."),
    ]
    return _confirm(area, person, "", title, consequences, gettext("Close the sessions"), problems)


@blueprint.post(f"{ONE}/sessions")
@csrf.again(show_sessions)
def end_sessions(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Close them."""
    area = enter(company_id, ENDS_SESSIONS, write=True)
    person = people.get(area.work, company_id, account_id)
    form, problems = forms.read(ActForm, request.form)
    if form is None:
        return show_sessions(problems, company_id, account_id)
    membership.end_sessions(area.work, company_id, account_id)
    return see_other(done_url(path(area, person), "sessions"))


@blueprint.get(f"{ONE}/removal")
def ask_removal(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """What a removal does."""
    return show_removal({}, company_id, account_id)


def show_removal(problems: dict[str, str], company_id: UUID, account_id: UUID) -> Response:
    area = enter(company_id, REMOVES, step_up=True)
    person, period = _target(area, account_id, REMOVES)
    title = gettext("Remove %(name)s from %(company)s?", name=person.name, company=area.company.name)
    return _confirm(area, person, period, title, _lost(area, person), gettext("Remove from the company"), problems)


@blueprint.post(f"{ONE}/removal")
@csrf.again(show_removal)
def remove(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Remove the person."""
    area = enter(company_id, REMOVES, write=True, step_up=True)
    _target(area, account_id, REMOVES)
    form, problems = forms.read(ActForm, request.form)
    if form is None:
        return show_removal(problems, company_id, account_id)
    try:
        membership.remove(area.work, company_id, account_id, seen=_key(form.seen))
    except ChangedMeanwhile:
        return show_removal({"form": str(MEANWHILE)}, company_id, account_id)
    return see_other(done_url(area.path("people"), "removed"))


def _lost(area: Area, person: PersonSeen) -> list[str]:
    """What goes with a removal, from when."""
    held = [each for each in person.roles if not each.over]
    products = ", ".join(member_words.product(area.work, each.product) for each in held)
    freed = sum(each.uses_seat for each in held)
    lost = [gettext("Access to this company ends at once, and its open products are closed.")]
    if products:
        lost.append(gettext("The roles in these products are lost: %(products)s.", products=products))
    if freed:
        lost.append(ngettext("%(num)s seat is free again.", "%(num)s seats are free again.", freed))
    if area.company.kind == "firm":
        lost.append(gettext("Every client given to %(name)s is taken back.", name=person.name))
    lost.append(gettext("The personal account of %(name)s and other companies are not touched.", name=person.name))
    lost.append(gettext("This cannot be undone: to come back, the person has to be invited again."))
    return [str(each) for each in lost]


def _target(area: Area, account_id: UUID, permission: str) -> tuple[PersonSeen, str]:
    """The person, if the reader may act on them, and the key of the period that is shown."""
    person = people.get(area.work, area.company_id, account_id)
    held = member(area, account_id)
    acting_on.require_above(area.work, (permission,), held)
    return person, str(membership_period.current(area.work, held) or "")


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return UUID(int=0)  # no period: it is said to have changed


def _confirm(
    area: Area, person: PersonSeen, seen: str, title: str, consequences: list[Any], label: str,
    problems: dict[str, str], *, danger: bool = True,
) -> Response:  # fmt: skip
    return area.page(
        "company/person_act.html",
        problems=problems,
        who=person,
        title=title,
        consequences=consequences,
        label=label,
        danger=danger,
        seen=seen,
        cancel_url=path(area, person),
    )
