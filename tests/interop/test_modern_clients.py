"""openid-client and oauth4webapi with all that careful clients do, told the issuer, their client id and their key:
signed assertions, pushed requests, signed request objects, tokens bound to a key."""
# ruff: noqa: F811 - a fixture is imported

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.interop.conftest import Registered, Service
from tests.interop.test_openid_client import installed  # noqa: F401

ALL = "par jar dpop"
GRANTS = ("authorization_code", "refresh_token", "client_credentials")


def run(folder: Path, script: str, client: Registered, service: Service, name: str, **told: str) -> dict[str, Any]:
    person = service.person(name)
    environment = {
        "PATH": os.environ["PATH"], "ISSUER": client.issuer, "CLIENT_ID": client.client_id,
        "REDIRECT_URI": client.redirect_uri, "EMAIL": person.address, "PASSWORD": person.password,
        "TOTP_SECRET": person.secret, **({"CLIENT_SECRET": client.secret} if client.secret else {}), **told,
    }  # fmt: skip
    done = subprocess.run(
        ["node", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    did: dict[str, Any] = json.loads(done.stdout)
    print(f"\n{script}: {sorted(did)}")
    return did


def signing(service: Service, folder: Path, **metadata: Any) -> tuple[Registered, str]:
    """A client with a key of its own, and the private part of it."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    file = folder / "metadata.json"
    file.write_text(json.dumps({"jwks": {"keys": [key.as_dict(private=False)]}, **metadata}))
    grants = [part for grant in GRANTS for part in ("--grant-type", grant)]
    client = service.register("--auth-method", "private_key_jwt", "--metadata", str(file), *grants)
    return client, json.dumps(key.as_dict(private=True))


@pytest.mark.parametrize("script", ["modern.mjs", "direct.mjs"])
def test_a_client_with_a_key_does_all_of_it(service: Service, installed: Path, tmp_path: Path, script: str) -> None:
    client, key = signing(service, tmp_path)
    did = run(installed, script, client, service, "amelie.dubois", KEY=key, WANT=ALL)
    subjects = {did[name] for name in ("signedIn", "par", "jar", "parJar", "dpop")}
    assert len(subjects) == 1, did
    assert did["dpopTheft"] == "invalid_token", did


@pytest.mark.parametrize("script", ["modern.mjs", "direct.mjs"])
def test_a_client_of_the_fapi_profile(service: Service, installed: Path, tmp_path: Path, script: str) -> None:
    """Nothing but pushed requests and bound tokens."""
    client, key = signing(
        service, tmp_path,
        require_pushed_authorization_requests=True, dpop_bound_access_tokens=True,
    )  # fmt: skip
    did = run(installed, script, client, service, "chloe.fontaine", KEY=key, WANT="par dpop", ONLY="yes")
    assert did["dpop"]
    assert did["dpopTheft"] == "invalid_token", did


def test_a_client_with_a_secret_pushes_and_binds(service: Service, installed: Path) -> None:
    client = service.register()
    for script in ("modern.mjs", "direct.mjs"):
        did = run(installed, script, client, service, "ines.moreau", WANT="par dpop")
        assert did["signedIn"] == did["par"] == did["dpop"]


def test_a_device_is_connected(service: Service, installed: Path) -> None:
    """The code is shown on the device and allowed in a browser that is signed in."""
    client = service.register(
        "--auth-method", "none", "--grant-type", "urn:ietf:params:oauth:grant-type:device_code",
        "--grant-type", "refresh_token", "--grant-type", "authorization_code", redirect_uri="http://127.0.0.1/callback",
    )  # fmt: skip
    did = run(installed, "modern.mjs", client, service, "amelie.dubois", WANT="device")
    assert did["deviceSub"] == did["signedIn"], did
    assert did["devicePage"] in ("The device is connected", "L’appareil est connecté")
