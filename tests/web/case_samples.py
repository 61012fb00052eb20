"""Samples of the pages of support: a new start, and the desk of the staff; `template_samples` has the others."""

from typing import Any

from tests.web.template_samples import INES, MOMENT

CASE = {
    "reference": "7K3M9QA",
    "state": "waiting_approval",
    "repeated": True,
    "name": "Mehdi Haddad",
    "address": "mehdi.haddad@clarte.example",
    "details": {},
}
CASE_FACTS = [("Dossier", "7K3M9QA"), ("Motif", "téléphone <perdu>"), ("Approuvé par", "")]
DESK = {"account": INES, "case": CASE, "title": "Installation d’un nouveau second facteur", "facts": CASE_FACTS}
PAGER = {"first": 1, "last": 25, "total": 41, "previous_url": None, "next_url": "?after=2", "label": "Dossiers"}
CASE_ROWS = [{"name": "Mehdi Haddad – Second facteur", "url": "/operations/cases/1", "detail": "Ouvert"}]
PAGES: dict[str, list[dict[str, Any]]] = {
    "recovery/request.html": [
        {"hours": 24, "back_url": "/sign-in", "reset_url": "/reset"},
        {
            "hours": 1,
            "back_url": "/sign-in",
            "reset_url": "/reset",
            "form": {"email": "ines@"},
            "problems": {"email": "Écrivez votre adresse en entier."},
        },
    ],
    "recovery/sent.html": [{"email": "ines@atelier.example", "back_url": "/sign-in", "again_url": "/recovery"}],
    "recovery/case.html": [
        {
            "said": "Un nouveau départ.",
            "asked_at": "hier",
            "effective": "",
            "sent": False,
            "stop_url": "/stop",
            "confirm_url": "/confirm",
            "confirmed": False,
        },
        {
            "said": "Un nouveau départ.",
            "asked_at": "hier",
            "effective": "demain",
            "sent": True,
            "stop_url": "/stop",
            "confirm_url": "",
            "confirmed": True,
        },
    ],
    "recovery/stopped.html": [{"sign_in_url": "/sign-in", "reset_url": "/reset"}],
    "recovery/confirmed.html": [{"effective": effective, "case_url": "/recovery/x"} for effective in ("", "demain")],
    "operations/desk.html": [{"account": INES, "entries": [{"name": "Dossiers", "url": "/", "detail": "2 ouverts"}]}],
    "operations/find.html": [
        {"account": INES},
        {"account": INES, "problems": {"email": "Personne."}, "form": {"email": "x@y.example"}},
    ],
    "operations/account.html": [
        {
            "account": INES,
            "found": {"name": "Mehdi <Haddad>", "address": "m@y.example"},
            "facts": CASE_FACTS,
            "cases": CASE_ROWS,
            "case_pages": PAGER,
            "sign_ins": [["hier", "Firefox", "192.0.2.7", "terminée"]],
            "kinds": [{"name": "Second facteur", "url": "/open"}],
            "guide_url": "/guide",
            "guide_sent": True,
            "block_url": "/block",
            "blocked": False,
        },
        {
            "account": INES,
            "found": {"name": "Mehdi"},
            "facts": CASE_FACTS,
            "cases": [],
            "case_pages": None,
            "sign_ins": [],
            "kinds": [],
            "guide_url": None,
            "guide_sent": False,
            "block_url": "/block",
            "blocked": True,
        },
        {
            "account": INES,
            "found": {"name": "M"},
            "facts": CASE_FACTS,
            "cases": [],
            "case_pages": None,
            "sign_ins": None,
            "kinds": [],
            "guide_url": None,
            "guide_sent": False,
            "block_url": None,
            "blocked": False,
        },
    ],
    "operations/guide.html": [
        {
            "account": INES,
            "found": {"name": "Amélie <D>", "address": "a@y.example"},
            "language": "français",
            "companies": [{"value": str(number), "label": f"Atelier <{number}>"} for number in range(count)],
            "back_url": "/back",
            "problems": {"company": "Choisissez une entreprise."} if count > 1 else {},
        }
        for count in (0, 1, 2)
    ],
    "operations/block.html": [
        {
            "account": INES,
            "found": {"name": "Mehdi <Haddad>", "address": "m@y.example"},
            "blocked": blocked,
            "owns": owns,
            "back_url": "/back",
            "problems": problems,
            "form": {"reason": "<b>"},
        }
        for blocked, owns, problems in (
            (False, "Toitures <V>", {}),
            (False, "", {"reason": "Remplissez ce champ."}),
            (True, "", {}),
        )
    ],
    "operations/suspension.html": [
        {
            "account": INES,
            "name": "Toitures <V>",
            "firm": firm,
            "since": since,
            "reason": "Dossier <4711>",
            "back_url": "/back",
            "problems": problems,
        }
        for firm, since, problems in (
            (True, None, {}),
            (False, None, {"reason": "Remplissez ce champ."}),
            (False, MOMENT, {}),
        )
    ],
    "operations/open.html": [
        {
            "account": INES,
            "found": {"name": "Mehdi", "address": "m@y.example"},
            "back_url": "/back",
            "title": "Second facteur",
            "with_address": bool(problems),
            "problems": problems,
            "form": {"reason": "<b>"},
        }
        for problems in ({}, {"reason": "Remplissez ce champ.", "address": "Écrivez l’adresse en entier."})
    ],
    "operations/cases.html": [
        {
            "account": INES,
            "states": [
                {"name": "Ouverts", "url": "/a", "current": True},
                {"name": "Fermés", "url": "/b", "current": False},
            ],
            "cases": rows,
            "total": len(rows),
            "pages": pages,
        }
        for rows, pages in ((CASE_ROWS, PAGER), ([], None))
    ],
    "operations/case.html": [
        {
            **DESK,
            "acts": [{"act": "approve", "label": "Approuver", "url": "/x"}],
            "mine": False,
            "why_not": "",
            "signs": [["Deux lieux", "20 novembre", "21 novembre", "3"]],
            "look_up": True,
            "guide": True,
            "form": {"email": "m@y.example"},
        },
        {
            **DESK,
            "acts": [],
            "mine": True,
            "why_not": "Lecture seule.",
            "signs": [],
            "look_up": False,
            "problems": {"form": "Trop tard."},
        },
    ],
    "operations/take_up.html": [{**DESK, "confirmed": confirmed, "back_url": "/b"} for confirmed in (True, False)],
    "operations/approve.html": [{**DESK, "hours": hours, "confirmed": True, "back_url": "/b"} for hours in (0, 1, 24)],
    "operations/close.html": [{**DESK, "back_url": "/b", "problems": {"reason": "Remplissez ce champ."}}],
    "operations/send_again.html": [{**DESK, "back_url": "/b"}],
}
MAILS: dict[str, list[dict[str, Any]]] = {}
