"""The demonstration data in both databases, and makers of companies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, event, insert, select

from idp.accounts import email_address
from idp.cli import demo_data
from idp.companies import assignment, company, mandate, membership, subscription
from idp.core.db import Base
from idp.work import Actor, Work
from tests.conftest import ROOT, Person

SYSTEM = Actor("system", name="tests")
DATA = demo_data.read(ROOT / "policies")
ADDRESSES = {entry["id"]: entry["email"] for entry in DATA["people"]}


@dataclass(frozen=True)
class Demo:
    """The demonstration data, loaded, by the ids of its file."""

    work: Work
    new: dict[str, int]

    def account(self, person: str) -> UUID:
        address = ADDRESSES[person]
        found = email_address.find_account(self.work, email_address.canonical(address))
        assert found is not None
        return found.id

    def company(self, reference: str) -> UUID:
        found = company.find(self.work, reference)
        assert found is not None
        return found.id

    def acting(self, person: str) -> Work:
        return self.work.acting(Actor("account", self.account(person)))


@pytest.fixture(scope="session")
def _demo_rows() -> dict[str, Any]:
    """What loading the demonstration data left in the tables, once a test has loaded it: five times quicker to copy."""
    return {}


@pytest.fixture
def demo(work: Work, _demo_rows: dict[str, Any]) -> Demo:
    acting = work.acting(SYSTEM)
    tables = Base.metadata.sorted_tables
    if not _demo_rows:
        _demo_rows["new"] = demo_data.load(acting, "demonstration of the tests", DATA)
        for table in tables:
            _demo_rows[table.name] = [dict(row) for row in acting.session.execute(select(table)).mappings()]
    else:
        for table in reversed(tables):  # heads of logs and clocks, which every database begins with
            acting.session.execute(delete(table))
        for table in tables:
            if _demo_rows[table.name]:
                acting.session.execute(insert(table), _demo_rows[table.name])
    acting.session.commit()
    acting.write()
    return Demo(acting, _demo_rows["new"])


@pytest.fixture
def system(work: Work) -> Work:
    return work.acting(SYSTEM)


@pytest.fixture
def make_company(system: Work) -> Callable[..., UUID]:
    """Make a company that has subscribed to `products` (active), and answer its id."""
    made: list[str] = []

    def make(
        *, kind: str = "company", plan: str = "", products: tuple[str, ...] = ("accounting",), **values: Any
    ) -> UUID:
        made.append(f"{kind}-{len(made)}")
        contract = {"plan": plan or ("practice" if kind == "firm" else "team"), "seats": values.pop("seats", None)}
        values = {
            "reference": made[-1], "name": made[-1].title(), "country": "FR", "city": "Nantes", "locale": "fr-FR",
        } | values  # fmt: skip
        found = company.create(system, kind=kind, **values)
        subscription.start(system, found.id, **contract)
        for product in products:
            subscription.set_state(system, found.id, product, "active")
        return found.id

    return make


@pytest.fixture
def join(system: Work, make_account: Callable[..., Person]) -> Callable[..., UUID]:
    """Make an account, a member of the company with these product roles, and answer its id."""
    made: list[UUID] = []

    def join(company_id: UUID, *, company_role: str = "company.member", account_id: UUID | None = None, **roles: str):
        if account_id is None:
            account_id = make_account(f"person{len(made)}@example.test", second_factor=False).account.id
            made.append(account_id)
        membership.add(system, company_id, account_id, company_role=company_role)
        for product, role_id in roles.items():
            membership.grant_role(system, company_id, account_id, product, role_id=role_id)
        return account_id

    return join


@dataclass(frozen=True)
class Client:
    """A client company, its firm with a manager, and the mandate between them."""

    company: UUID
    firm: UUID
    manager: UUID
    mandate: UUID


@pytest.fixture
def make_client(system: Work, make_company: Callable[..., UUID], join: Callable[..., UUID]) -> Callable[..., Client]:
    """A company with an active mandate for a firm, whose manager was given accounting at every client."""

    def make(*, preset: str = "full-file", options: tuple[str, ...] = ()) -> Client:
        client, firm = make_company(), make_company(kind="firm", products=("practice",))
        manager = join(firm, practice="practice.manager")
        made = mandate.record(system, client, firm, preset=preset, options=options, way="client-invites")
        mandate.confirm(system, made.id)
        assignment.give(system, firm, manager, product="accounting", role_id="accounting.accountant")
        return Client(client, firm, manager, made.id)

    return make


@contextmanager
def statements(work: Work) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile."""
    sent: list[str] = []
    connection = work.session.connection()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(connection, "before_cursor_execute", note)
