"""Closing a company on its pages, as its owner sees it, and what the others do."""

from sqlalchemy import update

from idp.companies import closure, company
from idp.companies.models import Company
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.test_my_access_pages import english


def test_a_company_with_subscriptions_is_led_to_them(stage: Stage) -> None:  # noqa: F811
    home = f"/companies/{stage.company('atelier-lumen')}"
    amelie = english(stage.signed_in("amelie.dubois"))
    amelie.get(f"{home}/ownership")
    assert f'href="{home}/close"' in amelie.text
    amelie.get(f"{home}/close")
    assert "Its subscriptions have to end first" in amelie.text
    assert "Accounting, Document capture, Invoicing" in amelie.text
    thomas = english(stage.signed_in("thomas.lefevre"))
    thomas.get(f"{home}/ownership")
    assert f'href="{home}/close"' not in thomas.text
    assert thomas.get(f"{home}/close").status_code == 403
    assert english(stage.signed_in("joris.vanderlinden")).get(f"{home}/close").status_code == 404


def test_an_owner_closes_a_company_whose_subscriptions_are_over(own_stage: Stage) -> None:  # noqa: F811
    key = own_stage.company("librairie-des-quais")
    home = f"/companies/{key}"
    etienne = english(own_stage.signed_in("etienne.garnier"))
    etienne.get(f"{home}/close")
    assert etienne.heading == "Close Librairie des Quais SAS?"
    assert "You and 1 other person lose every role here" in etienne.text
    etienne.submit()
    assert etienne.status == 422
    assert "Until then nothing is closed" in etienne.text
    etienne.submit({"understood": "yes"})
    assert etienne.heading.startswith("Librairie des Quais SAS will be closed on ")
    etienne.get(home)
    assert "This company will be closed on" in etienne.text

    etienne.get(f"{home}/close")
    etienne.submit()
    assert etienne.address == f"{home}/ownership"
    assert "will be closed" not in etienne.text

    etienne.get(f"{home}/close")
    etienne.submit({"understood": "yes"})
    with own_stage.work() as work:
        work.session.execute(update(Company).where(Company.id == key).values(closes_at=work.now))
    with own_stage.work(write=False) as work:
        assert closure.carry_out(work) == 1
    with own_stage.work(write=False) as work:
        assert company.get(work, key).closed_at is not None
    assert etienne.get(home).status_code == 404
    etienne.get("/companies")
    assert "Librairie" not in etienne.text
    assert etienne.get("/account").status_code == 200
