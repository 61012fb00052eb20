"""`python -m benchmarks`: server CPU and SQL statements per request, against the budgets.

CPU is user and system time of the server process with its worker, as the operating system counts it, divided by the
number of requests; the empty Flask route is served by the same server in the same run, in turns with the rest. Each
round has new processes, because the same code costs up to a fifth more or less in one process than in the next, for as
long as it lives; the medians are told. The exit status is 1 when a budget is exceeded.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import statements, timed
from benchmarks.flows import Client, over
from benchmarks.server import Server, free_port, serve
from benchmarks.world import World, build

ROUNDS = 5


@dataclass(frozen=True)
class Measure:
    """One line of the table: what is done, how often a round, and the budget in empty routes."""

    name: str
    count: int
    budget: float | None


@dataclass(frozen=True)
class More:
    """What an act costs more than the same act without something: the milliseconds of CPU that it may cost more."""

    name: str
    plain: str
    count: int
    most: float


MEASURES = (
    Measure("discovery", 1500, 1.1),
    Measure("jwks", 1500, 1.1),
    Measure("client_credentials", 800, 2.8),
    Measure("introspection", 800, 2.2),
    Measure("userinfo", 800, 2.5),
    Measure("refresh", 400, 7),
    Measure("code flow", 300, 13),
    Measure("sign-in", 50, 40),
    Measure("sign-in on the way to a product", 25, None),
)
MORE = (
    More("pushed code flow", "code flow", 300, 1),
    More("client_credentials with private_key_jwt", "client_credentials", 800, 0.25),
    More("client_credentials with DPoP", "client_credentials", 800, 0.25),
    More("userinfo with DPoP", "userinfo", 800, 0.25),
)
EMPTY = Measure("empty Flask route", 3000, 1)
WARM_UP = 0.2  # of the counts
ARGON2 = "Argon2"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--database-url", default="", help="PostgreSQL address; default: SQLite in a temporary folder")
    options.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        world = build(Path(folder), f"http://localhost:{port}", chosen.database_url)
        environment = {
            "IDP_ISSUER": world.settings.issuer,
            "IDP_DATA_DIR": folder,
            "IDP_DATABASE_URL": chosen.database_url,
            "IDP_LOG_LEVEL": "warning",
            "BENCH_ARGON2": str(Path(folder) / "argon2"),
        }
        hashing = Path(environment["BENCH_ARGON2"])
        hashing.write_bytes(bytes(8))
        measured = []
        for number in range(chosen.rounds):
            with (
                serve("benchmarks.empty:create_app", free_port(), {}) as empty,
                serve("benchmarks.timed:serving", port, environment) as server,
            ):
                measured.append(_measure(world, server, empty, lambda: timed.seconds(hashing)))
            print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr)
        costs = {name: median(each[name] for each in measured) for name in measured[0]}
        counted = statements.count(world)
    return _report(costs, counted)


def _measure(world: World, server: Server, empty: Server, hashed: Callable[[], float]) -> dict[str, float]:
    """Milliseconds of server CPU per request, in one round. A sign-in is told without its Argon2, which is told beside
    it. The empty route is asked before everything and after it: a change of the machine's speed touches both."""
    client = Client(world, over(server.connect()))
    world.forget_spent_codes()
    client.sign_in()
    acts, signed = actions(client), signing(client)
    bare = empty.connect()
    found: dict[str, float] = {}
    argon2: list[float] = []
    for share in (WARM_UP, 1):
        base = _cost(empty, lambda: _fetch(bare), EMPTY.count // 2)
        for each in (*MEASURES, *MORE):
            before = world.forget_spent_codes if each.name.startswith("sign-in") else None
            count, spent = int(each.count * share), hashed()
            if each.name in signed:
                client.ready.extend(signed[each.name]() for _ in range(count))
            cost = _cost(server, acts[each.name], count, before)
            of_it = (hashed() - spent) / count * 1000
            found[each.name] = cost - of_it
            argon2 += [of_it] if of_it else []
        found[EMPTY.name] = (base + _cost(empty, lambda: _fetch(bare), EMPTY.count // 2)) / 2
    return {**found, ARGON2: argon2[-1]}


def signing(client: Client) -> dict[str, Callable[[], str]]:
    """What a client signs for a measure. It does so before: between two requests it would turn the server's code out of
    the processor's caches, as the client of no other measure does."""
    return {
        "client_credentials with private_key_jwt": client.assertion,
        "client_credentials with DPoP": lambda: client.proof("POST", "/oauth/token"),
        "userinfo with DPoP": lambda: client.proof("GET", "/oauth/userinfo", client.bound),
    }


def actions(client: Client) -> dict[str, Callable[[], object]]:
    """What each measure does once."""
    token = str(client.code_flow()["access_token"])
    client.bound = client.bound_token()
    chain = [str(client.code_flow("bench-public")["refresh_token"])]

    def refresh() -> None:
        chain[0] = client.refresh(chain[0])

    browser = Client(client.world, client.send)
    return {
        "discovery": lambda: client.get("/.well-known/openid-configuration"),
        "jwks": lambda: client.get("/oauth/jwks"),
        "client_credentials": client.client_credentials,
        "introspection": lambda: client.introspect(token),
        "userinfo": lambda: client.userinfo(token),
        "refresh": refresh,
        "code flow": client.code_flow,
        "pushed code flow": client.pushed_flow,
        "client_credentials with private_key_jwt": client.client_credentials_signed,
        "client_credentials with DPoP": client.client_credentials_bound,
        "userinfo with DPoP": lambda: client.userinfo_bound(client.bound),
        "sign-in": browser.sign_in,
        "sign-in on the way to a product": browser.sign_in_on_the_way,
    }


def _cost(server: Server, act: Callable[[], object], count: int, before: Callable[[], None] | None = None) -> float:
    start = server.cpu_seconds()
    for _ in range(count):
        if before is not None:
            before()
        act()
    return (server.cpu_seconds() - start) / count * 1000


def _fetch(connection: object) -> None:
    connection.request("GET", "/empty")  # type: ignore[attr-defined]
    connection.getresponse().read()  # type: ignore[attr-defined]


def _report(costs: dict[str, float], counted: dict[str, int]) -> int:
    base, argon2 = costs[EMPTY.name], costs[ARGON2]
    late = 0
    print(f"| Work | CPU ms | multiple of the empty route ({base:.3f} ms) | budget | SQL statements |")
    print("| --- | --- | --- | --- | --- |")
    for each in MEASURES:
        shown = costs[each.name]
        kept = each.budget is None or shown / base <= each.budget
        late += not kept
        extra = f" + Argon2 {argon2:.1f}" if each.name.startswith("sign-in") else ""
        verdict = "" if kept else " exceeded"
        budget = "none" if each.budget is None else f"{each.budget:g}"
        print(f"| {each.name} | {shown:.3f}{extra} | {shown / base:.2f} | {budget}{verdict} | {counted[each.name]} |")
    print()
    print("| Work | CPU ms | without | more | at most | SQL statements |")
    print("| --- | --- | --- | --- | --- | --- |")
    for each in MORE:
        shown, plain = costs[each.name], costs[each.plain]
        late += shown - plain > each.most
        verdict = "" if shown - plain <= each.most else " exceeded"
        print(
            f"| {each.name} | {shown:.3f} | {plain:.3f} | {shown - plain:.3f} | {each.most:g}{verdict} |"
            f" {counted[each.name]} |"
        )
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
