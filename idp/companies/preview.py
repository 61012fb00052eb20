"""What a role permits in one product, in words: area by area, with what is crossed out and why, and what a change of it
comes to.

Nothing here decides about access. What is permitted is an answer of the engine (`policy.permissions.effective`), and
what a limit takes away is what lies between two of its answers: without that limit, and with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.policy.catalogue import Policies, Product
from idp.policy.models import LEVELS, Area, Level, Permission, at_most, label_for
from idp.policy.permissions import Grant, effective, set_id, with_required


class Obstacle(StrEnum):
    """Why something that the role holds is crossed out."""

    NEVER = "never"
    PRACTICE_ONLY = "practice_only"
    MANDATE_NEVER = "mandate_never"
    MANDATE = "mandate"
    RESTRICTION = "restriction"
    SERVICE = "service"
    SUBSCRIPTION = "subscription"
    FIRM_SUBSCRIPTION = "firm_subscription"


_LIMITS = (
    (Obstacle.PRACTICE_ONLY, "scope"),
    (Obstacle.MANDATE, "highest"),
    (Obstacle.MANDATE, "ceiling"),  # before restrictions, which do not hit who comes by mandate
    (Obstacle.RESTRICTION, "restrictions"),
    (Obstacle.SERVICE, "services"),
    (Obstacle.SUBSCRIPTION, "state"),
    (Obstacle.FIRM_SUBSCRIPTION, "firm_state"),
)
"""The limits of a grant and the field that sets each, in the order in which they are named when several cross out one
permission."""


@dataclass(frozen=True, slots=True)
class Line:
    """One permission of a role.

    Attributes:
        obstacle: why it is crossed out; None for one that is permitted.
        detail: label of the service that is off; empty for other obstacles.
        along: nobody chose it; another permission of the role requires it.
    """

    id: str
    label: str
    level: Level
    step_up: bool
    obstacle: Obstacle | None = None
    detail: str = ""
    along: bool = False


@dataclass(frozen=True, slots=True)
class AreaPreview:
    """One area of the product, for a role that holds something in it.

    Attributes:
        level: the highest level of what is permitted; `none` when everything is crossed out.
        whole: nothing of that level or below is missing (what a role has to name apart does not count).
    """

    id: str
    label: str
    sensitive: bool
    settings: bool
    level: Level
    whole: bool
    permitted: tuple[Line, ...]
    crossed: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What one role comes to in one product.

    Attributes:
        permissions: what is permitted, sorted: what a token would carry; `set_id` is its digest.
        areas: in the order of the catalogue, without the sensitive ones, which come apart.
        without: labels of the areas in which the role holds nothing.
        restrictions: labels of the limits that the product applies, such as one's own documents only.
    """

    product: str
    label: str
    permissions: tuple[str, ...]
    set_id: str
    areas: tuple[AreaPreview, ...]
    sensitive: tuple[AreaPreview, ...]
    without: tuple[str, ...]
    restrictions: tuple[str, ...]

    @property
    def crossed(self) -> int:
        """How many permissions of the role are crossed out."""
        return sum(len(area.crossed) for area in (*self.areas, *self.sensitive))


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """What changes in one area.

    Attributes:
        before, after: the level in words to be, as in the preview.
        added, taken: what becomes permitted, and what stops being so.
        dormant: what the role newly holds and an obstacle crosses out: nothing changes until that goes.
    """

    id: str
    label: str
    sensitive: bool
    before: Level
    after: Level
    added: tuple[Line, ...]
    taken: tuple[Line, ...]
    dormant: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Between two states of a person's or a role's rights in one product; false when nothing changes."""

    areas: tuple[AreaDifference, ...]
    limited: tuple[str, ...]
    freed: tuple[str, ...]

    @property
    def added(self) -> int:
        return sum(len(area.added) for area in self.areas)

    @property
    def taken(self) -> int:
        return sum(len(area.taken) for area in self.areas)

    def __bool__(self) -> bool:
        return bool(self.areas or self.limited or self.freed)


def of(policies: Policies, grant: Grant, locale: str, *, chosen: Iterable[str] | None = None) -> Preview:
    """The grant in words, in the reader's language.

    Args:
        chosen: of a company's own role, what was ticked; the rest came along.

    Raises:
        KeyError: no such product.
    """
    product = policies.products[grant.product]
    crossed = obstacles(policies, product, grant)
    answer = effective(policies, grant)
    ticked = None if chosen is None else frozenset(chosen)
    lines = {
        each.id: _line(policies, each, locale, crossed.get(each.id), along=ticked is not None and each.id not in ticked)
        for each in product.permissions.values()
        if each.id in crossed or each.id in answer
    }
    limits = (product.restrictions[name].label for name, _ in answer.restrictions if name in product.restrictions)
    return _assembled(product, lines, locale, tuple(label_for(label, locale) for label in limits))


def listed(policies: Policies, product: str, permissions: Iterable[str], locale: str) -> Preview:
    """Permissions that somebody has or had, in words, whatever role they came from.

    Raises:
        KeyError: no such product.
    """
    found, kept = policies.products[product], frozenset(permissions)
    lines = {
        each.id: _line(policies, each, locale, None, along=False)
        for each in found.permissions.values()
        if each.id in kept
    }
    return _assembled(found, lines, locale)


def nothing(policies: Policies, product: str, locale: str) -> Preview:
    """The preview of no role at all: what somebody has who gets a first one, or loses the last."""
    return listed(policies, product, (), locale)


def together(policies: Policies, previews: Iterable[Preview], product: str, locale: str) -> Preview:
    """Several previews of one product as one: what any of them permits is permitted."""
    lines: dict[str, Line] = {}
    for each in previews:
        for area in (*each.areas, *each.sensitive):
            for line in (*area.crossed, *area.permitted):
                if line.id not in lines or line.obstacle is None:
                    lines[line.id] = line
    return _assembled(policies.products[product], lines, locale)


def difference(policies: Policies, before: Preview, after: Preview) -> Difference:
    """What turns one preview of a product into the other, in the order of the catalogue, sensitive areas at the end."""
    old = {area.id: area for area in (*before.areas, *before.sensitive)}
    new = {area.id: area for area in (*after.areas, *after.sensitive)}
    order = sorted(policies.products[after.product].areas.values(), key=lambda area: area.sensitive)
    changed = [_compared(old.get(area.id), new.get(area.id)) for area in order if area.id in old or area.id in new]
    return Difference(
        areas=tuple(area for area in changed if area.added or area.taken or area.dormant),
        limited=tuple(each for each in after.restrictions if each not in before.restrictions),
        freed=tuple(each for each in before.restrictions if each not in after.restrictions),
    )


def unlimited(policies: Policies, grant: Grant) -> Grant:
    """What is held, without any of the limits that a company, a mandate or a subscription sets."""
    return grant._replace(
        scope="practice", ceiling=None, highest=None, restrictions=(), services=frozenset(policies.services),
        state=None, firm_state=None,
    )  # fmt: skip


def obstacles(policies: Policies, product: Product, grant: Grant) -> dict[str, Obstacle]:
    """For everything a grant holds and does not permit, the first limit that takes it: one limit more at a time, each
    time asking the engine what is left."""
    limited = unlimited(policies, grant)
    left = frozenset(effective(policies, limited).permissions)
    named = with_required(grant.custom_permissions or (), product.permissions) if grant.role is None else left
    found = dict.fromkeys(named - left, Obstacle.NEVER)
    for obstacle, name in _LIMITS:
        limited = limited._replace(**{name: getattr(grant, name)})
        kept = frozenset(effective(policies, limited).permissions)
        found.update(dict.fromkeys(left - kept, obstacle))
        left = kept
    never = [each for each, why in found.items() if why is Obstacle.MANDATE and each in policies.never]
    return found | dict.fromkeys(never, Obstacle.MANDATE_NEVER)


def _assembled(product: Product, lines: Mapping[str, Line], locale: str, limits: tuple[str, ...] = ()) -> Preview:
    """The lines in the order of the catalogue, sensitive areas apart."""
    areas, without = [], []
    for area in product.areas.values():
        mine = [lines[each.id] for each in area.permissions if each.id in lines]
        if mine:
            areas.append(_area(area, mine, locale))
        else:
            without.append(label_for(area.label, locale))
    permitted = sorted(line.id for line in lines.values() if line.obstacle is None)
    return Preview(
        product=product.id,
        label=label_for(product.label, locale),
        permissions=tuple(permitted),
        set_id=set_id(permitted),
        areas=tuple(area for area in areas if not area.sensitive),
        sensitive=tuple(area for area in areas if area.sensitive),
        without=tuple(without),
        restrictions=limits,
    )


def _line(policies: Policies, permission: Permission, locale: str, obstacle: Obstacle | None, *, along: bool) -> Line:
    service = policies.services.get(permission.service) if permission.service else None
    detail = label_for(service.label, locale) if obstacle is Obstacle.SERVICE and service is not None else ""
    label = label_for(permission.label, locale)
    return Line(permission.id, label, permission.level, permission.step_up, obstacle, detail, along)


def _area(area: Area, lines: list[Line], locale: str) -> AreaPreview:
    permitted = tuple(line for line in lines if line.obstacle is None)
    level: Level = max((line.level for line in permitted), key=LEVELS.index, default="none")
    covered = {each.id for each in area.permissions if each.level in at_most(level) and not each.explicit}
    return AreaPreview(
        id=area.id,
        label=label_for(area.label, locale),
        sensitive=area.sensitive,
        settings=area.settings,
        level=level,
        whole=covered <= {line.id for line in permitted},
        permitted=permitted,
        crossed=tuple(line for line in lines if line.obstacle is not None),
    )


def _compared(old: AreaPreview | None, new: AreaPreview | None) -> AreaDifference:
    shown = new or old
    assert shown is not None  # the area is in one of the two
    had = {line.id for line in old.permitted} if old is not None else set()
    has = {line.id for line in new.permitted} if new is not None else set()
    held = had | ({line.id for line in old.crossed} if old is not None else set())
    return AreaDifference(
        id=shown.id,
        label=shown.label,
        sensitive=shown.sensitive,
        before=old.level if old is not None else "none",
        after=new.level if new is not None else "none",
        added=tuple(line for line in new.permitted if line.id not in had) if new is not None else (),
        taken=tuple(line for line in old.permitted if line.id not in has) if old is not None else (),
        dormant=tuple(line for line in new.crossed if line.id not in held) if new is not None else (),
    )
