"""Signed messages in the form of Standard Webhooks."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.core import webhooks
from idp.core.webhooks import SignatureRefused

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SECRET = webhooks.read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_standard():
    """The example that the specification gives."""
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = webhooks.signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, BODY)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert webhooks.verify([("key", SECRET)], headers, BODY, at) == "key"


def test_one_of_two_keys_is_found_and_one_of_several_signatures_is_enough():
    old, new = webhooks.new_secret(), webhooks.new_secret()
    headers = webhooks.signed(old, "evt_1", NOW, BODY)
    assert webhooks.verify([("new", new), ("old", old)], headers, BODY, NOW) == "old"
    headers["webhook-signature"] = f"v1a,AAAA {headers['webhook-signature']} v1,é"
    assert webhooks.verify([("old", old)], headers, BODY, NOW) == "old"


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("missing", {"webhook-id": ""}),
        ("missing", {"webhook-id": "a.b"}),
        ("missing", {"webhook-id": "a" * 101}),
        ("missing", {"webhook-timestamp": "now"}),
        ("missing", {"webhook-timestamp": "-1"}),
        ("missing", {"webhook-timestamp": "9" * 400}),
        ("missing", {"webhook-signature": ""}),
        ("wrong", {"webhook-signature": "v1,AAAA"}),
        ("wrong", {"webhook-id": "evt_2"}),
        ("wrong", {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}),
        ("stale", {"webhook-timestamp": str(int((NOW - timedelta(minutes=6)).timestamp()))}),
        ("stale", {"webhook-timestamp": str(int((NOW + timedelta(minutes=6)).timestamp()))}),
    ],
)
def test_what_is_not_signed_so_is_refused(reason, change):
    headers = webhooks.signed(SECRET, "evt_1", NOW, BODY) | change
    with pytest.raises(SignatureRefused) as refused:
        webhooks.verify([("key", SECRET)], headers, BODY, NOW)
    assert refused.value.members == {"reason": reason}


def test_another_body_and_another_key_are_refused():
    headers = webhooks.signed(SECRET, "evt_1", NOW, BODY)
    for live, body in (([("key", SECRET)], BODY + b" "), ([("other", webhooks.new_secret())], BODY), ([], BODY)):
        with pytest.raises(SignatureRefused, match="wrong"):
            webhooks.verify(live, headers, body, NOW)
