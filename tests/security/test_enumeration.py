"""Whether an address has an account is told by nothing: status, length, headers, cookies, text, audit aside (R-09)."""

from urllib.parse import quote, quote_plus

import pytest
from werkzeug.test import TestResponse

from idp.cli import demo_data
from idp.outbox.models import OutboxMessage
from tests.stage import Stage
from tests.web.browser import Browser

WRONG = "a wrong password 11"


def addresses(stage: Stage) -> dict[str, str]:
    """One of each kind, all written with the same number of letters."""
    known = {
        kind: demo_data.address_of(stage.settings.policies_dir, person)
        for kind, person in (
            ("normal", "ines.moreau"),
            ("no second factor", "camille.roux"),
            ("invited", "lea.marchand"),
            ("blocked", "pascal.noel"),
            ("erasure", "margaux.blanc"),
            ("trusted browsers refused", "luc.wouters"),
        )
    }
    return {"unknown": "nobody@nowhere.example", "no address": "not an address", **known}


def face(answer: TestResponse, address: str, browser: Browser) -> tuple[object, ...]:
    """All that a stranger sees, without what they typed and without random values, whose lengths stay."""
    text, typed = answer.text, 0
    for written in {address, quote(address), quote_plus(address)}:  # the way to a new password takes it along
        typed += text.count(written) * len(written.encode())
        text = text.replace(written, "")
    form = browser._read().form
    token = form.values.get("csrf_token", "") if form else ""
    headers = sorted(
        (name, "" if name in ("Content-Length", "Set-Cookie", "Date", "Expires") else value)
        for name, value in answer.headers
    )
    cookies = sorted(
        (line.partition("=")[0], len(line.partition(";")[0]), line.partition(";")[2].partition("Expires")[0])
        for line in answer.headers.getlist("Set-Cookie")
        if not line.startswith("sesame_form=")
    )
    length = len(answer.data) - typed - len(token)
    return answer.status_code, text.replace(token, "") if token else text, length, tuple(headers), tuple(cookies)


def told_apart(faces: dict[str, tuple[object, ...]]) -> dict[str, str]:
    """What differs from the answer for an unknown address."""
    expected = faces["unknown"]
    return {
        kind: str([(a, b) for a, b in zip(seen, expected, strict=True) if a != b])[:1500]
        for kind, seen in faces.items()
        if seen != expected
    }


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_wrong_password_is_answered_alike(own_stage: Stage, language: str) -> None:
    faces = {}
    for kind, address in addresses(own_stage).items():
        browser = own_stage.browser(language=language)
        browser.get("/sign-in?continue_to=/account")
        faces[kind] = face(browser.submit({"email": address, "password": WRONG}), address, browser)
    assert told_apart(faces) == {}


def test_many_wrong_passwords_are_answered_alike(own_stage: Stage) -> None:
    """Counting and blocking begin at the same try for an address that nobody has."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    for number, (kind, address) in enumerate(addresses(own_stage).items()):
        browser = own_stage.browser(network=f"198.51.100.{number + 1}")
        rows[kind] = []
        for _ in range(13):
            browser.get("/sign-in")
            rows[kind].append(face(browser.submit({"email": address, "password": WRONG}), address, browser))
    for turn in range(13):
        assert told_apart({kind: seen[turn] for kind, seen in rows.items()}) == {}, turn


def test_asking_for_a_reset_is_answered_alike(own_stage: Stage) -> None:
    faces, waiting = {}, {}
    for kind, address in addresses(own_stage).items():
        if kind == "no address":
            continue  # an address that cannot exist may be called so
        browser = own_stage.browser()
        browser.get("/reset")
        answer = browser.post({"email": address})
        location = answer.headers.get("Location", "")
        follows = browser._follow(answer) if location else answer
        faces[kind] = (location, *face(answer, address, browser), *face(follows, address, browser))
        with own_stage.work(write=False) as work:
            waiting[kind] = work.session.query(OutboxMessage).count()
    assert told_apart(faces) == {}
    steps = list(waiting.values())
    assert [after - before for before, after in zip(steps, steps[1:], strict=False)] == [1] * (len(steps) - 1)


def test_the_same_statements_answer_every_address(own_stage: Stage) -> None:
    """What a clock could tell apart is above all another number of statements; Argon2 runs in any case."""
    counts = {}
    for kind, address in addresses(own_stage).items():
        browser = own_stage.browser()
        browser.get("/sign-in")
        with own_stage.statements() as seen:
            browser.submit({"email": address, "password": WRONG})
        counts[kind] = [statement.split()[0] for statement in seen]
    assert all(kinds == counts["unknown"] for kinds in counts.values()), counts
