"""The demonstration on a stage, the parties and people that most tests of the protocol need."""

from collections.abc import Callable

import pytest

from tests.device import GRANTS, PRODUCT, Device
from tests.party import Party
from tests.prover import Prover
from tests.stage import Stage, demonstration, own_stage, stage  # noqa: F401
from tests.web.browser import Browser


@pytest.fixture
def books(stage: Stage) -> Party:  # noqa: F811
    """A confidential client of the product accounting, by HTTP Basic."""
    return stage.party("demo-accounting")


@pytest.fixture
def capture(stage: Stage) -> Party:  # noqa: F811
    """A confidential client of another product."""
    return stage.party("demo-capture")


@pytest.fixture
def mobile(stage: Stage) -> Party:  # noqa: F811
    """A public client."""
    return stage.party("demo-mobile")


@pytest.fixture
def ines(stage: Stage) -> Browser:  # noqa: F811
    """A browser in a session of somebody with one company."""
    return stage.signed_in("ines.moreau")


@pytest.fixture
def julien(stage: Stage) -> Browser:  # noqa: F811
    """A browser in a session of somebody with two companies."""
    return stage.signed_in("julien.mercier")


@pytest.fixture
def stranger(stage: Stage) -> Browser:  # noqa: F811
    """A browser without a session."""
    return stage.browser()


@pytest.fixture
def prover(books: Party) -> Prover:
    """Somebody with a key who knows the nonce."""
    return Prover().learn(books.http)


@pytest.fixture
def english(stage: Stage) -> Callable[[str], Browser]:  # noqa: F811
    """A browser in a session of somebody, that has chosen English."""

    def browser(name: str) -> Browser:
        made = stage.signed_in(name)
        made.client.set_cookie("sesame_lang", "en")
        return made

    return browser


@pytest.fixture(scope="module")
def scanner(stage: Stage) -> Device:  # noqa: F811
    """A device: a public client of a product."""
    names = {"en": "Scanner", "fr": "Numériseur"}
    return Device(stage, stage.register(names=names, token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT))
