"""Choosing the company (token contract): parameter, scope, chooser, refusal with a reason and no fallback."""

from uuid import uuid4

import pytest

from tests.party import SCOPE, Party, bearer, claims_of, query_of
from tests.stage import Stage
from tests.web.browser import Browser


def company_in(tokens: dict[str, str]) -> str:
    return str(claims_of(tokens["access_token"])["company"])


def test_the_only_company_is_taken(stage: Stage, books: Party, ines: Browser) -> None:
    assert company_in(books.tokens(ines)) == str(stage.company("atelier-lumen"))


@pytest.mark.parametrize("reference", ["atelier-lumen", "studio-mirabelle"])
def test_the_parameter_and_the_scope_mean_the_same(stage: Stage, books: Party, julien: Browser, reference: str) -> None:
    company = str(stage.company(reference))
    by_parameter = books.tokens(julien, company=company)
    by_scope = books.tokens(julien, scope=f"{SCOPE} company:{company}")
    assert company_in(by_parameter) == company_in(by_scope) == company
    assert claims_of(by_parameter["access_token"])["roles"] == claims_of(by_scope["access_token"])["roles"]
    assert "company:" not in by_scope["scope"]


def test_several_companies_are_offered_and_the_choice_is_kept(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("julien.mercier")
    browser.get(books.asking())
    assert browser.address.startswith("/companies/choose?")
    assert "Atelier Lumen" in browser.text
    assert "Studio Mirabelle" in browser.text
    chosen = str(own_stage.company("studio-mirabelle"))
    location = browser.submit({"company": chosen}).headers["Location"]
    assert company_in(books.redeem(query_of(location)["code"]).json) == chosen


def test_a_chosen_company_one_has_nothing_to_do_with_gives_nothing(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("julien.mercier")
    for company in (str(own_stage.company("boulangerie-lemaire")), str(uuid4())):
        browser.get(books.asking())
        answer = browser.submit({"company": company})
        assert "code=" not in answer.headers.get("Location", "")
        assert answer.status_code in (200, 403, 404, 422)
        assert "Boulangerie" not in answer.text


@pytest.mark.parametrize("company", ["not-an-identifier", "", "0", "' OR 1=1", "x" * 300])
def test_a_malformed_company_is_no_access(books: Party, julien: Browser, company: str) -> None:
    if not company:
        assert julien.get(books.asking(company="")).status_code == 200, "empty means absent"
        return
    answer = books.ask(julien, company=company)
    assert (answer["error"], answer["reason"]) == ("access_denied", "no_access")


def test_a_foreign_and_a_missing_company_are_the_same(stage: Stage, books: Party, ines: Browser) -> None:
    foreign = books.ask(ines, company=str(stage.company("boulangerie-lemaire")))
    missing = books.ask(ines, company=str(uuid4()))
    assert foreign == missing
    assert foreign["reason"] == "no_access"


def test_nobody_without_access_gets_a_code(stage: Stage, capture: Party) -> None:
    """Thomas has no role in document capture: a page explains, and a silent request is told."""
    thomas = stage.signed_in("thomas.lefevre")
    answer = thomas.get(capture.asking())
    assert answer.status_code == 403
    assert "Location" not in answer.headers
    assert capture.ask(thomas, prompt="none")["reason"] == "no_access"


def test_the_list_of_companies_is_that_of_the_product(stage: Stage, books: Party, julien: Browser) -> None:
    token = books.tokens(julien, company=str(stage.company("atelier-lumen")))["access_token"]
    listed = books.http.get("/me/companies", headers=bearer(token)).json
    assert {row["name"]: (row["via"], row["roles"]) for row in listed["data"]} == {
        "Atelier Lumen SARL": ("membership", ["accounting.reader"]),
        "Studio Mirabelle": ("membership", ["accounting.bookkeeper"]),
    }
    assert listed["next"] is None
    found = books.http.get("/me/companies?search=mira", headers=bearer(token)).json
    assert [row["name"] for row in found["data"]] == ["Studio Mirabelle"]
    assert books.http.get("/me/companies").status_code == 401
    own = books.post("/oauth/token", grant_type="client_credentials").json["access_token"]
    assert books.http.get("/me/companies", headers=bearer(own)).status_code == 403
