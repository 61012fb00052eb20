"""Sessions kept on the server, so that they can be ended from the server.

A signed cookie that carries the session itself cannot be taken back: after a back-channel logout the browser would
still present it and be believed. Here the cookie is a random value, and the session is found by its digest. Flask and
Authlib notice nothing: to them this is `flask.session`.

Simplification of the sample: the store is the memory of one process. A product with several workers keeps the same
rows in its database, with an index on `sid` and one on `sub`.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SessionInterface, SessionMixin

IDLE = 60 * 60
ABSOLUTE = 12 * 60 * 60
UNUSED_SIGN_IN = 10 * 60
MOST_ANONYMOUS = 5_000


@dataclass
class SignedIn:
    """What the identity service said about the person of one session.

    `lock` is held while the tokens are refreshed, so that two requests of one browser do not refresh at once.
    """

    id_token: str
    identity: dict[str, Any]
    access_token: str
    access: dict[str, Any]
    refresh_token: str | None
    proved_again_at: float = 0.0  # when the person came back from a step-up that this product asked for
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def sid(self) -> str | None:
        return self.identity.get("sid")

    @property
    def subject(self) -> str:
        return str(self.identity["sub"])


class ProductSession(dict[str, Any], SessionMixin):
    """One browser's session; empty until something must be remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.token: str | None = None
        self.signed_in: SignedIn | None = None
        self.started_at = 0.0
        self.seen_at = 0.0
        self.ended = False

    @property
    def worth_keeping(self) -> bool:
        return bool(self) or self.signed_in is not None


class SessionStore:
    """The sessions of this product, by the digest of their cookie."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[bytes, ProductSession] = {}
        self._ended_sids: dict[str, tuple[float, int]] = {}

    def find(self, token: str) -> ProductSession | None:
        """The live session of a cookie; None when there is none, or it is too old."""
        with self._lock:
            session = self._sessions.get(_digest(token))
            if session is None or self._is_over(session):
                return None
            session.seen_at = self._clock()
            return session

    def keep(self, session: ProductSession) -> None:
        """Store a session under a new token."""
        with self._lock:
            self._sweep()
            now = self._clock()
            session.token = secrets.token_urlsafe(32)
            session.started_at = session.seen_at = now
            self._sessions[_digest(session.token)] = session

    def sign_in(self, session: ProductSession, signed_in: SignedIn) -> bool:
        """Make a session that of a signed-in person, under a new token: the one from before sign-in dies, so that
        nobody who planted it gains anything (session fixation).

        Returns:
            False when the service has ended this `sid` in the meantime: a logout token may overtake the browser. Tokens
            that were issued afterwards are good: the person may have got back what was taken, in the same session.
        """
        with self._lock:
            ended = self._ended_sids.get(signed_in.sid or "")
            if ended is not None and signed_in.identity["iat"] <= ended[1]:
                return False
            if session.token:
                self._sessions.pop(_digest(session.token), None)
            session.clear()
            session.signed_in = signed_in
            session.token = None
        self.keep(session)
        return True

    def restart(self, session: ProductSession) -> None:
        """End a session, and let this browser go on as a stranger under a new token."""
        with self._lock:
            self._drop(session)
            session.token = None
            session.ended = False

    def end(self, *, sid: str | None, subject: str | None, issued_at: int) -> int:
        """End every session with this `sid`, or, without one, every session of this person; say how many.

        Args:
            issued_at: when the service said so (`iat` of the logout token).
        """
        with self._lock:
            if sid:
                self._ended_sids[sid] = self._clock(), issued_at
            ending = [
                session
                for session in self._sessions.values()
                if session.signed_in is not None
                and (session.signed_in.sid == sid if sid else session.signed_in.subject == subject)
                and (subject is None or session.signed_in.subject == subject)
            ]
            for session in ending:
                self._drop(session)
            return len(ending)

    def _drop(self, session: ProductSession) -> None:
        if session.token:
            self._sessions.pop(_digest(session.token), None)
        session.clear()
        session.signed_in = None
        session.ended = True

    def _is_over(self, session: ProductSession) -> bool:
        now = self._clock()
        if session.signed_in is None:
            return now - session.seen_at > UNUSED_SIGN_IN
        return now - session.seen_at > IDLE or now - session.started_at > ABSOLUTE

    def _sweep(self) -> None:
        for digest in [digest for digest, session in self._sessions.items() if self._is_over(session)]:
            del self._sessions[digest]
        anonymous = [digest for digest, session in self._sessions.items() if session.signed_in is None]
        for digest in anonymous[: max(0, len(anonymous) - MOST_ANONYMOUS)]:  # oldest first: dicts keep their order
            del self._sessions[digest]
        now = self._clock()
        for sid in [sid for sid, (at, _) in self._ended_sids.items() if now - at > UNUSED_SIGN_IN]:
            del self._ended_sids[sid]


class ServerSessions(SessionInterface):
    """Flask's door to the store."""

    def __init__(self, store: SessionStore, *, product_id: str, secure: bool) -> None:
        self._store = store
        self._secure = secure
        # Cookies do not know ports: every product and the service share the jar of "localhost", so the name tells them
        # apart. Over https the prefix has the browser itself refuse a cookie set by a sister host.
        self.cookie_name = f"{'__Host-' if secure else ''}{product_id}_session"

    def open_session(self, app: Flask, request: Request) -> ProductSession:
        token = request.cookies.get(self.cookie_name)
        found = self._store.find(token) if token else None
        return ProductSession() if found is None else found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not isinstance(session, ProductSession):
            raise TypeError("this product has its own kind of session")
        response.vary.add("Cookie")
        if not session.ended and session.worth_keeping and session.token is None:
            self._store.keep(session)
        if session.ended:
            response.delete_cookie(self.cookie_name, path="/", secure=self._secure, httponly=True, samesite="Lax")
        elif session.token and session.token != request.cookies.get(self.cookie_name):
            # Lax, not Strict: the way back from the service is a navigation that another site began.
            response.set_cookie(
                self.cookie_name, session.token, path="/", secure=self._secure, httponly=True, samesite="Lax"
            )


def form_token(secret_key: bytes, session: ProductSession) -> str:
    """The anti-forgery token of this session's forms; an empty string for a session that has no cookie yet."""
    if session.token is None:
        return ""
    return hmac.new(secret_key, session.token.encode(), hashlib.sha256).hexdigest()


def form_token_is_right(secret_key: bytes, session: ProductSession, presented: str) -> bool:
    expected = form_token(secret_key, session)
    return bool(expected) and hmac.compare_digest(expected.encode(), presented.encode())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
