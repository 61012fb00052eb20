"""What a company opens to a firm: confirmed for the first time, changed, and handed over to the next firm (SC24)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import mandate, mandate_change, mandate_list, mandate_scope, mandate_view, preview
from idp.companies.errors import (
    ChangedMeanwhile,
    FirmsFull,
    MandateExists,
    MandateExpired,
    MandateMismatch,
    MandateSelf,
    NotAFirm,
    NotSubscribed,
    RoleNotAssignable,
)
from idp.companies.mandate_scope import Scope
from idp.companies.mandate_view import Seen
from idp.core.errors import Conflict, IdpError, InvalidInput, NotFound, Throttled
from idp.policy import Policies, label_for
from idp.web import csrf, forms, locale, mandate_fields, mandate_words, role_words
from idp.web.mandate_fields import TermsForm
from idp.web.pages.accountants import CHANGES, CONFIRMS, ONE
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.render import day

blueprint = Blueprint("pages_accountant_terms", __name__)
csrf.guard(blueprint)

REFUSED = (Conflict, InvalidInput, NotFound, Throttled, RoleNotAssignable, MandateExpired)
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]


class ConfirmForm(TermsForm):
    email: Address

    says = {"email": forms.EMAIL_PROBLEM}


class ChangeForm(TermsForm):
    """`seen`: the epoch of what was shown; `act`: look at what changes, go back to the form, or save."""

    seen: int
    act: Literal["review", "back", "save"] = "review"


class HandOverForm(forms.Form):
    successor: UUID
    until: str

    says = {}


@blueprint.get(f"{ONE}/confirm")
def answer(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """A firm's request, and the form that says yes to it."""
    return show_answer({}, company_id, mandate_id)


def show_answer(problems: dict[str, str], company_id: UUID, mandate_id: UUID) -> Response:
    area = enter(company_id, CONFIRMS, step_up=True)
    seen = mandate_view.for_company(area.work, company_id, mandate_id)
    if seen.state != "requested" and not problems:
        return see_other(area.path("accountants", mandate_id))
    policies = area.work.policies
    options = mandate_fields.present_options(area.work, company_id)
    return area.page(
        "mandate/confirm.html",
        problems=problems,
        form=forms.typed() or mandate_fields.typed(seen.scope),
        mandate=mandate_words.shown(policies, seen),
        terms=mandate_fields.shown(policies, options, begins=True, temporary=seen.temporary, held=seen.scope),
        back=area.path("accountants", mandate_id),
    )


@blueprint.post(f"{ONE}/confirm")
@csrf.again(show_answer)
def confirm(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Say yes to a firm's request, with the address of the accountant as the company knows it."""
    area = enter(company_id, CONFIRMS, write=True, step_up=True, keep=True)
    form, scope, problems = read(area, ConfirmForm)
    if form is None or scope is None:
        return show_answer(problems, company_id, mandate_id)
    seen = mandate_view.for_company(area.work, company_id, mandate_id)
    if seen.temporary:
        scope = mandate_fields.only_dated(area.work.policies, scope, seen.scope)
    try:
        mandate.confirm(area.work, mandate_id, address=form.email, scope=scope)
    except REFUSED as error:
        return show_answer(problem(area, error), company_id, mandate_id)
    return see_other(f"{area.path('accountants', mandate_id)}?done=confirmed")


@blueprint.get(f"{ONE}/change")
def change_page(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """What the firm may do, to be changed."""
    return show_change({}, company_id, mandate_id)


def show_change(problems: dict[str, str], company_id: UUID, mandate_id: UUID) -> Response:
    area = enter(company_id, CHANGES, step_up=True)
    seen = _live(area, mandate_id)
    if seen is None:
        return see_other(area.path("accountants", mandate_id))
    policies = area.work.policies
    typed = forms.typed()
    options = mandate_fields.present_options(area.work, company_id, seen.scope)
    return area.page(
        "mandate/change.html",
        problems=problems,
        form=typed or mandate_fields.typed(_present(seen)),
        mandate=mandate_words.shown(policies, seen),
        seen=seen.epoch,
        terms=mandate_fields.shown(
            policies, options, begins=_to_begin(area, seen), temporary=seen.temporary, held=seen.scope
        ),
        back=area.path("accountants", mandate_id),
    )


@blueprint.post(f"{ONE}/change")
@csrf.again(show_change)
def change(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Show what a change adds and takes away, or save it."""
    area = enter(company_id, CHANGES, write=True, step_up=True, keep=True)
    where = (company_id, mandate_id)
    form, scope, problems = read(area, ChangeForm)
    seen = _live(area, mandate_id)
    if seen is None or form is None or scope is None:
        return show_change(problems, *where)
    if form.act == "back":
        return show_change({}, *where)
    if seen.temporary:
        scope = mandate_fields.only_dated(area.work.policies, scope, seen.scope)
    try:
        wanted = mandate_scope.checked(area.work, scope)
        if form.seen != seen.epoch:
            raise ChangedMeanwhile()
        if form.act == "review":
            mandate_scope.require_consent(area.work, company_id, set(wanted.options) - set(seen.scope.options))
            return _review(area, seen, form, wanted)
        mandate_change.change(area.work, mandate_id, scope, seen=form.seen)
    except REFUSED as error:
        return show_change(problem(area, error), *where)
    return see_other(f"{area.path('accountants', mandate_id)}?done=changed")


@blueprint.get(f"{ONE}/hand-over")
def hand_over_page(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """To which firm, and how long this one still reads."""
    return show_hand_over({}, company_id, mandate_id)


def show_hand_over(problems: dict[str, str], company_id: UUID, mandate_id: UUID) -> Response:
    area = enter(company_id, CHANGES, step_up=True)
    seen = _live(area, mandate_id)
    if seen is None:
        return see_other(area.path("accountants", mandate_id))
    return area.page(
        "mandate/hand_over.html",
        problems=problems,
        mandate=mandate_words.shown(area.work.policies, seen),
        firms=_next_firms(area, seen),
        invite_url=area.path("accountants", "invite") if area.may("company.mandates.invite") else None,
        back=area.path("accountants", mandate_id),
    )


@blueprint.post(f"{ONE}/hand-over")
@csrf.again(show_hand_over)
def hand_over(company_id: UUID, mandate_id: UUID) -> ResponseReturnValue:
    """Let the next firm take over."""
    area = enter(company_id, CHANGES, write=True, step_up=True, keep=True)
    where = (company_id, mandate_id)
    form, problems = forms.read(HandOverForm, request.form)
    seen = _live(area, mandate_id)
    until = mandate_fields.last_day(form.until, "until", problems) if form is not None else None
    if seen is None or form is None or until is None:
        return show_hand_over(problems, *where)
    if str(form.successor) not in {each["value"] for each in _next_firms(area, seen)}:
        return show_hand_over({"successor": gettext("Choose one of the firms that have access.")}, *where)
    try:
        mandate_change.hand_over(area.work, mandate_id, form.successor, until_at=until)
    except InvalidInput:
        return show_hand_over({"until": gettext("A day after the next firm has begun, please.")}, *where)
    except Conflict as error:
        return show_hand_over(problem(area, error), *where)
    return see_other(f"{area.path('accountants', mandate_id)}?done=handed-over")


def read(area: Area, shape: type[Any]) -> tuple[Any, Scope | None, dict[str, str]]:
    """A form with the fields of a scope: its model and the scope, or what is wrong."""
    sent, levels = mandate_fields.split(area.work.policies, request.form)
    form, problems = forms.read(shape, sent)
    if form is None:
        return None, None, problems
    scope, problems = mandate_fields.scope(area.work.policies, form, levels)
    return form, None if problems else scope, problems


def problem(area: Area, error: IdpError) -> dict[str, str]:
    """What is wrong, at the field that can mend it."""
    known = area.work.policies.mandate_errors
    match error:
        case NotAFirm() | MandateMismatch() | MandateSelf() | MandateExists():
            code = error.code if error.code in known else MandateExists.code
            return {"email": label_for(known[code].label, locale.current())}
        case MandateExpired():
            return {"form": label_for(known[error.code].label, locale.current())}
        case Throttled():
            minutes = max(1, int(error.members.get("retry_after", 60)) // 60)
            return {"email": ngettext(
                "Too many addresses were typed. Please try again in %(num)s minute.",
                "Too many addresses were typed. Please try again in %(num)s minutes.", minutes,
            )}  # fmt: skip
        case FirmsFull():
            return {"form": gettext("Your company has as many firms as it can have. End one of them first.")}
        case NotSubscribed():
            return {"preset": gettext("Your company uses none of these products at the moment.")}
        case RoleNotAssignable():
            return {"option": gettext("Only the account owner can open this.")}
        case ChangedMeanwhile():
            return {"form": gettext("Somebody else changed this meanwhile. What you see below is what you had typed.")}
    field = str(error.members.get("field", "form"))
    if field == "email":
        return {"email": forms.email_problem(error.members.get("reason"))}
    if field == "firm":
        return {"firm": gettext("This person works for several firms. Choose the one you mean.")}
    told = mandate_fields.problem(area.work.policies, error) if isinstance(error, InvalidInput) else {}
    return told or {"form": gettext("This has been answered or ended meanwhile.")}


def _live(area: Area, mandate_id: UUID) -> Seen | None:
    """A mandate that works and is not being handed over; None for another one of the company's, whose own page says
    what can be done."""
    seen = mandate_view.for_company(area.work, area.company_id, mandate_id)
    works = seen.state in ("active", "suspended") and seen.view_from_at is None
    return seen if works else None


def _present(seen: Seen) -> Scope:
    """The scope that works now, with the beginning that is to come."""
    scope = seen.scope
    return Scope(scope.preset, scope.options, scope.lowered, seen.begins_at, scope.until_at, scope.yearly)


def _to_begin(area: Area, seen: Seen) -> bool:
    return seen.begins_at is not None and seen.begins_at > area.work.now


def _review(area: Area, seen: Seen, form: ChangeForm, wanted: Scope) -> Response:
    """What the change adds and takes away, before it is saved."""
    policies = area.work.policies
    changes = _changes(policies, seen.scope, wanted)
    sent, levels = mandate_fields.split(policies, request.form)
    dates = _dates(policies, seen, wanted, begins=_to_begin(area, seen))
    return area.page(
        "mandate/review.html",
        mandate=mandate_words.shown(policies, seen),
        now=mandate_words.access(policies, seen.scope),
        then=mandate_words.access(policies, wanted),
        changes=changes,
        dates=dates,
        changed=bool(changes or dates) or mandate_scope.kept(seen.scope) != mandate_scope.kept(wanted)
        or (seen.scope.preset, seen.scope.options) != (wanted.preset, wanted.options),
        kept=[*mandate_fields.sent(form, levels), ("seen", form.seen)],
        back=area.path("accountants", seen.id),
    )  # fmt: skip


def _changes(policies: Policies, before: Scope, after: Scope) -> list[dict[str, Any]]:
    """By product, what the firm's people can be given in the future and could not, or no longer."""
    language = locale.current()
    old, new = mandate_scope.opened(policies, before), mandate_scope.opened(policies, after)
    found = []
    for product in policies.products:
        if old.get(product) != new.get(product):
            parts = [preview.listed(policies, product, each.get(product, ()), language) for each in (old, new)]
            change = role_words.changes(preview.difference(policies, *parts))
            label = label_for(policies.products[product].label, language)
            found.append({"label": label, "change": change, "gone": product not in new, "new": product not in old})
    return found


def _dates(policies: Policies, seen: Seen, wanted: Scope, *, begins: bool) -> list[tuple[str, str, str]]:
    """What changes of the dates: (what, before, after)."""
    before, after = (mandate_words.end_of(policies, each) for each in (seen.scope, wanted))
    found = [(gettext("Ends"), before, after)] if before != after else []
    if begins and seen.begins_at != wanted.starts_at:
        later = day(wanted.starts_at) if wanted.starts_at else gettext("now")
        found.append((gettext("Begins on"), day(seen.begins_at) if seen.begins_at else "", later))
    return found


def _next_firms(area: Area, seen: Seen) -> list[dict[str, str]]:
    """The other firms that have access, to choose from."""
    current = mandate_list.present(area.work, area.company_id)
    return [
        {"value": str(each.id), "label": each.firm, "hint": _begins(area, each)}
        for each in current
        if each.id != seen.id and each.state == "active" and each.view_from_at is None and not each.temporary
    ]


def _begins(area: Area, seen: Seen) -> str:
    if seen.begins_at is None:
        return ""
    date = day(seen.begins_at)
    future = _to_begin(area, seen)
    return str(gettext("from %(date)s on", date=date) if future else gettext("since %(date)s", date=date))
