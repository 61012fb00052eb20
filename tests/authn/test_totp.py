"""One-time passwords."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select

from idp.authn import totp
from idp.authn.models import TotpAuthenticator
from idp.authn.totp import Checked
from idp.core.errors import Unavailable


def test_codes_are_those_of_rfc_6238(work, make_account):
    ada = make_account()
    generator = pyotp.TOTP(ada.secret)  # SHA-1, 6 digits, 30 s
    assert totp.current_code(work, ada.secret) == generator.at(work.now)
    assert totp.verify(work, ada.account.id, generator.at(work.now)) is Checked.RIGHT


@pytest.mark.parametrize(("seconds", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_on_either_side_is_accepted(work, make_account, seconds, right):
    ada = make_account()
    code = pyotp.TOTP(ada.secret).at(work.now + timedelta(seconds=seconds))
    assert totp.verify(work, ada.account.id, code) is (Checked.RIGHT if right else Checked.WRONG)


def test_each_step_serves_once_and_none_before_it(work, make_account):
    ada = make_account()
    generator = pyotp.TOTP(ada.secret)
    code = generator.at(work.now)
    earlier = generator.at(work.now - timedelta(seconds=30))
    assert totp.verify(work, ada.account.id, code) is Checked.RIGHT
    assert totp.verify(work, ada.account.id, code) is Checked.USED
    assert totp.verify(work, ada.account.id, earlier) is Checked.USED
    assert totp.verify(work.later(seconds=-60), ada.account.id, code) is not Checked.RIGHT  # F-27: the clock steps back
    assert totp.verify(work, ada.account.id, generator.at(work.now + timedelta(seconds=30))) is Checked.RIGHT


@pytest.mark.parametrize("typed", ["１２３４５６", "١٢٣٤٥٦", "12345", "1234567", "123 45a", "", "²²²²²²"])
def test_only_six_ascii_digits_are_a_code(work, typed):
    assert totp.cleaned(work, typed) is None


def test_blanks_are_ignored(work):
    assert totp.cleaned(work, " 123\u00a0456 ") == "123456"


def test_the_secret_is_kept_encrypted_and_bound_to_its_row(work, make_account):
    ada, bob = make_account(), make_account("bob@example.test")
    rows = {row.account_id: row for row in work.session.scalars(select(TotpAuthenticator))}
    assert ada.secret.encode() not in rows[ada.account.id].secret
    rows[bob.account.id].secret = rows[ada.account.id].secret  # as somebody with access to the database might try
    work.session.flush()
    with pytest.raises(Unavailable):  # as with another master key: nobody can read it
        totp.verify(work, bob.account.id, totp.current_code(work, ada.secret))
