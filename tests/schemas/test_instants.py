from __future__ import annotations

from datetime import UTC, datetime

from schemas.instants import instant_of, microseconds_of


def test_instants_and_microseconds_are_the_same_thing():
    instant = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert instant_of(microseconds_of(instant)) == instant
