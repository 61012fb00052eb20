"""Previews and differences as pages show them."""

import pytest
from flask import render_template_string
from flask_babel import force_locale

from idp.companies import preview
from idp.policy.permissions import Grant
from idp.web import role_words
from tests.web.test_templates import Reading, catalogues, site  # noqa: F401 - the site in both languages

PREVIEW = '{% import "macros.html" as ui with context %}<div>{{ ui.role_preview(preview) }}</div>'
CHANGE = '{% import "macros.html" as ui with context %}<div>{{ ui.role_difference(change) }}</div>'


@pytest.fixture
def render(site):  # noqa: F811
    def render(source, language, **context):
        everywhere = {"problems": {}, "form": {}, "locale": language, "locales": [], "product": None, "journey": None}
        with site.test_request_context("/"), force_locale(language):
            return render_template_string(source, **(everywhere | {key: make() for key, make in context.items()}))

    return render


def test_a_preview_says_level_and_permissions_in_the_language_and_crosses_out_with_the_reason(policies, render):
    grant = Grant("accounting", "accounting.accountant-filing", state="active", ceiling=("accounting.accountant",))
    html = render(PREVIEW, "fr", preview=lambda: role_words.shown(preview.of(policies, grant, "fr")))
    page = Reading(html)

    assert "Écritures et journaux" in html
    assert "<s>Télédéclarer la TVA</s>" in html or "<s>" in html
    assert "le mandat ne couvre pas ce point" in html
    opened = [each for each in page.all("details") if "open" in each]
    assert 0 < len(opened) < len(page.all("details"))  # what is crossed out is seen at once, the rest on demand


def test_a_role_that_opens_nothing_says_so(policies, render):
    found = preview.of(policies, Grant("accounting", "accounting.reader", state="ended"), "en")
    html = render(PREVIEW, "en", preview=lambda: role_words.shown(found))
    assert "This opens nothing." in html
    assert "the state of the subscription does not allow this" in html


def test_a_difference_has_its_signs_in_words_too(policies, render):
    reader = preview.of(policies, Grant("accounting", "accounting.reader", state="active"), "en")
    clerk = preview.of(policies, Grant("accounting", "accounting.sales-clerk", state="active"), "en")
    change = preview.difference(policies, reader, clerk)
    html = render(CHANGE, "en", change=lambda: role_words.changes(change))

    assert html.count("Added:") == change.added > 0
    assert html.count("Taken away:") == change.taken > 0
    assert Reading(html).all("section")
    same = render(CHANGE, "fr", change=lambda: role_words.changes(preview.difference(policies, clerk, clerk)))
    assert "Rien ne change." in same


def test_every_obstacle_has_its_words(render, site):  # noqa: F811
    with site.test_request_context("/"), force_locale("fr"):
        for why in preview.Obstacle:
            line = preview.Line("a.b.c", "Label", "view", False, why, "Mobile")
            assert role_words.obstacle(line)
        assert role_words.level("manage", whole=False) == "Gestion, en partie"
        assert [each["value"] for each in role_words.levels()] == ["none", "view", "work", "manage"]
