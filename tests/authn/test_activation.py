"""From the mailed link to an account."""

import pytest
from sqlalchemy import func, select

from idp.accounts import email_address
from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.authn import activation, session, sign_in, totp
from idp.authn.sign_in import Outcome, Step
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import mails

LEA = "Lea.Marchand@example.test"
DETAILS = {"given_name": "Léa", "family_name": "Marchand", "password": "vieux moulin qui tourne", "personal": True}


@pytest.fixture
def token(work):
    token = activation.invite(work, address=LEA, locale="fr", continue_to="/account")
    work.session.commit()
    work.write()
    return token


def test_the_link_leads_through_password_app_contact_and_codes_to_a_session(work, token):
    attempt, attempt_token = activation.activate(work, token, **DETAILS)
    assert sign_in.current(work, attempt_token).id == attempt.id
    assert sign_in.step(work, attempt) is Step.ENROL
    with pytest.raises(Conflict):
        sign_in.finish(work, attempt, trust=False)
    work = later(work)
    shown = sign_in.begin_enrolment(work, attempt)
    assert shown.label == LEA
    code = totp.current_code(work, shown.secret)
    assert sign_in.confirm_enrolment(work, attempt, code) is Outcome.ACCEPTED
    flows.complete(work, attempt)
    finished = sign_in.finish(work, attempt, trust=False)
    current = session.find(work, finished.session_token)
    assert (current.display_name, current.locale, current.acr) == ("Léa Marchand", "fr-FR", session.ACR_TWO)
    assert finished.continue_to == "/account"
    account = work.session.get_one(Account, current.account_id)
    assert account.personal_at == work.now
    address = email_address.primary_address(work, account.id)
    assert (address.address, address.canonical, address.verified_at) == (LEA, "lea.marchand@example.test", work.now)
    assert [mail["template"] for mail in mails(work)] == ["activation", "one_time_code"]  # the account is only made


def test_the_mail_carries_the_link(work, token):
    [mail] = mails(work)
    assert (mail["template"], mail["recipient"], mail["locale"]) == ("activation", LEA, "fr-FR")
    assert mail["variables"]["path"] == f"/activation/{token}"
    assert mail["variables"]["expires"] == work.later(days=7).now.isoformat()


def test_opening_the_link_does_not_spend_it(work, token):
    for _ in range(10):
        assert activation.find(work, token).address == LEA
    activation.activate(work, token, **DETAILS)
    with pytest.raises(Expired) as used:
        activation.find(work, token)
    assert used.value.members["reason"] == "used"


def test_a_used_link_is_refused_and_the_refusal_noted(work, token):
    activation.activate(work, token, **DETAILS)
    work = later(work)
    with pytest.raises(Expired):
        activation.activate(work, token, **DETAILS)
    work.session.rollback()
    assert work.session.scalar(select(func.count()).where(AuditEvent.name == "activation.refused")) == 1


def test_a_link_lives_seven_days(work, token):
    assert activation.find(work.later(days=7, seconds=-1), token)
    with pytest.raises(Expired):
        activation.find(work.later(days=7), token)
    with pytest.raises(NotFound):
        activation.find(work, "x" * 43)


def test_a_newer_link_takes_the_place_of_the_older(work, token):
    newer = activation.invite(work, address=LEA.upper(), locale="nl-BE")
    with pytest.raises(Expired) as old:
        activation.find(work, token)
    assert old.value.members["reason"] == "withdrawn"
    assert activation.find(work, newer).locale == "nl-BE"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personal": False}, "personal"),
        ({"given_name": "  "}, "given_name"),
        ({"family_name": "x" * 101}, "family_name"),
        ({"family_name": "a\u202eb"}, "family_name"),
        ({"password": "short"}, "password"),
        ({"password": "lea.marchand.2026"}, "password"),
    ],
)
def test_what_cannot_be_used_does_not_spend_the_link(work, token, change, field):
    with pytest.raises(InvalidInput) as refused:
        activation.activate(work, token, **{**DETAILS, **change})
    assert refused.value.members["field"] == field
    work.session.rollback()
    assert activation.find(work, token)
    assert work.session.scalar(select(func.count()).select_from(Account)) == 0


def test_an_address_with_an_account_is_not_invited(work, make_account):
    make_account(LEA)
    with pytest.raises(Conflict):
        activation.invite(work, address=LEA.lower(), locale="fr-FR")


def test_an_account_made_meanwhile_is_not_overwritten(work, token, make_account):
    make_account(LEA)
    with pytest.raises(Conflict):
        activation.activate(work, token, **DETAILS)


def test_somebody_who_stopped_after_the_password_goes_on_at_the_next_sign_in(work, token):
    activation.activate(work, token, **DETAILS)
    attempt, outcome = flows.password(later(work, days=1), flows.Typed(LEA, DETAILS["password"]))
    assert outcome is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.ENROL
