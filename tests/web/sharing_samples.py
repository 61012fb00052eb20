"""Samples of the pages and mails about sharing; `template_samples` has the others."""

from typing import Any

LINK = "http://localhost:8000/activate/abc"
SOPHIE = {"display_name": "Sophie Lemaire", "email": "info@boulangerie.example", "sharing_noticed": True}
PAGER = {"first": 1, "last": 25, "total": 41, "previous_url": None, "next_url": "?after=2#x", "label": "Demandes"}
MOMENT = {"iso": "2026-11-21T18:04:00+00:00", "short": "hier à 18:04", "full": "21 novembre 2026, 18:04 (Bruxelles)"}
PLACES = {"label": "Deux lieux éloignés", "details": ["Namur, hier à 10:02", "Lille, hier à 10:07"], "seen": MOMENT}
ASKED = {"name": "Marc <Petit>", "address": "marc@boulangerie.example", "company": "Boulangerie Lemaire"}
NOTICE = {"account": SOPHIE, "strict": True, "answer": None, "answered": "", "muted_until": "", "requests": [],
          "request_pages": None, "administers": False}  # fmt: skip
DECISION = {"account": SOPHIE, "case": {"reference": "7K3M9QA", "name": "Sophie Lemaire"}, "title": "Classer ?",
            "signs": [["Deux lieux éloignés", "20 novembre", "21 novembre", "3"]], "back_url": "/b"}  # fmt: skip

PAGES: dict[str, list[dict[str, Any]]] = {
    "sharing/notice.html": [
        {**NOTICE, "signs": [PLACES, {**PLACES, "details": []}], "administers": True},
        {**NOTICE, "signs": [PLACES], "strict": False, "answer": "shared", "requests": [ASKED],
         "request_pages": PAGER},
        {**NOTICE, "signs": [], "answer": "me", "answered": "hier", "muted_until": "20 février"},
        {**NOTICE, "signs": [], "answer": "not_me", "answered": "hier"},
        {**NOTICE, "signs": []},
    ],
    "sharing/colleague.html": [
        {"account": SOPHIE, "companies": [{"value": "1", "label": "Boulangerie Lemaire"}], "administered": ["Lumen"]},
        {"account": SOPHIE, "companies": [{"value": "1", "label": "A"}, {"value": "2", "label": "B"}],
         "administered": [], "form": {"company": "2", "name": "Marc"},
         "problems": {"email": "Écrivez l’adresse en entier."}},
        {"account": SOPHIE, "companies": [], "administered": ["Lumen"]},
        {"account": SOPHIE, "companies": [], "administered": []},
    ],
    "sharing/requests.html": [
        {"account": SOPHIE, "requests": [{**ASKED, "id": "1", "by": "Sophie Lemaire", "asked": MOMENT,
                                               "invite_url": "/companies/1/invitations/new?request=1"}],
         "cases": [{"name": "Sophie Lemaire", "company": "Boulangerie Lemaire", "since": "21 novembre 2026"}],
         "request_pages": PAGER, "case_pages": PAGER},
        {"account": SOPHIE, "requests": [], "cases": [], "request_pages": None, "case_pages": None},
    ],
    "sharing/secured.html": [{}],
    "operations/decide.html": [
        {**DECISION, "decision": "dismiss", "days": 90},
        {**DECISION, "decision": "confirm", "days": 90, "problems": {"reason": "Remplissez ce champ."}},
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {
    "sharing_noticed": [
        {"link": LINK, "name": "Sophie", "seen": ["Deux lieux éloignés", "Adresse partagée"], "strict": strict}
        for strict in (True, False)
    ],
    "sharing_confirmed": [{"link": LINK, "name": "Sophie"}],
    "colleague_request": [
        {"link": LINK, "name": "Benoît", "by": "Sophie Lemaire", "company": "Boulangerie Lemaire",
         "colleague": "Marc <Petit>", "colleague_address": "marc@boulangerie.example"}
    ],
}  # fmt: skip
