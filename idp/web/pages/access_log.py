"""The access log of a company: searched, paged, downloaded as a file that no spreadsheet executes (SC30, AUD-02)."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from idp.audit.history import CompanyEntry
from idp.companies import access_log, holdings
from idp.companies.access_log import Filter
from idp.core import texts
from idp.oidc import clients
from idp.web import csrf, locale, log_words, paging
from idp.web.company_sentences import words
from idp.web.headers import Answer
from idp.web.log_words import Names
from idp.web.pages.company_area import Area, enter
from idp.web.render import moment

blueprint = Blueprint("pages_access_log", __name__)
csrf.guard(blueprint)

VIEWS = (access_log.VIEWS, access_log.FIRM_VIEWS)
EXPORTS = (access_log.EXPORTS, access_log.FIRM_EXPORTS)
PURPOSE = "access log"
ZONE = ZoneInfo(texts.ZONE)
LONGEST = 100
_l = lazy_gettext
_KINDS = {
    "people": _l("People and invitations"),
    "roles": _l("Roles"),
    "mandates": _l("Mandates"),
    "assignments": _l("Clients of colleagues"),
    "subscriptions": _l("Subscriptions"),
    "settings": _l("Details, services, security"),
    "sign-in": _l("Applications"),
    "log": _l("This log"),
}


@blueprint.get("/companies/<uuid:company_id>/log")
def listed(company_id: UUID) -> ResponseReturnValue:
    """The newest first. Query: `person`, `kind`, `since`, `until`, `after`, `before`."""
    area = enter(company_id, *VIEWS)
    wanted, problems = _filter(request.args)
    asked = paging.asked(area.work, PURPOSE)
    found = access_log.page(
        area.work,
        company_id,
        wanted,
        older_than=int(asked.after[0]) if asked.after else None,
        newer_than=int(asked.before[0]) if asked.before else None,
    )
    entries = found.entries
    firm = area.company.kind == "firm"
    return area.page(
        "log/list.html",
        problems=problems,
        form={name: request.args.get(name, "")[:LONGEST] for name in ("person", "kind", "since", "until")},
        kinds=[
            {"value": "", "label": gettext("Everything")},
            *({"value": key, "label": text} for key, text in _KINDS.items() if firm or key != "assignments"),
        ],
        entries=_told(area, entries),
        found=found.total,
        pages=paging.pager(
            area.work,
            PURPOSE,
            first=found.first,
            shown=len(entries),
            total=found.total,
            previous=(str(found.previous), entries[0].id) if found.previous is not None else None,
            following=(str(found.next), entries[-1].id) if found.next is not None else None,
        ),
        export_url=area.path("log", "export") if any(map(area.may, EXPORTS)) else None,
        on_url=area.path("log", "on"),
    )


@blueprint.post("/companies/<uuid:company_id>/log/export")
def export(company_id: UUID) -> ResponseReturnValue:
    """The events that were asked for, as CSV. That they were taken along is in the log too."""
    area = enter(company_id, *EXPORTS, write=True)
    wanted, _ = _filter(request.form)
    rows = _told(area, access_log.export(area.work, company_id, wanted))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(
        [gettext("When"), gettext("What"), gettext("About"), gettext("Details"), gettext("By"), gettext("From where"),
         gettext("Outcome")]
    )  # fmt: skip
    for row in rows:
        details = "; ".join(f"{label}: {value}" if label else value for label, value in row["facts"])
        outcome = gettext("refused") if row["refused"] else ""
        cells = (row["when"].iso, row["what"], row["about"], details, row["by"], row["network"], outcome)
        writer.writerow([harmless(each) for each in cells])
    answer = Answer("\ufeff" + text.getvalue(), mimetype="text/csv")  # with a mark, by which spreadsheets know UTF-8
    answer.headers["Content-Disposition"] = f'attachment; filename="log-{area.work.now:%Y-%m-%d}.csv"'
    return answer


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "".join(character if character.isprintable() else " " for character in cell)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@", "|", "%") else text


def _filter(sent: Any) -> tuple[Filter, dict[str, str]]:
    """What was asked for; a date that is none is left out, and told."""
    problems: dict[str, str] = {}
    since, until = (_day(sent.get(name, ""), name, problems) for name in ("since", "until"))
    kind = sent.get("kind", "")
    return Filter(
        kind=kind if kind in access_log.KINDS else "",
        person=sent.get("person", "")[:LONGEST],
        since=since,
        until=until + timedelta(days=1) if until is not None else None,
    ), problems


def _day(text: str, name: str, problems: dict[str, str]) -> datetime | None:
    """The beginning of a day on the clock of the customers."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZONE)
    except (ValueError, OverflowError):
        problems[name] = gettext("Write the date as year-month-day, such as 2026-03-31.")
        return None


def _told(area: Area, entries: Sequence[CompanyEntry]) -> list[dict[str, Any]]:
    people = {entry.actor_id for entry in entries if entry.actor_kind == "account" and entry.actor_id is not None}
    people |= {UUID(entry.subject_id) for entry in entries if entry.subject_kind == "account"}
    names = access_log.names(area.work, area.company_id, people)
    invitations = _invited(area, entries)
    called = Names(
        area.work.policies,
        holdings.names(area.work, log_words.companies_in(_details(entries))),
        access_log.own_roles(area.work, area.company_id),
    )
    return [
        {
            "when": moment(entry.at),
            "what": words(entry.name, entry.details),
            "about": _about(entry, names, invitations),
            "facts": log_words.facts(_named(area, entry.details), called, entry.name),
            "by": _by(area, entry, names),
            "network": entry.network if entry.actor_id in names else "",
            "refused": entry.outcome == "refused",
        }
        for entry in entries
    ]


def _named(area: Area, details: dict[str, Any]) -> dict[str, Any]:
    """With the application as the reader calls it; one that was removed since is called what it was."""
    client = clients.find(area.work, str(details.get("client_id", ""))) if "application" in details else None
    return details if client is None else {**details, "application": client.name(locale.current())}


def _details(entries: Iterable[CompanyEntry]) -> list[dict[str, Any]]:
    return [entry.details for entry in entries]


def _invited(area: Area, entries: Iterable[CompanyEntry]) -> dict[str, str]:
    keys = [UUID(entry.subject_id) for entry in entries if entry.subject_kind == "invitation"]
    return access_log.invited(area.work, area.company_id, keys)


def _about(entry: CompanyEntry, names: dict[UUID, str], invitations: dict[str, str]) -> str:
    """Whom it was done to, where that is somebody."""
    if entry.subject_kind == "account":
        return names.get(UUID(entry.subject_id)) or str(gettext("a former user"))
    return invitations.get(entry.subject_id, "") if entry.subject_kind == "invitation" else ""


def _by(area: Area, entry: CompanyEntry, names: dict[UUID, str]) -> str:
    if entry.actor_kind == "account" and entry.actor_id is not None and entry.actor_id in names:
        return names[entry.actor_id] or str(gettext("a former user"))
    if entry.actor_kind == "client":
        client = clients.find(area.work, entry.actor_name)
        if client is None:  # it was removed since
            return str(gettext("an application"))
        return str(gettext("the application %(name)s", name=client.name(locale.current())))
    if entry.actor_kind == "anonymous":
        return str(gettext("somebody who was not signed in"))
    return str(gettext("our service"))
