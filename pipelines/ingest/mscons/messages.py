"""Interchanges and messages of an MSCONS file: which place, register and time a quantity belongs to, and what is cut.

Segments before a cut are whole, so their values stand; what the cut took is one rejection, so that no cut file is
ever accepted as whole. Counts that lie (UNT, UNZ) are said and cost nothing: real senders count wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.ingest.collector import Collector
from pipelines.ingest.mscons.quantities import DATES_OF_VALUES, Dates, Line, Quantities, Quantity
from pipelines.ingest.mscons.segments import Segment
from pipelines.ingest.mscons.times import instant_us, parse_stamp
from pipelines.ingest.refusals import empty_file, other_format
from pipelines.ingest.rejected import Fault
from schemas.obis import parse_obis

_TYPE = "MSCONS"
_CANCELLATION = "1"
_TEST = "1"
_METERING_POINT = "172"
_PLACE_NAME = 3
"""Component of LOC that holds the place in directory D.99A: its name instead of its code."""
_PRODUCT_CODES = frozenset({"SRW", "Z02"})
_MADE_AT, _COMPLETED_AT = "137", "293"
_DATES = DATES_OF_VALUES | {_MADE_AT, _COMPLETED_AT}
_MOST_REASONS = 9
_TAG = re.compile(r"[A-Z][A-Z0-9]{2}")


@dataclass
class _Interchange:
    """An interchange that is open: its reference, and what came in it."""

    reference: str
    messages: int = 0
    groups: int = 0


@dataclass
class _Message:
    """A message that is open.

    Attributes:
        number: which of the file.
        reference: data element 0062.
        is_ours: whether it is of type MSCONS.
        segments: how many came, UNH included.
        dates: DTM segments of its head.
        is_cancellation: it takes an earlier message back.
        has_values: a QTY segment came.
    """

    number: int
    reference: str
    is_ours: bool
    segments: int = 1
    dates: Dates = field(default_factory=dict)
    is_cancellation: bool = False
    has_values: bool = False

    @property
    def record(self) -> str:
        """Where the last segment stands."""
        return f"message/{self.number}/segment/{self.segments}"


@dataclass
class _Place:
    """A LOC group: the place, its meter and its times."""

    service_point_id: str = ""
    is_metering_point: bool = False
    meter_id: str = ""
    has_lines: bool = False
    dates: Dates = field(default_factory=dict)


@dataclass
class Messages:
    """Follows the segments of a file.

    Attributes:
        collector: where values go.
        clock: of times without an offset.
        name: of the file, for messages.
    """

    collector: Collector
    clock: str
    name: str
    _interchange: _Interchange | None = None
    _message: _Message | None = None
    _place: _Place = field(default_factory=_Place)
    _line: Line | None = None
    _quantity: Quantity | None = None
    _dates: Dates = field(default_factory=dict)
    _messages: int = 0
    _ours: int = 0
    _segments: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing open."""
        self._quantities = Quantities(self.collector, self.clock)
        self._envelope: dict[str, Callable[[Segment], None]] = {
            "UNA": self._begin_advice,
            "UNB": self._begin_interchange,
            "UNG": self._begin_group,
            "UNH": self._begin_message,
            "UNT": self._end_message,
            "UNE": self._end_group,
            "UNZ": self._end_interchange,
        }
        self._body: dict[str, Callable[[Segment, _Message], None]] = {
            "BGM": self._begin_document,
            "DTM": self._date,
            "NAD": self._leave_place,
            "LOC": self._begin_place,
            "RFF": self._refer,
            "LIN": self._begin_line,
            "PIA": self._name_register,
            "QTY": self._begin_quantity,
            "STS": self._give_reason,
            "CCI": self._characterise,
        }

    def take(self, segment: Segment) -> None:
        """Follow a segment."""
        self._segments += 1
        if segment.is_cut:
            self._end_cut(segment)
        elif segment.tag in self._envelope:
            self._envelope[segment.tag](segment)
        elif self._message is None:
            unknown = Fault("record.unknown", "a segment outside of every message")
            self.collector.reject(f"segment/{self._segments}", unknown, segment.raw)
        else:
            self._message.segments += 1
            if self._message.is_ours:
                self._follow(segment, self._message)

    def end(self) -> None:
        """End the file.

        Raises:
            InputRefusedError: ``file.empty``, it held nothing; ``format.unknown``, it held no MSCONS message.
        """
        self._cut("the file ends before this interchange did", None)
        if not self._segments:
            raise empty_file(self.name)
        if not self._ours:
            raise other_format(self.name, "MSCONS message")

    def _begin_advice(self, segment: Segment) -> None:
        self._cut("a new interchange begins before this one ended", segment)

    def _begin_interchange(self, segment: Segment) -> None:
        self._cut("a new interchange begins before this one ended", segment)
        self._interchange = _Interchange(segment.part(5))
        if segment.part(11) == _TEST:
            self.collector.warn("edifact.test", f"interchange {segment.part(5)[:35]} says that it is a test")

    def _end_interchange(self, segment: Segment) -> None:
        self._cut_message("the interchange ends before this message did", segment)
        ended, self._interchange = self._interchange, None
        if ended is None:
            self.collector.warn("header.missing", "an interchange ends that never began (no UNB)")
            return
        _check_count(self.collector, "edifact.message_count", segment, ended.groups or ended.messages, "messages")
        _check_reference(self.collector, segment, ended.reference)

    def _begin_message(self, segment: Segment) -> None:
        self._cut_message("a new message begins before this one ended", segment)
        if self._interchange is None:
            self.collector.warn("header.missing", "a message outside of every interchange (no UNB)")
            self._interchange = _Interchange("")
        self._interchange.messages += 1
        self._messages += 1
        self._message = _Message(self._messages, segment.part(1), segment.part(2) == _TYPE)
        self._ours += self._message.is_ours
        self._place, self._dates = _Place(), self._message.dates
        if not self._message.is_ours:
            said = f"message {self._messages} is of type '{segment.part(2)[:6]}' and is left out"
            self.collector.warn("edifact.message_type", said)

    def _begin_group(self, segment: Segment) -> None:
        self._cut_message("a group of messages begins before this message ended", segment)
        if self._interchange is not None:
            self._interchange.groups += 1

    def _end_group(self, segment: Segment) -> None:
        self._cut_message("a group of messages ends before this message did", segment)

    def _end_message(self, segment: Segment) -> None:
        if self._message is None:
            self.collector.reject(f"segment/{self._segments}", Fault("record.unknown", "a UNT without its UNH"), segment.raw)
            return
        self._message.segments += 1
        self._end_quantity()
        self._end_line()
        ended, self._message = self._message, None
        _check_count(self.collector, "edifact.segment_count", segment, ended.segments, "segments")
        _check_reference(self.collector, segment, ended.reference)
        if ended.is_cancellation and not ended.has_values:
            fault = Fault(
                "edifact.cancelled", f"message {ended.reference[:35]} takes an earlier one back; what that one brought stays"
            )
            self.collector.reject(ended.record, fault, segment.raw)

    def _end_cut(self, segment: Segment) -> None:
        """Follow what there is of the last segment: a UNZ that says what came loses nothing by its missing terminator."""
        open_ = self._interchange
        said = [segment.part(1), segment.part(2)]
        if (
            segment.tag == "UNZ"
            and open_
            and not self._message
            and said == [str(open_.groups or open_.messages), open_.reference]
        ):
            self._interchange = None
            return
        self._interchange = open_ or _Interchange("")
        self._cut("the file ends in the middle of a segment", segment)

    def _cut(self, why: str, segment: Segment | None) -> None:
        """End an interchange that has no UNZ."""
        if self._interchange is None:
            return
        self._interchange = None
        if self._message is not None:
            self._cut_message(why, segment)
            return
        raw = b"" if segment is None else segment.raw
        self.collector.reject(f"segment/{self._segments}", Fault("file.truncated", f"{why}: messages may be missing"), raw)

    def _cut_message(self, why: str, segment: Segment | None) -> None:
        """End a message that has no UNT: what came whole stands, the value it ends in and those that wait for it do not."""
        if self._message is None:
            return
        lost = int(self._quantity is not None) + (self._line.untimed_count if self._line is not None else 0)
        fault = Fault("file.truncated", f"{why}: what message {self._message.reference[:35]} still held is missing")
        self.collector.reject(self._message.record, fault, b"" if segment is None else segment.raw, max(1, lost))
        self._message, self._quantity = None, None
        if self._line is not None:
            self._line.untimed.clear()
        self._end_line()

    def _follow(self, segment: Segment, message: _Message) -> None:
        """Follow a segment of a message; other segments of the directory hold nothing that is kept."""
        if segment.tag not in ("DTM", "STS"):
            self._end_quantity()
        if segment.tag in self._body:
            self._body[segment.tag](segment, message)
        elif _TAG.fullmatch(segment.tag) is None:
            self.collector.reject(message.record, Fault("record.unknown", "no segment begins like this"), segment.raw)

    def _begin_document(self, segment: Segment, message: _Message) -> None:
        message.is_cancellation = segment.part(3) == _CANCELLATION

    def _date(self, segment: Segment, _: _Message) -> None:
        """Note a date of the group that is open, if it is one that a value's time or version may depend on."""
        if segment.part(1) in _DATES:
            self._dates[segment.part(1)] = (segment.part(1, 1), segment.part(1, 2))

    def _leave_place(self, _: Segment, __: _Message) -> None:
        """Leave the place before this party."""
        self._end_line()
        self._place, self._dates = _Place(), {}

    def _characterise(self, _: Segment, __: _Message) -> None:
        """Times after a characteristic are its own."""
        self._dates = {}

    def _begin_place(self, segment: Segment, _: _Message) -> None:
        """Begin a place; of several LOC before the first line the metering point counts, else the first."""
        self._end_line()
        is_metering_point = segment.part(1) == _METERING_POINT
        if self._place.has_lines or (self._place.is_metering_point and is_metering_point):
            self._place = _Place()
        if is_metering_point or not self._place.service_point_id:
            self._place.service_point_id = segment.part(2) or segment.part(2, _PLACE_NAME)
            self._place.is_metering_point = is_metering_point
        self._dates = self._place.dates

    def _refer(self, segment: Segment, _: _Message) -> None:
        """Note the meter of a place; times after a reference of a place are none of its values'."""
        if self._line is None and self._place.service_point_id:
            if segment.part(1) == "MG":
                self._place.meter_id = segment.part(1, 1)
            self._dates = {}

    def _begin_line(self, segment: Segment, message: _Message) -> None:
        self._end_line()
        place = self._place
        place.has_lines = True
        self._line = Line(
            place.service_point_id,
            place.meter_id,
            self._version(message),
            dict(place.dates),
            message.is_cancellation,
            segment.part(3),
        )
        self._dates = self._line.place_dates

    def _version(self, message: _Message) -> int | None:
        """Return when the sender made this version: DTM+293 of the place or the message, else the message's DTM+137."""
        for found in (self._place.dates.get(_COMPLETED_AT), message.dates.get(_COMPLETED_AT), message.dates.get(_MADE_AT)):
            stamp = parse_stamp(*found) if found is not None else None
            instant = instant_us(stamp, self.clock) if stamp is not None else None
            if stamp is not None and isinstance(instant, int):
                self.collector.clock = self.collector.clock if stamp.offset_minutes is not None else self.clock
                return instant
        return None

    def _name_register(self, segment: Segment, _: _Message) -> None:
        """Note the register of a line: its OBIS code, else the first code of the segment."""
        if self._line is None or self._line.channel:
            return
        named = [code for code in (_product_code(element) for element in segment.elements[2:]) if code[0]]
        of_a_register = [code for code, kind in named if kind in _PRODUCT_CODES]
        self._line.channel = next(iter([*of_a_register, *(code for code, _ in named)]), "")

    def _begin_quantity(self, segment: Segment, message: _Message) -> None:
        message.has_values = True
        quantity = Quantity(
            segment.part(1), segment.part(1, 1), segment.part(1, 2), segment.decimal, message.record, segment.raw
        )  # fmt: skip
        self._quantity, self._dates = quantity, quantity.dates

    def _give_reason(self, segment: Segment, _: _Message) -> None:
        """Note why a value is what it is: category and reason of STS, such as ``Z32 Z92``."""
        if self._quantity is not None and len(self._quantity.reasons) < _MOST_REASONS:
            self._quantity.reasons.append(" ".join(part for part in (segment.part(1), segment.part(3)) if part))

    def _end_quantity(self) -> None:
        quantity, self._quantity = self._quantity, None
        if quantity is None:
            return
        self._dates = {}
        if self._line is None:
            self.collector.reject(quantity.record, Fault("record.channel", "no LIN segment before this value"), quantity.raw)
        else:
            self._quantities.take(quantity, self._line)

    def _end_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._quantities.end_line(line)


def _product_code(element: list[str]) -> tuple[str, str]:
    """Return a code of PIA and its kind; a colon of an OBIS code that was not released parts no components.

    >>> _product_code(["1-1:1.29.0", "SRW"]), _product_code(["1-1", "1.29.0", "SRW"])
    (('1-1:1.29.0', 'SRW'), ('1-1:1.29.0', 'SRW'))
    """
    code, kind, *more = [*element, "", ""]
    if parse_obis(code) is None and parse_obis(f"{code}:{kind}") is not None:
        return f"{code}:{kind}", more[0]
    return code, kind


def _check_count(collector: Collector, code: str, segment: Segment, actual: int, what: str) -> None:
    """Say where the count of a trailer is not what came."""
    claimed = segment.part(1)
    if claimed != str(actual) and claimed.lstrip("0") != str(actual):
        collector.warn(code, f"{segment.tag} {segment.part(2)[:35]} says {claimed[:10]} {what}, there are {actual}")


def _check_reference(collector: Collector, segment: Segment, reference: str) -> None:
    """Say where the reference of a trailer is not that of its header."""
    if segment.part(2) != reference:
        collector.warn(
            "edifact.reference", f"{segment.tag} has the reference {segment.part(2)[:35]}, its header {reference[:35]}"
        )
