"""The pages people see. Every page behind the menu passes the same gate as the API."""

import base64
import binascii
import json
import time
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, g, redirect, render_template, request
from werkzeug.wrappers import Response

from examples.sample import logout, sign_in
from examples.sample.notices import notice
from examples.sample.parts import parts
from examples.sample.permissions import Access, ProofNeeded
from examples.sample.session import SignedIn
from examples.sample.tokens import ServiceUnavailable, TokenRefused

views = Blueprint("pages", __name__)

JUST_NOW = 60  # seconds


@views.get("/")
def home() -> str | Response:
    company = request.args.get("company", "")  # the launcher opens this product for one company
    if company:
        return redirect(f"/login?{urlencode({'company': company})}", 303)
    if sign_in.own_session().signed_in is None:
        return render_template("welcome.html", came_back=logout.came_back())
    sign_in.required()
    return render_template("home.html")


@views.get("/area/<area_id>")
def area(area_id: str) -> str:
    here = parts()
    found = here.product.area(area_id)
    if found is None:
        abort(404)
    _, access = sign_in.required()
    here.gate.require(access, found)
    allowed = [label for permission, label in found.actions if access.may(permission)]
    return render_template("area.html", area=found, allowed=allowed)


@views.get("/download")
def download() -> Response:
    """Where a product offers its program for other devices. The samples have none to give away, and say so."""
    if parts().product.program is None:
        abort(404)
    return notice("download", 200)


@views.get("/companies")
def companies() -> str:
    signed_in, _ = sign_in.required()
    return render_template("companies.html", companies=parts().service.companies(signed_in.access_token))


@views.get("/told")
def told() -> str:
    """Everything the service has said about this person, decoded."""
    signed_in, access = sign_in.required()
    try:
        userinfo: Any = parts().service.userinfo(signed_in.access_token)
    except (ServiceUnavailable, TokenRefused) as error:
        userinfo = {"error": str(error)}
    return render_template(
        "told.html",
        id_token=(_pretty(_header(signed_in.id_token)), _pretty(signed_in.identity)),
        access_token=(_pretty(_header(signed_in.access_token)), _pretty(access.claims)),
        userinfo=_pretty(userinfo),
        permission_list=_pretty(sorted(access.permissions)),
    )


@views.app_errorhandler(sign_in.SignInNeeded)
def sign_in_needed(_: sign_in.SignInNeeded) -> Response:
    return sign_in.start(request.path if request.method == "GET" else "/")


@views.app_errorhandler(ProofNeeded)
def proof_needed(needed: ProofNeeded) -> Response:
    """Ask the service for what the API's challenge would name, in the same company, and come back to the same page.

    Who has just come back and still lacks it is told so, instead of being sent round and round.
    """
    if time.time() - g.signed_in.proved_again_at < JUST_NOW:
        return notice("proof_needed", 403)
    return sign_in.start(request.path, company=needed.company, **needed.demand)


@views.app_context_processor
def around() -> dict[str, Any]:
    """What the frame of a page shows when somebody is signed in; nothing otherwise."""
    if "access" not in g:
        return {}
    return {
        "signed_in": g.signed_in,
        "access": g.access,
        "menu": parts().gate.menu(g.access),
        "company_name": _company_name(g.signed_in, g.access),
    }


def _company_name(signed_in: SignedIn, access: Access) -> str:
    """The ID token carries the name, the access token only the id; both must speak of the same company."""
    same = signed_in.identity.get("company") == access.company
    return str((signed_in.identity.get("company_name") if same else None) or access.company or "")


def _header(token: str) -> Any:
    segment = token.split(".", 1)[0]
    try:
        return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, binascii.Error):
        return {}


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
