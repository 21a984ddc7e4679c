"""Stamps: ISO 8601 times of portals, with or without an offset, and the clock of those without."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from pipelines.ingest.national.local_times import day_after, instants_of, microseconds
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.rejected import Fault
from schemas.periods import start_of_day

FIRST_YEAR, LAST_YEAR = 1970, 2099
"""Years of readings; any other is a mistake of the sender."""
_STAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,](?P<fraction>[0-9]{1,9}))?)? ?"
    r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-5][0-9]))?"
)
_WIDEST = timedelta(hours=14)
_DURATION = re.compile(r"P(?:(?P<days>[0-9]{1,2})D)?(?:T(?:(?P<hours>[0-9]{1,3})H)?(?:(?P<minutes>[0-9]{1,4})M)?(?:0S)?)?")
_MISSING = Fault("time.missing", "a value without its time")


class Stamp(NamedTuple):
    """A stamp as it is written.

    Attributes:
        wall: date and time on its own clock; midnight where it is a bare date.
        offset: from UTC; None where it names none.
        is_date: whether it is a bare date.
    """

    wall: datetime
    offset: timedelta | None
    is_date: bool


@lru_cache(maxsize=65536)
def parse_stamp(text: str) -> Stamp | None:
    """Return a stamp, or None when ``text`` is none that exists between 1970 and 2099.

    >>> parse_stamp("2024-04-02T14:40:48.7049360Z").wall.microsecond, parse_stamp("2024-02-30"), parse_stamp("2024-02-01").is_date
    (704936, None, True)
    >>> parse_stamp("2024-07-29T00:00:00.000+0300").offset
    datetime.timedelta(seconds=10800)
    """
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return None
    try:
        wall = datetime.fromisoformat(match["date"] + ("T" + match["time"] if match["time"] else ""))
    except ValueError:
        return None
    offset = timedelta(0) if match["utc"] else None
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"])) * (-1 if match["sign"] == "-" else 1)
    if not FIRST_YEAR <= wall.year <= LAST_YEAR or (offset is not None and abs(offset) > _WIDEST):
        return None
    if match["fraction"]:
        wall = wall.replace(microsecond=int(match["fraction"].ljust(9, "0")[:6]))
    return Stamp(wall, offset, match["time"] is None)


def version_of(text: str | None) -> int | None:
    """Return when a document was made, where it says so with an offset [us since 1970, UTC]."""
    stamp = parse_stamp(text) if text else None
    if stamp is None or stamp.offset is None:
        return None
    return microseconds(stamp.wall.replace(tzinfo=timezone(stamp.offset)))


@lru_cache(maxsize=1024)
def parse_duration(text: str | None) -> timedelta | None:
    """Return an ISO 8601 duration of days, hours and minutes; None where it is none, or no time at all.

    >>> parse_duration("PT30M"), parse_duration("PT60M") == parse_duration("PT1H"), parse_duration("P1M")
    (datetime.timedelta(seconds=1800), True, None)
    """
    match = _DURATION.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    parts = {name: int(part) for name, part in match.groupdict().items() if part is not None}
    return timedelta(**parts) or None


@dataclass
class PayloadClock:
    """The clock by which stamps without an offset are read.

    Attributes:
        name: a fixed offset where the reader was told one, else the format's own zone.
        used: the name once a stamp was read by it; None while every stamp named its own.
    """

    name: str
    used: str | None = None

    @classmethod
    def of(cls, context: ReadContext, zone: str) -> PayloadClock:
        """Return the clock of a payload whose format lives in ``zone``."""
        return cls(context.clock or zone)

    def instant_us(self, text: str | None) -> int | Fault:
        """Return the instant of a stamp [us since 1970, UTC], or why it is none.

        A bare date is the first instant of that local day.
        """
        if text is None:
            return _MISSING
        stamp = parse_stamp(text)
        if stamp is None:
            return Fault("time.invalid", f"'{text[:40]}' is no time")
        if stamp.offset is not None:
            return microseconds(stamp.wall.replace(tzinfo=timezone(stamp.offset)))
        self.used = self.name
        if stamp.is_date:
            return self.midnight_us(stamp.wall.date())
        found = instants_of(stamp.wall, self.name)
        if len(found) != 1:
            return Fault("time.invalid", f"'{text[:40]}' is there {'twice' if found else 'never'} in {self.name}")
        return microseconds(found[0])

    def midnight_us(self, day: date) -> int:
        """Return the first instant of a local day [us since 1970, UTC]."""
        self.used = self.name
        return microseconds(start_of_day(day, self.name))

    def day_later_us(self, start_us: int) -> int:
        """Return the instant one local day after another: 23, 24 or 25 hours later [us since 1970, UTC]."""
        self.used = self.name
        return microseconds(day_after(datetime.fromtimestamp(start_us // 1_000_000, UTC), self.name))
