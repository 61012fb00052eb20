"""Logout endpoint (OIDC RP-Initiated Logout §2)."""

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from idp.authn import session
from idp.oidc import front_channel, logout
from idp.oidc.errors import ProtocolError
from idp.oidc.server import once
from idp.web import cookies, locale, render
from idp.web.oauth import parameters
from idp.web.pages import sign_out
from idp.web.work import open_work

blueprint = Blueprint("end_session", __name__)


@blueprint.route("/oauth/logout", methods=["GET", "POST"])
def end_session() -> BaseResponse:
    """End the session that the ID token names and go back; without one, ask the person first."""
    work = open_work(write=True)
    sent = once(parameters.of_request())
    asked = logout.understand(work, sent)
    locale.go_along_with(sent.get("ui_locales", ""))
    current = render.current_session()
    ours = current is not None and (asked.sid == current.sid or asked.subject == current.subject)
    if asked.sid is None or (current is not None and not ours):
        query = {"client_id": asked.client.client_id} if asked.client else {}
        query |= {"astray": "yes"} if asked.astray else {}
        return redirect(f"/sign-out?{urlencode(query)}" if query else "/sign-out", 303)
    ended = {session_id: asked.sid} if (session_id := logout.session_named(work, asked.sid)) is not None else {}
    if current is not None:
        ended[current.session_id] = current.sid
    frames: tuple[str, ...] = ()
    for key, sid in ended.items():
        frames += front_channel.frames(work, key, sid)
        session.end(work, key, "signed_out")
    response: BaseResponse
    if asked.redirect and not frames:
        response = redirect(asked.redirect, 303)
    else:
        response = sign_out.closed(asked.client, asked.redirect, frames, astray=asked.astray)
    cookies.drop(response, cookies.SESSION)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(ProtocolError)
def malformed(problem: ProtocolError) -> Response:
    """A parameter is repeated or unreadable: nothing is ended, nobody is redirected, and the person can still leave."""
    return render.page(
        "errors/oauth.html",
        status=400,
        heading=gettext("We could not sign you out"),
        error=problem.error,
        description=problem.description,
        client_name=None,
        facts=[],
        reference=None,
        ways=[{"label": gettext("Sign out"), "url": "/sign-out"}, {"label": gettext("See my products"), "url": "/"}],
    )
