"""A person's own account: the page that leads to all there is to see and change; the language of a browser."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from idp.accounts import profile, recovery_contact
from idp.authn import overview as security
from idp.authn.session import Current
from idp.web import csrf, locale, render
from idp.web.pages.continuing import local_path, see_other
from idp.web.render import Person, day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_account", __name__)
csrf.guard(blueprint)


@blueprint.get("/account")
def overview() -> ResponseReturnValue:
    """My account."""
    current = signed_in()
    work = open_work()
    me = person(current)
    groups = [_myself(work, current, me), _security(work, current), _access(me)]
    return page("account/overview.html", account=me, groups=groups)


def _entry(path: str, name: str, detail: str) -> dict[str, str]:
    return {"url": f"/account/{path}", "name": name, "detail": detail}


def _myself(work: Work, current: Current, me: Person) -> dict[str, Any]:
    spoken = locale.described(profile.get(work, current.account_id).locale)
    entries = [
        _entry("details", gettext("My details"), f"{me.display_name} · {spoken}"),
        _entry("email", gettext("Sign-in address"), me.email),
    ]
    return {"name": gettext("About me"), "entries": entries}


def _security(work: Work, current: Current) -> dict[str, Any]:
    held = security.held(work, current.account_id)
    changed = gettext("set on %(date)s", date=day(held.password_at)) if held.password_at else gettext("not set yet")
    factors = []
    if held.app_since:
        factors.append(gettext("app linked since %(date)s", date=day(held.app_since)))
    if held.passkeys:
        factors.append(ngettext("%(num)s passkey", "%(num)s passkeys", held.passkeys))
    linked = " · ".join(factors) or gettext("not linked yet")
    sessions = ngettext("%(num)s session, this one", "%(num)s sessions, this one included", held.sessions)
    entries = [
        _entry("password", gettext("Password"), changed),
        _entry("authenticators", gettext("Authenticators"), linked),
        _entry("contacts", gettext("Recovery contacts"), _contacts(work, current)),
        _entry("sessions", gettext("Sessions and devices"), sessions),
        _entry("history", gettext("Security history"), gettext("what happened with your account, and when")),
    ]
    return {"name": gettext("Sign-in and security"), "entries": entries}


def _contacts(work: Work, current: Current) -> str:
    known = recovery_contact.verified(work, current.account_id)
    return ", ".join(map(recovery_contact.masked, known)) or str(gettext("none yet"))


def _access(me: Person) -> dict[str, Any]:
    entries = [
        _entry("applications", gettext("Connected applications"), gettext("what they may know about you")),
        _entry("access", gettext("My access"), gettext("your roles in each company, and who gave them")),
        {"url": "/companies", "name": gettext("My companies"), "detail": gettext("the pages of each of them")},
        _entry("privacy", gettext("Personal data"), gettext("a copy of it, or erasing this account")),
    ]
    if me.sharing_noticed:
        entries.append(_entry("sharing", gettext("Sharing of the account"), gettext("a notice for you to read")))
    return {"name": gettext("Access and data"), "entries": entries}


@blueprint.post("/language")
def choose_language() -> ResponseReturnValue:
    """Remember a language for this browser: field `set_locale`, and `continue_to` for the page to show in it."""
    answer = see_other(local_path(request.form.get("continue_to")))
    render.remember_language(answer)
    return answer
