"""Reading a form into its shape: a model, or the problems in the person's language."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, get_origin

from flask import request
from flask_babel import gettext, lazy_gettext, ngettext
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from idp.web import kept_form

# Not a field of any model: the anti-forgery token and the language button.
_ENVELOPE = frozenset({"csrf_token", "set_locale"})
# C0 and C1 controls, and the directional overrides that make a text read otherwise than it is written.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile(r"[\r\n\t]")
_SHOWN_AGAIN = 300
_LINES_SHOWN_AGAIN = 70_000

FormT = TypeVar("FormT", bound="Form")


class Form(BaseModel):
    """The shape of a form. A field that the page does not have is refused. A field that is a tuple takes as many values
    as come; every other one takes one.

    Attributes:
        says: by field, what to tell the person instead of the general sentence; lazy texts.
        lines: the fields that hold several lines.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    says: ClassVar[Mapping[str, Any]] = {}
    lines: ClassVar[frozenset[str]] = frozenset()


def read(model: type[FormT], sent: MultiDict[str, str]) -> tuple[FormT | None, dict[str, str]]:
    """The form as its model, or None and what is wrong, by field; `form` stands for the whole of it."""
    problems: dict[str, str] = {}
    values: dict[str, str | list[str]] = {}
    several = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is tuple}
    for name, entries in sent.lists():
        if name in _ENVELOPE:
            continue
        if len(entries) > 1 and name not in several:
            problems["form"] = gettext("This form arrived in disorder. Please fill it in again.")
        elif any(_CONTROLS.search(_LINE_ENDS.sub("", each) if name in model.lines else each) for each in entries):
            field = name if name in model.model_fields else "form"
            problems[field] = gettext("This holds a character that cannot be typed. Please write it again.")
        else:
            values[name] = entries if name in several else entries[0]
    if problems:
        return None, problems
    try:
        return model.model_validate(values), {}
    except ValidationError as error:
        return None, _told(model, error)


def typed(lines: frozenset[str] = frozenset()) -> dict[str, str]:
    """What the person had typed, for the page that is shown again: never a password, and never more than a line, but
    for the fields that hold several. Of a page that one comes back to from a proof, what was typed before it."""
    if request.method != "POST":
        return dict(kept_form.fields().items())
    try:
        sent = request.form.items()
    except HTTPException:  # a body that cannot be read: its error page has no form
        return {}
    return {
        name: _shown_again(value, several=name in lines)
        for name, value in sent
        if name not in _ENVELOPE and "password" not in name
    }


def ticked(name: str) -> tuple[str, ...] | None:
    """What the person had ticked of a field that takes several values, as `typed`; None where nothing was typed: the
    ticks are those of what there is."""
    if not typed():
        return None
    sent = request.form if request.method == "POST" else kept_form.fields()
    return tuple(sent.getlist(name))


def _shown_again(value: str, *, several: bool) -> str:
    if not several:
        return _CONTROLS.sub("", value)[:_SHOWN_AGAIN]
    return "\n".join(_CONTROLS.sub("", line.replace("\t", " ")) for line in value.splitlines())[:_LINES_SHOWN_AGAIN]


def _told(model: type[Form], error: ValidationError) -> dict[str, str]:
    problems: dict[str, str] = {}
    for entry in error.errors(include_url=False, include_input=False):
        name = str(entry["loc"][0]) if entry["loc"] else "form"
        if name not in model.model_fields:
            problems["form"] = gettext("This form arrived in disorder. Please fill it in again.")
        elif name not in problems:
            problems[name] = str(model.says[name]) if name in model.says else _general(entry)
    return dict(sorted(problems.items(), key=lambda item: _place(model, item[0])))


def _general(entry: Mapping[str, Any]) -> str:
    kind, limits = entry["type"], entry.get("ctx", {})
    if kind in ("missing", "string_too_short"):
        return wanted(str(entry["loc"][0]))
    if kind == "string_too_long":
        most = int(limits["max_length"])
        return str(ngettext("At most %(num)s character, please.", "At most %(num)s characters, please.", most))
    return str(gettext("This cannot be used as it is written. Please check it."))


def wanted(field: str) -> str:
    """What is told of a field that is empty."""
    return str(_WANTED.get(field, _EMPTY))


# The summary above a form stands apart from its fields, so that each sentence there names what it wants.
_EMPTY = lazy_gettext("Please fill in this field.")
_WANTED = {
    "given_name": lazy_gettext("Write the first name."),
    "family_name": lazy_gettext("Write the last name."),
    "name": lazy_gettext("Write the name."),
    "password": lazy_gettext("Type the password."),
    "password_again": lazy_gettext("Type the password a second time."),
    "present_password": lazy_gettext("Type your present password."),
    "reason": lazy_gettext("Write the reason."),
    "identity_check": lazy_gettext("Write how the identity was checked."),
    "company": lazy_gettext("Write the reference of the company."),
}


def _place(model: type[Form], name: str) -> int:
    """Problems come in the order of the fields on the page."""
    names = list(model.model_fields)
    return names.index(name) if name in names else -1


def email_problem(reason: object) -> str:
    """What is told of an address that cannot be used; `reason` as `email_address.canonical_new` gives it."""
    if reason == "mixed_alphabets":
        return str(
            gettext("This address mixes letters of several alphabets that look alike. Type it again, letter by letter.")
        )
    return str(EMAIL_PROBLEM)


EMAIL_PROBLEM = lazy_gettext("Write the e-mail address in full, such as name@company.example.")
CODE_PROBLEM = lazy_gettext("The code has six digits. Copy it as the app shows it.")
