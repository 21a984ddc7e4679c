"""Resources: what a UsagePoint, a ReadingType or a clock of a feed says, told once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pipelines.ingest.espi.codes import (
    BEHAVIOURS,
    CURRENCIES,
    DIRECTIONS,
    ELECTRICITY,
    ENUMERATIONS,
    MULTIPLIERS,
    NO_UNIT,
    OTHER_CURRENCY,
    UNITS,
    Behaviour,
)
from pipelines.ingest.espi.feed import Leaf
from pipelines.ingest.espi.times import is_dst_rule, parse_duration, parse_offset_minutes
from pipelines.ingest.rejected import Fault
from schemas.codes import Direction
from schemas.units import Unit

Warn: TypeAlias = Callable[[str, str], None]
"""Says what costs no row: code and message."""

_UNKNOWN = {"flowDirection": "direction.unknown", "defaultQuality": "quality.unknown"}
"""Warnings of fields that other formats have, too; those of all others are ``code.unknown``."""
_WITHOUT_UNIT = Unit("unknown", "", 0)
_ELECTRIC_ENERGY = "active_energy"
_ENERGY = "energy"


@dataclass(frozen=True)
class ReadingType:
    """What the values of a MeterReading are.

    Attributes:
        unit: quantity, unit of the store and its exponent; without a unit the text is empty.
        multiplier: power of ten of the values in the source's unit.
        behaviour: what a value says about its time.
        direction: seen from the customer.
        flow: flowDirection as it is written; ``-`` where it is absent.
        uom: as it is written; ``-`` where it is absent.
        default_quality: code of readings that name none.
        length_us: length of readings that name none [us].
        tariff: time of use, critical peak and consumption tier of readings that name none.
        currency: of the costs; None where the source does not say.
        fault: why no value of this type can be taken.
    """

    unit: Unit
    multiplier: int
    behaviour: Behaviour
    direction: Direction
    flow: str
    uom: str
    default_quality: str | None
    length_us: int | None
    tariff: tuple[str | None, str | None, str | None]
    currency: str | None
    is_electric: bool
    fault: Fault | None = None

    @property
    def exponent(self) -> int:
        """Source value times ``10 ** exponent`` is the value in the unit of the store."""
        return self.unit.exponent + self.multiplier

    def quantity(self, *, is_electric_service: bool) -> str:
        """Return what is measured: watt hours of gas or heat are energy, not electric energy."""
        is_electric = self.is_electric and is_electric_service
        return _ENERGY if self.unit.quantity == _ELECTRIC_ENERGY and not is_electric else self.unit.quantity


def parse_reading_type(facts: Sequence[Leaf], warn: Warn) -> ReadingType:
    """Read a ReadingType; codes that are none of the standard's and change no value are warnings."""
    said = {path: text for path, text in facts if text}
    for name, known in ENUMERATIONS.items():
        if name in said and not _is_one_of(said[name], known):
            warn(_UNKNOWN.get(name, "code.unknown"), f"{name} {said[name][:20]} of a ReadingType is none of the standard's")
    uom = said.get("uom")
    accumulation = said.get("accumulationBehaviour")
    if uom is None:
        warn("unit.missing", "a ReadingType names no unit (uom): its values have none")
    return ReadingType(
        unit=UNITS.get(_code(uom), _WITHOUT_UNIT),
        multiplier=_multiplier(said.get("powerOfTenMultiplier")),
        behaviour=BEHAVIOURS.get(_code(accumulation or "4"), Behaviour.INTERVAL),
        direction=DIRECTIONS.get(_code(said.get("flowDirection")), Direction.NONE),
        flow=said.get("flowDirection", "-"),
        uom=uom or "-",
        default_quality=said.get("defaultQuality"),
        length_us=parse_duration(said.get("intervalLength", "")) or None,
        tariff=(said.get("tou"), said.get("cpp"), said.get("consumptionTier")),
        currency=parse_currency(said.get("currency"), warn),
        is_electric=_code(said.get("commodity") or "0") in ELECTRICITY,
        fault=_fault(facts, said),
    )


def _fault(facts: Sequence[Leaf], said: dict[str, str]) -> Fault | None:
    """Return why values of a type cannot be taken: nobody knows how much or what they are."""
    uom, multiplier, accumulation = (said.get(name) for name in ("uom", "powerOfTenMultiplier", "accumulationBehaviour"))
    for path, text in facts:
        if text and said[path] != text:
            return Fault("resource.conflict", f"the ReadingType says {path} twice: '{text[:20]}' and '{said[path][:20]}'")
    if uom is not None and _code(uom) not in UNITS and _code(uom) != NO_UNIT:
        return Fault("unit.unknown", f"uom '{uom[:20]}' is none of the standard's")
    if multiplier is not None and _code(multiplier) not in MULTIPLIERS:
        return Fault("unit.unknown", f"powerOfTenMultiplier '{multiplier[:20]}' is none of the standard's")
    if accumulation is not None and _code(accumulation) not in BEHAVIOURS:
        return Fault("accumulation.unknown", f"accumulationBehaviour '{accumulation[:20]}' is none of the standard's")
    return None


def parse_measure(uom: str | None, multiplier: str | None) -> tuple[Unit, int] | None:
    """Return unit and exponent of a total; None where nobody knows them."""
    if (uom is not None and _code(uom) not in UNITS) or (multiplier is not None and _code(multiplier) not in MULTIPLIERS):
        return None
    unit = UNITS.get(_code(uom), _WITHOUT_UNIT)
    return unit, unit.exponent + _multiplier(multiplier)


def parse_currency(number: str | None, warn: Warn) -> str | None:
    """Return the ISO 4217 code of a number; None where it is absent or none of the standard's."""
    code = _code(number)
    if code and code not in CURRENCIES and code != OTHER_CURRENCY:
        warn("code.unknown", f"currency {code[:20]} is none of the standard's: amounts have none")
    return CURRENCIES.get(code)


def parse_local_time(facts: Sequence[Leaf], warn: Warn) -> int | None:
    """Return the standard time of a feed's clock, minutes east of UTC; None where it has none.

    Values of ESPI are in UTC: rules of daylight saving place none of them, and one that cannot be followed is a warning.
    """
    said = {path: text for path, text in facts if text}
    for name in ("dstStartRule", "dstEndRule"):
        if name in said and not is_dst_rule(said[name]):
            warn("clock.rule", f"{name} '{said[name][:20]}' is no rule of eight hex digits; times are UTC and need none")
    text = said.get("tzOffset", "")
    offset = parse_offset_minutes(text)
    if offset is None:
        warn("clock.offset", f"tzOffset '{text[:20]}' of LocalTimeParameters is no offset of a clock")
    return offset


def _code(text: str | None) -> str:
    """Return a number without leading zeros or a plus; other text as it is."""
    if text is None:
        return ""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return text[: len(text) - len(digits)] + (digits.lstrip("0") or "0")
    return text


def _multiplier(text: str | None) -> int:
    code = _code(text)
    return int(code) if code in MULTIPLIERS else 0


def _is_one_of(text: str, known: frozenset[int]) -> bool:
    code = _code(text)
    return code in map(str, known)
