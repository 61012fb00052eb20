"""Phrases put into templates: the same texts as looking them up, in each language's own templates."""

from jinja2 import meta

from idp.core import texts
from idp.web import phrases
from idp.web.work import Application

PHRASE, COUNTED = "Sign in to your account", "At most %(num)s character, please."


def test_a_phrase_is_in_the_template_of_its_language(app: Application) -> None:
    french, english = phrases.environment(app, "fr"), phrases.environment(app, "en")
    source = '{{ _("' + PHRASE + '") }}'
    assert french.from_string(source).render() == texts.catalogue("fr").gettext(PHRASE) != PHRASE
    assert english.from_string(source).render() == PHRASE
    assert "gettext" not in french.compile(source, raw=True)


def test_what_is_not_a_mere_phrase_stays_as_it_is(app: Application) -> None:
    environment = phrases.environment(app, "fr")
    for source in (
        '{{ ngettext("' + COUNTED + '", "x %(num)s", count) }}',
        '{{ _("%(a)s of 5", a=1) }}',
        "{{ _(name) }}",
    ):
        tokens = [token.value for token in environment._tokenize(source, None)]
        assert "safe" not in tokens
        assert tokens[-1] == "}}"


def test_the_components_find_everything_they_name(app: Application) -> None:
    """They are made without a page: a name that only a page knew would be empty in them."""
    for language in ("fr", "en"):
        environment = phrases.environment(app, language)
        source = environment.loader.get_source(environment, "macros.html")[0]
        assert meta.find_undeclared_variables(environment.parse(source)) <= set(environment.globals) | {"kept"}
        assert environment.get_template("macros.html").module is environment.get_template("macros.html").module
