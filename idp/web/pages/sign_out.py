"""Signing out of this service, and with it of every product."""

from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from idp.authn import session
from idp.oidc import clients, front_channel, products, uris
from idp.oidc.clients import RegisteredClient
from idp.web import cookies, csrf, locale
from idp.web.pages.continuing import see_other
from idp.web.render import current_session, page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_sign_out", __name__)
csrf.guard(blueprint)
FRAMES_SECONDS = 3


@blueprint.get("/sign-out")
def ask() -> ResponseReturnValue:
    """Say what will end, before it does. Query: `client_id`, of the application that led here; `astray`, whether it
    wanted the browser to go on to where it does not go."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = current_session()
    if current is None:
        return see_other(_done())
    names = [client.name(locale.current()) for client in products.opened(open_work(), current.session_id)]
    return page("logout/confirm.html", problems=problems, products=names, stay_url="/", account=person(current))


@blueprint.post("/sign-out")
@csrf.again(show)
def end() -> ResponseReturnValue:
    """End the session; the outbox tells the products, and those that want it are told in frames of the page."""
    work = open_work(write=True)
    current = current_session()
    frames = front_channel.frames(work, current.session_id, current.sid) if current is not None else ()
    # Whoever loads the page with the frames again finds no session, and the plain page.
    return _left(closed(_back(), None, frames, astray=_astray())) if frames else signed_out(_done())


def signed_out(onward: str) -> Response:
    """Sign out whoever is signed in in this browser, and go on. The view has begun to write."""
    return _left(see_other(onward))


def _left(answer: Response) -> Response:
    current = current_session()
    if current is not None:
        session.end(open_work(), current.session_id, "signed_out")
    for cookie in (cookies.SESSION, cookies.SIGN_IN):
        cookies.drop(answer, cookie)
    csrf.renew()
    return answer


@blueprint.get("/sign-out/done")
def done() -> ResponseReturnValue:
    """It is done. Query: `client_id`, of the application to which a way back is offered; `astray`."""
    return closed(_back(), None, (), astray=_astray())


def closed(
    client: RegisteredClient | None, onward: str | None, frames: tuple[str, ...], *, astray: bool = False
) -> Response:
    """The page of a session that is closed.

    Args:
        client: to which a way back is offered, when it has a page of its own.
        onward: where the browser goes by itself once the frames had their time; an address registered by the client.
        frames: where products close their sessions in this browser.
        astray: whether the browser was to go somewhere and does not, which the page says (RP-Initiated Logout §3, §4).
    """
    answer = page(
        "logout/done.html",
        sign_in_url="/sign-in",
        return_url=onward or (client.home_uri if client else None),
        return_name=client.name(locale.current()) if client else None,
        frames=frames,
        astray=astray,
    )
    answer.frames = tuple(map(uris.page_origin, frames))
    if onward and frames:
        answer.headers["Refresh"] = f"{FRAMES_SECONDS}; url={onward}"
    return answer


def _back() -> RegisteredClient | None:
    return clients.find(open_work(), request.args.get("client_id", ""))


def _astray() -> bool:
    return request.args.get("astray") == "yes"


def _done() -> str:
    """The last page, which offers the way back to the application that led here."""
    client = _back()
    query = {"client_id": client.client_id} if client else {}
    query |= {"astray": "yes"} if _astray() else {}
    return f"/sign-out/done?{urlencode(query)}" if query else "/sign-out/done"
