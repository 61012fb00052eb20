"""What the engine answers: an access, or a refusal with what exactly is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

from idp.policy.permissions import Restrictions


class Reason(StrEnum):
    """What a product or a page is told."""

    NO_ACCESS = "no_access"
    SUBSCRIPTION_ENDED = "subscription_ended"
    ACCOUNT_BLOCKED = "account_blocked"


class Why(StrEnum):
    """What exactly is missing. A company the person has nothing to do with answers like one that does not exist."""

    NOT_A_MEMBER = "not_a_member"
    MEMBERSHIP_SUSPENDED = "membership_suspended"
    COMPANY_CLOSED = "company_closed"
    COMPANY_SUSPENDED = "company_suspended"
    NO_ROLE = "no_role"
    NOT_SUBSCRIBED = "not_subscribed"
    NOTHING_LEFT = "nothing_left"
    ENDED = "ended"
    BLOCKED = "blocked"
    NEEDS_PRACTICE_ROLE = "needs_practice_role"
    FIRM_SUBSCRIPTION = "firm_subscription"
    NOT_ASSIGNED = "not_assigned"
    NOT_COVERED = "not_covered"


class Access(NamedTuple):
    """What a person may do in one product of one company.

    Attributes:
        role: id of the role; `<product>.custom` for a role the company or the firm made itself.
        permissions: the effective ones, sorted, never empty; `permission_set` is their digest.
        step_up: those of the permissions that demand a fresh second factor.
        firm_id: under a mandate, the firm the person works for.
        until: end of a mandate or of a temporary right; no token outlives it.
        subscription: state of the product; None for one without subscription.
        subscription_until: end of a trial or of a notice.
        epoch: greatest among the rows this answer came from; grows with every change.
        needs_second_factor: the role is never used on a password alone.
        locale: the language that the firm chose for the person there; None for that of the account.
    """

    account_id: UUID
    company_id: UUID
    company_name: str
    product: str
    role: str
    custom_role_id: UUID | None
    role_labels: Mapping[str, str]
    permissions: tuple[str, ...]
    permission_set: str
    restrictions: Restrictions
    step_up: frozenset[str]
    via: Literal["membership", "mandate"]
    firm_id: UUID | None
    firm_name: str
    until: datetime | None
    subscription: str | None
    subscription_until: datetime | None
    epoch: int
    needs_second_factor: bool
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no access.

    Attributes:
        company_name: empty unless the person belongs to the company or works for it.
        date: when the subscription of the product ended.
        kept_until: until when its data and rights are kept.
    """

    company_id: UUID
    product: str
    reason: Reason
    why: Why
    company_name: str = ""
    date: datetime | None = None
    kept_until: datetime | None = None
