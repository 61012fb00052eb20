"""What the log keeps of an event, in words."""

from uuid import UUID

import pytest
from flask import g
from flask_babel import force_locale

from idp.web import log_words
from idp.web.log_words import Names
from tests.web.test_templates import catalogues, site  # noqa: F401

FIRM = UUID("01a22a4b-8d39-7e8b-87a9-42bdb013d74f")


@pytest.fixture
def facts(site, policies):  # noqa: F811
    names = Names(policies, {FIRM: "Cabinet Deltour"}, {str(FIRM): {"en": "Bank"}})

    def told(**details):
        with site.test_request_context("/"), force_locale("en"):
            g.locale = "en"
            return log_words.facts(details, names)

    return told


def test_a_change_shows_what_is_different_alone(facts):
    before = {"role": "accounting.reader", "switches": [], "restrictions": {}, "until": None}
    after = {"role": str(FIRM), "switches": [], "restrictions": {}, "until": "2026-03-31T00:00:00+00:00"}
    assert facts(product="accounting", role="x", before=before, after=after, extra_cost=False) == [
        ("Product", "Accounting"), ("Role", "Read only → Bank"), ("Until", "31\xa0March\xa02026"),
    ]  # fmt: skip
    assert facts(before=None, after={"role": "company.member", "also": [], "services": []}) == [("Role", "Member")]
    assert facts(before={"role": "company.member"}, after=None) == [("Role", "Member → nothing")]
    limits = {"restrictions": {"own-documents-only": True}, "switches": ["payments"]}
    assert [label for label, _ in facts(product="invoicing", before={}, after=limits)] == [
        "Product", "Areas switched on", "Limits",
    ]  # fmt: skip


def test_lists_states_and_names(facts):
    assert facts(before=["mobile-data"], after=[]) == [("", "Mobile data → nothing")]
    assert facts(product="payroll", before=None, after="active", by="recorded") == [
        ("Product", "Payroll"),
        ("", "Active"),
    ]
    assert facts(called="Bank", before="Bank", revision=2, added=["accounting.bank.view"], product="accounting") == [
        ("Product", "Accounting"), ("Name", "Bank"), ("Added", "View bank transactions"),
    ]  # fmt: skip
    assert facts(called="Bank", before="Banque") == [("Name", "Banque → Bank")]
    titles = [{"title": each, "held": ["accounting.bank.view"]} for each in ("Banque", "Bank")]
    assert facts(called="Bank", before=titles[0], after=titles[1], revision=2) == [("Name", "Banque → Bank")]
    assert facts(called="Bank", before=titles[1], after=titles[1]) == [("Name", "Bank")]
    assert facts(by="company", before={"standing": "active"}, after={"standing": "ended"}) == []
    mandate = facts(firm=str(FIRM), preset="full-file", options=["payroll"], lowered=["accounting:view"])
    assert mandate[:2] == [("Firm", "Cabinet Deltour"), ("Opens", "Full bookkeeping")]
    assert mandate[-1] == ("Lowered", "Accounting (View)")
    assert ("Client", "every client") in facts(client="all", product="capture", role=None, custom_role=str(FIRM))
    assert facts(firm="not a key", number=3, request="x") == []
