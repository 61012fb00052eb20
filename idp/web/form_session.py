"""The form cookie: one random value that binds the forms of a browser to it (R-51), and nothing else.

Flask would sign it and wrap it in JSON. The value says nothing, so there is nothing to sign; what is signed, with its
time, is the token in each form, which must name this value (Flask-WTF).
"""

import re
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

_KEY = "csrf_token"  # where Flask-WTF keeps it
_VALUE = re.compile(r"[0-9a-f]{40}")


class FormSession(SecureCookieSessionInterface):
    """Reads and writes the cookie as it is."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        sent = request.cookies.get(self.get_cookie_name(app)) if "HTTP_COOKIE" in request.environ else None
        known = sent is not None and _VALUE.fullmatch(sent) is not None
        return self.session_class({_KEY: sent} if known else None)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not session.modified:
            return
        attributes: dict[str, Any] = {
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
        }
        name, value = self.get_cookie_name(app), session.get(_KEY)
        if value is None:
            response.delete_cookie(name, **attributes)
        else:
            response.set_cookie(name, value, **attributes)
