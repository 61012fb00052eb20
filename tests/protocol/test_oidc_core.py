"""OpenID Connect Core: authentication requests and ID tokens."""

import base64
import hashlib
import time
from datetime import timedelta

import pytest

from idp.authn.models import Session
from idp.core.tokens import digest
from tests.party import Party, claims_of, query_of
from tests.stage import Stage
from tests.web.browser import Browser


def shift_sign_in(stage: Stage, browser: Browser, seconds: int) -> None:
    """Let the sign-in of this browser's session be that long ago."""
    cookie = browser.cookie("sesame_session")
    assert cookie is not None
    with stage.work() as work:
        session = work.session.query(Session).filter(Session.token_digest == digest(cookie)).one()
        session.auth_time = work.now - timedelta(seconds=seconds)


def prove_again(stage: Stage, browser: Browser, name: str, *, address: str | None = None):  # type: ignore[no-untyped-def]
    """Password and code on the page the browser is on; the answer that leaves the service."""
    person = stage.person(name)
    stage.forget_steps(name)
    browser.submit({"email": address or person.address, "password": person.password})
    return browser.submit({"code": person.code()})


def test_nonce_and_hash_bind_the_id_token(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines, nonce="n-0S6_WzA2Mj")
    claims = books.verified(tokens["id_token"])
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert (claims["aud"], claims["azp"]) == (books.client_id, books.client_id)
    assert "nonce" not in books.verified(books.tokens(ines, nonce=None)["id_token"])


def test_a_refreshed_id_token_speaks_of_the_same_sign_in(books: Party, ines: Browser) -> None:
    """OIDC Core §12.2, which advises against a nonce."""
    tokens = books.tokens(ines, nonce="n-0S6_WzA2Mj")
    first = books.verified(tokens["id_token"])
    second = books.verified(books.refresh(tokens["refresh_token"]).json["id_token"])
    for name in ("iss", "sub", "aud", "auth_time", "azp", "sid"):
        assert second.get(name) == first.get(name), name
    assert (first["nonce"], "nonce" in second) == ("n-0S6_WzA2Mj", False)


def test_a_refreshed_token_tells_the_sign_in_it_comes_from(own_stage: Stage) -> None:
    """OIDC Core §12.2, RFC 9068 §2.2.1: who proves themselves again for another application has not done so for this
    one, and some libraries refuse an ID token with another `auth_time` than the first."""
    books, other = own_stage.party("demo-accounting"), own_stage.register()
    browser = own_stage.sign_in("ines.moreau")
    shift_sign_in(own_stage, browser, 500)
    tokens = books.tokens(browser)
    browser.get(other.asking(prompt="login"))
    again = query_of(prove_again(own_stage, browser, "ines.moreau").headers["Location"])
    newer = claims_of(other.redeem(again["code"]).json["id_token"])
    first, refreshed = books.verified(tokens["id_token"]), books.refresh(tokens["refresh_token"]).json
    assert newer["sid"] == first["sid"]
    assert newer["auth_time"] >= first["auth_time"] + 490
    for kind in ("id_token", "access_token"):
        claims = books.verified(refreshed[kind])
        assert [claims[name] for name in ("auth_time", "acr", "amr")] == [
            first[name] for name in ("auth_time", "acr", "amr")
        ], kind
    assert books.verified(books.tokens(browser)["id_token"])["auth_time"] == newer["auth_time"], "a new code tells it"


def test_without_openid_there_is_no_id_token(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines, scope="profile")
    assert "id_token" not in tokens
    answer = books.userinfo(tokens["access_token"])
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_claims_follow_the_scope(books: Party, ines: Browser) -> None:
    bare = books.verified(books.tokens(ines, scope="openid")["id_token"])
    assert not {"name", "email", "locale"} & set(bare)
    profile = books.verified(books.tokens(ines, scope="openid profile")["id_token"])
    assert (profile["given_name"], profile["family_name"], profile["locale"]) == ("Inès", "Moreau", "fr-FR")
    assert "email" not in profile
    email = books.verified(books.tokens(ines, scope="openid email")["id_token"])
    assert email["email_verified"] is True
    assert "name" not in email


def test_auth_time_is_when_the_person_proved_it(own_stage: Stage) -> None:
    before = int(time.time())
    browser = own_stage.sign_in("ines.moreau")
    after = int(time.time())
    books = own_stage.party("demo-accounting")
    assert before <= books.verified(books.tokens(browser)["id_token"])["auth_time"] <= after
    shift_sign_in(own_stage, browser, 1000)
    claims = books.verified(books.tokens(browser)["id_token"])
    assert after - 1002 <= claims["auth_time"] <= after - 998


@pytest.mark.parametrize("parameters", [{"max_age": "0"}, {"prompt": "login"}, {"max_age": "100"}])
def test_a_fresh_proof_is_asked_and_told(own_stage: Stage, parameters: dict[str, str]) -> None:
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    shift_sign_in(own_stage, browser, 500)
    first = claims_of(books.tokens(browser)["id_token"])
    if "max_age" in parameters:
        assert books.ask(browser, prompt="none", **parameters)["error"] == "login_required"

    browser.get(books.asking(**parameters))
    assert browser.address.startswith("/sign-in?")
    location = prove_again(own_stage, browser, "ines.moreau").headers["Location"]
    answer = books.redeem(query_of(location)["code"])
    second = books.verified(answer.json["id_token"])
    assert second["auth_time"] >= first["auth_time"] + 490
    assert second["sid"] == first["sid"], "the same session, proved again"
    assert second["auth_time"] <= second["iat"]


def test_a_young_session_satisfies_max_age(own_stage: Stage) -> None:
    party, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    assert "code" in party.ask(browser, max_age="3600", prompt="none")
    shift_sign_in(own_stage, browser, 3700)
    assert party.ask(browser, max_age="3600", prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("max_age", ["-1", "1.5", "abc", "1e3", "１", "9" * 10, " 1", "+1"])
def test_a_max_age_that_is_no_number_is_refused(books: Party, ines: Browser, max_age: str) -> None:
    assert books.ask(ines, max_age=max_age)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "prompt", ["none login", "none consent", "none none2", "everything", "login none", "none create"]
)
def test_an_impossible_prompt_is_refused(books: Party, ines: Browser, prompt: str) -> None:
    answer = books.ask(ines, prompt=prompt)
    assert answer["error"] == "invalid_request"
    assert "code" not in answer


def test_prompt_none_needs_a_session_and_shows_no_page(books: Party, ines: Browser, stranger: Browser) -> None:
    assert books.ask(stranger, prompt="none")["error"] == "login_required"
    assert "code" in books.ask(ines, prompt="none")


def test_prompt_none_with_several_companies(own_stage: Stage) -> None:
    """The last choice of the session is taken; without one, the error names what is missing."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("julien.mercier")
    answer = books.ask(browser, prompt="none")
    assert answer["error"] == "interaction_required"
    assert "company" in answer["error_description"]
    chosen = str(own_stage.company("studio-mirabelle"))
    books.tokens(browser, company=chosen)
    silent = books.redeem(books.code(browser, prompt="none")).json
    assert claims_of(silent["access_token"])["company"] == chosen


def test_prompt_none_never_agrees_for_the_person(stage: Stage, ines: Browser) -> None:
    party = stage.register(trusted=False)
    assert party.ask(ines, prompt="none")["error"] == "consent_required"
    ines.get(party.asking())
    assert ines.address.startswith("/consent?")
    location = ines.submit({"decision": "allow"}).headers["Location"]
    assert party.redeem(query_of(location)["code"]).status_code == 200
    assert "code" in party.ask(ines, prompt="none"), "agreed once"
    ines.get(party.asking(prompt="consent"))
    assert ines.address.startswith("/consent?")


@pytest.mark.parametrize("prompt", [None, "consent"])
def test_nobody_agrees_for_another_person(stage: Stage, ines: Browser, julien: Browser, prompt: str | None) -> None:
    """A kept request to which one person has agreed may be handed to another by its address."""
    party = stage.register(trusted=False)
    if prompt is not None:  # who agreed once is still asked again where the client wants it
        julien.get(party.asking())
        julien.submit({"decision": "allow"})
    ines.get(party.asking(prompt=prompt))
    kept = ines.address.replace("/consent", "/oauth/authorize/continue")
    answer = ines.post({"decision": "allow"})
    assert answer.headers["Location"] == kept
    answer = julien.get(kept)
    assert julien.address.startswith("/consent?"), answer.headers.get("Location")
    assert "code" in query_of(julien.submit({"decision": "allow"}).headers["Location"])


def test_consent_is_asked_again_when_scopes_grow(stage: Stage, ines: Browser) -> None:
    party = stage.register(trusted=False)
    ines.get(party.asking(scope="openid"))
    ines.submit({"decision": "allow"})
    assert "code" in party.ask(ines, scope="openid")
    assert party.ask(ines, scope="openid email", prompt="none")["error"] == "consent_required"


def test_select_account_lets_one_person_go_on(books: Party, ines: Browser) -> None:
    """There is nothing to choose for somebody of one company; nobody types a password again (token contract)."""
    answer = ines.get(books.asking(prompt="select_account"))
    assert answer.status_code == 303
    assert "code" in query_of(answer.headers["Location"])


def test_select_account_means_nothing_to_a_client_without_product(stage: Stage, ines: Browser) -> None:
    assert "code" in stage.register().ask(ines, prompt="select_account")


def test_select_account_does_not_go_without_pages(books: Party, ines: Browser) -> None:
    """§3.1.2.1: `none` with any other value is an error."""
    assert books.ask(ines, prompt="none select_account")["error"] == "invalid_request"


def test_select_account_with_login_signs_in_whoever_types(books: Party, ines: Browser) -> None:
    """The way for a client that wants the person to be able to be another one."""
    ines.get(books.asking(prompt="select_account login"))
    assert ines.address.startswith("/sign-in?")


def test_select_account_lets_one_choose_the_company_by_the_session_there_is(books: Party, stage: Stage) -> None:
    julien = stage.signed_in("julien.mercier")
    julien.get(books.asking(prompt="select_account"))
    assert julien.address.startswith("/companies/choose?")


@pytest.mark.parametrize("prompt", ["create", "login create"])
def test_whoever_is_to_make_an_account_comes_by_the_sign_in_page(own_stage: Stage, prompt: str) -> None:
    """There one types whose account it is: the same as before, or another one, whose session it is then."""
    books, browser = own_stage.party("demo-accounting"), own_stage.sign_in("ines.moreau")
    first = claims_of(books.tokens(browser)["id_token"])
    for name, same in (("ines.moreau", True), ("thomas.lefevre", False)):
        browser.get(books.asking(prompt=prompt))
        assert browser.address.startswith("/sign-in?")
        answer = prove_again(own_stage, browser, name)
        back = query_of(answer.headers["Location"])
        claims = books.verified(books.redeem(back["code"]).json["id_token"])
        assert (claims["sub"] == first["sub"]) is same
        assert (claims["sid"] == first["sid"]) is same


def test_who_has_no_account_is_told_where_one_begins(books: Party, stranger: Browser) -> None:
    """Initiating User Registration via OpenID Connect 1.0, §4: accounts begin with an invitation or an order."""
    stranger.get(books.asking())
    assert "No account yet?" not in stranger.text
    stranger.get(books.asking(prompt="create"))
    assert "No account yet?" in stranger.text
    assert 'href="/get-started/again"' in stranger.text


def test_a_hint_of_another_person_never_switches_silently(own_stage: Stage) -> None:
    books = own_stage.party("demo-accounting")
    ines, julien = own_stage.signed_in("ines.moreau"), own_stage.signed_in("julien.mercier")
    company = str(own_stage.company("atelier-lumen"))
    hint = books.tokens(julien, company=company)["id_token"]
    own_hint = books.tokens(ines)["id_token"]
    assert "code" in books.ask(ines, prompt="none", id_token_hint=own_hint)
    assert books.ask(ines, prompt="none", id_token_hint=hint)["error"] == "login_required"
    for rubbish in ("a.b.c", "x", own_hint[:-2]):
        assert books.ask(ines, prompt="none", id_token_hint=rubbish)["error"] == "login_required"
    ines.get(books.asking(id_token_hint=hint))
    assert ines.address.startswith("/sign-in?")


@pytest.mark.parametrize("known", [True, False])
def test_a_hint_that_the_person_cannot_meet_goes_back_as_an_error(own_stage: Stage, known: bool) -> None:
    """Whoever has signed in for it and is somebody else is not sent to sign in for ever; nor is anybody for a hint that
    nothing can be read from, such as one whose key is gone."""
    books, julien = own_stage.party("demo-accounting"), own_stage.signed_in("julien.mercier")
    hint = books.tokens(julien, company=str(own_stage.company("atelier-lumen")))["id_token"] if known else "a.b.c"
    browser = own_stage.sign_in("ines.moreau")
    browser.get(books.asking(id_token_hint=hint))
    answer = prove_again(own_stage, browser, "ines.moreau")
    told = query_of(answer.headers["Location"])
    assert (told["error"], told["state"]) == ("login_required", "a state")


def test_login_hint_and_languages_reach_the_page(books: Party, stranger: Browser) -> None:
    address = "someone@company.example"
    stranger.get(books.asking(login_hint=address, ui_locales="fr-BE de"))
    assert stranger.form.values["email"] == address
    assert '<html lang="fr">' in stranger.text


def test_a_hint_is_shown_as_text(books: Party, stranger: Browser) -> None:
    stranger.get(books.asking(login_hint='"><script>alert(1)</script>@x.example'))
    assert "<script>alert" not in stranger.text


@pytest.mark.parametrize("locales", ["xx", "de nl", "../../etc", "fr" * 200, "\u0000x", "*"])
def test_an_unknown_language_is_no_error(books: Party, stranger: Browser, locales: str) -> None:
    if "\x00" in locales:
        assert books.ask(stranger, ui_locales=locales)["error"] == "invalid_request"
        return
    assert stranger.get(books.asking(ui_locales=locales)).status_code == 200


def test_unknown_parameters_are_ignored(books: Party, ines: Browser) -> None:
    """RFC 6749 §3.1."""
    assert "code" in books.ask(ines, display="popup", claims_locales="fr", custom="1", code="x", error="y", iss="z")


def test_a_repeated_parameter_is_an_error_at_the_client(books: Party, ines: Browser) -> None:
    for name in ("scope", "nonce", "prompt", "response_type", "custom"):
        location = ines.get(f"{books.asking(**{name: 'openid' if name == 'scope' else None})}&{name}=a&{name}=b")
        answer = query_of(location.headers["Location"])
        assert answer["error"] == "invalid_request", name
        assert "code" not in answer


def test_an_acr_that_was_not_reached_is_asked_for(books: Party, ines: Browser) -> None:
    assert "code" in books.ask(ines, acr_values="urn:id:acr:2fa", prompt="none")
    assert "code" in books.ask(ines, acr_values="urn:unknown:acr urn:id:acr:2fa", prompt="none")


@pytest.mark.parametrize("strange", ["🏴", "a\r\nb", 'co"de', "\\", "Code", "code "])
def test_a_strange_response_type_is_refused_like_any_other(books: Party, stranger: Browser, strange: str) -> None:
    answer = books.ask(stranger, response_type=strange)
    assert answer["error"] == "unsupported_response_type"
