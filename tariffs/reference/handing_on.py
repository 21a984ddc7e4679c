"""What of that which was handed over goes on to the next billing period though nothing on this bill looked at it."""

from __future__ import annotations

from datetime import date

from tariffs.reference.days import DAY
from tariffs.reference.peaks import furthest_look_back
from tariffs.reference.work import Work


def hand_on(work: Work) -> None:
    """Keep what no charge wrote anew until its time is over: the year of a minimum or a ladder, the look-back of a peak."""
    for name, value in work.given.items():
        if not _is_over(work, name):
            work.carried.setdefault(name, value)


def _is_over(work: Work, name: str) -> bool:
    kind, *parts = name.split("|")
    after = work.period.last_day + DAY
    if kind == "minimum":
        return int(parts[1]) != after.year
    if kind == "ladder":
        begun = date.fromisoformat(parts[1])
        return (after.month, after.day) >= (begun.month, begun.day) if after.year == begun.year + 1 else after.year > begun.year
    if kind == "peak":
        owner, (year, month) = parts[0], parts[1].split("-")
        ago = (work.period.last_day.year - int(year)) * 12 + work.period.month - int(month)
        return ago > furthest_look_back(work, owner)
    return False
