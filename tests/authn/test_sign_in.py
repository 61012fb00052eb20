"""The way from an address to a session."""

import pytest
from sqlalchemy import delete, func, select

from idp.accounts.models import Account
from idp.audit.models import AuditEvent
from idp.authn import session, sign_in, totp
from idp.authn.models import PasswordCredential, Session, SignIn
from idp.authn.sign_in import Outcome, Step
from idp.core.errors import Conflict, Expired, NotAuthenticated
from tests.authn import flows
from tests.conftest import later
from tests.outbox_content import facts, mails


def test_password_and_code_lead_to_a_session(work, make_account):
    ada = make_account()
    attempt, outcome = flows.password(work, ada)
    assert outcome is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.TOTP
    assert sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret)) is Outcome.ACCEPTED
    assert sign_in.step(work, attempt) is Step.DONE

    finished = sign_in.finish(work, attempt, trust=False)

    current = session.find(work, finished.session_token)
    assert current is not None
    assert (current.account_id, current.amr, current.acr) == (ada.account.id, ("pwd", "otp", "mfa"), session.ACR_TWO)
    assert current.auth_time == work.now
    assert finished.continue_to == "/account"


def test_the_password_alone_never_leads_to_a_session(work, make_account):
    attempt, _ = flows.password(work, make_account())
    with pytest.raises(Conflict) as refused:
        sign_in.finish(work, attempt, trust=False)
    assert refused.value.members["step"] == "totp"
    work.session.rollback()
    assert work.session.scalar(select(func.count()).select_from(Session)) == 0


def test_a_code_is_not_taken_before_the_password(work, make_account):
    ada = make_account()
    attempt = flows.attempt(work)
    with pytest.raises(Conflict):
        sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    with pytest.raises(Conflict):
        sign_in.prove_recovery_code(work, attempt, "0000-0000-0000-0000")
    with pytest.raises(Conflict):
        sign_in.begin_enrolment(work, attempt)
    with pytest.raises(Conflict):
        sign_in.finish(work, attempt, trust=False)


def test_a_finished_attempt_gives_no_second_session(work, make_account):
    ada = make_account()
    attempt, token = sign_in.begin(work, continue_to="/")
    flows.password(work, ada, on=attempt)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    sign_in.finish(work, attempt, trust=False)
    with pytest.raises(Expired):
        sign_in.finish(work, attempt, trust=False)
    with pytest.raises(Expired):
        sign_in.current(work, token)


def test_an_attempt_ends_after_half_an_hour(work, make_account):
    attempt, token = sign_in.begin(work, continue_to="/")
    assert sign_in.current(work.later(minutes=29, seconds=59), token).id == attempt.id
    with pytest.raises(Expired):
        sign_in.current(work.later(minutes=30), token)
    with pytest.raises(Expired):
        flows.password(work.later(minutes=30), make_account(), on=attempt)


def test_a_renewed_attempt_leaves_the_planted_token_behind(work, make_account):
    attempt, planted = sign_in.begin(work, continue_to="/")
    flows.password(work, make_account(), on=attempt)
    token = sign_in.renew(work, attempt)
    with pytest.raises(Expired):
        sign_in.current(work, planted)
    assert sign_in.current(work, token).id == attempt.id


def test_turning_to_another_account_drops_what_was_proved(work, make_account):
    ada, bob = make_account(), make_account("bob@example.test")
    attempt, _ = flows.password(work, ada)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    flows.password(work, bob, on=attempt)
    assert sign_in.step(work, attempt) is Step.TOTP
    assert sign_in.prove_totp(work, attempt, totp.current_code(work.later(seconds=60), ada.secret)) is Outcome.REFUSED


def test_wrong_unknown_blocked_and_invited_get_one_answer(work, make_account):
    ada = make_account()
    blocked = make_account("pascal@example.test", status="blocked", status_reason="wrong_passwords")
    for address, password in (
        (ada.address, "wrong password typed"),
        ("nobody@example.test", ada.password),
        ("not an address", ada.password),
        (blocked.address, blocked.password),
        (ada.address, "x" * 5000),
        (ada.address, "\ud800" * 12),
        (ada.address, ""),
    ):
        attempt, outcome = flows.password(work, flows.Typed(address, password))
        assert outcome is Outcome.REFUSED
        assert sign_in.step(work, attempt) is Step.PASSWORD
    assert [mail["template"] for mail in mails(work)] == []
    assert facts(work, "sign_in.blocked") == [{"canonical": "pascal@example.test"}]


@pytest.mark.parametrize("change", [str.upper, lambda typed: typed + " ", lambda typed: typed[:-1]])
def test_the_password_counts_exactly_as_typed(work, make_account, change):
    ada = make_account(password="un-Moulin-sur-la-colline-" + "é" * 80)
    assert flows.password(work, ada, typed=change(ada.password))[1] is Outcome.REFUSED
    assert flows.password(work, ada, typed=ada.password.replace("é", "e\u0301"))[1] is Outcome.ACCEPTED  # NFC


def test_the_address_counts_without_case(work, make_account):
    ada = make_account("Ada.Byron@Example.test")
    assert flows.password(work, flows.Typed(" ada.BYRON@EXAMPLE.TEST ", ada.password))[1] is Outcome.ACCEPTED


def test_an_account_without_second_factor_is_led_to_one(work, make_account):
    camille = make_account(second_factor=False)
    attempt, _ = flows.password(work, camille)
    assert sign_in.step(work, attempt) is Step.ENROL
    shown = sign_in.begin_enrolment(work, attempt)
    assert sign_in.begin_enrolment(work, attempt) == shown  # a reload shows the same
    assert shown.uri.startswith("otpauth://totp/")
    assert shown.secret in shown.uri
    assert sign_in.confirm_enrolment(work, attempt, "000000") is Outcome.REFUSED
    assert not totp.holds(work, camille.account.id)
    code = totp.current_code(work, shown.secret)
    assert sign_in.confirm_enrolment(work, attempt, code) is Outcome.ACCEPTED
    assert session.find(work, sign_in.finish(work, attempt, trust=False).session_token).acr == session.ACR_TWO
    assert [mail["template"] for mail in mails(work)] == ["second_factor_added"]

    again, _ = flows.password(work, camille)  # the code that confirmed the app is spent
    assert sign_in.prove_totp(work, again, code) is Outcome.REFUSED


def test_of_two_attempts_one_links_its_app(work, make_account):
    camille = make_account(second_factor=False)
    first, _ = flows.password(work, camille)
    second, _ = flows.password(work, camille)
    mine, other = sign_in.begin_enrolment(work, first), sign_in.begin_enrolment(work, second)
    assert mine.secret != other.secret
    sign_in.confirm_enrolment(work, first, totp.current_code(work, mine.secret))
    with pytest.raises(Conflict):
        sign_in.confirm_enrolment(work, second, totp.current_code(work, other.secret))
    assert sign_in.step(work, second) is Step.TOTP


def test_a_requested_erasure_is_withdrawn_before_the_session(work, make_account, now):
    margaux = make_account(status="erasure_requested", erasure_at=now)
    attempt, _ = flows.password(work, margaux)
    with pytest.raises(Conflict):
        sign_in.keep_account(work, attempt)  # not with the password alone
    sign_in.prove_totp(work, attempt, totp.current_code(work, margaux.secret))
    assert sign_in.step(work, attempt) is Step.ERASURE
    sign_in.keep_account(work, attempt)
    assert sign_in.step(work, attempt) is Step.DONE
    finished = sign_in.finish(work, attempt, trust=False)
    account = work.session.get_one(Account, margaux.account.id)
    assert (account.status, account.erasure_at) == ("active", None)
    assert session.find(work, finished.session_token) is not None


def test_a_block_between_proof_and_finish_holds(work, make_account):
    ada = make_account()
    attempt, _ = flows.password(work, ada)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    work.session.get_one(Account, ada.account.id).status = "blocked"
    work.session.flush()
    with pytest.raises(NotAuthenticated):
        sign_in.finish(work, attempt, trust=False)


@pytest.mark.usefixtures("real_hashes")
def test_an_old_hash_is_renewed_at_sign_in(work, make_account):
    from argon2 import PasswordHasher

    ada = make_account()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(ada.password)
    work.session.get_one(PasswordCredential, ada.account.id).hash = weak
    work = later(work)
    assert flows.password(work, ada)[1] is Outcome.ACCEPTED
    stored = work.session.get_one(PasswordCredential, ada.account.id, populate_existing=True).hash
    assert "m=19456,t=2,p=1" in stored
    assert work.session.scalar(select(func.count()).where(AuditEvent.name == "password.rehashed")) == 1
    assert flows.password(work, ada)[1] is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("/oauth/authorize/continue?request=1", "/oauth/authorize/continue?request=1"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_going_on_stays_on_this_service(work, asked, kept):
    assert sign_in.begin(work, continue_to=asked)[0].continue_to == kept


def test_signing_in_again_renews_the_session_under_a_new_token(work, make_account):
    ada = make_account()
    first = flows.signed_in(work, ada)
    before = session.find(work, first.session_token)
    work = later(work, minutes=30)
    second = flows.signed_in(work, ada, current=before)
    after = session.find(work, second.session_token)
    assert session.find(work, first.session_token) is None
    assert (after.sid, after.session_id) == (before.sid, before.session_id)
    assert after.auth_time == work.now
    assert facts(work, "session.ended") == []


def test_another_person_ends_the_session_of_the_browser(work, make_account):
    ada, bob = make_account(), make_account("bob@example.test")
    first = flows.signed_in(work, ada)
    second = flows.signed_in(work, bob, current=session.find(work, first.session_token))
    assert session.find(work, first.session_token) is None
    assert session.find(work, second.session_token).account_id == bob.account.id
    assert [fact["reason"] for fact in facts(work, "session.ended")] == ["replaced"]


def test_a_step_up_asks_for_the_code_alone_and_renews(work, make_account):
    ada = make_account()
    first = session.find(work, (token := flows.signed_in(work, ada).session_token))
    work = later(work, minutes=20)
    attempt = flows.attempt(work, purpose="step_up", current=first)
    assert sign_in.step(work, attempt) is Step.TOTP
    with pytest.raises(Conflict):
        flows.password(work, ada, on=attempt)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    finished = sign_in.finish(work, attempt, trust=False)
    stronger = session.find(work, finished.session_token)
    assert session.find(work, token) is None
    assert stronger.auth_time == work.now
    assert stronger.expires_at == first.expires_at  # a code does not lengthen it
    assert finished.device_token is None


def test_a_step_up_needs_its_session_to_the_end(work, make_account):
    ada = make_account()
    first = session.find(work, flows.signed_in(work, ada).session_token)
    work = later(work, minutes=20)
    attempt = flows.attempt(work, purpose="step_up", current=first)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))
    session.end(work, first.session_id, "signed_out")
    with pytest.raises(Expired):
        sign_in.finish(work, attempt, trust=False)


def test_a_browser_never_seen_is_told_to_the_holder(work, make_account, open_work):
    ada = make_account()
    flows.signed_in(work, ada)
    assert mails(work) == []  # the first session of an account is not news
    work = later(work, minutes=5)
    flows.signed_in(work, ada)
    assert mails(work) == []
    work.session.commit()
    elsewhere = open_work(at=work.later(minutes=5).now, user_agent="Mozilla/5.0 (iPhone) Safari/604.1")
    flows.signed_in(elsewhere, ada)
    [mail] = mails(elsewhere)
    assert (mail["template"], mail["recipient"]) == ("new_sign_in", ada.address)
    assert mail["variables"]["device"] == "Safari, iPhone"


def test_a_stranger_whose_browser_calls_itself_alike_is_told_too(work, make_account, open_work):
    """Half of the world has the same browser: its name alone says nothing about who is there (R-84)."""
    ada = make_account()
    own = flows.signed_in(work, ada)
    work.session.commit()
    strange = open_work(at=work.later(minutes=5).now, network="203.0.113.9")
    flows.signed_in(strange, ada)
    assert [mail["template"] for mail in mails(strange)] == ["new_sign_in"]
    strange.session.commit()
    travelling = open_work(at=work.later(minutes=10).now, network="198.51.100.20")  # with the cookie of before
    flows.signed_in(travelling, ada, device=own.device_token)
    assert len(mails(travelling)) == 1


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb:cccc:dddd:1", False),  # one household changes its address by itself
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:3:aaaa::1", True),
        ("192.0.2.7", "192.0.2.70", True),
    ],
)
def test_a_household_is_one_network(work, make_account, open_work, before, after, news):
    ada = make_account()
    work.session.commit()
    work = open_work(at=work.now, network=before)
    flows.signed_in(work, ada)
    work.session.commit()
    again = open_work(at=work.later(minutes=5).now, network=after)
    flows.signed_in(again, ada)
    assert bool(mails(again)) is news


def test_an_account_that_slept_until_its_sessions_were_forgotten_is_told(work, make_account):
    ada = make_account()
    flows.signed_in(work, ada)
    work = later(work, days=120)
    work.session.execute(delete(Session))  # as the sweep does
    flows.signed_in(work, ada)
    assert [mail["template"] for mail in mails(work)] == ["new_sign_in"]


def test_attempts_keep_only_a_digest_of_their_token(work):
    attempt, token = sign_in.begin(work, continue_to="/")
    row = work.session.execute(select(SignIn.__table__)).one()
    assert all(token not in str(value) and token.encode() != value for value in row)
    assert attempt.token_digest == row.token_digest
