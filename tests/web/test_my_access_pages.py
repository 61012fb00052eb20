"""My access: what a person holds, through what, since when, from whom and until when."""

from datetime import timedelta

from idp.accounts.models import Account
from idp.companies import access, holdings, membership
from idp.companies.models import Company, Mandate, ProductRole
from idp.core.ids import uuid7
from idp.work import Actor
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser

PAGE = "/account/access"


def english(browser: Browser) -> Browser:
    """A browser whose person has chosen English in it; the accounts of the demonstration speak French."""
    browser.client.set_cookie("sesame_lang", "en")
    return browser


def test_own_roles_say_since_when_and_from_whom(own_stage: Stage) -> None:  # noqa: F811
    amelie, hugo = own_stage.person("amelie.dubois"), own_stage.person("hugo.perrin")
    lumen = own_stage.company("atelier-lumen")
    with own_stage.work() as work:
        acting = work.acting(Actor(kind="account", id=amelie.id))
        held = {each.product for page in holdings.of_person(work, hugo.id).companies for each in page.holdings}
        assert "capture" not in held
        membership.grant_role(
            acting,
            lumen,
            hugo.id,
            "capture",
            role_id="capture.documents-basic",
            expires_at=work.now + timedelta(days=20),
        )
    browser = english(own_stage.sign_in("hugo.perrin"))
    browser.get(PAGE)
    assert browser.heading == "My access"
    assert "Atelier Lumen SARL" in browser.text
    assert "Amélie Dubois" in browser.text
    assert "our service" in browser.text  # what the demonstration set up
    assert "as one of its own people" in browser.text
    assert "no end set" in browser.text
    browser.get(f"{PAGE}?ui_locales=fr")
    assert browser.heading == "Mes accès"
    assert "comme membre de l’entreprise" in browser.text


def test_a_colleague_of_a_firm_sees_the_clients_and_their_mandate(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("nathalie.deltour"))
    browser.get(PAGE)
    for client in ("Atelier Lumen SARL", "Boulangerie Lemaire SRL", "Toitures Vanderlinden SRL"):
        assert client in browser.text, client
    assert "Librairie des Quais" not in browser.text  # its mandate has ended
    assert "mandate of Cabinet Deltour" in browser.text


def test_every_line_is_what_the_engine_says(stage: Stage) -> None:  # noqa: F811
    """What opens a product is listed, and what is listed without a remark opens it."""
    with stage.work(write=False) as work:
        accounts = work.session.query(Account).filter_by(status="active").all()
        products = [each.id for each in work.policies.products.values() if each.subscribed]
        companies = [row.id for row in work.session.query(Company)]
        lines = 0
        for account in accounts:
            page = holdings.of_person(work, account.id, limit=100)
            listed = {
                (company.company_id, held.product)
                for company in page.companies
                for held in company.holdings
                if held.refusal is None and held.product in products
            }
            answers = access.resolve_many(work, account.id, companies, products)
            opened = {key for key, answer in answers.items() if isinstance(answer, access.Access)}
            assert listed == opened, account.given_name
            lines += len(listed)
        assert lines > 30


def test_what_opens_nothing_now_says_why(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("etienne.garnier"))
    browser.get(PAGE)
    assert "subscription ended" in browser.text


def test_staff_see_their_roles_here_too(stage: Stage) -> None:  # noqa: F811
    browser = english(stage.signed_in("olivier.renard"))
    browser.get(PAGE)
    assert "Staff of this service" in browser.text


def test_two_thousand_clients_come_in_pages_and_are_found_by_name(own_stage: Stage) -> None:  # noqa: F811
    nathalie, firm = own_stage.person("nathalie.deltour"), own_stage.company("cabinet-deltour")
    with own_stage.work() as work:
        now = work.now
        for number in range(2000):
            key = uuid7()
            work.session.add(
                Company(
                    id=key, reference=f"client-{number}", name=f"Client {number:04d}", kind="company", country="BE",
                    city="Namur", locale="fr-BE", services=[], epoch=1, created_at=now,
                )
            )  # fmt: skip
            work.session.add(
                Mandate(
                    id=uuid7(), company_id=key, firm_id=firm, preset="full-file", options=[], state="active",
                    way="client-invites", epoch=1, created_at=now, started_at=now,
                )
            )  # fmt: skip
        first = holdings.of_person(work, nathalie.id)
        assert (len(first.companies), first.previous, first.total > 2000) == (holdings.LISTED, None, True)
    browser = english(own_stage.sign_in("nathalie.deltour"))
    with own_stage.statements() as seen:
        browser.get(PAGE)
    assert len(seen) <= 16, seen
    names: list[str] = []
    for _ in range(3):
        shown = [part.split("</h2>")[0] for part in browser.text.split('<h2 id="company-')[1:]]
        names += [part.split(">", 1)[1] for part in shown]
        following = browser.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
        assert "Client" not in following
        browser.get(following)
    assert len(names) == len(set(names)) == 3 * holdings.LISTED
    assert names == sorted(names)
    back = browser.text.split('rel="prev"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    browser.get(back)
    assert names[-1] in browser.text
    assert f"{2 * holdings.LISTED + 1} to {3 * holdings.LISTED} of " in browser.text
    browser.get(f"{PAGE}?q=client 1999")
    assert "1 company found" in browser.text
    assert "Client 1999" in browser.text
    browser.get(f"{PAGE}?q=%00nothing&after=forged")
    assert "No company has this name" in browser.text


def test_an_account_without_any_company_is_told_what_to_do(stage: Stage) -> None:  # noqa: F811
    with stage.work() as work:
        role = work.session.query(ProductRole).first()
        assert role is not None
    browser = english(stage.browser())
    browser.get(PAGE)
    assert browser.heading == "Sign in to your account"
