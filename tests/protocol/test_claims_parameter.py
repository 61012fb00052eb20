"""The parameter `claims` (OIDC Core §5.5)."""

import json
from typing import Any

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from tests.party import Party, claims_of, query_of
from tests.stage import Stage
from tests.web.browser import Browser

TWO = "urn:id:acr:2fa"


def claims(**places: Any) -> str:
    return json.dumps(places)


def told(party: Party, browser: Browser, **parameters: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the ID token says, and what userinfo says."""
    tokens = party.tokens(browser, **{"scope": "openid", **parameters})
    return party.verified(tokens["id_token"]), party.userinfo(tokens["access_token"]).json  # type: ignore[return-value]


def test_a_claim_is_told_where_it_is_asked_for(books: Party, ines: Browser) -> None:
    identity, info = told(books, ines, claims=claims(id_token={"email": None}, userinfo={"given_name": None}))
    assert "@" in identity["email"]
    assert "given_name" not in identity
    assert info["given_name"] == "Inès"
    assert "email" not in info


def test_it_adds_to_the_scope(books: Party, ines: Browser) -> None:
    asked = claims(userinfo={"email": {"essential": True}})
    _, info = told(books, ines, scope="openid profile", claims=asked)
    assert {"name", "email"} <= set(info)


def test_what_nobody_can_say_is_left_out(books: Party, ines: Browser) -> None:
    """OIDC Core §5.5.1: an essential claim that cannot be told is no error."""
    wishes = {"birthdate": {"essential": True}, "email#fr": None, "iss": None, "name": {"value": "x", "other": [1]}}
    identity, info = told(books, ines, claims=claims(id_token=wishes, userinfo=wishes))
    assert "birthdate" not in identity
    assert identity["iss"] == "http://localhost"
    assert "birthdate" not in info
    assert info["name"] == "Inès Moreau", "what it is, whatever was asked for"


def test_it_lasts_as_long_as_the_grant(books: Party, ines: Browser) -> None:
    asked = claims(id_token={"email": None}, userinfo={"locale": None})
    tokens = books.tokens(ines, scope="openid offline_access", claims=asked)
    again = books.refresh(tokens["refresh_token"]).json
    assert "email" in books.verified(again["id_token"])
    assert "locale" in books.userinfo(again["access_token"]).json  # type: ignore[operator]


def test_a_client_gets_no_claim_beyond_its_registered_scopes(stage: Stage, ines: Browser) -> None:
    party = stage.register(scope="openid profile")
    identity, _ = told(party, ines, claims=claims(id_token={"email": None, "name": None}))
    assert "name" in identity
    assert "email" not in identity


def test_the_person_is_asked_for_it_as_for_a_scope(stage: Stage, ines: Browser) -> None:
    party = stage.register(trusted=False)
    ines.get(party.asking(scope="openid"))
    ines.submit({"decision": "allow"})
    assert "code" in party.ask(ines, scope="openid")
    asked = claims(userinfo={"email": None})
    assert party.ask(ines, scope="openid", claims=asked, prompt="none")["error"] == "consent_required"
    ines.get(party.asking(scope="openid", claims=asked, ui_locales="en"))
    assert "see your e-mail address" in ines.text
    code = query_of(ines.submit({"decision": "allow"}).headers["Location"])["code"]
    info = party.userinfo(party.redeem(code).json["access_token"]).json
    assert "email" in info  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "1", "null", '"a"', "{", '{"userinfo":[]}', '{"id_token":"x"}', '{"userinfo":{"email":1}}',
        '{"userinfo":{"email":[]}}', '{"userinfo":{"email":{"essential":"yes"}}}',
        '{"id_token":{"acr":{"values":"x"}}}', "[" * 3000,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_not_the_parameter_is_refused_by_its_name(books: Party, ines: Browser, text: str) -> None:
    answer = books.ask(ines, claims=text)
    if text == "":
        assert "code" in answer, "an empty parameter is none (RFC 6749 §3.1)"
        return
    assert answer["error"] == "invalid_request"
    assert "claims" in answer["error_description"]


@pytest.mark.parametrize(
    "text", ['{"userinfo":null}', "{}", '{"more":1,"userinfo":{"email":{"essential":true,"x":{}}}}', '{"id_token":{}}']
)
def test_members_that_are_not_known_are_ignored(books: Party, ines: Browser, text: str) -> None:
    assert "code" in books.ask(ines, claims=text)


def test_discovery_says_so(stage: Stage) -> None:
    assert stage.app.test_client().get("/.well-known/openid-configuration").json["claims_parameter_supported"] is True  # type: ignore[index]


# --- acr and sub: what has to hold of the person (§5.5.1, §5.5.1.1) ---


@pytest.mark.parametrize(
    "wish", [{"essential": True, "value": TWO}, {"essential": True, "values": ["urn:other", TWO]}, {"essential": True}]
)
def test_an_essential_acr_that_is_reached(books: Party, ines: Browser, wish: dict[str, Any]) -> None:
    identity, _ = told(books, ines, claims=claims(id_token={"acr": wish}), prompt="none")
    assert identity["acr"] == TWO


@pytest.mark.parametrize(
    "wish",
    [
        {"essential": True, "value": "urn:other"},
        {"essential": True, "values": ["urn:other", 7, None]},
        {"essential": True, "value": "urn:id:acr:1fa"},
    ],
)
def test_an_essential_acr_that_cannot_be_told_is_an_error(books: Party, ines: Browser, wish: dict[str, Any]) -> None:
    answer = books.ask(ines, claims=claims(id_token={"acr": wish}))
    assert answer["error"] == "unmet_authentication_requirements"


def test_a_voluntary_acr_is_no_demand(books: Party, ines: Browser) -> None:
    assert "code" in books.ask(ines, claims=claims(id_token={"acr": {"values": ["urn:other"]}}))


def test_an_essential_acr_asks_for_a_second_factor(own_stage: Stage) -> None:
    """A client without product lets a person in who proved a password alone; not when it demands more."""
    party, browser = own_stage.register(), own_stage.signed_in("ines.moreau")
    with own_stage.work() as work:
        work.session.execute(update(Session).values(acr="urn:id:acr:1fa"))
    assert "code" in party.ask(browser, prompt="none")
    wish = claims(id_token={"acr": {"essential": True, "value": TWO}})
    assert party.ask(browser, prompt="none", claims=wish)["error"] == "login_required"


@pytest.mark.parametrize("values", [["urn:id:acr:1fa"], ["urn:id:acr:1fa", TWO]])
def test_an_essential_acr_that_the_session_has_is_enough(own_stage: Stage, values: list[str]) -> None:
    party, browser = own_stage.register(), own_stage.signed_in("ines.moreau")
    with own_stage.work() as work:
        work.session.execute(update(Session).values(acr="urn:id:acr:1fa"))
    wish = claims(id_token={"acr": {"essential": True, "values": values}})
    assert "code" in party.ask(browser, prompt="none", claims=wish)


def test_the_client_may_name_the_person(own_stage: Stage) -> None:
    books = own_stage.party("demo-accounting")
    ines, julien = own_stage.signed_in("ines.moreau"), own_stage.signed_in("julien.mercier")
    own = claims_of(books.tokens(ines)["id_token"])["sub"]
    for wish in ({"value": own}, {"values": ["x", own]}):
        assert "code" in books.ask(ines, prompt="none", claims=claims(id_token={"sub": wish}))
        assert books.ask(julien, prompt="none", claims=claims(id_token={"sub": wish}))["error"] == "login_required"
