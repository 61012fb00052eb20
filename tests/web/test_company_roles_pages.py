"""The built-in roles of a company's account on its pages: the menu shows what one may open, and nothing else opens."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from idp.companies import clock, membership
from idp.companies.models import Membership
from idp.web.company_menu import ENTRIES
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

OPENS = {
    "company.administrator": {
        "people", "invitations", "roles", "accountants", "subscriptions", "services", "log", "security", "ownership",
        "profile", "applications",
    },
    "company.user-manager": {"people", "invitations", "roles", "accountants", "subscriptions"},
    "company.subscription-manager": {"subscriptions", "services", "ownership"},
    "company.auditor": {
        "people", "invitations", "roles", "accountants", "services", "log", "security", "applications",
    },
    "company.member": set(),
}  # fmt: skip
ACTS = {
    "/people": {"invitations/new"},
    "/subscriptions": {"subscriptions/change", "subscriptions/accounting/cancel"},
    "/ownership": {"ownership/offer", "close"},
    "/log": {"log/on"},
}
ALLOWED = {
    "company.administrator": {"invitations/new", "log/on"},
    "company.user-manager": {"invitations/new"},
    "company.subscription-manager": {"subscriptions/change", "subscriptions/accounting/cancel"},
    "company.auditor": {"log/on"},
    "company.member": set(),
}


def with_role(stage: Stage, role: str) -> Browser:  # noqa: F811
    """Thomas, without a seat of any product that would matter here, in this role alone."""
    thomas, company_id = stage.person("thomas.lefevre").id, stage.company("atelier-lumen")
    with stage.work() as work:
        clock.person(work, thomas)
        row = update(Membership).where(Membership.account_id == thomas, Membership.company_id == company_id)
        work.session.execute(row.values(company_role=role, also=[]))
    return english(stage.signed_in("thomas.lefevre"))


@pytest.mark.parametrize("role", OPENS)
def test_the_menu_shows_what_opens_and_hides_the_rest(stage: Stage, role: str) -> None:  # noqa: F811
    home = f"/companies/{stage.company('atelier-lumen')}"
    browser = with_role(stage, role)
    browser.get(home)
    shown = {each.key for each in ENTRIES if f'href="{home}{each.path}"' in browser.text}
    assert shown == OPENS[role]
    for each in ENTRIES:
        if each.kind is None and each.key != "profile":  # which everybody may read
            status = browser.get(home + each.path).status_code
            assert status == (200 if each.key in shown else 403), each.key
    for path in sorted({path for paths in ACTS.values() for path in paths}):
        assert browser.get(f"{home}/{path}").status_code == (200 if path in ALLOWED[role] else 403), path
    elsewhere = f"/companies/{stage.company('toitures-vanderlinden')}"
    assert {browser.get(elsewhere + each.path).status_code for each in ENTRIES} == {404}


def test_only_the_owner_appoints_an_administrator(stage: Stage) -> None:  # noqa: F811
    home, hugo = f"/companies/{stage.company('atelier-lumen')}", stage.person("hugo.perrin").id
    seen = {}
    for role in ("company.administrator", "company.user-manager"):
        browser = with_role(stage, role)
        browser.get(f"{home}/people/{hugo}/company-role")
        seen[role] = (browser.status, 'value="company.administrator"' in browser.text)
    assert seen == {"company.administrator": (200, False), "company.user-manager": (200, False)}
    owner = english(stage.signed_in("amelie.dubois"))
    owner.get(f"{home}/people/{hugo}/company-role")
    assert 'value="company.administrator"' in owner.text


def test_a_role_that_is_chosen_is_still_chosen_after_the_second_factor(own_stage: Stage) -> None:  # noqa: F811
    """R-20: the proof is asked for when the change is sent; what was chosen comes back, and nothing is saved before."""
    company_id, hugo = own_stage.company("atelier-lumen"), own_stage.person("hugo.perrin").id
    page = f"/companies/{company_id}/people/{hugo}/company-role"

    def held() -> tuple[str, list[str]]:
        with own_stage.work(write=False) as work:
            member = membership.find(work, company_id, hugo)
            assert member is not None
            return member.company_role, list(member.also)

    def proved(ago: timedelta) -> None:
        with own_stage.work() as work:
            work.session.execute(update(Session).values(second_factor_at=work.now - ago))

    owner = english(own_stage.signed_in("amelie.dubois"))
    owner.get(page)
    assert owner.status == 200
    seen = owner.form.values["seen"]
    proved(timedelta(hours=1))
    chosen = {"company_role": "company.user-manager", "also": "company.subscription-manager", "seen": seen}
    answer = owner.post(chosen)
    assert answer.headers["Location"].startswith("/sign-in?")
    back = parse_qs(urlsplit(answer.headers["Location"]).query)["continue_to"][0]
    assert back.startswith(f"{page}?kept=")
    assert held() == ("company.member", [])

    proved(timedelta(0))
    owner.get(back)
    assert owner.form.values["company_role"] == "company.user-manager"
    assert owner.form.values["also"] == "company.subscription-manager"
    assert owner.form.values["seen"] == seen
    owner.submit()
    assert "Nothing is saved yet" in owner.text or "What changes" in owner.text
    assert held() == ("company.member", [])
    owner.submit()
    assert held() == ("company.user-manager", ["company.subscription-manager"])
