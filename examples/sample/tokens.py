"""Checking what the identity service signed: access tokens, ID tokens and logout tokens.

All three are JWTs of the same issuer under the same keys, so the checks that tell them apart (`typ`, `aud`, the
claims each must have) are as important as the signature: an ID token is no key to the API, and an access token ends
no session.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol, Key, RSAKey, import_key

Claims = dict[str, Any]

# RFC 8725 §3.1: the product says which algorithms it accepts; the header of a token never chooses.
ALGORITHMS = ("ES256",)
LARGEST_TOKEN = 8192
LEEWAY = 10
BACKCHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
CLAIMS_CHANGED = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"


class TokenRefused(Exception):
    """A token is not one we accept. The text says why, for the log and the developer; it holds nothing of the token."""


class AccessOutdated(TokenRefused):
    """The person's access has changed since this token was issued; a refresh brings the new one."""


class ServiceUnavailable(Exception):
    """The identity service does not answer, so a question stays open. Nothing is allowed meanwhile."""


class KeyRing:
    """The service's public keys, by `kid`.

    An unknown `kid` is how a product learns of a new key, so it asks again, but not more often than every `pause`
    seconds: a stream of invented kids must not become a stream of requests to the service. Keys are asked for again
    after `max_age` as well, so that a withdrawn key stops counting, and are believed no longer than `stale` when the
    service is away.
    """

    def __init__(
        self,
        fetch: Callable[[], Claims],
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: float = 5,
        max_age: float = 600,
        stale: float = 3600,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._pause, self._max_age, self._stale = pause, max_age, stale
        self._lock = threading.Lock()
        self._keys: dict[str, Key] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def find(self, kid: object) -> Key:
        """The key of this id.

        Raises:
            TokenRefused: the service publishes no such key.
            ServiceUnavailable: there are no keys to compare with.
        """
        if not isinstance(kid, str):
            raise TokenRefused("the header names no key")
        with self._lock:
            if kid not in self._keys or self._age() > self._max_age:
                self._ask()
            if self._age() > self._stale:
                raise ServiceUnavailable("the signing keys cannot be read")
            if kid not in self._keys:
                raise TokenRefused("the signing key is unknown")
            return self._keys[kid]

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _ask(self) -> None:
        now = self._clock()
        if self._tried_at is not None and now - self._tried_at < self._pause:
            return
        self._tried_at = now
        try:
            published = self._fetch()
        except ServiceUnavailable:
            return  # what is known stays in use until it is stale
        self._keys = _signing_keys(published)
        self._fetched_at = now


def _signing_keys(published: Claims) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    entries = published.get("keys")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError):
            continue  # a kind of key we do not know is not ours to use (RFC 7517 §5)
        if isinstance(key, (ECKey, RSAKey)) and isinstance(entry.get("kid"), str):
            keys[entry["kid"]] = key
    return keys


class Verifier:
    """Checks tokens for one product.

    Args:
        resource: this product's resource identifier; the `aud` of its access tokens.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        keys: KeyRing,
        *,
        issuer: str,
        client_id: str,
        resource: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._client_id = client_id
        self._resource = resource
        self._now = now

    def access_token(self, token: object) -> Claims:
        """Claims of an access token made for this product (RFC 9068 §4).

        Raises:
            TokenRefused: and nothing in the token may be used.
        """
        claims = self._verified(token, {"at+jwt"}, audience=self._resource, essential=("sub", "client_id", "jti"))
        epoch, inline = claims.get("epoch", 0), claims.get("permissions", [])
        if isinstance(epoch, bool) or not isinstance(epoch, int):
            raise TokenRefused("epoch is not a number")
        if not isinstance(inline, list) or not all(isinstance(name, str) for name in inline):
            raise TokenRefused("permissions is not a list of names")
        if "permissions" not in claims and not isinstance(claims.get("permission_set"), str):
            raise TokenRefused("neither permission_set nor permissions says what is allowed")
        return claims

    def id_token(self, token: object, *, subject: str | None = None) -> Claims:
        """Claims of an ID token issued to this client (OpenID Connect Core §3.1.3.7).

        The nonce of a sign-in is compared by Authlib, which made it. An ID token from a refresh carries none that
        counts; there `subject` must be the person already signed in (§12.2).
        """
        claims = self._verified(token, {"jwt", ""}, audience=self._client_id, essential=("sub",))
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self._client_id) != self._client_id:
            raise TokenRefused("azp names another client")
        if subject is not None and claims["sub"] != subject:
            raise TokenRefused("the ID token is about somebody else")
        return claims

    def logout_token(self, token: object) -> Claims:
        """Claims of a logout token sent to this client (OpenID Connect Back-Channel Logout §2.6).

        Whether its `jti` has been seen before is for the caller to know.
        """
        claims = self._verified(token, {"logout+jwt"}, audience=self._client_id, essential=("jti",))
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_LOGOUT), dict):
            raise TokenRefused("events does not speak of a logout")
        if "nonce" in claims:  # §2.4: forbidden, so that a logout token can never pass for an ID token
            raise TokenRefused("a logout token has no nonce")
        named = [claims[name] for name in ("sid", "sub") if name in claims]
        if not named or not all(isinstance(value, str) and value for value in named):
            raise TokenRefused("neither sid nor sub says whose session ends")
        return claims

    def access_change(self, token: object) -> "Change":
        """What a security event token sent to this client says of somebody's access (RFC 8417, RFC 8935).

        It has no `exp`: it tells of something that has happened, and an epoch that is known already changes nothing.
        """
        claims = self._verified(token, {"secevent+jwt"}, audience=self._client_id, essential=("jti",), ends=False)
        events = claims.get("events")
        event = events.get(CLAIMS_CHANGED) if isinstance(events, dict) else None
        said = event.get("claims") if isinstance(event, dict) else None
        who = claims.get("sub_id")
        if not isinstance(said, dict) or not isinstance(who, dict):
            raise TokenRefused("events does not speak of changed claims")
        epoch, subject = said.get("epoch"), who.get("sub")
        company, firm = said.get("company"), said.get("firm")
        if isinstance(epoch, bool) or not isinstance(epoch, int) or not (subject or company):
            raise TokenRefused("neither whose access nor its epoch is said")
        if not all(value is None or isinstance(value, str) for value in (subject, company, firm)):
            raise TokenRefused("a name is not text")
        return Change(epoch, subject, company, firm)

    def _verified(
        self, token: object, types: set[str], *, audience: str, essential: tuple[str, ...], ends: bool = True
    ) -> Claims:
        if not isinstance(token, str) or not 0 < len(token) <= LARGEST_TOKEN:
            raise TokenRefused("there is no token, or it is too long")

        def key_of(signature: GuestProtocol) -> Key:
            header = signature.headers()
            # RFC 8725 §3.11: the explicit type keeps one kind of token from being used as another.
            if str(header.get("typ", "")).lower().removeprefix("application/") not in types:
                raise TokenRefused("typ is that of another kind of token")
            return self._keys.find(header.get("kid"))

        named = (*essential, "iat", *(("exp",) if ends else ()))
        options: dict[str, jwt.ClaimsOption] = {name: {"essential": True} for name in named}
        options["iss"] = {"essential": True, "value": self._issuer}
        options["aud"] = {"essential": True, "value": audience}
        registry = jwt.JWTClaimsRegistry(now=lambda: int(self._now()), leeway=LEEWAY, **options)
        try:
            claims = jwt.decode(token, key_of, algorithms=ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise TokenRefused(str(error) or type(error).__name__) from error
        return claims


@dataclass(frozen=True)
class Change:
    """Access has changed: tokens with a lower epoch are old.

    Attributes:
        subject: the person concerned, in every company; None for everybody in `company`.
        firm: only tokens that came by this firm's mandate.
    """

    epoch: int
    subject: str | None
    company: str | None
    firm: str | None


class Epochs:
    """The highest `epoch` known for each person and company.

    A token with a lower one was issued before this person's access changed and is refused, although it has not
    expired. It is learnt from newer tokens, and at once from the events that the service pushes. Once `lifetime` (the
    longest an access token lives) has passed since the last rise, every older token is dead by itself and the entry can
    be forgotten.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, lifetime: float = 660) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._highest: dict[tuple[str, str, str], tuple[int, float]] = {}

    def learn(self, change: Change) -> None:
        """Remember what an event says."""
        with self._lock:
            self._raise((change.subject or "", change.company or "", change.firm or ""), change.epoch)

    def check(self, claims: Claims) -> None:
        """Remember this token's epoch.

        Raises:
            AccessOutdated: a higher one is known.
        """
        subject, company, firm = (str(claims.get(name, "")) for name in ("sub", "company", "firm"))
        epoch, own = int(claims.get("epoch", 0)), (subject, company, "")
        about = (own, (subject, "", ""), ("", company, ""), *((("", company, firm),) if firm else ()))
        with self._lock:
            now = self._clock()
            for key in about:
                highest, since = self._highest.get(key, (0, now))
                if epoch < highest and now - since <= self._lifetime:
                    raise AccessOutdated("access has changed since this token was issued")
            self._raise(own, epoch)

    def _raise(self, key: tuple[str, str, str], epoch: int) -> None:
        now = self._clock()
        if len(self._highest) > 10_000:
            self._highest = {k: seen for k, seen in self._highest.items() if now - seen[1] <= self._lifetime}
        highest, since = self._highest.get(key, (-1, now))
        if epoch > highest or now - since > self._lifetime:
            self._highest[key] = (epoch, now)


class SeenOnce:
    """Remembers identifiers until they expire by themselves: the `jti` of logout tokens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def first_time(self, identifier: str, *, until: float, now: float) -> bool:
        with self._lock:
            self._until = {name: end for name, end in self._until.items() if end > now}
            if identifier in self._until:
                return False
            self._until[identifier] = until
            return True
