"""Asking the administrators for a user of a colleague's own."""

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import colleague_request, membership, sharing_case
from idp.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.work import Actor

MARC = {"name": "  Marc   Petit ", "address": "Marc@Company.example"}


@pytest.fixture
def company(make_company):
    return make_company()


@pytest.fixture
def owner(company, join):
    return join(company, company_role="company.owner")


@pytest.fixture
def member(company, join):
    return join(company)


def acting(work, account_id):
    return work.acting(Actor("account", account_id))


def mails(work):
    rows = work.session.scalars(select(OutboxMessage).where(OutboxMessage.name == "colleague_request"))
    return [open_payload(work, row) for row in rows]


def test_every_administrator_is_written_to_with_both_names(work, company, owner, member, join):
    second = join(company, company_role="company.administrator")
    colleague_request.ask(acting(work, member), company, **MARC)
    written = {mail["recipient"]: mail["variables"] for mail in mails(work)}
    assert len(written) == 2
    assert {told["colleague"] for told in written.values()} == {"Marc Petit"}
    assert {told["colleague_address"] for told in written.values()} == {"Marc@Company.example"}
    (asked,) = colleague_request.of_person(work, member).rows
    assert colleague_request.of_companies(work, owner).rows == (asked,)
    assert colleague_request.of_companies(work, second).rows == (asked,)
    assert colleague_request.of_companies(work, member).rows == ()


def test_the_same_colleague_is_asked_for_once_however_the_address_is_written(work, company, owner, member):
    for address in ("marc@company.example", "MARC@company.example"):
        colleague_request.ask(acting(work, member), company, name="Marc", address=address)
    assert len(mails(work)) == colleague_request.of_person(work, member).total == 1


def test_more_than_a_few_open_requests_are_refused(work, company, owner, member):
    for number in range(colleague_request.MOST_OPEN):
        colleague_request.ask(acting(work, member), company, name="Marc", address=f"marc{number}@company.example")
    with pytest.raises(Conflict):
        colleague_request.ask(acting(work, member), company, **MARC)


@pytest.mark.parametrize(
    ("name", "address", "field"),
    [
        (" ", "marc@company.example", "name"),
        ("x" * 101, "marc@company.example", "name"),
        ("Marc", "marc", "email"),
        ("Marc", "m\u0430rc@company.example", "email"),  # Cyrillic a
    ],
)
def test_what_cannot_be_is_refused_by_its_field(work, company, member, name, address, field):
    with pytest.raises(InvalidInput) as refused:
        colleague_request.ask(acting(work, member), company, name=name, address=address)
    assert refused.value.members["field"] == field


def test_nobody_asks_for_themselves_or_in_a_company_of_others(work, company, member, make_company, join):
    with pytest.raises(InvalidInput):
        colleague_request.ask(acting(work, member), company, name="Me", address="person0@example.test")
    with pytest.raises(NotFound):
        colleague_request.ask(acting(work, member), make_company(), **MARC)
    membership.suspend(work.acting(Actor("system", name="tests")), company, member)
    with pytest.raises(NotFound):
        colleague_request.ask(acting(work, member), company, **MARC)


def test_an_administrator_settles_it_once(work, company, owner, member, make_company, join):
    colleague_request.ask(acting(work, member), company, **MARC)
    (asked,) = colleague_request.of_person(work, member).rows
    with pytest.raises(NotPermitted):
        colleague_request.close(acting(work, member), asked.id, "accepted")
    stranger = join(make_company(), company_role="company.owner")
    with pytest.raises(NotFound):
        colleague_request.close(acting(work, stranger), asked.id, "accepted")
    colleague_request.close(acting(work, owner), asked.id, "declined")
    with pytest.raises(NotFound):
        colleague_request.close(acting(work, owner), asked.id, "accepted")
    names = work.session.scalars(select(AuditEvent.name).where(AuditEvent.name.startswith("colleague."))).all()
    assert sorted(names) == ["colleague.requested", "colleague.settled"]
    colleague_request.ask(acting(work, member), company, **MARC)  # times change


def test_a_request_is_forgotten_by_both_sides_after_a_while(work, company, owner, member):
    colleague_request.ask(acting(work, member), company, **MARC)
    later = work.later(days=91)
    assert colleague_request.of_companies(later, owner).total == colleague_request.of_person(later, member).total == 0


def test_only_administrators_of_the_company_learn_of_a_case(work, demo):
    benoit, sophie = demo.account("benoit.lemaire"), demo.account("sophie.lemaire")
    (seen,) = sharing_case.of_companies(demo.work, benoit).rows
    assert (seen.name, seen.company) == ("Sophie Lemaire", "Boulangerie Lemaire SRL")
    assert set(seen.__slots__) == {"company", "name", "since"}
    for other in (sophie, demo.account("amelie.dubois"), demo.account("nathalie.deltour")):
        assert sharing_case.of_companies(demo.work, other).rows == ()
