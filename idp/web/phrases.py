"""Templates with their texts in place: one environment per language, in which a fixed phrase is part of the template.

Looking each phrase up again for every page is a good part of what a page costs. A phrase with a value
in it is looked up when the page is made. The addresses of static files are put in place likewise.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from types import CodeType
from typing import Any

from flask import Flask, templating
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from idp.core import texts

EXTENSION = "sesame_phrases"
_COMPILED: dict[tuple[str, str, str], CodeType] = {}
"""Templates as code, by language, name and content: several applications in one process compile each of them once."""
_SHAPE = ("name", "lparen", "string", "rparen")


class Environment(templating.Environment):
    """Flask's environment, for templates that have no globals of their own: each page would chain the two, and copy
    what it chained, an eighth of what making it costs."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


class Phrases(Extension):
    """Replaces `_("…")` by the text, marked as safe as gettext's answers are, and `static("…")` by its address."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        waiting: list[Token] = []
        for token in stream:
            waiting.append(token)
            if token.type != _SHAPE[len(waiting) - 1] or waiting[0].value not in ("_", "static"):
                yield from waiting
                waiting = []
            elif len(waiting) == len(_SHAPE):
                text = self._answer(waiting[0].value, waiting[2].value)
                yield from waiting if text is None else _in_place(text, waiting[0].lineno)
                waiting = []
        yield from waiting

    def _answer(self, function: str, argument: str) -> str | None:
        """What the call comes to; None for a phrase with a value in it."""
        environment: Any = self.environment  # with what `install` gives it
        if function == "static":
            return str(environment.globals[function](argument))
        text = texts.catalogue(environment.language).gettext(argument)
        return None if "%" in text else text


def _in_place(text: str, line: int) -> Iterator[Token]:
    yield Token(line, "lparen", "(")
    yield Token(line, "string", text)
    yield Token(line, "pipe", "|")
    yield Token(line, "name", "safe")
    yield Token(line, "rparen", ")")


class Compiled(BytecodeCache):
    """Where the environments of one language find templates that were compiled before in this process."""

    def __init__(self, language: str) -> None:
        self._language = language

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = _COMPILED.get((self._language, bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            _COMPILED[self._language, bucket.key, bucket.checksum] = bucket.code


def install(app: Flask, languages: Iterable[str], everywhere: Mapping[str, object]) -> None:
    """Make the environments, once the application's own one is complete; `environment` finds them.

    Args:
        everywhere: what every template finds by its name, besides `locale`.
    """
    made: dict[str, templating.Environment] = {}
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
