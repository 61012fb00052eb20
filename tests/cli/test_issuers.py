"""`idp issuers`, and what lets a back end exchange tokens."""

import json
from pathlib import Path

from joserfc.jwk import ECKey

from tests.cli.conftest import Idp

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DIRECTORY = "https://directory.company.example"


def test_an_issuer_is_registered_listed_and_removed(idp: Idp, tmp_path: Path) -> None:
    idp("clients", "create", "--client-id", "intranet", "--name", "Intranet", "--grant-type", BEARER)
    keys = tmp_path / "directory.json"
    keys.write_text(json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}))
    said = ("--jwks", str(keys), "--client", "intranet", "--about", "*")

    made = idp("issuers", "register", DIRECTORY, *said, "--json").json
    assert (made["issuer"], made["subject"], made["subjects"]) == (DIRECTORY, "email", ["*"])
    assert idp("issuers", "register", DIRECTORY, *said, "--json").problem["error"] == "conflict"
    listed = idp("issuers", "list", "--json").json
    assert [row["clients"] for row in listed] == [["intranet"]]
    assert idp("issuers", "remove", DIRECTORY, "--yes").code == 0
    assert idp("issuers", "list", "--json").json == []
    assert idp("issuers", "remove", DIRECTORY, "--yes").code == 1


def test_an_issuer_with_a_private_key_or_no_keys_is_refused(idp: Idp, tmp_path: Path) -> None:
    idp("clients", "create", "--client-id", "intranet", "--name", "Intranet", "--grant-type", BEARER)
    keys = tmp_path / "directory.json"
    for text, code in (("no JSON", 2), (json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=True)]}), 1)):
        keys.write_text(text)
        refused = idp("issuers", "register", DIRECTORY, "--jwks", str(keys), "--client", "intranet", "--about", "*")
        assert refused.code == code
    assert idp("issuers", "register", DIRECTORY).code == 2


def test_a_back_end_may_exchange_tokens_for_the_applications_named(idp: Idp) -> None:
    about = ("--redirect-uri", "https://a.example.test/cb", "--resource", "https://a.example.test/api")
    for name in ("accounting-web", "capture-web"):
        idp("clients", "create", "--client-id", name, "--name", name, *about)
    update = ("clients", "update", "capture-web", "--grant-type", EXCHANGE, "--exchange-target")

    changed = idp(*update, "accounting-web", "--json").json
    assert changed["options"] == {"token_exchange_targets": ["accounting-web"]}
    assert idp(*update, "unknown").code == 1
    assert idp(*update, "-", "--json").json["options"] == {}
