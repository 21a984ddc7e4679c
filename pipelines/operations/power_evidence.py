"""What stands behind a demand: the highest window of the period, its intervals, and what earlier periods handed on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pipelines.operations.interval_evidence import Interval
from pipelines.operations.metered_energy import billed_of
from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.measure import KW, MAX, Measure
from tariffs.event_windows import instants_of
from tariffs.model import Tariff, Version
from tariffs.rounding import Places

POWERS = ("demand", "contracted", "coincident")
"""Kinds of lines whose quantity is a power."""
_UNITS = ("kW", "kVA")
_PLACES = 9
_NUMBERED = re.compile(r"\.[0-9]+$")
"""Behind the name of a power that was measured in two ways."""
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


def peaks_of(
    line: dict[str, Any], usage: Sequence[dict[str, Any]], version: Version, slots: Slots, rule: Places | None
) -> tuple[Peak, ...]:
    """Return what was measured for a line of power, each with the window that it stood in.

    What a charge measures in a way, or in periods, of its own is under its own name; a period of the version that happens to have
    the same name is another one.

    Args:
        line: its row of ``CHARGE_LINES``.
        usage: rows of ``USAGE`` of the bill.
        version: the version that prices the line.
        slots: gives the intervals of a determinant.
        rule: how the tariff rounds the quantity of each interval; None where it does not.
    """
    names = _names(line["charge_id"], version)
    rows = [
        row
        for row in usage
        if row["unit"] in _UNITS
        and row["tariff_version"] == line["tariff_version"]
        and row["band"] in (None, line["band"])
        and _NUMBERED.sub("", row["determinant"]) in names
    ]
    measures = _measures(line["charge_id"], version)
    return tuple(
        _peak(row, measures, slots, rule) for row in sorted(rows, key=lambda row: (row["determinant"], row["band"] or ""))
    )


def event_peaks(
    line: dict[str, Any], bill: dict[str, Any], tariff: Tariff, slots: Slots, rule: Places | None
) -> tuple[Peak, ...]:
    """Return what was drawn in each window of the events of a coincident peak, with the intervals of the window.

    Args:
        line: its row of ``CHARGE_LINES``.
        bill: its row of ``BILLS``.
        tariff: the document.
        slots: gives the intervals of a determinant.
        rule: how the tariff rounds the quantity of each interval; None where it does not.
    """
    version = next(version for version in tariff.versions if version.from_.isoformat() == line["tariff_version"])
    charge = next((charge for charge in version.charges if charge.id == line["charge_id"]), None)
    if not isinstance(charge, CoincidentCharge):
        return ()
    found = []
    for window in tariff.events[charge.events]:
        stay = instants_of(window, tariff.tariff_clock)
        begin, end = (datetime.fromtimestamp(at, UTC) for at in stay)
        number = tariff.version_on(window.from_.date())
        if begin < bill["starts_at"] or end > bill["ends_at"] or number is None or tariff.versions[number] is not version:
            continue
        inside = tuple(interval for interval in slots(charge.quantity) if begin <= interval.interval_start < end)
        found.append(Peak(charge.events, None, _power(inside, stay.minutes, rule), KW, begin, stay.minutes, inside))
    return tuple(found)


def _names(charge_id: str, version: Version) -> frozenset[str]:
    """Return the names under which ``USAGE`` keeps what concerns a charge."""
    charge = next((charge for charge in version.charges if charge.id == charge_id), None)
    names = {f"{name}.{charge_id}" for name in ("peak_kw", "peak_kva", "billing_demand_kw")}
    if isinstance(charge, DemandCharge | ContractedCharge):
        own_periods = isinstance(charge, DemandCharge) and charge.periods is not None
        names |= {"peak_kw"} if charge.measure == Measure() and not own_periods else set()
        names |= {"billing_demand_kw"} if isinstance(charge, DemandCharge) and version.billing_demand is not None else set()
    return frozenset(names)


def _measures(charge_id: str, version: Version) -> list[Measure]:
    """Return how the charge's demand may have been measured: by itself, or as the version's billing demand."""
    charge = next((charge for charge in version.charges if charge.id == charge_id), None)
    own = [charge.measure] if isinstance(charge, DemandCharge | ContractedCharge) else []
    shared = [version.billing_demand.measure] if version.billing_demand is not None else []
    return [*own, *shared]


def _peak(row: dict[str, Any], measures: Sequence[Measure], slots: Slots, rule: Places | None) -> Peak:
    """Return a measured power; its window is shown where the intervals make the value, and never otherwise."""
    facts = (row["determinant"], row["band"], row["value"], row["unit"], row["at"])
    if row["at"] is not None and row["unit"] == KW:
        for measure in measures:
            if measure.unit != KW or measure.agg != MAX:
                continue
            minutes, window = _window(row["at"], measure, slots(measure.quantity))
            if window and _power(window, minutes, rule) == row["value"]:
                return Peak(*facts, minutes, tuple(window))
    return Peak(*facts)


def _window(at: datetime, measure: Measure, intervals: Sequence[Interval]) -> tuple[int, list[Interval]]:
    """Return the length of the window that begins at an instant [min], and its intervals."""
    first = [interval.interval_minutes for interval in intervals if interval.interval_start == at]
    minutes = measure.window_min or max(first, default=0)
    end = at + timedelta(minutes=minutes)
    return minutes, [interval for interval in intervals if at <= interval.interval_start < end]


def _power(window: Sequence[Interval], minutes: int, rule: Places | None) -> Decimal:
    """Return the mean power of a window [kW], at the nine decimals that it is stored with."""
    energy = sum((Fraction(used) for used in billed_of(window, rule).values()), Fraction(0))
    return Decimal(round(energy * 60 / minutes * 10**_PLACES)).scaleb(-_PLACES)
