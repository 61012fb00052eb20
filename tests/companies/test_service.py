"""Connected services of a company."""

import pytest

from idp.companies import access, company, service, subscription
from idp.companies.service import ACTIVATES
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.work import Actor


def acting(work, account_id):
    return work.acting(Actor("account", account_id))


def named(work, company_id) -> dict[str, bool]:
    return {each.service.id: each.on for each in service.offered(work, company_id)}


def test_a_service_is_offered_for_the_products_a_company_can_use(system, make_company):
    assert named(system, make_company()) == {"vat-filing": False, "sepa-payments": False, "mobile-data": False}
    payroll = make_company(products=("payroll",), reference="payroll-alone")
    assert named(system, payroll) == {"sepa-payments": False, "payroll-filing": False}
    assert named(system, make_company(products=("capture",), reference="capture-alone")) == {}
    subscription.set_state(system, payroll, "payroll", "suspended")
    assert [each.waits for each in service.offered(system, payroll)] == [True, True]
    subscription.set_state(system, payroll, "payroll", "ended")
    assert named(system, payroll) == {}


def test_a_switch_is_felt_with_the_next_token(system, make_company, join):
    lumen = make_company()
    owner = join(lumen, company_role="company.owner", accounting="accounting.administrator")
    before = access.resolve(system, owner, lumen, "accounting")
    assert "accounting.payments.send" not in before.permissions
    assert service.switch(acting(system, owner), lumen, {"sepa-payments": True, "vat-filing": False}) == (
        "sepa-payments",
    )
    after = access.resolve(system, owner, lumen, "accounting")
    assert "accounting.payments.send" in after.permissions
    assert after.epoch > before.epoch
    assert service.switch(acting(system, owner), lumen, {"sepa-payments": True}) == ()
    assert access.resolve(system, owner, lumen, "accounting").epoch == after.epoch
    assert service.switch(acting(system, owner), lumen, {"sepa-payments": False}) == ("sepa-payments",)
    assert company.get(system, lumen).services == []


def test_who_is_concerned_is_counted(system, make_company, join):
    lumen = make_company()
    join(lumen, accounting="accounting.administrator")
    join(lumen, accounting="accounting.reader")
    told = {each.service.id: each for each in service.offered(system, lumen)}
    assert told["sepa-payments"].permissions == ("accounting.payments.send",)
    assert told["sepa-payments"].people == 1
    assert not told["sepa-payments"].waits


def test_a_trial_waits(system, make_company):
    lumen = make_company(products=())
    subscription.set_state(system, lumen, "accounting", "trial", until_at=system.later(days=14).now)
    assert all(each.waits for each in service.offered(system, lumen))


def test_a_service_of_another_product_or_unknown_is_refused(system, make_company):
    lumen = make_company()
    for name in ("payroll-filing", "carrier-pigeons"):
        with pytest.raises(InvalidInput) as refused:
            service.switch(system, lumen, {name: True})
        assert refused.value.members["unknown"] == [name]


def test_only_who_may_turns_them_on_and_only_here(system, make_company, join):
    lumen, other = make_company(), make_company(reference="other")
    member, owner = join(lumen), join(other, company_role="company.owner")
    with pytest.raises(NotPermitted):
        service.switch(acting(system, member), lumen, {"sepa-payments": True})
    with pytest.raises(NotFound):
        service.switch(acting(system, owner), lumen, {"sepa-payments": True})
    assert ACTIVATES in access.resolve(system, owner, other, "company").permissions
