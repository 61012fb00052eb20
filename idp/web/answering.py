"""The last step of an authorization: the browser carries the answer to the client."""

from typing import Any

from flask import Response

from idp.oidc import uris
from idp.oidc.answers import Posted, Sent
from idp.web import headers, locale, render
from idp.web.headers import Answer


def deliver(sent: Sent) -> Response:
    """The answer that sends the browser on: a redirect, or the page with the form that it posts (Form Post Response
    Mode §2). That form goes to the origin of the client's registered address and to nowhere else, says the page's own
    policy; it sends itself, or waits for its one button where scripts are off.

    RFC 9700 §4.12: 303, so that a browser never posts a password again somewhere else.
    """
    if isinstance(sent, str):
        return Answer("", 303, {"Location": sent, "Cache-Control": "no-store"})
    name = sent.client.name(locale.current())
    page = render.page("access/sending.html", client_name=name, address=sent.address, fields=sent.values, form={})
    page.policy = headers.sending_to(uris.origin(sent.address))
    return page


def way_back(label: str, sent: Sent) -> dict[str, Any]:
    """An answer as one of the ways on of a page: a link, or a form with a button."""
    if isinstance(sent, str):
        return {"label": label, "url": sent}
    return {"label": label, "url": sent.address, "fields": sent.values}


def targets(sent: Sent) -> tuple[str, ...]:
    """The origins at which `way_back` ends by a form."""
    return (uris.origin(sent.address),) if isinstance(sent, Posted) else ()
