"""Samples of the pages and mails about subscriptions; `template_samples` has most others."""

from typing import Any

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

PAGES: dict[str, list[dict[str, Any]]] = {}
MAILS: dict[str, list[dict[str, Any]]] = {
    "subscription_told": [
        {**TOLD, "what": what, "firm": firm, "by": "" if firm else TOLD["by"]}
        for what in WHAT
        for firm in (False, True)
    ]
    + [{**TOLD, "what": "seats_lowered", "firm": False, "day": ""}],
}
