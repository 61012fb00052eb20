"""Signing in, coming back, staying signed in and changing company.

The authorization code flow with PKCE (S256), `state` and `nonce` is Authlib's. Four things are added here, because a
product needs them and Authlib leaves them to it: the issuer of the answer is compared (RFC 9207), the tokens that
came are checked as this product's own, the session gets a new cookie, and a refresh happens before the access token
ends.
"""

import re
import secrets
import time
from typing import Any

import requests
from authlib.integrations.flask_client import OAuthError
from flask import Blueprint, g, redirect, request, session
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from examples.sample import texts
from examples.sample.notices import notice
from examples.sample.parts import parts
from examples.sample.permissions import Access
from examples.sample.service import RefreshRefused
from examples.sample.session import ProductSession, SignedIn, form_token_is_right
from examples.sample.tokens import AccessOutdated, ServiceUnavailable, TokenRefused

views = Blueprint("sign_in", __name__)

MOST_PENDING = 8
_COMPANY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NEXT = "next_after_"
_PROOF = "proof_asked_in_"


class SignInNeeded(Exception):
    """Nobody is signed in here; the person is sent to the service and comes back to the same page."""


@views.get("/login")
def login() -> Response:
    """Start signing in. `next` is a page of this product, `company` the one to work in, both optional."""
    company = request.args.get("company", "")
    extra = {"company": company} if _COMPANY.fullmatch(company) else {}
    return start(request.args.get("next", "/"), **extra)


@views.get("/switch")
def choose_company() -> Response:
    """Let the service show its company chooser. The person is not asked to sign in again."""
    return start("/", prompt="select_account")


def start(next_page: str, **extra: str) -> Response:
    """Send the browser to the authorization endpoint."""
    here = parts()
    here.service.metadata()
    state = secrets.token_urlsafe(24)
    _forget_oldest_attempts()
    session[_NEXT + state] = next_page if is_own_page(next_page) else "/"
    if "acr_values" in extra:
        session[_PROOF + state] = True
    # 303, and GET at the service, whatever method brought the person here.
    answer = here.service.client.authorize_redirect(
        here.config.redirect_uri,
        state=state,
        resource=here.config.resource,  # RFC 8707: which product the access token is for
        ui_locales=texts.language(),
        **extra,
    )
    answer.status_code = 303
    return _plain(answer)


@views.get("/callback")
def callback() -> Response:
    """The answer of the authorization endpoint: a code, or an error with a reason."""
    here = parts()
    state = request.args.get("state", "")
    # RFC 9207 §2.4, and before anything else is believed: an answer of another issuer is a mix-up attack.
    if request.args.getlist("iss") != [here.config.issuer]:
        return notice("answer_not_ours", 400)
    framework = here.service.client.framework
    if framework.get_state_data(session, state) is None:
        return notice("attempt_unknown", 400)
    next_page, proof_asked = session.pop(_NEXT + state, "/"), session.pop(_PROOF + state, False)
    if "error" in request.args:
        framework.clear_state_data(session, state)
        return _refusal(next_page)
    try:
        # RFC 8707 §2.2: the same resource as in the authorization request.
        token = here.service.client.authorize_access_token(
            resource=here.config.resource,
            claims_options={
                "iss": {"essential": True, "value": here.config.issuer},
                "aud": {"essential": True, "value": here.config.client_id},
            },
        )
        signed_in = accept(token)
    except requests.RequestException as error:
        raise ServiceUnavailable("the token endpoint does not answer") from error
    except (OAuthError, JoseError, TokenRefused, ValueError):
        return notice("attempt_failed", 400)
    signed_in.proved_again_at = time.time() if proof_asked else 0.0
    if not here.store.sign_in(own_session(), signed_in):
        return notice("session_ended", 400)
    return redirect(next_page, 303)


def accept(token: dict[str, Any]) -> SignedIn:
    """Check the tokens of a sign-in.

    Raises:
        TokenRefused: one of them is missing, or is not for this product and this person.
    """
    verifier = parts().verifier
    identity = verifier.id_token(token.get("id_token"))
    access = verifier.access_token(token.get("access_token"))
    if access["sub"] != identity["sub"]:
        raise TokenRefused("the two tokens are about different people")
    return SignedIn(
        id_token=token["id_token"],
        identity=identity,
        access_token=token["access_token"],
        access=access,
        refresh_token=token.get("refresh_token"),
    )


def required() -> tuple[SignedIn, Access]:
    """Who is signed in and what is open to them now, with tokens renewed where needed.

    Raises:
        SignInNeeded: nobody is signed in, or the tokens have ended and none can be had without the person.
        RefreshRefused: the service gives this person no access here any more.
        ServiceUnavailable: it does not answer and the tokens here are over.
    """
    here = parts()
    signed_in = own_session().signed_in
    if signed_in is None:
        raise SignInNeeded
    keep_fresh(signed_in)
    try:
        access = here.gate.access(signed_in.access)
    except AccessOutdated:  # the API has seen newer rights than this session holds
        renew(signed_in, had=signed_in.access_token)
        access = here.gate.access(signed_in.access)
    g.signed_in, g.access = signed_in, access  # what the page around shows: company, person, menu
    return signed_in, access


def keep_fresh(signed_in: SignedIn) -> None:
    """Renew the access token when its last minute (`SAMPLE_REFRESH_BEFORE`) has begun."""
    had, left = signed_in.access_token, signed_in.access["exp"] - time.time()
    if left > parts().config.refresh_before:
        return
    try:
        renew(signed_in, had=had)
    except ServiceUnavailable:
        if left <= 0:
            raise


def renew(signed_in: SignedIn, *, had: str | None = None, company: str | None = None) -> None:
    """Get new tokens for this session.

    Args:
        had: the access token the caller found wanting; when another request has replaced it meanwhile, that is enough.
        company: the company to change to; None keeps the present one.
    """
    here = parts()
    with signed_in.lock:
        if had is not None and signed_in.access_token != had:
            return
        if signed_in.refresh_token is None:
            raise SignInNeeded
        token = here.service.refresh(signed_in.refresh_token, company=company)
        try:
            access = here.verifier.access_token(token.get("access_token"))
            identity = signed_in.identity
            if "id_token" in token:
                identity = here.verifier.id_token(token["id_token"], subject=signed_in.subject)
        except TokenRefused as error:
            raise SignInNeeded from error
        if access["sub"] != signed_in.subject:
            raise SignInNeeded
        signed_in.access_token, signed_in.access = token["access_token"], access
        signed_in.id_token, signed_in.identity = token.get("id_token", signed_in.id_token), identity
        # A confidential client's refresh token is not rotated; a service that does gives the next one here.
        signed_in.refresh_token = token.get("refresh_token", signed_in.refresh_token)


@views.post("/switch/<company>")
def switch(company: str) -> Response:
    """Change company without the browser leaving: the refresh grant accepts `company`."""
    signed_in = own_session().signed_in
    if signed_in is None:
        raise SignInNeeded
    if not form_is_ours() or not _COMPANY.fullmatch(company):
        return notice("form_stale", 400)
    try:
        renew(signed_in, company=company)
    except RefreshRefused as refused:
        if refused.error == "invalid_grant" and not refused.reason:
            raise  # the refresh token is over, and the session with it
        # Only the other company was refused; the session stays in the present one.
        return notice(
            texts.refusal("access_denied", refused.reason),
            403,
            error=refused.error,
            reason=refused.reason,
            description=refused.description,
        )
    return redirect("/", 303)


def form_is_ours() -> bool:
    """Whether a posted form carries the token of this very session."""
    return form_token_is_right(parts().config.secret_key, own_session(), request.form.get("form_token", ""))


def own_session() -> ProductSession:
    """The present session as what it is."""
    found = session._get_current_object()  # type: ignore[attr-defined]
    if not isinstance(found, ProductSession):
        raise TypeError("this product has its own kind of session")
    return found


def is_own_page(path: str) -> bool:
    """Whether this is an address within the product: `//elsewhere` and `/\\elsewhere` are other sites to a browser."""
    return re.fullmatch(r"/(?![/\\])[!-\[\]-~]{0,500}", path) is not None


def _refusal(next_page: str) -> Response:
    """The service has sent the person back without a code; `reason` is the stable name of the cause, if any."""
    error, reason = request.args.get("error", ""), request.args.get("reason", "")
    return notice(
        texts.refusal(error, reason),
        403 if error == "access_denied" else 400,
        error=error,
        reason=reason,
        description=request.args.get("error_description"),
        next_page=next_page,
    )


def _forget_oldest_attempts() -> None:
    """A browser that starts again and again keeps only its last attempts."""
    states = [key.removeprefix(_NEXT) for key in session if key.startswith(_NEXT)]
    for state in states[: max(0, len(states) - MOST_PENDING + 1)]:
        session.pop(_NEXT + state, None)
        session.pop(_PROOF + state, None)
        parts().service.client.framework.clear_state_data(session, state)


def _plain(answer: Any) -> Response:
    if not isinstance(answer, Response):
        raise TypeError("Authlib answers with a response")
    return answer
