"""`idp clients` and `idp keys`."""

from tests.cli.conftest import Ended, Idp

REPORTS = (
    "--name", "fr=Rapports", "--name", "Reports", "--product", "accounting",
    "--resource", "https://reports.example.test/api", "--redirect-uri", "https://reports.example.test/callback",
)  # fmt: skip


def create(idp: Idp, *more: str) -> Ended:
    return idp("clients", "create", "--client-id", "reports", *REPORTS, *more, "--json")


def test_a_client_s_secret_is_shown_once(idp: Idp) -> None:
    made = create(idp).json

    assert len(made["client_secret"]) >= 43
    assert made["names"] == {"fr": "Rapports", "en": "Reports"}
    shown = idp("clients", "show", "reports")
    assert shown.code == 0
    assert made["client_secret"] not in shown.out
    assert "digest" not in shown.out
    assert create(idp).problem["error"] == "conflict"


def test_an_address_that_is_not_allowed_is_refused(idp: Idp) -> None:
    refused = idp("clients", "create", "--name", "X", "--redirect-uri", "http://example.test/callback", "--json")

    assert refused.code == 1
    assert (refused.problem["error"], refused.problem["field"]) == ("invalid_input", "redirect_uris")


def test_only_an_operator_lifts_pkce_and_only_for_a_confidential_client(idp: Idp) -> None:
    create(idp)
    assert idp("clients", "show", "reports", "--json").json["require_pkce"] is True

    assert idp("clients", "update", "reports", "--no-pkce", "--json").json["require_pkce"] is False
    assert idp("clients", "update", "reports", "--auth-method", "none").code == 1
    assert idp("clients", "update", "reports", "--pkce", "--json").json["require_pkce"] is True
    assert idp("clients", "update", "reports").code == 2


def test_a_secret_is_renewed_and_a_client_removed(idp: Idp) -> None:
    first = create(idp).json["client_secret"]

    second = idp("clients", "rotate-secret", "reports", "--json").json["client_secret"]
    assert second != first
    assert idp("clients", "retire-secret", "reports", "--json").json == {"client_id": "reports", "secrets": 1}
    assert idp("clients", "retire-secret", "reports").code == 1, "one is left"
    assert idp("clients", "delete", "reports", "--yes").code == 0
    assert idp("clients", "show", "reports").code == 1
    assert create(idp).code == 1  # never given again


def test_a_program_says_where_it_is_fetched_until_it_does_not(idp: Idp) -> None:
    create(idp, "--exchange-target", "-")
    page = "https://reports.example.test/download"

    assert idp("clients", "update", "reports", "--download-uri", page, "--json").json["options"] == {
        "download_uri": page
    }
    refused = idp("clients", "update", "reports", "--download-uri", "http://reports.example.test/x", "--json")
    assert (refused.code, refused.problem["field"]) == (1, "download_uri")
    assert idp("clients", "update", "reports", "--download-uri", "javascript:alert(1)").code == 1
    assert idp("clients", "update", "reports", "--download-uri", "-", "--json").json["options"] == {}


def test_an_initial_access_token_is_shown_once(idp: Idp) -> None:
    made = idp("clients", "initial-access-token", "--uses", "2", "--hours", "1", "--json").json

    assert len(made["initial_access_token"]) >= 43


def test_signing_keys_are_made_once_and_rotated_with_notice(idp: Idp) -> None:
    assert len(idp("keys", "create", "--json").json["created"]) == 2
    assert idp("keys", "create", "--json").json["created"] == []

    announced = idp("keys", "rotate", "--json").json
    assert announced["state"] == "next"
    assert idp("keys", "rotate").code == 1  # clients that cache the key set do not know it yet
    assert idp("keys", "rotate", "--at-once", "--json").json == {**announced, "state": "active", "discarded": 0}
    states = {(key["algorithm"], key["state"]) for key in idp("keys", "list", "--json").json}
    assert states == {("ES256", "active"), ("ES256", "retired"), ("RS256", "active")}
