"""Staff block an account and suspend a company on pages that say first what it does."""

from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import update

from idp.accounts.models import Account
from idp.authn.models import Session
from idp.companies import access
from idp.companies.models import Company
from tests.stage import Stage, demonstration, own_stage, scalar, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

LUMEN = "atelier-lumen"


def at_desk(stage: Stage, name: str) -> Browser:  # noqa: F811
    return english(stage.signed_in(name))


def look_up(browser: Browser, stage: Stage, name: str) -> None:  # noqa: F811
    browser.get("/operations/accounts")
    browser.submit({"email": stage.person(name).address})


def words(browser: Browser) -> str:
    return unescape(" ".join(browser.text.split()))


def link(browser: Browser, label: str) -> str:
    return unescape(browser.text.split(f">{label}</a>")[0].rsplit('href="', 1)[1].split('"')[0])


def test_who_owns_a_company_is_not_blocked_without_a_word_about_it(own_stage: Stage) -> None:  # noqa: F811
    security, joris = at_desk(own_stage, "annelaure.petit"), own_stage.person("joris.vanderlinden").id
    look_up(security, own_stage, "joris.vanderlinden")
    assert "Owner of" in words(security)
    assert "Toitures Vanderlinden" in words(security)
    security.get(link(security, "Block the account"))
    assert security.heading == "Block the account of Joris Vanderlinden"
    assert "This person is the account owner of Toitures Vanderlinden" in words(security)
    assert "offer-ownership" in words(security)
    security.submit({"reason": ""})
    assert security.status == 422
    assert "This person is the account owner of Toitures Vanderlinden" in words(security)
    security.submit({"reason": "stolen laptop"})
    assert security.status == 200
    assert scalar(own_stage, Account.status, Account.id == joris) == "blocked"
    security.get(link(security, "Unblock the account"))
    assert "account owner" not in words(security)
    security.submit()
    assert scalar(own_stage, Account.status, Account.id == joris) == "active"
    look_up(security, own_stage, "ines.moreau")
    security.get(link(security, "Block the account"))
    assert "account owner" not in words(security)


def test_nobody_blocks_themselves_or_whom_they_may_not(own_stage: Stage) -> None:  # noqa: F811
    security, support = at_desk(own_stage, "annelaure.petit"), at_desk(own_stage, "olivier.renard")
    for browser, whom in ((security, "annelaure.petit"), (security, "pieter.claes"), (support, "ines.moreau")):
        look_up(browser, own_stage, whom)
        assert browser.status == 200
        assert "Block the account" not in browser.text
        browser.get(f"/operations/accounts/{own_stage.person(whom).id}/block")
        assert browser.status == 403
    security.get(f"/operations/accounts/{own_stage.person('ines.moreau').id}/block")  # not looked up
    assert security.address == "/operations/accounts"


@pytest.mark.parametrize("name", ["annelaure.petit", "olivier.renard", "amelie.dubois"])
def test_others_suspend_no_company(stage: Stage, name: str) -> None:  # noqa: F811
    browser = at_desk(stage, name)
    browser.get(f"/operations/companies/{stage.company(LUMEN)}/suspension")
    assert browser.status == 403


def test_a_company_is_suspended_and_reopened(own_stage: Stage) -> None:  # noqa: F811
    lumen, pieter = own_stage.company(LUMEN), at_desk(own_stage, "pieter.claes")
    amelie = at_desk(own_stage, "amelie.dubois")
    pieter.get(f"/operations/subscriptions/{lumen}")
    pieter.get(link(pieter, "Suspend the company"))
    assert pieter.heading == "Suspend Atelier Lumen SARL"
    assert "firms with a mandate included" in words(pieter)
    pieter.submit({"reason": " "})
    assert pieter.status == 422
    assert scalar(own_stage, Company.suspended_at, Company.id == lumen) is None
    with own_stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(hours=1)))
    pieter.post({"reason": "A forged order"})
    assert scalar(own_stage, Company.suspended_at, Company.id == lumen) is None  # the code is asked for again
    with own_stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now))
    pieter.get(f"/operations/companies/{lumen}/suspension")
    pieter.submit({"reason": "A forged order"})
    assert "This company is suspended: nobody reaches anything there." in words(pieter)
    amelie.get("/companies")
    assert "the company is suspended by our staff" in words(amelie)
    amelie.get(f"/companies/{lumen}")
    assert (amelie.status, amelie.heading) == (403, "This company is suspended at present")
    amelie.get("/")
    assert "Atelier Lumen SARL: the company is suspended by our staff" in words(amelie)
    with own_stage.work(write=False) as work:
        refused = access.resolve(work, own_stage.person("amelie.dubois").id, lumen, "accounting")
        assert isinstance(refused, access.Refusal)
    pieter.get(link(pieter, "Reopen the company"))
    assert "A forged order" in words(pieter)
    pieter.submit()
    assert "suspended" not in words(pieter)
    amelie.get(f"/companies/{lumen}/log")
    assert "Our staff suspended the company" in words(amelie)
    assert "Our staff reopened the company" in words(amelie)
    assert "A forged order" in words(amelie)  # as the page of the staff says
    token = {"csrf_token": amelie.form.values["csrf_token"]}
    assert "A forged order" in amelie._send("POST", f"/companies/{lumen}/log/export", data=token).text


def test_a_second_press_does_not_turn_what_the_first_has_done(own_stage: Stage) -> None:  # noqa: F811
    """The form says which of the two it is for; of two of the staff who do the same, the second is told so."""
    lumen, joris = own_stage.company(LUMEN), own_stage.person("joris.vanderlinden").id
    security = at_desk(own_stage, "annelaure.petit")
    look_up(security, own_stage, "joris.vanderlinden")
    security.get(link(security, "Block the account"))
    _twice(security, {"act": "block", "reason": "stolen laptop"}, "The account has changed in the meantime.")
    assert scalar(own_stage, Account.status, Account.id == joris) == "blocked"
    _twice(security, {"act": "unblock"}, "The account has changed in the meantime.")
    assert scalar(own_stage, Account.status, Account.id == joris) == "active"
    pieter = at_desk(own_stage, "pieter.claes")
    pieter.get(f"/operations/companies/{lumen}/suspension")
    _twice(pieter, {"act": "suspend", "reason": "A forged order"}, "Somebody else was faster.")
    assert scalar(own_stage, Company.suspended_at, Company.id == lumen) is not None
    pieter.get(f"/operations/companies/{lumen}/suspension")
    _twice(pieter, {"act": "reopen"}, "Somebody else was faster.")
    assert scalar(own_stage, Company.suspended_at, Company.id == lumen) is None
    for act in ("", "block", "toggle"):
        pieter.get(f"/operations/companies/{lumen}/suspension")
        pieter.submit({"act": act, "reason": "A forged order"})
        assert pieter.status == 422
    assert scalar(own_stage, Company.suspended_at, Company.id == lumen) is None


def _twice(browser: Browser, fields: dict[str, str], told: str) -> None:
    """Send the form of the page that is open, and once more as it was."""
    address, shown = browser.address, browser.form.values
    assert shown["act"] == fields["act"]
    for _ in range(2):
        browser.address = address
        browser._send("POST", address, data={**shown, **fields})
    assert browser.status == 409
    assert told in words(browser)


def test_a_reason_that_was_typed_for_long_is_there_after_a_proof(own_stage: Stage) -> None:  # noqa: F811
    lumen, pieter = own_stage.company(LUMEN), at_desk(own_stage, "pieter.claes")
    security = at_desk(own_stage, "annelaure.petit")
    look_up(security, own_stage, "ines.moreau")
    security.get(link(security, "Block the account"))
    pieter.get(f"/operations/companies/{lumen}/suspension")
    with own_stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(minutes=11)))
    for browser, name in ((security, "annelaure.petit"), (pieter, "pieter.claes")):
        browser.submit({"reason": "A forged order, no. 4711"})
        assert browser.address.startswith("/sign-in")
        assert "4711" not in browser.address
        own_stage.forget_steps(name)
        browser.submit({"code": own_stage.person(name).code()})
        assert browser.form.values["reason"] == "A forged order, no. 4711"
        browser.submit()
        assert browser.status == 200
    assert scalar(own_stage, Account.status, Account.id == own_stage.person("ines.moreau").id) == "blocked"
    assert scalar(own_stage, Company.suspended_at, Company.id == lumen) is not None
