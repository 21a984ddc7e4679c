"""Meaning: which quantity a value of a telegram is, in which direction, and of what kind."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from head_end.p1.values import Measurement
from schemas.codes import Direction, ReadKind
from schemas.obis import Measured, Obis, measured_by
from schemas.units import Unit, parse_unit

COUNT = "count"
_DEVICE_QUANTITIES = {
    2: "active_energy",
    3: "volume",  # gas
    4: "heat",
    6: "volume",  # warm water
    7: "volume",  # water
    10: "heat",  # cold, at the outlet
    11: "heat",  # cold, at the inlet
    12: "heat",
    13: "heat",  # heat and cold
    21: "volume",  # hot water
    22: "volume",  # cold water
}
"""Quantities of M-Bus meters by their type (EN 13757-3, device types)."""
_ENERGY_UNITS = frozenset({"active_energy", "energy"})


class Meaning(NamedTuple):
    """What a value means.

    Attributes:
        unit: as the store knows it; None where nobody knows it, or the meter writes none.
        measured: quantity, direction and kind; None where nothing says.
    """

    unit: Unit | None
    measured: Measured | None


def meaning_of(measurement: Measurement, device_type: int | None) -> Meaning:
    """Return what a value means.

    Args:
        measurement: the value.
        device_type: of the M-Bus meter, from its ``0-n:24.1.0``; None for the meter itself or where it is not said.
    """
    if measurement.counted is not None:
        unit = parse_unit(measurement.unit) if measurement.unit is not None else None
        return Meaning(unit, Measured(COUNT, Direction.NONE, ReadKind.INDEX, None))
    return _meaning_of(measurement.code, measurement.unit, bool(measurement.device), device_type)


@lru_cache(maxsize=4096)
def _meaning_of(code: Obis, written: str | None, of_device: bool, device_type: int | None) -> Meaning:  # noqa: FBT001 - a cache key
    """Return what a register means; the same few come with every telegram."""
    unit = parse_unit(written) if written is not None else None
    if of_device:
        return Meaning(unit, _meaning_of_device(unit, device_type))
    found = measured_by(code)
    if found is None and unit is not None:
        # Group D says what is done with a quantity, whatever group C measures.
        like = measured_by(code._replace(a=1, c=1))
        found = None if like is None else like._replace(quantity=unit.quantity, direction=Direction.NONE)
    # A quantity of a period whose start no telegram says could be anything.
    return Meaning(unit, None if found is None or found.kind is ReadKind.PERIOD else found)


def _meaning_of_device(unit: Unit | None, device_type: int | None) -> Measured | None:
    """Return what a reading of an M-Bus meter means: its type decides, and its unit where they do not contradict."""
    by_type = _DEVICE_QUANTITIES.get(device_type or 0)
    if unit is None:
        quantity = by_type
    elif by_type == "heat" and unit.quantity in _ENERGY_UNITS:
        quantity = "heat"
    else:
        quantity = unit.quantity
    return Measured(quantity, Direction.IMPORT, ReadKind.INDEX, None) if quantity is not None else None
