"""The pages for people, and what every page needs: texts, headers, protection of forms, errors."""

from importlib import import_module

from flask import Flask

from idp.core.settings import Settings

STATIC_KEPT_SECONDS = 31_536_000  # an address of a static file carries its content's digest
ROOMS = (
    "access_log",
    "account",
    "accountant_invitations",
    "accountant_terms",
    "accountants",
    "activation",
    "applications",
    "authenticators",
    "client_access",
    "client_groups",
    "clients",
    "closing",
    "colleague_clients",
    "colleagues",
    "company",
    "company_applications",
    "company_home",
    "company_settings",
    "consent",
    "contacts",
    "device",
    "devices",
    "email_change",
    "explanation",
    "firm_invited",
    "firm_mandates",
    "first_steps",
    "get_started",
    "invitation_import",
    "invitations",
    "invite",
    "invited",
    "launcher",
    "leaving",
    "log_on",
    "lost_factor",
    "my_access",
    "not_me",
    "operations",
    "operations_cases",
    "operations_guide",
    "operations_sharing",
    "ownership",
    "operations_stops",
    "operations_subscriptions",
    "passkeys",
    "password_change",
    "people",
    "person_role",
    "person_standing",
    "privacy",
    "profile",
    "recovery",
    "recovery_codes",
    "reset",
    "role_editor",
    "roles",
    "second_step",
    "security_history",
    "setup",
    "sharing",
    "sign_in",
    "sign_out",
    "subscription_change",
    "subscriptions",
)


def install(app: Flask, settings: Settings) -> None:
    """Give the application its pages. The mailbox is there in development mode only."""
    from idp.web import csrf, errors, headers, locale, phrases, render

    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_KEPT_SECONDS
    locale.install(app)
    csrf.install(app)
    headers.install(app, settings)
    errors.install(app)
    phrases.install(app, locale.NAMES, render.GLOBALS)
    for room in (*ROOMS, *(("mailbox",) if settings.development else ())):
        app.register_blueprint(import_module(f"{__name__}.{room}").blueprint)
