"""Apache with mod_auth_openidc protects pages, configured as docs/integrate/apache.md says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.interop.browser import HttpBrowser
from tests.interop.conftest import Registered, Service, await_port, free_port, stop
from tests.interop.pages import block
from tests.interop.visitor import Visitor

MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "env", "mime", "alias", "auth_openidc")
SERVER = """
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
LogLevel auth_openidc:info
DocumentRoot {folder}/pages
TypesConfig /etc/mime.types
Mutex file:{folder}
{modules}
"""


@pytest.fixture(scope="session")
def apache() -> str:
    """Where the server is."""
    program = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin")
    if program and (MODULES / "mod_auth_openidc.so").exists():
        return program
    reason = "apache2 or libapache2-mod-auth-openidc is not installed"
    if os.environ.get("INTEROP") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def intranet(service: Service, apache: str, tmp_path: Path) -> Iterator[Registered]:
    """The server of the page, running, with three files on it."""
    home = f"http://localhost:{free_port()}"
    made = service.idp(
        "clients", "create", "--name", "en=Intranet", "--product", "accounting", "--resource", f"{home}/",
        "--redirect-uri", f"{home}/signed-in", "--post-logout-redirect-uri", f"{home}/",
        "--backchannel-logout-uri", f"{home}/signed-in?logout=backchannel",
    )  # fmt: skip
    pages = tmp_path / "pages"
    for name in ("index.html", "bookkeeping/index.html"):
        (pages / name).parent.mkdir(parents=True, exist_ok=True)
        (pages / name).write_text(f"the page {name}")
    places = {"https://id.example.com": service.issuer, "https://intranet.example.com": home}
    written = block(
        "apache.md",
        "apache",
        "OIDCClientID",
        **places,
        **{"OIDCClientID intranet": f"OIDCClientID {made['client_id']}"},
    )
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED)
    config = tmp_path / "apache.conf"
    config.write_text(SERVER.format(folder=tmp_path, port=home.rpartition(":")[2], modules=modules) + written)
    environment = {
        **os.environ,
        "CLIENT_SECRET": made["client_secret"],
        "PASSPHRASE": "a-long-random-value-of-the-test",
    }
    log = tmp_path / "apache.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [apache, "-f", str(config), "-DFOREGROUND"], env=environment, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
    try:
        await_port(home, process, log, tmp_path / "error.log")
        yield Registered(service.issuer, made["client_id"], made["client_secret"], f"{home}/signed-in", f"{home}/")
    finally:
        stop(process)


def test_pages_are_protected_by_role_and_a_sign_out_elsewhere_ends_the_session(
    service: Service, browser: HttpBrowser, intranet: Registered
) -> None:
    home = intranet.signed_out_uri.rstrip("/")
    visitor = Visitor(home, browser)
    first = visitor.get("/")
    assert first.is_redirect
    assert "code_challenge_method=S256" in first.headers["Location"]
    assert browser.heading == "Sign in to your account"
    callback = browser.prove(service.person("ines.moreau"))
    assert callback is not None
    assert visitor.get(callback).text == "the page index.html"
    assert visitor.get("/bookkeeping/").text == "the page bookkeeping/index.html"

    browser.get("/sign-out")
    browser.submit()
    service.deliver()
    assert visitor.here("/").is_redirect, "the session here has ended with the other one"


def test_another_role_is_kept_out_and_signing_out_here_ends_both(
    service: Service, browser: HttpBrowser, intranet: Registered
) -> None:
    home = intranet.signed_out_uri.rstrip("/")
    visitor = Visitor(home, browser)
    visitor.get("/")
    callback = browser.prove(service.person("amelie.dubois"))
    assert callback is not None
    assert visitor.get(callback).text == "the page index.html"
    assert visitor.here("/bookkeeping/").status_code in (401, 403)

    left = visitor.get(f"/signed-in?{urlencode({'logout': f'{home}/'})}")
    assert left.is_redirect, "back at the pages nobody is signed in, and both ask again"
    assert browser.heading == "Sign in to your account"
