"""Registered clients: as the protocol reads them, and the commands that change them."""

import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log as audit
from idp.core import tokens
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.oidc import (
    api_clients,
    cache,
    certificates,
    client_keys,
    client_metadata,
    client_options,
    encryption,
    keys,
    sectors,
    uris,
)
from idp.oidc.client_options import Options
from idp.oidc.foreign import PublicKey
from idp.oidc.grant_types import FOR_CONFIDENTIAL, FOR_TRUSTED, GRANT_TYPES
from idp.oidc.models import Client
from idp.work import Work

SCOPES = ("openid", "profile", "email", "offline_access")
BY_SECRET = ("client_secret_basic", "client_secret_post")
CONFIDENTIAL = (*BY_SECRET, "private_key_jwt", *certificates.METHODS)
AUTH_METHODS = (*CONFIDENTIAL, "none")
COMPANY_SCOPE = "company:"
_NOT_FOR_READING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # they disguise a name, or break the page that shows it
_CLIENT_ID = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@dataclass(frozen=True, slots=True)
class RegisteredClient(ClientMixin):
    """A client as the protocol needs it: parsed once per revision, never changed."""

    id: UUID
    client_id: str
    names: Mapping[str, str]
    product: str | None
    resource: str | None
    token_endpoint_auth_method: str
    secret_digests: tuple[bytes, ...]
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    backchannel_logout_uri: str | None
    event_uri: str | None
    grant_types: tuple[str, ...]
    scope: str
    signing_algorithm: str
    require_pkce: bool
    inline_permissions: bool
    trusted: bool
    permissions: tuple[str, ...]
    company_id: UUID | None
    home_uri: str | None
    created_at: datetime
    options: Options
    sector: str | None = None  # of a client with pairwise subjects
    algorithms: tuple[str, ...] = client_options.SIGNING  # that count in what it signs
    keys: tuple[PublicKey, ...] = field(default=(), compare=False, repr=False)

    @property
    def public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    def name(self, locale: str) -> str:
        """What the client is called in this language, falling back to English, then to anything."""
        return self.names.get(locale[:2]) or self.names.get("en") or next(iter(self.names.values()), self.client_id)

    def accepted(self, only: str | None) -> tuple[str, ...]:
        """The algorithms that count where the client has registered one, or none, for what it signs."""
        if only is None:
            return self.algorithms
        return (only,) if only in self.algorithms else ()

    # What Authlib asks (RFC 6749 §2).

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The asked scopes this client may have; unknown ones are ignored (OIDC Core §3.1.2.1)."""
        known = self.scope.split()
        asked = (scope or "").split()
        allowed = [value for value in dict.fromkeys(asked) if value in known or value.startswith(COMPANY_SCOPE)]
        return " ".join(allowed) if allowed or not asked else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return uris.matches(self.redirect_uris, redirect_uri, native=self.public)

    def check_client_secret(self, client_secret: str) -> bool:
        given = tokens.digest(client_secret)
        return any(secrets.compare_digest(given, known) for known in self.secret_digests)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.token_endpoint_auth_method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


def find(work: Work, client_id: str) -> RegisteredClient | None:
    """The enabled client of this identifier, from memory unless a client has changed."""
    known = cache.current(work).clients
    client = known.get(client_id)
    written = client_id and len(client_id) <= 200 and client_id.isprintable()  # anything else was never registered
    if client is None and written:
        row = work.session.execute(
            select(*Client.__table__.columns).where(Client.client_id == client_id, Client.disabled_at.is_(None))
        ).one_or_none()
        if row is not None:
            client = known[client_id] = _registered(row._asdict())
    return client


def by_id(work: Work, key: UUID) -> RegisteredClient:
    """A client as it stands in this transaction, past the memory of the process: what is not committed yet must not be
    remembered."""
    return _registered(work.session.execute(select(*Client.__table__.columns).where(Client.id == key)).one()._asdict())


def get(work: Work, client_id: str) -> RegisteredClient:
    """As `find`.

    Raises:
        NotFound: no such client.
    """
    client = find(work, client_id)
    if client is None:
        raise NotFound(kind="client")
    return client


def listing(work: Work) -> list[RegisteredClient]:
    """Every enabled client, by name of identifier."""
    rows = work.session.execute(
        select(*Client.__table__.columns).where(Client.disabled_at.is_(None)).order_by(Client.client_id)
    )
    return [_registered(row._asdict()) for row in rows]


def _registered(row: Mapping[str, Any]) -> RegisteredClient:
    digests = tuple(value for value in (row["secret_digest"], row["next_secret_digest"]) if value)
    values = {item.name: row[item.name] for item in fields(RegisteredClient) if item.name in row}
    for name in ("redirect_uris", "post_logout_redirect_uris", "grant_types", "permissions"):
        values[name] = tuple(values[name])
    values["options"] = options = client_options.read(row["options"])
    values["sector"] = sectors.of(options, values["redirect_uris"])
    values["algorithms"] = client_options.accepted(row["token_endpoint_auth_method"], options)
    return RegisteredClient(**values, secret_digests=digests, keys=client_keys.imported(options.jwks))


@dataclass(frozen=True, slots=True)
class ClientRegistration:
    """What describes a client (RFC 7591 §2). Lists are exact; `names` is by language."""

    names: dict[str, str]
    client_id: str = ""  # made when empty
    product: str | None = None
    resource: str | None = None
    token_endpoint_auth_method: str = "client_secret_basic"
    redirect_uris: list[str] = field(default_factory=list)
    post_logout_redirect_uris: list[str] = field(default_factory=list)
    backchannel_logout_uri: str | None = None
    event_uri: str | None = None
    grant_types: list[str] = field(default_factory=lambda: ["authorization_code", "refresh_token"])
    scope: str = " ".join(SCOPES)
    signing_algorithm: str = "ES256"
    require_pkce: bool = True
    inline_permissions: bool = False
    trusted: bool = True
    permissions: list[str] = field(default_factory=list)
    company_id: UUID | None = None
    home_uri: str | None = None
    options: Options = field(default_factory=Options)


def register(
    work: Work, registration: ClientRegistration, *, development: bool = False
) -> tuple[RegisteredClient, str | None]:
    """Register a client; answers it with its secret, which is shown this once. A public client has none.

    Args:
        development: allow http loopback addresses for what this service calls itself.

    Raises:
        InvalidInput: an address, scope, grant type, algorithm or product is not allowed; names the field.
        Conflict: the identifier is taken, or was once.
    """
    checked = check(work, registration, development=development)
    secret = tokens.new() if checked.token_endpoint_auth_method in BY_SECRET else None
    values = _row(checked)
    values.update(
        id=uuid7(),
        client_id=checked.client_id or "c_" + tokens.new()[:24],
        secret_digest=tokens.digest(secret) if secret else None,
        created_at=work.now,
        updated_at=work.now,
    )
    try:
        with work.session.begin_nested():
            work.session.execute(insert(Client).values(**values))
    except IntegrityError as error:
        raise Conflict(field="client_id", reason="taken") from error
    for algorithm in (checked.signing_algorithm, *client_options.signatures(checked.options)):
        keys.need(work, algorithm)
    cache.changed(work, "clients")
    audit.record(work, "client.created", ("client", values["client_id"]), trusted=checked.trusted)
    return by_id(work, values["id"]), secret


def change(work: Work, client_id: str, *, development: bool = False, **changes: Any) -> RegisteredClient:
    """Change a registration; `changes` are fields of `ClientRegistration`.

    Raises:
        NotFound, InvalidInput: as `get` and `register`. `require_pkce=False` is for confidential clients alone.
    """
    client = by_id(work, get(work, client_id).id)
    checked = check(work, planned(client, **changes), development=development)
    values = _row(checked) | {"updated_at": work.now}
    work.session.execute(update(Client).where(Client.id == client.id).values(**values))
    for algorithm in (checked.signing_algorithm, *client_options.signatures(checked.options)):
        keys.need(work, algorithm)
    cache.changed(work, "clients")
    audit.record(work, "client.updated", ("client", client_id), changed=sorted(changes))
    return by_id(work, client.id)


def planned(client: RegisteredClient, **changes: Any) -> ClientRegistration:
    """The registration of a client as it would be with these changes; not checked."""
    names = {item.name for item in fields(ClientRegistration)}
    present = {name: getattr(client, name) for name in names}
    for name in ("redirect_uris", "post_logout_redirect_uris", "grant_types", "permissions"):
        present[name] = list(present[name])
    return replace(ClientRegistration(**present), **changes)


def rotate_secret(work: Work, client_id: str) -> str:
    """A new secret beside the newest present one; the older of two dies (two live for a rotation, R-32).

    Raises:
        NotFound: no such client.
        InvalidInput: the client does not authenticate by a secret.
    """
    client = by_id(work, get(work, client_id).id)
    if not client.secret_digests:
        raise InvalidInput(field="client_id", reason="does not authenticate by a secret")
    secret = tokens.new()
    newest = func.coalesce(Client.next_secret_digest, Client.secret_digest)  # in the statement: two may rotate at once
    values = {"secret_digest": newest, "next_secret_digest": tokens.digest(secret)}
    work.session.execute(update(Client).where(Client.id == client.id).values(**values, updated_at=work.now))
    cache.changed(work, "clients")
    audit.record(work, "client.secret_rotated", ("client", client_id))
    return secret


def retire_secret(work: Work, client_id: str) -> None:
    """End the older of two live secrets now, once the client uses the newer one.

    Raises:
        NotFound: no such client.
        Conflict: one secret lives, or none.
    """
    client = get(work, client_id)
    ended = work.session.execute(
        update(Client)
        .where(Client.id == client.id, Client.next_secret_digest.is_not(None))
        .values(secret_digest=Client.next_secret_digest, next_secret_digest=None, updated_at=work.now)
    )
    if ended.rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict(reason="no_older_secret")
    cache.changed(work, "clients")
    audit.record(work, "client.secret_retired", ("client", client_id))


def delete(work: Work, client_id: str) -> None:
    """Remove a client: its tokens die, its identifier is never given again (R-69).

    Raises:
        NotFound: no such client.
    """
    client = get(work, client_id)
    ended = work.session.execute(
        update(Client)
        .where(Client.id == client.id, Client.disabled_at.is_(None))
        .values(disabled_at=work.now, registration_token_digest=None)
    )
    if ended.rowcount == 0:  # type: ignore[attr-defined]
        raise NotFound(kind="client")
    cache.changed(work, "clients")
    audit.record(work, "client.deleted", ("client", client_id))


def check(work: Work, registration: ClientRegistration, *, development: bool = False) -> ClientRegistration:
    """The same registration, once every rule holds.

    Raises:
        InvalidInput: names the first field that breaks a rule.
    """
    asked = registration
    _check_choices(work, asked)
    public = asked.token_endpoint_auth_method == "none"
    if "authorization_code" in asked.grant_types and not asked.redirect_uris:
        raise InvalidInput(field="redirect_uris", reason="is missing")
    if public and (secret := [each for each in asked.grant_types if each in FOR_CONFIDENTIAL]):
        raise InvalidInput(field="grant_types", reason=f"{secret[0]} needs a confidential client")
    if not asked.trusted and (own := [each for each in asked.grant_types if each in FOR_TRUSTED]):
        raise InvalidInput(field="grant_types", reason=f"{own[0]} is for trusted clients")
    if public and not asked.require_pkce:
        raise InvalidInput(field="require_pkce", reason="cannot be lifted for a public client")
    for value in asked.redirect_uris:
        uris.redirect_uri(value, native=public)
    for value in asked.post_logout_redirect_uris:
        uris.redirect_uri(value, native=public, field="post_logout_redirect_uris")
    client_metadata.check_addresses(asked.options.application_type, asked.redirect_uris)
    called = {name: getattr(asked, name) for name in ("backchannel_logout_uri", "event_uri")}
    called |= {name: getattr(asked.options, name) for name in ("jwks_uri", "sector_identifier_uri")}
    for name, value in called.items():
        if value:
            _check_called(work, name, value, development=development)
    if asked.options.frontchannel_logout_uri:
        framed = asked.options.frontchannel_logout_uri
        uris.framed_uri(framed, asked.redirect_uris, field="frontchannel_logout_uri", development=development)
    if asked.home_uri:
        uris.redirect_uri(asked.home_uri, native=False, field="home_uri")
    if asked.resource:
        uris.redirect_uri(asked.resource, native=False, field="resource")
    if asked.inline_permissions and not (asked.product and work.policies.products[asked.product].inline_permissions):
        raise InvalidInput(field="inline_permissions", reason="does not fit the tokens of this product")
    if asked.product and not asked.resource:
        raise InvalidInput(field="resource", reason="is missing: a product's tokens need an audience")
    client_options.check_signatures(asked.token_endpoint_auth_method, asked.signing_algorithm, asked.options)
    sectors.check(asked)
    encryption.check(asked.options, client_keys.imported(asked.options.jwks))
    api_clients.check(work, asked)
    return asked


def _check_called(work: Work, name: str, value: str, *, development: bool) -> None:
    """An address that this service will call; where its name leads is looked at with each call."""
    uris.fetched_uri(value, field=name, development=development)
    if not development and not work.outbound.allows(value):
        raise InvalidInput(field=name, reason="names an address or a port that is not called from here")


def _check_choices(work: Work, asked: ClientRegistration) -> None:
    """What must be one of a list is one of it."""
    if asked.client_id and (not set(asked.client_id) <= _CLIENT_ID or len(asked.client_id) > 100):
        raise InvalidInput(field="client_id", reason="holds other characters than letters, digits, '-', '_', '.'")
    if asked.token_endpoint_auth_method not in AUTH_METHODS:
        raise InvalidInput(field="token_endpoint_auth_method", allowed=list(AUTH_METHODS))
    if asked.options.jwks is not None and asked.options.jwks_uri is not None:
        raise InvalidInput(field="jwks_uri", reason="stands beside jwks: a client has the one or the other")
    keyless = asked.options.jwks is None and asked.options.jwks_uri is None
    if asked.token_endpoint_auth_method == "private_key_jwt" and keyless:
        raise InvalidInput(field="jwks", reason="is missing: private_key_jwt needs a public key")
    certificates.check(asked)
    if not asked.grant_types or not set(asked.grant_types) <= set(GRANT_TYPES):
        raise InvalidInput(field="grant_types", allowed=list(GRANT_TYPES))
    known = (*SCOPES, *api_clients.SCOPES)
    if not set(asked.scope.split()) <= set(known):
        raise InvalidInput(field="scope", allowed=list(known))
    if asked.signing_algorithm not in keys.ALGORITHMS:
        raise InvalidInput(field="id_token_signed_response_alg", allowed=list(keys.ALGORITHMS))
    offered = sorted(name for name, product in work.policies.products.items() if product.subscribed)
    if asked.product is not None and asked.product not in offered:
        raise InvalidInput(field="product", allowed=offered)
    if not any(name.strip() for name in asked.names.values()) or any(len(n) > 100 for n in asked.names.values()):
        raise InvalidInput(field="client_name", reason="is missing or longer than 100 characters")
    if any(unicodedata.category(letter) in _NOT_FOR_READING for name in asked.names.values() for letter in name):
        raise InvalidInput(field="client_name", reason="holds characters that are not for reading")


def _row(asked: ClientRegistration) -> dict[str, Any]:
    values = {item.name: getattr(asked, item.name) for item in fields(ClientRegistration)}
    values["options"] = client_options.stored(asked.options)
    if not values["client_id"]:
        del values["client_id"]
    return values
