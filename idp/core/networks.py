"""Where a network address is, as far as the operator has told (`IDP_NETWORK_PLACES`); no such data is shipped.

The file is CSV with the header `network,place,latitude,longitude`: a network in CIDR notation, the words people read,
and degrees north and east. Of several networks that hold an address the smallest counts.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

from idp.core.errors import ConfigurationError

COLUMNS = ("network", "place", "latitude", "longitude")
EARTH_RADIUS_KM = 6371.0
NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere on earth, as people call it."""

    name: str
    latitude: float
    longitude: float

    def km_to(self, other: "Place") -> float:
        """The distance over ground (haversine), in kilometres."""
        north = radians(other.latitude - self.latitude) / 2
        east = radians(other.longitude - self.longitude) / 2
        shrink = cos(radians(self.latitude)) * cos(radians(other.latitude))
        return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(sin(north) ** 2 + shrink * sin(east) ** 2)))


@dataclass(frozen=True, slots=True)
class Places:
    """Places by network; without entries it knows of none."""

    _by_length: Mapping[tuple[int, int], Mapping[int, Place]] = field(default_factory=dict)
    """By version and prefix length, the longest first, then by the network's own bits."""

    def of(self, address: str) -> Place | None:
        """The place of a network address; None when it is none, or nothing is known of it."""
        if not self._by_length:
            return None
        try:
            found = ip_address(address)
        except ValueError:
            return None
        mapped = getattr(found, "ipv4_mapped", None)
        found = mapped or found
        bits = int(found)
        for (version, length), networks in self._by_length.items():
            if version == found.version and (place := networks.get(bits >> (found.max_prefixlen - length))):
                return place
        return None

    def name(self, address: str) -> str:
        """The words for the place of a network address; empty when it is not known."""
        place = self.of(address)
        return place.name if place else ""


def gathered(entries: Iterable[tuple[str, Place]]) -> Places:
    """Places from networks in CIDR notation.

    Raises:
        ValueError: one of them is no network.
    """
    found: dict[tuple[int, int], dict[int, Place]] = {}
    for network, place in entries:
        read = ip_network(network.strip())
        bits = int(read.network_address) >> (read.max_prefixlen - read.prefixlen)
        found.setdefault((read.version, read.prefixlen), {})[bits] = place
    return Places(dict(sorted(found.items(), key=lambda entry: -entry[0][1])))


def read(path: Path | None) -> Places:
    """The places of the operator's file; none without one.

    Raises:
        ConfigurationError: the file cannot be read, or a line of it is no entry; the reason names the line.
    """
    if path is None or path == Path():
        return Places()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return gathered(_entries(path, csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(reason=f"IDP_NETWORK_PLACES: {path} cannot be read: {error}.") from error


def _entries(path: Path, lines: "csv.DictReader[str]") -> Iterable[tuple[str, Place]]:
    if tuple(lines.fieldnames or ()) != COLUMNS:
        raise ConfigurationError(reason=f"IDP_NETWORK_PLACES: the first line of {path} is {','.join(COLUMNS)}.")
    for line in lines:
        try:
            place = Place(line["place"].strip(), float(line["latitude"]), float(line["longitude"]))
            ip_network(line["network"].strip())
            sound = 0 < len(place.name) <= NAME_MAX and abs(place.latitude) <= 90 and abs(place.longitude) <= 180
        except (ValueError, TypeError, AttributeError):  # too few columns give None
            sound = False
        if not sound or None in line:
            raise ConfigurationError(reason=f"IDP_NETWORK_PLACES: line {lines.line_num} of {path} is no entry.")
        yield line["network"], place
