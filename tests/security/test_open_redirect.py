"""No address a stranger makes up leads a browser away from this service (R-26, R-45, R-56)."""

import re
from urllib.parse import quote

import pytest
from sqlalchemy import select

from idp.authn import activation
from idp.authn.facts import HANDLERS
from idp.oidc import logout
from idp.outbox.deliver import Deliverer
from idp.outbox.models import LocalMail
from idp.outbox.smtp import mailer
from tests.stage import Stage

AWAY = [
    "https://evil.example/",
    "http://evil.example",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/%09/evil.example",
    "/\n/evil.example",
    "/\r\nLocation: https://evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "https:evil.example",
    "http:///evil.example",
    "evil.example",
    "@evil.example",
    "/.evil.example/../..//evil.example",
    "//localhost@evil.example",
    "/\u2044/evil.example",
    "/\x00/evil.example",
]


def leads_away(location: str) -> bool:
    """Whether a browser would leave, read as browsers do: blanks dropped, backslashes turned."""
    read = re.sub(r"[\t\r\n]", "", location.strip()).replace("\\", "/")
    return not re.match(r"^(/(?!/)|http://localhost(/|$))", read)


@pytest.mark.parametrize("address", AWAY)
def test_a_sign_in_ends_here(stage: Stage, address: str) -> None:
    person, browser = stage.person("ines.moreau"), stage.browser()
    stage.forget_steps("ines.moreau")
    answer = browser.get(f"/sign-in?continue_to={quote(address)}")
    for values in ({"email": person.address, "password": person.password}, {"code": person.code()}):
        answer = browser.post(values)
        while answer.status_code == 303:
            location = answer.headers["Location"]
            assert not leads_away(location), location
            assert "\n" not in location
            answer = browser._send("GET", location)
            if browser.address.partition("?")[0] == "/":
                break
    assert browser.cookie("sesame_session")
    signed_in = stage.signed_in("ines.moreau")
    answer = signed_in._send("GET", f"/sign-in?continue_to={quote(address)}")
    assert answer.status_code == 303
    assert not leads_away(answer.headers["Location"])


@pytest.mark.parametrize("address", AWAY)
def test_no_page_links_away(stage: Stage, address: str) -> None:
    browser = stage.browser()
    for path in ("/sign-in", "/reset", "/sign-in/code", "/activation/x", "/sign-out/done"):
        browser.get(f"{path}?continue_to={quote(address)}")
        links = re.findall(r'(?:href|action|src)="([^"]*)"', browser.text)
        for link in links:
            assert not link.startswith(("javascript:", "data:", "//")), link
            assert "evil.example" not in link.partition("?")[0], link


@pytest.mark.parametrize("address", AWAY)
def test_the_language_button_stays_here(stage: Stage, address: str) -> None:
    browser = stage.browser()
    browser.get("/sign-in")
    token = browser.form.values["csrf_token"]
    data = {"csrf_token": token, "set_locale": "fr", "continue_to": address}
    answer = browser._send("POST", "/language", data=data)
    assert answer.status_code in (303, 422)
    assert not leads_away(answer.headers.get("Location", "/"))


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example:80", "[::2]"]
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/oauth/authorize", "/.well-known/openid-configuration", "/account"])
def test_another_host_is_answered_with_nothing_of_it(stage: Stage, host: str, path: str) -> None:
    answer = stage.app.test_client().get(path, headers={"Host": host})
    if path == "/.well-known/openid-configuration" and answer.status_code == 200:
        assert answer.json["issuer"] == stage.settings.issuer
    else:
        assert answer.status_code in (400, 421)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)


FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-For": "203.0.113.99",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "host=evil.example;proto=https",
    "X-Host": "evil.example",
    "X-Original-URL": "/account",
    "X-Rewrite-URL": "/account",
    "Base-Url": "https://evil.example",
}


def test_forwarded_headers_say_nothing_without_a_trusted_proxy(own_stage: Stage) -> None:
    """Not in redirects, pages, metadata; above all not in mails."""
    stage, person = own_stage, own_stage.person("ines.moreau")
    browser = stage.browser()
    browser.headers.update(FORWARDED)
    for path in ("/account", "/sign-in", "/reset", "/.well-known/openid-configuration", "/oauth/authorize"):
        answer = browser._send("GET", path)
        assert "evil" not in answer.text
        assert "evil" not in str(answer.headers)
    browser.get("/reset")
    browser.submit({"email": person.address})
    with stage.work() as work:
        activation.invite(work, address="new@company.example", locale="en-GB")
    Deliverer(
        lambda: stage.work(write=False), mailer(stage.settings),
        handlers={**HANDLERS, "session.ended": logout.session_ended}, callers={"backchannel_logout": logout.deliver},
    ).run_due()  # fmt: skip
    with stage.work(write=False) as work:
        mails = work.session.execute(select(LocalMail.recipient, LocalMail.text_body, LocalMail.html_body)).all()
    asked_for = {person.address, "new@company.example"}  # beside the mails of the demonstration's own affairs
    assert asked_for <= {mail.recipient for mail in mails}
    for mail in mails:
        assert "evil" not in mail.text_body + mail.html_body
        if mail.recipient not in asked_for:
            continue
        for body in (mail.text_body, mail.html_body):
            assert "evil" not in body
            assert f"{stage.settings.issuer}/" in body
        addresses = set(re.findall(r"https?://[^\s\"<>]+", mail.text_body))
        assert addresses
        assert all(each.startswith(f"{stage.settings.issuer}/") for each in addresses), addresses
