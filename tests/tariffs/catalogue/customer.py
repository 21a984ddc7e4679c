"""A customer of a published tariff: what was used when, by the tariff's own clock, rated for one billing period."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import numpy as np

from tariffs.calendar import combos_at
from tariffs.clock import Clock
from tariffs.exact import Exact
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate
from tariffs.series import PriceSeries
from tariffs.timeline import Stretch, Timeline

PLACES = 3
"""Decimals of what is used in an interval, and of prices and facts that are given."""
UNITS = {"kwh": "kWh", "kvarh": "kvarh", "m3": "m3"}
Use = Callable[[datetime], str] | Mapping[str, str]
"""What is used in the interval that begins at a local time: by rule, or at the times named and nothing at others."""
Line = tuple[str, str, str | None, int | None]
"""Charge, kind, period and step of a line."""


class Bill(NamedTuple):
    """A bill as a test compares it.

    Attributes:
        lines: the rounded amount of each line [currency].
        total: what is to be paid [currency].
        carried: what the next bill is given.
    """

    lines: dict[Line, Decimal]
    total: Decimal
    carried: Mapping[str, Exact]


def cents(amount: Decimal) -> Decimal:
    """Round by hand as every tariff of the catalogue rounds its lines: to the cent, a half away from zero."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def bill(
    tariff: Tariff,
    first: str,
    after: str,
    *,
    minutes: int = 60,
    series: Mapping[str, Mapping[str, str]] | None = None,
    facts: Mapping[str, str] | None = None,
    carried: Mapping[str, Exact | str] | None = None,
    **use: Use,
) -> Bill:
    """Rate one customer from a local date to another (not included)."""
    clock = Clock(tariff.clock)
    starts_at, ends_at = (datetime.fromtimestamp(clock.midnight(date.fromisoformat(day)), UTC) for day in (first, after))
    starts = np.arange(int(starts_at.timestamp()), int(ends_at.timestamp()), minutes * 60, dtype=np.int64)
    local = [datetime.fromtimestamp(int(start), clock.zone).replace(tzinfo=None) for start in starts]
    values = {name: np.array([[_parts(_used(rule, at)) for at in local]], dtype=np.int64) for name, rule in use.items()}
    for rule in use.values():
        assert not isinstance(rule, Mapping) or set(rule) <= {f"{at:%Y-%m-%dT%H:%M}" for at in local}, "a time outside the period"
    rated = rate(
        RatingInputs(
            tariff=tariff,
            starts_at=starts_at,
            ends_at=ends_at,
            quantities={name: _sums(tariff, name, row, starts, starts_at, ends_at) for name, row in values.items()},
            export_taxed=np.array([False]),
            timeline=Timeline((Stretch(np.array([0]), minutes, starts, values, dict.fromkeys(values, -PLACES)),)),
            series={name: _series(name, prices, clock) for name, prices in (series or {}).items()},
            facts={name: _exact(text) for name, text in (facts or {}).items()},
            carried={name: _exact(each) if isinstance(each, str) else each for name, each in (carried or {}).items()},
        )
    )
    rows = rated.bill_lines().to_pylist()
    lines = {(row["charge_id"], row["kind"], row["band"], row["tier"]): row["amount_rounded"] for row in rows}
    dated = {(row["charge_id"], row["kind"], row["band"], row["tier"], row["tariff_version"]) for row in rows}
    if len(lines) < len(dated):
        # two versions: the amounts of both, each rounded alone
        lines = {}
        for row in rows:
            key = (row["charge_id"], row["kind"], row["band"], row["tier"])
            lines[key] = lines.get(key, Decimal(0)) + row["amount_rounded"]
    return Bill(lines, rated.total_due[0].as_py(), rated.carried)


def _used(rule: Use, at: datetime) -> str:
    return rule.get(f"{at:%Y-%m-%dT%H:%M}", "0") if isinstance(rule, Mapping) else rule(at)


def _parts(text: str) -> int:
    scaled = Decimal(text).scaleb(PLACES)
    assert scaled == int(scaled), f"{text} has more than {PLACES} decimals"
    return int(scaled)


def _exact(text: str) -> Exact:
    return Exact(np.array([_parts(text)], dtype=np.int64), PLACES)


def _series(name: str, prices: Mapping[str, str], clock: Clock) -> PriceSeries:
    starts = [int(datetime.fromisoformat(at).replace(tzinfo=clock.zone).timestamp()) for at in prices]
    return PriceSeries(name, np.array(starts, dtype=np.int64), np.array([_parts(each) for each in prices.values()]), PLACES)


def _sums(tariff: Tariff, name: str, row: Any, starts: Any, starts_at: datetime, ends_at: datetime) -> Determinant:
    direction = "export" if name == "export_kwh" else "import"
    places, combos = combos_at(tariff, direction=direction, starts=starts, starts_at=starts_at, ends_at=ends_at)
    assert (places >= 0).all()
    sums = np.array([[int(row[0, places == place].sum()) for place in range(len(combos))]], dtype=np.int64)
    return Determinant(combos, -PLACES, sums, UNITS[name.rpartition("_")[2]])
