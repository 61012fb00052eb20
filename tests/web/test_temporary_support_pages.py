"""Temporary support on the pages of a company and of a firm: its own words, and its end."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from idp.companies import mandate, mandate_change
from idp.companies.mandate_scope import Scope
from tests.outbox_content import mails
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser
from tests.web.test_accountant_pages import DELTOUR, as_, live, path, scope
from tests.web.test_my_access_pages import english


def said(browser: Browser) -> str:
    return browser.text.partition("<main")[2]


def test_temporary_support_has_words_of_its_own_from_the_invitation_to_the_log(own_stage: Stage) -> None:  # noqa: F811
    """EMP-18: somebody who helps for a while is no accountant, and is told so, with the day on which it ends."""
    chloe = as_(own_stage, "chloe.fontaine")
    chloe.get(path(own_stage, "studio-mirabelle"))
    assert "Invite somebody to help for a while" in chloe.text
    chloe.get(path(own_stage, "studio-mirabelle", "invite"))
    assert "Temporary support" not in said(chloe)
    chloe.get(path(own_stage, "studio-mirabelle", "invite-support"))
    assert chloe.heading == "Invite somebody to help for a while"
    assert "ccountant" not in said(chloe).replace("/accountants", "")
    assert "firm" not in said(chloe), "it is a person who answers"
    latest = chloe.form.values["until"]
    form = {"email": "paule@helps.example", "act": "invite"}
    chloe.submit({**form, "until": ""})
    assert (chloe.status, "Write a date to come" in chloe.text) == (422, True)
    chloe.submit({**form, "until": "2099-01-01"})
    assert "At most 30 days for this access." in chloe.text
    chloe.submit({**form, "until": latest})
    assert "No firm is known under this address." in chloe.text
    chloe.submit({**form, "until": latest, "act": "create", "locale": "en-GB"})
    assert chloe.address.endswith("?done=invited-helper")
    assert "Invited to help for a while, valid until" in chloe.text
    with own_stage.work(write=False) as work:
        (mail,) = [each["variables"] for each in mails(work) if each["template"] == "support_invitation"]
    assert mail["effective"]
    reader = english(own_stage.browser())
    reader.get(mail["path"])
    assert reader.heading == "Studio Mirabelle would like your help for a while"
    assert "Ends by itself" in reader.text
    chloe.get(f"/companies/{own_stage.company('studio-mirabelle')}/log")
    assert "Somebody was invited to help for a while" in chloe.text


def test_temporary_support_of_a_firm_says_its_end_to_both_sides(own_stage: Stage) -> None:  # noqa: F811
    lumen = own_stage.company("atelier-lumen")
    with own_stage.work() as work:
        mandate.end(work, live(own_stage, "atelier-lumen"))
    amelie, nathalie = as_(own_stage, "amelie.dubois"), as_(own_stage, "nathalie.deltour")
    amelie.get(path(own_stage, "atelier-lumen", "invite-support"))
    amelie.submit({"email": own_stage.person("nathalie.deltour").address, "act": "invite"})
    assert "Invited to help, waiting for an answer" in amelie.text, amelie.text
    key = amelie.address.rpartition("/")[2].partition("?")[0]
    nathalie.get(f"/companies/{own_stage.company(DELTOUR)}/mandates/{key}")
    assert "Once you accept, you choose which of your colleagues help." in nathalie.text
    nathalie.submit()
    amelie.get(path(own_stage, "atelier-lumen", key))
    for text in ("Can help now", "Ends by itself", "Who can help you", "Change the last day", "End the support"):
        assert text in amelie.text, text
    amelie.get(path(own_stage, "atelier-lumen", key, "change"))
    assert amelie.heading == "How long Cabinet Deltour & Associés can help you"
    amelie.get(path(own_stage, "atelier-lumen"))
    assert "Ends by itself:" in amelie.text
    amelie.get(f"/companies/{lumen}/log")
    for text in ("Temporary support began", "Temporary support was offered or asked for", "A mandate ended"):
        assert text in amelie.text, text


def test_another_last_day_of_temporary_support_changes_nothing_else(own_stage: Stage) -> None:  # noqa: F811
    lumen, deltour = own_stage.company("atelier-lumen"), own_stage.company(DELTOUR)
    options = ("payroll", "payroll-reports")
    with own_stage.work() as work:
        mandate.end(work, live(own_stage, "atelier-lumen"))
        made = mandate.record(work, lumen, deltour, preset="support", way="client-invites", options=options)
        made = mandate.confirm(work, made.id)
        lower = Scope("support", options, {"invoicing": "view", "payroll": "view"})
        key = mandate_change.change(work, made.id, lower, seen=made.epoch).id
    amelie = as_(own_stage, "amelie.dubois")
    amelie.get(path(own_stage, "atelier-lumen", key, "change"))
    until = (date.fromisoformat(amelie.form.values["until"]) - timedelta(days=5)).isoformat()
    amelie.submit({"until": until, "act": "review"})
    assert "Newly open" not in amelie.text
    assert "newly open" not in amelie.text
    amelie.submit({"act": "save"})
    assert amelie.address.endswith("?done=changed"), amelie.text
    saved = scope(own_stage, key)
    assert (saved.options, saved.lowered) == (options, {"invoicing": "view", "payroll": "view"})
    assert saved.until_at is not None
    assert saved.until_at.date().isoformat() == until


@pytest.mark.parametrize(("page", "temporary"), [("invite-support", True), ("invite", False)])
def test_where_there_is_no_such_access_nobody_is_invited_to_it(
    own_stage: Stage,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    temporary: bool,
) -> None:
    chloe = as_(own_stage, "chloe.fontaine")
    chloe.get(path(own_stage, "studio-mirabelle", page))
    token = chloe.form.values["csrf_token"]
    every = own_stage.app.extensions["sesame"].policies
    left = {key: each for key, each in every.presets.items() if (each.max_days is None) == temporary}
    lacking = replace(own_stage.app.extensions["sesame"], policies=replace(every, presets=left))
    monkeypatch.setitem(own_stage.app.extensions, "sesame", lacking)
    address = path(own_stage, "studio-mirabelle", page)
    assert chloe.get(address).status_code == 404
    for fields in ({}, {"email": "marc@compta.example", "preset": next(iter(left)), "act": "create"}):
        chloe._send("POST", address, data={**fields, "csrf_token": token})
        assert chloe.status == 404
