"""The tables behind the models, for statements that want rows and not entities."""

from sqlalchemy import Table

from idp.accounts.models import Account, EmailAddress
from idp.companies import models
from idp.core.db import Base


def _of(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


accounts = _of(Account)
email_addresses = _of(EmailAddress)
access_clock = _of(models.AccessClock)
companies = _of(models.Company)
firms = companies.alias("firms")
company_suspensions = _of(models.CompanySuspension)
memberships = _of(models.Membership)
product_roles = _of(models.ProductRole)
custom_roles = _of(models.CustomRole)
custom_role_revisions = _of(models.CustomRoleRevision)
subscribed_products = _of(models.SubscribedProduct)
mandates = _of(models.Mandate)
mandate_terms = _of(models.MandateTerms)
mandate_uses = _of(models.MandateUse)
mandate_requests = _of(models.MandateRequest)
firm_invitations = _of(models.FirmInvitation)
assignments = _of(models.Assignment)
staff_roles = _of(models.StaffRole)
invitations = _of(models.Invitation)
invited_roles = _of(models.InvitedRole)
onboardings = _of(models.Onboarding)
onboarding_links = _of(models.OnboardingLink)
first_users = _of(models.FirstUser)
subscriptions = _of(models.Subscription)
client_groups = _of(models.ClientGroup)
grouped_clients = _of(models.GroupedClient)
colleague_requests = _of(models.ColleagueRequest)
support_cases = _of(models.SupportCase)
