"""`python -m benchmarks.load`: what others notice while a hundred people sign in at once (R-72, F-42).

The service with two workers, started as operators start it. A product refreshes its token and another fetches the keys,
one after the other, first while nothing else happens, then while a hundred passwords arrive in the same instant, again
and again. The exit status is 1 when the 95th percentile of either is more than 1.5 times the quiet one.
"""

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlencode

from benchmarks.flows import FIELD, FORM, Client, over
from benchmarks.server import ROOT, free_port, wait
from benchmarks.world import PASSWORD, SYSTEM, World, build
from idp.accounts import profile
from idp.authn import password as passwords
from idp.authn import totp
from idp.web.work import unit_of_work

PEOPLE = 100
WORKERS = 2
QUIET_SECONDS = 20.0
STRIKES = 10
PAUSE_SECONDS = 1.0
MOST = 1.5
STRIKE = "strike"  # what this module does in its second process


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    options.add_argument("--database-url", default="", help="PostgreSQL address; default: SQLite in a temporary folder")
    options.add_argument("--strikes", type=int, default=STRIKES)
    options.add_argument("--role", default="", help=argparse.SUPPRESS)
    options.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.role == STRIKE:
        strike(chosen.port, chosen.strikes)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        world = build(Path(folder), f"http://localhost:{port}", chosen.database_url)
        crowd(world)
        environment = {
            "IDP_ISSUER": world.settings.issuer, "IDP_DATA_DIR": folder, "IDP_DATABASE_URL": chosen.database_url,
            "IDP_LOG_LEVEL": "error", "IDP_LISTEN_PORT": str(port), "IDP_WORKERS": str(WORKERS),
        }  # fmt: skip
        command = [sys.executable, "-m", "idp.cli", "serve"]
        service = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
        try:
            wait(service, port)
            return _report(*measure(world, port, chosen.strikes))
        finally:
            service.terminate()
            service.wait(15)


def crowd(world: World) -> None:
    """A hundred people, each with a password and an authenticator app."""
    hash_ = passwords.hashed(PASSWORD)
    with unit_of_work(world.app, SYSTEM) as work:
        for number in range(PEOPLE):
            account = profile.create(
                work, address=f"person{number}@crowd.example", given_name="P", family_name=f"N{number}", locale="en-GB"
            )
            passwords.set_hash(work, account.id, hash_)
            totp.enrol(work, account.id, totp.new_secret(), name="phone")


def measure(world: World, port: int, strikes: int) -> tuple[dict[str, list[float]], dict[str, list[float]], str]:
    """Milliseconds of each act, quiet and under load, and how the sign-ins went."""
    client = Client(world, over(http.client.HTTPConnection("localhost", port, timeout=60)))
    client.sign_in()
    chain = [str(client.code_flow("bench-public")["refresh_token"])]

    def refresh() -> None:
        chain[0] = client.refresh(chain[0])

    acts = {"token refresh": refresh, "JWKS": lambda: client.get("/oauth/jwks")}
    watch(acts, threading.Event(), 2.0)
    quiet = watch(acts, threading.Event(), QUIET_SECONDS)
    done = threading.Event()
    command = [sys.executable, "-m", "benchmarks.load", "--role", STRIKE, "--port", str(port)]
    striking = subprocess.Popen(
        [*command, "--strikes", str(strikes)], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert striking.stdout is not None
    assert striking.stdin is not None
    loaded: dict[str, list[float]] = {name: [] for name in acts}
    said = []
    for _ in range(strikes):
        striking.stdout.readline()  # every browser has its page
        time.sleep(PAUSE_SECONDS)
        done.clear()
        striking.stdin.write("now\n")
        striking.stdin.flush()
        reader = threading.Thread(target=lambda: (said.append(striking.stdout.readline().strip()), done.set()))
        reader.start()
        for name, values in watch(acts, done, 60.0).items():
            loaded[name] += values
        reader.join()
    striking.wait(60)
    return quiet, loaded, "; ".join(said)


def watch(acts: dict[str, Callable[[], object]], done: threading.Event, seconds: float) -> dict[str, list[float]]:
    """Do each in turns until it is over, and note how long each took."""
    found: dict[str, list[float]] = {name: [] for name in acts}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end and not done.is_set():
        for name, act in acts.items():
            began = time.perf_counter()
            act()
            found[name].append((time.perf_counter() - began) * 1000)
        time.sleep(0.005)
    return found


def strike(port: int, strikes: int) -> None:
    """A hundred browsers: each opens the page, then all send their password in the same instant."""
    if sys.platform == "linux":  # in life these are other people's machines: they take no time of the service's
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    for _ in range(strikes):
        ready = [_browser(port) for _ in range(PEOPLE)]
        print("ready", flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        with ThreadPoolExecutor(PEOPLE) as pool:
            statuses = Counter(pool.map(_send, ready, range(PEOPLE)))
        print(f"{dict(statuses)} in {time.perf_counter() - began:.1f} s", flush=True)


def _browser(port: int) -> tuple[http.client.HTTPConnection, str, str]:
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    page = answer.read().decode()
    cookie = "; ".join(line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie") or [])
    found = FIELD.search(page)
    assert found is not None
    return connection, cookie, found.group(1) or found.group(2)


def _send(browser: tuple[http.client.HTTPConnection, str, str], number: int) -> int:
    connection, cookie, token = browser
    body = urlencode({"email": f"person{number}@crowd.example", "password": PASSWORD, "csrf_token": token})
    connection.request("POST", "/sign-in", body, {**FORM, "Cookie": cookie, "Sec-Fetch-Site": "same-origin"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _report(quiet: dict[str, list[float]], loaded: dict[str, list[float]], said: str) -> int:
    late = 0
    print("| Work | quiet: median, p95 ms | 100 sign-ins at once: median, p95 ms | times | requests |")
    print("| --- | --- | --- | --- | --- |")
    for name in quiet:
        (middle, before), (busy, after) = _percentiles(quiet[name]), _percentiles(loaded[name])
        late += after > MOST * before
        print(f"| {name} | {middle:.2f}, {before:.2f} | {busy:.2f}, {after:.2f} | {after / before:.2f} "
              f"| {len(quiet[name])}, {len(loaded[name])} |")  # fmt: skip
    print(f"\nSign-ins by status: {said}")
    return 1 if late else 0


def _percentiles(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=20)
    return cuts[9], cuts[18]


if __name__ == "__main__":
    raise SystemExit(main())
