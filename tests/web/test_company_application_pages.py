"""Authorised applications of a company: who let which of them for what, and the end of it for everybody (EMP-19)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from idp.audit.models import AuditEvent
from idp.companies.models import Mandate, Membership
from idp.oidc import clients, company_applications, consent
from idp.oidc.models import Client, Consent, ConsentCompany
from tests.party import SCOPE, Party
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.api.calling import Callers, Document, problem
from tests.web.test_my_access_pages import english

LUMEN, STUDIO = "atelier-lumen", "studio-mirabelle"
BACK_CHANNEL = "https://ledger.example/logout"


@pytest.fixture
def ledger(own_stage: Stage) -> Party:  # noqa: F811
    """An application of somebody else for the accounting of companies."""
    return own_stage.register(
        trusted=False, names={"en": "Ledger <reader>", "fr": "Lecteur"}, product="accounting",
        resource="https://ledger.example/api", backchannel_logout_uri=BACK_CHANNEL,
    )  # fmt: skip


def key(stage: Stage, party: Party) -> UUID:  # noqa: F811
    with stage.work(write=False) as work:
        found = work.session.scalar(select(Client.id).where(Client.client_id == party.client_id))
        assert found is not None
        return found


def allow(stage: Stage, party: Party, person: str, *companies: str, scope: str = "openid profile") -> None:  # noqa: F811
    with stage.work() as work:
        for each in companies:
            client, company = clients.get(work, party.client_id), stage.company(each)
            consent.give(work, client, stage.person(person).id, scope, company_id=company)


def scopes(stage: Stage, person: str) -> set[str]:  # noqa: F811
    with stage.work(write=False) as work:
        return set((work.session.scalar(select(Consent.scope).where(
            Consent.account_id == stage.person(person).id)) or "").split())  # fmt: skip


def tokens(stage: Stage, party: Party, person: str, company: str) -> dict[str, str]:  # noqa: F811
    """As the person gets them for the application, with the agreement."""
    browser = english(stage.sign_in(person))
    browser.get(party.asking(scope=f"{SCOPE} company:{stage.company(company)}"))
    browser.submit({"decision": "allow"})
    return party.tokens(browser, scope=f"{SCOPE} company:{stage.company(company)}")


def test_an_administrator_sees_and_ends_what_an_application_may(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    held = tokens(own_stage, ledger, "ines.moreau", LUMEN)
    allow(own_stage, ledger, "thomas.lefevre", LUMEN)
    allow(own_stage, ledger, "nathalie.deltour", LUMEN, STUDIO)
    home, other = (own_stage.company(each) for each in (LUMEN, STUDIO))
    assert ledger.introspect(held["refresh_token"])["active"] is True
    amelie = english(own_stage.sign_in("amelie.dubois"))
    amelie.get(f"/companies/{home}")
    assert f"/companies/{home}/applications" in amelie.text
    amelie.get(f"/companies/{home}/applications")
    assert amelie.heading == "Authorised applications"
    assert "allowed by 3 people" in amelie.text
    assert "Ledger &lt;reader&gt;" in amelie.text
    assert "<reader>" not in amelie.text
    path = f"/companies/{home}/applications/{key(own_stage, ledger)}"
    amelie.get(path)
    for words in (
        "Inès Moreau", "Thomas Lefèvre", "Nathalie Deltour", "see the person’s e-mail address", "today at",
        "see that the person works for the company, and their role in Accounting",
    ):  # fmt: skip
        assert words in amelie.text, words
    amelie.submit()
    assert amelie.address == f"/companies/{home}/applications?done=ended"
    assert "The access has ended." in amelie.text
    assert "Ledger" not in amelie.text

    assert ledger.introspect(held["refresh_token"]) == {"active": False}
    assert ledger.introspect(held["access_token"]) == {"active": False}
    assert ledger.refresh(held["refresh_token"]).json["error"] == "invalid_grant"  # type: ignore[index]
    assert not any(each.startswith("company:") for each in scopes(own_stage, "ines.moreau"))
    assert scopes(own_stage, "nathalie.deltour") == {"openid", "profile", f"company:{other}"}
    with own_stage.work(write=False) as work:
        noted = work.session.scalars(select(AuditEvent).where(AuditEvent.name == "application.withdrawn")).all()
        assert {UUID(each.subject_id) for each in noted} == {
            own_stage.person(each).id for each in ("ines.moreau", "thomas.lefevre", "nathalie.deltour")
        }
        assert {each.company_id for each in noted} == {home}
        assert {each.actor_id for each in noted} == {own_stage.person("amelie.dubois").id}
        kept = work.session.scalars(select(ConsentCompany.company_id)).all()
    assert kept == [other]
    amelie.get(path)
    assert amelie.status == 404
    amelie.get(f"/companies/{home}/log")
    assert "An application’s access was withdrawn" in amelie.text
    ines = english(own_stage.sign_in("ines.moreau"))
    ines.get("/account/history")
    assert "withdrew the access of Ledger" in ines.text
    ines.get(ledger.asking(scope=f"{SCOPE} company:{home}"))
    assert ines.address.startswith("/consent")  # asked again


def test_a_foreign_company_and_who_may_not_reach_nothing(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """The application of another company is answered like one that does not exist; nothing has ended afterwards."""
    allow(own_stage, ledger, "ines.moreau", LUMEN)
    home, other, application = own_stage.company(LUMEN), own_stage.company(STUDIO), key(own_stage, ledger)
    chloe = english(own_stage.sign_in("chloe.fontaine"))
    for path in (f"/companies/{home}/applications", f"/companies/{home}/applications/{application}"):
        chloe.get(path)
        assert chloe.status == 404, path
    answers = []
    for wanted in (application, uuid4()):
        chloe.get(f"/companies/{other}/applications/{wanted}")
        answers.append((chloe.status, chloe.heading))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    for place, target in ((home, application), (other, application)):
        chloe.get("/account/details")
        sent = chloe.client.post(
            f"/companies/{place}/applications/{target}", data={"csrf_token": chloe.form.values["csrf_token"]},
            headers=chloe.headers,
        )  # fmt: skip
        assert sent.status_code == 404, place
    for member in ("hugo.perrin", "ines.moreau"):
        browser = english(own_stage.sign_in(member))
        browser.get(f"/companies/{home}/applications")
        assert browser.status == 403, member
    assert f"company:{home}" in scopes(own_stage, "ines.moreau")


def test_the_api_lists_shows_and_ends(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    from idp.web.api.pace import Pace

    own_stage.app.extensions["sesame api pace"] = Pace(per_minute=1_000_000)
    described = own_stage.app.test_client().get("/api/v1/openapi.json").json
    callers = Callers(own_stage, Document(described))  # type: ignore[arg-type]
    for person in ("ines.moreau", "thomas.lefevre", "hugo.perrin"):
        allow(own_stage, ledger, person, LUMEN, scope="openid profile" if person == "hugo.perrin" else "openid")
    for number in range(4):
        other = own_stage.register(trusted=False, names={"en": f"Another {number}"})
        allow(own_stage, other, "ines.moreau", LUMEN)
    home, application = own_stage.company(LUMEN), key(own_stage, ledger)
    amelie = callers.person("amelie.dubois")
    path = f"/companies/{home}/applications"
    listed = amelie.every(path, limit=2)
    assert len({each["id"] for each in listed}) == len(listed) == 5
    shown = amelie.shown(f"{path}/{application}")
    assert shown in listed
    assert (shown["client_id"], shown["people"], shown["scope"]) == (ledger.client_id, 3, ["openid", "profile"])
    people = amelie.every(f"{path}/{application}/people", limit=1)
    assert {each["account_id"] for each in people} == {
        str(own_stage.person(each).id) for each in ("ines.moreau", "thomas.lefevre", "hugo.perrin")
    }
    begin = amelie.shown(f"{path}/{application}/people?limit=2")
    rest = [own_stage.person(each).id for each in ("ines.moreau", "thomas.lefevre", "hugo.perrin")]
    rest = [each for each in rest if str(each) not in {row["account_id"] for row in begin["data"]}]
    with own_stage.work() as work:
        gone = update(Membership).where(Membership.company_id == home, Membership.account_id.in_(rest))
        work.session.execute(gone.values(ended_at=work.now))
    end = amelie.shown(f"{path}/{application}/people?limit=2&cursor={begin['next']}")
    assert end == {"data": [], "next": None}  # a program that walks on reads no row twice
    with own_stage.work() as work:
        work.session.execute(gone.values(ended_at=None))
    for place in (path, f"{path}/{application}/people"):
        assert problem(amelie.get(f"{place}?cursor=x")) == (422, "invalid_input")
    for person, refused in (("chloe.fontaine", 404), ("hugo.perrin", 403)):
        caller = callers.person(person)
        for place in (path, f"{path}/{application}", f"{path}/{application}/people"):
            assert problem(caller.get(place))[0] == refused, (person, place)
        assert problem(caller.call("DELETE", f"{path}/{application}", match='"x"'))[0] == refused
    assert amelie.change("DELETE", f"{path}/{application}").status_code == 204
    assert problem(amelie.get(f"{path}/{application}")) == (404, "not_found")
    assert len(amelie.every(path, limit=3)) == 4
    auditor = callers.service("company.api.view", company=LUMEN)
    seen = auditor.every(path)
    assert len(seen) == 5
    assert seen[0]["permissions"] == ["company.api.view"]  # this one itself, which was set up last
    assert {each["people"] for each in seen[1:]} == {1}
    target = seen[1]["id"]
    assert problem(auditor.call("DELETE", f"{path}/{target}", match='"x"'))[0] == 403


def test_another_company_is_not_reached_by_a_refresh(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """R-42: the person let it act in one company; the next one is asked for first."""
    held = tokens(own_stage, ledger, "julien.mercier", STUDIO)
    with own_stage.work(write=False) as work:
        from idp.companies import own_companies

        julien = own_companies.of_person(work, own_stage.person("julien.mercier").id).companies
    others = [each.company_id for each in julien if each.company_id != own_stage.company(STUDIO)]
    assert others
    for way in ({"company": str(others[0])}, {"scope": f"openid company:{others[0]}"}):
        refused = ledger.refresh(held["refresh_token"], **way)
        assert refused.status_code == 400, refused.text
        assert refused.json["error"] == "invalid_grant"  # type: ignore[index]
    again = ledger.refresh(held["refresh_token"], company=str(own_stage.company(STUDIO)))
    assert again.status_code == 200, again.text
    with own_stage.work() as work:
        client = clients.get(work, ledger.client_id)
        consent.give(work, client, own_stage.person("julien.mercier").id, "openid", company_id=others[0])
    allowed = ledger.refresh(again.json["refresh_token"], company=str(others[0]))  # type: ignore[index]
    assert allowed.json.get("reason") != "no_access" or allowed.status_code == 200, allowed.text  # type: ignore[union-attr]


def listed(stage: Stage, company: str) -> list[tuple[str, int]]:  # noqa: F811
    with stage.work(write=False) as work:
        found = company_applications.of_company(work, stage.company(company)).rows
        return [(each.client.client_id, each.people) for each in found]


def test_a_token_of_a_grant_that_went_on_to_another_company_ends_too(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """R-42: what is withdrawn stops at once; the other company's tokens of the same grant stay."""
    allow(own_stage, ledger, "julien.mercier", STUDIO, LUMEN, scope=SCOPE)
    home, other = own_stage.company(STUDIO), own_stage.company(LUMEN)
    browser = own_stage.signed_in("julien.mercier")
    held = ledger.tokens(browser, scope=f"{SCOPE} company:{home}")
    moved = ledger.refresh(held["refresh_token"], company=str(other)).json
    assert moved is not None
    access = held["access_token"], moved["access_token"]
    assert [ledger.introspect(each)["active"] for each in access] == [True, True]
    with own_stage.work() as work:
        company_applications.withdraw(work, home, key(own_stage, ledger))
    assert [ledger.introspect(each)["active"] for each in access] == [False, True]
    assert [ledger.userinfo(each).status_code for each in access] == [401, 200]
    again = ledger.refresh(held["refresh_token"])
    assert again.status_code == 200, again.text
    assert ledger.introspect(again.json["access_token"])["company"] == str(other)  # type: ignore[index]


def test_who_works_for_the_company_no_more_is_not_counted(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """Neither a former member, nor somebody of a firm whose mandate is over; what they agreed to is not shown."""
    home, application = own_stage.company(LUMEN), key(own_stage, ledger)
    agreed = {"ines.moreau": "openid profile", "thomas.lefevre": "openid", "nathalie.deltour": "email"}
    for person, scope in agreed.items():
        allow(own_stage, ledger, person, LUMEN, scope=scope)
    assert listed(own_stage, LUMEN) == [(ledger.client_id, 3)]
    with own_stage.work() as work:
        here = update(Membership).where(Membership.company_id == home)
        left = here.where(Membership.account_id == own_stage.person("ines.moreau").id).values(ended_at=work.now)
        assert work.session.execute(left).rowcount == 1  # type: ignore[attr-defined]
        over = update(Mandate).where(Mandate.company_id == home, Mandate.state == "active")
        assert work.session.execute(over.values(state="ended", ended_at=work.now)).rowcount  # type: ignore[attr-defined]
    with own_stage.work(write=False) as work:
        (found,) = company_applications.of_company(work, home).rows
        assert (found.people, found.scope) == (1, ("openid",))
        assert found == company_applications.get(work, home, application)
        people = company_applications.people(work, home, application)
        assert [each.account_id for each in people.rows] == [own_stage.person("thomas.lefevre").id]
        assert people.total == 1
    with own_stage.work() as work:
        company_applications.withdraw(work, home, application)  # whoever let it, also who left
        assert work.session.scalars(select(ConsentCompany.company_id)).all() == []


def test_the_application_allowed_last_comes_first(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """Also when somebody else had allowed it long before."""
    other = own_stage.register(trusted=False, names={"en": "Another"})
    home = own_stage.company(LUMEN)
    for days, party, person in ((9, ledger, "ines.moreau"), (5, other, "ines.moreau"), (1, ledger, "thomas.lefevre")):
        allow(own_stage, party, person, LUMEN)
        with own_stage.work() as work:
            whose = select(Consent.id).where(
                Consent.account_id == own_stage.person(person).id, Consent.client_id == key(own_stage, party)
            )
            at = work.now - timedelta(days=days)
            work.session.execute(update(ConsentCompany).where(ConsentCompany.consent_id.in_(whose)).values(given_at=at))
    assert listed(own_stage, LUMEN) == [(ledger.client_id, 2), (other.client_id, 1)]
    with own_stage.work(write=False) as work:
        first = company_applications.of_company(work, home, limit=1)
        assert work.now - first.rows[0].since > timedelta(days=8)  # since the first of them did
        second = company_applications.of_company(work, home, limit=1, after=first.next)
        assert [each.client.client_id for each in second.rows] == [other.client_id]
        assert second.next is None
        assert company_applications.of_company(work, home, limit=1, before=second.previous) == first


def test_the_log_calls_the_application_what_its_reader_does(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    allow(own_stage, ledger, "ines.moreau", LUMEN)
    with own_stage.work() as work:
        company_applications.withdraw(work, own_stage.company(LUMEN), key(own_stage, ledger))
    browser = own_stage.sign_in("amelie.dubois")
    for language, name, foreign in (("fr", "Lecteur", "Ledger"), ("en", "Ledger &lt;reader&gt;", "Lecteur")):
        browser.get(f"/companies/{own_stage.company(LUMEN)}/log?ui_locales={language}")
        assert name in browser.text, language
        assert foreign not in browser.text, language


def test_what_nobody_allows_any_more_buys_nothing(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """Whatever slipped through a withdrawal: a code, or a refresh token of the same company."""
    held = tokens(own_stage, ledger, "ines.moreau", LUMEN)
    asked = f"{SCOPE} company:{own_stage.company(LUMEN)}"
    code = ledger.code(english(own_stage.signed_in("ines.moreau")), scope=asked)
    assert ledger.refresh(held["refresh_token"]).status_code == 200
    with own_stage.work() as work:
        work.session.execute(update(Consent).values(scope="openid profile"))
    for answer in (ledger.redeem(code), ledger.refresh(held["refresh_token"])):
        assert (answer.status_code, answer.json["error"], answer.json["reason"]) == (400, "invalid_grant", "no_access")  # type: ignore[index]


def test_what_only_former_people_allowed_is_told_and_can_be_forgotten(own_stage: Stage, ledger: Party) -> None:  # noqa: F811
    """It reaches nothing; it would again when they come back, unless the company ends it before."""
    home, ines = own_stage.company(LUMEN), own_stage.person("ines.moreau").id
    another = own_stage.register(trusted=False, names={"en": "Another"})
    for party, person in ((another, "thomas.lefevre"), (ledger, "ines.moreau")):
        allow(own_stage, party, person, LUMEN)
    assert listed(own_stage, LUMEN) == [(ledger.client_id, 1), (another.client_id, 1)]
    with own_stage.work() as work:
        left = update(Membership).where(Membership.company_id == home, Membership.account_id == ines)
        work.session.execute(left.values(ended_at=work.now))
    assert listed(own_stage, LUMEN) == [(another.client_id, 1), (ledger.client_id, 0)]  # last, though allowed last
    amelie = english(own_stage.sign_in("amelie.dubois"))
    amelie.get(f"/companies/{home}/applications")
    assert "allowed only by people who have left · reaches nothing" in amelie.text
    path = f"/companies/{home}/applications/{key(own_stage, ledger)}"
    amelie.get(path)
    assert "it reaches nothing now" in amelie.text
    assert "whoever comes back is asked again" in amelie.text
    for hidden in ("Inès", "Who allowed it", "Last used", "name and language"):
        assert hidden not in amelie.text, hidden
    amelie.submit()
    assert amelie.address.endswith("?done=ended")
    assert listed(own_stage, LUMEN) == [(another.client_id, 1)]
    assert scopes(own_stage, "ines.moreau") == {"openid", "profile"}
    with own_stage.work() as work:
        clients.delete(work, another.client_id)
    assert listed(own_stage, LUMEN) == []  # removed by an operator: it acts nowhere
