"""Rich authorization requests (RFC 9396) of the one type there is here: access to a product, for a company.

`[{"type": "product_access", "product": "accounting", "company": "<id>"}]` says in one object what `company` and the
client's registration say apart. Without `company` the person chooses it, and the answer names what they chose.
"""

import json
from typing import Any
from uuid import UUID

from authlib.oauth2 import OAuth2Error

from idp.companies.access import Access
from idp.oidc.clients import COMPANY_SCOPE, RegisteredClient

PARAMETER = "authorization_details"
TYPE = "product_access"
_MEMBERS = frozenset({"type", "product", "company"})


class InvalidDetails(OAuth2Error):
    """RFC 9396 §5: of an unknown type, or not as that type has it."""

    error = "invalid_authorization_details"

    def __init__(self, what: str) -> None:
        super().__init__(f"The 'authorization_details' {what}.")


def check(client: RegisteredClient, parameters: dict[str, str]) -> None:
    """That the details of a request are of the type, for the product of this client, and for the company that the
    request names elsewhere, if it does.

    Raises:
        InvalidDetails: the first rule that is broken.
    """
    if PARAMETER not in parameters:
        return
    detail = _read(parameters[PARAMETER])
    if detail.get("type") != TYPE:
        raise InvalidDetails("are of a type that is not known here")
    if set(detail) - _MEMBERS:
        raise InvalidDetails("hold a member that their type has not")
    if client.product is None or detail.get("product") != client.product:
        raise InvalidDetails("name another product than the one of this client")
    named = detail.get("company")
    if "company" in detail and not _is_identifier(named):
        raise InvalidDetails("name no company")
    scopes = (value.removeprefix(COMPANY_SCOPE) for value in parameters.get("scope", "").split())
    elsewhere = parameters.get("company") or next((v for v in scopes if _is_identifier(v)), None)
    if named and elsewhere and named != elsewhere:
        raise InvalidDetails("name another company than the request does elsewhere")


def refuse(parameters: dict[str, str]) -> None:
    """For requests by which nobody can have any: what would be dropped without a word is refused (RFC 9396 §5).

    Raises:
        InvalidDetails: there are some.
    """
    if PARAMETER in parameters:
        raise InvalidDetails("are not taken here")


def company(parameters: dict[str, str]) -> str | None:
    """The company that the details of a request name, once they are checked."""
    found: str | None = _read(parameters[PARAMETER]).get("company") if PARAMETER in parameters else None
    return found


def check_same(client: RegisteredClient, parameters: dict[str, str], company_id: UUID | None) -> None:
    """That the details of a token request ask for nothing but what was granted (RFC 9396 §6).

    Raises:
        InvalidDetails: they are for something else.
    """
    check(client, parameters)
    named = company(parameters)
    if named is not None and (company_id is None or UUID(named) != company_id):
        raise InvalidDetails("are for another company than what was granted")


def granted(reach: Access) -> list[dict[str, str]]:
    """The details of what a token is for (RFC 9396 §7)."""
    return [{"type": TYPE, "product": reach.product, "company": str(reach.company_id)}]


def _read(text: str) -> dict[str, Any]:
    try:
        details = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidDetails("are not JSON") from error
    if not isinstance(details, list) or len(details) != 1 or not isinstance(details[0], dict):
        raise InvalidDetails("are no array of one object: a token is for one product and one company")
    return details[0]


def _is_identifier(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
