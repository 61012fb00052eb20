"""Templates with their texts in place: one environment per language, in which a fixed phrase is part of the template.

Looking each phrase up again for every page is a good part of what a page costs. A phrase with a value
in it is looked up when the page is made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from idp.core import texts

EXTENSION = "sesame_phrases"
_COMPILED: dict[tuple[str, str, str], CodeType] = {}
"""Templates as code, by language, name and content: several applications in one process compile each of them once."""
_SHAPE = ("name", "lparen", "string", "rparen")


class Phrases(Extension):
    """Replaces `_("…")` by the text itself, marked as safe as gettext's answers are."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        language: str = self.environment.language  # type: ignore[attr-defined] # `install` gives it
        waiting: list[Token] = []
        for token in stream:
            waiting.append(token)
            if token.type != _SHAPE[len(waiting) - 1] or waiting[0].value != "_":
                yield from waiting
                waiting = []
            elif len(waiting) == len(_SHAPE):
                yield from _in_place(waiting, language)
                waiting = []
        yield from waiting


class Compiled(BytecodeCache):
    """Where the environments of one language find templates that were compiled before in this process."""

    def __init__(self, language: str) -> None:
        self._language = language

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = _COMPILED.get((self._language, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            _COMPILED[self._language, bucket.key, bucket.checksum] = bucket.code


def _in_place(call: list[Token], language: str) -> Iterator[Token]:
    line, text = call[0].lineno, texts.catalogue(language).gettext(call[2].value)
    if "%" in text:
        yield from call
        return
    yield Token(line, "lparen", "(")
    yield Token(line, "string", text)
    yield Token(line, "pipe", "|")
    yield Token(line, "name", "safe")
    yield Token(line, "rparen", ")")


def install(app: Flask, languages: Iterable[str], everywhere: Mapping[str, object]) -> None:
    """Make the environments, once the application's own one is complete; `environment` finds them.

    Args:
        everywhere: what every template finds by its name, besides `locale`.
    """
    made: dict[str, Environment] = {}
    for language in languages:
        own = made[language] = app.jinja_env.overlay(
            extensions=[Phrases], cache_size=400, bytecode_cache=Compiled(language)
        )
        own.extend(language=language)
        functions = _functions(language)
        own.globals = {**own.globals, **everywhere, **functions, "locale": language}  # an overlay shares them until now
    app.extensions[EXTENSION] = made


def _functions(language: str) -> dict[str, Callable[..., Markup]]:
    """Looking a phrase up in this language. The application's own functions ask each request for its language, which
    costs more than the text; here it is known. Values are escaped as they are put in."""
    catalogue = texts.catalogue(language)

    def gettext(phrase: str, **values: object) -> Markup:
        return Markup(catalogue.gettext(phrase)) % values

    def ngettext(singular: str, plural: str, num: int, **values: object) -> Markup:
        return Markup(catalogue.ngettext(singular, plural, num)) % {"num": num, **values}

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext}


def environment(app: Flask, language: str) -> Environment:
    """The environment whose templates are written in this language."""
    found: Environment = app.extensions[EXTENSION][language]
    return found
