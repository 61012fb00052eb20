"""What becomes of the demonstration's people on the way to pages that are about it."""

from typing import Any
from uuid import uuid4

from idp.accounts import recovery_contact
from idp.authn import activation, email_change, totp
from idp.authn.models import Session, TrustedDevice
from idp.companies import support_acts, support_case, support_due
from idp.companies.models import SupportCase
from idp.work import Actor
from tests.browser import ways
from tests.browser.guide import PHONE, Guide
from tests.web.browser import Browser


def activation_link(guide: Guide) -> str:
    address = "lou.garnier@example.org"
    if not guide.letters(address, "/activation/"):
        with guide.stage.work() as work:
            activation.invite(work, address=address, locale="fr-FR")
        guide.deliver()
    return guide.token(address, "activation")


def not_me_link(guide: Guide) -> str:
    guide.stage.sign_in("hugo.perrin")
    elsewhere = guide.stage.browser()
    elsewhere.headers["User-Agent"] = PHONE
    guide.stage.sign_in("hugo.perrin", elsewhere)
    return guide.token(guide.stage.person("hugo.perrin").address, "not-me")


def confirm_link(guide: Guide) -> str:
    """Two of the staff have changed the address of somebody who cannot reach the old one."""
    person = guide.person("elke.janssens")
    with guide.stage.work() as work:
        email_change.by_staff(work, person, "elke@perso.example.org")
    return guide.token("elke@perso.example.org", "email-change/confirm")


def ordered_elsewhere(guide: Guide) -> Browser:
    """Rose, who wants another address for her account than the one she ordered with."""
    browser = guide.stage.browser()
    browser.get(f"/get-started/{ways.ordered(guide)}/address")
    browser.submit({"email": "rose.marin@perso.example.org"})
    assert browser.address.endswith("/address/code"), browser.text[:900]
    return browser


def accepted_invitation(guide: Guide) -> str:
    token = guide.token("luc@toitures-vanderlinden.example.com", "invitation")
    browser = guide.signed_in("luc.wouters")
    browser.get(f"/invitation/{token}")
    if "/welcome" not in browser.address:
        browser.submit()
    return token


def second_app(guide: Guide) -> Any:
    """One of two, so that it may go."""
    person = guide.person("chloe.fontaine")
    with guide.stage.work() as work:
        return totp.enrol(work, person, totp.new_secret(), name="Téléphone de l’atelier").id


def second_contact(guide: Guide) -> Any:
    person = guide.person("chloe.fontaine")
    with guide.stage.work() as work:
        return recovery_contact.add(work, person, kind="email", value="chloe@perso.example.org").id


def trusted_browser(guide: Guide) -> Any:
    guide.walk(ways.trusting)
    karim = TrustedDevice.account_id == guide.person("karim.benali")
    return guide.one(TrustedDevice.id, karim, TrustedDevice.skips_second_factor)


def other_session(guide: Guide) -> Any:
    """Of Inès, on her telephone."""
    elsewhere = guide.stage.browser()
    elsewhere.headers["User-Agent"] = PHONE
    guide.stage.sign_in("ines.moreau", elsewhere)
    return guide.one(Session.id, Session.account_id == guide.person("ines.moreau"), Session.ended_at.is_(None))


def asked_case(guide: Guide) -> Any:
    """Of Luc, who has lost everything and asks himself."""
    browser = guide.stage.browser()
    browser.get("/recovery")
    browser.submit({"email": guide.stage.person("luc.wouters").address})
    guide.deliver()
    return guide.one(SupportCase.id, SupportCase.account_id == guide.person("luc.wouters"))


def sent_case(guide: Guide) -> Any:
    """Of Mehdi, once two people have agreed and the day is over."""
    mehdi = SupportCase.account_id == guide.person("mehdi.haddad")
    key = guide.one(SupportCase.id, mehdi)
    agreeing = Actor("account", guide.person("pieter.claes"), session_id=uuid4())
    with guide.stage.work() as work:
        support_case.approve(work.acting(agreeing), key)
    with guide.stage.work(write=False) as work:
        support_due.carry_out(work.later(hours=25), support_acts.ACTS)
    return key
