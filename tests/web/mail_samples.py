"""For every mail, samples of the context that its first line asks for; `sharing_samples` has those about sharing."""

from typing import Any

LINK = "http://localhost:8000/activate/abc"
SEEN = {
    "link": LINK,
    "name": "Inès",
    "when": "22 novembre 2026 à 09:12",
    "device": "Firefox sur Windows",
    "place": "Lille",
}

_ASSIGNED = {
    "link": LINK, "name": "Lotte", "by": "Nathalie Deltour", "firm": "Cabinet <Deltour>", "role": "Lezer",
    "clients": ["Boulangerie Lemaire SRL"], "total": 1, "products": ["Facturation"], "news": "given",
}  # fmt: skip

MAILS: dict[str, list[dict[str, Any]]] = {
    "assignment": [
        _ASSIGNED,
        {**_ASSIGNED, "clients": ["Atelier Lumen SARL", "Studio Mirabelle"], "total": 37},
        {**_ASSIGNED, "news": "changed"},
        {**_ASSIGNED, "news": "ended", "role": "", "products": ["Facturation", "Capture de documents"]},
        *({**_ASSIGNED, "clients": [], "total": 0, "news": news} for news in ("given", "changed", "ended")),
    ],
    "activation": [
        {"link": LINK, "expires": "29 novembre 2026", "company": "Atelier <Lumen>", "inviter": "Amélie Dubois"},
        {"link": LINK, "expires": "29 novembre 2026", "name": "Inès"},
    ],
    "company_ordered": [
        {
            "link": LINK,
            "expires": "29 novembre 2026",
            "company": "Fleurs <du> Quai",
            "products": "Comptabilité et Facturation",
        }
    ],
    "account_by_staff": [{"name": "Inès", "what": what} for what in ("blocked", "active", "sessions")],
    "accountant_guide": [{"name": name, "company": "Atelier <Lumen>", "link": LINK} for name in ("Inès", "")],
    "account_blocked": [{"link": LINK, "expires": "22 novembre 2026 à 10:12", "name": "Pascal"}],
    "password_reset": [{"link": LINK, "expires": "22 novembre 2026 à 10:12"}],
    "password_changed": [SEEN],
    "new_sign_in": [SEEN, {"link": LINK, "when": "hier", "device": "Safari sur iPhone"}],
    "many_tries": [{**SEEN, "of": of, "wrong": wrong} for of in ("password", "totp") for wrong in (5, 37)],
    "code_replayed": [SEEN],
    "access_replayed": [{**SEEN, "what": "Comptabilité <mobile>", "device": ""}],
    "second_factor_added": [SEEN],
    "authenticator_added": [{**SEEN, "what": "Téléphone"}, SEEN],
    "authenticator_removed": [{**SEEN, "what": "Téléphone"}],
    "authenticator_replaced": [{**SEEN, "what": "Téléphone"}],
    "passkey_added": [{**SEEN, "what": "iPhone", "expires": "22 novembre 2026 à 10:12"}],
    "passkey_removed": [{**SEEN, "what": "iPhone"}],
    "recovery_codes_replaced": [SEEN],
    "recovery_code_used": [{**SEEN, "left": left} for left in (0, 1, 9)],
    "recovery_contact_changed": [
        {**SEEN, "what": "+32 ••• 21", "change": change} for change in ("added", "replaced", "removed")
    ],
    "one_time_code": [{"code": "204816", "minutes": 10, "purpose": "recovery_contact"}],
    "lost_factor_link": [{"link": LINK, "expires": "22 novembre 2026 à 10:12", "name": "Inès"}],
    "lost_factor_asked": [{**SEEN, "effective": when} for when in ("", "22 novembre 2026 à 10:12")],
    "second_factor_replaced": [SEEN],
    "trusted_device_added": [SEEN],
    "trusted_devices_forgotten": [SEEN],
    "sessions_ended": [SEEN],
    "email_change_asked": [{**SEEN, "new_address": "i•••@perso.example", "expires": "22 novembre 2026 à 10:12"}],
    "email_change_waiting": [{**SEEN, "new_address": "i•••@perso.example", "expires": "23 novembre 2026 à 10:12"}],
    "email_changed": [{**SEEN, "new_address": "i•••@perso.example"}],
    "email_changed_undo": [{**SEEN, "new_address": "i•••@perso.example", "expires": "29 novembre 2026 à 10:12"}],
    "email_change_stopped": [SEEN],
    "email_change_undone": [SEEN],
    "email_change_confirm": [{"link": LINK, "name": "Inès", "expires": "22 novembre 2026 à 10:12"}],
    "email_in_use": [{"name": "Inès", "when": "22 novembre 2026 à 10:12"}],
    "erasure_requested": [{**SEEN, "expires": "6 décembre 2026"}],
    "account_erased": [{"name": "Inès", "when": "6 décembre 2026 à 10:12"}],
    "data_exported": [SEEN],
    "case_asked": [
        {"link": LINK, "name": "Inès", "kind": kind, "by": by, "what": "m•••@perso.example", "confirm": by == "person"}
        for kind, by in (
            ("reset-all", "person"),
            ("reset-2fa", "staff"),
            ("reset-all", "staff"),
            ("change-email", "staff"),
            ("erase", "operator"),
        )
    ],
    "case_stopped": [{"link": LINK, "name": "Olivier", "reference": "7K3M9QA"}],
    "case_opened": [{**SEEN, "effective": "23 novembre 2026 à 10:12"}],
}
PAGES: dict[str, list[dict[str, Any]]] = {}
