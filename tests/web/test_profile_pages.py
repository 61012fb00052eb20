"""The account page, and a person's own names and language."""

from collections.abc import Callable

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

DETAILS = {"given_name": "Augusta Ada", "family_name": "King", "locale": "en-GB"}


def account_of(app: Application, holder: Holder) -> tuple[str, str, str]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        account = work.session.get(Account, holder.id)
        assert account is not None
        return account.given_name, account.family_name, account.locale


def test_the_account_page_leads_everywhere_and_needs_a_session(browser: Browser, ada: Holder) -> None:
    browser.get("/account")
    assert browser.heading == "Sign in to your account"
    sign_in(browser, ada)
    assert browser.heading == "My account"
    for page in ("details", "email", "password", "authenticators", "contacts", "sessions", "history", "applications"):
        assert browser.text.count(f'href="/account/{page}"') == 2, page  # in the navigation and in the list
    assert 'href="/account/sharing"' not in browser.text  # no notice to read
    for page in ("access", "privacy"):
        assert f'href="/account/{page}"' in browser.text
    assert ada.address in browser.text


def test_names_and_language_are_kept_and_spoken_at_once(app: Application, browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    browser.get("/account/details")
    assert browser.form.values["given_name"] == "Ada"
    browser.submit({**DETAILS, "given_name": "  Augusta   Ada ", "locale": "fr-BE"})
    assert browser.address == "/account/details?saved=1"
    assert browser.heading == "Mes coordonnées"
    assert account_of(app, ada) == ("Augusta Ada", "King", "fr-BE")
    with unit_of_work(app, SYSTEM, write=False) as work:
        event = work.session.query(AuditEvent).filter_by(name="profile.changed").one()
        assert event.details == {"changed": ["family_name", "given_name", "locale"]}
        assert event.user_agent != ""

    browser.submit({**DETAILS, "locale": "fr-BE"})  # nothing is different
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(AuditEvent).filter_by(name="profile.changed").count() == 1


def test_what_cannot_be_a_name_is_explained_and_what_was_typed_stays(
    app: Application, browser: Browser, ada: Holder
) -> None:
    sign_in(browser, ada)
    before = account_of(app, ada)
    for wrong, field in (
        ({"given_name": "   "}, "given_name"),
        ({"family_name": "K" * 101}, "family_name"),
        ({"given_name": "Ada\u202egnik"}, "given_name"),
        ({"given_name": "Ada\u200b"}, "given_name"),
        ({"locale": "xx-XX"}, "locale"),
        ({"locale": ""}, "locale"),
        ({"phone": "1"}, None),
    ):
        browser.get("/account/details")
        browser.submit({**DETAILS, **wrong})
        assert browser.status == 422, wrong
        assert browser.title.startswith("Error:")
        assert field is None or f'href="#{field}"' in browser.text
        assert browser.form.values["family_name"] == {**DETAILS, **wrong}["family_name"]
    assert account_of(app, ada) == before


def test_the_form_speaks_another_language_without_losing_what_was_typed(browser: Browser, ada: Holder) -> None:
    sign_in(browser, ada)
    browser.get("/account/details")
    browser.submit({**DETAILS, "set_locale": "fr"})
    assert (browser.status, browser.heading) == (200, "Mes coordonnées")
    assert browser.form.values["given_name"] == "Augusta Ada"


def test_a_language_without_pages_leaves_the_browser_as_it_was(
    app: Application, browser: Browser, make_holder: Callable[..., Holder]
) -> None:
    holder = make_holder("lotte@company.example")
    sign_in(browser, holder)
    browser.get("/account/details")
    browser.submit({**DETAILS, "locale": "nl-BE"})
    assert browser.heading == "My details"
    assert account_of(app, holder)[2] == "nl-BE"
    assert browser.cookie("sesame_lang") is None
