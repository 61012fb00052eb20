"""Addresses that would be refused today, and that their holders have had since before (R-59)."""

import pytest
from sqlalchemy import insert, update

from idp.accounts import email_address, profile
from idp.accounts.models import EmailAddress, RecoveryContact
from idp.authn import activation, email_change, facts, notices, recovery_request, reset, sign_in, totp
from idp.authn.sign_in import Outcome
from idp.core.errors import InvalidInput
from idp.core.ids import uuid7
from tests.authn import flows
from tests.conftest import PASSWORD
from tests.outbox_content import facts as told
from tests.outbox_content import mails

KEPT = "\u0418\u0432\u0430\u043d.b2b@firma.ru"  # Cyrillic and Latin
CONTACT = "\u0430dmin@example.test"


@pytest.fixture
def ivan(work, make_account):
    """Somebody whose addresses were written into the database before the rule."""
    ivan = make_account("ivan@firma.ru")
    values = {"address": KEPT, "canonical": KEPT.lower()}
    work.session.execute(update(EmailAddress).where(EmailAddress.account_id == ivan.account.id).values(**values))
    work.session.execute(
        insert(RecoveryContact).values(
            id=uuid7(), account_id=ivan.account.id, kind="email", value=CONTACT,
            verified_at=work.now, created_at=work.now,
        )
    )  # fmt: skip
    work.session.expire_all()
    return ivan


def test_they_cannot_be_taken(work, ivan, make_account):
    for take in (
        lambda: profile.create(work, address=KEPT, given_name="A", family_name="B", locale="fr-FR"),
        lambda: activation.invite(work, address=KEPT, locale="fr-FR"),
        lambda: email_change.ask(work, make_account().account.id, KEPT),
    ):
        with pytest.raises(InvalidInput) as refused:
            take()
        assert refused.value.members == {"field": "email", "reason": "mixed_alphabets"}


def test_their_holders_sign_in(work, ivan):
    attempt, outcome = flows.password(work, flows.Typed(KEPT, PASSWORD))
    assert (outcome, attempt.account_id) == (Outcome.ACCEPTED, ivan.account.id)


def test_their_holders_are_told(work, ivan):
    notices.tell(work, ivan.account.id, "passkey_added", what="phone")
    assert {mail["recipient"] for mail in mails(work)} >= {KEPT, CONTACT}


def test_their_holders_choose_a_new_password(work, ivan):
    reset.ask(work, KEPT)
    facts.HANDLERS["reset.asked"](work, told(work, "reset.asked")[-1])
    [mail] = [mail for mail in mails(work) if mail["template"] == "password_reset"]
    assert mail["recipient"] == KEPT
    attempt, _ = reset.begin(work, mail["variables"]["path"].split("/")[-1])
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ivan.secret)) is Outcome.ACCEPTED
    reset.set_password(work, attempt, "glissade sous la neige 4")
    assert flows.password(work, flows.Typed(KEPT, "glissade sous la neige 4"))[1] is Outcome.ACCEPTED


def test_their_holders_ask_for_a_new_start_and_change_their_address(work, ivan):
    recovery_request.ask(work, KEPT)
    assert told(work, recovery_request.FACT)[-1]["canonical"] == email_address.canonical(KEPT)
    assert email_change.ask(work, ivan.account.id, "ivan.b2b@firma.ru") is email_change.Outcome.ACCEPTED
