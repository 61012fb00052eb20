"""The desk of the staff: its first page, and the state of an account (SC32). Reading an account is recorded."""

from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import browser
from idp.authn.session import Current
from idp.companies import account_desk, accountant_guide, subscription_view, support_case, support_desk, support_kind
from idp.companies.errors import CaseOpen
from idp.companies.support_desk import AccountSeen, SignInSeen
from idp.core import texts
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from idp.web import csrf, forms, locale, paging
from idp.web.pages import duty
from idp.web.pages.continuing import address, see_other
from idp.web.render import day, page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_operations", __name__)
csrf.guard(blueprint)

_CASES = "cases of an account"


class LookUpForm(forms.Form):
    """`then`: the page on which the steps to give an accountant access are sent, instead of that of the account."""

    then: Literal["", "guide"] = ""
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]

    says = {"email": forms.EMAIL_PROBLEM}


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=support_case.TEXT_MAX)]


class CaseForm(forms.Form):
    reason: Text
    identity_check: Text


class AddressCaseForm(CaseForm):
    address: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]

    says = {"address": forms.EMAIL_PROBLEM}


FORMS: dict[str, type[CaseForm]] = {"reset-2fa": CaseForm, "reset-all": CaseForm, "change-email": AddressCaseForm}
"""By kind, what is asked where a case is opened from the page of an account."""


@blueprint.get("/operations")
def desk() -> ResponseReturnValue:
    """The desk."""
    current = duty.on_duty()
    work = open_work()
    waiting = support_desk.count(work, state="open")
    open_cases = ngettext("%(num)s is open", "%(num)s are open", waiting)
    entries = [{"name": gettext("Cases"), "url": "/operations/cases", "detail": open_cases}]
    if _holds(support_desk.VIEW):
        found = {"name": gettext("Find an account"), "url": "/operations/accounts"}
        entries.insert(0, {**found, "detail": gettext("its state and its last sign-ins; who looks is recorded")})
    if _holds(subscription_view.STAFF_VIEWS):
        detail = gettext("how those of a company stand; a cancellation that came by letter")
        entries.append({"name": gettext("Subscriptions"), "url": "/operations/subscriptions", "detail": detail})
    return page("operations/desk.html", account=person(current), entries=entries)


@blueprint.get("/operations/accounts")
def ask_address() -> ResponseReturnValue:
    """The form that finds an account."""
    return show_look_up({})


def show_look_up(problems: dict[str, str]) -> Response:
    current = duty.on_duty(support_desk.VIEW)
    return page("operations/find.html", problems=problems, account=person(current))


@blueprint.post("/operations/accounts")
@csrf.again(show_look_up)
def look_up() -> ResponseReturnValue:
    """Find it, and note who looked."""
    open_work(write=True)
    current = duty.on_duty(support_desk.VIEW)
    form, problems = forms.read(LookUpForm, request.form)
    if form is None:
        return show_look_up(problems)
    try:
        found = support_desk.look_up(open_work(), form.email)
    except InvalidInput:
        return show_look_up({"email": str(forms.EMAIL_PROBLEM)})
    except NotFound:
        return show_look_up({"email": gettext("No account signs in with this address.")})
    page_of_it = f"/operations/accounts/{found}{'/accountant-guide' if form.then else ''}"
    return see_other(address(page_of_it, "/", seen=duty.seen(current, found)))


@blueprint.get("/operations/accounts/<uuid:account_id>")
def show_account(account_id: UUID) -> ResponseReturnValue:
    """The state of an account, for a session that has looked it up just now. Query: `seen`, `after`, `before`,
    `done`."""
    current = duty.on_duty(support_desk.VIEW)
    note = request.args.get("seen", "")
    if not duty.has_seen(current, account_id, note):
        return see_other("/operations/accounts")
    work = open_work()
    found, place = support_desk.account(work, account_id), paging.asked(work, _CASES)
    cases = support_desk.cases(work, about=account_id, after=place.after, before=place.before)
    return page(
        "operations/account.html",
        account=person(current),
        found=found,
        facts=_facts(found),
        sign_ins=None if found.sign_ins is None else [_sign_in(each) for each in found.sign_ins],
        cases=[_case_row(case) for case in cases.rows],
        case_pages=paging.around(work, _CASES, cases, section="cases", label=gettext("Cases")),
        kinds=[{"name": duty.kind_name(kind), "url": _case_url(account_id, kind, note)} for kind in _kinds(account_id)],
        guide_url=_guide_url(account_id, note),
        guide_sent=request.args.get("done") == "guide",
        block_url=_block_url(account_id, note),
        blocked=found.status == "blocked",
    )


@blueprint.get("/operations/accounts/<uuid:account_id>/cases/<kind>")
def ask_case(account_id: UUID, kind: str) -> ResponseReturnValue:
    """The form of a new case. Query: `seen`."""
    return show_case_form({}, account_id, kind)


def show_case_form(problems: dict[str, str], account_id: UUID, kind: str, status: int = 200) -> Response:
    current = duty.on_duty(support_desk.VIEW, sure=True)
    if kind not in FORMS:
        raise NotFound(kind="page")
    support_kind.require(open_work(), kind, account_id)
    note = request.args.get("seen", "")
    if not duty.has_seen(current, account_id, note):
        return see_other("/operations/accounts")
    return page(
        "operations/open.html",
        status,
        problems=problems,
        account=person(current),
        found=support_desk.account(open_work(), account_id),
        title=duty.kind_name(kind),
        with_address=FORMS[kind] is AddressCaseForm,
        back_url=address(f"/operations/accounts/{account_id}", "/", seen=note),
    )


@blueprint.post("/operations/accounts/<uuid:account_id>/cases/<kind>")
@csrf.again(show_case_form)
def open_case(account_id: UUID, kind: str) -> ResponseReturnValue:
    """Open it; every contact of the person is told."""
    open_work(write=True)
    current = duty.on_duty(support_desk.VIEW, sure=True)
    if kind not in FORMS:
        raise NotFound(kind="page")
    support_kind.require(open_work(), kind, account_id)
    if not duty.has_seen(current, account_id, request.args.get("seen", "")):
        return see_other("/operations/accounts")
    form, problems = forms.read(FORMS[kind], request.form)
    if form is None:
        return show_case_form(problems, account_id, kind)
    details: dict[str, Any] = {"address": form.address} if isinstance(form, AddressCaseForm) else {}
    try:
        case = support_case.open_case(open_work(), kind, account_id, form.reason, form.identity_check, **details)
    except InvalidInput as error:
        return show_case_form(_problem(error), account_id, kind)
    except CaseOpen as error:
        problem = gettext("There is an open case about this already: %(case)s.", case=error.members.get("case", ""))
        return show_case_form({"form": problem}, account_id, kind, 409)
    except Conflict:
        problem = gettext("The account is blocked by an operator, or erased. Nothing can be set up anew.")
        return show_case_form({"form": problem}, account_id, kind, 409)
    return see_other(f"/operations/cases/{case.id}")


def _case_url(account_id: UUID, kind: str, note: str) -> str:
    return address(f"/operations/accounts/{account_id}/cases/{kind}", "/", seen=note)


def _block_url(account_id: UUID, note: str) -> str | None:
    """Where the account is blocked, or let go on, for who may do that to this one."""
    try:
        account_desk.require(open_work(), account_desk.SUSPENDS, account_id)
    except NotPermitted:
        return None
    return address(f"/operations/accounts/{account_id}/block", "/", seen=note)


def sends_guide(account_id: UUID) -> bool:
    """Whether the actor may send this person the steps to give an accountant access."""
    try:
        account_desk.require(open_work(), accountant_guide.SENDS, account_id)
    except (NotPermitted, NotFound):
        return False
    return True


def _guide_url(account_id: UUID, note: str) -> str | None:
    path = f"/operations/accounts/{account_id}/accountant-guide"
    return address(path, "/", seen=note) if sends_guide(account_id) else None


def _holds(permission: str) -> bool:
    try:
        duty.on_duty(permission)
    except NotPermitted:
        return False
    return True


def _kinds(account_id: UUID) -> list[str]:
    """What the actor may open about this account."""
    able = []
    for kind in FORMS:
        try:
            support_kind.require(open_work(), kind, account_id)
        except NotPermitted:
            continue
        able.append(kind)
    return able


def _problem(error: InvalidInput) -> dict[str, str]:
    if (field := str(error.members.get("field", "form"))) != "email":
        return {field: forms.wanted(field)}
    if error.members.get("reason") == "same":
        return {"address": gettext("This is the address the person signs in with now.")}
    return {"address": forms.email_problem(error.members.get("reason"))}


def _facts(found: AccountSeen) -> list[tuple[str, str]]:
    """The state of an account in words; nothing that signs anybody in."""
    states = {
        "active": gettext("active"),
        "blocked": gettext("blocked: %(reason)s", reason=duty.reason(found.status_reason)),
        "erasure_requested": gettext("will be erased"),
    }
    factors = [
        ngettext("%(num)s authenticator app", "%(num)s authenticator apps", found.apps),
        ngettext("%(num)s passkey", "%(num)s passkeys", found.passkeys),
        ngettext("%(num)s recovery code left", "%(num)s recovery codes left", found.codes_left),
    ]
    paused = found.blocked_until
    return [
        (gettext("Address"), found.address),
        (gettext("State"), states.get(found.status, found.status)),
        (gettext("Erased on"), day(found.erasure_at) if found.erasure_at else ""),
        (gettext("Passwords refused until"), texts.write_moment(paused, locale.current()) if paused else ""),
        (gettext("Language"), locale.described(found.locale)),
        (gettext("Account since"), day(found.created_at)),
        (gettext("Password set"), day(found.password_at) if found.password_at else gettext("never")),
        (gettext("Second factor"), ", ".join(factors)),
        (gettext("Recovery contacts"), ", ".join(masked for _, masked in found.contacts) or gettext("none")),
        (gettext("Owner of"), ", ".join(found.owns)),
        (gettext("Staff"), gettext("one of the people who run this service") if found.is_staff else ""),
    ]


def _sign_in(seen: SignInSeen) -> list[str]:
    ended = gettext("ended") if seen.ended_at else gettext("open")
    return [texts.write_moment(seen.at, locale.current()), browser.label(seen.user_agent), seen.network, ended]


def _case_row(case: support_desk.CaseSeen) -> dict[str, str]:
    return {
        "name": f"{case.reference} – {duty.kind_name(case.kind)}",
        "url": f"/operations/cases/{case.id}",
        "detail": f"{duty.state_name(case.state)} · {day(case.created_at)}",
    }


def whose(current: Current, case: support_desk.CaseSeen) -> str:
    """Who opened a case, as this member of staff reads it."""
    if case.opened_by_id == current.account_id:
        return str(gettext("you"))
    if case.origin == "person" and not case.opened_by:
        return str(gettext("the person"))
    return case.opened_by if case.origin != "system" and case.opened_by else str(gettext("the service"))
