"""oidc-client-ts in a page of its own origin, in Chromium: docs/integrate/single-page.md as it stands there."""

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from tests.interop.conftest import Service, free_port
from tests.interop.pages import block
from tests.interop.test_openid_client import installed  # noqa: F401

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A single-page application</title>
<script type="importmap">{"imports": {
  "oidc-client-ts": "/node_modules/oidc-client-ts/dist/esm/oidc-client-ts.js",
  "jwt-decode": "/node_modules/jwt-decode/build/esm/index.js"
}}</script>
<p id="who">…</p>
<button id="in">Sign in</button> <button id="renew">Renew</button> <button id="call">Call</button>
<button id="out">Sign out</button>
<script type="module">
import { call, current, people, renew, signIn, signOut } from "./app.js"
const say = (text) => { document.getElementById("who").textContent = text }
const act = (id, what) => document.getElementById(id).addEventListener("click", async () => {
  try { await what() } catch (error) { say(`${error}`) }
})
act("in", () => signIn())
act("out", () => signOut())
act("renew", async () => {
  const before = (await people.getUser()).access_token
  const user = await renew()
  say(user.access_token === before ? "the same token" : `renewed, ${user.token_type}`)
})
act("call", async () => {
  const there = await people.metadataService.getUserInfoEndpoint()
  let answer = await call(there)
  say(answer.ok ? `called, ${(await answer.json()).name}` : `${answer.status}`)
})
try {
  const user = await current()
  say(user ? `${user.profile.name}, ${user.profile.roles.join()}, ${user.token_type}` : "nobody")
} catch (error) { say(`${error}`) }
</script>
"""


@pytest.fixture
def home(service: Service, installed: Path, tmp_path: Path) -> Iterator[str]:  # noqa: F811
    """The page, served from an origin of its own."""
    home = f"http://localhost:{free_port()}/"
    client = service.idp(
        "clients", "create", "--name", "en=A page", "--product", "accounting", "--resource", f"{home}api",
        "--auth-method", "none", "--redirect-uri", home, "--post-logout-redirect-uri", home,
    )  # fmt: skip
    places = {
        "https://id.example.com": service.issuer, "https://app.example.com/": home,
        "accounting-app": client["client_id"],
    }  # fmt: skip
    (tmp_path / "node_modules").symlink_to(installed / "node_modules")
    (tmp_path / "app.js").write_text(block("single-page.md", "js", "UserManager", **places), "utf-8")
    (tmp_path / "index.html").write_text(PAGE, "utf-8")
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("localhost", int(home.rpartition(":")[2][:-1])), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield home
        server.shutdown()
        thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_page_signs_in_renews_calls_and_signs_out(service: Service, home: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-headless-shell") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("INTEROP") == "required":
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import expect, sync_playwright

    person = service.person("ines.moreau")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(locale="en-GB").new_page()
        page.set_default_timeout(30_000)
        said = page.locator("#who")
        page.goto(home)
        expect(said).to_have_text("nobody", timeout=30_000)
        page.click("#in")
        page.fill("input[name=email]", person.address)
        page.fill("input[name=password]", person.password)
        page.press("input[name=password]", "Enter")
        page.fill("input[name=code]", pyotp.TOTP(person.secret).now())
        page.press("input[name=code]", "Enter")
        expect(said).to_have_text("Inès Moreau, accounting.bookkeeper, DPoP", timeout=30_000)
        assert page.url == home
        page.click("#renew")
        expect(said).to_have_text("renewed, DPoP", timeout=30_000)
        page.click("#call")
        expect(said).to_have_text("called, Inès Moreau", timeout=30_000)
        page.click("#out")
        page.wait_for_url(f"{home}*")
        expect(said).to_have_text("nobody", timeout=30_000)
        browser.close()
