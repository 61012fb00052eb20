"""Taking a change of address back: until when, and what goes with it."""

import pyotp
import pytest
from sqlalchemy import delete

from idp.audit import log as audit
from idp.authn import address_switch, passkey, reset, sign_in, totp
from idp.authn.models import TotpAuthenticator
from idp.authn.proofs import Step
from idp.authn.sign_in import Outcome
from idp.core.errors import Expired, InvalidInput, NotFound
from idp.work import Actor
from tests.authn import flows
from tests.authn.authenticator import Authenticator
from tests.authn.test_email_change import acting, ada, changed, token_to  # noqa: F401 - the first two are fixtures
from tests.conftest import later


def test_what_was_added_since_is_no_second_factor_of_the_holder(acting, ada):  # noqa: F811
    """A stranger who changed the address and linked an app or a passkey of their own must not keep it."""
    changed(acting, ada)
    link = token_to(acting, ada.address, "email_changed_undo")
    totp.enrol(acting.later(hours=1), ada.account.id, pyotp.random_base32(), name="a stranger's")
    attempt, _ = address_switch.undo(acting.later(days=1).acting(Actor()), link)
    assert [secret for _, secret in totp.secrets_of(acting, ada.account.id)] == [ada.secret]
    assert sign_in.step(acting, attempt) is Step.TOTP
    assert attempt.continue_to == "/account/authenticators"
    assert audit.verify(acting) == []


def test_the_last_second_factor_stays_even_when_it_is_younger_than_the_change(acting, ada):  # noqa: F811
    """R-19: or else the old mailbox alone would lead to a new second factor."""
    changed(acting, ada)
    link = token_to(acting, ada.address, "email_changed_undo")
    acting.session.execute(delete(TotpAuthenticator).where(TotpAuthenticator.account_id == ada.account.id))
    secret = pyotp.random_base32()
    totp.enrol(acting.later(hours=1), ada.account.id, secret, name="the new telephone")
    attempt, _ = address_switch.undo(acting.later(days=1).acting(Actor()), link)
    assert [kept for _, kept in totp.secrets_of(acting, ada.account.id)] == [secret]
    assert sign_in.step(acting, attempt) is Step.TOTP


def test_the_undo_link_ends_after_seven_days(acting, ada):  # noqa: F811
    changed(acting, ada)
    link = token_to(acting, ada.address, "email_changed_undo")
    with pytest.raises(Expired):
        address_switch.undo(acting.later(days=7), link)
    with pytest.raises(NotFound):
        address_switch.find_to_undo(acting, link[:-1] + ("A" if link[-1] != "A" else "B"))


def test_the_password_that_a_stranger_had_is_not_taken_again(acting, ada):  # noqa: F811
    """It is void because somebody else knew it: that the holder likes it does not make it the holder's alone."""
    changed(acting, ada)
    link = token_to(acting, ada.address, "email_changed_undo")
    attempt, _ = address_switch.undo(acting.later(hours=1).acting(Actor()), link)
    work = later(acting, hours=1).acting(Actor())
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    with pytest.raises(InvalidInput) as refused:
        reset.set_password(work, attempt, ada.password)
    assert refused.value.members["reason"] == "used_before"
    reset.set_password(work, attempt, "un chemin sans moulin 7")
    assert sign_in.step(work, attempt) is Step.DONE


def test_a_strangers_passkey_opens_nothing_although_it_is_all_that_is_left(acting, ada):  # noqa: F811
    """Who changed the address, linked a passkey and removed the holder's app still has the second factor (R-19), but
    not the account: a passkey signs in alone only where its holder has a password."""
    changed(acting, ada)
    key = Authenticator()
    made = passkey.creation_options(acting, ada.account.id, passkey.ADD, acting.actor.session_id)
    assert passkey.add(acting, ada.account.id, key.create(made), passkey.ADD, acting.actor.session_id, "theirs")
    acting.session.execute(delete(TotpAuthenticator).where(TotpAuthenticator.account_id == ada.account.id))
    acting.session.flush()

    def alone(work):
        attempt = flows.attempt(work)
        options = passkey.request_options(work, passkey.SIGN_IN, "browser")
        return sign_in.prove_passkey(work, attempt, key.get(options), browser_token="browser")

    assert alone(acting) is Outcome.ACCEPTED
    link = token_to(acting, ada.address, "email_changed_undo")
    address_switch.undo(acting.later(hours=1).acting(Actor()), link)
    assert passkey.holds(acting, ada.account.id)
    assert alone(acting) is Outcome.REFUSED
