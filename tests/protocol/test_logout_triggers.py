"""Back-channel logout on every trigger: whatever ends a session tells its products, and operators see how that went.

The triggers are read from the code: a new one that is not listed here fails, and so does one that goes another way.
"""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from idp.authn import session
from idp.authn.facts import HANDLERS
from idp.authn.models import Session
from idp.cli import due
from idp.oidc import logout, logout_delivery
from idp.outbox.deliver import Deliverer
from idp.outbox.models import OutboxMessage
from idp.outbox.smtp import mailer
from tests.conftest import ROOT
from tests.party import Party, claims_of
from tests.protocol.receiver import Receiver, receiving
from tests.stage import Stage, scalar
from tests.web.browser import Browser

ENDS = {"end", "end_all"}
TRIGGERS = {
    "authn/address_switch.py: perform": "the sign-in address changed",
    "authn/address_switch.py: undo": "a change of address was undone",
    "authn/authenticators.py: _end_the_rest": "a second factor was added, replaced or removed",
    "authn/devices.py: end": "one session was closed from another",
    "authn/devices.py: end_others": "the other sessions were closed",
    "authn/devices.py: end_everything": "signed out everywhere",
    "authn/erasure_request.py: begin": "the person asked for erasure",
    "authn/lost_factor.py: void": "a lost second factor was replaced",
    "authn/not_me.py: disown": "the person says that it was not them",
    "authn/password_change.py: change": "the password changed",
    "authn/reset.py: set_password": "the password was lost and set anew",
    "authn/sharing.py: was_not_me": "the person says that it was not them",
    "authn/sign_in.py: _session": "somebody else signed in with the same browser",
    "authn/status.py: block": "the account was blocked",
    "authn/status.py: unblock": "the account was opened again, and what was under way when it was blocked is not",
    "companies/account_desk.py: end_sessions": "staff closed the sessions",
    "companies/erasure.py: erase": "the account was erased",
    "web/oauth/end_session.py: end_session": "a product signs out",
    "web/pages/sign_out.py: _left": "the person signs out",
}


def callers() -> dict[str, str]:
    """Every function that ends sessions, by file and name, with the reason it gives where it is written there."""
    found = {}
    for path in sorted((ROOT / "idp").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr in ENDS
                    and isinstance(call.func.value, ast.Name)
                    and call.func.value.id == "session"
                ):
                    found[f"{path.relative_to(ROOT / 'idp')}: {function.name}"] = ast.unparse(call)
    return found


def test_the_triggers_are_those_of_the_code() -> None:
    assert set(callers()) == set(TRIGGERS)


def test_sessions_are_ended_in_one_place() -> None:
    """`session._end`, which puts the fact in the outbox in the same transaction."""
    writers = {
        str(path.relative_to(ROOT / "idp"))
        for path in (ROOT / "idp").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "values"
        and "update(Session)" in ast.unparse(call)
        and {"ended_at"} & {each.arg for each in call.keywords}
    }
    assert writers == {str(Path("authn/session.py"))}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


def deliver(stage: Stage) -> None:
    facts = {"session.ended": logout.session_ended, "session.expired": logout.session_expired}
    Deliverer(
        lambda: stage.work(write=False), mailer(stage.settings), handlers={**HANDLERS, **facts},
        callers={logout_delivery.FACT: logout.deliver},
    ).run_due()  # fmt: skip


@pytest.fixture
def signed(own_stage: Stage, receiver: Receiver) -> tuple[Stage, Party, Browser, dict[str, str]]:
    own_stage.change_client("demo-accounting", backchannel_logout_uri=receiver.address)
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    return own_stage, books, browser, books.tokens(browser)


REASONS = [
    "signed_out",
    "password_changed",
    "factor_changed",
    "staff",
    "account_blocked",
    "erased",
    "replaced",
    "not_me",
]


@pytest.mark.parametrize("reason", REASONS)
def test_whatever_ends_a_session_tells_its_products(signed, receiver: Receiver, reason: str) -> None:  # type: ignore[no-untyped-def]
    stage, books, _, told = signed
    with stage.work() as work:
        session.end_all(work, stage.person("ines.moreau").id, reason)
    deliver(stage)
    assert [claims_of(token)["sid"] for token in receiver.tokens] == [claims_of(told["id_token"])["sid"]]
    assert books.refresh(told["refresh_token"]).json["error"] == "invalid_grant"
    with stage.work(write=False) as work:
        (row,) = logout_delivery.listing(work)
    assert (row["client_id"], row["reason"], row["state"], row["attempts"]) == (books.client_id, reason, "delivered", 1)


def run_out(stage: Stage, sid: str) -> None:
    """Let the time of a session be over."""
    with stage.work() as work:
        past = {"created_at": work.now - timedelta(hours=13), "expires_at": work.now - timedelta(seconds=1)}
        work.session.execute(update(Session).where(Session.sid == sid).values(**past))


def test_a_session_whose_time_has_run_out_is_told_of_once(signed, receiver: Receiver) -> None:  # type: ignore[no-untyped-def]
    """Back-Channel Logout §2.7: what was allowed beyond the session (`offline_access`) goes on."""
    stage, books, _, told = signed
    sid = claims_of(told["id_token"])["sid"]
    with stage.work(write=False) as work:
        work.session.rollback()
        assert due.expired_sessions(work) == 0
    run_out(stage, sid)
    for expected in (1, 0):
        with stage.work(write=False) as work:
            work.session.rollback()
            assert due.expired_sessions(work) == expected
        deliver(stage)
    assert [claims_of(token)["sid"] for token in receiver.tokens] == [sid]
    assert scalar(stage, Session.ended_at, Session.sid == sid) is None
    assert books.refresh(told["refresh_token"]).status_code == 200
    with stage.work(write=False) as work:
        assert [row["reason"] for row in logout_delivery.listing(work)] == ["expired"]


def test_the_worker_looks_for_them() -> None:
    assert due.JOBS["expired_sessions"] is due.expired_sessions


def test_operators_see_every_attempt(signed, receiver: Receiver) -> None:  # type: ignore[no-untyped-def]
    stage, _, _, told = signed
    receiver.answers = [500]
    with stage.work() as work:
        session.end_all(work, stage.person("ines.moreau").id, "staff")
    deliver(stage)
    with stage.work() as work:
        (row,) = logout_delivery.listing(work, client_id="demo-accounting", undelivered=True)
        assert (row["state"], row["attempts"], row["failure"]) == ("waiting", 1, "status 500")
        assert row["sid"] == claims_of(told["id_token"])["sid"]
        (late,) = logout_delivery.listing(work.later(hours=25))
        assert late["state"] == "given_up"
        work.session.execute(update(OutboxMessage).values(due_at=work.now))
    deliver(stage)
    with stage.work(write=False) as work:
        assert logout_delivery.listing(work, undelivered=True) == []
        assert logout_delivery.listing(work, client_id="demo-capture") == []
        (row,) = logout_delivery.listing(work)
        assert (row["state"], row["attempts"], row["failure"]) == ("delivered", 2, None)
        waiting = select(OutboxMessage.id).where(OutboxMessage.finished_at.is_(None))
        assert work.session.scalar(waiting.where(OutboxMessage.name == logout_delivery.FACT)) is None
