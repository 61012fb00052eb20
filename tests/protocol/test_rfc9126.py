"""Pushed authorization requests (RFC 9126), and what the FAPI 2.0 Security Profile demands of them (§5.3.2.2)."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from idp.core.tokens import digest
from idp.oidc import authorization
from idp.oidc import pushed as pushed_requests
from idp.oidc.models import PushedRequest
from tests.party import Party, claims_of, query_of
from tests.stage import Demonstration, Stage, scalar
from tests.web.browser import Browser

PREFIX = "urn:ietf:params:oauth:request_uri:"


def pushed(party: Party, **parameters: str | None) -> str:
    """The request_uri of a request that was pushed."""
    answer = party.push(**parameters)
    assert answer.status_code == 201, answer.text
    return str(answer.json["request_uri"])


def follow(party: Party, browser: Browser, request_uri: str, **more: str) -> TestResponse:
    """Send the browser with a request_uri."""
    asked = {"client_id": party.client_id, "request_uri": request_uri, **more}
    return browser.get(f"/oauth/authorize?{urlencode(asked)}")


def assert_a_page(answer: TestResponse) -> None:
    assert answer.status_code == 400, answer.headers.get("Location")
    assert "Location" not in answer.headers


def assert_refused(answer: TestResponse, error: str = "invalid_request", status: int = 400) -> None:
    assert (answer.status_code, answer.json["error"]) == (status, error), answer.text
    assert answer.mimetype == "application/json"
    assert "request_uri" not in answer.json


# --- pushing (§2) ---


def test_a_whole_flow(stage: Stage, books: Party, ines: Browser) -> None:
    answer = books.push()
    assert answer.status_code == 201, "§2.2"
    assert set(answer.json) == {"request_uri", "expires_in"}
    assert answer.json["request_uri"].startswith(PREFIX)
    assert 60 <= answer.json["expires_in"] <= 90
    assert answer.headers["Cache-Control"] == "no-store"
    back = query_of(follow(books, ines, answer.json["request_uri"]).headers["Location"])
    assert (back["state"], back["iss"]) == ("a state", stage.settings.issuer)
    tokens = books.redeem(back["code"]).json
    assert books.verified(tokens["id_token"])["nonce"] == "a nonce"


def test_a_request_uri_is_long_and_kept_as_a_digest(stage: Stage, books: Party) -> None:
    """§7.1."""
    uris = {pushed(books) for _ in range(5)}
    assert len(uris) == 5
    for uri in uris:
        assert len(uri.removeprefix(PREFIX)) >= 43
        kept = digest(uri.removeprefix(PREFIX))
        assert scalar(stage, func.count(), PushedRequest.digest == kept) == 1


def test_the_clients_credentials_are_not_kept(stage: Stage) -> None:
    party = stage.register(token_endpoint_auth_method="client_secret_post")
    uri = pushed(party)
    kept = scalar(stage, PushedRequest.parameters, PushedRequest.digest == digest(uri.removeprefix(PREFIX)))
    assert not set(kept) & {"client_secret", "client_assertion", "client_assertion_type"}
    assert party.secret not in str(kept)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"])
def test_clients_authenticate_as_at_the_token_endpoint(stage: Stage, ines: Browser, method: str) -> None:
    """§2.1."""
    party = stage.register(token_endpoint_auth_method=method)
    assert "code" in query_of(follow(party, ines, pushed(party)).headers["Location"])


def test_who_does_not_authenticate_pushes_nothing(books: Party, capture: Party) -> None:
    asked = books.parameters()
    assert_refused(books.http.post("/oauth/par", data=asked), "invalid_client", 401)
    assert_refused(books.known_as(secret="wrong").push(), "invalid_client", 401)
    assert_refused(books.known_as(client_id="nobody").push(), "invalid_client", 401)
    mixed = books.push(client_id=capture.client_id)
    assert_refused(mixed)


@pytest.mark.parametrize("uri", ["https://evil.example/r", PREFIX + "x" * 43, "x"])
def test_a_request_uri_is_not_pushed(books: Party, uri: str) -> None:
    """§2.1: the parameter is refused here, ours too."""
    assert_refused(books.push(request_uri=uri))
    assert_refused(books.push(request_uri=pushed(books)))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": "nothing we know"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"claims": "x"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": "https://other.example/api"}, "invalid_target"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"nonce": "x" * 5000}, "invalid_request"),
        ({"state": "a\x00b"}, "invalid_request"),
    ],
    ids=str,
)
def test_it_is_checked_as_at_the_authorization_endpoint(books: Party, wrong: dict[str, str | None], error: str) -> None:
    """§2.1, §2.3; FAPI 2.0 §5.3.2.2: `redirect_uri`, PKCE with S256."""
    assert_refused(books.push(**wrong), error)


def test_only_post_a_form_and_nothing_in_the_query(books: Party) -> None:
    """§2.3 names 405, 413; the rest as for every endpoint of the back channel (R-31)."""
    http, asked = books.http, books.parameters()
    for method in ("GET", "PUT", "DELETE"):
        assert http.open("/oauth/par", method=method).status_code == 405
    assert_refused(http.post("/oauth/par", json=asked))
    assert_refused(http.post(f"/oauth/par?{urlencode(asked)}"))
    body = urlencode([*asked.items(), ("nonce", "again")])
    assert_refused(http.post("/oauth/par", data=body, content_type="application/x-www-form-urlencoded"))
    assert http.post("/oauth/par", data={**asked, "x": "y" * 70_000}).status_code == 413


def test_strange_texts_are_refused_or_kept_as_they_are(books: Party, ines: Browser) -> None:
    for state in ("é€𝄞", "a b&c=d#e?f", "%00", '{"j":1}', "\\ud800"):
        back = follow(books, ines, pushed(books, state=state))
        assert query_of(back.headers["Location"])["state"] == state


# --- taking it up (§4) ---


def test_it_gives_one_code(books: Party, ines: Browser) -> None:
    """§4, §7.3: one use."""
    uri = pushed(books)
    assert "code" in query_of(follow(books, ines, uri).headers["Location"])
    for _ in range(2):
        assert_a_page(follow(books, ines, uri))


def test_another_client_cannot_take_it_up_and_does_not_spoil_it(books: Party, capture: Party, ines: Browser) -> None:
    """§2.2: bound to the client that pushed it."""
    uri = pushed(books)
    assert_a_page(follow(capture, ines, uri))
    assert_a_page(ines.get(capture.asking(request_uri=uri)))
    assert "code" in query_of(follow(books, ines, uri).headers["Location"])


def test_it_ends_after_ninety_seconds(stage: Stage, books: Party, ines: Browser) -> None:
    """§2.2, §4: no longer than it says; FAPI 2.0 §5.3.2.2: below ten minutes."""
    uri = pushed(books)
    with stage.work() as work:
        row = PushedRequest.digest == digest(uri.removeprefix(PREFIX))
        assert work.session.scalar(select(PushedRequest.expires_at).where(row)) <= work.now + timedelta(seconds=90)
        work.session.execute(update(PushedRequest).where(row).values(expires_at=work.now))
    assert_a_page(follow(books, ines, uri))


@pytest.mark.parametrize("uri", [PREFIX, PREFIX + "x" * 43, PREFIX + "é", PREFIX + "\x00", PREFIX + "x" * 5000])
def test_one_that_was_never_given_is_a_page(books: Party, ines: Browser, uri: str) -> None:
    assert_a_page(follow(books, ines, uri))


@pytest.mark.parametrize("uri", ["https://evil.example/r", "http://127.0.0.1:1/r", "file:///etc/passwd", "x"])
def test_a_foreign_one_is_never_fetched(books: Party, ines: Browser, uri: str) -> None:
    """R-34; OIDC Core §6.2 is refused."""
    assert_not_fetched(books, ines, uri)


def assert_not_fetched(books: Party, ines: Browser, uri: str) -> None:
    assert books.ask(ines, request_uri=uri)["error"] == "request_uri_not_supported"


def test_what_stands_beside_it_does_not_count(books: Party, ines: Browser) -> None:
    """§4: the authorization server takes what was pushed."""
    uri = pushed(books, scope="openid", state="pushed")
    answer = follow(
        books, ines, uri,
        scope="openid email", state="beside", redirect_uri="https://evil.example/cb", prompt="none login",
    )  # fmt: skip
    back = query_of(answer.headers["Location"])
    assert back["state"] == "pushed"
    assert books.redeem(back["code"]).json["scope"] == "openid"


def test_a_request_object_is_not_sent_beside_it(books: Party, ines: Browser) -> None:
    """RFC 9101 §5: `request` and `request_uri` are never used together; the client is told, and may come again."""
    uri = pushed(books)
    told = query_of(follow(books, ines, uri, request="a.b.c", state="beside").headers["Location"])
    assert (told["error"], told["state"]) == ("invalid_request", "a state")
    assert "code" in query_of(follow(books, ines, uri).headers["Location"])


@pytest.mark.parametrize("name", ["client_id", "request_uri"])
def test_a_repeated_parameter_is_a_page(books: Party, ines: Browser, name: str) -> None:
    uri = pushed(books)
    value = {"client_id": books.client_id, "request_uri": uri}[name]
    query = urlencode({"client_id": books.client_id, "request_uri": uri})
    assert_a_page(ines.get(f"/oauth/authorize?{query}&{urlencode({name: value})}"))


def test_the_client_is_named_beside_it(books: Party, ines: Browser) -> None:
    assert_a_page(ines.get(f"/oauth/authorize?{urlencode({'request_uri': pushed(books)})}"))


def test_it_may_be_loaded_again_until_a_code_is_issued(stage: Stage, books: Party, ines: Browser) -> None:
    """§4: people load pages anew."""
    uri, stranger = pushed(books), stage.browser()
    ways = []
    for _ in range(3):
        follow(books, stranger, uri)
        assert stranger.address.startswith("/sign-in"), stranger.text[:300]
        ways.append(query_of(stranger.address)["continue_to"])
    assert "code" in query_of(ines.get(ways[1]).headers["Location"])
    for again in (ways[0], ways[2]):
        assert_a_page(ines.get(again))
    assert_a_page(follow(books, stranger, uri))


def test_an_error_does_not_use_it_up(stage: Stage, books: Party, ines: Browser) -> None:
    uri = pushed(books, prompt="none")
    back = query_of(follow(books, stage.browser(), uri).headers["Location"])
    assert back["error"] == "login_required"
    assert "code" in query_of(follow(books, ines, uri).headers["Location"])


def test_it_survives_the_walk_of_the_person(own_stage: Stage) -> None:
    """The walk may take longer than the ninety seconds in which it is begun."""
    books, person, browser = own_stage.party("demo-accounting"), own_stage.person("ines.moreau"), own_stage.browser()
    uri = pushed(books)
    follow(books, browser, uri)
    way = browser.address
    assert way.startswith("/sign-in")
    with own_stage.work() as work:
        late = work.later(minutes=9)
        assert pushed_requests.discard_old(late, late.now - authorization.KEPT_FOR) == 0
        work.session.execute(update(PushedRequest).values(expires_at=work.now - timedelta(minutes=9)))
    assert_a_page(follow(books, own_stage.browser(), uri))
    browser.get(way)
    own_stage.forget_steps("ines.moreau")
    browser.submit({"email": person.address, "password": person.password})
    back = query_of(browser.submit({"code": person.code()}).headers["Location"])
    assert books.redeem(back["code"]).status_code == 200
    with own_stage.work() as work:
        assert work.session.scalar(select(func.count()).select_from(PushedRequest)) == 0


def test_one_that_nobody_came_with_is_removed(own_stage: Stage) -> None:
    pushed(own_stage.party("demo-accounting"))
    with own_stage.work() as work:
        late = work.later(minutes=12)
        assert pushed_requests.discard_old(late, late.now - authorization.KEPT_FOR) == 1


def test_it_may_come_by_post_and_be_answered_by_a_form(books: Party, ines: Browser) -> None:
    uri = pushed(books, response_mode="form_post")
    answer = ines._send("POST", "/oauth/authorize", data={"client_id": books.client_id, "request_uri": uri})
    assert 'name="code"' in ines._follow(answer).text


def test_the_company_and_all_else_is_as_pushed(stage: Stage, books: Party, julien: Browser) -> None:
    company = str(stage.company("studio-mirabelle"))
    back = query_of(follow(books, julien, pushed(books, company=company)).headers["Location"])
    assert claims_of(books.redeem(back["code"]).json["access_token"])["company"] == company


def test_the_redirect_address_is_bound_to_the_code(books: Party, ines: Browser) -> None:
    back = query_of(follow(books, ines, pushed(books)).headers["Location"])
    assert books.redeem(back["code"], redirect_uri="https://evil.example/cb").json["error"] == "invalid_grant"


# --- requiring it (§5, §6) ---


@pytest.fixture(scope="module")
def strict(stage: Stage) -> Party:
    """A client that registers as the FAPI 2.0 Security Profile has it."""
    return stage.register(
        token_endpoint_auth_method="private_key_jwt", options={"require_pushed_authorization_requests": True}
    )


def test_a_client_that_registers_for_it_has_to_push(strict: Party, ines: Browser) -> None:
    """§6; FAPI 2.0 §5.3.2.2."""
    answer = strict.ask(ines)
    assert (answer["error"], answer["state"]) == ("invalid_request", "a state")
    assert "pushed" in answer["error_description"]
    assert "code" in query_of(follow(strict, ines, pushed(strict)).headers["Location"])


def test_fapi_holds_for_it(stage: Stage, strict: Party, ines: Browser) -> None:
    """FAPI 2.0 §5.3.2.2: 303, `iss`, S256 alone, a code bound to the challenge."""
    answer = follow(strict, ines, pushed(strict))
    assert answer.status_code == 303
    back = query_of(answer.headers["Location"])
    assert back["iss"] == stage.settings.issuer
    assert strict.redeem(back["code"], code_verifier="x" * 43).json["error"] == "invalid_grant"
    assert_refused(strict.push(code_challenge_method="plain"))
    assert_refused(strict.push(redirect_uri=None))


def test_pkce_cannot_be_lifted_where_pushing_is_demanded(stage: Stage, ines: Browser) -> None:
    party = stage.register(require_pkce=False, options={"require_pushed_authorization_requests": True})
    assert_refused(party.push(code_challenge=None, code_challenge_method=None))


def test_the_server_may_demand_it_of_all(demonstration: Demonstration, tmp_path: Path) -> None:
    """§5: `require_pushed_authorization_requests` of the metadata."""
    with demonstration.stage(tmp_path, require_pushed_authorization_requests=True) as stage:
        books, ines = stage.party("demo-accounting"), stage.signed_in("ines.moreau")
        assert books.ask(ines)["error"] == "invalid_request"
        query = books.asking().partition("?")[2]
        form = "application/x-www-form-urlencoded"
        refused = ines._send("POST", "/oauth/authorize", data=query, content_type=form)
        assert query_of(refused.headers["Location"])["error"] == "invalid_request"
        assert "code" in query_of(follow(books, ines, pushed(books)).headers["Location"])
        document = stage.app.test_client().get("/.well-known/openid-configuration").json
        assert document["require_pushed_authorization_requests"] is True  # type: ignore[index]


def test_discovery_names_the_endpoint(stage: Stage) -> None:
    """§5."""
    document = stage.app.test_client().get("/.well-known/oauth-authorization-server").json
    assert document["pushed_authorization_request_endpoint"] == f"{stage.settings.issuer}/oauth/par"  # type: ignore[index]
    assert document["require_pushed_authorization_requests"] is False  # type: ignore[index]


def test_it_is_written_twice_however_it_is_taken_up(stage: Stage, books: Party, ines: Browser) -> None:
    books.push()
    with stage.statements() as seen:
        follow(books, ines, pushed(books))
    assert [each.split()[0] for each in seen if "pushed_requests" in each] == ["INSERT", "SELECT", "DELETE"]
