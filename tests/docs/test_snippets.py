"""The code in the documentation runs: registered as it says, signed in over real HTTP, checked as a product would."""

import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.errors import InvalidClaimError
from werkzeug.serving import make_server

from tests import command
from tests.docs.tables import DOCS, ROOT
from tests.party import Party, bearer, claims_of
from tests.stage import Demonstration, Stage, demonstration  # noqa: F401
from tests.web.browser import Browser

README = ROOT / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
WRITTEN = "http://localhost:8000"  # the issuer of the pages

pytestmark = pytest.mark.parametrize("demonstration", ["sqlite"], indirect=True, scope="session")


def snippets(page: Path, language: str) -> list[str]:
    return [code for kind, code in FENCE.findall(page.read_text("utf-8")) if kind == language]


def containing(page: Path, language: str, words: str) -> str:
    found = [code for code in snippets(page, language) if words in code]
    assert len(found) == 1, f"{page.name}: {len(found)} snippets with {words}"
    return found[0]


@pytest.fixture(scope="module")
def live(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:  # noqa: F811
    """The service on a real port, with people of the demonstration."""
    holder: list[Any] = []
    server = make_server("localhost", 0, lambda environ, start: holder[0](environ, start), threaded=True)
    with demonstration.stage(tmp_path_factory.mktemp("live"), issuer=f"http://localhost:{server.server_port}") as stage:
        holder.append(stage.app)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield stage
        server.shutdown()
        thread.join()
        server.server_close()


def commanded(stage: Stage, words: list[str]) -> command.Ended:
    """Run an `idp` command of a page on the stage's database."""
    environment = {
        "IDP_DATA_DIR": str(stage.settings.data_dir),
        "IDP_DATABASE_URL": stage.settings.database_url,
        "IDP_ISSUER": stage.settings.issuer,
    }
    return command.run(environment, ROOT, *words[1:])


def registered(stage: Stage, page: Path, *, public: bool = False) -> str:
    """Register the client that a page registers, by its own command; answers the secret, if it has one."""
    words = shlex.split(containing(page, "sh", "idp clients create").replace("\\\n", " "))
    assert words[0].endswith("idp")
    done = commanded(stage, words)
    assert not done.code, done.err
    if public:
        return ""
    secret = re.search(r"^client_secret +(\S{43})$", done.out, re.MULTILINE)
    assert secret, done.out
    return secret[1]


@pytest.fixture(scope="module")
def secret(live: Stage) -> str:
    """The secret of the client that the README registers."""
    return registered(live, README)


def here(code: str, stage: Stage) -> str:
    return code.replace(WRITTEN, stage.settings.issuer)


def product(stage: Stage, secret: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the README's `app.py` defines."""
    monkeypatch.setenv("CLIENT_SECRET", secret)
    made: dict[str, Any] = {"__name__": "app"}
    exec(here(containing(README, "python", "OAuth(app)"), stage), made)
    return made


def party_of(stage: Stage, secret: str) -> Party:
    return Party(stage.app.test_client(use_cookies=False), "my-product", secret, "http://localhost:5000/callback")


def test_the_product_of_the_readme_signs_a_person_in(live, secret, monkeypatch):
    client = product(live, secret, monkeypatch)["app"].test_client()
    assert client.get("/").headers["Location"] == "/login"

    asked = urlsplit(client.get("/login").headers["Location"])
    browser: Browser = live.signed_in("ines.moreau")
    answer = browser.get(f"{asked.path}?{asked.query}")
    back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == "http://localhost:5000/callback"
    assert client.get(f"{back.path}?{back.query}").headers["Location"] == "/"
    assert client.get("/").text == "Inès Moreau, accounting.bookkeeper of Atelier Lumen SARL"


def test_the_api_guard_accepts_its_tokens_alone_and_decides_on_permissions(live, secret):
    page = DOCS / "integrate" / "python.md"
    made: dict[str, Any] = {"CLIENT_ID": "my-product", "CLIENT_SECRET": secret, "lists": {}}
    for words in ("def claims_of", "def may"):
        exec(here(containing(page, "python", words), live), made)

    browser = live.signed_in("ines.moreau")
    tokens = party_of(live, secret).tokens(browser)
    claims = made["claims_of"](tokens["access_token"])
    assert claims["roles"] == ["accounting.bookkeeper"]
    assert made["may"](claims, "accounting.journals.create") is True
    assert made["may"](claims, "accounting.settings.edit") is False
    assert list(made["lists"]) == [claims["permission_set"]]

    exec("import time\n" + containing(page, "python", "def proved_lately"), made)
    assert made["proved_lately"](claims) is True
    assert made["proved_lately"]({**claims, "auth_time": claims["auth_time"] - 600}) is False
    assert 'acr_values="urn:id:acr:2fa", max_age="300"' in made["challenge"]()[1]["WWW-Authenticate"]

    with pytest.raises(ValueError, match="not an access token"):
        made["claims_of"](tokens["id_token"])
    with pytest.raises(InvalidClaimError):
        made["claims_of"](live.party("demo-capture").tokens(browser)["access_token"])


def test_another_company_without_a_new_sign_in(live, secret, monkeypatch):
    made = product(live, secret, monkeypatch)
    exec(containing(DOCS / "integrate" / "python.md", "python", "def refreshed"), made)
    party, browser = party_of(live, secret), live.signed_in("julien.mercier")
    here_now = str(live.company("atelier-lumen"))
    first = party.tokens(browser, company=here_now)
    listed = party.http.get("/me/companies", headers=bearer(first["access_token"])).json["data"]
    other = next(row["id"] for row in listed if row["id"] != here_now)
    assert claims_of(made["refreshed"](first)["access_token"])["company"] == here_now
    assert claims_of(made["refreshed"](first, company=other)["access_token"])["company"] == other


def test_a_program_gets_its_own_token(live, secret):
    live.change_client("my-product", grant_types=["client_credentials"], permissions=["accounting.journals.view"])
    made: dict[str, Any] = {"ISSUER": live.settings.issuer, "CLIENT_ID": "my-product", "CLIENT_SECRET": secret}
    exec("import requests\n" + containing(DOCS / "integrate" / "python.md", "python", "client_credentials"), made)
    token = claims_of(made["answer"].json()["access_token"])
    assert token["sub"] == "my-product"
    assert token["permissions"] == ["accounting.journals.view"]


def test_the_other_registration_is_accepted_too(live):
    assert registered(live, DOCS / "integrate" / "any-oidc-library.md")


def test_the_device_of_its_page_is_connected(live, monkeypatch):
    page = DOCS / "integrate" / "device.md"
    registered(live, page, public=True)
    made: dict[str, Any] = {}
    exec(here(containing(page, "python", "def begin"), live), made)
    monkeypatch.setattr(made["time"], "sleep", lambda seconds: None)
    codes = made["begin"]()
    browser: Browser = live.signed_in("ines.moreau")
    browser.get(urlsplit(codes["verification_uri_complete"])._replace(scheme="", netloc="").geturl())
    browser.submit()
    browser.submit({"decision": "allow"})
    tokens = made["wait"](codes)
    assert claims_of(tokens["access_token"])["roles"] == ["accounting.bookkeeper"]
    assert tokens["refresh_token"]
    assert made["wait"]({**codes, "device_code": "unknown"}) is None


def test_a_back_end_exchanges_a_token(live, secret):
    page = DOCS / "integrate" / "person-behind.md"
    there = live.register(
        client_id="accounting-api", product="accounting", resource="https://accounting.example.com/api"
    )
    here_now = live.register(
        client_id="capture-back-end", product="capture", resource="https://capture.example.com/other"
    )
    words = shlex.split(containing(page, "sh", "idp clients update").replace("\\\n", " "))
    told = [{"capture-web": here_now.client_id, "accounting-web": there.client_id}.get(each, each) for each in words]
    assert commanded(live, told).code == 0
    made: dict[str, Any] = {}
    exec(here(containing(page, "python", "def for_accounting"), live), made)
    made |= {"CLIENT_ID": here_now.client_id, "CLIENT_SECRET": here_now.secret}
    token = here_now.tokens(live.signed_in("ines.moreau"))["access_token"]
    assert claims_of(made["for_accounting"](token))["roles"] == ["accounting.bookkeeper"]
    with pytest.raises(PermissionError, match="no_access"):
        made["for_accounting"](token, company="another")
