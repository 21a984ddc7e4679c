"""ReadingType of IEC 61968-9: eighteen numbers that say what a value is.

``macroPeriod.aggregate.measuringPeriod.accumulation.flowDirection.commodity.measurementKind.interharmonic (2).
argument (2).tou.cpp.consumptionTier.phases.multiplier.unit.currency``: ``0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0`` is
kilowatt-hours taken from the grid in each quarter of an hour.

Numbers: IEC 61968-9, annex C (MacroPeriodKind, MeasuringPeriodKind, AccumulationKind, FlowDirectionKind,
UnitSymbolKind, ...). What a value means follows from them here and nowhere else. A number that is not in these tables
is never guessed: the value is kept under the unit's own name, or under none, and is no energy.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from schemas.codes import Direction, ReadKind
from schemas.units import Unit, parse_unit

_FIELDS = 18
_ID = re.compile(r"-?[0-9]{1,6}(?:\.-?[0-9]{1,6}){17}")
_AVERAGE = 2  # AggregateKind
_MOST_MULTIPLIER = 24

# MeasuringPeriodKind [min]; fixed blocks have the length of their block, rolling blocks overlap and are no intervals.
_PERIOD_MINUTES = {
    1: 10, 2: 15, 3: 1, 4: 1440, 5: 30, 6: 5, 7: 60, 10: 2, 14: 3, 31: 20, 50: 60, 51: 30, 52: 20, 53: 15, 54: 10, 55: 5, 56: 1,
    78: 12, 79: 120, 80: 240, 81: 360, 82: 720, 83: 180,
}  # fmt: skip
_MACRO_MINUTES = {11: 1440, 24: 10_080}  # MacroPeriodKind daily, weekly [min]
_MONTHLY = 13

# AccumulationKind: a register that only counts on, a quantity of a period, a momentary value.
_INDEX = frozenset({1, 2, 3, 9, 13, 14})  # bulk, continuous cumulative, cumulative, summation, latching, bounded
_DELTA = 4
_MOMENTARY = frozenset({6, 12})  # indicating, instantaneous
_NOT_SAID = 0

# FlowDirectionKind: forward is delivered to the customer.
_DIRECTIONS = {1: Direction.IMPORT, 19: Direction.EXPORT}
_ACTIVE_QUADRANTS = {8: Direction.IMPORT, 10: Direction.EXPORT}
_REACTIVE_QUADRANTS = {
    5: Direction.IMPORT, 13: Direction.EXPORT, 15: Direction.IMPORT, 16: Direction.IMPORT, 17: Direction.EXPORT,
    18: Direction.EXPORT,
}  # fmt: skip
_HIGHEST_FLOW = 20
_ACTIVE = frozenset({"active_energy", "power"})
_REACTIVE = frozenset({"reactive_energy", "reactive_power"})

# UnitSymbolKind: units that are a power of ten away from the store's.
_STORED_UNITS = {
    5: "A", 29: "V", 31: "J", 33: "Hz", 38: "W", 42: "m3", 61: "VA", 63: "var", 65: "pf", 71: "VAh", 72: "Wh", 73: "varh",
    119: "ft3", 134: "L", 169: "therm",
}  # fmt: skip
# Units that keep their own name; compensated and uncompensated volumes are other quantities than plain ones.
_OWN_UNITS = {
    2: ("length", "m"),
    4: ("rotation", "rot/s"),
    6: ("temperature", "K"),
    9: ("angle", "deg"),
    23: ("temperature", "degC"),
    27: ("duration", "s"),
    39: ("pressure", "Pa"),
    41: ("area", "m2"),
    43: ("speed", "m/s"),
    45: ("volume_flow", "m3/s"),
    64: ("phase_angle", "deg"),
    104: ("voltage_squared_hours", "V2h"),
    105: ("current_squared_hours", "A2h"),
    106: ("charge", "Ah"),
    111: ("count", "count"),
    120: ("volume_compensated", "ft3"),
    121: ("volume_uncompensated", "ft3"),
    122: ("volume_flow", "ft3/h"),
    125: ("volume_flow", "m3/h"),
    128: ("volume", "USGal"),
    130: ("volume", "ImpGal"),
    132: ("energy", "BTU"),
    137: ("volume_flow", "L/h"),
    156: ("volume_uncompensated", "L"),
    157: ("volume_compensated", "L"),
    159: ("duration", "min"),
    160: ("duration", "h"),
    166: ("volume_uncompensated", "m3"),
    167: ("volume_compensated", "m3"),
    179: ("irradiance", "W/m2"),
    214: ("pressure", "bar"),
    279: ("temperature", "degF"),
}
_SYMBOLS = {
    -12: "p", -9: "n", -6: "u", -3: "m", -2: "c", -1: "d", 0: "", 1: "da", 2: "h", 3: "k", 6: "M", 9: "G", 12: "T",
}  # fmt: skip
_COUNTED = frozenset(
    {
        "active_energy", "reactive_energy", "apparent_energy", "energy", "volume", "volume_compensated",
        "volume_uncompensated", "count", "charge", "voltage_squared_hours", "current_squared_hours",
    }
)  # fmt: skip
"""Quantities that a register counts: without a word on their accumulation they are its index."""


class ReadingType(NamedTuple):
    """The eighteen numbers, by the names of the standard."""

    macro_period: int
    aggregate: int
    measuring_period: int
    accumulation: int
    flow_direction: int
    commodity: int
    measurement_kind: int
    interharmonic_numerator: int
    interharmonic_denominator: int
    argument_numerator: int
    argument_denominator: int
    tou: int
    cpp: int
    consumption_tier: int
    phases: int
    multiplier: int
    unit: int
    currency: int


class Doubt(NamedTuple):
    """What is not sure about a reading type: a code and a sentence, for a warning."""

    code: str
    message: str


class Meaning(NamedTuple):
    """What values of a reading type are.

    Attributes:
        quantity: active_energy, volume, temperature, ...; ``unknown`` where nobody knows the unit.
        direction: seen from the customer.
        unit: of the store, or the unit's own name; None where nobody knows it.
        exponent: value times ``10 ** exponent`` is the value in ``unit``.
        kind: an index, a quantity of a period, or a momentary value.
        minutes: length of the period [min]; None where it is a month or nothing says.
        is_monthly: whether the period is a calendar month.
        doubts: what is not sure.
    """

    quantity: str
    direction: Direction
    unit: str | None
    exponent: int
    kind: ReadKind
    minutes: int | None
    is_monthly: bool
    doubts: tuple[Doubt, ...]


def parse_reading_type(text: str) -> ReadingType | None:
    """Return a reading type by its id, or None when ``text`` is no id.

    >>> parse_reading_type("0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0").unit
    72
    >>> parse_reading_type("0.0.129.160") is None
    True
    """
    return ReadingType(*map(int, text.split("."))) if _ID.fullmatch(text) else None


def meaning_of(kind: ReadingType) -> Meaning:
    """Return what values of a reading type are.

    >>> meaning = meaning_of(parse_reading_type("0.0.2.4.19.1.12.0.0.0.0.0.0.0.0.0.72.0"))
    >>> meaning.quantity, str(meaning.direction), meaning.unit, meaning.exponent, str(meaning.kind), meaning.minutes
    ('active_energy', 'export', 'kWh', -3, 'period', 15)
    """
    unit, doubts = _unit(kind)
    direction = _direction(kind, unit.quantity, doubts)
    read_kind = _kind(kind, unit.quantity, doubts)
    minutes = _PERIOD_MINUTES.get(kind.measuring_period) or _MACRO_MINUTES.get(kind.macro_period)
    is_monthly = minutes is None and kind.macro_period == _MONTHLY
    return Meaning(unit.quantity, direction, unit.unit or None, unit.exponent, read_kind, minutes, is_monthly, tuple(doubts))


def _unit(kind: ReadingType) -> tuple[Unit, list[Doubt]]:
    """Return unit and quantity, and what is not sure about them."""
    if kind.currency:
        message = f"unit {kind.unit} stands beside currency {kind.currency}: whether that is energy or money nobody knows"
        return Unit("unknown", "", 0), [Doubt("reading_type.currency", message)]
    if abs(kind.multiplier) > _MOST_MULTIPLIER:
        return Unit("unknown", "", 0), [Doubt("unit.unknown", f"nobody knows the multiplier {kind.multiplier}")]
    stored = parse_unit(_STORED_UNITS.get(kind.unit, ""))
    if stored is not None:
        return stored._replace(exponent=stored.exponent + kind.multiplier), []
    own, prefix = _OWN_UNITS.get(kind.unit), _SYMBOLS.get(kind.multiplier)
    if own is None or prefix is None:
        message = f"nobody knows unit {kind.unit} with multiplier {kind.multiplier}; values stay as they are written"
        return Unit("unknown", "", 0), [Doubt("unit.unknown", message)]
    return Unit(own[0], prefix + own[1], 0), []


def _direction(kind: ReadingType, quantity: str, doubts: list[Doubt]) -> Direction:
    """Return the direction seen from the customer."""
    flow = kind.flow_direction
    if not 0 <= flow <= _HIGHEST_FLOW:
        doubts.append(Doubt("direction.unknown", f"nobody knows flow direction {flow}"))
    quadrants = _ACTIVE_QUADRANTS if quantity in _ACTIVE else _REACTIVE_QUADRANTS if quantity in _REACTIVE else {}
    return _DIRECTIONS.get(flow) or quadrants.get(flow, Direction.NONE)


def _kind(kind: ReadingType, quantity: str, doubts: list[Doubt]) -> ReadKind:
    """Return whether values are indexes, quantities of periods or momentary."""
    if quantity == "unknown":
        return ReadKind.INSTANT
    is_average = kind.aggregate == _AVERAGE and kind.measuring_period in _PERIOD_MINUTES
    if kind.accumulation in _INDEX:
        return ReadKind.INDEX
    if kind.accumulation == _DELTA:
        return ReadKind.PERIOD
    if kind.accumulation == _NOT_SAID:
        found = ReadKind.INDEX if quantity in _COUNTED else ReadKind.PERIOD if is_average else ReadKind.INSTANT
        doubts.append(Doubt("accumulation.missing", f"the reading type does not say how its values add up; taken as {found}"))
        return found
    if kind.accumulation in _MOMENTARY and quantity not in _COUNTED:
        return ReadKind.PERIOD if is_average else ReadKind.INSTANT
    doubts.append(Doubt("accumulation.unknown", f"accumulation {kind.accumulation} makes no sense here; taken as instant"))
    return ReadKind.INSTANT
