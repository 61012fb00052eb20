"""The first steps of a company that has its owner: users, connected services, the end (SC10 to SC12).

Each page first sends its visitor to the step that is really due, so whoever left finds it again. Once they are finished
every address of theirs leads to the last page.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints, create_model
from werkzeug.wrappers import Response

from idp.companies import first_steps, onboarding, service, subscription
from idp.companies.errors import (
    AlreadyInvited,
    AlreadyMember,
    ExtraCostUnconfirmed,
    FirstUserRefused,
    NotOnYourself,
    NotSubscribed,
    RoleNotAssignable,
    RoleNotOffered,
    SeatLimitReached,
)
from idp.companies.first_steps import Progress
from idp.core import texts
from idp.core.errors import InvalidInput
from idp.oidc import products
from idp.policy import label_for
from idp.web import csrf, forms, locale
from idp.web.pages import first_steps_words, journey
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import downloads, see_other

blueprint = Blueprint("pages_first_steps", __name__)
csrf.guard(blueprint)

HERE = "/companies/<uuid:company_id>/get-started"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Role = Annotated[str, StringConstraints(max_length=128)]
Answer = Literal["on", "later", "off"]


class PersonForm(forms.Form):
    given_name: Name
    family_name: Name
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    locale: Annotated[str, StringConstraints(max_length=20)]
    extra_cost: Literal["yes", ""] = ""

    says = {"email": forms.EMAIL_PROBLEM}


class DecisionForm(forms.Form):
    answer: Literal["done", "later"]


class NothingForm(forms.Form):
    """A button."""


class Elsewhere(Exception):
    """Another step is due; `answer` leads there."""

    def __init__(self, answer: Response) -> None:
        super().__init__("another step is due")
        self.answer = answer


blueprint.register_error_handler(Elsewhere, lambda error: error.answer)


@blueprint.get(HERE)
def resume(company_id: UUID) -> ResponseReturnValue:
    """Go on where the first steps were left."""
    area = enter(company_id, first_steps.INVITES)
    return see_other(area.path("get-started", _progress(area).next))


# --- users ---


@blueprint.get(f"{HERE}/users")
def users(company_id: UUID) -> ResponseReturnValue:
    """Who else is to use the software."""
    return show_users({}, company_id)


def show_users(problems: dict[str, str], company_id: UUID, *, cost: bool = False) -> Response:
    area = enter(company_id, first_steps.INVITES)
    progress = _due(area, first_steps.USERS)
    listed = first_steps.users(area.work, company_id)
    places = first_steps.places(area.work, company_id)
    typed = forms.typed()
    return _page(
        area,
        progress,
        "first_steps/users.html",
        1,
        problems=problems,
        form=typed or {"locale": area.company.locale},
        listed=[first_steps_words.person(area.work, each) for each in listed],
        places=first_steps_words.places(area.work, places),
        fields=_role_fields(area, {each.product: each.next for each in places}),
        cost=cost or typed.get("extra_cost") == "yes",
        languages=[{"value": each, "label": first_steps_words.language(each)} for each in _locales(area)],
        decide_url=area.path("get-started", "users", "decided"),
        remove_url=area.path("get-started", "users"),
    )


@blueprint.post(f"{HERE}/users")
@csrf.again(show_users)
def add_user(company_id: UUID) -> ResponseReturnValue:
    """Put somebody on the list; nobody is written to before the end."""
    area = enter(company_id, first_steps.INVITES, write=True)
    _due(area, first_steps.USERS)
    names = {first_steps_words.role_field(product): product for product in first_steps.choices(area.work, company_id)}
    fields: dict[str, Any] = dict.fromkeys(names, (Role, ""))
    model: Any = create_model("WithRoles", __base__=PersonForm, **fields)
    form, problems = forms.read(model, request.form)
    if form is None:
        return show_users(problems, company_id)
    roles = {product: getattr(form, name) for name, product in names.items() if getattr(form, name)}
    try:
        first_steps.list_user(
            area.work,
            company_id,
            given_name=form.given_name,
            family_name=form.family_name,
            address=form.email,
            locale=form.locale,
            roles=roles,
            extra_cost=form.extra_cost == "yes",
        )
    except ExtraCostUnconfirmed as error:
        return show_users(first_steps_words.role_problem(error, area.work), company_id, cost=True)
    except (InvalidInput, AlreadyInvited, AlreadyMember, NotOnYourself) as error:
        return show_users(first_steps_words.person_problem(error, next(iter(names), "form")), company_id)
    except (SeatLimitReached, RoleNotOffered, RoleNotAssignable, NotSubscribed) as error:
        return show_users(first_steps_words.role_problem(error, area.work), company_id)
    return see_other(area.path("get-started", "users"))


@blueprint.post(f"{HERE}/users/<uuid:listed_id>/remove")
def remove_user(company_id: UUID, listed_id: UUID) -> ResponseReturnValue:
    """Take somebody off the list."""
    area = enter(company_id, first_steps.INVITES, write=True)
    first_steps.unlist_user(area.work, company_id, listed_id)
    return see_other(area.path("get-started", "users"))


@blueprint.post(f"{HERE}/users/decided")
@csrf.again(show_users)
def decide_users(company_id: UUID) -> ResponseReturnValue:
    """Go on: the list is complete, or left for later."""
    area = enter(company_id, first_steps.INVITES, write=True)
    form, problems = forms.read(DecisionForm, request.form)
    if form is None:
        return show_users(problems, company_id)
    first_steps.users_decided(area.work, company_id, later=form.answer == "later")
    return _onward(area)


# --- connected services ---


@blueprint.get(f"{HERE}/services")
def services(company_id: UUID) -> ResponseReturnValue:
    """Which connected services are on."""
    return show_services({}, company_id)


def show_services(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, service.ACTIVATES)
    progress = _due(area, first_steps.SERVICES)
    offered = service.offered(area.work, company_id)
    return _page(
        area,
        progress,
        "first_steps/services.html",
        2 if progress.users else 1,
        problems=problems,
        services=[first_steps_words.service(area.work, each) for each in offered],
    )


@blueprint.post(f"{HERE}/services")
@csrf.again(show_services)
def choose_services(company_id: UUID) -> ResponseReturnValue:
    """Turn them on or off, or leave them for later."""
    area = enter(company_id, service.ACTIVATES, write=True)
    _due(area, first_steps.SERVICES)
    offered = service.offered_ids(area.work, company_id)
    fields = {first_steps_words.service_field(each): each for each in offered}
    shape: dict[str, Any] = dict.fromkeys(fields, (Answer, "later"))
    model: Any = create_model("Services", __base__=forms.Form, **shape)
    form, problems = forms.read(model, request.form)
    if form is None:
        return show_services(problems, company_id)
    states = {"on": True, "off": False, "later": None}
    wanted = {each: states[getattr(form, name)] for name, each in fields.items()}
    first_steps.services_decided(area.work, company_id, wanted)
    return _onward(area)


# --- the end ---


@blueprint.get(f"{HERE}/summary")
def summary(company_id: UUID) -> ResponseReturnValue:
    """What will happen, before it does."""
    return show_summary({}, company_id)


def show_summary(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, first_steps.INVITES)
    progress = _due(area, first_steps.SUMMARY)
    listed = first_steps.users(area.work, company_id)
    return _page(
        area,
        progress,
        "first_steps/summary.html",
        len(_names(progress)),
        problems=problems,
        listed=[first_steps_words.person(area.work, each) for each in listed],
        extra=sum(each.extra_cost for each in listed),
        services=[first_steps_words.service(area.work, each) for each in service.offered(area.work, company_id)],
        users_url=area.path("get-started", "users"),
        services_url=area.path("get-started", "services") if progress.services else None,
    )


@blueprint.post(f"{HERE}/summary")
@csrf.again(show_summary)
def finish(company_id: UUID) -> ResponseReturnValue:
    """Invite everybody on the list, and end the first steps."""
    area = enter(company_id, first_steps.INVITES, write=True)
    _due(area, first_steps.SUMMARY)
    form, problems = forms.read(NothingForm, request.form)
    if form is None:
        return show_summary(problems, company_id)
    try:
        first_steps.finish(area.work, company_id)
    except FirstUserRefused as error:
        area.work.session.rollback()
        return show_summary({"form": first_steps_words.refused(error)}, company_id)
    return see_other(area.path("get-started", "done"))


@blueprint.get(f"{HERE}/done")
def done(company_id: UUID) -> ResponseReturnValue:
    """What was done, and the products."""
    area = enter(company_id, first_steps.INVITES)
    progress = _progress(area)
    if progress.next != first_steps.DONE:
        return see_other(area.path("get-started", progress.next))
    places = products.places(area.work)
    return _page(
        area,
        progress,
        "first_steps/done.html",
        len(_names(progress)),
        invited=first_steps_words.invited(area.work, company_id),
        services=[first_steps_words.service(area.work, each) for each in service.offered(area.work, company_id)],
        tiles=first_steps_words.tiles(area.work, area.current.account_id, company_id, places.homes),
        downloads=downloads(area.work, places, subscription.usable(area.work, company_id)),
        products=texts.write_list(
            onboarding.subscribed_labels(area.work, company_id, locale.current()), locale.current()
        ),
        later=[
            each
            for each, state in ((gettext("Users"), progress.users), (gettext("Connected services"), progress.services))
            if state == "later"
        ],  # fmt: skip
        home_url=area.path(),
    )


# --- from one step to the next ---


def _progress(area: Area) -> Progress:
    """How far the company has come.

    Raises:
        Elsewhere: it takes no first steps; its own page is the place to be.
    """
    found = first_steps.progress(area.work, area.company_id)
    if found is None:
        raise Elsewhere(see_other(area.path()))
    return found


def _due(area: Area, step: str) -> Progress:
    """The progress, when this step may be taken: it is the one that is due, or one of before that can be changed.

    Raises:
        Elsewhere: another one is due.
    """
    progress = _progress(area)
    open_to_change = {
        first_steps.USERS: progress.users is not None,
        first_steps.SERVICES: progress.services is not None and progress.users != "due",
        first_steps.SUMMARY: progress.next == first_steps.SUMMARY,
    }
    if progress.finished or not open_to_change[step]:
        raise Elsewhere(see_other(area.path("get-started", progress.next)))
    return progress


def _onward(area: Area) -> Response:
    """The next step; where nobody is to be invited there is nothing to be agreed to at the end."""
    progress = _progress(area)
    if progress.next == first_steps.SUMMARY and not progress.listed:
        first_steps.finish(area.work, area.company_id)
        progress = _progress(area)
    return see_other(area.path("get-started", progress.next))


def _names(progress: Progress) -> list[str]:
    return journey.own_names(progress.users is not None, progress.services is not None)


def _page(area: Area, progress: Progress, template: str, number: int, **context: Any) -> Response:
    """A page of the first steps: it says where one is among them."""
    names = _names(progress)
    if progress.made_account:
        names = journey.names(progress.users is not None, progress.services is not None)
        number += journey.ACCOUNT
    return area.page(template, journey=names, step=number, **context)


def _locales(area: Area) -> tuple[str, ...]:
    return area.work.policies.account.locales


def _role_fields(area: Area, coming: dict[str, str]) -> list[dict[str, Any]]:
    """A list of roles for each product; where no seat is left only roles without one."""
    language = locale.current()
    full = {product for product, next_ in coming.items() if next_ == SeatLimitReached.code}
    hints = {
        SeatLimitReached.code: gettext("Every seat is taken."),
        ExtraCostUnconfirmed.code: gettext("Every seat of the plan is taken: one more is charged extra."),
    }
    found = []
    for product, roles in first_steps.choices(area.work, area.company_id).items():
        offered = [role for role in roles if not role.seat or product not in full]
        found.append(
            {
                "name": first_steps_words.role_field(product),
                "label": label_for(area.work.policies.products[product].label, language),
                "hint": hints.get(coming.get(product, ""), ""),
                "choices": [
                    {"value": "", "label": gettext("No access")},
                    *({"value": role.id, "label": label_for(role.label, language)} for role in offered),
                ],
            }
        )
    return found
