"""Authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2): to the person and back to the product."""

from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext

from idp.authn.session import Current
from idp.companies import access
from idp.companies.access import Reason, Refusal
from idp.oidc import authorization, interaction
from idp.oidc.authorization import BadRequest, NotRedirectable, Taken, ValidRequest
from idp.oidc.errors import ProtocolError
from idp.oidc.interaction import Decision, Need
from idp.web import locale, render
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("authorize", __name__)
PATHS = {Need.COMPANY: "/companies/choose", Need.CONSENT: "/consent"}


@blueprint.get("/oauth/authorize")
def authorize() -> Response:
    return _begin(tuple(request.args.items(multi=True)))


@blueprint.post("/oauth/authorize")
def authorize_by_form() -> Response:
    """The same by POST (OIDC Core §3.1.2.1). A form from another site carries no cookie of ours, so the request is kept
    and taken up by a GET."""
    if request.query_string:
        return _explained("Parameters belong in the body of a POST.")
    return _begin(tuple(request.form.items(multi=True)), posted=True)


def _begin(pairs: tuple[tuple[str, str], ...], *, posted: bool = False) -> Response:
    work = open_work(write=True)
    try:
        asked = authorization.validate(work, pairs)
    except NotRedirectable as error:
        return _explained(error.reason)
    if isinstance(asked, BadRequest):
        return _to(authorization.answer_error(work, asked.redirect_uri, asked.error, asked.description, asked.state))
    if posted:
        return _to(authorization.keep(work, asked))
    current = render.current_session()
    decision = interaction.next_for(work, asked.client, asked.parameters, asked.scope, current, None)
    return _follow(work, asked, decision, current, None)


@blueprint.get("/oauth/authorize/continue")
def resume() -> Response:
    """Take a kept request up again, once the person is back."""
    work = open_work(write=True)
    taken = authorization.take(work, request.args.get("request", ""))
    asked = taken.request
    current = render.current_session()
    decision = interaction.next_for(work, asked.client, asked.parameters, asked.scope, current, taken.kept)
    return _follow(work, asked, decision, current, taken)


def _follow(
    work: Work, asked: ValidRequest, decision: Decision, current: Current | None, taken: Taken | None
) -> Response:
    """Lead the browser to what is missing, or back to the client."""
    if decision.need is Need.READY and current is not None:
        if taken is not None and not authorization.forget(work, taken):
            return _explained("The request was answered already.")
        return _to(authorization.answer_code(work, asked, current, decision.company_id))
    if decision.need is Need.REFUSED:
        return _refuse(work, asked, decision)
    if asked.silent or decision.given_up:
        return _to(_error(work, asked, decision.error, _describe(decision)))
    path = f"{authorization.CONTINUE_PATH}?{urlencode({'request': taken.token})}" if taken else None
    path = path or authorization.keep(work, asked)
    if decision.need is Need.SIGN_IN:
        extra = {"reauthenticate": "1"} if current is not None else {}
        return _to(f"/sign-in?{urlencode({'continue_to': path, **extra})}")
    return _to(f"{PATHS[decision.need]}?{path.partition('?')[2]}")


def _refuse(work: Work, asked: ValidRequest, decision: Decision) -> Response:
    """No access: the client is told when it named the company or forbids pages; otherwise the person is."""
    refusal = decision.refusal
    reason = refusal.reason.value if refusal else Reason.NO_ACCESS.value
    back = _error(work, asked, "access_denied", f"No access: {reason}.", reason)
    if decision.asked or asked.silent:
        return _to(back)
    return _refused_page(work, asked, refusal, back)


def _refused_page(work: Work, asked: ValidRequest, refusal: Refusal | None, back: str) -> Response:
    """The page that explains why there is no access, whom to ask, and leads back to the product."""
    locale.go_along_with(asked.parameters.get("ui_locales", ""))
    product = asked.client.name(locale.current())
    helpers = access.administrators(work, refusal.company_id) if refusal and refusal.company_name else ()
    current = render.current_session()
    me = render.person(current) if current else None
    own_address = me.email if me else None  # nobody is sent to themselves for help
    return render.page(
        "access/refused.html",
        status=403,
        account=me,
        reason=refusal.reason.value if refusal else Reason.NO_ACCESS.value,
        product_name=product,
        company=refusal.company_name if refusal else None,
        date=render.day(refusal.date) if refusal and refusal.date else None,
        administrators=[{"name": each.name, "email": each.address} for each in helpers if each.address != own_address],
        ways=[
            {"label": gettext("Go back to %(product)s", product=product), "url": back},
            {"label": gettext("See my products"), "url": "/"},
        ],
    )


def _error(work: Work, asked: ValidRequest, error: str, description: str, reason: str = "") -> str:
    state = asked.parameters.get("state")
    return authorization.answer_error(work, asked.redirect_uri, error, description, state, reason)


def _describe(decision: Decision) -> str:
    return {
        Need.SIGN_IN: "The person has to sign in.",
        Need.COMPANY: "The person has to choose a company.",
        Need.CONSENT: "The person has to agree.",
    }[decision.need]


def _to(address: str) -> Response:
    response = redirect(address, 303)
    response.headers["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]


def _explained(reason: str, status: int = 400) -> Response:
    """The page for a request that may not be answered by redirect (RFC 6749 §4.1.2.1, R-26)."""
    return render.page(
        "errors/oauth.html",
        status=status,
        error="invalid_request",
        description=reason,
        client_name=None,
        facts=[],
        reference=None,
        ways=[{"label": gettext("See my products"), "url": "/"}],
    )


@blueprint.errorhandler(ProtocolError)
def malformed(problem: ProtocolError) -> Response:
    return _explained(problem.description or problem.error)
