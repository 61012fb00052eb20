"""Limits on guessing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.authn import facts as handlers
from idp.authn import sign_in, throttle, totp
from idp.authn.models import Throttle
from idp.authn.sign_in import Outcome
from idp.policy.account import Limit
from tests.authn import flows
from tests.conftest import from_network, later
from tests.outbox_content import facts, mails

THREE = Limit(max=3, per=timedelta(minutes=15), pause=timedelta(minutes=30))


def test_the_limit_opens_again_after_the_pause(work):
    tries = [throttle.take(work, "k", "s", THREE) for _ in range(5)]
    assert [(t.allowed, t.last) for t in tries] == [
        (True, False),
        (True, False),
        (True, True),
        (False, False),
        (False, False),
    ]
    assert throttle.paused_until(work, "k", "s") == work.now + THREE.pause
    assert throttle.paused_until(work, "k", "other") is None
    assert not throttle.take(work.later(minutes=29, seconds=59), "k", "s", THREE).allowed
    assert throttle.take(work.later(minutes=30), "k", "s", THREE) == throttle.Try(True, False)


def test_a_window_that_has_passed_begins_anew(work):
    for _ in range(2):
        throttle.take(work, "k", "s", THREE)
    again = work.later(minutes=15)
    assert [throttle.take(again, "k", "s", THREE).last for _ in range(3)] == [False, False, True]


def test_kinds_and_subjects_are_counted_apart(work):
    for _ in range(3):
        throttle.take(work, "k", "s", THREE)
    assert throttle.take(work, "k", "t", THREE).allowed
    assert throttle.take(work, "l", "s", THREE).allowed


def test_one_given_back_leaves_the_others(work):
    for _ in range(3):
        throttle.take(work, "k", "s", THREE)
    throttle.give_back(work, "k", "s")
    assert [throttle.take(work, "k", "s", THREE).allowed for _ in range(2)] == [True, False]


def test_never_more_than_a_hundred_wrong_ones_in_a_row(work):
    allowed = 0
    for hour in range(200):
        later_on = work.later(hours=hour)
        allowed += throttle.take(later_on, "k", "s", THREE).allowed
    assert allowed == throttle.IN_A_ROW
    throttle.clear(work, "k", "s")
    assert throttle.take(work.later(hours=201), "k", "s", THREE).allowed


def test_subjects_are_not_readable_in_the_database(work):
    throttle.take(work, "k", "ada@example.test", THREE)
    [row] = work.session.scalars(select(Throttle))
    assert b"ada" not in row.subject_digest
    assert len(row.subject_digest) == 32


@pytest.mark.parametrize(
    ("network", "subject"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", None),
        ("unix:", None),
    ],
)
def test_an_ipv6_household_is_one_subject(network, subject):
    assert throttle.network_subject(network) == subject


def test_old_counts_are_forgotten(work):
    throttle.take(work, "k", "s", THREE)
    assert throttle.forget_old(work.later(days=89)) == 0
    assert throttle.forget_old(work.later(days=91)) == 1


def fail(work, person, times, **options):
    return [flows.password(work, person, typed=f"wrong guess {n}", **options)[1] for n in range(times)]


def test_after_ten_wrong_passwords_the_right_one_is_refused_for_half_an_hour(work, make_account):
    ada = make_account()
    assert set(fail(work, ada, 10)) == {Outcome.REFUSED}
    assert flows.password(work, ada)[1] is Outcome.REFUSED
    assert flows.password(work.later(minutes=29), ada)[1] is Outcome.REFUSED
    assert flows.password(work.later(minutes=30), ada)[1] is Outcome.ACCEPTED


def test_the_right_password_forgives_the_wrong_ones(work, make_account):
    ada = make_account()
    for _ in range(3):
        fail(work, ada, 9)
        assert flows.password(work, ada)[1] is Outcome.ACCEPTED


def test_an_unknown_address_is_counted_alike(work, make_account):
    make_account()
    nobody = flows.Typed("nobody@example.test", "whatever it may be")
    fail(work, nobody, 12)
    assert throttle.paused_until(work, "password", "nobody@example.test") == work.now + timedelta(minutes=30)
    assert facts(work, "sign_in.blocked") == [{"canonical": "nobody@example.test"}]


def test_the_holder_gets_one_mail_with_a_way_out(work, make_account):
    ada = make_account()
    fail(work, ada, 14)
    [fact] = facts(work, "sign_in.blocked")
    handlers.HANDLERS["sign_in.blocked"](work, fact)
    handlers.HANDLERS["sign_in.blocked"](work.later(minutes=59), fact)
    [mail] = mails(work)
    assert (mail["template"], mail["recipient"], mail["locale"]) == ("account_blocked", ada.address, "fr-FR")
    assert mail["variables"]["path"].startswith("/reset/")
    handlers.HANDLERS["sign_in.blocked"](work.later(minutes=61), fact)
    assert len(mails(work)) == 2


def test_nobody_is_written_to_for_an_unknown_address(work):
    handlers.HANDLERS["sign_in.blocked"](work, {"canonical": "nobody@example.test"})
    assert mails(work) == []


def test_strangers_do_not_lock_out_a_known_browser(work, make_account):
    ada = make_account()
    device = flows.signed_in(work, ada).device_token
    for n in range(5):
        fail(from_network(work, f"198.51.100.{n}"), ada, 4)
    assert flows.password(work, ada)[1] is Outcome.REFUSED
    attempt, outcome = flows.password(work, ada, device=device)
    assert outcome is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is sign_in.Step.TOTP  # known, not trusted


def test_a_known_browser_has_its_own_limit(work, make_account):
    ada = make_account()
    device = flows.signed_in(work, ada).device_token
    fail(work, ada, 10, device=device)
    assert flows.password(work, ada, device=device)[1] is Outcome.REFUSED
    assert flows.password(work, ada)[1] is Outcome.ACCEPTED


def test_one_network_address_cannot_try_many_accounts(work, make_account):
    ada = make_account()
    outcomes = [flows.password(work, flows.Typed(f"person{n}@example.test", "wrong guess"))[1] for n in range(101)]
    assert outcomes == [Outcome.REFUSED] * 100 + [Outcome.PAUSED]
    assert flows.password(work, ada)[1] is Outcome.PAUSED
    assert flows.password(from_network(work, "198.51.100.1"), ada)[1] is Outcome.ACCEPTED


def test_five_wrong_codes_pause_the_app_but_not_a_recovery_code(work, make_account):
    ada = make_account(recovery_codes=True)
    attempt, _ = flows.password(work, ada)
    right = totp.current_code(work, ada.secret)
    wrong = f"{(int(right) + 7) % 1000000:06d}"
    outcomes = [sign_in.prove_totp(work, attempt, wrong) for _ in range(5)]
    assert outcomes == [Outcome.REFUSED] * 4 + [Outcome.PAUSED]
    assert sign_in.prove_totp(work, attempt, right) is Outcome.PAUSED
    assert sign_in.code_pause(work, attempt) == work.now + timedelta(minutes=60)
    assert sign_in.code_pause(work, attempt, "recovery_code") is None

    other, _ = flows.password(work, ada)  # another attempt does not begin a new count
    assert sign_in.prove_totp(work, other, right) is Outcome.PAUSED
    assert sign_in.prove_recovery_code(work, other, ada.recovery_codes[0]) is Outcome.ACCEPTED
    assert sign_in.code_pause(work, other) is None

    after = later(work, minutes=61)
    last, _ = flows.password(after, ada)
    assert sign_in.prove_totp(after, last, totp.current_code(after, ada.secret)) is Outcome.ACCEPTED


def test_what_is_no_code_is_refused_without_being_counted(work, make_account):
    ada = make_account()
    attempt, _ = flows.password(work, ada)
    for typed in ("", "12345", "1234567", "abcdef", "１２３４５６", "12 34 5x"):
        assert sign_in.prove_totp(work, attempt, typed) is Outcome.REFUSED
    assert throttle.paused_until(work, "totp", str(ada.account.id)) is None
    spaced = " ".join(totp.current_code(work, ada.secret))
    assert sign_in.prove_totp(work, attempt, spaced) is Outcome.ACCEPTED
