"""Migrations applied, compared with the models, taken back, and applied again, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, MetaData, create_engine, inspect, select, text
from sqlalchemy.engine import make_url

from idp.app import create_app
from idp.core.db import Base
from idp.core.settings import Settings
from idp.core.tokens import write_secret
from idp.oidc.models import ConsentCompany, Grant
from idp.web.work import database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server = make_url(request.getfixturevalue("_postgres_url"))
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE migrations"))
    yield server.set(database="migrations").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE migrations WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def app(empty_database: str, tmp_path: Path) -> Iterator[Flask]:
    write_secret(tmp_path / "secrets" / "master.key", "5e" * 32)
    made = create_app(Settings(database_url=empty_database, data_dir=tmp_path))
    with made.app_context():
        yield made
        database.engine.dispose()


def up(app: Flask, to: str = "head") -> None:
    command.upgrade(app.extensions["migrate"].migrate.get_config(), to)


def down(app: Flask) -> None:
    command.downgrade(app.extensions["migrate"].migrate.get_config(), "base")


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def constraints(engine: Engine) -> set[tuple[str, str]]:
    """What `compare_metadata` does not look at: checks by table and name, and the conditions of partial indexes."""
    found = inspect(engine)
    named: set[tuple[str, str]] = set()
    for table in found.get_table_names():
        named |= {(table, str(check["name"])) for check in found.get_check_constraints(table)}
        for index in found.get_indexes(table):
            where = [str(value) for key, value in index.get("dialect_options", {}).items() if key.endswith("_where")]
            named.add((table, f"{index['name']} unique={bool(index['unique'])} partial={bool(where)}"))
    return {(table, name) for table, name in named if table != "alembic_version"}


def test_the_migrations_lead_to_the_models(app: Flask) -> None:
    up(app)

    assert differences(database.engine) == []


def test_checks_and_partial_indexes_are_those_of_the_models(app: Flask) -> None:
    up(app)
    migrated = constraints(database.engine)
    down(app)
    Base.metadata.create_all(database.engine)

    assert migrated == constraints(database.engine)
    assert any(name.startswith("uq_email_addresses_canonical") for _, name in migrated)


def test_the_migrations_are_taken_back_and_applied_again(app: Flask) -> None:
    up(app)
    down(app)
    assert set(inspect(database.engine).get_table_names()) <= {"alembic_version"}

    up(app)
    assert differences(database.engine) == []


GIVEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Rows:
    """Tables as they are at some revision, to be filled."""

    def __init__(self, *names: str) -> None:
        self.tables = MetaData()
        self.tables.reflect(database.engine, only=names)
        self.sqlite = database.engine.dialect.name == "sqlite"

    def add(self, table: str, **values: object) -> None:
        """A row of a table as it was then: what is not told is empty."""
        empty = {"VARCHAR": "x", "BOOLEAN": False, "INTEGER": 0, "JSON": {}, "BLOB": b"x", "BYTEA": b"x"}
        columns = self.tables.tables[table].columns
        row = {each.name: empty.get(str(each.type), GIVEN) for each in columns if not each.nullable}
        keys = {name: value.hex for name, value in values.items() if isinstance(value, UUID) and self.sqlite}
        database.session.execute(self.tables.tables[table].insert().values({**row, **values, **keys}))


def test_grants_of_before_know_what_their_session_was_proved_by(app: Flask) -> None:
    """0032: there was nowhere else to look."""
    up(app, "0031")
    person, client, session, grant = (uuid4() for _ in range(4))
    add = Rows("accounts", "clients", "sessions", "grants").add
    proved = {"auth_time": GIVEN - timedelta(days=1), "acr": "urn:id:acr:2fa", "amr": "pwd otp mfa"}
    later = GIVEN + timedelta(days=1)
    add("accounts", id=person, subject="someone", status="active")
    add("clients", id=client, require_pkce=True, token_endpoint_auth_method="none", signing_algorithm="ES256")
    add("sessions", id=session, account_id=person, expires_at=later, **proved)
    add("grants", id=grant, account_id=person, client_id=client, session_id=session, expires_at=later)
    database.session.commit()
    database.session.remove()

    up(app)
    (found,) = database.session.execute(select(Grant.id, Grant.auth_time, Grant.acr, Grant.amr)).all()
    assert tuple(found) == (grant, *proved.values())
    database.session.remove()


def test_consents_that_were_given_before_are_found_by_their_companies(app: Flask) -> None:
    """0029: each company that a scope names gets its row; one that is gone, or no key at all, gets none."""
    up(app, "0028")
    person, first, second, gone, named, unnamed = (uuid4() for _ in range(6))
    given = GIVEN
    add = Rows("accounts", "clients", "companies", "consents").add
    add("accounts", id=person, subject="someone", status="active")
    for each in (first, second):
        add("companies", id=each, reference=str(each), kind="company", locale="fr")
    scope = f"company:{first} company:{gone} company:{second} company:nothing openid xcompany"
    for consent, agreed in ((named, scope), (unnamed, "openid profile")):
        client = {"client_id": str(consent), "token_endpoint_auth_method": "none", "signing_algorithm": "ES256"}
        add("clients", id=consent, require_pkce=True, **client)
        add("consents", id=consent, account_id=person, client_id=consent, scope=agreed)
    database.session.commit()
    database.session.remove()

    up(app)
    rows = database.session.execute(select(ConsentCompany)).scalars().all()
    assert {(each.consent_id, each.company_id, each.given_at) for each in rows} == {
        (named, first, given), (named, second, given)
    }  # fmt: skip
    database.session.remove()
