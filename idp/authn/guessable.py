"""Passwords that a guesser tries first: the shipped list, patterns, and what is known about the person."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

COMMON = Path(__file__).with_name("common_passwords.txt")
OWN_PART = 6  # letters and digits of its own that a password needs beside the words it is made with
SHORTEST_WORD = 4
RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "1q2w3e4r5t6y7u8i9o0p",
    "a1b2c3d4e5f6g7h8i9",
)
KEYBOARDS = (
    ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    ("1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn"),
    ("1234567890", "qwertzuiop", "asdfghjkl", "yxcvbnm"),
    ("789", "456", "123", "0"),
)
SHORT_UNIT = 8  # a unit of so few characters, said twice, is one word of them
SHORTEST_WALK = 8
_COUNTING = tuple("".join(str(number) for number in range(start, 40)) for start in (0, 1))
AROUND = "0123456789 !?.,;:-_#*+=&/()"
LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "€": "e"}
)


def common(password: str) -> bool:
    """Whether it is in the shipped list, or a list word, a run of keys or a repetition with some digits around it."""
    plain = _plain(password)
    listed = _listed()
    core = plain.strip(AROUND)
    forms = {
        plain,
        core,
        _alphanumeric(plain),
        _letters(plain),
        *(_letters(text.translate(LEET)) for text in (plain, core)),
        *_beginnings(plain),
    }
    return any(form in listed or _made_of_one_thing(form, listed) or _counted(form) for form in forms if form) or (
        _walked(_alphanumeric(plain)) or _two_words(_letters(plain), listed)
    )


def derived(password: str, words: Iterable[str]) -> bool:
    """Whether little of its own is left once these words, and the digits and signs around them, are taken away.

    Args:
        words: names, addresses, companies, products; each also counts in its parts.
    """
    parts = {part for word in words for part in _parts(word)}
    if not parts:
        return False
    plain = _plain(password)
    return any(_little_left(form, parts) for form in (plain, plain.translate(LEET)))


def _little_left(plain: str, parts: set[str]) -> bool:
    rest = _alphanumeric(plain)
    whole = rest
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(part, " ")
    return rest != whole and len(_letters(rest)) < OWN_PART


def _made_of_one_thing(text: str, listed: frozenset[str]) -> bool:
    """A short unit or a listed word said several times, or a run along the alphabet or a keyboard."""
    for size in range(1, len(text) // 2 + 1):
        unit = text[:size]
        if (unit * (len(text) // size + 1)).startswith(text) and (size <= SHORT_UNIT or unit in listed):
            return True
    return any(text in run * 2 or text in run[::-1] * 2 for run in RUNS)


def _beginnings(plain: str) -> list[str]:
    """What is left as digits and signs are taken from the end one by one: `trustno1` of `trustno12026!`."""
    return [plain[:end] for end in range(len(plain.rstrip(AROUND)), len(plain))]


def _walked(text: str) -> bool:
    """Fingers that wander over a keyboard: hardly a step that does not lead to the key beside, such as `1qaz2wsx3edc`
    or `qweasdzxc123`."""
    if len(text) < SHORTEST_WALK:
        return False
    steps = list(zip(text, text[1:], strict=False))
    return any(4 * sum(pair not in near for pair in steps) <= len(text) + 1 for near in _neighbours())


def _counted(text: str) -> bool:
    """Somebody counts, in steps of any size: `010203040506`, `102030405060`, `1234567891011`."""
    if not text.isdigit() or len(text) < SHORTEST_WALK:
        return False
    return any(text in run for run in _COUNTING) or any(_even_steps(text, size) for size in (2, 3, 4))


def _even_steps(digits: str, size: int) -> bool:
    numbers = [int(digits[start : start + size]) for start in range(0, len(digits), size)]
    steps = {after - before for before, after in zip(numbers, numbers[1:], strict=False)}
    return len(digits) % size == 0 and len(numbers) > 2 and len(steps) == 1


def _two_words(letters: str, listed: frozenset[str]) -> bool:
    """Two words of the list, one after the other: as few as there are, they are all tried."""
    places = range(SHORTEST_WORD, len(letters) - SHORTEST_WORD + 1)
    return any(letters[:place] in listed and letters[place:] in listed for place in places)


@cache
def _neighbours() -> tuple[frozenset[tuple[str, str]], ...]:
    """For each keyboard, the pairs of keys that touch, and each key with itself."""
    found = []
    for rows in KEYBOARDS:
        at = {key: (row, column) for row, keys in enumerate(rows) for column, key in enumerate(keys)}
        found.append(
            frozenset(
                (one, other)
                for one, (row, column) in at.items()
                for other, (row_, column_) in at.items()
                if abs(row - row_) <= 1 and abs(column - column_) <= 1
            )
        )
    return tuple(found)


def _parts(word: str) -> set[str]:
    plain = _plain(word)
    pieces = [piece for piece in re.split(r"[^a-z0-9]+", plain) if piece]
    return {part for part in {*pieces, "".join(pieces)} if len(part) >= SHORTEST_WORD}


def _plain(text: str) -> str:
    """Without case and accents, so that `Mötdépasse` is no better than `motdepasse`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _alphanumeric(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


@cache
def _listed() -> frozenset[str]:
    lines = COMMON.read_text("utf-8").splitlines()
    return frozenset(_plain(line) for line in lines if line and not line.startswith("# "))
