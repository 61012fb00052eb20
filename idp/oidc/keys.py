"""Signing keys: made, published before use, active, retired, and gone when the last token they signed is dead; or
revoked, when somebody else may hold one. When which happens by itself is in `key_schedule`."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import ColumnElement, delete, insert, select, update

from idp.audit import log as audit
from idp.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from idp.oidc import cache
from idp.oidc.models import SigningKey
from idp.work import Work

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
STANDING = ("ES256", "RS256")
"""Every instance has keys for these; for the others they are made when the first client registers for one."""
PUBLISHED_AHEAD = timedelta(hours=1)  # JWKS may be cached this long
KEPT_RETIRED = timedelta(hours=13)  # longer than an ID or access token lives
PLACE = "signing_keys:{}:private_pem"
PUBLISHED = SigningKey.state != "revoked"

Key = ECKey | RSAKey | OKPKey
_KINDS: dict[str, type[ECKey] | type[RSAKey] | type[OKPKey]] = {
    "ES256": ECKey, "RS256": RSAKey, "PS256": RSAKey, "EdDSA": OKPKey,
}  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """The parsed keys of one revision.

    Attributes:
        active: the key that signs, by algorithm.
        published: all keys by kid, for verification.
        jwks: the public set (RFC 7517) as it is served.
    """

    active: dict[str, Key]
    published: dict[str, Key]
    jwks: bytes


def current(work: Work) -> Keys:
    """The keys in force, parsed once per revision (importing an RSA key costs 35 ms).

    Raises:
        Unavailable: no key has been made yet (`idp keys create` makes them), or none can be read.
    """
    remembered = cache.current(work)
    found, revision = remembered.keys, remembered.revisions.get("keys")
    if found is None:
        found = _read(work)
        if remembered.revisions.get("keys") == revision:  # otherwise another thread has seen newer ones meanwhile
            remembered.keys = found
    return found


def _read(work: Work) -> Keys:
    rows = work.session.execute(
        select(SigningKey.kid, SigningKey.algorithm, SigningKey.state, SigningKey.private_pem)
        .where(PUBLISHED)
        .order_by(SigningKey.created_at)
    ).all()
    active: dict[str, Key] = {}
    published: dict[str, Key] = {}
    for kid, algorithm, state, sealed in rows:
        pem = work.keyring.reveal(sealed, PLACE.format(kid))
        key: Key = _KINDS[algorithm].import_key(pem, {"kid": kid, "alg": algorithm, "use": "sig"})
        published[kid] = key
        if state == "active":
            active[algorithm] = key
    if not active:
        raise Unavailable(reason="no signing key")
    members = [key.as_dict(private=False) for key in published.values()]
    return Keys(active, published, json.dumps({"keys": members}, separators=(",", ":")).encode())


def create(work: Work, algorithm: str, state: str = "next") -> str:
    """Make a key pair; answers its `kid`. A `next` key is published and does not sign yet.

    Raises:
        InvalidInput: an algorithm that is not made here.
    """
    if algorithm not in ALGORITHMS:
        raise InvalidInput(field="algorithm", allowed=list(ALGORITHMS))
    key = _generated(algorithm)
    pem = key.raw_value.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[union-attr]
    kid = base64.urlsafe_b64encode(hashlib.sha256(key.as_pem(private=False)).digest()[:12]).decode()
    work.session.execute(
        insert(SigningKey).values(
            kid=kid,
            algorithm=algorithm,
            state=state,
            private_pem=work.keyring.encrypt(pem, PLACE.format(kid)),
            created_at=work.now,
            activated_at=work.now if state == "active" else None,
        )
    )
    cache.changed(work, "keys")
    audit.record(work, "key.created", ("key", kid), algorithm=algorithm, state=state)
    return kid


def ensure(work: Work) -> list[str]:
    """Make what a new instance needs: an active key per algorithm. Answers the kids made; none the second time."""
    signing = set(work.session.scalars(select(SigningKey.algorithm).where(SigningKey.state == "active")))
    return [create(work, algorithm, "active") for algorithm in STANDING if algorithm not in signing]


def need(work: Work, algorithm: str) -> None:
    """See to it that there is a key that signs by this algorithm. The first client that registers for it has cached no
    keys of this service that lack it."""
    if algorithm in STANDING or _signing(work, algorithm) is not None:
        return
    lock(work)
    if _signing(work, algorithm) is None:
        create(work, algorithm, "active")


def _signing(work: Work, algorithm: str) -> str | None:
    return work.session.scalar(
        select(SigningKey.kid).where(SigningKey.state == "active", SigningKey.algorithm == algorithm)
    )


def lock(work: Work) -> None:
    """Wait until nobody else changes keys. Whoever decides by what it reads of them does this first, and reads then;
    every process reads the keys again once it has committed."""
    cache.changed(work, "keys")  # the row of the revision: one writer at a time


def _generated(algorithm: str) -> Key:
    if algorithm == "ES256":
        return ECKey.generate_key("P-256")
    return OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else RSAKey.generate_key(2048)


def rotate(work: Work, algorithm: str, *, at_once: bool = False) -> str:
    """Let the next key sign and retire the active one, whose tokens stay verifiable until they expire.

    Args:
        at_once: also when the next key has been published for less than an hour, or there is none yet.

    Raises:
        Conflict: the next key is too young; a client that caches the JWKS would not know it.
    """
    lock(work)
    waiting = work.session.execute(_waiting(algorithm)).first()
    if waiting is None:
        kid = create(work, algorithm)
        if not at_once:
            return kid
    elif waiting.created_at + PUBLISHED_AHEAD > work.now and not at_once:
        raise Conflict(reason="key_too_young", usable_at=(waiting.created_at + PUBLISHED_AHEAD).isoformat())
    else:
        kid = waiting.kid
    _activate(work, algorithm, kid)
    return kid


def _waiting(algorithm: str, *further: ColumnElement[bool]) -> Any:
    return (
        select(SigningKey.kid, SigningKey.created_at)
        .where(SigningKey.algorithm == algorithm, SigningKey.state == "next", *further)
        .order_by(SigningKey.created_at)
    )


def _activate(work: Work, algorithm: str, kid: str) -> None:
    """Let this key sign, and the one that did so far retire."""
    retired = work.session.scalars(
        update(SigningKey)
        .where(SigningKey.algorithm == algorithm, SigningKey.state == "active")
        .values(state="retired", retired_at=work.now)
        .returning(SigningKey.kid)
    ).all()
    work.session.execute(
        update(SigningKey)
        .where(SigningKey.kid == kid, SigningKey.state == "next")
        .values(state="active", activated_at=work.now)
    )
    audit.record(work, "key.activated", ("key", kid), algorithm=algorithm)
    for old in retired:
        audit.record(work, "key.retired", ("key", old), algorithm=algorithm)


def revoke(work: Work, kid: str) -> str | None:
    """Take a key that somebody else may hold out of the published set: what it signed is refused from now on, and its
    private part is erased. Where it was the one that signs, another signs at once: the next key when clients that cache
    the set know it already, otherwise a new one.

    Answers:
        the kid of the key that signs instead; None when the revoked one did not sign.

    Raises:
        NotFound: no key of that name.
        Conflict: it was revoked already.
    """
    lock(work)
    found = get(work, kid)
    if found["state"] == "revoked":
        raise Conflict(kind="key", reason="revoked_already")
    algorithm = found["algorithm"]
    work.session.execute(
        update(SigningKey).where(SigningKey.kid == kid).values(state="revoked", retired_at=work.now, private_pem=b"")
    )
    audit.record(work, "key.revoked", ("key", kid), algorithm=algorithm, state=found["state"])
    if found["state"] != "active":
        return None
    known = work.session.execute(_waiting(algorithm, SigningKey.created_at <= work.now - PUBLISHED_AHEAD)).first()
    if known is None:
        return create(work, algorithm, "active")
    _activate(work, algorithm, known.kid)
    return str(known.kid)


def revoke_all(work: Work) -> list[str]:
    """Revoke every key there is, those that wait included; answers the kids of the new ones that sign."""
    lock(work)
    kids = [row["kid"] for row in listing(work) if row["state"] not in ("active", "revoked")]
    signing = [row["kid"] for row in listing(work) if row["state"] == "active"]
    for kid in kids:  # first, so that none of them takes over
        revoke(work, kid)
    return [made for kid in signing if (made := revoke(work, kid)) is not None]


def discard_dead(work: Work) -> int:
    """Remove retired and revoked keys whose last token has expired; answers how many."""
    gone = work.session.execute(
        delete(SigningKey).where(
            SigningKey.state.in_(("retired", "revoked")), SigningKey.retired_at < work.now - KEPT_RETIRED
        )
    )
    if gone.rowcount:  # type: ignore[attr-defined]
        cache.changed(work, "keys")
    return int(gone.rowcount)  # type: ignore[attr-defined]


def listing(work: Work) -> list[dict[str, Any]]:
    """All keys with their state and instants; no private part."""
    columns = (
        SigningKey.kid, SigningKey.algorithm, SigningKey.state,
        SigningKey.created_at, SigningKey.activated_at, SigningKey.retired_at,
    )  # fmt: skip
    return [dict(row._mapping) for row in work.session.execute(select(*columns).order_by(SigningKey.created_at))]


def get(work: Work, kid: str) -> dict[str, Any]:
    """One key.

    Raises:
        NotFound: no key of that name.
    """
    for row in listing(work):
        if row["kid"] == kid:
            return row
    raise NotFound(kind="key")
