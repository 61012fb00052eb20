"""Introspection (RFC 7662): of tokens whose audience one is, with the rights of this moment (R-38, R-39)."""

import time
from datetime import timedelta

from idp.companies import mandate, membership
from tests.party import Party, claims_of
from tests.stage import Stage
from tests.web.browser import Browser


def test_a_live_access_token(books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    answer = books.introspect(token)
    claims = claims_of(token)
    assert answer["active"] is True
    assert answer["token_type"] == "Bearer"
    assert {name: answer[name] for name in claims} == claims


def test_a_live_refresh_token(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    answer = books.introspect(tokens["refresh_token"], token_type_hint="refresh_token")
    assert answer["active"] is True
    assert answer["client_id"] == books.client_id
    assert answer["sub"] == claims_of(tokens["id_token"])["sub"]
    assert "permissions" not in answer


def test_anothers_token_is_inactive_like_an_unknown_one(books: Party, capture: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    for value in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], "unknown", "a.b.c", "é"):
        assert capture.introspect(value) == {"active": False}


def test_another_client_of_the_same_resource_may_ask(stage: Stage, books: Party, ines: Browser) -> None:
    """A product has one or more clients; its API is one audience."""
    api = stage.register(
        product="accounting", resource=books.resource, grant_types=["client_credentials"], redirect_uris=[]
    )
    tokens = books.tokens(ines)
    assert api.introspect(tokens["access_token"])["active"] is True
    assert api.introspect(tokens["refresh_token"]) == {"active": False}


def test_a_public_client_learns_nothing(mobile: Party, ines: Browser) -> None:
    """§2.1: the endpoint answers those alone that prove who they are."""
    tokens = mobile.tokens(ines)
    for name in ("access_token", "refresh_token"):
        answer = mobile.post("/oauth/introspect", token=tokens[name])
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")  # type: ignore[index]


def test_the_token_is_needed(books: Party) -> None:
    answer = books.post("/oauth/introspect")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_rights_are_those_of_this_moment(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    token = books.tokens(browser)["access_token"]
    before = books.introspect(token)
    company, person = own_stage.company("atelier-lumen"), own_stage.person("ines.moreau").id
    with own_stage.work() as work:
        membership.change_role(work, company, person, "accounting", role_id="accounting.reader")
    after = books.introspect(token)
    assert (after["roles"], before["roles"]) == (["accounting.reader"], ["accounting.bookkeeper"])
    assert after["epoch"] > before["epoch"]
    assert after["permissions"] != before["permissions"]
    assert after["permission_set"] != before["permission_set"]
    assert books.userinfo(token).json["roles"] == ["accounting.reader"]

    with own_stage.work() as work:
        membership.remove(work, company, person)
    assert books.introspect(token) == {"active": False}
    assert books.userinfo(token).status_code == 401


def test_an_expired_token_is_inactive(own_stage: Stage) -> None:
    """A mandate that ends ends the token with it: the shortest life one can get."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("nathalie.deltour")
    client, firm = own_stage.company("atelier-lumen"), own_stage.company("cabinet-deltour")
    with own_stage.work() as work:
        (held,) = mandate.between(work, client, firm)
        held.until_at = work.now + timedelta(seconds=3)
    tokens = books.tokens(browser, company=str(client))
    claims = claims_of(tokens["access_token"])
    assert claims["exp"] <= claims["until"]
    assert books.introspect(tokens["access_token"])["active"] is True
    time.sleep(max(0.0, claims["exp"] - time.time()) + 0.1)
    assert books.introspect(tokens["access_token"]) == {"active": False}
    assert books.userinfo(tokens["access_token"]).status_code == 401
    time.sleep(1)  # claims are whole seconds, the mandate is not
    refused = books.refresh(tokens["refresh_token"])
    assert (refused.json["error"], refused.json["reason"]) == ("invalid_grant", "no_access")
