"""openid-client of npm signs people in, told the issuer, its client id and, when it has one, its secret.

Needs Node.js 20 and npm; skipped without them, unless `INTEROP=required` (`make interop`).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import Registered
from tests.stage import Player

SOURCES = Path(__file__).parent / "node"
OLDEST_NODE = 20

SignIn = Callable[..., dict[str, Any]]


def lacking() -> str | None:
    """Why the script cannot run here."""
    if not (shutil.which("node") and shutil.which("npm")):
        return "node or npm is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        return f"Node.js {version} is older than {OLDEST_NODE}"
    return None


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script in a folder of its own, with what its lock file names."""
    reason = lacking()
    if reason is not None:
        if os.environ.get("INTEROP") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("node") / "interop"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def sign_in(installed: Path) -> SignIn:
    def run(client: Registered, person: Player, *, authentication: str = "default") -> dict[str, Any]:
        told = {
            "ISSUER": client.issuer,
            "CLIENT_ID": client.client_id,
            "CLIENT_AUTH": authentication,
            "REDIRECT_URI": client.redirect_uri,
            "SIGNED_OUT_URI": client.signed_out_uri,
            "EMAIL": person.address,
            "PASSWORD": person.password,
            "TOTP_SECRET": person.secret,
        }
        if client.secret is not None:
            told["CLIENT_SECRET"] = client.secret
        environment = {"PATH": os.environ["PATH"], **told}
        done = subprocess.run(
            ["node", "sign-in.mjs"],
            cwd=installed, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        came: dict[str, Any] = json.loads(done.stdout)
        return came

    return run


def check(came: dict[str, Any], client: Registered, person: Player) -> None:
    """What holds for every client."""
    claims = came["claims"]
    assert (claims["iss"], claims["aud"]) == (client.issuer, client.client_id)
    assert claims["acr"] == "urn:id:acr:2fa"
    assert (came["userinfo"]["sub"], came["userinfo"]["email"]) == (claims["sub"], person.address)
    assert came["userinfo"]["permissions"]
    assert came["revoked"]["refresh"] == "invalid_grant"
    assert came["revoked"]["userinfo"] == "invalid_token"
    assert came["left"] == f"{client.signed_out_uri}?state=left"
    assert came["afterwards"] == "login_required"


@pytest.mark.parametrize(
    ("authentication", "options", "name"),
    [
        ("basic", [], "amelie.dubois"),
        ("default", ["--auth-method", "client_secret_post"], "thomas.lefevre"),
    ],
)
def test_a_confidential_client(service, sign_in, authentication, options, name):
    client, person = service.register(*options), service.person(name)
    came = sign_in(client, person, authentication=authentication)
    check(came, client, person)
    assert (came["introspection"]["active"], came["introspection"]["sub"]) == (True, came["claims"]["sub"])
    assert came["revoked"]["introspection"] == {"active": False}


def test_a_native_app_on_a_free_port(service, sign_in):
    """A public client: PKCE instead of a secret, refresh tokens that change, and it may not introspect."""
    client = service.register("--auth-method", "none", redirect_uri="http://127.0.0.1/callback")
    person = service.person("chloe.fontaine")
    assert client.secret is None
    came = sign_in(client, person)
    check(came, client, person)
    assert came["rotated"] is True
    assert came["introspection"] == "invalid_client"


def test_the_lock_file_names_no_place():
    """Packages are known by version and digest; where they are fetched from is each machine's own setting."""
    lock = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert "node_modules/openid-client" in packages
    for name, entry in packages.items():
        assert "resolved" not in entry, name
        assert entry["integrity"].startswith("sha512-"), name
