"""Joins the parts of a sample product into one Flask application."""

from urllib.parse import urlsplit

from flask import Flask, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from examples.sample import api, events, logout, pages, sign_in, texts
from examples.sample.config import Config
from examples.sample.notices import notice
from examples.sample.parts import Parts, join
from examples.sample.permissions import Gate, NotPermitted, PermissionSets
from examples.sample.product import Product
from examples.sample.service import RefreshRefused, Service
from examples.sample.session import ServerSessions, SessionStore, form_token
from examples.sample.tokens import Epochs, KeyRing, ServiceUnavailable, TokenRefused, Verifier


def create_app(product: Product, config: Config) -> Flask:
    """One product, ready to serve. Nothing is asked of the identity service until a person or a program comes."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    service = Service(app, config)
    store = SessionStore()
    verifier = Verifier(
        KeyRing(service.jwks), issuer=config.issuer, client_id=config.client_id, resource=config.resource
    )
    epochs = Epochs()
    gate = Gate(product, PermissionSets(service.permission_set), epochs)
    join(app, Parts(product, config, service, verifier, gate, store, epochs))
    app.session_interface = ServerSessions(store, product_id=product.id, secure=config.secure)

    for module in (pages, sign_in, logout, events, api):
        app.register_blueprint(module.views)
    _add_template_names(app, product, config)
    _add_error_pages(app, store)
    _add_headers(app, config)
    return app


def _add_template_names(app: Flask, product: Product, config: Config) -> None:
    app.jinja_env.globals.update(product=product, config=config, say=texts.say, language=texts.language)
    app.jinja_env.filters.update(text=texts.in_language, show=texts.show, day=texts.day)
    app.jinja_env.globals["form_token"] = lambda: form_token(config.secret_key, sign_in.own_session())


def _add_error_pages(app: Flask, store: SessionStore) -> None:
    def forget_person() -> None:
        g.pop("access", None)
        store.restart(sign_in.own_session())

    @app.errorhandler(NotPermitted)
    def not_permitted(_: NotPermitted) -> Response:
        return notice("not_permitted", 403)

    @app.errorhandler(RefreshRefused)
    def access_changed(refused: RefreshRefused) -> Response:
        forget_person()
        return notice("access_changed", 403, error=refused.error, reason=refused.reason)

    @app.errorhandler(ServiceUnavailable)
    def unavailable(error: ServiceUnavailable) -> Response:
        app.logger.warning("identity service: %s", error)
        answer = notice("unavailable", 503)
        answer.headers["Retry-After"] = "60"
        return answer

    @app.errorhandler(TokenRefused)
    def refused_by_service(_: TokenRefused) -> Response:
        forget_person()
        return notice("access_changed", 403)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        name = "not_found" if status == 404 else "broken" if status >= 500 else "bad_request"
        return notice(name, status)


def _add_headers(app: Flask, config: Config) -> None:
    service = urlsplit(config.issuer)
    # form-action names the service too: browsers apply it to the redirect that follows the sign-out form.
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {service.scheme}://{service.netloc}"
    )

    @app.after_request
    def protect(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = policy
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"  # a callback address carries a code
        answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        answer.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if config.secure:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.endpoint == "static":
            answer.headers["Cache-Control"] = "public, max-age=3600"
        else:
            answer.headers["Cache-Control"] = "no-store"
            answer.vary.add("Accept-Language")
        return answer
