"""Samples of the context of pages and mails about invitations, as the first line of each template asks for it."""

from typing import Any

from tests.web.company_samples import AMELIE, AREA
from tests.web.role_samples import PREVIEW
from tests.web.template_samples import PAGER

LINK = "http://localhost:8000/activate/abc"
ROLES = [{"product": "Capture de documents", "role": "Documents – simple"}]

CAPTURE = {"name": "Capture <b>", "accent": "green", "mark": "Ca"}
MOMENT = {"iso": "2026-03-02T08:30:00+00:00", "short": "hier à 09:30", "full": "2 mars 2026 à 09:30"}
OFFER: dict[str, Any] = {
    "company": "Atelier <Lumen>", "inviter": "Thomas Lefèvre", "email": "lea@atelier.example",
    "message": ["Bienvenue <i>", "À lundi"], "administration": ["Contrôleur des accès"], "expires": "29 novembre 2026",
    "roles": [{"product": CAPTURE, "role": "Documents – simple", "until": "31 mars 2027", "url": "/r"}],
    "sign_in_url": "/sign-in", "create_url": "/c", "refuse_url": "/no", "account": None, "way": "create",
}  # fmt: skip
LISTED: dict[str, Any] = {
    "name": "Léa <Marchand>", "email": "lea@atelier.example", "roles": ["Capture: Documents – simple"],
    "inviter": "Thomas Lefèvre", "sent": MOMENT, "until": "29 novembre 2026", "over": False, "outcome": "",
    "closed": None, "resend_url": "/again", "withdraw_url": "/back",
}  # fmt: skip
STATES = [{"label": "En attente", "count": 3, "url": "?state=open", "current": True},
          {"label": "Sans réponse dans le délai", "count": 0, "url": "?state=expired", "current": False}]  # fmt: skip
FRAME: dict[str, Any] = {"account": AMELIE, "area": AREA}
PRODUCT: dict[str, Any] = {
    "id": "invoicing", "label": "Facturation", "seats": "2 licences utilisées sur 2", "chosen": "invoicing.employee",
    "roles": [{"value": "", "label": "Aucun accès"}, {"value": "invoicing.employee", "label": "Employé"}],
    "with_switches": "Employé", "switched": ["invoicing.employee"], "always": ["Clients", "Produits"],
    "switches": [{"name": "switch_invoicing_time", "label": "Temps", "on": True}],
    "limits": [{"name": "limit_invoicing_own", "label": "Ses documents", "list": False, "value": "yes"},
               {"name": "limit_invoicing_departments", "label": "Départements", "list": True, "value": "nord"}],
    "until": "2027-03-31", "next": "seat_limit_reached",
}  # fmt: skip
NEW: dict[str, Any] = {
    **FRAME, "languages": [{"value": "fr-FR", "label": "français"}], "language": "fr-FR",
    "plan": "Équipe", "plan_url": "/plan",
    "company_roles": [{"value": "company.member", "label": "Membre"}, {"value": "x", "label": "Autre"}],
    "combined": [{"value": "y", "label": "Abonnements"}], "cost": "yes", "back_url": "/b", "kept": False,
    "shown": {"product": "invoicing", "role": "Employé", "preview": PREVIEW},
    "products": [PRODUCT, {**PRODUCT, "id": "accounting", "next": "confirm_extra_cost", "switches": [], "limits": []}],
}  # fmt: skip

IMPORT: dict[str, Any] = {
    **FRAME, "languages": [{"value": "fr-FR", "label": "français"}], "most": 200, "largest": 64,
    "products": [{"id": "capture", "label": "Capture", "seats": "2 sur 5", "roles": PRODUCT["roles"]}],
    "results": [], "total": 0, "able": 0, "bought": 0, "result": "", "result_url": "/r", "seen": "", "model_url": "/m",
    "one_url": "/one", "back_url": "/b", "form": {"locale": "fr-FR", "people": ""},
}  # fmt: skip
CHECKED: dict[str, Any] = {
    "results": [
        {"number": 2, "email": "zoe@example.test", "given": "Zoé", "family": "<b>", "said": "invité",
         "refused": False},
        {"number": 3, "email": "", "given": "", "family": "", "said": "l’adresse manque", "refused": True},
    ],
    "total": 2, "able": 1, "bought": 1, "result": "Ligne,E-mail\n2,zoe<b>\n", "result_url": "/r", "seen": "abc",
}  # fmt: skip

PAGES: dict[str, list[dict[str, Any]]] = {
    "invitation/start.html": [
        OFFER, {**OFFER, "way": "sign_in", "inviter": "", "message": [], "administration": []},
        {**OFFER, "way": "accept", "account": AMELIE, "problems": {"form": "Déjà membre."}},
    ],
    "invitation/refuse.html": [
        {"company": "Atelier <Lumen>", "inviter": inviter, "back_url": "/b"} for inviter in ("Thomas Lefèvre", "")
    ],
    "invitation/refused.html": [
        {"company": "Atelier <Lumen>", "inviter": inviter} for inviter in ("Thomas Lefèvre", "")
    ],
    "invitation/other.html": [
        {"name": "Amélie <Dubois>", "email": "lea@atelier.example", "company": "Lumen", "switch_url": "/s",
         "account": AMELIE},
    ],
    "invitation/role.html": [
        {"name": "Documents – simple", "product_name": "Capture", "company": "Lumen", "preview": PREVIEW,
         "back_url": "/b"},
    ],
    "invitation/welcome.html": [
        {"company": "Atelier <Lumen>", "new": True, "given_name": "Léa", "missing": [], "account": AMELIE,
         "tiles": [{"product": CAPTURE, "url": "http://localhost:8001", "role": "Documents", "note": None}]},
        {"company": "Atelier <Lumen>", "new": False, "given_name": "Léa", "missing": ["Paie : terminé."], "tiles": [],
         "account": AMELIE},
    ],
    "invitations/list.html": [
        {**FRAME, "state": "open", "states": STATES, "search": "", "found": 3, "plan": "Équipe",
         "plan_url": "/plan", "new_url": "/new", "import_url": "/new/import",
         "invitations": [LISTED, {**LISTED, "over": True, "withdraw_url": None, "name": ""},
                         {**LISTED, "outcome": "Retirée", "closed": MOMENT, "resend_url": None, "withdraw_url": None}],
         "pages": PAGER, "seats": [{"product": "Paie", "used": "3 sur 6", "next": "il n’en reste aucune"}],
         "done": "L’invitation est en route."},
        {**FRAME, "state": "closed", "states": STATES, "search": "zz", "found": 0, "plan": "",
         "plan_url": None, "new_url": None,
         "invitations": [], "pages": None, "seats": [], "done": ""},
    ],
    "invitations/new.html": [
        NEW,
        {**NEW, "kept": True, "shown": None},
        {**NEW, "shown": {"product": "invoicing", "role": "", "preview": None}},
        {**NEW, "cost": "", "form": {"email": "zoe", "message": "a\nb", "request": "1"},
         "problems": {"email": "Adresse en entier.", "role_invoicing": "Plus de place."}},
    ],
    "invitations/import.html": [IMPORT, {**IMPORT, **CHECKED}, {**IMPORT, **CHECKED, "able": 0, "bought": 0}],
    "invitations/imported.html": [
        {**FRAME, **CHECKED, "rest": rest, "kept": [("locale", "fr-FR")], "again_url": "/again", "back_url": "/b"}
        for rest in ("e-mail\nzoe<b>", "")
    ],
    "invitations/resend.html": [
        {**FRAME, "email": "lea@atelier.example", "cost": bool(costs), "full": full, "costs": costs,
         "plan_url": "/companies/1/subscriptions", "days": 7, "back_url": "/b"}
        for full, costs in ((["Facturation"], []), ([], ["Comptabilité"]), ([], []))
    ],
    "invitations/withdraw.html": [{**FRAME, "email": "lea@atelier.example", "back_url": "/b"}],
}  # fmt: skip

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
