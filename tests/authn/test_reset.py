"""A lost password (J5)."""

import pytest
from sqlalchemy import func, select

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.authn import facts as handlers
from idp.authn import reset, session, sign_in, totp
from idp.authn.models import MailedLink
from idp.authn.sign_in import Outcome, Step
from idp.core.errors import Conflict, Expired, InvalidInput
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import facts, mails

NEW = "glissade sous la neige 4"


def link(work, address):
    """Ask for a link, let the outbox make it, read it in the mail."""
    reset.ask(work, address)
    handlers.HANDLERS["reset.asked"](work, facts(work, "reset.asked")[-1])
    return [mail for mail in mails(work) if mail["template"] == "password_reset"][-1]["variables"]["path"].split("/")[
        -1
    ]


def test_the_code_is_asked_before_the_new_password(work, make_account):
    ada = make_account()
    attempt, token = reset.begin(work, link(work, ada.address))
    assert sign_in.current(work, token).id == attempt.id
    assert sign_in.step(work, attempt) is Step.TOTP
    with pytest.raises(Conflict):
        reset.set_password(work, attempt, NEW)
    with pytest.raises(Conflict):
        flows.password(work, ada, on=attempt)
    with pytest.raises(Conflict):
        sign_in.finish(work, attempt, trust=False)


def test_a_new_password_ends_what_rested_on_the_old_one(work, make_account):
    ada = make_account()
    before = flows.signed_in(work, ada, trust=True)
    half_way, _ = flows.password(work, ada)  # somebody with the old password waits for a code
    work = later(work, minutes=2)
    other_link = link(work, ada.address)
    attempt, _ = reset.begin(work, other_link)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.NEW_PASSWORD
    reset.set_password(work, attempt, NEW)

    assert session.find(work, before.session_token) is None
    with pytest.raises(Expired):
        sign_in.prove_totp(work, half_way, "000000")
    assert flows.password(work, ada)[1] is Outcome.REFUSED
    again, outcome = flows.password(work, flows.Typed(ada.address, NEW), device=before.device_token)
    assert outcome is Outcome.ACCEPTED
    assert sign_in.step(work, again) is Step.TOTP  # MFA-11
    assert [fact["reason"] for fact in facts(work, "session.ended")] == ["password_changed"]
    sent = sorted(mail["template"] for mail in mails(work))
    assert sent == ["password_changed", "password_reset", "trusted_device_added"]
    assert sign_in.step(work, attempt) is Step.DONE
    assert session.find(work, sign_in.finish(work, attempt, trust=False).session_token) is not None


def test_asking_says_and_does_the_same_for_every_address(work, make_account):
    ada = make_account()
    reset.ask(work, ada.address)
    reset.ask(work, "nobody@example.test")
    assert {fact["canonical"] for fact in facts(work, "reset.asked")} == {ada.address, "nobody@example.test"}
    assert mails(work) == []
    handlers.HANDLERS["reset.asked"](work, {"canonical": "nobody@example.test", "continue_to": "/"})
    assert mails(work) == []
    assert work.session.scalar(select(func.count()).select_from(MailedLink)) == 0


def test_a_link_serves_once_and_an_hour(work, make_account):
    token = link(work, make_account().address)
    assert reset.find(work.later(minutes=59, seconds=59), token)
    with pytest.raises(Expired):
        reset.find(work.later(minutes=60), token)
    reset.begin(work, token)
    work.session.commit()
    with pytest.raises(Expired):
        reset.begin(work, token)
    work.session.rollback()
    assert work.session.scalar(select(func.count()).where(AuditEvent.name == "reset.refused")) == 1


def test_a_second_request_makes_the_first_link_void(work, make_account):
    ada = make_account()
    first = link(work, ada.address)
    second = link(work.later(minutes=1), ada.address)
    with pytest.raises(Expired):
        reset.find(work, first)
    assert reset.find(work, second)


def test_more_than_five_an_hour_are_silently_ignored(work, make_account):
    ada = make_account()
    for _ in range(8):
        reset.ask(work, ada.address)
    assert len(facts(work, "reset.asked")) == 5
    reset.ask(work.later(minutes=61), ada.address)
    assert len(facts(work, "reset.asked")) == 6


def test_it_lifts_a_block_for_wrong_passwords(work, make_account):
    pascal = make_account(status="blocked", status_reason="wrong_passwords")
    for n in range(10):
        flows.password(work, pascal, typed=f"wrong guess {n}")
    attempt, _ = reset.begin(work, link(work, pascal.address))
    sign_in.prove_totp(work, attempt, totp.current_code(work, pascal.secret))
    reset.set_password(work, attempt, NEW)
    assert work.session.get_one(Account, pascal.account.id, populate_existing=True).status == "active"
    assert flows.password(work, flows.Typed(pascal.address, NEW))[1] is Outcome.ACCEPTED


def test_it_does_not_open_what_an_operator_blocked(work, make_account):
    sophie = make_account(status="blocked", status_reason="operator")
    assert not reset.send(work, sophie.address)
    assert mails(work) == []


def test_without_second_factor_one_is_set_up_after_the_password(work, make_account):
    camille = make_account(second_factor=False)
    attempt, _ = reset.begin(work, link(work, camille.address))
    assert sign_in.step(work, attempt) is Step.NEW_PASSWORD
    reset.set_password(work, attempt, NEW)
    assert sign_in.step(work, attempt) is Step.ENROL
    with pytest.raises(Conflict):
        sign_in.finish(work, attempt, trust=False)


@pytest.mark.parametrize(("typed", "reason"), [("un moulin sur la colline 7", "same"), ("ada.byron.2026", "derived")])
def test_the_present_password_and_a_weak_one_are_refused(work, make_account, typed, reason):
    ada = make_account()
    attempt, _ = reset.begin(work, link(work, ada.address))
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    with pytest.raises(InvalidInput) as refused:
        reset.set_password(work, attempt, typed)
    assert refused.value.members["reason"] == reason
    work.write()
    assert sign_in.step(work, attempt) is Step.NEW_PASSWORD
