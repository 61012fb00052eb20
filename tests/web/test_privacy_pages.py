"""A copy of one's data and the end of one's account, in a browser (J14b, the person's part)."""

import json
from datetime import UTC, datetime

from sqlalchemy import update

from idp.accounts.models import Account
from idp.authn.models import Session
from idp.companies import company, membership, support_state
from idp.web.work import unit_of_work
from tests.outbox_content import mails
from tests.web.conftest import SYSTEM, sign_in


def make_owner(app, holder):
    with unit_of_work(app, SYSTEM) as work:
        made = company.create(
            work, reference="lumen", name="Atelier Lumen", kind="company", country="FR", city="Lille", locale="fr-FR"
        )
        membership.add(work, made.id, holder.id, company_role="company.owner")


def status_of(app, holder):
    with unit_of_work(app, SYSTEM) as work:
        return work.session.get(Account, holder.id).status


def test_the_copy_is_a_file_with_everything(browser, ada, app):
    sign_in(browser, ada, to="/account/privacy")
    browser.get("/account/privacy/copy")
    assert browser.heading == "Download a copy of my data"
    answer = browser.submit()
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="sesame-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.text)
    assert told["held"]["addresses"][0]["address"] == ada.address
    assert ada.secret not in answer.text
    with unit_of_work(app, SYSTEM) as work:
        assert [each["recipient"] for each in mails(work) if each["template"] == "data_exported"] == [ada.address]


def test_the_copy_asks_for_a_fresh_code(browser, ada, app):
    sign_in(browser, ada)
    browser.get("/account/privacy/copy")
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(second_factor_at=datetime(2026, 1, 1, tzinfo=UTC)))
    browser.submit()
    assert browser.address.startswith("/sign-in")


def test_copies_are_limited(browser, ada):
    sign_in(browser, ada)
    for _ in range(5):
        browser.get("/account/privacy/copy")
        assert browser.submit().status_code == 200
    browser.get("/account/privacy/copy")
    assert browser.submit().status_code == 429


def test_an_erasure_is_asked_for_and_withdrawn_by_signing_in(browser, ada, app):
    sign_in(browser, ada)
    browser.get("/account/privacy/erase")
    browser.submit()
    assert browser.status == 422
    assert "Tick the box" in browser.text
    browser.submit({"sure": "yes"})
    assert browser.heading == "Your account is closed"
    assert browser.cookie("sesame_session") is None
    assert status_of(app, ada) == "erasure_requested"
    browser.get("/account")
    assert browser.address.startswith("/sign-in")
    browser.submit({"email": ada.address, "password": ada.password})
    browser.submit({"code": ada.code(1)})
    browser.submit({"decision": "keep"})
    assert browser.heading == "My account"
    assert status_of(app, ada) == "active"
    with unit_of_work(app, SYSTEM) as work:
        assert support_state.open_about(work, ada.id, "erasure") is None


def test_an_erasure_asks_for_password_and_code(browser, ada, app):
    sign_in(browser, ada)
    browser.get("/account/privacy/erase")
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(password_at=datetime(2026, 1, 1, tzinfo=UTC)))
    browser.submit({"sure": "yes"})
    assert browser.address.startswith("/sign-in")
    assert status_of(app, ada) == "active"


def test_an_owner_is_told_the_way_on(browser, ada, app):
    make_owner(app, ada)
    sign_in(browser, ada)
    browser.get("/account/privacy/erase")
    assert "Atelier Lumen" in browser.text
    assert "Hand it over" in browser.text
    assert "I want this account to be erased" not in browser.text


def test_somebody_who_became_owner_meanwhile_is_refused(browser, ada, app):
    sign_in(browser, ada)
    browser.get("/account/privacy/erase")
    make_owner(app, ada)
    browser.submit({"sure": "yes"})
    assert browser.status == 409
    assert "Hand it over" in browser.text
    assert status_of(app, ada) == "active"
