"""Samples of the pages from the mail of an order to a company of one's own."""

from types import SimpleNamespace
from typing import Any

ACCOUNT = SimpleNamespace(display_name="Rose <Marin>", email="rose@fleurs.example", sharing_noticed=False, menu=None)
ORDERED = {
    "plan": "Team", "products": "Accounting and Invoicing", "seats": "5 seats in each product", "several": True,
    "services": True,
}  # fmt: skip
COMPANY = {"company": "Fleurs <du> Quai", "email": "rose@fleurs.example"}
STEPS = ["Name and password", "Second factor", "Recovery contact", "Recovery codes", "Users", "Ready"]

PAGES: dict[str, list[dict[str, Any]]] = {
    "get_started/details.html": [
        {**COMPANY, "ordered": ORDERED, "address_url": "/get-started/abc/address", "min_length": 12,
         "expires": "29 November 2026", "journey": STEPS, "form": {"software": "yes"}},
        {**COMPANY, "ordered": {**ORDERED, "seats": ""}, "address_url": "/get-started/abc/address", "min_length": 12,
         "expires": "29 November 2026", "journey": STEPS, "problems": {"personal": "Tick this box."}},
    ],
    "get_started/sign_in.html": [
        {**COMPANY, "sign_in_url": "/sign-in?login_hint=a@b.example", "address_url": "/get-started/abc/address"}
    ],
    "get_started/attach.html": [
        {**COMPANY, "ordered": ORDERED, "other": other, "account": ACCOUNT} for other in (True, False)
    ],
    "get_started/address.html": [
        {**COMPANY, "back_url": "/get-started/abc", "problems": {"email": "Write it in full."}},
        {**COMPANY, "email": None, "back_url": None},
    ],
    "get_started/code.html": [
        {"company": "Fleurs", "sent_to": "rose@fleurs.example", "lasts": "It works for 10 minutes.",
         "again_url": "/get-started/abc/address", "change_url": "/get-started/abc/address",
         "paused": None, "problems": {"code": "That code is not right."}},
        {"company": "Fleurs", "sent_to": "rose@fleurs.example", "lasts": "It works for 10 minutes.",
         "again_url": "/get-started/abc/address", "change_url": "/get-started/abc/address",
         "paused": "Too many wrong codes. Try again at 10:12."},
    ],
    "get_started/over.html": [
        {"again_url": "/get-started/abc/again", "ask_url": "/get-started/again"},
        {"again_url": None, "ask_url": "/get-started/again"},
    ],
    "get_started/again.html": [{"problems": {"email": "Write it in full."}}],
    "get_started/sent.html": [
        {"email": email, "days": 7, "again_url": "/get-started/again"} for email in ("rose@fleurs.example", None)
    ],
}  # fmt: skip
AREA = {
    "area": {"name": "Fleurs <du> Quai", "url": "/companies/1", "entries": []}, "account": ACCOUNT, "journey": STEPS,
}  # fmt: skip
LISE = {
    "key": "1", "name": "Lise <Petit>", "email": "lise@fleurs.example", "roles": "Accounting: Reader",
    "language": "Français (France)",
}  # fmt: skip
FIELD = {
    "name": "role_accounting", "label": "Accounting", "hint": "Every seat is taken.",
    "choices": [{"value": "", "label": "No access"}, {"value": "accounting.reader", "label": "Reader"}],
}  # fmt: skip
SERVICE = {
    "id": "mobile-data", "name": "service_mobile_data", "label": "Mobile data", "allows": "Use it on a telephone",
    "people": 2, "on": True, "waits": False, "per_person": False,
}  # fmt: skip
SERVICES = [
    SERVICE,
    {**SERVICE, "name": "service_filing", "people": 0, "on": False, "waits": True, "allows": ""},
    {**SERVICE, "name": "service_phone", "people": 1, "waits": True, "per_person": True},
]
USERS = {
    **AREA, "cost": False, "step": 5, "places": "2 of 5 seats taken", "fields": [FIELD],
    "languages": [{"value": "fr-FR", "label": "Français (France)"}], "decide_url": "/users/decided",
    "remove_url": "/users",
}  # fmt: skip
PAGES |= {
    "first_steps/users.html": [
        {**USERS, "listed": [], "form": {"locale": "fr-FR"}},
        {**USERS, "listed": [LISE, LISE], "problems": {"role_accounting": "Choose one.", "email": "In full."}},
        {**USERS, "listed": [], "places": "", "fields": []},
        {**USERS, "listed": [LISE], "cost": True, "problems": {"role_accounting": "It costs extra."}},
    ],
    "first_steps/services.html": [
        {**AREA, "step": 6, "services": SERVICES},
        {**AREA, "step": 6, "services": SERVICES, "problems": {"service_phone": "Choose one."}},
    ],
    "first_steps/summary.html": [
        {**AREA, "step": 7, "listed": [LISE] * number, "extra": number - 1,
         "services": SERVICES[:number], "users_url": "/u",
         "services_url": "/s" if number else None}
        for number in (1, 2)
    ],
    "first_steps/done.html": [
        {**AREA, "step": 7, "products": "Accounting", "invited": [LISE], "services": SERVICES, "later": [],
         "home_url": "/companies/1",
         "tiles": [{"product": SimpleNamespace(name="Accounting", accent="green", mark="Ac"), "url": "/x",
                    "role": "Administrator", "note": None}],
         "downloads": [{"name": "Bureau <3", "product": "Accounting", "url": "https://books.example/get?a=1&b=2"}]},
        {**AREA, "step": 3, "products": "Accounting", "invited": [], "services": [], "later": ["Users"], "tiles": [],
         "downloads": [], "home_url": "/companies/1"},
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
