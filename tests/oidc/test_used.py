"""Names that others give: where they are noted, and that one that was noted stays so whatever becomes of the rest."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from idp.core.names import beside
from idp.oidc import used
from idp.oidc.models import UsedToken
from idp.work import Work
from tests.conftest import OpenWork


def spend(work: Work, jti: str, *, lasting: bool = False, owner: str = "key") -> bool:
    return used.spend(work, "proof", owner, jti, (work.now + timedelta(minutes=1)).timestamp(), lasting=lasting)


def rows(open_work: OpenWork) -> int:
    return open_work().session.scalar(select(func.count()).select_from(UsedToken)) or 0


@pytest.mark.parametrize("writing", [False, True], ids=["reading", "writing"])
def test_a_name_that_need_not_last_is_noted_beside_sqlite(engine: Engine, open_work: OpenWork, writing: bool) -> None:
    names = beside(engine)
    assert (names is None) == (engine.dialect.name != "sqlite")
    work = replace(open_work(), names=names)
    if writing:
        work.write()
    assert spend(work, "one")
    assert not spend(work, "one")
    assert spend(work, "one", owner="another")
    if names is not None:
        assert work.session.in_transaction() == writing, "and begins none"
        work.session.rollback()
        assert rows(open_work) == 0
        assert not spend(work, "one"), "whatever becomes of the rest"


def test_without_a_place_beside_the_database_it_is_noted_in_it(open_work: OpenWork) -> None:
    work = open_work()
    assert work.names is None
    assert spend(work, "one")
    assert rows(open_work) == 1, "committed"
    assert not spend(open_work(), "one")


def test_a_name_that_lasts_is_noted_in_the_database(engine: Engine, open_work: OpenWork) -> None:
    work = replace(open_work(), names=beside(engine))
    assert spend(work, "one", lasting=True)
    assert not spend(work, "one", lasting=True)
    work.session.commit()
    assert rows(open_work) == 1
