"""Flask's signed cookie, which carries the anti-forgery token of forms and nothing else."""

from functools import cache
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class FormSession(SecureCookieSessionInterface):
    """A request without the cookie, as every one of the back channel, does not pay for looking into it; the key of the
    signature is derived once per process."""

    @cache  # noqa: B019 - one application lives as long as its process
    def get_signing_serializer(self, app: Flask) -> Any:
        return super().get_signing_serializer(app)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if "HTTP_COOKIE" not in request.environ or self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)
