"""Access that ends takes along the refresh tokens that named the company, and nothing else; products may be told."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from idp.companies import assignment, mandate, membership
from idp.oidc import access_end, logout
from idp.outbox.deliver import Deliverer
from idp.outbox.smtp import mailer
from idp.work import Work
from tests.party import claims_of
from tests.protocol.receiver import receiving
from tests.stage import Stage

LUMEN, LEMAIRE = "atelier-lumen", "boulangerie-lemaire"


def deliver(stage: Stage) -> None:
    @contextmanager
    def open_work() -> Iterator[Work]:
        with stage.work(write=False) as work:
            yield work

    callers = {"backchannel_logout": logout.deliver}
    Deliverer(open_work, mailer(stage.settings), handlers=access_end.HANDLERS, callers=callers).run_due()


class Held:
    """What one person's products hold at several companies, each by a sign-in of its own."""

    def __init__(self, stage: Stage, person: str, *places: tuple[str, str]) -> None:
        self.browser = stage.signed_in(person)
        self.tokens = {}
        for product, company in places:
            party = stage.party(f"demo-{product}")
            self.tokens[product, company] = party, party.tokens(self.browser, company=str(stage.company(company)))

    def works(self) -> list[bool]:
        found = []
        for party, each in self.tokens.values():
            by_access = party.userinfo(each["access_token"]).status_code == 200
            assert by_access == (party.refresh(each["refresh_token"]).status_code == 200)
            found.append(by_access)
        return found


def test_an_assignment_that_ends_leaves_the_other_clients(own_stage: Stage) -> None:
    firm, lotte = own_stage.company("cabinet-deltour"), own_stage.person("lotte.peeters").id
    held = Held(own_stage, "lotte.peeters", ("capture", LEMAIRE), ("capture", LUMEN), ("invoicing", LEMAIRE))
    with receiving() as receiver:
        own_stage.change_client("demo-capture", backchannel_logout_uri=receiver.address)
        with own_stage.work() as work:
            lemaire = own_stage.company(LEMAIRE)
            given = [each for each in assignment.of_colleague(work, firm, lotte) if each.client_id == lemaire]
            assignment.end(work, firm, next(each.id for each in given if each.product == "capture"))
        deliver(own_stage)
        assert held.works() == [False, True, True]
        assert receiver.tokens == []


def test_a_mandate_that_ends_closes_the_firm_out_at_once(own_stage: Stage) -> None:
    """J11 step 4: tokens refused, products told; the client's own people and the other clients notice nothing."""
    firm, lumen = own_stage.company("cabinet-deltour"), own_stage.company(LUMEN)
    nathalie = Held(own_stage, "nathalie.deltour", ("accounting", LUMEN), ("accounting", LEMAIRE))
    ines = Held(own_stage, "ines.moreau", ("accounting", LUMEN))
    with receiving() as receiver:
        own_stage.change_client("demo-accounting", backchannel_logout_uri=receiver.address)
        with own_stage.work() as work:
            mandate.end(work, next(each.id for each in mandate.between(work, lumen, firm) if each.state == "active"))
        deliver(own_stage)
        assert (nathalie.works(), ines.works()) == ([False, True], [True])
        (told,) = receiver.tokens
        _, tokens = nathalie.tokens["accounting", LUMEN]
        assert claims_of(told)["sid"] == claims_of(tokens["id_token"])["sid"]


def test_who_leaves_the_firm_loses_every_client(own_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_end, "AT_ONCE", 1)  # told again until nothing is left
    places = (("capture", LEMAIRE), ("capture", LUMEN), ("practice", "cabinet-deltour"))
    held = Held(own_stage, "lotte.peeters", *places)
    with own_stage.work() as work:
        membership.remove(work, own_stage.company("cabinet-deltour"), own_stage.person("lotte.peeters").id)
    deliver(own_stage)
    assert held.works() == [False, False, False]
    held.browser.get("/account")
    assert held.browser.address == "/account"  # the account lives on, signed in
