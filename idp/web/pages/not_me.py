"""The button of a notice, "it was not me", and where it leads."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.authn import not_me
from idp.core import texts
from idp.core.errors import Expired, NotFound
from idp.web import cookies, csrf, locale
from idp.web.pages import steps
from idp.web.render import page
from idp.web.work import open_work

blueprint = Blueprint("pages_not_me", __name__)
csrf.guard(blueprint)
steps.install(blueprint)

LONGEST = 100


@blueprint.get("/not-me/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """What the button will do; opening the page does nothing."""
    return show({}, token)


def show(problems: dict[str, str], token: str) -> Response:
    try:
        link = not_me.find(open_work(), token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    return page(
        "notice/not_me.html",
        problems=problems,
        device=link.device,
        when=texts.write_moment(link.created_at, locale.current()),
    )


@blueprint.post("/not-me/<token>")
@csrf.again(show)
def disown(token: str) -> ResponseReturnValue:
    """End what was begun, then on to a new password, the second factor first."""
    work = open_work(write=True)
    try:
        done = not_me.disown(work, token[:LONGEST])
    except (Expired, NotFound) as error:
        return _second_hand(error)
    if done.attempt is None:
        return page("notice/disowned.html", mailed=done.mailed, form={})
    attempt, attempt_token = done.attempt
    answer = steps.onward(work, attempt)
    cookies.put(answer, cookies.SIGN_IN, attempt_token)
    return answer


def _second_hand(error: Expired | NotFound) -> Response:
    used = error.members.get("reason") == "used"
    return page(
        "errors/page.html",
        404 if isinstance(error, NotFound) else 410,
        title=gettext("This link was already used") if used else gettext("This link is no longer valid"),
        explanation=gettext("You can still secure your account: choose a new password. It closes every session."),
        ways=[
            {"label": gettext("Choose another password"), "url": "/reset"},
            {"label": gettext("See my sessions"), "url": "/account/sessions"},
        ],
        reference=None,
        form={},
    )
