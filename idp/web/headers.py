"""Security headers of every answer (R-52, R-55).

What never changes is built once per process. An answer made by `render.page` is a `Page` and carries the full set; any
other one (JSON of the back channel, static files, redirects) gets the short set, under which a browser would run and
embed nothing. So an answer that somebody forgot about is strict, not open.
"""

import re
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from werkzeug.datastructures import Headers

from idp.core.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# A scheme-host-port origin, or the bare scheme of a native client (`com.example.app:`), as CSP level 3 writes them.
_SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:(//(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?)?")
_YEAR_SECONDS = 31_536_000

_COMMON = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),  # for browsers that do not know frame-ancestors
)
_PLAIN_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_PAGE = (
    *_COMMON,
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), screen-wake-lock=(), usb=(), browsing-topics=()",
    ),
    ("Cache-Control", "no-store"),
)


class Answer(Response):
    """A response as this service makes them: its body is at hand, its addresses are URIs already. Werkzeug would make
    sure of both, in a copy of the headers. Its cookies are short, so nobody measures them."""

    max_cookie_size = 0  # Flask would ask its configuration for each

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        if not self.is_sequence or self.status_code < 200 or self.status_code in (204, 304):
            return super().get_wsgi_headers(environ)
        if "Content-Length" not in self.headers:
            self.headers["Content-Length"] = str(sum(map(len, self.iter_encoded())))
        return self.headers


class Page(Answer):
    """A page for people.

    Attributes:
        form_targets: origins outside this service at which a form of this page may end. Browsers hold `form-action`
            against the redirects that follow a post too (CSP level 3 §6.4.3), and a sign-in ends at the client.
        frames: origins of the pages that this one shows in frames.
        policy: the whole content security policy, where a page needs its own.
    """

    form_targets: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    policy: str = ""


def origin_of(source: str) -> str | None:
    """The value as a CSP source expression, or None when it is not one: nothing else may enter the header."""
    lower = source.lower()
    return lower if _SOURCE.fullmatch(lower) else None


def sending_to(origin: str) -> str:
    """The policy of a page whose one form is posted to this origin, and to nowhere else."""
    return _PAGE_POLICY.removesuffix("'self'") + (origin_of(origin) or "'none'")


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of the application, errors included."""
    fixed, page = plain(settings), [*_PAGE, *_transport(settings)]

    @app.after_request
    def finish(response: Response) -> Response:
        if isinstance(response, Page):
            response.headers.remove("Cache-Control")
            _append(response, [*page, ("Content-Security-Policy", response.policy or _policy(response))])
            response.vary.update(("Cookie", "Accept-Language"))
        else:
            _append(response, fixed)
        return response


def plain(settings: Settings) -> list[tuple[str, str]]:
    """The short set: what every answer that is no page carries."""
    return [*_COMMON, ("Content-Security-Policy", _PLAIN_POLICY), *_transport(settings)]


def _transport(settings: Settings) -> list[tuple[str, str]]:
    hsts = ("Strict-Transport-Security", f"max-age={_YEAR_SECONDS * 2}; includeSubDomains")
    return [hsts] if settings.secure else []


def _append(response: Response, fixed: list[tuple[str, str]]) -> None:
    # Constant pairs, valid by construction: checking each of them again would triple the cost of a token answer.
    present: Any = response.headers
    present._list.extend(fixed)


def _policy(answer: Page) -> str:
    targets = " ".join((_PAGE_POLICY, *_sources(answer.form_targets)))
    framed = _sources(answer.frames)
    return f"{targets}; frame-src {' '.join(framed)}" if framed else targets


def _sources(origins: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(source for source in map(origin_of, origins) if source))
