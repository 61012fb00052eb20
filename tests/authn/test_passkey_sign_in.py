"""Passkeys in an attempt: alone, in place of a code, enrolled instead of an app; and what tokens may say of it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.authn import authenticators, lost_factor, passkey, passkey_proof, recovery_code, session, sign_in, throttle
from idp.authn.models import Passkey, Session
from idp.authn.sign_in import Outcome, Step
from idp.core.errors import Conflict, Expired
from tests.authn import flows
from tests.authn.authenticator import Authenticator
from tests.conftest import from_network, later

COOKIE = "the cookie of one browser"


@pytest.fixture
def ada(make_account):
    return make_account()


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def enrolled(work, ada, phone) -> Authenticator:
    """Ada's phone, with a passkey."""
    options = passkey.creation_options(work, ada.account.id, passkey.ADD, "s")
    assert passkey.add(work, ada.account.id, phone.create(options), passkey.ADD, "s", "phone") is not None
    work.session.commit()
    work.write()
    return phone


def reasons(work) -> list[str]:
    rows = work.session.scalars(
        select(AuditEvent).where(AuditEvent.name == "passkey.refused").order_by(AuditEvent.sequence)
    )
    return [row.details["reason"] for row in rows]


# --- in an attempt ---


def test_a_passkey_alone_opens_a_session_of_two_factors(work, ada, enrolled):
    attempt = flows.attempt(work)
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)

    assert sign_in.prove_passkey(work, attempt, enrolled.get(options), browser_token=COOKIE) is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.DONE
    finished = sign_in.finish(work, attempt, trust=False)

    current = session.find(work, finished.session_token)
    assert current.account_id == ada.account.id
    assert current.amr == ("pop", "user", "mfa")  # RFC 8176: neither that it is hardware nor that it is not
    assert current.acr == session.ACR_TWO


def test_a_passkey_is_a_second_factor(work, ada, enrolled):
    attempt, _ = flows.password(work, ada)
    options = passkey.request_options(work, passkey.PROVE, attempt.id)

    assert sign_in.prove_passkey(work, attempt, enrolled.get(options)) is Outcome.ACCEPTED
    finished = sign_in.finish(work, attempt, trust=True)

    assert session.find(work, finished.session_token).amr == ("pwd", "pop", "user", "mfa")


def test_the_second_factor_of_an_attempt_is_not_the_passkey_of_another(work, ada, enrolled, make_account):
    bob = make_account("bob@example.test")
    attempt, _ = flows.password(work, bob)
    options = passkey.request_options(work, passkey.PROVE, attempt.id)

    assert sign_in.prove_passkey(work, attempt, enrolled.get(options)) is Outcome.REFUSED
    assert sign_in.step(work, attempt) is Step.TOTP


def test_a_challenge_of_one_attempt_is_not_one_of_another(work, ada, enrolled):
    asked, _ = flows.password(work, ada)
    other, _ = flows.password(work, ada)
    answer = enrolled.get(passkey.request_options(work, passkey.PROVE, asked.id))

    assert sign_in.prove_passkey(work, other, answer) is Outcome.REFUSED
    assert sign_in.prove_passkey(work, asked, answer) is Outcome.ACCEPTED


def test_it_is_not_asked_for_before_the_password_or_in_a_step_up_of_nobody(work, ada, enrolled):
    attempt = flows.attempt(work)
    with pytest.raises(Conflict):
        sign_in.prove_passkey(work, attempt, "{}")

    finished = flows.signed_in(work, ada)
    current = session.find(work, finished.session_token)
    stepping = flows.attempt(work, purpose="step_up", current=current)
    with pytest.raises(Conflict):
        sign_in.prove_passkey(work, stepping, "{}", browser_token=COOKIE)
    answer = enrolled.get(passkey.request_options(work, passkey.PROVE, stepping.id))
    assert sign_in.prove_passkey(work, stepping, answer) is Outcome.ACCEPTED
    token = sign_in.finish(work, stepping, trust=False).session_token
    assert session.find(work, token).amr == ("pop", "user", "mfa")  # both factors anew: what was before is left behind


def test_who_is_blocked_does_not_get_in(work, ada, enrolled):
    ada.account.status = "blocked"
    work.session.flush()
    attempt = flows.attempt(work)
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)

    assert sign_in.prove_passkey(work, attempt, enrolled.get(options), browser_token=COOKIE) is Outcome.REFUSED
    assert attempt.methods == set()
    assert reasons(work) == ["status"]


def test_guessing_passwords_and_codes_does_not_keep_the_holder_out(work, ada, enrolled):
    """R-08: passwords and codes are paused, from everywhere; the passkey is not."""
    limits = work.policies.account
    for _ in range(limits.wrong_passwords.max + 2):
        flows.password(work, ada, typed="a wrong password of some length")
    for kind in ("totp", "recovery_code"):
        while throttle.take(work, kind, str(ada.account.id), limits.wrong_codes).allowed:
            pass
    assert flows.password(work, ada)[1] is Outcome.REFUSED

    attempt = flows.attempt(work)
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)
    assert sign_in.prove_passkey(work, attempt, enrolled.get(options), browser_token=COOKIE) is Outcome.ACCEPTED
    assert sign_in.finish(work, attempt, trust=False).account_id == ada.account.id


def test_strangers_of_one_network_cannot_ask_for_ever(work, ada, enrolled):
    """Challenges and answers of nobody cost rows, so they are counted per network; elsewhere nothing is felt."""
    asked = passkey_proof.options_for_anybody(work, "browser")
    for _ in range(passkey_proof.STRANGERS.max - 1):
        throttle.take(work, passkey_proof.KIND_NETWORK, work.actor.network, passkey_proof.STRANGERS, in_a_row=None)
    before = work.session.scalar(select(func.count()).select_from(AuditEvent))
    assert asked is not None
    assert passkey_proof.options_for_anybody(work, "browser") is None
    attempt = flows.attempt(work)
    assert sign_in.prove_passkey(work, attempt, "{}", browser_token="browser") is Outcome.PAUSED
    assert work.session.scalar(select(func.count()).select_from(AuditEvent)) == before
    elsewhere = from_network(work, "203.0.113.9")
    attempt = flows.attempt(elsewhere)
    signed = enrolled.get(passkey_proof.options_for_anybody(elsewhere, "browser"))
    assert sign_in.prove_passkey(elsewhere, attempt, signed, browser_token="browser") is Outcome.ACCEPTED
    assert passkey_proof.options_for_anybody(later(work, minutes=16), "browser") is not None


def test_an_attempt_that_another_began_is_taken_over_without_its_proofs(work, ada, enrolled, make_account):
    bob = make_account("bob@example.test", second_factor=False)
    attempt, _ = flows.password(work, bob)
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)

    assert sign_in.prove_passkey(work, attempt, enrolled.get(options), browser_token=COOKIE) is Outcome.ACCEPTED
    assert (attempt.account_id, attempt.methods) == (ada.account.id, {"key"})


# --- enrolling one ---


@pytest.fixture
def bare(make_account):
    """Somebody without a second factor."""
    return make_account("eve@example.test", second_factor=False)


def test_a_passkey_instead_of_an_app(work, bare, phone):
    attempt, _ = flows.password(work, bare)
    assert sign_in.step(work, attempt) is Step.ENROL
    options = passkey_proof.creation_options(work, attempt)

    assert passkey_proof.enrol(work, attempt, phone.create(options)) is Outcome.ACCEPTED
    assert attempt.methods == {"pwd", "key"}
    assert attempt.held
    assert work.session.scalar(select(Passkey.name)) == "Firefox, Linux"
    assert sign_in.step(work, attempt) is not Step.ENROL

    again, _ = flows.password(later(work, minutes=1), bare)
    assert sign_in.step(work, again) is Step.TOTP
    with pytest.raises(Conflict):
        passkey_proof.creation_options(work, again)


def test_an_attempt_that_was_overtaken_enrols_nothing(work, bare, phone):
    first, _ = flows.password(work, bare)
    second, _ = flows.password(work, bare)
    first_options, second_options = (passkey_proof.creation_options(work, each) for each in (first, second))
    work.session.commit()
    work.write()

    assert passkey_proof.enrol(work, first, phone.create(first_options)) is Outcome.ACCEPTED
    with pytest.raises(Conflict):
        passkey_proof.enrol(work, second, Authenticator().create(second_options))
    assert work.session.scalar(select(func.count()).select_from(Passkey)) == 1


def test_nothing_is_enrolled_where_a_code_is_due(work, ada, phone):
    attempt, _ = flows.password(work, ada)
    with pytest.raises(Conflict):
        passkey_proof.creation_options(work, attempt)
    with pytest.raises(Conflict):
        passkey_proof.enrol(work, attempt, "{}")


def test_an_attempt_that_is_over_takes_no_passkey(work, ada, enrolled):
    attempt = flows.attempt(work)
    answer = enrolled.get(passkey.request_options(work, passkey.SIGN_IN, COOKIE))
    with pytest.raises(Expired):
        sign_in.prove_passkey(later(work, hours=2), attempt, answer, browser_token=COOKIE)


def test_sessions_of_a_passkey_begin_their_time_again(work, ada, enrolled):
    finished = flows.signed_in(work, ada)
    work = later(work, minutes=30)
    current = session.find(work, finished.session_token)
    attempt = flows.attempt(work, current=current)
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)
    assert sign_in.prove_passkey(work, attempt, enrolled.get(options), browser_token=COOKIE) is Outcome.ACCEPTED
    renewed = session.find(work, sign_in.finish(work, attempt, trust=False).session_token)

    assert (renewed.session_id, renewed.auth_time) == (current.session_id, work.now)
    assert renewed.expires_at - current.expires_at == timedelta(minutes=30)
    assert work.session.scalar(select(func.count()).select_from(Session)) == 1


def test_a_passkey_takes_the_place_of_a_lost_phone(work, make_account):
    """J6: what a recovery code leads to ends in a passkey as well; everything that rested on the phone is void."""
    eve, device = make_account("eve@example.test", recovery_codes=True), Authenticator()
    attempt, _ = flows.password(work, eve)
    assert sign_in.prove_recovery_code(work, attempt, eve.recovery_codes[0]) is Outcome.ACCEPTED
    lost, _ = lost_factor.turn(work, attempt)
    assert lost_factor.prove_password(work, lost, eve.password, device_token=None) is Outcome.ACCEPTED
    assert sign_in.step(work, lost) is Step.ENROL
    answer = device.create(passkey_proof.creation_options(work, lost))

    assert passkey_proof.enrol(work, lost, answer) is Outcome.ACCEPTED
    assert [(each.kind, each.name) for each in authenticators.held(work, eve.account.id)] == [
        ("passkey", "Firefox, Linux")
    ]
    assert recovery_code.left(work, eve.account.id) == 0
    assert sign_in.step(work, lost) is Step.CODES
