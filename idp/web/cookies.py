"""The cookies of this service: HttpOnly, SameSite=Lax, for this host and the whole of it, `__Host-` over TLS (R-50)."""

from datetime import datetime

from flask import request
from werkzeug.wrappers import Response

from idp.web.work import parts

FORM = "sesame_form"
SESSION = "sesame_session"
SIGN_IN = "sesame_sign_in"
DEVICE = "sesame_device"
PASSKEY = "sesame_passkey"
LANGUAGE = "sesame_lang"
START = "sesame_start"  # the link to the first steps of a company, while its holder signs in
_LONGEST_VALUE = 1000


def name_of(cookie: str) -> str:
    """The name under which browsers know a cookie. The prefix makes them refuse a copy set by another host."""
    return named(cookie, secure=parts().settings.secure)


def named(cookie: str, *, secure: bool) -> str:
    """`name_of`, for who is outside Flask's contexts."""
    return f"__Host-{cookie}" if secure else cookie


def get(cookie: str) -> str | None:
    """The value sent by the browser, or None; one that is longer than any we give is not looked at."""
    value = request.cookies.get(name_of(cookie))
    return value if value and len(value) <= _LONGEST_VALUE else None


def put(response: Response, cookie: str, value: str, *, expires: datetime | None = None) -> None:
    """Give the browser a cookie, until `expires`, or until it is closed."""
    response.set_cookie(
        name_of(cookie),
        value,
        expires=expires,
        path="/",
        secure=parts().settings.secure,
        httponly=True,
        samesite="Lax",
    )


def drop(response: Response, cookie: str) -> None:
    """Take a cookie back."""
    response.delete_cookie(name_of(cookie), path="/", secure=parts().settings.secure, httponly=True, samesite="Lax")
