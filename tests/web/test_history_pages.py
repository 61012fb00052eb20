"""The history of an account in words: every event that may concern a person has its sentence, and nobody else's is
shown."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask_babel import force_locale

from idp.accounts import email_address
from idp.audit import history, log
from idp.audit.events import EVENTS
from idp.audit.history import Entry, Subject
from idp.authn import throttle
from idp.core.ids import uuid7
from idp.web.pages.security_history import _names
from idp.web.sentences import METHODS, NOT_TOLD, SENTENCES, VARIED, sentence
from idp.web.work import Application, unit_of_work
from idp.work import Actor, Work
from tests.conftest import NOW, OpenWork
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

PAGE = "/account/history"
NAMES = {"company": "Atelier Lumen", "product": "Comptabilité", "role": "Lecteur", "application": "Relevés"}
ENTRY = Entry(
    id=uuid7(), sequence=1, name="", at=NOW, actor_kind="account",
    actor_id=None, company_id=None, session_id=None, network="", user_agent="", outcome="done",
    details={"methods": ["pwd", "otp"], "left": 9, "case": "C-1", "reason": "?", "status": "?", "way": "?"},
)  # fmt: skip


def note(work: Work, holder: Holder, name: str, *, actor: Actor | None = None, **details: object) -> None:
    acting = work.acting(actor or Actor(kind="account", id=holder.id, network="192.0.2.7"))
    log.record(acting, name, ("account", holder.id), **details)


def lines(browser: Browser) -> list[str]:
    """What the page says happened, the newest first."""
    rows = re.findall(r'<th scope="row">(.*?)</th>', browser.text, re.S)
    return [re.sub(r"<[^>]+>", "", row).strip() for row in rows]


def test_every_event_has_a_sentence_or_a_reason_for_having_none() -> None:
    plain = {name for name in SENTENCES if ":" not in name}
    assert plain | set(NOT_TOLD) == set(EVENTS)
    assert plain & set(NOT_TOLD) == set()
    assert all(NOT_TOLD.values())


def test_a_sentence_for_one_value_belongs_to_an_event_that_varies() -> None:
    assert {name.split(":")[0] for name in SENTENCES if ":" in name} <= set(VARIED)
    assert set(VARIED) <= set(SENTENCES)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_sentence_reads_in_both_languages(app: Application, language: str) -> None:
    with app.app_context(), force_locale(language):
        seen = {}
        for name in SENTENCES:
            event, _, value = name.partition(":")
            details = {**ENTRY.details, **({VARIED[event]: value} if value else {})}
            seen[name] = sentence(replace(ENTRY, name=event, details=details), NAMES)
            bare = sentence(replace(ENTRY, name=event, details={}), {})
            assert "%(" not in seen[name] + bare
            assert seen[name].endswith("."), name
        assert len(set(seen.values())) == len(seen), "two events read alike"
        assert "Relevés" in seen["consent.given"]
        assert "Lecteur" in seen["role.granted"]
        assert str(METHODS["pwd"]) in seen["session.started"]


def test_a_day_of_an_account_is_told_the_newest_first(app: Application, browser: Browser, ada: Holder) -> None:
    stranger = Browser(app, network="198.51.100.9")
    stranger.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36"
    stranger.get("/sign-in")
    stranger.submit({"email": ada.address, "password": "not the right one"})
    stranger.get("/reset")
    stranger.submit({"email": ada.address})
    browser.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    sign_in(browser, ada, to=PAGE)

    assert browser.heading == "Security history"
    assert lines(browser)[:3] == [
        "You signed in: password, code of the app.",
        "A link to choose a new password was asked for.",
        "A wrong password was typed. (refused)",
    ]
    assert "Chrome, Windows · 198.51.100.9" in browser.text
    assert "Firefox, Linux · 127.0.0.1" in browser.text
    assert "today at" in browser.text
    browser.get(f"{PAGE}?ui_locales=fr")
    assert browser.heading == "Historique de sécurité"
    assert lines(browser)[0] == "Connexion\u00a0: mot de passe, code de l’application."


def test_nothing_of_another_person_is_shown(
    app: Application, browser: Browser, ada: Holder, make_holder: Callable[..., Holder]
) -> None:
    other = make_holder("grace@company.example")
    with unit_of_work(app, SYSTEM) as work:
        note(work, other, "passkey.added")
        note(work, other, "role.granted", actor=Actor(kind="account", id=ada.id), product="accounting", role="x")
        taken = email_address.primary_address(work, ada.id)
        hint = throttle.subject_hint(work, taken.canonical)
        earlier = work.later(days=-400)
        log.record(earlier, "reset.asked", ("address", hint))  # of whoever had the address before
    sign_in(browser, ada, to=PAGE)
    assert lines(browser) == ["You signed in: password, code of the app."]


def test_who_else_acted_is_named_and_their_browser_is_not(
    app: Application, browser: Browser, ada: Holder, make_holder: Callable[..., Holder]
) -> None:
    grace = make_holder("grace@company.example")
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    with unit_of_work(app, SYSTEM) as work:
        admin = Actor(kind="account", id=grace.id, network="203.0.113.5", user_agent=firefox)
        note(work, ada, "role.granted", actor=admin, product="accounting", role="accounting.reader")
        note(work, ada, "account.looked_up", actor=admin)
        note(work, ada, "account.status_changed", actor=Actor(kind="operator", name="root"), status="active")
    sign_in(browser, ada, to=PAGE)
    browser.get(PAGE)
    told = lines(browser)
    assert told[1:] == [
        "Your account was opened again.",
        "Our support team looked at the state of your account. It sees no password and no code.",
        "You got a role at –: Read only, Accounting.",
    ]
    assert "Ada Byron" in browser.text  # the makers call everybody so: the administrator, too
    assert "our support team" in browser.text
    assert "our service" in browser.text
    assert "203.0.113.5" not in browser.text
    assert "root" not in browser.text


def test_a_long_history_comes_in_pages_both_ways(app: Application, browser: Browser, ada: Holder) -> None:
    with unit_of_work(app, SYSTEM) as work:
        for number in range(3 * history.LISTED):
            note(work, ada, "recovery_code.used", left=number)
            note(work, ada, "password.rehashed")  # nothing for the holder to read
    sign_in(browser, ada, to=PAGE)
    seen = lines(browser)
    assert len(seen) == history.LISTED
    assert f"1 to {history.LISTED} of {3 * history.LISTED + 1}" in browser.text
    while 'rel="next"' in browser.text:
        following = browser.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        browser.get(following)
        seen += lines(browser)
    assert len(seen) == len(set(seen)) == 3 * history.LISTED + 1
    before = browser.text.split('rel="prev"')[0].rsplit('href="', 1)[1].split('"')[0]
    browser.get(before)
    assert lines(browser) == seen[2 * history.LISTED : 3 * history.LISTED]
    browser.get(f"{PAGE}?after=forged")
    assert lines(browser) == seen[: history.LISTED]
    assert str(ada.id) not in following


def test_a_page_reads_few_rows_of_a_long_log(open_work: OpenWork) -> None:
    """Three statements, whatever the number of events and of subjects."""
    work = open_work()
    work.write()
    me = uuid7()
    for number in range(60):
        log.record(work, "password.refused", ("account", me if number % 2 else uuid7()), outcome="refused")
    subjects = [Subject("account", str(me)), Subject("address", "0" * 32, work.now - timedelta(days=1))]
    first = history.about(work, subjects, limit=10)
    assert (len(first.entries), first.first, first.total, first.previous) == (10, 1, 30, None)
    second = history.about(work, subjects, limit=10, older_than=first.next)
    assert (second.first, second.previous is not None) == (11, True)
    third = history.about(work, subjects, limit=10, older_than=second.next)
    assert (third.first, third.next) == (21, None)
    again = history.about(work, subjects, limit=10, newer_than=third.previous)
    assert again.entries == second.entries
    assert history.about(work, subjects, older_than=0).entries == ()
    assert history.about(work, subjects, leaving_out={"password.refused"}).total == 0


def test_names_of_what_is_gone_are_words_too(open_work: OpenWork) -> None:
    work = open_work()
    work.write()
    entry = replace(ENTRY, name="role.granted", details={"product": "gone", "role": "gone.role"})
    assert _names(work, entry)["role"]
