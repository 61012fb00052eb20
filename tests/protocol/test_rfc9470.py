"""RFC 9470, step-up authentication: what a product's API asks for, its client gets from the service.

The product is the sample Accounting, whose tax audit export wants two factors of the last five minutes.
"""

import time

import pytest

from examples.accounting.product import PRODUCT
from examples.sample.permissions import Gate, PermissionSets, ProofNeeded
from examples.sample.tokens import Epochs
from tests.party import Party, basic, query_of
from tests.protocol.test_acr import TWO, code_again, shift
from tests.stage import Stage
from tests.web.browser import Browser

EXPORT = PRODUCT.area("audit-export")
JOURNALS = PRODUCT.area("journals")


def gate(books: Party) -> Gate:
    """The gate of the product, which reads permission sets from the service."""

    def fetch(set_id: str) -> frozenset[str]:
        answer = books.http.get(f"/permission-sets/{set_id}", headers=basic(books.client_id, books.secret or ""))
        return frozenset(answer.json["permissions"])  # type: ignore[index]

    return Gate(PRODUCT, PermissionSets(fetch), Epochs())


def require(books: Party, token: str) -> None:
    here = gate(books)
    access = here.access(books.verified(token))
    here.require(access, JOURNALS)
    here.require(access, EXPORT)


def test_the_metadata_name_the_strengths(books: Party) -> None:
    """RFC 9470 §7."""
    metadata = books.http.get("/.well-known/openid-configuration").json
    assert TWO in metadata["acr_values_supported"]  # type: ignore[index]


def test_tokens_and_introspection_say_how_and_when(books: Party, ines: Browser) -> None:
    """RFC 9470 §6: `acr` and `auth_time` in the access token, and in the answer of introspection."""
    token = books.tokens(ines)["access_token"]
    claims, told = books.verified(token), books.introspect(token)
    assert claims["acr"] == told["acr"] == TWO
    assert claims["auth_time"] == told["auth_time"]


def test_the_challenge_is_answered_by_a_new_authorization(own_stage: Stage) -> None:
    """RFC 9470 §3 to §5, from the refusal of the API to its answer."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("joris.vanderlinden")
    require(books, books.tokens(browser)["access_token"])  # just signed in: nothing is asked
    shift(own_stage, browser, auth_time=900, second_factor_at=900, password_at=900)
    tokens = books.tokens(browser)
    with pytest.raises(ProofNeeded) as caught:
        require(books, tokens["access_token"])
    demand = caught.value.demand
    assert demand == {"acr_values": TWO, "max_age": "300"}

    browser.get(books.asking(company=caught.value.company, **demand))
    assert browser.address.startswith("/sign-in/code")
    renewed = books.redeem(query_of(code_again(own_stage, browser, "joris.vanderlinden"))["code"]).json

    require(books, renewed["access_token"])  # type: ignore[index]
    claims = books.verified(renewed["access_token"])  # type: ignore[index]
    assert time.time() - claims["auth_time"] < 30
    assert claims["company"] == caught.value.company


def test_a_refresh_never_brings_a_step_up(own_stage: Stage) -> None:
    """The claims of a refreshed token are those of the sign-in it comes from, as old as they are."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("joris.vanderlinden")
    shift(own_stage, browser, auth_time=900, second_factor_at=900, password_at=900)
    tokens = books.tokens(browser)
    refreshed = books.refresh(tokens["refresh_token"]).json
    with pytest.raises(ProofNeeded):
        require(books, refreshed["access_token"])  # type: ignore[index]
