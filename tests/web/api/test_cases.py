"""Cases through the API: two people, whatever was registered; the permission of the kind; the end of a company."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from idp.companies.models import SupportCase
from tests.web.api.calling import Api, Callers, problem

REASON = {"reason": "Phone lost", "identity_check": "Called back"}


def open_one(callers: Callers, by: Api, name: str, kind: str = "reset-2fa", **more: str) -> str:
    path = f"/operations/accounts/{callers.stage.person(name).id}/cases"
    made = by.call("POST", path, {"kind": kind, **REASON, **more})
    assert made.status_code == 201, made.text
    return str(made.json["id"])  # type: ignore[index]


def test_who_opened_a_case_does_not_approve_it(own_callers: Callers) -> None:
    olivier, pieter = own_callers.person("olivier.renard"), own_callers.person("pieter.claes")
    case = open_one(own_callers, olivier, "ines.moreau")
    assert problem(olivier.call("POST", f"/operations/cases/{case}/approve")) == (403, "four_eyes")
    approved = pieter.call("POST", f"/operations/cases/{case}/approve")
    assert approved.json["state"] == "waiting_time"  # type: ignore[index]
    assert approved.json["approved_by"] == "Pieter Claes"  # type: ignore[index]
    assert problem(pieter.call("POST", f"/operations/cases/{case}/approve")) == (409, "case_state")
    again = olivier.call("POST", f"/operations/accounts/{own_callers.stage.person('ines.moreau').id}/cases",
                         {"kind": "reset-2fa", **REASON})  # fmt: skip
    assert problem(again) == (409, "case_open")


def test_a_service_works_on_no_case(own_callers: Callers) -> None:
    """Registered with everything, it is still nobody of the staff: what takes two takes two people."""
    service = own_callers.service(
        "operations.accounts.view", "operations.accounts.suspend", "operations.sharing.decide"
    )
    case = open_one(own_callers, own_callers.person("olivier.renard"), "ines.moreau")
    ines = own_callers.stage.person("ines.moreau").id
    for path, body in (
        (f"/operations/accounts/{ines}/cases", {"kind": "reset-2fa", **REASON}),
        (f"/operations/cases/{case}/approve", None),
        (f"/operations/cases/{case}/close", {"reason": "Found"}),
        (f"/operations/cases/{case}/send-again", None),
        (f"/operations/cases/{case}/take-up", REASON),
        (f"/operations/cases/{case}/decide", {"decision": "dismiss", "reason": "A trip"}),
    ):
        assert problem(service.call("POST", path, body)) == (403, "not_permitted"), path
    assert service.shown("/operations/cases")["data"] == []
    assert problem(service.get(f"/operations/cases/{case}")) == (404, "not_found")


def test_a_case_of_another_matter_is_not_there(own_callers: Callers) -> None:
    """Support staff read cases about access, and neither erasure nor sharing."""
    olivier, annelaure = own_callers.person("olivier.renard"), own_callers.person("annelaure.petit")
    with own_callers.stage.work(write=False) as work:
        sharing = work.session.scalar(select(SupportCase.id).where(SupportCase.kind == "sharing"))
    kinds = {each["kind"] for each in olivier.shown("/operations/cases?limit=100")["data"]}
    assert kinds == {"reset-2fa"}
    for key in (sharing, uuid4()):
        assert problem(olivier.get(f"/operations/cases/{key}")) == (404, "not_found")
    shown = annelaure.shown(f"/operations/cases/{sharing}")
    assert {"signal", "weight", "first_seen_at", "seen_at"} == {
        name for each in shown["signs"] for name in each
    } or not (shown["signs"])
    closing = annelaure.call("POST", f"/operations/cases/{sharing}/close", {"reason": "Enough"})
    assert problem(closing) == (422, "invalid_input")
    pages = annelaure.shown("/operations/cases?limit=1")
    following = annelaure.shown(f"/operations/cases?limit=1&cursor={pages['next']}")
    assert pages["data"][0]["id"] != following["data"][0]["id"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"kind": "change-email"}, "address"),
        ({"kind": "reset-2fa", "address": "x@y.example"}, "address"),
        ({"kind": "erase"}, "kind"),
        ({"kind": "reset-2fa", "reason": "  "}, "reason"),
        ({"kind": "change-email", "address": "no address"}, "email"),
    ],
)
def test_a_case_that_lacks_something_is_not_opened(callers: Callers, more: dict[str, str], field: str) -> None:
    path = f"/operations/accounts/{callers.stage.person('hugo.perrin').id}/cases"
    answer = callers.person("pieter.claes").call("POST", path, {**REASON, **more})
    assert problem(answer) == (422, "invalid_input"), answer.text
    assert answer.json["field"] == field  # type: ignore[index]


def test_a_company_is_closed_by_its_owner_once_everything_has_ended(own_callers: Callers) -> None:
    stage = own_callers.stage
    amelie, etienne = own_callers.person("amelie.dubois"), own_callers.person("etienne.garnier")
    lumen, books = (f"/companies/{stage.company(each)}/closing" for each in ("atelier-lumen", "librairie-des-quais"))
    assert amelie.shown(lumen)["running"] == ["accounting", "capture", "invoicing"]
    assert problem(amelie.call("POST", lumen, {"understood": True})) == (409, "still_subscribed")
    assert problem(own_callers.person("thomas.lefevre").get(lumen)) == (403, "not_permitted")
    assert etienne.shown(books)["closes_at"] is None
    assert problem(etienne.call("POST", books, {"understood": False})) == (422, "invalid_input")
    asked = etienne.call("POST", books, {"understood": True})
    assert asked.status_code == 201, asked.text
    assert asked.json["closes_at"] is not None  # type: ignore[index]
    assert problem(etienne.call("POST", books, {"understood": True})) == (409, "conflict")
    assert etienne.change("DELETE", books).status_code == 204
    assert etienne.shown(books)["closes_at"] is None


def test_an_invitation_offers_a_role_of_the_companys_own_and_switches(own_callers: Callers) -> None:
    stage, amelie = own_callers.stage, own_callers.person("amelie.dubois")
    base = f"/companies/{stage.company('atelier-lumen')}"
    (own,) = [each["custom_role_id"] for each in amelie.shown(f"{base}/roles")["data"] if each["custom_role_id"]]
    roles = {
        "accounting": {"custom_role_id": own},
        "invoicing": {"role": "invoicing.employee", "switches": {"quotes": True, "invoices": False}},
    }
    person = {"address": "new@lumen.example", "locale": "fr-FR", "extra_cost": True}
    made = amelie.call("POST", f"{base}/invitations", {**person, "roles": roles})
    assert made.status_code == 201, made.text
    offered = {each["product"]: each for each in made.json["roles"]}  # type: ignore[index]
    assert offered["accounting"]["custom_role_id"] == own
    assert "quotes" in offered["invoicing"]["switches"]
    assert "invoices" not in offered["invoicing"]["switches"]
    for wrong in (
        {"role": "invoicing.employee", "switches": {"strange": True}},
        {"role": "invoicing.employee", "custom_role_id": own},
        {"custom_role_id": str(UUID(int=7))},
        {},
    ):
        answer = amelie.call("POST", f"{base}/invitations", {**person, "roles": {"invoicing": wrong}})
        assert answer.status_code in (404, 409, 422), (wrong, answer.text)


def test_every_case_about_an_account_is_in_the_list(own_callers: Callers) -> None:
    """The account shows the last twenty; the list has all of them, page by page."""
    olivier, ines = own_callers.person("olivier.renard"), own_callers.stage.person("ines.moreau").id
    for number in range(23):
        case = open_one(own_callers, olivier, "ines.moreau")
        if number < 22:
            assert olivier.call("POST", f"/operations/cases/{case}/close", {"reason": "Found"}).status_code == 200
    open_one(own_callers, olivier, "hugo.perrin")
    seen, cursor = [], ""
    while cursor is not None:
        page = olivier.shown(f"/operations/cases?account_id={ines}&state=all&limit=10{cursor}")
        seen += [each["id"] for each in page["data"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert len(seen) == len(set(seen)) == 23
    assert seen[0] == case
    assert [each["id"] for each in olivier.shown(f"/operations/accounts/{ines}")["cases"]] == seen[:20]
    assert [each["id"] for each in olivier.shown(f"/operations/cases?account_id={ines}")["data"]] == [case]
    assert olivier.shown(f"/operations/cases?account_id={uuid4()}&state=all")["data"] == []
    assert olivier.get("/operations/cases?account_id=x").status_code == 422
