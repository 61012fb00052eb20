"""A person's own account: details, security, the end of other sessions, language."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from idp.authn import overview as security
from idp.web import csrf, locale, render
from idp.web.pages.continuing import local_path, see_other
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work

blueprint = Blueprint("pages_account", __name__)
csrf.guard(blueprint)


@blueprint.get("/account")
def overview() -> ResponseReturnValue:
    """My account."""
    current = signed_in()
    work = open_work()
    me = person(current)
    since = security.linked_since(work, current.account_id)
    return page(
        "account/overview.html",
        account=me,
        name=me.display_name,
        email=me.email,
        language=locale.NAMES[locale.current()],
        sessions=security.open_sessions(work, current.account_id),
        second_factor_since=day(since) if since else None,
    )


@blueprint.post("/language")
def choose_language() -> ResponseReturnValue:
    """Remember a language for this browser: field `set_locale`, and `continue_to` for the page to show in it."""
    answer = see_other(local_path(request.form.get("continue_to")))
    render.remember_language(answer)
    return answer
