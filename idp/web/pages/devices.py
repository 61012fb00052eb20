"""A person's sessions and trusted browsers: seen, and ended after a fresh proof (R-49, SGN-08)."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.authn import devices
from idp.authn.devices import OpenSession, TrustedBrowser
from idp.companies import access
from idp.oidc import products
from idp.oidc.clients import RegisteredClient
from idp.web import cookies, csrf, locale
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.render import moment, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_devices", __name__)
csrf.guard(blueprint)

LIST = "/account/sessions"


@blueprint.get(LIST)
def overview() -> ResponseReturnValue:
    """The list. Query: `done` says what was just done."""
    current = signed_in()
    work = open_work()
    reached = products.reached(work, current.account_id)
    found = devices.sessions(work, current.account_id, reached)
    offered = access.trusted_devices_allowed(work, current.account_id)
    return page(
        "account/sessions.html",
        account=person(current),
        done=_done(request.args.get("done", "")),
        own=[_row(each, reached, own=True) for each in found if each.id == current.session_id],
        others=[_row(each, reached) for each in found if each.live and each.id != current.session_id],
        lasting=[_row(each, reached) for each in found if not each.live and each.id != current.session_id],
        trusted=[_trusted(each) for each in devices.trusted(work, current.account_id)] if offered else [],
        trust_offered=offered,
        trust_days=work.policies.trusted_device_lifetime.days,
    )


@blueprint.get(f"{LIST}/<uuid:session_id>/end")
def ask_end(session_id: UUID) -> ResponseReturnValue:
    """What ending one session will do."""
    return show_end({}, session_id)


def show_end(problems: dict[str, str], session_id: UUID) -> Response:
    current = fresh()
    work = open_work()
    found = devices.get(work, current.account_id, session_id)
    return _confirm(
        problems,
        gettext("Close the session on %(device)s?", device=_named(found.device)),
        [gettext("it can no longer be used, here or in a product"), *_products(work, current.account_id, session_id)],
        gettext("Close this session"),
        facts=[(gettext("Last used"), moment(found.last_seen_at)), (gettext("Signed in"), moment(found.started_at))],
    )


@blueprint.post(f"{LIST}/<uuid:session_id>/end")
@csrf.again(show_end)
def end(session_id: UUID) -> ResponseReturnValue:
    """End it; the outbox tells the products."""
    open_work(write=True)
    current = fresh()
    work = open_work()  # by this person from here on
    devices.end(work, current.account_id, session_id)
    return see_other(f"{LIST}?done=session")


@blueprint.get(f"{LIST}/others")
def ask_end_others() -> ResponseReturnValue:
    """What ending all other sessions will do."""
    return show_end_others({})


def show_end_others(problems: dict[str, str]) -> Response:
    fresh()
    return _confirm(
        problems,
        gettext("Close all other sessions?"),
        [
            gettext("every session but the one you are in is closed, in all products"),
            gettext("browsers you trust stay trusted: there, the password is enough"),
        ],
        gettext("Close the others"),
    )


@blueprint.post(f"{LIST}/others")
@csrf.again(show_end_others)
def end_others() -> ResponseReturnValue:
    """End them."""
    open_work(write=True)
    current = fresh()
    work = open_work()  # by this person from here on
    devices.end_others(work, current.account_id, current.session_id)
    return see_other(f"{LIST}?done=others")


@blueprint.get(f"{LIST}/everywhere")
def ask_end_everything() -> ResponseReturnValue:
    """What signing out everywhere will do."""
    return show_end_everything({})


def show_end_everything(problems: dict[str, str]) -> Response:
    fresh()
    return _confirm(
        problems,
        gettext("Sign out everywhere?"),
        [
            gettext("every session is closed, in all products, this one included"),
            gettext("no browser is trusted any more: each asks for a code again"),
        ],
        gettext("Sign out everywhere"),
    )


@blueprint.post(f"{LIST}/everywhere")
@csrf.again(show_end_everything)
def end_everything() -> ResponseReturnValue:
    """End every session and every trust."""
    open_work(write=True)
    current = fresh()
    work = open_work()  # by this person from here on
    devices.end_everything(work, current.account_id)
    answer = see_other("/sign-out/done")
    for cookie in (cookies.SESSION, cookies.SIGN_IN):  # others may share the cookie of the browser
        cookies.drop(answer, cookie)
    csrf.renew()
    return answer


@blueprint.get(f"{LIST}/trusted/<uuid:trusted_id>/forget")
def ask_forget(trusted_id: UUID) -> ResponseReturnValue:
    """What withdrawing the trust in a browser will do."""
    return show_forget({}, trusted_id)


def show_forget(problems: dict[str, str], trusted_id: UUID) -> Response:
    current = fresh()
    found = devices.get_trusted(open_work(), current.account_id, trusted_id)
    return _confirm(
        problems,
        gettext("Stop trusting %(device)s?", device=_named(found.device)),
        [gettext("a code is asked there at the next sign-in"), gettext("sessions that are open there stay open")],
        gettext("Stop trusting it"),
        facts=[(gettext("Trusted since"), moment(found.since)), (gettext("Last used"), moment(found.last_used_at))],
    )


@blueprint.post(f"{LIST}/trusted/<uuid:trusted_id>/forget")
@csrf.again(show_forget)
def forget(trusted_id: UUID) -> ResponseReturnValue:
    """Withdraw it."""
    open_work(write=True)
    current = fresh()
    work = open_work()  # by this person from here on
    devices.forget(work, current.account_id, trusted_id)
    return see_other(f"{LIST}?done=trusted")


# --- what they share ---


def _confirm(
    problems: dict[str, str], title: str, consequences: list[str], label: str, facts: list[Any] | None = None
) -> Response:
    return page(
        "account/session_end.html",
        problems=problems,
        account=person(signed_in()),
        title=title,
        consequences=consequences,
        label=label,
        facts=facts or [],
        back_url=LIST,
    )


def _done(what: str) -> str | None:
    return {
        "session": gettext("The session is closed, and its products were told."),
        "others": gettext("All other sessions are closed, and their products were told."),
        "trusted": gettext("That browser is no longer trusted: a code is asked there."),
    }.get(what)


def _row(found: OpenSession, reached: dict[UUID, list[RegisteredClient]], *, own: bool = False) -> dict[str, Any]:
    names = [client.name(locale.current()) for client in reached.get(found.id, [])]
    return {
        "name": _named(found.device),
        "place": found.place or found.network,
        "used": moment(found.last_seen_at),
        "since": moment(found.started_at),
        "products": ", ".join(names),
        "end_url": "/sign-out" if own else f"{LIST}/{found.id}/end",
    }


def _trusted(found: TrustedBrowser) -> dict[str, Any]:
    return {
        "name": _named(found.device),
        "used": moment(found.last_used_at),
        "until": moment(found.until),
        "end_url": f"{LIST}/trusted/{found.id}/forget",
    }


def _named(device: str) -> str:
    return device if device != "?" else str(gettext("a browser we do not know"))


def _products(work: Work, account_id: UUID, session_id: UUID) -> list[str]:
    names = [client.name(locale.current()) for client in products.reached(work, account_id).get(session_id, [])]
    return [gettext("these products are told and sign it out: %(names)s", names=", ".join(names))] if names else []
