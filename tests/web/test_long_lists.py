"""Lists that grow with the years: every page of them is reached by a browser; a bad cursor is the first page."""

import html
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import update

from idp.accounts import profile
from idp.companies import company as companies
from idp.companies import membership, role
from idp.companies.models import (
    ColleagueRequest,
    CustomRoleRevision,
    FirmInvitation,
    Mandate,
    MandateRequest,
    SupportCase,
)
from idp.core import tokens
from idp.core.ids import uuid7
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

DELTOUR, LUMEN = "cabinet-deltour", "atelier-lumen"
MANY = 60
NEXT = re.compile(r'<a href="([^"]+)" rel="next">')
PREVIOUS = re.compile(r'<a href="([^"]+)" rel="prev">')
BAD = ["", "x", "%00", "a" * 3000, "%ff%fe", "é", "..%2f"]


def everything(browser: Browser, path: str, shown: str, *, section: str = "") -> list[str]:
    """What `shown` finds on each page of the list, from the first to the last one and back again."""
    seen, address, pages = [], path, []
    while address:
        browser.get(address)
        assert browser.status == 200, browser.text[:300]
        found = re.findall(shown, browser.text)
        assert found, address
        seen += found
        pages.append(found)
        ways = [html.unescape(each) for each in NEXT.findall(browser.text)]
        ways = [each for each in ways if urlsplit(each).fragment == section]
        address = ways[0] if ways else ""
    back = [html.unescape(each) for each in PREVIOUS.findall(browser.text)]
    assert len(back) == 1
    assert len(pages) > 1
    browser.get(back[0])
    assert re.findall(shown, browser.text) == pages[-2]
    for bad in BAD:
        for name in ("after", "before"):
            browser.get(f"{path}{'&' if '?' in path else '?'}{name}={bad}")
            assert browser.status == 200, bad
            assert re.findall(shown, browser.text) == pages[0], bad
    return seen


def many(stage: Stage) -> None:  # noqa: F811
    """Years later: the firm has asked often, the company had many accountants, and has invited many."""
    firm, company, now = stage.company(DELTOUR), stage.company(LUMEN), datetime.now(UTC)
    with stage.work() as work:
        for number in range(MANY):
            at, name = now - timedelta(days=500 - number), f"client{number}@long.example"
            work.session.add_all(
                [
                    MandateRequest(
                        id=uuid7(), firm_id=firm, address=name, canonical=name, preset="review", created_at=at,
                        expires_at=at + timedelta(days=14), closed_at=at, outcome="refused",
                    ),
                    Mandate(
                        id=uuid7(), company_id=company, firm_id=firm, preset="review", options=[], state="ended",
                        way="client-invites", epoch=1, created_at=at, ended_at=at + timedelta(hours=1),
                    ),
                    FirmInvitation(
                        id=uuid7(), company_id=company, address=f"new{number}@long.example",
                        canonical=f"new{number}@long.example", locale="fr-FR", preset="review", options=[], lowered=[],
                        yearly=False, token_digest=tokens.digest(name), created_at=now,
                        expires_at=now + timedelta(days=14),
                    ),
                ]
            )  # fmt: skip


@pytest.fixture
def long(own_stage: Stage) -> Stage:  # noqa: F811
    many(own_stage)
    return own_stage


def test_what_a_firm_has_asked_for(long: Stage) -> None:
    nathalie = english(long.sign_in("nathalie.deltour"))
    path = f"/companies/{long.company(DELTOUR)}/mandates"
    shown = r'/mandates/requests/[^"]+">(client\d+@long\.example)'
    nathalie.get(path)
    seen = everything(nathalie, path, shown, section="asked")
    assert len(seen) == len(set(seen)) == MANY
    nathalie.get(f"{path}?q=CLIENT5")
    assert sorted(re.findall(shown, nathalie.text)) == sorted(f"client{n}@long.example" for n in (5, *range(50, 60)))
    nathalie.get(f"{path}?q=nobody")
    assert "No request to an address like this." in nathalie.text
    nathalie.get(f"{path}?q=%00")
    assert nathalie.status == 200


def test_the_accountants_that_a_company_had_and_those_it_has_invited(long: Stage) -> None:
    amelie = english(long.sign_in("amelie.dubois"))
    path = f"/companies/{long.company(LUMEN)}/accountants"
    seen = everything(amelie, path, rf'{path}/invited/([^"]+)"', section="invited")
    assert len(seen) == len(set(seen)) == MANY
    amelie.get(f"{path}/invited/{seen[-1]}")  # also one that is on no first page
    assert amelie.status == 200, amelie.text[:200]
    ended = everything(amelie, path, rf'{path}/([0-9a-f-]{{36}})"[^\n]*Ended', section="over")
    assert len(ended) == len(set(ended)) >= MANY


def test_what_a_role_was_before(own_stage: Stage) -> None:  # noqa: F811
    company, now = own_stage.company(LUMEN), datetime.now(UTC)
    sets = [["accounting.journals.view"], ["accounting.journals.view", "accounting.reports.view"]]
    with own_stage.work() as work:
        made = role.create_custom(
            work, company, "accounting", name="Looking", labels={"en": "Looking"}, permissions=sets[1]
        )
        work.session.execute(
            update(CustomRoleRevision)
            .where(CustomRoleRevision.custom_role_id == made.id)
            .values(ended_at=now + timedelta(days=1))
        )
        for number in range(2, 26):
            work.session.add(
                CustomRoleRevision(
                    id=uuid7(), custom_role_id=made.id, revision=number, name=f"Rev{number}",
                    labels={"en": f"Rev{number}"}, permissions=sets[number % 2], began_at=now, ended_at=now,
                )
            )  # fmt: skip
        key = made.id
    amelie = english(own_stage.sign_in("amelie.dubois"))
    path = f"/companies/{company}/roles/accounting/{key}"
    seen = everything(amelie, path, r"<dd>(Rev\d+|Looking) ·", section="before")
    assert seen == [*(f"Rev{number}" for number in range(25, 1, -1)), "Looking"]
    amelie.get(path)
    assert amelie.text.count('<ul class="signs">') == 10  # the last of a page is told what it changed, too


def test_to_whom_a_company_can_be_handed_over(own_stage: Stage) -> None:  # noqa: F811
    company = own_stage.company(LUMEN)
    with own_stage.work() as work:
        for number in range(MANY):
            made = profile.create(
                work, address=f"heir{number}@long.example", given_name="Ada", family_name=f"Heir{number:02}",
                locale="fr-FR",
            )  # fmt: skip
            membership.add(work, company, made.id, company_role="company.member")
    amelie = english(own_stage.sign_in("amelie.dubois"))
    path = f"/companies/{company}/ownership/offer?q=Heir"
    seen = everything(amelie, path, r"(Ada Heir\d+)<")
    assert seen == [f"Ada Heir{number:02}" for number in range(MANY)]
    amelie.get(path)
    form, pager = (amelie.text.index(each) for each in ('name="person"', '<nav class="pager"'))
    assert amelie.text.index("</form>", form) < pager  # a page further forgets what was ticked in it


def case_of(account: UUID, number: int, *, kind: str, over: bool = False) -> SupportCase:
    at = datetime.now(UTC) - timedelta(minutes=number)
    return SupportCase(
        id=uuid7(), reference=f"{kind[:4]}{number:03}", kind=kind, matter="access" if kind == "reset-2fa" else kind,
        account_id=account, state="closed" if over else "notice_sent", reason="lost", identity_check="seen", details={},
        origin="system", opened_by_name="job", created_at=at, closed_at=at if over else None,
    )  # fmt: skip


def test_who_asks_for_a_colleague_and_whose_account_may_be_shared(own_stage: Stage) -> None:  # noqa: F811
    company, asker, now = own_stage.company(LUMEN), own_stage.person("hugo.perrin").id, datetime.now(UTC)
    with own_stage.work() as work:
        for number in range(MANY):
            made = profile.create(
                work, address=f"one{number}@long.example", given_name="Ada", family_name=f"One{number:02}",
                locale="fr-FR",
            )  # fmt: skip
            membership.add(work, company, made.id, company_role="company.member")
            address = f"colleague{number}@long.example"
            work.session.add_all(
                [
                    case_of(made.id, number, kind="sharing"),
                    ColleagueRequest(
                        id=uuid7(), company_id=company, account_id=asker, name="Marc", address=address,
                        canonical=address, created_at=now - timedelta(minutes=number),
                    ),
                ]
            )  # fmt: skip
    expected = [f"colleague{number}@long.example" for number in range(MANY)]
    amelie = english(own_stage.sign_in("amelie.dubois"))
    assert everything(amelie, "/account/requests", r"(colleague\d+@long\.example)<", section="requests") == expected
    shared = everything(amelie, "/account/requests", r"Ada (One\d+), Atelier Lumen", section="shared")
    assert shared == [f"One{number:02}" for number in range(MANY)]
    hugo = english(own_stage.sign_in("hugo.perrin"))
    assert everything(hugo, "/account/sharing", r"\((colleague\d+@long\.example)\)", section="asked") == expected


def test_the_companies_in_which_one_switches_services_for_oneself(own_stage: Stage) -> None:  # noqa: F811
    hugo = own_stage.person("hugo.perrin").id
    with own_stage.work() as work:
        for number in range(MANY):
            made = companies.create(
                work,
                reference=f"long-{number}",
                name=f"Long {number:02}",
                kind="company",
                country="FR",
                city="Lille",
                locale="fr-FR",
            )
            made.services = [["mobile-data", "vat-filing"], ["vat-filing"], ["mobile-data"], []][number % 4]
            membership.add(work, made.id, hugo, company_role="company.member")
    browser = english(own_stage.sign_in("hugo.perrin"))
    seen = everything(browser, "/account/details", r"Connected services at (Long \d+)<", section="services")
    assert seen == [f"Long {number:02}" for number in range(0, MANY, 2)]


def test_the_cases_about_an_account(own_stage: Stage) -> None:  # noqa: F811
    ines = own_stage.person("ines.moreau")
    with own_stage.work() as work:
        work.session.add_all([case_of(ines.id, number, kind="reset-2fa", over=True) for number in range(MANY)])
    olivier = english(own_stage.signed_in("olivier.renard"))
    olivier.get("/operations/accounts")
    olivier.submit({"email": ines.address})
    seen = everything(olivier, olivier.address, r">(rese\d+) – ", section="cases")
    assert seen == [f"rese{number:03}" for number in range(MANY)]
    assert everything(olivier, "/operations/cases?state=closed", r"· (rese\d+)<") == seen
