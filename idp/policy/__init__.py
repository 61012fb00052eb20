"""What the business allows: products, permissions, roles, subscriptions, mandates and the rules of the account."""

from idp.policy.account import AccountPolicy, Limit
from idp.policy.catalogue import Policies, Product, Role, Service
from idp.policy.errors import PolicyError, Problem
from idp.policy.load import load
from idp.policy.models import label_for
from idp.policy.permissions import Effective, Grant, ceiling_of, effective

__all__ = [
    "AccountPolicy",
    "Effective",
    "Grant",
    "Limit",
    "Policies",
    "PolicyError",
    "Problem",
    "Product",
    "Role",
    "Service",
    "ceiling_of",
    "effective",
    "label_for",
    "load",
]
