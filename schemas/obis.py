"""OBIS codes (IEC 62056-61): what a register of a European meter measures.

``A-B:C.D.E*F``: medium, channel, quantity, processing, tariff, billing period. ``1-0:1.8.1`` is the import register of
tariff 1. Only what the codes say by their groups is said here: country rules (which tariff is low) belong to a format.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from schemas.codes import Direction, ReadKind
from schemas.units import Unit, parse_unit

_CODE = re.compile(
    r"(?:(?P<a>[0-9]{1,3})-(?P<b>[0-9]{1,3}):)?(?P<c>[0-9]{1,3})\.(?P<d>[0-9]{1,3})"
    r"(?:\.(?P<e>[0-9]{1,3}))?(?:[*&](?P<f>[0-9]{1,3}))?"
)
_HIGHEST = 255
_INSTANT = 7
_INDEX = 8
_PERIODS = frozenset({9, 10, 29, 30})  # time integrals that end with a period: 2, 3, 5 and 6
_ELECTRICITY, _HEAT_COST, _COOLING, _HEAT, _GAS, _COLD_WATER, _HOT_WATER = 1, 4, 5, 6, 7, 8, 9
_VOLUMES = frozenset({_GAS, _COLD_WATER, _HOT_WATER})
_AVERAGE = frozenset({4, 5, 14, 15, 24, 25, 27})
_MAXIMUM = frozenset({2, 6, 16})
# Group C of electricity: total, then phases 20, 40 and 60 higher.
_PHASE = 20
_ENERGY = {
    1: ("active", Direction.IMPORT),
    2: ("active", Direction.EXPORT),
    3: ("reactive", Direction.IMPORT),
    4: ("reactive", Direction.EXPORT),
    5: ("reactive", Direction.IMPORT),
    6: ("reactive", Direction.IMPORT),
    7: ("reactive", Direction.EXPORT),
    8: ("reactive", Direction.EXPORT),
    9: ("apparent", Direction.IMPORT),
    10: ("apparent", Direction.EXPORT),
    16: ("active", Direction.NONE),
}
_ENERGY_QUANTITY = {"active": "active_energy", "reactive": "reactive_energy", "apparent": "apparent_energy"}
_POWER_QUANTITY = {"active": "power", "reactive": "reactive_power", "apparent": "apparent_power"}
_UNITS = {"active": ("kWh", "kW"), "reactive": ("kvarh", "kvar"), "apparent": ("kVAh", "kVA")}
_MOMENTARY: dict[int, tuple[str, str | None]] = {11: ("current", "A"), 12: ("voltage", "V"), 13: ("power_factor", None)}
_VOLUME_REGISTERS = range(1, 14)
_FREQUENCY = 14


class Obis(NamedTuple):
    """An OBIS code by its groups; ``b`` and ``f`` are None where the source leaves them out."""

    a: int
    b: int | None
    c: int
    d: int
    e: int
    f: int | None

    @property
    def channel(self) -> str:
        """The code as the store writes it: without a billing period that says 'the current one'.

        >>> parse_obis("1-0:1.8.0*255").channel, parse_obis("1.8.1").channel
        ('1-0:1.8.0', '1.8.1')
        """
        text = f"{self.c}.{self.d}.{self.e}"
        if self.b is not None:
            text = f"{self.a}-{self.b}:{text}"
        return text if self.f in (None, _HIGHEST) else f"{text}*{self.f}"


class Measured(NamedTuple):
    """What a register measures.

    Attributes:
        quantity: active_energy, voltage, volume, ...
        direction: seen from the customer.
        kind: what its values are: an index, a momentary value, or a quantity of a period.
        unit: of the store, where the code implies one.
    """

    quantity: str
    direction: Direction
    kind: ReadKind
    unit: str | None


def parse_obis(text: str) -> Obis | None:
    """Return an OBIS code, or None when ``text`` is none.

    >>> parse_obis("1-1:1.29.0*255")
    Obis(a=1, b=1, c=1, d=29, e=0, f=255)
    >>> parse_obis("E1") is None
    True
    """
    match = _CODE.fullmatch(text.strip())
    if match is None:
        return None
    groups = {name: None if part is None else int(part) for name, part in match.groupdict().items()}
    if any(part is not None and part > _HIGHEST for part in groups.values()):
        return None
    return Obis(
        _ELECTRICITY if groups["a"] is None else groups["a"],
        groups["b"],
        groups["c"] or 0,
        groups["d"] or 0,
        groups["e"] or 0,
        groups["f"],
    )


def obis_of_bytes(raw: bytes) -> Obis | None:
    """Return the OBIS code of six bytes of a COSEM logical name; None when there are not six."""
    return Obis(*raw) if len(raw) == len(Obis._fields) else None


def measured_by(code: Obis) -> Measured | None:
    """Return what a register measures; None where its groups do not say.

    >>> measured_by(parse_obis("1-0:2.8.1")).direction
    <Direction.EXPORT: 'export'>
    >>> measured_by(parse_obis("1-0:32.7.0"))
    Measured(quantity='voltage', direction=<Direction.NONE: 'none'>, kind=<ReadKind.INSTANT: 'instant'>, unit='V')
    >>> measured_by(parse_obis("0-0:96.1.0")) is None
    True
    """
    kind = _kind(code.d)
    if kind is None:
        return None
    if code.a in _VOLUMES and code.c in _VOLUME_REGISTERS:
        return Measured("volume", Direction.IMPORT, kind, "m3")
    if code.a in (_HEAT, _COOLING) and code.c == 1:
        return Measured("heat", Direction.IMPORT, kind, None)
    return _electricity(code, kind) if code.a == _ELECTRICITY else None


def _electricity(code: Obis, kind: ReadKind) -> Measured | None:
    """Return what a register of an electricity meter measures."""
    if code.c == _FREQUENCY:
        return Measured("frequency", Direction.NONE, ReadKind.INSTANT, "Hz")
    of = code.c % _PHASE
    if of in _MOMENTARY:
        quantity, unit = _MOMENTARY[of]
        return Measured(quantity, Direction.NONE, ReadKind.INSTANT, unit)
    if of not in _ENERGY:
        return None
    what, direction = _ENERGY[of]
    is_energy = code.d == _INDEX or code.d in _PERIODS
    quantity = (_ENERGY_QUANTITY if is_energy else _POWER_QUANTITY)[what]
    return Measured(quantity, direction, kind, _UNITS[what][0 if is_energy else 1])


def unit_of(code: Obis, source_unit: str | None) -> Unit | None:
    """Return the unit of a register's values: the source's, else the one its code implies; None where nobody says."""
    if source_unit is not None:
        return parse_unit(source_unit)
    found = measured_by(code)
    return parse_unit(found.unit) if found is not None and found.unit is not None else None


def _kind(processing: int) -> ReadKind | None:
    if processing in (_INDEX, 0, 1, 3):
        return ReadKind.INDEX
    if processing in _PERIODS:
        return ReadKind.PERIOD
    if processing == _INSTANT or processing in _AVERAGE or processing in _MAXIMUM:
        return ReadKind.INSTANT
    return None
