"""The pages for people, and what every page needs: texts, headers, protection of forms, errors."""

from flask import Flask

from idp.core.settings import Settings

STATIC_KEPT_SECONDS = 31_536_000  # an address of a static file carries its content's digest


def install(app: Flask, settings: Settings) -> None:
    """Give the application its pages. The mailbox is there in development mode only."""
    from idp.web import csrf, errors, headers, locale, phrases
    from idp.web.pages import (
        account,
        activation,
        applications,
        authenticators,
        company,
        consent,
        contacts,
        devices,
        email_change,
        launcher,
        lost_factor,
        mailbox,
        my_access,
        not_me,
        operations,
        operations_cases,
        passkeys,
        password_change,
        profile,
        recovery,
        recovery_codes,
        reset,
        second_step,
        setup,
        sharing,
        sign_in,
        sign_out,
    )

    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_KEPT_SECONDS
    locale.install(app)
    csrf.install(app)
    headers.install(app, settings)
    errors.install(app)
    phrases.install(app, locale.NAMES)
    rooms = (
        sign_in,
        passkeys,
        second_step,
        setup,
        lost_factor,
        activation,
        reset,
        launcher,
        account,
        profile,
        password_change,
        authenticators,
        recovery_codes,
        contacts,
        applications,
        my_access,
        company,
        consent,
        sharing,
        sign_out,
        not_me,
        devices,
        email_change,
        recovery,
        operations,
        operations_cases,
    )
    for room in rooms:
        app.register_blueprint(room.blueprint)
    if settings.development:
        app.register_blueprint(mailbox.blueprint)
