"""The local mailbox: in development mode, from this machine, and nowhere else."""

from collections.abc import Callable

import pytest

from idp.outbox.models import LocalMail
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM

LINK = "http://localhost:8000/activation/abc"


@pytest.fixture
def development(make_app: Callable[..., Application]) -> Application:
    app = make_app(development=True)
    with unit_of_work(app, SYSTEM) as work:
        for number in range(25):
            work.session.add(
                LocalMail(
                    recipient="lea@company.example",
                    subject=f"Letter {number} <b>",
                    text_body=f"Hello <script>alert(1)</script>\n\n{LINK}\n\nSee {LINK}.",
                    html_body="<p style='color:red'>Hello</p>",
                    sent_at=work.later(seconds=number).now,
                )
            )
    return app


@pytest.mark.parametrize("path", ["/dev/mailbox", "/dev/mailbox/01a201b5-bd3c-77c1-9210-3e197d5ba57f"])
def test_there_is_no_mailbox_outside_development(app: Application, path: str) -> None:
    assert app.test_client().get(path).status_code == 404


def test_nobody_else_on_the_network_finds_it(development: Application) -> None:
    assert Browser(development, network="192.0.2.7").get("/dev/mailbox").status_code == 404


def test_letters_are_listed_newest_first_page_by_page(development: Application) -> None:
    browser = Browser(development)
    browser.get("/dev/mailbox")
    assert "Letter 24 &lt;b&gt;" in browser.text
    assert "Letter 4 " not in browser.text
    browser.get("/dev/mailbox?page=2")
    assert "Letter 4 " in browser.text
    assert "Letter 24" not in browser.text
    for page in ("0", "x", "-1", "99999999", "³"):
        assert browser.get(f"/dev/mailbox?page={page}").status_code == 200


def test_a_letter_shows_its_text_and_each_link_once(development: Application) -> None:
    browser = Browser(development)
    browser.get("/dev/mailbox")
    address = browser.text.split('class="row" href="')[1].split('"')[0]
    browser.get(address)
    assert "&lt;script&gt;" in browser.text
    assert "<script>alert" not in browser.text
    assert browser.text.count(f'href="{LINK}"') == 1

    part = browser.get(f"{address}/html")
    policy = part.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert "style='color:red'" in part.text
    assert browser.get("/dev/mailbox/01a201b5-bd3c-77c1-9210-3e197d5ba57f").status_code == 404
