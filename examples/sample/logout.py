"""Signing out: of this product by the person, and by the service when the session has ended elsewhere."""

import time

from flask import Blueprint, jsonify, redirect, request, session
from werkzeug.wrappers import Response

from examples.sample import texts
from examples.sample.notices import notice
from examples.sample.parts import parts
from examples.sample.sign_in import form_is_ours, own_session
from examples.sample.tokens import LEEWAY, ServiceUnavailable, TokenRefused

views = Blueprint("logout", __name__)


@views.post("/logout")
def logout() -> Response:
    """End the session here first, then at the service (OpenID Connect RP-Initiated Logout)."""
    here = parts()
    signed_in = own_session().signed_in
    if signed_in is None:
        return redirect("/", 303)
    if not form_is_ours():
        return notice("form_stale", 400)
    here.store.restart(own_session())
    if signed_in.refresh_token:
        here.service.revoke(signed_in.refresh_token)
    try:
        here.service.metadata()
        answer: Response = here.service.client.logout_redirect(
            post_logout_redirect_uri=here.config.post_logout_redirect_uri,
            id_token_hint=signed_in.id_token,
            client_id=here.config.client_id,
            ui_locales=texts.language(),
        )
    except (ServiceUnavailable, RuntimeError):
        return notice("signed_out_here_only", 503)
    answer.status_code = 303
    return answer


def came_back() -> bool:
    """Whether this request is the return from the service's sign-out that this browser began."""
    state = request.args.get("state", "")
    framework = parts().service.client.framework
    if framework.get_state_data(session, state) is None:
        return False
    framework.clear_state_data(session, state)
    return True


@views.post("/backchannel-logout")
def backchannel_logout() -> Response:
    """End the sessions a logout token names (OpenID Connect Back-Channel Logout §2.5–2.8).

    No browser is involved: no cookie, no form token. The signature of the token is the authority.
    """
    here = parts()
    tokens = request.form.getlist("logout_token")
    try:
        if len(tokens) != 1:
            raise TokenRefused("exactly one logout_token is expected")
        claims = here.verifier.logout_token(tokens[0])
        if not here.logout_tokens.first_time(claims["jti"], until=claims["exp"] + LEEWAY, now=time.time()):
            raise TokenRefused("this logout token has been used")
    except TokenRefused as refused:
        answer = jsonify(error="invalid_request", error_description=str(refused))
        answer.status_code = 400
    except ServiceUnavailable as unavailable:
        answer = jsonify(error="temporarily_unavailable", error_description=str(unavailable))
        answer.status_code = 503  # the token could not be checked: the service may try again
    else:
        here.store.end(sid=claims.get("sid"), subject=claims.get("sub"), issued_at=claims["iat"])
        answer = jsonify({})
    answer.headers["Cache-Control"] = "no-store"
    return answer
