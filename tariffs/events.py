"""Events of a tariff: dated windows in local time, such as critical peaks or the hours of the system's own peak.

A window is laid down in minutes of local dates, as the rules of periods are: where the clocks go back it holds both hours of
that name, where they go forward the hour that is left out is in no window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.scalars import INVALID, MINUTES_OF_DAY, Document, problem

_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


def _local_time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(value if isinstance(value, str) and _LOCAL.fullmatch(value) else "")
    except ValueError:
        raise problem(INVALID, f"{value!r} is not a local time such as 2026-07-01T16:00") from None


LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
"""A time of the tariff's clock, to the minute, without an offset."""


class Window(Document):
    """``{from: "2026-07-01T16:00", to: "2026-07-01T21:00"}``; the end is not included."""

    from_: LocalTime = Field(alias="from")
    to: LocalTime

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.to <= self.from_:
            raise problem(INVALID, "a window ends after it begins")
        return self


class EventMinutes(NamedTuple):
    """The part of a window that falls on one local date: minutes after midnight, ``to`` not included [min]."""

    event: str
    from_: int
    to: int


def minutes_by_date(events: Mapping[str, tuple[Window, ...]]) -> dict[date, frozenset[EventMinutes]]:
    """Return the minutes of events on each local date that has any.

    >>> night = Window.model_validate({"from": "2026-07-01T22:00", "to": "2026-07-02T02:00"})
    >>> [sorted(parts) for parts in minutes_by_date({"storm": (night,)}).values()]
    [[EventMinutes(event='storm', from_=1320, to=1440)], [EventMinutes(event='storm', from_=0, to=120)]]
    """
    found: dict[date, set[EventMinutes]] = {}
    for name, windows in events.items():
        for window in windows:
            for day, from_, to in _days_of(window):
                found.setdefault(day, set()).add(EventMinutes(name, from_, to))
    return {day: frozenset(parts) for day, parts in found.items()}


def _days_of(window: Window) -> Iterator[tuple[date, int, int]]:
    day, last = window.from_.date(), window.to.date()
    begin = window.from_.hour * 60 + window.from_.minute
    while day < last:
        yield day, begin, MINUTES_OF_DAY
        day, begin = day + timedelta(days=1), 0
    end = window.to.hour * 60 + window.to.minute
    if end > begin:
        yield day, begin, end
