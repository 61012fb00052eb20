"""Shapes of `subscriptions.yaml` and `mandates.yaml`: what a company has ordered, and what it opens to a firm."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from idp.policy.models import FrozenMap, Level, Name, Pattern, PermissionId, RoleId, Shape, StateName, Texts

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$", max_length=64)]


class PlanSeats(Shape):
    """Seats per product. `extra` says what happens beyond `included`; `extra_max` bounds the paid ones."""

    included: Positive | Literal["unlimited"]
    extra: Literal["blocked", "billed"] | None = None
    extra_max: Positive | None = None


class Plan(Shape):
    id: Name
    label: Texts
    only_for: Literal["firm"] | None = Field(default=None, alias="for")
    products: Annotated[tuple[Name, ...], Field(min_length=1)]
    seats: PlanSeats
    roles_offered: Literal["all"] | tuple[RoleId, ...]
    custom_roles: bool
    trial_days: Positive

    def offers(self, role: str) -> bool:
        """Whether this plan lets a company give the role."""
        return self.roles_offered == "all" or role in self.roles_offered


class SeatsBlocked(Shape):
    error: Slug
    offer: Slug


class SeatsBilled(Shape):
    confirm: bool
    notify: tuple[RoleId, ...]


class SeatsAtLimit(Shape):
    blocked: SeatsBlocked
    billed: SeatsBilled


class SeatRules(Shape):
    counted_per: Literal["product"]
    pending_invitations_count: bool
    suspended_people_count: bool
    mandates_count: bool
    company_roles_count: bool
    at_limit: SeatsAtLimit
    lowering_below_use: Literal["refused"]
    concurrent_check: Literal["atomic"]


class LoweredPermissions(Shape):
    """What a state leaves: these levels, and nothing that demands a second factor when `drop_step_up`."""

    levels: tuple[Literal["view", "work", "manage"], ...]
    drop_step_up: bool = False


class StateClaim(Shape):
    state: StateName
    until: Literal["date"] | None = None


class State(Shape):
    """A state of a subscription and its effect on sign-in and tokens."""

    id: StateName
    label: Texts
    sign_in: Literal["allowed", "refused_for_product"]
    permissions: Literal["all", "none"] | LoweredPermissions
    services: bool
    claim: StateClaim | None = None
    error: Slug | None = None
    banner: Texts | None = None
    blocked_actions: tuple[PermissionId, ...] = ()
    still_allowed: tuple[PermissionId, ...] = ()
    min_days: Positive | None = None
    max_days: Positive | None = None
    end_sessions: bool = False
    keep_access_rights_days: Positive | None = None

    @property
    def refused(self) -> bool:
        """No token is issued for the product in this state."""
        return self.sign_in == "refused_for_product"


class Transition(Shape):
    from_: StateName = Field(alias="from")
    to: StateName
    by: Slug
    actor: tuple[RoleId, ...] = ()
    grace_days: Count = 0
    keep_access_rights_days: Positive | None = None
    records_end_date: bool = False
    restores_access_rights: bool = False


class TokenRules(Shape):
    evaluated_at: tuple[Literal["authorization", "refresh"], ...]
    access_token_max_seconds: Annotated[int, Field(gt=0, le=600)]


class SubscriptionsFile(Shape):
    schema_: Literal[1] = Field(alias="schema")
    plans: Annotated[tuple[Plan, ...], Field(min_length=1)]
    seats: SeatRules
    states: Annotated[tuple[State, ...], Field(min_length=1)]
    transitions: tuple[Transition, ...]
    token_rules: TokenRules


class Preset(Shape):
    """A mandate a company can give as it stands: a role per product, and what it opens of the company's account.

    `summary` says in a sentence what the firm does with it, where the label alone does not set it apart.
    """

    id: Name
    label: Texts
    summary: Texts | None = None
    default: bool = False
    roles: Annotated[FrozenMap[Name, RoleId], Field(min_length=1)]
    company: tuple[PermissionId, ...] = ()
    max_days: Positive | None = None


class MandateOption(Shape):
    """Added to a preset by a separate consent of those named in `consent_by`."""

    id: Name
    label: Texts
    roles: Annotated[FrozenMap[Name, RoleId], Field(min_length=1)]
    consent_by: Annotated[tuple[RoleId, ...], Field(min_length=1)]


class WayStep(Shape):
    by: Annotated[tuple[RoleId, ...], Field(min_length=1)]
    permission: PermissionId
    input: tuple[Slug, ...] = ()


class Way(Shape):
    """How a mandate comes about: who starts it, who finishes it."""

    id: Name
    label: Texts
    start: WayStep
    finish: WayStep
    same_firm_address: bool = False
    """The address the company types must be the one of the firm's account that asked."""


class Colleagues(Shape):
    given_by: Annotated[tuple[RoleId, ...], Field(min_length=1)]
    preferred_language: bool = True


class MandateError(Shape):
    id: Slug
    label: Texts
    limited: bool = False
    """Shown only to who may invite a firm, and a limited number of times, so that addresses cannot be looked up."""


class MandateRules(Shape):
    invitation_days: Positive
    firms_per_company: Positive
    address_tries_per_hour: Positive
    seat: Literal["none"]
    user_restrictions_apply: bool
    end_by_client: Literal["immediate"]
    end_by_firm: Literal["immediate"]
    new_colleague: Literal["gets_nothing"]
    client_sees: tuple[Slug, ...]
    firm_states: FrozenMap[StateName, Level]
    """State of the firm's own subscription → highest level its mandates keep; states absent change nothing."""

    @property
    def invitation_lifetime(self) -> timedelta:
        return timedelta(days=self.invitation_days)


class MandatesFile(Shape):
    schema_: Literal[1] = Field(alias="schema")
    presets: Annotated[tuple[Preset, ...], Field(min_length=1)]
    options: tuple[MandateOption, ...]
    never: tuple[Pattern, ...]
    ways: Annotated[tuple[Way, ...], Field(min_length=1)]
    colleagues: Colleagues
    errors: tuple[MandateError, ...]
    states: Annotated[tuple[StateName, ...], Field(min_length=1)]
    rules: MandateRules
