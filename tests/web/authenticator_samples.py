"""Samples of the pages of passkeys and authenticators; `template_samples` has the others."""

from typing import Any

from tests.web.template_samples import INES, MOMENT, QR, SUBJECT

PHONE = {
    "name": "Téléphone", "kind": "app", "kind_name": "Application d’authentification", "created": "1 mars 2026",
    "used": MOMENT, "backed_up": False, "url": "/account/authenticators/1",
}  # fmt: skip
LAPTOP = {
    **PHONE,
    "name": "Clé d’accès",
    "kind": "passkey",
    "kind_name": "Clé d’accès",
    "used": None,
    "backed_up": True,
}

PAGES: dict[str, list[dict[str, Any]]] = {
    "sign_in/passkey.html": [
        {**SUBJECT, "options_url": "/options", "code_url": "/code", "other_ways_url": "/other", "passkeys": True,
         "again": True},
        {**SUBJECT, "options_url": "/options", "code_url": None, "other_ways_url": "/other", "passkeys": True,
         "problems": {"form": "Cette clé d’accès n’a pas été acceptée."}},
    ],
    "activation/passkey.html": [
        {**SUBJECT, "options_url": "/options", "app_url": "/app", "purpose": purpose, "passkeys": True}
        for purpose in ("activation", "sign_in", "lost_factor")
    ],
    "account/authenticators.html": [
        {"account": INES, "held": [PHONE, LAPTOP], "passkeys": True, "codes_left": 9, "codes_url": "/codes",
         "done": "Le nouveau nom est enregistré."},
        {"account": INES, "held": [], "passkeys": False, "codes_left": 0, "codes_url": "/codes", "done": ""},
    ],
    "account/authenticator.html": [
        {"account": INES, "it": it, "name": "Téléphone", "only_one": only, "passkeys": only, "app_url": "/app",
         "passkey_url": "/passkey", "remove_url": "/remove", "problems": {"name": "Indiquez un nom."} if only else {}}
        for it, only in ((PHONE, True), (LAPTOP, False))
    ],
    "account/authenticator_removal.html": [
        {"account": INES, "it": PHONE, "back_url": "/one"}, {"account": INES, "it": LAPTOP, "back_url": "/one"},
    ],
    "account/new_app.html": [
        {"account": INES, "replaced": None, "qr_svg": QR, "secret_groups": ["JBSW"], "sealed": "abc", "name": ""},
        {"account": INES, "replaced": "Téléphone", "qr_svg": QR, "secret_groups": ["JBSW"], "sealed": "abc",
         "name": "Tablette", "problems": {"code": "Ce code n’est pas le bon."}},
    ],
    "account/new_passkey.html": [
        {"account": INES, "replaced": old, "passkeys": True, "options_url": "/options", "name": "Firefox, Windows"}
        for old in (None, "Téléphone")
    ],
    "account/recovery_codes.html": [
        {"account": INES, "left": left, "back_url": "/back", "codes": codes, "count": 10, "shown": "2026",
         "shown_before": before, "make_url": "/codes", "kept_url": "/kept", "file_url": "data:text/plain,x",
         "file_name": "codes.txt"}
        for left, codes, before in ((9, None, False), (0, None, False), (10, ["ABCD-EFGH"], False), (10, None, True))
    ],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
