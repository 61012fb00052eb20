"""Every mistake in the account policy is refused, and so is what nothing in the service would follow."""

import pytest

from tests.policy.broken import refusal, replace

MISTAKES = {
    "text for a number": (
        "account-policy.yaml",
        "min_length: 12",
        "min_length: long",
        "password/min_length",
        "integer",
    ),
    "a password that runs out": (
        "account-policy.yaml",
        "expiry_days: null",
        "expiry_days: 90",
        "password/expiry_days",
        "",
    ),
    "a password that is short for a password beside a second factor": (
        "account-policy.yaml",
        "min_length: 12",
        "min_length: 11",
        "password/min_length",
        "12",
    ),
    "no second factor": (
        "account-policy.yaml",
        "two_factor:\n  required: true",
        "two_factor:\n  required: false",
        "two_factor/required",
        "nobody signs in without a second factor",
    ),
    "sign-ins without a second factor": (
        "account-policy.yaml",
        "grace_sign_ins: 0",
        "grace_sign_ins: 3",
        "two_factor/grace_sign_ins",
        "0",
    ),
    "one pair of eyes": (
        "account-policy.yaml",
        "  four_eyes: true",
        "  four_eyes: false",
        "support_reset/four_eyes",
        "True",
    ),
    "recovery codes that can be guessed": (
        "account-policy.yaml",
        "length: 16",
        "length: 10",
        "two_factor/backup_codes/length",
        "16",
    ),
    "codes that work for long": (
        "account-policy.yaml",
        "code_ttl_seconds: 600",
        "code_ttl_seconds: 900",
        "two_factor/code_ttl_seconds",
        "600",
    ),
    "known passwords allowed": (
        "account-policy.yaml",
        "refuse: [breached_list, email,",
        "refuse: [email,",
        "password/refuse",
        "breached_list cannot be left out",
    ),
    "trust that outlives a new password": (
        "account-policy.yaml",
        "ends_on: [password_change, ",
        "ends_on: [",
        "two_factor/trusted_device/ends_on",
        "password_change cannot be left out",
    ),
    "an owner who can be erased": (
        "account-policy.yaml",
        "blocked_while: [owner_of_open_company, ",
        "blocked_while: [",
        "erasure/blocked_while",
        "owner_of_open_company cannot be left out",
    ),
    "limit without a pause": (
        "account-policy.yaml",
        ", block_minutes: 30",
        "",
        "limits/wrong_passwords",
        "number of minutes",
    ),
    "second factor for recovery only": (
        "account-policy.yaml",
        "recommended: true, digits: 6",
        "recovery_only: true, digits: 6",
        "two_factor/methods",
        "recovery only",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_refused_with_its_file_and_entry(folder, mistake):
    file, old, new, entry, reason = mistake
    replace(folder, file, old, new)

    found = [each for each in refusal(folder).problems if each.entry.startswith(entry) and reason in each.reason]

    assert [each.file for each in found] == [file]
