"""Client credentials (RFC 6749 §4.4): a token for the client itself."""

from datetime import datetime, timedelta

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select, text, update

from idp.companies import subscription
from idp.oidc import cache
from idp.oidc.models import OwnUse
from tests.party import Party, header_of
from tests.stage import Stage


def test_the_token_is_the_clients_own(stage: Stage, books: Party) -> None:
    answer = books.post("/oauth/token", grant_type="client_credentials")
    assert answer.status_code == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in"}
    claims = books.verified(answer.json["access_token"])
    schema = books.http.get("/schemas/access-token.json").json
    assert not list(Draft202012Validator(schema).iter_errors(claims))
    assert (claims["sub"], claims["client_id"], claims["aud"]) == (books.client_id, books.client_id, books.resource)
    assert not {"sid", "acr", "amr", "auth_time", "company", "roles", "via"} & set(claims)
    assert header_of(answer.json["access_token"])["typ"] == "at+jwt"
    assert claims["exp"] - claims["iat"] == answer.json["expires_in"] <= 600


def test_company_and_permissions_are_those_of_the_registration(stage: Stage) -> None:
    company = stage.company("atelier-lumen")
    party = stage.register(
        product="accounting", resource="https://books.company.example/api", redirect_uris=[], company_id=company,
        grant_types=["client_credentials"], permissions=["accounting.journals.view"],
    )  # fmt: skip
    claims = party.verified(party.post("/oauth/token", grant_type="client_credentials").json["access_token"])
    assert (claims["company"], claims["permissions"]) == (str(company), ["accounting.journals.view"])
    assert party.introspect(party.post("/oauth/token", grant_type="client_credentials").json["access_token"])["active"]


@pytest.fixture
def machine(own_stage: Stage) -> Party:
    """An application that works for one company by itself."""
    return own_stage.register(
        product="accounting", resource="https://books.company.example/api", redirect_uris=[],
        company_id=own_stage.company("atelier-lumen"), grant_types=["client_credentials"],
        permissions=["accounting.journals.view", "accounting.journals.create", "accounting.payments.send"],
    )  # fmt: skip


def move(stage: Stage, state: str) -> None:
    with stage.work() as work:
        at = {"since_at": work.now, "until_at": None, "kept_until_at": None}
        subscription.set_state(work, stage.company("atelier-lumen"), "accounting", state, **at)


def test_services_that_are_off_take_their_permissions_along(machine: Party) -> None:
    claims = machine.verified(machine.post("/oauth/token", grant_type="client_credentials").json["access_token"])
    assert claims["permissions"] == ["accounting.journals.create", "accounting.journals.view"]  # SEPA is off here
    assert claims["subscription"] == "active"


def test_a_suspended_subscription_leaves_viewing_and_an_ended_one_nothing(own_stage: Stage, machine: Party) -> None:
    token = machine.post("/oauth/token", grant_type="client_credentials").json["access_token"]
    move(own_stage, "suspended")
    assert machine.introspect(token)["permissions"] == ["accounting.journals.view"]
    claims = machine.verified(machine.post("/oauth/token", grant_type="client_credentials").json["access_token"])
    assert (claims["permissions"], claims["subscription"]) == (["accounting.journals.view"], "suspended")
    move(own_stage, "ended")
    refused = machine.post("/oauth/token", grant_type="client_credentials")
    assert (refused.status_code, refused.json["error"], refused.json["reason"]) == (
        400, "invalid_grant", "subscription_ended",
    )  # fmt: skip
    assert machine.introspect(token) == {"active": False}


@pytest.mark.parametrize("scope", ["openid", "profile", "company:x", "anything"])
def test_a_scope_of_persons_is_refused(books: Party, scope: str) -> None:
    answer = books.post("/oauth/token", grant_type="client_credentials", scope=scope)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")


def test_a_public_client_has_no_credentials(mobile: Party) -> None:
    answer = mobile.post("/oauth/token", grant_type="client_credentials")
    assert answer.status_code in (400, 401)
    assert answer.json["error"] in ("invalid_client", "unauthorized_client")


def test_a_client_that_is_not_registered_for_it_is_refused(stage: Stage) -> None:
    party = stage.register(grant_types=["authorization_code"])
    answer = party.post("/oauth/token", grant_type="client_credentials")
    assert (answer.status_code, answer.json["error"]) == (400, "unauthorized_client")


def test_a_client_registered_for_it_alone_has_no_front(stage: Stage) -> None:
    party = stage.register(grant_types=["client_credentials"], redirect_uris=["https://app.company.example/cb"])
    answer = party.ask(stage.signed_in("ines.moreau"))
    assert answer["error"] in ("unauthorized_client", "unsupported_response_type")
    assert party.redeem("x").json["error"] == "unauthorized_client"
    assert party.refresh("x").json["error"] == "unauthorized_client"


def test_that_it_works_for_a_company_is_noted_once_a_day_and_process(own_stage: Stage, machine: Party) -> None:
    def ask() -> list[str]:
        with own_stage.statements() as seen:
            assert machine.post("/oauth/token", grant_type="client_credentials").status_code == 200
        return [statement for statement in seen if not statement.startswith("SELECT")]

    def noted() -> list[datetime]:
        with own_stage.work(write=False) as work:
            return list(work.session.scalars(select(OwnUse.used_at)))

    assert noted() == []
    assert [statement[:20] for statement in ask()] == ["INSERT INTO own_uses"]
    (first,) = noted()
    assert ask() == []
    with own_stage.work() as work:  # another process, on the same day
        cache.own_uses(work).clear()
    assert len(ask()) == 1
    assert noted() == [first]
    with own_stage.work() as work:  # the day after
        cache.own_uses(work).clear()
        work.session.execute(update(OwnUse).values(used_at=first - timedelta(days=1)))
    ask()
    assert noted()[0] >= first


def test_a_client_whose_use_cannot_be_noted_gets_its_token(own_stage: Stage, machine: Party) -> None:
    with own_stage.work() as work:
        work.session.execute(text("DROP TABLE own_uses"))
    assert machine.post("/oauth/token", grant_type="client_credentials").status_code == 200


def test_it_writes_nothing(stage: Stage, books: Party) -> None:
    books.post("/oauth/token", grant_type="client_credentials")
    with stage.statements() as seen:
        assert books.post("/oauth/token", grant_type="client_credentials").status_code == 200
    assert [statement for statement in seen if not statement.startswith("SELECT")] == []
    assert len(seen) <= 1, seen
