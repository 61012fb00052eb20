"""Fresh proof for sensitive pages (R-20): the person has proved a second factor in this session minutes ago."""

from datetime import datetime, timedelta

from flask import request

from idp.authn.session import Current
from idp.core.errors import StepUpRequired
from idp.web import kept_form
from idp.web.pages.continuing import own_page
from idp.web.render import current_session
from idp.web.work import open_work

FRESH_FOR = timedelta(minutes=5)
FORM_KEPT = timedelta(minutes=5)  # how much longer a form counts that was shown while the proof was fresh
CODE, EVERYTHING, NOBODY = "step_up", "reauthenticate", "sign_in"


def fresh(*, password: bool = False, page: str | None = None, keep: bool = False) -> Current:
    """The signed-in person of a sensitive page, whose proof is fresh; for its GET and its POST alike.

    A view that writes calls `open_work(write=True)` before it, and this before anything else: where the proof is not
    fresh nothing is done, and the browser goes to prove it and comes back.

    Args:
        password: the first factor has to be fresh too: a password, or a passkey in its place.
        page: where to come back to, for a form whose own address shows no page; by default the address of the request.
        keep: take along what was posted; the page fills it in (`kept_form.fields`).

    Raises:
        StepUpRequired: becomes a redirect to the sign-in page and back. `way` says how much is asked.
    """
    current = current_session()
    if current is None:
        raise StepUpRequired(way=NOBODY, page=page or own_page())
    work = open_work()
    limit = min(FRESH_FOR, work.policies.account.step_up_max_age)
    posted = request.method not in ("GET", "HEAD")
    if posted:
        limit += FORM_KEPT
    if password and not _since(current.password_at, work.now, limit):
        way = EVERYTHING
    elif not _since(current.second_factor_at, work.now, limit):
        way = CODE
    else:
        return current
    back = page or own_page()
    raise StepUpRequired(way=way, page=kept_form.address(back, current.account_id) if keep and posted else back)


def _since(proved_at: datetime | None, now: datetime, limit: timedelta) -> bool:
    return proved_at is not None and now - proved_at <= limit
