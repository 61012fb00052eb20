"""Connected applications: what each may know, and taking it back (R-42); our own products, and signing out of one."""

import re
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from idp.companies import holdings
from idp.core.errors import NotFound
from idp.oidc import connections
from idp.oidc.clients import COMPANY_SCOPE
from idp.oidc.connections import Connection
from idp.policy import label_for
from idp.web import csrf, locale
from idp.web.pages.consent import scope_in_words
from idp.web.pages.continuing import product_view, see_other
from idp.web.pages.fresh import fresh
from idp.web.render import ProductView, day, moment, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_applications", __name__)
csrf.guard(blueprint)

PATH = "/account/applications"
LONGEST = 200
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@blueprint.get(PATH)
def overview() -> ResponseReturnValue:
    """Every connected application, and the products that are open. Query: `ended`, after one was disconnected."""
    current = signed_in()
    work = open_work()
    found = connections.listing(work, current.account_id)
    return page(
        "account/applications.html",
        others=[_entry(each) for each in found if not each.own],
        products=[_entry(each) for each in found if each.own],
        ended="ended" in request.args,
        account=person(current),
    )


@blueprint.get(f"{PATH}/<client_id>")
def one(client_id: str) -> ResponseReturnValue:
    """What one of them may do, and what ends when it is taken back."""
    return show({}, client_id)


def show(problems: dict[str, str], client_id: str) -> Response:
    current = signed_in()
    work = open_work()
    try:
        found = connections.get(work, current.account_id, client_id[:LONGEST])
    except NotFound:  # it was disconnected in another window
        return see_other(PATH)
    return page("account/application.html", problems=problems, account=person(current), **_described(work, found))


@blueprint.post(f"{PATH}/<client_id>")
@csrf.again(show)
def withdraw(client_id: str) -> ResponseReturnValue:
    """Take it back; a product of ours is signed out of. What is ended needs a fresh proof (R-49)."""
    work = open_work(write=True)
    current = fresh()
    work = open_work()
    try:
        connections.withdraw(work, current.account_id, client_id[:LONGEST])
    except NotFound:
        return see_other(PATH)
    return see_other(f"{PATH}?ended=1")


def _entry(connection: Connection) -> dict[str, str]:
    client = connection.client
    if connection.own:
        detail = ngettext("open in %(num)s session", "open in %(num)s sessions", connection.live)
    else:
        detail = gettext("allowed since %(date)s", date=day(connection.since))
        if not connection.live:
            detail = " · ".join([detail, gettext("not in use now")])
    return {"name": client.name(locale.current()), "url": f"{PATH}/{client.client_id}", "detail": detail}


def _companies(connection: Connection) -> list[UUID]:
    """The companies that a person let an application of somebody else act in."""
    named = [scope.removeprefix(COMPANY_SCOPE) for scope in connection.scope if scope.startswith(COMPANY_SCOPE)]
    if connection.own or connection.client.product is None:  # then no company was looked at
        return []
    return [UUID(each) for each in named if _IDENTIFIER.fullmatch(each)]


def _described(work: Work, connection: Connection) -> dict[str, Any]:
    client = connection.client
    product = client.product
    may = [scope_in_words(scope) for scope in connection.scope if not scope.startswith(COMPANY_SCOPE)]
    if product is not None:
        label = label_for(work.policies.products[product].label, locale.current())
        may.append(gettext("see which company you work for, and your role in %(product)s there", product=label))
    shown: ProductView | None = product_view(work, product) if product is not None and connection.own else None
    return {
        "name": client.name(locale.current()),
        "own": connection.own,
        "mark": shown,
        "may": may,
        "companies": sorted(holdings.names(work, _companies(connection)).values(), key=str.casefold),
        "since": moment(connection.since),
        "last_used": moment(connection.last_used_at) if connection.last_used_at else None,
        "sessions": connection.live,
        "url": client.home_uri,
    }
