"""Every route × every kind of person × their own objects, other people's, and none: as idp/web/routes.yaml says (R-60).

The routes come from the application, the people hold every role there is, and what each may do is worked out from the
written-out roles and the file of the demonstration. The API's routes are asked in test_api_matrix.py.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from tests import route_policy
from tests.route_policy import Line
from tests.security import cast, objects
from tests.security.asking import FORBIDDEN, IN, MISSING, OVER, SIGN_IN, UNUSABLE, Asker, Backup
from tests.security.cast import FIRM, LUMEN, NOBODY, PEOPLE, ROOFS
from tests.stage import DATABASES, Stage

PARAMETER = re.compile(r"<(?:[a-z]+(?:\([^)]*\))?:)?(\w+)>")
COMPANIES = (LUMEN, ROOFS, FIRM)
HERE, ELSEWHERE, NOWHERE = "their own", "another's", "none"
FEW = (NOBODY, "amelie.dubois", "karim.benali", "pieter.claes")
"""Where it does not matter who asks."""
MACHINES = ("billing", "client", "registration", "token")
BY_ROLE = ("person", "company", "staff")


@dataclass(frozen=True)
class Check:
    """One question, and what the answer has to be."""

    line: Line
    name: str
    about: str
    path: str
    expected: str

    def __str__(self) -> str:
        return f"{self.line} as {self.name}, {self.about}: {self.path}"


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


def filled(line: Line, values: dict[str, str]) -> str:
    """The address of a line with its parameters put in."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name in values:
            return values[name]
        if name in objects.PLAIN:
            return objects.PLAIN[name]
        if found[0].startswith("<uuid:"):
            return objects.nothing()
        raise objects.Unknown(f"{line}: say in tests/security/objects.py what to put for <{name}>")

    return PARAMETER.sub(value, line.path)


def checks_of(stage: Stage, line: Line) -> Iterator[Check]:
    """Every question about one line."""
    match line.who:
        case "person":
            yield from of_person(stage, line)
        case "company":
            yield from of_company(stage, line)
        case "staff":
            yield from of_staff(stage, line)
        case "everybody":
            yield from (Check(line, name, "", filled(line, {}), IN) for name in FEW)
        case "development":
            expected = MISSING if "_id>" in line.path else IN
            yield from (Check(line, name, "", filled(line, {}), expected) for name in FEW)
        case "link":
            yield from (Check(line, name, "unknown link", filled(line, {}), MISSING) for name in FEW)
        case "attempt":
            yield from (Check(line, name, "without one", filled(line, {}), OVER) for name in FEW)
        case _:
            yield from (Check(line, name, "with cookies", filled(line, {}), SIGN_IN) for name in FEW)


def of_person(stage: Stage, line: Line) -> Iterator[Check]:
    yield Check(line, NOBODY, "", filled(line, {}), SIGN_IN)
    for name in PEOPLE:
        if not line.own:
            yield Check(line, name, "", filled(line, {}), IN)
            continue
        other = next(each for each in PEOPLE if each != name)
        for about, whose, expected in ((HERE, name, IN), (ELSEWHERE, other, MISSING), (NOWHERE, "", MISSING)):
            values = {parameter: owned(stage, parameter, whose) for parameter in line.own}
            if None not in values.values():
                yield Check(line, name, about, filled(line, values), expected)  # type: ignore[arg-type]


def owned(stage: Stage, parameter: str, whose: str) -> str | None:
    if parameter not in objects.OWN:
        raise objects.Unknown(f"say in tests/security/objects.py what a person has of <{parameter}>")
    if not whose:
        return objects.nothing()
    with stage.work(write=False) as work:
        return objects.OWN[parameter](work, stage.person(whose).id)


def of_company(stage: Stage, line: Line) -> Iterator[Check]:
    """Of each company as each person; and by those who may, of something of another company's under this one's path."""
    there = {reference: stage.company(reference) for reference in COMPANIES}
    for reference, key in there.items():
        values = values_in(stage, line, key)
        if values is None:
            continue
        path = filled(line, values)
        for name in (NOBODY, *PEOPLE):
            yield Check(line, name, f"of {reference}", path, _expected(line, name, reference))
            if line.within and name != NOBODY and _expected(line, name, reference) == IN:
                for other in there.values():
                    foreign = values_in(stage, line, other) if other != key else None
                    if foreign is not None:
                        mixed = {**foreign, **_company_parameter(line, key)}
                        yield Check(line, name, f"{ELSEWHERE} under {reference}", filled(line, mixed), MISSING)
    for name in (NOBODY, *PEOPLE):
        yield Check(line, name, NOWHERE, filled(line, {}), SIGN_IN if name == NOBODY else MISSING)


def _expected(line: Line, name: str, reference: str) -> str:
    if name == NOBODY:
        return SIGN_IN
    if not cast.belongs(name, reference):
        return MISSING
    if line.met_by(cast.held(name, reference)):
        return IN
    return MISSING if line.sees and line.sees not in cast.held(name, reference) else FORBIDDEN


def _company_parameter(line: Line, key: UUID) -> dict[str, str]:
    return {name: str(key) for name in ("company_id", "firm_id") if f":{name}>" in line.path}


def values_in(stage: Stage, line: Line, company: UUID) -> dict[str, str] | None:
    """What to put for the parameters of a company's route; None where this company has no such thing."""
    values = _company_parameter(line, company)
    for parameter in {*line.within, *([line.through] if line.through else [])}:
        if parameter not in objects.WITHIN:
            raise objects.Unknown(f"{line}: say in tests/security/objects.py what a company has of <{parameter}>")
        with stage.work(write=False) as work:
            found = objects.WITHIN[parameter](work, company)
        if found is None:
            return None
        values[parameter] = found
    return values


def of_staff(stage: Stage, line: Line) -> Iterator[Check]:
    values = {"account_id": str(stage.person("ines.moreau").id), "company_id": str(stage.company(LUMEN))}
    if "case_id" in line.path:
        with stage.work(write=False) as work:
            values["case_id"] = objects.case_about(work, line.needs[0])
    for name in (NOBODY, *PEOPLE):
        held = cast.held(name)
        expected = SIGN_IN if name == NOBODY else IN if held and line.met_by(held) else FORBIDDEN
        if expected == FORBIDDEN and held and line.sees and line.sees not in held:
            expected = MISSING
        if (str(line), name) in objects.BY_RULE:
            expected = FORBIDDEN
        yield Check(line, name, "", filled(line, values), expected)


def answer_of(asker: Asker, check: Check, backup: Backup | None = None) -> str:
    line = check.line
    got = asker.ask(check.name, line.method, check.path, objects.FORMS.get(str(line), {}), line.instead)
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
    backup = Backup.of(play) if sqlite else None
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
                backup.restore()
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
