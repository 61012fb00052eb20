"""Forged and stale forms (R-51).

Every unsafe request to a page must come from a page of this service: by the browser's own word (`Sec-Fetch-Site`, or
`Origin` where it is missing) and by a token bound to the browser's form cookie: the random value of that cookie, signed
with its time by itsdangerous (decision 0020). A form that is merely old is shown again with what was typed and a
sentence; one that another site sent is refused.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.core.errors import Expired, NotPermitted
from idp.web import cookies, locale
from idp.web.work import parts

FIELD = "csrf_token"
LIFETIME_SECONDS = 12 * 3600
ShowAgain = Callable[[dict[str, str]], ResponseReturnValue]
View = TypeVar("View", bound=Callable[..., Any])
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_VALUE = re.compile(r"[0-9a-f]{40}")
_PURPOSE = "form"


class StaleForm(Expired):
    """The form is older than its token, or the browser lost its cookies."""

    code = "stale_form"


class ForeignForm(NotPermitted):
    """The form was sent by a page of another site."""

    code = "foreign_form"


def install(app: Flask) -> None:
    """Give templates `csrf_token()`, and browsers its cookie. The blueprints of pages ask for the check (`guard`)."""
    app.jinja_env.globals["csrf_token"] = token
    app.after_request(_keep)


def token() -> str:
    """The token of this browser's forms; one for a whole request."""
    if "form_token" not in g:
        value = _value()
        if not value:
            value = g.form_value = secrets.token_hex(20)
            g.form_changed = True
        g.form_token = parts().keyring.stamp(value, _PURPOSE)
    made: str = g.form_token
    return made


def guard(blueprint: Blueprint) -> None:
    """Check each unsafe request to this blueprint before its view."""
    blueprint.before_request(_check)


def again(show: Callable[..., ResponseReturnValue]) -> Callable[[View], View]:
    """Say how the page of a form is shown again: `show(problems, **path arguments)`, without writing anything.

    It serves the language buttons, and forms that have grown stale.
    """

    def mark(view: View) -> View:
        view.show_again = show  # type: ignore[attr-defined]
        return view

    return mark


def renew() -> None:
    """A new form cookie: who signs in or out leaves the forms of before behind."""
    g.pop("form_token", None)
    g.form_value, g.form_changed = "", True


def _check() -> ResponseReturnValue | None:
    if request.method in _SAFE:
        return None
    if _foreign():
        raise ForeignForm
    view = current_app.view_functions[request.endpoint or ""]
    show: Callable[..., ResponseReturnValue] | None = getattr(view, "show_again", None)
    if show is not None and locale.switching():
        return show({}, **(request.view_args or {}))
    if not _ours(request.form.get(FIELD, "")):
        if show is None:
            raise StaleForm
        problem = gettext("This page had been open for too long. Nothing is lost: please send it once more.")
        return show({"form": problem}, **(request.view_args or {}))
    return None


def _value() -> str:
    """The value of the form cookie; empty without one of ours."""
    if "form_value" not in g:
        sent = cookies.get(cookies.FORM)
        g.form_value = sent if sent is not None and _VALUE.fullmatch(sent) else ""
    value: str = g.form_value
    return value


def _ours(sent: str) -> bool:
    """Whether this is a token of the form cookie that came with it, and of the last hours."""
    said = parts().keyring.unstamp(sent, _PURPOSE, LIFETIME_SECONDS)
    return bool(said) and hmac.compare_digest(str(said), _value())


def _keep(response: Response) -> Response:
    if "form_changed" in g:
        if value := _value():
            cookies.put(response, cookies.FORM, value)
        else:
            cookies.drop(response, cookies.FORM)
    return response


def _foreign() -> bool:
    """Whether the browser says that another site sent this.

    `Origin: null` says nothing: browsers write it for our own forms too, as our pages send no referrer (Fetch §3.2).
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin not in (None, "null", parts().settings.issuer, request.host_url.rstrip("/"))
