"""JWT bearer grant (RFC 7523 §2.1): a registered issuer says who a person is."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key
from sqlalchemy import select

from idp.accounts import profile
from idp.audit.models import AuditEvent
from idp.authn import status
from idp.authn.models import Session
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.oidc import issuers
from idp.oidc.grant_types import JWT_BEARER
from tests.party import ISSUER, Party, claims_of
from tests.protocol.test_rfc7523 import signed_by_hand
from tests.stage import Stage

DIRECTORY = "https://directory.company.example"
GRANTS = [JWT_BEARER, "client_credentials"]
RESOURCE = {"resource": "https://intranet.company.example/api"}
KEY = ECKey.generate_key("P-256", {"kid": "one"})
JWKS = {"keys": [KEY.as_dict(private=False)]}

Bring = Callable[..., Any]


@pytest.fixture(scope="module")
def intranet(stage: Stage) -> Party:
    """A client without a product, to which the directory of a company may say who somebody is."""
    made = stage.register(grant_types=GRANTS, **RESOURCE)
    with stage.work() as work:
        issuers.register(work, DIRECTORY, jwks=JWKS, subject="email", subjects=["*"], client_ids=[made.client_id])
    return made


def assertion(stage: Stage, *, key: Key = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    now = int(time.time())
    usual = {
        "iss": DIRECTORY, "sub": stage.person("ines.moreau").address, "aud": ISSUER, "iat": now, "exp": now + 60,
        "jti": secrets.token_urlsafe(12),
    }  # fmt: skip
    claims = {name: value for name, value in {**usual, **changes}.items() if value is not None}
    return jwt.encode({"alg": "ES256", **(header or {})}, claims, key)


@pytest.fixture
def bring(stage: Stage, intranet: Party) -> Bring:
    def bring(party: Party | None = None, scope: str | None = "openid email", **changes: Any) -> Any:
        made = changes.pop("made", None) or assertion(stage, **changes)
        return (party or intranet).post("/oauth/token", grant_type=JWT_BEARER, assertion=made, scope=scope)

    return bring


def assert_refused(answer: Any, error: str = "invalid_grant") -> None:
    assert (answer.status_code, answer.json["error"]) == (400, error), answer.text
    assert "access_token" not in answer.json


def test_a_person_whom_the_issuer_names(stage: Stage, intranet: Party, bring: Bring) -> None:
    answer = bring()
    assert answer.status_code == 200, answer.text
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    claims = intranet.verified(answer.json["access_token"])
    assert claims["aud"] == RESOURCE["resource"]
    assert (claims["acr"], claims["amr"]) == ("urn:id:acr:1fa", []), "nothing was proved here"
    assert claims["exp"] - claims["iat"] <= 600
    userinfo = intranet.userinfo(answer.json["access_token"]).json
    assert userinfo["email"] == stage.person("ines.moreau").address
    identity = intranet.verified(answer.json["id_token"])
    assert identity["amr"] == []
    assert {"auth_time"} & {*claims, *identity} == set(), "the person did not sign in"


def test_no_company_is_granted_by_its_name(stage: Stage, intranet: Party, bring: Bring) -> None:
    """Nobody has looked at what the person may do there, so the token must not say so (RFC 6749 §3.3)."""
    answer = bring(scope=f"openid company:admin company:{stage.company('atelier-lumen')}")
    assert answer.json["scope"] == intranet.verified(answer.json["access_token"])["scope"] == "openid"


def test_without_a_scope_none_is_named(intranet: Party, bring: Bring) -> None:
    answer = bring(scope=None)
    assert "scope" not in answer.json
    assert intranet.verified(answer.json["access_token"])["scope"] == ""


def test_the_session_behind_it_opens_nothing_and_ends_with_the_token(stage: Stage, bring: Bring) -> None:
    sid = claims_of(bring().json["access_token"])["sid"]
    with stage.work(write=False) as work:
        row = work.session.execute(
            select(Session.expires_at, Session.created_at, Session.amr).where(Session.sid == sid)
        ).one()
        noted = work.session.scalars(select(AuditEvent.details).where(AuditEvent.name == "assertion.accepted")).all()
    assert (row.expires_at - row.created_at).total_seconds() == 600
    assert noted[-1]["issuer"] == DIRECTORY


def test_a_person_may_be_named_by_subject(stage: Stage, bring: Bring) -> None:
    other, key = "https://other.company.example", ECKey.generate_key("P-256")
    party = stage.register(grant_types=GRANTS, **RESOURCE)
    subject = claims_of(bring().json["access_token"])["sub"]
    jwks = {"keys": [key.as_dict(private=False)]}
    with stage.work() as work:
        issuers.register(work, other, jwks=jwks, subject="sub", subjects=[subject], client_ids=[party.client_id])
    assert bring(party, iss=other, key=key, sub=subject).status_code == 200
    for sub in (stage.person("ines.moreau").address, "unknown", subject.lower()):
        assert_refused(bring(party, iss=other, key=key, sub=sub))
    with stage.work() as work:
        issuers.remove(work, other)
    assert_refused(bring(party, iss=other, key=key, sub=subject))


def test_only_people_of_whom_the_issuer_may_speak(stage: Stage, bring: Bring) -> None:
    few, key = "https://few.company.example", ECKey.generate_key("P-256")
    party = stage.register(grant_types=GRANTS, **RESOURCE)
    about = [stage.person("hugo.perrin").address.upper()]
    jwks = {"keys": [key.as_dict(private=False)]}
    with stage.work() as work:
        issuers.register(work, few, jwks=jwks, subject="email", subjects=about, client_ids=[party.client_id])
    assert bring(party, iss=few, key=key, sub=stage.person("hugo.perrin").address).status_code == 200
    assert_refused(bring(party, iss=few, key=key))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://unknown.example"}, {"iss": None}, {"iss": 7}, {"iss": "\x00"},
        {"aud": f"{ISSUER}/oauth/token"}, {"aud": [ISSUER]}, {"aud": "https://other.example"}, {"aud": None},
        {"sub": None}, {"sub": 7}, {"sub": ""}, {"sub": "nobody@company.example"}, {"sub": "no address"},
        {"sub": "a\x00@company.example"}, {"sub": "x" * 400},
        {"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 301},
        {"exp": None}, {"exp": 1}, {"exp": "soon"}, {"exp": 2**39}, {"nbf": 2**39}, {"iat": 2**39},
        {"key": ECKey.generate_key("P-256")}, {"header": {"kid": "another"}},
    ],
    ids=range(27),
)  # fmt: skip
def test_an_assertion_that_breaks_a_rule_is_refused(bring: Bring, changes: dict[str, Any]) -> None:
    assert_refused(bring(**changes))


@pytest.mark.parametrize("name", ["iss", "sub", "jti"])
def test_a_text_that_cannot_be_written_is_refused(stage: Stage, bring: Bring, name: str) -> None:
    claims = {**claims_of(assertion(stage)), name: "\ud800"}
    assert_refused(bring(made=signed_by_hand(KEY, {"alg": "ES256"}, claims)))


@pytest.mark.parametrize("made", ["x", "a.b.c", "é.é.é", "x" * 20_000])
def test_what_is_no_assertion_is_refused(bring: Bring, made: str) -> None:
    assert_refused(bring(made=made))


def test_it_counts_once(stage: Stage, bring: Bring) -> None:
    made = assertion(stage)
    assert bring(made=made).status_code == 200
    assert_refused(bring(made=made))


def test_a_missing_parameter_and_scopes_that_are_not_for_it(stage: Stage, intranet: Party, bring: Bring) -> None:
    assert_refused(intranet.post("/oauth/token", grant_type=JWT_BEARER), "invalid_request")
    assert_refused(bring(scope="offline_access openid"), "invalid_scope")
    assert_refused(bring(scope="nothing"), "invalid_scope")


def test_only_clients_that_the_issuer_may_speak_to(stage: Stage, books: Party, bring: Bring) -> None:
    assert_refused(bring(books), "unauthorized_client")
    assert_refused(bring(stage.register(grant_types=GRANTS, **RESOURCE)))


def test_no_product_is_to_be_had_without_a_second_factor(stage: Stage, bring: Bring) -> None:
    product = stage.register(grant_types=GRANTS, product="accounting", resource="https://books.company.example/api")
    other, key = "https://third.company.example", ECKey.generate_key("P-256")
    jwks = {"keys": [key.as_dict(private=False)]}
    with stage.work() as work:
        issuers.register(work, other, jwks=jwks, subject="email", subjects=["*"], client_ids=[product.client_id])
    assert_refused(bring(product, iss=other, key=key), "insufficient_user_authentication")


def test_a_stranger_among_clients_needs_an_agreement(stage: Stage, bring: Bring) -> None:
    party = stage.register(grant_types=GRANTS, trusted=False, **RESOURCE)
    other, key = "https://fourth.company.example", ECKey.generate_key("P-256")
    jwks = {"keys": [key.as_dict(private=False)]}
    with stage.work() as work:
        issuers.register(work, other, jwks=jwks, subject="email", subjects=["*"], client_ids=[party.client_id])
    assert_refused(bring(party, iss=other, key=key))


def test_a_blocked_account_is_nobody(own_stage: Stage) -> None:
    party = own_stage.register(grant_types=GRANTS, **RESOURCE)
    with own_stage.work() as work:
        issuers.register(work, DIRECTORY, jwks=JWKS, subject="email", subjects=["*"], client_ids=[party.client_id])
    form = {"grant_type": JWT_BEARER, "scope": "openid"}
    token = party.post("/oauth/token", assertion=assertion(own_stage), **form).json["access_token"]
    with own_stage.work() as work:
        status.block(work, profile.get(work, own_stage.person("ines.moreau").id), "")
    assert_refused(party.post("/oauth/token", assertion=assertion(own_stage), **form))
    assert party.introspect(token) == {"active": False}


# --- registration ---


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issuer": "http://directory.example"}, "issuer"),
        ({"issuer": "https://directory.example/?x"}, "issuer"),
        ({"issuer": ISSUER}, "issuer"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [KEY.as_dict(private=True)]}}, "jwks"),
        ({"client_ids": []}, "clients"),
        ({"client_ids": ["demo-accounting"]}, "clients"),
        ({"subjects": []}, "subjects"),
        ({"subjects": ["no address"]}, "email"),
    ],
)
def test_an_issuer_that_cannot_be_registered(
    stage: Stage, intranet: Party, changes: dict[str, Any], field: str
) -> None:
    usual = {
        "issuer": "https://fifth.company.example", "jwks": JWKS, "subject": "email", "subjects": ["*"],
        "client_ids": [intranet.client_id],
    }  # fmt: skip
    with stage.work() as work, pytest.raises(InvalidInput) as refused:
        issuers.register(work, **{**usual, **changes})
    assert refused.value.members["field"] == field


def test_an_issuer_is_registered_once_and_removed_once(stage: Stage, intranet: Party) -> None:
    with stage.work() as work:
        with pytest.raises(Conflict):
            issuers.register(
                work, DIRECTORY, jwks=JWKS, subject="email", subjects=["*"], client_ids=[intranet.client_id]
            )
        with pytest.raises(NotFound):
            issuers.remove(work, "https://unknown.example")
        assert DIRECTORY in [each.issuer for each in issuers.listing(work)]
