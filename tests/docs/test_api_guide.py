"""Every command of docs/api-guide.md is run as it is written, one after the other, against a live service."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.tables import DOCS, ROOT
from tests.docs.test_snippets import here, live, snippets  # noqa: F401
from tests.stage import Stage, demonstration  # noqa: F401

GUIDE = DOCS / "api-guide.md"
TOOLS = ("bash", "curl", "jq")


@pytest.fixture(scope="module")
def told(live: Stage, tmp_path_factory: pytest.TempPathFactory) -> list[str]:  # noqa: F811
    """What each block of the guide prints, in order."""
    folder = tmp_path_factory.mktemp("guide")
    for name, module in (("idp", ("-m", "idp.cli")), ("python", ())):
        shim = folder / name
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} {" ".join(module)} "$@"\n')
        shim.chmod(0o755)
    (people,) = snippets(GUIDE, "csv")
    (folder / "people.csv").write_text(people, "utf-8")
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "IDP_DATA_DIR": str(live.settings.data_dir),
        "IDP_DATABASE_URL": live.settings.database_url, "IDP_ISSUER": live.settings.issuer,
    }  # fmt: skip
    blocks = [here(each, live) for each in snippets(GUIDE, "sh")]
    script = "set -euo pipefail\n" + "\necho =====\n".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    return [each.strip() for each in done.stdout.split("=====")]


@pytest.mark.parametrize("demonstration", ["sqlite"], indirect=True, scope="session")
@pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason=f"the guide uses {', '.join(TOOLS)}")
def test_every_block_of_the_guide_does_what_it_says(told: list[str]) -> None:
    _, registered, companies, lists, access, change, once, offer, file, staff = told
    assert registered == ""
    assert '"name": "Atelier Lumen SARL"' in companies or '"name":"Atelier Lumen SARL"' in companies
    assert lists.count("@") >= 4
    assert '"allowed": false' in access
    assert '"role": "accounting.bookkeeper"' in access
    assert '"actor"' in access
    assert '"state": "active"' in access
    assert change == "Saint-Herblain"
    first, second = once.splitlines()
    assert first == second
    assert len(first) == 36
    assert '"role":"invoicing.employee"' in offer
    assert '"quotes"' in offer
    assert '"invoices"' not in offer
    assert '"restrictions":{"own-documents-only":true}' in offer
    assert file.splitlines() == [
        "marc.leroy@atelier-lumen.example.com: invited",
        "jeanne.petit@atelier-lumen.example.com: invited",
    ]
    assert '"name": "Inès Moreau"' in staff
    assert staff.endswith("account.looked_up")


def test_the_spreadsheet_of_the_guide_is_read_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    from examples import provision

    path = tmp_path / "people.csv"
    path.write_bytes(b"\xef\xbb\xbf" + snippets(GUIDE, "csv")[0].replace("\n", "\r\n").encode())
    assert [each["role"] for each in provision.people(path)] == [
        "capture.expenses-standard", "capture.documents-basic",
    ]  # fmt: skip
    path.write_text("name,mail\nx,y\n")
    with pytest.raises(SystemExit, match="address, family_name"):
        list(provision.people(path))
