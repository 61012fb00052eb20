"""Staff cannot give an accountant access: they send the steps to who can (MAN-07)."""

import pytest
from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.companies.models import Mandate
from idp.outbox import queue, render
from idp.outbox.models import OutboxMessage
from tests.stage import Stage, demonstration, own_stage, scalar, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_operations_stops import LUMEN, at_desk, link, look_up, words

STEPS = "Send the steps to give an accountant access"


def guides(stage: Stage) -> list[dict[str, object]]:  # noqa: F811
    with stage.work(write=False) as work:
        rows = work.session.scalars(select(OutboxMessage).where(OutboxMessage.name == "accountant_guide"))
        return [queue.open_payload(work, row) for row in rows if row.payload is not None]


def test_the_steps_go_to_who_may_invite_an_accountant(own_stage: Stage) -> None:  # noqa: F811
    lumen, amelie = own_stage.company(LUMEN), own_stage.person("amelie.dubois")
    before = scalar(own_stage, func.count(Mandate.id))
    support = at_desk(own_stage, "olivier.renard")
    look_up(support, own_stage, "amelie.dubois")
    support.get(link(support, STEPS))
    assert support.heading.startswith("Send Amélie Dubois the steps")
    assert "Atelier Lumen SARL" in words(support)
    support.submit({"company": str(lumen)})
    assert f"on their way to {amelie.address}" in words(support)
    (sent,) = guides(own_stage)
    mail = render.render("accountant_guide", sent, "https://id.example")
    assert sent["recipient"] == amelie.address
    assert mail.subject == "Comment donner à votre comptable l’accès à Atelier Lumen SARL"
    assert f"https://id.example/companies/{lumen}/accountants\n" in mail.text
    assert scalar(own_stage, func.count(Mandate.id)) == before
    event = scalar(own_stage, AuditEvent.company_id, AuditEvent.name == "accountant_guide.sent")
    assert event == lumen
    owner = at_desk(own_stage, "amelie.dubois")
    for place, said in (
        ("/account/history", "sent you the steps to give an accountant access to Atelier Lumen SARL"),
        (f"/companies/{lumen}/log", "explained to somebody how to give an accountant access"),
    ):
        owner.get(place)
        assert said in words(owner)


def test_to_nobody_else_and_about_no_other_company(own_stage: Stage) -> None:  # noqa: F811
    support = at_desk(own_stage, "olivier.renard")
    look_up(support, own_stage, "ines.moreau")
    support.get(link(support, STEPS))
    assert "may not invite an accountant in any company" in words(support)
    look_up(support, own_stage, "amelie.dubois")
    support.get(link(support, STEPS))
    for company in (str(own_stage.company("boulangerie-lemaire")), "nothing", ""):
        support.submit({"company": company})
        assert (support.status, "Choose a company." in support.text) == (422, True)
    assert guides(own_stage) == []


def test_a_person_is_not_flooded_with_them(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company(LUMEN)
    with own_stage.work(write=False) as work:
        limit = work.policies.account.code_sends
    support = at_desk(own_stage, "olivier.renard")
    look_up(support, own_stage, "amelie.dubois")
    for _ in range(limit.max):
        support.get(link(support, STEPS))
        support.submit({"company": str(lumen)})
        assert "on their way" in words(support)
    support.get(link(support, STEPS))
    support.submit({"company": str(lumen)})
    assert (support.status, "sent the steps several times already" in words(support)) == (422, True)
    assert len(guides(own_stage)) == limit.max
    assert scalar(own_stage, AuditEvent.outcome, AuditEvent.name == "accountant_guide.throttled") == "refused"
    support.get(link(support, "Back to the account"))
    assert support.status == 200


def test_from_a_case_with_the_look_on_record(own_stage: Stage) -> None:  # noqa: F811
    support = at_desk(own_stage, "olivier.renard")
    support.get("/operations/accounts")
    support.submit({"email": own_stage.person("amelie.dubois").address, "then": "guide"})
    assert support.heading.startswith("Send Amélie Dubois the steps")
    seen = scalar(own_stage, AuditEvent.name, AuditEvent.subject_id == str(own_stage.person("amelie.dubois").id),
                  AuditEvent.name == "account.looked_up")  # fmt: skip
    assert seen is not None


@pytest.mark.parametrize("name", ["pieter.claes", "olivier.renard"])
def test_nobody_of_the_staff_may_make_a_mandate(stage: Stage, name: str) -> None:  # noqa: F811
    browser: Browser = at_desk(stage, name)
    browser.get(f"/companies/{stage.company(LUMEN)}/accountants/invite")
    assert browser.status in (403, 404)
