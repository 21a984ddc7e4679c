"""Wall-clock time of every slot of a block: which local day and minute it is, exactly, through daylight saving.

Slots are stored on standard time. People live by the wall clock: "the same slot on the last three Tuesdays" means
the same local time, also when the clocks changed in between. The zone database answers for each slot start; nothing
is derived from an assumed number of hours a day.

>>> clock = local_clock("Europe/Berlin", date(2026, 3, 29), days=1, interval_minutes=60, standard_offset_minutes=60)
>>> (clock.minute[0] // 60).tolist()[:5]
[0, 1, 3, 4, 5]
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import IntEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from pipelines.vee.block import MINUTES_PER_DAY, Block, Codes, Flags
from schemas.errors import InputRefusedError

_FIXED_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_DAYS_PER_WEEK = 7


class DayType(IntEnum):
    """Days that resemble each other."""

    WORKDAY = 0
    SATURDAY = 1
    SUNDAY = 2
    HOLIDAY = 3


@dataclass(frozen=True, eq=False)
class LocalClock:
    """Local time at the start of each slot.

    Attributes:
        ordinal: proleptic ordinal of the local date, int32 [d, s].
        minute: minutes since local midnight on the wall clock, int16 [d, s].
        repeat: the wall clock shows this time for the second time today, bool [d, s].
    """

    ordinal: npt.NDArray[np.int32]
    minute: npt.NDArray[np.int16]
    repeat: Flags


def zone_of(name: str) -> tzinfo:
    """Return the zone of a name such as ``Europe/Berlin`` or a fixed offset such as ``+10:00``.

    Raises:
        InputRefusedError: nobody knows the zone.
    """
    fixed = _FIXED_OFFSET.fullmatch(name)
    try:
        if fixed:
            sign, hours, minutes = fixed.groups()
            return timezone((-1 if sign == "-" else 1) * timedelta(hours=int(hours), minutes=int(minutes)))
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        code = "zone.unknown"
        hint = "use a name of the zone database such as Europe/Berlin, or an offset such as +10:00"
        raise InputRefusedError(code, f"no zone is called {name!r}", hint) from error


@lru_cache(maxsize=64)
def local_clock(
    zone: str,
    first_day: date,
    *,
    days: int,
    interval_minutes: int,
    standard_offset_minutes: int,
    slot_offset_minutes: int = 0,
) -> LocalClock:
    """Return the wall clock of ``days`` standard-time days.

    Args:
        zone: zone name or fixed offset.
        first_day: standard-time date of the first day.
        days: number of days.
        interval_minutes: length of a slot [min].
        standard_offset_minutes: standard time minus UTC [min].
        slot_offset_minutes: start of a day's first slot after its midnight [min].

    Raises:
        InputRefusedError: nobody knows the zone.
    """
    slots = MINUTES_PER_DAY // interval_minutes
    local_zone = zone_of(zone)
    start = datetime.combine(first_day, time(), UTC) + timedelta(minutes=slot_offset_minutes - standard_offset_minutes)
    step = timedelta(minutes=interval_minutes)
    local = [(start + i * step).astimezone(local_zone) for i in range(days * slots)]
    ordinal = np.array([moment.toordinal() for moment in local], np.int32).reshape(days, slots)
    minute = np.array([moment.hour * 60 + moment.minute for moment in local], np.int16).reshape(days, slots)
    repeat = np.array([moment.fold == 1 for moment in local], np.bool_).reshape(days, slots)
    for array in (ordinal, minute, repeat):
        array.setflags(write=False)  # shared by everybody who asks the cache
    return LocalClock(ordinal, minute, repeat)


def clock_of(block: Block) -> LocalClock:
    """Return the wall clock of a block's slots; see ``local_clock``."""
    return local_clock(
        block.zone,
        block.first_day,
        days=block.days,
        interval_minutes=block.interval_minutes,
        standard_offset_minutes=block.standard_offset_minutes,
        slot_offset_minutes=block.slot_offset_minutes,
    )


def day_types(ordinals: npt.NDArray[np.int32], holidays: AbstractSet[date]) -> Codes:
    """Return the ``DayType`` of local dates (k,) given as proleptic ordinals; a holiday is a holiday on any weekday."""
    weekday = (ordinals - 1) % _DAYS_PER_WEEK
    types = np.maximum(weekday - 4, 0).astype(np.int8)
    types[np.isin(ordinals, [day.toordinal() for day in holidays])] = DayType.HOLIDAY
    return types
