"""Samples of the pages and mails about subscriptions; `template_samples` has most others."""

from typing import Any

from tests.web.company_samples import AMELIE, AREA

LINK = "http://localhost:8000/activate/abc"
TOLD = {
    "link": LINK, "name": "Joris <Vanderlinden>", "company": "Toitures & Fils", "product": "Comptabilité et Paie",
    "day": "8 février 2027", "kept": "7 août 2027", "by": "Thomas", "days": 7,
    "seats": 5, "used": 7,
}  # fmt: skip
WHAT = (
    "cancelled", "cancelled_viewing", "resumed", "back", "paid", "ended", "failed", "suspended", "reminder",
    "trial_reminder", "purged", "seats_lowered",
)  # fmt: skip

CALENDAR = [
    ("Jusqu’au 8 février 2027", "Tout fonctionne."),
    ("Ensuite", "Plus personne ne peut ouvrir <Comptabilité>."),
]
NOTICE = {
    "name": "Comptabilité", "state": "Résiliation en cours", "since": "3 janvier 2027", "shortages": [],
    "running": True, "seats": "3 licences utilisées sur 6", "calendar": CALENDAR,
    "acts": [{"label": "Garder l’abonnement", "url": "/r", "kind": "secondary"}],
}  # fmt: skip
SHORTAGES = [
    {"fact": "2 utilisateurs de trop", "what": "Personne n’est retiré.", "url": url, "label": "Voir <qui>"}
    for url in ("/u", "")
]
ACTIVE = {**NOTICE, "name": "Paie", "state": "Actif", "calendar": [], "shortages": SHORTAGES, "acts": []}
WAITING = {"what": "Équipe, 8 licences", "asked": "3 janvier 2027", "from_day": "8 février 2027", "refused": False,
           "answer": "", "withdraw_url": "/w"}  # fmt: skip
FRAME = {"account": AMELIE, "area": AREA}
ASKED = {**FRAME, "name": "Comptabilité", "back_url": "/b"}
CHANGE = {
    **FRAME, "contract": "Équipe, 6 licences", "plan": "team", "rows": [["Équipe", "5 licences", "Paie"]],
    "plans": [{"value": "solo", "label": "Solo"}, {"value": "team", "label": "Équipe"}], "seats": 6, "used": 5,
    "renewal": "8 février 2027", "pending": True, "back_url": "/b",
}  # fmt: skip

DESK = {"account": AMELIE, "name": "Toitures & <Fils>", "back_url": "/b"}

PAGES: dict[str, list[dict[str, Any]]] = {
    "operations/find_company.html": [{"account": AMELIE, "problems": {"company": "Aucune entreprise."}}],
    "operations/subscriptions.html": [
        {**DESK, "contract": "Équipe", "products": [NOTICE, ACTIVE], "choices": [{"value": "a", "label": "A"}],
         "done": True, "record_url": "/r", "suspension_url": "/s", "stopped": False},
        {**DESK, "contract": "", "products": [], "choices": [], "done": False, "record_url": "/r",
         "suspension_url": None, "stopped": True},
    ],
    "operations/record_cancellation.html": [
        {**DESK, "choices": [{"value": "a", "label": "A"}], "form": {"day": "hier"},
         "problems": {"product": "Choisissez.", "day": "Ce jour est passé.", "reason": "Remplissez ce champ."}},
    ],
    "subscription/overview.html": [
        {**FRAME, "contract": "Équipe, 6 licences", "renewal": "8 février 2027", "announced": "À partir du 8 février.",
         "settling": {"contact": "b@y.example", "url": "mailto:b@y.example", "people": None},
         "requests": [WAITING, {**WAITING, "refused": True, "answer": "Payez d’abord."}], "products": [NOTICE, ACTIVE],
         "addable": [{"name": "Capture", "url": "/a", "detail": ""}], "change_url": "/c", "done": "Fait."},
        *(
            {**FRAME, "contract": "", "renewal": "", "announced": "", "requests": [], "products": [], "addable": [],
             "settling": settling, "change_url": "", "done": "", "problems": {"form": "Trop tard."}}
            for settling in (
                None,
                {"contact": "", "url": "", "people": None},
                {"contact": "https://pay.example/x", "url": "https://pay.example/x", "people": None},
                {"contact": "", "url": "", "people": [{"name": "Samira <E>", "email": "s@y.example"}]},
            )
        ),
    ],
    "subscription/cancel.html": [
        {**ASKED, "at_once": False, "ends": "8 février 2027", "least": 30, "viewing": False, "calendar": CALENDAR,
         "people": 4, "others": ["Paie"],
         "reasons": [{"value": "", "label": "–"}, {"value": "price", "label": "Le prix"}],
         "problems": {"reason": "Choisissez ce qui s’en rapproche.", "exported": "Cochez cette case."}},
        {**ASKED, "at_once": True, "ends": "", "least": 30, "viewing": False, "calendar": CALENDAR,
         "people": 1, "others": [], "reasons": [{"value": "", "label": "–"}]},
    ],
    "subscription/resume.html": [{**ASKED, "ended": ended, "people": 4} for ended in (False, True)],
    "subscription/change.html": [
        CHANGE,
        {**CHANGE, "seats": None, "renewal": "", "pending": False, "form": {"seats": "3"},
         "problems": {"seats": "De 5 à 25 licences.", "plan": "Choisissez l’une de ces formules."}},
    ],
    "subscription/add.html": [
        {**ASKED, "summary": "Bulletins et salaires.", "plan": "Équipe", "trial": trial} for trial in ([], CALENDAR)
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {
    "subscription_told": [
        {**TOLD, "what": what, "firm": firm, "by": "" if firm else TOLD["by"]}
        for what in WHAT
        for firm in (False, True)
    ]
    + [{**TOLD, "what": "seats_lowered", "firm": False, "day": ""}],
}
