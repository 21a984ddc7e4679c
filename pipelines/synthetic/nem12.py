"""The text of NEM12 files: the records of AEMO's Meter Data File Format Specification NEM12 & NEM13, v2.6.

A day of plain actual values is written without touching one number in Python: as long as every slot is below
10 kWh each value is exactly six bytes (``,0.123``), so all days of all channels are one table look-up and one
copy. Any other day takes the slow way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from pipelines.synthetic.loads import IntArray
from pipelines.synthetic.utility import Register

FOOTER = b"900\n"
_LIMIT = 10_000
_BYTES = np.frombuffer(b"".join(b",%d.%03d" % divmod(wh, 1000) for wh in range(_LIMIT)), "V6")


class QualityRange(NamedTuple):
    """Slots of a day with one quality: from 0, end exclusive; flag with method, and reason code."""

    slot_from: int
    slot_to: int
    flag: str
    reason: str = ""


class DayRow(NamedTuple):
    """A day as it is written where it is not plain.

    Attributes:
        values: (slots,) energy [Wh], may be negative.
        ranges: the qualities, from slot 0 to the last without gaps.
        updated: the version; None for that of the file.
    """

    values: IntArray
    ranges: tuple[QualityRange, ...]
    updated: datetime | None = None


def stamp(at: datetime) -> str:
    """Return the market's DateTime(14)."""
    return f"{at:%Y%m%d%H%M%S}"


def header(sent: datetime) -> bytes:
    """Return the 100 record of a file sent by the synthetic data provider."""
    return f"100,NEM12,{sent:%Y%m%d%H%M},SYNMDP,SYNRET\n".encode()


def channel_line(service_point: str, channels: str, register: str, meter: str, interval_minutes: int) -> bytes:
    """Return the 200 record of one channel; ``channels`` names all that the service point has."""
    number = "1" if register[-1] == "1" else register[-1]
    return f"200,{service_point},{channels},{register},{register},N{number},{meter},KWH,{interval_minutes},\n".encode()


def day_lines(values: IntArray, first_day: date, updated: datetime) -> list[bytes]:
    """Return the 300 records of actual values, one text a channel.

    Args:
        values: (channels, days, slots) energy [Wh], not negative.
        first_day: the day of the first column.
        updated: the version of every row.
    """
    channels, days, slots = values.shape
    tail = f",A,,,{stamp(updated)},\n".encode()
    width = 12 + 6 * slots + len(tail)
    text = np.empty((channels, days, width), np.uint8)
    for place in range(days):
        text[:, place, :12] = np.frombuffer(f"300,{first_day + timedelta(days=place):%Y%m%d}".encode(), np.uint8)
    text[:, :, 12 : 12 + 6 * slots] = _BYTES.take(values, mode="clip").view(np.uint8).reshape(channels, days, 6 * slots)
    text[:, :, 12 + 6 * slots :] = np.frombuffer(tail, np.uint8)
    narrow = values.reshape(channels, -1).max(axis=1) < _LIMIT
    return [
        text[place].tobytes() if fits else _wide_lines(values[place], first_day, updated)
        for place, fits in enumerate(narrow.tolist())
    ]


def _wide_lines(values: IntArray, first_day: date, updated: datetime) -> bytes:
    whole = (QualityRange(0, values.shape[1], "A"),)
    rows = [DayRow(day, whole) for day in values]
    return b"".join(day_line(row, first_day + timedelta(days=place), updated) for place, row in enumerate(rows))


def day_line(row: DayRow, day: date, updated: datetime) -> bytes:
    """Return the 300 record of one day and, where the quality varies, its 400 records."""
    values = ",".join(_kwh(wh) for wh in row.values.tolist())
    only = row.ranges[0]
    flag, reason = (only.flag, only.reason) if len(row.ranges) == 1 else ("V", "")
    lines = [f"300,{day:%Y%m%d},{values},{flag},{reason},,{stamp(row.updated or updated)},\n"]
    if flag == "V":
        lines += [f"400,{part.slot_from + 1},{part.slot_to},{part.flag},{part.reason},\n" for part in row.ranges]
    return "".join(lines).encode()


def _kwh(wh: int) -> str:
    sign, wh = ("-", -wh) if wh < 0 else ("", wh)
    return f"{sign}{wh // 1000}.{wh % 1000:03d}"


def index_line(at: datetime, code: str, register: Register, wh: int) -> bytes:
    """Return the 500 record of an index read: ``wh`` [Wh] as the register's dials show it."""
    whole = wh // 1000 % 10**register.dials
    return f"500,{code},,{stamp(at)},{whole:0{register.dials}d}.{wh % 1000:03d}\n".encode()


def covering(slots: int, marked: Sequence[QualityRange]) -> tuple[QualityRange, ...]:
    """Return ranges over a whole day: those ``marked``, in order, and actual values between them.

    >>> covering(48, [QualityRange(3, 5, "N")])[2]
    QualityRange(slot_from=5, slot_to=48, flag='A', reason='')
    """
    ranges: list[QualityRange] = []
    at = 0
    for part in marked:
        if part.slot_from > at:
            ranges.append(QualityRange(at, part.slot_from, "A"))
        ranges.append(part)
        at = part.slot_to
    if at < slots:
        ranges.append(QualityRange(at, slots, "A"))
    return tuple(ranges)
