"""What every contact is told of a case and how it is stopped; the waiting time; what is done after it (J14, OPS-02)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.accounts import recovery_contact
from idp.accounts.models import EmailAddress
from idp.audit.models import AuditEvent
from idp.authn import lost_factor, sign_in, totp
from idp.authn.models import MailedLink, SignIn
from idp.companies import staff, support_acts, support_case, support_desk, support_due
from idp.companies.errors import CaseState, FourEyes
from idp.companies.models import SupportCase, SupportCaseLink
from idp.core.errors import Expired, InvalidInput, NotFound, NotPermitted
from idp.outbox.render import render_text_message
from tests.authn import flows
from tests.companies.support import links, make_desk
from tests.conftest import later
from tests.outbox.test_sms_gateway import GSM
from tests.outbox_content import mails

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(work, make_account):
    return make_desk(work, make_account)


def events(work, *names):
    rows = work.session.execute(
        select(AuditEvent.name, AuditEvent.outcome, AuditEvent.details)
        .where(AuditEvent.name.in_(names))
        .order_by(AuditEvent.sequence)
    )
    return [(row.name, row.outcome, row.details) for row in rows]


def run_due(work):
    told = support_due.carry_out(work, support_acts.ACTS)
    work.write()
    return told


# --- every contact is told, and can stop it ---


def test_every_contact_is_told_with_a_link_of_its_own(desk, work):
    account_id = desk.person.account.id
    recovery_contact.add(work, account_id, kind="email", value="ada@private.example")
    unproved = recovery_contact.add(work, account_id, kind="email", value="old@private.example")
    unproved.verified_at = None
    desk.open()
    told = links(work)
    assert set(told) == {desk.person.address, "ada@private.example"}
    rows = work.session.scalars(select(SupportCaseLink)).all()
    phones = [row for row in rows if row.sent_to.startswith("+")]
    assert len(rows) == len(set(told.values())) + len(phones)
    assert all(token.encode() not in row.token_digest for token in told.values() for row in rows)
    assert [row.may_confirm for row in rows].count(True) == 1
    with pytest.raises(NotFound):
        support_case.confirm(work, told["ada@private.example"])
    assert support_case.stop(work, told["ada@private.example"]).state == "closed"
    stopped = events(work, "case.stopped")
    assert stopped[0][2]["sent_to"] == "a•••@private.example"


def test_a_link_stops_once_and_security_is_told(desk, work):
    desk.open()
    token = links(work)[desk.person.address]
    support_case.stop(work, token)
    with pytest.raises(Expired) as again:
        support_case.stop(work, token)
    assert again.value.members["reason"] == "used"
    told = {mail["recipient"] for mail in mails(work) if mail["template"] == "case_stopped"}
    assert told == {"support@staff.example", "security@staff.example", "administrator@staff.example"}
    with pytest.raises(NotFound):
        support_case.stop(work, "x" * 43)


def test_approval_is_told_with_the_time_and_new_links(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    told = [mail for mail in mails(work) if mail["template"] == "case_opened"]
    assert {mail["recipient"] for mail in told} == {desk.person.address}
    assert told[0]["variables"]["effective"] == (work.now + DAY).isoformat()
    first, second = links(work)[desk.person.address], links(work, "case_opened")[desk.person.address]
    assert first != second
    support_case.stop(work, second)
    with pytest.raises(Expired):
        support_case.stop(work, first)


# --- the waiting time ---


def test_a_confirmed_reset_waits_an_hour(desk, work):
    case = desk.open()
    support_case.confirm(work, links(work)[desk.person.address])
    assert support_case.approve(desk.by("security"), case.id).due_at == work.now + HOUR


def test_confirming_during_the_wait_leaves_an_hour_to_stop(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    soon = work.later(hours=3)
    assert support_case.confirm(soon, links(work)[desk.person.address]).due_at == soon.now + HOUR
    late = work.later(hours=3, minutes=30)
    assert support_case.confirm(late, links(work)[desk.person.address]).due_at == soon.now + HOUR


def test_a_new_start_always_waits_a_day(desk, work):
    case = desk.in_state("requested")
    support_case.confirm(work, links(work)[desk.person.address])
    support_case.take_up(desk.by("support"), case.id, reason="asked", identity_check="called back")
    assert support_case.approve(desk.by("security"), case.id).due_at == work.now + DAY


def test_an_erasure_has_a_time_of_its_own(desk, work):
    at = work.now + timedelta(days=14)
    case = support_case.open_case(
        desk.by("privacy"), "erase", desk.person.account.id, "request of the person", "letter", due_at=at
    )
    assert support_case.approve(desk.by("administrator"), case.id).due_at == at


def test_nothing_happens_before_its_time(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    work.session.commit()
    assert run_due(work.later(hours=23, minutes=59)) == {"carried_out": [], "finished": [], "closed": []}
    assert run_due(work.later(hours=24))["carried_out"] == [case.reference]
    assert run_due(work.later(hours=24))["carried_out"] == []
    sent = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"]
    assert [mail["recipient"] for mail in sent] == [desk.person.address]
    link = work.session.scalar(select(MailedLink).where(MailedLink.purpose == "lost_factor"))
    assert link.expires_at - link.created_at == timedelta(minutes=60)


def test_signing_in_with_the_old_code_closes_the_case(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    meanwhile = later(work, hours=2)
    flows.signed_in(meanwhile, desk.person)
    meanwhile.session.commit()
    assert run_due(meanwhile)["closed"] == [case.reference]
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).close_reason == "signed_in"
    assert run_due(work.later(hours=25))["carried_out"] == []


def test_a_sign_in_in_the_last_minute_counts_too(desk, work):
    """The job that carries cases out asks in the same statement that takes the case."""
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    meanwhile = later(work, hours=23, minutes=59)
    flows.signed_in(meanwhile, desk.person)
    meanwhile.session.commit()
    told = run_due(work.later(hours=24))
    assert (told["carried_out"], told["closed"]) == ([], [case.reference])


def test_the_password_alone_does_not_close_a_case(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    meanwhile = later(work, hours=2)
    flows.password(meanwhile, desk.person)
    meanwhile.session.commit()
    assert run_due(meanwhile)["closed"] == []
    assert run_due(work.later(hours=24))["carried_out"] == [case.reference]


def test_stopping_makes_the_link_void_and_ends_the_attempt(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    work.session.commit()
    day = work.later(hours=24)
    run_due(day)
    attempt, attempt_token = begun(day)
    assert sign_in.current(day, attempt_token).id == attempt.id
    support_case.stop(day, links(work, "case_opened")[desk.person.address])
    assert work.session.get_one(SignIn, attempt.id, populate_existing=True).finished_at is not None
    with pytest.raises(Expired):
        sign_in.current(day, attempt_token)
    with pytest.raises(Expired):
        begun(day)


def begun(work):
    """The person opens the set-up link and presses its button."""
    token = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"][-1]["variables"]["path"]
    return lost_factor.begin(work, token.rpartition("/")[2])


def test_the_link_can_be_sent_again_and_a_case_nobody_goes_on_with_is_closed(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    work.session.commit()
    day = work.later(hours=24)
    run_due(day)
    first = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"][-1]["variables"]["path"]
    support_acts.send_again(desk.by("support", day.later(hours=2)), case.id)
    second = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"][-1]["variables"]["path"]
    assert first != second
    void = work.session.scalars(select(MailedLink.withdrawn_at).order_by(MailedLink.created_at)).all()
    assert [moment is not None for moment in void] == [True, False]
    work.session.commit()
    assert run_due(day.later(days=8))["closed"] == [case.reference]


def test_a_linked_factor_finishes_the_case(desk, work):
    case = desk.open()
    support_case.approve(desk.by("security"), case.id)
    work.session.commit()
    day = work.later(hours=24)
    run_due(day)
    totp.enrol(day, desk.person.account.id, totp.new_secret(), name="new phone")
    flows_after = day.later(minutes=5)
    work.session.commit()
    assert run_due(flows_after)["finished"] == [case.reference]
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).state == "done"


# --- the change of an address by staff ---


def test_staff_replace_an_address_by_two_people_and_the_new_one_proves_itself(desk, work):
    case = desk.open("change-email", role="security")
    assert "a•••@example.test" in str([mail["variables"].get("what") for mail in mails(work)])
    support_case.approve(desk.by("administrator"), case.id)
    work.session.commit()
    day = work.later(hours=24)
    assert run_due(day)["carried_out"] == [case.reference]
    asked = [mail for mail in mails(work) if mail["template"] == "email_change_confirm"]
    assert [mail["recipient"] for mail in asked] == ["ada.new@example.test"]
    held = work.session.scalars(select(EmailAddress.address).where(EmailAddress.released_at.is_(None))).all()
    assert desk.person.address in held
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).state == "ready"


def test_an_address_that_is_somebody_s_by_then_closes_the_case(desk, work, make_account):
    case = desk.open("change-email", role="security")
    support_case.approve(desk.by("administrator"), case.id)
    make_account("ada.new@example.test")
    work.session.commit()
    assert run_due(work.later(hours=24))["closed"] == [case.reference]
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).close_reason == "failed: conflict"


@pytest.mark.parametrize("address", ["", "no address", "ada@example.test", "ADA@example.test", "\u0430da@new.test"])
def test_a_new_address_must_be_one(desk, address):
    with pytest.raises(InvalidInput) as refused:
        support_case.open_case(
            desk.by("security"), "change-email", desk.person.account.id, "lost", "seen", address=address
        )
    assert refused.value.members["field"] == "email"


# --- a request of the person ---


def test_a_request_waits_for_two_of_the_staff(desk, work):
    case = desk.in_state("requested")
    with pytest.raises(CaseState):
        support_case.approve(desk.by("security"), case.id)
    work.write()
    taken = support_case.open_case(desk.by("support"), "reset-all", desk.person.account.id, "asked", "called back")
    assert (taken.id, taken.state, taken.origin) == (case.id, "waiting_approval", "person")
    with pytest.raises(FourEyes):
        support_case.approve(desk.by("support"), case.id)
    work.write()
    assert support_case.approve(desk.by("security"), case.id).state == "waiting_time"


def test_a_request_that_nobody_takes_up_ends_after_a_week(desk, work):
    case = desk.in_state("requested")
    work.session.commit()
    assert run_due(work.later(days=6))["closed"] == []
    assert run_due(work.later(days=8))["closed"] == [case.reference]


# --- what staff read ---


def test_a_case_out_of_sight_is_like_one_that_is_not_there(desk, work):
    case = desk.open("sharing", role="security")
    shown = support_desk.case(desk.by("security"), case.id)
    assert shown.opened_by == "Security Byron"
    for role in ("support", "privacy", "billing"):
        with pytest.raises(NotFound) as hidden:
            support_desk.case(desk.by(role), case.id)
        with pytest.raises(NotFound) as missing:
            support_desk.case(desk.by(role), desk.staff[role])
        assert hidden.value.members == missing.value.members
        assert support_desk.cases(desk.by(role)).rows == ()
        assert support_desk.count(desk.by(role)) == 0


def test_looking_an_account_up_is_recorded_and_shows_no_secret(desk, work):
    flows.signed_in(work, desk.person)
    found = support_desk.look_up(desk.by("support"), desk.person.address.upper())
    assert found == desk.person.account.id
    assert work.session.scalar(select(func.count()).where(AuditEvent.name == "account.looked_up")) == 1
    seen = support_desk.account(desk.by("support"), found)
    assert (seen.apps, seen.codes_left, seen.status) == (1, 10, "active")
    assert [kind for kind, _ in seen.contacts] == ["phone"]
    assert "•••" in seen.contacts[0][1]
    assert len(seen.sign_ins or ()) == 1
    for secret in (desk.person.secret, *desk.person.recovery_codes):
        assert secret not in repr(seen)
    assert support_desk.account(desk.by("privacy"), found).sign_ins is None
    with pytest.raises(NotPermitted):
        support_desk.look_up(desk.by("billing"), desk.person.address)
    with pytest.raises(NotFound):
        support_desk.look_up(desk.by("support"), "nobody@example.test")


def test_cases_are_paged_by_when_they_were_opened(desk, work, make_account):
    for number in range(5):
        other = make_account(f"person{number}@example.test").account.id
        support_case.open_case(desk.by("support", work.later(minutes=number)), "reset-2fa", other, "lost", "seen")
    first = support_desk.cases(desk.by("support"), limit=2)
    rest = support_desk.cases(desk.by("support"), after=first.next, limit=3)
    assert support_desk.cases(desk.by("support"), before=rest.previous, limit=2) == first
    assert [case.address for case in (*first.rows, *rest.rows)] == [f"person{n}@example.test" for n in (4, 3, 2, 1, 0)]
    assert support_desk.count(desk.by("support"), state="open") == 5
    assert support_desk.count(desk.by("support"), state="done") == 0
    assert staff.roles_ever(work, desk.staff["support"]) == {"operations.support"}


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_a_text_message_is_written_in_the_alphabet_of_telephones(locale):
    content = {
        "recipient": "+33639980011",
        "locale": locale,
        "variables": {"link": "https://id.example/recovery/" + "x" * 43},
    }
    _, text = render_text_message("case_opened", content)
    assert set(text) <= GSM | {"_"}
    assert len(text) <= 306  # two of them
