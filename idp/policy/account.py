"""Shape of `account-policy.yaml`, and the account rules as the other floors read them: spans and limits."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from idp.policy.agreements import Count, Positive, Slug
from idp.policy.models import Shape, Texts


@dataclass(frozen=True)
class Limit:
    """At most `max` within `per`; beyond it, nothing for `pause` (zero: until the window has moved on)."""

    max: int
    per: timedelta
    pause: timedelta = timedelta(0)


class EmailRules(Shape):
    unique: Literal[True]
    case_sensitive: Literal[False]
    verified_before_use: Literal[True]
    local_part_max: Literal[64]
    domain_max: Literal[255]


class Identity(Shape):
    email: EmailRules
    one_person_one_account: Literal[True]
    names: tuple[Literal["given_name", "family_name"], ...]
    locales: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")], ...], Field(min_length=1)]


class Password(Shape):
    min_length: Annotated[int, Field(ge=12)]  # R-01, beside a second factor
    max_length: Annotated[int, Field(ge=64)]
    composition_rules: Literal[False]
    refuse: tuple[Literal["breached_list", "email", "names", "company_name", "product_name"], ...]
    history: Count
    expiry_days: None


class SecondFactor(Shape):
    """A method; the numbers are those of the methods that compute codes (RFC 6238)."""

    id: Slug
    label: Texts
    recommended: bool = False
    recovery_only: bool = False
    digits: Annotated[int, Field(ge=6, le=8)] | None = None
    period_seconds: Positive | None = None
    window_steps: Count | None = None
    replay: Literal["refused"] | None = None


class RecoveryContactRules(Shape):
    required: Literal["one_of"]
    kinds: tuple[Literal["phone", "email"], ...]
    must_differ_from: tuple[Literal["sign_in_email"], ...]
    verified: Literal[True]


class BackupCodes(Shape):
    count: Positive
    length: Annotated[int, Field(ge=16)]  # five bits each
    single_use: Literal[True]
    stored: Literal["hashed"]
    shown_once: Literal[True]
    must_confirm_saved: Literal[True]


class TrustedDevice(Shape):
    offered: bool
    days: Positive
    skips: Literal["second_factor_only"]
    ends_on: tuple[Slug, ...]


class TwoFactor(Shape):
    required: bool
    grace_sign_ins: Literal[0]
    methods: Annotated[tuple[SecondFactor, ...], Field(min_length=1)]
    recovery_contact: RecoveryContactRules
    backup_codes: BackupCodes
    trusted_device: TrustedDevice
    code_ttl_seconds: Annotated[int, Field(gt=0, le=600)]


class Sms(Shape):
    """Where text messages may go: ISO 3166-1 codes."""

    countries: Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], Field(min_length=1)]


class Recovery(Shape):
    fresh_contact_hours: Positive
    fresh_contact_wait_minutes: Positive
    lost_device_completed_by: Literal["link_to_sign_in_email"]


class SupportReset(Shape):
    four_eyes: Literal[True]
    wait_hours: Positive
    wait_hours_if_confirmed_by_person: Positive
    stop_link_in_notice: Literal[True]
    repeat_flag_days: Positive


class LimitEntry(Shape):
    max: Positive
    per_minutes: Positive
    effect: Literal["temporary_block", "pause"] | None = None
    block_minutes: Positive | None = None
    pause_minutes: Positive | None = None
    notify: bool = False
    other_methods: Literal["still_allowed"] | None = None

    def limit(self) -> Limit:
        pause = self.block_minutes or self.pause_minutes or 0
        return Limit(self.max, timedelta(minutes=self.per_minutes), timedelta(minutes=pause))


class Limits(Shape):
    wrong_passwords: LimitEntry
    wrong_codes: LimitEntry
    code_sends: LimitEntry
    sms_per_number: LimitEntry
    sms_per_country: LimitEntry
    same_answer_for_unknown_email: Literal[True]


class Links(Shape):
    activation_days: Positive
    invitation_days: Positive
    password_reset_minutes: Positive
    email_change_minutes: Positive
    email_change_undo_days: Positive
    email_change_cooling_off_hours: Positive
    two_factor_setup_minutes: Positive
    order_page_minutes: Positive
    single_use: Literal[True]


class Sessions(Shape):
    single_sign_on_hours: Positive
    idle_minutes: Positive
    step_up_max_age_seconds: Positive
    list_and_end_own: Literal[True]


class SignalThreshold(Shape):
    devices: Positive
    days: Positive


class SharingSignal(Shape):
    id: Slug
    weight: Positive
    label: Texts
    threshold: SignalThreshold | None = None


class SharingResponse(Shape):
    notice_at: Positive
    second_factor_each_time_at: Positive
    review_at: Positive
    automatic_block: Literal[False]
    signals_kept_days: Positive
    mute_after_dismissal_days: Positive


class Erasure(Shape):
    asked_by: Literal["person"]
    cooling_off_days: Positive
    blocked_while: tuple[Slug, ...]
    keeps: tuple[Slug, ...]
    frees_email: Literal[True]


class AccountPolicyFile(Shape):
    """The file as written; the other floors use its typed face below."""

    schema_: Literal[1] = Field(alias="schema")
    identity: Identity
    password: Password
    two_factor: TwoFactor
    sms: Sms
    recovery: Recovery
    support_reset: SupportReset
    limits: Limits
    links: Links
    sessions: Sessions
    sharing_signals: tuple[SharingSignal, ...]
    sharing_response: SharingResponse
    erasure: Erasure


@dataclass(frozen=True)
class Totp:
    """Parameters of RFC 6238; `window` counts the steps accepted on either side of the current one."""

    digits: int
    period: timedelta
    window: int


@dataclass(frozen=True)
class AccountPolicy:
    """The account rules in the units the code counts in. `file` has the rest, word for word."""

    file: AccountPolicyFile
    locales: tuple[str, ...]
    totp: Totp
    second_factors: tuple[SecondFactor, ...]
    password_min: int
    password_max: int
    password_history: int
    password_refuse: tuple[str, ...]
    backup_code_count: int
    backup_code_length: int
    wrong_passwords: Limit
    wrong_codes: Limit
    code_sends: Limit
    sms_per_number: Limit
    sms_per_country: Limit
    sms_countries: frozenset[str]
    code_lifetime: timedelta
    activation_lifetime: timedelta
    invitation_lifetime: timedelta
    password_reset_lifetime: timedelta
    email_change_lifetime: timedelta
    email_change_undo_lifetime: timedelta
    email_change_cooling_off: timedelta
    two_factor_setup_lifetime: timedelta
    order_page_lifetime: timedelta
    session_lifetime: timedelta
    session_idle: timedelta
    step_up_max_age: timedelta
    trusted_device_lifetime: timedelta
    trusted_device_offered: bool
    fresh_contact_age: timedelta
    fresh_contact_wait: timedelta
    support_reset_wait: timedelta
    support_reset_wait_confirmed: timedelta
    erasure_cooling_off: timedelta


def typed(file: AccountPolicyFile) -> AccountPolicy:
    """Read the file's numbers into spans and limits."""
    factor = file.two_factor
    code = next(method for method in factor.methods if method.digits)  # checked at load: exactly one computes codes
    links, sessions = file.links, file.sessions
    return AccountPolicy(
        file=file,
        locales=file.identity.locales,
        totp=Totp(code.digits or 0, timedelta(seconds=code.period_seconds or 0), code.window_steps or 0),
        second_factors=factor.methods,
        password_min=file.password.min_length,
        password_max=file.password.max_length,
        password_history=file.password.history,
        password_refuse=file.password.refuse,
        backup_code_count=factor.backup_codes.count,
        backup_code_length=factor.backup_codes.length,
        wrong_passwords=file.limits.wrong_passwords.limit(),
        wrong_codes=file.limits.wrong_codes.limit(),
        code_sends=file.limits.code_sends.limit(),
        sms_per_number=file.limits.sms_per_number.limit(),
        sms_per_country=file.limits.sms_per_country.limit(),
        sms_countries=frozenset(file.sms.countries),
        code_lifetime=timedelta(seconds=factor.code_ttl_seconds),
        activation_lifetime=timedelta(days=links.activation_days),
        invitation_lifetime=timedelta(days=links.invitation_days),
        password_reset_lifetime=timedelta(minutes=links.password_reset_minutes),
        email_change_lifetime=timedelta(minutes=links.email_change_minutes),
        email_change_undo_lifetime=timedelta(days=links.email_change_undo_days),
        email_change_cooling_off=timedelta(hours=links.email_change_cooling_off_hours),
        two_factor_setup_lifetime=timedelta(minutes=links.two_factor_setup_minutes),
        order_page_lifetime=timedelta(minutes=links.order_page_minutes),
        session_lifetime=timedelta(hours=sessions.single_sign_on_hours),
        session_idle=timedelta(minutes=sessions.idle_minutes),
        step_up_max_age=timedelta(seconds=sessions.step_up_max_age_seconds),
        trusted_device_lifetime=timedelta(days=factor.trusted_device.days),
        trusted_device_offered=factor.trusted_device.offered,
        fresh_contact_age=timedelta(hours=file.recovery.fresh_contact_hours),
        fresh_contact_wait=timedelta(minutes=file.recovery.fresh_contact_wait_minutes),
        support_reset_wait=timedelta(hours=file.support_reset.wait_hours),
        support_reset_wait_confirmed=timedelta(hours=file.support_reset.wait_hours_if_confirmed_by_person),
        erasure_cooling_off=timedelta(days=file.erasure.cooling_off_days),
    )
