"""Samples of the pages of roles."""

from typing import Any

from tests.web.company_samples import AMELIE, AREA

OWN = {"client": "", "client_url": None, "roles_url": "/roles"}

LINE = {"id": "a.b.view", "label": "Consulter <b>", "why": "", "step_up": True, "along": True}
CROSSED = {**LINE, "id": "a.b.edit", "why": "le mandat ne couvre pas ce point"}
PREVIEW = {
    "areas": [{"id": "b", "label": "Banque", "level": "Gestion, en partie", "permitted": [LINE], "crossed": [CROSSED]}],
    "sensitive": [{"id": "p", "label": "Paie", "level": "Consultation", "permitted": [LINE], "crossed": []}],
    "without": ["Ventes"], "restrictions": ["ses propres documents"], "count": 2, "crossed": 1,
}  # fmt: skip
NOTHING = {"areas": [], "sensitive": [], "without": ["Ventes"], "restrictions": [], "count": 0, "crossed": 0}
CHANGE = {
    "areas": [{"label": "Banque", "before": "Consultation", "after": "Gestion", "added": [LINE], "taken": [LINE],
               "dormant": [CROSSED]}],
    "limited": ["ses propres documents"], "freed": ["ses clients"], "added": 1, "taken": 1,
}  # fmt: skip
SAME = {"areas": [], "limited": [], "freed": [], "added": 0, "taken": 0}
MOMENT = {"iso": "2026-03-02T08:30:00+00:00", "short": "hier à 09:30", "full": "2 mars 2026 à 09:30"}
FIELDS = {
    "name": "Banque <i>", "others": [{"name": "label-en", "label": "Anglais", "value": "Bank"}], "count": 1,
    "areas": [
        {"id": "bank", "label": "Banque", "sensitive": False, "level": "view",
         "levels": [{"value": "none", "label": "Aucun accès"}, {"value": "view", "label": "Consultation"},
                    {"value": "single", "label": "Choisir un par un"}],
         "permissions": [{"id": "a.bank.view", "label": "Voir", "chosen": True, "needs": [], "level": "view",
                          "apart": False}]},
    ],
    "sensitive": [
        {"id": "pay", "label": "Paie", "sensitive": True, "level": "single",
         "levels": [{"value": "none", "label": "Aucun accès"}, {"value": "single", "label": "Choisir un par un"}],
         "permissions": [{"id": "a.pay.send", "label": "Payer", "chosen": False, "needs": ["Voir"], "level": "manage",
                          "apart": True}]},
    ],
}  # fmt: skip
FRAME: dict[str, Any] = {"account": AMELIE, "area": AREA}
ROLE = {"name": "Lecture <b>", "url": "/r", "own": True, "summary": "", "held": "2 personnes", "at_clients": False}
REVISION = {"number": 2, "name": "Banque", "since": MOMENT, "added": ["Voir"], "taken": ["Payer"], "count": 1}

PAGES: dict[str, list[dict[str, Any]]] = {
    "roles/list.html": [
        {**FRAME, "deleted": "", "products": [
            {"id": "accounting", "label": "Comptabilité", "state": "Actif", "new_url": "/new", "why_not": "",
             "roles": [ROLE, {**ROLE, "own": False, "summary": "Voir.", "at_clients": True}]},
            {"id": "payroll", "label": "Paie", "state": "", "new_url": None, "why_not": "Votre formule.",
             "roles": [ROLE]},
        ]},
        {**FRAME, "deleted": "Banque <b>", "products": []},
    ],
    "roles/role.html": [
        {**FRAME, "name": "Banque", "product_name": "Comptabilité", "summary": "", "own": True, "preview": PREVIEW,
         "note": "Ici.", "held": "2 personnes", "giver": "", "revisions": [REVISION, {**REVISION, "number": 1}],
         "revision_pages": {"first": 1, "last": 2, "total": 3, "previous_url": None, "next_url": "?after=x#before"},
         "urls": {"edit": "/e", "from_copy": "/c", "delete": "/d"}, "saved": "made", "back_url": "/roles"},
        {**FRAME, "name": "Lecture", "product_name": "Comptabilité", "summary": "Voir.", "own": False,
         "preview": NOTHING, "note": "Ici.", "held": "personne", "giver": "Titulaire", "revisions": [],
         "revision_pages": None, "urls": {},
         "saved": "changed", "back_url": "/roles"},
    ],
    "roles/new.html": [
        {**FRAME, "product_name": "Comptabilité", "back_url": "/roles",
         "sources": [{"value": "nothing", "label": "de rien"}, {"value": "accounting.reader", "label": "Lecture"}]},
    ],
    "roles/editor.html": [
        {**FRAME, "fields": FIELDS, "product_name": "Comptabilité", "made": None,
         "copied": {"name": "Lecture", "left_out": 3},
         "seen": 0, "held": "", "back_url": "/roles"},
        {**FRAME, "fields": FIELDS, "product_name": "Comptabilité", "made": "Banque",
         "copied": {"name": "", "left_out": 0}, "seen": 4, "held": "2 personnes", "back_url": "/roles",
         "problems": {"name": "Donnez un nom.", "permissions": "Choisissez au moins un droit."}},
    ],
    "roles/review.html": [
        {**FRAME, "name": "Banque", "renamed": "Banque 2", "change": CHANGE, "changed": True, "held": "25 personnes",
         "names": ["Ada <b>", "Bob"], "further": 23, "firm": True, "kept": {"name": "Banque", "seen": 2},
         "picked": ["a.bank.view"]},
        {**FRAME, "name": "Banque", "renamed": "", "change": SAME, "changed": False, "held": "", "names": [],
         "further": 0, "firm": False, "kept": {"name": "Banque", "seen": 2}, "picked": []},
    ],
    "roles/changed.html": [{**FRAME, "name": "Banque", "url": "/e"}],
    "roles/delete.html": [
        {**FRAME, "name": "Banque", "held": "", "names": [], "further": 0, "back_url": "/r"},
        {**FRAME, "name": "Banque", "held": "21 personnes", "names": ["Ada", "Bob"], "further": 19, "back_url": "/r",
         "invitations_url": None},
        {**FRAME, "name": "Banque", "held": "1 invitation en attente", "names": [], "further": 0, "back_url": "/r",
         "invitations_url": "/i"},
    ],
    "roles/explain.html": [
        {**FRAME, "name": "Hugo <b>", "products": [{"value": "accounting", "label": "Comptabilité"}], "permissions": [],
         "asked": "", "allowed": None, "said": None, **OWN, "person_url": "/p",
         "form": {"product": "", "permission": ""}},
        {**FRAME, "name": "Hugo", "products": [{"value": "accounting", "label": "Comptabilité"}],
         "permissions": [{"value": "", "label": "le produit"}, {"value": "a.b.view", "label": "Voir"}], "asked": "Voir",
         "allowed": False, **OWN, "person_url": "/p",
         "form": {"product": "accounting", "permission": "a.b.view"},
         "said": {"reason": "Le rôle ne comprend pas ce droit.", "chain": [(True, "Compte."), (False, "Rôle.")],
                  "steps": [{"text": "Changer le rôle.", "by": "Titulaire", "firm": True},
                            {"text": "Activer.", "by": "", "firm": False}]}},
        {**FRAME, "name": "Hugo", "products": [], "permissions": [], "asked": "Voir", "allowed": False,
         **OWN, "person_url": "/p", "form": {"product": "accounting", "permission": ""},
         "said": {"reason": "Jamais.", "chain": [], "steps": None}},
        {**FRAME, "name": "Hugo", "products": [], "permissions": [], "asked": "Voir", "allowed": True,
         **OWN, "person_url": None, "form": {"product": "accounting", "permission": ""},
         "said": {"reason": "Oui.", "chain": [(True, "Compte.")], "steps": []}},
        {**FRAME, "name": "Lotte <b>", "client": "Boulangerie <Lemaire>", "client_url": "/c", "roles_url": None,
         "person_url": None, "products": [], "permissions": [], "asked": "Voir", "allowed": True,
         "form": {"product": "accounting", "permission": ""},
         "said": {"reason": "Oui.", "chain": [(True, "Compte.")], "steps": []}},
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
