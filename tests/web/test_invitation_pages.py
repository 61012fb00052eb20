"""Invitations over HTTP: a company sends, lists, sends again and withdraws; the invited person accepts or refuses."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from sqlalchemy import select, update

from idp.accounts import email_address
from idp.authn.models import Session
from idp.companies import colleague_request, membership, seats
from idp.companies.models import Invitation, ProductRole
from idp.work import Actor
from tests.companies.inviting import link, sent
from tests.party import altered
from tests.policy.demo import EXPECTATIONS
from tests.stage import demonstration, own_stage, stage  # noqa: F401
from tests.web.conftest import complete

NEW = "quatre pommes sur un mur bleu"


def open_at(stage, reference):  # noqa: F811
    return f"/companies/{stage.company(reference)}/invitations"


def signed_in(stage, name):  # noqa: F811
    browser = stage.signed_in(name)
    browser.get("/account?ui_locales=en")
    return browser


def stranger(stage):  # noqa: F811
    browser = stage.browser()
    browser.get("/sign-in?ui_locales=en")
    return browser


def token_of(stage, address):  # noqa: F811
    with stage.work(write=False) as work:
        return link(work, address)


@pytest.mark.parametrize(
    "row",
    [row for row in EXPECTATIONS["seats"] if "next_invitation" in row],
    ids=lambda row: f"{row['company']}-{row['product']}",
)
def test_the_seats_of_the_expectations_are_what_pages_say_and_do(own_stage, row):  # noqa: F811
    owner = {"boulangerie-lemaire": "benoit.lemaire", "atelier-lumen": "amelie.dubois"}[row["company"]]
    browser, path = signed_in(own_stage, owner), open_at(own_stage, row["company"])
    browser.get(path)
    assert f"{row['used']} of {row['of']} seats used" in browser.text
    roles = {"invoicing": "invoicing.employee", "accounting": "accounting.reader", "capture": "capture.reader"}
    browser.get(f"{path}/new")
    form = {"email": "zoe@example.test", "locale": "fr-FR", f"role_{row['product']}": roles[row["product"]]}
    browser.submit(form)
    match row["next_invitation"]:
        case "seat_limit_reached":
            assert browser.status == 422
            assert "Every seat of your plan is taken" in browser.text
            browser.submit({**form, f"role_{row['product']}": "", "role_capture": "capture.expenses-standard"})
        case "confirm_extra_cost":
            assert browser.status == 422
            assert "will be charged extra" in browser.text
            browser.submit({**form, "extra_cost": "yes"})
    assert browser.status == 200, browser.text[:2000]
    assert "The invitation is on its way." in browser.text
    assert "zoe@example.test" in browser.text


def test_withdrawn_the_seat_is_free_and_the_link_says_so(own_stage):  # noqa: F811
    browser, path = signed_in(own_stage, "thomas.lefevre"), open_at(own_stage, "atelier-lumen")
    token = token_of(own_stage, "lea.marchand@atelier-lumen.example.com")
    with own_stage.work(write=False) as work:
        key = work.session.scalar(select(Invitation.id).where(Invitation.canonical.startswith("lea.marchand@")))
        before = seats.used(work, own_stage.company("atelier-lumen"), "capture")
    browser.get(f"{path}/{key}/resend")
    browser.submit()
    assert "sent again" in browser.text
    assert stranger(own_stage).get(f"/invitation/{token}").status_code == 404
    newer = token_of(own_stage, "lea.marchand@atelier-lumen.example.com")
    browser.get(f"{path}/{key}/withdraw")
    browser.submit()
    assert "withdrawn" in browser.text
    with own_stage.work(write=False) as work:
        assert seats.used(work, own_stage.company("atelier-lumen"), "capture") == before - 1
    other = stranger(own_stage)
    assert other.get(f"/invitation/{newer}").status_code == 410
    assert other.heading == "This invitation was withdrawn"


def test_a_new_person_comes_from_the_mail_to_the_product(own_stage):  # noqa: F811
    """J3: and a mail scanner has opened the link ten times before."""
    token = token_of(own_stage, "lea.marchand@atelier-lumen.example.com")
    browser = stranger(own_stage)
    for _ in range(10):
        browser.get(f"/invitation/{token}")
    assert browser.heading == "Thomas Lefèvre invites you to join Atelier Lumen SARL"
    browser.get(f"/invitation/{token}/roles/capture")
    assert "Purchases" in browser.text
    browser.get(f"/invitation/{token}/account")
    names = {"given_name": "Léa", "family_name": "Marchand", "personal": "yes"}
    browser.submit({**names, "password": "atelierlumen2026!", "password_again": "atelierlumen2026!"})
    assert browser.status == 422
    browser.submit({**names, "password": NEW, "password_again": NEW})
    assert browser.heading == "Link your authenticator app", browser.text[:1500]
    with own_stage.work(write=False) as work:
        lea = email_address.find_account(work, "lea.marchand@atelier-lumen.example.com")
        assert membership.find(work, own_stage.company("atelier-lumen"), lea.id) is not None
    secret = "".join(re.findall(r"<span>([A-Z2-7]{4})</span>", browser.text))
    browser.submit({"code": pyotp.TOTP(secret).now()})
    complete(browser, own_stage.app)
    assert browser.heading == "Welcome to Atelier Lumen SARL, Léa"
    assert "Document capture" in browser.text
    assert f"company={own_stage.company('atelier-lumen')}" in browser.text  # signed in there, without another button
    assert stranger(own_stage).get(f"/invitation/{token}").status_code == 410


def test_who_has_an_account_accepts_with_it_and_nobody_else_does(own_stage):  # noqa: F811
    """USR-06, and two people are never mixed."""
    token = token_of(own_stage, "luc@toitures-vanderlinden.example.com")
    ines = signed_in(own_stage, "ines.moreau")
    assert ines.get(f"/invitation/{token}").status_code == 409
    assert ines.heading == "You are signed in as Inès Moreau"
    browser = stranger(own_stage)
    browser.get(f"/invitation/{token}")
    assert "Sign in to accept" in browser.text
    assert browser.get(f"/invitation/{token}/account").status_code == 200
    assert browser.address == f"/invitation/{token}"
    luc = signed_in(own_stage, "luc.wouters")
    luc.get(f"/invitation/{token}")
    luc.submit()
    assert luc.heading.startswith("Welcome to Clarté Nettoyage SRL")
    with own_stage.work(write=False) as work:
        assert membership.find(work, own_stage.company("clarte-nettoyage"), own_stage.person("luc.wouters").id)


def test_refusing_is_told(own_stage):  # noqa: F811
    token = token_of(own_stage, "luc@toitures-vanderlinden.example.com")
    browser = stranger(own_stage)
    browser.get(f"/invitation/{token}/refuse")
    browser.submit()
    assert browser.heading == "You have refused the invitation"
    assert browser.get(f"/invitation/{token}").status_code == 410
    with own_stage.work(write=False) as work:
        assert [mail["recipient"] for mail in sent(work, "invitation_refused")] == [
            "samira@clarte-nettoyage.example.net"
        ]


def test_whether_an_address_has_an_account_elsewhere_is_not_told(own_stage):  # noqa: F811
    browser, path = signed_in(own_stage, "thomas.lefevre"), open_at(own_stage, "atelier-lumen")
    answers = []
    for address in ("fatou@clarte-nettoyage.example.net", "fatou@clarte-nettoyage.example.org"):
        browser.get(f"{path}/new")
        answer = browser.post({"email": address, "locale": "fr-FR", "role_capture": "capture.reader"})
        location = answer.headers["Location"].replace(address.replace("@", "%40"), "ADDRESS")
        answers.append((answer.status_code, location, answer.text))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"email": "zoe"}, "Write the e-mail address in full"),
        ({"email": "zo\u0435@example.test"}, "mixes letters of several alphabets"),
        ({"email": "z@example.test"}, "Choose a role in a product"),
        ({"email": "thomas.lefevre@atelier-lumen.example.com", "role_capture": "capture.reader"}, "your own address"),
        ({"email": "ines.moreau@atelier-lumen.example.com", "role_capture": "capture.reader"}, "already belongs"),
        ({"email": "z@example.test", "role_capture": "capture.gone"}, "This role cannot be given here"),
        ({"email": "z@example.test", "role_capture": "own:x"}, "This role cannot be given here"),
        (
            {"email": "z@example.test", "role_capture": "capture.reader", "until_capture": "soon"},
            "Write a date to come",
        ),
        ({"email": "z@example.test", "role_capture": "capture.reader", "message": "see www.x.example"}, "one link"),
        ({"email": "z@example.test", "role_capture": "capture.reader", "more": "x"}, "arrived in disorder"),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(stage, values, said):  # noqa: F811
    browser = signed_in(stage, "thomas.lefevre")
    browser.get(f"{open_at(stage, 'atelier-lumen')}/new")
    browser.submit({"given_name": "<b>Zoé", "locale": "fr-FR", **values})
    assert browser.status == 422
    assert said in browser.text
    assert "&lt;b&gt;Zoé" in browser.text


def test_the_list_is_searched_by_state(stage):  # noqa: F811
    browser, path = signed_in(stage, "benoit.lemaire"), open_at(stage, "boulangerie-lemaire")
    browser.get(path)
    assert "noah.dupuis" not in browser.text
    browser.get(f"{path}?state=expired&q=NOAH")
    assert "noah.dupuis@perso.example.org" in browser.text
    browser.get(f"{path}?state=expired&q=%25")
    assert "Nobody was found." in browser.text


def test_the_form_shows_what_a_chosen_role_permits_and_keeps_what_was_typed(stage):  # noqa: F811
    """EMP-09, EMP-11: by a button of the form, without JavaScript; the switches count as they are ticked."""
    browser = signed_in(stage, "joris.vanderlinden")
    browser.get(f"{open_at(stage, 'toitures-vanderlinden')}/new")
    assert "Always open: Customers, Products." in browser.text
    form = {"email": "yves@example.test", "given_name": "Yves", "role_invoicing": "invoicing.employee", "message": "Hi"}
    browser.submit({**form, "switch_invoicing_tasks": "yes", "show": "invoicing"})
    assert browser.status == 200
    assert "Employee in Invoicing" in browser.text
    shown = browser.text.split('id="shown"')[1]
    assert "Tasks" in shown
    assert browser.form.values["email"] == "yves@example.test"
    browser.submit({"show": "invoicing", "switch_invoicing_tasks": ""})
    assert "Tasks" not in browser.text.split('id="shown"')[1].split("No access to")[0]
    browser.submit({"role_invoicing": "", "show": "invoicing"})
    assert "Choose a role first" in browser.text
    with stage.work(write=False) as work:
        assert not work.session.scalar(select(Invitation.id).where(Invitation.canonical == "yves@example.test"))


def test_who_appoints_proves_a_second_factor_and_finds_the_form_as_it_was(own_stage):  # noqa: F811
    """The message and the switches too; the link back is of no use to anybody else, nor on another page."""
    with own_stage.work() as work:
        old = work.now - timedelta(hours=1)
    browser, path = signed_in(own_stage, "joris.vanderlinden"), open_at(own_stage, "toitures-vanderlinden")
    browser.get(f"{path}/new")
    with own_stage.work() as work:
        work.session.execute(update(Session).values(second_factor_at=old))
    form = {
        "email": "yves@example.test", "given_name": "Yvès", "family_name": "<b>&", "locale": "nl-BE",
        "role_invoicing": "invoicing.employee", "switch_invoicing_tasks": "yes", "message": "Dag Yves\nTot maandag",
    }  # fmt: skip
    answer = browser.post({**form, "company_role": "company.administrator"})
    assert answer.headers["Location"].startswith("/sign-in?")
    back = parse_qs(urlsplit(answer.headers["Location"]).query)["continue_to"][0]
    assert back.startswith(f"{path}/new?kept=")
    with own_stage.work() as work:
        assert not work.session.scalar(select(Invitation.id).where(Invitation.canonical == "yves@example.test"))
        work.session.execute(update(Session).values(second_factor_at=work.now))
    browser.get(back)
    assert "What you had typed is here again." in browser.text
    assert {name: browser.form.values.get(name) for name in ("email", "given_name", "switch_invoicing_tasks")} == {
        "email": "yves@example.test", "given_name": "Yvès", "switch_invoicing_tasks": "yes",
    }  # fmt: skip
    assert "&lt;b&gt;&amp;" in browser.text
    assert "Dag Yves\nTot maandag</textarea>" in browser.text.replace("\r", "")
    assert '<option value="company.administrator" selected>' in browser.text
    assert '<option value="nl-BE" lang="nl" selected>' in browser.text or 'value="nl-BE" selected' in browser.text
    sealed = back.partition("?")[2]
    for name, page in (("amelie.dubois", open_at(own_stage, "atelier-lumen")), ("joris.vanderlinden", path)):
        other = browser if name == "joris.vanderlinden" else signed_in(own_stage, name)
        other.get(f"{page}/new?{altered(sealed)}" if other is browser else f"{page}/new?{sealed}")
        assert other.status == 200
        assert "yves@example.test" not in other.text


def test_the_request_of_a_colleague_fills_the_form_in_with_the_switches_of_who_asked(own_stage):  # noqa: F811
    """J12, step 5: Benoît gets Sophie's switches."""
    sophie = own_stage.person("sophie.lemaire")
    with own_stage.work() as work:
        lemaire = own_stage.company("boulangerie-lemaire")
        acting = work.acting(Actor("account", sophie.id))
        colleague_request.ask(acting, lemaire, name="Paul Lemaire", address="paul@example.test")
        [asked] = colleague_request.of_person(acting, sophie.id).rows
        held = {
            row.product: row
            for row in work.session.scalars(select(ProductRole).where(ProductRole.account_id == sophie.id))
        }
        switches, key = held["invoicing"].switches, asked.id
    assert switches
    browser = signed_in(own_stage, "benoit.lemaire")
    browser.get(f"{open_at(own_stage, 'boulangerie-lemaire')}/new?request={key}")
    values = browser.form.values
    assert (values["email"], values["given_name"], values["family_name"]) == ("paul@example.test", "Paul", "Lemaire")
    on = {name.removeprefix("switch_invoicing_") for name in values if name.startswith("switch_invoicing_")}
    assert on == set(switches)
    assert '<option value="invoicing.employee" selected>' in browser.text
