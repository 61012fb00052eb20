"""Reading the policies: what is read, in which form, and what the code may not know of it."""

import re
import time
from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

import idp.policy
from idp.policy import Limit, PolicyError, label_for, load
from idp.policy.load import read_yaml
from tests.policy.broken import refusal, replace
from tests.policy.demo import POLICIES


@pytest.mark.parametrize("file", ["subscriptions.yaml", "mandates.yaml", "account-policy.yaml"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    assert (file, "missing") in [(each.file, each.reason) for each in refusal(folder).problems]


def test_an_empty_or_absent_folder_is_refused(tmp_path):
    assert len(refusal(tmp_path).problems) == 3
    assert len(refusal(tmp_path / "nowhere").problems) == 3


def test_a_file_with_another_ending_is_not_overlooked(folder):
    (folder / "payroll.yaml").rename(folder / "payroll.yml")
    assert ("payroll.yml", "the name must end in .yaml") in [
        (each.file, each.reason) for each in refusal(folder).problems
    ]


def test_two_products_of_the_same_place_are_refused(folder):
    replace(folder, "payroll.yaml", "order: 40", "order: 30")
    assert "order 30 is also that of" in str(refusal(folder))


def test_a_product_is_added_by_a_file_alone(folder):
    text = """
schema: 1
product:
  id: archive
  kind: application
  order: 60
  label: {fr: "Archives", en: "Archive"}
  summary: {fr: "Documents clos.", en: "Closed documents."}
  default_role: archive.reader
areas:
  - id: boxes
    label: {fr: "Cartons", en: "Boxes"}
    permissions:
      - {id: archive.boxes.view, level: view, label: {fr: "Consulter", en: "View"}}
roles:
  - id: archive.reader
    label: {fr: "Lecture", en: "Reader"}
    summary: {fr: "Consulte.", en: "Looks."}
    held_by: [member]
    assignable_by: [company.owner]
    grants: {"*": manage}
custom_roles: {allowed: false}
"""
    before = load(folder)
    (folder / "archive.yaml").write_text(text, encoding="utf-8")
    after = load(folder)

    assert after.roles["archive.reader"].permissions == {"archive.boxes.view"}
    assert after.revision != before.revision


def test_the_demonstration_data_is_not_part_of_the_policies(folder):
    revision = load(folder).revision
    (folder / "demo").mkdir()
    (folder / "demo" / "demo.yaml").write_text("not: policies\n", encoding="utf-8")
    assert load(folder).revision == revision == load(POLICIES).revision


def test_loading_takes_less_than_a_second():
    started = time.perf_counter()
    load(POLICIES)
    assert time.perf_counter() - started < 1


def test_products_come_in_their_order(policies):
    orders = [product.order for product in policies.products.values()]
    assert orders == sorted(orders)
    assert [each.id for each in policies.products.values() if each.firm_only] == ["practice"]
    assert {each.id for each in policies.products.values() if not each.subscribed} == {"company", "operations"}


def test_what_was_loaded_cannot_be_changed(policies):
    role = next(iter(policies.roles.values()))
    with pytest.raises(TypeError):
        policies.roles["x.y"] = role
    with pytest.raises(FrozenInstanceError):
        role.seat = True
    with pytest.raises(ValidationError):
        role.entry.seat = True
    with pytest.raises(TypeError):
        role.entry.grants["*"] = "manage"
    with pytest.raises(TypeError):
        role.label["fr"] = "x"


def test_account_rules_are_spans_and_limits(policies):
    account = policies.account
    assert account.activation_lifetime == policies.activation_lifetime == timedelta(days=7)
    assert account.invitation_lifetime == policies.invitation_lifetime == timedelta(days=7)
    assert account.session_lifetime == policies.session_lifetime == timedelta(hours=12)
    assert account.session_idle == policies.session_idle == timedelta(minutes=60)
    assert account.step_up_max_age == policies.step_up_max_age == timedelta(seconds=600)
    assert account.trusted_device_lifetime == policies.trusted_device_lifetime == timedelta(days=30)
    assert policies.access_token_lifetime == timedelta(minutes=10)
    assert account.wrong_passwords == Limit(10, timedelta(minutes=15), timedelta(minutes=30))
    assert account.wrong_codes == Limit(5, timedelta(minutes=15), timedelta(minutes=60))
    assert account.code_sends == Limit(5, timedelta(minutes=60))
    assert policies.mandate_address_tries == Limit(5, timedelta(hours=1))
    assert policies.mandates.invitation_lifetime == timedelta(days=14)
    assert (account.totp.digits, account.totp.period, account.totp.window) == (6, timedelta(seconds=30), 1)
    assert (account.password_min, account.password_max, account.password_history) == (12, 256, 5)
    assert (account.backup_code_count, account.backup_code_length) == (10, 16)


def test_a_missing_language_falls_back_to_english():
    texts = {"fr": "Banque", "en": "Bank", "nl": "Bank en afstemming"}
    assert label_for(texts, "nl-BE") == "Bank en afstemming"
    assert label_for(texts, "fr_FR") == "Banque"
    assert label_for(texts, "de-DE") == "Bank"


def test_reading_a_yaml_file_gives_plain_types_or_a_policy_error(tmp_path):
    path = tmp_path / "some.yaml"
    path.write_text("a: [1, two]\n", encoding="utf-8")
    assert read_yaml(path) == {"a": [1, "two"]}
    path.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(PolicyError, match=r"some\.yaml: \(file\): not YAML"):
        read_yaml(path)
    with pytest.raises(PolicyError, match=r"none\.yaml: \(file\)"):
        read_yaml(tmp_path / "none.yaml")


def test_no_code_of_this_floor_names_a_product_or_a_role(policies):
    words = {"practice", "operations"}  # words of the format as well: a scope and a kind
    names = {*policies.roles, *(f'"{product}"' for product in set(policies.products) - words)}
    for path in Path(idp.policy.__file__).parent.glob("*.py"):
        code = re.sub(r'""".*?"""|`[^`]*`', "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not [name for name in names if name in code], path.name
