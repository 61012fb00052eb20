"""What this floor holds about a person: see `accounts.personal_data`.

Rows about somebody's access stay, ended, as the history of a company; they name the account by its key alone.
"""

from uuid import UUID

from sqlalchemy import ColumnElement

from idp.accounts.personal_data import Held, canonicals, children, of
from idp.companies.models import (
    Assignment,
    ColleagueRequest,
    FirmInvitation,
    FirstUser,
    Invitation,
    Mandate,
    MandateRequest,
    MandateTerms,
    MandateUse,
    Membership,
    MembershipPeriod,
    Onboarding,
    OnboardingLink,
    OwnershipOffer,
    ProductRole,
    StaffRole,
    SupportCase,
    SupportCaseLink,
)


def _to_the_person(account_id: UUID) -> ColumnElement[bool]:
    return Invitation.canonical.in_(canonicals(account_id))


def _ordered_for(account_id: UUID) -> ColumnElement[bool]:
    return (Onboarding.account_id == account_id) | Onboarding.canonical.in_(canonicals(account_id))


def _asked_at_the_person(account_id: UUID) -> ColumnElement[bool]:
    return MandateRequest.canonical.in_(canonicals(account_id))


def _of_a_firm_to_come(account_id: UUID) -> ColumnElement[bool]:
    return FirmInvitation.canonical.in_(canonicals(account_id))


HELD = (
    of("memberships", Membership, "ended", acts=frozenset({"added_by"})),
    children("membership_periods", MembershipPeriod, "membership_id", Membership, after="ended"),
    of("roles", ProductRole, "ended", acts=frozenset({"granted_by"})),
    of("work_for_clients", Assignment, "ended", acts=frozenset({"given_by"})),
    of("used_at_clients", MandateUse),
    of("staff_roles", StaffRole, "ended"),
    Held(
        "invitations", Invitation, _to_the_person, "kept", frozenset({"token_digest"}),
        emptied={"address": "", "canonical": "", "given_name": "", "family_name": "", "message": ""},
        acts=frozenset({"invited_by", "closed_by"}),
    ),
    of("offers_of_ownership", OwnershipOffer, acts=frozenset({"offered_by"})),
    Held(
        "listed_for_invitation", FirstUser, lambda account_id: FirstUser.canonical.in_(canonicals(account_id)),
    ),
    Held(
        "links_to_first_steps", OnboardingLink,
        lambda account_id: OnboardingLink.canonical.in_(canonicals(account_id)),
        secret=frozenset({"token_digest", "code_digest"}),
    ),
    Held(
        "first_steps_of_companies", Onboarding, _ordered_for, "kept",
        emptied={"address": "", "canonical": ""},
    ),
    Held(
        "mandate_requests", MandateRequest, _asked_at_the_person, "kept", emptied={"address": "", "canonical": ""},
        acts=frozenset({"asked_by"}),
    ),
    Held(
        "invitations_to_create_a_firm", FirmInvitation, _of_a_firm_to_come, "kept", frozenset({"token_digest"}),
        emptied={"address": "", "canonical": ""}, acts=frozenset({"invited_by"}),
    ),
    # Agreements between companies; who of a company acted for it stays, as a pseudonym.
    Held(
        "mandates", Mandate, lambda account_id: Mandate.asked_by == account_id, "kept",
        acts=frozenset({"asked_by"}), shown=False,
    ),
    Held(
        "mandate_terms", MandateTerms, lambda account_id: MandateTerms.changed_by == account_id, "kept",
        acts=frozenset({"changed_by"}), shown=False,
    ),
    of("requests_for_colleagues", ColleagueRequest, acts=frozenset({"closed_by"})),
    children("support_case_links", SupportCaseLink, "case_id", SupportCase, "token_digest"),
    of(
        "support_cases", SupportCase, "kept", emptied={"reason": "", "identity_check": "", "details": {}},
        acts=frozenset({"opened_by", "opened_by_name", "approved_by", "approved_by_name", "closed_by"}),
    ),
)  # fmt: skip
