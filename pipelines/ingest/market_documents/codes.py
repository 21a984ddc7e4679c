"""Codes of measure documents: units, qualities, directions, processes.

Lists: UN/ECE recommendation 20 (units); ENTSO-E code lists ET0036 (quality), ET0017 (business type), ET0025 (process);
ebIX and Energinet RSM-012 (types of metering points, quantity quality).
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas.codes import Direction, Quality
from schemas.units import Unit, parse_unit

_UNITS = {
    "WHR": "Wh", "KWH": "kWh", "MWH": "MWh", "GWH": "GWh",
    "K3": "kvarh", "KVARH": "kvarh", "MAH": "Mvarh",
    "WTT": "W", "KWT": "kW", "MAW": "MW", "A90": "GW",
    "KVR": "kvar", "MAR": "Mvar", "Z03": "Mvar",
    "KVA": "kVA", "MVA": "MVA",
    "AMP": "A", "VLT": "V", "KVT": "kV", "HTZ": "Hz",
    "MTQ": "m3", "DMQ": "dm3", "LTR": "L", "FTQ": "ft3",
    "JOU": "J", "3B": "MJ", "GV": "GJ",
}  # fmt: skip

CIM_QUALITIES: Mapping[str, Quality] = {
    "A01": Quality.SUBSTITUTED,  # adjusted
    "A02": Quality.MISSING,  # not available
    "A03": Quality.DELIVERED_ESTIMATE,  # estimated
    "A04": Quality.MEASURED,  # as provided
    "A05": Quality.DELIVERED_ESTIMATE,  # incomplete: not all that belongs to it was measured
    "A06": Quality.MEASURED,  # calculated from measured values
}
"""Qualities of a point of a CIM document; a point without one is measured."""

EBIX_QUALITIES: Mapping[str, Quality] = {
    "E01": Quality.MEASURED,
    "D01": Quality.MEASURED,  # calculated from measured values
    "36": Quality.SUBSTITUTED,  # revised
    "56": Quality.DELIVERED_ESTIMATE,
}
"""Qualities of an observation of an ebIX document; one without is measured."""

_METERING_POINTS = {
    "E17": Direction.IMPORT,  # consumption
    "E18": Direction.EXPORT,  # production
    "E20": Direction.NONE,  # exchange between grid areas
    "D06": Direction.EXPORT,  # supply to the grid
    "D07": Direction.IMPORT,  # consumption from the grid
    "D10": Direction.IMPORT,  # net from the grid
    "D11": Direction.EXPORT,  # net to the grid
}
_BUSINESS_TYPES = {"A01": Direction.EXPORT, "A04": Direction.IMPORT}  # production, consumption

PLANNED_PROCESSES = frozenset({"A01", "A02", "A14", "A17", "A18", "A19", "A31", "A32", "A33", "A40"})
"""Processes of the ENTSO-E list whose values were never metered: day ahead, intraday, forecasts, schedules."""
WITHDRAWN_STATUSES = frozenset({"A09", "A13"})
"""Cancelled, withdrawn."""


def unit_of(code: str) -> Unit | None:
    """Return what a unit code means; None where nobody knows it.

    >>> unit_of("K3")
    Unit(quantity='reactive_energy', unit='kvarh', exponent=0)
    >>> unit_of("MAW").exponent, unit_of("TNE")
    (3, None)
    """
    return parse_unit(_UNITS.get(code.upper(), ""))


def direction_of(metering_point: str | None, business_type: str | None) -> Direction | None:
    """Return the direction of a series seen from the customer; None where its codes do not say.

    >>> direction_of("E18", None), direction_of(None, "A04"), direction_of("D14", "A04")
    (<Direction.EXPORT: 'export'>, <Direction.IMPORT: 'import'>, None)
    """
    if metering_point is not None:
        return _METERING_POINTS.get(metering_point)
    return _BUSINESS_TYPES.get(business_type or "")
