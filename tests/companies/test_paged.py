"""Lists that grow with the years are read a page at a time, forth and back, on both databases; none is cut."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from idp.accounts.models import Account
from idp.companies import custom_role, firm_invitation, mandate_list, mandate_request, ownership, role
from idp.companies.models import CustomRoleRevision, FirmInvitation, Mandate, MandateRequest
from idp.companies.paged import Page
from idp.core import tokens
from idp.core.errors import NotFound
from idp.core.ids import uuid7
from idp.work import Actor
from tests.companies.conftest import statements

ROWS = 11


def walk(read: Callable[..., Page[Any]], limit: int = 4) -> list[Any]:
    """All of a list page by page, and the same from its end back to its beginning."""
    pages = [read(limit=limit)]
    while pages[-1].next is not None:
        pages.append(read(limit=limit, after=pages[-1].next))
    found = [row for page in pages for row in page.rows]
    assert pages[0].previous is None
    for number, page in enumerate(pages):
        assert (page.total, page.first) == (len(found), number * limit + 1), number
    for page, following in zip(pages, pages[1:], strict=False):
        assert following.previous is not None
        assert read(limit=limit, before=following.previous) == page
    return found


@pytest.fixture
def firm(system, make_company):
    return make_company(kind="firm", products=("practice",))


def test_the_requests_of_a_firm(system, firm, make_company):
    """Those that wait come first, whenever they were asked; many were asked at the same instant."""
    wanted = []
    for number in range(ROWS):
        at, closed = system.now - timedelta(days=number // 3), number % 2
        wanted.append((closed, -at.timestamp(), f"client{number}@example.test"))
        system.session.add(
            MandateRequest(
                id=uuid7(), firm_id=firm, address=wanted[-1][2], canonical=wanted[-1][2], preset="review",
                created_at=at, expires_at=at + timedelta(days=14), closed_at=at if closed else None,
                outcome="refused" if closed else None,
            )
        )  # fmt: skip
    system.session.flush()
    found = walk(lambda **place: mandate_request.of_firm(system, firm, **place))
    assert [(each.outcome is not None, -each.created_at.timestamp()) for each in found] == [
        (bool(closed), at) for closed, at, _ in sorted(wanted)
    ]
    assert {each.address for each in found} == {each[2] for each in wanted}
    found = mandate_request.of_firm(system, firm, search="\x00CLIENT1")
    assert {each.address for each in found.rows} == {f"client{each}@example.test" for each in (1, 10)}
    assert mandate_request.of_firm(system, firm, search="%").total == 0
    assert mandate_request.of_firm(system, make_company(kind="firm", products=("practice",))).total == 0


def mandates(system, pairs, **values):
    """A mandate for each (company, firm), each of another day."""
    for number, (company_id, firm_id) in enumerate(pairs):
        at = system.now - timedelta(days=400 - number)
        row = Mandate(
            id=uuid7(), company_id=company_id, firm_id=firm_id, preset="review", options=[], way="client-invites",
            epoch=1, **({"state": "ended", "created_at": at, "ended_at": at + timedelta(days=30)} | values),
        )  # fmt: skip
        system.session.add(row)
    system.session.flush()


def test_the_mandates_of_a_company_that_are_over(system, firm, make_company):
    """Also those whose date has come before anything closed them; the one that ended last is first."""
    home = make_company()
    mandates(system, [(home, firm)] * ROWS)
    old = system.now - timedelta(days=90)
    others = [make_company(kind="firm", products=("practice",)) for _ in range(3)]
    run_out = system.now - timedelta(days=1)
    mandates(system, [(home, others[0])], state="active", created_at=old, started_at=old, until_at=run_out,
             ended_at=None)  # fmt: skip
    mandates(system, [(home, others[1])], state="invited", created_at=old, ended_at=None)
    mandates(system, [(home, others[2])], state="active", created_at=old, started_at=old, ended_at=None)
    mandates(system, [(make_company(), firm)])  # of another company

    found = walk(lambda **place: mandate_list.of_company(system, home, over=True, **place))
    assert len(found) == ROWS + 2
    assert {each.company_id for each in found} == {home}
    ends = [each.ended_at or each.created_at for each in found]
    assert ends == sorted(ends, reverse=True)
    assert {each.state for each in found} == {"ended", "expired"}
    assert found[0].firm_id == others[0]
    assert [each.firm_id for each in walk(lambda **place: mandate_list.of_company(system, home, **place))] == [
        each.firm_id for each in mandate_list.present(system, home)
    ] == [others[2]]  # fmt: skip


def test_the_invitations_that_wait_for_a_firm(system, firm, make_company):
    homes = [make_company() for _ in range(ROWS)]
    mandates(system, [(home, firm) for home in homes], state="invited", created_at=system.now, ended_at=None)
    expired, other = make_company(), make_company(kind="firm", products=("practice",))
    mandates(system, [(expired, firm)], state="invited", created_at=system.now - timedelta(days=30), ended_at=None)
    mandates(system, [(homes[0], other)], state="invited", created_at=system.now, ended_at=None)
    found = walk(lambda **place: mandate_list.waiting_for_firm(system, firm, **place))
    assert {each.company_id for each in found} == set(homes)
    assert [each.id for each in found] == sorted(each.id for each in found)


def test_the_accountants_that_a_company_has_invited(system, make_company):
    home, other = make_company(), make_company()
    for number in range(ROWS):
        system.session.add(
            FirmInvitation(
                id=uuid7(), company_id=home, address=f"a{number}@example.test", canonical=f"a{number}@example.test",
                locale="fr-FR", preset="review", options=[], lowered=[], yearly=False,
                token_digest=tokens.digest(str(number)), created_at=system.now,
                expires_at=system.now + timedelta(days=14),
            )
        )  # fmt: skip
    system.session.flush()
    found = walk(lambda **place: firm_invitation.of_company(system, home, **place))
    assert {each.address for each in found} == {f"a{number}@example.test" for number in range(ROWS)}
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert firm_invitation.get(system, home, found[-1].id) is found[-1]
    with pytest.raises(NotFound):
        firm_invitation.get(system, other, found[-1].id)
    assert firm_invitation.of_company(system, other).rows == ()


def test_the_revisions_of_a_role(system, make_company):
    home = make_company()
    held = {"labels": {"fr": "Un"}, "permissions": ["accounting.journals.view"]}
    made = role.create_custom(system, home, "accounting", name="One", **held)
    row = {**held, "custom_role_id": made.id}
    system.session.execute(
        update(CustomRoleRevision).where(CustomRoleRevision.custom_role_id == made.id).values(ended_at=system.now)
    )
    for number in range(2, 2 + ROWS):
        system.session.add(
            CustomRoleRevision(
                id=uuid7(), revision=number, name=str(number), began_at=system.now, ended_at=system.now, **row
            )
        )
    system.session.flush()
    found = walk(lambda **place: custom_role.revisions(system, home, made.id, **place))
    assert [each.number for each in found] == list(range(1 + ROWS, 0, -1))
    earlier = custom_role.revision(system, home, made.id, 3)
    assert earlier is not None
    assert earlier.name == "3"
    assert custom_role.revision(system, home, made.id, 0) is None


def test_those_to_whom_a_company_can_be_handed_over(system, make_company, join):
    """By name, whatever its case; several are called the same."""
    home = make_company()
    names = ["Abel", "abel", "BERNARD", "bernard", "Cohen", "D'Ys", "dupont", "Dupont", "Émile", "zola", "Zola"]
    people: dict[UUID, str] = {}
    for name in names:
        key = join(home)
        account = system.session.get(Account, key)
        account.family_name, account.given_name = name, "Ada"
        people[key] = name
    system.session.flush()
    found = walk(lambda **place: ownership.candidates(system, home, **place))
    assert sorted(each.account_id for each in found) == sorted(people)
    assert [people[each.account_id].lower() for each in found][:4] == ["abel", "abel", "bernard", "bernard"]
    assert walk(lambda **place: ownership.candidates(system, home, "ZOLA", **place), limit=1)


def test_a_page_whose_rows_have_gone_is_the_first_one(system, firm, make_company):
    """A list never says that there is nothing while there is something."""
    for forth in (True, False):
        home = make_company()
        mandates(system, [(home, firm)] * 3)
        begin = mandate_list.of_company(system, home, over=True, limit=2)
        end = mandate_list.of_company(system, home, over=True, limit=2, after=begin.next)
        gone, left = (end, begin) if forth else (begin, end)
        place = {"after": begin.next} if forth else {"before": end.previous}
        system.session.execute(delete(Mandate).where(Mandate.id.in_([each.id for each in gone.rows])))
        read = mandate_list.of_company(system, home, over=True, limit=2, **place)
        assert read == mandate_list.of_company(system, home, over=True, limit=2)
        assert (read.rows, read.first, read.total) == (left.rows, 1, len(left.rows))
        system.session.execute(delete(Mandate).where(Mandate.company_id == home))
        assert mandate_list.of_company(system, home, over=True, limit=2, **place).rows == ()


def test_a_page_costs_the_same_wherever_it_is(system, firm, make_company):
    home = make_company()
    mandates(system, [(home, firm)] * 30)
    acting = system.acting(Actor("system", name="tests"))
    first = mandate_list.of_company(acting, home, over=True, limit=5)
    with statements(acting) as begin:
        mandate_list.of_company(acting, home, over=True, limit=5)
    with statements(acting) as further:
        mandate_list.of_company(acting, home, over=True, limit=5, after=first.next)
    assert len(further) == len(begin) + 1  # counts those before it
