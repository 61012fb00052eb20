"""What staff do through the API (OPS-01, OPS-04): by their permissions alone, noted, and without a secret."""

import json
import re

from sqlalchemy import func, select

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.authn import throttle
from idp.policy.account import Limit
from tests.outbox_content import mails
from tests.stage import scalar
from tests.web.api.calling import Callers, problem

SECRET = re.compile(r"digest|secret|password_hash|token_|\$argon2|PRIVATE|recovery_code", re.IGNORECASE)


def noted(callers: Callers, name: str, about: str) -> int:
    e = AuditEvent
    return int(scalar(callers.stage, func.count(e.id), e.name == name, e.subject_id == about))


def test_each_look_at_a_person_is_noted(callers: Callers) -> None:
    olivier, ines = callers.person("olivier.renard"), callers.stage.person("ines.moreau")
    before = noted(callers, "account.looked_up", str(ines.id))
    found = olivier.call("POST", "/operations/account-searches", {"address": ines.address}).json["data"]  # type: ignore[index]
    assert [each["address"] for each in found] == [ines.address]
    assert olivier.shown(f"/operations/accounts/{ines.id}")["name"] == "Inès Moreau"
    assert noted(callers, "account.looked_up", str(ines.id)) == before + 2
    nobody = olivier.call("POST", "/operations/account-searches", {"address": "nobody@elsewhere.example"})
    assert nobody.json == {"data": [], "next": None}
    olivier.shown(f"/operations/audit-events?subject={ines.id}")
    assert noted(callers, "audit.searched", str(ines.id)) == 1


def test_a_look_that_is_refused_shows_and_notes_nothing(callers: Callers) -> None:
    ines = callers.stage.person("ines.moreau").id
    before = scalar(callers.stage, func.count(AuditEvent.id))
    for name in ("amelie.dubois", "ines.moreau"):
        for path in (f"/operations/accounts/{ines}", "/operations/companies", "/operations/audit-events"):
            assert problem(callers.person(name).get(path)) == (403, "not_permitted")
    lumen = callers.stage.company("atelier-lumen")
    subscription_desk = callers.service("operations.subscriptions.view")
    assert subscription_desk.get(f"/operations/companies/{lumen}/subscriptions").status_code == 200
    assert problem(subscription_desk.get(f"/operations/accounts/{ines}")) == (403, "not_permitted")
    assert problem(subscription_desk.get(f"/companies/{lumen}/subscriptions")) == (403, "insufficient_scope")
    e = AuditEvent
    looks = e.name.in_(["account.looked_up", "audit.searched"])
    assert scalar(callers.stage, func.count(e.id), looks, e.sequence > before) == 0


def test_no_answer_holds_a_secret(callers: Callers) -> None:
    """OPS-04, over everything that staff read."""
    annelaure, pieter = callers.person("annelaure.petit"), callers.person("pieter.claes")
    ines, lumen = callers.stage.person("ines.moreau").id, callers.stage.company("atelier-lumen")
    for caller, path in (
        (annelaure, f"/operations/accounts/{ines}"), (annelaure, "/operations/audit-events?limit=100"),
        (annelaure, f"/operations/companies/{lumen}"), (pieter, f"/operations/companies/{lumen}/subscriptions"),
        (pieter, "/operations/clients"), (pieter, "/operations/keys"),
    ):  # fmt: skip
        text = json.dumps(caller.shown(path))
        names = (
            "token_endpoint_auth_method",
            "client_secret_",
            "client.secret_rotated",
            "recovery_codes",
            "recovery_code.",
        )
        for each in names:
            text = text.replace(each, "")
        assert not SECRET.search(text), (path, SECRET.search(text))
        assert not re.search(r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.", text), path
    address = annelaure.shown(f"/operations/accounts/{ines}")["contacts"][0]["masked"]
    assert "•" in address


def test_an_account_is_blocked_and_opened_again_and_its_holder_told(own_callers: Callers) -> None:
    stage, annelaure = own_callers.stage, own_callers.person("annelaure.petit")
    ines = stage.person("ines.moreau")
    place, her = f"/operations/accounts/{ines.id}", own_callers.person("ines.moreau")
    assert her.get("/companies").status_code == 200
    blocked = annelaure.call("POST", f"{place}/block", {"reason": "stolen laptop"})
    assert blocked.json["sessions_ended"] >= 1  # type: ignore[index]
    assert problem(her.get("/companies")) == (401, "invalid_token")
    assert problem(annelaure.call("POST", f"{place}/block", {"reason": "again"})) == (409, "conflict")
    shown = annelaure.shown(place)
    assert (shown["status"], shown["status_reason"]) == ("blocked", "stolen laptop")
    assert annelaure.call("POST", f"{place}/unblock").status_code == 204
    assert scalar(stage, Account.status, Account.id == ines.id) == "active"
    with stage.work(write=False) as work:
        told = [each for each in mails(work) if each["template"] == "account_by_staff"]
        events = work.session.execute(
            select(AuditEvent.actor_id, AuditEvent.details).where(
                AuditEvent.name == "account.status_changed", AuditEvent.subject_id == str(ines.id)
            )
        ).all()
    assert [each["recipient"] for each in told] == [ines.address] * 2
    assert {row.actor_id for row in events} == {stage.person("annelaure.petit").id}


def test_nobody_acts_on_themselves_or_on_somebody_with_more_rights(callers: Callers) -> None:
    annelaure, pieter = callers.stage.person("annelaure.petit").id, callers.stage.person("pieter.claes").id
    caller = callers.person("annelaure.petit")
    body = {"reason": "a reason"}
    assert problem(caller.call("POST", f"/operations/accounts/{annelaure}/block", body)) == (403, "not_on_yourself")
    assert problem(caller.call("POST", f"/operations/accounts/{pieter}/block", body)) == (403, "more_rights")
    support, ines = callers.person("olivier.renard"), callers.stage.person("ines.moreau").id
    assert problem(support.call("POST", f"/operations/accounts/{ines}/block", body)) == (403, "not_permitted")
    assert problem(support.call("POST", f"/operations/accounts/{ines}/end-sessions")) == (403, "not_permitted")
    service = callers.service("operations.accounts.suspend", "operations.accounts.view")
    assert problem(service.call("POST", f"/operations/accounts/{pieter}/block", body)) == (403, "more_rights")
    assert service.shown(f"/operations/accounts/{ines}")["sign_ins"] is None


def test_a_pause_is_ended_by_support(callers: Callers) -> None:
    ines, support = callers.stage.person("ines.moreau"), callers.person("olivier.renard")
    limit = Limit(max=1, per=callers.stage.app.extensions["sesame"].policies.account.step_up_max_age)
    with callers.stage.work() as work:
        for _ in range(2):
            throttle.take(work, "password", ines.address, limit)
    place = f"/operations/accounts/{ines.id}"
    assert support.shown(place)["blocked_until"] is not None
    assert support.call("POST", f"{place}/unlock").status_code == 204
    assert support.shown(place)["blocked_until"] is None


def test_every_company_is_listed_once_and_found(callers: Callers) -> None:
    pieter = callers.person("pieter.claes")
    listed = pieter.every("/operations/companies", limit=3)
    assert len({each["id"] for each in listed}) == len(listed) >= 7
    assert [each["name"] for each in pieter.shown("/operations/companies?search=LUMEN")["data"]] == [
        "Atelier Lumen SARL"
    ]
    (found,) = pieter.shown("/operations/companies?reference=atelier-lumen")["data"]
    assert found == pieter.shown(f"/operations/companies/{found['id']}")
    assert found["people"] > 5
    assert found["mandates"] == 1
    events = pieter.every("/operations/audit-events?event=membership.", limit=20)
    assert all(each["event"].startswith("membership.") for each in events)
    numbers = [each["number"] for each in events]
    assert numbers == sorted(set(numbers), reverse=True)
