"""What the API does around its operations: pages, keys that make a call once, conditions, strict reading, pace."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.companies.models import CustomRole
from idp.core.errors import Throttled
from idp.oidc.models import IdempotentCall
from idp.web.api.pace import Pace
from tests.stage import scalar
from tests.web.api.calling import BASE, Callers, problem

ROLE = {
    "product": "accounting", "labels": {"fr": "Consultation", "en": "Looking"},
    "permissions": ["accounting.journals.view", "accounting.reports.view"],
}  # fmt: skip


def role(number: int = 0) -> dict[str, Any]:
    return {**ROLE, "labels": {"en": f"Looking {number}"}}


def roles_path(callers: Callers) -> str:
    return f"/companies/{callers.stage.company('atelier-lumen')}/custom-roles"


def count(callers: Callers) -> int:
    company = callers.stage.company("atelier-lumen")
    found: int = scalar(callers.stage, func.count(CustomRole.id), CustomRole.company_id == company)
    return found


def test_what_is_made_is_read_where_the_answer_says(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    made = amelie.call("POST", roles_path(callers), role(1))
    assert made.status_code == 201
    assert amelie.shown(made.headers["Location"].removeprefix(BASE)) == made.json


def test_the_same_call_with_the_same_key_is_done_once(callers: Callers) -> None:
    amelie, before = callers.person("amelie.dubois"), count(callers)
    first = amelie.call("POST", roles_path(callers), role(2), key="one key")
    again = amelie.call("POST", roles_path(callers), role(2), key="one key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert count(callers) == before + 1


def test_another_call_with_the_same_key_is_refused(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    assert amelie.call("POST", roles_path(callers), role(3), key="two").status_code == 201
    assert problem(amelie.call("POST", roles_path(callers), role(4), key="two")) == (422, "key_reused")
    company = callers.stage.company("atelier-lumen")
    other = amelie.call("POST", f"/companies/{company}/custom-roles?", role(3), key="two")
    assert other.headers["Idempotent-Replayed"] == "true"  # the same path


def test_a_key_is_the_caller_s_own(callers: Callers) -> None:
    amelie, thomas = callers.person("amelie.dubois"), callers.person("thomas.lefevre")
    assert amelie.call("POST", roles_path(callers), role(5), key="three").status_code == 201
    assert problem(thomas.call("POST", roles_path(callers), role(5), key="three")) == (409, "custom_role_refused")


def test_what_failed_leaves_no_key(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    assert amelie.call("POST", roles_path(callers), {**ROLE, "permissions": ["x"]}, key="four").status_code == 422
    assert amelie.call("POST", roles_path(callers), role(6), key="four").status_code == 201


@pytest.mark.parametrize("key", ["x" * 201, "clé", "a\tb"])
def test_a_key_is_a_short_line(callers: Callers, key: str) -> None:
    amelie = callers.person("amelie.dubois")
    answer = amelie.call("POST", roles_path(callers), role(7), **{"Idempotency-Key": key})
    assert problem(answer) == (422, "invalid_input")


def test_an_answer_is_kept_encrypted_for_a_day(own_callers: Callers) -> None:
    amelie = own_callers.person("amelie.dubois")
    assert amelie.call("POST", roles_path(own_callers), role(8), key="five").status_code == 201
    with own_callers.stage.work(write=False) as work:
        row = work.session.scalars(select(IdempotentCall)).one()
        assert b"Looking" not in bytes(row.answer or b"")
        assert (row.expires_at - row.created_at).total_seconds() == 24 * 3600


def test_fifty_calls_at_once_with_one_key_have_one_effect(own_callers: Callers) -> None:
    amelie, path, before = own_callers.person("amelie.dubois"), roles_path(own_callers), count(own_callers)
    gate, answers = threading.Barrier(50), []

    def send() -> None:
        http = own_callers.stage.app.test_client(use_cookies=False)
        headers = {"Authorization": f"Bearer {amelie.token}", "Idempotency-Key": "fifty"}
        gate.wait()
        answers.append(http.post(BASE + path, json=role(9), headers=headers))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    told = {answer.data for answer in answers if answer.status_code == 201}
    assert len(told) == 1
    assert {answer.status_code for answer in answers} <= {201, 503}, [each.text for each in answers][:3]
    assert count(own_callers) == before + 1


def test_a_change_says_what_it_was_made_from(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    made = amelie.call("POST", roles_path(callers), role(10))
    path = made.headers["Location"].removeprefix(BASE)
    assert problem(amelie.call("PATCH", path, {"labels": {"en": "Another"}})) == (428, "condition_missing")
    assert problem(amelie.call("PATCH", path, {"labels": {"en": "Another"}}, match='"x"')) == (412, "outdated")
    tag = amelie.get(path).headers["ETag"]
    changed = amelie.call("PATCH", path, {"labels": {"en": "Another"}}, match=tag)
    assert (changed.status_code, changed.json["labels"]) == (200, {"en": "Another"})  # type: ignore[index]
    assert changed.headers["ETag"] == amelie.get(path).headers["ETag"] != tag
    assert problem(amelie.call("DELETE", path, match=tag)) == (412, "outdated")
    assert amelie.call("DELETE", path, match=f'"x", {changed.headers["ETag"]}').status_code == 204
    assert problem(amelie.get(path)) == (404, "not_found")


def test_of_two_changes_of_the_same_state_one_is_told_so(own_callers: Callers) -> None:
    amelie = own_callers.person("amelie.dubois")
    made = amelie.call("POST", roles_path(own_callers), role(11))
    path, tag = made.headers["Location"].removeprefix(BASE), ""
    tag = amelie.get(path).headers["ETag"]
    gate, answers = threading.Barrier(8), []

    def send(number: int) -> None:
        http = own_callers.stage.app.test_client(use_cookies=False)
        headers = {"Authorization": f"Bearer {amelie.token}", "If-Match": tag}
        gate.wait()
        answers.append(http.patch(BASE + path, json={"labels": {"en": f"Mine {number}"}}, headers=headers).status_code)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers.count(200) == 1, answers
    assert set(answers) <= {200, 412, 503}


def test_fields_that_are_not_there_are_refused_by_name(callers: Callers) -> None:
    answer = callers.person("amelie.dubois").call("POST", roles_path(callers), {**ROLE, "revision": 7, "labels": {}})
    assert problem(answer) == (422, "invalid_input")
    assert {each["field"]: each["reason"] for each in answer.json["errors"]} == {  # type: ignore[index]
        "revision": "is not known here", "labels": "too short",
    }  # fmt: skip


def test_cursors_are_of_one_list(callers: Callers) -> None:
    nathalie, company = callers.person("nathalie.deltour"), callers.stage.company("cabinet-deltour")
    clients, colleagues = f"/companies/{company}/clients", f"/companies/{company}/colleagues"
    cursor = nathalie.shown(f"{clients}?limit=1")["next"]
    assert nathalie.get(f"{clients}?cursor={cursor}").status_code == 200
    for path in (f"{colleagues}?cursor={cursor}", f"{clients}?cursor=x", f"{clients}?cursor={cursor}x"):
        assert problem(nathalie.get(path)) == (422, "invalid_input")


def test_pages_hold_everything_once(callers: Callers) -> None:
    nathalie, company = callers.person("nathalie.deltour"), callers.stage.company("cabinet-deltour")
    whole = nathalie.shown(f"/companies/{company}/clients")["data"]
    assert nathalie.every(f"/companies/{company}/clients", limit=1) == whole
    assert len(whole) > 3


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "limit=x", "limit=1&limit=2", "order=name", "cursor="])
def test_parameters_are_those_of_the_list(callers: Callers, query: str) -> None:
    answer = callers.person("amelie.dubois").get(f"/companies?{query}")
    assert answer.status_code == (200 if query == "cursor=" else 422)


def test_a_fast_caller_waits() -> None:
    pace = Pace(per_minute=60)
    for _ in range(10):
        pace.take("one")
    with pytest.raises(Throttled) as refused:
        pace.take("one")
    assert refused.value.members["retry_after"] == 1
    pace.take("another")


def test_calls_beyond_the_limit_are_told_when_to_go_on(own_callers: Callers) -> None:
    own_callers.stage.app.extensions["sesame api pace"] = Pace(per_minute=6)
    amelie = own_callers.person("amelie.dubois")
    assert amelie.get("/companies").status_code == 200
    answer = amelie.get("/companies")
    assert problem(answer) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) >= 1


def test_what_acts_through_an_application_is_recorded_with_it(callers: Callers) -> None:
    made = callers.person("amelie.dubois").call("POST", roles_path(callers), role(12))
    with callers.stage.work(write=False) as work:
        event = work.session.scalars(
            select(AuditEvent).where(AuditEvent.subject_id == made.json["id"])  # type: ignore[index]
        ).one()
        assert (event.actor_kind, event.actor_name) == ("account", "tool")
        assert event.actor_id == callers.stage.person("amelie.dubois").id
        assert event.session_id is not None


def test_a_service_is_recorded_as_itself(callers: Callers) -> None:
    administrator = (
        "company.roles.create", "company.profile.view", "company.roles.view",
    )  # fmt: skip
    service = callers.service(*administrator, company="atelier-lumen")
    refused = service.call("POST", roles_path(callers), role(13))
    assert problem(refused) == (
        403,
        "role_not_assignable",
    )  # it was not registered with all that an administrator holds
    with callers.stage.work(write=False) as work:
        tried = work.session.scalars(select(AuditEvent).where(AuditEvent.actor_kind == "client")).all()
        assert [(each.name, each.outcome) for each in tried] == [("role.refused", "refused")]


def test_missing_things_look_like_foreign_ones(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    foreign = callers.stage.company("cabinet-deltour")
    with callers.stage.work(write=False) as work:
        other = work.session.scalar(select(CustomRole.id).where(CustomRole.company_id == foreign))
    answers = [amelie.get(f"{roles_path(callers)}/{key}") for key in (other, uuid4())]
    assert problem(answers[0]) == (404, "not_found")
    assert answers[0].data == answers[1].data
