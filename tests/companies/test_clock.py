"""The epoch of an answer grows with every change that touches it, whatever way the access comes by."""

import pytest

from idp.companies import access, assignment, clock, mandate, membership, role, subscription
from idp.companies.access import Access


def test_the_clock_only_goes_forward(system):
    first = clock.tick(system)
    assert [clock.tick(system) for _ in range(3)] == [first + 1, first + 2, first + 3]


CHANGES = [
    ("change", lambda w, h, p: membership.change_role(w, h, p, "accounting", role_id="accounting.bookkeeper")),
    ("switch", lambda w, h, p: membership.change_role(w, h, p, "accounting", role_id="accounting.reader")),
    ("other role", lambda w, h, p: membership.grant_role(w, h, p, "capture", role_id="capture.reader")),
    ("suspend", lambda w, h, p: (membership.suspend(w, h, p), membership.resume(w, h, p))),
    ("subscription", lambda w, h, p: subscription.set_state(w, h, "accounting", "suspended")),
    ("company", lambda w, h, p: clock.company(w, h)),
    ("revoke", lambda w, h, p: (
        membership.revoke_role(w, h, p, "accounting"),
        membership.grant_role(w, h, p, "accounting", role_id="accounting.reader"),
    )),
    ("again", lambda w, h, p: (
        membership.remove(w, h, p),
        membership.add(w, h, p, company_role="company.member"),
        membership.grant_role(w, h, p, "accounting", role_id="accounting.reader"),
    )),
]  # fmt: skip


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_every_change_of_a_member_is_felt(system, make_company, join, change):
    home = make_company(products=("accounting", "capture"))
    person = join(home, accounting="accounting.reader")
    before = access.resolve(system, person, home, "accounting").epoch
    change(system, home, person)
    assert access.resolve(system, person, home, "accounting").epoch > before


def test_every_change_of_a_colleague_is_felt(system, make_client):
    client = make_client()
    epochs = [access.resolve(system, client.manager, client.company, "accounting").epoch]

    def felt():
        answer = access.resolve(system, client.manager, client.company, "accounting")
        assert isinstance(answer, Access)
        assert answer.epoch > epochs[-1]
        epochs.append(answer.epoch)

    given = assignment.give(
        system, client.firm, client.manager,
        product="accounting", role_id="accounting.reader", client_id=client.company,
    )  # fmt: skip
    felt()
    assignment.end(system, client.firm, given.id)
    felt()
    membership.change_role(system, client.firm, client.manager, "practice", role_id="practice.administrator")
    felt()
    subscription.set_state(system, client.firm, "practice", "suspended")
    felt()
    subscription.set_state(system, client.company, "accounting", "suspended")
    felt()
    mandate.end(system, client.mandate)
    again = mandate.record(system, client.company, client.firm, preset="review", options=(), way="client-invites")
    mandate.confirm(system, again.id)
    felt()


def test_no_way_falls_behind_another(system, make_client, join):
    """From a membership to the mandate and back: each answer is newer than the one before."""
    client = make_client()
    seen = [access.resolve(system, client.manager, client.company, "accounting")]
    join(client.company, account_id=client.manager, accounting="accounting.reader")
    seen.append(access.resolve(system, client.manager, client.company, "accounting"))
    membership.revoke_role(system, client.company, client.manager, "accounting")
    seen.append(access.resolve(system, client.manager, client.company, "accounting"))
    membership.remove(system, client.company, client.manager)
    seen.append(access.resolve(system, client.manager, client.company, "accounting"))
    assert [each.via for each in seen] == ["mandate", "membership", "mandate", "mandate"]
    epochs = [each.epoch for each in seen]
    assert epochs == sorted(set(epochs))


def test_a_change_of_one_person_leaves_colleagues_alone(system, make_company, join):
    home = make_company()
    ada, bob = join(home, accounting="accounting.reader"), join(home, accounting="accounting.reader")
    before = access.resolve(system, bob, home, "accounting").epoch
    membership.change_role(system, home, ada, "accounting", role_id="accounting.bookkeeper")
    assert access.resolve(system, bob, home, "accounting").epoch == before


def test_a_role_of_the_company_touches_all_of_it(system, make_company, join):
    home = make_company()
    person = join(home, accounting="accounting.reader")
    before = access.resolve(system, person, home, "accounting").epoch
    role.create_custom(system, home, "accounting", name="x", labels={"fr": "X"}, permissions=["accounting.bank.view"])
    assert access.resolve(system, person, home, "accounting").epoch > before
