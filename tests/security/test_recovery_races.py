"""Codes and links of the recovery have one winner of fifty who try at the same time (R-14)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from idp.accounts import recovery_contact
from idp.accounts.models import RecoveryContact
from idp.authn import contacts, lost_factor, one_time_code, recovery_code, setup, sign_in, totp
from idp.authn.models import MailedLink, SignIn, TotpAuthenticator
from idp.core.errors import Conflict, IdpError
from idp.core.ids import uuid7
from tests.authn import flows
from tests.conftest import give_contact
from tests.outbox_content import mails

RUNNERS = 50
HOME = "ada@perso.example.org"


@pytest.fixture
def race(open_work, work):
    """Run the same act from fifty transactions at once; answers how often each result came."""

    def race(act, runners=RUNNERS):
        work.session.commit()
        gate = threading.Barrier(runners)
        # SQLite lets one writer in at a time; PostgreSQL's pool of the tests has some thirty places.
        turns = threading.Semaphore(
            runners if make_url(str(work.session.get_bind().url)).drivername == "sqlite" else 20
        )

        def run(number):
            gate.wait()
            with turns:
                own = open_work(at=work.now)
                own.write()
                try:
                    result = act(own, number)
                    own.session.commit()
                except IdpError as error:
                    own.session.rollback()
                    return type(error).__name__
                finally:
                    own.session.close()
                return result

        with ThreadPoolExecutor(runners) as pool:
            results = Counter(pool.map(run, range(runners)))
        work.session.expire_all()
        work.write()
        return results

    return race


@pytest.fixture
def ada(work, make_account):
    """A person, and their key read beforehand: the threads must not use the session of the test."""
    person = make_account(contact=False)
    key = person.account.id
    give_contact(work, key, kind="email", value=HOME)
    return person, key


def test_one_code_serves_once(race, work, ada):
    _, key = ada
    request = uuid7()
    one_time_code.send(work, key, purpose="race", bound_to=request, kind="email", destination=HOME, locale="fr-FR")
    code = flows.sent_code(work)

    def act(own, number):
        return one_time_code.verify(own, key, purpose="race", bound_to=request, code=code).value

    assert race(act)["accepted"] == 1


def test_fifty_guesses_at_once_are_five(race, work, ada):
    _, key = ada
    request = uuid7()
    one_time_code.send(work, key, purpose="race", bound_to=request, kind="email", destination=HOME, locale="fr-FR")
    right = int(flows.sent_code(work))

    def act(own, number):
        guess = f"{(right + 1 + number) % 1_000_000:06d}"
        return one_time_code.verify(own, key, purpose="race", bound_to=request, code=guess).value

    assert race(act) == {"refused": 4, "paused": RUNNERS - 4}
    assert one_time_code.verify(work, key, purpose="race", bound_to=request, code=f"{right:06d}").value == ("paused")


def test_one_proof_of_a_contact_sends_one_link(race, work, ada):
    ada, key = ada
    attempt, token = sign_in.begin(work, continue_to="/")
    flows.password(work, ada, on=attempt)
    [contact] = recovery_contact.verified(work, key)
    lost_factor.send_code(work, attempt, contact.id)
    code = flows.sent_code(work)

    def act(own, number):
        return lost_factor.prove_contact(own, sign_in.current(own, token, lock=True), code)[0].value

    results = race(act)
    assert results["accepted"] == 1, results
    sent = [mail for mail in mails(work) if mail["template"] == "lost_factor_link"]
    assert len(sent) == 1
    assert work.session.scalar(select(func.count()).where(MailedLink.purpose == "lost_factor")) == 1


def test_one_link_begins_one_attempt(race, work, ada):
    _, key = ada
    lost_factor.mail_link(work, key, at=work.now)
    token = mails(work)[-1]["variables"]["path"].rpartition("/")[2]

    def act(own, number):
        lost_factor.begin(own, token)
        return "begun"

    results = race(act)
    assert results["begun"] == 1, results
    assert work.session.scalar(select(func.count()).where(SignIn.purpose == "lost_factor")) == 1


def test_one_new_app_takes_the_place_of_the_old_one(race, work, ada):
    ada, key = ada
    lost_factor.mail_link(work, key, at=work.now)
    attempt, token = lost_factor.begin(work, mails(work)[-1]["variables"]["path"].rpartition("/")[2])
    lost_factor.prove_password(work, attempt, ada.password, device_token=None)
    code = totp.current_code(work, sign_in.begin_enrolment(work, attempt).secret)

    def act(own, number):
        return sign_in.confirm_enrolment(own, sign_in.current(own, token, lock=True), code).value

    results = race(act)
    assert results["accepted"] == 1, results
    assert work.session.scalar(select(func.count()).select_from(TotpAuthenticator)) == 1


def test_of_two_accounts_one_gets_the_phone(race, work, make_account):
    people = [make_account(f"p{number}@example.test", contact=False).account.id for number in range(2)]
    request, codes = uuid7(), []
    for person in people:
        contacts.ask(work, person, bound_to=request, kind="phone", value="+33639980077")
        codes.append(flows.sent_code(work))

    def act(own, number):
        return contacts.prove(own, people[number], bound_to=request, code=codes[number]).value

    assert race(act, runners=2) == {"accepted": 1, "in_use": 1}
    assert work.session.scalar(select(func.count()).select_from(RecoveryContact)) == 1


def test_of_two_contacts_removed_at_once_one_stays(race, work, ada):
    _, key = ada
    other = give_contact(work, key, kind="email", value="byron@perso.example.org")
    [first, _] = recovery_contact.verified(work, key)
    keys = [first.id, other]

    def act(own, number):
        try:
            contacts.remove(own, key, keys[number])
        except Conflict:
            return "last"
        return "removed"

    assert race(act, runners=2) == {"removed": 1, "last": 1}
    assert len(recovery_contact.verified(work, key)) == 1


def test_codes_made_by_many_are_one_set(race, work, make_account):
    ada = make_account(kept=False)
    attempt, token = sign_in.begin(work, continue_to="/")
    flows.password(work, ada, on=attempt)
    sign_in.prove_totp(work, attempt, totp.current_code(work, ada.secret))

    def act(own, number):
        return len(setup.make_codes(own, sign_in.current(own, token, lock=True)))

    assert race(act, runners=12) == {10: 12}
    assert recovery_code.left(work, ada.account.id) == 10
