"""What a mandate opens and for how long: checked against the policy, compared with another, put into permissions.

A ceiling has three parts: the preset, the options that were consented to by themselves, and the products that the
client leaves lower than these say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from idp.companies import access, overreach
from idp.companies.models import FirmInvitation, Mandate
from idp.core.errors import InvalidInput
from idp.policy import Policies
from idp.policy.agreements import Preset
from idp.policy.models import LEVELS, at_most
from idp.policy.permissions import ceiling_of, ceiling_permissions, highest_of
from idp.work import Work

DAY = timedelta(days=1)
LOWER = LEVELS[:-1]  # what a product may be lowered to; the highest level is what the preset says


@dataclass(frozen=True, slots=True)
class Scope:
    """What one side offers or asks for.

    Attributes:
        lowered: level by product, for products that are to stay below the preset: `none`, `view` or `work`.
        starts_at: when it begins; None for the moment of the answer.
        until_at: when it ends; None for no end of its own.
        yearly: it goes on from year to year, and both sides are reminded before.
    """

    preset: str
    options: tuple[str, ...] = ()
    lowered: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    until_at: datetime | None = None
    yearly: bool = False


def of(row: Mandate | FirmInvitation) -> Scope:
    """The scope of a mandate, or of an invitation to one."""
    lowered = dict(each.split(":", 1) for each in row.lowered)
    return Scope(row.preset, tuple(row.options), lowered, row.starts_at, row.until_at, row.yearly)


def longest(policies: Policies, preset_id: str) -> int | None:
    """After how many days it ends by itself; None for what is no temporary support."""
    preset = policies.presets.get(preset_id)
    return preset.max_days if preset is not None else None


def kept(scope: Scope) -> list[str]:
    """How the lowered products stand in a row."""
    return sorted(f"{product}:{level}" for product, level in scope.lowered.items())


def checked(work: Work, scope: Scope) -> Scope:
    """The scope as it can be agreed to: without repetition, with the end that the preset imposes.

    Raises:
        InvalidInput: `field` is `preset`, `options`, `lowered`, `starts_at` or `until_at`; `reason` says what of it.
    """
    policies = work.policies
    preset = policies.presets.get(scope.preset)
    if preset is None:
        raise InvalidInput(field="preset", reason="unknown")
    options = tuple(sorted(set(scope.options)))
    if any(each not in policies.options for each in options):
        raise InvalidInput(field="options", reason="unknown")
    opened = ceiling_of(policies, preset.id, options)
    for product, level in scope.lowered.items():
        if product not in opened or level not in LOWER:
            raise InvalidInput(field="lowered", reason="unknown")
    if all(scope.lowered.get(product) == "none" for product in opened):
        raise InvalidInput(field="lowered", reason="nothing_left")
    return _dated(work, preset, replace(scope, options=options, lowered=dict(scope.lowered)))


def _dated(work: Work, preset: Preset, scope: Scope) -> Scope:
    begin = max(work.now, scope.starts_at or work.now)
    if scope.until_at is not None and scope.until_at <= begin:
        raise InvalidInput(field="until_at", reason="past")
    if scope.yearly and (scope.until_at is not None or preset.max_days is not None):
        raise InvalidInput(field="until_at", reason="not_yearly")
    longest = timedelta(days=preset.max_days) if preset.max_days is not None else None
    if longest is not None and scope.until_at is not None and scope.until_at >= begin + longest + DAY:  # see `end_of`
        raise InvalidInput(field="until_at", reason="too_long", days=longest.days)
    return replace(scope, starts_at=scope.starts_at if begin > work.now else None)


def end_of(work: Work, scope: Scope, begin: datetime) -> datetime | None:
    """When a mandate of this scope ends that begins then; a last day that is not whole any more ends early."""
    preset = work.policies.presets.get(scope.preset)
    longest = begin + timedelta(days=preset.max_days) if preset is not None and preset.max_days else None
    return min((each for each in (scope.until_at, longest) if each is not None), default=None)


def require_consent(work: Work, company_id: UUID, options: Iterable[str]) -> None:
    """Go on only if one of the actor's roles may consent to each of these options.

    Raises:
        RoleNotAssignable: `option` says to which one not.
    """
    if access.trusted(work):
        return
    assert work.actor.id is not None  # required an account before
    held = access.roles_of(work, work.actor.id, company_id)
    for option in options:
        if not held & frozenset(work.policies.options[option].consent_by):
            raise overreach.refused(work, company_id, option=option)


def consents(work: Work, company_id: UUID) -> frozenset[str]:
    """The options to which the actor may consent."""
    if access.trusted(work):
        return frozenset(work.policies.options)
    held = access.roles_of(work, work.actor.id, company_id) if work.actor.id is not None else frozenset()
    return frozenset(each.id for each in work.policies.options.values() if held & frozenset(each.consent_by))


def opened(policies: Policies, scope: Scope, *, only_reads: bool = False) -> dict[str, frozenset[str]]:
    """Every permission that the ceiling lets through, by product; products of which nothing is left are absent.

    What a colleague may do is this and the role the firm gives, as far as services and subscriptions go along.
    """
    lowered = kept(scope)
    found: dict[str, frozenset[str]] = {}
    for product, roles in ceiling_of(policies, scope.preset, scope.options).items():
        left = ceiling_permissions(policies, product, roles)
        highest = highest_of(lowered, product, only_reads=only_reads)
        if highest is not None:
            covered = at_most(highest)
            left = frozenset(each for each in left if policies.permissions[each].level in covered)
        if left:
            found[product] = left
    return found


def difference(policies: Policies, before: Scope, after: Scope) -> tuple[frozenset[str], frozenset[str]]:
    """What a change of scope adds, and what it takes away, as permissions."""
    old = frozenset[str]().union(*opened(policies, before).values())
    new = frozenset[str]().union(*opened(policies, after).values())
    return new - old, old - new
