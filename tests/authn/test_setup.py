"""The last steps before an account is complete."""

import pytest

from idp.accounts import recovery_contact
from idp.authn import recovery_code, session, setup, sign_in, totp
from idp.authn.contacts import Proved
from idp.authn.outcome import Outcome
from idp.authn.sign_in import Step
from idp.core.errors import Conflict, Expired, InvalidInput
from tests.authn import flows
from tests.conftest import give_contact, later
from tests.outbox_content import mails, messages

HOME = "ada@perso.example.org"


@pytest.fixture
def half_way(make_account):
    """An account with a password and an app, and nothing to recover it with."""
    return make_account(contact=False, kept=False)


def proved(work, person, **options):
    attempt, _ = flows.password(work, person, **options)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, person.secret)) is Outcome.ACCEPTED
    return attempt


def test_contact_and_codes_come_before_the_session(work, half_way):
    attempt = proved(work, half_way)
    for step in (Step.CONTACT, Step.CODES):
        assert sign_in.step(work, attempt) is step
        with pytest.raises(Conflict):
            sign_in.finish(work, attempt, trust=False)
        if step is Step.CONTACT:
            with pytest.raises(Conflict):
                setup.make_codes(work, attempt)
            setup.ask_contact(work, attempt, kind="email", value=HOME)
            assert setup.prove_contact(work, attempt, flows.sent_code(work)) is Proved.ACCEPTED
    codes = setup.make_codes(work, attempt)
    assert len(codes) == 10
    assert setup.keep_codes(work, attempt, codes[7].lower())
    assert recovery_code.left(work, half_way.account.id) == 10
    assert sign_in.step(work, attempt) is Step.DONE
    assert sign_in.finish(work, attempt, trust=False).account_id == half_way.account.id


def test_leaving_half_way_resumes_at_the_same_step(work, half_way):
    first = proved(work, half_way)
    setup.ask_contact(work, first, kind="email", value=HOME)
    setup.prove_contact(work, first, flows.sent_code(work))
    codes = setup.make_codes(work, first)
    work = later(work, days=3)

    again = proved(work, half_way)
    assert sign_in.step(work, again) is Step.CODES
    assert setup.codes_made_at(work, again) is not None
    assert setup.keep_codes(work, again, codes[0])  # kept then, shown now
    assert sign_in.step(work, again) is Step.DONE


def test_a_step_up_asks_for_none_of_it(work, make_account):
    ada = make_account()
    finished = flows.signed_in(work, ada)
    current = session.find(work, finished.session_token)
    recovery_code.void(work, ada.account.id)
    attempt = sign_in.begin(work, continue_to="/account", purpose="step_up", current=current)[0]
    work = later(work, minutes=1)
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.DONE


def test_a_trusted_browser_is_asked_for_a_code_before_a_contact_is_added(work, make_account):
    ada = make_account()
    trusted = flows.signed_in(work, ada, trust=True)
    recovery_code.void(work, ada.account.id)
    attempt, _ = flows.password(later(work, minutes=2), ada, device=trusted.device_token)
    assert attempt.methods == {"pwd", "dev"}
    assert sign_in.step(work, attempt) is Step.TOTP
    with pytest.raises(Conflict):
        setup.make_codes(work, attempt)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("email", "ADA@example.test", "recovery_same_as_login"),
        ("email", "not an address", "not_an_address"),
        ("phone", "+33 1", "not_a_phone_number"),
        ("phone", "+33 1 44 55 66 77", "not_a_mobile"),
        ("phone", "+1 202 555 0123", "country"),
        ("pigeon", "grey", "unknown_kind"),
    ],
)
def test_what_cannot_help_is_refused_before_anything_is_sent(work, half_way, kind, value, reason):
    attempt = proved(work, half_way)
    with pytest.raises(InvalidInput) as refused:
        setup.ask_contact(work, attempt, kind=kind, value=value)
    assert refused.value.members == {"field": "recovery_contact", "reason": reason}
    assert mails(work) == messages(work) == []
    assert recovery_contact.verified(work, half_way.account.id) == []


def test_a_number_is_kept_in_e164_and_dialled_as_at_home(work, half_way):
    attempt = proved(work, half_way)  # fr-FR
    assert setup.ask_contact(work, attempt, kind="phone", value="06 39 98 00 11") is Outcome.ACCEPTED
    assert setup.prove_contact(work, attempt, flows.sent_code(work)) is Proved.ACCEPTED
    [contact] = recovery_contact.verified(work, half_way.account.id)
    assert (contact.kind, contact.value, recovery_contact.masked(contact)) == ("phone", "+33639980011", "+33 ••• 11")


def test_the_phone_of_another_account_is_refused_to_whoever_holds_it_and_told_to_nobody_else(
    work, half_way, make_account
):
    bob = make_account("bob@example.test", contact=False)
    give_contact(work, bob.account.id, value="+33639980055")
    attempt = proved(work, half_way)
    assert setup.ask_contact(work, attempt, kind="phone", value="+33639980055") is Outcome.ACCEPTED
    right = flows.sent_code(work)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    assert setup.prove_contact(work, attempt, wrong) is Proved.REFUSED
    assert setup.prove_contact(work, attempt, right) is Proved.IN_USE
    assert sign_in.step(work, attempt) is Step.CONTACT


def test_the_code_of_one_attempt_serves_in_no_other(work, half_way):
    first, second = proved(work, half_way), None
    setup.ask_contact(work, first, kind="email", value=HOME)
    code = flows.sent_code(work)
    work = later(work, minutes=1)
    second = proved(work, half_way)
    assert setup.asked_contact(work, second) is None
    assert setup.prove_contact(work, second, code) is Proved.REFUSED
    assert setup.prove_contact(work, first, code) is Proved.ACCEPTED


def test_another_code_goes_to_the_same_contact(work, half_way):
    attempt = proved(work, half_way)
    with pytest.raises(Expired):
        setup.ask_contact_again(work, attempt)
    setup.ask_contact(work, attempt, kind="email", value=HOME)
    assert setup.ask_contact_again(work, attempt) is Outcome.ACCEPTED
    assert {mail["recipient"] for mail in mails(work)} == {HOME}
    assert setup.prove_contact(work, attempt, flows.sent_code(work)) is Proved.ACCEPTED


def test_a_contact_added_at_a_sign_in_is_told(work, half_way):
    attempt = proved(work, half_way)
    setup.ask_contact(work, attempt, kind="email", value=HOME)
    setup.prove_contact(work, attempt, flows.sent_code(work))
    told = [mail["recipient"] for mail in mails(work) if mail["template"] == "recovery_contact_changed"]
    assert sorted(told) == ["ada@example.test", HOME]


def test_only_a_code_of_the_last_set_shows_that_it_was_kept(work, half_way):
    give_contact(work, half_way.account.id)
    attempt = proved(work, half_way)
    old = setup.make_codes(work, attempt)
    new = setup.make_codes(work, attempt)
    assert [mail["template"] for mail in mails(work)] == ["recovery_codes_replaced"] * 2
    for typed in (old[0], "", "0000-0000-0000-0000", "x" * 10_000):
        assert not setup.keep_codes(work, attempt, typed)
    assert setup.keep_codes(work, attempt, new[9])
