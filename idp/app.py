"""The composition root: joins settings, policies, keys, database and routes into one application."""

import gc
import os
import signal
import sys
from urllib.parse import urlsplit

from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from idp.authn import password
from idp.core import calling, names, networks
from idp.core import settings as settings_module
from idp.core.db import engine_options, prepare
from idp.core.logs import configure
from idp.core.settings import LOOPBACK, Settings
from idp.core.tokens import load_keyring
from idp.policy import Policies
from idp.policy.load import load
from idp.web import apart as crowd_apart
from idp.web import api, client_certificates, crowd, health, pages
from idp.web.api import billing
from idp.web.headers import Answer
from idp.web.oauth import (
    authorize,
    device_authorization,
    end_session,
    metadata,
    modules,
    par,
    register,
    token,
    userinfo,
)
from idp.web.published import Published
from idp.web.work import Application, Parts, close_work, database

BODY_LIMIT = 64 * 1024
SWITCH_SECONDS = 0.0001  # what a thread with a short answer waits for one that makes a page, at most


def create_app(settings: Settings | None = None, policies: Policies | None = None) -> Application:
    """The application of one process.

    Args:
        settings: by default those of the environment.
        policies: when they have been loaded already; by default those in the folder that the settings name.

    Raises:
        ConfigurationError: a setting or the master key is missing or impossible.
        PolicyError: a policy file is wrong; names file and entry.
    """
    settings = settings or settings_module.read()
    configure(settings.log_level)
    password.configure(settings.password_hashers)
    policies, keyring = policies or load(settings.policies_dir), load_keyring(settings.master_key_file)
    places, outbound = networks.read(settings.network_places), calling.door(settings)
    certificates = client_certificates.read(settings)

    app = Application("idp", static_folder="web/static", template_folder="web/templates", doc_ui=False, root_path=None)
    app.config.update(_configuration(settings))
    database.init_app(app)
    Migrate(app, database, directory=str(settings.migrations_dir), render_as_batch=True, compare_type=True)
    with app.app_context():
        prepare(database.engine)
        kept = names.beside(database.engine)
        app.extensions["sesame"] = Parts(
            settings, policies, keyring, database.engine, places, outbound, certificates, kept
        )
    app.teardown_appcontext(close_work)
    app.response_class = Answer
    app.direct = {}
    named = {urlsplit(each).hostname or "" for each in (settings.issuer, settings.mtls_origin) if each}
    app.hosts = frozenset({*named, *LOOPBACK, "[::1]"})
    _register(app)
    turns = crowd.turns(settings.data_dir)
    app.dispatched = crowd.Door(app, app.dispatched, settings.password_hashers, turns)  # type: ignore[method-assign]
    app.wsgi_app = Published(app.wsgi_app, metadata.PATHS)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def serving() -> Application:
    """The application of a server's process, which lives as long as the process.

    All that was made until now (code, policies, mappings) stays, so the garbage collector need not look through it
    again and again.
    """
    password.step_back()
    sys.setswitchinterval(SWITCH_SECONDS)
    app = create_app()
    gc.collect()
    gc.freeze()
    return app


def apart(address: str) -> None:
    """Be the process for those who sign in in a crowd, for as long as there is who began this.

    Args:
        address: the socket by which the workers hand over their requests.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # the workers end first: they may be waiting for an answer
    parent = os.getppid()
    crowd_apart.stand_back()
    app = serving()
    settings = app.extensions["sesame"].settings
    turns, line = crowd.turns(settings.data_dir), crowd.WAITING * settings.workers
    password.configure(len(turns))
    inner = Application.dispatched.__get__(app)
    door = crowd.Door(app, inner, len(turns), turns, line)
    crowd_apart.work(door, address, lambda: crowd_apart.wait_for_end(parent), line)


def _configuration(settings: Settings) -> dict[str, object]:
    return {
        "MAX_CONTENT_LENGTH": BODY_LIMIT,
        "MAX_FORM_MEMORY_SIZE": BODY_LIMIT,
        "MAX_FORM_PARTS": 100,
        "PREFERRED_URL_SCHEME": "https" if settings.secure else "http",
        "SQLALCHEMY_DATABASE_URI": settings.database,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database),
    }


def _register(app: Application) -> None:
    """Give every part of floor 5 its place."""
    for blueprint in (
        health.blueprint,
        metadata.blueprint,
        register.blueprint,
        modules.blueprint,
        end_session.blueprint,
        billing.blueprint,
    ):
        app.register_blueprint(blueprint)
    for channel in (token.channel, userinfo.channel, authorize.channel, device_authorization.channel, par.channel):
        channel.install(app)
    api.install(app)
    pages.install(app, app.extensions["sesame"].settings)
