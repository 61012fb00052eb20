"""People, their roles and their invitations through the API: the rules of the pages, with their codes."""

from datetime import timedelta

from sqlalchemy import update

from idp.authn.models import Session
from idp.companies.models import Invitation
from tests.stage import scalar
from tests.web.api.calling import BASE, Callers, problem


def members(callers: Callers, reference: str = "atelier-lumen") -> str:
    return f"/companies/{callers.stage.company(reference)}/memberships"


def account(callers: Callers, name: str) -> str:
    return str(callers.stage.person(name).id)


def test_everybody_is_listed_once_with_their_roles(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    listed = amelie.every(members(callers), limit=2)
    assert len({each["account_id"] for each in listed}) == len(listed) >= 6
    (ines,) = amelie.shown(f"{members(callers)}?search=moreau")["data"]
    assert {each["role_id"] for each in ines["roles"]} == {"accounting.bookkeeper", "capture.documents-standard"}
    assert ines == amelie.shown(f"{members(callers)}/{ines['account_id']}")


def test_nobody_changes_their_own_access_or_the_owner_s(callers: Callers) -> None:
    amelie, thomas = callers.person("amelie.dubois"), callers.person("thomas.lefevre")
    own = f"{members(callers)}/{account(callers, 'amelie.dubois')}"
    assert problem(amelie.change("PUT", f"{own}/roles/accounting", {"role": "accounting.reader"})) == (
        403, "not_on_yourself",
    )  # fmt: skip
    assert problem(thomas.call("POST", f"{own}/suspend")) == (403, "owner_not_editable")


def test_one_role_for_each_product(own_callers: Callers) -> None:
    amelie = own_callers.person("amelie.dubois")
    camille = f"{members(own_callers)}/{account(own_callers, 'camille.roux')}/roles"
    role = {"product": "accounting", "role": "accounting.bookkeeper", "extra_cost": True}
    assert problem(amelie.call("POST", camille, role)) == (409, "role_exists")
    changed = amelie.change("PUT", f"{camille}/accounting", {"role": "accounting.bookkeeper"})
    assert (changed.status_code, changed.json["role_id"]) == (200, "accounting.bookkeeper")  # type: ignore[index]
    assert amelie.change("DELETE", f"{camille}/accounting").status_code == 204
    assert problem(amelie.get(f"{camille}/accounting")) == (404, "not_found")
    made = amelie.call("POST", camille, role, key="again")
    assert made.headers["Location"] == f"{BASE}{camille}/accounting"


def test_an_administrator_is_appointed_with_a_fresh_second_factor(own_callers: Callers) -> None:
    amelie = own_callers.person("amelie.dubois")
    ines = f"{members(own_callers)}/{account(own_callers, 'ines.moreau')}"
    tag = amelie.get(ines).headers["ETag"]
    with own_callers.stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(hours=1)))
    body = {"company_role": "company.administrator"}
    refused = amelie.call("PUT", f"{ines}/company-role", body, match=tag)
    assert problem(refused) == (401, "step_up_required")
    assert 'max_age="300"' in refused.headers["WWW-Authenticate"]
    with own_callers.stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now))
    changed = amelie.call("PUT", f"{ines}/company-role", body, match=tag)
    assert changed.json["company_roles"] == ["company.administrator"]  # type: ignore[index]


def test_an_invitation_never_shows_its_link(own_callers: Callers) -> None:
    amelie = own_callers.person("amelie.dubois")
    path = f"/companies/{own_callers.stage.company('atelier-lumen')}/invitations"
    body = {"address": "new@company.example", "locale": "fr-FR", "roles": {"capture": "capture.reader"}}
    made = amelie.call("POST", path, body, key="one")
    assert made.status_code == 201, made.text
    assert "token" not in made.text
    place = made.headers["Location"].removeprefix(BASE)
    assert amelie.call("POST", f"{place}/resend", {}).status_code == 200
    assert amelie.change("DELETE", place).status_code == 204
    assert scalar(own_callers.stage, Invitation.outcome, Invitation.address == "new@company.example") == "withdrawn"


def test_staff_read_applications_keys_and_the_catalogue_without_secrets(callers: Callers) -> None:
    pieter = callers.person("pieter.claes")
    for path in ("/operations/clients", "/operations/clients/demo-accounting", "/operations/keys"):
        text = pieter.get(path).text
        assert "digest" not in text
        assert "PRIVATE" not in text
    products = pieter.shown("/operations/catalogue")["products"]
    assert {each["id"] for each in products} >= {"accounting", "company", "operations"}
    assert problem(callers.person("amelie.dubois").get("/operations/keys")) == (403, "not_permitted")


def test_an_invitation_that_appoints_an_administrator_asks_for_it_too(own_callers: Callers) -> None:
    """R-20: as on the page of the invitation."""
    stage, amelie = own_callers.stage, own_callers.person("amelie.dubois")
    path = f"/companies/{stage.company('atelier-lumen')}/invitations"
    person = {"address": "new@lumen.example", "locale": "fr-FR"}
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(hours=1)))
    for appointing in ({"company_role": "company.administrator"}, {"also": ["company.administrator"]}):
        assert problem(amelie.call("POST", path, {**person, **appointing})) == (401, "step_up_required")
    assert amelie.call("POST", path, {**person, "roles": {"capture": "capture.documents-basic"}}).status_code == 201
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now))
    chief = {**person, "address": "chief@lumen.example", "company_role": "company.administrator"}
    assert amelie.call("POST", path, chief).status_code == 201


def test_a_role_that_only_the_owner_gives_asks_for_it_too(own_callers: Callers) -> None:
    stage, joris = own_callers.stage, own_callers.person("joris.vanderlinden")
    company = f"/companies/{stage.company('toitures-vanderlinden')}"
    luc, role = f"{company}/memberships/{account(own_callers, 'luc.wouters')}/roles", {"role": "invoicing.owner"}
    tag = joris.get(f"{luc}/invoicing").headers["ETag"]
    invited = {"address": "new@roofs.example", "locale": "fr-BE", "roles": {"invoicing": "invoicing.owner"}}
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(hours=1)))
    assert problem(joris.call("PUT", f"{luc}/invoicing", role, match=tag)) == (401, "step_up_required")
    assert problem(joris.call("POST", f"{company}/invitations", invited)) == (401, "step_up_required")
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now))
    assert joris.call("PUT", f"{luc}/invoicing", role, match=tag).status_code == 200
