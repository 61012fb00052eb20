"""For every page, samples of the context that its first line asks for."""

from typing import Any

from markupsafe import Markup

BOOKS = {"name": "Comptabilité", "accent": "green", "mark": "Co"}
CAPTURE = {"name": "Saisie de documents", "accent": "amber", "mark": "Do"}
INES = {"display_name": "Inès Moreau", "email": "ines.moreau@atelier-lumen.example"}
MAIL = {
    "subject": "Activez votre compte",
    "sender": "no-reply@localhost",
    "recipient": "lea@atelier.example",
    "sent": "aujourd’hui à 09:12",
    "url": "/dev/mailbox/1",
    "text": "Bonjour,\n\nhttp://localhost:8000/activate/abc",
    "links": ["http://localhost:8000/activate/abc"],
}
PAGER = {"first": 1, "last": 20, "total": 41, "previous_url": None, "next_url": "?page=2"}
WAYS = [{"label": "Revenir à mes produits", "url": "/"}, {"label": "Aide", "url": "/help"}]
SUBJECT = {"email": "ines.moreau@atelier-lumen.example"}
# A QR code as segno writes it inline: one path, no style.
QR = Markup('<svg viewBox="0 0 29 29"><path stroke="#000" d="M4 4.500h7m1 0h2m3 0h8m-21 1h1m5 0h1m2 0h3"/></svg>')
GROUP = [
    {"label": None, "companies": [{"id": "1", "name": "Atelier Lumen", "detail": "Lille", "last": True}]},
    {
        "label": "Cabinet Deltour",
        "companies": [
            {"id": "2", "name": "Boulangerie Lemaire", "detail": "Namur", "last": False},
            {"id": "3", "name": "Studio Mirabelle", "detail": None, "last": False},
        ],
    },
]
TILES = [
    {"product": BOOKS, "url": "http://localhost:8001/", "role": "Comptable", "note": None},
    {"product": CAPTURE, "url": None, "role": "Titulaire", "note": "abonnement terminé"},
]

MOMENT = {"iso": "2026-11-21T18:04:00+00:00", "short": "hier à 18:04", "full": "21 novembre 2026, 18:04 (Bruxelles)"}
SESSION = {
    "name": "Firefox, Windows", "place": "Lille", "used": MOMENT, "since": MOMENT, "products": "Comptabilité",
    "end_url": "/account/sessions/1/end",
}  # fmt: skip


SHEET = {
    "count": 10, "make_url": "/make", "kept_url": "/kept", "file_url": "data:text/plain;base64,QQ==",
    "file_name": "codes.txt",
}  # fmt: skip
CONTACTS = [
    {"id": "1", "kind": "email", "shown": "i•••@perso.example"},
    {"id": "2", "kind": "phone", "shown": "+33 ••• 11"},
]

PAGES: dict[str, list[dict[str, Any]]] = {
    "sign_in/identifier_password.html": [
        {"product": BOOKS, "forgotten_url": "/reset", "help_url": "/help", "passkeys": True, "passkey_url": "/passkey"},
        {"forgotten_url": "/reset", "passkeys": False, "note": "Ce lien a déjà servi. Connectez-vous.",
         "form": {"email": "ines@"},
         "problems": {"form": "Adresse ou mot de passe incorrect."}},
    ],
    "sign_in/totp.html": [
        {**SUBJECT, "product": BOOKS, "other_ways_url": "/other", "trust_days": 30, "passkey_url": "/passkey",
         "again": True, "paused": "Trop de codes erronés. Réessayez à 10:12."},
        {**SUBJECT, "other_ways_url": "/other", "trust_days": None, "passkey_url": None, "paused": None,
         "problems": {"code": "Ce code n’est pas le bon."}},
    ],
    "sign_in/other_ways.html": [
        {**SUBJECT, "product": BOOKS, "recovery_code_url": "/code", "passkey_url": "/passkey", "code_url": "/totp",
         "contact_url": "/lost-phone", "contacts": ["i•••@perso.example", "+33 ••• 11"], "lost_all_url": "/recovery"},
        {**SUBJECT, "recovery_code_url": None, "passkey_url": None, "code_url": "/totp", "contact_url": None,
         "contacts": [], "lost_all_url": "/recovery"},
        {**SUBJECT, "recovery_code_url": None, "passkey_url": None, "code_url": None, "contact_url": None,
         "contacts": [], "lost_all_url": "/recovery"},
    ],
    "setup/contact.html": [
        {**SUBJECT, "phones": True, "purpose": "sign_in", "product": BOOKS, "form": {"recovery_contact": "ines@"},
         "problems": {"recovery_contact": "Le contact de récupération doit différer de votre adresse."}},
        {**SUBJECT, "phones": False, "purpose": "activation"},
    ],
    "setup/contact_code.html": [
        {**SUBJECT, "sent_to": "+33 ••• 11", "kind": "phone", "lasts": "Il est valable 10 minutes.",
         "purpose": "activation", "paused": None,
         "again_url": "/again", "change_url": "/change", "problems": {"code": "Ce code n’est pas le bon."}},
        {**SUBJECT, "sent_to": "i•••@perso.example", "kind": "email", "lasts": "", "purpose": "reset",
         "again_url": "/again", "change_url": "/change", "paused": "Trop de codes erronés. Réessayez à 10:12."},
    ],
    "setup/codes.html": [
        {**SUBJECT, **SHEET, "purpose": purpose, **state}
        for purpose in ("activation", "sign_in", "lost_factor", "lost_all")
        for state in (
            {"codes": None, "shown": "", "shown_before": False},
            {"codes": ["0123-4567-89AB-CDEF"] * 10, "shown": "2026", "shown_before": False},
            {"codes": None, "shown": "2026", "shown_before": True, "problems": {"code": "Aucun de vos codes."}},
        )
    ],
    "lost_factor/without_phone.html": [{**SUBJECT, "product": BOOKS, "left": left} for left in (0, 1, 9)],
    "lost_factor/contacts.html": [
        {**SUBJECT, "product": BOOKS, "contacts": CONTACTS, "other_ways_url": "/other"},
        {**SUBJECT, "contacts": CONTACTS, "other_ways_url": "/other", "problems": {"contact": "Trop de codes."}},
    ],
    "lost_factor/code.html": [
        {**SUBJECT, "sent_to": "i•••@perso.example", "kind": kind, "contact": "1",
         "lasts": "Il est valable 10 minutes.", "paused": None if problems else "Trop de codes erronés.",
         "again_url": "/again", "change_url": "/change", "other_ways_url": "/other", "problems": problems}
        for kind, problems in (("email", {}), ("phone", {"code": "Ce code n’est pas le bon."}))
    ],
    "lost_factor/sent.html": [
        {"sent_to": "i•••@atelier-lumen.example", "minutes": 60, "leaves_at": at, "back_url": "/sign-in"}
        for at in (None, "10:12")
    ],
    "lost_factor/start.html": [{**SUBJECT, "lost_all": every} for every in (False, True)],
    "lost_factor/password.html": [{**SUBJECT, "problems": {"password": "Ce n’est pas votre mot de passe."}}, SUBJECT],
    "lost_factor/stop.html": [{}],
    "lost_factor/stopped.html": [{"password_url": "/reset"}],
    "account/contacts.html": [
        {"account": INES, "add_url": "/account/contacts/add", "contacts": [
            {"name": "+33 ••• 11", "kind": "phone", "since": "1 mars 2026", "fresh": True, "idle": idle,
             "replace_url": "/replace", "remove_url": "/remove"},
            {"name": "i•••@perso.example", "kind": "email", "since": "1 mars 2026", "fresh": False, "idle": False,
             "replace_url": "/replace", "remove_url": None},
        ]} for idle in (False, True)
    ],
    "account/contact_add.html": [
        {"account": INES, "phones": True, "replaces": None, "back_url": "/account/contacts"},
        {"account": INES, "phones": False, "replaces": "+33 ••• 11", "back_url": "/account/contacts",
         "problems": {"recovery_contact": "C’est déjà l’un de vos contacts."}},
    ],
    "account/contact_code.html": [
        {"account": INES, "sent_to": "+33 ••• 11", "kind": kind, "lasts": "", "replaces": replaces,
         "again_url": "/again", "change_url": "/change", "paused": replaces and "Trop de codes erronés."}
        for kind, replaces in (("phone", None), ("email", "i•••@perso.example"))
    ],
    "account/contact_remove.html": [{"account": INES, "contact": "+33 ••• 11", "back_url": "/account/contacts"}],
    "sign_in/recovery_code.html": [
        {**SUBJECT, "product": BOOKS, "other_ways_url": "/other", "paused": None,
         "problems": {"code": "Ce code a déjà servi."}},
        {**SUBJECT, "other_ways_url": "/other", "paused": "Trop de codes erronés. Réessayez à 10:12."},
    ],
    "sign_in/erasure_pending.html": [{**SUBJECT, "erased_on": "6 décembre 2026"}],
    "sign_in/expired.html": [{"product": BOOKS, "restart_url": "/"}, {"restart_url": "/sign-in"}],
    "account/sessions.html": [
        {"account": INES, "done": "La session est fermée.", "own": [SESSION], "others": [SESSION | {"products": ""}],
         "lasting": [SESSION], "trust_offered": True, "trust_days": 30,
         "trusted": [{"name": "Safari, iPhone", "used": MOMENT, "until": MOMENT, "end_url": "/x"}]},
        {"account": INES, "done": None, "own": [SESSION | {"place": ""}], "others": [], "lasting": [SESSION, SESSION],
         "trusted": [], "trust_offered": True, "trust_days": 30},
        {"account": INES, "done": None, "own": [SESSION], "others": [], "lasting": [], "trusted": [],
         "trust_offered": False, "trust_days": 30},
    ],
    "account/session_end.html": [
        {"account": INES, "title": "Fermer toutes les autres sessions ?", "consequences": ["tout est fermé"],
         "label": "Fermer les autres", "facts": [("Ouverte", MOMENT)], "back_url": "/account/sessions"},
    ],
    "notice/not_me.html": [{"device": "Firefox, Windows", "when": "22 novembre 2026, 10:12"}],
    "notice/disowned.html": [{"mailed": True}, {"mailed": False}],
    "company/choose.html": [
        {"product": BOOKS, "groups": GROUP, "search": "", "total": 41, "found": 41, "pages": PAGER},
        {"groups": GROUP[:1], "search": None, "total": 1, "found": 1, "pages": None},
        {"groups": [], "search": "zz", "total": 41, "found": 0, "pages": None},
    ],
    "consent/consent.html": [
        {"account": INES, "client_name": "Banque Exemple", "company": "Atelier Lumen",
         "pages": [("À propos", "https://b.example"), ("Conditions", "https://b.example/terms")],
         "leads_to": "app.b.example", "agreed": [], "agreed_on": None,
         "hidden": ["votre mot de passe", "vos entreprises"],
         "scopes": ["lire votre nom et votre adresse e-mail", "consulter les factures de l’entreprise"]},
        {"client_name": "Banque Exemple", "company": None, "pages": [], "scopes": ["lire votre nom"],
         "leads_to": "app.b.example", "agreed": ["vous reconnaître"], "agreed_on": "3 mars 2026",
         "hidden": ["vos codes"]},
    ],
    "device/code.html": [
        {"given": ""},
        {"given": "WDJB-MJHT", "account": INES, "form": {"user_code": "WDJB-MJHT"}},
        {"given": "", "form": {"user_code": "WDJB"}, "problems": {"user_code": "Aucun appareil n’affiche ce code."}},
    ],
    "device/confirm.html": [
        {"account": INES, "user_code": "WDJB-MJHT", "client_name": "Numérisation", "company": "Atelier Lumen",
         "change_url": "/companies/choose?device=x", "place": "Nantes, 192.0.2.7", "program": "Linux", "when": MOMENT,
         "scopes": ["vous reconnaître"], "product": BOOKS},
        {"account": INES, "user_code": "WDJB-MJHT", "client_name": "Numérisation", "company": None,
         "change_url": None, "place": "192.0.2.7", "program": None, "when": MOMENT, "scopes": []},
    ],
    "device/answered.html": [
        {"account": INES, "allowed": True, "client_name": "Numérisation"},
        {"account": INES, "allowed": False, "client_name": "Numérisation"},
    ],
    "activation/start.html": [
        {**SUBJECT, "company": "Atelier Lumen", "inviter": "Amélie Dubois", "expires": "29 novembre 2026"},
        {**SUBJECT, "company": None, "inviter": None, "expires": "29 novembre 2026"},
        {**SUBJECT, "company": "Atelier Lumen", "inviter": None, "expires": "29 novembre 2026"},
    ],
    "activation/details.html": [
        {**SUBJECT, "min_length": 12},
        {**SUBJECT, "min_length": 12, "form": {"given_name": "Inès", "personal": "yes"},
         "problems": {"family_name": "Indiquez votre nom.", "password": "Ce mot de passe figure dans une liste connue.",
                      "password_again": "Saisissez deux fois le même.", "personal": "Cochez pour continuer."}},
    ],
    "activation/authenticator.html": [
        {**SUBJECT, "qr_svg": QR, "secret_groups": ["JBSW", "Y3DP", "EHPK", "3PXP"], "app_uri": "otpauth://totp/x",
         "purpose": "activation"},
        {**SUBJECT, "product": BOOKS, "qr_svg": QR, "secret_groups": ["JBSW"], "app_uri": "otpauth://totp/x",
         "purpose": "sign_in",
         "problems": {"code": "Ce code n’est pas le bon. Vérifiez l’heure de votre téléphone."}},
    ],
    "activation/done.html": [
        {"given_name": "Inès", "continue_url": "/"}, {"product": BOOKS, "given_name": "Inès", "continue_url": "/"},
        {"given_name": "Inès", "continue_url": "/firm-invitations/x/firm"},
    ],
    "launcher.html": [
        {"account": INES, "companies": [{"name": "Atelier Lumen", "detail": "Lille", "tiles": TILES},
                                        {"name": "Studio Mirabelle", "detail": None, "tiles": TILES[:1],
                                         "asks": [{"name": "Samira <E>", "email": "s@y.example"}]}],
         "downloads": [{"name": "Bureau <3", "product": "Comptabilité", "url": "https://books.example/get?a=1&b=2"}],
         "more": True, "desk": False},
        {"account": INES, "companies": [], "downloads": [], "more": False, "desk": False},
        {"account": INES, "companies": [], "downloads": [], "more": False, "desk": True},
        {"account": INES, "companies": [], "downloads": [], "more": False, "desk": False,
         "shut": [{"name": "Atelier <Lumen>", "why": "suspendu par un administrateur"}]},
    ],
    "account/details.html": [
        {"account": INES, "languages": [{"value": "fr-FR", "label": "français (France)"}], "saved": "1",
         "services": [{"company": "Atelier <Lumen>", "url": "/companies/1/services/mine", "on": ["mobile-data"],
          "choices": [{"value": "mobile-data", "label": "Données mobiles"}]}],
         "service_pages": {"first": 1, "last": 25, "total": 41, "previous_url": None, "next_url": "?after=2#services"},
         "form": {"given_name": "Inès", "family_name": "Moreau", "locale": "fr-FR"}},
        {"account": INES, "languages": [{"value": "fr-FR", "label": "français (France)"}], "saved": "services",
         "services": [], "service_pages": None, "form": {"given_name": "", "family_name": "Moreau", "locale": "xx"},
         "problems": {"given_name": "Remplissez ce champ.", "locale": "Choisissez une langue."}},
    ],
    "account/password.html": [
        {**SUBJECT, "account": INES, "min_length": 12, "changed": MOMENT, "avoid": "Inès Moreau"},
        {**SUBJECT, "account": INES, "min_length": 12, "changed": None, "avoid": "",
         "problems": {"present_password": "Ce n’est pas le bon.", "password": "Trop court."}},
    ],
    "account/password_done.html": [{"account": INES, "changed": MOMENT}],
    "account/history.html": [
        {"account": INES, "pages": PAGER, "entries": [
            {"what": "Connexion <b>", "when": MOMENT, "where": "Firefox, Linux · 192.0.2.7", "refused": False},
            {"what": "Mot de passe erroné", "when": MOMENT, "where": "navigateur inconnu", "refused": True},
        ]},
        {"account": INES, "pages": None, "entries": []},
    ],
    "account/applications.html": [
        {"account": INES, "others": [], "products": [], "ended": False},
        {"account": INES, "ended": True,
         "others": [{"name": "Relevés", "url": "/account/applications/a1", "detail": "autorisée depuis le 2 mars"}],
         "products": [{"name": "Comptabilité", "url": "/account/applications/b2", "detail": "2 sessions"}]},
    ],
    "account/application.html": [
        {"account": INES, "name": "Relevés", "own": False, "mark": None, "may": ["voir votre nom"], "since": MOMENT,
         "last_used": None, "sessions": 0, "url": "https://releves.example/", "companies": ["Atelier Lumen"]},
        {"account": INES, "name": "Comptabilité", "own": True, "mark": BOOKS, "may": ["vous reconnaître"],
         "since": MOMENT, "last_used": MOMENT, "sessions": 2, "url": None, "companies": []},
    ],
    "account/access.html": [
        {"account": INES, "left": True, "companies": [], "staff": [], "search": None, "found": 0, "pages": None},
        {"account": INES, "left": False, "companies": [], "staff": [], "search": "zzz", "found": 0, "pages": None},
        {"account": INES, "left": False, "search": "", "found": 41, "pages": PAGER,
         "staff": [{"role": "Assistance", "since": "2 mars"}],
         "companies": [{"name": "Boulangerie", "suspended": False, "through": "mandat de Deltour", "roles": [],
           "leave_url": None},
          {"name": "Atelier <Lumen>", "suspended": True, "through": None, "leave_url": "/leave", "roles": [
             {"product": "Comptabilité", "role": "Lecteur", "through": "mandat de Deltour",
              "given": "2 mars 2026, par Amélie Dubois", "until": "sans date de fin", "remark": "abonnement terminé"},
             {"product": "Saisie", "role": "Titulaire", "through": "comme membre",
              "given": "2 mars 2026, par notre service", "until": "2 avril 2026", "remark": None},
         ]}]},
    ],
    "account/overview.html": [
        {"account": {**INES, "sharing_noticed": True},
         "groups": [{"name": "Moi", "entries": [
             {"url": "/account/details", "name": "Mes coordonnées", "detail": "Inès Moreau · français (Belgique)"},
             {"url": "/account/privacy", "name": "Données personnelles"},
         ]}]},
    ],
    "account/email.html": [
        {"account": INES, **SUBJECT, "pending": pending, "fixed_until": fixed, "change_url": "/change",
         "withdraw_url": "/withdraw"}
        for pending, fixed in (
            (None, None), (None, "29 novembre 2026 à 10:12"),
            ({"new_address": "ines@perso.example", "asked": "hier", "until": "demain", "takes_effect": None,
              "code_url": "/code"}, None),
            ({"new_address": "ines@perso.example", "asked": "hier", "until": "demain", "takes_effect": None,
              "code_url": None}, None),
            ({"new_address": "ines@perso.example", "asked": "hier", "until": "demain", "takes_effect": "lundi",
              "code_url": None}, None),
        )
    ],
    "account/email_change.html": [
        {"account": INES, **SUBJECT, "wait_hours": 24, "undo_days": 7, "back_url": "/account/email"},
        {"account": INES, **SUBJECT, "wait_hours": None, "undo_days": 7, "back_url": "/account/email",
         "form": {"email": "ines@"}, "problems": {"email": "Il manque la fin.", "email_again": "Elles diffèrent."}},
    ],
    "account/email_code.html": [
        {"account": INES, **SUBJECT, "new_address": "ines@perso.example", "until": "demain", "wait_hours": hours,
         "again_url": "/again", "change_url": "/change", "sent_again": hours is None, "problems": problems,
         "paused": "Trop de codes erronés. Réessayez à 10:12." if hours else None}
        for hours, problems in ((24, {}), (None, {}), (None, {"code": "Ce code n’est pas le bon."}))
    ],
    **{
        f"email_change/{act}.html": [
            {"old_address": "i•••@atelier.example", "new_address": "i•••@perso.example", "when": "hier à 10:12"}
        ]
        for act in ("stop", "undo", "confirm")
    },
    "account/privacy.html": [{"account": INES, "copy_url": "/copy", "erase_url": "/erase", "days": 14}],
    "account/privacy_copy.html": [
        {"account": INES, "back_url": "/account/privacy", "problems": problems}
        for problems in ({}, {"form": "Réessayez plus tard."})
    ],
    "account/privacy_erase.html": [
        {"account": INES, "days": 14, "obstacles": [], "back_url": "/account/privacy"},
        {"account": INES, "days": 14, "obstacles": [], "back_url": "/account/privacy",
         "problems": {"sure": "Cochez la case."}},
        {"account": INES, "days": 14, "back_url": "/account/privacy", "obstacles": [
            {"kind": "owner", "company": "Atelier Lumen", "hand_over_url": "/companies/1/ownership",
             "people": [{"name": "Amélie Dubois", "email": "amelie.dubois@atelier-lumen.example"}]},
            {"kind": "administrator", "company": "Cabinet Deltour", "people": [], "hand_over_url": None},
        ]},
    ],
    "account/privacy_waiting.html": [{"erased_on": "6 décembre 2026"}],
    "email_change/stopped.html": [{}],
    "email_change/confirmed.html": [SUBJECT],
    "reset/request.html": [
        {"back_url": "/sign-in"},
        {"product": BOOKS, "back_url": "/sign-in", "form": {"email": "ines"},
         "problems": {"email": "Il manque le « @ »."}},
    ],
    "reset/start.html": [SUBJECT],
    "reset/sent.html": [{**SUBJECT, "minutes": 60, "back_url": "/sign-in", "again_url": "/reset"}],
    "reset/new_password.html": [{**SUBJECT, "min_length": 12, "problems": {"password": "Trop court."}}],
    "logout/confirm.html": [
        {"account": INES, "products": ["Comptabilité", "Saisie de documents"], "stay_url": "/"},
        {"products": [], "stay_url": "/"},
    ],
    "logout/done.html": [
        {"sign_in_url": "/sign-in", "return_url": "http://localhost:8001/", "return_name": "Comptabilité",
         "frames": ["https://books.example/out?iss=x&sid=y"], "astray": False},
        {"sign_in_url": "/sign-in", "return_url": None, "return_name": None, "frames": [], "astray": True},
    ],
    "errors/page.html": [
        {"title": "Un incident est survenu", "explanation": "La page n’a pas pu être préparée.", "ways": WAYS,
         "reference": "7F3K-92QD"},
        {"title": "Cette page n’existe pas", "explanation": "L’adresse est incomplète.", "ways": [], "reference": None},
    ],
    "errors/oauth.html": [
        {"error": "invalid_request", "description": "redirect_uri is not registered for this client.",
         "client_name": "Banque Exemple", "facts": [("client_id", "bank"), ("redirect_uri", "https://x.example/cb")],
         "ways": WAYS, "reference": "7F3K-92QD", "heading": None},
        {"error": "invalid_client", "description": "Unknown client.", "client_name": None, "facts": [], "ways": [],
         "reference": None, "heading": "Nous n’avons pas pu vous déconnecter"},
    ],
    "access/sending.html": [
        {"client_name": "Notes", "address": "https://notes.example/cb", "fields": {"code": "x", "state": "a \"b\""}}
    ],
    "access/refused.html": [
        {"reason": reason, "product_name": "Comptabilité", "company": company, "date": "8 mars 2026",
         "administrators": [{"name": "Amélie Dubois", "email": "amelie.dubois@atelier-lumen.example"}], "ways": WAYS}
        for reason in ("no_access", "subscription_ended", "subscription_suspended", "not_a_member",
                       "needs_practice_role", "mandate_ended")
        for company in ("Atelier Lumen", None)
    ],
    "dev/mailbox.html": [{"mails": [MAIL, MAIL], "pages": PAGER}, {"mails": [], "pages": None}],
    "dev/mail.html": [{"mail": MAIL, "html_url": "/dev/mailbox/1/html", "back_url": "/dev/mailbox"}],
}  # fmt: skip
MAILS: dict[str, list[dict[str, Any]]] = {}
