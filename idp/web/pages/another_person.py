"""A link that is for somebody else than the person who is signed in here: two people are never mixed."""

from werkzeug.wrappers import Response

from idp.authn.session import Current
from idp.web.render import page, person


def explained(current: Current, *, email: str, company: str, switch_url: str) -> Response:
    """Who is signed in, and whom the link is for; with the two ways on."""
    return page(
        "invitation/other.html",
        409,
        name=current.display_name,
        email=email,
        company=company,
        switch_url=switch_url,
        account=person(current),
    )
