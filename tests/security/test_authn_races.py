"""What can be used once has one winner, however many try at the same time."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from idp.accounts.models import Account
from idp.authn import activation, one_time_code, reset, session, sign_in, status, throttle, totp
from idp.authn.models import Session
from idp.core.errors import Conflict, Expired, IdpError
from idp.policy.account import Limit
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import mails

RUNNERS = 50


@pytest.fixture
def race(open_work, work):
    """Run the same act from many transactions at once; answers how often each result came."""

    def race(act, runners=RUNNERS, at=None):
        work.session.commit()
        gate = threading.Barrier(runners)

        def run(number):
            own = open_work(at=at or work.now)
            gate.wait()
            own.write()
            try:
                result = act(own, number)
                own.session.commit()
            except IdpError as error:
                own.session.rollback()
                return type(error).__name__
            return result

        with ThreadPoolExecutor(runners) as pool:
            results = Counter(pool.map(run, range(runners)))
        work.session.expire_all()
        work.write()
        return results

    return race


def test_one_time_step_opens_one_session(race, work, make_account):
    ada = make_account()
    tokens = []
    for _ in range(RUNNERS):
        attempt, token = sign_in.begin(work, continue_to="/")
        flows.password(work, ada, on=attempt)
        tokens.append(token)
    code = totp.current_code(work, ada.secret)

    def act(own, number):
        attempt = sign_in.current(own, tokens[number])
        outcome = sign_in.prove_totp(own, attempt, code)
        if outcome is sign_in.Outcome.ACCEPTED:
            sign_in.finish(own, attempt, trust=False)
        return outcome.value

    results = race(act)
    assert results["accepted"] == 1, results
    assert work.session.scalar(select(func.count()).select_from(Session)) == 1


def test_one_recovery_code_serves_one_attempt(race, work, make_account):
    ada = make_account(recovery_codes=True)
    tokens = []
    for _ in range(RUNNERS):
        attempt, token = sign_in.begin(work, continue_to="/")
        flows.password(work, ada, on=attempt)
        tokens.append(token)

    def act(own, number):
        return sign_in.prove_recovery_code(own, sign_in.current(own, tokens[number]), ada.recovery_codes[0]).value

    assert race(act)["accepted"] == 1


def test_one_mailed_code_serves_once(race, work, make_account):
    ada, request = make_account(), uuid4()
    account_id = ada.account.id
    one_time_code.send(
        work, account_id, purpose="recovery_contact", bound_to=request, kind="email",
        destination="ada@home.example", locale="fr-FR",
    )  # fmt: skip
    code = mails(work)[-1]["variables"]["code"]

    def act(own, number):
        return one_time_code.verify(own, account_id, purpose="recovery_contact", bound_to=request, code=code).value

    assert race(act)["accepted"] == 1


def test_one_attempt_is_finished_once(race, work, make_account):
    ada = make_account()
    attempt, token = sign_in.begin(work, continue_to="/")
    flows.password(work, ada, on=attempt)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))

    def act(own, number):
        return type(sign_in.finish(own, sign_in.current(own, token), trust=False)).__name__

    assert race(act) == {"Finished": 1, "Expired": RUNNERS - 1}
    assert work.session.scalar(select(func.count()).select_from(Session)) == 1


def test_one_activation_link_makes_one_account(race, work):
    token = activation.invite(work, address="lea@example.test", locale="fr-FR")

    def act(own, number):
        activation.activate(
            own, token, given_name="Léa", family_name=f"N{number}", password="vieux moulin qui tourne", personal=True
        )
        return "activated"

    results = race(act)
    assert results["activated"] == 1, results
    # Fifty hash at once: who waits two seconds for a place is told to come back, and has spent nothing.
    assert set(results) <= {"activated", "Expired", "Conflict", "Unavailable"}
    assert work.session.scalar(select(func.count()).select_from(Account)) == 1


def test_one_reset_link_begins_one_attempt(race, work, make_account):
    ada = make_account()
    reset.send(work, ada.address)
    token = mails(work)[0]["variables"]["path"].split("/")[-1]
    assert race(lambda own, number: type(reset.begin(own, token)).__name__)["tuple"] == 1


def test_a_burst_gets_no_more_tries_than_the_limit(race, work):
    limit = Limit(max=5, per=flows.MINUTES_15, pause=flows.MINUTES_15)
    results = race(lambda own, number: throttle.take(own, "k", "s", limit).allowed, runners=16)
    assert results == {True: 5, False: 11}


def test_a_burst_of_guesses_is_checked_ten_times(race, work, make_account):
    ada = make_account()
    tokens = [sign_in.begin(work, continue_to="/")[1] for _ in range(14)]

    def act(own, number):
        typed = ada.password if number == 13 else f"wrong guess {number}"
        attempt = sign_in.current(own, tokens[number])
        return flows.password(own, ada, typed=typed, on=attempt)[1].value

    results = race(act, runners=14)
    assert results["accepted"] <= 1
    if not results["accepted"]:  # the right one was not among the first ten
        assert throttle.paused_until(work, "password", ada.address) is not None


def test_of_two_apps_linked_at_once_one_counts(race, work, make_account):
    camille = make_account(second_factor=False)
    tokens, codes = [], []
    for _ in range(6):
        attempt, token = sign_in.begin(work, continue_to="/")
        flows.password(work, camille, on=attempt)
        codes.append(totp.current_code(work, sign_in.begin_enrolment(work, attempt).secret))
        tokens.append(token)

    def act(own, number):
        return sign_in.confirm_enrolment(own, sign_in.current(own, tokens[number]), codes[number]).value

    assert race(act, runners=6) == {"accepted": 1, "Conflict": 5}
    assert len(totp.secrets_of(work, camille.account.id)) == 1


def test_a_session_is_ended_once(race, work, make_account):
    current = session.find(work, flows.signed_in(work, make_account()).session_token)
    assert race(lambda own, number: session.end(own, current.session_id, "signed_out")) == {True: 1, False: RUNNERS - 1}


def test_the_old_password_opens_nothing_after_a_change_that_runs_beside_it(race, work, make_account):
    """Whoever comes first, no session and no open attempt rests on the old password afterwards."""
    ada = make_account()
    work = later(work)
    reset.send(work, ada.address)
    resetting, reset_token = reset.begin(work, mails(work)[0]["variables"]["path"].split("/")[-1])
    sign_in.prove_totp(work, resetting, totp.current_code(work, ada.secret))
    tokens = [sign_in.begin(work, continue_to="/")[1] for _ in range(8)]

    def act(own, number):
        if number == 0:
            reset.set_password(own, sign_in.current(own, reset_token), "glissade sous la neige 4")
            return "changed"
        attempt = sign_in.current(own, tokens[number])
        return flows.password(own, ada, on=attempt)[1].value

    assert race(act, runners=8)["changed"] == 1
    for token in tokens[1:]:
        try:
            attempt = sign_in.current(work, token)
        except Expired:
            continue
        assert sign_in.step(work, attempt) is sign_in.Step.PASSWORD
        with pytest.raises(Conflict):
            sign_in.prove_totp(work, attempt, "000000")


def test_a_sign_in_that_a_block_meets_on_its_way_is_no_session_once_the_account_is_open_again(
    open_work, work, make_account
):
    """On PostgreSQL its session may begin just after the block has ended all others: it opens nothing, ever."""
    ada = make_account()
    attempt, token = sign_in.begin(work, continue_to="/")
    flows.password(work, ada, on=attempt)
    account_id, code = ada.account.id, totp.current_code(work, ada.secret)
    work.session.commit()
    entering, desk = open_work(at=work.now), open_work(at=work.now)

    def enter():
        entering.write()
        own = sign_in.current(entering, token, lock=True)
        sign_in.prove_totp(entering, own, code)
        return sign_in.finish(entering, own, trust=False).session_token

    def block():
        while not desk.session.in_transaction():
            try:
                desk.write()
            except OperationalError as error:  # a busy machine: whoever is told to come back comes back
                if "database is locked" not in str(error):
                    raise
                desk.session.rollback()
        status.block(desk, desk.session.get_one(Account, account_id), "a call from the owner")
        desk.session.commit()

    opened = enter()
    with ThreadPoolExecutor(1) as pool:
        blocking = pool.submit(block)
        wait([blocking], timeout=0.5)
        entering.session.commit()
        blocking.result(timeout=30)
    work.session.expire_all()
    assert session.find(work, opened) is None
    status.unblock(work, work.session.get_one(Account, account_id))
    assert session.find(work, opened) is None
