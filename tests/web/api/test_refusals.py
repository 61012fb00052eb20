"""What is refused, with which status and code: the same everywhere, and never more than the caller may know."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func

from idp.companies.models import Invitation, Mandate
from idp.oidc.models import IdempotentCall
from tests.stage import log_refuses, scalar
from tests.web.api.calling import Callers, problem

LUMEN, LEMAIRE, ROOFS = "atelier-lumen", "boulangerie-lemaire", "toitures-vanderlinden"
PERSON = {"address": "new.person@company.example", "locale": "fr-FR"}


def at(callers: Callers, reference: str, *parts: object) -> str:
    return "/".join((f"/companies/{callers.stage.company(reference)}", *map(str, parts)))


def key(callers: Callers, name: str) -> str:
    return str(callers.stage.person(name).id)


def test_what_an_invitation_may_not_be(callers: Callers) -> None:
    """The errors of J2, by whoever meets them."""
    amelie, katrien = callers.person("amelie.dubois"), callers.person("katrien.desmet")
    before = scalar(callers.stage, func.count(Invitation.id))
    for caller, company, body, expected in (
        (amelie, LUMEN, {"roles": {"payroll": "payroll.employee"}}, (422, "not_subscribed")),
        (amelie, LUMEN, {"roles": {"practice": "practice.manager"}}, (422, "not_subscribed")),
        (amelie, LUMEN, {"roles": {"nothing": "nothing.at-all"}}, (422, "not_subscribed")),
        (katrien, ROOFS, {"roles": {"payroll": "payroll.administrator"}}, (403, "role_not_assignable")),
        (amelie, LUMEN, {"address": callers.stage.person("ines.moreau").address}, (409, "already_member")),
        (amelie, LUMEN, {"address": callers.stage.person("amelie.dubois").address}, (403, "not_on_yourself")),
        (amelie, LUMEN, {"address": "nobody"}, (422, "invalid_input")),
        (amelie, LUMEN, {"locale": "tlh"}, (422, "invalid_input")),
    ):
        answer = caller.call("POST", at(callers, company, "invitations"), {**PERSON, **body})
        assert problem(answer) == expected, (body, answer.text)
    assert scalar(callers.stage, func.count(Invitation.id)) == before


def test_who_tries_to_give_more_than_they_may_is_in_the_log(own_callers: Callers) -> None:
    """ROL-07: refused, and told to whoever reads the log of the company; nothing else is left of it."""
    katrien, joris = own_callers.person("katrien.desmet"), own_callers.person("joris.vanderlinden")
    body = {**PERSON, "roles": {"payroll": "payroll.administrator"}}
    before = scalar(own_callers.stage, func.count(Invitation.id))
    for key in ("", "once"):
        answer = katrien.call("POST", at(own_callers, ROOFS, "invitations"), body, key=key)
        assert problem(answer) == (403, "role_not_assignable")
    preview = {"product": "payroll", "role": "payroll.administrator"}
    katrien.call("POST", at(own_callers, ROOFS, "role-previews"), preview)  # looking is no try
    assert scalar(own_callers.stage, func.count(Invitation.id)) == before
    log = joris.shown(at(own_callers, ROOFS, "audit-events") + "?limit=100")["data"]
    tries = [each for each in log if each["event"] == "role.refused"]
    assert len(tries) == 2
    assert tries[0]["outcome"] == "refused"
    assert tries[0]["details"]["role"] == "payroll.administrator"
    browser = own_callers.stage.signed_in("joris.vanderlinden")
    for language, words in (("fr", "Quelqu’un a voulu accorder plus"), ("en", "Somebody tried to give more")):
        browser.get(at(own_callers, ROOFS, "log") + f"?kind=roles&ui_locales={language}")
        assert words in browser.text
        assert "Katrien" in browser.text


def test_a_refusal_stands_when_the_log_takes_nothing(callers: Callers) -> None:
    body = {**PERSON, "roles": {"payroll": "payroll.administrator"}}
    for key in ("", "full"):
        with log_refuses(callers.stage, "role.refused"):
            answer = callers.person("katrien.desmet").call("POST", at(callers, ROOFS, "invitations"), body, key=key)
        assert problem(answer) == (403, "role_not_assignable")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "invitations", PERSON), ("PATCH", "", {}),
        ("POST", "mandates", {"address": "a@b.example", "preset": "x"}),
        ("POST", "subscriptions/accounting/cancel", {"exported": True}), ("POST", "subscription-requests", {}),
        ("POST", "role-previews", {"product": "accounting"}),
    ],
)  # fmt: skip
def test_a_field_that_is_not_known_is_refused_by_name(callers: Callers, method: str, path: str, body: Any) -> None:
    place = at(callers, LUMEN, path).rstrip("/")
    answer = callers.person("amelie.dubois").call(method, place, {**body, "own_idea": 1}, match="*")
    assert problem(answer) == (422, "invalid_input")
    assert {"field": "own_idea", "reason": "is not known here"} in answer.json["errors"]  # type: ignore[index]


def test_another_company_s_object_is_answered_like_none(callers: Callers) -> None:
    """Under one's own company, byte by byte."""
    amelie, nathalie = callers.person("amelie.dubois"), callers.person("nathalie.deltour")
    theirs = callers.stage.company(LEMAIRE)
    mandate = scalar(callers.stage, Mandate.id, Mandate.company_id == theirs)
    invitation = scalar(callers.stage, Invitation.id, Invitation.company_id == theirs)
    sophie = key(callers, "sophie.lemaire")
    scope = {"preset": "review"}
    for caller, method, opening, foreign, ending, body in (
        (amelie, "GET", "mandates", mandate, "", None),
        (amelie, "GET", "mandates", mandate, "/people", None),
        (amelie, "PUT", "mandates", mandate, "/scope", scope),
        (amelie, "POST", "mandates", mandate, "/refuse", None),
        (amelie, "GET", "invitations", invitation, "", None),
        (amelie, "GET", "access", sophie, "", None),
        (amelie, "GET", "access", sophie, "/explanation?product=accounting", None),
        (amelie, "GET", "subscription-requests", uuid4(), "", None),
    ):
        answers = [
            caller.call(method, at(callers, LUMEN, opening, each) + ending, body, match="*")
            for each in (foreign, uuid4())
        ]
        assert problem(answers[0]) == (404, "not_found"), answers[0].text
        assert answers[0].data == answers[1].data
    firm = at(callers, "cabinet-deltour", "received-mandates")
    assert problem(nathalie.get(f"{firm}/{uuid4()}")) == (404, "not_found")
    assert problem(amelie.get(at(callers, LUMEN, "subscriptions", "payroll"))) == (404, "not_found")


def test_a_refusal_that_is_counted_gives_its_key_back(own_callers: Callers) -> None:
    """A wrong address of an accountant is one of few tries, and the same call may be sent again."""
    amelie = own_callers.person("amelie.dubois")
    body = {"address": "nobody@elsewhere.example", "preset": "review"}
    for _ in range(2):
        answer = amelie.call("POST", at(own_callers, LUMEN, "mandates"), body, key="one")
        assert problem(answer) == (409, "accountant_unknown")
        assert scalar(own_callers.stage, func.count(IdempotentCall.id)) == 0
    for _ in range(4):
        answer = amelie.call("POST", at(own_callers, LUMEN, "mandates"), body, key="one")
    assert problem(answer) == (429, "throttled")
    assert int(answer.headers["Retry-After"]) > 0


def test_instants_that_no_calendar_has_are_refused(callers: Callers) -> None:
    amelie = callers.person("amelie.dubois")
    for at_instant in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z", "1", "now"):
        assert problem(amelie.get(f"{at(callers, LUMEN, 'access')}?at={at_instant}")) == (422, "invalid_input")
        assert problem(amelie.get(f"{at(callers, LUMEN, 'audit-events')}?since={at_instant}")) == (422, "invalid_input")
    later = amelie.get(f"{at(callers, LUMEN, 'access')}?at=2199-01-01T00:00:00Z")
    assert problem(later) == (422, "invalid_input")
    assert later.json["field"] == "at"  # type: ignore[index]


def test_a_cancellation_needs_its_tick_and_its_right(callers: Callers) -> None:
    place = at(callers, LUMEN, "subscriptions", "accounting", "cancel")
    body = {"exported": False}
    assert problem(callers.person("amelie.dubois").call("POST", place, body)) == (422, "export_unconfirmed")
    assert problem(callers.person("ines.moreau").call("POST", place, body)) == (403, "not_permitted")
