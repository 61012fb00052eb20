"""Everything is lost: a request, the page by which every contact stops it, and the way back in."""

from collections.abc import Callable

import pyotp
import pytest

from idp.accounts import recovery_contact
from idp.companies import support_case
from idp.companies.models import SupportCase
from idp.web.work import Application, unit_of_work
from idp.work import Actor
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in
from tests.web.desk import OPERATOR, after, deliver_facts, mailed
from tests.web.test_sign_in_pages import shown_secret

NEW = "cinq lanternes au bord du quai"
PRIVATE = "ada@private.example"


def ask(app: Application, address: str) -> Browser:
    browser = Browser(app)
    browser.get("/recovery")
    browser.submit({"email": address})
    return browser


def state_of(app: Application) -> list[tuple[str, str]]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        return [(case.state, case.close_reason) for case in work.session.query(SupportCase).all()]


def press(browser: Browser, path: str) -> None:
    """Send the form of this page that leads to `path`; a page may have two."""
    token = browser.form.values["csrf_token"]
    browser._follow(browser._send("POST", path, data={"csrf_token": token}))


@pytest.fixture
def asked(app: Application, ada: Holder) -> dict[str, str]:
    """Ada has asked, and has a private address; where the links went."""
    with unit_of_work(app, SYSTEM) as work:
        recovery_contact.add(work, ada.id, kind="email", value=PRIVATE)
    ask(app, ada.address)
    deliver_facts(app)
    return mailed(app, "case_asked")


def test_every_address_is_answered_alike(app: Application, ada: Holder, make_holder: Callable[..., Holder]) -> None:
    make_holder("blocked@company.example", status="blocked")
    pages = []
    for address in (ada.address, "nobody@company.example", "blocked@company.example"):
        browser = ask(app, address)
        assert (browser.status, browser.heading) == (200, "Look in your mailbox")
        pages.append((browser.text.replace(address, ""), browser.answer.headers.get("Set-Cookie")))  # type: ignore[union-attr]
    assert pages[0] == pages[1] == pages[2]
    deliver_facts(app)
    assert set(mailed(app, "case_asked")) == {ada.address}


def test_what_is_no_address_stays_in_the_form(app: Application) -> None:
    browser = ask(app, "ada at company")
    assert (browser.status, browser.form.values["email"]) == (422, "ada at company")


def test_every_contact_is_written_to_and_can_stop_it_with_one_click(app: Application, asked: dict[str, str]) -> None:
    assert set(asked) == {"ada@company.example", PRIVATE}
    for _ in range(3):  # a mail scanner opens links too
        assert Browser(app).get(asked[PRIVATE]).status_code == 200
    assert state_of(app) == [("requested", "")]
    browser = Browser(app)
    browser.get(asked[PRIVATE])
    assert browser.heading == "Stop this request?"
    assert "It was me" not in browser.text  # only the mailbox of the sign-in address can say so
    press(browser, f"{asked[PRIVATE]}/confirm")
    assert browser.status == 404
    browser.get(asked[PRIVATE])
    browser.submit()
    assert (browser.status, browser.heading) == (200, "The request is stopped")
    assert state_of(app) == [("closed", "stopped")]
    browser.get(asked[PRIVATE])
    assert (browser.status, browser.heading) == (410, "This link was already used")
    browser.get(asked["ada@company.example"])
    assert (browser.status, browser.heading) == (410, "This request is over")


def test_strangers_links_have_a_page(app: Application) -> None:
    for token in ("x" * 43, "x" * 400):
        browser = Browser(app)
        browser.get(f"/recovery/{token}")
        assert (browser.status, browser.heading) == (404, "We do not know this link")


def test_a_second_request_writes_to_the_sign_in_address_alone_and_opens_no_second_case(
    app: Application, asked: dict[str, str]
) -> None:
    ask(app, "ada@company.example")
    deliver_facts(app)
    again = mailed(app, "case_asked")
    assert again["ada@company.example"] != asked["ada@company.example"]
    assert again[PRIVATE] == asked[PRIVATE]
    assert state_of(app) == [("requested", "")]


def test_a_stopped_request_is_not_followed_by_another_the_same_day(app: Application, asked: dict[str, str]) -> None:
    browser = Browser(app)
    browser.get(asked[PRIVATE])
    browser.submit()
    ask(app, "ada@company.example")
    deliver_facts(app)
    assert state_of(app) == [("closed", "stopped")]


def test_five_requests_an_hour_then_silence(app: Application, ada: Holder) -> None:
    texts = {ask(app, ada.address).text.replace(ada.address, "") for _ in range(7)}
    assert len(texts) == 1
    with unit_of_work(app, SYSTEM, write=False) as work:
        from idp.outbox.models import OutboxMessage

        assert work.session.query(OutboxMessage).filter_by(name="recovery.asked").count() == 5


def test_without_a_second_factor_a_new_password_is_all_there_is_to_ask(
    app: Application, make_holder: Callable[..., Holder]
) -> None:
    camille = make_holder("camille@company.example", second_factor=False)
    ask(app, camille.address)
    deliver_facts(app)
    assert state_of(app) == []
    assert set(mailed(app, "password_reset")) == {camille.address}


def test_a_new_start_from_the_request_to_the_new_phone(app: Application, ada: Holder, asked: dict[str, str]) -> None:
    elsewhere = Browser(app)
    browser = Browser(app)
    path = asked[ada.address]
    browser.get(path)
    assert "It was me" in browser.text
    press(browser, f"{path}/confirm")
    assert browser.heading == "We have noted that it was you"
    browser.get(path)
    assert "It was me" not in browser.text
    with unit_of_work(app, OPERATOR) as work:
        case = support_case.open_case(work, "reset-all", ada.id, "lost everything", "called back")
        support_case.approve(work.acting(Actor("operator", name="another")), case.id)
    assert after(app, hours=23, minutes=59)["carried_out"] == []
    assert len(after(app, hours=24, minutes=1)["carried_out"]) == 1

    link = mailed(app, "lost_factor_link")[ada.address]
    sign_in_is_as_before(elsewhere, ada)
    with unit_of_work(app, SYSTEM) as work:  # the clock of the job was a day ahead of ours
        from idp.authn.models import MailedLink, Session

        work.session.query(Session).delete()
        sent = work.session.query(MailedLink).filter_by(purpose="lost_all").one()
        sent.created_at = work.now
    browser.get(link)
    assert browser.status == 200
    browser.submit()
    assert browser.address.startswith("/reset/new-password")
    browser.get("/account")
    assert browser.heading == "Sign in to your account"
    browser.get("/reset/new-password")
    browser.submit({"password": NEW, "password_again": NEW})
    assert browser.heading == "Link your authenticator app"
    secret = shown_secret(browser)
    assert secret != ada.secret
    browser.submit({"code": pyotp.TOTP(secret).now()})
    old = Browser(app)
    old.get("/sign-in")
    old.submit({"email": ada.address, "password": ada.password})
    assert old.heading != "Enter the code from your app"
    new = Browser(app)
    new.get("/sign-in")
    new.submit({"email": ada.address, "password": NEW})
    assert new.heading == "Enter the code from your app"
    new.submit({"code": ada.code()})
    assert new.status == 422  # the lost phone counts no longer


def sign_in_is_as_before(browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    assert browser.address == "/account"


def test_french_speaks_french(app: Application, asked: dict[str, str]) -> None:
    browser = Browser(app, language="fr")
    browser.get("/recovery")
    assert browser.heading == "Demander un nouveau départ"
    browser.get(asked[PRIVATE])
    assert "Arrêter la demande" in browser.text
