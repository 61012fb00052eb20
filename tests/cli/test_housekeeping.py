"""Sweeping out what is over: nothing that is still of use goes with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from idp.accounts.models import EmailAddress, EmailChange
from idp.authn import session, sign_in, throttle
from idp.authn.models import MailedLink, Proof, Session, SignIn, TrustedDevice
from idp.cli import housekeeping
from idp.core.db import Base
from idp.core.ids import uuid7
from idp.oidc import clients
from idp.oidc.clients import ClientRegistration
from idp.oidc.models import (
    AuthorizationCode,
    AuthorizationRequest,
    Grant,
    InitialAccessToken,
    RefreshToken,
    RevokedAccessToken,
)
from idp.outbox import queue
from idp.outbox.models import LocalMail, OutboxMessage
from idp.work import Actor, Work
from tests.authn import flows

DAY = timedelta(days=1)


@pytest.fixture
def client(work):
    kept = work.acting(Actor(kind="operator", name="test"))
    registration = ClientRegistration(
        client_id="sweep", names={"en": "Sweep"}, redirect_uris=["http://localhost:8001/callback"],
        grant_types=["authorization_code", "refresh_token"],
    )  # fmt: skip
    registered, _ = clients.register(kept, registration)
    work.session.commit()
    return registered


def count(work: Work, model: Any) -> int:
    return work.session.scalar(select(func.count()).select_from(model)) or 0


def put(work: Work, model: Any, **values: Any) -> Any:
    work.write()
    key = {} if "digest" in values or "jti" in values else {"id": uuid7()}
    work.session.execute(insert(model).values(**key, **values))
    return key.get("id")


def put_grant(work: Work, client: Any, account: Any, session_id: Any, **over: Any) -> Any:
    values = {
        "created_at": work.now - 200 * DAY, "last_used_at": work.now, "expires_at": work.now + DAY, "scope": "openid",
        "revoked_at": None, "auth_time": work.now - 200 * DAY, "acr": "urn:id:acr:2fa", "amr": "pwd otp mfa",
    }  # fmt: skip
    grant = put(
        work, Grant, client_id=client.id, account_id=account.id, session_id=session_id, **(values | over)
    )  # fmt: skip
    put(work, RefreshToken, digest=uuid7().bytes, grant_id=grant, created_at=work.now)
    return grant


def test_attempts_go_a_day_after_their_end_with_their_proofs(work, make_account):
    attempt, _ = flows.password(work, make_account())
    work.session.commit()
    over = work.now + sign_in.LIFETIME
    assert housekeeping.sweep(_at(work, over + DAY))["sign_ins"] == 0
    assert housekeeping.sweep(_at(work, over + DAY + timedelta(seconds=1)))["sign_ins"] == 1
    assert (count(work, SignIn), count(work, Proof)) == (0, 0)


def test_a_session_in_use_and_a_trusted_browser_stay(work, make_account):
    finished = flows.signed_in(work, make_account(), trust=True)
    work.session.commit()
    removed = housekeeping.sweep(work.later(minutes=5))
    assert removed["sessions"] == removed["trusted_devices"] == 0
    assert session.find(work, finished.session_token) is not None
    removed = housekeeping.sweep(work.later(days=400))
    assert (removed["sessions"], removed["trusted_devices"]) == (1, 1)
    assert (count(work, Session), count(work, TrustedDevice)) == (0, 0)


def test_a_session_stays_as_long_as_a_grant_rests_on_it(work, make_account, client):
    ada = make_account().account
    _, ended = session.start(work, ada.id, {"pwd", "otp"})
    session.end(work, ended, "signed_out")
    work.session.commit()
    much_later = work.later(days=91)
    live = put_grant(much_later, client, ada, ended)
    put_grant(much_later, client, ada, ended, revoked_at=much_later.now - 31 * DAY)
    put_grant(much_later, client, ada, ended, last_used_at=much_later.now - 38 * DAY)
    work.session.commit()

    removed = housekeeping.sweep(much_later)
    assert (removed["grants"], removed["sessions"]) == (2, 0)
    assert work.session.scalars(select(Grant.id)).all() == [live]
    assert count(work, RefreshToken) == 1

    removed = housekeeping.sweep(much_later.later(days=32))
    assert (removed["grants"], removed["sessions"]) == (1, 1)
    assert count(work, RefreshToken) == 0


def test_what_the_protocol_no_longer_needs_goes(work, make_account, client):
    ada = make_account().account
    _, key = session.start(work, ada.id, {"pwd", "otp"})
    for age in (2 * DAY, timedelta(hours=1), -timedelta(minutes=1)):
        end = work.now - age
        common = {"created_at": end - timedelta(minutes=10), "expires_at": end}
        digest = uuid7().bytes
        put(work, AuthorizationCode, digest=digest, client_id=client.id, account_id=ada.id, session_id=key,
            redirect_uri="http://localhost:8001/callback", redirect_uri_sent=True, scope="openid",
            **common)  # fmt: skip
        put(work, RevokedAccessToken, jti=digest.hex(), expires_at=end)
        put(work, AuthorizationRequest, token_digest=digest, client_id=client.id, parameters={}, **common)
        put(work, InitialAccessToken, token_digest=digest, note="", uses_left=1,
            created_at=end - 40 * DAY, expires_at=end - 30 * DAY)  # fmt: skip
    work.session.commit()

    removed = housekeeping.sweep(work)
    names = ("authorization_codes", "revoked_access_tokens", "authorization_requests", "initial_access_tokens")
    assert [removed[name] for name in names] == [1, 1, 2, 2]
    assert [count(work, model) for model in (AuthorizationCode, RevokedAccessToken, AuthorizationRequest)] == [2, 2, 1]


def test_delivered_messages_go_and_waiting_ones_stay(work):
    queue.fact(work, "session.ended", session_id="1", sid="2", subject="3", reason="test")
    put(work, OutboxMessage, kind="mail", name="x", created_at=work.now, due_at=work.now, attempts=1,
        finished_at=work.now)  # fmt: skip
    put(work, LocalMail, recipient="a@example.test", subject="", text_body="", html_body="", sent_at=work.now)
    put(work, MailedLink, purpose="activation", token_digest=b"1" * 32, address="a@example.test", locale="fr",
        canonical="a@example.test", continue_to="/", created_at=work.now, expires_at=work.now + DAY)  # fmt: skip
    throttle.take(work, "password", "somebody", throttle.NETWORK_TRIES)
    work.session.commit()
    removed = housekeeping.sweep(work)
    assert sum(removed.values()) == 0

    removed = housekeeping.sweep(work.later(days=31))
    assert {name: number for name, number in removed.items() if number} == {
        "outbox_messages": 1, "local_mails": 1, "mailed_links": 1,
    }  # fmt: skip
    assert work.session.scalars(select(OutboxMessage.name)).all() == ["session.ended"]
    assert housekeeping.sweep(work.later(days=91))["throttles"] == 1


def test_many_rows_go_in_several_batches(work):
    many = 2 * housekeeping.BATCH + 1
    rows = [{"jti": str(number), "expires_at": work.now - 2 * DAY} for number in range(many)]
    work.session.execute(insert(RevokedAccessToken), rows)
    work.session.commit()
    assert housekeeping.sweep(work)["revoked_access_tokens"] == many
    assert count(work, RevokedAccessToken) == 0


def test_the_worker_sweeps_when_it_starts(open_work):
    work = open_work()
    put(work, RevokedAccessToken, jti="1", expires_at=work.now - 2 * DAY)
    work.session.commit()
    stop = threading.Event()
    stop.set()

    @contextmanager
    def opened() -> Iterator[Work]:
        yield open_work()

    housekeeping.every_hour(opened, stop)
    assert count(work, RevokedAccessToken) == 0


def test_the_verb_tells_what_it_removed(idp):
    removed = idp("db", "sweep", "--json")
    assert removed.code == 0, removed.err
    assert removed.json["sessions"] == 0
    assert set(removed.json) >= {"sign_ins", "grants", "outbox_messages", "throttles", "signing_keys"}


def _at(work: Work, instant: Any) -> Work:
    return work.later(seconds=(instant - work.now).total_seconds())


def test_changes_of_address_go_90_days_after_they_could_be_undone(work, make_account):
    ada = make_account()
    change = put(
        work, EmailChange, account_id=ada.account.id, way="person", old_address="old@example.test",
        old_canonical="old@example.test", new_address=ada.address, new_canonical=ada.address, stop_digest=b"s",
        asked_at=work.now, expires_at=work.now + DAY, proved_at=work.now, done_at=work.now,
        undo_until=work.now + 7 * DAY,
    )  # fmt: skip
    put(
        work, EmailAddress, account_id=ada.account.id, address="old@example.test", canonical="old@example.test",
        verified_at=work.now, created_at=work.now, released_at=work.now,
    )  # fmt: skip
    work.session.commit()
    assert change is not None
    assert housekeeping.sweep(_at(work, work.now + 97 * DAY))["email_changes"] == 0
    swept = housekeeping.sweep(_at(work, work.now + 98 * DAY))
    assert (swept["email_changes"], swept["email_addresses"]) == (1, 0)
    assert housekeeping.sweep(_at(work, work.now + 366 * DAY))["email_addresses"] == 1
    assert count(work, EmailAddress) == 1  # the one in use


def test_every_table_with_an_end_is_swept_and_told_of():
    """A table whose rows run out, are closed or delivered, is removed by somebody, and docs/retention.md says when."""
    told = (Path(__file__).parents[2] / "docs" / "retention.md").read_text("utf-8")
    ends = {"expires_at", "closed_at", "released_at", "finished_at", "withdrawn_at"}
    kept = {
        "product_roles": "a temporary right that ran out is history of its company",
        "companies": "a customer that left",
    }
    for table in Base.metadata.sorted_tables:
        if ends & set(table.columns.keys()) and table.name not in kept:
            assert f"`{table.name}`" in told, table.name
