"""What products see of a change of address: the same person, with the new address at the next refresh (EML-05)."""

from dataclasses import replace

from sqlalchemy import select

from idp.accounts.models import EmailChange
from idp.authn import address_switch, email_change
from idp.authn.models import Session
from idp.authn.outcome import Outcome
from idp.companies import address_change
from idp.oidc import logout
from idp.work import Actor
from tests.outbox_content import facts, mails
from tests.party import claims_of
from tests.stage import Stage

NEW = "ines.moreau@ailleurs.example"


def change(stage: Stage) -> None:
    """From the session that was opened first: ask, receive the code, type it; then what the outbox does."""
    ines = stage.person("ines.moreau")
    with stage.work() as work:
        first = select(Session.id).where(Session.account_id == ines.id, Session.ended_at.is_(None))
        session_id = work.session.scalars(first.order_by(Session.created_at)).first()
        acting = work.acting(replace(Actor("account", ines.id), session_id=session_id))
        assert email_change.ask(acting, ines.id, NEW) is Outcome.ACCEPTED
        for members in facts(work, "email_change.asked"):
            email_change.send_code(work, members)
        code = next(each["variables"]["code"] for each in mails(work) if each["recipient"] == NEW)
        assert email_change.confirm(acting, ines.id, code, waits=False)[0] is Outcome.ACCEPTED
    told(stage)


def told(stage: Stage) -> None:
    with stage.work() as work:
        for name in ("email_change.done", "email_change.undone"):
            for members in facts(work, name):
                address_change.HANDLERS[name](work, members)
        for members in facts(work, "session.ended"):
            logout.session_ended(work, members)


def test_the_same_subject_and_roles_with_the_new_address(own_stage: Stage) -> None:
    books = own_stage.party("demo-accounting")
    before = books.tokens(own_stage.signed_in("ines.moreau"))
    change(own_stage)
    answer = books.refresh(before["refresh_token"])
    assert answer.status_code == 200, answer.json
    was, now = claims_of(before["access_token"]), claims_of(answer.json["access_token"])
    assert was["sub"] == now["sub"]
    for name in ("company", "role", "permission_set", "permissions"):
        assert was.get(name) == now.get(name), name
    shown = books.userinfo(answer.json["access_token"]).json
    assert (shown["sub"], shown["email"], shown["email_verified"]) == (was["sub"], NEW, True)


def test_products_of_the_other_sessions_are_signed_out(own_stage: Stage) -> None:
    books = own_stage.party("demo-accounting")
    own_stage.signed_in("ines.moreau")
    other = books.tokens(own_stage.sign_in("ines.moreau"))
    change(own_stage)
    answer = books.refresh(other["refresh_token"])
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


def test_undone_it_is_the_address_before_and_every_product_is_signed_out(own_stage: Stage) -> None:
    books = own_stage.party("demo-accounting")
    tokens = books.tokens(own_stage.signed_in("ines.moreau"))
    change(own_stage)
    with own_stage.work() as work:
        path = next(each["variables"]["path"] for each in mails(work) if each["template"] == "email_changed_undo")
        address_switch.undo(work, path.rpartition("/")[2])
    told(own_stage)
    assert books.refresh(tokens["refresh_token"]).status_code == 400
    with own_stage.work(write=False) as work:
        undone = work.session.scalar(select(EmailChange).where(EmailChange.outcome == "undone"))
        assert undone is not None
