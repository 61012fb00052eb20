"""Where a person was going: a path of this service, and the application that waits behind it."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, g, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from idp.oidc import authorization, products
from idp.oidc.authorization import CONTINUE_PATH, ClientView
from idp.policy import label_for
from idp.web import cookies, locale
from idp.web.headers import Answer
from idp.web.render import ProductView
from idp.work import Work

HOME, SIGN_IN = "/", "/sign-in"
_LONGEST = 2000
_PRINTABLE = re.compile(r"[!-~]+")
_ACCENTS = ("slate", "green", "violet", "amber", "blue", "rose")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a sign-in leads.

    Attributes:
        path: a path of this service.
        client: the application whose authorization request waits there, if one does.
        product: that application as the page shows it.
    """

    path: str
    client: ClientView | None
    product: ProductView | None

    @property
    def form_targets(self) -> tuple[str, ...]:
        """Where a form on the way may end outside this service."""
        return (self.client.redirect_origin,) if self.client else ()


def local_path(value: str | None) -> str:
    """The path to continue at, or the launcher when the value could lead a browser to another host.

    Exactly one leading slash, no backslash (browsers read it as a slash), printable ASCII alone (they drop tabs and
    line breaks before they look).
    """
    if (
        not value
        or len(value) > _LONGEST
        or not value.startswith("/")
        or value.startswith("//")
        or "\\" in value
        or _PRINTABLE.fullmatch(value) is None
    ):
        return HOME
    return value


def asked() -> str:
    """The path to continue at that this request names."""
    return local_path(request.args.get("continue_to"))


def way_home() -> dict[str, str]:
    """From a page that is a dead end: to one's products or, for a browser that is not signed in, to the sign-in. The
    session is not looked up; where it has ended, the products lead to the sign-in."""
    if cookies.get(cookies.SESSION):
        return {"label": gettext("Go to my products"), "url": HOME}
    return {"label": gettext("Sign in"), "url": SIGN_IN}


def own_page() -> str:
    """The address of this request where it shows a page, or else the account: what was posted cannot be taken along."""
    path = request.full_path.rstrip("?")
    if request.method in ("GET", "HEAD"):
        return path
    adapter: Any = current_app.create_url_adapter(request)
    try:
        adapter.match(request.path, method="GET")
    except HTTPException:
        return "/account"
    return path


def address(page: str, continue_to: str, **more: str) -> str:
    """A page of this service that remembers where the person is going."""
    query = {"continue_to": continue_to} if continue_to != HOME else {}
    query.update({name: value for name, value in more.items() if value})
    return f"{page}?{urlencode(query)}" if query else page


def sign_in_address(
    continue_to: str, *, reauthenticate: bool = False, login_hint: str = "", ui_locales: str = ""
) -> str:
    """The sign-in page on the way to a path of this service.

    Args:
        reauthenticate: ask for password and code although the browser has a session (`prompt=login`, `max_age`).
    """
    flag = "1" if reauthenticate else ""
    return address(SIGN_IN, continue_to, reauthenticate=flag, login_hint=login_hint, ui_locales=ui_locales)


def continue_path(token: str) -> str:
    """Where a kept authorization request is taken up again."""
    return f"{CONTINUE_PATH}?{urlencode({'request': token})}"


def see_other(location: str) -> Response:
    """RFC 9700 §4.12: 303, so that a browser never posts a password again somewhere else."""
    return Answer("", 303, {"Location": location if location.isascii() else iri_to_uri(location)})


def destination(work: Work, continue_to: str) -> Destination:
    """What waits at a path; looked up once a request."""
    known: dict[str, ClientView | None] = g.setdefault("destinations", {})
    if continue_to not in known:
        known[continue_to] = authorization.client_of(work, continue_to)
    view = known[continue_to]
    if view is None:
        return Destination(continue_to, None, None)
    language = locale.current()
    product = view.client.product
    shown = product_view(work, product) if product else None
    accent = shown.accent if shown else _ACCENTS[0]
    return Destination(continue_to, view, ProductView(view.name(language), accent))


def product_view(work: Work, product: str) -> ProductView:
    """A product as pages show it. Accents follow the order of the catalogue, so that neighbours differ."""
    entry = work.policies.products[product]
    place = list(work.policies.products).index(product)
    return ProductView(label_for(entry.label, locale.current()), _ACCENTS[place % len(_ACCENTS)])


def downloads(work: Work, places: products.Places, covered: Collection[str]) -> list[dict[str, Any]]:
    """The programs to install that go with these products, as pages offer them."""
    language = locale.current()
    return [
        {
            "name": each.name(language),
            "product": product_view(work, str(each.product)).name,
            "url": each.options.download_uri,
        }
        for each in places.downloads(covered, language)
    ]
