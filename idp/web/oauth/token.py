"""Token endpoint (RFC 6749 §3.2), introspection (RFC 7662) and revocation (RFC 7009)."""

from flask import Blueprint, Response

from idp.oidc import introspection
from idp.oidc.clients import RegisteredClient
from idp.oidc.errors import InvalidRequest
from idp.oidc.grants import AuthorizationCodeGrant, ClientCredentialsGrant, ProofKey, RefreshTokenGrant
from idp.oidc.server import Server
from idp.web.oauth import backchannel
from idp.web.work import open_work

blueprint = backchannel.protect(Blueprint("token", __name__))
READS_ONLY = "client_credentials"  # needs no row: an access token is stateless


@blueprint.post("/oauth/token")
def token() -> Response:
    plain = backchannel.plain_form()
    writes = ("grant_type", READS_ONLY) not in plain.form
    server = Server(open_work(write=writes))
    server.register_grant(AuthorizationCodeGrant, [ProofKey()])
    server.register_grant(RefreshTokenGrant)
    server.register_grant(ClientCredentialsGrant)
    return backchannel.answer(server.create_token_response(plain))


@blueprint.post("/oauth/introspect")
@backchannel.as_result
def introspect() -> Response:
    work = open_work()
    client, token = _asked(Server(work))
    return backchannel.json_answer(introspection.introspect(work, client, token))


@blueprint.post("/oauth/revoke")
@backchannel.as_result
def revoke() -> Response:
    work = open_work(write=True)
    client, token = _asked(Server(work))
    introspection.revoke(work, client, token)
    return backchannel.json_answer({})


def _asked(server: Server) -> tuple[RegisteredClient, str]:
    """Who asks, and about which token (RFC 7009 §2.1, RFC 7662 §2.1)."""
    request = server.create_oauth2_request(backchannel.plain_form())
    client = server.authenticate_client(request)
    if "token" not in request.form:
        raise InvalidRequest("Missing 'token'.")
    return client, request.form["token"]
