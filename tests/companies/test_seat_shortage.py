"""Fewer seats than are taken: how many, from when, of which product (`lowering_below_use`)."""

from datetime import timedelta

import pytest

from idp.companies import contract, seat_shortage
from idp.companies.models import SubscribedProduct


@pytest.fixture
def home(system, make_company, join):
    made = make_company(seats=8, products=("accounting", "invoicing"))
    for _ in range(7):
        join(made, accounting="accounting.reader")
    join(made, invoicing="invoicing.reader")
    return made


def told(work, home):
    return [(each.product, each.missing, each.of, each.starts) for each in seat_shortage.of_company(work, home)]


def test_an_announced_contract_is_compared_with_todays_use(system, home, join):
    assert told(system, home) == []
    day = system.later(days=30).now
    contract.change(system, home, seats=6, at=day)
    assert told(system, home) == [("accounting", 1, 6, day)]
    (short,) = seat_shortage.of_company(system, home)
    assert short.taken == 7
    assert told(system.later(days=31), home) == [("accounting", 1, 6, None)]  # nothing has written it down


def test_what_is_short_already_is_told_once_unless_more_is_announced(system, home):
    contract.change(system, home, seats=6)
    day = system.later(days=30).now
    contract.change(system, home, seats=8, at=day)
    assert told(system, home) == [("accounting", 1, 6, None)]
    contract.change(system, home, seats=5, at=day)
    assert told(system, home) == [("accounting", 1, 6, None), ("accounting", 2, 5, day)]
    contract.change(system, home, plan="business", seats=30, at=day)
    assert told(system, home) == [("accounting", 1, 6, None)]


def test_a_product_that_is_over_by_then_needs_nobody_to_choose(system, home):
    day = system.later(days=30).now
    contract.change(system, home, seats=6, at=day)
    row = system.session.query(SubscribedProduct).filter_by(company_id=home, product="accounting").one()
    row.state, row.until_at = "notice", day - timedelta(days=1)
    system.session.flush()
    assert told(system, home) == []
    row.until_at = day + timedelta(days=1)
    system.session.flush()
    assert told(system, home) == [("accounting", 1, 6, day)]
    row.state, row.until_at = "ended", None
    system.session.flush()
    assert told(system.later(days=31), home) == []


def test_where_seats_are_not_counted_nothing_is_short(system, make_company, join):
    home = make_company(plan="unlimited-invoicing", seats=None, products=("invoicing",))
    for _ in range(3):
        join(home, invoicing="invoicing.reader")
    assert told(system, home) == []
    assert seat_shortage.of_company(system, make_company(products=())) == []
