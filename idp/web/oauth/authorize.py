"""Authorization endpoint (RFC 6749 §3.1, OIDC Core §3.1.2): to the person and back to the product."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_babel import gettext

from idp.authn.session import Current
from idp.companies import subscription_notice
from idp.companies.access import Reason, Refusal
from idp.core.settings import Settings
from idp.oidc import authorization, interaction
from idp.oidc.answers import Posted, Sent
from idp.oidc.authorization import BadRequest, NotRedirectable, Taken, ValidRequest
from idp.oidc.errors import ProtocolError
from idp.oidc.interaction import Decision, Need
from idp.oidc.server import PlainResponse
from idp.web import answering, locale, render
from idp.web.oauth import parameters
from idp.web.oauth.direct import Call, Channel, ForPeople
from idp.web.pages.continuing import way_home
from idp.web.work import open_work, parts
from idp.work import Work

blueprint = Blueprint("authorize", __name__)
channel = Channel(blueprint)
PATHS = {Need.COMPANY: "/companies/choose", Need.CONSENT: "/consent"}
BEGIN, RESUME = "/oauth/authorize", authorization.CONTINUE_PATH

Lead = Sent | Callable[[], Response]
"""Where the browser goes next, or the page it is shown instead. Nothing is written on the way to a page, but for a form
that carries an answer."""
Who = Callable[[], Current | None]


@blueprint.get(BEGIN)
def authorize() -> Response:
    return _answer(_begin(open_work(write=True), parts().settings, parameters.of_request(), render.current_session))


@blueprint.post(BEGIN)
def authorize_by_form() -> Response:
    """The same by POST (OIDC Core §3.1.2.1). A form from another site carries no cookie of ours, so the request is kept
    and taken up by a GET."""
    if request.query_string:
        return _explained("Parameters belong in the body of a POST.")
    return _answer(_begin(open_work(write=True), parts().settings, parameters.of_request(), None))


@blueprint.get(RESUME)
def resume() -> Response:
    """Take a kept request up again, once the person is back."""
    return _answer(_resume(open_work(write=True), request.args.get("request", ""), render.current_session))


@channel.shortcut("GET", BEGIN)
def lead_on(call: Call) -> PlainResponse:
    """Most answers are redirects, which need nothing of Flask; a page is left to the views above."""
    return _redirected(_begin(call.work(write=True), call.settings, call.query(), call.current_session))


@channel.shortcut("GET", RESUME)
def lead_back(call: Call) -> PlainResponse:
    token = dict(call.query()).get("request", "")
    if not token.isascii():
        raise ForPeople
    return _redirected(_resume(call.work(write=True), token, call.current_session))


def _begin(work: Work, settings: Settings, pairs: tuple[tuple[str, str], ...], who: Who | None) -> Lead:
    try:
        asked = authorization.validate(work, pairs, pushed_only=settings.require_pushed_authorization_requests)
    except NotRedirectable as error:
        return partial(_explained, error.reason)
    if isinstance(asked, BadRequest):
        return authorization.answer_error(work, asked.way, asked.error, asked.description)
    if who is None:
        return authorization.keep(work, asked)
    current = who()
    decision = interaction.next_for(work, asked.client, asked.parameters, asked.agreed_scope, current, None)
    return _follow(work, asked, decision, current, None)


def _resume(work: Work, token: str, who: Who) -> Lead:
    taken = authorization.take(work, token)
    asked, current = taken.request, who()
    decision = interaction.next_for(work, asked.client, asked.parameters, asked.agreed_scope, current, taken.kept)
    return _follow(work, asked, decision, current, taken)


def _follow(work: Work, asked: ValidRequest, decision: Decision, current: Current | None, taken: Taken | None) -> Lead:
    """Lead the browser to what is missing, or back to the client."""
    if decision.need is Need.READY and current is not None:
        first = taken is None or authorization.forget(work, taken)
        code = authorization.answer_code(work, asked, current, decision.reach) if first else None
        return code or partial(_explained, "The request was answered already.")
    if decision.need is Need.REFUSED:
        return _refuse(work, asked, decision)
    if asked.silent or decision.given_up:
        return _error(work, asked, decision.error, _describe(decision))
    path = f"{authorization.CONTINUE_PATH}?{urlencode({'request': taken.token})}" if taken else None
    path = path or authorization.keep(work, asked)
    if decision.need is Need.SIGN_IN:
        way = "step_up" if decision.step_up else "reauthenticate"
        extra = {way: "1"} if current is not None else {}
        if "create" in asked.parameters.get("prompt", "").split():
            extra["create"] = "1"
        return f"/sign-in?{urlencode({'continue_to': path, **extra})}"
    return f"{PATHS[decision.need]}?{path.partition('?')[2]}"


def _refuse(work: Work, asked: ValidRequest, decision: Decision) -> Lead:
    """No access: the client is told when it named the company or forbids pages; otherwise the person is."""
    refusal = decision.refusal
    reason = refusal.reason.value if refusal else Reason.NO_ACCESS.value
    back = _error(work, asked, "access_denied", f"No access: {reason}.", reason)
    if decision.asked or asked.silent:
        return back
    return partial(_refused_page, work, asked, refusal, back)


def _refused_page(work: Work, asked: ValidRequest, refusal: Refusal | None, back: Sent) -> Response:
    """The page that explains why there is no access, whom to ask, and leads back to the product."""
    locale.go_along_with(asked.parameters.get("ui_locales", ""))
    product = asked.client.name(locale.current())
    helpers = subscription_notice.who_helps(work, refusal)
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
        form_targets=answering.targets(back),
        date=render.day(refusal.date) if refusal and refusal.date else None,
        administrators=[{"name": each.name, "email": each.address} for each in helpers if each.address != own_address],
        ways=[
            answering.way_back(gettext("Go back to %(product)s", product=product), back),
            {"label": gettext("See my products"), "url": "/"},
        ],
    )


def _error(work: Work, asked: ValidRequest, error: str, description: str, reason: str = "") -> Sent:
    return authorization.answer_error(work, asked.way, error, description, reason)


def _describe(decision: Decision) -> str:
    if decision.error == interaction.UNMET:
        return "The strength that is asked for cannot be reached."
    return {
        Need.SIGN_IN: "The person has to sign in.",
        Need.COMPANY: "The person has to choose a company.",
        Need.CONSENT: "The person has to agree.",
    }[decision.need]


def _answer(lead: Lead) -> Response:
    return answering.deliver(lead) if isinstance(lead, str | Posted) else lead()


def _redirected(lead: Lead) -> PlainResponse:
    if not isinstance(lead, str):
        raise ForPeople
    return PlainResponse(303, "", (("Location", lead),))


def _explained(reason: str, status: int = 400) -> Response:
    """The page for a request that may not be answered by redirect (RFC 6749 §4.1.2.1, R-26)."""
    return render.page(
        "errors/oauth.html",
        status=status,
        heading=None,
        error="invalid_request",
        description=reason,
        client_name=None,
        facts=[],
        reference=None,
        ways=[way_home()],
    )


@blueprint.errorhandler(ProtocolError)
def malformed(problem: ProtocolError) -> Response:
    return _explained(problem.description or problem.error)
