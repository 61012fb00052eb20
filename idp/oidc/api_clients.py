"""Clients of this service's own API: registered for it by an operator, with tokens that are for it alone.

The API is a resource like a product's (RFC 8707), and no product: its tokens carry scopes and nothing of what their
person may do in which company. That is looked up at every call (docs/decisions/0012).
"""

from typing import TYPE_CHECKING

from idp.core.errors import InvalidInput
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import ClientRegistration, RegisteredClient

PATH = "/api/v1"
COMPANIES, OPERATIONS = "companies", "operations"
SCOPES = ("companies.read", "companies.write", "operations.read", "operations.write")


def resource(work: Work) -> str:
    """The audience of tokens for the API."""
    return work.issuer + PATH


def is_for_api(work: Work, client: "RegisteredClient | ClientRegistration") -> bool:
    """Whether this client's tokens are for the API."""
    return client.resource == resource(work)


def scopes_of(scope: str) -> tuple[str, ...]:
    """Those of the scopes that are the API's, in their order."""
    asked = set(scope.split())
    return tuple(each for each in SCOPES if each in asked)


def check(work: Work, asked: "ClientRegistration") -> None:
    """What holds for a client of the API, and that no other one has its scopes.

    Raises:
        InvalidInput: names the first field that breaks a rule.
    """
    scopes = scopes_of(asked.scope)
    if not is_for_api(work, asked):
        if scopes:
            raise InvalidInput(field="scope", reason=f"needs the resource {resource(work)}")
        return
    if asked.product is not None:
        raise InvalidInput(field="product", reason="is not for a client of the API")
    if not scopes:
        raise InvalidInput(field="scope", reason="is missing", allowed=list(SCOPES))
    if "client_credentials" in asked.grant_types:
        _check_service(work, asked, scopes)
    elif asked.permissions or asked.company_id:
        raise InvalidInput(field="permissions", reason="are for a client with the grant type client_credentials")


def _check_service(work: Work, asked: "ClientRegistration", scopes: tuple[str, ...]) -> None:
    """A client that acts by itself has its own permissions: of one company, or of running the service."""
    if asked.grant_types != ["client_credentials"]:
        raise InvalidInput(field="grant_types", reason="client_credentials stands alone in a client of the API")
    area = OPERATIONS if asked.company_id is None else COMPANIES
    wrong = [each for each in asked.permissions if not _may_hold(work, each, area)]
    if wrong or not asked.permissions:
        reason = f"are not for a client that works for {'this service' if area == OPERATIONS else 'one company'}"
        raise InvalidInput(field="permissions", reason=reason if wrong else "are missing", unusable=wrong)
    if any(each.partition(".")[0] != area for each in scopes):
        raise InvalidInput(field="scope", reason="does not go with the permissions")


def _may_hold(work: Work, permission: str, area: str) -> bool:
    """Whether a client may hold it by itself: nothing that takes two people, and nothing of the other side."""
    known = work.policies.permissions.get(permission)
    if known is None or known.four_eyes:
        return False
    product = work.policies.products[known.product]
    if area == OPERATIONS:
        return product.kind == "operations"
    return product.kind == "administration" or product.firm_only
