"""What strangers typed against an old secret does not count against its successor: nobody is locked out for good."""

from idp.accounts import recovery_contact
from idp.authn import authenticators, lost_factor, one_time_code, passkey, recovery_code, reset, sign_in, throttle, totp
from idp.authn.outcome import Outcome
from tests.authn import flows
from tests.conftest import give_contact, later
from tests.outbox_content import mails

HOME = "ada@perso.example.org"
LOST = f"code:{lost_factor.PURPOSE}"


def given_up(work, kind, person):
    """A hundred wrong tries in a row, an hour's pause after every fifth."""
    limit = work.policies.account.wrong_codes
    taken = 0
    while taken < throttle.IN_A_ROW:
        if throttle.take(work, kind, str(person.account.id), limit).allowed:
            taken += 1
        else:
            work = later(work, minutes=61)
    work = later(work, days=30)
    assert not throttle.take(work, kind, str(person.account.id), limit).allowed, "for good"
    return work


def free(work, kind, person):
    return throttle.paused_until(work, kind, str(person.account.id)) is None


def link_of(work, template):
    return next(mail["variables"]["path"] for mail in reversed(mails(work)) if mail["template"] == template).rpartition(
        "/"
    )[2]


def test_a_new_app_is_not_paused_for_what_was_typed_at_the_lost_one(work, make_account):
    ada = make_account(contact=False, recovery_codes=True)
    give_contact(work, ada.account.id, kind="email", value=HOME)
    for kind in (sign_in.TOTP, sign_in.RECOVERY_CODE):
        work = given_up(work, kind, ada)

    attempt, _ = flows.password(work, ada)
    lost_factor.send_code(work, attempt, recovery_contact.verified(work, ada.account.id)[0].id)
    assert lost_factor.prove_contact(work, attempt, flows.sent_code(work))[0] is Outcome.ACCEPTED
    attempt, _ = lost_factor.begin(work, link_of(work, "lost_factor_link"))
    assert lost_factor.prove_password(work, attempt, ada.password, device_token=None) is Outcome.ACCEPTED
    secret = sign_in.begin_enrolment(work, attempt).secret
    assert sign_in.confirm_enrolment(work, attempt, totp.current_code(work, secret)) is Outcome.ACCEPTED
    codes = flows.keep_codes(work, attempt)
    sign_in.finish(work, attempt, trust=False)

    work = later(work, minutes=2)
    attempt, _ = flows.password(work, ada)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, secret)) is Outcome.ACCEPTED
    attempt, _ = flows.password(work, ada)
    assert sign_in.prove_recovery_code(work, attempt, codes[0]) is Outcome.ACCEPTED


def test_an_app_linked_by_somebody_signed_in_is_not_paused(work, make_account):
    ada = make_account()
    work = given_up(work, sign_in.TOTP, ada)
    new = authenticators.new_app(work, ada.account.id)
    code = totp.current_code(work, new.secret)
    added = authenticators.add_app(work, ada.account.id, sealed=new.sealed, code=code, name="new")
    assert added is Outcome.ACCEPTED
    assert free(work, sign_in.TOTP, ada)


def test_a_new_set_of_recovery_codes_is_not_paused(work, make_account):
    ada = make_account(recovery_codes=True)
    work = given_up(work, sign_in.RECOVERY_CODE, ada)
    recovery_code.replace(work, ada.account.id)
    assert free(work, sign_in.RECOVERY_CODE, ada)


def test_who_guessed_the_code_of_a_contact_had_the_password_before(work, make_account):
    ada = make_account()
    work = given_up(work, LOST, ada)
    reset.send(work, ada.address)
    attempt, _ = reset.begin(work, link_of(work, "password_reset"))
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    assert not free(work, LOST, ada)
    reset.set_password(work, attempt, "cinq lanternes au bord du quai")
    assert one_time_code.paused_until(work, ada.account.id, lost_factor.PURPOSE) is None


def test_a_passkey_in_place_of_the_lost_factor_opens_the_way_of_the_contact_again(work, make_account):
    ada = make_account()
    work = given_up(work, LOST, ada)
    assert not passkey.holds(work, ada.account.id)
    attempt, _ = flows.password(work, ada)
    kept = totp.secrets_of(work, ada.account.id)[0][0]
    lost_factor.void(work, attempt, ada.account.id, keep=kept)
    assert free(work, LOST, ada)
