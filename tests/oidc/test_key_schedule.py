"""Signing keys in time: published before use, taking over, revoked; once, whoever does it at the same moment."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.core.errors import Conflict, NotFound
from idp.oidc import cache, key_schedule, keys, tokens
from idp.oidc.models import SigningKey

PERIOD = timedelta(days=90)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def signing(work) -> str:
    """The kid of the key that signs by ES256, made now; the one algorithm there is."""
    kid = keys.create(work, "ES256", "active")
    work.session.commit()
    return kid


def states(work) -> dict[str, str]:
    found = {row["kid"]: row["state"] for row in keys.listing(work)}
    work.session.rollback()
    return found


def carry_out(work, at) -> int:
    work.session.rollback()
    return key_schedule.carry_out(work.later(seconds=(at - work.now).total_seconds()), PERIOD)


def test_a_key_is_published_a_day_before_it_takes_over(work, signing):
    ends = work.now + PERIOD
    assert carry_out(work, ends - timedelta(days=1) - MINUTE) == 0
    assert carry_out(work, ends - timedelta(days=1)) == 1
    (waiting,) = states(work).keys() - {signing}
    assert states(work)[waiting] == "next"
    assert carry_out(work, ends - MINUTE) == 0
    assert carry_out(work, ends) == 1
    assert states(work) == {signing: "retired", waiting: "active"}
    assert carry_out(work, ends + PERIOD - timedelta(days=1) - MINUTE) == 0


def test_a_key_that_is_made_late_is_published_for_an_hour_before_it_signs(work, signing):
    """The worker was away for half a year."""
    late = work.now + 2 * PERIOD
    assert carry_out(work, late) == 1
    assert carry_out(work, late + timedelta(minutes=59)) == 0
    assert states(work)[signing] == "active"
    assert carry_out(work, late + timedelta(minutes=60)) == 1
    assert states(work)[signing] == "retired"


def test_no_period_leaves_the_keys_to_the_operator(work, signing):
    assert key_schedule.carry_out(work.later(days=4000), timedelta()) == 0
    assert states(work) == {signing: "active"}
    assert [row["due_at"] for row in key_schedule.listing(work, timedelta())] == [None]


def test_the_listing_says_what_is_due_when(work, signing):
    carry_out(work, work.now + PERIOD - timedelta(days=1))
    assert {row["state"]: row["due_at"] for row in key_schedule.listing(work, PERIOD)} == {
        "active": work.now + PERIOD, "next": work.now + PERIOD,
    }  # fmt: skip
    carry_out(work, work.now + PERIOD)
    found = {row["state"]: row["due_at"] for row in key_schedule.listing(work, PERIOD)}
    assert found == {"retired": work.now + PERIOD + keys.KEPT_RETIRED, "active": work.now + 2 * PERIOD}


@pytest.mark.parametrize("days", [89, 90])
def test_of_many_workers_one_does_it(open_work, work, signing, days):
    at = work.now + timedelta(days=days)
    if days == 90:
        carry_out(work, at - timedelta(days=1))
    before = set(states(work))
    work.session.close()
    barrier = threading.Barrier(12)

    def run(_: int) -> int:
        mine = open_work(at=at)
        barrier.wait()
        return key_schedule.carry_out(mine, PERIOD)

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(run, range(12))) == 1
    counted = Counter(states(work).values())
    assert counted == ({"active": 1, "retired": 1} if days == 90 else {"active": 1, "next": 1})
    assert len(set(states(work)) - before) == (0 if days == 90 else 1)
    name = "key.activated" if days == 90 else "key.created"
    events = work.session.scalars(select(AuditEvent).where(AuditEvent.name == name)).all()
    assert len([each for each in events if each.subject_id != signing]) == 1


def test_two_keys_never_sign_by_one_algorithm(work, signing):
    """Whatever a command does wrong, the database says no."""
    keys.create(work, "ES256")
    work.session.flush()
    with pytest.raises(Exception, match=r"(?i)unique"):
        work.session.execute(update(SigningKey).values(state="active"))


def test_a_revoked_key_signs_nothing_and_proves_nothing(work, signing):
    token = tokens.sign(work, {"iss": work.issuer, "sub": "ada"})
    assert tokens.verify(work, token, "JWT") is not None
    work.session.commit()
    work.write()
    made = keys.revoke(work, signing)
    work.session.commit()
    assert tokens.verify(work, token, "JWT") is None
    current = keys.current(work)
    assert set(current.published) == {made}
    assert current.active["ES256"].kid == made
    assert signing.encode() not in current.jwks
    stored = work.session.execute(select(SigningKey.private_pem).where(SigningKey.kid == signing)).scalar_one()
    assert stored == b""
    with pytest.raises(Conflict):
        keys.revoke(work, signing)
    with pytest.raises(NotFound):
        keys.revoke(work, "unknown")


@pytest.mark.parametrize(("minutes", "known"), [(60, True), (59, False)])
def test_after_a_leak_a_key_that_clients_know_signs_if_there_is_one(work, signing, minutes, known):
    waiting = keys.create(work, "ES256")
    work.session.commit()
    later = work.later(minutes=minutes)
    later.write()
    made = keys.revoke(later, signing)
    work.session.commit()
    assert (made == waiting) is known
    assert states(work)[made] == "active"


def test_all_keys_can_be_revoked_with_those_that_wait(work, signing):
    old = {signing, keys.create(work, "ES256"), keys.create(work, "RS256", "active"), keys.create(work, "RS256")}
    work.session.commit()
    later = work.later(hours=5)
    later.write()
    made = keys.revoke_all(later)
    work.session.commit()
    found = states(work)
    assert {kid for kid, state in found.items() if state == "revoked"} == old
    assert {kid for kid, state in found.items() if state == "active"} == set(made)
    assert len(made) == 2
    assert set(keys.current(work).published) == set(made)


def test_what_was_revoked_is_forgotten_when_its_tokens_are_dead(work, signing):
    keys.revoke(work, signing)
    work.session.commit()
    for hours, left in ((12, 2), (14, 1)):
        later = work.later(hours=hours)
        later.write()
        keys.discard_dead(later)
        work.session.commit()
        assert len(states(work)) == left


def test_another_process_notices(work, signing, engine, database_url):
    """A process that holds its own cache signs with the new key as soon as it asks for the revisions again."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from idp.core.db import engine_options, prepare
    from idp.work import Work

    other = create_engine(database_url, **engine_options(database_url))
    prepare(other)
    try:
        with Session(other) as session:
            there = Work(session, work.now, work.policies, work.actor, work.keyring, work.issuer)
            token = tokens.sign(there, {"iss": work.issuer, "sub": "ada"})
            assert tokens.verify(there, token, "JWT") is not None
            session.rollback()
            work.write()
            made = keys.revoke(work, signing)
            work.session.commit()
            cache.current(there).asked_at = float("-inf")  # a second goes by
            assert keys.current(there).active["ES256"].kid == made
            assert tokens.verify(there, token, "JWT") is None
    finally:
        other.dispose()
