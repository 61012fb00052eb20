"""A sample product is told that access has changed: its pages renew their token, its API refuses old ones."""

import time

import pytest

CHANGED = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"


@pytest.fixture
def tell(product, issuer):
    """Push an event as the service does."""

    def tell(claims, *, sub_id=None, token_type="secevent+jwt", media_type="application/secevent+jwt", **more):
        said = {
            "iss": issuer.url, "aud": "demo-accounting", "iat": int(time.time()), "jti": "event-1",
            "sub_id": sub_id or {"format": "iss_sub", "iss": issuer.url, "sub": "person-1"},
            "events": {CHANGED: {"claims": claims}},
        } | more  # fmt: skip
        body = issuer.sign(said, token_type)
        return product.test_client().post("/events", data=body, content_type=media_type)

    return tell


def test_a_page_has_another_menu_at_once(person, issuer, tell):
    person.sign_in()
    assert 'href="/area/journals"' in person.get("/area/journals").text
    issuer.epoch, issuer.permission_set = 2, "ps_bank"
    assert person.get("/area/journals").status_code == 200, "the token is young, so nobody asks for another"

    answer = tell({"epoch": 2})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (202, "no-store")
    page = person.get("/")
    assert 'href="/area/bank"' in page.text
    assert 'href="/area/journals"' not in page.text
    assert person.get("/area/journals").status_code == 403


def test_a_program_with_an_old_token_is_answered_401(product, issuer, tell):
    old, new = issuer.access_token(epoch=4), issuer.access_token(epoch=5)
    tell({"epoch": 5})
    for token, status in ((old, 401), (new, 200)):
        answer = product.test_client().get("/api/journals", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status
    assert product.test_client().get("/api/journals", headers={"Authorization": f"Bearer {old}"}).status_code == 401


@pytest.mark.parametrize(
    ("claims", "sub_id", "refused"),
    [
        ({"epoch": 9, "company": "c1"}, {"format": "opaque", "id": "c1"}, True),
        ({"epoch": 9, "company": "c2"}, {"format": "opaque", "id": "c2"}, False),
        ({"epoch": 9, "company": "c1", "firm": "f1"}, {"format": "opaque", "id": "c1"}, False),
        ({"epoch": 9}, {"format": "iss_sub", "iss": "", "sub": "somebody-else"}, False),
    ],
)
def test_an_event_is_about_whom_it_names(product, issuer, tell, claims, sub_id, refused):
    assert tell(claims, sub_id=sub_id).status_code == 202
    token = issuer.access_token(epoch=3, company="c1")
    answer = product.test_client().get("/api/journals", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == (401 if refused else 200)


def test_by_the_mandate_of_the_firm_it_names(product, issuer, tell):
    tell({"epoch": 9, "company": "c1", "firm": "f1"}, sub_id={"format": "opaque", "id": "c1"})
    for firm, status in (("f1", 401), ("f2", 200)):
        token = issuer.access_token(epoch=3, company="c1", firm=firm, via="mandate")
        answer = product.test_client().get("/api/journals", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status


def test_what_is_no_event_of_the_service_changes_nothing(product, issuer, tell):
    refused = [
        tell({"epoch": 9}, token_type="JWT"),
        tell({"epoch": 9}, aud="demo-capture"),
        tell({"epoch": 9}, iss="https://elsewhere.example"),
        tell({"epoch": 9}, media_type="application/json"),
        tell({"epoch": "9"}),
        tell({"epoch": True}),
        tell({}),
        tell({"epoch": 9}, events={}),
        tell({"epoch": 9}, events=[]),
        tell({"epoch": 9}, sub_id={"format": "opaque", "id": "c1"}),
        tell({"epoch": 9, "company": ["c1"]}, sub_id={"format": "opaque", "id": "c1"}),
        product.test_client().post("/events", data="x" * 20_000, content_type="application/secevent+jwt"),
        product.test_client().post("/events", data="\xff\xfe", content_type="application/secevent+jwt"),
    ]
    assert [answer.status_code for answer in refused] == [400] * len(refused)
    assert all(answer.json["err"] == "invalid_request" for answer in refused)
    token = issuer.access_token(epoch=3)
    assert product.test_client().get("/api/journals", headers={"Authorization": f"Bearer {token}"}).status_code == 200
