"""`idp policies`."""

import shutil
from pathlib import Path

from tests.cli.conftest import Idp

SHIPPED = Path(__file__).resolve().parents[2] / "policies"


def test_the_shipped_policies_hold(bare: Idp) -> None:
    checked = bare("policies", "check", "--json")

    assert checked.code == 0
    assert "accounting" in checked.json["products"]


def test_a_mistake_is_named_with_file_and_entry(bare: Idp, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(SHIPPED, folder)
    path = folder / "accounting.yaml"
    path.write_text(path.read_text("utf-8") + "\nsurprise: true\n", "utf-8")

    refused = bare("policies", "check", str(folder))

    assert refused.code == 3
    assert "accounting.yaml" in refused.err
    assert "surprise" in refused.err


def test_a_role_shows_its_permissions(bare: Idp) -> None:
    assert "accounting.reader" in bare("policies", "show", "accounting").out
    assert "accounting.journals.view" in bare("policies", "show", "accounting", "accounting.reader").out.splitlines()
    assert bare("policies", "show", "accounting", "capture.reader").code == 1
