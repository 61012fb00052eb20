"""`idp billing`: keys are shown once, and two at most are live."""


def test_keys_are_made_rotated_listed_and_revoked(idp):
    made = idp("billing", "create-key", "--json").json
    assert made["secret"].startswith("whsec_")
    idp("billing", "rotate-key", "--json")
    assert idp("billing", "create-key", "--json").problem["error"] == "keys_live"
    assert idp("billing", "revoke-key", made["key"], "--json").code == 0
    assert idp("billing", "revoke-key", made["key"], "--json").problem["error"] == "not_found"
    rows = idp("billing", "list-keys", "--json").json
    assert [bool(row["revoked_at"]) for row in rows] == [False, True]
    assert made["secret"] not in idp("billing", "list-keys", "--json").out
    assert idp("billing", "events", "--json").json == []
