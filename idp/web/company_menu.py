"""The menu under a company's name, at the top of every page (ROL-02), and the pages of a company it leads to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext

from idp.companies import own_companies
from idp.companies.own_companies import OwnCompany
from idp.work import Work

COMPANIES = "/companies"
_l = lazy_gettext


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the company area.

    Attributes:
        path: below `/companies/<id>`.
        permission: who may open it; it is shown to nobody else.
        about: what one finds there, in a few words.
        kind: `firm` for a page that only an accounting firm has.
        also: another permission that opens it.
    """

    key: str
    path: str
    permission: str
    label: Any
    about: Any
    kind: str | None = None
    also: str | None = None


# One line a page, in the order in which they are shown.
ENTRIES: tuple[Entry, ...] = (
    Entry("people", "/people", "company.users.view", _l("Users"), _l("who works here, with which roles")),
    Entry(
        "invitations", "/invitations", "company.users.view", _l("Invitations"),
        _l("who was invited, seats in use, and inviting people"), also="practice.colleagues.invite",
    ),
    Entry(
        "clients", "/clients", "practice.clients.view", _l("Clients"),
        _l("the companies you work for, and who at the firm works where"), "firm",
    ),
    Entry(
        "colleagues", "/colleagues", "practice.colleagues.view", _l("Colleagues"),
        _l("the people of the firm and their clients"), "firm",
    ),
    Entry(
        "roles", "/roles", "company.roles.view", _l("Roles"), _l("what each role permits, and your custom roles"),
        also="practice.roles.view",
    ),
    Entry(
        "accountants", "/accountants", "company.mandates.view", _l("Accountants and support"),
        _l("who outside the company works with its data, and until when"),
    ),
    Entry(
        "mandates", "/mandates", "practice.mandates.view", _l("Invitations and requests"),
        _l("what waits for an answer between the firm and its clients"), "firm",
    ),
    Entry(
        "subscriptions", "/subscriptions", "company.subscription.view", _l("Subscriptions"),
        _l("products, plan and seats, dates, cancelling"),
    ),
    Entry(
        "services", "/services", "company.services.view", _l("Connected services"),
        _l("what connects the products to public authorities, banks and phones"),
    ),
    Entry(
        "applications", "/applications", "company.api.view", _l("Authorised applications"),
        _l("third-party applications that act for the company, and who allowed them"),
    ),
    Entry(
        "log", "/log", "company.audit.view", _l("Access log"),
        _l("who changed what about access, and who could do what on a date"), also="practice.audit.view",
    ),
    Entry(
        "security", "/security", "company.security.view", _l("Security rules"),
        _l("whether a code is asked for at every sign-in"),
    ),
    Entry(
        "ownership", "/ownership", "company.ownership.view", _l("Account owner"),
        _l("who the account owner is, and handing over"),
    ),
    Entry("profile", "/profile", "company.profile.edit", _l("Company profile"), _l("name, place and language")),
)  # fmt: skip


def home(company_id: UUID) -> str:
    """The address of a company's own pages."""
    return f"{COMPANIES}/{company_id}"


def entries(company_id: UUID, kind: str, permissions: Collection[str]) -> list[dict[str, Any]]:
    """The pages of a company that somebody with these permissions may open."""
    return [
        {"key": each.key, "url": home(company_id) + each.path, "label": each.label, "about": each.about}
        for each in ENTRIES
        if (each.permission in permissions or each.also in permissions) and each.kind in (None, kind)
    ]


@dataclass(frozen=True, slots=True)
class Menu:
    """Attributes:
    name: the company the page is about, or the only one; None when there are several and the page is about none.
    companies: {name, url, entries}; all entries of the one the page is about, the first one of the others.
    more: whether the person has further companies.
    """

    name: str | None
    companies: list[dict[str, Any]]
    more: bool


def menu(work: Work, account_id: UUID, present: OwnCompany | None = None) -> Menu | None:
    """What the frame of a page shows at its top; None for somebody who belongs to no company.

    Args:
        present: the company that the page is about.
    """
    found, more = own_companies.latest(work, account_id)
    others = [each for each in found if present is None or each.company_id != present.company_id]
    if present is None and len(others) == 1 and not more:
        present, others = others[0], []
    if present is None and not others:
        return None
    shown: list[dict[str, Any]] = [] if present is None else [_company(present, every=True)]
    shown += _others(others)
    return Menu(present.name if present else None, shown, more)


def _others(companies: Iterable[OwnCompany]) -> list[dict[str, Any]]:
    return [_company(each, every=False) for each in companies]


def _company(company: OwnCompany, *, every: bool) -> dict[str, Any]:
    listed = entries(company.company_id, company.kind, company.permissions)
    return {
        "name": company.name,
        "url": home(company.company_id),
        "entries": listed if every else listed[:1],
    }
