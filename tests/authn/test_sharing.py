"""What is done about signs of sharing: told first, a code each time, then a review; muted, forgotten, never blocked."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from idp.audit.models import AuditEvent
from idp.authn import sharing, trusted_device
from idp.authn.models import PasswordCredential, Session, SharingAnswer, SharingSignal, TrustedDevice
from idp.authn.sharing_signs import Sighting
from idp.companies import access, sharing_case, support_case
from idp.companies.models import SupportCase
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from tests.authn.trace import IPHONE, LILLE, NAMUR, Device, Trace
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def sophie(open_work, make_account, work) -> Trace:
    person = make_account("info@example.test", given_name="Sophie", locale="fr-BE")
    work.session.rollback()
    return Trace(open_work, person)


def two_towns(trace: Trace, at=NOW) -> tuple[Device, Device]:
    here, there = Device(), Device()
    trace.sign_in(here, at, NAMUR)
    trace.sign_in(there, at + 5 * timedelta(minutes=1), LILLE)
    return here, there


def mails(trace: Trace, template: str) -> list[dict]:
    work = trace.job(NOW)
    rows = work.session.scalars(select(OutboxMessage).where(OutboxMessage.name == template).order_by(OutboxMessage.id))
    found = [open_payload(work, row) for row in rows]
    work.session.close()
    return found


def cases(trace: Trace) -> list[tuple[str, str]]:
    work = trace.job(NOW)
    found = work.session.execute(select(SupportCase.kind, SupportCase.state).order_by(SupportCase.created_at)).all()
    work.session.close()
    return [tuple(row) for row in found]


def note(trace: Trace, signal: str, at=NOW) -> None:
    work = trace.job(at)
    work.write()
    sharing.note(work, trace.person.account.id, Sighting(signal, at))
    work.session.commit()


def test_the_person_is_told_once_in_their_language_without_places(sophie):
    two_towns(sophie)
    standing = sophie.look(NOW + HOUR)
    assert standing.score == 4
    (mail,) = mails(sophie, "sharing_noticed")
    assert mail["recipient"] == "info@example.test"
    assert mail["locale"] == "fr-BE"
    assert mail["variables"]["seen"] == ["Deux lieux éloignés en même temps", "Adresse partagée (info@, compta@…)"]
    assert mail["variables"]["path"] == "/account/sharing"
    assert "Namur" not in str(mail)
    assert cases(sophie) == [("sharing", "notice_sent")]

    two_towns(sophie, NOW + DAY)  # the same again is no news
    sophie.look(NOW + DAY + HOUR)
    assert len(mails(sophie, "sharing_noticed")) == 1
    note(sophie, "many_devices", NOW + 2 * DAY)  # another sign is
    sophie.sign_in(Device(IPHONE), NOW + 2 * DAY)
    assert sophie.look(NOW + 2 * DAY + HOUR).review
    assert len(mails(sophie, "sharing_noticed")) == 2
    assert cases(sophie) == [("sharing", "review")]


def test_below_the_notice_nothing_happens(sophie):
    sophie.sign_in(Device(), NOW)
    standing = sophie.look(NOW + HOUR)
    assert (standing.score, standing.notice) == (1, False)
    assert mails(sophie, "sharing_noticed") == []
    assert cases(sophie) == []


def test_from_three_on_a_trusted_browser_is_neither_offered_nor_heeded(sophie):
    account_id = sophie.person.account.id
    browser = Device()
    sophie.sign_in(browser, NOW - DAY, trust=True)
    work = sophie.job(NOW)
    assert trusted_device.find(work, account_id, browser.cookie).trusted
    assert access.trusted_devices_allowed(work, account_id)
    work.session.close()
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    work = sophie.job(NOW + HOUR)
    assert not access.trusted_devices_allowed(work, account_id)
    later = sophie.job(NOW + 91 * DAY)
    assert access.trusted_devices_allowed(later, account_id)  # judged at the time of the question, not by a job


def test_a_notice_alone_leaves_trusted_browsers_as_they_are(sophie):
    note(sophie, "parallel_sessions")
    work = sophie.job(NOW + HOUR)
    assert sharing.standing(work, sophie.person.account.id).notice
    assert access.trusted_devices_allowed(work, sophie.person.account.id)


def test_nobody_is_blocked_whatever_is_seen(sophie):
    for signal in ("distant_places", "many_devices", "parallel_sessions", "code_asked_elsewhere", "generic_address"):
        note(sophie, signal)
    sophie.sign_in(Device(), NOW)
    standing = sophie.look(NOW + HOUR)
    assert standing.review
    current = sophie.sign_in(Device(), NOW + 2 * HOUR)
    work = sophie.job(NOW + 2 * HOUR)
    assert current.status == "active"
    assert work.session.scalar(select(func.count()).select_from(Session).where(Session.ended_at.is_not(None))) == 0


def test_it_was_me_mutes_for_ninety_days_and_then_a_new_sighting_counts(sophie):
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    work = sophie.holder(NOW + 2 * HOUR)
    sharing_case.explained(work, sophie.person.account.id)
    work.session.commit()
    assert sophie.standing(NOW + 2 * HOUR).score == 0
    assert cases(sophie) == [("sharing", "closed")]
    two_towns(sophie, NOW + 30 * DAY)
    assert sophie.look(NOW + 30 * DAY + HOUR).score == 0
    two_towns(sophie, NOW + 89 * DAY)
    assert sophie.look(NOW + 89 * DAY + HOUR).score == 0
    assert sophie.standing(NOW + 91 * DAY).score == 0  # what was seen while it was muted was not noted
    two_towns(sophie, NOW + 100 * DAY)
    assert sophie.look(NOW + 100 * DAY + HOUR).score == 4
    assert len(mails(sophie, "sharing_noticed")) == 2
    assert cases(sophie) == [("sharing", "closed"), ("sharing", "notice_sent")]


def test_what_was_explained_does_not_end_a_review(sophie):
    two_towns(sophie)
    note(sophie, "many_devices")
    assert sophie.look(NOW + HOUR).review
    work = sophie.holder(NOW + 2 * HOUR)
    sharing_case.explained(work, sophie.person.account.id)
    work.session.commit()
    assert cases(sophie) == [("sharing", "review")]


def test_it_was_not_me_ends_everything_and_leads_to_a_new_password(sophie):
    account_id = sophie.person.account.id
    browser = Device()
    sophie.sign_in(browser, NOW - DAY, trust=True)
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    work = sophie.holder(NOW + 2 * HOUR)
    sharing.was_not_me(work, account_id)
    work.session.commit()
    assert work.session.scalars(select(Session.end_reason).distinct()).all() == ["not_me"]
    assert work.session.scalar(select(func.count()).select_from(TrustedDevice)) == 0
    work.session.close()
    (link,) = mails(sophie, "password_reset")
    assert link["recipient"] == "info@example.test"
    assert sophie.standing(NOW + 3 * HOUR).code_each_time  # until the password is another one

    work = sophie.holder(NOW + 4 * HOUR)
    work.session.execute(update(PasswordCredential).values(changed_at=work.now))
    work.session.commit()
    sophie.sign_in(Device(), NOW + 5 * HOUR)
    assert [sign.signal for sign in sophie.look(NOW + 6 * HOUR).signs] == ["generic_address"]


def test_we_share_it_mutes_nothing(sophie):
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    work = sophie.holder(NOW + 2 * HOUR)
    sharing.is_shared(work, sophie.person.account.id)
    work.session.commit()
    assert sharing.told(work, sophie.person.account.id).answer == "shared"
    work.session.close()
    assert sophie.standing(NOW + 3 * HOUR).score == 4


def test_signs_older_than_ninety_days_do_not_count_and_are_removed(sophie):
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    assert sophie.standing(NOW + 90 * DAY).score == 4
    assert sophie.standing(NOW + 91 * DAY).score == 0
    work = sophie.job(NOW + 89 * DAY)
    work.write()
    assert sharing.forget_old(work) == 0
    work = work.later(days=3)
    assert sharing.forget_old(work) == 2
    assert work.session.scalar(select(func.count()).select_from(SharingAnswer)) == 0
    work.session.rollback()


def test_a_mute_is_kept_until_it_is_over(sophie):
    note(sophie, "many_devices")
    work = sophie.holder(NOW + 80 * DAY)
    work.write()
    sharing.mute(work, sophie.person.account.id)
    assert sharing.forget_old(work.later(days=30)) == 0
    assert sharing.forget_old(work.later(days=91)) == 1
    work.session.rollback()


def test_a_sign_that_the_policy_does_not_name_never_counts(sophie):
    note(sophie, "phase_of_the_moon")
    assert sophie.standing(NOW).signs == ()


def test_looking_twice_changes_nothing(sophie):
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    work = sophie.job(NOW + HOUR)
    before = work.session.execute(select(SharingSignal.signal, SharingSignal.seen_at, SharingSignal.weight)).all()
    sharing.look(work, sophie.person.account.id)
    work.session.commit()
    after = work.session.execute(select(SharingSignal.signal, SharingSignal.seen_at, SharingSignal.weight)).all()
    assert sorted(before) == sorted(after)
    assert len(mails(sophie, "sharing_noticed")) == 1


def test_staff_see_signs_and_dates_and_decide(sophie):
    two_towns(sophie)
    note(sophie, "many_devices")
    sophie.look(NOW + HOUR)
    account_id = sophie.person.account.id
    work = sophie.job(NOW + 2 * HOUR)
    case_id = work.session.scalars(select(SupportCase.id)).one()
    assert {sign.signal for sign in sharing_case.signs(work, account_id)} == {
        "distant_places", "many_devices", "generic_address",
    }  # fmt: skip
    closed = sharing_case.dismiss(work, case_id, "the network of the company leads over Lille")
    assert (closed.state, closed.details["decision"]) == ("closed", "dismissed")
    work.session.commit()
    assert sophie.standing(NOW + 3 * HOUR).score == 0
    names = set(work.session.scalars(select(AuditEvent.name).where(AuditEvent.name.startswith("sharing."))))
    assert names == {"sharing.seen", "sharing.told", "sharing.decided"}


def test_a_confirmed_case_keeps_the_code_and_tells_the_person(sophie):
    two_towns(sophie)
    sophie.look(NOW + HOUR)
    work = sophie.job(NOW + 2 * HOUR)
    case_id = work.session.scalars(select(SupportCase.id)).one()
    sharing_case.confirm(work, case_id, "three people say so on the telephone")
    work.session.commit()
    assert len(mails(sophie, "sharing_confirmed")) == 1
    two_towns(sophie, NOW + DAY)
    assert sophie.look(NOW + DAY + HOUR).code_each_time
    assert cases(sophie) == [("sharing", "closed")]  # what was decided is not put before the staff again


def test_only_a_case_of_sharing_is_decided_here(sophie):
    work = sophie.job(NOW)
    case = support_case.open_case(work, "reset-2fa", sophie.person.account.id, "phone lost", "called back")
    with pytest.raises(sharing_case.NotFound):
        sharing_case.dismiss(work, case.id, "no")
    work.session.rollback()


def test_the_statement_that_decides_on_trust_is_one(sophie, engine):
    account_id, work = sophie.person.account.id, sophie.job(NOW)
    counted: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    access.trusted_devices_allowed(work, account_id)
    assert len(counted) == 1
    work.session.close()
