"""The language of a page.

Order: the language button or `ui_locales` of this request, the cookie, the product one is going to, the account, the
browser, English.
"""

from babel import Locale
from flask import Flask, g, has_request_context, request
from flask_babel import Babel
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from idp.core import texts
from idp.core.texts import negotiate
from idp.web import cookies

NAMES = {"fr": "Français", "en": "English"}
DEFAULT = "en"
BUTTON = "set_locale"


def install(app: Flask) -> None:
    """Give the application its texts and the choice of language."""
    babel = Babel(app, default_locale=DEFAULT, default_timezone=texts.ZONE, locale_selector=current)
    with app.app_context():
        # The catalogues that mail uses too; they need not have been compiled.
        babel.domain_instance.cache.update({(code, babel.domain): texts.catalogue(code) for code in NAMES})


def current() -> str:
    """The language of this request's page: `fr` or `en`."""
    if not has_request_context():
        return DEFAULT
    found: str | None = g.get("locale")
    if found is None:
        suggested: str = g.get("suggested_locale", "")
        found = g.locale = chosen() or _remembered() or negotiate([suggested]) or _preferred() or DEFAULT
    return found


def chosen() -> str | None:
    """The language that this request itself asks for, to be remembered; None when it does not."""
    if "wished_locale" in g:
        wished: str | None = g.wished_locale
        return wished
    if (pressed := _pressed()) is not None:
        return pressed
    # OpenID Connect Core §3.1.2.1: BCP 47 tags in order of preference, separated by spaces.
    return negotiate(request.args.get("ui_locales", "")[:200].split())


def of_stranger(asked: Request) -> str:
    """The language of a page for somebody of whom nothing but the request is looked at."""
    named = negotiate(asked.args.get("ui_locales", "")[:200].split())
    remembered = (value for name, value in asked.cookies.items() if name.endswith(cookies.LANGUAGE))
    return named or negotiate(remembered) or negotiate(tag for tag, _ in asked.accept_languages) or DEFAULT


def described(tag: str) -> str:
    """What the language of an account, such as `fr-BE`, is called in the page's language, with its country."""
    return Locale.parse(tag, sep="-").get_display_name(current()) or tag


def spoken(tag: str) -> str:
    """As `described`, without the country: for a list."""
    return Locale.parse(tag, sep="-").get_language_name(current()) or tag


def switching() -> bool:
    """Whether the form was posted by a language button: show it again as typed, check nothing."""
    return _pressed() is not None


def prefer(tags: str) -> None:
    """Take the languages that an authorization request asks for, unless this request itself names one."""
    if chosen() is None and (language := negotiate(tags.split())):
        g.locale = g.wished_locale = language


def suggest(tag: str) -> None:
    """Take the language of an account or invitation, unless the request or the browser's cookie says otherwise."""
    g.suggested_locale = tag
    g.pop("locale", None)


def go_along_with(tags: str) -> None:
    """Take the languages of the product that a signed-in person is going to, so that the way there speaks like it."""
    if language := negotiate(tags[:200].split()):
        suggest(language)


def _pressed() -> str | None:
    if request.method != "POST":
        return None
    try:
        value = request.form.get(BUTTON)
    except HTTPException:  # a body that cannot be read; its own error page asks for the language too
        return None
    return value if value in NAMES else None


def _remembered() -> str | None:
    return negotiate([cookies.get(cookies.LANGUAGE) or ""])


def _preferred() -> str | None:
    return negotiate(tag for tag, quality in request.accept_languages if quality > 0)
