"""Errors get one of three faces, by the part of the service they happen in.

Pages: a translated page with a way on. API: RFC 9457 `application/problem+json`. OAuth: the JSON of RFC 6749 §5.2; its
endpoints answer their own errors, what never reached them (405, 413, a failure) is answered here.
An unexpected exception shows a reference number and nothing else; the log has the same number.
"""

import math
import secrets
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from idp.companies.errors import NotSubscribed
from idp.core import errors
from idp.core.errors import IdpError
from idp.web.api import refusals
from idp.web.pages.continuing import SIGN_IN, address, local_path, own_page, see_other, way_home
from idp.web.render import page
from idp.web.work import parts

STATUS: Mapping[type[IdpError], int] = {
    refusals.Malformed: 400,
    refusals.Outdated: 412,
    refusals.ConditionMissing: 428,
    NotSubscribed: 422,  # J2: what was named is nothing that the company could name
    errors.InvalidInput: 422,
    errors.NotAuthenticated: 401,
    errors.StepUpRequired: 401,  # RFC 9470
    errors.NotPermitted: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Expired: 410,
    errors.Throttled: 429,
    errors.Unavailable: 503,
}
RETRY_AFTER_SECONDS = 2
_AN_HOUR_AND_A_HALF = 90  # in minutes; a longer wait is told in hours
_OAUTH_PATHS = ("/oauth/", "/.well-known/", "/permission-sets/", "/modules/", "/me/", "/schemas/")
_OAUTH_CODES = {
    401: "invalid_client",
    403: "access_denied",
    429: "slow_down",
    500: "server_error",
    503: "temporarily_unavailable",
}
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way to its face: status, stable code, named members that may be shown."""

    status: int
    code: str
    members: Mapping[str, Any]
    headers: Mapping[str, str]
    reference: str | None = None


def status_of(error: IdpError) -> int:
    """The HTTP status of a kind of error; 500 for one that no caller should ever meet."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def install(app: Flask) -> None:
    """Answer every error of the application."""
    app.register_error_handler(IdpError, answered)
    app.register_error_handler(HTTPException, _http)
    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(kind, _database)
    app.register_error_handler(Exception, _unexpected)


def answered(error: IdpError) -> ResponseReturnValue:
    """The answer to an error that is a result: what was recorded with it is committed."""
    status = status_of(error)
    if status == 500:
        return _unexpected(error)
    headers = {}
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, int(error.members.get("retry_after", RETRY_AFTER_SECONDS))))
    return _answer(Failure(status, error.code, error.members, headers))


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if status < 400:  # a redirect that routing asks for
        return error.get_response()
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return _answer(Failure(status, _CODES.get(status, "bad_request" if status < 500 else "failure"), {}, headers))


def _database(error: Exception) -> ResponseReturnValue:
    reference = _record(error)
    return _answer(Failure(503, "unavailable", {}, {"Retry-After": str(RETRY_AFTER_SECONDS)}, reference))


def _unexpected(error: Exception) -> ResponseReturnValue:
    return _answer(Failure(500, "failure", {}, {}, _record(error)))


def _record(error: Exception) -> str:
    """Log where it happened, without the exception's own words, which may quote what somebody typed (R-74)."""
    reference = secrets.token_hex(5)
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    cause = type(error.__cause__).__name__ if error.__cause__ else None
    structlog.get_logger("idp.web").error(
        "failure",
        reference=reference,
        kind=type(error).__name__,
        cause=cause,
        endpoint=request.endpoint,
        at=frames[-12:],
    )
    return reference


def _answer(failure: Failure) -> ResponseReturnValue:
    face = _face()
    answer = face(failure)
    if isinstance(answer, Response):
        answer.headers.update(failure.headers)
    return answer


def _face() -> Callable[[Failure], Response]:
    blueprint = request.blueprint or ""
    if blueprint.startswith("api") or request.path.startswith("/api/"):
        return _problem
    # The authorization and end-session endpoints are met by people; the others by programs.
    if request.path in ("/oauth/authorize", "/oauth/authorize/continue", "/oauth/logout"):
        return _page
    if blueprint.startswith("oauth") or request.path.startswith(_OAUTH_PATHS) or blueprint == "health":
        return _oauth
    return _page


def _problem(failure: Failure) -> Response:
    """RFC 9457 §3."""
    body = {"type": f"/problems/{failure.code}", "title": failure.code.replace("_", " "), "status": failure.status}
    if failure.reference:
        body["instance"] = f"urn:reference:{failure.reference}"
    answer = jsonify({**{name: _plain(value) for name, value in failure.members.items()}, **body})
    answer.status_code = failure.status
    answer.mimetype = "application/problem+json"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.update(refusals.challenge(failure.status, failure.code, failure.members, parts().settings.issuer))
    return answer


def _oauth(failure: Failure) -> Response:
    """RFC 6749 §5.2."""
    body = {"error": _OAUTH_CODES.get(failure.status, "invalid_request")}
    if failure.reference:
        body["error_description"] = f"Reference {failure.reference}"
    answer = jsonify(body)
    answer.status_code = failure.status
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(member) for member in (value if isinstance(value, list | tuple) else sorted(value, key=str))]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


def _page(failure: Failure) -> Response:
    lacks_proof = failure.code == errors.StepUpRequired.code
    page_asked = failure.members.get("page") if lacks_proof else None  # a form's page, see `pages.fresh`
    if failure.status == 401 and (page_asked or request.method in ("GET", "HEAD")):
        back = local_path(page_asked or request.full_path.rstrip("?"))
        way = failure.members.get("way", "step_up")
        return see_other(address("/sign-in", back, **({way: "1"} if lacks_proof and way != "sign_in" else {})))
    title, explanation = _words(failure)
    # Nothing here reads the database: it may be what has failed.
    return page(
        "errors/page.html",
        failure.status,
        title=title,
        explanation=explanation,
        ways=_ways(failure),
        reference=failure.reference,
        form={},
    )


def _ways(failure: Failure) -> list[dict[str, str]]:
    """Where one can go from here, the most useful first: back to where one was, the sign-in, the products."""
    ways = [way_home()]
    if failure.status in (401, 410) or failure.code == "stale_form":
        url = address("/sign-in", local_path(own_page())) if failure.status == 401 else SIGN_IN
        ways = [{"label": gettext("Sign in"), "url": url}, *(each for each in ways if each["url"] != SIGN_IN)]
    if failure.status in (429, 500, 503):
        read, shown = request.method in ("GET", "HEAD"), local_path(own_page())
        if read or shown.partition("?")[0] == request.path:
            ways.insert(
                0, {"label": gettext("Try this page again") if read else gettext("Back to the form"), "url": shown}
            )
    return ways


_l = lazy_gettext
_BY_CODE = {
    "stale_form": (
        _l("This page had been open for too long"),
        _l("Nothing was changed. Please start again."),
    ),
    "foreign_form": (
        _l("This form did not come from our pages"),
        _l("Another site sent it in your name, so we did nothing. Your account is not concerned."),
    ),
    "four_eyes": (
        _l("Somebody else has to approve it"),
        _l("You opened this case. What it does needs the agreement of a second person."),
    ),
    "not_on_yourself": (
        _l("Not on your own account"),
        _l("Others decide about your own access."),
    ),
    "higher_role": (
        _l("This person has more rights than you"),
        _l("The person holds a role here that you cannot give. Somebody who can give it has to do this."),
    ),
    "owner_not_editable": (
        _l("The owner is changed by nobody else"),
        _l("The account owner hands the company over personally; until then nobody changes their rights."),
    ),
    "more_rights": (
        _l("This person has more rights than you"),
        _l("The person has rights in running the service that you do not have."),
    ),
}


# Why nothing of a company opens to one of its people (`companies.answers.Why`).
_SHUT = {
    "company_suspended": (
        _l("This company is suspended at present"),
        _l(
            "Our staff have suspended the company: until it is reopened, nobody reaches its products or its pages, "
            "firms with a mandate included. Nothing is erased, and nobody loses a role. "
            "Please get in touch with our support."
        ),
    ),
    "company_closed": (
        _l("This company is closed"),
        _l("You have no access to it any more. Your personal account stays as it is, with your other companies."),
    ),
    "membership_suspended": (
        _l("Your access to this company is suspended"),
        _l("An administrator of the company has suspended it for the time being, and can take that back."),
    ),
}


def _words(failure: Failure) -> tuple[str, str]:
    """Title and explanation, by code where there is more to say than the status does."""
    if failure.code in _BY_CODE:
        title, explanation = _BY_CODE[failure.code]
        return str(title), str(explanation)
    if failure.status == 403 and failure.members.get("reason") in _SHUT:
        title, explanation = _SHUT[failure.members["reason"]]
        return str(title), str(explanation)
    match failure.status:
        case 401:
            return (
                gettext("Your session is over"),
                gettext("Nothing was changed. Sign in to go on."),
            )
        case 403:
            return (
                gettext("This is not open to you"),
                gettext("Your account is in order, but it may not do this. An administrator of your company can help."),
            )
        case 404:
            return (
                gettext("There is nothing at this address"),
                gettext("The address may be mistyped, or what was here is gone."),
            )
        case 405:
            return (
                gettext("This address does not work that way"),
                gettext("It belongs to a step of a form. Please start from the beginning."),
            )
        case 410:
            return gettext("This is no longer valid"), gettext("Its time is over, or it was already used.")
        case 413:
            return gettext("That is too much at once"), gettext("What was sent is larger than any form of ours.")
        case 429:
            return gettext("Too many tries"), _patience(failure.members.get("retry_after"))
        case 503 if failure.members.get("outcome") == "unknown":
            return (
                gettext("We cannot answer right now"),
                gettext("What you sent may have been done all the same. Look whether it was before you send it again."),
            )
        case 503:
            return (
                gettext("We cannot answer right now"),
                gettext("It will not last. Nothing was changed; please try again in a moment."),
            )
        case status if status >= 500:
            return (
                gettext("Something went wrong on our side"),
                gettext("Nothing was changed. We have been told; please try again later."),
            )
        case _:
            return (
                gettext("We could not read this request"),
                gettext("Please go back and start again from the beginning."),
            )


def _patience(seconds: Any) -> str:
    """How long to wait, as far as it is known."""
    if not isinstance(seconds, int) or seconds < 1:
        return str(gettext("Please wait a few minutes, then try again."))
    minutes = math.ceil(seconds / 60)
    if minutes <= _AN_HOUR_AND_A_HALF:
        text: str = ngettext(
            "Please wait %(num)s minute, then try again.", "Please wait %(num)s minutes, then try again.", minutes
        )
        return text
    hours = math.ceil(minutes / 60)
    return str(
        ngettext("Please wait %(num)s hour, then try again.", "Please wait %(num)s hours, then try again.", hours)
    )
