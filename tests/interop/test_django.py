"""Django with mozilla-django-oidc signs a person in, configured as docs/integrate/python.md says."""

import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.browser import HttpBrowser
from tests.interop.conftest import Service, await_port, free_port, stop
from tests.interop.pages import block
from tests.interop.visitor import Visitor

SOURCES = Path(__file__).parent / "django"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with what the lock file names."""
    if os.environ.get("INTEROP") != "required":
        pytest.skip("Django is installed by `make interop`")
    folder = tmp_path_factory.mktemp("django") / "environment"
    venv.create(folder, with_pip=True)
    command = [folder / "bin" / "pip", "install", "-q", "--require-hashes", "-r", SOURCES / "requirements.lock"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    return str(folder / "bin" / "python")


@pytest.fixture
def home(service: Service, python: str, tmp_path: Path) -> Iterator[str]:
    """The site, running, with the settings of the page."""
    home = f"http://localhost:{free_port()}"
    made = service.idp(
        "clients", "create", "--name", "en=A Django site", "--product", "accounting", "--resource", f"{home}/",
        "--redirect-uri", f"{home}/oidc/callback/", "--post-logout-redirect-uri", f"{home}/left",
    )  # fmt: skip
    site = tmp_path / "site"
    shutil.copytree(SOURCES, site)
    places = {"https://id.example.com": service.issuer, "accounting-web": made["client_id"]}
    (site / "signing_in.py").write_text(block("python.md", "python", "OIDC_RP_CLIENT_ID", **places))
    (site / "backend.py").write_text(block("python.md", "python", "OIDCAuthenticationBackend"))
    log = tmp_path / "site.log"
    environment = {"PATH": os.environ["PATH"], "CLIENT_SECRET": made["client_secret"]}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [python, "site.py", home.rpartition(":")[2]], cwd=site, env=environment, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
    try:
        await_port(home, process, log)
        yield home
    finally:
        stop(process)


def test_a_django_site_signs_a_person_in_and_out(service: Service, browser: HttpBrowser, home: str) -> None:
    visitor = Visitor(home, browser)
    visitor.get("/")
    assert browser.heading == "Sign in to your account"
    callback = browser.prove(service.person("ines.moreau"))
    assert callback is not None
    page = visitor.get(callback)
    assert page.status_code == 200, page.text[:500]
    assert page.text.startswith("ines.moreau@")
    assert "accounting." in page.text

    token = visitor.http.cookies.get("csrftoken") or ""
    left = visitor.post("/oidc/logout/", {"csrfmiddlewaretoken": token})
    assert left.text == "signed out"
    visitor.get("/")
    assert browser.heading == "Sign in to your account", "the service has ended its session too"


def test_its_lock_file_names_versions_and_digests_alone() -> None:
    lock = (SOURCES / "requirements.lock").read_text("utf-8")
    assert "http" not in lock
    assert len(re.findall(r"^[\w-]+==", lock, re.MULTILINE)) > 5
