"""Signing in to a sample product, its menu, its pages, and changes of company and of access."""

import re

import pytest

from examples.accounting.product import PRODUCT
from examples.capture.product import PRODUCT as CAPTURE
from examples.sample.app import create_app
from examples.sample.sign_in import is_own_page


def test_signed_out_home_has_one_button_in_the_browsers_language(person):
    french, english = person.get("/", "fr-FR,fr;q=0.9,en;q=0.5"), person.get("/", "de,en;q=0.3")

    assert "Se connecter" in french.text
    assert '<html lang="fr"' in french.text
    assert "Sign in" in english.text
    assert "Se connecter" not in english.text
    assert english.text.count('class="button"') == 1


def test_the_authorization_request_carries_all_that_the_contract_asks(person, parameters):
    asked = parameters(person.get("/login?company=c2", "fr").location)

    assert asked["client_id"] == "demo-accounting"
    assert asked["redirect_uri"] == "http://localhost:8001/callback"
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert asked["resource"] == "http://localhost:8001/api"
    assert set(asked["scope"].split()) == {"openid", "profile", "email", "offline_access"}
    assert asked["ui_locales"] == "fr"
    assert asked["company"] == "c2"
    assert asked["nonce"]
    assert asked["state"]


def test_signing_in_leads_to_the_page_one_wanted(person):
    answer = person.get("/area/journals")
    assert answer.status_code == 303

    assert person.sign_in("/area/journals").location == "/area/journals"
    page = person.get("/area/journals")
    assert page.status_code == 200
    assert "Atelier Lumen SARL" in page.text
    assert "Inès Moreau" in page.text


def test_the_menu_holds_the_areas_of_the_permissions_and_nothing_else(person):
    person.sign_in()
    page = person.get("/").text

    assert set(re.findall(r'href="/area/([a-z-]+)"', page)) == {"dashboard", "journals"}
    for area in PRODUCT.areas:
        if area.id not in ("dashboard", "journals"):
            assert f">{area.label.en}<" not in page, area.id


def test_a_page_shows_the_acts_one_may_do_and_no_other(person):
    person.sign_in()
    page = person.get("/area/journals").text

    assert "Create an entry" in page
    assert "Reverse an entry" not in page


def test_an_area_without_permission_answers_403_with_a_way_back(person):
    person.sign_in()
    page = person.get("/area/bank", "fr")

    assert page.status_code == 403
    assert "Cette page ne vous est pas ouverte" in page.text
    assert "Revenir à l’accueil" in page.text
    assert "Hôtel de l’Estuaire" not in page.text


def test_the_cookie_changes_at_sign_in_and_the_old_one_is_worth_nothing(person, product):
    callback = person.ask_issuer()
    before = person.client.get_cookie("accounting_session").value
    person.get(callback)
    after = person.client.get_cookie("accounting_session").value

    assert before != after
    planted = product.test_client()
    planted.set_cookie("accounting_session", before)
    assert planted.get("/area/journals").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts(person):
    header = person.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header


@pytest.mark.parametrize("answer", [{}, {"iss": "https://evil.example"}])
def test_an_answer_of_another_issuer_is_not_believed(person, issuer, answer):
    issuer.answers = {"code": "anything", **answer}
    page = person.sign_in()

    assert page.status_code == 400
    assert "not from Sésame" in page.text
    assert "/token" not in issuer.asked


def test_an_answer_to_a_request_of_another_browser_is_refused(person, another_person, issuer):
    callback = another_person.ask_issuer()

    assert person.get(callback).status_code == 400
    assert "/token" not in issuer.asked


def test_a_callback_works_once(person):
    callback = person.ask_issuer()
    assert person.get(callback).status_code == 303
    assert person.get(callback).status_code == 400


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of somebody else"},
        {"aud": "demo-capture"},
        {"aud": ["demo-accounting", "demo-capture"]},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"sub": "person-2"},
    ],
)
def test_a_wrong_id_token_signs_nobody_in(person, issuer, claims):
    issuer.id_claims = claims
    assert person.sign_in().status_code == 400
    assert person.get("/area/journals").status_code == 303


@pytest.mark.parametrize(
    ("answer", "status", "sentence"),
    [
        ({"error": "access_denied", "reason": "subscription_ended"}, 403, "subscription has ended"),
        ({"error": "access_denied", "reason": "account_blocked"}, 403, "Your account is blocked"),
        ({"error": "access_denied"}, 403, "You do not have this access"),
        ({"error": "interaction_required"}, 400, "One step is left"),
        ({"error": "insufficient_user_authentication"}, 400, "A second proof is needed"),
        ({"error": "something_new"}, 400, "Signing in did not work"),
    ],
)
def test_an_error_answer_is_explained_with_a_way_on(person, issuer, answer, status, sentence):
    issuer.answers = {**answer, "iss": issuer.url, "error_description": "<b>words</b> for developers"}
    page = person.sign_in()

    assert page.status_code == status
    assert sentence in page.text
    assert "&lt;b&gt;words" in page.text
    assert "<b>words" not in page.text
    assert 'class="button"' in page.text


def test_an_invented_error_answer_shows_none_of_its_words(person, issuer):
    page = person.get(f"/callback?state=x&iss={issuer.url}&error=access_denied&error_description=Call+0800")
    assert page.status_code == 400
    assert "0800" not in page.text


def test_other_sites_are_no_next_page(person):
    assert person.sign_in("/login?next=//evil.example/x").location == "/"


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\\b", "/a\nb", "javascript:x"]
)
def test_is_own_page_refuses(path):
    assert not is_own_page(path)


def test_is_own_page_allows_the_products_pages():
    assert all(map(is_own_page, ("/", "/area/journals", "/told?x=1")))


def test_switching_shows_the_services_chooser(person, parameters):
    person.sign_in()
    asked = parameters(person.get("/switch").location)
    assert asked["prompt"] == "select_account"
    assert "company" not in asked


@pytest.mark.parametrize(("companies", "offered"), [(1, False), (2, True)])
def test_switching_is_offered_to_who_has_a_choice(person, issuer, companies, offered):
    issuer.id_claims["companies"] = companies
    person.sign_in()
    assert ('href="/switch"' in person.get("/").text) is offered


def test_switching_by_the_refresh_grant_changes_company_without_a_new_sign_in(person, issuer):
    person.sign_in()
    assert "Work in Boulangerie Lemaire SRL" in person.get("/companies").text

    issuer.permission_set = "ps_bank"
    assert person.post("/switch/c2").status_code == 303
    page = person.get("/").text
    assert "Boulangerie Lemaire SRL" in page
    assert 'href="/area/bank"' in page
    assert 'href="/area/journals"' not in page
    assert issuer.asked.count("/authorization") == 1


def test_a_company_that_is_refused_leaves_one_where_one_was(person, issuer):
    person.sign_in()
    issuer.refresh_error, issuer.refresh_reason = "invalid_grant", "subscription_ended"

    page = person.post("/switch/c2")
    assert page.status_code == 403
    assert "subscription has ended" in page.text
    assert "Atelier Lumen SARL" in person.get("/").text


def test_switching_with_a_refresh_token_that_is_over_ends_the_session(person, issuer):
    person.sign_in()
    issuer.refresh_error = "invalid_grant"

    assert "Your access has changed" in person.post("/switch/c2").text
    assert person.get("/area/journals").status_code == 303


@pytest.mark.parametrize("path", ["/switch/c2", "/logout"])
def test_a_form_without_its_token_changes_nothing(person, another_person, issuer, path):
    person.sign_in()
    another_person.sign_in()

    assert person.client.post(path).status_code == 400
    assert person.client.post(path, data={"form_token": another_person.form_token()}).status_code == 400
    assert person.get("/area/journals").status_code == 200


def test_an_access_token_in_its_last_minute_is_renewed(person, issuer):
    issuer.lifetime = 30
    person.sign_in()
    issuer.lifetime, issuer.permission_set = 600, "ps_bank"

    assert 'href="/area/bank"' in person.get("/").text
    person.get("/")
    assert issuer.asked.count("/token") == 2


def test_a_refused_refresh_says_that_access_has_changed_and_ends_the_session(person, issuer):
    issuer.lifetime = 30
    person.sign_in()
    issuer.refresh_error = "invalid_grant"

    page = person.get("/area/journals")
    assert page.status_code == 403
    assert "Your access has changed" in page.text
    assert 'href="/login' in page.text
    assert person.get("/area/journals").status_code == 303


def test_a_token_still_alive_is_used_while_no_new_one_can_be_had(person, issuer):
    issuer.lifetime = 30
    person.sign_in()
    issuer.refresh_error = "temporarily_unavailable"

    assert person.get("/area/journals").status_code == 200


def test_rights_seen_newer_by_the_api_reach_the_pages(person, product, issuer):
    person.sign_in()
    issuer.epoch, issuer.permission_set = 2, "ps_bank"
    token = issuer.access_token()
    assert product.test_client().get("/api/bank", headers={"Authorization": f"Bearer {token}"}).status_code == 200

    assert person.get("/area/bank").status_code == 200
    assert person.get("/area/journals").status_code == 403


def test_the_panel_tells_everything_the_product_was_told(person):
    person.sign_in()
    page = person.get("/told", "fr").text

    for expected in ("at+jwt", "ES256", "ps_reader", "accounting.journals.create", "ines@example.test", "company_name"):
        assert expected in page
    assert "Ce qu’on m’a dit" in page
    assert not re.search(r"eyJ[\w-]+\.", page)  # decoded, never the tokens themselves


def test_the_other_product_is_one_link_away_in_the_same_company(person):
    person.sign_in()
    assert 'href="http://localhost:8002/login?company=c1"' in person.get("/").text


def test_every_answer_carries_the_security_headers(person, issuer):
    for path in ("/", "/login", "/nowhere", "/callback", "/static/sample.css"):
        with person.get(path) as answer:
            headers = answer.headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert f"form-action 'self' {issuer.url}" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert person.get("/").headers["Cache-Control"] == "no-store"


def test_pages_have_no_inline_code_or_style(person):
    person.sign_in()
    for path in ("/", "/area/journals", "/companies", "/told", "/area/bank"):
        page = person.get(path).text
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+=", page)


def test_only_a_product_with_a_program_has_a_page_for_it(person, config):
    assert person.get("/download").status_code == 404  # accounting has none
    page = create_app(CAPTURE, config).test_client().get("/download", headers={"Accept-Language": "fr"})
    assert (page.status_code, "Aucun programme à télécharger ici" in page.text) == (200, True)
