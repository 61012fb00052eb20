"""Clients of the API: what an operator may register, and what no other client gets."""

from typing import Any

import pytest

from idp.core.errors import InvalidInput
from idp.oidc import clients
from idp.oidc.clients import ClientRegistration
from idp.work import Actor, Work
from tests.companies.conftest import make_company, system  # noqa: F401

RESOURCE = "http://localhost:8000/api/v1"
CALLBACK = ["https://tool.example/callback"]
PEOPLE: dict[str, Any] = {"resource": RESOURCE, "redirect_uris": CALLBACK, "scope": "openid companies.read"}
SERVICE: dict[str, Any] = {
    "resource": RESOURCE, "grant_types": ["client_credentials"], "scope": "operations.read",
    "permissions": ["operations.companies.view"],
}  # fmt: skip


@pytest.fixture
def operator(work: Work) -> Work:
    return work.acting(Actor(kind="operator", name="tests"))


def register(work: Work, **fields: Any) -> clients.RegisteredClient:
    return clients.register(work, ClientRegistration(names={"en": "A tool"}, **fields))[0]


def test_one_for_people_and_one_that_helps_to_run_the_service(operator: Work) -> None:
    assert register(operator, **PEOPLE).scope == "openid companies.read"
    assert register(operator, **SERVICE).permissions == ("operations.companies.view",)


def test_one_that_works_for_a_company(operator: Work, make_company) -> None:  # noqa: F811
    company = make_company()
    fields = {**SERVICE, "company_id": company, "scope": "companies.read companies.write"}
    made = register(operator, **{**fields, "permissions": ["company.users.view"]})
    assert made.company_id == company


@pytest.mark.parametrize(
    ("base", "field", "changes"),
    [
        (PEOPLE, "scope", {"resource": None}),
        (PEOPLE, "scope", {"resource": "https://elsewhere.example/api/v1"}),
        (PEOPLE, "scope", {"scope": "openid"}),
        (PEOPLE, "scope", {"scope": "companies.read companies.everything"}),
        (PEOPLE, "product", {"product": "accounting"}),
        (PEOPLE, "permissions", {"permissions": ["operations.companies.view"]}),
        (PEOPLE, "grant_types", {"grant_types": ["authorization_code", "client_credentials"]}),
        (SERVICE, "permissions", {"permissions": []}),
        (SERVICE, "permissions", {"permissions": ["company.users.view"]}),
        (SERVICE, "permissions", {"permissions": ["operations.accounts.reset-2fa"]}),
        (SERVICE, "permissions", {"permissions": ["operations.made.up"]}),
        (SERVICE, "scope", {"scope": "companies.read"}),
    ],
)
def test_what_does_not_go_together_is_refused(
    operator: Work, base: dict[str, Any], field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        register(operator, **{**base, **changes})
    assert refused.value.members["field"] == field


@pytest.mark.parametrize("permission", ["operations.companies.view", "accounting.journals.view", "capture.notes.view"])
def test_a_client_of_a_company_holds_what_is_the_company_s(operator: Work, make_company, permission: str) -> None:  # noqa: F811
    fields = {**SERVICE, "company_id": make_company(), "scope": "companies.read", "permissions": [permission]}
    with pytest.raises(InvalidInput) as refused:
        register(operator, **fields)
    assert refused.value.members["unusable"] == [permission]
