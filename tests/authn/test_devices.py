"""The sessions and trusted browsers of a person (`idp/authn/devices.py`)."""

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.authn import devices, session, trusted_device
from idp.core import networks
from idp.core.errors import NotFound
from idp.core.networks import Place
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import facts, mails

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


@pytest.fixture
def ada(make_account):
    return make_account()


@pytest.fixture
def two(work, ada, open_work):
    """Ada's work, her session here, and one on a telephone that she trusts."""
    work.session.commit()
    phone = open_work(user_agent=PHONE, network="198.51.100.4")
    there = flows.signed_in(phone, ada, trust=True)
    phone.session.commit()
    work = later(work, minutes=10)
    here = flows.signed_in(work, ada)
    return later(work, minutes=1), here, there


def key(work, finished):
    return session.find(work, finished.session_token).session_id


def templates(work):
    return [mail["template"] for mail in mails(work)]


def test_the_list_begins_with_the_session_used_last(two, ada):
    work, here, there = two
    found = devices.sessions(work, ada.account.id)
    assert [each.id for each in found] == [key(work, here), key(work, there)]
    assert [(each.device, each.network) for each in found] == [
        ("Firefox, Linux", "192.0.2.7"),
        ("Safari, iPhone", "198.51.100.4"),
    ]
    assert all(each.live and each.place == "" for each in found)


def test_a_place_is_named_when_it_is_known(two, ada):
    work, _, _ = two
    places = networks.gathered([("198.51.100.0/24", Place("Namur", 50.5, 4.9))])
    somewhere = type(work)(work.session, work.now, work.policies, work.actor, work.keyring, work.issuer, places)
    assert [each.place for each in devices.sessions(somewhere, ada.account.id)] == ["", "Namur"]


def test_a_session_that_ran_out_is_listed_only_while_a_product_holds_on_to_it(two, ada):
    work, here, there = two
    kept = key(work, there)
    over = later(work, minutes=50)  # the telephone's hour is over
    assert [each.id for each in devices.sessions(over, ada.account.id)] == [key(over, here)]
    [_, lasting] = devices.sessions(over, ada.account.id, {kept})
    assert (lasting.id, lasting.live) == (kept, False)


def test_ending_one_is_told_and_noted(two, ada):
    work, here, there = two
    target = key(work, there)
    devices.end(work, ada.account.id, target)
    assert session.find(work, there.session_token) is None
    assert session.find(work, here.session_token) is not None
    assert [fact["reason"] for fact in facts(work, "session.ended")] == ["ended_by_person"]
    assert templates(work).count("sessions_ended") == 1
    with pytest.raises(NotFound):
        devices.end(work, ada.account.id, target)


def test_somebody_else_s_is_not_found(two, make_account):
    work, here, there = two
    bob = make_account("bob@example.test")
    target = key(work, there)
    [trusted] = devices.trusted(work, trusted_owner(work, there))
    for forbidden, what in ((devices.end, target), (devices.forget, trusted.id)):
        with pytest.raises(NotFound):
            forbidden(work, bob.account.id, what)
    assert session.find(work, there.session_token) is not None


def trusted_owner(work, finished):
    return session.find(work, finished.session_token).account_id


def test_ending_the_others_tells_nothing_when_there_are_none(work, ada):
    here = flows.signed_in(work, ada)
    assert devices.end_others(work, ada.account.id, key(work, here)) == 0
    assert mails(work) == []


def test_ending_the_others(two, ada):
    work, here, there = two
    assert devices.end_others(work, ada.account.id, key(work, here)) == 1
    assert session.find(work, there.session_token) is None
    assert trusted_device.find(work, ada.account.id, there.device_token).trusted


def test_signing_out_everywhere_ends_trust_too(two, ada):
    work, here, there = two
    devices.end_everything(work, ada.account.id)
    assert [session.find(work, each.session_token) for each in (here, there)] == [None, None]
    assert trusted_device.find(work, ada.account.id, there.device_token) is None
    names = list(work.session.scalars(select(AuditEvent.name).order_by(AuditEvent.sequence)))
    assert names[-3:] == ["session.ended", "session.ended", "trusted_device.forgotten"]


def test_trusted_browsers_are_those_that_skip_the_code(two, ada):
    work, here, there = two
    [trusted] = devices.trusted(work, ada.account.id)
    assert trusted.device == "Safari, iPhone"
    assert (trusted.until - trusted.since).days == 30
    devices.forget(work, ada.account.id, trusted.id)
    assert devices.trusted(work, ada.account.id) == []
    assert trusted_device.find(work, ada.account.id, there.device_token) is None
    assert templates(work).count("trusted_devices_forgotten") == 1


def test_trust_given_is_told_to_the_holder(two):
    work, _, _ = two
    assert templates(work).count("trusted_device_added") == 1
