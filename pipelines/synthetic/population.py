"""Who the utility serves: what a service point is follows from its number alone.

Everything here is a function of the service point's place in the population, so that the first ten service
points of a large utility are those of a small one. Out of twenty in a row sixteen are homes, three are small
businesses and one has an accumulation meter that somebody reads on foot.

>>> service_point_id(0), kind_of(0), interval_minutes_of(0)
('NMB0000001', <Kind.HOME: 0>, 30)
>>> [kind_of(index).name for index in (15, 16, 19)]
['HOME', 'BUSINESS', 'ACCUMULATION']
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from schemas.errors import InputRefusedError

MARKET_OFFSET_MINUTES = 600
"""The market's clock, +10:00 without daylight saving: days and slots of every file."""

CYCLE = 60
"""Special customers and planted faults come once in this many service points."""


class Kind(IntEnum):
    """What stands at the service point."""

    HOME = 0
    BUSINESS = 1
    ACCUMULATION = 2
    """A home whose meter counts and keeps no intervals."""


class Region(NamedTuple):
    """A zone of the market: its holidays and its standard time.

    Attributes:
        calendar: name of the holiday calendar.
        standard_offset_minutes: the zone's own standard time [min], which decides when the sun stands highest.
    """

    calendar: str
    standard_offset_minutes: int


REGIONS = {
    "Australia/Sydney": Region("AU-NSW", 600),
    "Australia/Adelaide": Region("AU-SA", 570),
    "Australia/Melbourne": Region("AU-VIC", 600),
    "Australia/Hobart": Region("AU-TAS", 600),
    "Australia/Brisbane": Region("AU-QLD", 600),
}


def region_of(zone: str) -> Region:
    """Return the region of ``zone``.

    Raises:
        InputRefusedError: the market has no such zone.
    """
    if zone not in REGIONS:
        code, names = "synthetic.zone", ", ".join(REGIONS)
        raise InputRefusedError(code, f"no region of the synthetic market lies in {zone!r}", hint=f"one of {names}")
    return REGIONS[zone]


def service_point_id(index: int) -> str:
    """Return the ten characters of the NMI, without its checksum digit."""
    return f"NMB{index + 1:07d}"


def meter_id(index: int, generation: int = 0) -> str:
    """Return the serial of a service point's meter; an exchange begins the next ``generation``."""
    return f"M{index + 1:07d}{'ABCDEFGH'[generation]}"


def kind_of(index: int) -> Kind:
    """Return what stands at the service point: of twenty 16 homes, 3 businesses, 1 accumulation meter."""
    place = index % 20
    if place == 19:  # noqa: PLR2004 - the twentieth
        return Kind.ACCUMULATION
    return Kind.HOME if place < 16 else Kind.BUSINESS  # noqa: PLR2004 - sixteen homes come first


def interval_minutes_of(index: int) -> int:
    """Return the interval length of the meter [min]: most half-hourly, some of 15 and of 5 minutes."""
    if index % 30 == 7:  # noqa: PLR2004 - one in thirty
        return 5
    return 15 if index % 20 == 6 else 30  # noqa: PLR2004 - one in twenty


def has_solar(index: int) -> bool:
    """Return whether panels stand on the roof: a quarter of the homes."""
    return kind_of(index) is Kind.HOME and index % 4 == 1


def has_controlled_load(index: int) -> bool:
    """Return whether a second register counts the water heater: about a tenth of the homes."""
    return index % 20 == 2 or index % 40 == 30  # noqa: PLR2004 - three in forty, all of them homes
