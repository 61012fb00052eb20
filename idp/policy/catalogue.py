"""What the other floors hold: the policies as loaded, indexed and frozen. Built once, by `load.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from idp.policy.account import AccountPolicy, AccountPolicyFile, Limit
from idp.policy.agreements import (
    Colleagues,
    MandateError,
    MandateOption,
    MandateRules,
    MandatesFile,
    Plan,
    Preset,
    SeatRules,
    State,
    SubscriptionsFile,
    TokenRules,
    Transition,
    Way,
)
from idp.policy.models import (
    Area,
    CustomRoles,
    Permission,
    ProductFile,
    ProductRules,
    Restriction,
    RoleEntry,
)

ACCOUNT_FILE = "account-policy.yaml"
MANDATES_FILE = "mandates.yaml"
SUBSCRIPTIONS_FILE = "subscriptions.yaml"


@dataclass(frozen=True)
class Files:
    """The files as read, each of the right shape, not yet compared with one another. Products by file name."""

    products: Mapping[str, ProductFile]
    subscriptions: SubscriptionsFile
    mandates: MandatesFile
    account: AccountPolicyFile
    revision: str


@dataclass(frozen=True, eq=False)
class Role:
    """A built-in role and what it comes to.

    Attributes:
        permissions: the set with every switch off (steps 1 to 3 of `policies/README.md`).
        switches: for roles whose areas have switches, what each adds when on; empty for all other roles.
        entry: the role as the file writes it (`unique`, `combinable`, `max_days`, `scopes`, …).
    """

    id: str
    product: str
    label: Mapping[str, str]
    summary: Mapping[str, str]
    held_by: frozenset[str]
    assignable_by: frozenset[str]
    seat: bool
    ignores_user_restrictions: bool
    permissions: frozenset[str]
    switches: Mapping[str, frozenset[str]]
    switch_defaults: frozenset[str]
    entry: RoleEntry

    @property
    def mfa_required(self) -> bool:
        """No company setting may exempt a holder from the second factor."""
        return self.entry.mfa == "required"

    @property
    def widest(self) -> frozenset[str]:
        """The permissions with every switch on."""
        return self.permissions.union(*self.switches.values())


@dataclass(frozen=True, eq=False)
class Service:
    """A connected service; one of the same name in several products is one service."""

    id: str
    label: Mapping[str, str]
    per_person: bool
    products: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Product:
    """A product with its areas and permissions in the order of its file.

    Attributes:
        restricted: what each restriction takes out of the permissions, by restriction id.
        practice_only: permissions that only make sense on a firm's own account.
    """

    id: str
    kind: Literal["application", "administration", "operations"]
    order: int
    firm_only: bool
    label: Mapping[str, str]
    summary: Mapping[str, str]
    default_role: str | None
    accountant_role: str | None
    inline_permissions: bool
    areas: Mapping[str, Area]
    permissions: Mapping[str, Permission]
    roles: tuple[str, ...]
    services: tuple[str, ...]
    rules: ProductRules
    custom_roles: CustomRoles
    restrictions: Mapping[str, Restriction]
    restricted: Mapping[str, frozenset[str]]
    practice_only: frozenset[str]

    @property
    def subscribed(self) -> bool:
        """Whether a company subscribes to it; otherwise it has no subscription state."""
        return self.kind == "application"


@dataclass(frozen=True, eq=False)
class Policies:
    """Everything the business allows, as read from `policies/`. Compared and hashed by identity.

    Mappings are read-only and in file order; products are in the order they are shown.
    `revision` is a short digest of the files: two processes with the same one obey the same rules.
    """

    revision: str
    products: Mapping[str, Product]
    roles: Mapping[str, Role]
    permissions: Mapping[str, Permission]
    services: Mapping[str, Service]
    plans: Mapping[str, Plan]
    seats: SeatRules
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    token_rules: TokenRules
    presets: Mapping[str, Preset]
    options: Mapping[str, MandateOption]
    never: frozenset[str]
    ways: Mapping[str, Way]
    colleagues: Colleagues
    mandate_errors: Mapping[str, MandateError]
    mandate_states: tuple[str, ...]
    mandates: MandateRules
    account: AccountPolicy

    @property
    def invitation_lifetime(self) -> timedelta:
        return self.account.invitation_lifetime

    @property
    def activation_lifetime(self) -> timedelta:
        return self.account.activation_lifetime

    @property
    def session_lifetime(self) -> timedelta:
        return self.account.session_lifetime

    @property
    def session_idle(self) -> timedelta:
        return self.account.session_idle

    @property
    def step_up_max_age(self) -> timedelta:
        return self.account.step_up_max_age

    @property
    def trusted_device_lifetime(self) -> timedelta:
        return self.account.trusted_device_lifetime

    @property
    def access_token_lifetime(self) -> timedelta:
        return timedelta(seconds=self.token_rules.access_token_max_seconds)

    @property
    def mandate_address_tries(self) -> Limit:
        return Limit(self.mandates.address_tries_per_hour, timedelta(hours=1))

    @property
    def default_preset(self) -> Preset:
        return next(preset for preset in self.presets.values() if preset.default)  # checked at load: exactly one
