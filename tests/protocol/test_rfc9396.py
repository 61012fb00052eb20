"""Rich authorization requests (RFC 9396), of the one type that names product and company."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.oidc.grant_types import JWT_BEARER
from tests.device import ASKING, Device
from tests.party import Party, bearer, claims_of, query_of
from tests.stage import Stage
from tests.web.browser import Browser

PRODUCT = "accounting"


def detail(company: object = None, **more: Any) -> str:
    named = {"company": company} if company else {}
    return json.dumps([{"type": "product_access", "product": PRODUCT, **named, **more}])


@pytest.fixture
def mirabelle(stage: Stage) -> str:
    return str(stage.company("studio-mirabelle"))


@pytest.fixture
def lumen(stage: Stage) -> str:
    return str(stage.company("atelier-lumen"))


def test_the_company_is_the_one_of_the_details(books: Party, julien: Browser, mirabelle: str) -> None:
    """§7: the answer says what was granted; §9.1, §9.2: so do the access token and introspection."""
    tokens = books.tokens(julien, authorization_details=detail(mirabelle))
    expected = [{"type": "product_access", "product": PRODUCT, "company": mirabelle}]
    assert tokens["authorization_details"] == expected
    claims = books.verified(tokens["access_token"])
    assert claims["authorization_details"] == expected
    assert (claims["product"], claims["company"]) == (PRODUCT, mirabelle)
    assert books.introspect(tokens["access_token"])["authorization_details"] == expected


def test_what_the_person_chose_is_told(books: Party, ines: Browser, lumen: str) -> None:
    """§7.1: enriched by what only the authorization has decided."""
    tokens = books.tokens(ines, authorization_details=detail())
    assert tokens["authorization_details"] == [{"type": "product_access", "product": PRODUCT, "company": lumen}]


def test_a_refresh_keeps_them_and_may_name_another_company(
    books: Party, julien: Browser, mirabelle: str, lumen: str
) -> None:
    tokens = books.tokens(julien, authorization_details=detail(mirabelle))
    again = books.refresh(tokens["refresh_token"]).json
    assert again["authorization_details"][0]["company"] == mirabelle
    other = books.refresh(tokens["refresh_token"], authorization_details=detail(lumen)).json
    assert other["authorization_details"][0]["company"] == lumen
    assert claims_of(other["access_token"])["company"] == lumen


def test_who_did_not_ask_is_told_nothing_new(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    assert "authorization_details" not in tokens
    assert "authorization_details" not in claims_of(tokens["access_token"])


@pytest.mark.parametrize(
    "details",
    [
        "x", "{}", "[]", "1", "null", "[1]", "[[]]", "[{}]", "[" * 3000,
        '[{"type":"payment"}]', '[{"type":7}]', '[{"type":"product_access"}]',
        detail(product="capture"), detail(product=None), detail(product=["accounting"]),
        detail(actions=["read"]), detail(locations=["https://x.example"]), detail("x"), detail(7), detail(["a"]),
        detail("ATELIER"), json.dumps(json.loads(detail()) * 2),
    ],
    ids=lambda text: text[:60],
)  # fmt: skip
def test_what_is_not_of_the_type_is_refused(books: Party, ines: Browser, details: str) -> None:
    """§5: unknown types, unknown or missing fields, wrong values."""
    answer = books.ask(ines, authorization_details=details)
    assert answer["error"] == "invalid_authorization_details"
    pushed = books.push(authorization_details=details)
    assert (pushed.status_code, pushed.json["error"]) == (400, "invalid_authorization_details")


def test_two_companies_are_refused(books: Party, julien: Browser, mirabelle: str, lumen: str) -> None:
    for more in ({"company": lumen}, {"scope": f"openid company:{lumen}"}):
        answer = books.ask(julien, authorization_details=detail(mirabelle), **more)
        assert answer["error"] == "invalid_authorization_details"
    assert "code" in books.ask(julien, authorization_details=detail(lumen), company=lumen)


def test_a_company_without_access_is_refused_as_ever(stage: Stage, books: Party, ines: Browser, mirabelle: str) -> None:
    """Details give nothing: who may what is decided by roles."""
    answer = books.ask(ines, authorization_details=detail(mirabelle))
    assert answer["error"] == "access_denied"
    unknown = "00000000-0000-7000-8000-000000000000"
    assert books.ask(ines, authorization_details=detail(unknown))["error"] == "access_denied"


def test_a_client_without_product_has_no_type(stage: Stage, ines: Browser) -> None:
    party = stage.register()
    assert party.ask(ines, authorization_details=detail())["error"] == "invalid_authorization_details"


def test_a_token_request_cannot_ask_for_more(books: Party, julien: Browser, mirabelle: str, lumen: str) -> None:
    """§6."""
    code = books.code(julien, authorization_details=detail(mirabelle))
    answer = books.redeem(code, authorization_details=detail(lumen))
    assert answer.json["error"] == "invalid_authorization_details"
    code = books.code(julien, authorization_details=detail(mirabelle))
    assert books.redeem(code, authorization_details=detail(mirabelle)).status_code == 200
    alone = books.post("/oauth/token", grant_type="client_credentials", authorization_details=detail(lumen))
    assert alone.json["error"] == "invalid_authorization_details"


def test_they_may_be_pushed_and_signed(stage: Stage, mirabelle: str, julien: Browser) -> None:
    """§2: inside a request object they are a structure."""
    books = stage.party("demo-accounting")
    party = stage.register(
        token_endpoint_auth_method="private_key_jwt", product=PRODUCT, resource=books.resource,
    )  # fmt: skip
    text = party.request_object(authorization_details=json.loads(detail(mirabelle)))
    uri = party.post("/oauth/par", request=text).json["request_uri"]
    answer = julien.get(f"/oauth/authorize?{urlencode({'client_id': party.client_id, 'request_uri': uri})}")
    tokens = party.redeem(query_of(answer.headers["Location"])["code"]).json
    assert tokens["authorization_details"][0]["company"] == mirabelle


def test_consent_says_what_they_are_for(stage: Stage, julien: Browser, mirabelle: str) -> None:
    """§11.1: the person sees what is asked for."""
    books = stage.party("demo-accounting")
    party = stage.register(trusted=False, product=PRODUCT, resource=books.resource)
    julien.get(party.asking(authorization_details=detail(mirabelle), ui_locales="en"))
    assert julien.address.startswith("/consent")
    assert "for Studio Mirabelle, as far as you may" in julien.text
    back = query_of(julien.submit({"decision": "allow"}).headers["Location"])
    assert party.redeem(back["code"]).json["authorization_details"][0]["company"] == mirabelle


def test_discovery_and_registration_name_the_type(stage: Stage) -> None:
    """§10."""
    http = stage.app.test_client(use_cookies=False)
    document = http.get("/.well-known/openid-configuration").json
    assert document["authorization_details_types_supported"] == ["product_access"]  # type: ignore[index]
    metadata = {
        "redirect_uris": ["https://app.company.example/cb"], "client_name": "An application",
        "authorization_details_types": ["product_access"],
    }  # fmt: skip
    made = http.post("/oauth/register", json=metadata, headers=bearer(stage.initial_access_token())).json
    assert made["authorization_details_types"] == ["product_access"]
    wrong = {**metadata, "authorization_details_types": ["payment"]}
    answer = http.post("/oauth/register", json=wrong, headers=bearer(stage.initial_access_token()))
    assert answer.json["error"] == "invalid_client_metadata"


def test_a_device_and_its_poll_name_none(scanner: Device, ines: Browser) -> None:
    """§2, §5: what would not be carried is refused, and nothing is used up by it."""
    asked = scanner.party.post(ASKING, scope="openid", authorization_details=detail())
    assert (asked.status_code, asked.json["error"]) == (400, "invalid_authorization_details"), asked.text
    ines.client.set_cookie("sesame_lang", "en")
    codes = scanner.allowed(ines)
    refused = scanner.poll(codes, authorization_details=detail())
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_authorization_details"), refused.text
    assert scanner.poll(codes).status_code == 200


def test_an_assertion_of_another_issuer_comes_with_none(stage: Stage) -> None:
    """§5: such a token is for no product."""
    party = stage.register(grant_types=[JWT_BEARER, "client_credentials"])
    for details in (detail(), '[{"company":5}]', "true"):
        answer = party.post("/oauth/token", grant_type=JWT_BEARER, assertion="x", authorization_details=details)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_authorization_details"), answer.text
