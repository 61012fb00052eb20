"""Forged and stale forms (R-51).

Every unsafe request to a page must come from a page of this service: by the browser's own word (`Sec-Fetch-Site`, or
`Origin` where it is missing) and by a token bound to the browser's form cookie. A form that is merely old is shown
again with what was typed and a sentence; one that another site sent is refused.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf import CSRFProtect
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

from idp.core.errors import Expired, NotPermitted
from idp.web import locale
from idp.web.work import parts

ShowAgain = Callable[[dict[str, str]], ResponseReturnValue]
View = TypeVar("View", bound=Callable[..., Any])
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class StaleForm(Expired):
    """The form is older than its token, or the browser lost its cookies."""

    code = "stale_form"


class ForeignForm(NotPermitted):
    """The form was sent by a page of another site."""

    code = "foreign_form"


def install(app: Flask) -> None:
    """Give templates `csrf_token()`. The check itself is asked for by the blueprints of pages (`guard`)."""
    # Our pages send no referrer, so the library's check of it would refuse every form; `_foreign` replaces it.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    CSRFProtect(app)


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
    session.clear()


def _check() -> ResponseReturnValue | None:
    if request.method in _SAFE:
        return None
    if _foreign():
        raise ForeignForm
    view = current_app.view_functions[request.endpoint or ""]
    show: Callable[..., ResponseReturnValue] | None = getattr(view, "show_again", None)
    if show is not None and locale.switching():
        return show({}, **(request.view_args or {}))
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError as error:
        if show is None:
            raise StaleForm from error
        problem = gettext("This page had been open for too long. Nothing is lost: please send it once more.")
        return show({"form": problem}, **(request.view_args or {}))
    return None


def _foreign() -> bool:
    """Whether the browser says that another site sent this.

    `Origin: null` says nothing: browsers write it for our own forms too, as our pages send no referrer (Fetch §3.2).
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin not in (None, "null", parts().settings.issuer, request.host_url.rstrip("/"))
