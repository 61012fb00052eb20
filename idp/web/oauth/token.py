"""Token endpoint (RFC 6749 §3.2), introspection (RFC 7662) and revocation (RFC 7009)."""

from flask import Blueprint, Response

from idp.oidc.grants import AuthorizationCodeGrant, ClientCredentialsGrant, ProofKey, RefreshTokenGrant
from idp.oidc.introspection import IntrospectionEndpoint, RevocationEndpoint
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
def introspect() -> Response:
    plain = backchannel.plain_form()
    server = Server(open_work())
    server.register_endpoint(IntrospectionEndpoint)
    return backchannel.answer(server.create_endpoint_response("introspection", plain))


@blueprint.post("/oauth/revoke")
def revoke() -> Response:
    plain = backchannel.plain_form()
    server = Server(open_work(write=True))
    server.register_endpoint(RevocationEndpoint)
    return backchannel.answer(server.create_endpoint_response("revocation", plain))
