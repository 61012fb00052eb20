"""J5 with the people of the demonstration: a forgotten password, and what ends with the old one."""

import pyotp
from sqlalchemy import select

from idp.outbox.models import LocalMail
from tests.conftest import PASSWORD
from tests.demo.test_sign_in import CODE_PAGE, after_password, deliver, mails_to, path_of
from tests.stage import Stage
from tests.web.browser import Browser

CHOSEN = "quatre hiboux sous la pluie 5"


def asked(stage: Stage, name: str) -> str:
    """Ask for a link on the page; the path in the latest mail."""
    browser = stage.browser()
    browser.get("/sign-in")
    browser.submit({"email": stage.person(name).address, "password": "something else entirely"})
    browser.get(browser.text.split('href="/reset')[1].split('"')[0].join(("/reset", "")).replace("&amp;", "&"))
    assert browser.form.values["email"] == stage.person(name).address  # carried over
    browser.submit()
    assert browser.heading == "Look in your mailbox"
    deliver(stage)
    with stage.work(write=False) as work:
        mails = work.session.scalars(
            select(LocalMail.text_body)
            .where(LocalMail.recipient == stage.person(name).address)
            .order_by(LocalMail.sent_at.desc(), LocalMail.id.desc())
        )
        return next("/reset/" + text.split("/reset/")[1].split()[0] for text in mails if "/reset/" in text)


def choose(browser: Browser) -> None:
    assert browser.address.startswith("/reset/new-password"), browser.address
    browser.submit({"password": CHOSEN, "password_again": CHOSEN})


def test_everything_that_rested_on_the_old_password_ends(own_stage: Stage) -> None:
    ines, party = own_stage.person("ines.moreau"), own_stage.party("demo-accounting")
    trusted = own_stage.sign_in("ines.moreau", trust=True)
    tokens = party.tokens(trusted, company=str(own_stage.company("atelier-lumen")))
    assert "refresh_token" in tokens

    browser = own_stage.browser()
    browser.get(asked(own_stage, "ines.moreau"))
    browser.submit()
    assert path_of(browser) == CODE_PAGE
    own_stage.forget_steps("ines.moreau")
    browser.submit({"code": ines.code()})
    choose(browser)
    assert browser.cookie("sesame_session")

    refused = party.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")  # type: ignore[index]
    trusted.get("/account")
    assert trusted.heading == "Sign in to your account"
    trusted.submit({"email": ines.address, "password": CHOSEN})
    assert path_of(trusted) == CODE_PAGE  # the browser is trusted no longer
    deliver(own_stage)
    changed = [subject for subject, _ in mails_to(own_stage, ines.address)]
    with own_stage.work(write=False) as work:
        everywhere = set(work.session.scalars(select(LocalMail.recipient).where(LocalMail.subject == changed[-1])))
    assert ines.address in everywhere


def test_every_address_is_told(own_stage: Stage) -> None:
    mehdi = own_stage.person("mehdi.haddad")
    browser = own_stage.browser()
    browser.get(asked(own_stage, "mehdi.haddad"))
    browser.submit()
    own_stage.forget_steps("mehdi.haddad")
    browser.submit({"code": mehdi.code()})
    choose(browser)
    deliver(own_stage)
    told = {
        address: [subject for subject, _ in mails_to(own_stage, address)]
        for address in (mehdi.address, "mehdi.h@perso.example.org")
    }
    subjects = [subject for subject in told["mehdi.h@perso.example.org"] if subject in told[mehdi.address]]
    assert "Votre mot de passe a été changé" in subjects, told


def test_without_a_second_factor_one_is_linked_after_the_new_password(own_stage: Stage) -> None:
    browser = own_stage.browser()
    browser.get(asked(own_stage, "camille.roux"))
    browser.submit()
    choose(browser)
    assert browser.heading == "Link your authenticator app"
    assert browser.cookie("sesame_session") is None
    secret = browser.text.split('data-copy="')[1].split('"')[0]
    browser.submit({"code": pyotp.TOTP(secret).now()})
    assert path_of(browser).startswith("/sign-in/")  # the recovery contact, then the codes
    assert browser.cookie("sesame_session") is None


def test_an_account_that_is_to_be_erased_is_asked_after_the_new_password(own_stage: Stage) -> None:
    browser = own_stage.browser()
    browser.get(asked(own_stage, "margaux.blanc"))
    browser.submit()
    own_stage.forget_steps("margaux.blanc")
    browser.submit({"code": own_stage.person("margaux.blanc").code()})
    choose(browser)
    assert browser.address.startswith("/sign-in/keep-account")
    assert browser.cookie("sesame_session") is None
    browser.submit({"decision": "keep"})
    assert browser.cookie("sesame_session")


def test_a_link_counts_until_the_next_one(own_stage: Stage) -> None:
    first = asked(own_stage, "hugo.perrin")
    second = asked(own_stage, "hugo.perrin")
    browser = own_stage.browser()
    browser.get(first)
    assert (browser.status, browser.heading) == (410, "This link is no longer valid")
    browser.get(second)
    assert browser.status == 200


def test_the_last_passwords_are_refused_with_the_reason(own_stage: Stage) -> None:
    hugo = own_stage.person("hugo.perrin")
    browser = own_stage.browser()
    browser.get(asked(own_stage, "hugo.perrin"))
    browser.submit()
    own_stage.forget_steps("hugo.perrin")
    browser.submit({"code": hugo.code()})
    for typed in (PASSWORD, "hugo.perrin.2026", "password1234"):
        browser.submit({"password": typed, "password_again": typed})
        assert (browser.status, browser.address) == (422, "/reset/new-password"), typed
        assert typed not in browser.text
    choose(browser)
    again = after_password(own_stage, "hugo.perrin")
    assert again.status == 422  # the old password
