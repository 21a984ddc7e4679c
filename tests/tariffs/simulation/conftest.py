from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from textwrap import dedent, indent
from zoneinfo import ZoneInfo

import pytest

from tariffs.load import parse_tariff
from tariffs.model import Tariff
from tariffs.simulation.load import Load, read_load
from tariffs.simulation.periods import billing_periods
from tariffs.simulation.run import Customer, RatedPeriod, simulate

TARIFF = """
tariff: example
currency: EUR
clock: Europe/Berlin
rounding: {line: none, total: {places: 2, mode: half_up}}
versions:
- from: 2020-01-01
"""


def rows_of(first: str, count: int, kwh: Callable[[int], str], *, minutes: int = 60, zone: str = "Europe/Berlin") -> list[str]:
    """Rows of consecutive intervals from a local midnight, stamps as the zone's clock shows them."""
    began = datetime.combine(date.fromisoformat(first), datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    starts = [(began + timedelta(minutes=minutes * n)).astimezone(ZoneInfo(zone)) for n in range(count)]
    return [f"{start.isoformat()},{kwh(n)}" for n, start in enumerate(starts)]


@pytest.fixture(scope="session")
def load_rows() -> Callable[..., list[str]]:
    return rows_of


@pytest.fixture(scope="session")
def load_of() -> Callable[..., Load]:
    """A load of so many hours from a local midnight."""

    def make(first: str, count: int, kwh: Callable[[int], str] = lambda n: "1", **more: object) -> Load:
        return read_load("\n".join(["interval_start,import_kwh", *rows_of(first, count, kwh, **more)]), "load.csv")

    return make


@pytest.fixture(scope="session")
def version_of() -> Callable[[str], Tariff]:
    """A tariff of one version in Berlin from the text of that version's fields."""

    def make(body: str, *, head: str = TARIFF) -> Tariff:
        return parse_tariff(head.lstrip() + indent(dedent(body).strip("\n"), "  ") + "\n", "example.yaml")

    return make


@pytest.fixture(scope="session")
def priced() -> Callable[..., list[RatedPeriod]]:
    """Price a load by calendar months of the tariff's clock."""

    def make(tariff: Tariff, load: Load, customer: Customer | None = None) -> Sequence[RatedPeriod]:
        return simulate(tariff, load, billing_periods(load, tariff.clock), customer or Customer())

    return make
