"""Samples of the access log and of what somebody could do on a date."""

from typing import Any

from tests.web.role_samples import FRAME, MOMENT, PREVIEW
from tests.web.template_samples import PAGER

ENTRY = {
    "when": MOMENT, "what": "Rôle changé", "about": "Hugo <b>", "by": "Amélie Dubois", "network": "192.0.2.7",
    "facts": [("Rôle", "Lecture → Saisie"), ("", "Essai → Actif")], "refused": True,
}  # fmt: skip
FORM = {"person": "Hugo", "kind": "", "since": "2026-03-01", "until": ""}
PERSON = {
    "name": "Hugo <b>", "url": "/log/on/1", "roles": ["Membre"], "firms": ("Cabinet Deltour",), "suspended": True,
    "products": [{"product": "Comptabilité", "role": "Lecture (révision 2)"}, {"product": "Paie", "role": "Lecture"}],
}  # fmt: skip
AT = "2 mars 2026, 09:30 (Bruxelles)"
LIST = {**FRAME, "kinds": [{"value": "", "label": "Tout"}], "form": FORM, "on_url": "/log/on"}

PAGES: dict[str, list[dict[str, Any]]] = {
    "log/list.html": [
        {**LIST, "entries": [ENTRY], "found": 41, "pages": PAGER, "export_url": "/log/export"},
        {**LIST, "entries": [], "found": 0, "pages": None, "export_url": None,
         "problems": {"since": "Écrivez la date."}},
    ],
    "log/on.html": [
        {**FRAME, "at": AT, "people": [PERSON], "found": 1, "pages": PAGER, "log_url": "/log",
         "form": {"date": "2026-03-02", "time": "", "q": ""}},
        {**FRAME, "at": AT, "people": [{**PERSON, "products": [], "suspended": False}], "found": 0, "pages": None,
         "log_url": "/log", "form": {"date": "demain", "time": "", "q": ""}, "problems": {"date": "Écrivez la date."}},
        {**FRAME, "at": AT, "people": [], "found": 0, "pages": None, "log_url": "/log",
         "form": {"date": "", "time": "", "q": ""}},
    ],
    "log/person.html": [
        {**FRAME, "at": AT, "person": PERSON, "back_url": "/log/on",
         "products": [{"product": "Comptabilité", "role": "Lecture", "firm": "Cabinet", "preview": PREVIEW}]},
        {**FRAME, "at": AT, "person": {**PERSON, "roles": [], "firms": (), "suspended": False}, "products": [],
         "back_url": "/log/on"},
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
