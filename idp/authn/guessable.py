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
    }
    return any(form in listed or _made_of_one_thing(form, listed) for form in forms if form)


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
    """A repeated unit, a run along the alphabet or a keyboard, or one listed word said several times."""
    for size in range(1, len(text) // 2 + 1):
        unit = text[:size]
        if (unit * (len(text) // size + 1)).startswith(text) and (size <= 4 or unit in listed):
            return True
    return any(text in run * 2 or text in run[::-1] * 2 for run in RUNS)


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
