"""The questions that idp/web/routes.yaml answers: each line × every kind of person × whose object it is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from tests.route_policy import Line
from tests.security import cast, objects
from tests.security.asking import FORBIDDEN, IN, MISSING, OVER, SIGN_IN
from tests.security.cast import FIRM, LUMEN, NOBODY, PEOPLE, ROOFS
from tests.stage import Stage

PARAMETER = re.compile(r"<(?:[a-z]+(?:\([^)]*\))?:)?(\w+)>")
COMPANIES = (LUMEN, ROOFS, FIRM)
HERE, ELSEWHERE, NOWHERE = "their own", "another's", "none"
FEW = (NOBODY, "amelie.dubois", "karim.benali", "pieter.claes")
"""Where it does not matter who asks."""


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


def filled(line: Line, values: dict[str, str]) -> str:
    """The address of a line with its parameters put in."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name in values:
            return values[name]
        if found[0].startswith("<uuid:"):
            return objects.nothing()
        if name in objects.PLAIN:
            return objects.PLAIN[name]
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
        case "api":
            yield from of_api(stage, line)
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
    having = {reference: values_in(stage, line, key) for reference, key in there.items()}
    if not any(having.values()):
        raise objects.Unknown(f"{line}: no company has one; make one in tests/security/objects.py")
    for reference, key in there.items():
        values = having[reference]
        if values is None:
            continue
        path = filled(line, values)
        for name in (NOBODY, *PEOPLE):
            yield Check(line, name, f"of {reference}", path, _expected(line, name, reference))
            if line.within and name != NOBODY and _expected(line, name, reference) == IN:
                for other in (*there.values(), stage.company(objects.OTHER_FIRM)):
                    related = line.path in objects.OF_BOTH and other == there[FIRM]
                    foreign = values_in(stage, line, other) if other != key and not related else None
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
        hidden = line.all and line.all not in cast.held(name, reference) and name not in cast.GIVEN_BY_NAME
        return MISSING if hidden else IN
    return MISSING if line.sees and line.sees not in cast.held(name, reference) else FORBIDDEN


def of_api(stage: Stage, line: Line) -> Iterator[Check]:
    """As for pages: of a company, of the running of the service, or of the caller alone."""
    if line.path.startswith("/api/v1/operations"):
        yield from of_staff(stage, line)
    elif ":company_id>" in line.path:
        yield from of_company(stage, line)
    else:
        values = {"set_id": objects.known_set(stage)} if "<set_id>" in line.path else {}
        for name in (NOBODY, *PEOPLE):
            yield Check(line, name, "", filled(line, values), SIGN_IN if name == NOBODY else IN)


def _company_parameter(line: Line, key: UUID) -> dict[str, str]:
    return {name: str(key) for name in ("company_id", "firm_id") if f":{name}>" in line.path}


def values_in(stage: Stage, line: Line, company: UUID) -> dict[str, str] | None:
    """What to put for the parameters of a company's route; None where this company has no such thing."""
    values = _company_parameter(line, company)
    there = objects.AT.get(line.path, {})
    for parameter in {*line.within, *([line.through] if line.through else []), *there}:
        finder = there.get(parameter) or objects.WITHIN.get(parameter)
        if finder is None:
            raise objects.Unknown(f"{line}: say in tests/security/objects.py what a company has of <{parameter}>")
        with stage.work(write=False) as work:
            found = finder(work, company)
        if found is None:
            return None
        values[parameter] = found
    return values


def of_staff(stage: Stage, line: Line) -> Iterator[Check]:
    values = {
        "account_id": str(stage.person("ines.moreau").id), "company_id": str(stage.company(LUMEN)),
        "client_id": "demo-accounting",
    }  # fmt: skip
    if "case_id" in line.path:
        with stage.work(write=False) as work:
            values["case_id"] = objects.case_about(work, (*line.needs, *line.any)[0])
    for name in (NOBODY, *PEOPLE):
        held = cast.held(name)
        expected = SIGN_IN if name == NOBODY else IN if held and line.met_by(held) else FORBIDDEN
        if expected == FORBIDDEN and held and line.sees and line.sees not in held:
            expected = MISSING
        if (str(line), name) in objects.BY_RULE:
            expected = FORBIDDEN
        yield Check(line, name, "", filled(line, values), expected)
