"""Cases of support: who may do what, from where to where, and what the person is told (J14, OPS-02)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.companies import support_acts, support_case, support_due, support_kind, support_state
from idp.companies.errors import CaseOpen, CaseState, FourEyes, MoreRights, NotOnYourself
from idp.companies.models import SupportCase
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.companies.support import OPERATOR, links, make_desk

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
