"""`idp accounts`, `idp outbox` and `idp audit` together: an invitation, from the command line to the local mailbox."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from idp.audit.models import AuditEvent
from idp.outbox.models import LocalMail
from idp.work import Work
from tests.cli.conftest import Idp

MakeAccount = Callable[..., object]


@pytest.fixture
def make(make_account: MakeAccount, work: Work) -> MakeAccount:
    """Make an account and let go of the database."""

    def make(address: str, **values: str) -> object:
        made = make_account(address, **values)
        work.session.rollback()
        return made

    return make


def test_an_invitation_waits_and_then_leaves(idp: Idp, engine: Engine) -> None:
    assert idp("accounts", "invite", "zoe@example.test", "--locale", "en").code == 0
    (waiting,) = idp("outbox", "list", "--json").json
    assert (waiting["kind"], waiting["name"], waiting["finished_at"]) == ("mail", "activation", None)
    assert "payload" not in waiting

    assert idp("outbox", "run", "--once", "--json").json == {"tried": 1}

    assert idp("outbox", "list", "--json").json == []
    with engine.connect() as connection:
        recipient, text = connection.execute(select(LocalMail.recipient, LocalMail.text_body)).one()
    assert recipient == "zoe@example.test"
    assert "http://localhost:8000/activation/" in text


@pytest.mark.parametrize(("asked", "kept"), [("fr-CA", "fr-FR"), ("EN-gb", "en-GB"), ("xx", "fr-FR")])
def test_an_invitation_says_in_which_language_it_leaves(idp: Idp, asked: str, kept: str) -> None:
    assert idp("accounts", "invite", "zoe@example.test", "--locale", asked, "--json").json["locale"] == kept


def test_an_act_of_an_operator_is_in_the_audit_log_under_their_name(idp: Idp) -> None:
    idp("accounts", "invite", "zoe@example.test")

    (event,) = idp("audit", "list", "--name", "account.invited", "--json").json

    assert event["actor_kind"] == "operator"
    assert event["actor_name"]
    assert "zoe@example.test" not in str(event)


def test_a_blocked_account_shows_its_reason_and_is_opened_again(idp: Idp, make: MakeAccount) -> None:
    make("ada@example.test")

    assert idp("accounts", "block", "ada@example.test", "--reason", "stolen phone").code == 0
    shown = idp("accounts", "show", "ADA@example.test", "--json").json
    assert (shown["status"], shown["status_reason"]) == ("blocked", "stolen phone")
    assert idp("accounts", "block", "ada@example.test").code == 1

    assert idp("accounts", "unblock", "ada@example.test").code == 0
    assert idp("accounts", "show", "ada@example.test", "--json").json["status"] == "active"
    assert idp("accounts", "unblock", "ada@example.test").code == 1


def test_accounts_are_found_by_a_part_of_a_name(idp: Idp, make: MakeAccount) -> None:
    make("ada@example.test", given_name="Ada", family_name="Byron")
    make("grace@example.test", given_name="Grace", family_name="Hopper")

    found = idp("accounts", "list", "--search", "hopp", "--json").json

    assert [account["email"] for account in found] == ["grace@example.test"]


def test_an_altered_audit_log_is_noticed(idp: Idp, engine: Engine) -> None:
    idp("accounts", "invite", "zoe@example.test")
    assert idp("audit", "verify").code == 0

    with engine.begin() as connection:
        connection.execute(AuditEvent.__table__.update().values(actor_name="somebody else"))

    ended = idp("audit", "verify", "--json")
    assert ended.code == 1
    assert not ended.json["whole"]


def test_what_waits_can_be_sent_at_once(idp: Idp) -> None:
    idp("accounts", "invite", "zoe@example.test")
    (waiting,) = idp("outbox", "list", "--json").json

    assert idp("outbox", "retry", waiting["id"], "--json").json == {"due_now": [waiting["id"]]}
    assert idp("outbox", "retry", "0190f3a0-0000-7000-8000-000000000000").code == 1
