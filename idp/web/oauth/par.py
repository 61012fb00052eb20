"""Pushed authorization request endpoint (RFC 9126 §2)."""

from flask import Blueprint

from idp.oidc import authorization
from idp.oidc.errors import ProtocolError
from idp.oidc.server import PlainResponse, Server, answer_error
from idp.web.oauth import backchannel
from idp.web.oauth.direct import Call, Channel, json_answer

channel = Channel(backchannel.protect(Blueprint("par", __name__)))


@channel.endpoint("/oauth/par", "POST", pages=True)
def push(call: Call) -> PlainResponse:
    """Check a request as the authorization endpoint would, and keep it for the browser that is about to come."""
    plain = call.form()
    server = Server(call.work(write=True))
    request = server.create_oauth2_request(plain)
    try:
        proof = request.proof = server.proof_of(request)
        client = server.authenticate_client(request, endpoint="par")
        answer = json_answer(authorization.push(server.work, client, request.form, proof), 201)
    except ProtocolError as problem:
        answer = answer_error(problem)
    return server.with_nonce(request, answer)
