"""My recovery contacts."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from idp.accounts import recovery_contact
from idp.authn.models import Session
from idp.web.work import Application, unit_of_work
from tests.conftest import give_contact
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sent_code, sign_in

HOME, OTHER = "ada@perso.example", "byron@perso.example"


@pytest.fixture
def ada(app: Application, make_holder: Callable[..., Holder]) -> Holder:
    holder = make_holder(contact=False)
    with unit_of_work(app, SYSTEM) as work:
        give_contact(work, holder.id, kind="email", value=HOME)
    return holder


def contacts_of(app: Application, holder: Holder) -> list[str]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        return [each.value for each in recovery_contact.verified(work, holder.id)]


def key_of(app: Application, holder: Holder, value: str) -> str:
    with unit_of_work(app, SYSTEM, write=False) as work:
        return next(str(each.id) for each in recovery_contact.verified(work, holder.id) if each.value == value)


def test_a_contact_is_added_replaced_and_removed(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada, to="/account/contacts")
    assert "a•••@perso.example" in browser.text
    assert "/remove" not in browser.text  # the only one
    browser.get("/account/contacts/add")
    browser.submit({"recovery_contact": OTHER})
    assert browser.heading == "Enter the code we sent"
    browser.submit({"code": sent_code(app)})
    assert browser.address == "/account/contacts"
    assert contacts_of(app, ada) == [HOME, OTHER]
    assert "on its first day, who uses it waits an hour" in browser.text

    browser.get(f"/account/contacts/add?replaces={key_of(app, ada, HOME)}")
    assert browser.heading == "Replace a recovery contact"
    browser.submit({"recovery_contact": "third@perso.example"})
    assert contacts_of(app, ada) == [HOME, OTHER]
    browser.submit({"code": sent_code(app)})
    assert contacts_of(app, ada) == [OTHER, "third@perso.example"]

    browser.get(f"/account/contacts/{key_of(app, ada, OTHER)}/remove")
    browser.submit()
    assert contacts_of(app, ada) == ["third@perso.example"]
    browser.get(f"/account/contacts/{key_of(app, ada, 'third@perso.example')}/remove")
    assert browser.address.startswith("/account/contacts/add?replaces=")  # never the last one


def test_what_changes_a_contact_asks_for_a_fresh_code(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada, to="/account/contacts", steps=-1)
    pages = ("add", "code", f"{key_of(app, ada, HOME)}/remove")
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(second_factor_at=work.later(minutes=-6).now))
    for page in pages:
        browser.get(f"/account/contacts/{page}")
        assert browser.heading == "Enter the code from your app", page
    browser.get("/account/contacts")
    assert browser.address == "/account/contacts"  # seeing them does not
    browser.get("/account/contacts/add")
    browser.submit({"code": ada.code()})
    assert browser.address == "/account/contacts/add"


def test_a_form_of_an_old_proof_changes_nothing(app: Application, browser: Browser, ada: Holder) -> None:
    with unit_of_work(app, SYSTEM) as work:
        give_contact(work, ada.id, kind="email", value=OTHER)
    sign_in(browser, ada)
    browser.get(f"/account/contacts/{key_of(app, ada, HOME)}/remove")
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(second_factor_at=work.later(minutes=-11).now))
    browser.submit()
    assert browser.heading == "Enter the code from your app"
    assert contacts_of(app, ada) == [HOME, OTHER]


def test_nobody_touches_the_contact_of_somebody_else(
    app: Application, browser: Browser, ada: Holder, make_holder: Callable[..., Holder]
) -> None:
    bob = make_holder("bob@company.example", contact=False)
    with unit_of_work(app, SYSTEM) as work:
        give_contact(work, bob.id, kind="email", value=OTHER)
    sign_in(browser, ada)
    theirs = key_of(app, bob, OTHER)
    for page in (f"{theirs}/remove", f"add?replaces={theirs}", "add?replaces=nonsense"):
        assert browser.get(f"/account/contacts/{page}").status_code == 404, page


def test_a_visitor_is_sent_to_sign_in(browser: Browser) -> None:
    for page in ("", "/add", "/code"):
        browser.get(f"/account/contacts{page}")
        assert browser.address.startswith("/sign-in?")


def test_mistakes_are_explained(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    browser.get("/account/contacts/add")
    for typed, said in ((HOME, "already one of your"), (ada.address, "must differ"), ("x", "such as name@")):
        browser.submit({"recovery_contact": typed})
        assert (browser.status, said in browser.text) == (422, True), typed
        assert f'value="{typed}"' in browser.text
    browser.submit({"recovery_contact": OTHER})
    browser.submit({"code": f"{(int(sent_code(app)) + 1) % 1_000_000:06d}"})
    assert (browser.status, "That code is not right" in browser.text) == (422, True)
    assert contacts_of(app, ada) == [HOME]
