"""Samples of the pages of a firm: its clients, its colleagues, what they have there."""

from typing import Any

from tests.web.company_samples import AMELIE, AREA
from tests.web.template_samples import PAGER

FIRM = {**AREA, "name": "Cabinet <Deltour>"}
FRAME = {"account": AMELIE, "area": FIRM}
PRODUCTS = [{"value": "capture", "label": "Capture de documents"}, {"value": "invoicing", "label": "Facturation"}]
ROLES = [
    {"value": "role:capture.reader", "label": "Lecture seule"},
    {"value": "own:1", "label": "Saisie achats et banque (rôle du cabinet)"},
]
LANGUAGES = [
    {"value": "", "label": "néerlandais (Belgique), comme dans son compte"},
    {"value": "fr-BE", "label": "français"},
]
GROUPS = [{"value": "", "label": "Tous les groupes"}, {"value": "1", "label": "TVA <trimestrielle>"}]
CHOSEN = {"product": "", "group": "", "colleague": "", "state": ""}
CLIENT = {
    "name": "Boulangerie <Lemaire>", "url": "/companies/1/clients/2", "city": "Namur", "products": "Comptabilité",
    "colleagues": 3, "groups": "TVA", "state": "depuis le 12 mai 2025",
}  # fmt: skip
LIST = {
    **FRAME, "clients": [CLIENT], "search": "", "found": 1, "narrowed": False, "products": PRODUCTS, "groups": GROUPS,
    "people": [{"value": "", "label": "Tous"}, {"value": "1", "label": "Lotte Peeters"}], "states": PRODUCTS,
    "chosen": CHOSEN, "ask_url": "/a", "groups_url": "/g", "colleagues_url": "/c", "assigns": True, "pages": PAGER,
}  # fmt: skip
HELD = {
    "id": "1", "product": "Capture de documents", "role": "Saisie (rôle du cabinet)", "language": "néerlandais",
    "everywhere": False, "since": "12 mai 2025", "by": "Nathalie Deltour", "change_url": "/x",
}  # fmt: skip
EVERYWHERE = {**HELD, "everywhere": True, "change_url": None, "by": None, "language": ""}
PERSON = {
    "name": "Lotte <Peeters>", "url": "/p", "suspended": True, "held": [HELD, EVERYWHERE], "remove_url": "/r",
    "explain_url": "/e",
}  # fmt: skip
TILE = {
    "product": {"name": "Comptabilité", "accent": "green", "mark": "Co"},
    "url": "http://x/?company=1",
    "role": "Lecture",
    "note": None,
}
ONE = {
    **FRAME, "client": "Boulangerie <Lemaire>", "done": "", "state": "Mandat en vigueur",
    "facts": [("Ville", "Namur"), ("Mandat", "Tenue complète"), ("Jusqu’au", "")],
    "tiles": [TILE, {**TILE, "url": None}],
    "present": True, "people": [PERSON], "search": "", "found": 1, "pages": PAGER, "add_url": "/add",
    "groups_url": "/g", "end_url": "/e", "clients_url": "/c",
}  # fmt: skip
LINE = {"id": "capture.purchases.view", "label": "Consulter les achats", "why": "", "step_up": True, "along": False}
CROSSED = {**LINE, "label": "Supprimer", "why": "le mandat ne couvre pas ceci", "step_up": False}
RIGHT = {"id": "purchases", "label": "Achats", "level": "Consulter", "permitted": [LINE], "crossed": [CROSSED]}
PREVIEW = {"areas": [RIGHT], "sensitive": [], "without": ["Ventes"], "restrictions": [], "count": 1, "crossed": 1}
CHANGE = {
    "areas": [
        {"label": "Achats", "before": "–", "after": "Lire", "added": [LINE], "taken": [], "dormant": [CROSSED]},
    ],
    "limited": [], "freed": [], "added": 1, "taken": 0,
}  # fmt: skip
GIVE = {
    **FRAME, "client": "Boulangerie <Lemaire>", "name": "Lotte <Peeters>", "ready": True, "products": PRODUCTS,
    "roles": ROLES, "languages": LANGUAGES, "chosen": "", "roles_url": "/people/1",
    "back_url": "/back", "form": {"product": "capture"},
}  # fmt: skip
MODIFY = {
    **FRAME, "client": "Boulangerie <Lemaire>", "name": "Lotte <Peeters>", "product_name": "Capture",
    "since": "12 mai 2025", "roles": ROLES, "languages": LANGUAGES,
    "remove_url": "/r", "back_url": "/b", "form": {"role": "own:1", "locale": ""},
}  # fmt: skip
PART = {"was": "Lecture seule", "becomes": "Comptable", "clients": (), "change": CHANGE, "preview": PREVIEW}
REVIEW = {
    **FRAME, "name": "Lotte <Peeters>", "client": "", "product_name": "Capture", "everywhere": None, "others": [],
    "note": "", "gives": False, "verb": "Enregistrer le changement", "parts": [PART],
    "facts": [("Langue", "français", "néerlandais")],
    "alone": True, "saves": True, "meanwhile": False, "entry": "colleagues", "back_url": "/b",
    "fields": [("role", "own:1"), ("seen", "abc")],
}  # fmt: skip
REVIEWS = [
    {**REVIEW, "client": "Boulangerie <Lemaire>", "alone": False, "entry": "clients", "note": "D’abord <le reste>."},
    {**REVIEW, "facts": [], "everywhere": 1, "meanwhile": True},
    {**REVIEW, "facts": [("Langue", "", "néerlandais")], "everywhere": 37},
    {**REVIEW, "facts": [], "others": [{"name": "Boulangerie <Lemaire>", "outcome": "l’avait déjà"}], "parts": [
        {**PART, "clients": ("Boulangerie <Lemaire>",), "change": None},
        {**PART, "was": "Comptable", "clients": tuple(f"Client <{each}>" for each in range(37))},
    ]},
    {**REVIEW, "parts": [], "facts": [], "saves": False},
    {**REVIEW, "client": "Boulangerie <Lemaire>", "alone": False, "entry": "clients", "gives": True},
]  # fmt: skip
ASSIGN = {
    **FRAME, "name": "Lotte <Peeters>", "ready": True, "every_client": True, "product_name": "Capture",
    "products": PRODUCTS, "groups": GROUPS, "chosen": {"product": "capture", "group": "1", "search": "lem"},
    "choices": [{"value": "1", "label": "Boulangerie <Lemaire>", "hint": "Namur"}], "picked": ["1"], "found": 37,
    "most": 500,
    "roles": ROLES, "languages": LANGUAGES, "back_url": "/b", "pages": PAGER, "form": {"where": "found"},
}  # fmt: skip
COLLEAGUE = {
    **FRAME, "name": "Lotte <Peeters>", "facts": [("Adresse", "lotte@x.example")], "ready": True, "dormant": True,
    "everywhere": [{**EVERYWHERE, "change_url": "/x"}, HELD], "clients": 2, "clients_url": "/c", "assign_url": "/a",
    "remove_url": "/r", "roles_url": "/people/1", "colleagues_url": "/l", "done": "",
}  # fmt: skip

PAGES: dict[str, list[dict[str, Any]]] = {
    "firm/clients.html": [
        LIST,
        {**LIST, "clients": [], "found": 0, "narrowed": True, "search": "zz", "groups": GROUPS[:1], "people": []},
        {**LIST, "clients": [], "found": 0, "ask_url": None, "groups_url": None, "colleagues_url": None,
            "assigns": False,
         "pages": None},
        {**LIST, "groups": GROUPS[:1], "clients": [{**CLIENT, "city": "", "products": "", "groups": ""}]},
    ],
    "firm/client.html": [
        ONE,
        {**ONE, "people": [], "search": "zz", "done": "C’est fait.", "tiles": []},
        {**ONE, "people": [], "search": None, "found": 0, "pages": None},
        {**ONE, "people": None, "present": False, "add_url": None, "groups_url": None, "end_url": None, "tiles": []},
    ],
    "firm/end_mandate.html": [
        {**FRAME, "client": "Boulangerie <Lemaire>", "active": active, "colleagues": 3, "back_url": "/b"}
        for active in (True, False)
    ],
    "firm/choose_colleague.html": [
        {**FRAME, "client": "Boulangerie <Lemaire>", "found": 12, "pages": PAGER, "search": "", "back_url": "/b",
         "people": [{"name": "Lotte <Peeters>", "url": "/x", "detail": "Collaborateur comptable"}]},
        {**FRAME, "client": "Boulangerie <Lemaire>", "found": 0, "pages": None, "search": "zz", "back_url": "/b",
         "people": []},
    ],
    "firm/give.html": [
        GIVE,
        {**GIVE, "ready": False},
        {**GIVE, "ready": False, "roles_url": None},
        {**GIVE, "products": []},
    ],
    "firm/change.html": [MODIFY],
    "firm/review.html": REVIEWS,
    "firm/remove_here.html": [
        {**FRAME, "client": "Boulangerie <Lemaire>", "name": "Lotte <Peeters>", "lost": lost, "kept": kept,
         "colleague_url": "/c", "back_url": "/b"}
        for lost, kept in (([HELD], [EVERYWHERE]), ([], [EVERYWHERE]), ([HELD], []))
    ],
    "firm/groups.html": [
        {**FRAME, "groups": [{"name": "TVA", "url": "/g", "detail": "2 clients"}], "done": "Oui.", "clients_url": "/c"},
        {**FRAME, "groups": [], "done": "", "clients_url": "/c"},
    ],
    "firm/group.html": [
        {**FRAME, "name": "TVA", "count": 2, "search": "", "inside": True, "found": 2, "done": "", "rename_url": "/n",
         "remove_url": "/r", "groups_url": "/g", "pages": PAGER,
         "choices": [{"value": "1", "label": "Boulangerie <Lemaire>", "hint": "Namur", "in": True}]},
        *({**FRAME, "name": "TVA", "count": 0, "search": "", "inside": inside, "found": 0, "done": "Enregistré.",
           "rename_url": "/n", "remove_url": "/r", "groups_url": "/g", "pages": None, "choices": []}
          for inside in (True, False)),
    ],
    "firm/group_name.html": [{**FRAME, "name": "TVA", "back_url": "/b", "form": {"name": "TVA"}}],
    "firm/group_remove.html": [{**FRAME, "name": "TVA", "count": 2, "back_url": "/b"}],
    "firm/sort_client.html": [
        {**FRAME, "client": "Lemaire", "choices": choices, "chosen": ["1"], "groups_url": "/g", "back_url": "/b"}
        for choices in (GROUPS[1:], [])
    ],
    "firm/colleagues.html": [
        {**FRAME, "found": 2, "search": "", "done": "C’est fait.", "invite_url": "/i", "people_url": "/people",
         "pages": PAGER,
         "people": [{"name": "Lotte <Peeters>", "url": "/l", "address": "lotte@x.example", "role": "", "clients": 2,
                     "suspended": True}]},
        {**FRAME, "found": 0, "search": "zz", "done": "", "invite_url": None, "people_url": None, "pages": None,
         "people": []},
    ],
    "firm/colleague.html": [
        COLLEAGUE,
        {**COLLEAGUE, "ready": False, "everywhere": [], "clients": 0, "assign_url": None, "remove_url": None,
         "clients_url": None, "roles_url": None},
        {**COLLEAGUE, "everywhere": [], "clients": 0, "done": "C’est fait.", "ready": False},
        {**COLLEAGUE, "everywhere": [], "clients": 0, "dormant": False},
    ],
    "firm/change_everywhere.html": [
        {**FRAME, "name": "Lotte <Peeters>", "product_name": "Capture", "since": "12 mai 2025", "roles": ROLES,
         "languages": LANGUAGES, "back_url": "/b", "form": {"role": "own:1", "locale": ""}}
    ],
    "firm/remove_colleague.html": [
        {**FRAME, "name": "Lotte <Peeters>", "every_client": every, "clients": clients, "back_url": "/b"}
        for every, clients in ((True, 0), (False, 2), (False, 0))
    ],
    "firm/assign.html": [
        ASSIGN,
        {**ASSIGN, "every_client": False, "found": 900, "form": {}, "groups": GROUPS[:1]},
        {**ASSIGN, "choices": [], "found": 0},
        {**ASSIGN, "product_name": "", "choices": [], "found": 0, "pages": None},
        {**ASSIGN, "ready": False, "choices": [], "found": 0},
    ],
    "firm/assigned.html": [
        {**FRAME, "name": "Lotte <Peeters>", "product_name": "Capture", "done": done, "back_url": "/b",
         "again_url": "/a", "lines": [{"name": "Boulangerie <Lemaire>", "outcome": "attribué"}]}
        for done in (0, 1, 37)
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
