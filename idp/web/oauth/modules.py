"""What a product says of its own applications: which of them are activated at a company (EMP-12)."""

import json
from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from idp.companies import module
from idp.companies.module import Modules
from idp.core.errors import InvalidInput, NotFound
from idp.oidc.clients import RegisteredClient
from idp.oidc.server import PlainRequest, Server
from idp.web.oauth import backchannel
from idp.web.work import act_as, open_work
from idp.work import Actor, Work

blueprint = backchannel.protect(Blueprint("oauth_modules", __name__))
PATH = "/modules/<uuid:company_id>"
BODY_MAX = 16 * 1024


class Told(BaseModel):
    """All applications that are activated."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    on: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]


@blueprint.get(PATH)
@backchannel.as_result
def show_modules(company_id: UUID) -> Response:
    """How the applications of the client's product stand at a company that subscribes to it."""
    work = open_work()
    client = _authenticated(work)
    try:
        return _answer(client, module.of_product(work, company_id, client.product or ""))
    except NotFound:
        return _unknown()


@blueprint.put(PATH)
@backchannel.as_result
def tell_modules(company_id: UUID) -> Response:
    """Note which ones are activated; all others are not."""
    work = open_work()
    client = _authenticated(work)
    told = _read()
    acting = act_as(work, Actor("client", client.id, name=client.client_id))
    acting.write_after_reading()
    try:
        return _answer(client, module.tell(acting, company_id, client.product or "", told.on))
    except NotFound:
        return _unknown()


def _authenticated(work: Work) -> RegisteredClient:
    server = Server(work)
    plain = PlainRequest("POST", request.path, headers=backchannel.authorization())
    return server.authenticate_client(server.create_oauth2_request(plain))


def _read() -> Told:
    """The body.

    Raises:
        InvalidInput: it is no JSON object with the one list.
    """
    body = request.get_data(cache=False)
    if len(body) > BODY_MAX or request.mimetype != "application/json":
        raise InvalidInput(field="body")
    try:
        return Told.model_validate_json(body)
    except (ValidationError, UnicodeDecodeError) as error:
        raise InvalidInput(field="on") from error


def _answer(client: RegisteredClient, found: Modules) -> Response:
    body = {"product": client.product, "on": list(found.on), "off": list(found.off)}
    return Response(json.dumps(body), mimetype="application/json", headers=backchannel.NO_STORE)


def _unknown() -> Response:
    return backchannel.error("not_found", "No company with this key subscribes to this client's product.", 404)
