"""Dates and times of meters: twelve bytes, every part of which may be left open (IEC 62056-6-2, date_time).

``year (2) | month | day | weekday | hour | minute | second | hundredths | deviation (2) | status``. The deviation is the way
from local time to UTC in minutes: UTC = local + deviation, so Central European Time has -60. ``8000`` leaves it open. Some
meters send the other sign, or local time with deviation 0; bytes alone cannot tell.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from head_end.dlms.errors import no_time

DATE_TIME_BYTES = 12
FIRST_YEAR, LAST_YEAR, OPEN_YEAR = 1970, 2199, 0xFFFF
_OPEN = 0xFF
_OPEN_DEVIATION = -0x8000
_WIDEST_DEVIATION_MINUTES = 14 * 60
_INVALID, _DOUBTFUL, _DAYLIGHT_SAVING = 0x01, 0x02, 0x80
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock times are naive on purpose
_MICROSECOND = timedelta(microseconds=1)


class CosemTime(NamedTuple):
    """What a meter's clock showed.

    Attributes:
        local: wall-clock time, naive.
        deviation_minutes: from local time to UTC; None where the meter leaves it open.
        status: of the clock; None where the meter leaves it open.
    """

    local: datetime
    deviation_minutes: int | None
    status: int | None

    @property
    def utc(self) -> datetime | None:
        """The instant; None where the meter leaves its deviation open.

        >>> parse_date_time(bytes.fromhex("07e30c1f0217000000ffc400")).utc.isoformat()
        '2019-12-31T22:00:00+00:00'
        """
        if self.deviation_minutes is None:
            return None
        return (self.local + timedelta(minutes=self.deviation_minutes)).replace(tzinfo=UTC)

    @property
    def is_daylight_saving(self) -> bool | None:
        """Whether the meter says that daylight saving is in force; None where it does not say."""
        return None if self.status is None else bool(self.status & _DAYLIGHT_SAVING)

    @property
    def is_invalid(self) -> bool:
        """Whether the meter says that its clock lost the time."""
        return self.status is not None and bool(self.status & _INVALID)

    @property
    def is_doubtful(self) -> bool:
        """Whether the meter says that its clock may be wrong."""
        return self.status is not None and bool(self.status & _DOUBTFUL)


def parse_date_time(raw: bytes) -> CosemTime | None:
    """Return the time of twelve bytes; None where it is left open, wholly or down to the minute.

    Seconds and hundredths that are left open are none.

    Raises:
        ClockError: there are not twelve bytes, or no such time exists.
    """
    if len(raw) != DATE_TIME_BYTES:
        message = f"a date and time has 12 bytes, not {len(raw)}"
        raise no_time(message)
    year = int.from_bytes(raw[:2], "big")
    month, day, _, hour, minute, second, hundredths = raw[2:9]
    if year == OPEN_YEAR or _OPEN in (month, day, hour, minute):
        return None
    deviation = int.from_bytes(raw[9:11], "big", signed=True)
    try:
        local = datetime(year, month, day, hour, minute, 0 if second == _OPEN else second)  # noqa: DTZ001 - see above
        local = local.replace(microsecond=0 if hundredths == _OPEN else hundredths * 10_000)
    except ValueError:
        message = f"'{raw.hex()}' is no date and time"
        raise no_time(message) from None
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"'{raw.hex()}' is a time of the year {year}"
        raise no_time(message)
    if deviation != _OPEN_DEVIATION and abs(deviation) > _WIDEST_DEVIATION_MINUTES:
        message = f"'{raw.hex()}' deviates {deviation} minutes from UTC"
        raise no_time(message)
    status = None if raw[11] == _OPEN else raw[11]
    return CosemTime(local, None if deviation == _OPEN_DEVIATION else deviation, status)


def microseconds(local: datetime) -> int:
    """Return a naive time as microseconds since 1970 on its own clock."""
    return (local - _EPOCH) // _MICROSECOND
