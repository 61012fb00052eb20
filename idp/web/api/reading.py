"""Reading what was sent: strictly, so that what is checked is what is used (R-31, R-61, R-71)."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from flask import request
from pydantic import ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from idp.core.errors import InvalidInput
from idp.web.api.refusals import Malformed

# Controls but the end of a line, directional overrides, and halves of characters, which no database keeps.
_NOT_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST_PROBLEMS = 20


class Strict:
    """JSON of requests: no name twice, no number that is none, no depth that the reader cannot take."""

    @staticmethod
    def loads(text: bytes | str, **_: Any) -> Any:
        try:
            return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        except RecursionError as error:
            raise ValueError("too deep") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def check_query(*, known: bool) -> None:
    """Go on if every parameter of the address is there once, in characters that are text.

    Args:
        known: the operation takes parameters; which, is for its shape to say.

    Raises:
        InvalidInput: names the parameter.
    """
    for name, values in request.args.lists():
        if not known:
            raise InvalidInput(field=_NOT_TEXT.sub("?", name)[:100], reason="is not known here")
        if len(values) > 1:
            raise InvalidInput(field=name[:100], reason="is repeated")
        _check_text(name[:100], values[0])


def read_body() -> None:
    """Read the body, once and strictly; what reads it later is given the same.

    Raises:
        UnsupportedMediaType: it is not JSON.
        Malformed: it is no JSON object.
        InvalidInput: a text in it holds what is no text.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType()
    request.json_module = Strict
    try:
        body = Strict.loads(request.get_data().decode("utf-8"))
    except ValueError as error:
        raise Malformed(reason="the body is no JSON") from error
    if not isinstance(body, dict):
        raise Malformed(reason="the body is no JSON object")
    for field, text in _texts(body):
        _check_text(field, text)


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield place, name
            yield from _texts(member, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _texts(member, f"{place}.{number}")


def _check_text(field: str, text: str) -> None:
    if _NOT_TEXT.search(text):
        raise InvalidInput(field=_NOT_TEXT.sub("?", field)[:100], reason="holds a character that is no text")


def refuse(error: ValidationError) -> NoReturn:
    """Say what is wrong with what was sent, field by field; never what was sent.

    Raises:
        InvalidInput: always.
    """
    problems = [
        {"field": ".".join(str(part) for part in each["loc"])[:200] or "body", "reason": _reason(each["type"])}
        for each in error.errors(include_url=False, include_input=False, include_context=False)[:_MOST_PROBLEMS]
    ]
    raise InvalidInput(field=problems[0]["field"], reason=problems[0]["reason"], errors=problems) from error


def _reason(kind: str) -> str:
    known = {"missing": "is missing", "extra_forbidden": "is not known here"}
    return known.get(kind, kind.replace("_", " "))
