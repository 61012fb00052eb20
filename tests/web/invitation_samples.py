"""Samples of the context of pages and mails about invitations, as the first line of each template asks for it."""

from typing import Any

LINK = "http://localhost:8000/activate/abc"
ROLES = [{"product": "Capture de documents", "role": "Documents – simple"}]

PAGES: dict[str, list[dict[str, Any]]] = {}

MAILS: dict[str, list[dict[str, Any]]] = {
    "invitation": [
        {
            "link": LINK, "name": "Léa Marchand", "company": "Atelier <Lumen>", "inviter": "Thomas Lefèvre",
            "roles": ROLES, "administration": ["Contrôleur des accès"],
            "message": ["Bienvenue parmi nous", "À lundi"], "expires": "29 novembre 2026 à 09:12",
        },
        {
            "link": LINK, "name": "", "company": "Atelier Lumen", "inviter": "", "roles": ROLES, "administration": [],
            "message": [], "expires": "29 novembre 2026 à 09:12",
        },
    ],
    "invitation_refused": [
        {"link": LINK, "name": name, "company": "Atelier Lumen", "address": "lea@atelier.example"}
        for name in ("Thomas Lefèvre", "")
    ],
    "seat_bought": [
        {
            "link": LINK, "name": "Amélie Dubois", "company": "Atelier Lumen", "by": by,
            "lines": [{"product": "Comptabilité", "bought": number, "used": 5 + number, "extra": number}],
        }
        for by, number in (("Amélie Dubois", 1), ("", 3))
    ],
}  # fmt: skip
