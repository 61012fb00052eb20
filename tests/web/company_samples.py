"""Samples of the pages of a company; `template_samples` has the others."""

from typing import Any

from tests.web.mail_samples import LINK
from tests.web.template_samples import PAGER

PEOPLE = {"key": "people", "url": "/companies/1/people", "label": "Utilisateurs"}
AREA = {"name": "Atelier <Lumen>", "url": "/companies/1", "people": "people", "entries": [PEOPLE]}
LUMEN = {"name": "Atelier <Lumen>", "url": "/companies/1", "entries": [PEOPLE]}
MENU = {"name": "Atelier <Lumen>", "companies": [LUMEN], "more": False}
MIRABELLE = {"name": "Studio Mirabelle", "url": "/companies/2", "entries": []}
SEVERAL = {"name": None, "companies": [LUMEN, MIRABELLE], "more": True}
AMELIE = {"display_name": "Amélie Dubois", "email": "amelie@atelier-lumen.example", "menu": MENU}
JULIEN = {"display_name": "Julien Mercier", "email": "julien@independant.example", "menu": SEVERAL}
ADMINISTRATOR = {"name": "Thomas Lefèvre", "email": "thomas@atelier-lumen.example"}

PAGES: dict[str, list[dict[str, Any]]] = {
    "company/home.html": [
        {"account": AMELIE, "area": AREA, "roles": ["Titulaire du compte"], "administrators": [],
         "entries": [{"name": "Utilisateurs", "url": "/companies/1/people", "detail": "qui travaille ici"}],
         "reminders": [{"text": "Deux services attendent.", "url": "/x", "label": "Les voir"}]},
        {"account": JULIEN, "area": {**AREA, "entries": []}, "roles": ["Membre"], "entries": [], "reminders": [],
         "administrators": [ADMINISTRATOR]},
    ],
    "company/mine.html": [
        {"account": JULIEN, "companies": [{"name": "Atelier <Lumen>", "url": "/companies/1", "detail": "Membre"}],
         "search": "", "found": 41, "pages": PAGER},
        {"account": JULIEN, "companies": [], "search": "zz", "found": 0, "pages": None},
        {"account": JULIEN, "companies": [], "search": None, "found": 0, "pages": None},
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {
    "member_left": [
        {"link": LINK, "name": "Amélie Dubois", "who": "Hugo <Perrin>", "company": "Atelier Lumen"},
    ],
    "membership_ended": [
        {"link": LINK, "name": name, "company": "Atelier <Lumen>", "by": by, "left": left}
        for name, by, left in (("Hugo", "Thomas <Lefèvre>", False), ("Hugo", "", False), ("", "", True))
    ],
}
