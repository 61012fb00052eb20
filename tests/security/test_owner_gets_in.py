"""While strangers guess, the owner gets in; and what is far too long costs nothing (R-05, R-08)."""

import time

from idp.authn import passkey, reset, sign_in
from idp.authn.sign_in import Outcome, Step
from tests.authn import flows
from tests.authn.authenticator import Authenticator
from tests.conftest import from_network
from tests.outbox_content import mails
from tests.stage import Stage


def guess(work, person):
    """Forty wrong passwords from forty networks: an unknown browser is refused from now on, the right one included."""
    for number in range(40):
        flows.password(from_network(work, f"198.51.100.{number + 1}"), person, typed="not the password 12")
    assert flows.password(work, person)[1] is Outcome.REFUSED


def test_a_passkey_gets_in(work, make_account):
    ada, key = make_account(recovery_codes=True), Authenticator()
    account_id = ada.account.id
    answer = key.create(passkey.creation_options(work, account_id, passkey.ADD, account_id))
    assert passkey.add(work, account_id, answer, passkey.ADD, account_id, "key") is not None
    guess(work, ada)
    attempt = flows.attempt(work)
    signed = key.get(passkey.request_options(work, passkey.SIGN_IN, "browser"))
    assert sign_in.prove_passkey(work, attempt, signed, browser_token="browser") is Outcome.ACCEPTED
    assert "key" in attempt.methods


def test_a_known_browser_gets_in(work, make_account):
    ada = make_account()
    device = flows.signed_in(work, ada).device_token
    guess(work, ada)
    assert flows.password(work, ada, device=device)[1] is Outcome.ACCEPTED


def test_a_recovery_code_gets_in_by_the_mailbox(work, make_account):
    ada = make_account(recovery_codes=True)
    guess(work, ada)
    reset.send(work, ada.address)
    token = mails(work)[-1]["variables"]["path"].split("/")[-1]
    attempt, _ = reset.begin(work, token)
    assert sign_in.prove_recovery_code(work, attempt, ada.recovery_codes[0]) is Outcome.ACCEPTED
    reset.set_password(work, attempt, "glissade sous la neige 4")
    assert sign_in.step(work, attempt) not in (Step.PASSWORD, Step.TOTP)


def test_a_password_of_a_mebibyte_costs_nothing(own_stage: Stage) -> None:
    browser = own_stage.browser()
    browser.get("/sign-in")
    token = browser.form.values["csrf_token"]
    for size in (2**20, 60_000):
        sent = {"email": own_stage.person("ines.moreau").address, "password": "x" * size, "csrf_token": token}
        began = time.process_time()
        answer = browser.client.post("/sign-in", data=sent, headers=browser.headers)
        assert time.process_time() - began < 0.05, size
        assert answer.status_code in (413, 422), size
