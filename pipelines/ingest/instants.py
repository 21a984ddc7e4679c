"""Times of documents: ISO 8601 text as an instant, in microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from pipelines.ingest.rejected import Fault
from schemas.errors import InputRefusedError
from schemas.periods import parse_instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_IDLE_DIGITS = re.compile(r"(\.[0-9]{6})0+(?![0-9])")
_OFFSET = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})\s*\Z")
_LONGEST = 48
"""Characters of a time: longer ones are none, and are not kept in memory."""


def instant_us(text: str, clock: str) -> int | Fault:
    """Return an ISO 8601 date or time as an instant, UTC [us since 1970], or why it is none.

    Args:
        text: as the source writes it; a seventh digit of a second, which some libraries write, must be a zero.
        clock: zone or fixed offset of a time that names none.

    >>> instant_us("2024-06-28T22:00Z", "+01:00"), instant_us("1970-01-01T01:00:00.0000010", "+01:00")
    (1719612000000000, 1)
    >>> instant_us("2026-02-30T00:00Z", "+01:00").code
    'time.invalid'
    """
    if len(text) > _LONGEST:
        return Fault("time.invalid", f"'{text[:_LONGEST]}...' is no date or time")
    return _instant_us(text, clock)


@lru_cache(maxsize=65536)
def _instant_us(text: str, clock: str) -> int | Fault:
    try:
        instant = parse_instant(_IDLE_DIGITS.sub(r"\1", text.strip()), clock)
    except InputRefusedError as refusal:
        return Fault(refusal.code, refusal.message)
    return (instant - _EPOCH) // _MICROSECOND


def names_offset(text: str) -> bool:
    """Whether a time says its offset from UTC.

    >>> names_offset("2026-01-01T00:00Z"), names_offset("2026-01-01T00:00")
    (True, False)
    """
    return _OFFSET.search(text[-_LONGEST:]) is not None and "T" in text


def instant_of(time_us: int) -> datetime:
    """Return an instant given in microseconds since 1970.

    >>> instant_of(1).isoformat()
    '1970-01-01T00:00:00.000001+00:00'
    """
    return _EPOCH + time_us * _MICROSECOND


def microseconds_of(instant: datetime) -> int:
    """Return an instant as microseconds since 1970.

    >>> microseconds_of(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (instant - _EPOCH) // _MICROSECOND
