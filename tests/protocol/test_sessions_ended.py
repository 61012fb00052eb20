"""A person ends sessions: what products hold through them ends, and each product is told (SGN-08, R-49)."""

import re

import pytest

from tests.party import Party, claims_of
from tests.protocol.receiver import Receiver, receiving
from tests.protocol.test_logout import deliverer
from tests.stage import Stage
from tests.web.browser import Browser

LIST = "/account/sessions"


class Two:
    """One person in two browsers, at two products in each."""

    def __init__(self, stage: Stage, receiver: Receiver) -> None:
        self.stage, self.receiver = stage, receiver
        self.parties = (stage.party("demo-accounting"), stage.party("demo-capture"))
        for party in self.parties:
            stage.change_client(party.client_id, backchannel_logout_uri=receiver.address)
        self.desk, self.desk_tokens = self.enter()
        self.phone, self.phone_tokens = self.enter()

    def enter(self) -> tuple[Browser, list[tuple[Party, dict[str, str]]]]:
        browser = self.stage.sign_in("ines.moreau")
        return browser, [(party, party.tokens(browser)) for party in self.parties]

    def press(self, address: str) -> None:
        self.desk.get(address)
        self.desk.submit()
        deliverer(self.stage).run_due()

    def told(self) -> list[tuple[str, str]]:
        """Who was told, of which session."""
        return sorted((claims_of(token)["aud"], claims_of(token)["sid"]) for token in self.receiver.tokens)


def expected(tokens: list[tuple[Party, dict[str, str]]]) -> list[tuple[str, str]]:
    return sorted((party.client_id, claims_of(each["id_token"])["sid"]) for party, each in tokens)


def works(tokens: list[tuple[Party, dict[str, str]]]) -> list[bool]:
    found = []
    for party, each in tokens:
        by_access = party.userinfo(each["access_token"]).status_code == 200
        by_refresh = party.refresh(each["refresh_token"]).status_code == 200
        assert by_access == by_refresh
        found.append(by_access)
    return found


@pytest.fixture
def two(own_stage: Stage):  # type: ignore[no-untyped-def]
    with receiving() as receiver:
        yield Two(own_stage, receiver)


def phone_page(two: Two) -> str:
    two.desk.get(LIST)
    before = two.desk.text[: two.desk.text.index("Fermer<span")]
    return before[before.rindex('href="') + 6 :].split('"')[0]


def test_the_list_names_the_products_of_each_session(two: Two) -> None:
    two.desk.get(LIST)
    listed = re.findall(r"Produits\u00a0: ([^<]*)<", two.desk.text)
    assert listed == ["Comptabilité, Capture de documents"] * 2


def test_ending_one_session(two: Two) -> None:
    assert works(two.phone_tokens) == [True, True]
    two.press(phone_page(two))
    assert works(two.phone_tokens) == [False, False]
    assert works(two.desk_tokens) == [True, True]
    assert two.told() == expected(two.phone_tokens)


def test_ending_all_others(two: Two) -> None:
    two.press(f"{LIST}/others")
    assert (works(two.phone_tokens), works(two.desk_tokens)) == ([False, False], [True, True])
    assert two.told() == expected(two.phone_tokens)


def test_signing_out_everywhere(two: Two) -> None:
    two.press(f"{LIST}/everywhere")
    assert (works(two.phone_tokens), works(two.desk_tokens)) == ([False, False], [False, False])
    assert two.told() == sorted(expected(two.phone_tokens) + expected(two.desk_tokens))


def test_a_company_that_forbids_trust_is_heeded(own_stage: Stage) -> None:
    """MFA-10: nothing is offered to somebody whose company asks for a code each time."""
    browser = own_stage.sign_in("luc.wouters")
    browser.get(LIST)
    assert "do not let a browser be trusted" in browser.text
    assert "you can tell us to trust" not in browser.text
