"""Samples of the mails and pages about mandates: for every template the contexts that its first line asks for."""

from typing import Any

LINK = "http://localhost:8000/activate/abc"
_NEWS = {
    "link": LINK,
    "name": "Chloé Fontaine",
    "company": "Studio <Mirabelle>",
    "firm": "Cabinet Deltour & Associés",
    "scope": "Tenue complète + Paie",
    "by": "",
    "effective": "29 novembre 2027 à 09:12",
}
_KINDS = (
    "confirmed", "refused", "withdrawn", "expired", "changed", "handed_over", "ended", "over", "ends_soon",
    "renews_soon", "renewed",
)  # fmt: skip
_SUPPORT = ("confirmed", "refused", "withdrawn", "expired", "changed", "ended", "over", "ends_soon")
_WAITING = {
    "link": LINK,
    "name": "Nathalie Deltour",
    "company": "Studio <Mirabelle>",
    "firm": "Cabinet Deltour & Associés",
    "by": "Chloé Fontaine",
    "scope": "Révision (lecture seule)",
    "expires": "13 décembre 2026 à 09:12",
}

_AREA = {
    "area": {"name": "Studio <Mirabelle>", "url": "/companies/1", "entries": []},
    "account": {"display_name": "Chloé Fontaine", "email": "chloe@studio-mirabelle.example"},
}
_MANDATE = {
    "id": "7", "firm": "Cabinet <Deltour>", "company": "Studio <Mirabelle>", "state": "active", "state_label": "Actif",
    "title": "Tenue complète", "products": "Comptabilité, Facturation", "begins": "1er mars 2026",
    "until": "ce que l’un de vous y mette fin", "asked": "28 février 2026", "asked_by": "Nathalie", "expires": "",
    "ended": "", "reads_from": "", "successor": "", "people": 2, "firm_works": True, "temporary": False,
}  # fmt: skip
_WAITS = {**_MANDATE, "state": "requested", "state_label": "Demande un accès", "begins": "", "expires": "14 mars 2026"}
_TERMS = {
    "presets": [
        {"value": "full-file", "label": "Tenue complète", "hint": "Comptabilité, Facturation"},
        {"value": "support", "label": "Assistance", "hint": "Facturation ; prend fin après 30 jours"},
    ],
    "preset": "full-file",
    "options": [{"value": "payroll", "label": "Paie"}, {"value": "payroll-reports", "label": "États de paie"}],
    "opened": ("payroll",),
    "levels": [{"name": "level_accounting", "label": "Comptabilité"}, {"name": "level_payroll", "label": "Paie"}],
    "choices": [{"value": "", "label": "Comme l’accès"}, {"value": "view", "label": "Consulter seulement"}],
    "ends": [{"value": "open", "label": "Sans fin"}, {"value": "on", "label": "À une date", "hint": "Prévenu avant."}],
    "begins": True, "days": 0, "latest": "",
    "special": frozenset({"starts", "until", "ends", "level_accounting"}),
}  # fmt: skip
_HELP = {
    **_TERMS, "presets": _TERMS["presets"][1:], "preset": "support", "options": [], "levels": [], "days": 30,
    "latest": "2026-12-30",
}  # fmt: skip
_HELPS = {**_MANDATE, "temporary": True, "title": "Assistance ponctuelle", "until": "30 décembre 2026"}
_ONE = {
    **_AREA, "side": "company", "mandate": _MANDATE, "people": [], "search": None, "found": 0, "pages": None,
    "base": "/companies/1/accountants/7", "back": "/companies/1/accountants", "answer_url": None, "accepts": False,
    "refuses": False, "withdraws": False, "keeps": False, "change_url": None, "hand_over_url": None, "end_url": "/e",
    "client_url": None, "done": "",
}  # fmt: skip
_LANGUAGES = [{"value": "fr-FR", "label": "français (France)"}, {"value": "nl-BE", "label": "néerlandais"}]
_INVITE = {
    **_AREA, "terms": _TERMS, "temporary": False, "unknown": False, "firms": [], "languages": _LANGUAGES,
    "language": "fr-FR", "days": 14,
}  # fmt: skip
_WRONG = {"problems": {"email": "Cette adresse ne correspond à aucun compte de cabinet."}, "form": {"email": "a@b"}}
_PERSON = {"name": "Lotte <Peeters>", "roles": "Facturation : Lecture", "used": "hier", "explain_url": "/x"}
_PAGER = {"first": 1, "last": 25, "total": 41, "previous_url": None, "next_url": "?after=2"}
_CHANGE = {"areas": [], "limited": [], "freed": [], "added": 0, "taken": 0}
_REVIEW = {
    **_AREA, "mandate": _MANDATE, "now": "Tenue complète", "then": "Révision", "changes": [], "dates": [],
    "changed": True, "kept": [("preset", "review"), ("seen", 7)], "back": "/b",
}  # fmt: skip
_OFFER = {
    "company": "Studio <Mirabelle>", "inviter": "Chloé Fontaine", "email": "marc@compta.example", "access": "Révision",
    "products": "Comptabilité", "ends": "ce que l’un de vous y mette fin", "expires": "14 mars 2026", "way": "create",
    "temporary": False, "firm_url": "/f", "sign_in_url": "/s", "decline_url": "/d",
}  # fmt: skip
_ASKED = {"url": "/r", "address": "a@b.example", "preset": "Révision", "by": "N", "asked": "hier", "state": "refusée"}

PAGES: dict[str, list[dict[str, Any]]] = {
    "mandate/list.html": [
        {
            **_AREA, "firms": [_MANDATE, _WAITS], "support": [_HELPS], "past": [{**_MANDATE, "ended": "hier"}],
            "past_pages": _PAGER | {"label": "Fini"}, "invited_pages": _PAGER,
            "invited": [{"url": "/i", "name": "<marc>@compta.example", "detail": "Invité"}], "may_invite": True,
            "supports": True, "most": 4, "done": "C’est fait.",
        },
        {
            **_AREA, "firms": [_MANDATE], "support": [], "past": [], "past_pages": None, "invited": [],
            "invited_pages": None, "may_invite": True, "most": 1, "supports": False, "done": "",
        },
        {
            **_AREA, "firms": [], "support": [], "past": [], "past_pages": None, "invited": [], "invited_pages": None,
            "may_invite": False, "supports": True, "most": 3, "done": "",
        },
    ],
    "mandate/invite.html": [
        _INVITE,
        {**_INVITE, "days": 1, "unknown": True, "terms": {**_TERMS, "options": []}, **_WRONG},
        {**_INVITE, "firms": [{"value": "1", "label": "Cabinet <A>"}], "problems": {"until": "Une date."}},
        {**_INVITE, "temporary": True, "terms": _HELP, "problems": {"until": "Une date."}},
        {**_INVITE, "temporary": True, "terms": {**_HELP, "days": 1, "begins": False}, "unknown": True},
    ],
    "mandate/invited.html": [
        {**_AREA, "address": "a@b.example", "title": "Révision", "sent": "hier", "expires": "demain", "back": "/b",
         "temporary": temporary} for temporary in (False, True)
    ],
    "mandate/confirm.html": [
        {**_AREA, "mandate": _WAITS, "terms": _TERMS, "back": "/b"},
        {**_AREA, "mandate": _WAITS, "terms": _TERMS, "back": "/b", **_WRONG},
        {**_AREA, "mandate": {**_WAITS, "temporary": True}, "terms": _HELP, "back": "/b"},
    ],
    "mandate/change.html": [
        {**_AREA, "mandate": _MANDATE, "seen": 7, "terms": {**_TERMS, "begins": False}, "back": "/b"},
        {**_AREA, "mandate": _MANDATE, "seen": 7, "terms": _TERMS, "back": "/b", "problems": {"form": "Changé."}},
        {**_AREA, "mandate": _HELPS, "seen": 7, "terms": _HELP, "back": "/b", "form": {"until": "2026-12-30"}},
    ],
    "mandate/review.html": [
        {
            **_REVIEW, "dates": [("Fin", "aucune", "31 mars 2027")],
            "changes": [
                {"label": "Paie", "change": _CHANGE, "gone": False, "new": True},
                {"label": "Facturation", "change": _CHANGE, "gone": True, "new": False},
            ],
        },
        {**_REVIEW, "changed": False},
    ],
    "mandate/hand_over.html": [
        {
            **_AREA, "mandate": _MANDATE, "firms": [{"value": "1", "label": "Cabinet <B>", "hint": "depuis hier"}],
            "invite_url": None, "back": "/b",
        },
        {**_AREA, "mandate": _MANDATE, "firms": [], "invite_url": "/i", "back": "/b"},
    ],
    "mandate/end.html": [
        {**_AREA, "mandate": _MANDATE, "live": True, "back": "/b"},
        {**_AREA, "mandate": _MANDATE, "live": False, "back": "/b"},
        {**_AREA, "mandate": _HELPS, "live": True, "back": "/b"},
    ],
    "mandate/one.html": [
        {**_ONE, "people": [_PERSON], "change_url": "/c", "hand_over_url": "/h", "done": "C’est fait."},
        {**_ONE, "people": [{**_PERSON, "explain_url": None}], "search": "lo", "found": 41, "pages": _PAGER},
        {**_ONE, "search": "zz", "keeps": True, "mandate": {**_MANDATE, "successor": "<B>", "reads_from": "hier"}},
        {**_ONE, "mandate": {**_MANDATE, "firm_works": False}},
        {**_ONE, "mandate": _WAITS, "answer_url": "/a", "refuses": True, "end_url": None, "problems": {"form": "N"}},
        {**_ONE, "mandate": {**_WAITS, "state": "invited"}, "withdraws": True, "end_url": None},
        {
            **_ONE, "side": "firm", "mandate": {**_WAITS, "state": "invited"}, "accepts": True, "refuses": True,
            "end_url": None, "client_url": "/x",
        },
        {**_ONE, "mandate": _HELPS, "change_url": "/c"},
        {**_ONE, "side": "firm", "mandate": {**_HELPS, "state": "invited"}, "accepts": True, "end_url": None},
    ],
    "mandate/firm.html": [
        {**_AREA, "waiting": [_WAITS], "may_ask": True, "asked": [_ASKED, {**_ASKED, "url": None}], "done": "Fait.",
         "waiting_pages": _PAGER | {"label": "Invitations"}, "asked_pages": _PAGER, "search": "b.ex", "found": 41},
        {**_AREA, "waiting": [], "asked": [], "may_ask": False, "done": "", "waiting_pages": None, "asked_pages": None,
         "search": None, "found": 0},
        {**_AREA, "waiting": [], "asked": [], "may_ask": True, "done": "", "waiting_pages": None, "asked_pages": None,
         "search": "x", "found": 0},
    ],
    "mandate/sent.html": [
        {**_AREA, "asked": _ASKED, "waits": True, "back": "/b"},
        {**_AREA, "asked": _ASKED, "waits": False, "back": "/b", "problems": {"form": "Entre-temps."}},
    ],
    "mandate/ask.html": [
        {**_AREA, "presets": _TERMS["presets"]},
        {**_AREA, "presets": _TERMS["presets"], **_WRONG},
    ],
    "firm_invitation/start.html": [
        _OFFER,
        {**_OFFER, "way": "sign_in", "inviter": ""},
        {**_OFFER, "way": "go_on", "account": _AREA["account"]},
        {**_OFFER, "temporary": True},
        {**_OFFER, "temporary": True, "inviter": ""},
    ],
    "firm_invitation/firm.html": [
        {"company": "Studio", "countries": [{"value": "FR", "label": "France"}], "decline_url": "/d"},
        {
            "company": "Studio", "countries": [{"value": "FR", "label": "France"}], "decline_url": "/d",
            "problems": {"name": "Remplissez ce champ.", "form": "Non."}, "form": {"name": "", "country": "FR"},
        },
    ],
    "firm_invitation/decline.html": [{"company": "Studio <M>", "back_url": "/b"}],
}  # fmt: skip

MAILS: dict[str, list[dict[str, Any]]] = {
    "mandate_news": [
        *({**_NEWS, "side": side, "news": news} for news in _KINDS for side in ("company", "firm")),
        {**_NEWS, "side": "company", "news": "ended", "by": "firm"},
        {**_NEWS, "side": "firm", "news": "changed", "effective": ""},
        {**_NEWS, "side": "company", "news": "declined", "by": "firm", "effective": "", "firm": "marc@compta.example"},
    ],
    "mandate_waiting": [{**_WAITING, "side": "firm"}, {**_WAITING, "side": "company", "by": ""}],
    "support_news": [
        *({**_NEWS, "side": side, "news": news, "days": 30} for news in _SUPPORT for side in ("company", "firm")),
        {**_NEWS, "side": "company", "news": "ended", "by": "firm", "days": 30},
        {**_NEWS, "side": "firm", "news": "changed", "effective": "", "days": 1},
        {**_NEWS, "side": "company", "news": "declined", "by": "firm", "effective": "", "firm": "marc@compta.example",
         "days": 30},
    ],
    "support_waiting": [
        {**_WAITING, "side": "firm", "effective": "30 décembre 2026 à 23:59", "days": 30},
        {**_WAITING, "side": "company", "by": "", "effective": "", "days": 30},
    ],
    "support_invitation": [
        {key: value for key, value in {**_WAITING, "effective": effective, "days": 30}.items()
         if key not in ("name", "firm")} for effective in ("", "30 décembre 2026 à 23:59")
    ],
    "firm_invitation": [{key: value for key, value in _WAITING.items() if key not in ("name", "firm")}],
}  # fmt: skip
