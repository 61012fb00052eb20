"""Every route that changes something, found in the application itself, refuses what another site sends (R-51)."""

from uuid import uuid4

import pytest
from werkzeug.routing import Rule

from idp.audit.models import AuditEvent
from idp.authn.models import MailedLink, Session, SignIn
from tests.stage import Stage

BACK_CHANNEL = {
    "/oauth/token": "authenticates the client, reads no cookie",
    "/oauth/introspect": "authenticates the client, reads no cookie",
    "/oauth/revoke": "authenticates the client, reads no cookie",
    "/oauth/device_authorization": "authenticates the client, reads no cookie",
    "/oauth/par": "authenticates the client, reads no cookie",
    "/oauth/userinfo": "reads a bearer token, no cookie",
    "/oauth/register": "reads a bearer token, no cookie",
    "/oauth/register/<client_id>": "reads a bearer token, no cookie",
    "/modules/<uuid:company_id>": "authenticates the client, reads no cookie",
    "/billing/events": "signed by billing, reads no cookie",
    "/oauth/authorize": "keeps a request of a client; what follows is a GET",
    "/oauth/logout": "proved by an ID token; without one the person is asked",
}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
FORGED = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.localhost"},
    {"Origin": "https://evil.example"},
]


def pages(stage: Stage) -> list[tuple[str, str]]:
    """Method and address of every page route that is not safe."""
    return [
        (method, _example(rule))
        for rule in stage.app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & UNSAFE)
        if rule.rule not in BACK_CHANNEL and not rule.rule.startswith("/api/")  # reads bearer tokens, no cookie
    ]


def _example(rule: Rule) -> str:
    path = rule.rule
    for name in rule.arguments:
        value = str(uuid4()) if f"uuid:{name}" in path else "x" * 43
        path = path.replace(f"<uuid:{name}>", value).replace(f"<{name}>", value).replace(f"<path:{name}>", value)
    assert "<" not in path, path
    return path


def state(stage: Stage) -> list[tuple[object, ...]]:
    with stage.work(write=False) as work:
        return [
            tuple(sorted(map(str, work.session.query(Session.id, Session.ended_at).all()))),
            tuple(sorted(map(str, work.session.query(SignIn.id).all()))),
            tuple(sorted(map(str, work.session.query(MailedLink.id).all()))),
            (work.session.query(AuditEvent).filter(AuditEvent.outcome != "refused").count(),),
        ]


def test_the_list_of_exceptions_is_exact(stage: Stage) -> None:
    routes = {rule.rule for rule in stage.app.url_map.iter_rules() if (rule.methods or set()) & UNSAFE}
    assert set(BACK_CHANNEL) <= routes
    machines = {route for route in routes if route.startswith(("/oauth/", "/billing/", "/modules/"))}
    assert machines == set(BACK_CHANNEL)
    assert len(pages(stage)) >= 14


@pytest.mark.parametrize("headers", FORGED, ids=["cross-site", "same-site", "origin"])
def test_another_site_changes_nothing(stage: Stage, headers: dict[str, str]) -> None:
    browser = stage.signed_in("ines.moreau")
    browser.get("/sign-out")
    token = browser.form.values["csrf_token"]
    before = state(stage)
    for method, path in pages(stage):
        data = {"csrf_token": token, "email": "a@b.example", "password": "x", "set_locale": "fr", "decision": "allow"}
        answer = browser.client.open(path, method=method, data=data, headers=headers)
        assert answer.status_code == 403, (method, path)
        # The language is anybody's to suggest, as by `ui_locales` in a link.
        harmless = ("sesame_form=", "sesame_lang=")
        kept = [each for each in answer.headers.getlist("Set-Cookie") if not each.startswith(harmless)]
        assert kept == [], (method, path)
    assert state(stage) == before


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_form_without_its_token_changes_nothing(stage: Stage, token: str | None) -> None:
    browser = stage.signed_in("ines.moreau")
    before = state(stage)
    for method, path in pages(stage):
        data = {"email": "a@b.example", "password": "not a password", "decision": "allow", "company": str(uuid4())}
        if token is not None:
            data["csrf_token"] = token
        answer = browser.client.open(path, method=method, data=data, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code in (303, 401, 403, 404, 410, 422), (method, path, answer.status_code)
        if answer.status_code == 303:  # to where one signs in or begins again; nothing is done on the way
            leads = answer.headers["Location"]  # home, for who has signed in already; the list, for what is not there
            begins = leads.startswith(("/sign-in", "/sign-out/done", "/reset", "/account/", "/get-started/again"))
            assert leads == "/" or begins, (path, leads)
    assert state(stage) == before


def test_reading_changes_nothing(stage: Stage) -> None:
    """A page that another site embeds as an image is a GET: none of them signs in, out, or spends anything."""
    browser = stage.signed_in("ines.moreau")
    before = state(stage)
    for rule in stage.app.url_map.iter_rules():
        if "GET" not in (rule.methods or set()) or rule.endpoint == "static":
            continue
        path = _example(rule)
        if path != "/sign-in/second-factor":
            browser.client.get(path)
    assert state(stage)[0] == before[0]
    assert state(stage)[2] == before[2]
    browser.get("/account")
    assert browser.address == "/account"


def test_a_foreign_logout_needs_an_id_token_of_the_session(stage: Stage) -> None:
    browser = stage.signed_in("ines.moreau")
    for method in ("GET", "POST"):
        answer = browser.client.open("/oauth/logout", method=method, headers=FORGED[0])
        assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-out")
    browser.get("/account")
    assert browser.address == "/account"
