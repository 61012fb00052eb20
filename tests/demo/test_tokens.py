"""Every row of `expectations.yaml` about tokens, through HTTP, and the sizes and shapes the token contract promises."""

from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from idp.companies import access, mandate
from idp.companies.access import Access, Refusal
from idp.companies.models import CustomRole
from idp.policy.load import read_yaml
from tests.party import Party, basic, bearer, claims_of, header_of
from tests.stage import Stage, scalar

ROWS: dict[str, Any] = read_yaml(Path(__file__).with_name("expectations.yaml"))
ISSUED = [row for row in ROWS["tokens"] if row["token"] == "issued"]
REFUSED = [row for row in ROWS["tokens"] if row["token"] == "refused"]
ACCESS_TOKEN_TYPICAL, ACCESS_TOKEN_MOST, INLINE_MOST, ID_TOKEN_MOST = 1200, 2048, 4096, 2048
MOST_STATEMENTS = 6


def name_of(row: dict[str, Any]) -> str:
    return f"{row['person']}-{row['company']}-{row['product']}"


def check(stage: Stage, schema: str, claims: dict[str, Any]) -> None:
    """Claims against the schema as it is served."""
    answer = stage.app.test_client().get(f"/schemas/{schema}.json")
    assert answer.status_code == 200
    problems = [error.message for error in Draft202012Validator(answer.json).iter_errors(claims)]
    assert not problems, problems


def role_in_tokens(row: dict[str, Any]) -> str:
    return f"{row['product']}.custom" if row["role"].startswith("custom:") else str(row["role"])


@pytest.fixture
def minted(stage: Stage, request: pytest.FixtureRequest) -> tuple[dict[str, Any], Party, dict[str, Any]]:
    """A row, the party of its product, and what the token endpoint answered."""
    row = request.param
    party = stage.party(f"demo-{row['product']}")
    return row, party, party.tokens(stage.signed_in(row["person"]), company=str(stage.company(row["company"])))


@pytest.mark.parametrize("minted", ISSUED, indirect=True, ids=name_of)
def test_a_token_says_what_is_expected_and_every_surface_agrees(
    stage: Stage, minted: tuple[dict[str, Any], Party, dict[str, Any]]
) -> None:
    row, party, tokens = minted
    access_claims, identity = party.verified(tokens["access_token"]), party.verified(tokens["id_token"])
    check(stage, "access-token", access_claims)
    check(stage, "id-token", identity)
    assert access_claims["company"] == str(stage.company(row["company"])) == identity["company"]
    assert (access_claims["product"], access_claims["roles"]) == (row["product"], [role_in_tokens(row)])
    assert (access_claims["via"], access_claims["subscription"]) == (row["via"], row["subscription"])
    assert access_claims["aud"] == party.resource
    assert access_claims["iat"] < access_claims["exp"] <= access_claims["iat"] + 600

    with stage.work(write=False) as work:
        engine = access.resolve(work, stage.person(row["person"]).id, stage.company(row["company"]), row["product"])
    assert isinstance(engine, Access)
    by_name = party.http.get(
        f"/permission-sets/{access_claims['permission_set']}", headers=basic(party.client_id, party.secret or "")
    )
    assert by_name.status_code == 200
    assert "immutable" in by_name.headers["Cache-Control"]
    told = party.userinfo(tokens["access_token"]).json
    assert told is not None
    check(stage, "userinfo", told)
    inspected = party.introspect(tokens["access_token"])
    assert inspected["active"] is True

    lists = [by_name.json["permissions"], told["permissions"], inspected["permissions"], list(engine.permissions)]
    assert all(each == lists[0] for each in lists), lists
    permissions = set(lists[0])
    assert len(permissions) == row["count"] == len(lists[0])
    assert set(row.get("includes", ())) <= permissions
    assert not set(row.get("excludes", ())) & permissions
    for surface in (told, inspected, access_claims):
        assert surface["roles"] == [engine.role] == [role_in_tokens(row)]
        assert surface["permission_set"] == engine.permission_set
        assert (surface["via"], surface["subscription"]) == (engine.via, engine.subscription)
        assert surface["epoch"] == engine.epoch
    if row["role"].startswith("custom:"):
        assert engine.custom_role_id is not None
        named = scalar(stage, CustomRole.name, CustomRole.id == engine.custom_role_id)
        assert named == row["role"].rpartition(":")[2]


@pytest.mark.parametrize("row", REFUSED, ids=name_of)
def test_a_refusal_goes_to_the_product_with_its_reason_and_without_a_token(stage: Stage, row: dict[str, Any]) -> None:
    party, company_id = stage.party(f"demo-{row['product']}"), stage.company(row["company"])
    for silent in ({}, {"prompt": "none"}):
        answer = party.ask(stage.signed_in(row["person"]), company=str(company_id), **silent)
        assert (answer["error"], answer["reason"]) == ("access_denied", row["error"])
        assert (answer["state"], answer["iss"]) == ("a state", "http://localhost")
        assert "code" not in answer
    with stage.work(write=False) as work:
        engine = access.resolve(work, stage.person(row["person"]).id, company_id, row["product"])
    assert isinstance(engine, Refusal)
    assert engine.reason.value == row["error"]


@pytest.mark.parametrize("row", REFUSED, ids=name_of)
def test_a_refresh_does_not_reach_what_the_front_refuses(stage: Stage, row: dict[str, Any]) -> None:
    """With a token of the same person and product for a company they may enter, where there is one."""
    with stage.work(write=False) as work:
        open_to = access.choices(work, stage.person(row["person"]).id, row["product"]).choices
    refused = stage.company(row["company"])
    assert refused not in {choice.company_id for choice in open_to}
    party = stage.party(f"demo-{row['product']}")
    for choice in open_to[:1]:
        tokens = party.tokens(stage.signed_in(row["person"]), company=str(choice.company_id))
        answer = party.refresh(tokens["refresh_token"], company=str(refused))
        assert answer.status_code == 400
        assert (answer.json["error"], answer.json["reason"]) == ("invalid_grant", row["error"])
        assert "access_token" not in answer.json


def test_sizes_keep_to_their_budgets(stage: Stage) -> None:
    sizes: dict[str, int] = {}
    for row in ISSUED:
        party = stage.party(f"demo-{row['product']}")
        tokens = party.tokens(stage.signed_in(row["person"]), company=str(stage.company(row["company"])))
        sizes[name_of(row)] = len(tokens["access_token"])
        assert len(tokens["id_token"]) <= ID_TOKEN_MOST, row
    assert max(sizes.values()) <= ACCESS_TOKEN_MOST, sizes
    assert median(sizes.values()) <= ACCESS_TOKEN_TYPICAL, sizes
    assert sum(size > ACCESS_TOKEN_TYPICAL for size in sizes.values()) <= len(sizes) // 10, sizes


def test_permissions_travel_inline_where_they_fit(own_stage: Stage) -> None:
    """Only for products whose largest role fits the budget; measured with the real tokens of the demonstration."""
    with own_stage.work(write=False) as work:
        fitting = {name for name, product in work.policies.products.items() if product.inline_permissions}
    assert fitting, "no product has inline permissions"
    for row in ISSUED:
        if row["product"] not in fitting:
            continue
        client_id = f"demo-{row['product']}"
        own_stage.change_client(client_id, inline_permissions=True)
        party = own_stage.party(client_id)
        token = party.tokens(own_stage.signed_in(row["person"]), company=str(own_stage.company(row["company"])))
        claims = party.verified(token["access_token"])
        check(own_stage, "access-token", claims)
        assert len(claims["permissions"]) == row["count"]
        assert len(token["access_token"]) <= INLINE_MOST


def test_six_statements_mint_a_token(stage: Stage) -> None:
    """Not only the first time: an accountant with many clients costs what an employee of one costs."""
    costs = {}
    for row in ISSUED:
        party, browser = stage.party(f"demo-{row['product']}"), stage.signed_in(row["person"])
        company = str(stage.company(row["company"]))
        for _ in range(2):  # the first stores the permission set, the second learns that it is stored
            party.tokens(browser, company=company)
        code = party.code(browser, company=company)
        with stage.statements() as exchange:
            answer = party.redeem(code)
        assert answer.status_code == 200
        with stage.statements() as refresh:
            again = party.refresh(answer.json["refresh_token"])
        assert again.status_code == 200
        costs[name_of(row)] = (minting(exchange), minting(refresh))
    assert max(max(pair) for pair in costs.values()) <= MOST_STATEMENTS, costs


def minting(statements: list[str]) -> int:
    """Without the look at revisions, which a process takes once a second whatever it does."""
    return sum("FROM revisions" not in statement for statement in statements)


def test_the_shape_of_a_token_through_a_mandate(own_stage: Stage) -> None:
    """`firm` names the firm, `until` the end of the mandate, and nothing names anybody else's company."""
    stage = own_stage
    firm, client = stage.company("cabinet-deltour"), stage.company("atelier-lumen")
    _end_mandate_in(stage, client, firm, seconds=240)
    party = stage.party("demo-accounting")
    tokens = party.tokens(stage.signed_in("nathalie.deltour"), company=str(client))
    claims = party.verified(tokens["access_token"])
    check(stage, "access-token", claims)
    assert set(claims) == {
        "iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time", "acr", "amr", "scope",
        "product", "company", "roles", "permission_set", "via", "subscription", "epoch", "firm", "until",
    }  # fmt: skip
    assert (claims["via"], claims["firm"], claims["company"]) == ("mandate", str(firm), str(client))
    assert claims["iat"] < claims["until"] <= claims["iat"] + 240
    assert claims["exp"] <= claims["until"]
    assert tokens["expires_in"] == claims["exp"] - claims["iat"]
    assert header_of(tokens["access_token"])["typ"] == "at+jwt"
    assert len(tokens["access_token"]) <= ACCESS_TOKEN_TYPICAL
    identity = claims_of(tokens["id_token"])
    listed = party.http.get("/me/companies", headers=bearer(tokens["access_token"])).json["data"]
    assert identity["companies"] == len(listed) > 2
    assert "firm" not in identity


def _end_mandate_in(stage: Stage, client: UUID, firm: UUID, *, seconds: int) -> None:
    with stage.work() as work:
        (held,) = mandate.between(work, client, firm)
        held.until_at = work.now + timedelta(seconds=seconds)
