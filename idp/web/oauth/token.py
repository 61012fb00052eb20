"""Token endpoint (RFC 6749 §3.2), introspection (RFC 7662) and revocation (RFC 7009)."""

from flask import Blueprint

from idp.oidc import introspection, signed_answers
from idp.oidc.assertion_grant import JwtBearerGrant
from idp.oidc.clients import AUTH_METHODS, CONFIDENTIAL, RegisteredClient
from idp.oidc.device_grant import DeviceCodeGrant
from idp.oidc.errors import InvalidRequest
from idp.oidc.exchange import TokenExchangeGrant
from idp.oidc.grants import AuthorizationCodeGrant, ClientCredentialsGrant, ProofKey, RefreshTokenGrant
from idp.oidc.server import PlainRequest, PlainResponse, Server
from idp.web.oauth import backchannel
from idp.web.oauth.direct import Call, Channel, json_answer

channel = Channel(backchannel.protect(Blueprint("token", __name__)))
RARE = {each.GRANT_TYPE: each for each in (DeviceCodeGrant, TokenExchangeGrant, JwtBearerGrant)}
"""Grants that the server learns of only where one is asked for: the others are called all day."""
READS_ONLY = "client_credentials"  # needs no row: an access token is stateless


@channel.endpoint("/oauth/token", "POST", pages=True)
def token(call: Call) -> PlainResponse:
    plain = call.form()
    asked = {value for name, value in plain.form if name == "grant_type"}
    server = Server(call.work(write=READS_ONLY not in asked))
    server.register_grant(AuthorizationCodeGrant, [ProofKey()])
    server.register_grant(RefreshTokenGrant)
    server.register_grant(ClientCredentialsGrant)
    for each in asked & RARE.keys():
        server.register_grant(RARE[each])
    answer: PlainResponse = server.create_token_response(plain)
    return answer


@channel.endpoint("/oauth/introspect", "POST")
def introspect(call: Call) -> PlainResponse:
    plain, work = call.form(), call.work()
    asking = Server(work)
    client, token = _asked(asking, plain, CONFIDENTIAL)  # RFC 7662 §2.1: nobody asks who cannot prove who they are
    found = introspection.introspect(work, client, token)
    if signed_answers.accepted(call.environ.get("HTTP_ACCEPT", "")):
        signed = signed_answers.introspection(work, client, found)
        return PlainResponse(200, signed, (("Content-Type", signed_answers.INTROSPECTION),))
    return json_answer(found)


@channel.endpoint("/oauth/revoke", "POST", pages=True)
def revoke(call: Call) -> PlainResponse:
    plain, work = call.form(), call.work(write=True)
    client, token = _asked(Server(work), plain, AUTH_METHODS)
    introspection.revoke(work, client, token)
    return json_answer({})


def _asked(server: Server, plain: PlainRequest, methods: tuple[str, ...]) -> tuple[RegisteredClient, str]:
    """Who asks, and about which token (RFC 7009 §2.1, RFC 7662 §2.1)."""
    request = server.create_oauth2_request(plain)
    client = server.authenticate_client(request, methods)
    if "token" not in request.form:
        raise InvalidRequest("Missing 'token'.")
    return client, request.form["token"]
