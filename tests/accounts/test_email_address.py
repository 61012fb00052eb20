"""Addresses: which are the same, and whose they are."""

import pytest

from idp.accounts import email_address, profile
from idp.core.errors import Conflict, InvalidInput, NotFound


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        (" Ada@EXAMPLE.Com ", "ada@example.com"),
        ("Ada.Byron+shop@example.com", "ada.byron+shop@example.com"),  # no dot or plus folding
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("stra\u00dfe@example.com", "strasse@example.com"),
    ],
)
def test_one_canonical_form(typed, kept):
    assert email_address.canonical(typed) == kept
    assert email_address.canonical(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "ada", "ada@", "@example.com", "ada@localhost", "a..b@example.com", "ada@example.com\nBcc: x@example.com",
        "a b@example.com", "ada@exa mple.com", "x" * 65 + "@example.com", "ada@" + "x" * 250 + ".com",
        "ada@[127.0.0.1]", '"ada"@example.com',
        "a" * 100_000, "ada\x00@example.com", "ada@example.com,bob@example.com", "Ada <ada@example.com>",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(InvalidInput) as refused:
        email_address.canonical(typed)
    assert refused.value.members["field"] == "email"


def test_an_account_is_found_by_a_current_and_proved_address_only(work, make_account):
    ada = make_account("Ada@example.test")
    assert email_address.find_account(work, "ada@example.test").id == ada.account.id
    row = email_address.primary_address(work, ada.account.id)
    row.verified_at = None
    work.session.flush()
    assert email_address.find_account(work, "ada@example.test") is None
    row.verified_at, row.released_at = work.now, work.now
    work.session.flush()
    assert email_address.find_account(work, "ada@example.test") is None
    with pytest.raises(NotFound):
        email_address.primary_address(work, ada.account.id)


def test_an_address_belongs_to_one_account(work, make_account):
    make_account("ada@example.test")
    with pytest.raises(Conflict):
        profile.create(work, address="ADA@example.test", given_name="A", family_name="B", locale="fr-FR")


def test_an_address_given_back_may_be_taken(work, make_account):
    first = make_account("ada@example.test")
    email_address.primary_address(work, first.account.id).released_at = work.now
    work.session.flush()
    second = profile.create(work, address="ada@example.test", given_name="A", family_name="B", locale="fr-FR")
    assert second.subject != first.account.subject
