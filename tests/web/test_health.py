"""A process whose clock is not that of its database is taken out of rotation (F-28)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from idp.oidc import keys
from idp.web import health
from idp.web.work import unit_of_work
from tests.web.conftest import SYSTEM


@pytest.mark.parametrize(("seconds", "ready"), [(0, True), (5, True), (-5, True), (90, False), (-90, False)])
def test_clocks_that_differ_are_seen(work, seconds, ready):
    here = replace(work, now=datetime.now(UTC)).later(seconds=seconds)
    if work.session.get_bind().dialect.name == "sqlite":
        assert not health.clocks_apart(here)  # the same clock
    else:
        assert (health.clocks_apart(here) <= health.CLOCKS_MAY_DIFFER) is ready


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_nobody_keeps_how_it_was(app, path):
    assert app.test_client().get(path).headers["Cache-Control"] == "no-store"


def test_a_process_with_keys_and_the_time_of_its_database_is_ready(browser, app):
    with unit_of_work(app, SYSTEM) as work:
        keys.ensure(work)

    assert browser.get("/readyz").status_code == 200


def test_a_process_without_readable_keys_is_not_ready_and_says_so_to_nobody_as_their_mistake(make_app, app, tmp_path):
    assert app.test_client().get("/readyz").status_code == 503, "there are none"
    with unit_of_work(app, SYSTEM) as work:
        keys.ensure(work)
    other = tmp_path / "other.key"
    other.write_text("7c" * 32)
    other.chmod(0o600)
    stranger = make_app(secret_key_file=other).test_client()

    assert (stranger.get("/readyz").status_code, stranger.get("/readyz").json) == (503, {"status": "keys"})
    refused = stranger.get("/oauth/jwks")
    assert (refused.status_code, refused.json["error"]) == (503, "temporarily_unavailable")
    assert refused.headers["Retry-After"]
