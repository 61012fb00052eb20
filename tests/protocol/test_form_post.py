"""Response modes: query, fragment, and the form that the browser posts (Multiple Response Types §2.1, Form Post)."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from idp.core.errors import InvalidInput
from idp.oidc.models import AuthorizationCode
from tests.party import Party, query_of
from tests.stage import Stage
from tests.web.browser import Browser

STRANGE = 'a b&c="d"\'><script>alert(1)</script>é€𝄞%00'


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.fields: dict[str, str] = {}
        self.buttons = 0
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(values)
        elif tag == "input":
            assert values["type"] == "hidden"
            self.fields[values["name"]] = values["value"]
        elif tag == "button":
            self.buttons += 1
        elif tag == "script":
            self.scripts.append(values["src"])


def posted(answer: TestResponse, party: Party) -> dict[str, str]:
    """What the page has the browser post, once it is the page that it should be."""
    assert answer.status_code == 200, answer.text[:300]
    page = _Page(answer.text)
    (form,) = page.forms
    assert (form["method"], form["action"]) == ("post", party.redirect_uri)
    assert page.buttons == 1
    assert [each for each in page.scripts if "/static/send.js" in each]
    assert "<script>" not in answer.text
    assert "onload" not in answer.text
    (policy,) = answer.headers.get_all("Content-Security-Policy")
    rules = dict(rule.partition(" ")[::2] for rule in policy.split("; "))
    assert rules["form-action"] == "/".join(party.redirect_uri.split("/")[:3])
    assert (rules["default-src"], rules["script-src"]) == ("'none'", "'self'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "csrf_token" not in page.fields
    return page.fields


def test_a_code_is_posted_to_the_registered_origin(stage: Stage, books: Party, ines: Browser) -> None:
    fields = posted(ines.get(books.asking(response_mode="form_post")), books)
    assert set(fields) == {"code", "state", "iss"}
    assert (fields["state"], fields["iss"]) == ("a state", stage.settings.issuer)
    assert books.redeem(fields["code"]).status_code == 200


def test_the_code_of_the_page_is_the_only_one(stage: Stage, books: Party, ines: Browser) -> None:
    """The page is made by Flask, after the shortcut has seen that a page is due: what that one made is undone."""
    with stage.work(write=False) as work:
        before = work.session.scalar(select(func.count()).select_from(AuthorizationCode))
    ines.get(books.asking(response_mode="form_post"))
    with stage.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(AuthorizationCode)) == before + 1


EARLY = {
    "a foreign request_uri": ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
    "a bad request object": ({"request": "x"}, "invalid_request_object"),
    "a repeated parameter": ({"nonce": ["one", "two"]}, "invalid_request"),
    "a control character": ({"login_hint": "a\x00"}, "invalid_request"),
}


@pytest.mark.parametrize("wrong", EARLY)
def test_early_errors_come_as_was_asked(books: Party, ines: Browser, wrong: str) -> None:
    """Before the request is looked at as a whole, its mode can be read already."""
    changes, error = EARLY[wrong]
    asked = {**books.parameters(), **changes}
    fields = posted(
        ines.get(f"/oauth/authorize?{urlencode({**asked, 'response_mode': 'form_post'}, doseq=True)}"), books
    )
    assert (fields["error"], fields["state"]) == (error, "a state")
    location = ines.get(f"/oauth/authorize?{urlencode({**asked, 'response_mode': 'fragment'}, doseq=True)}").location
    assert location.startswith(f"{books.redirect_uri}#")
    assert dict(parse_qsl(location.partition("#")[2]))["error"] == error
    for unclear in (["fragment", "form_post"], "web_message", "jwt", ""):  # nor is `jwt` for this client
        query = urlencode({**asked, "response_mode": unclear}, doseq=True)
        assert query_of(ines.get(f"/oauth/authorize?{query}").location)["error"] in (error, "invalid_request")


def test_a_request_that_had_to_be_pushed_or_signed_is_answered_as_was_asked(stage: Stage, ines: Browser) -> None:
    for demand in ("require_pushed_authorization_requests", "require_signed_request_object"):
        party = stage.register(token_endpoint_auth_method="private_key_jwt", options={demand: True})
        fields = posted(ines.get(party.asking(response_mode="form_post")), party)
        assert (fields["error"], fields["state"]) == ("invalid_request", "a state"), demand


@pytest.mark.parametrize("state", [STRANGE, "x" * 2000, "{}", "</form>"])
def test_the_state_is_posted_as_it_came(books: Party, ines: Browser, state: str) -> None:
    assert posted(ines.get(books.asking(response_mode="form_post", state=state)), books)["state"] == state


@pytest.mark.parametrize("wrong", [{"prompt": "none login"}, {"scope": "nothing"}, {"response_type": "token"}])
def test_errors_are_posted_too(books: Party, ines: Browser, wrong: dict[str, str]) -> None:
    fields = posted(ines.get(books.asking(response_mode="form_post", **wrong)), books)
    assert set(fields) >= {"error", "state", "iss"}
    assert "code" not in fields


def test_a_form_is_posted_at_the_end_of_a_whole_sign_in(own_stage: Stage) -> None:
    books, person, browser = own_stage.party("demo-accounting"), own_stage.person("ines.moreau"), own_stage.browser()
    browser.get(books.asking(response_mode="form_post"))
    own_stage.forget_steps("ines.moreau")
    browser.submit({"email": person.address, "password": person.password})
    fields = posted(browser.submit({"code": person.code()}), books)
    assert books.redeem(fields["code"]).status_code == 200


def test_a_request_by_post_is_answered_by_a_form(books: Party, ines: Browser) -> None:
    query = books.asking(response_mode="form_post").partition("?")[2]
    kept = ines._send("POST", "/oauth/authorize", data=query, content_type="application/x-www-form-urlencoded")
    assert "code" in posted(ines._follow(kept), books)


def test_a_refused_consent_is_posted(stage: Stage, ines: Browser) -> None:
    party = stage.register(trusted=False)
    ines.get(party.asking(response_mode="form_post"))
    fields = posted(ines.submit({"decision": "refuse"}), party)
    assert (fields["error"], fields["reason"], fields["state"]) == ("access_denied", "consent_refused", "a state")


def test_the_page_without_access_leads_back_by_a_form(own_stage: Stage) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("olivier.renard")
    answer = browser.get(books.asking(response_mode="form_post"))
    assert answer.status_code == 403, answer.text[:500]
    page = _Page(answer.text.replace('type="submit"', ""))
    assert page.fields["error"] == "access_denied"
    assert books.redirect_uri in {form["action"] for form in page.forms}
    assert books.redirect_uri.rpartition("/")[0] in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("locales", ["fr", "en"])
def test_the_page_speaks_the_language_of_the_application(books: Party, ines: Browser, locales: str) -> None:
    text = ines.get(books.asking(response_mode="form_post", ui_locales=locales)).text
    assert f'<html lang="{locales}">' in text


def test_a_native_application_is_sent_no_form(stage: Stage, ines: Browser) -> None:
    party = stage.register(token_endpoint_auth_method="none", redirect_uris=["com.example.app:/callback"])
    answer = ines.get(party.asking(response_mode="form_post"))
    assert query_of(answer.headers["Location"])["error"] == "invalid_request"


def test_a_fragment_where_it_is_asked_for(stage: Stage, books: Party, ines: Browser) -> None:
    location = ines.get(books.asking(response_mode="fragment")).headers["Location"]
    before, _, fragment = location.partition("#")
    assert before == books.redirect_uri
    answer = dict(parse_qsl(fragment))
    assert (answer["state"], answer["iss"]) == ("a state", stage.settings.issuer)
    assert books.redeem(answer["code"]).status_code == 200


@pytest.mark.parametrize(
    "mode", ["web_message", "QUERY", "query ", "query form_post", "jwt", "form_post.jwt", "x" * 900]
)
def test_another_mode_is_refused_in_the_query(books: Party, ines: Browser, mode: str) -> None:
    """Signed ones too: this client has registered no algorithm for them."""
    location = ines.get(books.asking(response_mode=mode)).headers["Location"]
    assert "#" not in location
    assert query_of(location)["error"] == "invalid_request"


def test_nothing_is_posted_to_an_address_that_is_not_registered(books: Party, ines: Browser) -> None:
    answer = ines.get(books.asking(response_mode="form_post", redirect_uri="https://evil.example/cb"))
    assert answer.status_code == 400
    assert "evil.example" not in answer.headers["Content-Security-Policy"]
    assert "<form" not in answer.text.partition("<main")[2].partition("</main>")[0]


def test_a_repeated_mode_is_refused(books: Party, ines: Browser) -> None:
    again = urlencode({"response_mode": "query"})
    location = ines.get(f"{books.asking(response_mode='form_post')}&{again}").headers["Location"]
    assert query_of(location)["error"] == "invalid_request"


# --- a client may be registered for some modes alone (R-29) ---


def test_a_client_gets_the_modes_that_it_has_registered(stage: Stage, ines: Browser) -> None:
    party = stage.register(options={"response_modes": ["form_post"]})
    assert "code" in posted(ines.get(party.asking()), party), "the only one is the one meant"
    for mode in ("query", "fragment"):
        assert posted(ines.get(party.asking(response_mode=mode)), party)["error"] == "invalid_request"


@pytest.mark.parametrize("modes", [[], ["web_message"], "query", ["jwt"], ["query.jwt"], [1]], ids=str)
def test_modes_that_cannot_be_are_not_registered(stage: Stage, modes: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.register(options={"response_modes": modes})
    assert refused.value.members["field"] == "response_modes"
