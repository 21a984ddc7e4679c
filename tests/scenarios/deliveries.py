"""Readable tables of readings and reads become the files that a head-end delivers.

``daily.csv`` says what a meter counted, a day a row::

    service_point_id,meter_id,channel,day,pattern
    SYN0000001,M1,E1,2026-03-01..2026-03-31,48x0.5
    SYN0000001,M1,E1,2026-03-17,"20x0.5,4xN,24x0.5S14"

- ``day`` is a date or a span of dates, both ends included; a later row replaces an earlier one for the same day.
- ``pattern`` is so many times so much [kWh], a flag of NEM12 behind it where the value is no actual one: ``S14``, ``F16``,
  ``E52``; ``N`` alone is no data; ``none`` is no row at all for the day.
- ``interval_minutes`` (30 where there is no such column) and ``version`` (02:15 on the next day) are optional.

``reads.csv`` says what a register showed: ``service_point_id, meter_id, channel, read_at, value``, ``quality`` where it is not
``A``, ``unit`` where it is not kWh. Reads of a channel that the same delivery has intervals of are its 500 records; all others
are NEM13: a 250 record for each read and the one before it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

MARKET = timezone(timedelta(hours=10))
MINUTES_A_DAY = 1440
_RUN = re.compile(r"(\d+)x(-?\d+(?:\.\d+)?)?([AEFNS]\d{0,2})?")
_REASON = {"S": "79", "F": "79"}
"""Substitutes carry a reason code; estimates and actual values none."""


class Register(NamedTuple):
    """Whose readings they are."""

    service_point_id: str
    meter_id: str
    channel: str
    interval_minutes: int


class Slot(NamedTuple):
    """A value as it is written, and its flag."""

    value: str
    flag: str


@dataclass(frozen=True)
class Day:
    """A day as one row tells it."""

    slots: tuple[Slot, ...]
    version: datetime


class Read(NamedTuple):
    """What a register showed."""

    read_at: datetime
    value: str
    quality: str
    unit: str


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; lines that begin with # are remarks."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines))


def slots_of(pattern: str) -> tuple[Slot, ...]:
    """Return the slots of a pattern such as ``20x0.5,4xN,24x0.5S14``."""
    slots: list[Slot] = []
    for run in pattern.split(","):
        found = _RUN.fullmatch(run.strip())
        assert found is not None, f"{run!r} is no run of slots"
        count, value, flag = int(found[1]), found[2], found[3] or "A"
        assert (value is None) == flag.startswith("N"), f"{run!r}: a value, or N for none"
        slots += [Slot(value or "0", flag)] * count
    return tuple(slots)


def days_of(text: str) -> Iterator[date]:
    """Yield the dates of ``2026-03-01`` or ``2026-03-01..2026-03-31``."""
    first, _, last = text.partition("..")
    day, end = date.fromisoformat(first), date.fromisoformat(last or first)
    while day <= end:
        yield day
        day += timedelta(days=1)


def write_delivery(tables: Sequence[Path], folder: Path) -> list[Path]:
    """Write what a step delivers and return the files: a table of ours as NEM12 or NEM13, any other file as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    daily = {path: read_rows(path) for path in tables if _header(path) >= {"day", "pattern"}}
    reads = {path: read_rows(path) for path in tables if _header(path) >= {"read_at", "value"}}
    known = {_register(row)[:3] for rows in daily.values() for row in rows}
    files = []
    for path in tables:
        target = folder / path.name
        if path in daily:
            target.write_text(_nem12(daily[path], [row for rows in reads.values() for row in rows]), "utf-8")
        elif path in reads:
            alone = [row for row in reads[path] if (row["service_point_id"], row["meter_id"], row["channel"]) not in known]
            if not alone:
                continue
            target.write_text(_nem13(alone), "utf-8")
        else:
            target.write_bytes(path.read_bytes())
        files.append(target)
    return files


def _header(path: Path) -> set[str]:
    return set(path.read_text("utf-8", errors="replace").split("\n", 1)[0].split(",")) if path.suffix == ".csv" else set()


def _register(row: dict[str, str]) -> Register:
    return Register(row["service_point_id"], row["meter_id"], row["channel"], int(row.get("interval_minutes") or 30))


def _nem12(rows: Sequence[dict[str, str]], reads: Sequence[dict[str, str]]) -> str:
    """Return a NEM12 file of the rows of ``daily.csv`` and of the reads of the same channels."""
    channels: dict[Register, dict[date, Day | None]] = {}
    for row in rows:
        days = channels.setdefault(_register(row), {})
        for day in days_of(row["day"]):
            days[day] = None if row["pattern"] == "none" else _day(row, day)
    lines = ["100,NEM12,202604150215,SCENARIO,SCENARIO"]
    for register, days in channels.items():
        point, meter, channel, minutes = register
        lines.append(f"200,{point},{channel},{channel},{channel},N1,{meter},{_unit(channel)},{minutes},")
        for day, told in sorted(days.items()):
            if told is not None:
                assert len(told.slots) * minutes == MINUTES_A_DAY, f"{day}: {len(told.slots)} slots of {minutes} minutes"
                lines += _day_lines(day, told)
        own = [row for row in reads if (row["service_point_id"], row["meter_id"], row["channel"]) == register[:3]]
        lines += [f"500,O,,{_stamp(datetime.fromisoformat(row['read_at']))},{row['value']}" for row in own]
    return "\n".join([*lines, "900", ""])


def _unit(channel: str) -> str:
    return "KVARH" if channel[0] in "QK" else "KWH"


def _day(row: dict[str, str], day: date) -> Day:
    usual = datetime(day.year, day.month, day.day, 2, 15, tzinfo=MARKET) + timedelta(days=1)
    return Day(slots_of(row["pattern"]), datetime.fromisoformat(row["version"]) if row.get("version") else usual)


def _day_lines(day: date, told: Day) -> Iterator[str]:
    """Yield the 300 record of a day and, where its flags differ, the 400 records."""
    values = ",".join(slot.value for slot in told.slots)
    flags = [slot.flag for slot in told.slots]
    one = flags[0] if len(set(flags)) == 1 else "V"
    yield f"300,{day:%Y%m%d},{values},{one},{_REASON.get(one[0], '')},,{_stamp(told.version)},"
    if one == "V":
        start = 0
        for slot in range(1, len(flags) + 1):
            if slot == len(flags) or flags[slot] != flags[start]:
                yield f"400,{start + 1},{slot},{flags[start]},{_REASON.get(flags[start][0], '')},"
                start = slot


def _nem13(rows: Sequence[dict[str, str]]) -> str:
    """Return a NEM13 file: for each read and the one before it, what both showed and the quantity between them."""
    series: dict[Register, list[Read]] = {}
    for row in rows:
        read = Read(
            datetime.fromisoformat(row["read_at"]), row["value"], row.get("quality") or "A", (row.get("unit") or "kWh").upper()
        )
        series.setdefault(_register(row), []).append(read)
    lines = ["100,NEM13,202604150215,SCENARIO,SCENARIO"]
    for register, reads in series.items():
        lines += [_advance_line(register, before, now) for before, now in pairwise(sorted(reads))]
    return "\n".join([*lines, "900", ""])


def _advance_line(register: Register, before: Read, now: Read) -> str:
    point, meter, channel, _ = register
    told = [f"250,{point},{channel},1,{channel},{channel},{meter},E"]
    told += [f"{read.value},{_stamp(read.read_at)},{read.quality},{_REASON.get(read.quality[0], '')}," for read in (before, now)]
    told.append(f"0,{now.unit},,{_stamp(now.read_at + timedelta(days=1))},")
    return ",".join(told)


def _stamp(at: datetime) -> str:
    assert at.tzinfo is not None, f"{at}: write the offset"
    return f"{at.astimezone(MARKET):%Y%m%d%H%M%S}"
