"""The subscriptions of a company on its pages, and what others see of them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from idp.companies import contract, membership, seats, subscription, subscription_request
from idp.companies.models import SubscribedProduct
from idp.core.errors import ConfigurationError
from idp.core.settings import read
from tests.outbox_content import mails
from tests.policy.demo import EXPECTATIONS
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.test_my_access_pages import english


def place(stage: Stage, reference: str) -> str:  # noqa: F811
    return f"/companies/{stage.company(reference)}/subscriptions"


def state(stage: Stage, reference: str, product: str = "accounting") -> str:  # noqa: F811
    with stage.work(write=False) as work:
        row = subscription.product_of(work, stage.company(reference), product)
        assert row is not None
        return row.state


def test_the_calendar_is_told_in_plain_words(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("joris.vanderlinden"))
    browser.get(place(stage, "toitures-vanderlinden"))
    assert browser.heading == "Subscriptions"
    for words in (
        "Team, 6 seats per product", "Cancellation under way", "Until then you can keep the subscription",
        "Data and access are kept", "3 of 6 seats used", "Keep the subscription",
    ):  # fmt: skip
        assert words in browser.text, words
    browser.get(f"/companies/{stage.company('toitures-vanderlinden')}")
    assert "subscription cancelled: full access until" in browser.text


def test_who_may_see_and_who_may_act(stage: Stage) -> None:  # noqa: F811
    where = place(stage, "atelier-lumen")
    for name, sees, acts in (
        ("thomas.lefevre", 200, 200), ("hugo.perrin", 403, 403), ("julien.mercier", 403, 403),
        ("joris.vanderlinden", 404, 404), ("nathalie.deltour", 404, 404),
    ):  # fmt: skip
        browser = english(stage.signed_in(name))
        browser.get(where)
        assert browser.status == sees, name
        browser.get(f"{where}/accounting/cancel")
        assert browser.status == acts, name
    katrien = english(stage.signed_in("katrien.desmet"))  # user manager: looks only
    katrien.get(place(stage, "toitures-vanderlinden"))
    assert katrien.status == 200
    assert "/cancel" not in katrien.text
    assert "Keep the subscription" not in katrien.text


def test_the_expectation_about_cancelling_holds_over_http(own_stage: Stage) -> None:  # noqa: F811
    (row,) = [each for each in EXPECTATIONS["administration"] if each["action"] == "cancel-subscription"]
    browser = english(own_stage.sign_in(row["actor"]))
    where = place(own_stage, row["company"])
    browser.get(f"{where}/accounting/cancel")
    assert browser.heading == "Cancel the subscription to Accounting?"
    browser.submit({"reason": "price"})
    assert browser.status == 422
    assert "Tick this once the data is exported" in browser.text
    assert 'value="price" selected' in browser.text
    browser.submit({"exported": "yes", "reason": ""})
    assert browser.status == 422
    assert state(own_stage, row["company"]) == "active"
    browser.submit({"reason": "price", "exported": "yes"})
    assert browser.address == f"{where}?done=cancelled"
    assert state(own_stage, row["company"]) == "notice"
    browser.get(f"{where}/accounting/cancel")  # a second time leads back
    assert browser.address == where

    browser.get(f"{where}/accounting/resume")
    browser.submit()
    assert "goes on, as if it had not been cancelled" in browser.text
    assert state(own_stage, row["company"]) == "active"
    with own_stage.work(write=False) as work:
        told = [each["variables"]["what"] for each in mails(work) if each["template"] == "subscription_told"]
        assert told.count("cancelled") == told.count("resumed") == 3


def test_a_proof_of_an_hour_ago_is_not_enough(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("amelie.dubois"))
    where = f"{place(own_stage, 'atelier-lumen')}/accounting/cancel"
    browser.get(where)
    with own_stage.work() as work:
        old = work.now - timedelta(hours=1)
        work.session.execute(update(Session).values(second_factor_at=old, password_at=old))
    browser.submit({"reason": "price", "exported": "yes"})
    assert browser.address.startswith("/sign-in/")
    assert state(own_stage, "atelier-lumen") == "active"


def test_another_plan_is_asked_for_and_taken_back(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("amelie.dubois"))
    where = place(own_stage, "atelier-lumen")
    browser.get(f"{where}/change")
    for values, words in (
        ({"plan": "team", "seats": "3"}, "This plan has from 5 to 25 seats."),
        ({"plan": "team", "seats": "many"}, "Write a number"),
        ({"plan": "team", "seats": "5"}, "This is the plan you have"),
        ({"plan": "solo", "seats": ""}, "5 seats are used for Accounting"),
        ({"plan": "gold", "seats": "5"}, "Choose one of these plans."),
        ({"plan": "practice", "seats": ""}, "Choose one of these plans."),
        ({"plan": "team", "seats": "8", "price": "0"}, "arrived in disorder"),
    ):
        browser.get(f"{where}/change")
        browser.submit(values)
        assert (browser.status, words in browser.text) == (422, True), (values, browser.text[:3000])
    browser.get(f"{where}/change")
    browser.submit({"plan": "team", "seats": " 8 "})
    assert "waiting for an answer" in browser.text
    assert "Team, 8 seats per product" in browser.text
    with own_stage.work(write=False) as work:
        company = own_stage.company("atelier-lumen")
        assert seats.count(work, company, "accounting").of == 5
    browser.submit()
    assert "The request is cancelled." in browser.text
    assert "waiting for an answer" not in browser.text


def test_a_product_of_the_plan_is_asked_for(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("amelie.dubois"))
    where = place(own_stage, "atelier-lumen")
    browser.get(f"{where}/payroll/add")
    browser.submit()
    assert "Add Payroll" in browser.text
    for product in ("accounting", "payroll"):  # there already, or asked for already
        browser.get(f"{where}/{product}/add")
        assert browser.address == where
    for product in ("gone", "%00", "company"):
        browser.get(f"{where}/{product}/cancel")
        assert browser.status == 404


def test_a_product_on_trial_is_subscribed_to(own_stage: Stage) -> None:  # noqa: F811
    """EMP-22, J13: what the reminder of a trial and its calendar promise is there, and done once."""
    browser = english(own_stage.sign_in("chloe.fontaine"))
    home, where = own_stage.company("studio-mirabelle"), place(own_stage, "studio-mirabelle")
    browser.get(where)
    for product in ("accounting", "invoicing", "capture"):
        assert f'href="{where}/{product}/add"' in browser.text
    browser.get(f"{where}/accounting/add")
    assert browser.heading == "Subscribe to Accounting?"
    for words in ("The trial goes on, until", "goes on with what was entered", "charged from that day on", "of 2"):
        assert words in browser.text, words
    browser.submit()
    assert browser.address == f"{where}?done=asked"
    assert "Your request is on its way." in browser.text
    assert "Subscribe to Accounting" in browser.text
    assert "Add Accounting" not in browser.text
    assert f"{where}/accounting/add" not in browser.text
    assert state(own_stage, "studio-mirabelle") == "trial"
    browser.get(f"{where}/accounting/add")  # asked for already
    assert browser.address == where
    browser.submit()  # taken back, and asked for again
    assert f"{where}/accounting/add" in browser.text
    browser.get(f"{where}/accounting/add")
    browser.submit()
    with own_stage.work() as work:
        contract.add_product(work, home, "accounting")
    browser.get(where)
    assert "waiting for an answer" not in browser.text
    assert f"{where}/accounting/add" not in browser.text
    assert f"{where}/accounting/cancel" in browser.text
    assert state(own_stage, "studio-mirabelle") == "active"


def test_who_cannot_subscribe_is_not_offered_it(own_stage: Stage) -> None:  # noqa: F811
    where = place(own_stage, "studio-mirabelle")
    browser = english(own_stage.sign_in("julien.mercier"))
    browser.get(f"{where}/accounting/add")
    assert browser.status == 403
    with own_stage.work() as work:
        row = membership.find(work, own_stage.company("studio-mirabelle"), own_stage.person("julien.mercier").id)
        assert row is not None
        row.company_role = "company.administrator"
    browser.get(where)
    assert "Trial" in browser.text
    assert "/add" not in browser.text
    browser.get(f"{where}/accounting/add")
    assert browser.status == 403


def test_a_product_that_billing_refused_can_be_asked_for_again(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("chloe.fontaine"))
    where, home = place(own_stage, "studio-mirabelle"), own_stage.company("studio-mirabelle")
    browser.get(f"{where}/accounting/add")
    browser.submit()
    with own_stage.work() as work:
        (asked,) = subscription_request.listing(work, home)
        subscription_request.refuse(work, home, asked.id, "Send us your bank details first.")
    browser.get(where)
    assert "Send us your bank details first." in browser.text
    assert f"{where}/accounting/add" in browser.text


def test_a_smaller_contract_shows_who_is_to_be_chosen_from(own_stage: Stage) -> None:  # noqa: F811
    """`lowering_below_use`: before the day that was announced and after it, for who may see the users."""
    lumen, where = own_stage.company("atelier-lumen"), place(own_stage, "atelier-lumen")
    home = f"/companies/{lumen}"
    people = f"{home}/people?product=accounting"
    owner, payer = english(own_stage.sign_in("amelie.dubois")), english(own_stage.sign_in("ines.moreau"))
    with own_stage.work() as work:
        row = membership.find(work, lumen, own_stage.person("ines.moreau").id)
        assert row is not None
        row.company_role = "company.subscription-manager"
        contract.change(work, lumen, plan="solo", seats=2, at=work.later(days=20).now)
    for words in ("3 users too many from", "Decide before that day", "Seats taken: 5,"):
        assert words in owner.get(where).text, words
    assert f'href="{people}"' in owner.text
    assert "1 user too many from" in owner.text  # of another product
    assert "Accounting: 3 users too many from" in owner.get(home).text
    assert f'href="{people}"' in owner.text
    owner.get(people)
    assert "5 users found" in owner.text
    for page in (home, where):  # sees what is to come, and no users
        assert "3 users too many from" in payer.get(page).text
        assert f"{home}/people" not in payer.text
    with own_stage.work() as work:
        contract.change(work, lumen, plan="solo", seats=2)
    assert "3 users too many</strong>" in owner.get(where).text
    assert f'href="{people}"' in owner.text
    assert "Accounting: 3 users too many." in owner.get(home).text
    assert f'href="{people}"' in owner.text


def test_after_the_end_those_are_named_who_can_subscribe_again(own_stage: Stage) -> None:  # noqa: F811
    """An administrator gives access, and cannot subscribe."""
    home = own_stage.company("toitures-vanderlinden")
    with own_stage.work() as work:
        rows = update(SubscribedProduct).where(SubscribedProduct.company_id == home)
        work.session.execute(rows.values(state="ended", kept_until_at=work.later(days=100).now))
    browser = english(own_stage.sign_in("luc.wouters"))
    browser.get(own_stage.party("demo-invoicing").asking())
    assert browser.status == 403
    assert "the account owner or a subscription manager can subscribe again" in browser.text
    assert own_stage.person("joris.vanderlinden").address in browser.text
    assert own_stage.person("katrien.desmet").address not in browser.text


def test_the_days_of_notice_are_those_of_the_policy(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("amelie.dubois"))
    browser.get(f"{place(own_stage, 'atelier-lumen')}/accounting/cancel")
    assert "at least 30 days from today" in browser.text


def test_what_has_ended_is_shown_to_those_who_can_come_back(own_stage: Stage) -> None:  # noqa: F811
    owner = english(own_stage.sign_in("etienne.garnier"))
    owner.get("/")
    assert "subscription ended, data kept until" in owner.text
    assert "Invoicing: subscription ended. Data is kept until" in owner.text
    owner.get(place(own_stage, "librairie-des-quais"))
    assert "Subscribe again" in owner.text

    home = own_stage.company("toitures-vanderlinden")
    with own_stage.work() as work:
        rows = update(SubscribedProduct).where(
            SubscribedProduct.company_id == home, SubscribedProduct.product == "invoicing"
        )
        work.session.execute(rows.values(state="ended", kept_until_at=work.later(days=100).now))
    roofer = english(own_stage.sign_in("luc.wouters"))
    roofer.get("/")
    assert "Invoicing" not in roofer.text
    assert "Payroll" in roofer.text
    owner.get(f"{place(own_stage, 'librairie-des-quais')}/accounting/resume")
    assert owner.heading == "Subscribe to Accounting again?"
    owner.submit()
    assert state(own_stage, "librairie-des-quais") == "active"
    owner.get("/")
    assert "Accounting" in owner.text


def test_a_suspended_company_is_told_why(stage: Stage) -> None:  # noqa: F811
    fatou = english(stage.signed_in("fatou.diallo"))
    fatou.get("/")
    assert "view only: the subscription is suspended" in fatou.text
    assert stage.person("samira.elamrani").address in fatou.text  # whom to ask
    samira = english(stage.signed_in("samira.elamrani"))
    samira.get("/")
    assert "To have it opened again, ask" not in samira.text
    samira.get(place(stage, "clarte-nettoyage"))
    assert "ask whoever sends you our invoices" in samira.text
    assert "A payment is missing" in samira.text
    assert "Once it is paid" in samira.text


@pytest.mark.parametrize(
    ("contact", "url"),
    [("pay@vendor.example", "mailto:pay@vendor.example"), ("https://pay.example/x?a=1", "https://pay.example/x?a=1")],
)
def test_who_looks_after_the_subscription_reads_where_to_pay(
    stage: Stage,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    contact: str,
    url: str,
) -> None:
    settings = stage.settings.model_copy(update={"billing_contact": contact})
    monkeypatch.setitem(stage.app.extensions, "sesame", replace(stage.app.extensions["sesame"], settings=settings))
    samira = english(stage.signed_in("samira.elamrani"))
    samira.get(place(stage, "clarte-nettoyage"))
    assert f'href="{url}"' in samira.text
    assert "ask whoever sends you our invoices" not in samira.text


def test_an_administrator_reads_whom_to_ask_and_a_payment_that_failed_is_told_like_one_that_stopped(
    own_stage: Stage,  # noqa: F811
) -> None:
    lumen = own_stage.company("atelier-lumen")
    thomas = english(own_stage.sign_in("thomas.lefevre"))
    thomas.get(place(own_stage, "atelier-lumen"))
    assert "A payment is missing" not in thomas.text
    with own_stage.work() as work:
        row = subscription.product_of(work, lumen, "accounting")
        assert row is not None
        row.suspends_at = work.now + timedelta(days=3)
        held = membership.find(work, lumen, own_stage.person("thomas.lefevre").id)
        assert held is not None
        held.company_role, held.also = "company.administrator", []
    thomas.get(place(own_stage, "atelier-lumen"))
    assert "A payment is missing" in thomas.text
    assert own_stage.person("amelie.dubois").address in thomas.text
    assert "Please pay the open invoice" not in thomas.text
    amelie = english(own_stage.sign_in("amelie.dubois"))
    amelie.get(place(own_stage, "atelier-lumen"))
    assert "Please pay the open invoice" in amelie.text


def test_staff_record_a_cancellation_that_came_by_letter(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("pieter.claes"))
    browser.get("/operations/subscriptions")
    browser.submit({"company": "nobody"})
    assert "No company has this reference." in browser.text
    browser.submit({"company": "atelier-lumen"})
    assert browser.heading == "Atelier Lumen SARL"
    browser.get(f"{browser.address}/cancel")
    for values, words in (
        ({"product": "accounting", "day": "2020-01-01", "reason": "letter"}, "This day is over"),
        ({"product": "accounting", "day": "soon", "reason": "letter"}, "Write the last day"),
        ({"product": "payroll", "day": "2199-01-01", "reason": "letter"}, "cannot be cancelled"),
        ({"product": "accounting", "day": "2199-01-01", "reason": " "}, "Write the reason."),
    ):
        browser.submit(values)
        assert (browser.status, words in browser.text) == (422, True), values
    browser.submit({"product": "accounting", "day": "2199-01-01", "reason": "letter"})
    assert "The cancellation is recorded." in browser.text
    assert state(own_stage, "atelier-lumen") == "notice"
    support = english(own_stage.sign_in("olivier.renard"))  # looks only
    support.get(browser.address)
    assert support.status == 200
    assert "Record a cancellation" not in support.text


@pytest.mark.parametrize(
    "contact",
    ["billing", "http://pay.example", "javascript:alert(1)@x", "a@b?bcc=c@d", "https://u@pay.example", "a b@c.d"],
)
def test_an_address_of_billing_that_is_none_stops_the_start(contact: str) -> None:
    with pytest.raises(ConfigurationError, match="IDP_BILLING_CONTACT"):
        read(billing_contact=contact)
