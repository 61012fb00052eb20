"""A process whose clock is not that of its database is taken out of rotation (F-28)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from idp.web import health


@pytest.mark.parametrize(("seconds", "ready"), [(0, True), (5, True), (-5, True), (90, False), (-90, False)])
def test_clocks_that_differ_are_seen(work, seconds, ready):
    here = replace(work, now=datetime.now(UTC)).later(seconds=seconds)
    if work.session.get_bind().dialect.name == "sqlite":
        assert not health.clocks_apart(here)  # the same clock
    else:
        assert (health.clocks_apart(here) <= health.CLOCKS_MAY_DIFFER) is ready


def test_a_process_with_the_time_of_its_database_is_ready(browser):
    assert browser.get("/readyz").status_code == 200
