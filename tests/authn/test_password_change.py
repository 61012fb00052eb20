"""Changing a password: what ends, what stays, who comes first of two, and the passwords before it."""

import threading

import pytest

from idp.accounts.models import RecoveryContact
from idp.audit.models import AuditEvent
from idp.authn import password as passwords
from idp.authn import password_change, reset, session, sign_in, totp
from idp.authn.models import FormerPassword, PasswordCredential, Session, SignIn
from idp.authn.outcome import Outcome
from idp.core.errors import Expired, InvalidInput
from idp.core.ids import uuid7
from idp.core.tokens import digest
from idp.policy.catalogue import Policies
from idp.work import Work
from tests.authn import flows
from tests.conftest import OpenWork, later
from tests.outbox_content import mails

NEW = "cinq lanternes au bord du quai"
OTHER = "sept lampions sur le canal noir"


def session_of(work: Work, token: str) -> Session:
    found = work.session.query(Session).filter_by(token_digest=digest(token)).one()
    work.session.expire_all()
    return found


def change(work: Work, person, at: Session, password: str = NEW, present: str | None = None, **options):
    return password_change.change(
        work,
        at.id,
        person.account.id,
        present=person.password if present is None else present,
        password=password,
        device_token=None,
        **options,
    )


def test_the_session_stays_with_a_new_token_and_all_else_ends(work, make_account):
    ada = make_account()
    here = flows.signed_in(work, ada, trust=True)
    work = later(work, minutes=2)
    there = flows.signed_in(work, ada)
    open_attempt = flows.password(work, ada)[0]
    at = session_of(work, here.session_token)
    sid, ends = at.sid, at.expires_at
    work = later(work, minutes=1)

    changed = change(work, ada, at)

    assert changed.outcome is Outcome.ACCEPTED
    assert changed.session_token not in (None, here.session_token)
    found = session.find(work, changed.session_token)
    assert found is not None
    assert (found.sid, found.password_at, found.auth_time) == (sid, work.now, work.now)
    assert found.expires_at > ends
    assert session.find(work, here.session_token) is None
    assert session.find(work, there.session_token) is None
    assert work.session.get(SignIn, open_attempt.id).finished_at is not None
    assert passwords.verify(work.session.get(PasswordCredential, ada.account.id).hash, NEW).right
    told = [mail for mail in mails(work) if mail["template"] == "password_changed"]
    assert told
    reasons = {row.details.get("reason") for row in work.session.query(AuditEvent).filter_by(name="session.ended")}
    assert reasons == {"password_changed"}


def test_every_address_is_told(work, make_account):
    ada = make_account()
    contact = RecoveryContact(
        id=uuid7(), account_id=ada.account.id, kind="email", value="ada@personal.example", created_at=work.now,
        verified_at=work.now,
    )  # fmt: skip
    work.session.add(contact)
    at = session_of(work, flows.signed_in(work, ada).session_token)
    change(later(work, minutes=1), ada, at)
    told = {mail["recipient"] for mail in mails(work) if mail["template"] == "password_changed"}
    assert told == {ada.address, "ada@personal.example"}


def test_a_wrong_present_password_changes_nothing(work, make_account):
    ada = make_account()
    at = session_of(work, flows.signed_in(work, ada).session_token)
    work = later(work, minutes=1)
    assert change(work, ada, at, present="not the right one") == password_change.Changed(Outcome.REFUSED)
    assert passwords.verify(work.session.get(PasswordCredential, ada.account.id).hash, ada.password).right
    assert work.session.query(FormerPassword).count() == 0
    event = work.session.query(AuditEvent).filter_by(name="password.refused").one()
    assert event.subject_id == str(ada.account.id)


def test_one_that_cannot_be_a_password_is_told_before_a_try_is_counted(work, make_account):
    ada = make_account()
    at = session_of(work, flows.signed_in(work, ada).session_token)
    for wrong, reason in (("short", "too_short"), ("Ada.Byron.1815", "derived"), ("motdepasse2026", "common")):
        with pytest.raises(InvalidInput) as caught:
            change(work, ada, at, password=wrong, present="not the right one")
        assert caught.value.members["reason"] == reason
    with pytest.raises(InvalidInput) as caught:
        change(work, ada, at, password="Atelier-Lumen-9", words=["Atelier Lumen SARL"])
    assert caught.value.members["reason"] == "derived"
    assert work.session.query(AuditEvent).filter_by(name="password.refused").count() == 0


def test_the_last_ones_are_told_only_to_who_knows_the_present_one(work, make_account):
    ada = make_account()
    at = session_of(work, flows.signed_in(work, ada).session_token)
    work = later(work, minutes=1)
    assert change(work, ada, at, password=ada.password, present="not the right one").outcome is Outcome.REFUSED
    with pytest.raises(InvalidInput) as caught:
        change(work, ada, at, password=ada.password)
    assert caught.value.members["reason"] == "same"


def test_a_session_that_ended_meanwhile_changes_nothing(work, make_account):
    ada = make_account()
    at = session_of(work, flows.signed_in(work, ada).session_token)
    session.end(work, at.id, "signed_out")
    work = later(work, minutes=1)
    with pytest.raises(Expired):
        change(work, ada, at)


def test_a_reset_refuses_the_last_ones_too(work, make_account):
    ada = make_account()
    at = session_of(work, flows.signed_in(work, ada).session_token)
    work = later(work, minutes=1)
    change(work, ada, at)
    work = later(work, minutes=1)
    reset.send(work, ada.address)
    token = mails(work)[-1]["variables"]["path"].rsplit("/", 1)[1]
    attempt, _ = reset.begin(work, token)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    for password, reason in ((NEW, "same"), (ada.password, "used_before")):
        with pytest.raises(InvalidInput) as caught:
            reset.set_password(work, attempt, password)
        assert caught.value.members["reason"] == reason
        work.write()
    reset.set_password(work, attempt, OTHER)
    assert work.session.query(FormerPassword).count() == 2


def test_only_so_many_are_remembered(work: Work, make_account, policies: Policies):
    ada = make_account()
    for number in range(8):
        passwords.set_hash(work.later(minutes=number), ada.account.id, f"hash {number}")
    kept = {row.hash for row in work.session.query(FormerPassword)}
    assert kept == {f"hash {number}" for number in range(3, 7)}
    assert len(kept) + 1 == policies.account.password_history


def test_of_two_changes_at_once_one_is_made(work, make_account, open_work: OpenWork):
    ada = make_account()
    first = session_of(work, flows.signed_in(work, ada).session_token)
    work = later(work, minutes=2)
    second = session_of(work, flows.signed_in(work, ada).session_token)
    ids, account_id = (first.id, second.id), ada.account.id
    work.session.commit()
    answers: list[object] = []
    ready = threading.Barrier(2)

    def try_it(at_id, password: str) -> None:
        own = open_work(at=work.now)
        ready.wait()
        try:
            own.write()
            changed = password_change.change(
                own, at_id, account_id, present=ada.password, password=password, device_token=None
            )
            own.session.commit()
            answers.append(changed.outcome)
        except Expired as error:
            own.session.rollback()
            answers.append(type(error))

    threads = [threading.Thread(target=try_it, args=pair) for pair in zip(ids, (NEW, OTHER), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert answers.count(Outcome.ACCEPTED) == 1
    assert len(answers) == 2
    assert open_work().session.query(FormerPassword).count() == 1
