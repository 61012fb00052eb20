"""A lost second factor."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.accounts import recovery_contact
from idp.audit.models import AuditEvent
from idp.authn import lost_factor, passkey_proof, reset, session, sign_in, totp, trusted_device
from idp.authn.models import Passkey, RecoveryCode, TotpAuthenticator
from idp.authn.outcome import Outcome
from idp.authn.sign_in import Step
from idp.core.errors import Conflict, Expired, NotFound
from idp.core.ids import uuid7
from tests.authn import flows
from tests.authn.authenticator import Authenticator
from tests.conftest import give_contact, later
from tests.outbox_content import facts, mails, messages

HOME = "ada@perso.example.org"


@pytest.fixture
def ada(work, make_account):
    person = make_account(contact=False, recovery_codes=True)
    give_contact(work, person.account.id, kind="email", value=HOME)
    return person


def path_of(work, template):
    return next(mail["variables"]["path"] for mail in reversed(mails(work)) if mail["template"] == template)


def token_of(work, template="lost_factor_link"):
    return path_of(work, template).rpartition("/")[2]


def contact_of(work, person):
    return recovery_contact.verified(work, person.account.id)[-1].id


def proved_contact(work, person):
    """Password and code of the contact; the link is on its way."""
    attempt, _ = flows.password(work, person)
    assert lost_factor.send_code(work, attempt, contact_of(work, person)) is Outcome.ACCEPTED
    outcome, link = lost_factor.prove_contact(work, attempt, flows.sent_code(work))
    assert outcome is Outcome.ACCEPTED
    return attempt, link


def enrolled(work, attempt):
    """Link a new app in this attempt; answers its secret."""
    secret = sign_in.begin_enrolment(work, attempt).secret
    code = totp.current_code(work, secret)
    assert sign_in.confirm_enrolment(work, attempt, code) is Outcome.ACCEPTED
    return secret


def test_a_contact_and_the_password_lead_by_a_link_to_a_new_app(work, ada):
    before = flows.signed_in(work, ada, trust=True)
    work = later(work, minutes=5)
    _, link = proved_contact(work, ada)
    assert (link.address, link.waits) == ("a•••@example.test", False)
    attempt, _ = lost_factor.begin(work, token_of(work))
    assert sign_in.step(work, attempt) is Step.PASSWORD
    assert lost_factor.prove_password(work, attempt, ada.password, device_token=None) is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.ENROL
    secret = enrolled(work, attempt)

    assert work.session.scalars(select(TotpAuthenticator.account_id)).all() == [ada.account.id]
    assert totp.secrets_of(work, ada.account.id)[0][1] == secret
    assert work.session.scalars(select(RecoveryCode)).all() == []
    assert session.find(work, before.session_token) is None
    assert trusted_device.find(work, ada.account.id, before.device_token) is None
    assert [fact["reason"] for fact in facts(work, "session.ended")] == ["second_factor_replaced"]
    told = [mail["recipient"] for mail in mails(work) if mail["template"] == "second_factor_replaced"]
    assert sorted(told) == ["ada@example.test", HOME]

    assert sign_in.step(work, attempt) is Step.CODES  # the contact stays
    codes = flows.keep_codes(work, attempt)
    assert not set(codes) & set(ada.recovery_codes)
    assert sign_in.finish(work, attempt, trust=True).account_id == ada.account.id
    event = work.session.scalar(select(AuditEvent).where(AuditEvent.name == "authenticator.replaced"))
    assert event.details["by"] == ["link", "otp", "pwd"]


def test_a_recovery_code_leads_to_a_new_app_too(work, ada):
    attempt, _ = flows.password(work, ada)
    assert sign_in.prove_recovery_code(work, attempt, ada.recovery_codes[0]) is Outcome.ACCEPTED
    mail = next(each for each in mails(work) if each["template"] == "recovery_code_used")
    assert mail["variables"]["left"] == 9
    turned, _ = lost_factor.turn(work, attempt)
    with pytest.raises(Expired):
        sign_in.finish(work, attempt, trust=False)  # one of the two, not both
    assert sign_in.step(work, turned) is Step.PASSWORD
    assert lost_factor.prove_password(work, turned, ada.password, device_token=None) is Outcome.ACCEPTED
    enrolled(work, turned)
    assert sign_in.step(work, turned) is Step.CODES


def test_a_code_of_the_app_does_not_lead_there(work, ada):
    attempt, _ = flows.password(work, ada)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    with pytest.raises(Conflict):
        lost_factor.turn(work, attempt)


def test_the_password_comes_before_any_contact(work, ada):
    attempt = flows.attempt(work)
    assert lost_factor.offered(work, attempt, phones=True) == []
    with pytest.raises(Conflict):
        lost_factor.send_code(work, attempt, contact_of(work, ada))
    with pytest.raises(Conflict):
        lost_factor.prove_contact(work, attempt, "123456")


def test_the_mailbox_alone_offers_no_contact(work, ada):
    reset.send(work, ada.address)
    attempt, _ = reset.begin(work, token_of(work, "password_reset"))
    assert sign_in.step(work, attempt) is Step.TOTP
    assert lost_factor.offered(work, attempt, phones=True) == []
    with pytest.raises(Conflict):
        lost_factor.send_code(work, attempt, contact_of(work, ada))


def test_phones_are_offered_where_messages_can_be_sent(work, make_account):
    bob = make_account("bob@example.test")
    attempt, _ = flows.password(work, bob)
    assert lost_factor.offered(work, attempt, phones=False) == []
    [contact] = lost_factor.offered(work, attempt, phones=True)
    assert lost_factor.send_code(work, attempt, contact.id) is Outcome.ACCEPTED
    assert [message["recipient"] for message in messages(work)] == [contact.value]


def test_nobody_elses_contact_is_written_to(work, ada, make_account):
    bob = make_account("bob@example.test")
    attempt, _ = flows.password(work, bob)
    with pytest.raises(NotFound):
        lost_factor.send_code(work, attempt, contact_of(work, ada))
    with pytest.raises(NotFound):
        lost_factor.send_code(work, attempt, uuid7())


def test_a_fresh_contact_waits_an_hour_and_every_address_hears_of_it(work, make_account):
    ada = make_account(contact=False)
    give_contact(work, ada.account.id, kind="email", value=HOME, days=0.9)
    _, link = proved_contact(work, ada)
    assert link.waits
    assert link.at - work.now == timedelta(hours=1)
    [mail] = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"]
    assert mail["due"] == link.at
    warned = [mail for mail in mails(work) if mail["template"] == "lost_factor_asked"]
    assert sorted(mail["recipient"] for mail in warned) == ["ada@example.test", HOME]
    assert lost_factor.find(work.later(hours=2, seconds=-1), token_of(work))
    with pytest.raises(Expired):
        lost_factor.find(work.later(hours=2), token_of(work))


def test_a_known_contact_warns_the_other_addresses(work, ada):
    proved_contact(work, ada)
    [mail] = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"]
    assert mail["due"] == work.now
    assert [mail["recipient"] for mail in mails(work) if mail["template"] == "lost_factor_asked"] == [HOME]


def test_the_warning_stops_the_link_and_what_it_began(work, ada):
    proved_contact(work, ada)
    link, stop = token_of(work), token_of(work, "lost_factor_asked")
    attempt, _ = lost_factor.begin(work, link)
    lost_factor.stop(work, stop)
    with pytest.raises(Expired):
        lost_factor.prove_password(later(work), attempt, ada.password, device_token=None)
    work.session.rollback()
    work.write()
    with pytest.raises(Expired):
        lost_factor.stop(work, stop)


def test_the_link_serves_once_for_one_attempt(work, ada):
    proved_contact(work, ada)
    token = token_of(work)
    lost_factor.begin(work, token)
    with pytest.raises(Expired):
        lost_factor.begin(work, token)


def test_an_attempt_of_a_link_leads_to_nothing_else(work, ada):
    proved_contact(work, ada)
    attempt, _ = lost_factor.begin(work, token_of(work))
    for step in (Step.PASSWORD, Step.ENROL):
        assert sign_in.step(work, attempt) is step
        with pytest.raises(Conflict):
            sign_in.finish(work, attempt, trust=False)
        with pytest.raises(Conflict):
            sign_in.prove_recovery_code(work, attempt, ada.recovery_codes[0])
        with pytest.raises(Conflict):
            sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
        with pytest.raises(Conflict):
            reset.set_password(work, attempt, "another mill on another hill")
        if step is Step.PASSWORD:
            with pytest.raises(Conflict):
                sign_in.begin_enrolment(work, attempt)
            assert lost_factor.prove_password(work, attempt, "wrong", device_token=None) is Outcome.REFUSED
            assert sign_in.step(work, attempt) is Step.PASSWORD
            assert lost_factor.prove_password(work, attempt, ada.password, device_token=None) is Outcome.ACCEPTED


def test_an_attempt_without_what_it_begins_with_is_none(work, ada):
    attempt, _ = sign_in.open_attempt(
        work, purpose="lost_factor", continue_to="/", lifetime=timedelta(minutes=5), account_id=ada.account.id
    )
    with pytest.raises(Expired):
        lost_factor.prove_password(work, attempt, ada.password, device_token=None)
    with pytest.raises(Expired):
        sign_in.begin_enrolment(work, attempt)


def test_the_password_of_somebody_else_does_not_do(work, ada, make_account):
    bob = make_account("bob@example.test", password="une autre colline 9 fleurie")
    proved_contact(work, ada)
    attempt, _ = lost_factor.begin(work, token_of(work))
    assert lost_factor.prove_password(work, attempt, bob.password, device_token=None) is Outcome.REFUSED
    assert attempt.account_id == ada.account.id


def test_five_wrong_codes_pause_this_way_alone(work, ada):
    attempt, _ = flows.password(work, ada)
    lost_factor.send_code(work, attempt, contact_of(work, ada))
    wrong = f"{(int(flows.sent_code(work)) + 1) % 1_000_000:06d}"
    outcomes = [lost_factor.prove_contact(work, attempt, wrong)[0] for _ in range(5)]
    assert outcomes == [Outcome.REFUSED] * 4 + [Outcome.PAUSED]
    assert lost_factor.code_pause(work, attempt) == work.later(hours=1).now
    lost_factor.send_code(work, attempt, contact_of(work, ada))
    assert lost_factor.prove_contact(work, attempt, flows.sent_code(work)) == (Outcome.PAUSED, None)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED


def test_the_code_of_one_sign_in_serves_in_no_other(work, ada):
    first, _ = flows.password(work, ada)
    lost_factor.send_code(work, first, contact_of(work, ada))
    code = flows.sent_code(work)
    second, _ = flows.password(work, ada)
    lost_factor.send_code(work, second, contact_of(work, ada))
    if flows.sent_code(work) != code:
        assert lost_factor.prove_contact(work, second, code)[0] is Outcome.REFUSED


def test_a_contact_removed_meanwhile_leads_nowhere(work, ada):
    attempt, _ = flows.password(work, ada)
    contact = contact_of(work, ada)
    lost_factor.send_code(work, attempt, contact)
    give_contact(work, ada.account.id)
    recovery_contact.remove(work, ada.account.id, contact)
    with pytest.raises(Expired):
        lost_factor.prove_contact(work, attempt, flows.sent_code(work))


def test_a_blocked_account_gets_in_by_no_link(work, ada):
    proved_contact(work, ada)
    ada.account.status, ada.account.status_reason = "blocked", "operator"
    with pytest.raises(Expired):
        lost_factor.begin(work, token_of(work))


def test_an_earlier_attempt_does_not_survive_the_new_factor(work, ada):
    waiting, _ = flows.password(work, ada)  # somebody with the old phone, one code away
    proved_contact(work, ada)
    attempt, _ = lost_factor.begin(work, token_of(work))
    lost_factor.prove_password(work, attempt, ada.password, device_token=None)
    enrolled(work, attempt)
    with pytest.raises(Expired):
        sign_in.prove_totp(later(work), waiting, totp.current_code(work, ada.secret))


def test_a_passkey_takes_the_place_of_the_lost_app(work, ada):
    proved_contact(work, ada)
    attempt, _ = lost_factor.begin(work, token_of(work))
    lost_factor.prove_password(work, attempt, ada.password, device_token=None)
    options = passkey_proof.creation_options(work, attempt)
    assert passkey_proof.enrol(work, attempt, Authenticator().create(options)) is Outcome.ACCEPTED
    assert work.session.scalars(select(TotpAuthenticator)).all() == []
    assert len(work.session.scalars(select(Passkey)).all()) == 1
    assert work.session.scalars(select(RecoveryCode)).all() == []
    assert sign_in.step(work, attempt) is Step.CODES
    flows.keep_codes(work, attempt)
    finished = sign_in.finish(work, attempt, trust=False)
    assert session.find(work, finished.session_token).acr == session.ACR_TWO


def test_after_everything_was_lost_a_new_password_comes_first(work, ada):
    """What two of the staff have approved: the link of a case (J14)."""
    lost_factor.mail_link(work, ada.account.id, at=work.now, purpose=lost_factor.LOST_ALL)
    attempt, _ = lost_factor.begin(work, token_of(work))
    assert sign_in.step(work, attempt) is Step.NEW_PASSWORD
    with pytest.raises(Conflict):
        lost_factor.prove_password(work, attempt, ada.password, device_token=None)
    with pytest.raises(Conflict):
        sign_in.begin_enrolment(work, attempt)
    reset.set_password(work, attempt, "another mill on another hill")
    assert sign_in.step(work, attempt) is Step.ENROL
    enrolled(work, attempt)
    flows.keep_codes(work, attempt)
    assert sign_in.finish(work, attempt, trust=False).account_id == ada.account.id


def test_a_new_password_makes_a_link_void_that_was_asked_for_with_the_old_one(work, ada):
    """Whoever asked knew the old password; the attempts that began by it end, and so do the links (J5)."""
    proved_contact(work, ada)
    link = token_of(work)
    work = later(work, minutes=2)
    attempt, _ = reset.open_attempt(work, ada.account.id, "/")
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    reset.set_password(work, attempt, "glissade sous la neige 4")
    with pytest.raises(Expired) as refused:
        lost_factor.begin(work, link)
    assert refused.value.members["reason"] == "withdrawn"
