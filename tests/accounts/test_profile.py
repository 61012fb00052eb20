"""Accounts, names, languages."""

from uuid import uuid4

import pytest

from idp.accounts import profile
from idp.core.errors import InvalidInput, NotFound


def test_an_account_gets_an_opaque_subject(work, make_account):
    subjects = {make_account(f"person{n}@example.test").account.subject for n in range(5)}
    assert len(subjects) == 5
    assert all(len(subject) == 22 for subject in subjects)


def test_an_unknown_account_is_not_found(work):
    with pytest.raises(NotFound):
        profile.get(work, uuid4())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  Ada ", "Ada"), ("Anne  Laure", "Anne Laure"), ("Ine\u0300s", "In\u00e8s"), ("O’Neill-李", "O’Neill-李")],
)
def test_names_are_kept_as_people_write_them(typed, kept):
    assert profile.name(typed, "given_name") == kept


@pytest.mark.parametrize("typed", ["", "   ", "a" * 101, "a\u202eb", "a\x00b", "\ud800", "a\u200bb"])
def test_names_that_hide_something_are_refused(typed):
    with pytest.raises(InvalidInput) as refused:
        profile.name(typed, "given_name")
    assert refused.value.members["field"] == "given_name"


@pytest.mark.parametrize(
    ("tag", "locale"),
    [("fr-BE", "fr-BE"), ("fr_be", "fr-BE"), ("fr", "fr-FR"), ("en-US", "en-GB"), ("ja", "fr-FR"), ("", "fr-FR")],
)
def test_the_nearest_locale_is_kept(work, tag, locale):
    assert profile.locale_for(work, tag) == locale
