"""`python -m benchmarks.rotation`: does anybody notice that the signing key changes every minute? (F-30, R-37)

The service with two workers, started as operators start it. A product signs a person in again and again, and every ID
token and access token is verified by three clients, each with the key set as it caches it:

- joserfc, with a key set that is fetched once an hour and never in between: what the schedule promises;
- Authlib's client, which keeps the key set and fetches it again when it meets a key that it does not know;
- jose (Node.js), which keeps it for ten minutes and asks again no sooner than after half a minute.

The next keys have been published for an hour when the minutes begin, as the schedule has it. The exit status is 1 when
one verification fails. Node.js with the packages of tests/interop/node is needed (`npm ci`).
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from sqlalchemy import update

from benchmarks.flows import Client, over
from benchmarks.server import ROOT, free_port, wait
from benchmarks.world import RESOURCE, SYSTEM, World, build
from idp.oidc import keys
from idp.oidc.models import SigningKey
from idp.web.work import unit_of_work

NODE = ROOT / "tests" / "interop" / "node"
WORKERS = 2
AN_HOUR = 3600.0
ALGORITHM = "ES256"

Verifier = Callable[[dict[str, Any]], None]
"""Raises when one of the tokens of an answer does not verify."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.rotation", description=__doc__)
    options.add_argument("--database-url", default="", help="PostgreSQL address; default: SQLite in a temporary folder")
    options.add_argument("--rotations", type=int, default=10)
    options.add_argument("--seconds", type=float, default=60.0, help="How long each key signs.")
    chosen = options.parse_args()
    if not (NODE / "node_modules" / "jose").is_dir():
        raise SystemExit(f"jose is missing: run `npm ci --ignore-scripts` in {NODE.relative_to(ROOT)}.")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        world = build(Path(folder), f"http://localhost:{port}", chosen.database_url)
        publish(world, chosen.rotations)
        environment = {
            "IDP_ISSUER": world.settings.issuer, "IDP_DATA_DIR": folder, "IDP_DATABASE_URL": chosen.database_url,
            "IDP_LOG_LEVEL": "error", "IDP_LISTEN_PORT": str(port), "IDP_WORKERS": str(WORKERS),
        }  # fmt: skip
        service = subprocess.Popen(
            [sys.executable, "-m", "idp.cli", "serve"], cwd=ROOT, env={**os.environ, **environment}
        )
        node = subprocess.Popen(
            ["node", "verify.mjs", f"{world.settings.issuer}/oauth/jwks", world.settings.issuer],
            cwd=NODE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            wait(service, port)
            return rotate(world, port, node, chosen.rotations, chosen.seconds)
        finally:
            for process in (node, service):
                process.terminate()
                process.wait(15)


def publish(world: World, rotations: int) -> None:
    """The keys of the minutes to come, published since longer than any client keeps the key set."""
    with unit_of_work(world.app, SYSTEM) as work:
        for _ in range(rotations):
            keys.create(work, ALGORITHM)
        known_since = work.now - 2 * keys.PUBLISHED_AHEAD
        work.session.execute(update(SigningKey).where(SigningKey.state == "next").values(created_at=known_since))


def rotate(world: World, port: int, node: "subprocess.Popen[str]", rotations: int, seconds: float) -> int:
    """Sign in and verify without pause while the key changes; answers the exit status."""
    product = Client(world, over(http.client.HTTPConnection("localhost", port, timeout=30)))
    product.sign_in()
    verifiers = {"joserfc": by_joserfc(world), "Authlib": by_authlib(world), "jose": by_jose(node)}
    verified: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    kids: Counter[str] = Counter()
    began, turned = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < (rotations + 1) * seconds:
        if turned < rotations and elapsed > (turned + 1) * seconds:
            with unit_of_work(world.app, SYSTEM) as work:
                keys.rotate(work, ALGORITHM)
            turned += 1
        told = product.code_flow()
        kids[jwt_header(told["id_token"])["kid"]] += 1
        for name, verify in verifiers.items():
            try:
                verify(told)
                verified[name] += 2
            except Exception as error:  # noqa: BLE001 - whatever a library says, it is what is measured
                failed[f"{name}: {type(error).__name__} {error}"] += 1
    return _report(time.monotonic() - began, turned, kids, verified, failed)


def by_joserfc(world: World) -> Verifier:
    """A key set that is fetched once an hour, whatever comes meanwhile."""
    fetched: list[tuple[float, KeySet]] = []

    def verify(told: dict[str, Any]) -> None:
        if not fetched or time.monotonic() - fetched[-1][0] > AN_HOUR:
            answer = requests.get(f"{world.settings.issuer}/oauth/jwks", timeout=10)
            fetched.append((time.monotonic(), KeySet.import_key_set(answer.json())))
        rules = jwt.JWTClaimsRegistry(iss={"essential": True, "value": world.settings.issuer})
        for token in (told["id_token"], told["access_token"]):
            rules.validate(jwt.decode(token, fetched[-1][1], algorithms=[ALGORITHM]).claims)

    return verify


def by_authlib(world: World) -> Verifier:
    """The client of a web application, which checks the access token by its digest in the ID token."""
    app = Flask("product")
    client = OAuth(app).register(
        "sesame",
        client_id="bench",
        client_secret=world.client_secret,
        server_metadata_url=f"{world.settings.issuer}/.well-known/openid-configuration",
    )

    def verify(told: dict[str, Any]) -> None:
        with app.app_context():
            assert client.parse_id_token(told, nonce="n")["sub"]

    return verify


def by_jose(node: "subprocess.Popen[str]") -> Verifier:
    """A program in another language, which is told one token after the other."""
    assert node.stdin is not None
    assert node.stdout is not None
    into, out = node.stdin, node.stdout

    def verify(told: dict[str, Any]) -> None:
        for token, audience in ((told["id_token"], "bench"), (told["access_token"], RESOURCE)):
            into.write(json.dumps({"token": token, "audience": audience}) + "\n")
            into.flush()
            if (said := out.readline().strip()) != "ok":
                raise RuntimeError(said)

    return verify


def jwt_header(token: str) -> dict[str, Any]:
    header: dict[str, Any] = jws.extract_compact(token.encode()).headers()
    return header


def _report(seconds: float, turned: int, kids: Counter[str], verified: Counter[str], failed: Counter[str]) -> int:
    print(f"{turned} rotations in {timedelta(seconds=round(seconds))}, {sum(kids.values())} sign-ins")
    print(f"{len(kids)} keys have signed: {', '.join(str(number) for number in kids.values())} ID tokens each")
    for name, number in verified.items():
        print(f"{name:<8} {number} tokens verified")
    for what, number in failed.items():
        print(f"FAILED   {number} times {what}")
    return 1 if failed or len(kids) != turned + 1 else 0


if __name__ == "__main__":
    sys.exit(main())
