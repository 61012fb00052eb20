"""idp/web/routes.yaml has a line for every method of every route, and no other."""

import re
import secrets
from pathlib import Path

import pytest

from idp.app import create_app
from idp.core.settings import Settings
from idp.core.tokens import write_secret
from idp.policy.catalogue import Policies
from tests import route_policy

PARAMETER = re.compile(r"<(?:[a-z]+(?:\([^)]*\))?:)?(\w+)>")


@pytest.fixture
def routes(tmp_path: Path) -> set[tuple[str, str]]:
    """Path and method of everything that the application answers, in development."""
    write_secret(tmp_path / "secrets" / "master.key", secrets.token_hex(32))
    app = create_app(Settings(data_dir=tmp_path, development=True))
    return {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - route_policy.IMPLIED
    }


def test_every_route_says_who_may_use_it_and_nothing_else_is_said(routes):
    said = set(route_policy.read())
    assert sorted(routes - said) == [], "add a line to idp/web/routes.yaml"
    assert sorted(said - routes) == [], "idp/web/routes.yaml speaks of routes that do not exist"


def test_every_permission_is_one_of_the_catalogue(policies: Policies):
    for line in route_policy.read().values():
        for permission in (*line.needs, *line.any):
            assert permission in policies.permissions, str(line)
            assert line.who in ("company", "staff", "api"), str(line)
            if line.who == "staff":
                assert permission.startswith("operations."), str(line)


def test_a_permission_that_asks_for_a_fresh_proof_is_asked_for_one(policies: Policies):
    """Only to change something: what may be changed may be looked at."""
    for line in route_policy.read().values():
        if line.who in ("company", "staff") and line.method not in ("GET", "HEAD"):
            step_up = [each for each in (*line.needs, *line.any) if policies.permissions[each].step_up]
            assert not step_up or line.fresh, f"{line}: {step_up} says step_up"


def test_parameters_are_those_of_the_path():
    for line in route_policy.read().values():
        there = set(PARAMETER.findall(line.path))
        named = {*line.own, *line.within, *([line.through] if line.through else [])}
        assert named <= there, str(line)
        if line.who == "company" and not line.through:
            assert there & {"company_id", "firm_id"}, f"{line}: which company?"
