"""Every route × every kind of person × their own objects, other people's, and none: as idp/web/routes.yaml says (R-60).

The routes come from the application, the people hold every role there is, and what each may do is worked out from the
written-out roles and the file of the demonstration. The API's routes are asked in test_api_matrix.py.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from tests import route_policy
from tests.security import cast, objects
from tests.security.asking import IN, MISSING, OVER, SIGN_IN, UNUSABLE, Asker, kept
from tests.security.cast import PEOPLE
from tests.security.checks import Check, checks_of
from tests.security.rewinding import Rewinder
from tests.stage import DATABASES, Stage

MACHINES = ("billing", "client", "registration", "token")
BY_ROLE = ("person", "company", "staff")


@pytest.fixture(scope="module")
def play(stage: Stage) -> Stage:
    """The stage with everybody on it."""
    cast.complete(stage)
    objects.prepare(stage)
    return stage


@pytest.fixture(scope="module")
def asker(play: Stage) -> Iterator[Asker]:
    with Asker.over(play, PEOPLE) as made:
        objects.trust_browsers(play)
        yield made


def answer_of(asker: Asker, check: Check, backup: Rewinder | None = None) -> str:
    line = check.line
    attempt = line.who == "attempt"
    onward = line.instead or ("/" if attempt else "")  # who is signed in and has no attempt (any more) goes on
    got = asker.ask(check.name, line.method, check.path, objects.FORMS.get(str(line), {}), onward)
    if attempt and got == MISSING:
        return OVER
    if line.who in MACHINES:
        return SIGN_IN if got == UNUSABLE else got
    if got == OVER and line.who != "attempt":  # what it is about is over, which only those are told who may know
        return IN
    if got == SIGN_IN and line.who == "everybody" and line.path.startswith("/sign-in/"):  # the page that it belongs to
        return IN
    if line.silent and got == IN and backup is not None and not backup.changed():
        return MISSING
    return IN if got == UNUSABLE else got


def test_every_route_answers_everybody_as_its_line_says(play: Stage, asker: Asker) -> None:
    sqlite = play.settings.database.startswith(DATABASES[0])
    backup = kept(play) if sqlite else None
    wrong, asked = [], 0
    for line in route_policy.read().values():
        if line.who == "api" or (line.method != "GET" and backup is None):
            continue
        for check in checks_of(play, line):
            got = answer_of(asker, check, backup)
            asked += 1
            if got != check.expected:
                wrong.append(f"{check}: {got}, and not {check.expected}")
            if backup is not None and line.method != "GET":
                backup.undo()
    if backup is not None:
        backup.close()
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:400])
    assert asked > (2000 if sqlite else 1000)


def test_a_proof_that_is_an_hour_old_leads_to_the_second_factor_again(play: Stage, asker: Asker) -> None:
    """Every route that says `fresh`, by everybody who may; and the others go on answering."""
    with play.work() as work:
        old = work.now - timedelta(hours=1)
        work.session.execute(update(Session).values(second_factor_at=old, password_at=old))
    wrong, asked = [], 0
    for line in route_policy.read().values():
        if line.who not in BY_ROLE or line.method != "GET":
            continue
        for check in checks_of(play, line):
            if check.expected != IN:
                continue
            got, expected = answer_of(asker, check), SIGN_IN if line.fresh else IN
            asked += 1
            if got != expected:
                wrong.append(f"{check}, an hour later: {got}, and not {expected}")
    assert not wrong, f"{len(wrong)} of {asked}:\n" + "\n".join(wrong[:400])
    assert asked > 500
