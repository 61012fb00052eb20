"""Token exchange (RFC 8693): a person's token for one product becomes one for another, downscoped."""

import json
import time
from typing import Any

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.authn.models import Session
from idp.core.errors import InvalidInput
from idp.oidc import client_options, tokens
from idp.oidc.grant_types import TOKEN_EXCHANGE
from tests.party import Party, basic, claims_of
from tests.protocol.test_oidc_core import shift_sign_in
from tests.prover import Prover
from tests.stage import Stage, scalar
from tests.web.browser import Browser

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GRANTS = ["authorization_code", "refresh_token", TOKEN_EXCHANGE, "client_credentials"]
ACCOUNTING = {"product": "accounting", "resource": "https://books.company.example/api"}
CAPTURE = {"product": "capture", "resource": "https://capture.company.example/api"}


@pytest.fixture(scope="module")
def there(stage: Stage) -> Party:
    """The application whose resource is called."""
    return stage.register(grant_types=GRANTS, **ACCOUNTING)


@pytest.fixture(scope="module")
def here(stage: Stage, there: Party) -> Party:
    """The back end that calls."""
    return stage.register(grant_types=GRANTS, options={"token_exchange_targets": [there.client_id]}, **CAPTURE)


def exchanged(party: Party, token: str, **changes: str | None) -> Any:
    form = {"subject_token": token, "subject_token_type": ACCESS_TOKEN, "resource": ACCOUNTING["resource"]}
    return party.post("/oauth/token", grant_type=TOKEN_EXCHANGE, **{**form, **changes})


def token_of(party: Party, browser: Browser, **parameters: str) -> str:
    return str(party.tokens(browser, **parameters)["access_token"])


def assert_refused(answer: Any, error: str) -> None:
    assert (answer.status_code, answer.json["error"]) == (400, error), answer.text
    assert "access_token" not in answer.json


# --- what comes of it ---


def test_a_token_for_another_product(stage: Stage, here: Party, there: Party, ines: Browser) -> None:
    token = token_of(here, ines)
    answer = exchanged(here, token)
    assert answer.status_code == 200, answer.text
    assert set(answer.json) == {"access_token", "issued_token_type", "token_type", "expires_in"}, (
        "no scope was asked for"
    )
    assert (answer.json["issued_token_type"], answer.json["token_type"]) == (ACCESS_TOKEN, "Bearer")
    before, claims = claims_of(token), here.verified(answer.json["access_token"])
    assert claims["aud"] == ACCOUNTING["resource"]
    assert (claims["product"], claims["roles"]) == ("accounting", ["accounting.bookkeeper"])
    assert before["roles"] == ["capture.documents-standard"]
    for same in ("sub", "sid", "auth_time", "acr", "amr", "company"):
        assert claims[same] == before[same], same
    assert claims["client_id"] == here.client_id
    assert claims["act"] == {"sub": here.client_id}
    assert claims["scope"] == ""
    assert claims["jti"] != before["jti"]
    assert "no-store" in answer.headers["Cache-Control"]
    noted = scalar(stage, AuditEvent.details, AuditEvent.name == "token.exchanged")
    assert noted["target"] == there.client_id


def test_the_other_product_accepts_it_and_its_caller_learns_nothing_more(
    here: Party, there: Party, ines: Browser
) -> None:
    token = exchanged(here, token_of(here, ines)).json["access_token"]
    told = there.introspect(token)
    assert told["active"] is True
    assert told["act"] == {"sub": here.client_id}
    assert there.userinfo(token).status_code == 403, "no scope openid"
    name = claims_of(token)["permission_set"]
    assert (
        there.http.get(f"/permission-sets/{name}", headers=basic(there.client_id, there.secret or "")).status_code
        == 200
    )


def test_the_target_may_be_named_by_its_identifier(here: Party, there: Party, ines: Browser) -> None:
    token = token_of(here, ines)
    assert exchanged(here, token, resource=None, audience=there.client_id).status_code == 200
    assert exchanged(here, token, audience=there.client_id, requested_token_type=ACCESS_TOKEN).status_code == 200
    assert_refused(exchanged(here, token, audience="another"), "invalid_target")
    several: Any = [there.client_id, "another"]
    assert_refused(exchanged(here, token, resource=None, audience=several), "invalid_target")  # §2.2.2


def test_it_tells_the_sign_in_that_the_first_token_comes_from(stage: Stage, here: Party) -> None:
    """RFC 9068 §2.2.1: `auth_time`, `acr` and `amr` stay the same through an exchange."""
    browser = stage.sign_in("ines.moreau")
    token = token_of(here, browser)
    shift_sign_in(stage, browser, 500)  # the session says something else by now
    made = claims_of(exchanged(here, token).json["access_token"])
    first = claims_of(token)
    assert [made[name] for name in ("auth_time", "acr", "amr")] == [first[name] for name in ("auth_time", "acr", "amr")]


def test_scopes_can_only_become_fewer(here: Party, ines: Browser) -> None:
    token = token_of(here, ines, scope="openid email")
    answer = exchanged(here, token, scope="openid")
    assert answer.json["scope"] == claims_of(answer.json["access_token"])["scope"] == "openid"
    assert "refresh_token" not in answer.json
    assert "id_token" not in answer.json
    assert_refused(exchanged(here, token, scope="openid profile"), "invalid_scope")


def test_it_never_lives_longer(stage: Stage, here: Party, ines: Browser) -> None:
    token = token_of(here, ines)
    assert claims_of(exchanged(here, token).json["access_token"])["exp"] <= claims_of(token)["exp"]


def test_another_company_where_the_person_has_access(stage: Stage, here: Party, there: Party) -> None:
    julien = stage.signed_in("julien.mercier")
    capture_less = stage.register(
        grant_types=GRANTS, product="accounting", resource="https://third.company.example/api",
        options={"token_exchange_targets": [there.client_id]},
    )  # fmt: skip
    lumen, mirabelle = str(stage.company("atelier-lumen")), str(stage.company("studio-mirabelle"))
    token = token_of(capture_less, julien, company=lumen)
    assert claims_of(exchanged(capture_less, token).json["access_token"])["company"] == lumen
    assert claims_of(exchanged(capture_less, token, company=mirabelle).json["access_token"])["company"] == mirabelle
    for nothing in (str(stage.company("toitures-vanderlinden")), "not a company"):
        answer = exchanged(capture_less, token, company=nothing)
        assert_refused(answer, "invalid_target")
        assert answer.json["reason"] == "no_access"


# --- what is refused ---


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token": "unknown"}, "invalid_request"),
        ({"subject_token": "a.b.c"}, "invalid_request"),
        ({"subject_token": "é" * 9000}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"resource": None}, "invalid_request"),
        ({"resource": "https://other.example/api"}, "invalid_target"),
        ({"resource": "http://localhost/api/v1"}, "invalid_target"),
        ({"resource": "x\x00"}, "invalid_request"),
    ],
)
def test_a_request_that_cannot_be_used(here: Party, ines: Browser, changes: dict[str, str | None], error: str) -> None:
    assert_refused(exchanged(here, token_of(here, ines), **changes), error)


@pytest.mark.parametrize(
    "details",
    [
        '[{"company":5}]', '[{"x":1}]', "[1]", "true", "{", "[]",
        '[{"type":"product_access","product":"accounting","company":5}]',
        '[{"type":"product_access","product":"capture"}]',
        '[{"type":"payment","product":"accounting"}]',
    ],
)  # fmt: skip
def test_details_that_are_not_of_the_target_are_refused(here: Party, ines: Browser, details: str) -> None:
    """RFC 9396 §5."""
    answer = exchanged(here, token_of(here, ines), authorization_details=details)
    assert_refused(answer, "invalid_authorization_details")


def test_details_may_name_the_company(stage: Stage, there: Party) -> None:
    """RFC 9396 §7: the answer says what was granted."""
    caller = stage.register(
        grant_types=GRANTS, product="accounting", resource="https://fourth.company.example/api",
        options={"token_exchange_targets": [there.client_id]},
    )  # fmt: skip
    lumen, mirabelle = str(stage.company("atelier-lumen")), str(stage.company("studio-mirabelle"))
    token = token_of(caller, stage.signed_in("julien.mercier"), company=lumen)
    named = [{"type": "product_access", "product": "accounting", "company": mirabelle}]
    answer = exchanged(caller, token, authorization_details=json.dumps(named))
    assert answer.status_code == 200, answer.text
    assert answer.json["authorization_details"] == named
    claims = claims_of(answer.json["access_token"])
    assert (claims["company"], claims["authorization_details"]) == (mirabelle, named)
    mixed = exchanged(caller, token, authorization_details=json.dumps(named), company=lumen)
    assert_refused(mixed, "invalid_authorization_details")


def test_what_is_not_an_access_token_of_a_person_for_this_client(
    here: Party, there: Party, mobile: Party, ines: Browser
) -> None:
    own = here.post("/oauth/token", grant_type="client_credentials").json["access_token"]
    tokens = here.tokens(ines)
    for each in (own, tokens["id_token"], tokens["refresh_token"], token_of(there, ines), token_of(mobile, ines)):
        assert_refused(exchanged(here, each), "invalid_request")


def test_only_clients_with_the_grant_and_the_target(stage: Stage, here: Party, books: Party, ines: Browser) -> None:
    assert_refused(exchanged(books, token_of(books, ines)), "unauthorized_client")
    alone = stage.register(grant_types=GRANTS, **CAPTURE)
    assert_refused(exchanged(alone, token_of(alone, ines)), "invalid_target")
    assert exchanged(alone.known_as(method="none"), "x").json["error"] == "invalid_client"
    assert exchanged(here.known_as(secret="wrong"), "x").json["error"] == "invalid_client"


@pytest.mark.parametrize("fields", [{"token_endpoint_auth_method": "none"}, {"trusted": False}])
def test_strangers_and_public_clients_are_not_registered_for_it(stage: Stage, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(grant_types=GRANTS[:3], **CAPTURE, **fields)
    assert refused.value.members["field"] == "grant_types"


def test_a_client_that_registers_itself_gets_neither(stage: Stage) -> None:
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "A", "token_exchange_targets": ["x"],
    }  # fmt: skip
    http = stage.app.test_client(use_cookies=False)

    def registered(**more: Any) -> Any:
        bearer = {"Authorization": f"Bearer {stage.initial_access_token()}"}
        return http.post("/oauth/register", json={**metadata, **more}, headers=bearer).json

    assert "token_exchange_targets" not in registered()
    assert registered(grant_types=GRANTS[:3])["error"] == "invalid_client_metadata"


def test_nobody_gets_more_than_they_have_there_now(stage: Stage, ines: Browser) -> None:
    there = stage.register(grant_types=GRANTS, product="payroll", resource="https://payroll.company.example/api")
    here = stage.register(grant_types=GRANTS, options={"token_exchange_targets": [there.client_id]}, **CAPTURE)
    answer = exchanged(here, token_of(here, ines), resource=there.resource)
    assert_refused(answer, "invalid_target")
    assert answer.json["reason"] == "no_access"


def test_it_dies_with_the_session_and_the_first_token(own_stage: Stage) -> None:
    there = own_stage.register(grant_types=GRANTS, **ACCOUNTING)
    here = own_stage.register(grant_types=GRANTS, options={"token_exchange_targets": [there.client_id]}, **CAPTURE)
    browser = own_stage.sign_in("ines.moreau")
    token = token_of(here, browser)
    made = exchanged(here, token).json["access_token"]
    assert there.introspect(made)["active"] is True
    revoked = token_of(here, browser)
    here.revoke(revoked)
    assert_refused(exchanged(here, revoked), "invalid_request")
    browser.get("/sign-out")
    browser.submit()
    assert there.introspect(made) == {"active": False}
    assert_refused(exchanged(here, token), "invalid_request")


def test_a_second_factor_that_is_missing_is_said(own_stage: Stage) -> None:
    there = own_stage.register(grant_types=GRANTS, **ACCOUNTING)
    plain = own_stage.register(
        grant_types=GRANTS, resource="https://plain.example/api",
        options={"token_exchange_targets": [there.client_id]},
    )  # fmt: skip
    token = token_of(plain, own_stage.sign_in("ines.moreau"))
    company = str(own_stage.company("atelier-lumen"))
    assert exchanged(plain, token).json["reason"] == "company_missing"
    assert exchanged(plain, token, company=company).status_code == 200
    with own_stage.work() as work:
        work.session.execute(update(Session).values(acr="urn:id:acr:1fa", amr="pwd"))
    assert_refused(exchanged(plain, token, company=company), "insufficient_user_authentication")


def test_a_token_of_one_factor_brings_no_roles_after_the_session_has_two(own_stage: Stage) -> None:
    """It would say of itself that one factor was proved, and hold what takes two."""
    there = own_stage.register(grant_types=GRANTS, **ACCOUNTING)
    plain = own_stage.register(
        grant_types=GRANTS, resource="https://plain.example/api",
        options={"token_exchange_targets": [there.client_id]},
    )  # fmt: skip
    browser = own_stage.sign_in("ines.moreau")
    answers = []
    for acr, amr in (("urn:id:acr:1fa", "pwd"), ("urn:id:acr:2fa", "pwd otp mfa")):
        with own_stage.work() as work:
            work.session.execute(update(Session).values(acr=acr, amr=amr))
        answers.append(token_of(plain, browser))
    weak, strong = (exchanged(plain, each, company=str(own_stage.company("atelier-lumen"))) for each in answers)
    assert_refused(weak, "insufficient_user_authentication")
    assert claims_of(strong.json["access_token"])["acr"] == "urn:id:acr:2fa"


# --- who acts ---


def test_actors_stand_behind_one_another_three_deep(stage: Stage, ines: Browser) -> None:
    loop = [
        stage.register(grant_types=GRANTS, product="accounting", resource=f"https://{name}.example/api")
        for name in ("a", "b")
    ]
    for one, other in (loop, reversed(loop)):
        stage.change_client(one.client_id, options=options_with(other))
    token, chain = token_of(loop[0], ines), []
    for number in range(3):
        party, target = loop[number % 2], loop[(number + 1) % 2]
        answer = exchanged(party, token, resource=target.resource)
        assert answer.status_code == 200, answer.text
        token = answer.json["access_token"]
        chain.append(party.client_id)
    actor, seen = claims_of(token)["act"], []
    while actor:
        seen.append(actor["sub"])
        actor = actor.get("act")
    assert seen == chain[::-1]
    assert_refused(exchanged(loop[1], token, resource=loop[0].resource), "invalid_request")


def options_with(target: Party) -> Any:
    return client_options.read({"token_exchange_targets": [target.client_id]})


def test_a_member_of_staff_acts_for_a_person(stage: Stage, there: Party, ines: Browser) -> None:
    desk = stage.register(
        grant_types=GRANTS, resource="https://desk.example/api",
        options={"token_exchange_targets": [there.client_id]},
    )  # fmt: skip
    company = str(stage.company("atelier-lumen"))
    of_person, of_staff = token_of(desk, ines), token_of(desk, stage.signed_in("olivier.renard"))
    acting = {"company": company, "actor_token": of_staff, "actor_token_type": ACCESS_TOKEN}
    claims = claims_of(exchanged(desk, of_person, **acting).json["access_token"])
    assert claims["sub"] == claims_of(of_person)["sub"]
    assert claims["act"] == {"sub": claims_of(of_staff)["sub"], "client_id": desk.client_id}
    assert claims["roles"] == ["accounting.bookkeeper"], "the rights of the person"

    others = token_of(desk, stage.signed_in("julien.mercier"))
    for actor in (others, of_person, "unknown"):
        assert_refused(exchanged(desk, of_person, **{**acting, "actor_token": actor}), "invalid_request")
    assert_refused(exchanged(desk, of_staff, **{**acting, "actor_token": of_person}), "invalid_request")


# --- possession ---


def test_a_bound_token_gives_a_bound_one(stage: Stage, here: Party, there: Party, ines: Browser) -> None:
    device, back_end = Prover().learn(here.http), Prover().learn(here.http)
    token = device.redeem(here, here.code(ines)).json["access_token"]
    assert_refused(exchanged(here, token), "invalid_request")
    form = {
        "grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN,
        "resource": ACCOUNTING["resource"],
    }  # fmt: skip
    answer = back_end.post(here, **form)
    assert answer.status_code == 200, answer.text
    assert answer.json["token_type"] == "DPoP"
    assert claims_of(answer.json["access_token"])["cnf"] == {"jkt": back_end.jkt}
    bearer = token_of(here, ines)
    acting = {"actor_token": token, "actor_token_type": ACCESS_TOKEN}
    assert_refused(exchanged(here, bearer, **acting), "invalid_request")


def test_refusals_are_noted(stage: Stage, here: Party, ines: Browser) -> None:
    exchanged(here, token_of(here, ines), resource="https://other.example/api")
    with stage.work(write=False) as work:
        noted = work.session.scalars(select(AuditEvent.details).where(AuditEvent.name == "token_exchange.refused"))
        assert {"error": "invalid_target"} in list(noted)


def test_an_expired_token_is_refused(stage: Stage, here: Party, ines: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "ACCESS_TOKEN_SECONDS", 1)
    token = token_of(here, ines)
    time.sleep(1.1)
    assert_refused(exchanged(here, token), "invalid_request")
