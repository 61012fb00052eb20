"""Logout endpoint (OIDC RP-Initiated Logout §2)."""

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from idp.authn import session
from idp.oidc import logout
from idp.oidc.errors import ProtocolError
from idp.oidc.server import once
from idp.web import cookies, render
from idp.web.work import open_work

blueprint = Blueprint("end_session", __name__)


@blueprint.route("/oauth/logout", methods=["GET", "POST"])
def end_session() -> BaseResponse:
    """End the session that the ID token names and go back; without one, ask the person first."""
    work = open_work(write=True)
    pairs = request.form if request.method == "POST" else request.args
    asked = logout.understand(work, once(pairs.items(multi=True)))
    current = render.current_session()
    ours = current is not None and (asked.sid == current.sid or asked.subject == current.subject)
    if asked.sid is None or (current is not None and not ours):
        return redirect("/sign-out", 303)
    session_id = logout.session_named(work, asked.sid)
    if session_id is not None:
        session.end(work, session_id, "signed_out")
    if current is not None and current.session_id != session_id:
        session.end(work, current.session_id, "signed_out")
    response: BaseResponse
    if asked.redirect:
        response = redirect(asked.redirect, 303)
    else:
        response = render.page("logout/done.html", sign_in_url="/sign-in", return_url=None, return_name=None)
    cookies.drop(response, cookies.SESSION)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(ProtocolError)
def malformed(problem: ProtocolError) -> Response:
    """A parameter is repeated or unreadable: nothing is ended, nobody is redirected."""
    return render.page(
        "errors/oauth.html",
        status=400,
        error=problem.error,
        description=problem.description,
        client_name=None,
        facts=[],
        reference=None,
        ways=[{"label": gettext("See my products"), "url": "/"}],
    )
