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
        company,
        consent,
        launcher,
        mailbox,
        not_me,
        passkeys,
        reset,
        second_step,
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
        activation,
        reset,
        launcher,
        account,
        company,
        consent,
        sign_out,
        not_me,
    )
    for room in rooms:
        app.register_blueprint(room.blueprint)
    if settings.development:
        app.register_blueprint(mailbox.blueprint)
