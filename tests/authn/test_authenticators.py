"""The second factors of an account in the hands of their holder: always one, and what ends with it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.audit.models import AuditEvent
from idp.authn import authenticators, passkey, recovery_code, session, sign_in, totp, trusted_device
from idp.authn.models import Passkey, TotpAuthenticator, TrustedDevice
from idp.authn.sign_in import Outcome, Step
from idp.core.errors import Conflict, Expired, NotFound
from tests.authn import flows
from tests.authn.authenticator import BE, BS, UP, UV, Authenticator
from tests.conftest import later
from tests.outbox_content import mails


@pytest.fixture
def ada(make_account):
    return make_account()


@pytest.fixture
def mine(work, ada):
    """Work of Ada in a session."""
    finished = flows.signed_in(work, ada)
    current = session.find(work, finished.session_token)
    actor = replace(work.actor, kind="account", id=ada.account.id, session_id=current.session_id)
    work.session.commit()
    work.write()
    return work.acting(actor)


def link(work, person, *, name: str = "tablet", replaces=None, new=None, steps: int = 0, code: str | None = None):
    new = new or authenticators.new_app(work, person.account.id)
    shown = totp.current_code(work.later(seconds=30 * steps), new.secret)
    return authenticators.add_app(
        work, person.account.id, sealed=new.sealed, code=code or shown, name=name, replaces=replaces
    )


def add_key(work, person, device: Authenticator, *, name: str = "laptop", replaces=None, **wrong):
    bound = work.actor.session_id
    options = passkey.creation_options(work, person.account.id, passkey.ADD, bound)
    return authenticators.add_passkey(
        work, person.account.id, bound, answer=device.create(options, **wrong), name=name, replaces=replaces
    )


def names(work, person) -> list[tuple[str, str]]:
    return [(each.kind, each.name) for each in authenticators.held(work, person.account.id)]


def events(work, *prefixes: str) -> list[str]:
    rows = work.session.scalars(select(AuditEvent.name).order_by(AuditEvent.sequence)).all()
    return [name for name in rows if name.startswith(prefixes)]


def sent(work) -> list[str]:
    return [mail["template"] for mail in mails(work)]


def test_the_list_has_both_kinds_with_when_they_were_used(mine, ada):
    cloud = Authenticator(backup=BE | BS)
    assert add_key(mine, ada, cloud) is Outcome.ACCEPTED
    assert link(mine, ada) is Outcome.ACCEPTED
    one, two, three = authenticators.held(mine, ada.account.id)

    assert names(mine, ada) == [("app", "phone"), ("passkey", "laptop"), ("app", "tablet")]
    assert (one.last_used_at, two.last_used_at) == (mine.now, None)
    assert (one.backed_up, two.backed_up, three.backed_up) == (False, True, False)
    assert authenticators.get(mine, ada.account.id, two.id) == two


def test_another_app_counts_at_once_and_its_first_code_does_not_serve_twice(mine, ada):
    new = authenticators.new_app(mine, ada.account.id)
    code = totp.current_code(mine, new.secret)
    assert link(mine, ada, new=new) is Outcome.ACCEPTED

    attempt, _ = flows.password(mine, ada)
    assert sign_in.prove_totp(mine, attempt, code) is Outcome.REFUSED
    assert sign_in.prove_totp(mine, attempt, totp.current_code(mine.later(seconds=30), new.secret)) is Outcome.ACCEPTED
    assert sent(mine) == ["authenticator_added", "code_replayed"]
    assert events(mine, "authenticator") == ["authenticator.enrolled"]
    assert mine.session.scalar(select(func.count()).select_from(TotpAuthenticator)) == 2


def test_a_secret_is_linked_once_and_for_a_few_minutes_of_one_session(mine, ada, make_account):
    new = authenticators.new_app(mine, ada.account.id)
    code = totp.current_code(mine, new.secret)

    assert link(mine, ada, new=new, code="000000" if code != "000000" else "000001") is Outcome.REFUSED
    assert link(replace(mine, now=mine.now + timedelta(minutes=10)), ada, new=new) is Outcome.REFUSED
    elsewhere = mine.acting(replace(mine.actor, session_id=ada.account.id))
    assert link(elsewhere, ada, new=new) is Outcome.REFUSED
    bob = make_account("bob@example.test")
    assert link(mine, bob, new=new) is Outcome.REFUSED
    assert authenticators.add_app(mine, ada.account.id, sealed="x", code=code, name="") is Outcome.REFUSED
    assert link(mine.later(minutes=9, seconds=59), ada, new=new) is Outcome.ACCEPTED
    assert link(mine.later(minutes=9, seconds=59), ada, new=new) is Outcome.REFUSED
    assert len(names(mine, ada)) == 2


def test_a_page_that_is_shown_again_keeps_its_secret_until_it_is_too_old(mine, ada):
    first = authenticators.new_app(mine, ada.account.id)
    assert authenticators.new_app(mine.later(minutes=9), ada.account.id, first.sealed) == first
    assert authenticators.new_app(mine.later(minutes=10), ada.account.id, first.sealed).secret != first.secret
    assert first.secret not in first.sealed


def test_the_only_one_is_not_removed(mine, ada):
    (only,) = authenticators.held(mine, ada.account.id)
    with pytest.raises(Conflict):
        authenticators.remove(mine, ada.account.id, only.id)


def test_removing_one_ends_what_may_rest_on_it(mine, work, ada):
    elsewhere = flows.signed_in(work.later(minutes=1), ada, trust=True)
    waiting, _ = flows.password(work, ada)
    assert add_key(mine, ada, Authenticator()) is Outcome.ACCEPTED
    old = authenticators.held(mine, ada.account.id)[0]
    mine.session.commit()

    authenticators.remove(later(mine, minutes=2), ada.account.id, old.id)

    assert names(mine, ada) == [("passkey", "laptop")]
    assert session.find(mine, elsewhere.session_token) is None
    assert session.owner(mine, mine.actor.session_id) == ada.account.id
    assert mine.session.scalar(select(func.count()).select_from(TrustedDevice)) == 0
    with pytest.raises(Expired):
        sign_in.prove_totp(later(mine, minutes=2), waiting, "000000")
    assert sent(mine)[-2:] == ["passkey_added", "authenticator_removed"]
    assert "authenticator.removed" in events(mine, "authenticator")
    assert "trusted_device.forgotten" in events(mine, "trusted_device")


def test_the_only_one_is_replaced(mine, ada):
    (only,) = authenticators.held(mine, ada.account.id)
    new = authenticators.new_app(mine, ada.account.id)

    assert link(mine, ada, new=new, replaces=only.id, code="123456", name="new phone") is Outcome.REFUSED
    assert names(mine, ada) == [("app", "phone")]
    assert link(mine, ada, new=new, replaces=only.id, name="new phone") is Outcome.ACCEPTED

    assert names(mine, ada) == [("app", "new phone")]
    attempt, _ = flows.password(mine, ada)
    assert sign_in.prove_totp(mine, attempt, totp.current_code(mine.later(seconds=60), ada.secret)) is Outcome.REFUSED
    assert sign_in.prove_totp(mine, attempt, totp.current_code(mine.later(seconds=30), new.secret)) is Outcome.ACCEPTED
    assert sent(mine) == ["authenticator_replaced"]
    assert events(mine, "authenticator") == ["authenticator.enrolled", "authenticator.removed"]


def test_an_app_gives_way_to_a_passkey_and_a_passkey_to_an_app(mine, ada):
    device = Authenticator()
    (app,) = authenticators.held(mine, ada.account.id)
    assert add_key(mine, ada, device, replaces=app.id, flags=UP | UV) is Outcome.REFUSED
    assert add_key(mine, ada, device, replaces=app.id) is Outcome.ACCEPTED
    assert names(mine, ada) == [("passkey", "laptop")]
    attempt, _ = flows.password(mine, ada)
    assert (sign_in.step(mine, attempt), attempt.has_app, attempt.has_passkey) == (Step.TOTP, False, True)

    (key,) = authenticators.held(mine, ada.account.id)
    assert link(mine, ada, replaces=key.id) is Outcome.ACCEPTED
    assert names(mine, ada) == [("app", "tablet")]
    assert events(mine, "passkey") == ["passkey.refused", "passkey.added", "passkey.removed"]


def test_nobody_reaches_those_of_another(mine, ada, make_account):
    bob = make_account("bob@example.test")
    theirs = authenticators.held(mine, bob.account.id)[0].id

    for act in (
        lambda: authenticators.get(mine, ada.account.id, theirs),
        lambda: authenticators.rename(mine, ada.account.id, theirs, "mine"),
        lambda: authenticators.remove(mine, ada.account.id, theirs),
        lambda: link(mine, ada, replaces=theirs),
        lambda: add_key(mine, ada, Authenticator(), replaces=theirs),
    ):
        with pytest.raises(NotFound):
            act()
    assert names(mine, bob) == [("app", "phone")]


def test_a_name_of_ones_own(mine, ada):
    (app,) = authenticators.held(mine, ada.account.id)
    authenticators.rename(mine, ada.account.id, app.id, "n" * 80)
    assert names(mine, ada) == [("app", "n" * 60)]
    assert events(mine, "authenticator") == ["authenticator.renamed"]

    assert add_key(mine, ada, Authenticator(), name="") is Outcome.ACCEPTED
    key = authenticators.held(mine, ada.account.id)[1]
    assert key.name == "Firefox, Linux"
    authenticators.rename(mine, ada.account.id, key.id, "work")
    assert mine.session.scalar(select(Passkey.name)) == "work"


def test_there_is_room_for_a_handful_of_apps(mine, ada):
    for number in range(authenticators.MOST_APPS - 1):
        assert link(mine, ada, name=str(number)) is Outcome.ACCEPTED
    with pytest.raises(Conflict):
        link(mine, ada)
    one = authenticators.held(mine, ada.account.id)[0]
    assert link(mine, ada, replaces=one.id) is Outcome.ACCEPTED


def test_new_codes_void_the_old_set_and_are_kept_by_one_of_them(mine, ada):
    old = recovery_code.replace(mine, ada.account.id, kept=True)
    new = authenticators.new_codes(mine, ada.account.id)

    assert not recovery_code.spend(mine, ada.account.id, old[0])
    assert recovery_code.kept_at(mine, ada.account.id) is None
    assert not authenticators.keep_codes(mine, ada.account.id, old[0])
    assert authenticators.keep_codes(mine, ada.account.id, new[0])
    assert recovery_code.kept_at(mine, ada.account.id) == mine.now
    assert recovery_code.left(mine, ada.account.id) == len(new)
    assert recovery_code.spend(mine, ada.account.id, new[0])
    assert sent(mine) == ["recovery_codes_replaced"]
    assert events(mine, "recovery_codes") == ["recovery_codes.made", "recovery_codes.kept"]


def test_the_trust_of_the_browser_that_changes_a_factor_ends_too(work, ada):
    """MFA-11: trust ends with a change of the second factor, here as everywhere."""
    finished = flows.signed_in(work, ada, trust=True)
    current = session.find(work, finished.session_token)
    mine = work.acting(replace(work.actor, session_id=current.session_id))
    (only,) = authenticators.held(mine, ada.account.id)
    assert link(mine, ada, replaces=only.id) is Outcome.ACCEPTED
    assert trusted_device.find(mine, ada.account.id, finished.device_token) is None
