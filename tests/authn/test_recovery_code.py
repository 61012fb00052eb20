"""Recovery codes."""

from sqlalchemy import select

from idp.authn import recovery_code, session, sign_in
from idp.authn.models import RecoveryCode
from idp.authn.sign_in import Outcome
from tests.authn import flows


def test_a_code_stands_in_for_the_second_factor_once(work, make_account):
    ada = make_account(recovery_codes=True)
    attempt, _ = flows.password(work, ada)
    assert sign_in.prove_recovery_code(work, attempt, ada.recovery_codes[3]) is Outcome.ACCEPTED
    finished = sign_in.finish(work, attempt, trust=True)
    current = session.find(work, finished.session_token)
    assert (current.amr, current.acr) == (("pwd", "mfa"), session.ACR_TWO)
    assert recovery_code.left(work, ada.account.id) == 9

    again, _ = flows.password(work, ada, device=finished.device_token)
    assert sign_in.step(work, again) is sign_in.Step.TOTP  # no trust after a recovery code
    assert sign_in.prove_recovery_code(work, again, ada.recovery_codes[3]) is Outcome.REFUSED


def test_a_new_set_voids_the_old_one(work, make_account):
    ada = make_account(recovery_codes=True)
    fresh = recovery_code.replace(work, ada.account.id)
    assert not recovery_code.spend(work, ada.account.id, ada.recovery_codes[0])
    assert recovery_code.spend(work, ada.account.id, fresh[0])


def test_codes_are_of_one_account_alone(work, make_account):
    ada = make_account(recovery_codes=True)
    bob = make_account("bob@example.test", recovery_codes=True)
    assert not recovery_code.spend(work, bob.account.id, ada.recovery_codes[0])


def test_codes_are_read_as_people_write_them(work, make_account):
    ada = make_account(recovery_codes=True)
    written = ada.recovery_codes[0].replace("-", " ").lower().replace("0", "o").replace("1", "l")
    assert recovery_code.spend(work, ada.account.id, f" {written} ")


def test_codes_hold_eighty_random_bits_and_are_kept_as_digests(work, make_account):
    ada = make_account(recovery_codes=True)
    assert len(set(ada.recovery_codes)) == 10
    for code in ada.recovery_codes:
        letters = code.replace("-", "")
        assert len(letters) * 5 >= 64
        assert set(letters) <= set(recovery_code.ALPHABET)
    stored = b"".join(row.digest for row in work.session.scalars(select(RecoveryCode)))
    assert all(code.replace("-", "").encode() not in stored for code in ada.recovery_codes)
