"""Device authorization endpoint (RFC 8628 §3.1)."""

from flask import Blueprint

from idp.oidc import device_grant
from idp.oidc.server import PlainResponse
from idp.web.oauth import backchannel
from idp.web.oauth.direct import Call, Channel, json_answer

channel = Channel(backchannel.protect(Blueprint("oauth_device_authorization", __name__)))


@channel.endpoint("/oauth/device_authorization", "POST", pages=True)
def device_authorization(call: Call) -> PlainResponse:
    plain = call.form()
    return json_answer(device_grant.begin(call.work(write=True), plain))
