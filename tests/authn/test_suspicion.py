"""What looks as if somebody else were at work is told to the holder (R-84)."""

import pytest

from idp.authn import not_me, session, sign_in, totp
from idp.authn.sign_in import Outcome
from tests.authn import flows
from tests.conftest import give_contact, later
from tests.outbox_content import mails

SECOND_MAILBOX = "ada@perso.example"


@pytest.fixture
def ada(work, make_account):
    ada = make_account()
    give_contact(work, ada.account.id, kind="email", value=SECOND_MAILBOX)
    return ada


def told(work, template):
    return [mail for mail in mails(work) if mail["template"] == template]


@pytest.mark.parametrize(("wrong", "news"), [(4, False), (5, True), (9, True)])
def test_a_right_password_after_many_wrong_ones_is_told_everywhere(work, ada, wrong, news):
    for _ in range(wrong):
        assert flows.password(work, ada, typed="a wrong password")[1] is Outcome.REFUSED
    assert flows.password(work, ada)[1] is Outcome.ACCEPTED

    sent = told(work, "many_tries")
    assert {mail["recipient"] for mail in sent} == ({ada.address, SECOND_MAILBOX} if news else set())
    assert {(mail["variables"]["of"], mail["variables"]["wrong"]) for mail in sent} <= {("password", wrong)}


def test_it_is_told_once(work, ada):
    for _ in range(6):
        flows.password(work, ada, typed="a wrong password")
    flows.password(work, ada)
    flows.password(work, ada)
    assert len(told(work, "many_tries")) == 2  # one for each mailbox


def test_the_button_of_the_notice_ends_every_session(work, ada):
    current = flows.signed_in(work, ada)
    work = later(work, minutes=1)
    for _ in range(6):
        flows.password(work, ada, typed="a wrong password")
    flows.password(work, ada)
    [mail] = [each for each in told(work, "many_tries") if each["recipient"] == ada.address]

    assert not_me.disown(work, mail["variables"]["path"].removeprefix("/not-me/")).attempt is not None

    assert session.find(work, current.session_token) is None


def test_a_right_code_after_many_wrong_ones_is_told(work, ada):
    attempt, _ = flows.password(work, ada)
    right = totp.current_code(work, ada.secret)
    wrong = "000000" if right != "000000" else "111111"
    tried = [sign_in.prove_totp(work, attempt, wrong) for _ in range(5)]
    assert tried[-1] is Outcome.PAUSED
    assert told(work, "many_tries") == []
    work = later(work, hours=2)
    attempt, _ = flows.password(work, ada)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    assert {mail["variables"]["of"] for mail in told(work, "many_tries")} == {"totp"}


def test_a_code_that_has_served_is_told_once_an_hour(work, ada):
    code = totp.current_code(work, ada.secret)
    flows.signed_in(work, ada)
    for _ in range(3):  # somebody who has read it over the holder's shoulder
        attempt, _ = flows.password(work, ada)
        assert sign_in.prove_totp(work, attempt, code) is Outcome.REFUSED
    assert sorted(mail["recipient"] for mail in told(work, "code_replayed")) == sorted([ada.address, SECOND_MAILBOX])


def test_a_code_that_is_merely_wrong_is_not_told(work, ada):
    attempt, _ = flows.password(work, ada)
    right = totp.current_code(work, ada.secret)
    assert sign_in.prove_totp(work, attempt, "000000" if right != "000000" else "111111") is Outcome.REFUSED
    assert told(work, "code_replayed") == []
