"""Bound tokens at what this service itself protects (RFC 9449 §7, §9)."""

import re
from typing import Any

import pytest

from tests.docs.tables import DOCS
from tests.party import ISSUER, Party, altered, bearer, claims_of
from tests.prover import Prover
from tests.stage import Stage
from tests.web.browser import Browser

USERINFO = "/oauth/userinfo"


# --- at a resource (§7) ---


@pytest.fixture
def bound(books: Party, ines: Browser, prover: Prover) -> str:
    token: str = prover.redeem(books, books.code(ines)).json["access_token"]
    return token


def test_userinfo_takes_a_bound_token_with_its_proof(books: Party, prover: Prover, bound: str) -> None:
    answer = prover.get(books, USERINFO, bound)
    assert (answer.status_code, answer.json["sub"]) == (200, claims_of(bound)["sub"])
    assert answer.headers["DPoP-Nonce"]
    by_post = books.http.post(
        USERINFO, headers={"Authorization": f"DPoP {bound}", "DPoP": prover.proof("POST", USERINFO, bound)}
    )
    assert by_post.status_code == 200
    listed = prover.get(books, "/me/companies", bound)
    assert (listed.status_code, bool(listed.headers["DPoP-Nonce"])) == (200, True)


def test_a_bound_token_is_no_bearer_token(books: Party, prover: Prover, bound: str) -> None:
    """§7.2: neither in the header, with or without a proof, nor in a form, nor in the address."""
    for answer in (
        books.userinfo(bound),
        books.http.get(USERINFO, headers={**bearer(bound), "DPoP": prover.proof("GET", USERINFO, bound)}),
        books.http.post(USERINFO, data={"access_token": bound}),
        books.http.post(
            USERINFO, data={"access_token": bound}, headers={"DPoP": prover.proof("POST", USERINFO, bound)}
        ),
        books.http.get("/me/companies", headers=bearer(bound)),
    ):
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert "sub" not in answer.text
    answer = prover.get(books, f"{USERINFO}?access_token={bound}", bound)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_bearer_token_does_not_come_by_the_other_scheme(books: Party, ines: Browser, prover: Prover) -> None:
    answer = prover.get(books, USERINFO, books.tokens(ines)["access_token"])
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


@pytest.mark.parametrize(
    "changes",
    [
        {"ath": None}, {"ath": "x"}, {"htm": "POST"}, {"htu": f"{ISSUER}/oauth/token"}, {"iat": 0},
        {"header": {"typ": "JWT"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_proof_for_something_else_is_refused(
    books: Party, prover: Prover, bound: str, changes: dict[str, Any]
) -> None:
    answer = prover.get(books, USERINFO, bound, proof=prover.proof("GET", USERINFO, bound, **changes))
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_dpop_proof")
    said = answer.headers["WWW-Authenticate"]
    assert said.startswith('DPoP realm="sesame", error="invalid_dpop_proof"')
    assert 'algs="ES256' in said


def test_a_proof_for_another_token_is_refused(books: Party, ines: Browser, prover: Prover, bound: str) -> None:
    other = prover.redeem(books, books.code(ines)).json["access_token"]
    assert prover.get(books, USERINFO, bound, proof=prover.proof("GET", USERINFO, other)).status_code == 401


def test_another_key_opens_nothing(books: Party, prover: Prover, bound: str) -> None:
    answer = Prover(nonce=prover.nonce).get(books, USERINFO, bound)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")


def test_at_a_resource_too_it_counts_once(books: Party, prover: Prover, bound: str) -> None:
    proof = prover.proof("GET", USERINFO, bound)
    assert prover.get(books, USERINFO, bound, proof=proof).status_code == 200
    answer = prover.get(books, USERINFO, bound, proof=proof)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_dpop_proof")


def test_a_resource_asks_for_the_nonce(books: Party, prover: Prover, bound: str) -> None:
    """§9."""
    answer = prover.get(books, USERINFO, bound, proof=prover.proof("GET", USERINFO, bound, nonce=None))
    assert answer.status_code == 401
    assert 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    assert prover.get(books, USERINFO, bound, proof="").status_code == 401
    again = books.http.get(USERINFO, headers={"Authorization": f"DPoP {bound}"})
    assert 'error="invalid_dpop_proof"' in again.headers["WWW-Authenticate"]
    assert prover.get(books, USERINFO, bound).status_code == 200


def test_without_a_token_both_schemes_are_offered(books: Party) -> None:
    said = books.http.get(USERINFO).headers["WWW-Authenticate"]
    assert said.startswith('Bearer realm="sesame", DPoP realm="sesame", algs="ES256')


def test_introspection_tells_what_a_token_is_bound_to(books: Party, prover: Prover, bound: str) -> None:
    """§6.2."""
    told = books.introspect(bound)
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": prover.jkt})


def test_it_costs_one_statement_none_on_sqlite_and_clients_without_it_none(
    stage: Stage, books: Party, ines: Browser, prover: Prover, bound: str
) -> None:
    plain = books.tokens(ines)["access_token"]
    with stage.statements() as seen:
        assert books.userinfo(plain).status_code == 200
    without = len([each for each in seen if "revisions" not in each])
    with stage.statements() as seen:
        assert prover.get(books, USERINFO, bound).status_code == 200
    sent = [each for each in seen if each.startswith(("SELECT", "INSERT")) and "revisions" not in each]
    names = [each for each in sent if "used_tokens" in each]
    with stage.work(write=False) as work:
        assert len(names) == (0 if work.session.get_bind().dialect.name == "sqlite" else 1)
    assert len(sent) == without + len(names)


def test_a_token_that_is_worth_nothing_is_told_before_its_proof_is_looked_at(
    stage: Stage, books: Party, prover: Prover, bound: str
) -> None:
    """§7.1: also when the proof would do, which stays unused, and when the nonce is missing."""
    proof = prover.proof("GET", USERINFO, bound)
    books.revoke(bound)
    for each in (proof, proof, prover.proof("GET", USERINFO, bound, nonce=None), "no proof"):
        answer = prover.get(books, USERINFO, bound, proof=each)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"].startswith("DPoP ")


def test_without_room_for_names_the_service_asks_to_come_back(
    stage: Stage, books: Party, prover: Prover, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stage.work(write=False) as work:
        if work.session.get_bind().dialect.name != "sqlite":
            pytest.skip("a table has room")
    monkeypatch.setattr("idp.core.names.LIMIT", 0)
    answers = [prover.get(books, USERINFO, bound) for _ in range(20)]
    assert {each.status_code for each in answers} == {200, 503}
    assert answers[-1].json["error"] == "temporarily_unavailable"
    monkeypatch.undo()
    assert prover.get(books, USERINFO, bound).status_code == 200


def test_the_check_that_the_documentation_gives_to_products_does_it(books: Party, prover: Prover, bound: str) -> None:
    page = (DOCS / "integrate" / "any-oidc-library.md").read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (code,) = [each for each in found if "def proves" in each]
    made: dict[str, Any] = {}
    exec(code, made)
    names: set[str] = set()

    def proves(proof: str, claims: dict[str, Any] | None = None, address: str = f"{ISSUER}/api") -> bool:
        def first_time(name: str, _seconds: int) -> bool:
            return not (name in names or names.add(name))

        return bool(made["proves"](proof, bound, claims or claims_of(bound), "GET", address, first_time))

    proof = prover.proof("GET", "/api", bound)
    assert proves(proof)
    assert not proves(proof), "twice"
    other = Prover(nonce=prover.nonce)
    for wrong in (
        other.proof("GET", "/api", bound), prover.proof("POST", "/api", bound), prover.proof("GET", "/x", bound),
        prover.proof("GET", "/api", "another token"), prover.proof("GET", "/api", bound, iat=1),
        prover.proof("GET", "/api", bound, header={"typ": "JWT"}), prover.proof("GET", "/api", bound, jti=None),
        prover.proof("GET", "/api", bound, header={"jwk": prover.key.as_dict(private=True)}),
        altered(proof), "x",
    ):  # fmt: skip
        assert not proves(wrong), wrong
    assert not proves(prover.proof("GET", "/api", bound), {"sub": "x"}), "a bearer token"
