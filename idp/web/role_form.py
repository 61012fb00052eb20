"""The form in which a role is put together: what was sent, and what is shown (`ui.role_areas`)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.datastructures import MultiDict

from idp.companies import role_draft
from idp.companies.role_content import LABEL_MAX
from idp.companies.role_draft import DraftArea
from idp.core.errors import IdpError, InvalidInput
from idp.policy.catalogue import Product
from idp.policy.models import LANGUAGES, LEVELS, Level, label_for
from idp.web import forms, locale, role_words

LEVEL, WAS, OTHER = "level-", "was-", "label-"
SINGLE = "single"  # of an area in which single permissions are chosen, not a level

Line = Annotated[str, StringConstraints(max_length=200)]


class RoleForm(forms.Form):
    """Attributes:
    permission: what was ticked.
    levels, was: `area:level`, as chosen and as the page had shown it: a level counts where it was changed.
    labels: `language:name` in further languages.
    seen: the revision that is being edited; 0 for a new role.
    action: the button.
    """

    name: Annotated[str, StringConstraints(max_length=200)] = ""
    labels: tuple[Line, ...] = ()
    permission: tuple[Line, ...] = ()
    levels: tuple[Line, ...] = ()
    was: tuple[Line, ...] = ()
    seen: Annotated[int, StringConstraints()] = 0
    action: Annotated[str, StringConstraints(max_length=20)] = ""
    step: Annotated[str, StringConstraints(max_length=20)] = ""


def read(sent: MultiDict[str, str]) -> tuple[RoleForm | None, dict[str, str]]:
    """As `forms.read`; fields that are there once for each area or language come as one."""
    gathered: MultiDict[str, str] = MultiDict()
    for name, value in sent.items(multi=True):
        for prefix, field in ((LEVEL, "levels"), (WAS, "was"), (OTHER, "labels")):
            if name.startswith(prefix):
                gathered.add(field, f"{name.removeprefix(prefix)}:{value}")
                break
        else:
            gathered.add(name, value)
    return forms.read(RoleForm, gathered)


def chosen(form: RoleForm, product: Product, offered: Iterable[str]) -> frozenset[str]:
    """The permissions that the form comes to. What the product does not have is left for the command to refuse."""
    levels = {area: level for area, level in _pairs(form.levels).items() if _pairs(form.was).get(area) != level}
    changed = {area: _level(level) for area, level in levels.items() if level in LEVELS}
    return role_draft.with_levels(product, offered, form.permission, changed)


def labels(form: RoleForm) -> dict[str, str]:
    """What the role is to be called, the reader's language first."""
    others = {language: text for language, text in _pairs(form.labels).items() if text.strip()}
    return {locale.current(): form.name, **others}


def fields(
    name: str, others: Mapping[str, str], product: Product, offered: Iterable[str], picked: Iterable[str]
) -> dict[str, Any]:
    """What the template of the editor takes: names, areas with levels and permissions, and how many are chosen."""
    drawn = role_draft.areas(product, offered, picked)
    areas = [_area(product, each) for each in drawn]
    languages = [each for each in LANGUAGES if each != locale.current()]
    return {
        "name": name,
        "others": [
            {"name": OTHER + each, "label": locale.described(each).capitalize(), "value": others.get(each, "")}
            for each in languages
        ],
        "areas": [each for each in areas if not each["sensitive"]],
        "sensitive": [each for each in areas if each["sensitive"]],
        "count": sum(len(each.chosen) for each in drawn),
    }


def problems(error: IdpError, labels_of: Mapping[str, str]) -> dict[str, str]:
    """A refusal of the commands in words, by field.

    Args:
        labels_of: what permissions are called, for those that are named.
    """
    reason = str(error.members.get("reason", ""))
    if isinstance(error, InvalidInput):
        if error.members.get("field") in ("labels", "name"):
            text = gettext("Give the role a name of up to %(most)s characters, without invisible ones.", most=LABEL_MAX)
            return {"name": text}
        return {"permissions": gettext("Choose at least one permission: a role that holds nothing opens nothing.")}
    if reason in _REASONS:
        return {"name" if reason == "name_taken" else "form": str(_REASONS[reason])}
    if "permissions" in error.members:
        named = ", ".join(labels_of.get(each, each) for each in error.members["permissions"])
        return {
            "permissions": gettext(
                "You cannot give this yourself, so you cannot put it into a role: %(what)s", what=named
            )
        }
    raise error


_REASONS = {
    "name_taken": lazy_gettext("This product already has a role with this name. Choose another name."),
    "too_many": lazy_gettext("You have as many custom roles as there can be. Delete one that nobody holds."),
}


def _pairs(entries: Iterable[str]) -> dict[str, str]:
    return {key: value for key, _, value in (entry.partition(":") for entry in entries)}


def _level(text: str) -> Level:
    return next(each for each in LEVELS if each == text)


def _area(product: Product, area: DraftArea) -> dict[str, Any]:
    language = locale.current()
    names = [label_for(each.label, language) for each in area.areas]
    levels = [{"value": level, "label": role_words.level(level)} for level in area.levels]
    return {
        "id": area.id,
        "label": " · ".join(names),
        "sensitive": area.areas[0].sensitive,
        "levels": [*levels, {"value": SINGLE, "label": gettext("One by one")}],
        "level": area.level or SINGLE,
        "permissions": [
            {
                "id": each.id,
                "label": label_for(each.label, language),
                "chosen": each.id in area.chosen,
                "needs": [label_for(product.permissions[needed].label, language) for needed in each.requires],
                "level": each.level,
                "apart": each.explicit,
            }
            for each in area.permissions
        ],
    }
