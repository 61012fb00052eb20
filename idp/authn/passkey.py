"""Passkeys: challenges, new passkeys and their answers (WebAuthn level 3 §7.1, §7.2; R-22).

Always discoverable and with user verification, so that a passkey alone is both factors. No list of credentials is given
to the browser when one is asked for: what it is sent says nothing about any account (R-09).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp.accounts import email_address, profile
from idp.audit import log as audit
from idp.authn.models import Passkey, PasskeyChallenge
from idp.core import tokens
from idp.core.ids import uuid7
from idp.work import Work

CHALLENGE_LIFETIME = timedelta(minutes=5)
MOST = 20  # of one account; a person has a handful
SIGN_IN, PROVE, ENROL, ADD = "sign_in", "prove", "enrol", "add"
RP_NAME = "Sésame"
ANSWER_MAX = 20_000
CREDENTIAL_ID_MAX = 1023  # WebAuthn §7.1
NAME_MAX = 60
TRANSPORTS = ("ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb")
FORMATS = ("none", "packed")  # no attestation is asked for; some authenticators sign with the new key itself

_insert = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_Answer = TypeVar("_Answer")


class _Refused(Exception):
    """One check failed; `reason` is for the audit log, the person reads one sentence for all of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Parsed:
    """What the browser posted: the credential as JSON, and what is looked at before the library."""

    credential: Mapping[str, Any]
    id: bytes
    user_handle: bytes | None
    challenge: bytes


def available(work: Work) -> bool:
    """Whether browsers make passkeys for this address: a name, over TLS or on the machine itself."""
    host = rp_id(work)
    return not (host.replace(".", "").isdigit() or ":" in host)


def rp_id(work: Work) -> str:
    """The host of the service: passkeys are bound to it."""
    return urlsplit(work.issuer).hostname or ""


def holds(work: Work, account_id: UUID) -> bool:
    """Whether the account has a passkey."""
    return work.session.scalar(select(Passkey.id).where(Passkey.account_id == account_id).limit(1)) is not None


# --- what the browser is asked ---


def request_options(work: Work, purpose: str, bound_to: object) -> str:
    """Options for `navigator.credentials.get()` as JSON, with a new challenge. The same for everybody.

    Args:
        purpose: `sign_in` (bound to the browser's passkey cookie) or `prove` (bound to the attempt).
        bound_to: what the answer has to come with.
    """
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=rp_id(work),
        challenge=_new_challenge(work, purpose, bound_to),
        timeout=_milliseconds(CHALLENGE_LIFETIME),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def creation_options(work: Work, account_id: UUID, purpose: str, bound_to: object) -> str:
    """Options for `navigator.credentials.create()` as JSON; the passkeys of the account are named, to be left out.

    Args:
        purpose: `enrol` (bound to the attempt) or `add` (bound to the session).
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    held = work.session.scalars(select(Passkey.credential_id).where(Passkey.account_id == account_id)).all()
    address = email_address.primary_address(work, account_id).address
    options = generate_registration_options(
        rp_id=rp_id(work),
        rp_name=RP_NAME,
        user_id=account_id.bytes,
        user_name=address,
        user_display_name=profile.get(work, account_id).display_name or address,
        challenge=_new_challenge(work, purpose, bound_to),
        timeout=_milliseconds(CHALLENGE_LIFETIME),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key) for key in held],
    )
    return options_to_json(options)


def _new_challenge(work: Work, purpose: str, bound_to: object) -> bytes:
    token = tokens.new()
    work.session.add(
        PasskeyChallenge(
            id=uuid7(),
            challenge_digest=tokens.digest(token),
            purpose=purpose,
            bound_digest=tokens.digest(str(bound_to)),
            created_at=work.now,
            expires_at=work.now + CHALLENGE_LIFETIME,
        )
    )
    work.session.flush()
    return token.encode()


# --- what it answers ---


def verify(work: Work, answer: str, purpose: str, bound_to: object, account_id: UUID | None = None) -> UUID | None:
    """The account whose passkey signed this challenge; None when anything at all is wrong with the answer.

    The challenge is used from now on, whatever comes of it.

    Args:
        answer: the JSON that `passkey.js` posted.
        purpose: the one the challenge was made for, and `bound_to` what it was made for.
        account_id: the account it has to be; None for whichever account the passkey belongs to.
    """
    return _checked(work, lambda: _verify(work, answer, purpose, bound_to, account_id), account_id)


def named(answer: str) -> bytes | None:
    """The credential that an answer names, before anything of it is checked: for what has to be locked first."""
    try:
        return _parse(answer).id
    except _Refused:
        return None


def add(work: Work, account_id: UUID, answer: str, purpose: str, bound_to: object, name: str) -> Passkey | None:
    """Keep a new passkey; None when anything at all is wrong with the answer. The caller notes it in the audit log."""
    return _checked(work, lambda: _add(work, account_id, answer, purpose, bound_to, name), account_id)


def _checked(work: Work, act: Callable[[], _Answer], account_id: UUID | None) -> _Answer | None:
    work.write()
    try:
        return act()
    except _Refused as refusal:
        subject = ("account", account_id) if account_id else ("", "")
        audit.record(work, "passkey.refused", subject, outcome="refused", reason=refusal.reason)
        return None


def _verify(work: Work, answer: str, purpose: str, bound_to: object, account_id: UUID | None) -> UUID:
    from webauthn import verify_authentication_response
    from webauthn.helpers.structs import CredentialDeviceType

    parsed = _parse(answer)
    _spend(work, parsed.challenge, purpose, bound_to)
    key = work.session.scalar(select(Passkey).where(Passkey.credential_id == parsed.id))
    if key is None:
        raise _Refused("unknown")
    # The library looks at neither: whose passkey it is says our row, and the authenticator has to agree.
    if parsed.user_handle != key.account_id.bytes:
        raise _Refused("user_handle")
    if account_id is not None and key.account_id != account_id:
        raise _Refused("account")
    verified = _ask_library(
        lambda: verify_authentication_response(
            credential=dict(parsed.credential),
            expected_challenge=parsed.challenge,
            expected_rp_id=rp_id(work),
            expected_origin=work.issuer,
            credential_public_key=key.public_key,
            credential_current_sign_count=0,  # its refusal does not tell a copied passkey from a wrong signature
            require_user_verification=True,
        )
    )
    if (verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE) is not key.backup_eligible:
        raise _Refused("backup_flags")
    count = verified.new_sign_count
    used = work.session.execute(
        update(Passkey)
        .where(
            Passkey.id == key.id,
            (Passkey.sign_count < count) | ((Passkey.sign_count == 0) & (literal(count) == 0)),
        )
        .values(sign_count=count, backed_up=verified.credential_backed_up, last_used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise _Refused("counter")
    return key.account_id


def _add(work: Work, account_id: UUID, answer: str, purpose: str, bound_to: object, name: str) -> Passkey:
    from webauthn import verify_registration_response
    from webauthn.helpers.structs import CredentialDeviceType

    parsed = _parse(answer)
    _spend(work, parsed.challenge, purpose, bound_to)
    if _format(parsed) not in FORMATS:
        raise _Refused("format")
    verified = _ask_library(
        lambda: verify_registration_response(
            credential=dict(parsed.credential),
            expected_challenge=parsed.challenge,
            expected_rp_id=rp_id(work),
            expected_origin=work.issuer,
            require_user_verification=True,
        )
    )
    if verified.credential_id != parsed.id or len(parsed.id) > CREDENTIAL_ID_MAX:
        raise _Refused("credential_id")
    held = work.session.scalar(select(func.count()).where(Passkey.account_id == account_id)) or 0
    if held >= MOST:
        raise _Refused("too_many")
    row = {
        "id": uuid7(),
        "account_id": account_id,
        "credential_id": verified.credential_id,
        "public_key": verified.credential_public_key,
        "sign_count": verified.sign_count,
        "aaguid": verified.aaguid,
        "transports": " ".join(_transports(parsed)),
        "backup_eligible": verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        "backed_up": verified.credential_backed_up,
        "name": name[:NAME_MAX],
        "created_at": work.now,
    }
    insert: Any = _insert[work.session.connection().dialect.name](Passkey)  # both have the clause
    kept = insert.values(row).on_conflict_do_nothing(index_elements=["credential_id"]).returning(Passkey.id)
    if work.session.scalar(kept) is None:
        raise _Refused("taken")
    return work.session.get_one(Passkey, row["id"])


def _spend(work: Work, challenge: bytes, purpose: str, bound_to: object) -> None:
    spent = work.session.execute(
        update(PasskeyChallenge)
        .where(
            PasskeyChallenge.challenge_digest == tokens.digest(challenge.decode("ascii", "replace")),
            PasskeyChallenge.purpose == purpose,
            PasskeyChallenge.bound_digest == tokens.digest(str(bound_to)),
            PasskeyChallenge.used_at.is_(None),
            PasskeyChallenge.expires_at > work.now,
        )
        .values(used_at=work.now),
        execution_options={"synchronize_session": False},
    )
    if spent.rowcount != 1:  # type: ignore[attr-defined]
        raise _Refused("challenge")


def _parse(answer: str) -> _Parsed:
    """The parts of an answer that the library passes over, and the challenge it says it answers."""
    from webauthn.helpers import base64url_to_bytes, parse_client_data_json

    if len(answer) > ANSWER_MAX:
        raise _Refused("malformed")

    def parse() -> tuple[_Parsed, Mapping[str, Any]]:
        credential = json.loads(answer)
        response = credential["response"]
        client_data = base64url_to_bytes(response["clientDataJSON"])
        handle = response.get("userHandle")
        parsed = _Parsed(
            credential=credential,
            id=base64url_to_bytes(credential["id"]),
            user_handle=base64url_to_bytes(handle) if handle else None,
            challenge=parse_client_data_json(client_data).challenge,
        )
        return parsed, json.loads(client_data)

    parsed, client_data = _ask_library(parse, "malformed")
    # The library reads the flag and decides nothing by it; a page of ours is never in a frame of somebody else's.
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        raise _Refused("cross_origin")
    return parsed


def _format(parsed: _Parsed) -> str:
    from webauthn.helpers import base64url_to_bytes, parse_attestation_object

    sent = parsed.credential["response"].get("attestationObject")
    return str(_ask_library(lambda: parse_attestation_object(base64url_to_bytes(sent)).fmt, "malformed"))


def _transports(parsed: _Parsed) -> list[str]:
    said = parsed.credential["response"].get("transports")
    return [each for each in TRANSPORTS if isinstance(said, list) and each in said]


def _ask_library(ask: Callable[[], _Answer], reason: str = "answer") -> _Answer:
    """Whatever the parsers of strangers' bytes stumble over is a refusal, never a fault of ours (R-75)."""
    try:
        return ask()
    except Exception as error:
        raise _Refused(reason) from error


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
