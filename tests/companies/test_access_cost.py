"""What it costs to say who may do what: statements, however many clients there are, and time."""

import time

from idp.companies import access, mandate
from tests.companies.conftest import statements


def test_many_clients_take_no_more_statements_than_one(system, make_client, make_company):
    client = make_client()
    for _ in range(30):
        made = mandate.record(system, make_company(), client.firm, preset="review", options=(), way="client-invites")
        mandate.confirm(system, made.id)
    page = access.choices(system, client.manager, "accounting", limit=10)
    assert len(page.choices) == 10
    assert page.next is not None
    with statements(system) as sent:
        access.choices(system, client.manager, "accounting", limit=25)
        assert access.only_company(system, client.manager, "accounting")[0] == 2
        assert access.count_companies(system, client.manager, "accounting") == 31
        assert len(access.launcher(system, client.manager)[0]) == 1 + 31
    assert len(sent) == 3 + 1 + 1 + 4


def test_an_answer_is_quick(demo, database_url):
    ines, lumen = demo.account("ines.moreau"), demo.company("atelier-lumen")
    best = min(_timed(lambda: access.resolve(demo.work, ines, lumen, "accounting")) for _ in range(200))
    # Far above what it takes, far below what a second statement or an entity would cost on a busy machine.
    assert best < (0.001 if database_url.startswith("sqlite") else 0.005)


def _timed(call):
    started = time.process_time()
    call()
    return time.process_time() - started
