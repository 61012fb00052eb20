"""Texts for people: gettext catalogues by language, the choice of a language, instants written for a reader.

The source of every text is English; `idp/translations/` holds a catalogue per language. A compiled catalogue (`.mo`,
made by `make`) is read when it is as new as its source; otherwise the source (`.po`) is read, a little slower.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone, get_timezone_location
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

FOLDER = Path(__file__).resolve().parents[1] / "translations"
LANGUAGES = ("fr", "en")
DEFAULT = "en"  # for a reader whose language is not ours
ZONE = "Europe/Brussels"  # the clock of the customers; a mail cannot ask its reader's browser


@cache
def catalogue(language: str) -> Translations:
    """The texts of one of `LANGUAGES`; another language gets the texts of the default one."""
    folder = FOLDER / (language if language in LANGUAGES else DEFAULT) / "LC_MESSAGES"
    source, compiled = folder / "messages.po", folder / "messages.mo"
    if compiled.is_file() and (not source.is_file() or compiled.stat().st_mtime >= source.stat().st_mtime):
        return Translations(BytesIO(compiled.read_bytes()))
    with source.open("rb") as file:
        messages = read_po(file, locale=folder.parent.name)
    target = BytesIO()
    write_mo(target, messages)
    target.seek(0)
    return Translations(target)


def language_of(locale: str) -> str:
    """The catalogue for a language tag such as `fr-BE`; the default one when there is none."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else DEFAULT


def negotiate(wishes: Iterable[str]) -> str | None:
    """The first of a reader's language tags, best first, for which there is a catalogue; None for none of them."""
    for wish in wishes:
        language = wish.replace("_", "-").split("-")[0].lower()
        if language in LANGUAGES:
            return language
    return None


def write_list(items: Iterable[str], locale: str) -> str:
    """Several things as a reader of this language tag writes them: `one, two and three`."""
    return format_list(list(items), locale=_babel(locale))


def write_moment(instant: datetime, locale: str) -> str:
    """Date and time as a reader of this language tag writes them, on the clock of `ZONE`, whose city is named."""
    reader, zone = _babel(locale), get_timezone(ZONE)
    joined = " à " if reader.language == "fr" else ", "
    day, time = write_day(instant, locale), format_time(instant, "HH:mm", tzinfo=zone, locale=reader)
    return f"{day}{joined}{time} ({get_timezone_location(zone, locale=reader, return_city=True)})"


def write_day(instant: datetime, locale: str) -> str:
    """The date of an instant as a reader of this language tag writes it; no line breaks within it."""
    reader, local = _babel(locale), instant.astimezone(get_timezone(ZONE))
    written = format_date(local, "long", locale=reader)
    if reader.language == "fr" and local.day == 1:  # the first of a month is the only ordinal, which Babel has not
        written = written.replace("1", "1er", 1)
    return written.replace(" ", "\N{NO-BREAK SPACE}")


def write_time(instant: datetime, locale: str) -> str:
    """The time of an instant as a reader of this language tag writes it, on the clock of `ZONE`."""
    return format_time(instant, "short", tzinfo=get_timezone(ZONE), locale=_babel(locale))


@lru_cache(maxsize=64)
def _babel(locale: str) -> Locale:
    """What Babel knows of a tag; of its language when the tag as a whole is unknown or not one of ours.

    English that names no country is written as in Britain: Babel would take it for American.
    """
    language = language_of(locale)
    if language == "en" and locale.replace("_", "-").lower() == "en":
        return Locale("en", "GB")
    if locale.replace("_", "-").split("-")[0].lower() == language:
        try:
            return Locale.parse(locale, sep="-" if "-" in locale else "_")
        except (UnknownLocaleError, ValueError):
            pass
    return Locale.parse(language)
