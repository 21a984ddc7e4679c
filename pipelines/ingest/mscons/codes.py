"""Code lists of MSCONS: what a quantity's qualifier says of it, what units and registers mean.

BDEW, MSCONS message description 2.4c (EDI@Energy), data elements 6063 and 6411; UN/ECE Recommendation 20 for units.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.ingest.collector import READ_QUALITY, UNVERIFIED
from pipelines.ingest.rejected import Fault
from schemas.codes import Direction, Quality, ReadKind
from schemas.obis import Obis, measured_by, parse_obis, unit_of
from schemas.units import Unit, parse_unit


class Qualifier(NamedTuple):
    """What data element 6063 says of a quantity: as a slot, and as a register read."""

    quality: Quality
    of_read: str


_SAYS_NOTHING = Qualifier(Quality.MEASURED, UNVERIFIED)
_ESTIMATE = Qualifier(Quality.DELIVERED_ESTIMATE, READ_QUALITY[Quality.DELIVERED_ESTIMATE])
_NO_VALUE = Qualifier(Quality.MISSING, UNVERIFIED)

UNUSABLE = "20"
QUALIFIERS = {
    "220": Qualifier(Quality.MEASURED, READ_QUALITY[Quality.MEASURED]),  # true value
    "67": Qualifier(Quality.SUBSTITUTED, READ_QUALITY[Quality.SUBSTITUTED]),  # substitute
    "201": _ESTIMATE,  # proposal
    "187": _ESTIMATE,  # forecast
    "Z18": _ESTIMATE,  # preliminary
    "79": _SAYS_NOTHING,  # sum
    "Z31": _SAYS_NOTHING,  # for a delivery note
    "Z47": _SAYS_NOTHING,  # basis of a limit of power
    "46": _SAYS_NOTHING,  # delivered quantity, of directory D.99A
    UNUSABLE: _NO_VALUE,
    "Z30": _NO_VALUE,  # missing
}
"""Data element 6063."""

_ELECTRICITY, _GAS = 1, 7
_ACTIVE = "active_energy"
_UNITS = {
    "KWH": parse_unit("kWh"), "MWH": parse_unit("MWh"), "GWH": parse_unit("GWh"), "WHR": parse_unit("Wh"),
    "KWT": parse_unit("kW"), "MAW": parse_unit("MW"), "WTT": parse_unit("W"),
    "K3": parse_unit("kvarh"), "KVR": parse_unit("kvar"), "KVA": parse_unit("kVA"), "C79": parse_unit("kVAh"),
    "MTQ": parse_unit("m3"), "DMQ": parse_unit("dm3"), "LTR": parse_unit("l"),
    "JOU": parse_unit("J"), "3B": parse_unit("MJ"), "GV": parse_unit("GJ"),
    "VLT": parse_unit("V"), "AMP": parse_unit("A"), "HTZ": parse_unit("Hz"),
    "D54": Unit("irradiance", "W/m2", 0), "MTS": Unit("wind_speed", "m/s", 0), "CEL": Unit("temperature", "°C", 0),
    "E46": Unit("calorific_value", "kWh/m3", 0), "P1": Unit("share", "%", 0),
}  # fmt: skip
_HAVE_DIRECTION = frozenset(
    {_ACTIVE, "reactive_energy", "apparent_energy", "power", "reactive_power", "apparent_power", "volume", "heat", "energy"}
)
UNKNOWN_QUANTITY = "unknown"
"""Of a register whose code and unit do not say what it measures."""


class Register(NamedTuple):
    """What a register measures.

    Attributes:
        quantity: active_energy, volume, irradiance, ...
        direction: seen from the customer.
        unit: of the store; None where neither the value nor the register's code has one.
        exponent: source value times ``10 ** exponent`` is the value in ``unit``.
        kind: what its values are; None where its code does not say.
        is_gas: whether it is a gas meter's.
        contradiction: unit and code speak of different quantities; empty where they do not.
    """

    quantity: str
    direction: Direction
    unit: str | None
    exponent: int
    kind: ReadKind | None
    is_gas: bool
    contradiction: str


def register_of(channel: str, unit_code: str) -> Register | Fault:
    """Return what a register measures, by its code and the unit of the value; the unit decides where they differ.

    Args:
        channel: OBIS code or another code of PIA.
        unit_code: data element 6411; empty where the value has none.

    >>> register_of("1-1:2.29.0*255", "").unit, register_of("1-1:2.29.0*255", "").direction
    ('kWh', <Direction.EXPORT: 'export'>)
    """
    code = parse_obis(channel)
    measured = measured_by(code) if code is not None else None
    unit = _unit_of(code, unit_code)
    if isinstance(unit, Fault):
        return unit
    says = measured.quantity if measured is not None else UNKNOWN_QUANTITY
    quantity = _quantity_of(code, unit, says) if unit is not None else says
    differ = measured is not None and quantity != says
    return Register(
        quantity,
        measured.direction if measured is not None and quantity in _HAVE_DIRECTION else Direction.NONE,
        None if unit is None else unit.unit,
        0 if unit is None else unit.exponent,
        None if measured is None else measured.kind,
        code is not None and code.a == _GAS,
        f"{channel} measures {says}, its values are {quantity}" if differ else "",
    )


def _unit_of(code: Obis | None, unit_code: str) -> Unit | Fault | None:
    """Return the unit of a value: its own, else the one its register implies."""
    if not unit_code:
        return None if code is None else unit_of(code, None)
    return (
        _UNITS.get(unit_code.upper())
        or parse_unit(unit_code)
        or Fault("unit.unknown", f"nobody knows the unit '{unit_code[:40]}'")
    )


def _quantity_of(code: Obis | None, unit: Unit, says: str) -> str:
    """Return the quantity of a value: that of its unit; kilowatt-hours of gas or heat are no electricity."""
    if unit.quantity == _ACTIVE and code is not None and code.a != _ELECTRICITY:
        return says if says == "heat" else "energy"
    return unit.quantity
