"""`python -m benchmarks.firms`: an accountant of 5,000 client companies, and 200 people in a company.

A firm with a manager who reaches every client and an accountant who was given all of them by name; a firm of one
accountant with one client; a company with 200 people. Each list page is asked for over HTTP again and again: its 95th
percentile has to stay below 100 ms. Tokens are minted for the two accountants in turns: the same number of statements,
and server CPU within 10 %. The exit status is 1 when one of these does not hold.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks import statements
from benchmarks.flows import Client, over
from benchmarks.server import Server, free_port, serve
from benchmarks.world import PASSWORD, SYSTEM, World, build
from idp.accounts import profile, recovery_contact
from idp.authn import password as passwords
from idp.authn import recovery_code, totp
from idp.companies import assignment, client_group, company, mandate, membership, subscription, tables
from idp.core.ids import uuid7
from idp.web.work import unit_of_work
from idp.work import Work

CLIENTS, PEOPLE = 5000, 200
ASKED, WARM_UP = 200, 5
LIMIT_MS = 100.0
ROUNDS, MINTED = 100, 10  # turns this short: the speed of a machine drifts by more than 10 % within seconds
MORE = 0.10  # how much more CPU the tokens of the accountant with many clients may cost
PRODUCT, ROLE = "accounting", "accounting.accountant"
NEXT = re.compile(r'href="([^"]+)" rel="next"')


@dataclass(frozen=True)
class Firm:
    """Who and what there is."""

    id: UUID
    first_client: UUID
    group: UUID
    manager: World
    many: World
    many_id: UUID
    one: World
    owner: World
    company: UUID


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.firms", description=__doc__)
    options.add_argument("--database-url", default="", help="PostgreSQL address; default: SQLite in a temporary folder")
    options.add_argument("--clients", type=int, default=CLIENTS)
    options.add_argument("--people", type=int, default=PEOPLE)
    options.add_argument("--times", type=int, default=ASKED, help="how often each list page is asked for")
    options.add_argument("--rounds", type=int, default=ROUNDS, help="turns of each accountant")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        world = build(Path(folder), f"http://localhost:{port}", chosen.database_url)
        firm = generate(world, chosen.clients, chosen.people)
        print(f"{chosen.clients} clients and {chosen.people} people made", file=sys.stderr)
        environment = {
            "IDP_ISSUER": world.settings.issuer, "IDP_DATA_DIR": folder, "IDP_DATABASE_URL": chosen.database_url,
            "IDP_LOG_LEVEL": "warning",
        }  # fmt: skip
        with serve("idp.app:serving", port, environment) as server:
            lists = pages(firm, server, chosen.times)
            minting = mint(firm, server, chosen.rounds)
        counted = {name: statements.count(each)["code flow"] for name, each in (("one", firm.one), ("many", firm.many))}
    return _report(lists, minting, counted, chosen.clients)


# --- what there is ---


def generate(world: World, clients: int, people: int) -> Firm:
    """The rows, most of them at once: made one by one by the commands they would take an hour."""
    with unit_of_work(world.app, SYSTEM) as work:
        firm = _company(work, "firm", "Cabinet des Mille", kind="firm", plan="practice", products=("practice",))
        big = _company(work, "big", "Grande Maison", kind="company", plan="team", products=(PRODUCT,))
        manager = _colleague(work, world, firm, "manager", "practice.manager")
        many = _colleague(work, world, firm, "many", "practice.accountant")
        small = _company(work, "small", "Cabinet Seul", kind="firm", plan="practice", products=("practice",))
        one = _colleague(work, world, small, "one", "practice.accountant")
        owner, owner_id = _person(work, world, "owner")
        membership.add(work, big, owner_id, company_role="company.owner")
        _fill(work, big, people - 1)
        keys = _clients(work, firm, many[1], clients)
        work.session.flush()
        assignment.give(work, firm, manager[1], product=PRODUCT, role_id=ROLE)
        lonely = _client(work, small, one[1], "lonely")[0]
        group = client_group.create(work, firm, "Portefeuille").id
        rows = [{"group_id": group, "company_id": key, "added_at": work.now} for key in keys[::4]]
        work.session.execute(insert(tables.grouped_clients), rows)
        if work.session.get_bind().dialect.name == "postgresql":  # as its autovacuum does within a minute
            work.session.execute(text("ANALYZE"))
    at = {"company": str(keys[0])}
    by = {"manager": replace(manager[0], **at), "many": replace(many[0], **at)}
    by["one"] = replace(one[0], company=str(lonely))
    return Firm(id=firm, first_client=keys[0], group=group, many_id=many[1], owner=owner, company=big, **by)


def _company(work: Work, reference: str, name: str, *, kind: str, plan: str, products: Iterable[str]) -> UUID:
    made = company.create(
        work, reference=reference, name=name, kind=kind, country="FR", city="Lyon", locale="fr-FR"
    )  # fmt: skip
    subscription.start(work, made.id, plan=plan)
    for product in products:
        subscription.set_state(work, made.id, product, "active")
    return made.id


def _person(work: Work, world: World, name: str) -> tuple[World, UUID]:
    """Somebody who can sign in."""
    address = f"{name}@firm.example"
    account = profile.create(work, address=address, given_name=name.title(), family_name="Martin", locale="fr-FR")
    passwords.set_hash(work, account.id, passwords.hashed(PASSWORD))
    secret = totp.new_secret()
    totp.enrol(work, account.id, secret, name="phone")
    recovery_contact.add(work, account.id, kind="email", value=f"{name}@perso.example")
    recovery_code.replace(work, account.id, kept=True)
    return replace(world, address=address, totp_secret=secret), account.id


def _colleague(work: Work, world: World, firm: UUID, name: str, role: str) -> tuple[World, UUID]:
    person, key = _person(work, world, name)
    membership.add(work, firm, key, company_role="company.member")
    membership.grant_role(work, firm, key, "practice", role_id=role)
    return person, key


def _fill(work: Work, company_id: UUID, people: int) -> None:
    """People with a role each."""
    for number in range(people):
        account = profile.create(
            work, address=f"person{number}@big.example", given_name=f"Personne {number}", family_name="Durand",
            locale="fr-FR",
        )  # fmt: skip
        membership.add(work, company_id, account.id, company_role="company.member")


def _client(work: Work, firm: UUID, accountant: UUID, reference: str) -> tuple[UUID, UUID]:
    """A company with a mandate, and the assignment of this accountant's."""
    made = _company(work, reference, "Client 0000", kind="company", plan="team", products=(PRODUCT, "capture"))
    agreed = mandate.record(work, made, firm, preset="full-file", way="client-invites")
    mandate.confirm(work, agreed.id)
    given = assignment.give(work, firm, accountant, product=PRODUCT, role_id=ROLE, client_id=made)
    work.session.flush()
    return made, given.id


def _clients(work: Work, firm: UUID, accountant: UUID, count: int) -> list[UUID]:
    """Companies with a subscription, an active mandate, and an assignment of this accountant's by name."""
    first, given = _client(work, firm, accountant, "client-0")
    keys = [first, *(uuid7() for _ in range(count - 1))]
    patterns = (
        (tables.companies, "id", first),
        (tables.subscriptions, "company_id", first),
        (tables.subscribed_products, "company_id", first),
        (tables.mandates, "company_id", first),
        (tables.assignments, "id", given),
    )
    for table, column, value in patterns:
        for pattern in work.session.execute(table.select().where(table.c[column] == value)).mappings().all():
            _copies(work, table, dict(pattern), keys)
    return keys


_made: dict[tuple[str, UUID], UUID] = {}


def _copies(work: Work, table: Any, pattern: dict[str, Any], keys: list[UUID]) -> None:
    """The same row for every other company."""
    rows = []
    for number, key in enumerate(keys[1:], start=1):
        row = {**pattern, "id": key if table is tables.companies else uuid7()}
        if table is tables.companies:
            row |= {"reference": f"client-{number}", "name": f"Client {number:04d}", "city": f"Ville {number % 97}"}
        if "company_id" in row:
            row["company_id"] = key
        if table is tables.subscriptions or table is tables.mandates:
            _made[table.name, key] = row["id"]
        if "subscription_id" in row:
            row["subscription_id"] = _made["subscriptions", key]
        if "mandate_id" in row:
            row["mandate_id"] = _made["mandates", key]
        rows.append(row)
    if rows:
        work.session.execute(insert(table), rows)


# --- what is measured ---


def pages(firm: Firm, server: Server, times: int) -> dict[str, tuple[float, float, float]]:
    """Of each list page, in milliseconds: server CPU, median and 95th percentile until the whole answer is there."""
    base = f"/companies/{firm.id}"
    clients, colleagues = f"{base}/clients", f"{base}/colleagues"
    by_manager, by_many, by_owner = firm.manager, firm.many, firm.owner
    third = _onwards(_signed_in(by_manager, server), clients, 2)
    asked: list[tuple[str, World, str]] = [
        ("clients of the firm, first page", by_manager, clients),
        ("third page", by_manager, third),
        ("search by a part of the name", by_manager, f"{clients}?q=49"),
        ("search that finds nothing", by_manager, f"{clients}?q=zzzz"),
        ("one product", by_manager, f"{clients}?product={PRODUCT}"),
        ("one group", by_manager, f"{clients}?group={firm.group}"),
        ("one colleague", by_manager, f"{clients}?colleague={firm.many_id}"),
        ("clients given by name", by_many, clients),
        ("one client with its colleagues", by_manager, f"{clients}/{firm.first_client}"),
        ("colleagues", by_manager, colleagues),
        ("clients to give to a colleague", by_manager, f"{colleagues}/{firm.many_id}/assign?product={PRODUCT}"),
        ("my access, the accountant's", by_many, "/account/access"),
        ("my products, the accountant's", by_many, "/"),
        ("people of the company", by_owner, f"/companies/{firm.company}/people"),
    ]
    found = {}
    for name, who, path in asked:
        client = _signed_in(who, server)  # anew: the server closes connections that have been idle for half a minute
        for _ in range(WARM_UP):
            client.read(path)
        start = server.cpu_seconds()
        taken = [_timed(lambda c=client, p=path: c.read(p)) for _ in range(times)]  # type: ignore[misc]
        cost = (server.cpu_seconds() - start) / times * 1000
        found[name] = cost, median(taken), quantiles(taken, n=20)[-1]
        print(name, *(f"{each:.1f}" for each in found[name]), file=sys.stderr)
    return found


def mint(firm: Firm, server: Server, rounds: int) -> dict[str, dict[str, float]]:
    """Server CPU per token in milliseconds, for the accountant with one client and the one with many, in turns."""
    people = {"one": _signed_in(firm.one, server), "many": _signed_in(firm.many, server)}
    chains = {name: [str(each.code_flow("bench-public")["refresh_token"])] for name, each in people.items()}

    def refresh(name: str) -> None:
        chains[name][0] = people[name].refresh(chains[name][0])

    acts: dict[str, Callable[[str], object]] = {
        "refresh": refresh,
        "authorization code": lambda name: people[name].code_flow(),
    }
    spent: dict[str, dict[str, list[float]]] = {act: {name: [] for name in people} for act in acts}
    for number in range(WARM_UP + rounds):
        for act, do in acts.items():
            for name in sorted(people, reverse=bool(number % 2)):
                start = server.cpu_seconds()
                for _ in range(MINTED):
                    do(name)
                spent[act][name].append((server.cpu_seconds() - start) / MINTED * 1000)
    return {act: {name: median(values[WARM_UP:]) for name, values in each.items()} for act, each in spent.items()}


def _signed_in(person: World, server: Server) -> Client:
    person.forget_spent_codes()
    client = Client(person, over(server.connect()))
    client.sign_in()
    return client


def _onwards(client: Client, path: str, times: int) -> str:
    for _ in range(times):
        found = NEXT.search(client.read(path))
        if found is None:
            return path
        path = found.group(1).replace("&amp;", "&")
    return path


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _report(
    lists: dict[str, tuple[float, float, float]],
    minting: dict[str, dict[str, float]],
    counted: dict[str, int],
    clients: int,
) -> int:
    late = 0
    print("| List page | server CPU, ms | median, ms | p95, ms |")
    print("| --- | --- | --- | --- |")
    for name, (cost, middle, slow) in lists.items():
        late += slow >= LIMIT_MS
        print(f"| {name} | {cost:.1f} | {middle:.1f} | {slow:.1f} |")
    print()
    print(f"| Minting | one client, CPU ms | {clients} clients, CPU ms | difference |")
    print("| --- | --- | --- | --- |")
    for act, costs in minting.items():
        more = costs["many"] / costs["one"] - 1
        late += more > MORE
        print(f"| {act} | {costs['one']:.3f} | {costs['many']:.3f} | {more:+.1%} |")
    print(f"| SQL statements of an authorization code flow | {counted['one']} | {counted['many']} | |")
    late += counted["one"] != counted["many"]
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
