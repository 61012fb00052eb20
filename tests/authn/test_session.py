"""Sessions: found, kept alive, ended."""

import pytest
from sqlalchemy import event, select

from idp.accounts.models import Account
from idp.authn import session
from idp.authn.models import Session
from idp.core import tokens
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import facts


@pytest.fixture
def ada(make_account):
    return make_account()


@pytest.fixture
def token(work, ada):
    token = flows.signed_in(work, ada).session_token
    work.session.commit()
    return token


def test_a_session_ends_after_an_idle_hour(work, token):
    assert session.find(work.later(minutes=59, seconds=59), token) is not None
    assert session.find(work.later(minutes=60), token) is None


def test_a_session_in_use_ends_after_twelve_hours(work, token):
    for minutes in range(30, 12 * 60, 30):
        work = later(work, minutes=30)
        current = session.find(work, token)
        assert current is not None, minutes
        session.touch(work, current)
    assert session.find(work.later(minutes=29, seconds=59), token) is not None
    assert session.find(work.later(minutes=30), token) is None


def test_use_is_noted_at_most_once_a_minute(work, token):
    current = session.find(work, token)
    session.touch(work.later(seconds=59), current)
    assert session.find(work, token).last_seen_at == current.last_seen_at
    session.touch(work.later(seconds=60), current)
    assert session.find(work, token).last_seen_at == work.later(seconds=60).now


def test_a_page_that_only_reads_holds_no_lock_after_touching(open_work, now, token):
    reader = open_work(at=now.replace(minute=40))
    session.touch(reader, session.find(reader, token))
    other = open_work(at=now.replace(minute=41))
    other.write()  # on SQLite this would wait for five seconds and fail
    assert session.find(other, token).last_seen_at == reader.now


def test_finding_a_session_is_one_statement(work, token):
    statements = []
    engine = work.session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert session.find(work, token) is not None
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1


@pytest.mark.parametrize("bad", [None, "", "x", "é" * 43, "x" * 43, "x" * 100_000])
def test_a_cookie_that_is_no_token_finds_nothing(work, bad):
    assert session.find(work, bad) is None


@pytest.mark.parametrize("status", ["blocked", "erasure_requested", "erased"])
def test_a_session_stops_with_its_account(work, ada, token, status, now):
    account = work.session.get_one(Account, ada.account.id)
    account.status, account.erasure_at = status, now
    work.session.commit()
    assert session.find(work, token) is None


def test_ending_is_told_once(work, ada, token):
    current = session.find(work, token)
    assert session.end(work, current.session_id, "signed_out")
    assert not session.end(work, current.session_id, "signed_out")
    assert session.end_all(work, ada.account.id, "signed_out") == 0
    assert session.find(work, token) is None
    [fact] = facts(work, "session.ended")
    assert fact == {
        "session_id": str(current.session_id),
        "sid": current.sid,
        "subject": ada.account.subject,
        "reason": "signed_out",
    }


def test_ending_all_but_one(work, ada, token):
    after = later(work, minutes=1)
    kept = session.find(after, flows.signed_in(after, ada).session_token)
    assert session.end_all(after, ada.account.id, "signed_out_elsewhere", except_id=kept.session_id) == 1
    assert session.find(after, token) is None
    assert len(facts(after, "session.ended")) == 1


def test_the_database_holds_no_token(work, token):
    [row] = work.session.execute(select(Session.__table__)).all()
    assert row.token_digest == tokens.digest(token)
    assert token not in repr(row)


@pytest.mark.parametrize(
    ("proved", "amr", "acr"),
    [
        ({"pwd"}, "pwd", session.ACR_ONE),
        ({"pwd", "otp"}, "pwd otp mfa", session.ACR_TWO),
        ({"pwd", "dev"}, "pwd mfa", session.ACR_TWO),
        ({"pwd", "rcv"}, "pwd mfa", session.ACR_TWO),
        ({"pwd", "otp", "link"}, "pwd otp mfa", session.ACR_TWO),
        ({"pwd", "link"}, "pwd", session.ACR_ONE),
    ],
)
def test_amr_and_acr_say_what_was_proved(work, ada, proved, amr, acr):
    token, key = session.start(work, ada.account.id, proved)
    row = work.session.get_one(Session, key)
    assert (row.amr, row.acr) == (amr, acr)


@pytest.mark.parametrize(
    ("proved", "password", "second_factor"),
    [
        ({"pwd", "otp"}, True, True),
        ({"pwd", "rcv"}, True, True),
        ({"pwd", "dev"}, True, False),
        ({"key"}, True, True),
        ({"otp", "link"}, False, True),
    ],
)
def test_a_session_knows_when_each_factor_was_proved(work, ada, proved, password, second_factor):
    """R-20: what sensitive pages ask; a trusted browser is no second factor of now."""
    token, _ = session.start(work, ada.account.id, proved)
    current = session.find(work, token)
    assert current.password_at == (work.now if password else None)
    assert current.second_factor_at == (work.now if second_factor else None)


def test_each_factor_has_its_own_time(work, ada):
    token, key = session.start(work, ada.account.id, {"pwd", "dev"})
    began, work = work.now, later(work, minutes=20)
    token = session.renew(work, key, ada.account.id, {"otp"})
    current = session.find(work, token)
    assert (current.password_at, current.second_factor_at, current.auth_time) == (began, work.now, work.now)
    assert current.amr == ("pwd", "otp", "mfa")
    proved, work = work.now, later(work, minutes=20)
    token = session.renew(work, key, ada.account.id, {"pwd", "dev"})
    current = session.find(work, token)
    assert (current.password_at, current.second_factor_at) == (work.now, proved)
    assert current.amr == ("pwd", "mfa"), "who begins again leaves the code behind"


def test_a_password_typed_again_takes_nothing_from_the_session(work, ada):
    """As at a change of the password, whose page asks for a code as well: it stays a session of two factors."""
    token, key = session.start(work, ada.account.id, {"pwd", "otp"})
    current = session.find(work, session.renew(work, key, ada.account.id, {"pwd"}))
    assert (current.amr, current.acr) == (("pwd", "otp", "mfa"), session.ACR_TWO)


def test_a_code_makes_two_factors_of_a_session_of_one(work, ada):
    """Else whoever is asked to prove a code again would be asked for ever."""
    token, key = session.start(work, ada.account.id, {"pwd"})
    current = session.find(work, session.renew(work, key, ada.account.id, {"otp"}))
    assert (current.amr, current.acr) == (("pwd", "otp", "mfa"), session.ACR_TWO)
