from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.slots import Outcome, expand, outcomes, overlapping
from schemas.codes import Quality
from schemas.readings import PARSED_INTERVALS

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def delivered(*rows: dict) -> pa.Table:
    """A valid table of runs, each of its own file, with one thing changed in each."""
    base = {
        "service_point_id": "NMI0000001",
        "meter_id": "M1",
        "channel": "E1",
        "quantity": "active_energy",
        "direction": "import",
        "unit": "kWh",
        "start": MIDNIGHT,
        "clock_offset_minutes": 0,
        "interval_minutes": 30,
        "exponent": -3,
        "values": [1, 2],
        "values64": None,
        "quality": None,
        "native_quality": "A",
        "native_qualities": None,
        "native_reason": None,
        "version": None,
        "record": "3",
    }
    numbered = [base | {"file_id": f"f{number}"} | row for number, row in enumerate(rows)]
    return pa.Table.from_pylist(numbered, schema=PARSED_INTERVALS.schema.append(pa.field("file_id", pa.string())))


def said(*rows: dict) -> list[Outcome]:
    table = delivered(*rows)
    return [Outcome(code) for code in outcomes(expand(table), np.arange(table.num_rows))]


class TestOverlapping:
    def test_runs_that_touch_do_not_overlap(self):
        assert overlapping(delivered({}, {"start": MIDNIGHT + timedelta(hours=1)})).tolist() == [False, False]

    def test_runs_that_share_one_slot_do(self):
        assert overlapping(delivered({}, {"start": MIDNIGHT + timedelta(minutes=30)})).tolist() == [True, True]

    def test_a_long_run_is_reached_past_a_short_one(self):
        rows = delivered({"values": [0] * 10}, {"start": MIDNIGHT + timedelta(hours=1)}, {"start": MIDNIGHT + timedelta(hours=4)})
        assert overlapping(rows).tolist() == [True, True, True]

    @pytest.mark.parametrize("name", ["service_point_id", "meter_id", "channel"])
    def test_another_channel_never_overlaps(self, name):
        assert overlapping(delivered({}, {name: "X"})).tolist() == [False, False]


class TestOutcomes:
    def test_an_exact_copy_is_a_duplicate(self):
        assert said({}, {}) == [Outcome.ACCEPTED] * 2 + [Outcome.DUPLICATE] * 2

    def test_a_newer_version_supersedes(self):
        assert said({}, {"version": MIDNIGHT, "values": [5, 6]}) == [Outcome.SUPERSEDED] * 2 + [Outcome.ACCEPTED] * 2

    def test_a_newer_version_supersedes_even_with_the_same_value(self):
        assert said({}, {"version": MIDNIGHT}) == [Outcome.SUPERSEDED] * 2 + [Outcome.ACCEPTED] * 2

    def test_different_values_of_one_version_conflict_and_the_rest_are_copies(self):
        assert said({}, {"values": [1, 9]}) == [Outcome.ACCEPTED, Outcome.CONFLICT, Outcome.DUPLICATE, Outcome.CONFLICT]

    def test_the_same_value_at_another_exponent_is_a_copy(self):
        assert said({}, {"values": [10, 20], "exponent": -4}) == [Outcome.ACCEPTED] * 2 + [Outcome.DUPLICATE] * 2

    def test_a_value_wins_over_no_value_of_the_same_version(self):
        missing = [Quality.MISSING, Quality.MISSING]
        assert said({"values": [0, 0], "quality": missing}, {}) == [Outcome.DUPLICATE] * 2 + [Outcome.ACCEPTED] * 2

    def test_a_conflict_of_an_old_version_is_settled_by_a_newer_one(self):
        found = said({}, {"values": [8, 9]}, {"version": MIDNIGHT})
        assert found == [Outcome.SUPERSEDED] * 4 + [Outcome.ACCEPTED] * 2

    def test_a_file_that_contradicts_itself_does_not_speak_against_another(self):
        found = said({"file_id": "a"}, {"file_id": "a", "values": [8, 9]}, {"file_id": "b"})
        assert found == [Outcome.CONFLICT] * 4 + [Outcome.ACCEPTED] * 2

    def test_a_file_that_contradicts_itself_leaves_no_value_when_nobody_else_speaks(self):
        assert said({"file_id": "a"}, {"file_id": "a", "values": [8, 9]}) == [Outcome.CONFLICT] * 4

    def test_an_older_version_does_not_come_back_when_the_newer_contradicts_itself(self):
        newer = {"file_id": "b", "version": MIDNIGHT}
        found = said({"file_id": "a"}, newer, newer | {"values": [8, 9]})
        assert found == [Outcome.SUPERSEDED] * 2 + [Outcome.CONFLICT] * 4

    def test_wide_values_are_compared_as_they_are(self):
        wide = {"values": [], "values64": [2**40, 2]}
        assert said({"values": [1, 2]}, wide) == [Outcome.CONFLICT, Outcome.ACCEPTED, Outcome.CONFLICT, Outcome.DUPLICATE]


RUN = st.fixed_dictionaries(
    {
        "start": st.integers(0, 5).map(lambda half_hours: MIDNIGHT + timedelta(minutes=30 * half_hours)),
        "values": st.lists(st.integers(0, 2), min_size=1, max_size=4),
        "version": st.sampled_from([None, MIDNIGHT, MIDNIGHT + timedelta(days=1)]),
    }
)


@given(st.lists(RUN, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_no_count(runs, random):
    shuffled = list(runs)
    random.shuffle(shuffled)
    assert sorted(said(*runs)) == sorted(said(*shuffled))


@given(st.lists(RUN, min_size=1, max_size=6))
def test_each_slot_has_one_accepted_value_or_a_conflict(runs):
    table = delivered(*runs)
    slots = expand(table)
    found = outcomes(slots, np.arange(table.num_rows))
    for at in np.unique(slots.at_minutes):
        here = found[slots.at_minutes == at]
        assert (here == Outcome.ACCEPTED).sum() == (0 if (here == Outcome.CONFLICT).any() else 1)
