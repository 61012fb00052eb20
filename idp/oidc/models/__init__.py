"""Clients, authorizations, tokens, keys."""

from idp.oidc.models.api import IdempotentCall
from idp.oidc.models.authorization import (
    AuthorizationCode,
    AuthorizationRequest,
    Consent,
    ConsentCompany,
    Grant,
    PushedRequest,
)
from idp.oidc.models.client import Client, ClientKeySet, InitialAccessToken, OwnUse, Revision
from idp.oidc.models.device import DeviceRequest
from idp.oidc.models.issuer import TokenIssuer
from idp.oidc.models.key import SigningKey
from idp.oidc.models.logout import LogoutDelivery
from idp.oidc.models.token import PermissionSet, RefreshToken, RevokedAccessToken, UsedToken

__all__ = [
    "AuthorizationCode",
    "AuthorizationRequest",
    "Client",
    "ClientKeySet",
    "Consent",
    "ConsentCompany",
    "DeviceRequest",
    "Grant",
    "IdempotentCall",
    "InitialAccessToken",
    "LogoutDelivery",
    "OwnUse",
    "PermissionSet",
    "PushedRequest",
    "RefreshToken",
    "Revision",
    "RevokedAccessToken",
    "SigningKey",
    "TokenIssuer",
    "UsedToken",
]
