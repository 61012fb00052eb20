"""A running demonstration and a real browser in front of it; every page is watched for what a person never sees."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Response, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests import stage as stages
from tests.browser import demonstration, picture, scene
from tests.browser.demonstration import ROOT, Demonstration
from tests.browser.guide import Guide
from tests.browser.person import Person
from tests.security.serving import free_port

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]
# Chromium without the parts that draw a window, where there is one: the same pages for half of the processor's time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LOCALES = {"fr": "fr-FR", "en": "en-GB"}

Visit = Callable[..., Page]
SignedIn = Callable[..., Person]

_opened: list[BrowserContext] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure, tell what was on the pages: nobody can look at them afterwards."""
    report = yield
    if report.failed and call.when == "call":
        for page in [page for context in _opened for page in context.pages]:
            try:
                report.sections.append((f"the page {page.url}", page.locator("body").inner_text(timeout=1000)))
            except Error as error:
                report.sections.append((f"the page {page.url}", str(error)))
    return report


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Everything that `make run` starts. It ends with the last file of this folder, not of them all: it would look for
    mail to send all the while."""
    running, process = demonstration.start(tmp_path_factory.mktemp("demonstration") / "var")
    yield running
    demonstration.stop(process)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The distribution's browser. Of a module, not a session: Playwright's event loop would be in the way of others."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "These tests need Chromium; .ci/run installs it."
    expect.set_options(timeout=10_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(demo: Demonstration, chromium: Browser) -> Iterator[Visit]:
    """Open a browser of one's own: `visit("fr")`; options are those of a Playwright context.

    At the end nothing may have been blocked by the content security policy, no script may have failed, no style sheet,
    script or picture may be missing, and no program may have failed on its side.
    """
    failed_before = demo.failures()
    faults: list[str] = []

    def visit(language: str = "fr", *, javascript: bool = True, width: int = 1280, **options: object) -> Page:
        context = chromium.new_context(
            locale=LOCALES[language],
            java_script_enabled=javascript,
            viewport={"width": width, "height": 812 if width < 600 else 800},
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(10_000)
        _opened.append(context)
        watch(context, faults)
        return context.new_page()

    yield visit
    while _opened:
        _opened.pop().close()
    assert faults == []
    assert demo.failures() == failed_before


def watch(context: BrowserContext, faults: list[str]) -> None:
    """Note what a person never sees: what was blocked, is missing, or failed in a script."""

    def answered(response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            faults.append(f"{response.status} {response.url}")

    def said(kind: str, text: str) -> None:
        # What Chromium says of any page with an error status; `answered` looks at everything a page needs.
        if kind in ("error", "warning") and not re.match(r"Failed to load resource: .* status of 4\d\d", text):
            faults.append(text)

    context.on("response", answered)
    context.on("console", lambda message: said(message.type, message.text))
    context.on("weberror", lambda error: faults.append(str(error.error)))


@pytest.fixture
def somebody(demo: Demonstration, visit: Visit) -> SignedIn:
    """A person of the demonstration with a browser of their own, not signed in anywhere."""

    def somebody(name: str, language: str = "fr", **options: object) -> Person:
        return Person(demo, visit(language, **options), name, language)

    return somebody


_kept: dict[tuple[int, str], object] = {}


@pytest.fixture
def signed_in(demo: Demonstration, visit: Visit) -> SignedIn:
    """A person who is signed in already: the cookies of a first sign-in serve all later tests, as long as they do."""

    def signed_in(name: str, language: str = "fr", **options: object) -> Person:
        key = demo.port, name
        person = Person(demo, visit(language, storage_state=_kept.get(key), **options), name, language)
        if not person.page.request.get(f"{demo.service}/account", max_redirects=0).ok:
            person.sign_in_at_home()
            _kept[key] = person.page.context.storage_state()
        return person

    return signed_in


@pytest.fixture
def keep_picture(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page, str], None]:
    """Take a picture: for the folder named by SCREENSHOTS, with a palette; otherwise for one that does not last."""
    chosen = os.environ.get("SCREENSHOTS")
    folder = ROOT / chosen if chosen else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        png, path = page.screenshot(animations="disabled", caret="hide"), folder / f"{name}.png"
        if chosen:
            picture.keep(chromium, png, path)
        else:
            path.write_bytes(png)

    return keep


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guide]:
    """The demonstration, served by this very process, and who knows the ways in it."""
    folder, port = tmp_path_factory.mktemp("tour"), free_port()
    stages.load(folder, f"sqlite:///{folder / 'idp.sqlite3'}")
    original = stages.Demonstration(folder, lambda to: stages._copy_sqlite(folder, to))
    issuer = f"http://localhost:{port}"
    with original.stage(tmp_path_factory.mktemp("stage"), issuer=issuer, listen_port=port) as stage:
        server = make_server("localhost", port, stage.app, threaded=True, request_handler=Quiet)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        made = Guide(stage)
        scene.prepare(made)
        yield made
        server.shutdown()
        thread.join(10)
        server.server_close()
