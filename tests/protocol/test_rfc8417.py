"""Security event tokens (RFC 8417), pushed (RFC 8935): products are told at once that access has changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import update

from idp.companies import clock, company_suspension, mandate, membership
from idp.core.errors import InvalidInput
from idp.oidc import access_change
from idp.outbox.deliver import Deliverer
from idp.outbox.models import OutboxMessage
from idp.outbox.smtp import mailer
from idp.work import Work
from tests.party import Party, claims_of, header_of
from tests.protocol.receiver import Receiver, receiving
from tests.stage import Stage

EVENT = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


@pytest.fixture
def books(own_stage: Stage, receiver: Receiver) -> Party:
    """A product that wants to be told; nothing of the loading of the demonstration waits any more."""
    with own_stage.work() as work:
        work.session.execute(update(OutboxMessage).values(finished_at=work.now, payload=None))
    own_stage.change_client("demo-accounting", event_uri=receiver.address)
    return own_stage.party("demo-accounting")


def run_due(stage: Stage) -> None:
    @contextmanager
    def open_work() -> Iterator[Work]:
        with stage.work(write=False) as work:
            yield work

    handlers, callers = access_change.HANDLERS, access_change.CALLERS
    Deliverer(open_work, mailer(stage.settings), handlers=handlers, callers=callers).run_due()


def told(party: Party, receiver: Receiver) -> list[dict]:
    return [party.verified(sent["body"][0]) for _, _, sent in receiver.received]


def epoch_of(party: Party, refresh_token: str) -> int:
    answer = party.refresh(refresh_token)
    assert answer.status_code == 200, answer.text
    return claims_of(answer.json["access_token"])["epoch"]


def test_a_changed_role_is_told_and_the_next_token_knows_of_it(own_stage: Stage, books: Party, receiver: Receiver):
    before = books.tokens(own_stage.sign_in("ines.moreau"))
    lumen, ines = own_stage.company("atelier-lumen"), own_stage.person("ines.moreau").id
    with own_stage.work() as work:
        membership.change_role(work, lumen, ines, "accounting", role_id="accounting.reader")
    run_due(own_stage)

    ((path, headers, sent),) = receiver.received
    assert headers["Content-Type"] == "application/secevent+jwt"
    assert header_of(sent["body"][0])["typ"] == "secevent+jwt"
    (event,) = told(books, receiver)
    assert (event["iss"], event["aud"]) == (own_stage.settings.issuer, books.client_id)
    assert {"sub", "exp", "nonce"} & set(event) == set(), "RFC 8417 §4: it passes for no other token"
    subject = claims_of(before["access_token"])["sub"]
    assert event["sub_id"] == {"format": "iss_sub", "iss": own_stage.settings.issuer, "sub": subject}
    epoch = event["events"][EVENT]["claims"]["epoch"]
    assert claims_of(before["access_token"])["epoch"] < epoch <= epoch_of(books, before["refresh_token"])


def test_a_company_and_a_mandate_are_told_without_naming_people(own_stage: Stage, books: Party, receiver: Receiver):
    own = books.tokens(own_stage.sign_in("amelie.dubois"))
    lumen, firm = own_stage.company("atelier-lumen"), own_stage.company("cabinet-deltour")
    via = books.tokens(own_stage.sign_in("nathalie.deltour"), company=str(lumen))
    with own_stage.work() as work:
        clock.company(work, lumen)
    run_due(own_stage)
    with own_stage.work() as work:
        mandate.end(work, next(each.id for each in mandate.between(work, lumen, firm) if each.state == "active"))
    run_due(own_stage)

    of_company, of_mandate = (event["events"][EVENT]["claims"] for event in told(books, receiver))
    assert of_company == {"epoch": of_company["epoch"], "company": str(lumen)}
    assert of_mandate == {"epoch": of_mandate["epoch"], "company": str(lumen), "firm": str(firm)}
    assert [event["sub_id"] for event in told(books, receiver)] == [{"format": "opaque", "id": str(lumen)}] * 2
    assert of_company["epoch"] <= epoch_of(books, own["refresh_token"]) < of_mandate["epoch"]
    assert claims_of(via["access_token"])["firm"] == str(firm)
    assert books.refresh(via["refresh_token"]).status_code == 400


def test_a_suspended_company_is_told_and_the_next_refresh_is_refused(
    own_stage: Stage, books: Party, receiver: Receiver
):
    own = books.tokens(own_stage.sign_in("ines.moreau"))
    lumen = own_stage.company("atelier-lumen")
    via = books.tokens(own_stage.sign_in("nathalie.deltour"), company=str(lumen))
    with own_stage.work() as work:
        company_suspension.suspend(work, lumen, "a forged order")
    run_due(own_stage)
    (event,) = told(books, receiver)
    claims = event["events"][EVENT]["claims"]
    assert claims == {"epoch": claims["epoch"], "company": str(lumen)}
    assert claims_of(own["access_token"])["epoch"] < claims["epoch"]
    for each in (own, via):
        refused = books.refresh(each["refresh_token"])
        assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")
    with own_stage.work() as work:
        company_suspension.reopen(work, lumen)
    again = books.tokens(own_stage.sign_in("ines.moreau"))
    assert claims_of(again["access_token"])["epoch"] > claims["epoch"]


def test_nobody_is_told_of_strangers(own_stage: Stage, books: Party, receiver: Receiver):
    """A product hears of people and companies that it was given tokens for, and of nobody else."""
    books.tokens(own_stage.sign_in("ines.moreau"))
    with own_stage.work() as work:
        clock.person(work, own_stage.person("luc.wouters").id)
        clock.company(work, own_stage.company("toitures-vanderlinden"))
    run_due(own_stage)
    assert receiver.received == []


def test_what_is_not_taken_is_sent_again_and_is_the_same_event(own_stage: Stage, books: Party, receiver: Receiver):
    books.tokens(own_stage.sign_in("ines.moreau"))
    receiver.answers = [500]
    with own_stage.work() as work:
        clock.person(work, own_stage.person("ines.moreau").id)
    run_due(own_stage)
    with own_stage.work() as work:
        waiting = work.session.query(OutboxMessage).filter(OutboxMessage.finished_at.is_(None)).one()
        assert (waiting.name, waiting.failure) == ("security_event", "DeliveryFailed")
        work.session.execute(update(OutboxMessage).values(due_at=work.now))
    run_due(own_stage)
    first, second = told(books, receiver)
    assert first["jti"] == second["jti"]
    assert first["events"] == second["events"]


def test_an_event_is_good_for_nothing_else(own_stage: Stage, books: Party, receiver: Receiver):
    browser = own_stage.sign_in("ines.moreau")
    books.tokens(browser)
    with own_stage.work() as work:
        clock.person(work, own_stage.person("ines.moreau").id)
    run_due(own_stage)
    ((_, _, sent),) = receiver.received
    token = sent["body"][0]
    assert books.userinfo(token).status_code == 401
    assert books.introspect(token) == {"active": False}
    assert books.ask(browser, prompt="none", id_token_hint=token)["error"] == "login_required"


@pytest.mark.parametrize(
    "address", ["http://products.example/events", "https://10.0.0.1@evil/", "ftp://a.example/", "x"]
)
def test_an_event_address_is_one_that_may_be_called(own_stage: Stage, address: str):
    with pytest.raises(InvalidInput):
        own_stage.change_client("demo-accounting", event_uri=address)
