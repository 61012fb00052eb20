"""Cancelling, changing one's mind, coming back: who may, when it ends, who hears of it, what is left."""

from datetime import timedelta

import pytest

from idp.companies import (
    access,
    cancellation,
    renewal,
    subscription,
    subscription_due,
    subscription_notice,
    subscription_view,
)
from idp.companies.access import Access, Reason, Refusal
from idp.companies.errors import DatePassed, ExportUnconfirmed, TransitionRefused, UnknownProduct
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from tests.outbox_content import facts, mails
from tests.policy.demo import EXPECTATIONS

PRODUCT = "accounting"


def cancel(work, company_id, product=PRODUCT, **values):
    return cancellation.cancel(work, company_id, product, **({"reason": "", "exported": True} | values))


def written(work, what):
    """To whom a mail of this kind goes."""
    return sorted(
        each["recipient"] for each in mails(work)
        if each["template"] == subscription_notice.TEMPLATE and each["variables"]["what"] == what
    )  # fmt: skip


def test_the_expectations_about_cancelling_hold(demo):
    rows = [row for row in EXPECTATIONS["administration"] if row["action"] == "cancel-subscription"]
    assert rows
    for row in rows:
        assert row["expect"] == "allowed"
        assert cancel(demo.acting(row["actor"]), demo.company(row["company"])).state == "notice"


def test_only_those_who_look_after_it_cancel(demo):
    lumen = demo.company("atelier-lumen")
    for person, error in (
        ("ines.moreau", NotPermitted), ("julien.mercier", NotPermitted), ("joris.vanderlinden", NotFound),
        ("nathalie.deltour", NotFound), ("pieter.claes", NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            cancel(demo.acting(person), lumen)
        with pytest.raises(error):
            cancellation.resume(demo.acting(person), lumen, PRODUCT)
    assert subscription.product_of(demo.work, lumen, PRODUCT).state == "active"


def test_a_notice_ends_on_a_renewal_and_everybody_concerned_hears_of_it(demo):
    lumen = demo.company("atelier-lumen")  # renewed in twenty days, then each month
    row = cancel(demo.acting("thomas.lefevre"), lumen, reason=" too   dear ")
    contract = subscription.of(demo.work, lumen)
    assert row.until_at == list(zip(renewal.dates(contract), range(2), strict=False))[1][0]
    assert written(demo.work, "cancelled") == [
        "amelie.dubois@atelier-lumen.example.com",  # owner
        "nathalie@cabinet-deltour.example.net",  # of the firm with a mandate
        "thomas.lefevre@atelier-lumen.example.com",  # administrator, and subscription manager
    ]
    (told,) = facts(demo.work, "billing.told")
    assert (told["kind"], told["company"]) == ("subscription.cancelled", "atelier-lumen")
    assert told["data"] == {"product": PRODUCT, "ends": row.until_at.isoformat(), "reason": "too dear"}
    answer = access.resolve(demo.work, demo.account("ines.moreau"), lumen, PRODUCT)
    assert (answer.subscription, answer.subscription_until, len(answer.permissions)) == ("notice", row.until_at, 48)
    cancellation.resume(demo.acting("amelie.dubois"), lumen, PRODUCT)
    assert (row.state, row.until_at) == ("active", None)
    assert len(written(demo.work, "resumed")) == 3


def test_what_is_missing_or_too_late_changes_nothing(demo):
    lumen, owner = demo.company("atelier-lumen"), demo.acting("amelie.dubois")
    with pytest.raises(ExportUnconfirmed):
        cancel(owner, lumen, exported=False)
    with pytest.raises(UnknownProduct):
        cancel(owner, lumen, "practice")
    for reason in ("x" * 501, "a\x00b", "a\u202eb"):
        with pytest.raises(InvalidInput):
            cancel(owner, lumen, reason=reason)
    with pytest.raises(TransitionRefused):
        cancellation.resume(owner, lumen, PRODUCT)
    cancel(owner, lumen)
    with pytest.raises(TransitionRefused):
        cancel(owner, lumen)


def test_a_trial_ends_at_once_and_is_kept_for_thirty_days(demo):
    mirabelle, chloe = demo.company("studio-mirabelle"), demo.acting("chloe.fontaine")
    row = cancel(chloe, mirabelle)
    assert (row.state, row.kept_until_at) == ("ended", demo.work.now + timedelta(days=30))
    answer = access.resolve(demo.work, demo.account("julien.mercier"), mirabelle, PRODUCT)
    assert (answer.reason, answer.kept_until) == (Reason.SUBSCRIPTION_ENDED, row.kept_until_at)
    other = access.resolve(demo.work, demo.account("julien.mercier"), demo.company("atelier-lumen"), PRODUCT)
    assert isinstance(other, Access)  # SUB-08


def test_staff_record_what_came_by_letter(demo):
    lumen, pieter = demo.company("atelier-lumen"), demo.acting("pieter.claes")
    end = demo.work.later(days=3).now
    for person in ("olivier.renard", "amelie.dubois"):
        with pytest.raises(NotPermitted):
            cancellation.record(demo.acting(person), lumen, [PRODUCT], ends_at=end, reason="letter")
    with pytest.raises(DatePassed):
        cancellation.record(pieter, lumen, [PRODUCT], ends_at=demo.work.now, reason="letter")
    (row,) = cancellation.record(pieter, lumen, [PRODUCT], ends_at=end, reason="letter")
    assert (row.state, row.until_at) == ("notice", end)
    assert all(not each["variables"]["by"] for each in mails(demo.work) if each["variables"].get("what") == "cancelled")
    assert facts(demo.work, "billing.told")[0]["data"]["reason"] == "letter"


def test_journey_thirteen_on_the_clock(demo):
    """Toitures Vanderlinden, accounting cancelled four days ago, ends on day 39 (J13)."""
    home, joris = demo.company("toitures-vanderlinden"), demo.account("joris.vanderlinden")
    row = subscription.product_of(demo.work, home, PRODUCT)
    end = row.until_at

    def at(days):
        demo.work.session.commit()
        return demo.work.later(days=days)

    def reach(days, product=PRODUCT):
        return access.resolve(at(days), joris, home, product)

    before = reach(0)
    assert (before.subscription, before.subscription_until) == ("notice", end)
    subscription_due.carry_out(at(31))
    assert written(demo.work, "reminder") == []
    subscription_due.carry_out(at(32.1))
    assert written(demo.work, "reminder") == [
        "joris@toitures-vanderlinden.example.com",
    ]
    assert isinstance(reach(38.9), Access)
    late = reach(39.1)
    assert isinstance(late, Refusal)
    assert (late.reason, late.date, late.kept_until) == (Reason.SUBSCRIPTION_ENDED, end, end + timedelta(days=180))
    subscription_due.carry_out(at(39.1))
    demo.work.session.refresh(row)
    assert (row.state, row.since_at) == ("ended", end)
    ended = [each["product"] for each in facts(demo.work, "access.ended") if each["company"] == str(home)]
    assert ended == [PRODUCT]
    assert "joris@toitures-vanderlinden.example.com" in written(demo.work, "ended")
    for product in ("invoicing", "payroll", "capture"):
        assert isinstance(reach(39.1, product), Access)
    seen = subscription_view.product(at(40).acting(demo.acting("joris.vanderlinden").actor), home, PRODUCT)
    assert (seen.state, seen.may_resume, seen.kept) == ("ended", True, end + timedelta(days=180))

    cancellation.resume(at(100).acting(demo.acting("joris.vanderlinden").actor), home, PRODUCT)
    after = reach(100)
    assert (after.permissions, after.role) == (before.permissions, before.role)


def test_after_the_retention_roles_are_gone_and_accounts_stay(demo):
    home, joris = demo.company("toitures-vanderlinden"), demo.account("joris.vanderlinden")
    owner = demo.acting("joris.vanderlinden").actor
    demo.work.session.commit()
    later = demo.work.later(days=220)
    subscription_due.carry_out(later)
    assert subscription.product_of(later, home, PRODUCT).state == "purged"
    with pytest.raises(TransitionRefused):
        cancellation.resume(later.acting(owner), home, PRODUCT)
    assert access.resolve(later, joris, home, PRODUCT).reason is Reason.NO_ACCESS
    assert access.resolve(later, joris, home, "company").permissions
    assert isinstance(access.resolve(later, joris, home, "invoicing"), Access)
    assert subscription_due.carry_out(later) == 0


def test_a_suspended_company_is_opened_by_its_payment(demo):
    from idp.companies import contract

    home = demo.company("clarte-nettoyage")
    fatou = demo.account("fatou.diallo")
    assert "capture.expenses.upload" not in access.resolve(demo.work, fatou, home, "capture").permissions
    contract.payment_received(demo.work, home)
    assert "capture.expenses.upload" in access.resolve(demo.work, fatou, home, "capture").permissions
    (mail,) = {each["variables"]["product"] for each in mails(demo.work) if each["variables"].get("what") == "paid"
               and not each["variables"]["firm"]}  # fmt: skip
    assert mail == "Comptabilité, Capture de documents et Paie"


@pytest.mark.parametrize(("on", "state"), [("2026-05-01", "notice"), ("2026-03-02", "notice")])
def test_the_last_day_counts(system, make_company, on, state):
    from datetime import date

    home = make_company()
    (row,) = cancellation.record(system, home, [PRODUCT], ends_at=renewal.end_of(date.fromisoformat(on)), reason="")
    assert row.state == state
    assert str(renewal.day_of(row.until_at)) == on
