"""The pages of a company about its accountants: changes, hand-over, inviting who has no firm, last use."""

from datetime import timedelta
from uuid import UUID

from idp.companies import access, assignment, firm_invitation, mandate, mandate_change
from idp.companies.mandate_scope import Scope
from idp.core.ids import uuid7
from tests.outbox_content import mails
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_my_access_pages import english

DELTOUR = "cabinet-deltour"
LEVELS = {"level_accounting": "", "level_invoicing": "", "level_capture": "", "level_payroll": ""}


def as_(stage: Stage, name: str) -> Browser:  # noqa: F811
    return english(stage.signed_in(name))


def live(stage: Stage, company: str) -> UUID:  # noqa: F811
    with stage.work(write=False) as work:
        return mandate.between(work, stage.company(company), stage.company(DELTOUR))[0].id


def path(stage: Stage, company: str, *parts: object) -> str:  # noqa: F811
    return "/".join([f"/companies/{stage.company(company)}/accountants", *map(str, parts)])


def next_firm(stage: Stage, company: str) -> UUID:  # noqa: F811
    """Another firm that works for the company."""
    from idp.companies import company as companies
    from idp.companies import subscription

    with stage.work() as work:
        place = {"country": "FR", "city": "Lille", "locale": "fr-FR"}
        firm = companies.create(work, reference="next-firm", name="Cabinet <Suivant>", kind="firm", **place)
        subscription.start(work, firm.id, plan="practice")
        subscription.set_state(work, firm.id, "practice", "active")
        made = mandate.record(work, stage.company(company), firm.id, preset="full-file", way="client-invites")
        mandate.confirm(work, made.id)
        return made.id


def scope(stage: Stage, key: UUID) -> Scope:  # noqa: F811
    from idp.companies import mandate_scope

    with stage.work(write=False) as work:
        return mandate_scope.of(mandate.get(work, key))


def test_a_change_is_looked_at_before_it_is_saved(own_stage: Stage) -> None:  # noqa: F811
    key = live(own_stage, "atelier-lumen")
    amelie = as_(own_stage, "amelie.dubois")
    amelie.get(path(own_stage, "atelier-lumen", key))
    assert "Change what they may do" in amelie.text
    amelie.get(path(own_stage, "atelier-lumen", key, "change"))
    assert amelie.form.values["preset"] == "full-file-filing"
    wanted = {**LEVELS, "preset": "full-file", "level_invoicing": "view", "ends": "on", "until": "2027-03-31"}
    amelie.submit({**wanted, "option": "payroll", "act": "review"})
    assert amelie.status == 200
    for text in ("Nothing is saved yet", "31\xa0March\xa02027", "newly open", "Taken away:"):
        assert text in amelie.text, text
    assert scope(own_stage, key).preset == "full-file-filing"
    review = amelie.form.values
    amelie.submit({"act": "save"})
    assert amelie.address.endswith("?done=changed")
    assert "31\xa0March\xa02027" in amelie.text
    saved = scope(own_stage, key)
    assert (saved.preset, saved.options, saved.lowered) == ("full-file", ("payroll",), {"invoicing": "view"})
    amelie.address = path(own_stage, "atelier-lumen", key, "change")
    amelie._send("POST", amelie.address, data={**review, "act": "save"})  # decided on what there was before
    assert amelie.status == 422
    assert "Somebody else changed this meanwhile" in amelie.text


def test_each_option_of_a_mandate_is_kept_added_and_taken_away_by_itself(own_stage: Stage) -> None:  # noqa: F811
    key, both = live(own_stage, "atelier-lumen"), ["payroll", "payroll-reports"]
    address = path(own_stage, "atelier-lumen", key, "change")
    amelie = as_(own_stage, "amelie.dubois")
    for ticked in (both, both[1:], []):
        amelie.get(address)
        amelie.submit({"option": ticked, "until": "x", "ends": "on", "act": "review"})
        assert amelie.status == 422
        assert amelie.form.values.get("option", []) in (ticked, *ticked)  # what was ticked stays
        amelie.submit({"until": "", "ends": "open", "act": "review"})
        assert amelie.heading.startswith("What changes for"), amelie.text
        review = amelie.form.values
        amelie.submit({"act": "back"})
        assert amelie.form.values.get("option") == review.get("option")
        amelie.submit({"act": "review"})
        amelie.submit({"act": "save"})
        assert amelie.address.endswith("?done=changed"), amelie.text
        assert scope(own_stage, key).options == tuple(ticked)
        amelie.get(address)
        amelie.submit({"act": "review"})
        assert "Nothing changes." in amelie.text
    amelie.get(address)
    amelie.submit({"option": [*both, "everything"], "act": "review"})
    assert amelie.status == 422


def test_an_administrator_keeps_both_options_that_the_owner_opened(own_stage: Stage) -> None:  # noqa: F811
    with own_stage.work() as work:
        mandate.end(work, live(own_stage, "atelier-lumen"))
        place = own_stage.company("atelier-lumen"), own_stage.company(DELTOUR)
        made = mandate.record(
            work, *place, preset="full-file", way="client-invites", options=("payroll", "payroll-reports")
        )
        key = mandate.confirm(work, made.id).id
    thomas = as_(own_stage, "thomas.lefevre")
    thomas.get(path(own_stage, "atelier-lumen", key, "change"))
    thomas.submit({"level_accounting": "view", "act": "review"})
    assert "closed" not in thomas.text
    thomas.submit({"act": "save"})
    assert scope(own_stage, key).options == ("payroll", "payroll-reports")


def test_what_cannot_be_opened_is_told_at_its_field(own_stage: Stage) -> None:  # noqa: F811
    key = live(own_stage, "atelier-lumen")
    thomas = as_(own_stage, "thomas.lefevre")  # an administrator, who may not consent to payroll
    address = path(own_stage, "atelier-lumen", key, "change")
    thomas.get(address)
    assert 'name="option"' not in thomas.text
    basis = {**LEVELS, "preset": "full-file", "act": "review"}
    for values, text in (
        ({"preset": "everything"}, "This cannot be used as it is written"),
        ({"ends": "on", "until": "31/03/2027"}, "Write a date to come, such as 2027-03-31."),
        ({"ends": "on", "until": "2020-03-31"}, "The end has to come after the beginning"),
        ({"ends": "on", "until": "0001-01-01"}, "The end has to come after the beginning"),
        ({"starts": "0001-01-01"}, "Write a date to come"),
        ({"ends": "yearly", "preset": "support"}, "Temporary support ends by itself"),
        ({"ends": "on", "until": "2099-03-31", "preset": "support"}, "At most 30 days for this access."),
        (dict.fromkeys(LEVELS, "none"), "Leave one product open at least."),
        ({"option": "payroll"}, "Only the account owner can open this."),
        ({"ends": "never"}, "This cannot be used as it is written"),
        ({"colour": "red"}, "This form arrived in disorder"),
    ):
        thomas.get(address)
        thomas.submit({**basis, **values})
        assert thomas.status == 422, values
        assert text in thomas.text, values
    hugo = as_(own_stage, "hugo.perrin")
    assert hugo.get(address).status_code == 403


def test_the_next_firm_takes_over_and_it_is_called_off(own_stage: Stage) -> None:  # noqa: F811
    key = live(own_stage, "atelier-lumen")
    amelie = as_(own_stage, "amelie.dubois")
    amelie.get(path(own_stage, "atelier-lumen", key, "hand-over"))
    assert "No other firm has access yet" in amelie.text
    successor = next_firm(own_stage, "atelier-lumen")
    amelie.get(path(own_stage, "atelier-lumen", key, "hand-over"))
    assert "Cabinet &lt;Suivant&gt;" in amelie.text
    amelie.submit({"successor": str(uuid7()), "until": "2099-01-31"})
    assert "Choose one of the firms that have access." in amelie.text
    amelie.submit({"successor": str(successor), "until": "2020-01-31"})
    assert "A day after the next firm has begun" in amelie.text
    amelie.submit({"successor": str(successor), "until": "2099-01-31"})
    assert amelie.address.endswith("?done=handed-over")
    assert "Handing over: read only" in amelie.text
    assert "31\xa0January\xa02099" in amelie.text
    with own_stage.work(write=False) as work:
        karim = access.resolve(
            work, own_stage.person("karim.benali").id, own_stage.company("atelier-lumen"), "accounting"
        )
        assert {work.policies.permissions[each].level for each in karim.permissions} == {"view"}
    amelie.get(path(own_stage, "atelier-lumen", key, "change"))
    assert amelie.address == path(own_stage, "atelier-lumen", key)
    amelie.get(path(own_stage, "atelier-lumen", key))
    amelie._send("POST", f"{amelie.address}/keep", data=amelie.form.values)
    amelie.get(path(own_stage, "atelier-lumen", key))
    assert "Change what they may do" in amelie.text


def test_an_address_without_a_firm_is_invited_to_create_one(own_stage: Stage) -> None:  # noqa: F811
    chloe = as_(own_stage, "chloe.fontaine")
    chloe.get(path(own_stage, "studio-mirabelle", "invite"))
    assert "create their firm" not in chloe.text
    form = {"email": "marc@compta.example", "preset": "review", "ends": "open", "act": "invite"}
    chloe.submit(form)
    assert chloe.status == 422
    assert "This address does not belong to a firm account" in chloe.text
    assert 'value="marc@compta.example"' in chloe.text
    chloe.submit({**form, "act": "create", "locale": "fr-FR"})
    assert chloe.address.endswith("?done=invited-firm")
    assert "Invited to create a firm" in chloe.text
    (invited,) = {part.split('"')[0] for part in chloe.text.split("/accountants/invited/")[1:]}
    chloe.get(path(own_stage, "studio-mirabelle", "invited", invited))
    chloe.submit()
    assert "The invitation is withdrawn" in chloe.text
    assert chloe.get(path(own_stage, "studio-mirabelle", "invited", invited)).status_code == 404


def test_a_firm_takes_its_request_back(own_stage: Stage) -> None:  # noqa: F811
    nathalie = as_(own_stage, "nathalie.deltour")
    firm = f"/companies/{own_stage.company(DELTOUR)}"
    nathalie.get(f"{firm}/clients")
    assert f'href="{firm}/mandates/ask"' in nathalie.text
    nathalie.get(f"{firm}/mandates/ask")
    nathalie.submit({"email": "nobody@nowhere.example", "preset": "review"})
    (sent,) = {part.split('"')[0] for part in nathalie.text.split("/mandates/requests/")[1:]}
    nathalie.get(f"{firm}/mandates/requests/{sent}")
    nathalie.submit()
    assert nathalie.address == f"{firm}/mandates?done=withdrawn"
    nathalie.get(f"{firm}/mandates/requests/{sent}")
    assert "taken back" in nathalie.text
    assert "Cancel the request" not in nathalie.text
    assert as_(own_stage, "lotte.peeters").get(f"{firm}/mandates/requests/{sent}").status_code == 403


def test_the_client_sees_when_its_accountant_worked_last(own_stage: Stage) -> None:  # noqa: F811
    key, lumen = live(own_stage, "atelier-lumen"), str(own_stage.company("atelier-lumen"))
    amelie = as_(own_stage, "amelie.dubois")
    amelie.get(path(own_stage, "atelier-lumen", key))
    assert "not used so far" in amelie.text
    own_stage.party("demo-accounting").tokens(own_stage.signed_in("karim.benali"), company=lumen)
    amelie.get(path(own_stage, "atelier-lumen", key))
    assert "last used on" in amelie.text
    karim = own_stage.person("karim.benali").id
    explained = f"/companies/{lumen}/people/{karim}/explain"
    assert f'href="{explained}"' in amelie.text
    amelie.get(explained)
    assert (amelie.status, "Karim Benali" in amelie.heading) == (200, True)
    with own_stage.work(write=False) as work:
        from sqlalchemy import select

        from idp.companies.models import MandateUse

        uses = work.session.execute(select(MandateUse.account_id, MandateUse.used_at)).all()
    assert [each.account_id for each in uses] == [own_stage.person("karim.benali").id]
    own_stage.party("demo-accounting").tokens(own_stage.signed_in("karim.benali"), company=lumen)
    with own_stage.work(write=False) as work:
        again = work.session.execute(select(MandateUse.account_id, MandateUse.used_at)).all()
    assert again == uses  # not written again within the hour


def test_what_was_typed_is_there_after_a_proof(own_stage: Stage) -> None:  # noqa: F811
    """A form that was open for longer than a proof counts: the person proves a code, and goes on where they were."""
    from sqlalchemy import update

    from idp.authn.models import Session

    chloe = as_(own_stage, "chloe.fontaine")
    chloe.get(path(own_stage, "studio-mirabelle", "invite"))
    with own_stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=work.now - timedelta(minutes=11)))
    chloe.submit({"email": "marc@compta.example", "preset": "capture-only", "ends": "on", "until": "2099-01-31"})
    assert chloe.address.startswith("/sign-in")
    assert "marc" not in chloe.address
    own_stage.forget_steps("chloe.fontaine")
    chloe.submit({"code": own_stage.person("chloe.fontaine").code()})
    assert "/accountants/invite?kept=" in chloe.address
    values = chloe.form.values
    assert (values["email"], values["preset"], values["until"]) == ("marc@compta.example", "capture-only", "2099-01-31")
    kept = chloe.address
    amelie = as_(own_stage, "amelie.dubois")  # nothing for anybody else, nor for another page
    amelie.get(kept.replace(str(own_stage.company("studio-mirabelle")), str(own_stage.company("atelier-lumen"))))
    assert "marc@" not in amelie.text
    for wrong in ("kept=x", "kept=", "kept=é", f"kept={'A' * 3000}"):
        assert chloe.get(f"{path(own_stage, 'studio-mirabelle', 'invite')}?{wrong}").status_code == 200


def test_a_hand_over_that_is_arranged_is_not_changed_from_below(own_stage: Stage) -> None:  # noqa: F811
    key, successor = live(own_stage, "atelier-lumen"), next_firm(own_stage, "atelier-lumen")
    with own_stage.work() as work:
        mandate_change.hand_over(work, key, successor, until_at=work.now + timedelta(days=30))
    amelie = as_(own_stage, "amelie.dubois")
    amelie.get(path(own_stage, "atelier-lumen", key, "hand-over"))
    assert amelie.address == path(own_stage, "atelier-lumen", key)  # whose page says how it is called off
    amelie.get(path(own_stage, "atelier-lumen", successor, "hand-over"))
    assert "No other firm has access yet" in amelie.text


def test_an_account_without_a_firm_creates_one_and_accepts(own_stage: Stage) -> None:  # noqa: F811
    """A link is for whoever has proved its address: anybody else is told, and nothing is spent by looking."""
    mirabelle = own_stage.company("studio-mirabelle")
    fatou = own_stage.person("fatou.diallo")
    with own_stage.work() as work:
        _, token = firm_invitation.invite(work, mirabelle, address=fatou.address, scope=Scope("review"), locale="fr-FR")
    here = f"/firm-invitations/{token}"
    stranger = own_stage.browser()
    stranger.get(here)
    assert "Studio Mirabelle" in stranger.text
    assert "continue_to=%2Ffirm-invitations" in stranger.text
    hugo = as_(own_stage, "hugo.perrin")
    for page in (here, f"{here}/firm"):
        hugo.get(page)
        assert hugo.status == 409
        assert "You are signed in as Hugo Perrin" in hugo.text
    guest = as_(own_stage, "fatou.diallo")
    guest.get(f"{here}/firm")
    guest.submit({"name": "x" * 201, "city": "Metz", "country": "FR"})
    assert guest.status == 422
    guest.submit({"name": "Cabinet <b>Diallo</b>", "city": "", "country": "FR"})
    assert guest.status == 422
    guest.submit({"name": "Cabinet <b>Diallo</b>", "city": "Metz", "country": "FR"})
    assert guest.heading == "Studio Mirabelle"
    guest.submit()
    assert "You work for this client now" in guest.text
    with own_stage.work(write=False) as work:
        answer = access.resolve(work, fatou.id, mirabelle, "accounting")
        assert (answer.via, answer.firm_name) == ("mandate", "Cabinet <b>Diallo</b>")
    assert guest.get(here).status_code == 410
    assert "This invitation was used" in guest.text
    assert stranger.get("/firm-invitations/never").status_code == 404


def test_an_invited_accountant_declines(own_stage: Stage) -> None:  # noqa: F811
    with own_stage.work() as work:
        _, token = firm_invitation.invite(
            work, own_stage.company("studio-mirabelle"), address="marc@compta.example", scope=Scope("review"),
            locale="fr-FR",
        )  # fmt: skip
    marc = own_stage.browser()
    marc.get(f"/firm-invitations/{token}/decline")
    marc.submit()
    assert marc.status == 200
    assert marc.get(f"/firm-invitations/{token}").status_code == 410


def test_a_colleague_who_leaves_loses_every_client_and_the_firm_is_told(own_stage: Stage) -> None:  # noqa: F811
    """J11 steps 6 and 8."""
    firm, lemaire = own_stage.company(DELTOUR), str(own_stage.company("boulangerie-lemaire"))
    party, lotte = own_stage.party("demo-capture"), as_(own_stage, "lotte.peeters")
    tokens = party.tokens(lotte, company=lemaire)
    assert party.refresh(tokens["refresh_token"]).status_code == 200
    lotte.get(f"/companies/{firm}/leave")
    lotte.submit()
    assert lotte.address.startswith("/account/access")
    refused = party.refresh(tokens["refresh_token"])
    assert refused.status_code == 400
    with own_stage.work(write=False) as work:
        key = own_stage.person("lotte.peeters").id
        assert all(each.ended_at for each in assignment.of_colleague(work, firm, key))
        told = {each["recipient"] for each in mails(work) if "Lotte" in str(each["variables"])}
    assert own_stage.person("nathalie.deltour").address in told
    nathalie = as_(own_stage, "nathalie.deltour")
    nathalie.get(f"/companies/{firm}/log")
    assert "Lotte Peeters" in nathalie.text
