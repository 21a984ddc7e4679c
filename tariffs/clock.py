"""The clock of a tariff or of a billing period: a zone of the zone database, or a fixed offset.

Offsets are looked up once per changeover, not once per interval: a year of five-minute slots costs the same
handful of look-ups as a day.

>>> Clock("+10:00").midnight(date(2026, 10, 4)), Clock("Europe/Berlin").midnight(date(2026, 3, 30))
(1791036000, 1774821600)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from schemas.periods import local_date, parse_clock, start_of_day

EPOCH = date(1970, 1, 1)
DAY_SECONDS = 86_400
_SAMPLE_SECONDS = 21_600
"""Zones are sampled every six hours: no zone has ever changed twice, and back, within that."""

Integers = np.ndarray[Any, np.dtype[Any]]
"""Exact integers: int64, or Python's own (dtype object) where 64 bits do not hold them."""


@dataclass(frozen=True)
class Clock:
    """A local clock.

    Attributes:
        name: a zone name such as ``Australia/Perth``, or a fixed offset such as ``-08:00``.
    """

    name: str

    def __post_init__(self) -> None:
        """Refuse a name that is no clock.

        Raises:
            InputRefusedError: ``clock.unknown``.
        """
        parse_clock(self.name)

    @cached_property
    def zone(self) -> tzinfo:
        """The zone as the standard library knows it."""
        return parse_clock(self.name)

    def midnight(self, day: date) -> int:
        """Return the first instant of a local date [s since 1970 UTC]; where midnight is skipped, the instant after."""
        return int(start_of_day(day, self.name).timestamp())

    def day_of(self, instant: datetime) -> date:
        """Return the local date of an instant."""
        return local_date(instant, self.name)

    def offsets(self, instants: Integers) -> Integers:
        """Return the offset of local time from UTC [s] at each instant.

        Args:
            instants: int64 of any shape [s since 1970 UTC], not empty.
        """
        first, last = int(instants.min()), int(instants.max())
        starts, offsets = _changes(self.name, first // DAY_SECONDS, last // DAY_SECONDS + 1)
        if len(offsets) == 1:
            return np.full(instants.shape, offsets[0], dtype=np.int64)
        return offsets[np.searchsorted(starts, instants, side="right")]


@lru_cache(maxsize=1024)
def _changes(name: str, first_day: int, last_day: int) -> tuple[Integers, Integers]:
    """Return the instants at which the offset changes, and the k + 1 offsets between them [s].

    Args:
        name: zone name or offset.
        first_day: first UTC day [days since 1970].
        last_day: day after the last one.
    """
    zone = parse_clock(name)

    def offset_at(instant: int) -> int:
        offset = datetime.fromtimestamp(instant, UTC).astimezone(zone).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    starts: list[int] = []
    before, offsets = first_day * DAY_SECONDS, [offset_at(first_day * DAY_SECONDS)]
    for instant in range(before + _SAMPLE_SECONDS, last_day * DAY_SECONDS + 1, _SAMPLE_SECONDS):
        offset = offset_at(instant)
        if offset != offsets[-1]:
            low, high = before, instant
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(middle) == offsets[-1] else (low, middle)
            starts.append(high)
            offsets.append(offset)
        before = instant
    return np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64)
