"""Redirect addresses are compared as strings, and an address that is not registered is never gone to (R-25, R-26)."""

from urllib.parse import urlencode

import pytest

from tests.party import Party
from tests.stage import Stage
from tests.web.browser import Browser

REGISTERED = "https://app.company.example/callback"
MUTATIONS = [
    "https://app.company.example/callback/",
    "https://app.company.example/callback?",
    "https://app.company.example/callback?x=1",
    "https://app.company.example/callback#",
    "https://app.company.example/callback#fragment",
    "https://app.company.example/Callback",
    "https://app.company.example/callbac",
    "https://app.company.example/callback2",
    "https://app.company.example/callback/../callback",
    "https://app.company.example/./callback",
    "https://app.company.example//callback",
    "https://app.company.example/%63allback",
    "https://app.company.example/callback%20",
    "https://app.company.example/callback ",
    " https://app.company.example/callback",
    "https://app.company.example/callback\t",
    "https://app.company.example/callback\r\nX: y",
    "https://app.company.example/callback\\@evil.example",
    "https://app.company.example:443/callback",
    "https://app.company.example:8443/callback",
    "https://app.company.example.evil.example/callback",
    "https://app.company.example@evil.example/callback",
    "https://user@app.company.example/callback",
    "https://evil.example/callback",
    "https://evil.example/https://app.company.example/callback",
    "https://evil.app.company.example/callback",
    "https://APP.company.example/callback",
    "HTTPS://app.company.example/callback",
    "http://app.company.example/callback",
    "//app.company.example/callback",
    "/callback",
    "callback",
    "javascript:alert(1)//https://app.company.example/callback",
    "data:text/html,https://app.company.example/callback",
    "https://app.company.example%2ecallback",
    "https://app.company.example\u3002/callback",
    "https://app.company.exаmple/callback",  # a Cyrillic letter
    "https://app.company.example/callback\x00",
    "null",
    "*",
]


@pytest.fixture(scope="module")
def app_party(stage: Stage) -> Party:
    return stage.register(redirect_uris=[REGISTERED], post_logout_redirect_uris=["https://app.company.example/bye"])


def assert_a_page(browser: Browser, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert answer.mimetype == "text/html"
    assert "evil.example" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", MUTATIONS)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_a_mutation_of_the_registered_address_is_a_page(
    app_party: Party, ines: Browser, address: str, prompt: str | None
) -> None:
    assert_a_page(ines, app_party.asking(redirect_uri=address, prompt=prompt))


def test_the_registered_address_is_gone_to(app_party: Party, ines: Browser) -> None:
    assert "code" in app_party.ask(ines)


@pytest.mark.parametrize("scheme_error", [{"response_type": "token"}, {"scope": "nothing"}, {"prompt": "bad"}])
def test_no_other_error_comes_before_the_address(app_party: Party, ines: Browser, scheme_error: dict[str, str]) -> None:
    assert_a_page(ines, app_party.asking(redirect_uri="https://evil.example/cb", **scheme_error))


@pytest.mark.parametrize("client_id", [None, "", "nobody", "x" * 5000, "demo-accounting\x00", "'; --"])
def test_an_unknown_client_is_a_page(app_party: Party, ines: Browser, client_id: str | None) -> None:
    assert_a_page(ines, app_party.asking(client_id=client_id))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_address_is_a_page(app_party: Party, ines: Browser, name: str) -> None:
    more = {"client_id": app_party.client_id, "redirect_uri": REGISTERED}[name]
    assert_a_page(ines, f"{app_party.asking()}&{urlencode({name: more})}")
    assert_a_page(ines, f"{app_party.asking()}&{urlencode({name: 'https://evil.example'})}")


def test_another_clients_address_is_a_page(app_party: Party, books: Party, ines: Browser) -> None:
    assert_a_page(ines, app_party.asking(redirect_uri=books.redirect_uri))


def test_a_client_with_several_addresses_has_to_name_one(stage: Stage, ines: Browser) -> None:
    party = stage.register(redirect_uris=["https://a.company.example/cb", "https://b.company.example/cb"])
    assert_a_page(ines, party.asking(redirect_uri=None))


@pytest.mark.parametrize("scope", ["openid", "profile openid", "openid offline_access"])
def test_openid_connect_always_names_it(books: Party, ines: Browser, scope: str) -> None:
    """OIDC Core §3.1.2.1: `redirect_uri` is REQUIRED, however many are registered."""
    assert_a_page(ines, books.asking(redirect_uri=None, scope=scope))
    assert_a_page(ines, books.asking(redirect_uri="", scope=scope, prompt="none"))
    assert "code" in books.ask(ines, redirect_uri=None, scope="profile")
    pushed = books.push(redirect_uri=None, scope=scope)
    assert (pushed.status_code, pushed.json["error"]) == (400, "invalid_request")


def test_openid_connect_names_it_in_a_request_object_too(stage: Stage, ines: Browser) -> None:
    party = stage.register(token_endpoint_auth_method="private_key_jwt")
    query = {"client_id": party.client_id, "response_type": "code", "scope": "openid"}
    signed = party.request_object(redirect_uri=None)
    assert_a_page(ines, f"/oauth/authorize?{urlencode({**query, 'request': signed})}")
    assert "code" in party.ask(ines, request=party.request_object())


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("http://127.0.0.1:49152/callback", True),
        ("http://127.0.0.1:1/callback", True),
        ("http://127.0.0.1/callback", True),
        ("http://[::1]:5000/callback", True),
        ("http://127.0.0.1:49152/callback/", False),
        ("http://127.0.0.1:49152/other", False),
        ("http://127.0.0.1:49152/callback?x=1", False),
        ("http://127.0.0.1:49152/callback#x", False),
        ("https://127.0.0.1:49152/callback", False),
        ("http://localhost:49152/callback", False),
        ("http://127.0.0.2:49152/callback", False),
        ("http://127.0.0.1:99999/callback", False),
        ("http://127.0.0.1:abc/callback", False),
        ("http://127.0.0.1:/callback", False),
        ("http://127.0.0.1:0/callback", False),
        ("http://127.0.0.1:080/callback", False),
        ("http://127.0.0.1:49152/callback#", False),
        ("http://127.0.0.1:49152/callback?", False),
        ("http://127.0.0.1:x@127.0.0.1:49152/callback", False),
        ("http://127.0.0.1:80/call\nback", False),
        ("http://127.0.0.1:80/callback\r\nSet-Cookie: a=b", False),
        ("http://127.0.0.1:80/call\tback", False),
        ("http://127.0.0.1:8\r0/callback", False),
        ("http://127.0.0.1:80@evil.example/callback", False),
        ("http://user@127.0.0.1:80/callback", False),
        ("http://127.0.0.1.evil.example:80/callback", False),
        ("http://0177.0.0.1:80/callback", False),
        ("http://2130706433:80/callback", False),
    ],
)
def test_only_the_port_of_a_loopback_address_is_free(stage: Stage, ines: Browser, address: str, accepted: bool) -> None:
    """RFC 8252 §7.3, for native applications."""
    party = stage.register(
        token_endpoint_auth_method="none", redirect_uris=["http://127.0.0.1/callback", "http://[::1]/callback"]
    )
    if accepted:
        code = party.code(ines, redirect_uri=address)
        assert party.redeem(code, redirect_uri=address).status_code == 200
    else:
        assert_a_page(ines, party.asking(redirect_uri=address))


def test_the_port_of_a_client_with_a_secret_is_its_own(stage: Stage, ines: Browser) -> None:
    """R-25: the freedom is that of native applications, which keep no secret."""
    party = stage.register(redirect_uris=["http://127.0.0.1/callback"])
    assert party.code(ines, redirect_uri="http://127.0.0.1/callback")
    assert_a_page(ines, party.asking(redirect_uri="http://127.0.0.1:5000/callback"))


def test_a_post_is_checked_as_a_get(app_party: Party, ines: Browser) -> None:
    """OIDC Core §3.1.2.1."""
    query = app_party.asking().partition("?")[2]
    form = "application/x-www-form-urlencoded"
    answer = ines._send("POST", "/oauth/authorize", data=query, content_type=form)
    assert answer.status_code == 303
    location = ines._follow(answer).headers["Location"]
    assert location.startswith(REGISTERED)
    assert "code=" in location

    wrong = app_party.asking(redirect_uri="https://evil.example/cb").partition("?")[2]
    assert ines._send("POST", "/oauth/authorize", data=wrong, content_type=form).status_code == 400
    assert ines._send("POST", f"/oauth/authorize?{query}", data=query, content_type=form).status_code == 400
