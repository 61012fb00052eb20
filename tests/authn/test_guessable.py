"""Passwords that are tried first, and those that only look like them (R-03). Nothing here asks the network."""

import pytest

from idp.authn import guessable

FIRST_TRIED = [
    "password1234", "passwordpassword", "P@ssw0rd2025!", "qwertyuiop123", "azerty123456", "Azertyuiop1!",
    "qwertzuiop12", "1q2w3e4r5t6y", "qazwsxedcrfv", "123qweasdzxc", "zaq1xsw2cde3", "qweasdzxc123",
    "1qazxsw23edc", "qwertyasdfgh", "poiuytreza12", "123456789012", "123456654321", "112233445566",
    "010203040506", "102030405060", "1234567891011", "12345678987654321", "159753159753", "trustno1trustno1",
    "letmeinletmein", "motdepasse123", "MotDePasse2025!", "motdepassemotdepasse", "adminadmin12", "changeme123!",
    "iloveyou1234", "jetaime12345", "Bonjour12345!", "bienvenue2026", "Soleil123456", "doudou123456",
    "marseille13000", "parissaintgermain", "manchesterunited", "justinbieber", "playstation3", "michaeljackson",
    "administrateur", "telechargement", "comptabilite12", "Welcome12345", "Summer2025!!", "Lundi12345678",
    "temppassword",
]  # fmt: skip
OF_THEIR_OWN = (
    "un moulin sur la colline 7", "cinq lanternes au bord du quai", "trois chats dorment", "deux hérons 8",
    "le vent souffle fort ce soir", "kqvmwxzpjtrb", "we were here before", "fred was a great dad", "7319 hiboux gris",
)  # fmt: skip


@pytest.mark.parametrize("password", FIRST_TRIED)
def test_what_is_tried_first_is_known(password: str) -> None:
    assert guessable.common(password)


@pytest.mark.parametrize("password", OF_THEIR_OWN)
def test_a_sentence_of_ones_own_is_not(password: str) -> None:
    assert not guessable.common(password)


def test_every_entry_of_the_list_is_known_also_in_capitals_and_with_a_year() -> None:
    entries = [line for line in guessable.COMMON.read_text("utf-8").splitlines() if line and not line.startswith("# ")]
    assert len(entries) > 4500
    for entry in entries[::7]:
        assert guessable.common(entry), entry
        assert guessable.common(entry.upper()), entry
        assert entry.isdigit() or guessable.common(f"{entry}2026!"), entry


@pytest.mark.parametrize(
    ("password", "words", "made_of_them"),
    [
        ("AtelierLumen44", ["Atelier Lumen SARL"], True),
        ("4telier-Lumen!", ["Atelier Lumen SARL"], True),
        ("ines.moreau59!", ["Inès", "Moreau"], True),
        ("moreau et ses trois chevaux", ["Inès", "Moreau"], False),
        ("un atelier sans lumière", ["Atelier Lumen SARL"], False),
        ("Boulangerie2026", ["Boulangerie Lemaire SRL"], True),
        ("cinq lanternes", [], False),
        ("le li lo lu la 9", ["Li"], False),
    ],
)
def test_what_is_made_of_names_is_seen(password: str, words: list[str], made_of_them: bool) -> None:
    assert guessable.derived(password, words) is made_of_them
