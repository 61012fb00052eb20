"""Security headers on every answer, errors included, and cookies that are kept close (R-50, R-52, R-54, R-55)."""

from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.security.test_forgery import _example
from tests.stage import Demonstration, Stage
from tests.web.browser import Browser

ORIGINS = ["null", "https://evil.example", "http://localhost.evil.example", "https://localhost", "http://localhost:81"]


@pytest.fixture(scope="module")
def secure(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The service as it runs in production: over TLS."""
    with demonstration.stage(
        tmp_path_factory.mktemp("secure"), issuer="https://id.company.example", development=False
    ) as made:
        yield made


def client_of(stage: Stage) -> FlaskClient:
    return stage.app.test_client(use_cookies=False)


FOR_EVERYBODY = ("/.well-known/", "/oauth/jwks", "/schemas/")
"""The same public documents for everybody, which any page may read."""


def everything(stage: Stage) -> list[tuple[str, str, TestResponse]]:
    """An answer of every route by every method it has, and by one it has not, and of paths that are none."""
    http, base = client_of(stage), stage.settings.issuer
    asked = [
        (method, _example(rule))
        for rule in stage.app.url_map.iter_rules()
        for method in [*sorted(rule.methods or ()), "PATCH"]
    ]
    asked += [
        ("GET", path) for path in ("/nothing", "/oauth/nothing", "/.env", "/static/nothing", "/api/v1/nothing", "/%00")
    ]
    found = [(method, path, http.open(path, method=method, base_url=base)) for method, path in asked]
    big = http.post("/sign-in", data=b"x" * 70_000, base_url=base, content_type="application/x-www-form-urlencoded")
    return [*found, ("POST", "too large", big)]


def assert_protected(method: str, path: str, answer: TestResponse, *, transport: bool) -> None:
    where = (method, path, answer.status_code)
    assert answer.status_code != 500, where
    headers = answer.headers
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"], where
    assert headers.get_all("Referrer-Policy") == ["no-referrer"], where
    (policy,) = headers.get_all("Content-Security-Policy")
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    assert rules["default-src"] == ["'none'"], where
    assert rules["frame-ancestors"] == ["'none'"], where
    assert rules["base-uri"] == ["'none'"], where
    assert headers.get_all("X-Frame-Options") == ["DENY"], where
    assert "'unsafe-inline'" not in policy, where
    assert "'unsafe-eval'" not in policy, where
    assert "*" not in policy, where
    if answer.mimetype == "text/html" and answer.status_code != 303 and answer.data and "/dev/" not in path:
        assert "object-src" in rules, where
        assert headers.get("Cross-Origin-Opener-Policy") == "same-origin", where
        assert headers.get("Cache-Control") == "no-store", where
        assert {"Cookie", "Accept-Language"} <= set(answer.vary), where
    if transport:
        assert headers.get("Strict-Transport-Security", "").startswith("max-age=63072000"), where
        assert "includeSubDomains" in headers.get("Strict-Transport-Security", ""), where
    else:
        assert "Strict-Transport-Security" not in headers, where
    assert "Werkzeug" not in headers.get("Server", ""), where
    assert "X-Powered-By" not in headers, where
    shared = {value for name, value in headers if name.startswith("Access-Control")}
    assert shared <= ({"*"} if path.startswith(FOR_EVERYBODY) else set()), where


def test_every_answer_is_protected(stage: Stage) -> None:
    for method, path, answer in everything(stage):
        assert_protected(method, path, answer, transport=False)


def test_every_answer_over_tls_is_protected(secure: Stage) -> None:
    for method, path, answer in everything(secure):
        assert_protected(method, path, answer, transport=True)


def test_the_mailbox_is_there_in_development_alone(stage: Stage, secure: Stage) -> None:
    assert client_of(stage).get("/dev/mailbox").status_code == 200
    assert client_of(secure).get("/dev/mailbox", base_url=secure.settings.issuer).status_code == 404


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_answer_is_shared_with_another_origin(stage: Stage, origin: str) -> None:
    browser = stage.signed_in("ines.moreau")
    for path in ("/", "/account", "/sign-in", "/oauth/token", "/oauth/userinfo", "/oauth/authorize", "/me/companies"):
        for method in ("GET", "OPTIONS"):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = browser.client.open(path, method=method, headers=headers)
            assert answer.headers.get("Access-Control-Allow-Origin") is None, path
            assert answer.headers.get("Access-Control-Allow-Credentials") is None, path


def test_trace_is_not_answered(stage: Stage) -> None:
    for path in ("/", "/oauth/token"):
        assert client_of(stage).open(path, method="TRACE").status_code == 405


def test_every_cookie_of_a_journey_over_tls_is_kept_close(secure: Stage) -> None:
    """`__Host-`, Secure, HttpOnly, for the whole host and no other, not sent along by other sites, nothing personal."""
    person, http = secure.person("ines.moreau"), secure.app.test_client(use_cookies=False)
    base, jar, given = secure.settings.issuer, {}, []

    def send(method: str, path: str, data: dict[str, str] | None = None) -> TestResponse:
        headers = {"Sec-Fetch-Site": "same-origin", "Cookie": "; ".join(f"{name}={jar[name]}" for name in jar)}
        answer = http.open(path, method=method, data=data, headers=headers, base_url=base)
        for line in answer.headers.getlist("Set-Cookie"):
            given.append(line)
            for name, morsel in SimpleCookie(line).items():
                jar[name] = morsel.value
        return answer

    def token(answer: TestResponse) -> str:
        assert "csrf_token" in answer.text, (answer.status_code, answer.headers, answer.text[:300])
        return answer.text.split('name="csrf_token" value="')[1].split('"')[0]

    page = send("GET", "/sign-in?continue_to=/account")
    answer = send("POST", "/sign-in?continue_to=/account", {
        "csrf_token": token(page), "email": person.address, "password": person.password,
    })  # fmt: skip
    page = send("GET", answer.headers["Location"])
    answer = send(
        "POST", answer.headers["Location"], {"csrf_token": token(page), "code": person.code(), "trust": "yes"}
    )
    assert answer.headers["Location"] == "/account", answer.text[:300]
    assert person.address in send("GET", "/account").text
    page = send("GET", "/sign-out")
    send("POST", "/language", {"csrf_token": token(page), "set_locale": "fr", "continue_to": "/"})
    page = send("GET", "/sign-out")
    send("POST", "/sign-out", {"csrf_token": token(page)})

    names = {line.partition("=")[0] for line in given}
    assert {"__Host-sesame_session", "__Host-sesame_sign_in", "__Host-sesame_device", "__Host-sesame_form"} <= names
    for line in given:
        assert line.startswith("__Host-"), line
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes, line
        assert not [each for each in attributes if each.startswith("domain")], line
        assert len(line) < 4096, line
        assert person.address not in line
        assert "ines" not in line.lower()


def test_static_files_are_public(stage: Stage) -> None:
    browser = Browser(stage.app)
    browser.get("/sign-in")
    style = browser.text.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = browser.client.get(style, buffered=True)
    answer.close()
    assert "max-age" in answer.headers["Cache-Control"]
    assert answer.headers.getlist("Set-Cookie") == []
    assert_protected("GET", style, answer, transport=False)
