from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.ingest.local_times import LocalClock, clock_of, instants_of, wall_clock_us
from pipelines.ingest.reader import ReadContext
from schemas.errors import InputRefusedError
from schemas.periods import parse_clock


def clock(name: str) -> LocalClock:
    return LocalClock(name, parse_clock(name))


class TestAWallClock:
    @pytest.mark.parametrize(
        ("zone", "text", "expected"),
        [
            ("Europe/London", "20260105120000", [(2026, 1, 5, 12)]),
            ("Europe/London", "20260705120000", [(2026, 7, 5, 11)]),
            ("Europe/London", "20261025013000", [(2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)]),
            ("Europe/London", "20261025020000", [(2026, 10, 25, 2)]),
            ("Europe/London", "20260329005959", [(2026, 3, 29, 0, 59, 59)]),
            ("Europe/London", "20260329010000", []),
            ("Europe/London", "20260329015959", []),
            ("Europe/London", "20260329020000", [(2026, 3, 29, 1)]),
            ("+10:00", "20260105000000", [(2026, 1, 4, 14)]),
            ("Australia/Lord_Howe", "20260405014500", [(2026, 4, 4, 14, 45), (2026, 4, 4, 15, 15)]),
        ],
    )
    def test_means_one_instant_or_two_or_none(self, zone, text, expected):
        found = [datetime.fromtimestamp(instant / 1e6, UTC) for instant in instants_of(wall_clock_us(text), clock(zone))]
        assert found == [datetime(*parts, tzinfo=UTC) for parts in expected]

    @pytest.mark.parametrize(
        "text",
        ["", "2026010500000", "202601050000000", "20260230000000", "20260105240000", "20260105006000", "20260105000060",
         "18991231235959", "30000101000000", "2026010500000x", "\u0662\u0660\u0662\u0666010500000000"[:14]],
    )  # fmt: skip
    def test_that_does_not_exist_is_none(self, text):
        assert wall_clock_us(text) is None


class TestTheClockOfAFile:
    def test_is_the_one_a_person_gave_else_the_default(self):
        assert clock_of(ReadContext("a", clock="+08:00"), "Europe/Berlin").name == "+08:00"
        assert clock_of(ReadContext("a"), "Europe/Berlin").name == "Europe/Berlin"

    @pytest.mark.parametrize("text", ["Europe/London", "8", "+25:00", ""])
    def test_that_is_no_offset_is_refused(self, text):
        with pytest.raises(InputRefusedError) as refusal:
            clock_of(ReadContext("a", clock=text), "+00:00")
        assert refusal.value.code == "clock.invalid"
