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
        "\u24d0dmin@example.com",  # a in a circle
        "admin\uff11@example.com",  # full-width 1
        "mi\u0307chel@example.com",  # a second dot
        "m\u0131\u0307chel@example.com",  # dotless i, with a dot
        "mi\u0323\u0307chel@example.com",
        "mi\u034fchel@example.com",  # nothing to see
        "\u0438\u0432\u0430\u043d.b2b@example.com",
    ],
)
def test_a_local_part_of_letters_that_look_alike_is_refused(typed):
    """R-59: an administrator reads the address and takes it for a colleague's."""
    with pytest.raises(InvalidInput) as refused:
        email_address.canonical_new(typed)
    assert refused.value.members == {"field": "email", "reason": "mixed_alphabets"}
    assert email_address.canonical(email_address.canonical(typed)) == email_address.canonical(typed)  # may be held


@pytest.mark.parametrize(
    "typed",
    [
        "\u0e19\u0e33.th@example.com",  # Thai sara am
        "\u0e99\u0eb3@example.com",  # Lao
        "\uff8a\uff9d\uff76\uff78.\u30cf@example.jp",  # half-width kana
        "\u0133sbeer@example.nl",  # the ligature of i and j
        "\u0130stanbul@example.com",
        "Ren\u00e9@example.com",
        "\u0438\u0432\u0430\u043d@example.com",
    ],
)
def test_a_local_part_of_one_alphabet_is_taken(typed):
    assert email_address.canonical_new(typed) == email_address.canonical(typed)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada@ex\u0430mple.com", "Ada@xn--exmple-4nf.com"),  # Cyrillic a
        ("ada@\u0430\u0440\u0440\u04cf\u0435.com", "ada@xn--80ak6aa92e.com"),
        ("ada@g\u0131thub.com", "ada@xn--gthub-n4a.com"),  # dotless i
        ("ada@ex\u0430mple.\u0440\u0444", "ada@xn--exmple-4nf.xn--p1ai"),
        ("ada@mi\u0307crosoft.com", "ada@xn--microsoft-6jf.com"),  # a second dot
        ("ada@\u13aa\u13e2\u13e2\u13de\u13ac.com", "ada@xn--g9de3mpaa.com"),  # Cherokee
        ("ada@\ua4ee\ua4d1\ua4d1\ua4e1\ua4f0.com", "ada@xn--4l8aa2c7bn.com"),  # Lisu
        ("ada@g\u0131thub\u3002com", "ada@xn--gthub-n4a.com"),  # with an ideographic full stop
        ("ada@\uff45x.com", "ada@ex.com"),
        ("ada@\u0e19\u0e33.example",) * 2,
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
