"""The parameter `claims`: single claims, for the ID token and for userinfo, and what has to hold of the person
(OIDC Core §5.5)."""

import json
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.oidc.clients import RegisteredClient

BY_SCOPE = {
    "profile": ("name", "given_name", "family_name", "locale"),
    "email": ("email", "email_verified"),
}
"""The claims that one may ask for one by one; the others are told where they belong, asked for or not."""
_PLACES = ("id_token", "userinfo")
_MEMBERS: dict[str, type] = {"essential": bool, "values": list}

Asked = dict[str, Any]


def read(text: str) -> Asked:
    """The parameter, once it has the shape of OIDC Core §5.5.

    Raises:
        InvalidRequestError: it has not. Members that are not known are ignored, as the standard demands.
    """
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The 'claims' are not JSON.") from error
    if not isinstance(asked, dict):
        raise InvalidRequestError("The 'claims' are no JSON object.")
    for place in _PLACES:
        wishes = asked.get(place)
        if wishes is None:
            continue
        if not isinstance(wishes, dict) or not all(map(_is_wish, wishes.values())):
            raise InvalidRequestError(f"The '{place}' of 'claims' is not as it should be.")
    return asked


def _is_wish(wish: Any) -> bool:
    if wish is None:
        return True
    return isinstance(wish, dict) and all(
        isinstance(wish[name], kind) for name, kind in _MEMBERS.items() if name in wish
    )


def granted(client: RegisteredClient, asked: Asked) -> dict[str, list[str]]:
    """By place, the claims that the client gets beyond its scopes: those within a scope it is registered for."""
    scopes = client.scope.split()
    known = {name for scope, names in BY_SCOPE.items() if scope in scopes for name in names}
    found = {place: [name for name in asked.get(place) or {} if name in known] for place in _PLACES}
    return {place: names for place, names in found.items() if names}


def scopes_of(names: dict[str, list[str]]) -> list[str]:
    """The scopes within which single claims lie, so that the person is asked in the same words for both."""
    wanted = {name for place in _PLACES for name in names.get(place, ())}
    return [scope for scope, members in BY_SCOPE.items() if wanted & set(members)]


def essential_acr(parameters: dict[str, str]) -> list[Any] | None:
    """The values one of which `acr` has to have (OIDC Core §5.5.1.1); None when nothing is demanded so."""
    wish = _of_id_token(parameters, "acr")
    if not wish or not wish.get("essential"):
        return None
    return _values(wish) or None


def subject(parameters: dict[str, str]) -> list[Any] | None:
    """The values one of which `sub` has to have: the person that the client means (OIDC Core §5.5.1)."""
    wish = _of_id_token(parameters, "sub")
    return _values(wish) or None if wish else None


def _of_id_token(parameters: dict[str, str], name: str) -> dict[str, Any] | None:
    text = parameters.get("claims")
    if text is None:
        return None
    wish: dict[str, Any] | None = (read(text).get("id_token") or {}).get(name)
    return wish


def _values(wish: dict[str, Any]) -> list[Any]:
    return [wish["value"]] if "value" in wish else list(wish.get("values", []))
