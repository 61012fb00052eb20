"""Catalogues, the choice of a language, and instants as readers write them."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from idp.core import texts

INSTANT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wishes", "language"),
    [(["fr-BE", "en"], "fr"), (["nl-BE", "en-GB", "fr"], "en"), (["EN_us"], "en"), (["nl", "de"], None), ([], None)],
)
def test_the_first_wish_that_has_a_catalogue_is_chosen(wishes: list[str], language: str | None) -> None:
    assert texts.negotiate(wishes) == language


@pytest.mark.parametrize(
    ("locale", "language"), [("fr-BE", "fr"), ("en_GB", "en"), ("nl-BE", texts.DEFAULT), ("", texts.DEFAULT)]
)
def test_every_tag_has_a_catalogue(locale: str, language: str) -> None:
    assert texts.language_of(locale) == language


def test_an_instant_is_written_on_the_clock_of_the_customers() -> None:
    assert texts.write_moment(INSTANT, "fr-BE") == "2\xa0juillet\xa02026 à 00:30 (Bruxelles)"
    assert texts.write_moment(INSTANT, "en-GB") == "2\xa0July\xa02026, 00:30 (Brussels)"
    assert texts.write_day(INSTANT, "fr-FR") == "2\xa0juillet\xa02026"
    assert texts.write_day(INSTANT - timedelta(days=1), "fr-BE").startswith("1er\xa0juillet")
    assert texts.write_day(INSTANT + timedelta(days=9), "fr-BE").startswith("11\xa0juillet")


@pytest.mark.parametrize("locale", ["nl-BE", "xx", "fr-", "../../etc", "fr-FR-u-ca-buddhist"])
def test_a_tag_that_babel_does_not_know_is_no_error(locale: str) -> None:
    assert "2026" in texts.write_day(INSTANT, locale)


def test_texts_need_no_compiled_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "messages.po"
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Hello,"\nmsgstr "Salut,"\n'
    )
    compiled = folder / "messages.mo"
    compiled.write_bytes(b"older than its source, and never read")
    os.utime(compiled, (1, 1))
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    texts.catalogue.cache_clear()
    try:
        assert texts.catalogue("fr").gettext("Hello,") == "Salut,"
    finally:
        texts.catalogue.cache_clear()
