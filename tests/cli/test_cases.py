"""`idp cases`: the desk at the command line, under the same rules."""

import getpass

import pytest

from idp.accounts import profile
from idp.authn import totp
from idp.cli import context
from tests.cli.conftest import Idp

MEHDI = "mehdi@company.example"
WHY = ("--reason", "the phone is lost", "--identity-check", "called back")


@pytest.fixture
def mehdi(idp: Idp) -> str:
    """Somebody with a second factor to lose."""
    with context.operating() as work:
        account = profile.create(work, address=MEHDI, given_name="Mehdi", family_name="Haddad", locale="fr-FR")
        totp.enrol(work, account.id, totp.new_secret(), name="phone")
    return MEHDI


def test_a_case_is_opened_shown_and_approved_by_somebody_else(
    idp: Idp, mehdi: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = idp("cases", "open", mehdi, "--kind", "reset-2fa", *WHY, "--json").json
    assert (opened["state"], opened["opened_by"], opened["origin"]) == (
        "waiting_approval", getpass.getuser(), "operator",
    )  # fmt: skip
    refused = idp("cases", "approve", opened["reference"], "--json")
    assert (refused.code, refused.problem["error"]) == (1, "four_eyes")

    monkeypatch.setattr(getpass, "getuser", lambda: "somebody-else")
    approved = idp("cases", "approve", opened["reference"], "--json").json
    assert (approved["state"], approved["approved_by"]) == ("waiting_time", "somebody-else")
    assert idp("cases", "show", opened["reference"], "--json").json == approved
    assert [row["reference"] for row in idp("cases", "list", "--state", "open", "--json").json] == [opened["reference"]]
    assert idp("cases", "list", "--state", "done").out == "No case.\n"
    assert idp("cases", "list", "--about", mehdi, "--json").json[0]["address"] == mehdi
    assert idp("cases", "due").out == "Nothing is due.\n"
    names = [row["name"] for row in idp("audit", "list", "--name", "case.", "--json").json]
    assert names == ["case.approved", "case.refused", "case.opened"]


def test_a_case_is_closed_with_a_reason(idp: Idp, mehdi: str) -> None:
    opened = idp("cases", "open", mehdi, "--kind", "reset-all", *WHY, "--json").json
    assert idp("cases", "close", opened["reference"], "--reason", "a mistake").out.endswith(": closed.\n")
    again = idp("cases", "close", opened["reference"], "--reason", "a mistake", "--json")
    assert (again.code, again.problem["error"], again.problem["state"]) == (1, "case_state", "closed")


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("show", "ZZZZZZZ"), 1, "not_found"),
        (("open", "nobody@company.example", "--kind", "reset-2fa", *WHY), 1, "not_found"),
        (("open", MEHDI, "--kind", "reset-2fa", "--reason", "lost"), 1, "invalid_input"),
        (("open", MEHDI, "--kind", "change-email", *WHY), 1, "invalid_input"),
        (("open", MEHDI, "--kind", "nonsense", *WHY), 2, "usage"),
        (("list", "--state", "nonsense"), 2, "usage"),
    ],
)
def test_what_cannot_be_done_is_told(idp: Idp, mehdi: str, arguments: tuple[str, ...], code: int, error: str) -> None:
    ended = idp("cases", *arguments, "--json")
    assert (ended.code, ended.problem["error"]) == (code, error)


def test_the_worker_does_what_is_due(idp: Idp, mehdi: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = idp("cases", "open", mehdi, "--kind", "reset-2fa", *WHY, "--json").json
    monkeypatch.setattr(getpass, "getuser", lambda: "somebody-else")
    idp("cases", "approve", opened["reference"])
    from idp.companies.models import SupportCase

    with context.operating() as work:
        work.session.query(SupportCase).update({"due_at": work.now, "created_at": work.later(days=-1).now})
    assert idp("outbox", "run", "--once").code == 0
    assert idp("cases", "show", opened["reference"], "--json").json["state"] == "ready"
    assert idp("cases", "due", "--json").json == {"carried_out": [], "finished": [], "closed": []}
