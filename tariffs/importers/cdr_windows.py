"""Windows of days and times as periods of a tariff, proven to hold every minute of every day exactly once.

The standard does not say whether the minutes after midnight of a window such as Friday 22:00 to 06:00 are Friday's or
Saturday's. Here they belong to their own date; where that leaves a minute without a price, or with two, the plan is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tariffs.importers.cdr_values import DAYS, HOLIDAY
from tariffs.importers.field_tree import unsupported
from tariffs.scalars import MINUTES_OF_DAY

ALL_DAYS = frozenset(range(8))
_WEEK = frozenset(range(7))
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
_GROUPS = {frozenset(range(5)): "mon-fri", frozenset((5, 6)): "sat-sun"}
_NOBODY = -1
_PUBLIC = "PUBLIC_HOLIDAYS"


class DayWindow(NamedTuple):
    """Minutes of some kinds of day.

    Attributes:
        days: 0 for Monday to 6 for Sunday, 7 for public holidays.
        start: first minute after midnight.
        end: minute that ends it; where that is not after the start, the window goes on at 00:00 of the same date.
    """

    days: frozenset[int]
    start: int = 0
    end: int = MINUTES_OF_DAY

    def minutes(self) -> tuple[slice, ...]:
        """Return the minutes of a day."""
        if self.start < self.end:
            return (slice(self.start, self.end),)
        return (slice(self.start, MINUTES_OF_DAY), slice(0, self.end))

    def rule(self, season: str | None, *, holidays: bool) -> dict[str, Any]:
        """Return the window as a rule of a period; ``holidays``: public holidays are days of their own."""
        rule: dict[str, Any] = {} if season is None else {"season": season}
        if not is_every_day(self.days, holidays=holidays) or not rule:
            rule["days"] = day_words(self.days, holidays=holidays)
        if (self.start, self.end) != (0, MINUTES_OF_DAY):
            rule["from"], rule["to"] = clock_text(self.start), clock_text(self.end)
        return rule


def day_words(days: frozenset[int], *, holidays: bool) -> str | list[str]:
    """Return kinds of day as a rule names them.

    >>> day_words(frozenset((0, 1, 2, 3, 4)), holidays=False), day_words(frozenset((5, 6, 7)), holidays=True)
    ('mon-fri', ['sat', 'sun', 'holiday'])
    """
    if is_every_day(days, holidays=holidays):
        return "all"
    return _GROUPS.get(days) or [_NAMES[day] for day in sorted(days)]


def is_every_day(days: frozenset[int], *, holidays: bool) -> bool:
    """Tell whether kinds of day are all that come; ``holidays``: public holidays are days of their own."""
    return days >= (ALL_DAYS if holidays else _WEEK)


def clock_text(minutes: int) -> str:
    """Return minutes after midnight as a time of day.

    >>> clock_text(1439), clock_text(1440)
    ('23:59', '24:00')
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def tells_holidays_apart(value: Any) -> bool:  # noqa: ANN401 - a document of any depth
    """Tell whether any ``days`` inside a value make public holidays days of their own.

    >>> tells_holidays_apart({"days": ["SAT", "SUN", "PUBLIC_HOLIDAYS"]}), tells_holidays_apart({"days": list(DAYS)})
    (True, False)
    """
    if isinstance(value, list):
        return any(tells_holidays_apart(each) for each in value)
    if not isinstance(value, dict):
        return False
    days = value.get("days")
    if isinstance(days, list) and _PUBLIC in days and len({day for day in days if isinstance(day, str)}) < len(DAYS):
        return True
    return any(tells_holidays_apart(each) for each in value.values())


def prove_partition(windows: Mapping[str, Sequence[DayWindow]], path: str, *, holidays: bool) -> None:
    """Prove that every minute lies in the windows of exactly one rate.

    Args:
        windows: by name of the rate.
        path: the field they are from, for messages.
        holidays: public holidays are days of their own.

    Raises:
        TariffError: ``import.unsupported``: the first minute with two rates, or with none.
    """
    owners = _owners(windows, path)
    missing = np.argwhere(owners[: HOLIDAY + holidays] == _NOBODY)
    if len(missing):
        day, minute = missing[0]
        raise unsupported(path, f"no rate holds on {_NAMES[day]} at {clock_text(int(minute))}")


def rest_of(windows: Mapping[str, Sequence[DayWindow]], path: str, *, holidays: bool) -> bool:
    """Tell whether some minute lies in no window; the windows of two rates must not share one.

    Raises:
        TariffError: ``import.unsupported``: the first minute with two rates.
    """
    return bool((_owners(windows, path)[: HOLIDAY + holidays] == _NOBODY).any())


def _owners(windows: Mapping[str, Sequence[DayWindow]], path: str) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return the position of the rate of each minute of each kind of day."""
    names = list(windows)
    owners = np.full((HOLIDAY + 1, MINUTES_OF_DAY), _NOBODY, dtype=np.int16)
    for position, name in enumerate(names):
        for window in windows[name]:
            for day in sorted(window.days):
                for minutes in window.minutes():
                    others = owners[day, minutes]
                    taken = np.flatnonzero((others != _NOBODY) & (others != position))
                    if len(taken):
                        when = f"{_NAMES[day]} at {clock_text(minutes.start + int(taken[0]))}"
                        raise unsupported(path, f"two rates hold on {when}: {names[others[taken[0]]]} and {name}")
                    owners[day, minutes] = position
    return owners
