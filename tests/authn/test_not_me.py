""" "It was not me" (`idp/authn/not_me.py`): what the button of a notice does, and what it cannot do."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from idp.accounts.models import RecoveryContact
from idp.audit.models import AuditEvent
from idp.authn import not_me, notices, proofs, session, sign_in, totp, trusted_device
from idp.authn.models import Session, SignIn
from idp.authn.proofs import Step
from idp.core.errors import Conflict, Expired, NotFound
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import facts, mails

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


def token_for(work, address):
    [mail] = [mail for mail in mails(work) if mail["recipient"] == address]
    return mail["variables"]["path"].removeprefix("/not-me/")


@pytest.fixture
def intruded(work, make_account, open_work):
    """Ada, her own session, that of a stranger on a telephone, and the link of the notice about it."""
    ada = make_account()
    own = flows.signed_in(work, ada, trust=True)
    work.session.commit()
    strange = open_work(at=work.later(minutes=5).now, user_agent=PHONE)
    theirs = flows.signed_in(strange, ada)
    strange.session.commit()
    work = later(work, minutes=6)
    link = [mail for mail in mails(work) if mail["template"] == "new_sign_in"]
    return ada, own, theirs, link[0]["variables"]["path"].removeprefix("/not-me/"), work


def test_opening_the_link_changes_nothing(intruded):
    _, own, theirs, token, work = intruded

    for _ in range(3):
        assert not_me.find(work, token).device == "Safari, iPhone"

    assert session.find(work, theirs.session_token) is not None
    assert session.find(work, own.session_token) is not None


def test_the_form_ends_that_session_and_forgets_trusted_browsers(intruded):
    ada, own, theirs, token, work = intruded
    assert trusted_device.find(work, ada.account.id, own.device_token).trusted

    done = not_me.disown(work, token)

    assert session.find(work, theirs.session_token) is None
    assert session.find(work, own.session_token) is not None
    assert trusted_device.find(work, ada.account.id, own.device_token) is None
    assert [fact["reason"] for fact in facts(work, "session.ended")] == ["not_me"]
    assert done.mailed is False
    names = list(work.session.scalars(select(AuditEvent.name).order_by(AuditEvent.sequence)))
    assert names[-1] == "notice.disowned"


def test_recovery_asks_for_the_second_factor_first(intruded):
    ada, _, _, token, work = intruded

    attempt, _ = not_me.disown(work, token).attempt

    assert (attempt.purpose, sign_in.step(work, attempt)) == ("reset", Step.TOTP)
    with pytest.raises(Conflict):
        sign_in.finish(work, attempt, trust=False)
    work = later(work, minutes=1)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    assert sign_in.step(work, attempt) is Step.NEW_PASSWORD


def test_attempts_under_way_are_closed(intruded, open_work):
    ada, _, _, token, work = intruded
    half, _ = flows.password(work, ada)
    work = later(work)

    not_me.disown(work, token)

    assert work.session.scalar(select(SignIn.finished_at).where(SignIn.id == half.id)) is not None


def test_a_link_works_once_and_for_an_hour(intruded):
    _, _, theirs, token, work = intruded

    with pytest.raises(Expired) as caught:
        not_me.disown(work.later(minutes=60), token)
    assert caught.value.members["reason"] == "expired"
    assert session.find(work, theirs.session_token) is not None

    not_me.disown(later(work), token)
    with pytest.raises(Expired) as caught:
        not_me.disown(later(work), token)
    assert caught.value.members["reason"] == "used"
    with pytest.raises(NotFound):
        not_me.disown(later(work), "x" * 43)
    refused = work.session.scalars(select(AuditEvent.details).where(AuditEvent.name == "notice.refused"))
    assert sorted(details["reason"] for details in refused) == ["expired", "unknown", "used"]


def test_of_many_presses_one_counts(intruded, open_work):
    _, _, _, token, work = intruded
    work.session.commit()

    def press(_):
        own = open_work(at=work.now)
        try:
            not_me.disown(own, token)
            own.session.commit()
        except Expired:
            own.session.rollback()
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(press, range(16))) == 1


def test_a_mail_to_another_address_begins_no_recovery(work, make_account):
    ada = make_account()
    finished = flows.signed_in(work, ada)
    current = session.find(work, finished.session_token)
    work.session.add(
        RecoveryContact(
            account_id=ada.account.id, kind="email", value="ada@home.test", created_at=work.now, verified_at=work.now
        )
    )
    notices.tell(work, ada.account.id, "passkey_added", session_id=current.session_id)
    work = later(work)

    done = not_me.disown(work, token_for(work, "ada@home.test"))

    assert done.attempt is None
    assert done.mailed is True
    assert [fact["canonical"] for fact in facts(work, "reset.asked")] == [ada.address]
    assert session.find(work, finished.session_token) is None


def test_what_was_done_in_no_session_puts_all_in_doubt(intruded):
    ada, own, theirs, _, work = intruded
    notices.tell(work, ada.account.id, "password_changed")
    token = [mail for mail in mails(work) if mail["template"] == "password_changed"][0]["variables"]["path"][8:]

    not_me.disown(later(work), token)

    assert session.find(work, own.session_token) is None
    assert session.find(work, theirs.session_token) is None


def test_a_link_cannot_reach_another_person_s_session(intruded, make_account):
    ada, own, _, _, work = intruded
    bob = make_account("bob@example.test")
    target = session.find(work, own.session_token)
    notices.tell(work, bob.account.id, "passkey_added", session_id=target.session_id)

    not_me.disown(later(work), token_for(work, bob.address))

    assert session.find(work, own.session_token) is not None


def test_a_blocked_account_gets_no_new_password(intruded):
    ada, _, theirs, token, work = intruded
    ada.account.status, ada.account.status_reason = "blocked", "operator"
    work.session.merge(ada.account)
    work = later(work)

    done = not_me.disown(work, token)

    assert (done.attempt, done.mailed) == (None, False)
    assert set(work.session.scalars(select(Session.end_reason))) == {None, "not_me"}


def test_the_attempt_rests_on_its_link(intruded):
    _, _, _, token, work = intruded
    attempt, _ = not_me.disown(work, token).attempt
    assert attempt.methods == {"link"}
    proofs.forget(work, attempt)
    with pytest.raises(Expired):
        sign_in.step(work, attempt)
