"""Where a network address is (`idp/core/networks.py`)."""

from pathlib import Path

import pytest

from idp.core import networks
from idp.core.errors import ConfigurationError
from idp.core.networks import Place

FILE = """network,place,latitude,longitude
192.0.2.0/24,Lille,50.63,3.06
192.0.2.128/25,"Bruxelles, centre",50.85,4.35
2001:db8::/32,Lisboa,38.72,-9.14
"""


def written(folder: Path, content: str) -> Path:
    path = folder / "places.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_the_smallest_network_that_holds_an_address_counts(tmp_path):
    places = networks.read(written(tmp_path, FILE))

    assert places.name("192.0.2.7") == "Lille"
    assert places.name("192.0.2.200") == "Bruxelles, centre"
    assert places.name("::ffff:192.0.2.200") == "Bruxelles, centre"
    assert places.name("2001:db8::1") == "Lisboa"


@pytest.mark.parametrize("address", ["198.51.100.1", "2001:db9::1", "", "nowhere", "192.0.2"])
def test_of_other_addresses_nothing_is_known(tmp_path, address):
    assert networks.read(written(tmp_path, FILE)).of(address) is None
    assert networks.read(None).of(address) is None


def test_distances_are_those_of_a_map():
    lille, lisbon = Place("Lille", 50.63, 3.06), Place("Lisboa", 38.72, -9.14)

    assert 1610 < lille.km_to(lisbon) < 1680
    assert lille.km_to(lille) == 0
    assert 20_000 < Place("", 0, 0).km_to(Place("", 0, 180)) < 20_050


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.1/24,Lille,50.63,3.06",  # bits of a host
        "lille,Lille,50.63,3.06",
        "192.0.2.0/24,,50.63,3.06",
        "192.0.2.0/24,Lille,91,3.06",
        "192.0.2.0/24,Lille,nan,3.06",
        "192.0.2.0/24,Lille,50.63",
        "192.0.2.0/24,Lille,50.63,3.06,more",
    ],
)
def test_a_mistake_in_the_file_names_its_line(tmp_path, line):
    path = written(tmp_path, f"{FILE}{line}\n")
    with pytest.raises(ConfigurationError, match=f"IDP_NETWORK_PLACES: line 5 of {path} is no entry"):
        networks.read(path)


def test_a_file_that_is_missing_or_another_one_is_said_so(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        networks.read(tmp_path / "none.csv")
    with pytest.raises(ConfigurationError, match="first line"):
        networks.read(written(tmp_path, "a,b\n1,2\n"))
