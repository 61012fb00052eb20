"""What a company and a firm set for themselves, in the API as on their pages: services, security, groups of clients;
and what they read there: who of a firm worked here last, what can be subscribed to."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.authn.models import Session
from idp.companies import access, mandate_use, service
from idp.companies.access import Access
from idp.companies.models import Company, Membership, SubscribedProduct
from tests.stage import scalar
from tests.web.api.calling import Api, Callers, problem

LUMEN, STUDIO, FIRM = "atelier-lumen", "studio-mirabelle", "cabinet-deltour"


def of(callers: Callers, company: str) -> str:
    return f"/companies/{callers.stage.company(company)}"


def test_services_are_switched_for_the_company_and_for_each_person(own_callers: Callers) -> None:
    """FLX-11, FLX-14."""
    stage, here, amelie = own_callers.stage, of(own_callers, LUMEN), own_callers.person("amelie.dubois")
    ines = stage.person("ines.moreau").id
    with stage.work() as work:
        service.switch(work, stage.company(LUMEN), {"mobile-data": False, "vat-filing": True})
    assert {each["id"]: each["on"] for each in amelie.shown(f"{here}/services")["data"]}["mobile-data"] is False
    nothing = amelie.change("PUT", f"{here}/memberships/{ines}/services", {"services": ["mobile-data"]})
    assert problem(nothing) == (422, "invalid_input")  # the company has not switched it on
    changed = amelie.change("PATCH", f"{here}/services", {"services": {"mobile-data": True}})
    on = {each["id"]: each["on"] for each in changed.json["data"]}  # type: ignore[index]
    assert on["mobile-data"]
    assert on["vat-filing"]  # what is not named stays
    theirs = amelie.change("PUT", f"{here}/memberships/{ines}/services", {"services": ["mobile-data"]})
    assert theirs.json == {"account_id": str(ines), "offered": ["mobile-data"], "on": ["mobile-data"]}
    mine = own_callers.person("ines.moreau")
    assert mine.shown(f"{here}/services/mine") == theirs.json
    assert mine.change("PUT", f"{here}/services/mine", {"services": []}).json["on"] == []  # type: ignore[index]
    kept = scalar(stage, Membership.services, Membership.account_id == ines, Membership.ended_at.is_(None))
    assert kept == []
    assert problem(mine.get(f"{here}/memberships/{ines}/services")) == (403, "not_permitted")
    unknown = amelie.change("PATCH", f"{here}/services", {"services": {"nothing": True}})
    assert problem(unknown) == (422, "invalid_input")
    foreign = f"{here}/memberships/{stage.person('chloe.fontaine').id}/services"
    assert problem(amelie.get(foreign)) == (404, "not_found")
    machine = own_callers.service("company.profile.view", company=LUMEN)
    assert problem(machine.get(f"{here}/services/mine")) == (404, "not_found")


def test_the_rules_of_security_are_changed_with_a_fresh_second_factor(own_callers: Callers) -> None:
    stage, here, amelie = own_callers.stage, of(own_callers, LUMEN), own_callers.person("amelie.dubois")
    shown = amelie.get(f"{here}/security")
    assert shown.json == {"trusted_devices": True, "trusted_device_days": 30}
    tag, rules = shown.headers["ETag"], {"trusted_devices": False}
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(hours=1)))
    assert problem(amelie.call("PUT", f"{here}/security", rules, match=tag)) == (401, "step_up_required")
    with stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now))
    assert problem(amelie.call("PUT", f"{here}/security", rules)) == (428, "condition_missing")
    assert amelie.call("PUT", f"{here}/security", rules, match=tag).json["trusted_devices"] is False  # type: ignore[index]
    assert scalar(stage, Company.trusted_devices, Company.reference == LUMEN) is False
    assert problem(amelie.call("PUT", f"{here}/security", rules, match=tag)) == (412, "outdated")
    assert problem(own_callers.person("hugo.perrin").get(f"{here}/security")) == (403, "not_permitted")
    with stage.work(write=False) as work:
        noted = work.session.scalar(select(AuditEvent).where(AuditEvent.name == "company.security_changed"))
        assert noted is not None
        assert noted.details["after"] == {"trusted_devices": False}


def names(api: Api, here: str) -> dict[str, int]:
    return {each["name"]: each["clients"] for each in api.shown(f"{here}/client-groups")["data"]}


def test_a_firm_sorts_its_clients_into_groups(own_callers: Callers) -> None:
    stage, here, karim = own_callers.stage, of(own_callers, FIRM), own_callers.person("karim.benali")
    client = f"{here}/clients/{stage.company(LUMEN)}"
    made = [karim.call("POST", f"{here}/client-groups", {"name": name}, key=name) for name in ("North", "South")]
    again = karim.call("POST", f"{here}/client-groups", {"name": "North"}, key="North")
    assert again.json == made[0].json
    north, south = (each.json["id"] for each in made)  # type: ignore[index]
    assert problem(karim.call("POST", f"{here}/client-groups", {"name": "North"})) == (409, "conflict")
    assert problem(karim.call("POST", f"{here}/client-groups", {"name": "x" * 100})) == (422, "invalid_input")
    both = karim.change("PUT", f"{client}/groups", {"groups": [north, south]})
    assert both.json["groups"] == sorted([north, south])  # type: ignore[index]
    assert {name: count for name, count in names(karim, here).items() if name in ("North", "South")} == {
        "North": 1, "South": 1,
    }  # fmt: skip
    found: Any = karim.shown(f"{here}/clients?group={north}")
    assert [each["name"] for each in found["data"]] == ["Atelier Lumen SARL"]
    unknown = karim.change("PUT", f"{client}/groups", {"groups": [str(uuid4())]})
    assert problem(unknown) == (404, "not_found")
    assert karim.change("PATCH", f"{here}/client-groups/{south}", {"name": "West"}).json["name"] == "West"  # type: ignore[index]
    assert karim.change("DELETE", f"{here}/client-groups/{south}").status_code == 204
    assert karim.shown(f"{client}/groups")["groups"] == [north]
    assert "West" not in names(karim, here)
    lotte = own_callers.person("lotte.peeters")  # edits clients, and does not see them all
    for path in ("client-groups", f"client-groups/{north}", f"clients/{stage.company(LUMEN)}/groups"):
        assert problem(lotte.get(f"{here}/{path}")) == (403, "not_permitted"), path


def test_a_company_sees_when_each_of_the_firm_worked_there_last(own_callers: Callers) -> None:
    """MAN-09."""
    stage, here, amelie = own_callers.stage, of(own_callers, LUMEN), own_callers.person("amelie.dubois")
    listed = amelie.shown(f"{here}/mandates")["data"]
    firm = next(each["id"] for each in listed if each["state"] == "active")
    people = f"{here}/mandates/{firm}/people"
    assert all(each["used_at"] is None for each in amelie.every(people))
    with stage.work() as work:
        reach = access.resolve(work, stage.person("karim.benali").id, stage.company(LUMEN), "accounting")
        assert isinstance(reach, Access)
        mandate_use.note(work, reach)
    used = {each["name"]: each["used_at"] for each in amelie.every(people)}
    assert used.pop("Karim Benali")
    assert not any(used.values())
    assert used  # others of the firm have not worked there


def test_a_product_on_trial_can_be_subscribed_to(own_callers: Callers) -> None:
    stage, here, amelie = own_callers.stage, of(own_callers, LUMEN), own_callers.person("amelie.dubois")
    assert amelie.shown(f"{here}/subscriptions")["subscribable"] == []
    with stage.work() as work:
        tried = (SubscribedProduct.company_id == stage.company(LUMEN), SubscribedProduct.product == "capture")
        until = work.now + timedelta(days=9)
        work.session.execute(update(SubscribedProduct).where(*tried).values(state="trial", until_at=until))
    assert amelie.shown(f"{here}/subscriptions")["subscribable"] == ["capture"]
    asked = amelie.call("POST", f"{here}/subscription-requests", {"product": "capture"})
    assert (asked.status_code, asked.json["product"]) == (201, "capture")  # type: ignore[index]
