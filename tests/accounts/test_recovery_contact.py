"""Recovery contacts as they are kept."""

import pytest

from idp.accounts import phone, recovery_contact
from idp.core.errors import Conflict, InvalidInput
from tests.conftest import give_contact


@pytest.fixture
def ada(make_account):
    return make_account(contact=False).account


def test_contacts_are_shown_masked(work, ada):
    give_contact(work, ada.id, value="+33639980011")
    give_contact(work, ada.id, kind="email", value="ada@perso.example.org", days=2)
    shown = [recovery_contact.masked(each) for each in recovery_contact.verified(work, ada.id)]
    assert shown == ["+33 ••• 11", "a•••@perso.example.org"]


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("email", "ADA@example.test", "recovery_same_as_login"),
        ("email", "not an address", "not_an_address"),
        ("email", "\u0430da@perso.example.org", "mixed_alphabets"),  # Cyrillic a
        ("phone", "06399", "not_a_phone_number"),
        ("phone", "+33 1", "not_a_phone_number"),
        ("phone", "+33639980011;ext=5", "not_a_phone_number"),
        ("phone", "+3363998001" + "1" * 100, "not_a_phone_number"),
        ("phone", "+44 20 7183 8750", "not_a_mobile"),
        ("phone", "+7 912 345 67 89", "country"),
        ("pigeon", "grey", "unknown_kind"),
    ],
)
def test_what_cannot_help_is_refused(work, ada, kind, value, reason):
    with pytest.raises(InvalidInput) as refused:
        recovery_contact.add(work, ada.id, kind=kind, value=value)
    assert refused.value.members["reason"] == reason


def test_a_number_is_one_number_however_it_is_written(work, ada, make_account):
    bob = make_account("bob@example.test", contact=False).account
    assert recovery_contact.add(work, ada.id, kind="phone", value="06.39.98.00.11").value == "+33639980011"
    with pytest.raises(Conflict) as refused:
        recovery_contact.add(work, bob.id, kind="phone", value="+33 (0)6 39 98 00 11")
    assert refused.value.members["reason"] == "in_use"


def test_an_account_keeps_a_handful_of_contacts(work, ada):
    for number in range(recovery_contact.MOST + 1):
        give_contact(work, ada.id, kind="email", value=f"ada{number}@perso.example.org")
    with pytest.raises(InvalidInput) as refused:
        recovery_contact.add(work, ada.id, kind="email", value="one-more@perso.example.org")
    assert refused.value.members["reason"] == "too_many"


def test_the_country_of_a_number():
    assert phone.country("+33639980011") == "FR"
    assert phone.country("+32470123456") == "BE"
