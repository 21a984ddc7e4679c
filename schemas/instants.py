"""Instants as the store holds them: microseconds since 1970, UTC.

>>> microseconds_of(datetime(1970, 1, 2, tzinfo=UTC)) == 24 * HOUR_US
True
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds_of(instant: datetime) -> int:
    """Return an instant as microseconds since 1970, UTC.

    Args:
        instant: aware.

    >>> microseconds_of(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC))
    -1000000
    """
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(time_us: int) -> datetime:
    """Return an instant given in microseconds since 1970, UTC.

    Raises:
        OverflowError: it is outside of the years 1 to 9999.

    >>> instant_of(1).isoformat()
    '1970-01-01T00:00:00.000001+00:00'
    """
    return _EPOCH + time_us * _MICROSECOND
