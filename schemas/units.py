"""Units of measure: each source unit as a quantity, the unit of the store, and a power of ten.

``kWh = Wh x 10^-3``: the store keeps integers and an exponent, so a conversion by a power of ten changes
the exponent alone and nothing is rounded. A unit that is no power of ten away keeps its own name.
"""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """What a source unit means.

    Attributes:
        quantity: ``active_energy``, ``reactive_energy``, ...
        unit: the unit of the store's views.
        exponent: source value times ``10 ** exponent`` is the value in ``unit``.
    """

    quantity: str
    unit: str
    exponent: int


_PREFIXES = {"": 0, "k": 3, "m": 6, "g": 9}
_BASES = {
    "wh": ("active_energy", "kWh"),
    "varh": ("reactive_energy", "kvarh"),
    "vah": ("apparent_energy", "kVAh"),
    "w": ("power", "kW"),
    "var": ("reactive_power", "kvar"),
    "va": ("apparent_power", "kVA"),
}
_EXACT = {
    "v": Unit("voltage", "V", 0),
    "kv": Unit("voltage", "V", 3),
    "a": Unit("current", "A", 0),
    "ka": Unit("current", "A", 3),
    "pf": Unit("power_factor", "pf", 0),
    "m3": Unit("volume", "m3", 0),
    "m³": Unit("volume", "m3", 0),
    "l": Unit("volume", "m3", -3),
    "dm3": Unit("volume", "m3", -3),
    "ft3": Unit("volume", "ft3", 0),
    "ccf": Unit("volume", "ft3", 2),
    "hz": Unit("frequency", "Hz", 0),
    "j": Unit("energy", "J", 0),
    "mj": Unit("energy", "MJ", 0),
    "gj": Unit("energy", "GJ", 0),
    "therm": Unit("energy", "therm", 0),
    "thm": Unit("energy", "therm", 0),
}


def parse_unit(text: str) -> Unit | None:
    """Return what a source's unit means, whatever its case, or None when nobody knows it.

    >>> parse_unit("KWH")
    Unit(quantity='active_energy', unit='kWh', exponent=0)
    >>> parse_unit("VArh").exponent, parse_unit("MWh").exponent
    (-3, 3)
    >>> parse_unit("furlong") is None
    True
    """
    key = text.strip().lower()
    if key in _EXACT:
        return _EXACT[key]
    for prefix, power in _PREFIXES.items():
        base = key.removeprefix(prefix)
        if key.startswith(prefix) and base in _BASES:
            quantity, unit = _BASES[base]
            return Unit(quantity, unit, power - 3)
    return None
