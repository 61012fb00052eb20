"""Notices (`idp/authn/notices.py`): to every address of the holder, in the transaction of the change."""

from datetime import timedelta

import pytest

from idp.accounts import recovery_contact
from idp.accounts.models import EmailAddress, RecoveryContact
from idp.authn import notices
from idp.authn.models import NoticeLink
from idp.core import networks, tokens
from idp.core.networks import Place
from idp.outbox.render import render
from tests.conftest import later
from tests.outbox_content import mails


def recipients(work):
    return {mail["recipient"] for mail in mails(work)}


def contact(work, account_id, value, *, verified=True, kind="email"):
    row = RecoveryContact(account_id=account_id, kind=kind, value=value, created_at=work.now)
    row.verified_at = work.now if verified else None
    work.session.add(row)
    work.session.flush()


@pytest.fixture
def ada(make_account, work):
    person = make_account()
    for row in recovery_contact.verified(work, person.account.id):
        work.session.delete(row)
    work.session.flush()
    return person


def released(work, account_id, address, *, ago):
    work.session.add(
        EmailAddress(
            account_id=account_id, address=address, canonical=address.lower(), verified_at=work.now,
            created_at=work.now - timedelta(days=90), released_at=work.now - ago,
        )
    )  # fmt: skip
    work.session.flush()


def test_every_proved_address_is_told_once(work, ada):
    contact(work, ada.account.id, "ada@home.example.test")
    contact(work, ada.account.id, "Ada@Example.TEST")  # the sign-in address, written otherwise
    contact(work, ada.account.id, "never.proved@example.test", verified=False)
    contact(work, ada.account.id, "+32470000021", kind="phone")

    notices.tell(work, ada.account.id, "passkey_added", what="phone")

    assert recipients(work) == {"ada@example.test", "ada@home.example.test"}


def test_the_address_before_is_told_for_seven_days(work, ada):
    released(work, ada.account.id, "ada@before.test", ago=timedelta(days=6, hours=23))
    released(work, ada.account.id, "ada@long.before.test", ago=timedelta(days=7))

    notices.tell(work, ada.account.id, "passkey_added")

    assert recipients(work) == {"ada@example.test", "ada@before.test"}


def test_an_address_that_is_somebody_else_s_by_now_is_not_told(work, ada, make_account):
    released(work, ada.account.id, "bob@example.test", ago=timedelta(days=1))
    make_account("bob@example.test", given_name="Bob")

    notices.tell(work, ada.account.id, "passkey_added")

    assert recipients(work) == {"ada@example.test"}


def test_a_contact_that_was_just_removed_is_told_too(work, ada):
    notices.tell(work, ada.account.id, "recovery_contact_changed", also=["ada@gone.test", "ada@example.test"])

    assert recipients(work) == {"ada@example.test", "ada@gone.test"}


def test_a_change_that_is_rolled_back_sends_nothing(work, ada, open_work):
    work.session.commit()
    notices.tell(work, ada.account.id, "authenticator_removed")
    assert recipients(work) == {"ada@example.test"}

    work.session.rollback()

    assert mails(open_work()) == []
    assert open_work().session.query(NoticeLink).count() == 0


def test_each_mail_has_a_link_of_its_own_kept_as_a_digest(work, ada):
    contact(work, ada.account.id, "ada@home.example.test")
    notices.tell(work, ada.account.id, "sessions_ended")

    paths = [mail["variables"]["path"] for mail in mails(work)]
    sent = [path.removeprefix("/not-me/") for path in paths]
    kept = {row.token_digest: row for row in work.session.query(NoticeLink)}
    assert len(set(sent)) == 2
    assert {tokens.digest(token) for token in sent} == set(kept)
    assert {row.canonical for row in kept.values()} == {"ada@example.test", "ada@home.example.test"}
    assert {row.expires_at - row.created_at for row in kept.values()} == {timedelta(minutes=60)}


def test_a_template_with_a_button_of_its_own_gets_no_such_link(work, ada):
    notices.tell(work, ada.account.id, "email_changed", path="/elsewhere", new="x")

    assert mails(work)[0]["variables"]["path"] == "/elsewhere"
    assert work.session.query(NoticeLink).count() == 0


def test_a_notice_says_when_where_and_in_which_browser(work, ada):
    places = networks.gathered([("192.0.2.0/24", Place("Lille", 50.6, 3.06))])
    somewhere = type(work)(work.session, work.now, work.policies, work.actor, work.keyring, work.issuer, places)

    notices.tell(somewhere, ada.account.id, "passkey_added", what="Clé bleue")

    [mail] = mails(work)
    assert mail["locale"] == "fr-FR"
    shown = render(mail["template"], mail, "https://id.example.test")
    for part in (shown.text, shown.html):
        assert "Lille" in part
        assert "Firefox, Linux" in part
        assert "Clé bleue" in part
        assert "2\u00a0mars\u00a02026" in part
        assert "https://id.example.test/not-me/" in part
    assert shown.subject == "Une clé d’accès a été ajoutée à votre compte"


def test_links_that_prove_an_address_go_to_the_sign_in_address_alone(work, ada):
    contact(work, ada.account.id, "ada@home.example.test")

    notices.write(later(work), ada.account.id, "password_reset", path="/reset/x", expires="soon")

    assert recipients(work) == {"ada@example.test"}
