"""One answer of a passkey, sent fifty times at once, opens one session (F-16); one of the last two always stays."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from idp.authn import authenticators, passkey, sign_in, totp
from idp.authn.models import Passkey, PasskeyChallenge, Session, TotpAuthenticator
from idp.authn.sign_in import Outcome
from idp.core.errors import IdpError
from tests.authn import flows
from tests.authn.authenticator import Authenticator

RUNNERS = 50
AT_ONCE = 15  # connections of the pool; the others come as soon as one is free
COOKIE = "the cookie of one browser"


@pytest.fixture
def race(open_work, work):
    """Run the same act from many transactions at once; answers how often each result came."""

    def race(act, runners: int) -> Counter[str]:  # `act` uses nothing of the session that waits here
        work.session.commit()
        gate = threading.Barrier(min(runners, AT_ONCE))

        def run(number: int) -> str:
            own = open_work(at=work.now)
            if number < AT_ONCE:
                gate.wait()
            try:
                own.write()
                result = act(own, number)
                own.session.commit()
            except IdpError as error:
                own.session.rollback()
                return type(error).__name__
            finally:
                own.session.close()
            return str(result)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = Counter(pool.map(run, range(runners)))
        work.session.expire_all()
        work.write()
        return results

    return race


def enrol(work, person, device: Authenticator) -> None:
    options = passkey.creation_options(work, person.account.id, passkey.ADD, "s")
    assert passkey.add(work, person.account.id, device.create(options), passkey.ADD, "s", "phone") is not None


def count(work, model) -> int:
    return work.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("counter", [0, None], ids=["counting", "not counting"])
def test_one_answer_opens_one_session(race, work, make_account, counter):
    ada, device = make_account(), Authenticator(counter=counter)
    enrol(work, ada, device)
    answer = device.get(passkey.request_options(work, passkey.SIGN_IN, COOKIE))
    tokens = [sign_in.begin(work, continue_to="/")[1] for _ in range(RUNNERS)]

    def act(own, number: int) -> str:
        attempt = sign_in.current(own, tokens[number], lock=True)
        outcome = sign_in.prove_passkey(own, attempt, answer, browser_token=COOKIE)
        if outcome is Outcome.ACCEPTED:
            sign_in.finish(own, attempt, trust=False)
        return outcome.value

    assert race(act, RUNNERS) == {"accepted": 1, "refused": RUNNERS - 1}
    assert count(work, Session) == 1


def test_a_copied_passkey_and_the_original_at_once_are_one_too_many(race, work, make_account):
    """Two challenges, answered under the same count: only one of the two is believed."""
    ada, device = make_account(), Authenticator()
    account = ada.account.id
    enrol(work, ada, device)
    answers = [device.get(passkey.request_options(work, passkey.SIGN_IN, COOKIE), counter=7) for _ in range(8)]

    results = race(lambda own, number: passkey.verify(own, answers[number], passkey.SIGN_IN, COOKIE), len(answers))
    assert results == {str(account): 1, "None": len(answers) - 1}


def test_one_registration_makes_one_passkey(race, work, make_account):
    ada, device = make_account(), Authenticator()
    account = ada.account.id
    answer = device.create(passkey.creation_options(work, account, passkey.ADD, "s"))

    results = race(lambda own, number: passkey.add(own, account, answer, passkey.ADD, "s", "") is not None, RUNNERS)
    assert results == {"True": 1, "False": RUNNERS - 1}
    assert count(work, Passkey) == 1
    assert count(work, PasskeyChallenge) == 1


def test_two_who_remove_the_last_two_leave_one(race, work, make_account):
    ada = make_account()
    account = ada.account.id
    totp.enrol(work, account, totp.new_secret(), name="tablet")
    keys = [each.id for each in authenticators.held(work, account)]

    results = race(lambda own, number: authenticators.remove(own, account, keys[number]).kind, 2)
    assert results == {"app": 1, "Conflict": 1}
    assert count(work, TotpAuthenticator) == 1


def test_the_same_secret_is_linked_once(race, work, make_account):
    ada = make_account()
    account = ada.account.id
    new = authenticators.new_app(work, account)
    code = totp.current_code(work, new.secret)

    def act(own, number: int) -> str:
        return authenticators.add_app(own, account, sealed=new.sealed, code=code, name="").value

    assert race(act, 12) == {"accepted": 1, "refused": 11}
    assert count(work, TotpAuthenticator) == 2


def test_a_removal_does_not_wait_for_a_sign_in_that_waits_for_it(race, work, make_account):
    """Signing in with what is being removed: one comes wholly before or wholly after, and nobody waits for ever."""
    ada, devices = make_account(), [Authenticator() for _ in range(6)]
    account = ada.account.id
    for device in devices:
        enrol(work, ada, device)
    keys = {work.session.scalar(select(Passkey.id).where(Passkey.credential_id == each.id)): each for each in devices}
    runs = []
    for key, device in keys.items():
        attempt, token = sign_in.begin(work, continue_to="/")
        flows.password(work, ada, on=attempt)
        runs.append((token, device.get(passkey.request_options(work, passkey.PROVE, attempt.id)), key))

    def act(own, number: int) -> str:
        token, answer, key = runs[number // 2]
        if number % 2:
            return authenticators.remove(own, account, key).kind
        return sign_in.prove_passkey(own, sign_in.current(own, token, lock=True), answer).value

    results = race(act, 2 * len(runs))
    assert results["passkey"] == len(runs), results
    assert set(results) <= {"passkey", "accepted", "refused", "Expired"}
    assert count(work, Passkey) == 0
