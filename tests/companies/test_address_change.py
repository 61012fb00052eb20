"""What a change of somebody's address means to companies."""

import pytest
from sqlalchemy import select

from idp.accounts import email_address
from idp.cli.outbox import deliverer
from idp.companies import access, address_change, company, invitation, membership, standing, subscription, support_state
from idp.companies.models import Invitation
from idp.work import Actor

OLD, NEW = "ada@example.test", "Ada.New@elsewhere.test"
SYSTEM = Actor(kind="system", name="outbox")


@pytest.fixture
def kept(work):
    return work.acting(Actor(kind="operator", name="tests"))


def make(kept, reference="lumen", kind="company"):
    made = company.create(
        kept, reference=reference, name=reference, kind=kind, country="FR", city="Lille", locale="fr-FR"
    )
    if kind == "company":
        subscription.start(kept, made.id, plan="team", seats=9)
        subscription.set_state(kept, made.id, "capture", "active")
    return made


def offer(kept, made, address):
    return invitation.offer(
        kept, made.id, address=address, locale="fr-FR", roles={"capture": "capture.documents-basic"}
    )


def open_addresses(work):
    return set(work.session.scalars(select(Invitation.canonical).where(Invitation.closed_at.is_(None))))


def test_invitations_at_the_old_address_go_along(work, kept):
    offered = offer(kept, make(kept), OLD)
    offer(kept, make(kept, "other"), "bob@example.test")
    address_change.changed(work.acting(SYSTEM), {"account": "x", "old": OLD, "new": NEW})
    work.session.refresh(offered)
    assert (offered.address, offered.canonical) == (NEW, email_address.canonical(NEW))
    assert open_addresses(work) == {email_address.canonical(NEW), "bob@example.test"}


def test_an_invitation_at_both_addresses_stays_where_it_is(work, kept):
    made = make(kept)
    for address in (OLD, NEW):
        offer(kept, made, address)
    assert address_change.carry_over(work, OLD, NEW) == 0


def test_an_undone_change_goes_back_and_is_looked_into(work, kept, make_account):
    ada = make_account(OLD)
    offered = offer(kept, make(kept), NEW)
    told = {"account": str(ada.account.id), "old": email_address.canonical(NEW), "new": OLD, "change": "1"}
    address_change.undone(work.acting(SYSTEM), told)
    address_change.undone(work.acting(SYSTEM), told)  # one case
    work.session.refresh(offered)
    assert offered.canonical == OLD
    case = support_state.open_about(work, ada.account.id, "security")
    assert (case.kind, case.state, case.details) == ("security", "review", {"change": "1"})


def test_the_worker_knows_both_facts():
    assert set(address_change.HANDLERS) == {"email_change.done", "email_change.undone"}
    assert deliverer is not None


@pytest.mark.parametrize(
    ("role", "kind", "waits"),
    [
        ("company.owner", "company", True),
        ("company.administrator", "company", True),
        ("company.member", "company", False),
        ("company.member", "firm", True),
    ],
)
def test_whose_address_others_depend_on(work, kept, make_account, role, kind, waits):
    ada = make_account(OLD)
    assert not standing.others_depend(work, ada.account.id)
    made = make(kept, kind=kind)
    membership.add(kept, made.id, ada.account.id, company_role=role)
    assert standing.others_depend(work, ada.account.id) is waits
    assert role in access.roles_of(work, ada.account.id, made.id)
