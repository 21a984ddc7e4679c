"""Units of COSEM registers: the numbers that stand in ``scaler_unit`` (IEC 62056-6-2, physical units)."""

from __future__ import annotations

from typing import NamedTuple

from head_end.dlms.axdr import Data, Tag

UNITS: dict[int, str | None] = {
    13: "m3",
    14: "m3",
    19: "l",
    25: "J",
    27: "W",
    28: "VA",
    29: "var",
    30: "Wh",
    31: "VAh",
    32: "varh",
    33: "A",
    35: "V",
    44: "Hz",
    255: None,
}
"""Unit numbers of what a utility bills or watches; 14 is volume brought to standard conditions, 255 a count."""
_MEMBERS = 2


class Scale(NamedTuple):
    """How a register's number becomes a quantity: times ``10 ** scaler``, in the unit of this number."""

    scaler: int
    unit: int


def scale_of(data: Data) -> Scale | None:
    """Return the scaler and unit of a ``scaler_unit`` structure; None of anything else."""
    if data.tag is not Tag.STRUCTURE or len(data.elements) != _MEMBERS:
        return None
    scaler, unit = data.elements
    if scaler.tag is not Tag.INTEGER or unit.tag is not Tag.ENUM:
        return None
    return Scale(scaler.value, unit.value) if isinstance(scaler.value, int) and isinstance(unit.value, int) else None
