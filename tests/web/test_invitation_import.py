"""Inviting by a list over HTTP: a result for each line, nothing lost, nothing sent unseen, no formula anywhere."""

import csv
import io

import pytest
from sqlalchemy import func, select

from idp.companies import seats
from idp.companies.models import Invitation
from tests.stage import demonstration, own_stage, stage  # noqa: F401
from tests.web.test_invitation_pages import open_at, signed_in

HEAD = "E-mail;First name;Last name;Language;Document capture;Company role\n"
GOOD = "zoe@example.test;Zoé;<b>Kervadec;fr;Reader;\n"
BAD = (
    "=cmd|' /C calc'!A0;Bart;Maes;nl;;\n"
    "eva@example.test;Eva;;klingon;Reader;\n"
    "boss@example.test;Ann;Boss;en;;Administrator\n"
    "zoe@example.test;Twice;;fr;Reader;\n"
)


def page(stage, reference="atelier-lumen"):  # noqa: F811
    return f"{open_at(stage, reference)}/import"


def open_page(stage, name="amelie.dubois", reference="atelier-lumen"):  # noqa: F811
    browser = signed_in(stage, name)
    browser.get(page(stage, reference))
    return browser


def waiting(stage, reference="atelier-lumen"):  # noqa: F811
    with stage.work(write=False) as work:
        i = Invitation
        counted = select(func.count()).where(i.company_id == stage.company(reference), i.closed_at.is_(None))
        return work.session.scalar(counted)


def test_a_list_is_checked_sent_and_what_is_refused_stays(own_stage):  # noqa: F811
    browser, before = open_page(own_stage), waiting(own_stage)
    file = (io.BytesIO((HEAD + GOOD + BAD).encode("cp1252")), "gens.csv")
    browser.submit({"locale": "fr-FR", "act": "check", "file": file}, content_type="multipart/form-data")
    assert browser.heading == "Check the result, then send"
    assert "5 lines: <strong>1 can be sent</strong>, 4 cannot" in " ".join(browser.text.split())
    for said in (
        "this is no e-mail address", "“klingon” is none of the languages", "an administrator is invited one by one",
        "this address comes twice in the list", "&lt;b&gt;Kervadec", "Ann Boss",
    ):  # fmt: skip
        assert said in browser.text
    assert waiting(own_stage) == before
    seen, people = browser.form.values["seen"], HEAD + GOOD + BAD
    assert "Zoé;&lt;b&gt;Kervadec" in browser.text  # the file is in the page now, to be corrected there

    browser.submit({"people": people, "locale": "fr-FR", "act": "send", "seen": seen})
    assert browser.heading == "1 invitation is on its way"
    assert waiting(own_stage) == before + 1
    rest = browser.text.split('<textarea id="people"')[1].split("</textarea>")[0]
    assert "zoe@example.test;Twice" in rest
    assert "Kervadec" not in rest
    assert rest.count("E-mail") == 1

    # The same page sent once more, as by the button to load it again: it is not what was seen.
    browser.submit({"people": people, "locale": "fr-FR", "act": "send", "seen": seen})
    assert browser.status == 409
    assert "replaces the open invitation" in browser.text
    assert waiting(own_stage) == before + 1


def test_seats_are_counted_along_the_list_and_their_cost_is_confirmed(own_stage):  # noqa: F811
    browser, lumen = open_page(own_stage), own_stage.company("atelier-lumen")
    form = {"people": "a@example.test\nb@example.test", "locale": "en-GB", "role_accounting": "accounting.reader"}
    browser.submit({**form, "act": "check"})
    assert "I confirm that 2 additional seats are charged" in browser.text
    form["seen"] = browser.form.values["seen"]
    browser.submit({**form, "act": "send"})
    assert browser.status == 422
    assert "Confirm the extra cost" in browser.text
    browser.submit({**form, "act": "send", "extra_cost": "yes"})
    assert browser.heading == "2 invitations are on their way"
    with own_stage.work(write=False) as work:
        assert seats.used(work, lumen, "accounting") == 7

    full = open_page(own_stage, "benoit.lemaire", "boulangerie-lemaire")
    full.submit({"people": "a@example.test", "locale": "fr-FR", "role_invoicing": "invoicing.employee", "act": "send"})
    assert "every seat of Invoicing is taken" in full.text
    assert ">Send " not in full.text


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ("", "There is nobody in this list"),
        ("name;language\nx;fr", "No column is called “E-mail”"),
        ("e-mail;<b>\nzoe@example.test;1", "The column “&lt;b&gt;” is not known"),
        ("e-mail;courriel\nzoe@example.test;1", "is there twice"),
        ("e-mail\n" + "zoe@example.test\n" * 201, "At most 200 people at once"),
        ("e-mail\x00\nzoe@example.test", "a character that cannot be typed"),
        ("e-mail\nz\u202ee@example.test", "a character that cannot be typed"),
    ],
)
def test_a_list_that_cannot_be_read_says_why_and_what_would_be_right(stage, people, said):  # noqa: F811
    browser = open_page(stage)
    browser.submit({"people": people, "locale": "fr-FR", "role_capture": "capture.reader", "act": "check"})
    assert browser.status == 422
    assert said in browser.text


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"PK\x03\x04 a workbook", 422, "save it as CSV"),
        (b"e-mail\n" + b"zoe@example.test\n" * 5000, 422, "larger than 64 kB"),
        (b"x" * 400_000, 413, ""),
    ],
)
def test_a_file_that_is_none_is_told(stage, content, status, said):  # noqa: F811
    browser = open_page(stage)
    file = io.BytesIO(content), "gens.xlsx"
    browser.submit(
        {"people": "kept@example.test", "locale": "fr-FR", "act": "check", "file": file},
        content_type="multipart/form-data",
    )
    assert browser.status == status
    assert said in browser.text
    assert status == 413 or "kept@example.test" in browser.text


def test_what_can_be_taken_along_is_executed_by_no_spreadsheet(stage):  # noqa: F811
    browser = open_page(stage)
    answer = browser.get(f"{page(stage)}/model")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="invitations-model.csv"'
    assert answer.text.lstrip("\ufeff").startswith("E-mail,First name,Last name,Language,")
    browser.get(page(stage))
    browser.submit({"people": HEAD + GOOD + BAD, "locale": "fr-FR", "act": "check"})
    token = browser.form.values["csrf_token"]
    result = browser.text.split('<textarea name="result" hidden>')[1].split("</textarea>")[0].strip()
    plain = result.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    sent = browser.client.post(
        f"{page(stage)}/result", data={"csrf_token": token, "result": plain + "\n=1+1,x"}, headers=browser.headers
    )
    assert sent.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(sent.text.lstrip("\ufeff"))))
    assert [row[0] for row in rows] == ["Line", "2", "3", "4", "5", "6", "'=1+1"]
    assert rows[2][1] == "'=cmd|' /C calc'!A0"
    assert rows[1][3] == "<b>Kervadec"


def test_who_may_not_invite_has_no_such_page(stage):  # noqa: F811
    browser = signed_in(stage, "hugo.perrin")
    assert browser.get(page(stage)).status_code == 403
