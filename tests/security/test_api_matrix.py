"""Every operation of the API × every kind of person × their own company, another's, and none (R-60)."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from idp.web.api.pace import Pace
from tests import route_policy
from tests.party import Party, bearer
from tests.security import cast, objects
from tests.security.asking import FAILURE, FORBIDDEN, IN, MISSING, SIGN_IN, kept
from tests.security.cast import NOBODY, PEOPLE
from tests.security.checks import Check, checks_of
from tests.stage import DATABASES, Stage

EVERYTHING = "openid companies.read companies.write operations.read operations.write"


@dataclass
class Caller:
    """Calls the API as anybody."""

    http: FlaskClient
    tokens: dict[str, str]

    def call(self, check: Check) -> str:
        """What became of it. A refusal of a rule about the object itself is no refusal of the route."""
        token = self.tokens.get(check.name)
        body: dict[str, Any] = (
            {} if check.line.method in ("GET", "DELETE") else {"json": objects.BODIES.get(str(check.line), {})}
        )
        headers = {"If-Match": "*", **(bearer(token) if token else {})}
        query = objects.QUERIES.get(str(check.line))
        answer = self.http.open(check.path, query_string=query, method=check.line.method, headers=headers, **body)
        code = str((answer.json or {}).get("type", "")).removeprefix("/problems/") if answer.status_code >= 400 else ""
        if answer.status_code >= 500:
            return FAILURE
        if answer.status_code == 403:
            return FORBIDDEN if code == "not_permitted" else IN
        return {401: SIGN_IN, 404: MISSING}.get(answer.status_code, IN)


@pytest.fixture(scope="module")
def play(stage: Stage) -> Stage:
    """The stage with everybody on it."""
    cast.complete(stage)
    objects.prepare(stage)
    return stage


@pytest.fixture(scope="module")
def tool(play: Stage) -> Party:
    return play.register(
        client_id="tool", resource=f"{play.settings.issuer}/api/v1", scope=EVERYTHING,
        redirect_uris=["https://tool.example/callback"],
    )  # fmt: skip


def test_every_operation_answers_everybody_as_its_line_says(play: Stage, tool: Party) -> None:
    play.app.extensions["sesame api pace"] = Pace(per_minute=10_000_000)  # tests are faster than callers may be
    tokens = {name: tool.tokens(play.signed_in(name), scope=EVERYTHING)["access_token"] for name in PEOPLE}
    caller = Caller(play.app.test_client(use_cookies=False), tokens)
    backup = kept(play) if play.settings.database.startswith(DATABASES[0]) else None
    wrong, asked = [], 0
    for line in route_policy.read().values():
        if line.who != "api" or (line.method != "GET" and backup is None):
            continue
        for check in checks_of(play, line):
            got, expected = caller.call(check), check.expected
            asked += 1
            if got != expected:
                wrong.append(f"{check}: {got}, and not {expected}")
            if backup is not None:
                backup.undo()
    if backup is not None:
        backup.close()
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:400])
    assert asked > 500
    assert NOBODY not in tokens
