"""Cases of support: who may do what, from where to where, and what the person is told (J14, OPS-02)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.accounts import recovery_contact
from idp.accounts.models import Account, EmailAddress
from idp.audit.models import AuditEvent
from idp.authn import lost_factor, sign_in, totp
from idp.authn.models import MailedLink, SignIn
from idp.companies import staff, support_acts, support_case, support_desk, support_due, support_kind, support_state
from idp.companies.errors import CaseOpen, CaseState, FourEyes, MoreRights, NotOnYourself
from idp.companies.models import SupportCase, SupportCaseLink
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.authn import flows
from tests.companies.support import OPERATOR, links, make_desk
from tests.conftest import later
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


# --- four eyes ---


def test_one_opens_and_another_approves(desk, work):
    case = desk.open()
    assert (case.state, case.kind, case.repeated) == ("waiting_approval", "reset-2fa", False)
    approved = support_case.approve(desk.by("security"), case.id)
    assert (approved.state, approved.due_at) == ("waiting_time", work.now + DAY)
    assert (approved.opened_by, approved.approved_by) == (desk.staff["support"], desk.staff["security"])
    names = [name for name, _, _ in events(work, "case.opened", "case.approved")]
    assert names == ["case.opened", "case.approved"]


def test_who_opened_a_case_does_not_approve_it(desk, work):
    case = desk.open(role="security")
    with pytest.raises(FourEyes):
        support_case.approve(desk.by("security"), case.id)
    work.write()
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).state == "waiting_approval"
    assert events(work, "case.refused") == [("case.refused", "refused", {"reason": "four_eyes"})]


def test_four_eyes_hold_in_the_database_too(desk, work):
    case = desk.open()
    case.approved_by = case.opened_by
    with pytest.raises(Exception, match="four_eyes"):
        work.session.flush()


@pytest.mark.parametrize("kind", ["reset-2fa", "reset-all", "change-email", "sharing", "erase"])
@pytest.mark.parametrize("role", ["support", "security", "privacy", "billing", "administrator", "person", "nobody"])
def test_who_may_open_which_kind(desk, work, make_account, policies, kind, role):
    acting = desk.by(role) if role in desk.staff else work.acting(Actor("account", desk.person.account.id))
    if role == "nobody":
        acting = work.acting(Actor())
    other = make_account("grace@example.test").account.id
    details = {"address": "g@example.test"} if kind == "change-email" else {}
    held = policies.roles[f"operations.{role}"].permissions if role in desk.staff else frozenset()
    if support_kind.KINDS[kind].permission in held:
        assert support_case.open_case(acting, kind, other, "a reason", "a check", **details).kind == kind
        return
    with pytest.raises(NotPermitted):
        support_case.open_case(acting, kind, other, "a reason", "a check", **details)


@pytest.mark.parametrize("role", ["support", "privacy", "billing"])
def test_who_lacks_the_permission_approves_nothing(desk, role):
    case = desk.open("change-email", role="security")
    with pytest.raises((NotPermitted, NotFound)):
        support_case.approve(desk.by(role), case.id)


def test_nobody_works_on_their_own_account(desk, work):
    with pytest.raises(NotOnYourself):
        support_case.open_case(desk.by("support"), "reset-2fa", desk.staff["support"], "mine", "myself")
    work.write()
    case = support_case.open_case(desk.by("administrator"), "reset-2fa", desk.staff["support"], "lost", "seen")
    for act in (
        lambda: support_case.approve(desk.by("support"), case.id),
        lambda: support_case.close(desk.by("support"), case.id, "no"),
    ):
        with pytest.raises(NotOnYourself):
            act()
        work.write()


def test_nobody_works_on_somebody_with_more_rights(desk, work):
    with pytest.raises(MoreRights):
        support_case.open_case(desk.by("support"), "reset-2fa", desk.staff["security"], "lost", "seen")
    work.write()
    with pytest.raises(MoreRights):
        support_case.open_case(desk.by("security"), "reset-2fa", desk.staff["administrator"], "lost", "seen")
    work.write()
    case = support_case.open_case(desk.by("administrator"), "reset-2fa", desk.staff["security"], "lost", "seen")
    with pytest.raises(MoreRights):
        support_case.approve(desk.by("support"), case.id)


def test_a_blocked_administrator_still_has_more_rights(desk, work):
    work.session.get_one(Account, desk.staff["administrator"]).status = "blocked"
    work.session.flush()
    with pytest.raises(MoreRights):
        support_case.open_case(desk.by("security"), "reset-2fa", desk.staff["administrator"], "lost", "seen")


def test_staff_who_are_blocked_or_have_left_do_nothing(desk, work):
    case = desk.open()
    work.session.get_one(Account, desk.staff["security"]).status = "blocked"
    work.session.flush()
    with pytest.raises(NotFound):
        support_case.approve(desk.by("security"), case.id)


def test_an_operator_cannot_approve_what_the_same_operator_opened(desk, work):
    case = support_case.open_case(work.acting(OPERATOR), "reset-2fa", desk.person.account.id, "lost", "seen")
    with pytest.raises(FourEyes):
        support_case.approve(work.acting(OPERATOR), case.id)
    work.write()
    assert support_case.approve(work.acting(Actor("operator", name="jane")), case.id).state == "waiting_time"


def test_a_case_says_why_and_how_the_identity_was_checked(desk, work):
    for reason, check, field in (("  ", "seen", "reason"), ("lost", "", "identity_check"), ("x" * 501, "s", "reason")):
        with pytest.raises(InvalidInput) as refused:
            support_case.open_case(desk.by("support"), "reset-2fa", desk.person.account.id, reason, check)
        assert refused.value.members["field"] == field


def test_there_is_one_open_case_about_access_at_a_time(desk, work):
    case = desk.open()
    with pytest.raises(CaseOpen) as refused:
        desk.open("change-email", role="security")
    assert refused.value.members["case"] == case.reference
    desk.open("sharing", role="security")  # another matter


def test_a_second_case_within_thirty_days_is_marked(desk, work):
    first = desk.open()
    support_case.close(desk.by("security"), first.id, "nothing in it")
    assert desk.open(work=work.later(days=29)).repeated
    assert events(work, "case.opened")[-1][2]["repeated"] is True


def test_a_case_after_thirty_days_is_not_marked(desk, work):
    support_case.close(desk.by("security"), desk.open().id, "nothing in it")
    assert not desk.open(work=work.later(days=31)).repeated


@pytest.mark.parametrize(
    ("status", "reason", "kind", "opens"),
    [
        ("blocked", "operator", "reset-2fa", False),
        ("blocked", "operator", "reset-all", False),
        ("blocked", "wrong_passwords", "reset-2fa", False),  # it takes a new password to open it
        ("blocked", "wrong_passwords", "reset-all", True),
        ("erased", "", "reset-all", False),
    ],
)
def test_what_an_operator_blocked_stays_so(desk, work, status, reason, kind, opens):
    account = work.session.get_one(Account, desk.person.account.id)
    account.status, account.status_reason = status, reason
    work.session.flush()
    if opens:
        assert desk.open(kind).state == "waiting_approval"
        return
    with pytest.raises(Conflict) as refused:
        desk.open(kind)
    assert refused.value.members["status"] == status


# --- states and acts ---

ACTS = {
    "take_up": lambda desk, case: support_case.take_up(
        desk.by("administrator"), case.id, reason="asked", identity_check="called back"
    ),
    "approve": lambda desk, case: support_case.approve(desk.by("administrator"), case.id),
    "close": lambda desk, case: support_case.close(desk.by("administrator"), case.id, "no"),
    "send_again": lambda desk, case: support_acts.send_again(desk.by("administrator"), case.id),
}
STATES = ("requested", "review", "waiting_approval", "waiting_time", "ready", "done", "closed")


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", STATES)
def test_an_act_is_possible_in_its_states_alone(desk, work, act, state):
    case = desk.in_state(state)
    if state in support_state.MAY[act]:
        ACTS[act](desk, case)
        return
    with pytest.raises(CaseState) as refused:
        ACTS[act](desk, case)
    assert refused.value.members["state"] == state
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).state == state


@pytest.mark.parametrize("state", STATES)
def test_the_links_of_a_case_work_until_it_is_over(desk, work, state):
    case = desk.in_state(state)
    token = links(work).get(desk.person.address)
    if state == "review":
        assert token is None  # nothing is about to change
        return
    assert token is not None
    if state in ("done", "closed"):
        with pytest.raises(Expired):
            support_case.stop(work, token)
        with pytest.raises(Expired):
            support_case.confirm(work, token)
        return
    if state == "ready":
        with pytest.raises(CaseState):
            support_case.confirm(work, token)
    else:
        assert support_case.confirm(work, token).state == state
    assert support_case.stop(work, token).state == "closed"
    assert work.session.get_one(SupportCase, case.id, populate_existing=True).close_reason == "stopped"


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
    ACTS["take_up"](desk, case)
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


@pytest.mark.parametrize("address", ["", "no address", "ada@example.test", "ADA@example.test"])
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
        assert support_desk.cases(desk.by(role)) == []
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
    rest = support_desk.cases(desk.by("support"), before=(first[-1].created_at, first[-1].id))
    assert [case.address for case in (*first, *rest)] == [f"person{n}@example.test" for n in (4, 3, 2, 1, 0)]
    assert support_desk.count(desk.by("support"), state="open") == 5
    assert support_desk.count(desk.by("support"), state="done") == 0
    assert staff.roles_ever(work, desk.staff["support"]) == {"operations.support"}
