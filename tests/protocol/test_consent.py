"""Consent: asked by client, scopes and company; said in words; taken back (R-42, OIDC Core §3.1.2.4)."""

import re

import pytest

from tests.party import Party, query_of
from tests.stage import Stage
from tests.web.browser import Browser

NAMES = {"en": "Ledger reader", "fr": "Lecteur de journaux"}
PRODUCT = {"product": "accounting", "resource": "https://api.ledger.example"}


def english(browser: Browser) -> Browser:
    browser.client.set_cookie("sesame_lang", "en")
    return browser


@pytest.fixture
def ledger(stage: Stage) -> Party:
    """An application of somebody else that wants no roles."""
    return stage.register(trusted=False, names=NAMES, home_uri="https://ledger.example/about")


def asked(browser: Browser, party: Party, **parameters: str) -> Browser:
    browser.get(party.asking(**parameters))
    assert browser.address.startswith("/consent?"), browser.text[:600]
    return browser


def test_the_page_says_who_asks_and_what_stays_out_of_reach(ledger: Party, ines: Browser) -> None:
    page = asked(english(ines), ledger, scope="openid offline_access").text
    for said in (
        "Allow Ledger reader to use your account?", "is not one of our products", "app.company.example",
        "recognise you when you come back", "stay connected for up to 30 days",
        "your password, your codes and your recovery contacts", "your name", "your e-mail address", "your companies",
        "You can take this back at any time",
    ):  # fmt: skip
        assert said in page, said
    assert 'href="https://ledger.example/about"' in ines.text
    assert "see your name" not in page
    assert "<img" not in ines.text, "nothing of a stranger is loaded before the person has agreed"


def test_its_own_pages_are_led_to_in_words(stage: Stage, ines: Browser) -> None:
    """OIDC Registration §2: `client_uri`, `policy_uri`, `tos_uri`; a page on this computer is nobody's."""
    pages = {"policy_uri": "https://ledger.example/privacy?a=1&b=2", "tos_uri": "https://ledger.example/terms"}
    told = {**pages, "client_uri": "https://ledger.example/"}
    party = stage.register(trusted=False, names=NAMES, options=told)
    source = asked(english(ines), party).text
    for words, address in (
        ("About Ledger reader (new tab)", told["client_uri"]),
        ("Privacy policy of Ledger reader (new tab)", "https://ledger.example/privacy?a=1&amp;b=2"),
        ("Terms of Ledger reader (new tab)", pages["tos_uri"]),
    ):
        link = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{words}</a>'
        assert link in source, words
    local = dict.fromkeys(told, "http://127.0.0.1:8000/page")
    source = asked(ines, stage.register(trusted=False, names=NAMES, options=local)).text
    assert "127.0.0.1" not in source
    assert "(new tab)" not in source


def test_saying_yes_and_saying_no_look_alike(ledger: Party, ines: Browser) -> None:
    source = asked(english(ines), ledger).text
    allow, refuse = (re.search(rf'<button class="([^"]*)"[^>]*value="{each}"', source) for each in ("allow", "refuse"))
    assert allow is not None
    assert refuse is not None
    assert allow.group(1) == refuse.group(1)


def test_more_than_was_allowed_is_asked_by_itself(ledger: Party, ines: Browser) -> None:
    asked(english(ines), ledger, scope="openid").submit({"decision": "allow"})
    assert "code" in ledger.ask(ines, scope="openid"), "the same is not asked again"
    page = asked(ines, ledger, scope="openid email")
    assert "Allow Ledger reader to do more?" in page.text
    before, _, after = page.text.partition("you have allowed it to")
    assert "see your e-mail address" in before
    assert "recognise you when you come back" in after
    assert "recognise you when you come back" not in before
    page.submit({"decision": "allow"})
    for scope in ("openid", "openid email", "email"):
        assert "code" in ledger.ask(ines, scope=scope)


def test_what_was_refused_stays_refused_and_the_rest_allowed(ledger: Party, ines: Browser) -> None:
    asked(ines, ledger, scope="openid").submit({"decision": "allow"})
    location = asked(ines, ledger, scope="openid email").submit({"decision": "refuse"}).headers["Location"]
    assert query_of(location)["error"] == "access_denied"
    assert "code" in ledger.ask(ines, scope="openid")
    assert ledger.ask(ines, scope="openid email", prompt="none")["error"] == "consent_required"


def test_prompt_consent_asks_everything_again(ledger: Party, ines: Browser) -> None:
    asked(english(ines), ledger, scope="openid").submit({"decision": "allow"})
    page = asked(ines, ledger, scope="openid", prompt="consent").text
    assert "Allow Ledger reader to use your account?" in page
    assert "recognise you when you come back" in page


def test_another_company_is_asked_for_by_itself(stage: Stage, julien: Browser) -> None:
    """What a person agreed to for one company says nothing of another one."""
    ledger = stage.register(trusted=False, names=NAMES, **PRODUCT)
    one, other = (str(stage.company(name)) for name in ("atelier-lumen", "studio-mirabelle"))
    english(julien)
    page = asked(julien, ledger, scope="openid", company=one)
    assert "Atelier Lumen" in page.text
    assert "your other companies" in page.text
    page.submit({"decision": "allow"})
    assert "code" in ledger.ask(julien, scope="openid", company=one)
    page = asked(julien, ledger, scope="openid", company=other)
    assert "Studio Mirabelle" in page.text
    before, _, after = page.text.partition("you have allowed it to")
    assert "your role in Accounting there" in before
    assert "recognise you" in after
    page.submit({"decision": "allow"})
    for company in (one, other):
        assert "code" in ledger.ask(julien, scope="openid", company=company)

    julien.get(f"/account/applications/{ledger.client_id}")
    assert "Atelier Lumen SARL, Studio Mirabelle" in julien.text


def test_a_product_of_ours_never_asks(books: Party, ines: Browser) -> None:
    assert "code" in books.ask(ines)
    assert "code" in books.ask(ines, prompt="consent")


def test_taking_it_back_ends_the_tokens_and_asks_again(stage: Stage, ledger: Party) -> None:
    browser = stage.sign_in("ines.moreau")
    asked(browser, ledger).submit({"decision": "allow"})
    tokens = ledger.tokens(browser)
    browser.get(f"/account/applications/{ledger.client_id}")
    browser.submit()
    assert ledger.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"  # type: ignore[index]
    assert ledger.userinfo(tokens["access_token"]).status_code == 401
    assert ledger.ask(browser, prompt="none")["error"] == "consent_required"
