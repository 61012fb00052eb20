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

PAGES: dict[str, list[dict[str, Any]]] = {}

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
