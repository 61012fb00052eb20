"""Authorization codes (RFC 6749 §4.1.2, §4.1.3): bound to client and redirect address, short, once."""

from datetime import timedelta

from sqlalchemy import update

from idp.accounts import profile
from idp.audit.models import AuditEvent
from idp.authn import status
from idp.core import tokens as bearer_values
from idp.oidc.models import AuthorizationCode
from tests.party import Party
from tests.stage import Stage, scalar
from tests.web.browser import Browser


def test_a_code_of_another_client_is_invalid_and_stays_good_for_its_own(
    books: Party, capture: Party, ines: Browser
) -> None:
    code = books.code(ines)
    answer = capture.known_as(verifier=books.verifier).redeem(code, redirect_uri=books.redirect_uri)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    assert books.redeem(code).status_code == 200


def test_a_code_is_bound_to_its_redirect_address(stage: Stage, ines: Browser) -> None:
    addresses = ["https://a.company.example/cb", "https://b.company.example/cb"]
    party = stage.register(redirect_uris=addresses)
    answer = party.redeem(party.code(ines, redirect_uri=addresses[0]), redirect_uri=addresses[1])
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


def test_without_a_redirect_address_the_only_registered_one_is_taken(books: Party, ines: Browser) -> None:
    """RFC 6749 §3.1.2.3: of a request that is not one of OpenID Connect."""
    code = books.code(ines, redirect_uri=None, scope="profile email")
    answer = books.post("/oauth/token", grant_type="authorization_code", code=code, code_verifier=books.verifier)
    assert answer.status_code == 200


def test_a_code_lives_sixty_seconds(stage: Stage, books: Party, ines: Browser) -> None:
    for seconds, expected in ((59, 200), (61, 400)):
        code = books.code(ines)
        with stage.work() as work:
            digest = AuthorizationCode.digest == bearer_values.digest(code)
            row = work.session.query(AuthorizationCode).filter(digest).one()
            assert row.expires_at - row.created_at == timedelta(seconds=60)
            work.session.execute(
                update(AuthorizationCode)
                .where(digest)
                .values(
                    created_at=row.created_at - timedelta(seconds=seconds),
                    expires_at=row.expires_at - timedelta(seconds=seconds),
                )
            )
        answer = books.redeem(code)
        assert answer.status_code == expected, answer.text


def test_a_replayed_code_is_refused_and_takes_its_tokens_along(stage: Stage, books: Party, ines: Browser) -> None:
    code = books.code(ines)
    tokens = books.redeem(code).json
    other = books.tokens(ines)
    assert books.userinfo(tokens["access_token"]).status_code == 200
    answer = books.redeem(code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    assert books.userinfo(tokens["access_token"]).status_code == 401
    assert books.introspect(tokens["access_token"]) == {"active": False}
    assert books.introspect(tokens["refresh_token"]) == {"active": False}
    assert books.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert books.userinfo(other["access_token"]).status_code == 200, "another grant is not concerned"
    assert scalar(stage, AuditEvent.id, AuditEvent.name == "code.replayed") is not None


def test_a_stranger_who_replays_a_code_revokes_nothing(books: Party, capture: Party, ines: Browser) -> None:
    code = books.code(ines)
    tokens = books.redeem(code).json
    assert capture.known_as(verifier=books.verifier).redeem(code, redirect_uri=books.redirect_uri).status_code == 400
    assert books.userinfo(tokens["access_token"]).status_code == 200


def test_a_code_dies_with_its_session(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    code = books.code(browser)
    browser.get("/sign-out")
    browser.submit()
    answer = books.redeem(code)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


def test_a_code_dies_with_its_account(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    code, tokens = books.code(browser), books.tokens(browser)
    with own_stage.work() as work:
        status.block(work, profile.get(work, own_stage.person("ines.moreau").id), "abuse")
    assert books.redeem(code).json["error"] == "invalid_grant"
    assert books.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert books.userinfo(tokens["access_token"]).status_code == 401
    assert books.introspect(tokens["access_token"]) == {"active": False}


def test_a_guessed_or_empty_code_is_invalid(books: Party) -> None:
    for code in ("guess", "a" * 43, "é" * 20, "x" * 4000):
        assert books.redeem(code).json["error"] == "invalid_grant"
