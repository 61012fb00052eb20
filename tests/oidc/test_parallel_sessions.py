"""A sign that only grants can show: two browsers at work at once in two companies that have nothing to do with each
other."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert

from idp.authn import sharing_signs
from idp.companies import assignment, mandate, membership
from idp.core.ids import uuid7
from idp.oidc import clients, parallel_sessions
from idp.oidc.clients import ClientRegistration
from idp.oidc.models import Grant
from idp.work import Actor
from tests.authn.trace import Device, Trace
from tests.companies.conftest import join, make_company, system  # noqa: F401
from tests.conftest import NOW

HOUR = timedelta(hours=1)
Works = Callable[..., None]


@pytest.fixture
def client(work):
    registration = ClientRegistration(
        client_id="books", names={"en": "Books"}, redirect_uris=["http://localhost:8001/callback"],
        grant_types=["authorization_code", "refresh_token"],
    )  # fmt: skip
    return clients.register(work.acting(Actor(kind="operator", name="test")), registration)[0].id


@pytest.fixture
def companies(make_company) -> list[UUID]:  # noqa: F811
    return [make_company() for _ in range(2)]


@pytest.fixture
def trace(open_work, make_account, client, companies, work) -> Trace:
    person = make_account("marc.petit@example.test")
    work.session.commit()
    return Trace(open_work, person)


@pytest.fixture
def works(trace, client) -> Works:
    """Sign in with this browser, and work for this company for so many hours."""

    def works(device: Device, company: UUID, at: datetime, hours: float = 2) -> None:
        current = trace.sign_in(device, at)
        work = trace.job(at)
        work.write()
        work.session.execute(
            insert(Grant).values(
                id=uuid7(),
                client_id=client,
                account_id=trace.person.account.id,
                session_id=current.session_id,
                company_id=company,
                scope="openid",
                created_at=at,
                last_used_at=at + hours * HOUR,
                expires_at=at + timedelta(days=30),
                auth_time=at,
                acr="urn:id:acr:2fa",
                amr="pwd otp mfa",
            )  # fmt: skip
        )
        work.session.commit()

    return works


def change(trace: Trace):
    work = trace.job(NOW - HOUR)
    work.write()
    return work


def test_two_browsers_in_two_unrelated_companies_at_once_are_a_sign(trace, works, companies):
    works(Device(), companies[0], NOW)
    works(Device(), companies[1], NOW + HOUR)
    (sign,) = trace.look(NOW + 4 * HOUR).signs
    assert (sign.signal, sign.weight) == ("parallel_sessions", 2)
    assert sign.evidence == {"companies": sorted(str(each) for each in companies)}


def test_one_after_the_other_is_not(trace, works, companies):
    works(Device(), companies[0], NOW, hours=1)
    works(Device(), companies[1], NOW + 2 * HOUR)
    works(Device(), companies[0], NOW + 24 * HOUR, hours=1)  # what lies between two uses is no use
    assert trace.seen(NOW + 26 * HOUR) == set()


def test_one_browser_that_goes_from_one_to_the_other_is_one_person(trace, works, companies):
    browser = Device()
    works(browser, companies[0], NOW)
    works(browser, companies[1], NOW + HOUR)
    assert trace.seen(NOW + 4 * HOUR) == set()


def test_two_browsers_that_both_reach_both_are_one_person(trace, works, companies):
    for device, at in ((Device(), NOW), (Device(), NOW + HOUR)):
        for company in companies:
            works(device, company, at)
    assert trace.seen(NOW + 4 * HOUR) == set()


def test_a_company_and_its_firm_are_related(trace, works, make_company, system, companies):  # noqa: F811
    firm = make_company(kind="firm", products=("practice",))
    made = mandate.record(system, companies[0], firm, preset="full-file", options=(), way="client-invites")
    mandate.confirm(system, made.id)
    system.session.commit()
    works(Device(), companies[0], NOW)
    works(Device(), firm, NOW + HOUR)
    assert trace.seen(NOW + 4 * HOUR) == set()


def test_the_clients_of_a_firm_are_related_for_its_colleague_alone(
    trace,
    works,
    make_company,  # noqa: F811
    system,  # noqa: F811
    companies,
):
    firm = make_company(kind="firm", products=("practice",))
    for company in companies:
        made = mandate.record(system, company, firm, preset="full-file", options=(), way="client-invites")
        mandate.confirm(system, made.id)
    system.session.commit()
    works(Device(), companies[0], NOW)
    works(Device(), companies[1], NOW + HOUR)
    work = trace.job(NOW + 3 * HOUR)
    assert parallel_sessions.look(work, trace.person.account.id).signal == sharing_signs.PARALLEL_SESSIONS
    work.session.close()

    work = change(trace)
    membership.add(work, firm, trace.person.account.id, company_role="company.member")
    membership.grant_role(work, firm, trace.person.account.id, "practice", role_id="practice.manager")
    assignment.give(work, firm, trace.person.account.id, product="accounting", role_id="accounting.accountant")
    work.session.commit()
    assert trace.seen(NOW + 4 * HOUR) == set()


def test_two_companies_of_one_owner_are_related(trace, works, companies):
    work = change(trace)
    for company in companies:
        membership.add(work, company, trace.person.account.id, company_role="company.owner")
    work.session.commit()
    works(Device(), companies[0], NOW)
    works(Device(), companies[1], NOW + HOUR)
    assert trace.seen(NOW + 4 * HOUR) == set()
