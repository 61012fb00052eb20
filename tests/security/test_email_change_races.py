"""Many at once: one address has one holder, one change is done once, one link undoes it once (F-20, F-05)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.exc import OperationalError

from idp.accounts.models import EmailAddress, EmailChange
from idp.audit import log as audit
from idp.authn import address_switch, email_change, one_time_code, passkey, sign_in
from idp.authn.models import Session, TotpAuthenticator
from idp.authn.outcome import Outcome
from idp.core.errors import Expired, IdpError
from idp.core.ids import uuid7
from idp.work import Actor
from tests.authn import flows
from tests.authn.authenticator import Authenticator
from tests.conftest import later
from tests.outbox_content import mails

RUNNERS = 50
NEW = "wanted@example.test"


@pytest.fixture
def race(open_work, work):
    """Run the same act from many transactions at once; answers how often each result came."""

    def race(act, runners=RUNNERS, at=None):
        work.session.commit()
        gate = threading.Barrier(runners)

        def run(number):
            gate.wait()
            own = open_work(at=at or work.now)
            try:
                own.write()
                result = act(own, number)
                own.session.commit()
            except IdpError as error:
                own.session.rollback()
                return type(error).__name__
            finally:
                own.session.close()
            return result

        with ThreadPoolExecutor(runners) as pool:
            results = Counter(pool.map(run, range(runners)))
        work.session.expire_all()
        work.write()
        return results

    return race


def asked(work, person, address):
    """A change whose code is known; the outbox has sent it."""
    acting = work.acting(replace(work.actor, kind="account", id=person.account.id, session_id=uuid7()))
    assert email_change.ask(acting, person.account.id, address) is Outcome.ACCEPTED
    change = email_change.pending(acting, person.account.id)
    sent = one_time_code.send(
        work, person.account.id, purpose=email_change.PURPOSE, bound_to=change.id, kind="email",
        destination=f"{person.account.id.hex}@codes.test", locale="fr-FR",
    )  # fmt: skip
    assert sent is Outcome.ACCEPTED
    return acting.actor


def code_of(work, person):
    box = f"{person.account.id.hex}@codes.test"
    return next(each["variables"]["code"] for each in mails(work) if each["recipient"] == box)


def test_fifty_who_want_one_address(race, work, make_account):
    """In every way it can be written: one of them has it, the others keep theirs."""
    people = [make_account(f"p{number}@example.test") for number in range(RUNNERS)]
    written = [NEW, NEW.upper(), NEW.title(), "Wanted@EXAMPLE.test"]
    actors = [asked(work, person, written[number % 4]) for number, person in enumerate(people)]
    codes = [code_of(work, person) for person in people]

    def act(own, number):
        actor = actors[number]
        outcome, change = email_change.confirm(own.acting(actor), actor.id, codes[number], waits=False)
        return outcome.value, change.outcome

    results = race(act)
    assert results == {("accepted", None): 1, ("accepted", "taken"): RUNNERS - 1}
    held = select(func.count()).where(EmailAddress.canonical == NEW, EmailAddress.released_at.is_(None))
    assert work.session.scalar(held) == 1
    current = select(func.count()).where(EmailAddress.released_at.is_(None))
    assert work.session.scalar(current) == RUNNERS  # everybody has one
    assert audit.verify(work) == []


def test_one_code_changes_an_address_once(race, work, make_account):
    ada = make_account()
    actor = asked(work, ada, NEW)
    code = code_of(work, ada)

    def act(own, number):
        return email_change.confirm(own.acting(actor), actor.id, code, waits=False)[0].value

    assert race(act, 12)["accepted"] == 1
    assert [each["template"] for each in mails(work)].count("email_changed_undo") == 1


def test_a_due_change_is_done_once(race, work, make_account):
    ada = make_account()
    actor = asked(work, ada, NEW)
    email_change.confirm(work.acting(actor), ada.account.id, code_of(work, ada), waits=True)
    due = later(work, hours=24)

    def act(own, number):
        return email_change.switch_due(own.acting(Actor(kind="system", name="due")))

    results = race(act, 12, at=due.now)
    assert results[1] == 1
    assert results[0] == 11
    assert [each["template"] for each in mails(work)].count("email_changed_undo") == 1


def test_a_change_is_either_stopped_or_done(race, work, make_account):
    ada = make_account()
    actor = asked(work, ada, NEW)
    path = next(each["variables"]["path"] for each in mails(work) if each["template"] == "email_change_asked")
    code = code_of(work, ada)

    def act(own, number):
        if number % 2:
            email_change.stop(own, path.rpartition("/")[2])
            return "stopped"
        outcome, change = email_change.confirm(own.acting(actor), actor.id, code, waits=False)
        return "done" if change.done_at else outcome.value

    results = race(act, 12)
    assert results["stopped"] + results["done"] == 1, results
    change = work.session.scalar(select(EmailChange))
    assert (change.done_at is None) == (change.outcome == "stopped")


def test_one_link_undoes_a_change_once(race, work, make_account):
    ada = make_account()
    flows.signed_in(work, ada)
    actor = asked(later(work, minutes=1), ada, NEW)
    email_change.confirm(work.acting(actor), ada.account.id, code_of(work, ada), waits=False)
    path = next(each["variables"]["path"] for each in mails(work) if each["template"] == "email_changed_undo")

    def act(own, number):
        address_switch.undo(own, path.rpartition("/")[2])
        return "undone"

    results = race(act, 12)
    assert results == {"undone": 1, "Expired": 11}
    assert work.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0
    address = work.session.scalar(select(EmailAddress.address).where(EmailAddress.released_at.is_(None)))
    assert address == ada.address


@pytest.mark.parametrize("factors", ["the passkey alone", "an older app too"])
@pytest.mark.parametrize("first", ["passkey", "undo"])
def test_no_session_outlives_an_undo_that_a_passkey_meets_on_its_way(open_work, work, make_account, first, factors):
    """A stranger signs in by passkey alone just as the old mailbox takes the account back: wholly before, and the
    session ends with all others, or wholly after, and there is none, as the password is void."""
    ada, device = make_account(), Authenticator()
    actor = asked(work, ada, NEW)
    email_change.confirm(work.acting(actor), ada.account.id, code_of(work, ada), waits=False)
    path = next(each["variables"]["path"] for each in mails(work) if each["template"] == "email_changed_undo")
    since = later(work, minutes=1)
    made = passkey.creation_options(since, ada.account.id, passkey.ADD, "s")
    assert passkey.add(since, ada.account.id, device.create(made), passkey.ADD, "s", "a stranger's") is not None
    if factors == "the passkey alone":  # nothing older would stay, so it is not voided with the change
        work.session.execute(delete(TotpAuthenticator).where(TotpAuthenticator.account_id == ada.account.id))
    answer = device.get(passkey.request_options(work, passkey.SIGN_IN, "the cookie"))
    _, token = sign_in.begin(work, continue_to="/")
    work.session.commit()
    passing = threading.Event()

    def undo(own):
        own.write()
        address_switch.undo(own, path.rpartition("/")[2])

    def enter(own):
        own.write()
        attempt = sign_in.current(own, token, lock=True)
        if sign_in.prove_passkey(own, attempt, answer, browser_token="the cookie") is Outcome.ACCEPTED:
            sign_in.finish(own, attempt, trust=False)

    acts = [enter, undo] if first == "passkey" else [undo, enter]
    held, other = open_work(at=work.now), open_work(at=work.now)
    acts[0](held)

    def follow():
        passing.set()
        while True:
            try:
                acts[1](other)
                other.session.commit()
            except OperationalError as error:  # a busy machine: whoever is told to come back comes back
                other.session.rollback()
                if "database is locked" not in str(error):
                    raise
            except Expired:  # the attempt was closed
                other.session.rollback()
                return
            else:
                return

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(follow)
        assert passing.wait(5)
        wait([following], timeout=0.7)  # it goes as far as it can while the first is not done
        held.session.commit()
        following.result(timeout=30)
    work.session.expire_all()
    assert work.session.scalar(select(EmailChange.outcome)) == "undone"
    assert work.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0
