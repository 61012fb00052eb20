"""Subjects that differ from sector to sector, so that applications cannot compare their people (OIDC Core §8.1).

A pairwise identifier is the subject, encrypted in a way that gives the same result each time (AES-SIV, RFC 5297) under
a key of this instance, for one sector. So it is stable, tells nothing, and can be read back here without being kept
(docs/decisions/0017). The session is named in the same way: its `sid` is the same for every application otherwise.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from idp.core.calling import NoAnswer
from idp.core.errors import InvalidInput
from idp.oidc.client_options import Options
from idp.oidc.grant_types import TOKEN_EXCHANGE
from idp.work import Work

if TYPE_CHECKING:
    from idp.oidc.clients import ClientRegistration, RegisteredClient

PURPOSE = "pairwise subjects"
LONGEST = 500


def of(options: Options, redirect_uris: Sequence[str]) -> str | None:
    """The sector of a client with pairwise subjects: the host of its sector file, or of its redirect addresses; None
    for a client with public ones."""
    if options.subject_type != "pairwise":
        return None
    addresses = [options.sector_identifier_uri] if options.sector_identifier_uri else redirect_uris
    return next((host for address in addresses if (host := urlsplit(address).hostname)), None)


def check(asked: "ClientRegistration") -> None:
    """The rules of pairwise subjects that can be seen without calling anybody.

    Raises:
        InvalidInput: a product of ours asks for them, whose people its resource server, its events and its other
            clients have to know; a client exchanges tokens, for those that name the person as another client knows
            them; or there is no one sector.
    """
    options = asked.options
    if options.subject_type != "pairwise":
        return
    if asked.product is not None:
        raise InvalidInput(field="subject_type", reason="is public for the clients of a product")
    if TOKEN_EXCHANGE in asked.grant_types or options.token_exchange_targets:
        raise InvalidInput(field="subject_type", reason="is public for clients that exchange tokens")
    hosts = {urlsplit(address).hostname for address in asked.redirect_uris}
    if options.sector_identifier_uri is None and (len(hosts) != 1 or None in hosts):
        raise InvalidInput(
            field="sector_identifier_uri", reason="is missing: the redirect addresses do not have one host"
        )


def verify(work: Work, asked: "ClientRegistration") -> None:
    """That a client's sector file names its redirect addresses, all of them (OIDC Core §8.1, Registration §5). The file
    is fetched, for which what was recorded so far is committed.

    Raises:
        InvalidInput: it cannot be read, or does not name one of them.
    """
    uri = asked.options.sector_identifier_uri
    if uri is None:
        return
    writing = work.session.in_transaction() and work.session.connection().get_execution_options().get("write", False)
    work.checkpoint(write=False)
    try:
        named = json.loads(work.outbound.fetch(uri).body)
    except (NoAnswer, ValueError, RecursionError) as error:
        raise InvalidInput(field="sector_identifier_uri", reason="cannot be read as JSON") from error
    finally:
        if writing:
            work.write()
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise InvalidInput(field="sector_identifier_uri", reason="does not hold a list of addresses")
    if not set(asked.redirect_uris) <= set(named):
        raise InvalidInput(field="sector_identifier_uri", reason="does not name every redirect address")


def subject(work: Work, client: "RegisteredClient", value: str) -> str:
    """The subject by which a client knows a person."""
    return value if client.sector is None else _sealed(work, "sub", client.sector, value)


def sid(work: Work, client: "RegisteredClient", value: str) -> str:
    """The identifier by which a client knows a session."""
    return value if client.sector is None else _sealed(work, "sid", client.sector, value)


def subject_read(work: Work, client: "RegisteredClient | None", value: object) -> str | None:
    """The subject that a client means; None when it is none of this client's sector."""
    return _read(work, "sub", client, value)


def sid_read(work: Work, client: "RegisteredClient | None", value: object) -> str | None:
    """The session that a client means; None when it is none of this client's sector."""
    return _read(work, "sid", client, value)


def _read(work: Work, kind: str, client: "RegisteredClient | None", value: object) -> str | None:
    if not isinstance(value, str) or client is None or client.sector is None:
        return value if isinstance(value, str) else None
    try:
        sealed = (
            base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True) if len(value) <= LONGEST else b""
        )
        return _cipher(work.keyring.derive(PURPOSE)).decrypt(sealed, _bound(kind, client.sector)).decode()
    except (InvalidTag, binascii.Error, ValueError):
        return None


def _sealed(work: Work, kind: str, sector: str, value: str) -> str:
    sealed = _cipher(work.keyring.derive(PURPOSE)).encrypt(value.encode(), _bound(kind, sector))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _bound(kind: str, sector: str) -> list[bytes]:
    return [kind.encode(), sector.encode()]


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESSIV:
    return AESSIV(key)
