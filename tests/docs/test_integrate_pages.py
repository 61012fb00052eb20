"""The pages about native applications and back ends do what they say, with the code as it stands there."""
# ruff: noqa: F811 - fixtures are imported

import json
import re
import shlex
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests import command
from tests.docs.tables import DOCS
from tests.docs.test_snippets import containing, live  # noqa: F401
from tests.party import claims_of
from tests.stage import Stage, demonstration  # noqa: F401

WRITTEN = "https://id.example.com"

pytestmark = pytest.mark.parametrize("demonstration", ["sqlite"], indirect=True, scope="session")


def page(name: str) -> Path:
    return DOCS / "integrate" / name


def register(stage: Stage, name: str, folder: Path) -> None:
    """Run the command of a page, with its files in a folder."""
    words = shlex.split(containing(page(name), "sh", "idp clients create").replace("\\\n", " "))
    environment = {
        "IDP_DATA_DIR": str(stage.settings.data_dir),
        "IDP_DATABASE_URL": stage.settings.database_url,
        "IDP_ISSUER": stage.settings.issuer,
    }
    done = command.run(environment, folder, *words[1:])
    assert not done.code, done.err


def defined(stage: Stage, name: str, words: str, made: dict[str, Any] | None = None) -> dict[str, Any]:
    made = {} if made is None else made
    exec(containing(page(name), "python", words).replace(WRITTEN, stage.settings.issuer), made)
    return made


@pytest.fixture
def person(live: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Whoever sits at the machine: what an application opens in the browser is opened, and the way back is gone."""
    opened: list[str] = []
    going: list[threading.Thread] = []

    def go(address: str) -> None:
        asked = urlsplit(address)
        answer = live.signed_in("ines.moreau").get(f"{asked.path}?{asked.query}")
        assert requests.get(answer.headers["Location"], timeout=10).text == "You can close this window."

    def open_browser(address: str) -> bool:
        opened.append(address)
        going.append(threading.Thread(target=go, args=(address,)))
        going[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", open_browser)
    yield opened
    for each in going:
        each.join(10)


def test_a_native_application_signs_in_renews_and_gives_its_grant_back(
    live: Stage,
    person: list[str],
    tmp_path: Path,
) -> None:
    register(live, "native.md", tmp_path)
    made = defined(live, "native.md", "def sign_in")
    tokens = made["sign_in"]()
    assert re.search(r"redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A\d+%2Fcallback", person[0])
    assert claims_of(tokens["id_token"])["name"] == "Inès Moreau"
    again = made["renewed"](tokens)
    assert again["refresh_token"] != tokens["refresh_token"]
    made["sign_out"](again)
    with pytest.raises(requests.HTTPError):
        made["renewed"](again)


def test_a_native_application_takes_no_strange_answer(live: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made = defined(live, "native.md", "def sign_in")

    def forged(address: str) -> bool:
        back = re.search(r"127\.0\.0\.1%3A(\d+)", address)
        assert back is not None
        there = f"http://127.0.0.1:{back[1]}/callback?code=x&state=x&iss={live.settings.issuer}"
        threading.Thread(target=requests.get, args=(there,), kwargs={"timeout": 10}).start()
        return True

    monkeypatch.setattr(webbrowser, "open", forged)
    with pytest.raises(RuntimeError, match="not the answer"):
        made["sign_in"]()


def test_a_back_end_proves_itself_with_its_key(
    live: Stage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    defined(live, "back-end.md", "ECKey.generate_key")
    assert (tmp_path / "night-run.json").stat().st_mode & 0o777 == 0o600
    assert "d" not in json.loads((tmp_path / "night-run.metadata.json").read_text())["jwks"]["keys"][0]
    register(live, "back-end.md", tmp_path)
    made = defined(live, "back-end.md", "def own_token")
    claims = claims_of(made["own_token"]())
    assert (claims["sub"], claims["permissions"]) == ("night-run", ["accounting.journals.view"])
    assert claims_of(made["own_token"]())["jti"] != claims["jti"]
    defined(live, "back-end.md", "def by_authlib", made)
    assert claims_of(made["by_authlib"]())["sub"] == "night-run"
    defined(live, "back-end.md", "def lives", made)
    assert made["lives"](made["own_token"]())["active"] is True
    assert made["lives"]("x") == {"active": False}
