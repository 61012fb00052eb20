"""Applications that work for a company by themselves: seen and ended by it (EMP-19)."""

import pytest

from idp.core.errors import NotFound
from idp.oidc import api_clients, company_applications
from tests.party import Party, claims_of
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.test_company_application_pages import LUMEN, STUDIO, allow, key, tokens
from tests.web.test_my_access_pages import english


def machine(stage: Stage, company: str) -> Party:  # noqa: F811
    """An application that an operator has registered to work for a company by itself, with this service's API."""
    with stage.work(write=False) as work:
        resource = api_clients.resource(work)
    return stage.register(
        names={"en": "Shop <sync>", "fr": "Boutique"}, resource=resource, grant_types=["client_credentials"],
        redirect_uris=[], scope="companies.read", permissions=["company.users.view"], company_id=stage.company(company),
    )  # fmt: skip


def of_both_kinds(stage: Stage) -> Party:  # noqa: F811
    """An application that acts for people anywhere, and for one company by itself."""
    return stage.register(
        trusted=False, names={"en": "Both"}, product="accounting", resource="https://both.example/api",
        grant_types=["authorization_code", "refresh_token", "client_credentials"], company_id=stage.company(LUMEN),
        permissions=["accounting.journals.view"],
    )  # fmt: skip


def test_an_application_that_works_by_itself_is_seen_and_ended(own_stage: Stage) -> None:  # noqa: F811
    """It names its company at registration; nobody let it, and the company ends it all the same (EMP-19)."""
    shop, other = machine(own_stage, LUMEN), machine(own_stage, STUDIO)
    home = own_stage.company(LUMEN)
    before = english(own_stage.sign_in("amelie.dubois"))
    before.get(f"/companies/{home}/applications")
    assert "no use noted so far" in before.text
    before.get(f"/companies/{home}/applications/{key(own_stage, shop)}")
    assert "no use noted so far" in before.text
    token, foreign = (each.post("/oauth/token", grant_type="client_credentials").json for each in (shop, other))
    assert token is not None
    assert foreign is not None
    amelie = english(own_stage.sign_in("amelie.dubois"))
    amelie.get(f"/companies/{home}/applications")
    assert "works by itself · since " in amelie.text
    assert "· last used on " in amelie.text
    assert amelie.text.count("Shop &lt;sync&gt;") == 1
    path = f"/companies/{home}/applications/{key(own_stage, shop)}"
    amelie.get(path)
    for words in ("with nobody signed in", "It looks, and changes nothing.", "View the user list", "for good"):
        assert words in amelie.text, words
    assert "Who allowed it" not in amelie.text
    amelie.get(f"/companies/{home}/applications/{key(own_stage, other)}")
    assert amelie.status == 404
    amelie.get(path)
    amelie.submit()
    assert amelie.address.endswith("?done=ended")
    assert "Shop" not in amelie.text
    api = own_stage.app.test_client()
    users = f"/api/v1/companies/{home}/memberships"
    assert api.get(users, headers={"Authorization": f"Bearer {token['access_token']}"}).status_code == 401
    assert shop.post("/oauth/token", grant_type="client_credentials").json["error"] == "invalid_client"  # type: ignore[index]
    assert other.post("/oauth/token", grant_type="client_credentials").status_code == 200
    users = f"/api/v1/companies/{own_stage.company(STUDIO)}/memberships"
    assert api.get(users, headers={"Authorization": f"Bearer {foreign['access_token']}"}).status_code == 200
    amelie.get(path)
    assert amelie.status == 404
    for language, words in (("en", "worked for the company by itself was ended"), ("fr", "Boutique")):
        amelie.get(f"/companies/{home}/log?ui_locales={language}")
        assert words in amelie.text, amelie.text


def test_who_acts_for_people_and_by_itself_is_one_entry(own_stage: Stage) -> None:  # noqa: F811
    home = own_stage.company(LUMEN)
    both = of_both_kinds(own_stage)
    allow(own_stage, both, "ines.moreau", LUMEN)
    before = both.post("/oauth/token", grant_type="client_credentials").json["access_token"]  # type: ignore[index]
    assert both.introspect(before)["active"]
    with own_stage.work(write=False) as work:
        (found,) = company_applications.of_company(work, home).rows
        assert (found.people, found.permissions) == (1, ("accounting.journals.view",))
        assert found == company_applications.get(work, home, key(own_stage, both))
    with own_stage.work() as work:
        company_applications.withdraw(work, home, key(own_stage, both))
        assert company_applications.of_company(work, home).rows == ()
    left = both.post("/oauth/token", grant_type="client_credentials").json["access_token"]  # type: ignore[index]
    assert "company" not in claims_of(left)
    assert [both.introspect(each)["active"] for each in (before, left)] == [False, True]


def test_a_company_does_not_remove_an_application_that_people_elsewhere_use(own_stage: Stage) -> None:  # noqa: F811
    home = own_stage.company(LUMEN)
    both = of_both_kinds(own_stage)
    held = tokens(own_stage, both, "julien.mercier", STUDIO)
    with own_stage.work() as work:
        company_applications.withdraw(work, home, key(own_stage, both))
        with pytest.raises(NotFound):
            company_applications.withdraw(work, home, key(own_stage, both))
    assert both.refresh(held["refresh_token"]).status_code == 200
