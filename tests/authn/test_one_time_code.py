"""Codes sent to an address or a phone."""

import pytest
from sqlalchemy import select

from idp.authn import one_time_code
from idp.authn.models import OneTimeCode
from idp.authn.outcome import Outcome
from idp.core.ids import uuid7
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import mails, messages

HOME = "ada@perso.example.org"
PHONE = "+33639980011"


@pytest.fixture
def ada(make_account):
    return make_account().account.id


def send(work, account_id, request, *, purpose="test", kind="email", destination=HOME):
    return one_time_code.send(
        work, account_id, purpose=purpose, bound_to=request, kind=kind, destination=destination, locale="fr-FR"
    )


def verify(work, account_id, request, code, *, purpose="test"):
    return one_time_code.verify(work, account_id, purpose=purpose, bound_to=request, code=code)


def other_than(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_a_code_proves_its_address_once(work, ada):
    request = uuid7()
    assert send(work, ada, request) is Outcome.ACCEPTED
    [mail] = mails(work)
    assert (mail["recipient"], mail["locale"], mail["variables"]["minutes"]) == (HOME, "fr-FR", 10)
    code = flows.sent_code(work)
    assert one_time_code.sent(work, ada, purpose="test", bound_to=request).destination == HOME
    assert verify(work, ada, request, f" {code[:3]} {code[3:]} ") is Outcome.ACCEPTED
    assert one_time_code.sent(work, ada, purpose="test", bound_to=request).used_at == work.now
    assert verify(work, ada, request, code) is Outcome.REFUSED


def test_a_phone_gets_a_text_message(work, ada):
    assert send(work, ada, uuid7(), kind="phone", destination=PHONE) is Outcome.ACCEPTED
    assert mails(work) == []
    [message] = messages(work)
    assert (message["template"], message["recipient"]) == ("one_time_code", PHONE)


def test_a_code_is_of_one_account_purpose_and_request(work, ada, make_account):
    bob, request = make_account("bob@example.test").account.id, uuid7()
    send(work, ada, request)
    code = flows.sent_code(work)
    assert verify(work, bob, request, code) is Outcome.REFUSED
    assert verify(work, ada, request, code, purpose="another") is Outcome.REFUSED
    assert verify(work, ada, uuid7(), code) is Outcome.REFUSED
    assert verify(work, ada, request, code) is Outcome.ACCEPTED


def test_digits_of_other_scripts_are_no_code(work, ada):
    request = uuid7()
    send(work, ada, request)
    code = flows.sent_code(work)
    full_width = code.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    for typed in (full_width, code + "0", code[:5], "", "a" * 100_000):
        assert verify(work, ada, request, typed) is Outcome.REFUSED
    assert verify(work, ada, request, code) is Outcome.ACCEPTED  # none of them was counted


def test_a_code_lives_ten_minutes(work, ada):
    request = uuid7()
    send(work, ada, request)
    code = flows.sent_code(work)
    assert verify(work.later(minutes=10), ada, request, code) is Outcome.REFUSED
    assert verify(work.later(minutes=9, seconds=59), ada, request, code) is Outcome.ACCEPTED


def test_a_new_code_takes_the_place_of_the_old_one(work, ada):
    request = uuid7()
    send(work, ada, request)
    first = flows.sent_code(work)
    work = later(work, seconds=5)
    send(work, ada, request)
    second = flows.sent_code(work)
    if first != second:
        assert verify(work, ada, request, first) is Outcome.REFUSED
    assert verify(work, ada, request, second) is Outcome.ACCEPTED


def test_a_new_code_gives_no_new_tries(work, ada):
    request = uuid7()
    for attempt in range(5):
        assert send(work, ada, request) is Outcome.ACCEPTED
        wrong = other_than(flows.sent_code(work))
        expected = Outcome.REFUSED if attempt < 4 else Outcome.PAUSED
        assert verify(work, ada, request, wrong) is expected
    assert verify(work, ada, request, flows.sent_code(work)) is Outcome.PAUSED
    assert one_time_code.paused_until(work, ada, "test") == work.later(hours=1).now
    assert one_time_code.paused_until(work, ada, "another") is None
    work = later(work, hours=1, seconds=1)
    request = uuid7()
    assert send(work, ada, request) is Outcome.ACCEPTED
    assert verify(work, ada, request, flows.sent_code(work)) is Outcome.ACCEPTED


def test_five_codes_an_hour_for_an_account_whatever_the_address(work, ada):
    for number in range(5):
        assert send(work, ada, uuid7(), destination=f"ada{number}@perso.example.org") is Outcome.ACCEPTED
    assert send(work, ada, uuid7(), destination="ada6@perso.example.org") is Outcome.PAUSED
    assert len(mails(work)) == 5
    assert send(later(work, hours=1, seconds=1), ada, uuid7()) is Outcome.ACCEPTED


def test_five_codes_an_hour_for_an_address_whoever_asks(work, make_account):
    for number in range(5):
        someone = make_account(f"someone{number}@example.test").account.id
        assert send(work, someone, uuid7(), destination=HOME.upper()) is Outcome.ACCEPTED
    assert send(work, make_account("ada@example.test").account.id, uuid7()) is Outcome.PAUSED


def test_a_number_gets_eight_messages_a_day(work, make_account):
    sent = []
    for number in range(10):
        work = later(work, hours=2)
        someone = make_account(f"someone{number}@example.test").account.id
        sent.append(send(work, someone, uuid7(), kind="phone", destination=PHONE))
    assert sent == [Outcome.ACCEPTED] * 8 + [Outcome.PAUSED] * 2


def test_a_country_gets_no_more_than_the_policy_says(work, make_account):
    account = [make_account(f"someone{number}@example.test").account.id for number in range(51)]
    outcomes = [
        send(work, account[number // 4], uuid7(), kind="phone", destination=f"+336399{number:05d}")
        for number in range(201)
    ]
    assert outcomes[:200] == [Outcome.ACCEPTED] * 200
    assert outcomes[200] is Outcome.PAUSED
    assert send(work, account[50], uuid7(), kind="phone", destination="+32470123456") is Outcome.ACCEPTED


def test_a_code_is_not_in_the_database(work, ada):
    send(work, ada, uuid7())
    code = flows.sent_code(work)
    row = work.session.scalars(select(OneTimeCode)).one()
    assert code.encode() not in row.digest
    assert len(row.digest) == 32
