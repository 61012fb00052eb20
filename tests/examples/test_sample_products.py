"""The two products' definitions: permissions that exist, texts in both languages, settings, and no help from idp."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from examples.accounting.product import PRODUCT as ACCOUNTING
from examples.capture.product import PRODUCT as CAPTURE
from examples.sample.config import ConfigError, from_environment
from examples.sample.permissions import Access, Epochs, Gate, PermissionSets
from examples.sample.texts import TEXTS

ROOT = Path(__file__).parents[2]
PRODUCTS = pytest.mark.parametrize("product", [ACCOUNTING, CAPTURE], ids=lambda product: product.id)


def catalogue(product):
    policy = yaml.safe_load((ROOT / "policies" / f"{product.id}.yaml").read_text())
    return {entry["id"] for area in policy["areas"] for entry in area["permissions"]}


@PRODUCTS
def test_every_permission_asked_for_exists_in_the_catalogue(product):
    asked = {name for area in product.areas for name in area.permissions}
    asked |= {name for area in product.areas for name, _ in area.actions}
    assert asked <= catalogue(product)


@PRODUCTS
def test_every_row_fills_its_table(product):
    for area in product.areas:
        rows = area.rows()
        assert rows, area.id
        assert {len(row) for row in rows} == {len(area.columns)}, area.id
    assert len({area.id for area in product.areas}) == len(product.areas)


@PRODUCTS
def test_one_permission_opens_one_area(product):
    for area in product.areas:
        for permission in area.permissions:
            held = frozenset({permission})
            gate = Gate(product, PermissionSets(lambda _, held=held: held), Epochs())
            access = gate.access({"sub": "p", "company": "c", "permission_set": "ps"})
            assert gate.menu(access) == [area]


@PRODUCTS
def test_no_permission_opens_nothing(product):
    gate = Gate(product, PermissionSets(lambda _: frozenset()), Epochs())
    assert gate.menu(Access({}, frozenset())) == []


def test_every_text_exists_in_both_languages_with_the_same_blanks():
    for key, text in TEXTS.items():
        assert text.fr, key
        assert text.en, key
        assert re.findall(r"\{\w+\}", text.fr) == re.findall(r"\{\w+\}", text.en), key


def test_every_text_the_templates_use_exists():
    used = set()
    for template in (ROOT / "examples/sample/templates").glob("*.html"):
        used |= set(re.findall(r'say\(["\'](\w+)["\']', template.read_text()))
    assert used
    assert used <= TEXTS.keys()


def test_the_samples_import_nothing_of_the_service():
    for source in (ROOT / "examples").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "idp" for name in names), source


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text("a-secret\n")
    return str(path)


def test_settings_default_to_the_demonstration(secret_file):
    config = from_environment(CAPTURE, {"SAMPLE_CLIENT_SECRET_FILE": secret_file})

    assert config.issuer == "http://localhost:8000"
    assert config.client_id == "demo-capture"
    assert config.client_secret == "a-secret"
    assert config.redirect_uri == "http://localhost:8002/callback"
    assert config.post_logout_redirect_uri == "http://localhost:8002/"
    assert config.resource == "http://localhost:8002/api"
    assert len(config.secret_key) == 32


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"SAMPLE_CLIENT_SECRET_FILE": ""}, "SAMPLE_CLIENT_SECRET_FILE"),
        ({"SAMPLE_CLIENT_SECRET_FILE": "/nowhere/at/all"}, "SAMPLE_CLIENT_SECRET_FILE"),
        ({"SAMPLE_LISTEN_PORT": "http"}, "SAMPLE_LISTEN_PORT"),
        ({"SAMPLE_LISTEN_PORT": "70000"}, "SAMPLE_LISTEN_PORT"),
        ({"SAMPLE_ISSUER": "localhost:8000"}, "SAMPLE_ISSUER"),
        ({"SAMPLE_BASE_URL": "javascript:alert(1)"}, "SAMPLE_BASE_URL"),
        ({"SAMPLE_OTHER_URL": "x"}, "SAMPLE_OTHER_URL"),
    ],
)
def test_a_wrong_setting_is_named(secret_file, changes, name):
    with pytest.raises(ConfigError, match=name):
        from_environment(ACCOUNTING, {"SAMPLE_CLIENT_SECRET_FILE": secret_file} | changes)


def test_a_short_secret_key_is_refused(secret_file, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"short")
    settings = {"SAMPLE_CLIENT_SECRET_FILE": secret_file, "SAMPLE_SECRET_KEY_FILE": str(key)}
    with pytest.raises(ConfigError, match="SAMPLE_SECRET_KEY_FILE"):
        from_environment(ACCOUNTING, settings)
