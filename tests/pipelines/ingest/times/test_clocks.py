from __future__ import annotations

import pytest

from pipelines.ingest.collector import Collector
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import DocumentClock, clock_of, given_offset_minutes
from schemas.errors import InputRefusedError


class TestTheClockOfAFile:
    def test_is_the_one_a_person_gave_else_the_default(self):
        assert clock_of(ReadContext("a", clock="+08:00"), "Europe/Berlin") == "+08:00"
        assert clock_of(ReadContext("a"), "Europe/Berlin") == "Europe/Berlin"

    @pytest.mark.parametrize("text", ["Europe/London", "8", "+25:00", ""])
    def test_that_is_no_offset_is_refused(self, text):
        with pytest.raises(InputRefusedError) as refusal:
            clock_of(ReadContext("a", clock=text), "+00:00")
        assert refusal.value.code == "clock.invalid"

    def test_in_minutes_is_none_where_nobody_gave_one(self):
        assert given_offset_minutes(ReadContext("a")) is None
        assert given_offset_minutes(ReadContext("a", clock="-09:30")) == -570

    def test_is_refused_where_the_default_is_none(self):
        with pytest.raises(InputRefusedError) as refusal:
            clock_of(ReadContext("a"), "Europe/Atlantis")
        assert refusal.value.code == "clock.unknown"


class TestTheClockOfADocument:
    @pytest.mark.parametrize(
        ("text", "used"),
        [
            ("2026-01-01T00:00Z", None),
            ("2026-01-01T00:00", "+01:00"),
            ("2026-01-01", "+01:00"),
            ("yesterday", None),
            (None, None),
        ],
    )
    def test_is_told_where_a_time_needed_it(self, text, used):
        collector = Collector()
        DocumentClock("+01:00", collector).instant_us(text)
        assert collector.clock == used

    def test_a_time_that_is_not_there_is_missing(self):
        assert DocumentClock("+01:00", Collector()).instant_us(None) == Fault("time.missing", "a value without its time")

    def test_the_years_of_its_times_may_be_bounded(self):
        found = DocumentClock("+01:00", Collector(), range(1970, 2100)).instant_us("2100-01-01T00:00Z")
        assert isinstance(found, Fault)
