"""What stands behind a demand: the highest window of the period, its intervals, and what earlier periods handed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pipelines.operations.interval_evidence import Interval
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.measure import KW, MAX, Measure
from tariffs.model import Version

POWERS = ("demand", "contracted", "coincident")
"""Kinds of lines whose quantity is a power."""
_UNITS = ("kW", "kVA")
_PLACES = 9
Slots = Callable[[str], Sequence[Interval]]
"""Gives the intervals of a determinant."""


@dataclass(frozen=True)
class Peak:
    """A power that a charge had measured.

    Attributes:
        determinant: ``peak_kw``, ``billing_demand_kw``, ...
        band: period of the tariff; None where it is of all.
        value: as it was measured [unit].
        unit: kW or kVA.
        at: when its highest window began; None where it is no single window.
        minutes: length of that window; None where it is not known.
        intervals: the intervals of the window, which make the value.
    """

    determinant: str
    band: str | None
    value: Decimal
    unit: str
    at: datetime | None
    minutes: int | None = None
    intervals: tuple[Interval, ...] = ()


def peaks_of(line: dict[str, Any], usage: Sequence[dict[str, Any]], version: Version, slots: Slots) -> tuple[Peak, ...]:
    """Return what was measured for a line of power, each with the window that it stood in.

    Args:
        line: its row of ``CHARGE_LINES``.
        usage: rows of ``USAGE`` of the bill.
        version: the version that prices the line.
        slots: gives the intervals of a determinant.
    """
    rows = [
        row
        for row in usage
        if row["unit"] in _UNITS and row["tariff_version"] == line["tariff_version"] and row["band"] in (None, line["band"])
    ]
    measures = _measures(line["charge_id"], version)
    return tuple(_peak(row, measures, slots) for row in sorted(rows, key=lambda row: (row["determinant"], row["band"] or "")))


def _measures(charge_id: str, version: Version) -> list[Measure]:
    """Return how the charge's demand may have been measured: by itself, or as the version's billing demand."""
    charge = next((charge for charge in version.charges if charge.id == charge_id), None)
    own = [charge.measure] if isinstance(charge, DemandCharge | ContractedCharge) else []
    shared = [version.billing_demand.measure] if version.billing_demand is not None else []
    return [*own, *shared]


def _peak(row: dict[str, Any], measures: Sequence[Measure], slots: Slots) -> Peak:
    """Return a measured power; its window is shown where the intervals make the value, and never otherwise."""
    facts = (row["determinant"], row["band"], row["value"], row["unit"], row["at"])
    if row["at"] is not None and row["unit"] == KW:
        for measure in measures:
            if measure.unit != KW or measure.agg != MAX:
                continue
            minutes, window = _window(row["at"], measure, slots(measure.quantity))
            if window and _power(window, minutes) == row["value"]:
                return Peak(*facts, minutes, tuple(window))
    return Peak(*facts)


def _window(at: datetime, measure: Measure, intervals: Sequence[Interval]) -> tuple[int, list[Interval]]:
    """Return the length of the window that begins at an instant [min], and its intervals."""
    first = [interval.interval_minutes for interval in intervals if interval.interval_start == at]
    minutes = measure.window_min or max(first, default=0)
    end = at + timedelta(minutes=minutes)
    return minutes, [interval for interval in intervals if at <= interval.interval_start < end]


def _power(window: Sequence[Interval], minutes: int) -> Decimal:
    """Return the mean power of a window [kW], at the nine decimals that it is stored with."""
    energy = sum((Fraction(interval.value) for interval in window if interval.value is not None), Fraction(0))
    return Decimal(round(energy * 60 / minutes * 10**_PLACES)).scaleb(-_PLACES)
