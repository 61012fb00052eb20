"""Revocation (RFC 7009): of one's own tokens, and nobody learns about others."""

import pytest

from tests.party import Party
from tests.stage import Stage
from tests.web.browser import Browser


def test_a_refresh_token_takes_its_grant_along(books: Party, ines: Browser) -> None:
    tokens, other = books.tokens(ines), books.tokens(ines)
    assert books.revoke(tokens["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert books.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert books.userinfo(tokens["access_token"]).status_code == 401
    assert books.introspect(tokens["access_token"]) == {"active": False}
    assert books.refresh(other["refresh_token"]).status_code == 200


def test_an_access_token_goes_alone(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    for _ in range(2):  # revoking twice is no error
        answer = books.revoke(tokens["access_token"])
        assert (answer.status_code, answer.json) == (200, {})
    assert books.userinfo(tokens["access_token"]).status_code == 401
    assert books.introspect(tokens["access_token"]) == {"active": False}
    again = books.refresh(tokens["refresh_token"])
    assert again.status_code == 200
    assert books.userinfo(again.json["access_token"]).status_code == 200


def test_a_clients_own_token_can_be_revoked(books: Party) -> None:
    token = books.post("/oauth/token", grant_type="client_credentials").json["access_token"]
    other = books.post("/oauth/token", grant_type="client_credentials").json["access_token"]
    assert books.introspect(token)["active"] is True
    assert books.revoke(token).status_code == 200
    assert books.introspect(token) == {"active": False}
    assert books.introspect(other)["active"] is True


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
def test_a_hint_changes_nothing(books: Party, ines: Browser, hint: str | None) -> None:
    """RFC 7009 §2.1: a wrong hint does not hide the token."""
    for name in ("access_token", "refresh_token"):
        tokens = books.tokens(ines)
        assert books.revoke(tokens[name], token_type_hint=hint).status_code == 200
        assert books.userinfo(tokens["access_token"]).status_code == 401


def test_anothers_token_stays_and_looks_like_an_unknown_one(books: Party, capture: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    for value in (tokens["access_token"], tokens["refresh_token"], "unknown", "a.b.c"):
        answer = capture.revoke(value)
        assert (answer.status_code, answer.json) == (200, {})
    assert books.userinfo(tokens["access_token"]).status_code == 200
    assert books.refresh(tokens["refresh_token"]).status_code == 200


def test_a_public_client_revokes_its_own(stage: Stage, mobile: Party, ines: Browser) -> None:
    tokens = mobile.tokens(ines)
    assert mobile.revoke(tokens["refresh_token"]).status_code == 200
    assert mobile.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_the_token_is_needed(books: Party) -> None:
    answer = books.post("/oauth/revoke")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
