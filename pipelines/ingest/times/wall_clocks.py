"""Wall clocks in digits, ``CCYYMMDDHHMMSS`` or the beginning of it, as MDFF, EDIFACT and the D-flows write them."""

from __future__ import annotations

from datetime import datetime

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Years of readings; outside of them a stamp is a mistake."""
DATE_DIGITS, MINUTE_DIGITS, SECOND_DIGITS = 8, 12, 14


def wall_clock(text: str, digits: int = SECOND_DIGITS) -> datetime | None:
    """Return what a wall clock shows, on whichever clock that is; None when ``text`` is no such time.

    Args:
        text: as it is written.
        digits: how many it must have: of a date, or down to the minute or the second.

    >>> wall_clock("19700101000001"), wall_clock("20240230000000"), wall_clock("20240229", DATE_DIGITS)
    (datetime.datetime(1970, 1, 1, 0, 0, 1), None, datetime.datetime(2024, 2, 29, 0, 0))
    """
    if len(text) != digits or not (text.isascii() and text.isdecimal()) or not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        return None
    try:
        return datetime(int(text[:4]), *(int(text[at : at + 2]) for at in range(4, digits, 2)))  # type: ignore[arg-type]  # noqa: DTZ001 - a wall clock
    except ValueError:
        return None
