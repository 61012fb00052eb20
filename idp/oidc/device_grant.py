"""Device authorization grant: the endpoint at which a device begins, and the grant by which it polls (RFC 8628)."""

from typing import Any

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError

from idp.oidc import details, device, families, grants, refresh
from idp.oidc.binding import Binding
from idp.oidc.clients import AUTH_METHODS, COMPANY_SCOPE, RegisteredClient
from idp.oidc.device import Bought, Poll
from idp.oidc.grant_types import DEVICE_CODE
from idp.oidc.server import PlainRequest, Server
from idp.work import Work

PATH = "/device"
KEPT = ("company", "acr_values", "scope")
"""What of a request has to do with the person who answers."""
LONGEST = 2000
_REFUSALS = {
    Poll.PENDING: AuthorizationPendingError,
    Poll.TOO_EARLY: SlowDownError,
    Poll.REFUSED: AccessDeniedError,
    Poll.EXPIRED: ExpiredTokenError,
}


def begin(work: Work, plain: PlainRequest) -> dict[str, Any]:
    """The answer to a device authorization request (RFC 8628 §3.2), with the address of an image of its QR code.

    Raises:
        OAuth2Error: the client is not known or not for this, or a parameter cannot be used.
    """
    server = Server(work)
    request = server.create_oauth2_request(plain)
    client = server.authenticate_client(request, endpoint="device_authorization")
    if not client.check_grant_type(DEVICE_CODE):
        raise UnauthorizedClientError("The client is not registered for devices.")
    parameters = {name: request.form[name] for name in KEPT if name in request.form}
    for name, value in parameters.items():
        if len(value) > LONGEST:
            raise InvalidRequestError(f"The '{name}' is too long.")
    grants.check_resource(client, request.form.get("resource"))
    details.refuse(request.form)
    allowed = client.get_allowed_scope(parameters.get("scope"))
    if allowed is None:
        raise InvalidScopeError()
    scope = " ".join(value for value in allowed.split() if not value.startswith(COMPANY_SCOPE))
    codes = device.ask(work, client, scope, parameters)
    page = work.issuer + PATH
    return {
        "device_code": codes.device_code,
        "user_code": codes.user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={codes.user_code}",
        "qr_code_uri": f"{page}/qr/{codes.user_code}.svg",
        "expires_in": int(device.LIFETIME.total_seconds()),
        "interval": device.INTERVAL,
    }


class DeviceCodeGrant(grants.ExtensionGrant):
    """The poll of a device, and its tokens once a person has allowed them (RFC 8628 §3.4)."""

    GRANT_TYPE = DEVICE_CODE
    TOKEN_ENDPOINT_AUTH_METHODS = list(AUTH_METHODS)
    NEEDS = ("device_code",)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        work: Work = self.server.work
        client: RegisteredClient = self.request.client
        bound: Binding | None = self.request.bound
        grants.check_resource(client, self.request.form.get("resource"))
        details.refuse(self.request.form)
        found = device.spend(work, self.request.form["device_code"], client)
        if not isinstance(found, Bought):
            raise _REFUSALS.get(found, _unknown)()
        subject, session_ends_at = grants.session_behind(work, found.session_id)
        reach = grants.reach_of(work, client, subject, found.company_id)
        families.open_for(
            work, client, subject, grant_id=found.grant_id, company_id=found.company_id,
            scope=found.scope, session_ends_at=session_ends_at, bound=bound,
        )  # fmt: skip
        answer = grants.answer_for(work, client, subject, found.scope, found.grant_id, reach, None, bound)
        if client.check_grant_type("refresh_token"):
            answer["refresh_token"] = refresh.issue(work, found.grant_id)
        return 200, answer, self.TOKEN_RESPONSE_HEADER


def _unknown() -> InvalidGrantError:
    return InvalidGrantError("Invalid 'device_code' in request.")
