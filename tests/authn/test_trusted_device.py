"""Trusted and known browsers."""

import pytest

from idp.authn import session, sign_in, trusted_device
from idp.authn.sign_in import Step
from tests.authn import flows
from tests.conftest import later


def test_trust_skips_the_code_and_nothing_else_for_thirty_days(work, make_account):
    ada = make_account()
    device = flows.signed_in(work, ada, trust=True).device_token
    near = later(work, days=29)
    attempt, _ = flows.password(near, ada, device=device)
    assert sign_in.step(near, attempt) is Step.DONE
    finished = sign_in.finish(near, attempt, trust=False, device_token=device)
    current = session.find(near, finished.session_token)
    assert (current.amr, current.acr) == (("pwd", "mfa"), session.ACR_TWO)
    assert finished.device_token is None  # trust is not prolonged by using it
    over = later(work, days=30)
    attempt, _ = flows.password(over, ada, device=device)
    assert sign_in.step(over, attempt) is Step.TOTP


def test_a_company_that_forbids_it_is_heeded_at_each_use(work, make_account):
    ada = make_account()
    device = flows.signed_in(work, ada, trust=True).device_token
    attempt, _ = flows.password(work, ada, device=device, allowed=flows.forbidden)
    assert sign_in.step(work, attempt) is Step.TOTP
    assert not sign_in.trust_offered(work, attempt, allowed=False)
    assert sign_in.trust_offered(work, attempt, allowed=True)


def test_trust_is_for_one_account(work, make_account):
    ada, bob = make_account(), make_account("bob@example.test")
    device = flows.signed_in(work, ada, trust=True).device_token
    attempt, _ = flows.password(work, bob, device=device)
    assert sign_in.step(work, attempt) is Step.TOTP


def test_two_people_at_one_computer_keep_their_trust(work, make_account):
    ada, bob = make_account(), make_account("bob@example.test")
    cookie = flows.signed_in(work, ada, trust=True).device_token
    for minutes in (5, 10, 15, 20, 25, 30):  # Bob comes often, and never trusts the machine
        cookie = flows.signed_in(later(work, minutes=minutes), bob, device=cookie).device_token
    attempt, _ = flows.password(work, ada, device=cookie)
    assert sign_in.step(work, attempt) is Step.DONE
    assert len(cookie.split(".")) == 2


def test_trust_ends_when_it_is_withdrawn(work, make_account):
    ada = make_account()
    device = flows.signed_in(work, ada, trust=True).device_token
    trusted_device.forget_all(work, ada.account.id)
    assert trusted_device.find(work, ada.account.id, device) is None


@pytest.mark.parametrize("cookie", [None, "", ".", "x" * 43, "x" * 10_000, "é" * 43, ".".join(["y" * 43] * 50)])
def test_a_cookie_that_says_nothing_is_nothing(work, make_account, cookie):
    assert trusted_device.find(work, make_account().account.id, cookie) is None
