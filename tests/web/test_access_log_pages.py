"""The access log of a company, in words, and who could do what on a date (AUD-02)."""

import csv
import io
from datetime import timedelta

import pytest

from idp.audit import log as audit
from idp.audit.events import EVENTS
from idp.companies import custom_role, membership, product_role, role, service
from idp.oidc import clients
from idp.web import company_sentences
from idp.web.pages.access_log import harmless
from idp.work import Actor
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.test_my_access_pages import english


def log(stage, company, *parts):  # noqa: F811
    return "/".join([f"/companies/{stage.company(company)}/log", *map(str, parts)])


def test_every_event_has_words_or_is_of_no_company() -> None:
    told = {name for name in EVENTS if name in company_sentences.WORDS}
    elsewhere = {name for name in EVENTS if name.startswith(company_sentences.NOT_HERE)}
    assert sorted(set(EVENTS) - told - elsewhere) == []
    assert sorted(set(company_sentences.WORDS) - set(EVENTS)) == []
    assert not told & elsewhere


def changed(stage):  # noqa: F811
    """Things that an owner did: a role changed, a service switched, a role of one's own changed."""
    lumen, amelie = stage.company("atelier-lumen"), stage.person("amelie.dubois").id
    camille, ines = stage.person("camille.roux").id, stage.person("ines.moreau").id
    with stage.work() as work:
        acting = work.acting(Actor("account", amelie, network="192.0.2.44"))
        product_role.change_role(acting, lumen, camille, "accounting", role_id="accounting.sales-clerk")
        membership.suspend(acting, lumen, ines)
        service.switch(acting, lumen, {"sepa-payments": True})
        made = role.find_custom(acting, lumen, "accounting", "direction")
        custom_role.change(acting, lumen, made.id, seen=1, permissions=[*made.permissions, "accounting.sales.view"])
        return work.now


def test_the_log_says_who_did_what_to_whom_with_before_and_after(own_stage: Stage) -> None:  # noqa: F811
    changed(own_stage)
    browser = english(own_stage.sign_in("amelie.dubois"))
    with own_stage.statements() as seen:
        browser.get(log(own_stage, "atelier-lumen"))
    assert len(seen) < 40, seen
    text = " ".join(browser.text.split())
    for words in ("A role in a product was changed", "Camille Roux", "Read only → Sales clerk", "Amélie Dubois",
                  "192.0.2.44", "A person was suspended", "A custom role was changed"):  # fmt: skip
        assert words in text, words
    browser.get(log(own_stage, "atelier-lumen") + "?person=camille&kind=roles")
    assert "Camille Roux" in browser.text
    assert "A person was suspended" not in browser.text
    browser.get(log(own_stage, "atelier-lumen") + "?since=2999-01-01")
    assert "Nothing matches" in browser.text
    browser.get(log(own_stage, "atelier-lumen") + "?since=soon&person=%00&after=forged")
    assert browser.status == 422
    assert "year-month-day" in browser.text


def test_an_application_that_did_something_is_called_by_its_name(own_stage: Stage) -> None:  # noqa: F811
    lumen, ines = own_stage.company("atelier-lumen"), own_stage.person("ines.moreau").id
    tool = own_stage.register(client_id="wages", names={"en": "Wages tool", "fr": "Outil de paie"})
    with own_stage.work() as work:
        acting = work.acting(Actor("client", clients.get(work, tool.client_id).id, tool.client_id))
        audit.record(acting, "membership.suspended", ("account", ines), company_id=lumen)
    browser = english(own_stage.sign_in("amelie.dubois"))
    browser.get(log(own_stage, "atelier-lumen"))
    assert "the application Wages tool" in browser.text


def test_no_company_sees_another_ones_log(own_stage: Stage) -> None:  # noqa: F811
    """AUD-02."""
    changed(own_stage)
    owner = english(own_stage.sign_in("benoit.lemaire"))
    owner.get(log(own_stage, "boulangerie-lemaire"))
    assert owner.status == 200
    assert "Camille" not in owner.text
    assert "192.0.2.44" not in owner.text
    owner.get(log(own_stage, "atelier-lumen"))
    assert owner.status == 404
    member = english(own_stage.sign_in("hugo.perrin"))
    member.get(log(own_stage, "atelier-lumen"))
    assert member.status == 403
    auditor = english(own_stage.sign_in("julien.mercier"))
    auditor.get(log(own_stage, "atelier-lumen"))
    assert "Camille Roux" in auditor.text
    firm = english(own_stage.sign_in("nathalie.deltour"))
    firm.get(log(own_stage, "cabinet-deltour"))
    assert firm.status == 200


def test_the_log_is_taken_along_as_a_file_that_nothing_executes(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company("atelier-lumen")
    with own_stage.work() as work:
        role.create_custom(
            work.acting(Actor("account", own_stage.person("amelie.dubois").id)), lumen, "accounting",
            name="=1+1|calc", labels={"fr": "=1+1|calc"}, permissions=["accounting.bank.view"],
        )  # fmt: skip
    browser = english(own_stage.sign_in("amelie.dubois"))
    browser.get(log(own_stage, "atelier-lumen"))
    answer = browser.post()
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["When", "What", "About"]
    assert len(rows) > 5
    assert not [cell for row in rows for cell in row if cell[:1] in ("=", "+", "-", "@")]
    browser.get(log(own_stage, "atelier-lumen"))
    assert "This log was downloaded" in browser.text
    member = english(own_stage.sign_in("hugo.perrin"))
    member.get("/account")
    assert member._send("POST", log(own_stage, "atelier-lumen", "export")).status_code in (403, 410)


@pytest.mark.parametrize("text", ["=1", " +1", "-2", "@SUM(A1)", "\t=1", "|calc", "%0A"])
def test_a_cell_that_begins_like_a_formula_is_text(text: str) -> None:
    assert harmless(text).startswith("'")
    assert harmless("Rôle : = non") == "Rôle : = non"
    assert "\n" not in harmless("a\nb")


def test_a_date_is_answered_from_what_was_given_then(own_stage: Stage) -> None:  # noqa: F811
    lumen, camille = own_stage.company("atelier-lumen"), own_stage.person("camille.roux").id
    with own_stage.work() as work:
        later = work.later(seconds=-1)
    changed(own_stage)
    browser = english(own_stage.sign_in("julien.mercier"))
    browser.get(log(own_stage, "atelier-lumen", "on"))
    text = " ".join(browser.text.split())
    assert "Accounting: Sales clerk" in text
    assert "Management view (version 2)" in text
    assert "Karim Benali" in text
    assert "Cabinet Deltour" in text
    browser.get(log(own_stage, "atelier-lumen", "on", camille))
    assert browser.heading == "What Camille Roux could do"
    assert "Sales clerk" in browser.text
    before = later.now - timedelta(days=1000)
    browser.get(log(own_stage, "atelier-lumen", "on") + f"?date={before:%Y-%m-%d}")
    assert "Nobody had anything to do with the company then." in browser.text
    for date, says in (
        ("2999-01-01", "still to come"),
        ("yesterday", "year-month-day"),
        ("9999-12-31", "still to come"),
    ):
        browser.get(log(own_stage, "atelier-lumen", "on") + f"?date={date}&time=%00")
        assert browser.status == 422, date
        assert says in browser.text or "year-month-day" in browser.text
    browser.get(log(own_stage, "atelier-lumen", "on", own_stage.person("benoit.lemaire").id))
    assert browser.status == 404
    assert lumen
