"""Companies, memberships and roles, subscriptions, mandates."""

from idp.companies.models.company import AccessClock, Company
from idp.companies.models.mandate import Assignment, Mandate
from idp.companies.models.membership import (
    CustomRole,
    Invitation,
    InvitedRole,
    Membership,
    ProductRole,
    StaffRole,
)
from idp.companies.models.subscription import SubscribedProduct, Subscription

__all__ = [
    "AccessClock",
    "Assignment",
    "Company",
    "CustomRole",
    "Invitation",
    "InvitedRole",
    "Mandate",
    "Membership",
    "ProductRole",
    "StaffRole",
    "SubscribedProduct",
    "Subscription",
]
