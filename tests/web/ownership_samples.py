"""Samples of the pages of ownership and of a company's settings, and of their mails."""

from typing import Any

from tests.web.mail_samples import LINK
from tests.web.role_samples import MOMENT
from tests.web.start_samples import AREA as START
from tests.web.start_samples import SERVICES

AREA = {"area": START["area"], "account": START["account"]}
OFFER = {
    "name": "Lise <Petit>", "email": "lise@fleurs.example", "by": "Rose", "leaves": False, "until": "29 November 2026",
    "mine": False,
}  # fmt: skip
SEEN = {
    **AREA, "owner": ("Rose Marin", "rose@fleurs.example"), "owns": True, "offer": None, "offer_url": "/o",
    "withdraw_url": "/w", "answer_url": "/a", "close_url": "/c", "closes": "",
}  # fmt: skip
CLOSE = {
    **AREA, "closes": "", "would_close": "14 December 2026", "running": [], "people": 2, "waiting": 1, "firms": 1,
    "clients": 3, "kept": "1 May 2027", "subscriptions_url": "/s", "keep_url": "/k", "back_url": "/b",
}  # fmt: skip
PROFILE = {
    **AREA, "edits": True, "firm": False, "countries": [{"value": "FR", "label": "France"}], "country": "France",
    "languages": [{"value": "fr-FR", "label": "Français (France)"}], "language": "Français (France)", "saved": True,
    "form": {"name": "Fleurs", "city": "Nantes", "country": "FR", "locale": "fr-FR"},
}  # fmt: skip

RIGHTS = {"areas": [], "sensitive": [], "without": [], "restrictions": [], "count": 2, "crossed": 0}
PAGES: dict[str, list[dict[str, Any]]] = {
    "ownership/see.html": [
        SEEN,
        {**SEEN, "owns": False},
        {**SEEN, "closes": "14 December 2026"},
        {**SEEN, "offer": OFFER},
        {**SEEN, "offer": {**OFFER, "leaves": True}},
        {**SEEN, "offer": {**OFFER, "mine": True}, "owns": False, "problems": {"form": "It does not stand any more."}},
        {**SEEN, "offer": {**OFFER, "mine": True, "leaves": True}, "owns": False},
        {**SEEN, "offer": {**OFFER, "mine": True, "leaves": True, "by": ""}, "owns": False},
    ],
    "ownership/close.html": [
        CLOSE,
        {**CLOSE, "problems": {"understood": "Tick this."}},
        {**CLOSE, "people": 0, "waiting": 0, "firms": 0, "clients": 0, "kept": ""},
        {**CLOSE, "running": ["Accounting", "<Payroll>"]},
        {**CLOSE, "closes": "14 December 2026"},
    ],
    "ownership/offer.html": [
        {**AREA, "people": [{"value": "1", "name": "Lise", "email": "lise@fleurs.example"}],
         "pages": {"first": 1, "last": 1, "total": 2, "previous_url": None, "next_url": "?after=x"},
         "search": "", "back_url": "/b", "problems": {"person": "Choose one.", "afterwards": "Choose."}},
        {**AREA, "people": [], "pages": None, "search": "x", "back_url": "/b"},
        {**AREA, "people": [], "pages": None, "search": "", "back_url": "/b"},
    ],
    "applications/list.html": [
        {**AREA, "applications": [], "pages": None, "ended": True},
        {**AREA, "applications": [{"name": "Bank <b>", "url": "/a", "detail": "allowed by 2 people"}], "ended": False,
         "pages": {"first": 1, "last": 1, "total": 2, "previous_url": None, "next_url": "?after=x"}},
    ],
    "applications/one.html": [
        {**AREA, "name": "Bank <b>", "websites": [("About", "https://bank.example/")], "may": ["see", "read"],
         "rights": [], "only_reads": False,
         "since": MOMENT, "last_used": MOMENT,
         "last_day": "30 novembre 2026", "people": [{"name": "Lise <Petit>", "since": MOMENT}], "may_end": True,
         "pages": {"first": 1, "last": 1, "total": 2, "previous_url": None, "next_url": "?after=x#people"},
         "back": "/b"},
        {**AREA, "name": "Bank", "websites": [], "may": ["see"], "since": MOMENT, "last_used": None, "last_day": "",
         "may_end": False,
         "rights": [], "only_reads": False, "people": [{"name": "Lise", "since": MOMENT}], "pages": None, "back": "/b"},
        *({**AREA, "name": "Shop", "websites": [], "may": [], "since": MOMENT, "last_used": None, "last_day": "",
           "may_end": True,
           "rights": rights, "only_reads": bool(rights), "people": [], "pages": None, "back": "/b"}
          for rights in ([], [{"label": "Company", "preview": RIGHTS}])),
    ],
    "company_settings/profile.html": [
        PROFILE, {**PROFILE, "edits": False},
        {**PROFILE, "problems": {"name": "A name, please.", "country": "A country, please."}},
    ],
    "company_settings/services.html": [
        {**AREA, "services": SERVICES, "edits": True, "saved": True},
        {**AREA, "services": SERVICES, "edits": False, "saved": False},
        {**AREA, "services": [], "edits": True, "saved": False},
    ],
    "company_settings/security.html": [
        {**AREA, "allowed": True, "days": 30, "edits": True, "saved": True},
        {**AREA, "allowed": False, "days": 30, "edits": False, "saved": False},
        {**AREA, "allowed": False, "days": 30, "edits": True, "saved": False, "problems": {"trusted": "Choose."}},
    ],
}  # fmt: skip

MAIL = {"link": LINK, "name": "Lise", "company": "Fleurs <du> Quai"}
MAILS: dict[str, list[dict[str, Any]]] = {
    "ownership_offered": [
        {**MAIL, "expires": "29 novembre 2026"},
        {**MAIL, "expires": "29 novembre 2026", "by_service": "yes"},
    ],
    "ownership_moved": [{**MAIL, "new_owner": "Lise Petit"}],
    "ownership_declined": [{**MAIL, "person": "Lise Petit"}],
    "ownership_withdrawn": [{**MAIL, "person": "Lise Petit"}],
    "company_closing": [
        {**MAIL, "what": "asked", "day": "14 décembre 2026"},
        {**MAIL, "what": "kept", "day": ""},
        {**MAIL, "what": "closed", "day": ""},
        {**MAIL, "what": "suspended", "day": ""},
        {**MAIL, "what": "reopened", "day": ""},
    ],
    "company_security_changed": [{**MAIL, "allowed": True}, {**MAIL, "allowed": False}],
}
