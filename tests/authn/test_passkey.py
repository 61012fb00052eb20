"""Passkeys: every check of WebAuthn level 3 §7.1 and §7.2, one field altered at a time (R-22)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.authn import passkey
from idp.authn.models import Passkey, PasskeyChallenge
from tests.authn.authenticator import AT, BE, BS, UP, UV, Authenticator, encoded

COOKIE = "the cookie of one browser"


@pytest.fixture
def ada(make_account):
    return make_account()


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def enrolled(work, ada, phone) -> Authenticator:
    """Ada's phone, with a passkey."""
    assert add(work, ada, phone) is not None
    work.session.commit()
    work.write()
    return phone


def add(work, person, device: Authenticator, *, name: str = "phone", session: object = "s", **wrong: Any):
    options = passkey.creation_options(work, person.account.id, passkey.ADD, session)
    return passkey.add(work, person.account.id, device.create(options, **wrong), passkey.ADD, session, name)


def prove(work, device: Authenticator, **wrong: Any):
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)
    return passkey.verify(work, device.get(options, **wrong), passkey.SIGN_IN, COOKIE)


def reasons(work) -> list[str]:
    rows = work.session.scalars(
        select(AuditEvent).where(AuditEvent.name == "passkey.refused").order_by(AuditEvent.sequence)
    )
    return [row.details["reason"] for row in rows]


# --- adding one ---


def test_a_passkey_is_kept_as_the_authenticator_made_it(work, ada, phone):
    made = add(work, ada, phone)

    assert made is not None
    assert made.credential_id == phone.id
    assert (made.account_id, made.name, made.sign_count) == (ada.account.id, "phone", 1)
    assert made.transports == "hybrid internal"  # what is not a transport is not kept
    assert (made.backup_eligible, made.backed_up, made.last_used_at) == (False, False, None)


def test_what_the_browser_is_asked_to_make(work, ada, enrolled):
    options = json.loads(passkey.creation_options(work, ada.account.id, passkey.ADD, "s"))

    assert options["rp"] == {"id": "localhost", "name": "Sésame"}
    assert options["user"] == {"id": encoded(ada.account.id.bytes), "name": ada.address, "displayName": "Ada Byron"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert [each["id"] for each in options["excludeCredentials"]] == [encoded(enrolled.id)]
    assert {each["alg"] for each in options["pubKeyCredParams"]} == {-8, -7, -257}
    assert options["attestation"] == "none"
    assert options["timeout"] == 300_000


# One field at a time. `reason` is what the audit log says; the person reads one sentence for all.
REGISTRATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("type of an assertion", {"type": "webauthn.get"}, "answer"),
    ("another challenge", {"challenge": encoded(b"x" * 43)}, "challenge"),
    ("another origin", {"origin": "http://localhost:8001"}, "answer"),
    ("origin with a path", {"origin": "http://localhost:8000/"}, "answer"),
    ("origin of a subdomain", {"origin": "http://a.localhost:8000"}, "answer"),
    ("origin over TLS", {"origin": "https://localhost:8000"}, "answer"),
    ("in a frame of another site", {"more": {"crossOrigin": True}}, "cross_origin"),
    ("cross-origin in words", {"more": {"crossOrigin": "false"}}, "cross_origin"),
    ("under another top origin", {"more": {"topOrigin": "https://evil.example"}}, "cross_origin"),
    ("another relying party", {"rp_id": "evil.example"}, "answer"),
    ("nobody present", {"flags": UV | AT}, "answer"),
    ("nobody verified", {"flags": UP | AT}, "answer"),
    ("backed up without being eligible", {"flags": UP | UV | AT | BS}, "answer"),
    ("no key attested", {"flags": UP | UV, "attested": b""}, "answer"),
    ("another credential attested", {"attested_id": b"another" * 4}, "credential_id"),
    ("an id that is not the raw id", {"raw_id": b"another" * 4}, "answer"),
    ("no public key", {"credential_type": "password"}, "malformed or answer"),
    ("an algorithm nobody asked for", {"algorithm": -47}, "answer"),
    ("bytes after the key", {"trailing": b"\x00"}, "malformed or answer"),
    ("a statement in no attestation", {"statement": {"sig": b"x"}}, "answer"),
    ("an attestation nobody asked for", {"fmt": "android-safetynet"}, "format"),
    ("an unknown attestation", {"fmt": "parchment"}, "malformed or format"),
    ("half an attestation", {"cut": 40}, "malformed"),
    ("a very long id", {"id": b"i" * 1024, "attested_id": b"i" * 1024}, "credential_id"),
]


@pytest.mark.parametrize(("wrong", "reason"), [row[1:] for row in REGISTRATIONS], ids=[row[0] for row in REGISTRATIONS])
def test_a_registration_with_one_thing_wrong_is_refused(work, ada, phone, wrong, reason):
    assert add(work, ada, phone, **wrong) is None

    assert work.session.scalar(select(func.count()).select_from(Passkey)) == 0
    (said,) = reasons(work)
    assert said in reason.split(" or ")
    assert add(work, ada, Authenticator()) is not None  # and the same thing done right is accepted


def test_a_registration_serves_once_where_and_while_it_was_asked_for(work, ada, make_account):
    bob = make_account("bob@example.test")
    options = passkey.creation_options(work, ada.account.id, passkey.ADD, "s")

    def attempt(*, purpose=passkey.ADD, bound="s", person=ada, later=None):
        at = work if later is None else work.later(seconds=later)
        return passkey.add(at, person.account.id, Authenticator().create(options), purpose, bound, "")

    assert attempt(purpose=passkey.ENROL) is None
    assert attempt(bound="another session") is None
    assert attempt(later=300) is None
    assert attempt(later=299) is not None
    assert attempt() is None
    assert set(reasons(work)) == {"challenge"}
    assert add(work, bob, Authenticator()) is not None


def test_a_credential_belongs_to_one_account(work, ada, enrolled, make_account):
    bob = make_account("bob@example.test")

    assert add(work, bob, enrolled) is None

    assert reasons(work) == ["taken"]
    assert work.session.scalar(select(Passkey.account_id)) == ada.account.id


def test_an_account_has_a_handful(work, ada):
    for _ in range(passkey.MOST):
        assert add(work, ada, Authenticator()) is not None
    assert add(work, ada, Authenticator()) is None
    assert reasons(work) == ["too_many"]


# --- answering with one ---


def test_an_answer_says_whose_it_is(work, ada, enrolled):
    assert prove(work, enrolled) == ada.account.id

    key = work.session.scalar(select(Passkey))
    work.session.refresh(key)
    assert (key.sign_count, key.last_used_at) == (2, work.now)


def test_what_the_browser_is_asked_says_nothing_about_anybody(work, enrolled):
    options = json.loads(passkey.request_options(work, passkey.SIGN_IN, COOKIE))

    assert options["allowCredentials"] == []
    assert (options["rpId"], options["userVerification"], options["timeout"]) == ("localhost", "required", 300_000)
    assert set(options) == {"allowCredentials", "challenge", "rpId", "timeout", "userVerification"}


def flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


ASSERTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("type of a registration", {"type": "webauthn.create"}, "answer"),
    ("another challenge", {"challenge": encoded(b"x" * 43)}, "challenge"),
    ("another origin", {"origin": "http://localhost:8001"}, "answer"),
    ("origin in capitals", {"origin": "HTTP://LOCALHOST:8000"}, "answer"),
    ("origin with another name before it", {"origin": "http://localhost:8000.evil.example"}, "answer"),
    ("in a frame of another site", {"more": {"crossOrigin": True}}, "cross_origin"),
    ("cross-origin as a number", {"more": {"crossOrigin": 1}}, "cross_origin"),
    ("under another top origin", {"more": {"topOrigin": "http://localhost:8000"}}, "cross_origin"),
    ("another relying party", {"rp_id": "evil.example"}, "answer"),
    ("nobody present", {"flags": UV}, "answer"),
    ("nobody verified", {"flags": UP}, "answer"),
    ("backed up without being eligible", {"flags": UP | UV | BS}, "answer"),
    ("eligible all at once", {"flags": UP | UV | BE}, "backup_flags"),
    ("eligible and backed up all at once", {"flags": UP | UV | BE | BS}, "backup_flags"),
    ("signature of another key", {"key": ec.generate_private_key(ec.SECP256R1())}, "answer"),
    ("an altered signature", {"signature": flipped}, "answer"),
    ("no signature", {"signature": lambda _: b""}, "answer"),
    ("client data that were not signed", {"client_data_sent": b"{}"}, "malformed"),
    ("authenticator data that were not signed", {"data_sent": bytes(37)}, "answer"),
    ("the counter it had", {"counter": 1}, "counter"),
    ("the counter gone back", {"counter": 0}, "counter"),
    ("no account named", {"handle": None}, "user_handle"),
    ("another account named", {"handle": b"another account."}, "user_handle"),
    ("a credential nobody knows", {"id": b"another" * 4}, "unknown"),
    ("an id that is not the raw id", {"raw_id": b"another" * 4}, "answer"),
    ("no public key", {"credential_type": "password"}, "answer"),
]


@pytest.mark.parametrize(("wrong", "reason"), [row[1:] for row in ASSERTIONS], ids=[row[0] for row in ASSERTIONS])
def test_an_answer_with_one_thing_wrong_is_refused(work, ada, enrolled, wrong, reason):
    assert prove(work, enrolled, **wrong) is None

    assert reasons(work) == [reason]
    key = work.session.scalar(select(Passkey))
    assert (key.sign_count, key.last_used_at) == (1, None)
    assert prove(work, enrolled) == ada.account.id  # and the same thing done right is accepted


def test_there_are_enough_of_them():
    assert min(len(REGISTRATIONS), len(ASSERTIONS)) >= 15


def test_an_answer_serves_once_where_and_while_it_was_asked_for(work, ada, enrolled):
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)

    def answered(*, purpose=passkey.SIGN_IN, bound=COOKIE, later=0):
        return passkey.verify(work.later(seconds=later), enrolled.get(options), purpose, bound)

    assert answered(purpose=passkey.PROVE) is None
    assert answered(bound="another browser") is None
    assert answered(later=300) is None
    assert answered(later=299) == ada.account.id
    assert answered() is None
    assert reasons(work) == ["challenge"] * 4


def test_a_refused_answer_has_used_its_challenge(work, enrolled):
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)

    assert passkey.verify(work, enrolled.get(options, origin="https://evil.example"), passkey.SIGN_IN, COOKIE) is None
    assert passkey.verify(work, enrolled.get(options), passkey.SIGN_IN, COOKIE) is None
    assert reasons(work) == ["answer", "challenge"]


def test_the_challenge_is_kept_as_a_digest(work, enrolled):
    challenge = json.loads(passkey.request_options(work, passkey.SIGN_IN, COOKIE))["challenge"]
    kept = work.session.scalar(select(PasskeyChallenge.challenge_digest))

    assert challenge.encode() not in kept
    assert len(kept) == 32


def test_a_passkey_of_somebody_else_does_not_stand_in(work, make_account, enrolled):
    bob = make_account("bob@example.test")
    options = passkey.request_options(work, passkey.PROVE, "attempt")

    assert passkey.verify(work, enrolled.get(options), passkey.PROVE, "attempt", bob.account.id) is None
    assert reasons(work) == ["account"]


def test_one_that_does_not_count_is_accepted_again_and_again(work, ada):
    cloud = Authenticator(counter=None, backup=BE)
    assert add(work, ada, cloud) is not None

    assert prove(work, cloud) == ada.account.id
    assert prove(work, cloud) == ada.account.id
    assert prove(work, cloud, flags=UP | UV | BE | BS) == ada.account.id  # backed up meanwhile
    assert work.session.scalar(select(Passkey.backed_up)) is True
    assert prove(work, cloud, flags=UP | UV) is None
    assert reasons(work) == ["backup_flags"]


def test_the_largest_counter_is_kept(work, ada, enrolled):
    assert prove(work, enrolled, counter=2**32 - 1) == ada.account.id
    assert work.session.scalar(select(Passkey.sign_count)) == 2**32 - 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("id", "rawId", "type", "response", "clientExtensionResults")
INNER = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject", "transports")


@given(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON, st.dictionaries(st.sampled_from(INNER), JSON))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_is_an_answer_or_a_refusal(work, ada, enrolled, outer, inner):
    """Half of them are a right answer with one part replaced."""
    options = passkey.request_options(work, passkey.SIGN_IN, COOKIE)
    right = json.loads(enrolled.get(options))
    for sent in (outer, {**right, "response": {**right["response"], **inner}}):
        proved = passkey.verify(work, json.dumps(sent), passkey.SIGN_IN, COOKIE)
        assert proved in (None, ada.account.id)
        assert passkey.add(work, ada.account.id, json.dumps(sent), passkey.ADD, "s", "") is None


@pytest.mark.parametrize("answer", ["", "null", "[]", "{", "0", '"' + "x" * 30_000 + '"', "\ud800", "[" * 15_000])
def test_an_answer_that_is_none_is_refused(work, answer):
    assert passkey.verify(work, answer, passkey.SIGN_IN, COOKIE) is None
    assert reasons(work) == ["malformed"]


def test_no_passkeys_under_an_address_without_a_name(work):
    assert passkey.available(work)
    assert passkey.available(replace(work, issuer="https://id.example.com"))
    assert not passkey.available(replace(work, issuer="http://127.0.0.1:8000"))
    assert not passkey.available(replace(work, issuer="http://[::1]:8000"))
