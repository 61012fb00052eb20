"""Front-channel logout (OIDC Front-Channel Logout 1.0), and what RP-initiated logout shows of it."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from idp.core.errors import InvalidInput
from idp.oidc import client_options, clients
from tests.party import Party, bearer, claims_of
from tests.stage import Stage
from tests.web.browser import Browser

LOGOUT = {"demo-accounting": "http://localhost:8001/signed-out?from=idp", "demo-capture": "http://localhost:8002/out"}


@pytest.fixture
def open_at_both(own_stage: Stage) -> tuple[Stage, Browser, Party, dict[str, str]]:
    """A person who is signed in at two products that want to be told in frames; the tokens of the first."""
    for client_id, uri in LOGOUT.items():
        options = {"frontchannel_logout_uri": uri, "frontchannel_logout_session_required": True}
        own_stage.change_client(client_id, options=client_options.read(options))
    browser, books = own_stage.sign_in("ines.moreau"), own_stage.party("demo-accounting")
    told = books.tokens(browser)
    own_stage.party("demo-capture").tokens(browser)
    return own_stage, browser, books, told


def frames(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<iframe[^>]* src="([^"]*)"', page)]


def assert_framed(answer, sid: str) -> None:  # type: ignore[no-untyped-def]
    """Both products are told, with issuer and session, and the page may frame them and nobody else."""
    found = frames(answer.text)
    assert {each.partition("?")[0] for each in found} == {each.partition("?")[0] for each in LOGOUT.values()}
    for each in found:
        told = parse_qs(urlsplit(each).query)
        assert (told["iss"], told["sid"]) == (["http://localhost"], [sid])
        assert ("from" in told) is each.startswith("http://localhost:8001")
    (policy,) = re.findall(r"frame-src ([^;]*)", answer.headers["Content-Security-Policy"])
    assert set(policy.split()) == {"http://localhost:8001", "http://localhost:8002"}
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    for tag in re.findall(r"<iframe[^>]*>", answer.text):
        assert 'sandbox="allow-same-origin allow-scripts"' in tag
        assert "title=" in tag


def test_signing_out_here_closes_the_products_in_frames(open_at_both) -> None:  # type: ignore[no-untyped-def]
    stage, browser, books, told = open_at_both
    browser.get("/sign-out")
    answer = browser.submit()
    assert answer.status_code == 200
    assert_framed(answer, claims_of(told["id_token"])["sid"])
    assert browser.cookie("sesame_session") is None
    assert books.ask(browser, prompt="none")["error"] == "login_required"
    answer = browser.get("/sign-out/done")
    assert frames(answer.text) == []
    assert "frame-src" not in answer.headers["Content-Security-Policy"]


def test_a_product_that_signs_out_is_gone_back_to_after_the_frames(open_at_both) -> None:  # type: ignore[no-untyped-def]
    _, browser, _, told = open_at_both
    home = "http://localhost:8001/"
    sent = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": home, "state": "s&1"}
    answer = browser._send("GET", f"/oauth/logout?{urlencode(sent)}")
    assert answer.status_code == 200
    assert_framed(answer, claims_of(told["id_token"])["sid"])
    assert re.fullmatch(r"[1-5]; url=http://localhost:8001/\?state=s%261", answer.headers["Refresh"])
    assert 'href="http://localhost:8001/?state=s%261"' in answer.text, "and by a button, for who waits for nothing"


def test_no_frames_no_wait(own_stage: Stage) -> None:
    """A session at products that do not ask for it ends as before, by a redirect."""
    browser, books = own_stage.sign_in("ines.moreau"), own_stage.party("demo-accounting")
    told = books.tokens(browser)
    sent = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": "http://localhost:8001/"}
    assert browser._send("GET", f"/oauth/logout?{urlencode(sent)}").status_code == 303


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/out", "http://app.company.example/out", "https://app.company.example:8443/out",
        "https://app.company.example/out#x", "javascript:alert(1)", "data:text/html,x", "/out", "",
        "https://app.company.example/out\n", "https://user@app.company.example/out",
    ],
)  # fmt: skip
def test_an_address_that_is_not_the_clients_own_is_not_framed(stage: Stage, uri: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(options={"frontchannel_logout_uri": uri})
    assert refused.value.members["field"] == "frontchannel_logout_uri"


def test_it_is_registered_dynamically_too(stage: Stage) -> None:
    http = stage.app.test_client(use_cookies=False)
    metadata = {
        "client_name": "Framed", "redirect_uris": ["https://app.company.example/callback"],
        "frontchannel_logout_uri": "https://app.company.example/out", "frontchannel_logout_session_required": True,
    }  # fmt: skip
    answer = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token()))
    assert answer.status_code == 201, answer.text
    assert {**answer.json, **metadata} == answer.json  # type: ignore[dict-item]
    wrong = {**metadata, "frontchannel_logout_uri": "https://evil.example/out"}
    answer = http.post("/oauth/register", json=wrong, headers=bearer(stage.initial_access_token()))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client_metadata")  # type: ignore[index]


def test_discovery_says_so(stage: Stage) -> None:
    found = stage.app.test_client().get("/.well-known/openid-configuration").json
    assert found["frontchannel_logout_supported"] is True  # type: ignore[index]
    assert found["frontchannel_logout_session_supported"] is True  # type: ignore[index]
    assert "check_session_iframe" not in found  # type: ignore[operator]


# --- RP-initiated logout without a hint ---


def test_who_only_names_itself_is_offered_and_not_gone_back_to(own_stage: Stage) -> None:
    """RP-Initiated Logout §3: without an ID token the person decides, and goes where they choose."""
    browser = own_stage.sign_in("ines.moreau")
    sent = {
        "client_id": "demo-accounting", "post_logout_redirect_uri": "http://localhost:8001/",
        "logout_hint": "ines", "ui_locales": "en",
    }  # fmt: skip
    browser.get(f"/oauth/logout?{urlencode(sent)}")
    assert browser.address == "/sign-out?client_id=demo-accounting"
    assert browser.cookie("sesame_session") is not None
    browser.submit()
    assert browser.address == "/sign-out/done?client_id=demo-accounting"
    with own_stage.work(write=False) as work:
        home = clients.get(work, "demo-accounting").home_uri
    assert f'href="{home}"' in browser.text


@pytest.mark.parametrize("client_id", ["unknown", "", "\x00", "https://evil.example", "é" * 300])
def test_an_application_that_nobody_knows_is_not_offered(stage: Stage, client_id: str) -> None:
    browser = stage.browser()
    browser.get(f"/sign-out/done?{urlencode({'client_id': client_id})}")
    assert browser.status == 200
    assert "Go back to" not in browser.text


@pytest.mark.parametrize(("language", "said"), [("en", "Your session is closed"), ("fr", "Votre session est fermée")])
def test_the_page_speaks_the_language_that_is_asked_for(own_stage: Stage, language: str, said: str) -> None:
    browser, books = own_stage.sign_in("ines.moreau"), own_stage.party("demo-accounting")
    told = books.tokens(browser)
    answer = browser._send(
        "GET", f"/oauth/logout?{urlencode({'id_token_hint': told['id_token'], 'ui_locales': language})}"
    )
    assert said in answer.text
