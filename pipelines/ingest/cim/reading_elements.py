"""Elements of MeterReadings and EndDeviceEvents as what they say: values, events, names, reading types.

Senders write the same thing in several ways: plural and singular names of elements, identifiers as ``mRID`` or as
``Names``, types by reference, by name or field by field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pipelines.ingest.cim.reading_type import parse_reading_type
from pipelines.ingest.strict_xml import Element, child, children, local_name, text_at

READING, EVENT = "MeterReading", "EndDeviceEvent"
BLOCKS = ("IntervalBlocks", "IntervalBlock")
INTERVALS = ("IntervalReadings", "IntervalReading")
READINGS = ("Readings", "Reading")
EVENTS_OF_READING = "EndDeviceEvents"

_TYPE_FIELDS: tuple[tuple[str, ...], ...] = (
    ("macroPeriod",), ("aggregate",), ("measuringPeriod",), ("accumulation",), ("flowDirection",), ("commodity",),
    ("measurementKind",), ("interharmonic", "numerator"), ("interharmonic", "denominator"), ("argument", "numerator"),
    ("argument", "denominator"), ("tou",), ("cpp",), ("consumptionTier",), ("phases",), ("multiplier",), ("unit",),
    ("currency",),
)  # fmt: skip
_EVENT_FIELDS = ("type", "domain", "subDomain", "eventOrAction")
_QUALITY_FIELDS = ("systemId", "category", "subCategory")


class Value(NamedTuple):
    """A value as it stands in the document.

    Attributes:
        service_point_id: usage point, or the meter where none is named.
        meter_id: meter; empty where none is named.
        channel: reading type as the source names it; empty where it does not.
        stamp: time of the value: the end of its interval.
        text: the value.
        period_start: start of its time period, where one is written.
        period_end: end of its time period.
        qualities: codes of its reading qualities.
        record: where it stands.
    """

    service_point_id: str
    meter_id: str
    channel: str
    stamp: str | None
    text: str | None
    period_start: str | None
    period_end: str | None
    qualities: tuple[str, ...]
    record: str

    @property
    def raw(self) -> str:
        """What a person needs to see of it."""
        return " ".join(part for part in (self.stamp, self.text, self.channel) if part)

    @property
    def characters(self) -> int:
        """Length of all that it holds."""
        return sum(len(part) for part in (*self[:-2], *self.qualities) if part)


class Event(NamedTuple):
    """An event as it stands in the document."""

    service_point_id: str | None
    meter_id: str | None
    code: str | None
    time: str | None
    record: str


def value_of(element: Element, ids: tuple[str, str], channel: str, record: str) -> Value:
    """Return a reading or interval reading of a meter as it stands there.

    Args:
        element: the reading.
        ids: service point and meter.
        channel: its reading type as the source names it.
        record: where it stands.
    """
    texts: dict[str, str] = {}
    period: Element | None = None
    qualities: list[str] = []
    for inner in element:  # once, by hand: there are millions of readings
        name = local_name(inner)
        if name == "ReadingQualities":
            qualities += _codes_of(inner)
        elif name == "timePeriod":
            period = inner
        elif not len(inner):
            text = (inner.text or "").strip()
            texts[name] = f"{texts[name]} {text}" if name in texts else text  # a value written twice is no number
    return Value(
        *ids,
        channel,
        texts.get("timeStamp") or None,
        texts.get("value") or None,
        None if period is None else text_at(period, "start"),
        None if period is None else text_at(period, "end"),
        tuple(qualities),
        record,
    )


def event_of(element: Element, record: str) -> Event:
    """Return an event as it stands in the document."""
    kind = child(element, "EndDeviceEventType")
    return Event(
        identity(child(element, "UsagePoint")),
        identity(child(element, "Assets")) or identity(child(element, "EndDevice")) or identity(child(element, "Meter")),
        _name_of_type(kind) or (None if kind is None else _joined(kind, tuple((name,) for name in _EVENT_FIELDS))),
        text_at(element, "createdDateTime") or text_at(element, "timeStamp"),
        record,
    )


def identity(element: Element | None) -> str | None:
    """Return what identifies an object: its mRID, or else the first of its names."""
    return None if element is None else text_at(element, "mRID") or text_at(element, "Names", "name")


def reading_type_name(element: Element | None) -> str:
    """Return what the source calls a reading type: a reference, an id made of its fields, or a name; empty without any."""
    if element is None:
        return ""
    return _name_of_type(element) or _joined(element, _TYPE_FIELDS) or ""


def defined_reading_types(root: Element) -> dict[str, str]:
    """Return the reading types that a document defines: each of their names to the id of eighteen numbers."""
    found: dict[str, str] = {}
    for element in root.iter():
        if local_name(element) != "ReadingType" or not len(element):
            continue
        names = [text_at(element, "mRID"), *(text_at(name, "name") for name in children(element, "Names"))]
        known = [name for name in names if name]
        identifier = next((name for name in known if parse_reading_type(name)), None) or _joined(element, _TYPE_FIELDS)
        found.update(dict.fromkeys(known, identifier or ""))
    return found


def named(element: Element, names: tuple[str, ...]) -> Iterator[Element]:
    """Yield the children that bear one of some names."""
    return (inner for inner in element if local_name(inner) in names)


def _name_of_type(element: Element | None) -> str | None:
    """Return the name of a type: its reference, mRID, name or text."""
    if element is None:
        return None
    reference = (element.get("ref") or element.get("ref".upper()) or "").strip()
    return reference or identity(element) or (element.text or "").strip() or None


def _codes_of(quality: Element) -> Iterator[str]:
    """Yield the codes of a quality of a value."""
    for kind in children(quality, "ReadingQualityType"):
        code = _name_of_type(kind) or _joined(kind, tuple((name,) for name in _QUALITY_FIELDS))
        if code:
            yield code


def _joined(element: Element, paths: tuple[tuple[str, ...], ...]) -> str | None:
    """Return numbers of a type written field by field, joined by dots; None where none is there."""
    parts = [text_at(element, *path) for path in paths]
    return ".".join(part or "0" for part in parts) if any(parts) else None
