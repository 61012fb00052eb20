"""openid-client of npm as a device without a browser (RFC 8628), told the issuer and its client id alone."""

import json
import os
import subprocess
from pathlib import Path

from tests.interop.conftest import Service
from tests.interop.test_openid_client import installed  # noqa: F401


def test_a_device_is_allowed_by_its_person(service: Service, installed: Path) -> None:  # noqa: F811
    grants = ("urn:ietf:params:oauth:grant-type:device_code", "refresh_token")
    options = [word for each in grants for word in ("--grant-type", each)]
    client, person = service.register("--auth-method", "none", *options), service.person("ines.moreau")
    told = {
        "PATH": os.environ["PATH"], "ISSUER": client.issuer, "CLIENT_ID": client.client_id,
        "EMAIL": person.address, "PASSWORD": person.password, "TOTP_SECRET": person.secret,
    }  # fmt: skip
    done = subprocess.run(
        ["node", "device.mjs"], cwd=installed, env=told, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    came = json.loads(done.stdout)
    assert came["device"]["verification_uri"] == f"{client.issuer}/device"
    assert (came["claims"]["aud"], came["claims"]["acr"]) == (client.client_id, "urn:id:acr:2fa")
    assert came["userinfo"]["permissions"]
    assert came["rotated"] is True
