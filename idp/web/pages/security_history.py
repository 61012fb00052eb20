"""What happened to one's account, in words: the audit log as far as it is about the person who reads it."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from idp.accounts import email_address, profile
from idp.audit import history
from idp.audit.history import Entry, Subject
from idp.authn import browser, throttle
from idp.authn.session import Current
from idp.companies import holdings
from idp.oidc import clients
from idp.policy import label_for
from idp.web import csrf, locale, paging
from idp.web.render import moment, page, person, signed_in
from idp.web.sentences import NOT_TOLD, sentence
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_security_history", __name__)
csrf.guard(blueprint)

PURPOSE = "security history"
_BY_STAFF = ("account.looked_up", "account.unlocked", "accountant_guide.", "audit.searched", "case.", "sharing.decided")


@blueprint.get("/account/history")
def security_history() -> ResponseReturnValue:
    """The newest events first. Query: `after`, `before`."""
    current = signed_in()
    work = open_work()
    asked = paging.asked(work, PURPOSE)
    found = history.about(
        work,
        _subjects(work, current),
        leaving_out=NOT_TOLD,
        older_than=int(asked.after[0]) if asked.after else None,
        newer_than=int(asked.before[0]) if asked.before else None,
    )
    entries = found.entries
    return page(
        "account/history.html",
        entries=_told(work, current, entries),
        pages=paging.pager(
            work,
            PURPOSE,
            first=found.first,
            shown=len(entries),
            total=found.total,
            previous=(str(found.previous), entries[0].id) if found.previous is not None else None,
            following=(str(found.next), entries[-1].id) if found.next is not None else None,
        ),
        account=person(current),
    )


def _subjects(work: Work, current: Current) -> list[Subject]:
    """The account, and its address since it is its own: what is asked for an address is noted before anybody looks
    whose it is."""
    held = email_address.primary_address(work, current.account_id)
    hint = throttle.subject_hint(work, held.canonical)
    return [Subject("account", str(current.account_id)), Subject("address", hint, held.created_at)]


def _told(work: Work, current: Current, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    companies = holdings.names(work, {each.company_id for each in entries if each.company_id})
    others = profile.names(work, {each.actor_id for each in entries if _by_another(each, current) and each.actor_id})
    told = []
    for entry in entries:
        names = _names(work, entry)
        if entry.company_id in companies:
            names["company"] = companies[entry.company_id]
        by = others.get(entry.actor_id, "") if entry.actor_id else ""
        told.append(
            {
                "when": moment(entry.at),
                "what": sentence(entry, names),
                "where": _where(work, current, entry, by),
                "refused": entry.outcome == "refused",
            }
        )
    return told


def _names(work: Work, entry: Entry) -> dict[str, str]:
    """What the product, the role and the application of an event are called."""
    language, names = locale.current(), {}
    details = entry.details
    product = work.policies.products.get(str(details.get("product", "")))
    if product is not None:
        names["product"] = label_for(product.label, language)
    role = work.policies.roles.get(str(details.get("role", "")))
    if "role" in details:
        names["role"] = label_for(role.label, language) if role is not None else gettext("a role of its own")
    if entry.name.startswith(("application.", "grant.", "code.", "consent.")):
        client = clients.find(work, str(details.get("client_id", "")))
        names["application"] = client.name(language) if client is not None else gettext("An application")
    return names


def _by_another(entry: Entry, current: Current) -> bool:
    return entry.actor_kind == "account" and entry.actor_id != current.account_id


def _where(work: Work, current: Current, entry: Entry, by: str) -> str:
    """Browser and place of what the person did, or somebody at a sign-in page; the name of whoever else acted, whose
    browser is nobody's business."""
    by_staff = entry.name.startswith(_BY_STAFF) or entry.details.get("reason") == "staff"
    if entry.name == "account.status_changed":
        by_staff = _by_another(entry, current)
    if by_staff and (_by_another(entry, current) or entry.actor_kind != "account"):
        return str(gettext("our support team"))
    if _by_another(entry, current):
        return by or str(gettext("a former user"))
    if entry.actor_kind in ("operator", "system", "client"):
        return str(gettext("our service"))
    if not entry.user_agent and not entry.network:
        return str(gettext("no longer kept"))
    device = browser.label(entry.user_agent)
    known = gettext("unknown browser") if device == "?" else device
    place = work.places.name(entry.network) or entry.network
    return " · ".join(part for part in (str(known), place) if part)
