"""The ways to pages that are not simply there: half-finished journeys and links of mails."""

import html
import re
from typing import Any

import pyotp

from idp.authn import activation, recovery_code
from idp.oidc import clients, consent
from idp.oidc.models import Client
from tests.browser.guide import DETAILS, Guide, Walk
from tests.web.browser import Browser


def shown_secret(browser: Browser) -> str:
    return "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", browser.text))


# --- the ways ---


def at_the_code(guide: Guide) -> Browser:
    return guide.proved_password("hugo.perrin")


def at_the_lost_phone(guide: Guide) -> Browser:
    """A code has gone to the recovery contact."""
    browser = guide.proved_password("thomas.lefevre")
    browser.get("/sign-in/lost-phone")
    browser.submit()
    return browser


def by_lost_factor(guide: Guide) -> Browser:
    """The link of a lost phone is opened, and the password is asked for."""
    browser = guide.stage.browser()
    browser.get(f"/lost-factor/{lost_factor_link(guide)}")
    browser.submit()
    return browser


def lost_factor_link(guide: Guide) -> str:
    person = guide.stage.person("katrien.desmet")
    if guide.letters(person.address, "/lost-factor/"):
        return guide.token(person.address, "lost-factor")
    browser = guide.proved_password("katrien.desmet")
    browser.get("/sign-in/lost-phone")
    browser.submit()
    browser.submit({"code": guide.code("katrien.ds@perso.example.org")})
    return guide.token(person.address, "lost-factor")


def with_recovery_code(guide: Guide) -> Browser:
    """In with a recovery code: is the phone lost, or only at home?"""
    browser = guide.proved_password("samira.elamrani")
    with guide.stage.work() as work:
        codes = recovery_code.replace(work, guide.person("samira.elamrani"), kept=True)
    browser.get("/sign-in/recovery-code")
    browser.submit({"code": codes[0]})
    assert browser.address.startswith("/sign-in/without-phone"), browser.address
    return browser


def without_app(guide: Guide) -> Browser:
    """Camille, who stopped before the app."""
    return guide.proved_password("camille.roux")


def with_app(guide: Guide) -> Browser:
    """A new account with its app, at the recovery contact."""
    address = "zoe.kervadec@example.org"
    with guide.stage.work() as work:
        activation.invite(work, address=address, locale="fr-FR")
    browser = guide.stage.browser()
    browser.get(f"/activation/{guide.token(address, 'activation')}/details")
    browser.submit(DETAILS)
    browser.submit({"code": pyotp.TOTP(shown_secret(browser)).now()})
    return browser


def with_contact(guide: Guide) -> Browser:
    """The same account: a code was sent to its contact."""
    browser = guide.walk(with_app)
    browser.get("/sign-in/recovery-contact")
    browser.submit({"recovery_contact": "zoe@perso.example.org"})
    return browser


def with_codes(guide: Guide) -> Browser:
    """The same account, at its recovery codes."""
    browser = guide.walk(with_contact)
    browser.get("/sign-in/recovery-contact/code")
    browser.submit({"code": guide.code("zoe@perso.example.org")})
    return browser


def to_a_new_password(guide: Guide) -> Browser:
    """A forgotten password: link and second factor are proved."""
    person = guide.stage.person("fatou.diallo")
    browser = guide.stage.browser()
    browser.get(f"/reset/{reset_link(guide)}")
    browser.submit()
    guide.stage.forget_steps("fatou.diallo")
    browser.submit({"code": person.code()})
    return browser


def reset_link(guide: Guide) -> str:
    person = guide.stage.person("fatou.diallo")
    browser = guide.stage.browser()
    browser.get("/reset")
    browser.submit({"email": person.address})
    return guide.token(person.address, "reset")


def about_to_be_erased(guide: Guide) -> Browser:
    """Margaux, whose account waits for its erasure."""
    browser = guide.proved_password("margaux.blanc")
    browser.submit({"code": guide.stage.person("margaux.blanc").code()})
    return browser


def with_new_contact(guide: Guide) -> Browser:
    browser = guide.signed_in("etienne.garnier")
    browser.get("/account/contacts/add")
    browser.submit({"recovery_contact": "etienne@perso.example.org"})
    return browser


def with_new_address(guide: Guide) -> Browser:
    """A code has gone to the address that Étienne wants to sign in with."""
    browser = guide.signed_in("etienne.garnier")
    browser.get("/account/email/change")
    browser.submit({"email": "etienne@garnier.example.org", "email_again": "etienne@garnier.example.org"})
    return browser


def with_a_company_to_attach(guide: Guide) -> Browser:
    """Chloé, signed in, has opened the link of a company that she has ordered for another address of hers."""
    browser = guide.stage.sign_in("chloe.fontaine")
    browser.get(f"/get-started/{guide.order('chloe@fleurs.example', 'fleurs-attached')}")
    browser.get("/get-started/attach")
    return browser


def in_first_steps(guide: Guide) -> Browser:
    """Samira has a second company, and is asked who else will use it."""
    browser = guide.stage.sign_in("samira.elamrani")
    browser.get(f"/get-started/{guide.order('samira@fleurs.example', 'fleurs-begun')}")
    browser.get("/get-started/attach")
    browser.submit()
    assert browser.address.endswith("/users"), browser.address
    return browser


def in_services(guide: Guide) -> Browser:
    """The same company, one step on."""
    return _decided(guide, in_first_steps, "users")


def in_summary(guide: Guide) -> Browser:
    browser = _at(guide, in_services, "services")
    browser.submit(dict.fromkeys((name for name in browser.form.values if name.startswith("service_")), "later"))
    assert browser.address.endswith("/summary"), browser.text[:900]
    return browser


def after_first_steps(guide: Guide) -> Browser:
    browser = _at(guide, in_summary, "summary")
    browser.submit()
    assert browser.address.endswith("/done"), browser.text[:900]
    return browser


def _at(guide: Guide, before: Walk, page: str) -> Browser:
    browser = guide.walk(before)
    browser.get(f"/companies/{guide.stage.company('fleurs-begun')}/get-started/{page}")
    return browser


def _decided(guide: Guide, before: Walk, page: str) -> Browser:
    browser = _at(guide, before, page)
    form = browser.form.values
    sent = {
        "given_name": "Lise", "family_name": "Petit", "email": "lise@fleurs.example", "locale": "fr-FR",
        "role_capture": "capture.reader",
    }  # fmt: skip
    browser.submit(sent)
    decided = {"answer": "done", "csrf_token": form["csrf_token"]}
    browser._follow(browser._send("POST", f"{browser.address.partition('?')[0]}/decided", data=decided))
    assert browser.address.endswith("/services"), browser.text[:900]
    return browser


def asked_for_consent(guide: Guide) -> Browser:
    """A bank's application asks to use an account."""
    names = {"fr": "Banque Kervella", "en": "Kervella Bank"}
    pages = {"client_uri": "https://kervella.example/", "policy_uri": "https://kervella.example/privacy"}
    pages["tos_uri"] = "https://kervella.example/terms"
    party = guide.stage.register(client_id="kervella", trusted=False, names=names, options=pages)
    browser = guide.stage.sign_in("hugo.perrin")
    browser.get(party.asking(scope="openid profile email"))
    assert browser.address.startswith("/consent"), browser.text
    return browser


def at_a_device(guide: Guide) -> Browser:
    """A scanner asks to work for somebody, who has typed its code."""
    browser = guide.stage.sign_in("thomas.lefevre")
    browser.get("/device")
    browser.submit({"user_code": begun(guide)["user_code"]})
    assert browser.address.startswith("/device/confirm"), browser.text
    return browser


def with_a_device(guide: Guide) -> Browser:
    browser = guide.stage.sign_in("ines.moreau")
    browser.get("/device")
    browser.submit({"user_code": begun(guide)["user_code"]})
    browser.submit({"decision": "allow"})
    return browser


def begun(guide: Guide) -> dict[str, str]:
    """What a scanner is told that begins."""
    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    party = guide.stage.register(
        names={"fr": "Numériseur du bureau", "en": "Office scanner"}, token_endpoint_auth_method="none",
        grant_types=[grant_type, "refresh_token"], product="accounting", resource="https://scanner.example.org/api",
    )  # fmt: skip
    answer = party.post("/oauth/device_authorization", scope="openid profile offline_access")
    return {**answer.json, "client_id": party.client_id}  # type: ignore[dict-item]


def with_an_application(guide: Guide) -> Browser:
    browser = guide.walk(asked_for_consent)
    browser.submit({"decision": "allow"})
    return browser


def with_authorised_applications(guide: Guide) -> Browser:
    """An administrator of a company in which three people let two applications of others act."""
    names = {
        "kervella-books": {"fr": "Banque Kervella, comptes d’entreprise", "en": "Kervella Bank, company accounts"},
        "shop-link": {"fr": "Ma Boutique en ligne", "en": "My Online Shop"},
    }
    options = {"client_uri": "https://kervella.example/", "policy_uri": "https://kervella.example/privacy"}
    company = guide.stage.company("atelier-lumen")
    for client_id, called in names.items():
        guide.stage.register(
            client_id=client_id,
            trusted=False,
            names=called,
            product="accounting",
            options=options,
            resource=f"https://{client_id}.example.org/api",
        )
    given = {"kervella-books": ("ines.moreau", "thomas.lefevre"), "shop-link": ("karim.benali",)}
    with guide.stage.work() as work:
        for client_id, people in given.items():
            for person in people:
                scope = "openid email offline_access" if person == "ines.moreau" else "openid profile"
                consent.give(work, clients.get(work, client_id), guide.person(person), scope, company_id=company)
    return guide.stage.sign_in("amelie.dubois")


def authorised(guide: Guide) -> Any:
    guide.walk(with_authorised_applications)
    return guide.one(Client.id, Client.client_id == "kervella-books")


def at_the_choice(guide: Guide) -> Browser:
    """Of the company in which Nathalie opens a product."""
    browser = guide.stage.sign_in("nathalie.deltour")
    browser.get(guide.stage.party("demo-accounting").asking())
    return browser


def trusting(guide: Guide) -> Browser:
    """In a browser that is trusted."""
    return guide.stage.sign_in("karim.benali", trust=True)


def about_mehdi(guide: Guide) -> Browser:
    """Somebody of the staff who has looked up an account."""
    browser = guide.stage.sign_in("olivier.renard")
    browser.get("/operations/accounts")
    browser.submit({"email": guide.stage.person("mehdi.haddad").address})
    return browser


def about_hugo(guide: Guide) -> Browser:
    """The same, about to open a case."""
    browser = guide.stage.sign_in("olivier.renard")
    browser.get("/operations/accounts")
    browser.submit({"email": guide.stage.person("hugo.perrin").address})
    found = re.search(r'href="([^"]+/cases/reset-2fa[^"]*)"', browser.text)
    assert found is not None, browser.text[:900]
    browser.get(html.unescape(found[1]))
    return browser


def about_joris(guide: Guide) -> Browser:
    """Somebody of the staff about to block an account whose holder owns a company."""
    browser = guide.stage.sign_in("annelaure.petit")
    browser.get("/operations/accounts")
    browser.submit({"email": guide.stage.person("joris.vanderlinden").address})
    found = re.search(r'href="([^"]+/block[^"]*)"', browser.text)
    assert found is not None, browser.text[:900]
    browser.get(html.unescape(found[1]))
    return browser


def guide_for_amelie(guide: Guide) -> Browser:
    """Somebody of the staff about to send an owner the steps to give an accountant access."""
    browser = guide.stage.sign_in("olivier.renard")
    browser.get("/operations/accounts")
    browser.submit({"email": guide.stage.person("amelie.dubois").address, "then": "guide"})
    return browser


def ordered(guide: Guide) -> str:
    address = "rose@fleurs.example"
    if guide.letters(address, "/get-started/"):
        return guide.token(address, "get-started")
    return guide.order(address, "fleurs-du-quai")
