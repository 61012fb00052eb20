"""The page of sessions and trusted browsers, and the link of a notice, through the forms."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.authn.models import NoticeLink, Session, TotpAuthenticator, TrustedDevice
from idp.web.work import unit_of_work
from tests.outbox_content import facts, mails
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
LIST = "/account/sessions"


def enter(app, holder, *, agent="", trust=False, language="en"):
    """Sign in in a fresh browser, whatever was typed within the last half minute."""
    browser = Browser(app, language=language)
    if agent:
        browser.headers["User-Agent"] = agent
    forget_steps(app, holder)
    browser.get(f"/sign-in?continue_to={LIST}")
    browser.submit({"email": holder.address, "password": holder.password})
    browser.submit({"code": holder.code(), **({"trust": "yes"} if trust else {})})
    assert browser.address == LIST
    return browser


def forget_steps(app, holder):
    with unit_of_work(app, SYSTEM) as work:
        rows = update(TotpAuthenticator).where(TotpAuthenticator.account_id == holder.id)
        work.session.execute(rows.values(last_step=0))


def age(app, **changes):
    """Let time go by for every session."""
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(Session).values(**changes))


def link(browser, text):
    before = browser.text[: browser.text.index(text)]
    return before[before.rindex('href="') + 6 :].split('"')[0]


@pytest.fixture
def two(app, ada):
    """Ada at her desk, and on her telephone, which she trusts."""
    phone = enter(app, ada, agent=PHONE, trust=True)
    desk = enter(app, ada, agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
    return desk, phone


def test_the_list_names_browser_system_and_last_use(app, two):
    desk, _ = two
    desk.get(LIST)

    assert desk.heading == "Sessions and devices"
    assert desk.text.index("Firefox, Windows") < desk.text.index("Other sessions") < desk.text.index("Safari, iPhone")
    assert "You are using it now" in desk.text
    assert "today at" in desk.text
    assert "127.0.0.1" in desk.text
    assert "Trusted until:" in desk.text


def test_the_place_is_named_where_the_operator_told_it(make_app, make_holder, tmp_path):
    (tmp_path / "places.csv").write_text("network,place,latitude,longitude\n127.0.0.0/8,Au coin du feu,50.6,3.1\n")
    app = make_app(network_places=tmp_path / "places.csv")
    ada = make_holder()
    browser = enter(app, ada)
    assert "Au coin du feu" in browser.text
    assert "127.0.0.1" not in browser.text


def test_closing_one_ends_it_at_once_and_tells_everybody(app, two, ada):
    desk, phone = two
    desk.get(LIST)
    desk.get(link(desk, "Close<span"))
    assert desk.heading == "Close the session on Safari, iPhone?"
    desk.submit()

    assert desk.address == f"{LIST}?done=session"
    assert "Safari, iPhone" not in desk.text.split("Trusted browsers")[0]
    phone.get("/account")
    assert phone.address.startswith("/sign-in")
    with unit_of_work(app, SYSTEM) as work:
        assert [fact["reason"] for fact in facts(work, "session.ended")] == ["ended_by_person"]
        [mail] = [mail for mail in mails(work) if mail["template"] == "sessions_ended"]
        assert mail["variables"]["what"] == "Safari, iPhone"
        assert mail["variables"]["device"] == "Firefox, Windows"


def test_opening_the_pages_ends_nothing(app, two):
    desk, phone = two
    desk.get(LIST)
    for address in (link(desk, "Close<span"), f"{LIST}/others", f"{LIST}/everywhere", link(desk, "Stop trusting")):
        desk.get(address)
        assert desk.status == 200
        desk.get(LIST)
    phone.get("/account")
    assert phone.address == "/account"
    with unit_of_work(app, SYSTEM) as work:
        assert facts(work, "session.ended") == []
        assert work.session.query(TrustedDevice).filter(TrustedDevice.skips_second_factor).count() == 1


def test_closing_the_others_keeps_this_one(app, two):
    desk, phone = two
    desk.get(f"{LIST}/others")
    desk.submit()
    assert desk.address == f"{LIST}?done=others"
    assert "open nowhere else" in desk.text
    phone.get("/account")
    assert phone.address.startswith("/sign-in")


def test_signing_out_everywhere_ends_this_one_too_and_every_trust(app, two, ada):
    desk, phone = two
    desk.get(f"{LIST}/everywhere")
    desk.submit()
    assert desk.address == "/sign-out/done"
    for browser in (desk, phone):
        browser.get("/account")
        assert browser.address.startswith("/sign-in")
    phone.submit({"email": ada.address, "password": ada.password})
    assert phone.address.startswith("/sign-in/code")  # MFA-11
    with unit_of_work(app, SYSTEM) as work:
        assert len(facts(work, "session.ended")) == 2


def test_a_browser_that_is_no_longer_trusted_is_asked_for_a_code(app, two, ada):
    desk, phone = two
    desk.get(LIST)
    desk.get(link(desk, "Stop trusting it<span"))
    assert desk.heading == "Stop trusting Safari, iPhone?"
    desk.submit()
    assert desk.address == f"{LIST}?done=trusted"
    assert "Stop trusting it" not in desk.text

    phone.get("/account")
    assert phone.address == "/account"  # its session stays
    phone.get("/sign-out")
    phone.submit()
    phone.get("/sign-in")
    phone.submit({"email": ada.address, "password": ada.password})
    assert phone.address.startswith("/sign-in/code")
    with unit_of_work(app, SYSTEM) as work:
        assert "trusted_devices_forgotten" in [mail["template"] for mail in mails(work)]


def test_ending_asks_for_a_code_once_the_proof_is_five_minutes_old(app, two, ada):
    desk, phone = two
    old = datetime.now(UTC) - timedelta(minutes=6)
    age(app, second_factor_at=old)
    desk.get(LIST)
    assert desk.address == LIST  # seeing is open to the session
    desk.get(f"{LIST}/others")
    assert desk.address.startswith("/sign-in/code")
    assert "show once more that it is you" in desk.text
    forget_steps(app, ada)
    desk.submit({"code": ada.code()})
    assert desk.address == f"{LIST}/others"
    desk.submit()
    assert desk.address == f"{LIST}?done=others"


def test_a_form_shown_in_time_counts_for_five_minutes_more_and_no_longer(app, two, ada):
    desk, phone = two
    desk.get(f"{LIST}/others")
    form = desk.form.values
    age(app, second_factor_at=datetime.now(UTC) - timedelta(minutes=10, seconds=5))
    desk._send("POST", f"{LIST}/others", data=form)
    assert desk.answer.headers["Location"] == "/sign-in?continue_to=%2Faccount%2Fsessions%2Fothers&step_up=1"
    phone.get("/account")
    assert phone.address == "/account"  # nothing was done

    age(app, second_factor_at=datetime.now(UTC) - timedelta(minutes=9, seconds=50))
    desk._send("POST", f"{LIST}/others", data=form)
    assert desk.answer.headers["Location"] == f"{LIST}?done=others"


def test_a_trusted_browser_is_no_fresh_proof(app, two, ada):
    _, phone = two
    phone.get("/sign-out")
    phone.submit()
    phone.get(f"/sign-in?continue_to={LIST}/others")
    phone.submit({"email": ada.address, "password": ada.password})
    assert phone.address.startswith("/sign-in/code")


def test_who_is_not_signed_in_comes_back_to_the_page(app, ada):
    browser = Browser(app)
    browser.get(f"{LIST}/others")
    assert browser.address.startswith("/sign-in?continue_to=%2Faccount%2Fsessions%2Fothers")


def test_nobody_ends_the_session_of_somebody_else(app, two, ada, make_holder):
    bob = enter(app, make_holder("bob@company.example"))
    with unit_of_work(app, SYSTEM) as work:
        sessions = list(work.session.scalars(select(Session.id).where(Session.account_id == ada.id)))
        trusts = list(work.session.scalars(select(TrustedDevice.id).where(TrustedDevice.account_id == ada.id)))
    addresses = [f"{LIST}/{key}/end" for key in sessions] + [f"{LIST}/trusted/{key}/forget" for key in trusts]
    assert len(addresses) > 3
    bob.get(f"{LIST}/others")
    form = bob.form.values
    for address in addresses:
        assert bob._send("GET", address).status_code == 404
        assert bob._send("POST", address, data=form).status_code == 404
    desk, phone = two
    for browser in (desk, phone):
        browser.get("/account")
        assert browser.address == "/account"


def test_the_french_list_reads_as_french(app, ada):
    browser = enter(app, ada, language="fr")
    browser.get(f"{LIST}?set_locale=fr&ui_locales=fr")
    assert browser.heading == "Sessions et appareils"
    assert "Vous l’utilisez en ce moment" in browser.text


def test_a_sessions_whose_hour_is_over_is_not_listed(app, two):
    desk, _ = two
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(
            update(Session)
            .where(Session.user_agent == PHONE)
            .values(last_seen_at=datetime.now(UTC) - timedelta(minutes=61))
        )
    desk.get(LIST)
    assert "Safari, iPhone" not in desk.text.split("Trusted browsers")[0]


# --- the link of a notice ---


def not_me(app, template):
    with unit_of_work(app, SYSTEM) as work:
        return [mail for mail in mails(work) if mail["template"] == template][0]["variables"]["path"]


def test_it_was_not_me(app, two, ada):
    desk, phone = two
    path = not_me(app, "new_sign_in")
    mailbox = Browser(app)
    for _ in range(2):  # a mail scanner
        mailbox.get(path)
        assert mailbox.heading == "Was it not you?"
        assert "Firefox, Windows" in mailbox.text
    desk.get("/account")
    assert desk.address == "/account"

    mailbox.submit()
    assert mailbox.address.startswith("/sign-in/code")
    desk.get("/account")
    assert desk.address.startswith("/sign-in")
    phone.get("/account")
    assert phone.address == "/account"
    forget_steps(app, ada)
    mailbox.submit({"code": ada.code()})
    assert mailbox.address.startswith("/reset/new-password")
    mailbox.submit({"password": "une autre colline au moulin 8", "password_again": "une autre colline au moulin 8"})
    assert mailbox.address == "/account/authenticators"
    phone.get("/account")
    assert phone.address.startswith("/sign-in")

    mailbox.get(path)
    assert (mailbox.status, mailbox.heading) == (410, "This link was already used")


def test_a_link_that_is_over_or_unknown_leads_on(app, two):
    path = not_me(app, "new_sign_in")
    with unit_of_work(app, SYSTEM) as work:
        over = datetime.now(UTC) - timedelta(seconds=1)
        work.session.execute(update(NoticeLink).values(created_at=over - timedelta(hours=1), expires_at=over))
    browser = Browser(app)
    browser.get(path)
    assert (browser.status, browser.heading) == (410, "This link is no longer valid")
    assert 'href="/reset"' in browser.text
    for unknown in ("/not-me/x", "/not-me/" + "y" * 300):
        browser.get(unknown)
        assert browser.status == 404


def test_a_link_from_another_mailbox_has_the_reset_link_mailed(app, two, ada):
    desk, _ = two
    path = not_me(app, "new_sign_in")
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(update(NoticeLink).values(canonical="ada@before.example"))
    browser = Browser(app)
    browser.get(path)
    browser.submit()
    assert browser.heading == "That session is closed"
    assert "we have sent a link to the address you sign in with" in browser.text
    with unit_of_work(app, SYSTEM) as work:
        assert [fact["canonical"] for fact in facts(work, "reset.asked")] == [ada.address]


@pytest.mark.parametrize("way", ["others", "everywhere"])
def test_the_log_says_who_ended_them_and_the_notice_where(app, ada, two, way):
    desk, _ = two
    with unit_of_work(app, SYSTEM) as work:
        known = {row.id for row in work.session.scalars(select(NoticeLink))}
    desk.get(f"{LIST}/{way}")
    desk.submit({})
    with unit_of_work(app, SYSTEM) as work:
        ended = work.session.scalars(select(AuditEvent).where(AuditEvent.name == "session.ended")).all()
        assert ended
        assert {(event.actor_kind, event.actor_id) for event in ended} == {("account", ada.id)}
        links = [row for row in work.session.scalars(select(NoticeLink)) if row.id not in known]
        assert links
        assert {link.session_id for link in links} == {event.session_id for event in ended}


def test_ending_one_and_withdrawing_trust_are_noted_as_acts_of_the_person(app, ada, two):
    desk, _ = two
    for mark in (f"{LIST}/trusted/", "/end"):
        desk.get(LIST)
        paths = re.findall(rf'href="({LIST}/[^"]+)"', desk.text)
        desk.get(next(path for path in paths if mark in path))
        desk.submit({})
    with unit_of_work(app, SYSTEM) as work:
        names = ("session.ended", "trusted_device.forgotten")
        events = work.session.scalars(select(AuditEvent).where(AuditEvent.name.in_(names))).all()
        assert {event.name for event in events} == set(names)
        assert {event.actor_id for event in events} == {ada.id}
