"""From an order to a company with an owner."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.authn import sign_in, throttle
from idp.authn.outcome import Outcome
from idp.authn.sign_in import Step
from idp.cli.outbox import deliverer
from idp.companies import access, company, membership, onboarding, seats, subscription, takeover
from idp.companies.models import Company, Membership, Onboarding, ProductRole
from idp.companies.onboarding import Order
from idp.core.errors import Conflict, Expired, IdpError, InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.companies.conftest import SYSTEM
from tests.conftest import later
from tests.outbox_content import mails

ROSE = "Rose@fleurs-du-quai.example"
FLEURS = Order(
    reference="fleurs-du-quai", name="Fleurs du Quai", kind="company", country="FR", city="Nantes", locale="fr-FR",
    plan="team", products={"accounting": "active", "invoicing": "active", "capture": "trial"}, address=ROSE, seats=5,
)  # fmt: skip
DETAILS = {
    "given_name": "Rose", "family_name": "Marin", "password": "quatre bateaux dans la brume", "personal": True,
}  # fmt: skip


def token_of(work, number: int = -1) -> str:
    """What the mail of an order leads to; by default the last one."""
    sent = [mail for mail in mails(work) if mail["template"] == "company_ordered"]
    return sent[number]["variables"]["path"].removeprefix("/get-started/")


def code_of(work) -> str:
    return [mail for mail in mails(work) if mail["template"] == "one_time_code"][-1]["variables"]["code"]


@pytest.fixture
def fleurs(system) -> Company:
    made = onboarding.order(system, FLEURS)
    system.session.commit()
    system.write()
    return made


def test_an_order_makes_company_subscription_and_one_mail(system, fleurs):
    assert (fleurs.name, fleurs.kind, fleurs.locale) == ("Fleurs du Quai", "company", "fr-FR")
    contract = subscription.of(system, fleurs.id)
    assert (contract.plan, contract.seats) == ("team", 5)
    assert subscription.usable(system, fleurs.id) == {
        "accounting": "active", "invoicing": "active", "capture": "trial",
    }  # fmt: skip
    assert subscription.product_of(system, fleurs.id, "capture").until_at == system.later(days=14).now
    [mail] = mails(system)
    assert (mail["template"], mail["recipient"], mail["locale"]) == ("company_ordered", ROSE, "fr-FR")
    assert mail["variables"]["products"] == "Comptabilité, Capture de documents et Facturation"
    assert mail["variables"]["expires"] == system.later(days=7).now.isoformat()
    start = onboarding.find(system, token_of(system))
    assert (start.company_id, start.canonical, start.proved) == (fleurs.id, ROSE.lower(), True)
    assert takeover.owner_address(system, fleurs.id) is None


def test_an_impossible_order_names_what_is_wrong_and_makes_nothing(system):
    for changed, field in (
        ({"address": "not an address"}, "email"),
        ({"address": "r\u043ese@example.test"}, "email"),  # Cyrillic o
        ({"products": {}}, "products"),
        ({"products": {"accounting": "ended"}}, "products"),
        ({"products": {"practice": "active"}}, "product"),
        ({"plan": "practice"}, "plan"),
        ({"seats": 4}, "seats"),
        ({"country": "France"}, "country"),
        ({"locale": "fr"}, "locale"),
        ({"name": "Fleurs\x00du Quai"}, "name"),
        ({"kind": "shop"}, "kind"),
    ):
        with pytest.raises(InvalidInput) as refused:
            onboarding.order(system, replace(FLEURS, **changed))
        assert refused.value.members["field"] == field
        system.session.rollback()
        system.write()
        assert company.find(system, "fleurs-du-quai") is None
    assert mails(system) == []


def test_the_same_reference_twice_is_a_conflict_and_people_cannot_order(system, fleurs, make_account):
    with pytest.raises(Conflict):
        onboarding.order(system, replace(FLEURS, name="Another"))
    system.session.rollback()
    system.write()
    somebody = system.acting(Actor("account", make_account().account.id))
    for act in (lambda: onboarding.order(somebody, FLEURS), lambda: onboarding.hand_over(somebody, fleurs.id)):
        with pytest.raises(NotPermitted):
            act()


def test_taking_it_up_makes_an_owner_with_roles_and_seats(work, fleurs):
    attempt, _ = takeover.activate(work, token_of(work), uses_software=True, **DETAILS)
    assert sign_in.step(work, attempt) is Step.ENROL
    assert attempt.continue_to == takeover.wizard(fleurs.id)
    owner = membership.find(work, fleurs.id, attempt.account_id)
    assert (owner.company_role, owner.unique_role) == ("company.owner", True)
    assert takeover.owner_address(work, fleurs.id) == ROSE
    held = access.roles_of(work, attempt.account_id, fleurs.id)
    assert held == {"company.owner", "accounting.administrator", "invoicing.owner", "capture.administrator"}
    assert {seats.count(work, fleurs.id, each).used for each in ("accounting", "invoicing", "capture")} == {1}
    taken = work.session.scalars(select(AuditEvent).where(AuditEvent.name == "onboarding.accepted")).one()
    assert (taken.actor_id, taken.company_id, taken.details["way"]) == (attempt.account_id, fleurs.id, "new_account")


def test_without_the_tick_there_is_neither_role_nor_seat(work, fleurs):
    attempt, _ = takeover.activate(work, token_of(work), uses_software=False, **DETAILS)
    assert access.roles_of(work, attempt.account_id, fleurs.id) == {"company.owner"}
    assert work.session.scalar(select(func.count()).select_from(ProductRole)) == 0
    assert seats.count(work, fleurs.id, "accounting").used == 0


def test_the_company_is_taken_up_once(work, fleurs):
    token = token_of(work)
    takeover.activate(work, token, uses_software=False, **DETAILS)
    work = later(work, minutes=1)
    for act in (
        lambda: onboarding.find(work, token),
        lambda: takeover.activate(work, token, uses_software=False, **DETAILS),
    ):
        with pytest.raises(Expired) as refused:
            act()
        assert refused.value.members["reason"] == "used"
    with pytest.raises(Conflict):
        onboarding.invite_owner(work.acting(SYSTEM), fleurs.id)


def test_a_mistake_spends_nothing(work, fleurs):
    token = token_of(work)
    for changed, field in (
        ({"password": "Fleurs du Quai 2026"}, "password"),
        ({"password": "short"}, "password"),
        ({"personal": False}, "personal"),
        ({"given_name": " "}, "given_name"),
    ):
        with pytest.raises(InvalidInput) as refused:
            takeover.activate(work, token, uses_software=True, **{**DETAILS, **changed})
        assert refused.value.members["field"] == field
        work.session.rollback()
        work.write()
    assert onboarding.find(work, token).proved
    assert work.session.scalar(select(func.count()).select_from(Account)) == 0


def test_links_end_with_their_time_and_by_a_newer_mail(work, fleurs):
    first = token_of(work)
    with pytest.raises(Expired) as refused:
        onboarding.find(work.later(days=7), first)
    assert refused.value.members["reason"] == "expired"
    onboarding.invite_owner(later(work, minutes=1).acting(SYSTEM), fleurs.id)
    with pytest.raises(Expired) as refused:
        onboarding.find(work, first)
    assert refused.value.members["reason"] == "withdrawn"
    assert onboarding.find(work, token_of(work)).company_id == fleurs.id
    with pytest.raises(NotFound):
        onboarding.find(work, "x" * 43)


def test_asking_again_writes_to_every_order_that_waits_and_to_nobody_else(work, fleurs, system):
    other = onboarding.order(system, replace(FLEURS, reference="quai-2", name="Quai 2"))
    taken = onboarding.order(system, replace(FLEURS, reference="quai-3", name="Quai 3"))
    takeover.activate(work, token_of(work), uses_software=False, **DETAILS)
    before = len(mails(work))
    onboarding.ask_again(work, f" {ROSE.lower()} ")
    onboarding.ask_again(work, "nobody@fleurs-du-quai.example")
    assert len(mails(work)) == before  # the answer is the same: who waits is looked up by the outbox
    assert onboarding.send(work, ROSE.lower()) == 2
    assert onboarding.send(work, "nobody@fleurs-du-quai.example") == 0
    assert {mail["variables"]["company"] for mail in mails(work)[before:]} == {fleurs.name, other.name}
    assert takeover.owner_address(work, taken.id) == ROSE
    assert set(onboarding.HANDLERS) == {"onboarding.asked"}
    assert deliverer is not None


def test_an_old_link_asks_for_a_new_mail_and_too_much_asking_is_silent(work, fleurs):
    token = token_of(work)
    over = later(work, days=8)
    onboarding.ask_again_for(over, "x" * 43)
    assert _asked(over) == 0
    for _ in range(7):
        onboarding.ask_again_for(over, token)
    assert _asked(over) == over.policies.account.code_sends.max == 5
    assert throttle.paused_until(over, onboarding.ASKED, ROSE.lower()) is not None


def _asked(work) -> int:
    return work.session.scalar(select(func.count()).where(AuditEvent.name == onboarding.ASKED)) or 0


def test_the_page_of_the_order_gives_a_way_in_that_proves_no_address(work, fleurs):
    token = onboarding.hand_over(work.acting(SYSTEM), fleurs.id)
    assert not onboarding.find(work, token).proved
    with pytest.raises(Conflict):
        takeover.activate(work, token, uses_software=False, **DETAILS)
    with pytest.raises(Expired):
        onboarding.find(work.later(minutes=30), token)
    assert takeover.ask_address(work, token, "rose.marin@perso.example") is Outcome.ACCEPTED
    assert takeover.prove_address(work, token, "12345") is Outcome.REFUSED
    assert takeover.prove_address(work, token, _wrong(code_of(work))) is Outcome.REFUSED
    assert takeover.prove_address(work, token, code_of(work)) is Outcome.ACCEPTED
    assert takeover.prove_address(work, token, code_of(work)) is Outcome.REFUSED
    attempt, _ = takeover.activate(work, token, uses_software=False, **DETAILS)
    assert attempt.address == "rose.marin@perso.example"
    with pytest.raises(Expired):  # and the mail of before is of no use any more
        onboarding.find(work, token_of(work))


def _wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_another_address_counts_once_its_code_was_right(work, fleurs):
    token = token_of(work)
    takeover.ask_address(work, token, "rose@perso.example")
    first = code_of(work)
    takeover.ask_address(work, token, "marin@perso.example")
    assert takeover.prove_address(work, token, first) is Outcome.REFUSED  # it was for another address
    assert onboarding.find(work, token).address == ROSE
    assert takeover.prove_address(work.later(minutes=10), token, code_of(work)) is Outcome.REFUSED
    assert takeover.prove_address(work, token, code_of(work)) is Outcome.ACCEPTED
    assert onboarding.find(work, token).address == "marin@perso.example"
    for impossible in ("not an address", "r\u043ese@perso.example"):  # Cyrillic o
        with pytest.raises(InvalidInput):
            takeover.ask_address(work, token, impossible)


def test_guessing_the_code_comes_to_a_pause_that_a_new_code_does_not_end(work, fleurs):
    token = token_of(work)
    takeover.ask_address(work, token, "rose@perso.example")
    guesses = [takeover.prove_address(work, token, _wrong(code_of(work))) for _ in range(5)]
    assert guesses == [Outcome.REFUSED] * 4 + [Outcome.PAUSED]
    takeover.ask_address(work, token, "rose@perso.example")
    assert takeover.prove_address(work, token, code_of(work)) is Outcome.PAUSED
    sent = [takeover.ask_address(work, token, f"rose{number}@perso.example") for number in range(4)]
    assert sent == [Outcome.ACCEPTED] * 3 + [Outcome.PAUSED]


def test_an_account_that_is_there_is_attached(work, fleurs, make_account):
    rose = make_account(ROSE)
    token = token_of(work)
    assert takeover.has_account(work, onboarding.find(work, token))
    with pytest.raises(Conflict) as refused:
        takeover.activate(work, token, uses_software=True, **DETAILS)
    assert refused.value.members["field"] == "email"
    work.write()
    with pytest.raises(NotPermitted):
        takeover.attach(work, token, uses_software=True)
    mine = work.acting(Actor("account", rose.account.id))
    assert takeover.attach(mine, token, uses_software=True) == fleurs.id
    assert "company.owner" in access.roles_of(work, rose.account.id, fleurs.id)
    with pytest.raises(Expired):
        takeover.attach(mine, token, uses_software=True)


def test_fifty_who_take_it_up_leave_one_owner(open_work, work, fleurs, make_account):
    people = [make_account(f"rose{number}@quai.example", second_factor=False) for number in range(10)]
    token = token_of(work)
    work.session.commit()
    outcomes: list[str] = []

    def attach(account_id) -> None:
        mine = open_work().acting(Actor("account", account_id))
        try:
            takeover.attach(mine, token, uses_software=True)
            mine.session.commit()
            outcomes.append("owner")
        except IdpError as error:
            mine.session.rollback()
            outcomes.append(error.code)

    for _ in range(5):
        threads = [threading.Thread(target=attach, args=(person.account.id,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(outcomes) == 50
    assert outcomes.count("owner") == 1
    assert set(outcomes) == {"owner", "expired"}
    check = open_work()
    assert check.session.scalar(select(func.count()).where(Membership.company_id == fleurs.id)) == 1
    assert check.session.scalar(select(func.count()).where(Onboarding.accepted_at.is_not(None))) == 1


def test_a_closed_company_is_nobodys_to_take(work, fleurs):
    token = token_of(work)
    work.session.get(Company, fleurs.id).closed_at = work.now
    work.session.flush()
    with pytest.raises(Expired):
        onboarding.find(work, token)
    assert onboarding.send(work, ROSE.lower()) == 0
    with pytest.raises(NotFound):
        onboarding.hand_over(work.acting(SYSTEM), fleurs.id)
