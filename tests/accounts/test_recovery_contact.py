"""Recovery contacts."""

import pytest

from idp.accounts import recovery_contact
from idp.core.errors import InvalidInput


def test_a_contact_counts_once_it_is_proved(work, make_account):
    ada = make_account().account
    phone = recovery_contact.add(work, ada.id, kind="phone", value="+33 6 39 98 00 11")
    assert phone.value == "+33639980011"
    assert recovery_contact.verified(work, ada.id) == []
    phone.verified_at = work.now
    assert recovery_contact.verified(work, ada.id) == [phone]


def test_contacts_are_shown_masked(work, make_account):
    ada = make_account().account
    phone = recovery_contact.add(work, ada.id, kind="phone", value="+33639980011")
    mail = recovery_contact.add(work, ada.id, kind="email", value="ada@perso.example.org")
    assert recovery_contact.masked(phone) == "+33 ••• 11"
    assert recovery_contact.masked(mail) == "a•••@perso.example.org"


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("email", "ADA@example.test", "recovery_same_as_login"),
        ("email", "not an address", "not_an_address"),
        ("phone", "0639980011", "not_a_phone_number"),
        ("phone", "+33 1", "not_a_phone_number"),
        ("pigeon", "grey", "unknown_kind"),
    ],
)
def test_what_cannot_help_is_refused(work, make_account, kind, value, reason):
    with pytest.raises(InvalidInput) as refused:
        recovery_contact.add(work, make_account().account.id, kind=kind, value=value)
    assert refused.value.members["reason"] == reason
