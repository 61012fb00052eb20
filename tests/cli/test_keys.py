"""`idp keys`: what an operator sees and does of the signing keys."""

import sys
from io import StringIO

from idp.cli import due


def test_the_keys_of_an_instance_from_the_first_to_a_leak(idp):
    made = idp("keys", "create", "--json").json["created"]
    assert len(made) == 2
    rows = {row["kid"]: row for row in idp("keys", "list", "--json").json}
    assert {row["state"] for row in rows.values()} == {"active"}
    assert all(row["due_at"] > row["activated_at"] for row in rows.values())
    signing = next(kid for kid, row in rows.items() if row["algorithm"] == "ES256")

    said = idp("keys", "revoke", signing, "--yes", "--json").json
    assert said["revoked"] == signing
    (successor,) = said["active"]
    states = {row["kid"]: row["state"] for row in idp("keys", "list", "--json").json}
    assert (states[signing], states[successor]) == ("revoked", "active")
    again = idp("keys", "revoke", signing, "--yes", "--json")
    assert (again.code, again.problem["reason"]) == (1, "revoked_already")
    assert idp("keys", "revoke", "unknown", "--yes", "--json").problem["error"] == "not_found"

    said = idp("keys", "revoke", "--all", "--yes", "--json").json
    assert len(said["active"]) == 2
    events = [row["name"] for row in idp("audit", "list", "--json").json]
    assert events.count("key.revoked") == 3


def test_a_key_is_revoked_only_when_it_is_named_and_meant(idp, monkeypatch):
    kid = idp("keys", "create", "--json").json["created"][0]
    assert idp("keys", "revoke", "--yes").code == 2
    assert idp("keys", "revoke", kid, "--all", "--yes").code == 2
    monkeypatch.setattr(sys, "stdin", StringIO("n\n"))
    assert idp("keys", "revoke", kid).code != 0
    assert {row["state"] for row in idp("keys", "list", "--json").json} == {"active"}


def test_the_worker_keeps_the_keys_in_time(idp, monkeypatch):
    idp("keys", "create")
    assert "signing_keys" in due.JOBS
    monkeypatch.setenv("IDP_SIGNING_KEY_DAYS", "1")  # a next key is due from the first minute on
    assert idp("outbox", "run", "--once").code == 0
    states = sorted(row["state"] for row in idp("keys", "list", "--json").json)
    assert states == ["active", "active", "next", "next"]
