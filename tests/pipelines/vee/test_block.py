from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipelines.vee.block import Block, position_range, runs
from schemas.codes import Method, Quality
from schemas.errors import InvariantError


def test_arrays_that_do_not_fit_are_refused(make_block):
    block = make_block([1] * 48)
    with pytest.raises(InvariantError, match=r"quality is int8 \(1, 2, 48\), expected int8 \(1, 1, 48\)"):
        Block(**(block.__dict__ | {"quality": np.zeros((1, 2, 48), np.int8)}))


def test_arrays_of_another_type_are_refused(make_block):
    block = make_block([1] * 48)
    with pytest.raises(InvariantError, match="values is int32"):
        Block(**(block.__dict__ | {"values": block.values.astype(np.int32)}))


@pytest.mark.parametrize(
    ("minutes", "position"),
    [
        pytest.param(0, 0, id="the start is the first slot"),
        pytest.param(30, 1, id="one slot later"),
        pytest.param(2880, 96, id="the end of the last slot is a border too"),
        pytest.param(2910, None, id="past the end is outside"),
        pytest.param(-30, None, id="before the start is outside"),
        pytest.param(10, None, id="inside a slot is no border"),
    ],
)
def test_position_of_an_instant(make_block, minutes, position):
    block = make_block([1] * 96)
    start = datetime(2026, 1, 4, 23, tzinfo=UTC)  # 2026-01-05 00:00 at +01:00
    assert block.position_at(start + timedelta(minutes=minutes)) == position


def test_runs_do_not_cross_channels():
    start, end = runs(np.array([46, 47, 48, 49]), slots=48)
    assert (start.tolist(), end.tolist()) == ([46, 48], [48, 50])


def test_runs_cross_days():
    start, end = runs(np.array([46, 47, 48, 49]), slots=96)
    assert (start.tolist(), end.tolist()) == ([46], [50])


def test_no_positions_have_no_runs():
    assert [len(part) for part in runs(np.empty(0, np.int64), slots=48)] == [0, 0]


def test_new_slots_leave_the_old_block_alone(make_block):
    block = make_block([1] * 48)
    new = block.with_slots(np.array([3]), values=7, quality=Quality.ESTIMATED, method=Method.LINEAR)
    assert (block.values.sum(), new.values[0, 0, 3], new.quality[0, 0, 3], new.method[0, 0, 3]) == (48, 7, 5, 2)


def test_no_new_slots_need_no_copy(make_block):
    block = make_block([1] * 48)
    assert block.with_slots(np.empty(0, np.int64), values=0, quality=Quality.MISSING, method=Method.NONE) is block


def test_a_slice_of_days_is_a_range_of_positions(make_block):
    block = make_block([1] * 48 * 4)
    assert (position_range(block, slice(1, 3)), position_range(block, slice(None))) == ((48, 144), (0, 192))
