"""What is written after something was read does not fail because somebody else has written in between."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import create_engine, event, func, text
from sqlalchemy.exc import OperationalError

from idp.audit.models import AuditEvent
from idp.web.work import database
from tests.party import basic
from tests.stage import Stage, scalar


@contextmanager
def somebody_writes_before(stage: Stage, words: str) -> Iterator[list[str]]:
    """Just before a statement with these words, another connection changes something and commits, if it may."""
    met: list[str] = []
    with stage.app.app_context():
        engine = database.engine
    options = {"connect_args": {"timeout": 0.05}} if engine.dialect.name == "sqlite" else {}
    impatient = create_engine(engine.url, **options)

    def write(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if words not in statement or met:
            return
        met.append(statement)
        with suppress(OperationalError), impatient.begin() as other:  # a writer keeps others waiting: that is well
            other.execute(text("UPDATE access_clock SET value = value + 1"))

    event.listen(engine, "before_cursor_execute", write)
    try:
        yield met
    finally:
        event.remove(engine, "before_cursor_execute", write)
        impatient.dispose()


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/token", "/permission-sets/ps_x"])
def test_a_refused_client_is_refused_and_noted(own_stage: Stage, path: str) -> None:
    stage = own_stage
    refused = AuditEvent.name == "client_authentication.refused"
    before = scalar(stage, func.count(), refused)
    client = stage.app.test_client()
    with somebody_writes_before(stage, "UPDATE audit_head") as met:
        headers = basic("nobody", "wrong")
        if path.startswith("/oauth"):
            answer = client.post(path, headers=headers, data={"grant_type": "client_credentials", "token": "x"})
        else:
            answer = client.get(path, headers=headers)
    assert met
    assert answer.status_code == 401, answer.text
    assert scalar(stage, func.count(), refused) == before + 1


def test_a_step_up_begins(own_stage: Stage) -> None:
    """It begins by a GET, which has read the session before it writes."""
    browser = own_stage.sign_in("ines.moreau")
    with somebody_writes_before(own_stage, "INSERT INTO sign_ins") as met:
        browser.get("/sign-in?step_up=1&continue_to=/account")
    assert met
    assert browser.address.startswith("/sign-in/code"), browser.text[:300]
