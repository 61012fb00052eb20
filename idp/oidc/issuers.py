"""Registered issuers: others whose signed word says who a person is (RFC 7523 §2.1). There is none unless an operator
registers it, with its keys, the people it may speak of, and the clients that may bring its assertions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address
from idp.audit import log as audit
from idp.core.errors import Conflict, InvalidInput, NotFound
from idp.core.ids import uuid7
from idp.oidc import client_options, clients
from idp.oidc.grant_types import JWT_BEARER
from idp.oidc.models import TokenIssuer
from idp.work import Work

EVERYBODY = "*"
MOST = 1000
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Issuer:
    """A registered issuer.

    Attributes:
        subject: `email`: its `sub` is an address; `sub`: it is the subject by which its applications know the person.
        subjects: those it may speak of, in that form; `*` for everybody who has an account.
        clients: the applications that may bring its assertions.
    """

    issuer: str
    jwks: dict[str, Any]
    subject: str
    subjects: tuple[str, ...]
    clients: tuple[str, ...]


def register(
    work: Work, issuer: str, *, jwks: dict[str, Any], subject: str, subjects: Sequence[str], client_ids: Sequence[str]
) -> Issuer:
    """Let the word of an issuer count.

    Raises:
        InvalidInput: an address, key, person or client that cannot be used; names the field.
        NotFound: no such client.
        Conflict: the issuer is registered already.
    """
    parts = urlsplit(issuer)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or len(issuer) > LONGEST:
        raise InvalidInput(field="issuer", reason="is not an https address without query and fragment")
    if issuer == work.issuer:
        raise InvalidInput(field="issuer", reason="is this service itself")
    keys = client_options.read({"jwks": jwks}).jwks
    if not client_ids:
        raise InvalidInput(field="clients", reason="is missing")
    for client_id in client_ids:
        if JWT_BEARER not in clients.get(work, client_id).grant_types:
            raise InvalidInput(field="clients", reason=f"names {client_id}, which has not the grant type {JWT_BEARER}")
    people = [_subject(each, subject) for each in subjects]
    if not 1 <= len(people) <= MOST:
        raise InvalidInput(field="subjects", reason=f"holds no list of 1 to {MOST} people, or {EVERYBODY}")
    made = Issuer(issuer, keys or {}, subject, tuple(people), tuple(client_ids))
    try:
        with work.session.begin_nested():
            work.session.execute(
                insert(TokenIssuer).values(
                    id=uuid7(), issuer=issuer, jwks=made.jwks, subject=subject, subjects=people,
                    clients=list(client_ids), created_at=work.now,
                )
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(field="issuer", reason="taken") from error
    audit.record(work, "token_issuer.registered", ("token_issuer", issuer), subject_by=subject, clients=made.clients)
    return made


def _subject(value: str, kind: str) -> str:
    if value == EVERYBODY or kind == "sub":
        return value
    return email_address.canonical(value)


def find(work: Work, issuer: str) -> Issuer | None:
    """The registered issuer of this name."""
    if not issuer.isprintable():  # what cannot be written was not registered
        return None
    row = work.session.scalar(select(TokenIssuer).where(TokenIssuer.issuer == issuer))
    return _issuer(row) if row is not None else None


def listing(work: Work) -> list[Issuer]:
    """Every registered issuer, by name."""
    return [_issuer(row) for row in work.session.scalars(select(TokenIssuer).order_by(TokenIssuer.issuer))]


def remove(work: Work, issuer: str) -> None:
    """Let the word of an issuer count no more. Tokens that came of it end by themselves within minutes.

    Raises:
        NotFound: it is not registered.
    """
    gone = work.session.execute(delete(TokenIssuer).where(TokenIssuer.issuer == issuer))
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(kind="token_issuer")
    audit.record(work, "token_issuer.removed", ("token_issuer", issuer))


def _issuer(row: TokenIssuer) -> Issuer:
    return Issuer(row.issuer, row.jwks, row.subject, tuple(row.subjects), tuple(row.clients))
