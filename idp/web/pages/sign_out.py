"""Signing out of this service, and with it of every product."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from idp.authn import session
from idp.oidc import products
from idp.web import cookies, csrf, locale
from idp.web.pages.continuing import see_other
from idp.web.render import current_session, page, person
from idp.web.work import open_work

blueprint = Blueprint("pages_sign_out", __name__)
csrf.guard(blueprint)


@blueprint.get("/sign-out")
def ask() -> ResponseReturnValue:
    """Say what will end, before it does."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = current_session()
    if current is None:
        return see_other("/sign-out/done")
    names = [client.name(locale.current()) for client in products.opened(open_work(), current.session_id)]
    return page("logout/confirm.html", problems=problems, products=names, stay_url="/", account=person(current))


@blueprint.post("/sign-out")
@csrf.again(show)
def end() -> ResponseReturnValue:
    """End the session; the outbox tells the products."""
    open_work(write=True)
    return signed_out("/sign-out/done")


def signed_out(onward: str) -> Response:
    """Sign out whoever is signed in in this browser, and go on. The view has begun to write."""
    current = current_session()
    if current is not None:
        session.end(open_work(), current.session_id, "signed_out")
    answer = see_other(onward)
    for cookie in (cookies.SESSION, cookies.SIGN_IN):
        cookies.drop(answer, cookie)
    csrf.renew()
    return answer


@blueprint.get("/sign-out/done")
def done() -> ResponseReturnValue:
    """It is done."""
    return page("logout/done.html", sign_in_url="/sign-in", return_url=None, return_name=None)
