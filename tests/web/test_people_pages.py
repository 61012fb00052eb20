"""The people of a company: the list, one of them, and what is changed about them (SC20, SC21, J8, J11)."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import update

from idp.accounts import profile
from idp.authn.models import Session
from idp.companies import access, membership, module, people, product_role
from idp.companies.access import Access, Refusal
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

LUMEN, ROOFS, BAKERY = "atelier-lumen", "toitures-vanderlinden", "boulangerie-lemaire"


def at(stage: Stage, company: str, *parts: object) -> str:  # noqa: F811
    return "/".join([f"/companies/{stage.company(company)}/people", *map(str, parts)])


def one(stage: Stage, company: str, person: str, *parts: object) -> str:  # noqa: F811
    return at(stage, company, stage.person(person).id, *parts)


def answer(stage: Stage, person: str, company: str, product: str) -> Access | Refusal:  # noqa: F811
    with stage.work(write=False) as work:
        return access.resolve(work, stage.person(person).id, stage.company(company), product)


def held(stage: Stage, person: str, company: str, product: str) -> Any:  # noqa: F811
    with stage.work(write=False) as work:
        member = membership.find(work, stage.company(company), stage.person(person).id)
        assert member is not None
        row = product_role.current(work, member, product)
        return row and (row.id, row.role, sorted(row.switches), dict(row.restrictions))


def text(browser: Browser) -> str:
    return unescape(" ".join(browser.text.split()))


def test_who_sees_the_people_and_who_does_not(stage: Stage) -> None:  # noqa: F811
    """USR-01, USR-02, ROL-02."""
    owner = english(stage.signed_in("amelie.dubois"))
    with stage.statements() as seen:
        owner.get(at(stage, LUMEN))
    assert len(seen) <= 22, seen
    for shown in (
        "Hugo Perrin", "hugo.perrin@atelier-lumen.example.com", "Bookkeeper", "Document capture: Documents – standard",
        "Set-up to be finished", "6 users", "Accounting 5 of 5", "French", "(you)",
    ):  # fmt: skip
        assert shown in text(owner), shown
    for name in ("hugo.perrin", "chloe.fontaine", "nathalie.deltour"):
        other = english(stage.signed_in(name))
        other.get(at(stage, LUMEN))
        assert other.status == (403 if name == "hugo.perrin" else 404)
        other.get("/account")
        menu = other.text.split('class="menu"')[1].split("</details>")[0]
        assert (at(stage, LUMEN) in menu) is False
    owner.get("/account")
    assert at(stage, LUMEN) in owner.text.split('class="menu"')[1].split("</details>")[0]


def test_the_list_is_searched_narrowed_and_paged(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company(LUMEN)
    with own_stage.work() as work:
        for number in range(120):
            account = profile.create(
                work, address=f"n{number:03d}@atelier-lumen.example.com", given_name=f"N{number:03d}",
                family_name="<b>Étienne", locale="fr-FR",
            )  # fmt: skip
            membership.add(work, lumen, account.id, company_role="company.member")
    browser = english(own_stage.sign_in("amelie.dubois"))
    with own_stage.statements() as seen:
        browser.get(at(own_stage, LUMEN))
    assert len(seen) <= 22, seen
    assert "<b>Étienne" not in browser.text
    names = []
    for _ in range(3):
        names += [part.split("</a>")[0].split(">")[-1] for part in browser.text.split('<th scope="row">')[1:]]
        following = browser.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        if "Next page" in browser.text:
            browser.get(unescape(following))
    assert len(names) == len(set(names)) == 126
    assert names == sorted(names, key=lambda name: " ".join(reversed(name.split(" ", 1))).lower())
    for query, found in {
        "q=n007": 1, "q=moreau inès": 1, "q=INES.MOREAU@": 1, "product=capture": 2, "role=accounting.bookkeeper": 1,
        "state=suspended": 0, "role=company.subscription-manager": 1, "q=%00nothing": 0, "q=100%25": 0,
        "product=accounting&role=accounting.reader": 2, "state=forged": 126, "role=forged": 0,
    }.items():  # fmt: skip
        browser.get(f"{at(own_stage, LUMEN)}?{query}")
        narrowed = "Show everybody" in browser.text
        assert browser.status == 200
        assert narrowed == (query != "state=forged"), query
        assert not narrowed or f"{found} user{'s' * (found != 1)} found" in browser.text, query
    with own_stage.work(write=False) as work:
        assert people.of_company(work, lumen, people.Wanted(state="active")).total == 5


def test_a_product_is_added_and_taken_away(own_stage: Stage) -> None:  # noqa: F811
    """ROL-03, ROL-04: only products not held are offered; what changes is shown before it is saved."""
    browser = english(own_stage.sign_in("thomas.lefevre"))
    page = one(own_stage, LUMEN, "hugo.perrin")
    browser.get(page)
    assert "Employee without deletion" in text(browser)
    assert "Limits: Own documents only" in text(browser)
    browser.get(f"{page}/roles/new")
    offered = {part.split('"')[0] for part in browser.text.split(f'href="{page}/roles/')[1:]}
    assert offered == {"accounting", "capture"}
    browser.get(f"{page}/roles/capture")
    assert 'value="capture.administrator"' in browser.text
    assert 'value="capture.accountant"' not in browser.text  # comes with a mandate, is never picked
    browser.get(f"{page}/roles/capture?role=capture.documents-basic")
    browser.submit()
    assert browser.heading == "What changes for Hugo Perrin in Document capture"
    assert "View purchase invoices" in browser.text
    assert "One more seat will be used" in text(browser)
    assert isinstance(answer(own_stage, "hugo.perrin", LUMEN, "capture"), Refusal)
    browser.submit()
    assert "The rights are saved" in browser.text
    granted = answer(own_stage, "hugo.perrin", LUMEN, "capture")
    assert isinstance(granted, Access)
    assert granted.role == "capture.documents-basic"
    browser.get(f"{page}/roles/capture/remove")
    assert "View purchase invoices" in browser.text
    browser.submit()
    assert "The role is taken away" in browser.text
    assert isinstance(answer(own_stage, "hugo.perrin", LUMEN, "capture"), Refusal)
    browser.get(f"{page}/roles/capture/remove")  # nothing to take away any more
    assert browser.address == page


def test_switches_limits_and_an_end(own_stage: Stage) -> None:  # noqa: F811
    """EMP-07 to EMP-11, J8: the list of switches, what is always open, and the change in words."""
    browser = english(own_stage.sign_in("joris.vanderlinden"))
    page = one(own_stage, ROOFS, "luc.wouters", "roles", "invoicing")
    browser.get(page)
    browser.get(f"{page}?role=invoicing.employee")
    assert "Always open: Customers, Products" in text(browser)
    assert sorted(browser.form.values["switch"]) == ["tasks", "time", "work-orders"]
    assert "customers" not in browser.text.split('name="switch"')[1]
    browser.submit({"switch": ["tasks", "time", "work-orders", "invoices"], "limit": ["departments"]})
    assert "separated by commas" in browser.text
    assert set(browser.form.values["switch"]) == {"tasks", "time", "work-orders", "invoices"}  # nothing typed is lost
    for wrong, said in {
        "2020-01-01": "This day is over",
        "tomorrow": "Write the last day",
        "9999-12-31": "last day",
    }.items():
        browser.submit({"limit": ["own-documents-only"], "until": wrong})
        assert browser.status == 422, wrong
        assert said in browser.text, wrong
    browser.submit({"limit": ["own-documents-only"], "until": "2031-03-31"})
    assert browser.heading == "What changes for Luc Wouters in Invoicing"
    change = text(browser).split("<main")[1].split("<details")[0]
    assert "Send invoices" in change
    assert "Newly limited to: Own documents only" in change
    assert "View work orders" not in change
    browser.submit()
    assert "Switched on: Invoices, Work orders" in text(browser)
    _, role, switches, restrictions = held(own_stage, "luc.wouters", ROOFS, "invoicing")
    assert (role, switches) == ("invoicing.employee", ["invoices", "tasks", "time", "work-orders"])
    assert restrictions == {"own-documents-only": True}
    found = answer(own_stage, "luc.wouters", ROOFS, "invoicing")
    assert isinstance(found, Access)
    assert found.until is not None
    for data in ({"switch": ["settings"]}, {"limit": ["nothing"]}, {"role": "invoicing.accountant"}, {"strange": "1"}):
        browser.get(f"{page}?role=invoicing.employee")
        browser.submit({**data})
        assert browser.status == 422 or browser.heading.startswith("Which role"), data
    assert held(own_stage, "luc.wouters", ROOFS, "invoicing")[2] == switches


def test_an_application_that_is_not_activated_has_no_switch(own_stage: Stage) -> None:  # noqa: F811
    """EMP-12: it is named where it is missed; what was switched on is kept, and marked."""
    with own_stage.work() as work:
        where = own_stage.company(ROOFS)
        every = module.of_product(work, where, "invoicing").on
        module.tell(work, where, "invoicing", [each for each in every if each not in ("stock", "tasks")])
    joris = english(own_stage.signed_in("joris.vanderlinden"))
    joris.get(one(own_stage, ROOFS, "luc.wouters"))
    assert "Tasks and calendar (not activated)" in text(joris)
    joris.get(one(own_stage, ROOFS, "luc.wouters", "roles", "invoicing") + "?role=invoicing.employee")
    assert sorted(joris.form.values["switch"]) == ["time", "work-orders"]
    assert not {"stock", "tasks"} & set(re.findall(r'name="switch"[^>]*value="([a-z-]+)"', joris.text))
    assert "so without a switch: Stock, Tasks and calendar." in text(joris)
    assert "Applications are activated in Invoicing itself." in text(joris)
    joris.submit({"switch": ["time", "work-orders", "invoices"]})
    assert "Tasks" not in text(joris).split("Everything the person may do then")[0]  # nothing of it changes
    joris.submit({"confirmed": "yes"})
    assert held(own_stage, "luc.wouters", ROOFS, "invoicing")[2] == ["invoices", "tasks", "time", "work-orders"]
    joris.get(one(own_stage, ROOFS, "luc.wouters", "roles", "invoicing") + "?role=invoicing.employee")
    joris.submit({"switch": ["stock"]})
    assert joris.status == 422
    joris.get(f"/companies/{own_stage.company(ROOFS)}/invitations/new")
    assert "switch_invoicing_invoices" in joris.text
    assert "switch_invoicing_stock" not in joris.text


def test_what_only_the_owner_may_give_is_given_with_a_fresh_code(own_stage: Stage) -> None:  # noqa: F811
    """J8, step 7: not offered to others; the owner proves a second factor first."""
    page = one(own_stage, ROOFS, "luc.wouters", "roles", "invoicing")
    katrien = english(own_stage.signed_in("katrien.desmet"))
    katrien.get(page)
    assert 'value="invoicing.employee"' in katrien.text
    assert 'value="invoicing.owner"' not in katrien.text
    joris = english(own_stage.signed_in("joris.vanderlinden"))
    with own_stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(minutes=11)))
    for role, asked in (("invoicing.reader", False), ("invoicing.owner", True)):
        joris.get(f"{page}?role={role}")
        joris.submit()
        assert joris.heading == "What changes for Luc Wouters in Invoicing"
        joris.submit()
        assert joris.address.startswith("/sign-in/code") == asked, joris.address
    assert held(own_stage, "luc.wouters", ROOFS, "invoicing")[1] == "invoicing.reader"


def test_of_two_who_save_at_once_the_second_sees_what_changed(own_stage: Stage) -> None:  # noqa: F811
    page = one(own_stage, ROOFS, "luc.wouters", "roles", "invoicing")
    joris, katrien = english(own_stage.sign_in("joris.vanderlinden")), english(own_stage.sign_in("katrien.desmet"))
    for browser in (joris, katrien):
        browser.get(f"{page}?role=invoicing.employee")
    joris.submit({"switch": ["invoices", "time"]})
    katrien.submit({"switch": ["tasks", "time"]})
    joris.submit()
    assert "The rights are saved" in joris.text
    katrien.submit()
    assert katrien.status == 409
    meanwhile, now = text(katrien).split("What was changed meanwhile")[1].split("What your choice changes now")
    assert "Send invoices" in meanwhile
    assert "Added" in meanwhile
    assert "Taken away: </span>Send invoices" in now
    assert held(own_stage, "luc.wouters", ROOFS, "invoicing")[2] == ["invoices", "time"]
    katrien.submit()  # she has seen it, and decides
    assert "The rights are saved" in katrien.text
    assert held(own_stage, "luc.wouters", ROOFS, "invoicing")[2] == ["tasks", "time"]
    joris.get(f"{page}/remove")
    with own_stage.work() as work:
        ids = own_stage.company(ROOFS), own_stage.person("luc.wouters").id, "invoicing"
        membership.change_role(work, *ids, role_id="invoicing.reader")
    joris.submit()
    assert joris.status == 409
    assert "Somebody else changed this" in joris.text


def test_the_last_seat_is_refused_and_a_paid_one_is_confirmed(own_stage: Stage) -> None:  # noqa: F811
    """USR-03, J2: with the counter, before anything is saved."""
    browser = english(own_stage.sign_in("amelie.dubois"))
    page = one(own_stage, LUMEN, "hugo.perrin", "roles", "accounting")
    browser.get(f"{page}?role=accounting.reader")
    browser.submit()
    assert "I agree to one more seat" in text(browser)
    browser.submit()
    assert browser.status == 409
    assert "Confirm the extra cost" in browser.text
    browser.submit({"extra_cost": "yes"})
    assert "The rights are saved" in browser.text
    with own_stage.work() as work:  # a solo plan blocks
        sophie = own_stage.person("sophie.lemaire").id
        membership.revoke_role(work, own_stage.company(BAKERY), sophie, "invoicing")
        membership.grant_role(work, own_stage.company(BAKERY), sophie, "accounting", role_id="accounting.reader")
        third = profile.create(work, address="t@x.example", given_name="T", family_name="X", locale="fr-BE").id
        membership.add(work, own_stage.company(BAKERY), third, company_role="company.member")
    benoit = english(own_stage.sign_in("benoit.lemaire"))
    benoit.get(f"{at(own_stage, BAKERY, third)}/roles/accounting?role=accounting.reader")
    benoit.submit()
    assert "Every seat of your plan is taken" in text(benoit)
    benoit.submit()
    assert benoit.status == 409


def test_a_company_role_is_changed_after_a_fresh_proof(own_stage: Stage) -> None:  # noqa: F811
    owner = english(own_stage.sign_in("amelie.dubois"))
    page = one(own_stage, LUMEN, "ines.moreau", "company-role")
    owner.get(page)
    assert owner.form.values["company_role"] == "company.member"
    assert 'value="company.owner"' not in owner.text
    owner.submit({"company_role": "company.administrator", "also": "company.subscription-manager"})
    assert owner.heading == "What changes for Inès Moreau in the company"
    assert "Remove a user from the company" in owner.text
    owner.submit()
    assert "Administrator, Subscription manager" in text(owner)
    other = english(own_stage.sign_in("thomas.lefevre"))
    other.get(one(own_stage, LUMEN, "hugo.perrin", "company-role"))
    assert 'value="company.administrator"' not in other.text  # an administrator appoints none
    other.submit({"company_role": "company.administrator"})
    assert other.status == 422
    other.get(page)
    assert (other.status, other.heading) == (403, "This person has more rights than you")


def test_oneself_and_the_owner_are_left_alone(stage: Stage) -> None:  # noqa: F811
    """ROL-08, EMP-04, USR-07: no control, and the address typed by hand is refused."""
    for actor, target, said, title in (
        ("thomas.lefevre", "thomas.lefevre", "This is you", "Not on your own account"),
        (
            "thomas.lefevre",
            "amelie.dubois",
            "Nobody else can change the account owner",
            "The owner is changed by nobody else",
        ),
    ):
        browser = english(stage.sign_in(actor))
        page = one(stage, LUMEN, target)
        browser.get(page)
        assert said in browser.text
        for part in ("roles", "company-role", "suspension", "removal"):
            assert f"{page}/{part}" not in browser.text, part
        for part in ("roles/new", "roles/accounting", "company-role", "suspension", "removal"):
            browser.get(f"{page}/{part}")
            assert (browser.status, browser.heading) == (403, title), part
    browser = english(stage.signed_in("julien.mercier"))  # an auditor sees, and changes nothing
    browser.get(one(stage, LUMEN, "hugo.perrin"))
    assert browser.status == 200
    assert "/roles/" not in browser.text.split("<main")[1]
    for stranger in (stage.person("sophie.lemaire").id, uuid4()):
        browser.get(at(stage, LUMEN, stranger))
        assert browser.status == 404


def test_somebody_is_suspended_closed_and_removed(own_stage: Stage) -> None:  # noqa: F811
    """J11 step 7: what will happen is said before; the company is closed, other companies go on."""
    browser = english(own_stage.sign_in("amelie.dubois"))
    page = one(own_stage, LUMEN, "julien.mercier")
    browser.get(f"{page}/suspension")
    assert "nothing of this company opens" in text(browser)
    browser.submit()
    assert isinstance(answer(own_stage, "julien.mercier", LUMEN, "accounting"), Refusal)
    assert isinstance(answer(own_stage, "julien.mercier", "studio-mirabelle", "accounting"), Access)
    browser.get(f"{page}/suspension")
    assert browser.heading == "Reactivate Julien Mercier?"
    browser.submit()
    assert isinstance(answer(own_stage, "julien.mercier", LUMEN, "accounting"), Access)
    browser.get(f"{page}/sessions")
    browser.submit()
    assert "The sessions for this company are being closed" in browser.text
    browser.get(f"{page}/removal")
    assert "1 seat is free again." in text(browser)
    browser.submit()
    assert urlsplit(browser.address).path == at(own_stage, LUMEN)
    assert "The person is removed" in browser.text
    browser.get(page)
    assert browser.status == 404
    assert isinstance(answer(own_stage, "julien.mercier", "studio-mirabelle", "accounting"), Access)


def test_one_leaves_a_company_oneself(own_stage: Stage) -> None:  # noqa: F811
    browser = english(own_stage.sign_in("hugo.perrin"))
    browser.get("/account/access")
    leave = f"/companies/{own_stage.company(LUMEN)}/leave"
    assert leave in browser.text
    browser.get(leave)
    assert browser.heading == "Leave Atelier Lumen SARL?"
    browser.submit()
    assert "You have left the company" in browser.text
    assert isinstance(answer(own_stage, "hugo.perrin", LUMEN, "invoicing"), Refusal)
    owner = english(own_stage.sign_in("amelie.dubois"))
    owner.get(leave)
    assert "Hand the account over first" in owner.text
    assert "<form" not in owner.text.split("<main")[1].split("</main")[0]


def test_a_service_is_switched_by_its_person_and_by_an_administrator(own_stage: Stage) -> None:  # noqa: F811
    """FLX-11."""
    mobile = "accounting.mobile.use"

    def on() -> bool:
        found = answer(own_stage, "ines.moreau", LUMEN, "accounting")
        return isinstance(found, Access) and mobile in found.permissions

    browser = english(own_stage.sign_in("ines.moreau"))
    browser.get("/account/details")
    assert "Connected services at Atelier Lumen SARL" in browser.text
    token = browser.form.values["csrf_token"]
    url = f"/companies/{own_stage.company(LUMEN)}/services/mine"
    browser._follow(browser._send("POST", url, data={"csrf_token": token}))
    assert "The services are saved" in browser.text
    assert not on()
    admin = english(own_stage.sign_in("thomas.lefevre"))
    admin.get(one(own_stage, LUMEN, "ines.moreau"))
    admin.submit({"service": "mobile-data"})
    assert "The services are saved" in admin.text
    assert on()
    admin.get(one(own_stage, LUMEN, "ines.moreau"))
    admin.submit({"service": ["mobile-data", "vat-filing"]})
    assert admin.status == 422
    assert UUID(str(own_stage.person("ines.moreau").id))
