"""Every operation of the document is called as its example says, and does what it is for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.audit.models import AuditEvent
from idp.companies import company, mandate, support_acts, support_case, support_due
from idp.companies.models import SupportCase
from idp.oidc import clients, consent
from tests.companies.test_log_of_changes import changes
from tests.web.api.calling import BASE, Api, Callers
from tests.web.api.test_every_operation import PARAMETER

LUMEN, STUDIO, FIRM = "atelier-lumen", "studio-mirabelle", "cabinet-deltour"
QUERIES = {"explain_access": "?product=accounting&permission=accounting.journals.create"}
BY_CASE = {("PUT", "scope"), ("PUT", "company-role")}
"""Changes of a part, whose tag is read one step up."""


@dataclass
class Trying:
    """Calls operations by their names, with the example of the document as the body."""

    callers: Callers
    left: dict[str, tuple[str, str, dict[str, Any]]]
    api: Api | None = None
    values: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def acting(self, name: str, **values: Any) -> Iterator[None]:
        """As this person, with these parameters of paths; keys of examples are put in by the same names."""
        before = self.api, self.values
        self.api = self.callers.person(name)
        self.values = {key: str(value) for key, value in values.items()}
        yield
        self.api, self.values = before

    def call(self, operation: str, *, again: bool = False, **values: Any) -> TestResponse:
        """One operation; it succeeds."""
        method, path, described = self.known[operation] if again else self.left.pop(operation)
        self.known[operation] = method, path, described
        put: dict[str, Any] = {**self.values, **{key: _sent(value) for key, value in values.items()}}
        place = PARAMETER.sub(lambda found: put[found[1]], path).removeprefix(BASE)
        assert self.api is not None
        match = ""
        if any(each["name"] == "If-Match" for each in described.get("parameters", ())):
            shown = place.rpartition("/")[0] if (method, place.rpartition("/")[2]) in BY_CASE else place
            match = self.api.get(shown).headers["ETag"]
        answer = self.api.call(
            method, place + QUERIES.get(operation, ""), self.body(described, put), match=match
        )  # fmt: skip
        success = next(each for each in described["responses"] if each.startswith("2"))
        assert answer.status_code == int(success), f"{operation}: {answer.text}"
        return answer

    def made(self, operation: str, **more: Any) -> str:
        """The key of what an operation makes, which is read where the answer says."""
        answer = self.call(operation, **more)
        assert self.api is not None
        assert self.api.get(answer.headers["Location"].removeprefix(BASE)).json == answer.json
        return str(answer.json["id"])  # type: ignore[index]

    def body(self, described: dict[str, Any], put: dict[str, Any]) -> dict[str, Any] | None:
        if "requestBody" not in described:
            return None
        content = described["requestBody"]["content"]["application/json"]
        sent = content["example"]
        assert not self.callers.document.problems(content["schema"], sent), sent
        able = {key for key in put if key.endswith("_id") or isinstance(put[key], list)}
        return {key: put[key] if key in able else value for key, value in sent.items()}

    @property
    def known(self) -> dict[str, tuple[str, str, dict[str, Any]]]:
        return self.__dict__.setdefault("_known", {})


def _sent(value: Any) -> Any:
    return value if isinstance(value, list) else str(value)


def test_every_example_of_the_document_is_tried(own_callers: Callers) -> None:
    stage = own_callers.stage
    operations = own_callers.document.operations()
    trying = Trying(own_callers, {each["operationId"]: (method, path, each) for method, path, each in operations})
    lumen, studio, firm = (stage.company(each) for each in (LUMEN, STUDIO, FIRM))
    people = {name: stage.person(name).id for name in ("ines.moreau", "camille.roux", "lotte.peeters")}

    with trying.acting("amelie.dubois", company_id=lumen, account_id=people["ines.moreau"]):
        _company(trying)
        _people(trying, people["camille.roux"])
        _subscriptions(trying)
        _mandate(trying, _second_firm(trying, lumen))
    with trying.acting("nathalie.deltour", company_id=firm, account_id=people["lotte.peeters"], client_id=lumen):
        _firm(trying)
    _agreements(trying, studio, firm)
    with trying.acting("pieter.claes", company_id=lumen, account_id=people["ines.moreau"]):
        _operations(trying)
        _cases(trying)
    with trying.acting("etienne.garnier", company_id=stage.company("librairie-des-quais")):
        for operation in ("show_closing", "ask_closing", "keep_company"):
            trying.call(operation)
    _log(trying)
    assert not trying.left, f"say in this test how they are called: {sorted(trying.left)}"


def _log(trying: Trying) -> None:
    """Whatever was changed is in the log with before and after, by whom and from where."""
    e, told = AuditEvent, set()
    with trying.callers.stage.work(write=False) as work:
        rows = work.session.scalars(select(e).where(e.name.in_(changes()), e.actor_kind == "account")).all()
        for row in rows:
            told.add(row.name)
            assert {"before", "after"} <= set(row.details), (row.name, row.details)
            assert row.details["before"] != row.details["after"] or row.name == "invitation.resent", row.details
            assert row.actor_id is not None
            assert row.session_id is not None
            assert row.network, row.name
            assert row.user_agent, row.name
            assert row.actor_name == "tool", row.name
    assert len(told) >= 24, sorted(told)


def _company(trying: Trying) -> None:
    for operation in ("list_companies", "show_company", "change_profile", "list_access", "show_access"):
        trying.call(operation)
    explained: Any = trying.call("explain_access").json
    assert explained["allowed"]
    shown: Any = trying.call("show_permission_set", set_id=_minted(trying, explained["permission_set"])).json
    assert shown["permissions"] == explained["permissions"]
    assert {each["event"] for each in trying.call("list_company_events").json["data"]} >= {"company.profile_changed"}  # type: ignore[index]
    role = trying.made("create_custom_role")
    for operation in ("show_custom_role", "change_custom_role", "list_revisions", "show_holders", "delete_custom_role"):
        trying.call(operation, role_id=role)
    for operation in ("list_roles", "preview_role", "show_security", "change_security"):
        trying.call(operation)
    stage = trying.callers.stage
    party = stage.register(trusted=False, names={"en": "Ledger"})
    with stage.work() as work:
        client = clients.get(work, party.client_id)
        consent.give(work, client, stage.person("ines.moreau").id, "openid", company_id=stage.company(LUMEN))
    listed: Any = trying.call("list_authorised_applications").json
    for operation in ("show_authorised_application", "list_application_people", "withdraw_application"):
        trying.call(operation, application_id=listed["data"][0]["id"])
    for operation in ("list_services", "switch_services", "show_own_services", "change_own_services"):
        trying.call(operation)
    for operation in ("show_member_services", "change_member_services"):
        trying.call(operation)


def _minted(trying: Trying, name: str) -> str:
    """A permission set is known from the first token that names it."""
    stage = trying.callers.stage
    stage.party("demo-accounting").tokens(stage.signed_in("ines.moreau"), company=str(stage.company(LUMEN)))
    return name


def _people(trying: Trying, camille: UUID) -> None:
    invitation = trying.made("invite")
    listed: Any = trying.call("list_invitations").json
    assert invitation in {each["id"] for each in listed["data"]}
    for operation in ("show_invitation", "resend_invitation", "withdraw_invitation"):
        trying.call(operation, invitation_id=invitation)
    for operation in ("list_members", "show_member", "change_company_role"):
        trying.call(operation)
    for operation in ("suspend_member", "resume_member"):
        trying.call(operation, account_id=camille)
    for operation in ("show_product_role", "change_product_role", "revoke_product_role", "grant_product_role"):
        trying.call(operation, account_id=camille, product="accounting")
    trying.call("remove_member", account_id=camille)


def _subscriptions(trying: Trying) -> None:
    trying.call("show_contract")
    assert trying.call("show_subscription", product="capture").json["state"] == "active"  # type: ignore[index]
    assert trying.call("cancel_subscription", product="capture").json["state"] == "notice"  # type: ignore[index]
    assert trying.call("resume_subscription", product="capture").json["state"] == "active"  # type: ignore[index]
    asked = trying.made("ask_billing")
    for operation in ("show_request", "withdraw_request"):
        trying.call(operation, asked_id=asked)


def _second_firm(trying: Trying, client: UUID) -> UUID:
    """Another firm with a mandate of the same company, to hand over to."""
    with trying.callers.stage.work() as work:
        place = {"country": "FR", "city": "Lille", "locale": "fr-FR"}
        made = company.create(work, reference="second", name="A second firm", kind="firm", **place)
        agreed = mandate.record(work, client, made.id, preset="review", way="client-invites")
        return mandate.confirm(work, agreed.id).id


def _mandate(trying: Trying, successor: UUID) -> None:
    listed: Any = trying.call("list_mandates").json["data"]  # type: ignore[index]
    present = next(each["id"] for each in listed if each["firm"].startswith("Cabinet"))
    for operation in ("show_mandate", "list_mandate_people", "change_mandate", "hand_over_mandate", "keep_mandate"):
        trying.call(operation, mandate_id=present, successor_id=successor)


def _firm(trying: Trying) -> None:
    for operation in ("list_clients", "show_client", "list_colleagues", "show_colleague", "list_assignments"):
        trying.call(operation)
    group = trying.made("create_group")
    for operation in ("list_groups", "show_group", "rename_group", "show_groups_of_client"):
        trying.call(operation, group_id=group)
    sorted_in: Any = trying.call("sort_client", groups=[group]).json
    assert sorted_in["groups"] == [group]
    trying.call("remove_group", group_id=group)
    given = trying.made("give_assignment")
    trying.call("show_assignment", assignment_id=given)
    other: Any = trying.call("change_assignment", assignment_id=given).json
    trying.call("end_assignment", assignment_id=other["id"])


def _agreements(trying: Trying, studio: UUID, firm: UUID) -> None:
    """A mandate is confirmed, ended; offered, taken back, declined, accepted, given up; asked for, refused."""

    @contextmanager
    def client() -> Iterator[None]:
        with trying.acting("chloe.fontaine", company_id=studio):
            yield

    @contextmanager
    def accountant() -> Iterator[None]:
        with trying.acting("nathalie.deltour", company_id=firm):
            yield

    def waiting() -> str:
        listed: Any = trying.call("list_mandates", again=True).json
        return next(each["id"] for each in listed["data"] if each["state"] in ("requested", "invited"))  # type: ignore[no-any-return]

    with client():
        asked = waiting()
        assert trying.call("confirm_mandate", mandate_id=asked).json["state"] == "active"  # type: ignore[index]
        trying.call("end_mandate", mandate_id=asked)
        trying.call("withdraw_mandate", mandate_id=trying.made("invite_firm"))
        offered = trying.made("invite_firm", again=True)
    with accountant():
        listed: Any = trying.call("list_received_mandates").json
        assert [each["id"] for each in listed["data"]] == [offered]
        trying.call("show_received_mandate", received_id=offered)
        assert trying.call("decline_mandate", received_id=offered).json["state"] == "refused"  # type: ignore[index]
    with client():
        offered = trying.made("invite_firm", again=True)
    with accountant():
        assert trying.call("accept_mandate", received_id=offered).json["state"] == "active"  # type: ignore[index]
        trying.call("give_mandate_up", received_id=offered)
        trying.made("ask_for_mandate")
        trying.call("list_mandate_requests")
    with client():
        assert trying.call("refuse_mandate", mandate_id=waiting()).json["state"] == "refused"  # type: ignore[index]
    with accountant():
        wish = trying.made("ask_for_mandate", again=True)
        trying.call("show_mandate_request", wish_id=wish)
        trying.call("withdraw_mandate_request", wish_id=wish)


def _operations(trying: Trying) -> None:
    for operation in ("list_applications", "list_keys", "show_catalogue", "list_every_company", "show_any_company"):
        trying.call(operation)
    trying.call("show_application", client_id="demo-accounting")
    trying.call("show_any_contract")
    assert trying.call("suspend_company").json["suspended_at"]  # type: ignore[index]
    assert trying.call("reopen_company").json["suspended_at"] is None  # type: ignore[index]
    trying.call("record_cancellation", product="invoicing")
    found: Any = trying.call("find_account").json
    assert [each["id"] for each in found["data"]] == [trying.values["account_id"]]
    for operation in ("show_account", "unlock_account", "end_account_sessions", "block_account", "unblock_account"):
        trying.call(operation)
    listed: Any = trying.call("list_every_event").json
    assert {each["event"] for each in listed["data"]} >= {"account.looked_up", "account.unlocked"}


def _cases(trying: Trying) -> None:
    """Opened, approved by another, sent again once its time has come; taken up and closed; decided."""
    stage = trying.callers.stage
    opened = trying.made("open_case")
    listed: Any = trying.call("list_cases").json
    assert opened in {each["id"] for each in listed["data"]}
    with stage.work() as work:
        hugo = stage.person("hugo.perrin").id
        asked = support_case.open_case(work, "reset-all", hugo, "", "", by_person=True).id
        sharing = work.session.scalar(select(SupportCase.id).where(SupportCase.kind == "sharing"))
    assert trying.call("take_up_case", case_id=asked).json["state"] == "waiting_approval"  # type: ignore[index]
    with trying.acting("annelaure.petit"):
        trying.call("show_case", case_id=opened)
        assert trying.call("approve_case", case_id=opened).json["state"] == "waiting_time"  # type: ignore[index]
        with stage.work(write=False) as work:
            support_due.carry_out(work.later(hours=25), support_acts.ACTS)
        trying.call("send_case_again", case_id=opened)
        assert trying.call("close_case", case_id=asked).json["state"] == "closed"  # type: ignore[index]
        assert trying.call("decide_case", case_id=sharing).json["closed_at"] is not None  # type: ignore[index]
