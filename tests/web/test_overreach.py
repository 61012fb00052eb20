"""Tries to give more than one may, by the forms of the pages: refused there, and in the log of the company (ROL-07)."""

from typing import Any

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.companies.models import Mandate, Membership
from idp.web.work import Application, unit_of_work
from idp.work import Actor
from tests.companies.inviting import offer
from tests.stage import Stage, demonstration, log_refuses, own_stage, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM
from tests.web.test_get_started_pages import LISE, path, to_the_wizard  # noqa: F401
from tests.web.test_my_access_pages import english

LUMEN, ROOFS = "atelier-lumen", "toitures-vanderlinden"
ADMINISTRATOR = {"product": "payroll", "role": "payroll.administrator"}
ZOE = {"email": "zoe@example.test", "locale": "fr-FR"}


def at(stage: Stage, company: str, *parts: object) -> str:  # noqa: F811
    return "/".join([f"/companies/{stage.company(company)}", *map(str, parts)])


def tries(stage: Stage, company: str) -> list[Any]:  # noqa: F811
    with stage.work(write=False) as work:
        a = AuditEvent
        events = select(a).where(a.name == "role.refused", a.company_id == stage.company(company)).order_by(a.sequence)
        return [(each.actor_id, each.outcome, each.details) for each in work.session.scalars(events)]


@pytest.fixture
def katrien(own_stage: Stage) -> Browser:  # noqa: F811
    """She manages the users, and gives nobody more than an employee's role in payroll."""
    return english(own_stage.signed_in("katrien.desmet"))


def test_an_invitation(own_stage: Stage, katrien: Browser) -> None:  # noqa: F811
    katrien.get(at(own_stage, ROOFS, "invitations", "new"))
    katrien.submit({**ZOE, "role_payroll": "payroll.administrator", "show": "payroll"})
    assert tries(own_stage, ROOFS) == []  # looking is no try
    katrien.get(at(own_stage, ROOFS, "invitations", "new"))
    katrien.submit({**ZOE, "role_payroll": "payroll.administrator"})
    assert katrien.status == 422
    assert "This role cannot be given here" in katrien.text
    own = own_stage.person("katrien.desmet").id
    assert tries(own_stage, ROOFS) == [(own, "refused", ADMINISTRATOR)]
    katrien.submit({**ZOE, "role_payroll": "", "company_role": "company.administrator"})
    assert katrien.status == 422
    assert [each[2]["role"] for each in tries(own_stage, ROOFS)] == ["payroll.administrator", "company.administrator"]
    katrien.submit({**ZOE, "role_payroll": "payroll.nothing", "company_role": "company.member"})
    assert katrien.status == 422
    assert len(tries(own_stage, ROOFS)) == 2  # there is no such role
    katrien.submit({**ZOE, "role_practice": "practice.administrator"})
    assert katrien.status == 422
    assert tries(own_stage, ROOFS)[2:] == [(own, "refused", {"product": "practice", "role": "practice.administrator"})]


def test_a_list_leaves_one_for_each_role_however_many_people_were_to_get_it(
    own_stage: Stage,  # noqa: F811
    katrien: Browser,
) -> None:
    katrien.get(at(own_stage, ROOFS, "invitations", "import"))
    lines = [f"{name}@example.test;payroll.administrator;" for name in ("a", "b", "c")]
    people = "\n".join(["e-mail;payroll;company role", *lines, "d@example.test;payroll.employee;company.administrator"])
    katrien.submit({"people": people, "locale": "fr-FR", "act": "check"})
    assert "0 can be sent" in " ".join(katrien.text.split()).replace("<strong>", "")
    assert [each[2]["role"] for each in tries(own_stage, ROOFS)] == ["payroll.administrator", "company.administrator"]


def test_an_invitation_that_an_administrator_sent(own_stage: Stage, katrien: Browser) -> None:  # noqa: F811
    with own_stage.work() as work:
        joris = work.acting(Actor("account", own_stage.person("joris.vanderlinden").id))
        made = offer(joris, own_stage.company(ROOFS), roles={}, company_role="company.administrator").id
    for number, act in enumerate(("resend", "withdraw"), 1):
        katrien.get(at(own_stage, ROOFS, "invitations", made, act))
        katrien.submit()
        assert katrien.status == 422
        assert [each[2]["role"] for each in tries(own_stage, ROOFS)] == ["company.administrator"] * number


def test_a_role_of_somebody_here(own_stage: Stage, katrien: Browser) -> None:  # noqa: F811
    page = at(own_stage, ROOFS, "people", own_stage.person("luc.wouters").id, "roles", "invoicing")
    katrien.get(f"{page}?role=invoicing.reader")
    katrien.submit({"role": "invoicing.owner"})
    assert katrien.status == 422
    assert [each[2] for each in tries(own_stage, ROOFS)] == [{"product": "invoicing", "role": "invoicing.owner"}]


def test_what_a_mandate_opens(own_stage: Stage) -> None:  # noqa: F811
    with own_stage.work(write=False) as work:
        lumen = own_stage.company(LUMEN)
        key = work.session.scalar(select(Mandate.id).where(Mandate.company_id == lumen, Mandate.state == "active"))
    thomas = english(own_stage.signed_in("thomas.lefevre"))
    thomas.get(at(own_stage, LUMEN, "accountants", key, "change"))
    thomas.submit({"preset": "full-file", "option": "payroll", "act": "review"})
    assert "Only the account owner can open this." in thomas.text
    assert [each[2] for each in tries(own_stage, LUMEN)] == [{"option": "payroll"}]


def test_an_answer_stands_when_the_try_cannot_be_kept(own_stage: Stage, katrien: Browser) -> None:  # noqa: F811
    katrien.get(at(own_stage, ROOFS, "invitations", "new"))
    with log_refuses(own_stage, "role.refused"):
        katrien.submit({**ZOE, "role_payroll": "payroll.administrator"})
    assert tries(own_stage, ROOFS) == []
    assert katrien.status == 422
    assert "This role cannot be given here" in katrien.text


def test_the_first_users_of_a_company(app: Application, browser: Browser, path: str) -> None:  # noqa: F811
    to_the_wizard(browser, app, path)
    with unit_of_work(app, SYSTEM) as work:  # whoever goes on is no owner any more
        work.session.execute(update(Membership).values(company_role="company.user-manager", unique_role=False))
    browser.submit({**LISE, "role_accounting": "accounting.administrator"})
    assert browser.status == 422
    assert "This role cannot be given here" in browser.text
    with unit_of_work(app, SYSTEM, write=False) as work:
        [told] = work.session.scalars(select(AuditEvent.details).where(AuditEvent.name == "role.refused"))
        assert told == {"product": "accounting", "role": "accounting.administrator"}
