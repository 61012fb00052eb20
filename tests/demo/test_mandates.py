"""Accountants of a company and mandates of a firm through their pages: the rows of the demonstration, and a life."""

import pytest
import yaml

from idp.companies import mandate
from tests.companies.conftest import ADDRESSES
from tests.conftest import ROOT
from tests.stage import Stage
from tests.web.browser import Browser

EXPECTED = yaml.safe_load((ROOT / "tests" / "demo" / "expectations.yaml").read_text("utf-8"))
DELTOUR = "cabinet-deltour"
TEXTS = {
    "accountant_unknown": "Cette adresse ne correspond à aucun compte de cabinet.",
    "mandate_self": "Cette personne est déjà utilisatrice de l’entreprise",
    "mandate_exists": "Ce cabinet a déjà accès à votre entreprise.",
}


def waiting(stage: Stage, company: str) -> str:
    with stage.work(write=False) as work:
        found = mandate.between(work, stage.company(company), stage.company(DELTOUR))
        return str(found[0].id)


def state(stage: Stage, company: str) -> str:
    with stage.work(write=False) as work:
        return mandate.between(work, stage.company(company), stage.company(DELTOUR))[0].state


def asks(stage: Stage, actor: str, company: str, action: str, email: str) -> Browser:
    browser, home = stage.signed_in(actor), f"/companies/{stage.company(company)}/accountants"
    if action == "invite":
        browser.get(f"{home}/invite")
    else:
        browser.get(f"{home}/{waiting(stage, company)}/confirm")
    browser.submit({"email": email, "preset": "review"})
    return browser


@pytest.mark.parametrize("row", EXPECTED["mandate_invitations"], ids=lambda row: f"{row['action']}-{row['email']}")
def test_a_row_of_the_demonstration_holds(own_stage: Stage, row: dict[str, str]) -> None:
    browser = asks(own_stage, row["actor"], row["company"], row["action"], row["email"])
    if row["expect"] == "active":
        assert browser.status == 200
        assert "Actif" in browser.text
        assert state(own_stage, row["company"]) == "active"
    else:
        assert browser.status == 422
        assert TEXTS[row["expect"]] in browser.text
        assert row["email"] in browser.text  # what was typed stays


def test_a_user_manager_does_not_invite_a_firm(stage: Stage) -> None:
    """The row `invite-firm` of `administration`."""
    (row,) = [each for each in EXPECTED["administration"] if each["action"] == "invite-firm"]
    browser = stage.signed_in(row["actor"])
    home = f"/companies/{stage.company(row['company'])}/accountants"
    assert browser.get(f"{home}/invite").status_code == 403
    assert browser.get(home).status_code == 200
    assert "/accountants/invite" not in browser.text
    assert (
        stage.signed_in("hugo.perrin").get(f"/companies/{stage.company('atelier-lumen')}/accountants").status_code
        == 403
    )


def test_after_five_addresses_there_is_a_pause_that_is_told(own_stage: Stage) -> None:
    for number in range(5):
        browser = asks(own_stage, "chloe.fontaine", "studio-mirabelle", "invite", f"n{number}@cabinet.example")
        assert TEXTS["accountant_unknown"] in browser.text
    browser = asks(own_stage, "chloe.fontaine", "studio-mirabelle", "invite", ADDRESSES["karim.benali"])
    assert "Trop d’adresses ont été saisies." in browser.text


def test_a_mandate_from_the_invitation_to_its_end(own_stage: Stage) -> None:
    """J9 the other way round, and the end: invited by the company, accepted by the firm, seen by the client, ended."""
    mirabelle, deltour = own_stage.company("studio-mirabelle"), own_stage.company(DELTOUR)
    chloe = own_stage.signed_in("chloe.fontaine")
    chloe.get(f"/companies/{mirabelle}/accountants/{waiting(own_stage, 'studio-mirabelle')}")
    assert "Cabinet Deltour" in chloe.heading
    chloe._send("POST", f"{chloe.address}/refuse", data=chloe.form.values)
    assert state(own_stage, "studio-mirabelle") == "refused"
    browser = asks(own_stage, "chloe.fontaine", "studio-mirabelle", "invite", ADDRESSES["nathalie.deltour"])
    assert "en attente de la réponse du cabinet" in browser.text

    karim = own_stage.signed_in("karim.benali")
    karim.get(f"/companies/{deltour}/mandates")
    assert "Studio Mirabelle" in karim.text
    karim.get(f"/companies/{deltour}/mandates/{waiting(own_stage, 'studio-mirabelle')}")
    karim.submit()
    assert state(own_stage, "studio-mirabelle") == "active"
    assert "/clients/" in karim.text

    chloe.get(f"/companies/{mirabelle}/accountants")
    assert "Cabinet Deltour" in chloe.text
    chloe.get(f"/companies/{mirabelle}/accountants/{waiting(own_stage, 'studio-mirabelle')}")
    assert "Karim Benali" in chloe.text
    chloe.get(f"{chloe.address}/end")
    assert "aussitôt l’accès à" in chloe.text
    page, kept = chloe.address, chloe.form.values
    chloe.submit()
    assert state(own_stage, "studio-mirabelle") == "ended"
    chloe._send("POST", page, data=kept)  # once more, from a page that is old
    assert chloe.status == 422
    assert "entre-temps" in chloe.text
    assert (
        chloe.get(f"/companies/{mirabelle}/accountants/{waiting(own_stage, 'boulangerie-lemaire')}").status_code == 404
    )


def test_a_firm_asks_and_hears_the_same_whoever_is_there(own_stage: Stage) -> None:
    deltour, nathalie = own_stage.company(DELTOUR), own_stage.signed_in("nathalie.deltour")
    for address in (ADDRESSES["etienne.garnier"], "nobody@nowhere.example"):
        nathalie.get(f"/companies/{deltour}/mandates/ask")
        nathalie.submit({"email": address, "preset": "review"})
        assert nathalie.address == f"/companies/{deltour}/mandates?done=asked"
        assert address in nathalie.text
    assert "Librairie" not in nathalie.text
    nathalie.get(f"/companies/{deltour}/mandates/ask")
    nathalie.submit({"email": "nobody@nowhere.example", "preset": "review"})
    assert "Vous avez déjà envoyé une demande à cette adresse" in nathalie.text
