"""The authenticators of one's account, as their holder sees and changes them."""

import re
import time
from urllib.parse import urljoin

import pyotp
import pytest
from sqlalchemy import select, update

from idp.authn import authenticators, totp
from idp.authn.models import Passkey, Session, TotpAuthenticator
from idp.web.work import unit_of_work
from tests.authn.authenticator import Authenticator
from tests.outbox_content import mails
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, sign_in
from tests.web.test_passkey_pages import NEW, ask

HOME = "/account/authenticators"


@pytest.fixture
def hers(browser, ada) -> Browser:
    """Ada's browser, just signed in."""
    sign_in(browser, ada)
    browser.get(HOME)
    assert browser.heading == "Authenticators"
    return browser


def key_on(page: Browser) -> str:
    """The key of an authenticator app, as the page shows it to be typed."""
    (found,) = re.findall(r'<p class="secret"[^>]*>(.*?)</p>', page.text)
    return re.sub(r"<[^>]+>|\s", "", found)


def add_key(browser: Browser, name: str = "laptop") -> Authenticator:
    device = Authenticator()
    browser.get(NEW)
    browser.submit({"credential": device.create(ask(browser, f"{NEW}/options")), "name": name})
    assert browser.address == f"{HOME}?done=passkey"
    return device


def row_of(browser: Browser, name: str) -> str:
    """The address of one of them, from the list."""
    browser.get(HOME)
    (found,) = re.findall(
        rf'<a class="row" href="({HOME}/[0-9a-f-]+)"><span><span class="name">{name}</span>', browser.text
    )
    return found


def names(app) -> set[str]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        return {*work.session.scalars(select(TotpAuthenticator.name)), *work.session.scalars(select(Passkey.name))}


def sent(app) -> list[str]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        return [mail["template"] for mail in mails(work)]


def grow_stale(app, *, minutes: int = 6) -> None:
    """Let the proofs of every session be some minutes old."""
    from datetime import timedelta

    with unit_of_work(app, SYSTEM) as work:
        then = work.now - timedelta(minutes=minutes)
        work.session.execute(update(Session).values(second_factor_at=then, password_at=then))


def test_the_list_says_what_there_is_and_when_it_was_used(hers):
    add_key(hers)
    assert "You can sign in with it alone" in hers.text
    assert "laptop" in hers.text
    assert "not used yet" in hers.text
    assert "last used: <time" in hers.text
    assert "unused code" in hers.text


def test_another_app(app, hers):
    hers.get(f"{HOME}/new-app")
    assert hers.heading == "Link another authenticator app"
    secret = key_on(hers)
    hers.submit({"code": "12345", "name": "tablet"})
    assert hers.status == 422
    assert "The code has six digits" in hers.text
    assert key_on(hers) == secret
    assert 'value="tablet"' in hers.text

    hers.submit({"code": "000000"})
    assert "That code is not right" in hers.text
    assert key_on(hers) == secret
    hers.submit({"code": pyotp.TOTP(secret).now(), "name": "  my   tablet "})
    assert hers.address == f"{HOME}?done=app"
    assert names(app) == {"phone", "my tablet"}
    assert sent(app) == ["authenticator_added"]


def test_a_language_changes_and_the_secret_stays(hers):
    hers.get(f"{HOME}/new-app")
    secret = key_on(hers)
    hers.submit({"name": "tablet", "code": "123", "set_locale": "fr"})
    assert hers.heading == "Associez une autre application d’authentification"
    assert key_on(hers) == secret
    assert 'value="tablet"' in hers.text


def test_a_sealed_secret_that_was_altered_gives_a_new_image(hers):
    hers.get(f"{HOME}/new-app")
    secret = key_on(hers)
    hers.submit({"code": pyotp.TOTP(secret).now(), "sealed": "AAAA"})
    assert "The image had expired" in hers.text
    assert key_on(hers) != secret


def test_a_name(app, hers):
    hers.get(row_of(hers, "phone"))
    assert hers.heading == "phone"
    hers.submit({"name": "  "})
    assert hers.status == 422
    hers.submit({"name": "x" * 61})
    assert "At most 60 characters" in hers.text
    hers.submit({"name": "<b>Téléphone d’Ada</b>"})
    assert hers.address == f"{HOME}?done=renamed"
    assert "&lt;b&gt;Téléphone d’Ada&lt;/b&gt;" in hers.text


def test_the_only_one_can_be_replaced_and_not_removed(app, hers):
    only = row_of(hers, "phone")
    hers.get(only)
    assert "This is your only authenticator" in hers.text
    assert f"{only}/remove" not in hers.text

    hers.get(f"{only}/remove")  # typed by hand
    assert hers.address == only
    token = hers.form.values["csrf_token"]
    hers._follow(hers._send("POST", f"{only}/remove", data={"csrf_token": token}))
    assert hers.address == only
    assert names(app) == {"phone"}


def test_removing_one_of_two(app, hers, ada):
    elsewhere = Browser(app)
    device = add_key(hers)
    elsewhere.get("/sign-in?continue_to=/account")
    data = {"csrf_token": elsewhere.form.values["csrf_token"]}
    answer = device.get(ask(elsewhere, "/sign-in/passkey/options"))
    elsewhere._follow(
        elsewhere._send("POST", "/sign-in/passkey?continue_to=/account", data={**data, "credential": answer})
    )
    assert elsewhere.address == "/account"

    hers.get(row_of(hers, "phone"))
    hers.get(urljoin(hers.address, f"{hers.address}/remove"))
    assert hers.heading == "Remove “phone”?"
    assert "your other sessions end" in hers.text
    hers.submit()
    assert hers.address == f"{HOME}?done=removed"
    assert names(app) == {"laptop"}
    assert sent(app)[-1] == "authenticator_removed"
    elsewhere.get("/account")
    assert elsewhere.heading == "Sign in to your account"
    hers.get("/account")
    assert hers.heading == "My account"


def test_a_new_phone(app, hers, ada):
    only = row_of(hers, "phone")
    hers.get(f"{HOME}/new-app?replaces={only.rsplit('/', 1)[1]}")
    assert hers.heading == "Replace “phone” by an authenticator app"
    secret = key_on(hers)
    hers.submit({"code": pyotp.TOTP(secret).now(), "name": "new phone"})

    assert hers.address == f"{HOME}?done=replaced"
    assert names(app) == {"new phone"}
    assert sent(app) == ["authenticator_replaced"]
    later = Browser(app)
    later.get("/sign-in")
    later.submit({"email": ada.address, "password": ada.password})
    later.submit({"code": ada.code(1)})
    assert later.status == 422
    later.submit({"code": pyotp.TOTP(secret).at(time.time() + 30)})
    assert later.status == 200


def test_a_passkey_takes_the_place_of_the_app(app, hers):
    only = row_of(hers, "phone")
    device = Authenticator()
    hers.get(f"{NEW}?replaces={only.rsplit('/', 1)[1]}")
    assert hers.heading == "Replace “phone” by a passkey"
    hers.submit({"credential": device.create(ask(hers, f"{NEW}/options"), rp_id="evil.example")})
    assert "That passkey was not accepted" in hers.text
    assert names(app) == {"phone"}
    hers.submit({"credential": device.create(ask(hers, f"{NEW}/options")), "name": "key"})
    assert hers.address == f"{HOME}?done=replaced"
    assert names(app) == {"key"}


@pytest.mark.parametrize("path", ["new-app", "new-passkey", "recovery-codes", "one", "one/remove", "replace"])
def test_what_changes_something_asks_for_a_fresh_proof(app, hers, ada, path):
    """R-20: six minutes after the code, every one of these pages asks for it again, and leads back."""
    add_key(hers)
    one = row_of(hers, "phone")
    address = {
        "one": one,
        "one/remove": f"{one}/remove",
        "replace": f"{HOME}/new-app?replaces={one.rsplit('/', 1)[1]}",
    }.get(path, f"{HOME}/{path}")
    grow_stale(app)
    hers.get(address)
    # MFA-09: the password and a current code; so for a passkey, which stands for both from then on, and for the removal
    # that makes a replacement of what was added before.
    if path in ("replace", "new-passkey", "one/remove"):
        assert hers.heading == "Sign in to your account"
        hers.submit({"email": ada.address, "password": ada.password})
    assert hers.heading == "Enter the code from your app"
    hers.submit({"code": ada.code(1)})
    assert hers.address == address


def test_a_form_that_was_left_open_does_nothing(app, hers):
    add_key(hers)
    hers.get(row_of(hers, "phone"))
    grow_stale(app, minutes=11)
    hers.submit({"name": "hijacked"})
    assert names(app) == {"phone", "laptop"}
    assert hers.heading == "Enter the code from your app"


def test_nobody_sees_those_of_another(app, hers, make_holder):
    make_holder("bob@company.example")
    with unit_of_work(app, SYSTEM, write=False) as work:
        mine, theirs = work.session.scalars(select(TotpAuthenticator.id).order_by(TotpAuthenticator.created_at))
    for path in (f"{HOME}/{theirs}", f"{HOME}/{theirs}/remove", f"{HOME}/new-app?replaces={theirs}"):
        assert hers.get(path).status_code == 404, path
    token = {"csrf_token": hers.get(f"{HOME}/{mine}") and hers.form.values["csrf_token"]}
    for path in (f"{HOME}/{theirs}", f"{HOME}/{theirs}/remove"):
        assert (
            hers._send(
                "POST", path, data={**token, **({"name": "x"} if path.endswith(str(theirs)) else {})}
            ).status_code
            == 404
        )
    for path in (f"{HOME}/not-a-key", f"{HOME}/new-app?replaces=not-a-key"):
        assert hers.get(path).status_code == 404, path


def test_new_recovery_codes(app, hers):
    hers.get(f"{HOME}/recovery-codes")
    assert hers.heading == "Make new recovery codes"
    shown = hers.form.values
    hers.submit()
    assert hers.heading == "Keep your recovery codes"
    codes = re.findall(r"<code>([0-9A-Z-]+)</code>", hers.text)
    assert len(codes) == 10

    again = hers._follow(hers._send("POST", f"{HOME}/recovery-codes", data=shown))  # a reload
    assert codes[0] not in again.text
    assert "Your codes were shown before" in again.text
    data = {"csrf_token": shown["csrf_token"]}
    wrong = hers._send("POST", f"{HOME}/recovery-codes/kept", data={**data, "code": "AAAA-BBBB-CCCC-DDDD"})
    assert wrong.status_code == 422
    hers._follow(hers._send("POST", f"{HOME}/recovery-codes/kept", data={**data, "code": codes[3].lower()}))
    assert hers.address == f"{HOME}?done=codes"
    assert "You have 10 unused codes" in hers.text
    assert sent(app) == ["recovery_codes_replaced"]


def test_without_a_session_it_leads_to_the_sign_in(browser):
    for path in (HOME, f"{HOME}/new-app", f"{HOME}/new-passkey", f"{HOME}/recovery-codes"):
        browser.get(path)
        assert browser.heading == "Sign in to your account", path
        assert "continue_to=/account/authenticators" in browser.address.replace("%2F", "/")


def test_more_apps_than_anybody_has_are_refused_in_words(app, hers, ada):
    with unit_of_work(app, SYSTEM) as work:
        for _ in range(authenticators.MOST_APPS - 1):
            totp.enrol(work, ada.id, totp.new_secret())
    hers.get(f"{HOME}/new-app")
    hers.submit({"code": pyotp.TOTP(key_on(hers)).now()})
    assert hers.status == 422
    assert "An account holds ten apps at most" in hers.text
