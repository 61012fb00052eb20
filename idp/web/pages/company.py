"""Choosing the company an application is to work for, when a person has several."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.authn.session import Current
from idp.companies import access
from idp.companies.access import Access, CompanyChoice
from idp.core.errors import NotFound
from idp.oidc import interaction
from idp.policy import label_for
from idp.web import csrf, forms, locale
from idp.web.pages import steps, waiting
from idp.web.pages.continuing import destination, product_view, see_other
from idp.web.pages.waiting import Waiting
from idp.web.render import page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_company", __name__)
csrf.guard(blueprint)
steps.install(blueprint)

PAGE_SIZE = 50
SEARCH_FROM = 8  # fewer companies are found faster by looking
MOST_PAGES = 60  # beyond, one searches
_PURPOSE = "company chooser page"
_CURSOR_SECONDS = 3600
Keys = list[tuple[str, UUID]]


class ChoiceForm(forms.Form):
    company: UUID


@blueprint.get("/companies/choose")
def open_chooser() -> ResponseReturnValue:
    """The companies that the application can be opened for. Query: `request` or `device`, `q`, `page`."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    waits = waiting.find(work, request.args)
    if waits.over:
        return see_other(waits.path)
    product = waits.client.product
    if product is None:
        raise NotFound(kind="product")
    locale.go_along_with(waits.ui_locales)
    leads = destination(work, waits.path)
    search = request.args.get("q", "").strip()[:100]
    total = access.count_companies(work, current.account_id, product)
    found = access.count_companies(work, current.account_id, product, search=search) if search else total
    visited = _visited(work)
    shown = access.choices(
        work, current.account_id, product, search=search, after=visited[-1] if visited else None, limit=PAGE_SIZE
    )
    last = None if search or visited else _last_choice(work, waits, current, product)
    return page(
        "company/choose.html",
        problems=problems,
        groups=_groups(shown.choices, last),
        search=search if total >= SEARCH_FROM or search else None,
        total=total,
        found=found,
        pages=_pages(work, visited, len(shown.choices), found, shown.next),
        product=leads.product or product_view(work, product),
        form_targets=leads.form_targets,
        account=person(current),
    )


@blueprint.post("/companies/choose")
@csrf.again(show)
def choose() -> ResponseReturnValue:
    """Remember the choice; whether the person may is decided when the request is taken up again."""
    work = open_work(write=True)
    signed_in()
    form, problems = forms.read(ChoiceForm, request.form)
    if form is None:
        return show(problems)
    waits = waiting.find(work, request.args)
    waits.choose(work, form.company)
    return see_other(waits.path)


def _last_choice(work: Work, waits: Waiting, current: Current, product: str) -> Access | None:
    company_id = interaction.last_choice(work, waits.client, current)
    if company_id is None:
        return None
    found = access.resolve(work, current.account_id, company_id, product)
    return found if isinstance(found, Access) else None


def _groups(choices: tuple[CompanyChoice, ...], last: Access | None) -> list[dict[str, Any]]:
    """The last choice, one's own companies, then each firm's clients under its name."""
    language = locale.current()
    first: list[dict[str, Any]] = []
    if last is not None:
        first.append(
            {
                "id": last.company_id,
                "name": last.company_name,
                "detail": label_for(last.role_labels, language),
                "last": True,
            }
        )
    own: list[dict[str, Any]] = []
    firms: dict[str, list[dict[str, Any]]] = {}
    for choice in choices:
        if last is not None and choice.company_id == last.company_id:
            continue
        row = {
            "id": choice.company_id,
            "name": choice.name,
            "detail": label_for(choice.role_labels, language),
            "last": False,
        }
        if choice.via == "mandate":
            firms.setdefault(choice.firm_name, []).append(row)
        else:
            own.append(row)
    clients = [{"label": gettext("Clients of %(firm)s", firm=name), "companies": rows} for name, rows in firms.items()]
    label = gettext("Other companies") if first else None
    return [{"label": None, "companies": first}, {"label": label, "companies": own}, *clients]


def _pages(
    work: Work, visited: Keys, shown: int, found: int, following: tuple[str, UUID] | None
) -> dict[str, Any] | None:
    """Counts and neighbours; None when one page holds all."""
    if not visited and following is None:
        return None
    first = len(visited) * PAGE_SIZE + 1
    onward = following is not None and len(visited) < MOST_PAGES
    return {
        "first": first,
        "last": first + shown - 1,
        "total": found,
        "previous_url": _address(work, visited[:-1]) if visited else None,
        "next_url": _address(work, [*visited, following]) if onward and following is not None else None,
    }


def _address(work: Work, visited: Keys) -> str:
    query = {name: request.args[name] for name in ("request", waiting.DEVICE, "q") if request.args.get(name)}
    if visited:
        # Sealed, so that nobody reads names of companies into an address, or asks for a place of their own.
        query["page"] = work.keyring.seal(json.dumps([[name, str(key)] for name, key in visited]), _PURPOSE)
    return f"/companies/choose?{urlencode(query)}"


def _visited(work: Work) -> Keys:
    """The last row of each page before this one; an old or altered cursor is the first page."""
    envelope = request.args.get("page", "")
    value = work.keyring.unseal(envelope, _PURPOSE, _CURSOR_SECONDS) if envelope else None
    return [(name, UUID(key)) for name, key in json.loads(value)] if value else []
