"""A role that somebody is putting together: area by area, with a level or with single permissions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from idp.companies.role_content import with_twins
from idp.policy.catalogue import Product
from idp.policy.models import LEVELS, Area, Level, Permission, at_most

_PLACE = {level: place for place, level in enumerate(LEVELS)}


@dataclass(frozen=True, slots=True)
class DraftArea:
    """One area to choose from; of two that always carry the same level, both are one.

    Attributes:
        areas: the area, and the one it is paired with.
        permissions: those on offer, in the order of the catalogue; of a pair those of the first area.
        chosen: the ids of those that are chosen.
        levels: those that make a difference here, `none` first.
        level: the one that is chosen; None where single permissions are.
    """

    areas: tuple[Area, ...]
    permissions: tuple[Permission, ...]
    chosen: frozenset[str]
    levels: tuple[Level, ...]
    level: Level | None

    @property
    def id(self) -> str:
        return self.areas[0].id


def areas(product: Product, offered: Iterable[str], chosen: Iterable[str]) -> tuple[DraftArea, ...]:
    """What an editor shows, in the order of the catalogue. Areas that offer nothing are left out.

    Args:
        offered: what may be put into the role; what is chosen is shown beside, be it on offer or not.
    """
    picked = with_twins(product, chosen)
    on_offer = frozenset(offered) | picked
    found, seen = [], set()
    for area in product.areas.values():
        if area.id in seen:
            continue
        pair = (area, *([product.areas[area.paired_with]] if area.paired_with else []))  # checked when loaded
        seen |= {each.id for each in pair}
        shown = tuple(each for each in area.permissions if each.id in on_offer)
        if shown:
            found.append(_area(pair, shown, picked))
    return tuple(found)


def with_levels(
    product: Product, offered: Iterable[str], ticked: Iterable[str], levels: Mapping[str, Level]
) -> frozenset[str]:
    """The permissions that were ticked, with the areas whose level was chosen at that level instead.

    Args:
        levels: by area. What a level never brings by itself stays as it was ticked, up to that level.
    """
    on_offer, picked = frozenset(offered) | frozenset(ticked), set(ticked)
    for area_id, level in levels.items():
        area = product.areas.get(area_id)
        if area is None:
            continue
        explicit = {each.id for each in area.permissions if each.explicit and each.level in at_most(level)}
        twins = with_twins(product, (each.id for each in area.permissions))
        picked = (picked - twins) | (picked & explicit) | (_at(area.permissions, level) & on_offer)
    return with_twins(product, picked)


def _area(pair: tuple[Area, ...], shown: tuple[Permission, ...], picked: frozenset[str]) -> DraftArea:
    chosen = frozenset(each.id for each in shown if each.id in picked)
    sets: dict[Level, frozenset[str]] = {level: _at(shown, level) for level in LEVELS}
    useful = tuple(level for level in LEVELS if level == "none" or sets[level] != sets[LEVELS[_PLACE[level] - 1]])
    return DraftArea(pair, shown, chosen, useful, next((level for level in useful if sets[level] == chosen), None))


def _at(permissions: Iterable[Permission], level: Level) -> frozenset[str]:
    covered = at_most(level)
    return frozenset(each.id for each in permissions if each.level in covered and not each.explicit)
