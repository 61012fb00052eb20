"""Mandates when fifty act at once: one truth, whoever was first.

`RACE_ROUNDS=50 pytest tests/companies/test_mandate_races.py` is the long run.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from idp.companies import access, assignment, firm_invitation, mandate, mandate_change
from idp.companies.access import Access
from idp.companies.mandate_scope import Scope
from idp.companies.models import Assignment, Company, FirmInvitation, Mandate, MandateTerms
from idp.core.errors import IdpError
from idp.work import Actor, Work
from tests.companies.conftest import SYSTEM
from tests.companies.mandates import told

ROUNDS = int(os.environ.get("RACE_ROUNDS", "1"))
RUNNERS = 50
ACCOUNTANT = {"product": "accounting", "role_id": "accounting.accountant"}

pytestmark = [pytest.mark.timeout(120 + 30 * ROUNDS), pytest.mark.parametrize("number", range(ROUNDS))]


@pytest.fixture
def race(open_work, system) -> Callable[..., Counter[str]]:
    """Let all acts begin together, each in a transaction of its own; answers how they ended, by code."""

    def run(acts: list[Callable[[Work], object]]) -> Counter[str]:
        barrier = threading.Barrier(len(acts))

        def one(act: Callable[[Work], object]) -> str:
            work = open_work().acting(SYSTEM)
            barrier.wait()
            for _ in range(20):
                try:
                    work.write()
                    act(work)
                    work.session.commit()
                    return "done"
                except IdpError as error:
                    work.session.rollback()
                    return error.code
                except OperationalError:  # busy: SQLite lets one write at a time, and who waited too long comes back
                    work.session.rollback()
                    time.sleep(0.05)
            raise AssertionError("never had a turn")

        system.session.rollback()  # and looks at what there is afterwards, not at what it has seen before
        with ThreadPoolExecutor(len(acts)) as pool:
            return Counter(pool.map(one, acts))

    return run


@pytest.fixture
def waiting(system, make_company, join) -> Mandate:
    """A company has invited a firm, whose manager was given accounting everywhere."""
    client, firm = make_company(), make_company(kind="firm", products=("practice",))
    manager = join(firm, practice="practice.manager")
    assignment.give(system, firm, manager, **ACCOUNTANT)
    made = mandate.record(system, client, firm, preset="full-file", way="client-invites")
    system.session.commit()
    return made


def rows(work: Work, company_id: UUID) -> list[str]:
    found = select(Mandate.state).where(Mandate.company_id == company_id).order_by(Mandate.created_at, Mandate.id)
    return list(work.session.scalars(found))


def running(work: Work, mandate_id: UUID) -> int:
    """Periods of a mandate that have no end."""
    open_ones = select(func.count()).where(MandateTerms.mandate_id == mandate_id, MandateTerms.until_at.is_(None))
    return work.session.scalar(open_ones) or 0


def test_of_fifty_who_accept_one_does(number, system, waiting, race):
    key = waiting.id
    assert race([partial(mandate.confirm, mandate_id=key)] * RUNNERS) == {"done": 1, "conflict": RUNNERS - 1}
    assert (rows(system, waiting.company_id), running(system, key)) == (["active"], 1)
    confirmed = [each for _, each in told(system, "mandate_news") if each["news"] == "confirmed"]
    assert len(confirmed) == 1  # the firm's manager; nobody is in the company of this test


def test_accepting_refusing_and_taking_back_at_once_leave_one_answer(number, system, waiting, race):
    key = waiting.id
    acts = [partial(each, mandate_id=key) for each in (mandate.confirm, mandate.refuse, mandate.withdraw)]
    assert race(acts * 17)["done"] == 1
    (state,) = rows(system, waiting.company_id)
    assert state in ("active", "refused", "ended")
    assert running(system, key) == (state == "active")


def test_the_same_firm_is_asked_once(number, system, make_company, race):
    client, firm = make_company(), make_company(kind="firm", products=("practice",))
    system.session.commit()
    invite = partial(mandate.record, company_id=client, firm_id=firm, preset="review", way="client-invites")
    ask = partial(mandate.record, company_id=client, firm_id=firm, preset="review", way="firm-requests")
    assert race([invite, ask] * (RUNNERS // 2)) == {"done": 1, "mandate_exists": RUNNERS - 1}
    assert len(rows(system, client)) == 1


def test_no_company_gets_more_firms_than_it_may_have(number, system, make_company, race):
    client, most = make_company(), system.policies.mandates.firms_per_company
    firms = [make_company(kind="firm", products=("practice",)) for _ in range(most + 5)]
    system.session.commit()
    invite = partial(mandate.record, company_id=client, preset="review", way="client-invites")
    seen = race([partial(invite, firm_id=firm) for firm in firms])
    assert seen == {"done": most, "firms_full": 5}
    assert len(rows(system, client)) == most


def test_what_is_given_while_the_mandate_ends_opens_nothing(number, system, waiting, join, race):
    """Given before, and gone with it; or not given any more."""
    key, client, firm = waiting.id, waiting.company_id, waiting.firm_id
    people = [join(firm, practice="practice.accountant") for _ in range(12)]
    mandate.confirm(system, key)
    system.session.commit()
    give = partial(assignment.give, firm_id=firm, client_id=client, **ACCOUNTANT)
    seen = race([partial(mandate.end, mandate_id=key), *(partial(give, account_id=each) for each in people)])
    given = system.session.scalar(
        select(func.count()).where(Assignment.mandate_id == key, Assignment.ended_at.is_(None))
    )
    assert seen == Counter(done=1 + given, not_found=12 - given)
    for each in people:
        assert not isinstance(access.resolve(system, each, client, "accounting"), Access)
    assert (rows(system, client), running(system, key)) == (["ended"], 0)


def test_of_changes_that_were_decided_on_the_same_page_one_is_made(number, system, waiting, race):
    key = waiting.id
    seen = mandate.confirm(system, key).epoch
    system.session.commit()
    scopes = [Scope("review"), Scope("full-file", lowered={"accounting": "view"}), Scope("full-file", yearly=True)]
    acts = [
        partial(mandate_change.change, mandate_id=key, scope=scopes[each % 3], seen=seen) for each in range(RUNNERS)
    ]
    answers = race(acts)
    assert answers["done"] == 1
    assert set(answers) <= {"done", "changed_meanwhile", "conflict"}
    assert running(system, key) == 1


def test_one_link_creates_one_firm(number, system, make_company, make_account, race):
    client = make_company()
    person = make_account("marc@compta.example", second_factor=False).account.id
    _, token = firm_invitation.invite(
        system, client, address="marc@compta.example", scope=Scope("review"), locale="fr-FR"
    )
    system.session.commit()

    def accept(work: Work) -> object:
        acting = work.acting(Actor("account", person))
        return firm_invitation.accept(acting, token, name="Cabinet", country="FR", city="Metz")

    assert race([accept] * 10) == {"done": 1, "expired": 9}
    assert system.session.scalar(select(func.count()).where(Company.kind == "firm")) == 1
    assert rows(system, client) == ["invited"]
    assert system.session.scalars(select(FirmInvitation.outcome)).all() == ["accepted"]


def test_handing_over_while_it_ends_leaves_it_ended(number, system, waiting, make_company, race):
    outgoing, client = waiting.id, waiting.company_id
    next_firm = make_company(kind="firm", products=("practice",))
    incoming = mandate.record(system, client, next_firm, preset="full-file", way="client-invites").id
    for each in (outgoing, incoming):
        mandate.confirm(system, each)
    system.session.commit()
    until = system.now + timedelta(days=30)
    hand_over = partial(mandate_change.hand_over, mandate_id=outgoing, successor_id=incoming, until_at=until)
    seen = race([partial(mandate.end, mandate_id=outgoing), *[hand_over] * 10])
    assert seen["done"] >= 1
    assert set(seen) <= {"done", "conflict"}
    assert rows(system, client) == ["ended", "active"]
    over = system.session.scalar(
        select(func.count()).where(
            MandateTerms.mandate_id == outgoing, MandateTerms.until_at.is_(None) | (MandateTerms.until_at > until)
        )
    )
    assert over == 0
