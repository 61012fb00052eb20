"""The state of a stage, to be put back: what made-up requests have changed must not spoil the next ones."""

from collections.abc import Callable

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

from idp.authn.models import Session
from idp.web.work import database
from tests.security import asking
from tests.stage import AS_FILES, Stage


def keeper(stage: Stage) -> Callable[[], None]:
    """Keep the present state; answers what puts it back. On PostgreSQL, where that takes a while, only once somebody
    whom the requests come from is signed out."""
    if stage.settings.database.startswith("sqlite"):
        return asking.kept(stage).undo
    return _Copy(stage).restore


class _Copy:
    """A copy of a database of the test server, from which it is made again."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        url = make_url(stage.settings.database)
        self.name, self.copy = str(url.database), f"{url.database}_kept"
        self.server = url.set(database="postgres").render_as_string(hide_password=False)
        self.alive = self._alive()
        self._again(self.copy, self.name)

    def restore(self) -> None:
        if self._alive() != self.alive:
            self._again(self.name, self.copy)

    def _alive(self) -> int:
        with self.stage.work(write=False) as work:
            query = select(func.count()).select_from(Session).where(Session.ended_at.is_(None))
            return work.session.scalar(query) or 0

    def _again(self, name: str, like: str) -> None:
        with self.stage.app.app_context():
            database.engine.dispose()
        engine = create_engine(self.server)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like} {AS_FILES}"))
        engine.dispose()
