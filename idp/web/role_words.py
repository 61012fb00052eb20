"""Previews of roles and differences between them as pages show them (`ui.role_preview`, `ui.role_difference`)."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext

from idp.companies.preview import AreaDifference, AreaPreview, Difference, Line, Obstacle, Preview
from idp.policy.models import Level

_l = lazy_gettext
_LEVELS: dict[Level, Any] = {
    "none": _l("No access"),
    "view": _l("View"),
    "work": _l("Enter and change"),
    "manage": _l("Manage"),
}
_OBSTACLES = {
    Obstacle.NEVER: _l("custom roles can never include this"),
    Obstacle.PRACTICE_ONLY: _l("only on the firm’s own account"),
    Obstacle.MANDATE_NEVER: _l("no mandate ever opens this"),
    Obstacle.MANDATE: _l("the mandate does not cover this"),
    Obstacle.RESTRICTION: _l("a limit set for this person"),
    Obstacle.SUBSCRIPTION: _l("the state of the subscription does not allow this"),
    Obstacle.FIRM_SUBSCRIPTION: _l("the state of the firm’s own subscription does not allow this"),
}


def level(value: Level, *, whole: bool = True) -> str:
    """A level in words; `whole` false says that some of it is missing."""
    text = str(_LEVELS[value])
    return text if whole or value == "none" else str(gettext("%(level)s, in part", level=text))


def levels() -> list[dict[str, str]]:
    """The choices of a level picker."""
    return [{"value": value, "label": str(text)} for value, text in _LEVELS.items()]


def obstacle(line: Line) -> str:
    """Why a permission is crossed out; empty for one that is not."""
    if line.obstacle is None:
        return ""
    if line.obstacle is Obstacle.SERVICE:
        return str(gettext("the service “%(service)s” is not switched on", service=line.detail))
    return str(_OBSTACLES[line.obstacle])


def shown(preview: Preview) -> dict[str, Any]:
    """What `ui.role_preview` takes."""
    return {
        "areas": [_area(area) for area in preview.areas],
        "sensitive": [_area(area) for area in preview.sensitive],
        "without": preview.without,
        "restrictions": preview.restrictions,
        "count": len(preview.permissions),
        "crossed": preview.crossed,
    }


def changes(difference: Difference) -> dict[str, Any]:
    """What `ui.role_difference` takes."""
    return {
        "areas": [_changed(area) for area in difference.areas],
        "limited": difference.limited,
        "freed": difference.freed,
        "added": difference.added,
        "taken": difference.taken,
    }


def _area(area: AreaPreview) -> dict[str, Any]:
    return {
        "id": area.id,
        "label": area.label,
        "level": level(area.level, whole=area.whole),
        "permitted": _lines(area.permitted),
        "crossed": _lines(area.crossed),
    }


def _changed(area: AreaDifference) -> dict[str, Any]:
    return {
        "label": area.label,
        "before": level(area.before),
        "after": level(area.after),
        "added": _lines(area.added),
        "taken": _lines(area.taken),
        "dormant": _lines(area.dormant),
    }


def _lines(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [
        {"id": line.id, "label": line.label, "why": obstacle(line), "step_up": line.step_up, "along": line.along}
        for line in lines
    ]
