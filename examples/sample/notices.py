"""Pages that explain why something did not go on, each with a way on."""

from flask import make_response, render_template
from werkzeug.wrappers import Response

WAYS = {
    "not_permitted": ("home", "switch"),
    "refused": ("switch", "home"),
    "subscription_ended": ("switch", "home"),
    "account_blocked": ("home",),
    "access_changed": ("login", "switch"),
    "not_found": ("home",),
    "bad_request": ("home",),
    "broken": ("home",),
    "unavailable": ("home",),
    "form_stale": ("home",),
    "signed_out_here_only": ("home",),
    "download": ("home",),
}


def notice(
    name: str,
    status: int,
    *,
    error: str = "",
    reason: str = "",
    description: str | None = None,
    next_page: str = "/",
) -> Response:
    """The page `name` of texts.py; the codes appear small, for the person who helps on the telephone."""
    details = [part for part in (error, reason, description) if part]
    page = render_template(
        "notice.html",
        name=name,
        ways=WAYS.get(name, ("login", "home")),
        details=" · ".join(details)[:400],
        next_page=next_page,
    )
    return make_response(page, status)
