"""Adding, replacing and removing recovery contacts."""

import pytest

from idp.accounts import recovery_contact
from idp.audit.models import AuditEvent
from idp.authn import contacts
from idp.authn.contacts import Proved
from idp.authn.outcome import Outcome
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from idp.core.ids import uuid7
from tests.authn import flows
from tests.conftest import give_contact, later
from tests.outbox_content import mails

HOME = "ada@perso.example.org"
OTHER = "byron@perso.example.org"


@pytest.fixture
def ada(make_account):
    return make_account(contact=False).account.id


def add(work, account_id, value, *, kind="email", replaces=None):
    request = uuid7()
    assert contacts.ask(work, account_id, bound_to=request, kind=kind, value=value) is Outcome.ACCEPTED
    return contacts.prove(work, account_id, bound_to=request, code=flows.sent_code(work), replaces=replaces)


def told(work):
    return sorted(
        (mail["recipient"], mail["variables"]["change"])
        for mail in mails(work)
        if mail["template"] == "recovery_contact_changed"
    )


def test_every_address_is_told_of_a_new_contact(work, ada):
    give_contact(work, ada, kind="email", value=HOME)
    assert add(work, ada, OTHER) is Proved.ACCEPTED
    assert [each.value for each in recovery_contact.verified(work, ada)] == [HOME, OTHER]
    assert told(work) == [("ada@example.test", "added"), (HOME, "added"), (OTHER, "added")]
    assert recovery_contact.verified(work, ada)[1].created_at == work.now  # fresh: its use waits


def test_a_replacement_is_proved_before_the_old_one_goes(work, ada):
    old = give_contact(work, ada, kind="email", value=HOME)
    request = uuid7()
    contacts.ask(work, ada, bound_to=request, kind="email", value=OTHER)
    wrong = f"{(int(flows.sent_code(work)) + 1) % 1_000_000:06d}"
    assert contacts.prove(work, ada, bound_to=request, code=wrong, replaces=old) is Proved.REFUSED
    assert [each.value for each in recovery_contact.verified(work, ada)] == [HOME]

    code = flows.sent_code(work)
    assert contacts.prove(work, ada, bound_to=request, code=code, replaces=old) is Proved.ACCEPTED
    assert [each.value for each in recovery_contact.verified(work, ada)] == [OTHER]
    assert told(work) == [("ada@example.test", "replaced"), (HOME, "replaced"), (OTHER, "replaced")]
    names = [event.name for event in work.session.query(AuditEvent) if event.name.startswith("recovery_contact")]
    assert sorted(names) == ["recovery_contact.added", "recovery_contact.removed"]


def test_the_last_contact_is_never_removed(work, ada):
    old = give_contact(work, ada, kind="email", value=HOME)
    with pytest.raises(Conflict) as refused:
        contacts.remove(work, ada, old)
    assert refused.value.members["reason"] == "last"
    add(work, ada, OTHER)
    contacts.remove(work, ada, old)
    assert [each.value for each in recovery_contact.verified(work, ada)] == [OTHER]
    assert (HOME, "removed") in told(work)


def test_nobody_changes_the_contact_of_another_account(work, ada, make_account):
    bob = make_account("bob@example.test", contact=False).account.id
    give_contact(work, ada, kind="email", value=HOME)
    theirs = give_contact(work, bob, kind="email", value=OTHER)
    with pytest.raises(NotFound):
        contacts.remove(work, ada, theirs)
    request = uuid7()
    contacts.ask(work, ada, bound_to=request, kind="email", value="third@perso.example.org")
    with pytest.raises(NotFound):
        contacts.prove(work, ada, bound_to=request, code=flows.sent_code(work), replaces=theirs)


def test_the_same_contact_is_not_kept_twice(work, ada):
    give_contact(work, ada, kind="email", value=HOME)
    with pytest.raises(InvalidInput) as refused:
        contacts.ask(work, ada, bound_to=uuid7(), kind="email", value=HOME.upper())
    assert refused.value.members["reason"] == "already_yours"


def test_an_asked_contact_is_known_as_long_as_its_code(work, ada):
    request = uuid7()
    contacts.ask(work, ada, bound_to=request, kind="email", value=HOME)
    assert contacts.asked(work, ada, request).destination == HOME
    assert contacts.asked(later(work, minutes=10), ada, request) is None
    contacts.prove(work, ada, bound_to=request, code=flows.sent_code(work))
    assert contacts.asked(work, ada, request) is None
    with pytest.raises(Expired):
        contacts.ask_again(work, ada, bound_to=request)


def test_of_two_who_hold_one_phone_one_gets_it(work, ada, make_account):
    bob = make_account("bob@example.test", contact=False).account.id
    assert add(work, ada, "+33639980077", kind="phone") is Proved.ACCEPTED
    assert add(work, bob, "+33639980077", kind="phone") is Proved.IN_USE
    assert recovery_contact.verified(work, bob) == []
