"""Userinfo (OIDC Core §5.3) and its refusals (RFC 6750 §3)."""

import io
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from idp.companies import assignment
from tests.party import Party, basic, bearer, claims_of
from tests.stage import Stage
from tests.web.browser import Browser


def test_get_and_post_say_the_same(books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    by_get = books.userinfo(token)
    by_header = books.http.post("/oauth/userinfo", headers=bearer(token))
    by_body = books.http.post("/oauth/userinfo", data={"access_token": token})
    assert by_get.status_code == by_header.status_code == by_body.status_code == 200
    assert by_get.json == by_header.json == by_body.json
    assert by_get.content_type == "application/json"
    assert "no-store" in by_get.headers["Cache-Control"]


def test_the_subject_is_that_of_the_id_token(books: Party, ines: Browser) -> None:
    tokens = books.tokens(ines)
    told, identity = books.userinfo(tokens["access_token"]).json, books.verified(tokens["id_token"])
    for name in ("sub", "name", "email", "company", "company_name", "roles", "companies"):
        assert told[name] == identity[name], name
    assert told["permissions"] == sorted(told["permissions"])


def test_without_a_token_no_error_is_named(books: Party) -> None:
    """RFC 6750 §3.1."""
    for answer in (books.http.get("/oauth/userinfo"), books.http.post("/oauth/userinfo")):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="sesame", DPoP ')
        assert "error" not in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 9000, "a b", '"quote"', ""])
def test_an_unusable_token_is_invalid(books: Party, token: str) -> None:
    header = f"Bearer {token}".encode().decode("latin-1")
    answer = books.http.get("/oauth/userinfo", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if token:
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_in_the_address_is_refused(books: Party, ines: Browser) -> None:
    """RFC 9700 §4.3.2."""
    token = books.tokens(ines)["access_token"]
    for path in ("/oauth/userinfo", "/me/companies"):
        answer = books.http.get(path, query_string={"access_token": token})
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
        assert 'Bearer realm="sesame", error="invalid_request"' in answer.headers["WWW-Authenticate"]  # RFC 6750 §3


def test_a_token_sent_twice_is_refused(books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    answer = books.http.post("/oauth/userinfo", data={"access_token": token}, headers=bearer(token))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


def test_a_body_of_no_stated_length_is_read(books: Party, ines: Browser) -> None:
    """RFC 9112 §7.1: the server has put the pieces together."""
    body = f"access_token={books.tokens(ines)['access_token']}".encode()

    def post(**more: Any) -> str:
        environ = EnvironBuilder("/oauth/userinfo", method="POST", **more).get_environ()
        environ.pop("CONTENT_LENGTH", None)
        pieces = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        form = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
        return run_wsgi_app(books.http.application, {**environ, **form, **pieces})[1]

    assert post().startswith("200")
    assert post(headers=bearer("another")).startswith("400")


def test_a_clients_own_token_has_no_person(books: Party) -> None:
    token = books.post("/oauth/token", grant_type="client_credentials").json["access_token"]
    answer = books.userinfo(token)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_a_cookie_is_no_token(ines: Browser) -> None:
    assert ines.client.get("/oauth/userinfo").status_code == 401


def test_no_other_origin_may_read_it_with_credentials(books: Party, ines: Browser) -> None:
    token = books.tokens(ines)["access_token"]
    answer = books.http.get("/oauth/userinfo", headers={**bearer(token), "Origin": "https://evil.example"})
    assert answer.headers.get("Access-Control-Allow-Credentials") is None
    assert answer.headers.get("Access-Control-Allow-Origin") != "https://evil.example"


def test_a_permission_set_is_for_clients_of_its_product(books: Party, capture: Party, ines: Browser) -> None:
    name = claims_of(books.tokens(ines)["access_token"])["permission_set"]
    own = books.http.get(f"/permission-sets/{name}", headers=basic(books.client_id, books.secret or ""))
    assert (own.status_code, own.json["id"], own.json["product"]) == (200, name, "accounting")
    foreign = books.http.get(f"/permission-sets/{name}", headers=basic(capture.client_id, capture.secret or ""))
    missing = books.http.get("/permission-sets/ps_none", headers=basic(books.client_id, books.secret or ""))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json == missing.json
    assert books.http.get(f"/permission-sets/{name}").status_code == 401


def test_a_firm_chooses_the_language_of_a_colleague_at_a_client(own_stage: Stage) -> None:
    """PRA-10: `locale` is the language to address the person in; at every other client, that of the account."""
    lumen, lemaire = own_stage.company("atelier-lumen"), own_stage.company("boulangerie-lemaire")
    firm, lotte = own_stage.company("cabinet-deltour"), own_stage.person("lotte.peeters").id
    with own_stage.work() as work:
        for held in assignment.of_colleague(work, firm, lotte):
            chosen = "fr-BE" if held.client_id == lumen else None
            what = {"role_id": held.role, "custom_role_id": held.custom_role_id}
            assignment.change(work, firm, held.id, **what, locale=chosen)
    browser, party = own_stage.signed_in("lotte.peeters"), own_stage.party("demo-capture")
    with own_stage.statements() as asked:
        there = party.tokens(browser, scope="openid profile", company=str(lumen))
    assert claims_of(there["id_token"])["locale"] == "fr-BE"
    assert party.userinfo(there["access_token"]).json["locale"] == "fr-BE"
    with own_stage.statements() as beside:
        elsewhere = party.tokens(browser, scope="openid profile", company=str(lemaire))
    assert claims_of(elsewhere["id_token"])["locale"] == "nl-BE"
    assert party.userinfo(elsewhere["access_token"]).json["locale"] == "nl-BE"
    assert len(beside) <= len(asked)  # the choice takes no statement of its own
