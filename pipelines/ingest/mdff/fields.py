"""What NEM12 and NEM13 have in common: participants, clocks, times, quality flags, NMIs.

AEMO, "Meter Data File Format Specification NEM12 & NEM13" (MDFF), v2.6, effective 2024-09-29. Times are market time,
UTC+10:00 without daylight saving; Western Power, outside the National Electricity Market, writes UTC+08:00.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC
from typing import NamedTuple

from pipelines.ingest.reader import ReadContext
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import given_offset_minutes
from pipelines.ingest.times.wall_clocks import DATE_DIGITS, MINUTE_DIGITS, SECOND_DIGITS, wall_clock
from schemas.codes import Direction, Quality
from schemas.instants import MINUTE_US, microseconds_of

NEM_CLOCK_MINUTES = 600
WESTERN_POWER_CLOCK_MINUTES = 480
WESTERN_POWER = frozenset({"WPNTKS", "WBAYM"})
FLAG_QUALITY = {
    "A": Quality.MEASURED,
    "E": Quality.DELIVERED_ESTIMATE,
    "F": Quality.FINAL_SUBSTITUTED,
    "N": Quality.MISSING,
    "S": Quality.SUBSTITUTED,
}
"""MDFF appendix E: quality flags; V (variable) refers to the 400 records."""

START = rb"\A(?:\xef\xbb\xbf)?[\s,]*"
"""What may stand before the first record of a file."""
_QUALITY_METHOD = re.compile(r"[AEFNS][0-9]{0,2}")
_TIME_DIGITS = frozenset({DATE_DIGITS, MINUTE_DIGITS, SECOND_DIGITS})

# NMI Procedure, table of interval data stream suffixes. AEMO names directions from the market's side: its "import"
# comes from the customer. D and J were average streams once and are net streams now; a net stream has no direction.
_SUFFIX_DIRECTION = {
    **dict.fromkeys("ABCKL", Direction.EXPORT),
    **dict.fromkeys("EFPQR", Direction.IMPORT),
}


class Header(NamedTuple):
    """A 100 record, or what is assumed without one.

    Attributes:
        clock_minutes: offset of the file's local times [min].
        sent_at: its DateTime in UTC [us since 1970]; None where it has none.
    """

    clock_minutes: int
    sent_at: int | None


def split_record(raw: bytes) -> list[str]:
    """Return the fields of a record without their padding; bytes that are no UTF-8 become U+FFFD."""
    return [field.strip() for field in raw.decode("utf-8", "replace").split(",")]


def field_at(fields: Sequence[str], place: int) -> str:
    """Return a field, or the empty text where the record is shorter: trailing fields may be left out."""
    return fields[place] if place < len(fields) else ""


def parse_header(fields: Sequence[str], context: ReadContext) -> Header:
    """Read a 100 record: version, DateTime, FromParticipant, ToParticipant.

    Args:
        fields: the record's fields; an empty list where the file has no 100 record.
        context: its ``clock`` overrides the format's.

    Raises:
        InputRefusedError: ``clock.invalid``, the clock a person gave is no offset.
    """
    clock = given_offset_minutes(context)
    if clock is None:
        western = field_at(fields, 3).upper() in WESTERN_POWER
        clock = WESTERN_POWER_CLOCK_MINUTES if western else NEM_CLOCK_MINUTES
    return Header(clock, parse_moment(field_at(fields, 2), clock))


def parse_moment(text: str, clock_minutes: int) -> int | None:
    """Return a local date or time of 8, 12 or 14 digits in UTC [us since 1970], or None when it is none.

    >>> parse_moment("20240101", 600) == parse_moment("20231231140000", 0)
    True
    >>> parse_moment("20240230", 600) is None
    True
    """
    wall = wall_clock(text, len(text)) if len(text) in _TIME_DIGITS else None
    return None if wall is None else microseconds_of(wall.replace(tzinfo=UTC)) - clock_minutes * MINUTE_US


def parse_version(updated: str, loaded: str, header: Header) -> int | Fault | None:
    """Return when the sender made this version: UpdateDateTime, else MSATSLoadDateTime, else the 100 record's time."""
    for text in (updated, loaded):
        moment = parse_moment(text, header.clock_minutes)
        if text and moment is None:
            return Fault("time.invalid", f"'{text}' is no time")
    moments = (parse_moment(text, header.clock_minutes) for text in (updated, loaded))
    return next((moment for moment in moments if moment is not None), header.sent_at)


def is_quality(text: str) -> bool:
    """Whether ``text`` is a quality flag with or without a method: A, E52, S14."""
    return _QUALITY_METHOD.fullmatch(text) is not None


def reason_text(code: str, description: str) -> str | None:
    """Return reason code and description in one text; None where there is neither."""
    return " ".join(part for part in (code, description) if part) or None


def nmi_checksum(nmi: str) -> int:
    """Return the checksum digit of an NMI (AEMO, National Metering Identifier Procedure, appendix on checksums).

    >>> nmi_checksum("2001985732")
    8
    """
    total = 0
    for place, character in enumerate(reversed(nmi)):
        number = ord(character) * (2 if place % 2 == 0 else 1)
        total += sum(map(int, str(number)))
    return -total % 10


NMI_CHARACTERS = 10


def service_point_of(nmi: str) -> str:
    """Return the NMI without its checksum digit; an eleventh character that is no checksum stays.

    >>> service_point_of("20019857328"), service_point_of("20019857329")
    ('2001985732', '20019857329')
    """
    if len(nmi) == NMI_CHARACTERS + 1 and nmi[-1] == str(nmi_checksum(nmi[:-1])):
        return nmi[:-1]
    return nmi


def direction_of(suffix: str) -> str:
    """Return the direction of an interval data stream seen from the customer, by its NMI suffix.

    >>> direction_of("E1"), direction_of("B1"), direction_of("K1"), direction_of("Q1"), direction_of("T1")
    ('import', 'export', 'export', 'import', 'none')
    """
    return str(_SUFFIX_DIRECTION.get(suffix[:1].upper(), Direction.NONE))
