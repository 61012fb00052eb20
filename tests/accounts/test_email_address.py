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


@pytest.mark.parametrize(
    "typed",
    [
        "\u0430dmin@example.com",  # Cyrillic a
        "\u03bfwner@example.com",  # Greek omicron
        "\uff41dmin@example.com",  # full-width a
        "\U0001d41admin@example.com",  # mathematical bold a
    ],
)
def test_a_local_part_of_letters_that_look_alike_is_refused(typed):
    """R-59: an administrator reads the address and takes it for a colleague's."""
    with pytest.raises(InvalidInput) as refused:
        email_address.canonical(typed)
    assert refused.value.members == {"field": "email", "reason": "mixed_alphabets"}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada@ex\u0430mple.com", "Ada@xn--exmple-4nf.com"),  # Cyrillic a
        ("ada@\u0430\u0440\u0440\u04cf\u0435.com", "ada@xn--80ak6aa92e.com"),
        ("ada@g\u0131thub.com", "ada@xn--gthub-n4a.com"),  # dotless i
        ("ada@ex\u0430mple.\u0440\u0444", "ada@xn--exmple-4nf.xn--p1ai"),
        (" Ren\u00e9@B\u00fccher.example ", "Ren\u00e9@B\u00fccher.example"),
        ("\u0438\u0432\u0430\u043d@\u043c\u043e\u0441\u043a\u0432\u0430.\u0440\u0444",) * 2,
        ("\u0438\u0432\u0430\u043d@\u0441\u043e\u0441\u043e.\u0440\u0444",) * 2,
        ("\u540d@\u4f8b\u3048.jp",) * 2,
    ],
)
def test_a_domain_that_could_be_read_as_another_is_shown_as_the_name_servers_know_it(typed, shown):
    assert email_address.written(typed) == shown
    assert email_address.canonical(typed) == email_address.canonical(shown)


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
