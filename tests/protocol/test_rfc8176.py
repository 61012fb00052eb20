"""`amr` and `acr` say what was proved, by passkey as by password (RFC 8176, docs/passkeys.md)."""

import pytest

from idp.authn import passkey
from tests.authn.authenticator import Authenticator
from tests.party import Party
from tests.stage import Stage
from tests.web.browser import Browser

PERSON = "ines.moreau"
BOUND = "a session"


@pytest.fixture
def device(own_stage: Stage) -> Authenticator:
    """A passkey of one person of the demonstration."""
    made = Authenticator(origin="http://localhost")
    account = own_stage.person(PERSON).id
    with own_stage.work() as work:
        options = passkey.creation_options(work, account, passkey.ADD, BOUND)
        assert passkey.add(work, account, made.create(options), passkey.ADD, BOUND, "") is not None
    return made


def answered(browser: Browser, device: Authenticator, page: str, options: str) -> None:
    """Do on the page of this browser what `passkey.js` does, and follow as far as the service leads."""
    token = {"csrf_token": browser.form.values["csrf_token"]}
    asked = browser.client.post(options, data=token, headers=browser.headers)
    assert asked.status_code == 200, asked.text
    browser._follow(browser._send("POST", page, data={**token, "credential": device.get(asked.text)}))


def claims(party: Party, browser: Browser) -> list[tuple[list[str], str]]:
    """What ID token and access token say after a flow in this browser."""
    tokens = party.tokens(browser)
    told = [party.verified(tokens[name]) for name in ("id_token", "access_token")]
    assert told[0]["sub"] == told[1]["sub"]
    return [(each["amr"], each["acr"]) for each in told]


def test_a_passkey_alone(own_stage: Stage, device: Authenticator) -> None:
    party, browser = own_stage.party("demo-accounting"), own_stage.browser()
    browser.get(party.asking())
    assert browser.address.startswith("/sign-in?")
    answered(browser, device, browser.address.replace("/sign-in?", "/sign-in/passkey?"), "/sign-in/passkey/options")

    assert claims(party, browser) == [(["pop", "user", "mfa"], "urn:id:acr:2fa")] * 2


def test_a_passkey_after_the_password(own_stage: Stage, device: Authenticator) -> None:
    party, browser, person = own_stage.party("demo-accounting"), own_stage.browser(), own_stage.person(PERSON)
    browser.get("/sign-in?continue_to=/account")
    browser.submit({"email": person.address, "password": person.password})
    browser.get("/sign-in/code/passkey?continue_to=/account")
    answered(browser, device, "/sign-in/code/passkey?continue_to=/account", "/sign-in/code/passkey/options")

    assert claims(party, browser) == [(["pwd", "pop", "user", "mfa"], "urn:id:acr:2fa")] * 2


def test_a_password_and_a_code(own_stage: Stage) -> None:
    party = own_stage.party("demo-accounting")
    assert claims(party, own_stage.sign_in(PERSON)) == [(["pwd", "otp", "mfa"], "urn:id:acr:2fa")] * 2


def test_a_product_that_asks_for_a_proof_of_now_takes_a_passkey(own_stage: Stage, device: Authenticator) -> None:
    """RFC 9470: the second factor is asked for again, and the passkey is one."""
    party = own_stage.party("demo-accounting")
    browser = own_stage.sign_in(PERSON)
    browser.get(party.asking(acr_values="urn:id:acr:2fa", max_age="0"))
    assert browser.address.startswith("/sign-in/code")
    assert "Use my passkey" in browser.text
    page = browser.address.replace("/sign-in/code?", "/sign-in/code/passkey?")
    browser.get(page)
    answered(browser, device, page, "/sign-in/code/passkey/options")
    assert browser.answer is not None
    assert browser.answer.headers["Location"].startswith(party.redirect_uri)
