"""`python -m benchmarks.timing`: whether the time of an answer tells who has an account (R-09).

A real server on loopback. Each form that takes an address from a stranger is sent with an address that nobody has and,
in turns with it, with one of an ordinary account, of a blocked one and of somebody who is only invited: 500 pairs each,
in random order within a pair. What counts is the median of the differences. The exit status is 1 when one of them is
2 ms or more.
"""

import argparse
import http.client
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import delete, update

from benchmarks.flows import FIELD, FORM
from benchmarks.server import free_port, serve
from benchmarks.world import REDIRECT, SYSTEM, World, build
from idp.accounts import email_address
from idp.authn import session as sessions
from idp.authn import trusted_device
from idp.authn.models import Session, Throttle
from idp.cli import demo_data
from idp.web.work import unit_of_work
from idp.work import Work

PAIRS = 500
WARM_UP = 20
LIMIT_MS = 2.0
WRONG = "a wrong password 11"
UNKNOWN = "nobody@nowhere.example"
SAME = ""  # the form goes to the address of its page
SIGNED_IN = "hugo.perrin"
PEOPLE = {"normal": "ines.moreau", "blocked": "pascal.noel", "invited": "lea.marchand"}


@dataclass(frozen=True)
class Kind:
    """One form: the page that shows it, where it goes, and what it says about an address.

    Attributes:
        statuses: what the answer may be; anything else stops the measurement.
    """

    name: str
    page: str
    target: str
    body: Callable[[str], Mapping[str, str]]
    statuses: tuple[int, ...]
    cookies: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


class Stranger:
    """A browser that nobody knows, on one kept connection, with a page open."""

    def __init__(self, port: int, issuer: str, kind: Kind) -> None:
        self._connection = http.client.HTTPConnection("localhost", port, timeout=30)
        self._issuer, self._kind = issuer, kind
        self._cookies = dict(kind.cookies)
        self._target = kind.target
        page = self._ask("GET", kind.page, None)
        while page[0] == 303:
            self._target = page[2] if kind.target == SAME else kind.target
            page = self._ask("GET", page[2], None)
        found = FIELD.search(page[1])
        if found is None:
            raise SystemExit(f"{kind.page} shows no form: {page[0]} {page[1][:400]}")
        self._token = found.group(1) or found.group(2)

    def send(self, address: str) -> tuple[float, int, int]:
        """Milliseconds to the end of the answer, its status and its length."""
        body = dict(self._kind.body(address))
        began = time.perf_counter()
        if self._kind.method == "GET":
            status, text, _ = self._ask("GET", f"{self._target}&{urlencode(body)}", None, keep=False)
        else:
            sent = urlencode({**body, "csrf_token": self._token})
            status, text, _ = self._ask("POST", self._target, sent, keep=False)
        took = (time.perf_counter() - began) * 1000
        return took, status, len(text) - text.count(address) * len(address)

    def _ask(self, method: str, path: str, body: str | None, *, keep: bool = True) -> tuple[int, str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "Origin": self._issuer, "Sec-Fetch-Site": "same-origin"}
        self._connection.request(method, path, body=body, headers={**headers, **(FORM if body else {})})
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for line in (answer.headers.get_all("Set-Cookie") or []) if keep else []:
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return answer.status, text, answer.headers.get("Location", "")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.timing", description=__doc__)
    options.add_argument("--database-url", default="", help="PostgreSQL address; default: SQLite in a temporary folder")
    options.add_argument("--pairs", type=int, default=PAIRS)
    options.add_argument("--only", default="", help="the form of this name, or those whose name contains it")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        world = build(Path(folder), f"http://localhost:{port}", chosen.database_url)
        environment = {
            "IDP_ISSUER": world.settings.issuer, "IDP_DATA_DIR": folder, "IDP_DATABASE_URL": chosen.database_url,
            "IDP_LOG_LEVEL": "error",
        }  # fmt: skip
        with serve("idp.app:serving", port, environment):
            rows = [measure(world, port, kind, chosen.pairs) for kind in _wanted(kinds(world), chosen.only)]
    return _report(rows)


def _wanted(forms: list[Kind], name: str) -> list[Kind]:
    return [kind for kind in forms if kind.name == name] or [kind for kind in forms if name in kind.name]


@dataclass(frozen=True)
class Row:
    name: str
    unknown: float
    differences: Mapping[str, float]


def measure(world: World, port: int, kind: Kind, pairs: int) -> Row:
    """The median difference between each kind of address and one that nobody has."""
    addresses = {who: demo_data.address_of(world.settings.policies_dir, person) for who, person in PEOPLE.items()}
    stranger = Stranger(port, world.settings.issuer, kind)
    unknown: list[float] = []
    differences: dict[str, float] = {}
    for who, address in addresses.items():
        found = []
        for number in range(WARM_UP + pairs):
            forget_tries(world)
            turns = [UNKNOWN, address]
            random.shuffle(turns)
            took = {}
            for turn in turns:
                took[turn], status, _ = stranger.send(turn)
                if status not in kind.statuses:
                    raise SystemExit(f"{kind.name}: status {status} for {who}")
            if number >= WARM_UP:
                found.append(took[address] - took[UNKNOWN])
                unknown.append(took[UNKNOWN])
        differences[who] = median(found)
    print(f"{kind.name}: {median(unknown):.2f} {differences}", file=sys.stderr)
    return Row(kind.name, median(unknown), differences)


def forget_tries(world: World) -> None:
    """Nothing is paused: every try takes its whole way."""
    with unit_of_work(world.app, SYSTEM) as work:
        work.session.execute(delete(Throttle))


def kinds(world: World) -> list[Kind]:
    """Every form that takes an address from a stranger, and one in which a person names somebody else's."""

    def password(address: str) -> dict[str, str]:
        return {"email": address, "password": WRONG}

    def alone(address: str) -> dict[str, str]:
        return {"email": address}

    def twice(address: str) -> dict[str, str]:
        return {"email": address, "email_again": address}

    def hint(address: str) -> dict[str, str]:
        return {"login_hint": address}

    asking = "/oauth/authorize?" + urlencode({
        "response_type": "code", "client_id": "bench", "redirect_uri": REDIRECT, "scope": "openid",
        "state": "s", "nonce": "n", "code_challenge": "c" * 43, "code_challenge_method": "S256",
    })  # fmt: skip
    session, device = _session(world), _device(world)
    return [
        Kind("sign-in", "/sign-in", "/sign-in", password, (422,)),
        Kind("sign-in for a product", asking, SAME, password, (422,)),
        Kind("sign-in in a known browser", "/sign-in", "/sign-in", password, (422,), device),
        Kind("signing in again", "/sign-in?reauthenticate=1", "/sign-in?reauthenticate=1", password, (422,), session),
        Kind("authorization request with a hint", "/sign-in", asking, hint, (303,), method="GET"),
        Kind("forgotten password", "/reset", "/reset", alone, (200, 303)),
        Kind("everything lost", "/recovery", "/recovery", alone, (200, 303)),
        Kind("change of address", "/account/email/change", "/account/email/change", twice, (303,), session),
    ]


def _account(work: Work, person: str, folder: Path) -> UUID:
    address = demo_data.address_of(folder, person)
    account = email_address.find_account(work, email_address.canonical(address))
    assert account is not None
    return account.id


def _device(world: World) -> dict[str, str]:
    """The cookie of a browser that the ordinary account has signed in with."""
    with unit_of_work(world.app, SYSTEM) as work:
        account_id = _account(work, PEOPLE["normal"], world.settings.policies_dir)
        token = trusted_device.remember(work, account_id, None, None, trust=True)
    assert token is not None
    return {"sesame_device": token}


def _session(world: World) -> dict[str, str]:
    """The cookie of a session in which everything was proved just now, and stays so for as long as is measured."""
    later = datetime.now(UTC) + timedelta(hours=2)
    with unit_of_work(world.app, SYSTEM) as work:
        account_id = _account(work, SIGNED_IN, world.settings.policies_dir)
        token, key = sessions.start(work, account_id, ["pwd", "otp"])
        kept = {"password_at": later, "second_factor_at": later, "last_seen_at": later}
        work.session.execute(update(Session).where(Session.id == key).values(**kept))
    return {"sesame_session": token}


def _report(rows: list[Row]) -> int:
    late = 0
    print("| Form | unknown, ms | normal | blocked | invited |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        late += sum(abs(value) >= LIMIT_MS for value in row.differences.values())
        cells = " | ".join(f"{row.differences[who]:+.2f}" for who in PEOPLE)
        print(f"| {row.name} | {row.unknown:.2f} | {cells} |")
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
