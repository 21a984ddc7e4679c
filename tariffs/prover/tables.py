"""What a reviewer signs: hours and prices of each period, and a calendar of twelve months by twenty-four hours."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from string import ascii_letters, ascii_uppercase, digits
from typing import NamedTuple

import numpy as np

from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.tiers import Tiers
from tariffs.clock import Integers
from tariffs.exact import plain
from tariffs.model import Tariff, Version
from tariffs.periods import HOLIDAY
from tariffs.prover.charging import life_of
from tariffs.prover.horizon import Horizon
from tariffs.prover.walk import HOURS, Direction, Stretch, Walk

DAY_TYPES = ("weekday", "weekend", "holiday")
_SATURDAY = 5
MIXED = "+"
"""Letter of an hour that several periods share."""


class PeriodRow(NamedTuple):
    """What one period comes to.

    Attributes:
        period: its name; None where all minutes have one price.
        minutes: minutes in the horizon.
        by_year: minutes of each calendar year that lies wholly in the version and the horizon.
        prices: what each charge asks in it: (charge id, price as text).
    """

    period: str | None
    minutes: int
    by_year: dict[int, int]
    prices: tuple[tuple[str, str], ...]


class VersionTable(NamedTuple):
    """One version in one direction.

    Attributes:
        version: position of the version.
        direction: ``import`` or ``export``.
        rows: one for each period, in document order.
        calendar: by type of day, twelve months of twenty-four hours: the periods that hold minutes of the hour.
    """

    version: int
    direction: str
    rows: tuple[PeriodRow, ...]
    calendar: dict[str, list[list[tuple[str, ...]]]]


def tables_of(tariff: Tariff, horizon: Horizon, seen: Walk) -> list[VersionTable]:
    """Return a table for each version, and one more where it pays for export."""
    tables = []
    for number, version in enumerate(tariff.versions):
        tables.append(_table(tariff, number, horizon, seen.bought, "import"))
        if version.export is not None:
            tables.append(_table(tariff, number, horizon, seen.sold, "export"))
    return tables


def _table(tariff: Tariff, number: int, horizon: Horizon, direction: Direction, name: str) -> VersionTable:
    version = tariff.versions[number]
    bands = version.bands_for(name)
    columns = [[at for at, place in enumerate(direction.reading.places) if place[:2] == (number, band)] for band in bands]
    whole = _whole_years(tariff, number, horizon)
    rows = []
    for band, places in zip(bands, columns, strict=True):
        by_year = dict.fromkeys(whole, 0)
        minutes = 0
        for stretch, counts in direction.minutes.items():
            part = int(counts[:, places].sum())
            minutes += part
            if stretch.year in by_year:
                by_year[stretch.year] += part
        rows.append(PeriodRow(band, minutes, by_year, tuple(_prices(version, band, name))))
    names = [band for band in bands if band is not None]
    calendar = _calendar(direction, names, columns) if names else {}
    return VersionTable(number, name, tuple(rows), calendar)


def _whole_years(tariff: Tariff, number: int, horizon: Horizon) -> list[int]:
    first, after = life_of(tariff, number, horizon)
    begins = first.year + ((first.month, first.day) > (1, 1))
    return list(range(begins, after.year))


def _calendar(direction: Direction, names: list[str], columns: list[list[int]]) -> dict[str, list[list[tuple[str, ...]]]]:
    by_type: dict[str, Integers] = {}
    for stretch, counts in direction.minutes.items():
        hours = by_type.setdefault(_day_type(stretch), np.zeros((12, HOURS, len(names)), dtype=np.int64))
        for band, places in enumerate(columns):
            hours[stretch.month - 1, :, band] += counts[:, places].sum(axis=1)
    return {
        day_type: [
            [tuple(names[band] for band in np.flatnonzero(cell).tolist()) for cell in month] for month in by_type[day_type]
        ]
        for day_type in DAY_TYPES
        if day_type in by_type and by_type[day_type].any()
    }


def _day_type(stretch: Stretch) -> str:
    if stretch.kind == HOLIDAY:
        return "holiday"
    return "weekend" if stretch.kind >= _SATURDAY else "weekday"


def _prices(version: Version, band: str | None, direction: str) -> Iterator[tuple[str, str]]:
    if direction == "export":
        if version.export is not None:
            price = version.export.price
            yield "export", "kWh are kept" if price is None else _text(price, band)
        return
    for charge in version.charges:
        if isinstance(charge, EnergyCharge) and charge.quantity != "export_kwh":
            yield charge.id, _text(charge.price, band)


def _text(price: object, band: str | None) -> str:
    if isinstance(price, dict):
        price = price.get(band)
    if isinstance(price, SeriesPrice):
        times = "" if price.times == 1 else f" x {plain(price.times)}"
        return f"series {price.series}{times} per {price.per}"
    if isinstance(price, tuple):
        return " / ".join(plain(each) for each in price)
    return plain(price) if isinstance(price, Decimal) else "no price"


def ladders_of(version: Version) -> list[tuple[str, tuple[str, ...]]]:
    """Return the steps of each ladder of a version, as text: they begin at 0 and the last is open."""
    ladders = []
    for charge in version.charges:
        if isinstance(charge, EnergyCharge) and charge.tiers is not None:
            ladders.append((charge.id, tuple(_steps(charge.tiers))))
        elif isinstance(charge, DemandCharge) and charge.tiers is not None:
            ladders.append((charge.id, tuple(_between([plain(limit) for limit in charge.tiers.limits], charge.measure.unit))))
    return ladders


def _steps(tiers: Tiers) -> Iterator[str]:
    if tiers.blocks is None:
        yield from _between([plain(limit) for limit in tiers.limits or ()], "")
        return
    for position, block in enumerate(tiers.blocks, start=1):
        end = f"to {plain(block.kwh_per_kw)} kWh/kW" if block.kwh_per_kw is not None else "open"
        for step in _between([plain(limit) for limit in block.limits or ()], ""):
            yield f"block {position} ({end}): {step}"


def _between(limits: list[str], unit: str) -> Iterator[str]:
    unit = f" {unit}" if unit else ""
    if not limits:
        yield "all of it"
        return
    yield f"0 to {limits[0]}{unit}"
    for low, high in pairwise(limits):
        yield f"{low} to {high}{unit}"
    yield f"above {limits[-1]}{unit}"


def letters_of(names: list[str]) -> dict[str, str]:
    """Return a letter for each period, of its own name where one is left.

    >>> letters_of(["peak", "off", "other"]), letters_of(["p0", "p1"])
    ({'peak': 'P', 'off': 'O', 'other': 'T'}, {'p0': '0', 'p1': '1'})
    """
    shared = 0
    while len(names) > 1 and len({name[: shared + 1] for name in names}) == 1 and all(len(name) > shared + 1 for name in names):
        shared += 1
    letters: dict[str, str] = {}
    for name in names:
        wanted = [letter for letter in name[shared:].upper() if letter.isalnum()]
        free = (letter for letter in (*wanted, *ascii_uppercase, *digits, *ascii_letters) if letter not in letters.values())
        letters[name] = next(free, "?")
    return letters
