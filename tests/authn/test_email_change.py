"""Another sign-in address (J7): nothing changes before it is proved, all changes at once, and it can be undone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import Account, EmailAddress, EmailChange
from idp.audit import log as audit
from idp.authn import activation, address_switch, email_change, facts, reset, session, sign_in, trusted_device
from idp.authn.models import MailedLink, PasswordCredential, Session
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.core.errors import Conflict, Expired, InvalidInput
from idp.oidc import claims
from idp.work import Actor
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import facts as put
from tests.outbox_content import mails

NEW = "ada.new@elsewhere.test"
SYSTEM = Actor(kind="system", name="outbox")


@pytest.fixture
def ada(work, make_account):
    ada = make_account()
    recovery_contact.add(work, ada.account.id, kind="email", value="ada@perso.test")
    return ada


@pytest.fixture
def acting(work, ada):
    """The work of Ada's own session."""
    return in_session(work, ada)


def in_session(work, person):
    current = session.find(work, flows.signed_in(work, person).session_token)
    return work.acting(replace(work.actor, kind="account", id=person.account.id, session_id=current.session_id))


def deliver(work):
    """What the outbox does with the requests for codes."""
    for members in put(work, "email_change.asked"):
        facts.HANDLERS["email_change.asked"](work.acting(SYSTEM), members)
    work.session.flush()


def code_to(work, address):
    return [each for each in mails(work) if each["recipient"] == address and each["template"] == "one_time_code"][-1][
        "variables"
    ]["code"]


def token_to(work, address, template):
    found = [each for each in mails(work) if each["recipient"] == address and each["template"] == template]
    return found[-1]["variables"]["path"].rpartition("/")[2]


def asked(work, person, address=NEW):
    assert email_change.ask(work, person.account.id, address) is Outcome.ACCEPTED
    deliver(work)
    return code_to(work, address)


def changed(work, person, address=NEW, **options):
    code = asked(work, person, address)
    outcome, change = email_change.confirm(work, person.account.id, code, waits=False, **options)
    assert outcome is Outcome.ACCEPTED
    return change


def address_of(work, person):
    return email_address.primary_address(work, person.account.id).address


def test_nothing_changes_before_the_new_address_is_proved(acting, ada):
    asked(acting, ada)
    assert address_of(acting, ada) == ada.address
    assert email_address.find_account(acting, NEW) is None
    assert email_change.pending(acting, ada.account.id).new_address == NEW


def test_every_present_address_can_stop_it(acting, ada):
    asked(acting, ada)
    told = {each["recipient"] for each in mails(acting) if each["template"] == "email_change_asked"}
    assert told == {ada.address, "ada@perso.test"}
    email_change.stop(acting.acting(replace(acting.actor, kind="anonymous", id=None, session_id=None)),
                      token_to(acting, "ada@perso.test", "email_change_asked"))  # fmt: skip
    assert email_change.pending(acting, ada.account.id) is None
    with pytest.raises(Expired):
        email_change.confirm(acting, ada.account.id, code_to(acting, NEW), waits=False)
    with pytest.raises(Expired):
        email_change.stop(acting, token_to(acting, ada.address, "email_change_asked"))
    assert address_of(acting, ada) == ada.address


def test_the_code_changes_the_address_and_nothing_else(acting, ada):
    before = acting.session.get(Account, ada.account.id).subject
    change = changed(acting, ada, "  Ada.New@Elsewhere.test ".strip())
    assert change.done_at == acting.now
    account = email_address.find_account(acting, NEW)
    assert (account.id, account.subject, account.status) == (ada.account.id, before, "active")
    assert address_of(acting, ada) == "Ada.New@Elsewhere.test"
    assert email_address.find_account(acting, ada.address) is None
    assert audit.verify(acting) == []


def test_other_sessions_and_trust_end_and_this_session_stays(work, ada):
    flows.signed_in(work, ada, trust=True)
    flows.signed_in(later(work, minutes=1), ada)
    acting = in_session(later(work, minutes=2), ada)
    changed(acting, ada)
    live = acting.session.scalars(select(Session.id).where(Session.ended_at.is_(None))).all()
    assert live == [acting.actor.session_id]
    assert trusted_device.forget_all(acting, ada.account.id) == 0
    reasons = set(acting.session.scalars(select(Session.end_reason).where(Session.ended_at.is_not(None))))
    assert reasons == {"email_changed"}


def test_the_old_address_signs_in_until_the_switch_and_the_new_one_after(work, ada):
    acting = in_session(work, ada)
    code = asked(acting, ada)
    assert flows.password(work, ada)[1] is Outcome.ACCEPTED
    email_change.confirm(acting, ada.account.id, code, waits=False)
    assert flows.password(work, ada)[1] is Outcome.REFUSED
    moved = flows.Typed(NEW, ada.password)
    assert flows.password(work, moved)[1] is Outcome.ACCEPTED


def test_links_mailed_to_the_old_address_are_void(work, ada):
    reset.ask(work, ada.address)
    reset.send(work, ada.address)
    link = work.session.scalar(select(MailedLink))
    changed(in_session(work, ada), ada)
    work.session.refresh(link)
    assert link.withdrawn_at is not None


def test_both_notices_are_of_the_transaction_that_changes_the_address(acting, ada):
    code = asked(acting, ada)
    acting.session.commit()
    acting.write()
    email_change.confirm(acting, ada.account.id, code, waits=False)
    acting.session.rollback()  # what a kill before the commit leaves
    assert address_of(acting, ada) == ada.address
    assert not {each["template"] for each in mails(acting)} & {"email_changed", "email_changed_undo"}
    acting.write()
    email_change.confirm(acting, ada.account.id, code, waits=False)
    acting.session.commit()
    told = {(each["template"], each["recipient"]) for each in mails(acting)}
    assert ("email_changed_undo", ada.address) in told
    assert {("email_changed", NEW), ("email_changed", "ada@perso.test")} <= told
    assert ("email_changed", ada.address) not in told


@pytest.mark.parametrize("point", ["outbox.mail", "session.end_all", "_record", "notices.addresses"])
def test_a_failure_anywhere_leaves_the_address_wholly_old(point, acting, ada, monkeypatch):
    code = asked(acting, ada)
    acting.session.commit()
    acting.write()
    part, _, name = point.rpartition(".")
    where = getattr(address_switch, part) if part else address_switch

    def fail(*args, **options):
        raise RuntimeError("killed here")

    with monkeypatch.context() as broken:
        broken.setattr(where, name, fail)
        with pytest.raises(RuntimeError):
            email_change.confirm(acting, ada.account.id, code, waits=False)
    acting.session.rollback()
    assert address_of(acting, ada) == ada.address
    assert acting.session.scalar(select(func.count()).where(Session.ended_at.is_not(None))) == 0
    acting.write()
    assert email_change.confirm(acting, ada.account.id, code, waits=False)[0] is Outcome.ACCEPTED


def test_a_code_of_another_session_or_request_is_refused(work, ada):
    acting = in_session(work, ada)
    first = asked(acting, ada)
    elsewhere = in_session(later(work, minutes=1), ada)
    with pytest.raises(Expired):
        email_change.confirm(elsewhere, ada.account.id, first, waits=False)
    asked(acting, ada, "third@elsewhere.test")  # supersedes the first
    assert email_change.confirm(acting, ada.account.id, first, waits=False)[0] is Outcome.REFUSED
    assert address_of(acting, ada) == ada.address


def test_wrong_codes_pause_over_new_codes(acting, ada):
    asked(acting, ada)
    wrong = "000000" if code_to(acting, NEW) != "000000" else "111111"
    outcomes = [email_change.confirm(acting, ada.account.id, wrong, waits=False)[0] for _ in range(4)]
    assert email_change.send_again(acting, ada.account.id) is Outcome.ACCEPTED
    deliver(acting)
    outcomes.append(email_change.confirm(acting, ada.account.id, wrong, waits=False)[0])
    assert outcomes == [Outcome.REFUSED] * 4 + [Outcome.PAUSED]
    assert email_change.confirm(acting, ada.account.id, code_to(acting, NEW), waits=False)[0] is Outcome.PAUSED


def test_a_change_ends_with_its_hour(acting, ada):
    code = asked(acting, ada)
    with pytest.raises(Expired):
        email_change.confirm(acting.later(minutes=61), ada.account.id, code, waits=False)
    assert email_change.pending(acting.later(minutes=61), ada.account.id) is None


def test_an_address_in_use_looks_the_same_and_its_holder_is_told(acting, ada, make_account):
    bob = make_account("bob@example.test", given_name="Bob")
    assert email_change.ask(acting, ada.account.id, "Bob@Example.test") is Outcome.ACCEPTED
    assert email_change.pending(acting, ada.account.id).new_address == "Bob@Example.test"
    deliver(acting)
    deliver(acting)  # at most one mail an hour
    to_bob = [each["template"] for each in mails(acting) if each["recipient"] == bob.address]
    assert to_bob == ["email_in_use"]
    assert email_change.confirm(acting, ada.account.id, "123456", waits=False)[0] is Outcome.REFUSED
    assert email_address.find_account(acting, "bob@example.test").id == bob.account.id


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ADA@example.test", "same"),
        ("ada@perso.test", "recovery_contact"),
        ("nobody", "not_an_address"),
        ("\u0430da@perso.test", "mixed_alphabets"),
    ],
)
def test_an_impossible_address_is_named(acting, ada, address, reason):
    with pytest.raises(InvalidInput) as error:
        email_change.ask(acting, ada.account.id, address)
    assert error.value.members == {"field": "email", "reason": reason}


def test_codes_are_asked_for_a_limited_number_of_times(acting, ada):
    outcomes = [email_change.ask(acting, ada.account.id, f"a{number}@elsewhere.test") for number in range(6)]
    assert outcomes == [Outcome.ACCEPTED] * 5 + [Outcome.PAUSED]
    assert email_change.pending(acting, ada.account.id).new_address == "a4@elsewhere.test"


def test_whoever_others_depend_on_waits_a_day_and_can_be_stopped(acting, ada):
    code = asked(acting, ada)
    outcome, change = email_change.confirm(acting, ada.account.id, code, waits=True)
    assert (outcome, change.switch_at) == (Outcome.ACCEPTED, acting.now + timedelta(days=1))
    assert email_change.switch_due(acting.later(hours=23).acting(SYSTEM)) == 0
    assert address_of(acting, ada) == ada.address
    acting.write()
    email_change.stop(acting.later(hours=23), token_to(acting, ada.address, "email_change_waiting"))
    assert email_change.switch_due(acting.later(hours=25).acting(SYSTEM)) == 0
    assert address_of(acting, ada) == ada.address


def test_the_change_is_done_when_its_time_has_come_and_only_once(acting, ada):
    email_change.confirm(acting, ada.account.id, asked(acting, ada), waits=True)
    due = acting.later(hours=24).acting(SYSTEM)
    assert (email_change.switch_due(due), email_change.switch_due(due)) == (1, 0)
    assert address_of(acting, ada) == NEW
    assert acting.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0
    assert [each["template"] for each in mails(acting)].count("email_changed_undo") == 1


def test_a_blocked_account_keeps_its_address(acting, ada):
    email_change.confirm(acting, ada.account.id, asked(acting, ada), waits=True)
    acting.session.execute(update(Account).values(status="blocked"))
    assert email_change.switch_due(acting.later(hours=24).acting(SYSTEM)) == 0
    assert address_of(acting, ada) == ada.address


def test_a_new_password_cancels_a_change(acting, ada, work):
    code = asked(acting, ada)
    reset.send(work, ada.address)
    link = [each for each in mails(work) if each["template"] == "password_reset"][-1]["variables"]["path"]
    soon = later(work, minutes=1)
    attempt, _ = reset.begin(soon, link.rpartition("/")[2])
    sign_in.prove_totp(soon, attempt, flows.totp.current_code(soon, ada.secret))
    reset.set_password(soon, attempt, "a sentence nobody else would say")
    change = work.session.scalar(select(EmailChange))
    work.session.refresh(change)
    assert change.outcome == "cancelled"
    with pytest.raises(Expired):
        email_change.confirm(acting, ada.account.id, code, waits=False)


def test_the_undo_link_restores_the_address_and_asks_for_a_new_password(acting, ada):
    changed(acting, ada)
    link = token_to(acting, ada.address, "email_changed_undo")
    found = address_switch.find_to_undo(acting.later(days=6), link)
    assert found.old_address == ada.address
    attempt, _ = address_switch.undo(acting.later(days=6).acting(Actor()), link)
    assert address_of(acting, ada) == ada.address
    assert acting.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0
    assert acting.session.get(PasswordCredential, ada.account.id, populate_existing=True) is None
    assert sign_in.step(acting, attempt) is Step.TOTP  # the link never replaces the second factor
    told = {each["recipient"] for each in mails(acting) if each["template"] == "email_change_undone"}
    assert told == {ada.address, NEW, "ada@perso.test"}
    assert put(acting, "email_change.undone")
    with pytest.raises(Expired):
        address_switch.undo(acting, link)
    assert flows.password(acting, ada)[1] is Outcome.REFUSED  # until another password is chosen
    assert audit.verify(acting) == []


def test_an_address_that_is_signed_in_with_again_is_no_recovery_contact(acting, ada):
    """MFA-04: or else the password and this one mailbox would lead to a new second factor."""
    changed(acting, ada)
    recovery_contact.add(acting, ada.account.id, kind="email", value=ada.address)
    address_switch.undo(acting.acting(Actor()), token_to(acting, ada.address, "email_changed_undo"))
    assert address_of(acting, ada) == ada.address
    held = {contact.value for contact in recovery_contact.verified(acting, ada.account.id) if contact.kind == "email"}
    assert held == {"ada@perso.test"}


def test_no_second_change_while_the_first_can_be_undone(acting, ada):
    change = changed(acting, ada)
    with pytest.raises(Conflict) as error:
        email_change.ask(acting.later(days=6), ada.account.id, "third@elsewhere.test")
    assert error.value.members == {"reason": "recent", "until": change.undo_until}
    assert email_change.ask(acting.later(days=7), ada.account.id, "third@elsewhere.test") is Outcome.ACCEPTED


def test_the_old_address_is_kept_while_the_change_can_be_undone(acting, ada, make_account):
    changed(acting, ada)
    acting.session.commit()
    acting.write()
    with pytest.raises(Conflict):
        make_account(ada.address)
    acting.session.rollback()
    acting.write()
    created = profile.create(
        acting.later(days=7), address=ada.address, given_name="Bob", family_name="B", locale="en-GB"
    )
    assert created.id != ada.account.id


def test_products_see_the_new_address_and_the_same_subject(acting, ada):
    row = select(*claims.SUBJECT_COLUMNS).join_from(Account, EmailAddress, claims.HOLDS_ADDRESS).join(
        Session, Session.account_id == Account.id
    )  # fmt: skip
    before = claims.subject_of(acting.session.execute(row).one())
    changed(acting, ada)
    after = claims.subject_of(acting.session.execute(row).one())
    assert (before.subject, before.person.address) == (after.subject, ada.address)
    assert (after.person.address, after.person.verified_at) == (NEW, acting.now)


def test_staff_change_an_address_that_proves_itself(work, ada):
    change = email_change.by_staff(work, ada.account.id, NEW)
    assert address_of(work, ada) == ada.address
    link = token_to(work, NEW, "email_change_confirm")
    assert email_change.find_to_confirm(work, link).id == change.id
    assert {each["recipient"] for each in mails(work) if each["template"] == "email_change_asked"} == {
        ada.address,
        "ada@perso.test",
    }
    done = email_change.confirm_by_link(work, link)
    assert (done.done_at, address_of(work, ada)) == (work.now, NEW)
    with pytest.raises(Expired):
        email_change.confirm_by_link(work, link)


def test_staff_cannot_give_an_address_that_is_somebodys(work, ada, make_account):
    bob = make_account("bob@example.test")
    with pytest.raises(Conflict):
        email_change.by_staff(work, ada.account.id, bob.address)


def test_the_holder_can_withdraw(acting, ada):
    code = asked(acting, ada)
    assert email_change.withdraw(acting, ada.account.id)
    assert not email_change.withdraw(acting, ada.account.id)
    with pytest.raises(Expired):
        email_change.confirm(acting, ada.account.id, code, waits=False)


def test_an_invitation_to_the_new_address_does_not_stand_in_its_way(acting, ada):
    activation.invite(acting, address=NEW, locale="fr-FR")
    assert changed(acting, ada).done_at is not None


def test_a_contact_that_became_the_address_is_none_any_more(acting, ada):
    code = asked(acting, ada)
    recovery_contact.add(acting, ada.account.id, kind="email", value=NEW)
    email_change.confirm(acting, ada.account.id, code, waits=False)
    values = {contact.value for contact in recovery_contact.verified(acting, ada.account.id)}
    assert NEW not in values
    assert "ada@perso.test" in values
