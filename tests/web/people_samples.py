"""Samples of the pages about the people of a company; `template_samples` has the others."""

from typing import Any

from tests.web.company_samples import AMELIE, AREA
from tests.web.template_samples import MOMENT, PAGER

WHO = {"name": "Hugo <Perrin>", "address": "hugo.perrin@atelier-lumen.example"}
ALL = {"value": "", "label": "Tous"}
CHOICES = {
    "product": [ALL, {"value": "accounting", "label": "Comptabilité"}],
    "role": [ALL, {"value": "accounting.reader", "label": "Comptabilité – Lecture seule"}],
    "state": [ALL, {"value": "suspended", "label": "Suspendu"}],
}
HELD = {"product": "Comptabilité", "role": "Lecture <seule>", "until": "jusqu’au 3 mars"}
ROW = {"name": "Hugo <Perrin>", "address": WHO["address"], "url": "/p/1", "you": False, "company_role": "Membre",
       "roles": [HELD, {**HELD, "until": ""}], "language": "français", "last": MOMENT, "state": "Suspendu",
       "active": False}  # fmt: skip
NOBODY = {"search": "", "product": "", "role": "", "state": ""}
LIST = {"account": AMELIE, "area": AREA, "choices": CHOICES, "counts": "6 utilisateurs",
        "seats": ["Comptabilité 5 sur 5", "Facturation 2 sur 5"], "plan": "Équipe"}  # fmt: skip
LINE = {"id": "a.b.c", "label": "Modifier <des choses>", "why": "", "step_up": False, "along": False}
CHANGE = {
    "areas": [{"label": "Ventes", "before": "Voir", "after": "Gérer", "added": [LINE], "taken": [], "dormant": []}],
    "limited": ["Sans suppression"], "freed": [], "added": 1, "taken": 0,
}  # fmt: skip
NOTHING = {"areas": [], "limited": [], "freed": [], "added": 0, "taken": 0}
PREVIEW = {"areas": [{"id": "a", "label": "Ventes", "level": "Gérer", "permitted": [LINE], "crossed": []}],
           "sensitive": [], "without": ["Stock"], "restrictions": [], "count": 1, "crossed": 0}  # fmt: skip
OFFER = {"key": "invoicing.employee", "label": "Employé", "summary": "Clients et produits.", "seat": True}
FREE = {"key": "invoicing.free", "label": "Gratuit", "summary": "Rien.", "seat": False}
HELD_NOW = {"role": "Employé", "until": "", "switches": "Ouvert : Ventes", "limits": ""}
BESIDE = {"account": AMELIE, "area": AREA, "who": WHO, "cancel_url": "/p/1"}
ROLE = {**BESIDE, "product_name": "Facturation", "held": HELD_NOW}
ONE = {**HELD, "since": "2 mars", "switches": "Ouvert : Ventes", "limits": "Sans suppression", "change_url": "/c",
       "remove_url": "/r"}  # fmt: skip
SERVICE = {"value": "mobile-data", "label": "Données mobiles", "on": True}
COMPANY_ROLES = [{"value": "company.member", "label": "Membre", "hint": "Rôle de base."}]
SAVED = {**ROLE, "offer": OFFER, "change": CHANGE, "preview": PREVIEW, "fields": [("role", "x"), ("switch", "a")],
         "back_url": "/b", "changed": True}  # fmt: skip

PAGES: dict[str, list[dict[str, Any]]] = {
    "company/people.html": [
        {**LIST, "people": [ROW, {**ROW, "you": True, "last": None, "active": True}], "wanted": NOBODY,
         "narrowed": False, "total": 61, "waiting": 2, "invitations_url": "/i", "invites": True, "done": "C’est fait.",
         "pages": PAGER},
        {**LIST, "people": [], "wanted": {**NOBODY, "search": "zz", "state": "suspended"}, "narrowed": True,
         "total": 0, "waiting": 0, "invitations_url": None, "invites": False, "done": None, "pages": None},
        {**LIST, "seats": [], "plan": "", "people": [ROW], "wanted": NOBODY, "narrowed": False, "total": 1,
         "waiting": 0, "invitations_url": "/i", "invites": False, "done": None, "pages": None},
    ],
    "company/person.html": [
        {"account": AMELIE, "area": AREA, "who": WHO, "facts": [("Langue", "français")], "why": None, "own": False,
         "roles": [ONE, {**ONE, "until": "", "switches": "", "limits": "", "change_url": None, "remove_url": None}],
         "add_url": "/new", "services": [SERVICE], "services_url": "/s", "acts": [{"name": "Retirer", "url": "/x"}],
         "explain_url": "/e", "done": "C’est fait."},
        {"account": AMELIE, "area": AREA, "who": WHO, "facts": [("Langue", "français")], "why": "C’est vous.",
         "own": True, "roles": [], "add_url": None, "services": [SERVICE, {**SERVICE, "on": False}],
         "services_url": None, "acts": [], "explain_url": "/e", "done": None},
    ],
    "company/person_products.html": [
        {**BESIDE, "back_url": "/p/1", "entries": [
            {"name": "Facturation", "url": "/x", "detail": "2 sur 2", "about": "Factures."}]},
        {**BESIDE, "back_url": "/p/1", "entries": []},
    ],
    "company/person_role.html": [
        {**ROLE, "offers": [OFFER, FREE], "chosen": OFFER["key"], "problems": {"role": "Choisissez un rôle."}},
        {**ROLE, "held": {**HELD_NOW, "until": "jusqu’au 3 mars"}, "offers": [], "chosen": ""},
    ],
    "company/person_role_options.html": [
        {**ROLE, "offer": OFFER, "switches": [{"value": "quotes", "label": "Offres"}], "on": ["quotes"],
         "always": ["Clients"], "missing": ["Stock", "Projets"], "until": "2027-03-31",
         "seen": "1", "preview": PREVIEW, "new": False, "back_url": "/b",
         "limits": [{"value": "no-deletion", "label": "Sans suppression", "on": True, "field": None, "typed": ""},
                    {"value": "departments", "label": "Départements", "on": False, "field": "values_departments",
                     "typed": "Ventes"}],
         "problems": {"values_departments": "Écrivez-en au moins un.", "until": "Ce jour est passé."}},
        {**ROLE, "held": None, "offer": FREE, "switches": [], "on": [], "always": [], "missing": [], "limits": [],
         "until": "", "seen": "", "preview": PREVIEW, "new": True, "back_url": "/b"},
    ],
    "company/person_role_review.html": [
        {**SAVED, "until": None, "meanwhile": None, "seats": {"next": "accepted", "said": "2 sur 5"}},
        {**SAVED, "until": "31 mars 2027", "meanwhile": NOTHING, "seats": None, "held": None},
        {**SAVED, "until": None, "meanwhile": None, "seats": {"next": "confirm_extra_cost", "said": "5 sur 5"},
         "problems": {"extra_cost": "Confirmez le supplément."}},
        {**SAVED, "until": None, "meanwhile": None, "seats": {"next": "seat_limit_reached", "said": "2 sur 2"},
         "problems": {"form": "Toutes les licences sont prises."}},
    ],
    "company/person_role_removal.html": [
        {**ROLE, "seat": seat, "seen": "1", "change": CHANGE, "problems": problems}
        for seat, problems in ((True, {}), (False, {"form": "Quelqu’un a modifié ceci."}))
    ],
    "company/person_company_role.html": [
        {**BESIDE, "offers": COMPANY_ROLES, "combined": COMPANY_ROLES, "chosen": "company.member", "also": [],
         "seen": "1", "problems": {"company_role": "Choisissez un rôle."}},
        {**BESIDE, "offers": COMPANY_ROLES, "combined": [], "chosen": "", "also": [], "seen": "1"},
    ],
    "company/person_company_role_review.html": [
        {**BESIDE, "before": "Membre", "after": "Administrateur", "meanwhile": meanwhile, "change": CHANGE,
         "fields": [("company_role", "company.member")], "back_url": "/b", "changed": meanwhile}
        for meanwhile in (True, False)
    ],
    "company/person_act.html": [
        {**BESIDE, "title": "Retirer Hugo ?", "consequences": ["tout est perdu"], "label": "Retirer", "danger": danger,
         "seen": "1", "problems": problems}
        for danger, problems in ((True, {}), (False, {"form": "Quelqu’un a modifié ceci."}))
    ],
    "company/leave.html": [
        {"account": AMELIE, "area": AREA, "name": "Atelier <Lumen>", "obstacle": obstacle, "firm": firm,
         "hand_over_url": "/companies/1/ownership" if obstacle else None}
        for obstacle, firm in ((None, True), (None, False), ("Vous êtes titulaire.", False))
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
