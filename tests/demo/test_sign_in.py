"""Every row of `expectations.yaml` about signing in, through the pages."""

from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import select

from idp.authn.facts import HANDLERS
from idp.cli import demo_data
from idp.oidc import logout
from idp.outbox.deliver import Deliverer
from idp.outbox.models import LocalMail
from idp.outbox.smtp import mailer
from idp.policy.load import read_yaml
from tests.conftest import PASSWORD
from tests.stage import Stage
from tests.web.browser import Browser
from tests.web.conftest import complete

ROWS = {row["person"]: row for row in read_yaml(Path(__file__).with_name("expectations.yaml"))["sign_in"]}
NEUTRAL = "Wrong address or password."
CODE_PAGE, SET_UP_PAGE, KEEP_PAGE = "/sign-in/code", "/sign-in/second-factor", "/sign-in/keep-account"


def test_every_row_has_its_test() -> None:
    assert {row["expect"] for row in ROWS.values()} == {
        "code_asked", "code_skipped_on_trusted_device", "two_factor_setup", "wrong_credentials", "erasure_pending",
        "code_asked_every_time",
    }  # fmt: skip


def after_password(stage: Stage, name: str, browser: Browser | None = None) -> Browser:
    """Address and password typed, nothing more."""
    browser = browser or stage.browser()
    address = demo_data.address_of(stage.settings.policies_dir, name)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": address, "password": PASSWORD})
    return browser


def path_of(browser: Browser) -> str:
    return browser.address.partition("?")[0]


def deliver(stage: Stage) -> None:
    """Let the outbox deliver all that is due."""
    Deliverer(
        lambda: stage.work(write=False), mailer(stage.settings),
        handlers={**HANDLERS, "session.ended": logout.session_ended}, callers={"backchannel_logout": logout.deliver},
    ).run_due()  # fmt: skip


def mails_to(stage: Stage, address: str) -> list[Any]:
    with stage.work(write=False) as work:
        found = work.session.scalars(select(LocalMail).where(LocalMail.recipient == address))
        return [(mail.subject, mail.text_body) for mail in found]


@pytest.mark.parametrize("person", [name for name, row in ROWS.items() if row["expect"].startswith("code_asked")])
def test_the_code_is_asked_after_the_password_and_leads_in(stage: Stage, person: str) -> None:
    browser = after_password(stage, person)
    assert (browser.status, path_of(browser)) == (200, CODE_PAGE)
    assert browser.cookie("sesame_session") is None
    stage.forget_steps(person)
    browser.submit({"code": stage.person(person).code()})
    assert browser.address == "/account"


def test_the_code_is_skipped_on_a_trusted_browser_and_asked_elsewhere(own_stage: Stage) -> None:
    trusted = own_stage.sign_in("ines.moreau", trust=True)
    trusted.get("/sign-out")
    trusted.submit()
    assert trusted.cookie("sesame_session") is None
    after_password(own_stage, "ines.moreau", trusted)
    assert trusted.address == "/account"
    assert path_of(after_password(own_stage, "ines.moreau")) == CODE_PAGE

    party = own_stage.party("demo-accounting")  # what was not proved is not claimed
    claims = party.verified(party.tokens(trusted)["access_token"])
    assert (claims["acr"], claims["amr"]) == ("urn:id:acr:2fa", ["pwd", "mfa"])


def test_who_has_no_second_factor_sets_it_up_and_reaches_no_product_before(own_stage: Stage) -> None:
    party = own_stage.party("demo-accounting")
    browser = own_stage.browser()
    browser.get(party.asking())
    assert browser.address.startswith("/sign-in?")
    address = demo_data.address_of(own_stage.settings.policies_dir, "camille.roux")
    browser.submit({"email": address, "password": PASSWORD})
    assert path_of(browser) == SET_UP_PAGE
    set_up = browser.address
    for product in ("demo-accounting", "demo-capture"):
        other = own_stage.party(product)
        answer = other.ask(browser, prompt="none")
        assert answer["error"] == "login_required"
        browser.get(other.asking())
        assert browser.address.startswith("/sign-in?"), "back to signing in, never past it"
    browser.get(set_up)
    secret = browser.text.split('data-copy="')[1].split('"')[0]  # what one would type into the app
    browser.submit({"code": pyotp.TOTP(secret).now()})
    answer = complete(browser, own_stage.app)
    location = answer.headers["Location"]
    assert location.startswith(party.redirect_uri)
    assert "code=" in location


def test_an_invited_address_and_a_blocked_account_read_like_an_unknown_address(own_stage: Stage) -> None:
    """Even with the right password; status, length and text are the same."""
    pages = {}
    for address in (
        "nobody@atelier-lumen.example.com",
        demo_data.address_of(own_stage.settings.policies_dir, "lea.marchand"),
        demo_data.address_of(own_stage.settings.policies_dir, "pascal.noel"),
    ):
        browser = own_stage.browser()
        browser.get("/sign-in")
        browser.submit({"email": address, "password": PASSWORD})
        assert browser.status == 422
        assert NEUTRAL in browser.text
        assert browser.cookie("sesame_session") is None
        pages[address] = browser.text.replace(address, "").replace(browser.form.values["csrf_token"], "")
    assert len(set(pages.values())) == 1


def test_the_way_out_of_a_blocked_account_is_in_the_mail(own_stage: Stage) -> None:
    blocked = demo_data.address_of(own_stage.settings.policies_dir, "pascal.noel")
    invited = demo_data.address_of(own_stage.settings.policies_dir, "lea.marchand")
    for _ in range(2):
        after_password(own_stage, "pascal.noel")
        after_password(own_stage, "lea.marchand")
    deliver(own_stage)
    ((subject, text),) = mails_to(own_stage, blocked)
    assert "http://localhost/reset/" in text
    assert subject
    assert all("/invitation/" in mail for _, mail in mails_to(own_stage, invited)), "of the demonstration, and no other"

    link = text.split("http://localhost")[1].split()[0]
    browser = own_stage.browser()
    browser.get(link)
    assert browser.status == 200
    browser.submit()
    assert path_of(browser) == CODE_PAGE  # a link alone never replaces the second factor
    own_stage.forget_steps("pascal.noel")
    browser.submit({"code": own_stage.person("pascal.noel").code()})
    assert browser.address.startswith("/reset/new-password")
    chosen = "quatre hiboux sous la pluie 5"
    browser.submit({"password": chosen, "password_again": chosen})
    assert browser.cookie("sesame_session"), browser.text[:800]


def test_no_recovery_code_is_offered_when_none_is_left(stage: Stage) -> None:
    for person, left in (("mehdi.haddad", False), ("amelie.dubois", True)):
        browser = after_password(stage, person)
        browser.get("/sign-in/other-ways")
        assert browser.status == 200
        assert ("/sign-in/recovery-code" in browser.text) is left


def test_an_account_that_is_to_be_erased_can_be_kept(own_stage: Stage) -> None:
    browser = after_password(own_stage, "margaux.blanc")
    own_stage.forget_steps("margaux.blanc")
    browser.submit({"code": own_stage.person("margaux.blanc").code()})
    assert path_of(browser) == KEEP_PAGE
    assert browser.cookie("sesame_session") is None
    browser.submit({"decision": "keep"})
    assert browser.address == "/account"
    again = own_stage.sign_in("margaux.blanc")
    assert again.address == "/account"


def test_a_company_that_does_not_accept_trusted_browsers_is_asked_every_time(own_stage: Stage) -> None:
    person = ROWS["luc.wouters"]["person"]
    browser = after_password(own_stage, person)
    assert 'name="trust"' not in browser.text
    own_stage.forget_steps(person)
    browser.submit({"code": own_stage.person(person).code(), "trust": "yes"})  # a tick nobody offered
    assert browser.address == "/account"
    browser.get("/sign-out")
    browser.submit()
    after_password(own_stage, person, browser)
    assert path_of(browser) == CODE_PAGE

    offered = after_password(own_stage, "ines.moreau")
    assert 'name="trust"' in offered.text
