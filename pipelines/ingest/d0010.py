"""D0010: register readings of the British electricity market, a flow of the Data Transfer Catalogue.

Lines of fields ended by ``|``: ZHV opens a flow; 026 names the metering point (MPAN), 028 a meter and what kind of
reading was made, 030 a register and its reading, 032 the result of the reading's validation; ZPT closes the flow with
the count of its records. Records 027, 029 and 033 tell of site visits and hold no value.

Every 030 record is an index of a register. The flow names neither unit nor direction: which register counts what is
in the meter's technical details (flow D0149), so both stay open and master data say them. Stamps are local times
without an offset. A reading that is flagged suspect, failed or withdrawn is set aside, never used.

Specification: Data Transfer Catalogue (MRASCo, now RECCo), flow D0010, Meter Readings, versions 001 and 002.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from pipelines.ingest.collector import READ_QUALITY, UNVERIFIED, Collector, Series
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import empty_file, other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import clock_of
from pipelines.ingest.times.wall_clocks import wall_clock
from schemas.codes import Direction, Quality
from schemas.errors import InputRefusedError
from schemas.instants import microseconds_of
from schemas.periods import instants_of

MOST_LINE_BYTES = 64 * 2**10
"""The longest record, additional information of a site visit, has some 250 characters."""
_START = rb"\A(?:\xef\xbb\xbf)?\s*"
_HEADER = re.compile(_START + rb"ZHV\|[^|\r\n]*\|D0010\d{3}\|")
_FLOW = re.compile(r"D0010\d{3}")
_KNOWN_FLOWS = frozenset({"D0010001", "D0010002"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = " \t\r\n\x1a|"
_OPERATIONAL = "OPER"
_SITE_VISITS = frozenset({"027", "029", "033"})
_VALID, _SUSPECT = "T", "F"  # J0047, Meter Reading Flag; also the status of a 032 record
_VALIDATED, _FAILED = "V", "F"  # J0022, BSC Validation Status
_WITHDRAWN = "W"
_QUANTITY = "unknown"
"""What a register measures is no part of the flow."""

# J0171, Reading Type. A proving test, and readings that suppliers agreed on or migrated, were not made at a meter for
# its customer: whether they may be billed is not said here.
_READING_TYPES = {
    **dict.fromkeys("ACFIMPRSZ", READ_QUALITY[Quality.MEASURED]),
    **dict.fromkeys("DO", READ_QUALITY[Quality.DELIVERED_ESTIMATE]),
    "Q": READ_QUALITY[Quality.SUBSTITUTED],
    **dict.fromkeys("TUVXY", UNVERIFIED),
}


def recognise_d0010(head: bytes) -> bool:
    """Whether a file begins with the header of a D0010 flow."""
    return _HEADER.match(head) is not None


def read_d0010(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read a D0010 file in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` or else ``zone`` is the clock of its stamps.

    Yields:
        reads and rejections as they come.

    Raises:
        InputRefusedError: the file holds nothing (``file.empty``) or is no D0010 flow (``format.unknown``), a line does not
            end (``record.size``), or its clock is none (``clock.invalid``).
    """
    clock = clock_of(context, context.zone)
    collector = Collector(context.prefix, clock)
    file = _File(context.name, collector, clock)
    for raw in iter(lambda: stream.readline(MOST_LINE_BYTES + 1), b""):
        file.follow(raw)
        if collector.is_full:
            yield collector.hand_over()
    file.end()
    yield collector.hand_over()


class _Read(NamedTuple):
    """A 030 record that waits for its validation result."""

    fields: list[str]
    record: str
    raw: bytes


@dataclass
class _Flow:
    """A flow that is open.

    Attributes:
        file_id: of its header.
        version_us: when the sender made it, UTC [us since 1970]; None where nothing says.
        records: records between header and trailer.
    """

    file_id: str
    version_us: int | None
    records: int = 0


@dataclass
class _File:
    """A file while it is read.

    Attributes:
        name: of the file.
        collector: where reads go.
        clock: of its stamps.
    """

    name: str
    collector: Collector
    clock: str
    _line: int = 0
    _flow: _Flow | None = None
    _flows: int = 0
    _mpan: str = ""
    _mpan_status: str = ""
    _meter_id: str = ""
    _reading_type: str = ""
    _read: _Read | None = None
    _site_visits: int = 0

    def follow(self, raw: bytes) -> None:
        """Follow a line.

        Raises:
            InputRefusedError: ``record.size``, ``format.unknown``.
        """
        if len(raw) > MOST_LINE_BYTES:
            code = "record.size"
            raise InputRefusedError(code, f"no line ends in {MOST_LINE_BYTES >> 10} KiB", "check the format of the file")
        self._line += 1
        text = (raw.removeprefix(_BYTE_ORDER_MARK) if self._line == 1 else raw).decode("utf-8", "replace")
        if not text.strip(_BLANK):
            return
        fields = [field.strip() for field in text.split("|")]
        if not raw.endswith(b"\n") and not self._closes(fields):
            self._flows += fields[0] == "ZHV" and _FLOW.fullmatch(_at(fields, 2)) is not None
            self._lose(Fault("file.truncated", "the file ends in the middle of this record"), raw)
            return
        if fields[0] != "032":
            self._end_read(None)
        self._follow(fields, raw)

    def end(self) -> None:
        """End the file.

        Raises:
            InputRefusedError: ``file.empty``, ``format.unknown``.
        """
        self._end_read(None)
        if self._flow is not None:
            self._lose(Fault("file.truncated", "the file ends before its ZPT record"), b"")
        if not self._flows:
            raise other_format(self.name, "D0010 flow") if self._line else empty_file(self.name)
        if self._site_visits:
            self.collector.warn("flow.site_visit", f"{self._site_visits} records of site visits (027, 029, 033) are left out")

    def _follow(self, fields: list[str], raw: bytes) -> None:
        """Follow a record."""
        if self._flow is not None:
            self._flow.records += fields[0] not in ("ZHV", "ZPT")
        match fields[0]:
            case "ZHV":
                self._begin_flow(fields)
            case "ZPT":
                self._end_flow(fields)
            case "026":
                self._mpan, self._mpan_status, self._meter_id, self._reading_type = _at(fields, 1), _at(fields, 2), "", ""
            case "028":
                self._meter_id, self._reading_type = _at(fields, 1), _at(fields, 2)
            case "030":
                self._read = _Read(fields, str(self._line), raw)
            case "032" if self._read is not None:
                self._end_read(fields)
            case known if known in _SITE_VISITS:
                self._site_visits += 1
            case _:
                self.collector.reject(str(self._line), Fault("record.unknown", "no record of a D0010 flow belongs here"), raw)

    def _begin_flow(self, fields: list[str]) -> None:
        """Begin a flow.

        Raises:
            InputRefusedError: ``format.unknown``, it is another flow.
        """
        flow = _at(fields, 2)
        if _FLOW.fullmatch(flow) is None:
            code = "format.unknown"
            raise InputRefusedError(code, f"'{flow[:20]}' is no D0010 flow", "name its format with --format")
        if self._flow is not None:
            self._lose(Fault("file.truncated", "a new flow begins before the ZPT record of this one"), b"")
        if flow not in _KNOWN_FLOWS:
            self.collector.warn("schema.version", f"{flow} is newer than this reader: its records are read as those of D0010002")
        if _at(fields, 11) not in ("", _OPERATIONAL):
            self.collector.warn("flow.test", f"flow {_at(fields, 1)} says that it is a test: '{_at(fields, 11)[:4]}'")
        self._flow = _Flow(_at(fields, 1), self._instant(_at(fields, 7)))
        self._flows += 1
        self._mpan, self._mpan_status, self._meter_id, self._reading_type = "", "", "", ""

    def _end_flow(self, fields: list[str]) -> None:
        ended, self._flow = self._flow, None
        if ended is None:
            self.collector.warn("header.missing", "a flow ends that never began (no ZHV record)")
            return
        if not _is_count(_at(fields, 2), ended.records):
            self.collector.warn("trailer.count", f"ZPT says {_at(fields, 2)[:10]} records, there are {ended.records}")
        if _at(fields, 1) != ended.file_id:
            self.collector.warn("trailer.reference", f"ZPT is of file {_at(fields, 1)[:20]}, ZHV of {ended.file_id[:20]}")

    def _closes(self, fields: list[str]) -> bool:
        """Whether a last line without its end is a ZPT record that says what came: then nothing is missing."""
        open_ = self._flow
        return (
            fields[0] == "ZPT"
            and open_ is not None
            and _at(fields, 1) == open_.file_id
            and _is_count(_at(fields, 2), open_.records)
        )

    def _lose(self, fault: Fault, raw: bytes) -> None:
        """End a flow that is cut: what came before the cut stands."""
        self._end_read(None)
        self._flow = None
        self.collector.reject(str(self._line), fault, raw)

    def _end_read(self, validation: list[str] | None) -> None:
        """Take the 030 record that waits, or set it aside.

        Args:
            validation: the 032 record that follows it; None where none does.
        """
        read, self._read = self._read, None
        if read is None:
            return
        fault = self._take(read, validation)
        if fault is not None:
            self.collector.reject(read.record, fault, read.raw)

    def _take(self, read: _Read, validation: list[str] | None) -> Fault | None:
        """Take a reading, or say why it cannot be taken."""
        register, when, value = _at(read.fields, 1), _at(read.fields, 2), _at(read.fields, 3)
        flag, method = _at(read.fields, 6), _at(read.fields, 7)
        if not self._mpan or not self._meter_id:
            return Fault("record.identifier", "no 026 record names the metering point, or no 028 record the meter")
        if not register:
            return Fault("record.channel", "the record names no register")
        fault = self._refusal(flag, validation)
        if fault is not None:
            return fault
        read_at_us = self._instant(when)
        if read_at_us is None:
            return Fault("time.invalid", f"'{when[:40]}' is no time of {self.clock}, or comes twice or never there")
        if not value or value.startswith("-"):
            return Fault("value.invalid", f"'{value[:40]}' is no reading of a register")
        self.collector.add_read(
            Series(self._mpan, self._meter_id, register, _QUANTITY, Direction.NONE, None),
            read_at_us,
            value,
            read.record,
            quality=self._quality(flag),
            native_quality=f"{self._reading_type}|{flag}|{method}",
            version_us=None if self._flow is None else self._flow.version_us,
        )
        return None

    def _refusal(self, flag: str, validation: list[str] | None) -> Fault | None:
        """Return why a reading may not be used: withdrawn, suspect, or its metering point failed validation."""
        if self._reading_type == _WITHDRAWN:
            return Fault("read.withdrawn", "the sender withdraws this reading (type W)")
        if validation is not None and _at(validation, 2) == _SUSPECT:
            return Fault("read.suspect", f"the sender's validation failed for reason {_at(validation, 1)[:10]} (record 032)")
        if flag == _SUSPECT:
            return Fault("read.suspect", "the sender flags this reading as suspect (F)")
        if self._mpan_status == _FAILED:
            return Fault("read.suspect", "the readings of this metering point failed validation (026, status F)")
        return None

    def _quality(self, flag: str) -> str:
        """Return the quality of a reading that may be used; what nobody validated is never called measured."""
        quality = _READING_TYPES.get(self._reading_type)
        if quality is None:
            self.collector.warn("quality.unknown", f"'{self._reading_type[:5]}' is no type of reading (J0171)")
        measured = READ_QUALITY[Quality.MEASURED]
        is_validated = self._mpan_status == _VALIDATED and flag == _VALID
        return UNVERIFIED if quality is None or (quality == measured and not is_validated) else quality

    def _instant(self, stamp: str) -> int | None:
        """Return the instant of a stamp, ``CCYYMMDDHHMMSS`` [us since 1970, UTC]; None where it names none, or two."""
        wall = wall_clock(stamp)
        instants = () if wall is None else instants_of(wall, self.clock)
        return microseconds_of(instants[0]) if len(instants) == 1 else None


def _at(fields: list[str], place: int) -> str:
    """Return a field, or the empty text where the record is shorter."""
    return fields[place] if place < len(fields) else ""


def _is_count(text: str, count: int) -> bool:
    """Whether a field says ``count``, with or without leading zeros."""
    return text.isascii() and text.isdecimal() and text.lstrip("0") == (str(count) if count else "")
