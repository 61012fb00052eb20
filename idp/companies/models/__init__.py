"""Companies, memberships and roles, subscriptions, mandates."""

from idp.companies.models.billing import BillingEvent, BillingKey, BillingStream, SubscriptionRequest
from idp.companies.models.client_group import ClientGroup, GroupedClient
from idp.companies.models.colleague_request import ColleagueRequest
from idp.companies.models.company import AccessClock, Company, CompanySuspension
from idp.companies.models.mandate import Assignment, Mandate, MandateTerms, MandateUse
from idp.companies.models.mandate_offer import FirmInvitation, MandateRequest
from idp.companies.models.membership import (
    CustomRole,
    Invitation,
    InvitedRole,
    Membership,
    ProductRole,
    StaffRole,
)
from idp.companies.models.onboarding import FirstUser, Onboarding, OnboardingLink
from idp.companies.models.ownership import OwnershipOffer
from idp.companies.models.period import CustomRoleRevision, MembershipPeriod, ServicePeriod
from idp.companies.models.subscription import SubscribedProduct, Subscription, SubscriptionPeriod
from idp.companies.models.support_case import SupportCase, SupportCaseLink

__all__ = [
    "AccessClock",
    "Assignment",
    "BillingEvent",
    "BillingKey",
    "BillingStream",
    "ClientGroup",
    "ColleagueRequest",
    "Company",
    "CompanySuspension",
    "CustomRole",
    "CustomRoleRevision",
    "FirmInvitation",
    "FirstUser",
    "GroupedClient",
    "Invitation",
    "InvitedRole",
    "Mandate",
    "MandateRequest",
    "MandateTerms",
    "MandateUse",
    "Membership",
    "MembershipPeriod",
    "Onboarding",
    "OnboardingLink",
    "OwnershipOffer",
    "ProductRole",
    "ServicePeriod",
    "StaffRole",
    "SubscribedProduct",
    "Subscription",
    "SubscriptionPeriod",
    "SubscriptionRequest",
    "SupportCase",
    "SupportCaseLink",
]
