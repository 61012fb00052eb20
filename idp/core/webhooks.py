"""Signed messages between this service and another, in the form of Standard Webhooks (standardwebhooks.com).

Three headers: `webhook-id`, `webhook-timestamp` (seconds), `webhook-signature` (one or more `v1,` and a Base64 value,
separated by blanks). What is signed with HMAC-SHA256 is the id, the timestamp and the body, joined by full stops, so
that none of the three can be exchanged. Whoever receives a message remembers its id for longer than it stays fresh.
"""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from idp.core.errors import NotAuthenticated

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
FRESH_FOR = timedelta(minutes=5)
PREFIX = "whsec_"
_IDENTIFIER = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,100}")  # without a full stop, which joins what is signed
_SECONDS = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES = 10


class SignatureRefused(NotAuthenticated):
    """The message is not signed with a live key, or not freshly; `reason` is `missing`, `stale` or `wrong`."""

    code = "signature_refused"


def new_secret() -> bytes:
    """A secret of 256 random bits."""
    return secrets.token_bytes(32)


def written(secret: bytes) -> str:
    """A secret as it is handed over, and as the libraries of Standard Webhooks take it."""
    return PREFIX + b64encode(secret).decode()


def read(secret: str) -> bytes:
    """The secret that was handed over like this."""
    return b64decode(secret.removeprefix(PREFIX), validate=True)


def signed(secret: bytes, identifier: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message."""
    seconds = str(int(now.timestamp()))
    return {ID: identifier, TIMESTAMP: seconds, SIGNATURE: _sign(secret, identifier, seconds, body)}


def verify(live: Iterable[tuple[str, bytes]], headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Which of the keys has signed a message; all are tried, whatever the first one says.

    Args:
        live: name and secret of every key that counts.

    Raises:
        SignatureRefused: none has, or longer ago than messages stay fresh.
    """
    identifier, seconds = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    given = headers.get(SIGNATURE, "").split()
    if not _IDENTIFIER.fullmatch(identifier) or not _SECONDS.fullmatch(seconds) or not given:
        raise SignatureRefused(reason="missing")
    if abs(now.timestamp() - int(seconds)) > FRESH_FOR.total_seconds():
        raise SignatureRefused(reason="stale")
    found = [
        name
        for name, secret in live
        for each in given[:_MOST_SIGNATURES]
        if hmac.compare_digest(_sign(secret, identifier, seconds, body).encode(), each.encode())
    ]
    if not found:
        raise SignatureRefused(reason="wrong")
    return found[0]


def _sign(secret: bytes, identifier: str, seconds: str, body: bytes) -> str:
    content = f"{identifier}.{seconds}.".encode() + body
    return "v1," + b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
