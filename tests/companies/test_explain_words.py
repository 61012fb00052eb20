"""Explanations in words: nothing of the closed list is without a text in either language."""

from dataclasses import replace

import pytest

from idp.companies import explain_words
from idp.companies.explain import Cause, explain
from idp.companies.remedy import Act, Step
from idp.core import texts


@pytest.mark.parametrize("locale", texts.LANGUAGES)
def test_everything_has_its_words(locale):
    catalogue = texts.catalogue(locale)
    assert set(explain_words.REASONS) == set(Cause)
    assert set(explain_words.ACTS) == set(Act)
    for text in (*explain_words.REASONS.values(), *explain_words.ACTS.values()):
        assert catalogue.gettext(text)
    if locale == "fr":
        assert catalogue.gettext(explain_words.REASONS[Cause.NO_ROLE]) == "La personne n’a pas de rôle dans ce produit."


def test_an_explanation_is_told_in_the_readers_language(demo):
    person, lumen = demo.account("thomas.lefevre"), demo.company("atelier-lumen")
    found = explain(demo.work, person, lumen, "accounting", "accounting.journals.create")
    french = explain_words.say(demo.work, found, "fr-FR")
    assert french.reason == "Le rôle ne comprend pas ce droit."
    assert "Rôle\u00a0: Lecture direction (version 1)." in [text for _, text in french.chain]
    assert french.steps[0].text.startswith("Changer le rôle dans Comptabilité pour «")
    assert french.steps[0].by
    english = explain_words.say(demo.work, found, "en")
    hugo = explain(demo.work, demo.account("hugo.perrin"), lumen, "invoicing", "invoicing.payments.view")
    label = demo.work.policies.products["invoicing"].areas["payments"].label["en"]
    assert f"“{label}”" in explain_words.say(demo.work, hugo, "en").steps[0].text
    assert "Role: Management view (version 1)." in [text for _, text in english.chain]


def test_every_act_can_be_said_with_what_it_is_about(demo):
    what = {
        "role": "accounting.reader", "company_role": "company.member", "area": "bank", "service": "mobile-data",
        "restriction": "own-documents-only", "permission": "accounting.bank.view", "product": "accounting",
        "plan": "team", "preset": "full-file", "options": "payroll",
    }  # fmt: skip
    lumen, person = demo.company("atelier-lumen"), demo.account("ines.moreau")
    found = explain(demo.work, person, lumen, "accounting")
    for act in Act:
        given = dict(what) if act not in (Act.CHANGE_COMPANY_ROLE,) else {"company_role": "company.member"}
        if act is not Act.CHANGE_COMPANY_ROLE:
            given.pop("company_role")
        asked = replace(found, change=(Step(act, given),))
        for locale in texts.LANGUAGES:
            (step,) = explain_words.say(demo.work, asked, locale).steps
            assert "%(" not in step.text
