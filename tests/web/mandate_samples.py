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
    "title": "Tenue complète", "preset": "review", "option": "",
    "products": "Comptabilité, Facturation", "begins": "1er mars 2026",
    "until": "sans date de fin", "asked": "28 février 2026", "asked_by": "Nathalie", "expires": "",
    "ended": "", "people": 2, "firm_works": True, "temporary": False,
}  # fmt: skip
_WAITS = {**_MANDATE, "state": "requested", "state_label": "Demande un accès", "begins": "", "expires": "14 mars 2026"}
_PRESETS = [{"value": "full-file", "label": "Tenue complète"}, {"value": "review", "label": "Révision"}]
_OPTIONS = [{"value": "", "label": "Rien de plus"}, {"value": "payroll", "label": "Paie"}]
_ONE = {
    **_AREA, "side": "company", "mandate": _MANDATE, "people": [], "base": "/companies/1/accountants/7",
    "back": "/companies/1/accountants", "answers": False, "withdraws": False, "ends": True, "presets": _PRESETS,
    "options": _OPTIONS,
}  # fmt: skip
_WRONG = {"problems": {"email": "Cette adresse ne correspond à aucun compte de cabinet."}, "form": {"email": "a@b"}}

PAGES: dict[str, list[dict[str, Any]]] = {
    "mandate/list.html": [
        {**_AREA, "firms": [_MANDATE, _WAITS], "support": [_MANDATE], "past": [_MANDATE], "may_invite": True},
        {**_AREA, "firms": [], "support": [], "past": [], "may_invite": False},
    ],
    "mandate/invite.html": [
        {**_AREA, "presets": _PRESETS, "options": _OPTIONS, "days": 14},
        {**_AREA, "presets": _PRESETS, "options": _OPTIONS[:1], "days": 1, **_WRONG},
    ],
    "mandate/one.html": [
        {**_ONE, "people": [{"name": "Lotte <Peeters>", "roles": "Facturation : Lecture"}]},
        {**_ONE, "mandate": {**_MANDATE, "firm_works": False}},
        {**_ONE, "mandate": _WAITS, "answers": True, "ends": False, **_WRONG},
        {**_ONE, "mandate": {**_WAITS, "state": "invited"}, "withdraws": True, "ends": False},
        {**_ONE, "side": "firm", "mandate": {**_WAITS, "state": "invited"}, "answers": True, "ends": False},
    ],
    "mandate/firm.html": [
        {
            **_AREA, "waiting": [_WAITS], "may_ask": True,
            "asked": [{"address": "a@b.example", "preset": "Révision", "by": "N", "asked": "hier", "state": "refusée"}],
        },
        {**_AREA, "waiting": [], "asked": [], "may_ask": False},
    ],
    "mandate/ask.html": [{**_AREA, "presets": _PRESETS}, {**_AREA, "presets": _PRESETS, **_WRONG}],
}  # fmt: skip

MAILS: dict[str, list[dict[str, Any]]] = {
    "mandate_news": [
        *({**_NEWS, "side": side, "news": news} for news in _KINDS for side in ("company", "firm")),
        {**_NEWS, "side": "company", "news": "ended", "by": "firm"},
        {**_NEWS, "side": "firm", "news": "changed", "effective": ""},
        {**_NEWS, "side": "company", "news": "declined", "by": "firm", "effective": "", "firm": "marc@compta.example"},
    ],
    "mandate_waiting": [{**_WAITING, "side": "firm"}, {**_WAITING, "side": "company", "by": ""}],
    "firm_invitation": [{key: value for key, value in _WAITING.items() if key not in ("name", "firm")}],
}
