"""What a mandate opens and for how long, in a form: shown, read back, and what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext, lazy_gettext, ngettext
from werkzeug.datastructures import MultiDict

from idp.companies import mandate_scope
from idp.companies.mandate_scope import Scope
from idp.core import texts
from idp.core.errors import InvalidInput, NotFound
from idp.policy import Policies, label_for
from idp.policy.agreements import Preset
from idp.policy.permissions import ceiling_of
from idp.web import forms, locale
from idp.work import Work

ZONE = ZoneInfo(texts.ZONE)
_LEVEL = "level_"
_l = lazy_gettext
_LEVELS = {
    "": _l("As the access above provides"),
    "work": _l("Enter and change, without managing"),
    "view": _l("View only"),
    "none": _l("No access"),
}


class TermsForm(forms.Form):
    """The fields of `ui.mandate_terms`, without the level of each product (`levels`)."""

    preset: str
    option: tuple[str, ...] = ()
    starts: str = ""
    ends: Literal["open", "yearly", "on"] = "open"
    until: str = ""


def split(policies: Policies, sent: MultiDict[str, str]) -> tuple[MultiDict[str, str], dict[str, str]]:
    """What was sent, without the levels of products, and those."""
    own = {f"{_LEVEL}{each}": each for each in _products(policies)}
    rest = MultiDict((name, value) for name, value in sent.items(multi=True) if name not in own)
    return rest, {own[name]: value for name, value in sent.items() if name in own and value in _LEVELS and value}


def scope(policies: Policies, form: TermsForm, levels: Mapping[str, str]) -> tuple[Scope, dict[str, str]]:
    """What the form says, and which of its dates are none. A level counts for a product that is opened at all."""
    problems: dict[str, str] = {}
    opened = ceiling_of(policies, form.preset, form.option)
    starts = _day(form.starts, time(), "starts", problems) if form.starts.strip() else None
    until = last_day(form.until, "until", problems) if form.ends == "on" else None
    lowered = {product: level for product, level in levels.items() if product in opened}
    return Scope(form.preset, form.option, lowered, starts, until, form.ends == "yearly"), problems


def typed(found: Scope) -> dict[str, str]:
    """The fields that would say this, without its options (`shown`): to fill a form in."""
    values = {
        "preset": found.preset,
        "starts": _written(found.starts_at),
        "ends": "yearly" if found.yearly else "on" if found.until_at else "open",
        "until": _written(found.until_at),
    }
    return values | {f"{_LEVEL}{product}": level for product, level in found.lowered.items()}


def sent(form: TermsForm, levels: Mapping[str, str]) -> list[tuple[str, str]]:
    """The fields as they were sent, to send them again."""
    single = [(name, str(getattr(form, name))) for name in TermsForm.model_fields if name != "option"]
    lowered = [(f"{_LEVEL}{product}", level) for product, level in levels.items()]
    return [*single, *(("option", each) for each in form.option), *lowered]


def shown(
    policies: Policies, options: frozenset[str], *, begins: bool, temporary: bool = False, held: Scope | None = None
) -> dict[str, Any]:
    """What `ui.mandate_terms` takes.

    Args:
        options: those that may be chosen.
        begins: a beginning can be chosen: it has not begun.
        temporary: of support, which always has a last day and opens nothing beside, instead of an accountant's work.
        held: what is to be changed or answered; its preset can always be chosen.

    Raises:
        NotFound: the policies have no preset of this kind.
    """
    language = locale.current()
    preset = held.preset if held is not None else ""
    presets = sorted(of_kind(policies, temporary=temporary, held=preset), key=lambda each: not each.default)
    ticked = forms.ticked("option")
    extra = [each for each in policies.options.values() if each.id in options and not temporary]
    days = min((each.max_days for each in presets if each.max_days), default=0) if temporary else 0
    return {
        "presets": choices(policies, presets),
        "preset": presets[0].id,
        "options": [{"value": each.id, "label": label_for(each.label, language)} for each in extra],
        "opened": ticked if ticked is not None else held.options if held is not None else (),
        "levels": [
            {"name": f"{_LEVEL}{each}", "label": label_for(policies.products[each].label, language)}
            for each in _products(policies)
            if not temporary
        ],
        "choices": [{"value": value, "label": str(label)} for value, label in _LEVELS.items()],
        "ends": [
            {"value": "open", "label": gettext("No fixed end: either side can end it")},
            {
                "value": "yearly",
                "label": gettext("From year to year"),
                "hint": gettext("Both sides are told beforehand."),
            },
            {"value": "on", "label": gettext("On a date")},
        ],
        "begins": begins,
        "days": days,
        "latest": (datetime.now(ZONE).date() + timedelta(days=days)).isoformat() if days else "",
        "special": frozenset({"starts", "until", "ends", *(f"{_LEVEL}{each}" for each in _products(policies))}),
    }


def of_kind(policies: Policies, *, temporary: bool, held: str = "") -> list[Preset]:
    """The presets of temporary support, or those of an accountant's work; and the one that is held.

    Raises:
        NotFound: there is none.
    """
    found = [each for each in policies.presets.values() if (each.max_days is not None) == temporary or each.id == held]
    if not found:
        raise NotFound(kind="preset")
    return found


def choices(policies: Policies, presets: Iterable[Preset]) -> list[dict[str, str]]:
    """Presets to choose from, with what each is for and the products that it opens; the usual one first."""
    return [
        {"value": each.id, "label": label_for(each.label, locale.current()), "hint": _hint(policies, each.id)}
        for each in sorted(presets, key=lambda each: not each.default)
    ]


def only_dated(policies: Policies, wanted: Scope, held: Scope) -> Scope:
    """What a form about temporary support says, which asks for the dates alone: what is open beside it and what is
    lowered stay as they were."""
    opened = ceiling_of(policies, wanted.preset, held.options)
    lowered = {product: level for product, level in held.lowered.items() if product in opened}
    return replace(wanted, options=held.options, lowered=lowered)


def last_day(written: str, field: str, problems: dict[str, str]) -> datetime | None:
    """The end of a day on the clock of the customers; None, with a problem at the field, for what is no date."""
    return _day(written, time(23, 59, 59), field, problems)


def problem(policies: Policies, error: InvalidInput) -> dict[str, str]:
    """What is wrong with a scope, at the field that can mend it; nothing for what is no field of it."""
    match error.members.get("field"), error.members.get("reason"):
        case "lowered", _:
            return {f"{_LEVEL}{_products(policies)[0]}": gettext("Leave one product open at least.")}
        case "until_at", "past":
            return {"until": gettext("The end has to come after the beginning, and after today.")}
        case "until_at", "not_yearly":
            return {"ends": gettext("Temporary support ends by itself; it is not renewed.")}
        case "until_at", "too_long":
            days = int(error.members["days"])
            text = ngettext("At most %(num)s day for this access.", "At most %(num)s days for this access.", days)
            return {"until": text}
        case ("preset" | "options") as field, _:
            return {field.rstrip("s"): gettext("This cannot be used as it is written. Please check it.")}
    return {}


def present_options(work: Work, company_id: UUID, held: Scope | None = None) -> frozenset[str]:
    """The options that the actor may choose: those they may consent to, and those that were consented to before."""
    return mandate_scope.consents(work, company_id) | frozenset(held.options if held is not None else ())


def _products(policies: Policies) -> list[str]:
    """The products that any mandate can open, in the order of the catalogue."""
    opened = {product for preset in policies.presets.values() for product in preset.roles}
    opened |= {product for option in policies.options.values() for product in option.roles}
    return [each for each in policies.products if each in opened]


def _hint(policies: Policies, preset: str) -> str:
    opened = ceiling_of(policies, preset, ())
    names = ", ".join(
        label_for(policies.products[each].label, locale.current()) for each in policies.products if each in opened
    )
    names = str(gettext("Products: %(names)s", names=names))
    days, summary = policies.presets[preset].max_days, policies.presets[preset].summary
    if days is not None:
        names = str(ngettext(
            "%(names)s; ends automatically after %(num)s day", "%(names)s; ends automatically after %(num)s days", days,
            names=names,
        ))  # fmt: skip
    return f"{label_for(summary, locale.current())} {names}" if summary is not None else names


def _day(written: str, at: time, field: str, problems: dict[str, str]) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(written.strip()), at, ZONE).astimezone(UTC)
    except (ValueError, OverflowError):
        problems[field] = gettext("Write a date to come, such as 2027-03-31.")
        return None


def _written(instant: datetime | None) -> str:
    return instant.astimezone(ZONE).date().isoformat() if instant is not None else ""
