"""The frame of the company area: who comes in, the menu at the top of every page, one's companies, the first page."""

from uuid import uuid4

from sqlalchemy import update

from idp.authn.models import Session
from idp.authn.session import ACR_ONE
from idp.companies import access, own_companies
from idp.companies.models import Company, Membership
from idp.core.ids import uuid7
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.test_my_access_pages import english

ACCOUNT_PAGES = ("/", "/account", "/account/details", "/account/access", "/companies")


def test_strangers_and_missing_companies_look_the_same(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("amelie.dubois"))
    foreign, missing = stage.company("boulangerie-lemaire"), uuid4()
    answers = []
    for company in (foreign, missing):
        browser.get(f"/companies/{company}")
        answers.append((browser.status, browser.text.replace(str(company), "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404
    firm = english(stage.signed_in("nathalie.deltour"))  # works for this client, and administers nothing there
    firm.get(f"/companies/{foreign}")
    assert firm.status == 404


def test_the_first_page_says_who_one_is_there(stage: Stage) -> None:  # noqa: F811
    lumen = stage.company("atelier-lumen")
    owner = english(stage.signed_in("amelie.dubois"))
    owner.get(f"/companies/{lumen}")
    assert owner.heading == "Atelier Lumen SARL"
    assert "Account owner" in owner.text
    member = english(stage.signed_in("hugo.perrin"))
    member.get(f"/companies/{lumen}")
    assert "nothing here for you to manage" in member.text
    assert "amelie.dubois@atelier-lumen.example.com" in member.text


def test_who_is_not_signed_in_is_led_there_and_back(stage: Stage) -> None:  # noqa: F811
    browser = stage.browser()
    lumen = stage.company("atelier-lumen")
    browser.get(f"/companies/{lumen}")
    assert browser.address.startswith("/sign-in")
    assert str(lumen) in browser.address


def test_a_password_alone_does_not_open_a_company(own_stage: Stage) -> None:  # noqa: F811
    """Every role in a company's account demands both factors."""
    browser = english(own_stage.sign_in("ines.moreau"))
    with own_stage.work() as work:
        work.session.execute(update(Session).values(acr=ACR_ONE))
    browser.get(f"/companies/{own_stage.company('atelier-lumen')}")
    assert browser.address.startswith("/sign-in/code")


def test_a_suspended_member_is_kept_out_and_told(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("hugo.perrin"))
    lumen = own_stage.company("atelier-lumen")
    with own_stage.work() as work:
        rows = update(Membership).where(Membership.account_id == own_stage.person("hugo.perrin").id)
        work.session.execute(rows.values(suspended_at=work.now))
    browser.get(f"/companies/{lumen}")
    assert (browser.status, browser.heading) == (403, "Your access to this company is suspended")
    browser.get("/companies")
    assert "suspended by an administrator" in browser.text
    browser.get("/")
    assert "Atelier Lumen SARL: suspended by an administrator" in browser.text


def test_the_menu_is_at_the_top_of_every_page(stage: Stage) -> None:  # noqa: F811
    """For one company under its name, for several under all of theirs (ROL-02)."""
    lumen, mirabelle = stage.company("atelier-lumen"), stage.company("studio-mirabelle")
    one, two = english(stage.signed_in("amelie.dubois")), english(stage.signed_in("julien.mercier"))
    for path in ACCOUNT_PAGES:
        one.get(path)
        menu = one.text.split('<details class="menu">')[1].split("</details>")[0]
        assert "<span>Atelier Lumen SARL</span>" in menu, path
        assert f'href="/companies/{lumen}"' in menu, path
        two.get(path)
        menu = two.text.split('<details class="menu">')[1].split("</details>")[0]
        assert "<span>My companies</span>" in menu, path
        assert f'href="/companies/{mirabelle}"' in menu, path
    staff = english(stage.signed_in("olivier.renard"))
    staff.get("/account")
    assert 'class="menu"' not in staff.text


def test_what_the_menu_knows_is_what_the_engine_says(stage: Stage) -> None:  # noqa: F811
    with stage.work(write=False) as work:
        seen = 0
        administration = next(each.id for each in work.policies.products.values() if each.kind == "administration")
        for row in work.session.query(Membership).filter_by(ended_at=None):
            page = own_companies.of_person(work, row.account_id)
            (own,) = [each for each in page.companies if each.company_id == row.company_id]
            answer = access.resolve(work, row.account_id, row.company_id, administration)
            held = set(answer.permissions) if isinstance(answer, access.Access) else set()
            if held:
                assert {each for each in own.permissions if each.startswith(f"{administration}.")} == held
                _, permissions = own_companies.standing(work, row.account_id, row.company_id)
                assert permissions == own.permissions
                seen += 1
        assert seen > 10


def test_companies_are_searched_and_paged(own_stage: Stage) -> None:  # noqa: F811
    julien = own_stage.person("julien.mercier")
    with own_stage.work() as work:
        for number in range(60):
            key = uuid7()
            work.session.add(Company(
                id=key, reference=f"c{number}", name=f"Company {number:02d}", kind="company", country="FR", city="",
                locale="fr-FR", services=[], epoch=1, created_at=work.now,
            ))  # fmt: skip
            work.session.flush()
            work.session.add(Membership(
                id=uuid7(), account_id=julien.id, company_id=key, company_role="company.member", unique_role=False,
                also=[], services=[], epoch=1, created_at=work.now,
            ))  # fmt: skip
    browser = english(own_stage.sign_in("julien.mercier"))
    with own_stage.statements() as seen:
        browser.get("/companies")
    assert len(seen) <= 12, seen
    assert "62 companies found" in browser.text
    assert "All my companies" in browser.text
    browser.get("/companies?q=company 59")
    assert "1 company found" in browser.text
    browser.get("/companies?q=%00nothing&after=forged")
    assert "No company has this name" in browser.text
