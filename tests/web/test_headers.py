"""Headers of every kind of answer (R-50, R-52, R-55)."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Response

from idp.oidc import clients
from idp.oidc.clients import ClientRegistration
from idp.web import headers
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

PAGES = [
    ("GET", "/sign-in", 200),
    ("GET", "/reset", 200),
    ("GET", "/nothing/here", 404),
    ("PUT", "/sign-in", 405),
    ("GET", "/activation/unknown", 404),
    ("GET", "/reset/unknown", 404),
    ("GET", "/sign-in/code", 410),
    ("POST", "/language", 410),
    ("GET", "/oauth/authorize?client_id=unknown", 400),
]
PLAIN = [
    ("GET", "/healthz", 200),
    ("GET", "/static/style.css", 200),
    ("GET", "/account", 303),
    ("PUT", "/oauth/token", 405),
]


def directives(answer: Response) -> dict[str, str]:
    policies = answer.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    parts = (part.strip().partition(" ") for part in policies[0].split(";"))
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize(("method", "path", "status"), PAGES)
def test_pages_and_error_pages_carry_the_full_set(app: Application, method: str, path: str, status: int) -> None:
    answer = app.test_client().open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    _full_set(answer)


def _full_set(answer: Response) -> None:
    policy = directives(answer)
    assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Strict-Transport-Security" not in answer.headers  # this instance is plain http on a loopback address


@pytest.mark.parametrize(("method", "path", "status"), PLAIN)
def test_other_answers_allow_nothing_to_run_or_be_framed(app: Application, method: str, path: str, status: int) -> None:
    answer = app.test_client().open(path, method=method, buffered=True)
    assert answer.status_code == status
    assert directives(answer)["default-src"] == directives(answer)["frame-ancestors"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_an_oversized_body_and_a_failure_carry_them_too(app: Application) -> None:
    def fail() -> str:
        raise RuntimeError("a secret of somebody")

    app.add_url_rule("/fails", view_func=fail)
    browser = app.test_client()
    too_large = browser.post("/sign-in", data={"email": "a" * 70_000})
    assert too_large.status_code == 413
    _full_set(too_large)
    failure = browser.get("/fails")
    assert failure.status_code == 500
    _full_set(failure)


def test_over_tls_browsers_are_told_to_stay_there_and_cookies_are_bound_to_the_host(
    make_app: Callable[..., Application],
) -> None:
    app = make_app(issuer="https://id.company.example")
    for path in ("/sign-in", "/healthz", "/nothing"):
        answer = app.test_client().get(path, base_url="https://id.company.example")
        age, scope = answer.headers["Strict-Transport-Security"].split("; ")
        assert int(age.removeprefix("max-age=")) >= 31_536_000
        assert scope == "includeSubDomains"
    answer = app.test_client().get("/sign-in?ui_locales=fr", base_url="https://id.company.example")
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-sesame_lang", "__Host-sesame_form"}
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_cookies_of_a_sign_in_are_for_this_host_alone(browser: Browser, ada: Holder) -> None:
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": ada.address, "password": ada.password})
    answer = browser.post({"code": ada.code()})
    given = [cookie for cookie in answer.headers.getlist("Set-Cookie") if not cookie.startswith("sesame_form=")]
    assert {cookie.partition("=")[0] for cookie in given} == {"sesame_session", "sesame_device", "sesame_sign_in"}
    for cookie in given:
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert len(cookie) < 4096
        assert ada.address not in cookie


def test_a_form_may_end_at_the_client_one_is_going_to_and_nowhere_else(app: Application, browser: Browser) -> None:
    """Browsers hold form-action against the redirects after a post, and a sign-in ends at the client."""
    address = "https://books.company.example/callback"
    with unit_of_work(app, SYSTEM) as work:
        registration = ClientRegistration(names={"en": "Books"}, client_id="books", redirect_uris=[address])
        clients.register(work, registration)
    query = (
        f"client_id=books&response_type=code&scope=openid&redirect_uri={quote(address)}&state=s"
        f"&code_challenge={'c' * 43}&code_challenge_method=S256&login_hint=ada@company.example&ui_locales=fr"
    )
    answer = browser.get(f"/oauth/authorize?{query}")
    assert browser.address.startswith("/sign-in?")
    assert directives(answer)["form-action"] == "'self' https://books.company.example"
    assert browser.form.values["email"] == "ada@company.example"
    assert "Books" in browser.text
    assert '<html lang="fr">' in browser.text

    answer = browser.submit({"email": "ada@company.example", "password": "wrong"})
    assert directives(answer)["form-action"] == "'self' https://books.company.example"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://a.example", "https://a.example"),
        ("https://A.example:8443", "https://a.example:8443"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("com.example.app:", "com.example.app:"),
        ("https://a.example; script-src *", None),
        ("https://a.example https://b.example", None),
        ("*", None),
        ("'unsafe-inline'", None),
        ("https://*.example", None),
        ("https://a.example\r\nX: y", None),
    ],
)
def test_only_an_origin_enters_the_policy(source: str, expected: str | None) -> None:
    assert headers.origin_of(source) == expected


def test_pages_hold_no_inline_code(browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    for path in ("/sign-in?reauthenticate=1", "/reset", "/", "/account", "/sign-out", "/nothing"):
        browser.get(path)
        assert " style=" not in browser.text
        assert "<style" not in browser.text
        assert "<script>" not in browser.text
        assert " onclick=" not in browser.text
        assert "javascript:" not in browser.text


def test_static_files_may_be_kept_and_their_address_changes_with_them(browser: Browser) -> None:
    browser.get("/sign-in")
    address = browser.text.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = browser.client.get(address, buffered=True)
    assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert address.startswith("/static/style.css?v=")


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost.evil.example"])
def test_no_page_is_shared_with_another_origin(app: Application, origin: str) -> None:
    for path in ("/sign-in", "/account", "/nothing"):
        answer = app.test_client().get(path, headers={"Origin": origin})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
