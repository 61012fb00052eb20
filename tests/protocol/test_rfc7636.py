"""Proof Key for Code Exchange (RFC 7636), by S256 and from every client (R-28)."""

import pytest

from idp.core.errors import InvalidInput
from tests.party import Party, challenge_of
from tests.stage import Stage
from tests.web.browser import Browser

VERIFIER = "a" * 43


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (None, None),
        (None, "S256"),
        (VERIFIER, "plain"),
        (VERIFIER, None),
        (challenge_of(VERIFIER), None),
        (challenge_of(VERIFIER), "s256"),
        (challenge_of(VERIFIER), "S512"),
        (challenge_of(VERIFIER), ""),
        (challenge_of(VERIFIER)[:-1], "S256"),
        (challenge_of(VERIFIER) + "A", "S256"),
        (challenge_of(VERIFIER) + "=", "S256"),
        ("short", "S256"),
        ("x" * 128, "S256"),
        ("é" * 43, "S256"),
        ("+" * 43, "S256"),
        (" " * 43, "S256"),
        ("", "S256"),
    ],
)
@pytest.mark.parametrize("client", ["demo-accounting", "demo-mobile"])
def test_a_missing_plain_or_malformed_challenge_is_refused(
    stage: Stage, ines: Browser, client: str, challenge: str | None, method: str | None
) -> None:
    answer = stage.party(client).ask(ines, code_challenge=challenge, code_challenge_method=method)
    assert answer["error"] == "invalid_request"
    assert "code" not in answer


@pytest.mark.parametrize("name", ["code_challenge", "code_challenge_method"])
def test_a_repeated_challenge_is_refused(books: Party, ines: Browser, name: str) -> None:
    value = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}[name]
    location = ines.get(f"{books.asking()}&{name}={value}").headers["Location"]
    assert "error=invalid_request" in location
    assert "code=" not in location


@pytest.mark.parametrize(
    "verifier", [None, "", VERIFIER, VERIFIER[:42], "a" * 129, "é" * 43, challenge_of(VERIFIER), "a" * 42 + " "]
)
def test_a_wrong_verifier_is_refused_and_the_code_is_dead(books: Party, ines: Browser, verifier: str | None) -> None:
    code = books.code(ines)
    answer = books.redeem(code, code_verifier=verifier)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_grant", "none at all proves nothing either (§4.6)"
    assert books.redeem(code).json["error"] == "invalid_grant", "whoever has the code cannot try again"


def test_the_challenge_itself_is_no_verifier(books: Party, ines: Browser) -> None:
    answer = books.redeem(books.code(ines), code_verifier=challenge_of(books.verifier))
    assert answer.json["error"] == "invalid_grant"


def test_the_example_of_the_appendix(stage: Stage, ines: Browser) -> None:
    """RFC 7636 appendix B."""
    party = stage.party("demo-mobile").known_as(verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge_of(party.verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert party.redeem(party.code(ines)).status_code == 200


def test_an_operator_may_exempt_a_confidential_client(own_stage: Stage) -> None:
    own_stage.change_client("demo-accounting", require_pkce=False)
    books, browser = own_stage.party("demo-accounting"), own_stage.signed_in("ines.moreau")
    bare = {"code_challenge": None, "code_challenge_method": None}
    assert books.redeem(books.code(browser, **bare), code_verifier=None).status_code == 200

    answer = books.redeem(books.code(browser, **bare))
    assert answer.status_code == 400, "a verifier without a challenge (RFC 9700 §4.8.2)"

    assert books.redeem(books.code(browser), code_verifier=None).status_code == 400, "who sends a challenge proves it"
    assert books.redeem(books.code(browser)).status_code == 200
    assert books.ask(browser, code_challenge_method="plain")["error"] == "invalid_request"
    assert books.ask(browser, code_challenge=None)["error"] == "invalid_request"
    assert own_stage.party("demo-capture").ask(browser, **bare)["error"] == "invalid_request", "one by one"


def test_a_public_client_is_never_exempted(own_stage: Stage) -> None:
    with pytest.raises(InvalidInput):
        own_stage.change_client("demo-mobile", require_pkce=False)
    with pytest.raises(InvalidInput):
        own_stage.register(token_endpoint_auth_method="none", require_pkce=False)
