from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.bill.timelines import Fed, lay_out, only, require_same_energy
from schemas.errors import InvariantError
from schemas.readings import READINGS_DAILY
from tariffs.calendar import Combo
from tariffs.rated import Determinant

DAY_1 = date(2026, 3, 1)
STARTS_AT, ENDS_AT = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 2, 14, tzinfo=UTC)
BEGIN, END = int(STARTS_AT.timestamp()), int(ENDS_AT.timestamp())
"""Two days of Brisbane, +10:00."""


def row(day=DAY_1, *, values, exponent=-3, slot_offset=0, standard=600, minutes=None):
    return {
        "month": "2026-03", "bucket": 0, "service_point_id": "S1", "meter_id": "M1", "channel": "E1",
        "quantity": "active_energy", "direction": "import", "unit": "kWh", "day": day, "standard_offset_minutes": standard,
        "interval_minutes": minutes or 1440 // len(values), "slot_offset_minutes": slot_offset, "exponent": exponent,
        "values": values, "value_sum": sum(values), "missing": 0, "estimated": 0,
    }  # fmt: skip


def fed(*parts):
    """Rows with the agreement that they are billed to, and from when until when their channel counts."""
    rows = [each[0] for each in parts]
    spans = [each[2:] or (BEGIN, END) for each in parts]
    return Fed(
        pa.Table.from_pylist(rows, schema=READINGS_DAILY.schema),
        np.array([each[1] for each in parts], dtype=np.int64),
        np.array([span[0] for span in spans], dtype=np.int64),
        np.array([span[1] for span in spans], dtype=np.int64),
    )


def laid(feeds, count=1, starts_at=STARTS_AT, ends_at=ENDS_AT):
    return lay_out(feeds, count, starts_at=starts_at, ends_at=ends_at)


def the_stretch(feeds, count=1, **period):
    (stretch,) = laid(feeds, count, **period).timeline.stretches
    return stretch


SECOND = DAY_1 + timedelta(days=1)
THIRD = DAY_1 + timedelta(days=2)


class TestOneChannel:
    def test_days_follow_each_other_without_a_gap(self):
        found = the_stretch({"import_kwh": fed((row(values=[1] * 48), 0), (row(SECOND, values=[2] * 48), 0))})
        assert (found.minutes, len(found.starts), int(found.starts[0])) == (30, 96, BEGIN)
        assert set(np.diff(found.starts).tolist()) == {1800}
        assert found.values["import_kwh"].tolist() == [[1] * 48 + [2] * 48]

    def test_a_day_that_nobody_delivered_is_zero(self):
        found = the_stretch({"import_kwh": fed((row(SECOND, values=[2] * 48), 0))})
        assert found.values["import_kwh"].tolist() == [[0] * 48 + [2] * 48]

    def test_only_slots_that_begin_in_the_period_are_there(self):
        # from 00:30 of the first day to 01:00 of the second: the slots of 00:30, ..., 23:30 and 00:00, 00:30
        period = {"starts_at": STARTS_AT + timedelta(minutes=30), "ends_at": STARTS_AT + timedelta(hours=25)}
        found = the_stretch(
            {"import_kwh": fed((row(values=[*range(48)]), 0), (row(SECOND, values=[*range(100, 148)]), 0))}, **period
        )
        assert found.values["import_kwh"].tolist() == [[*range(1, 48), 100, 101]]

    def test_a_period_that_begins_inside_a_slot_begins_with_the_next(self):
        period = {"starts_at": STARTS_AT + timedelta(minutes=10), "ends_at": STARTS_AT + timedelta(minutes=70)}
        found = the_stretch({"import_kwh": fed((row(values=[*range(48)]), 0))}, **period)
        assert found.values["import_kwh"].tolist() == [[1, 2]]
        assert int(found.starts[0]) == BEGIN + 1800

    def test_a_day_that_does_not_begin_at_midnight_stands_where_it_begins(self):
        # the first slot of the row begins at 06:00: twelve slots of the day before it are not known
        found = the_stretch({"import_kwh": fed((row(values=[7] * 48, slot_offset=360), 0))})
        assert found.values["import_kwh"].tolist() == [[0] * 12 + [7] * 48 + [0] * 36]


class TestSeveralChannels:
    def test_channels_of_a_determinant_are_added_up(self):
        found = the_stretch({"import_kwh": fed((row(values=[1] * 48), 0), (row(values=[10] * 48), 0))})
        assert found.values["import_kwh"].tolist() == [[11] * 48 + [0] * 48]

    def test_a_new_meter_goes_on_where_the_old_one_ended(self):
        noon = BEGIN + 12 * 3600
        parts = ((row(values=[1] * 48), 0, BEGIN, noon), (row(values=[2] * 48), 0, noon, END))
        assert the_stretch({"import_kwh": fed(*parts)}).values["import_kwh"].tolist() == [[1] * 24 + [2] * 24 + [0] * 48]

    def test_a_slot_in_which_the_meter_was_exchanged_is_that_of_the_meter_it_began_with(self):
        ten_past = BEGIN + 12 * 3600 + 600
        parts = ((row(values=[1] * 48), 0, BEGIN, ten_past), (row(values=[2] * 48), 0, ten_past, END))
        assert the_stretch({"import_kwh": fed(*parts)}).values["import_kwh"].tolist() == [[1] * 25 + [2] * 23 + [0] * 48]

    def test_determinants_stand_beside_each_other(self):
        found = the_stretch({"import_kwh": fed((row(values=[1] * 48), 0)), "kvarh": fed((row(SECOND, values=[5] * 48), 0))})
        assert sorted(found.values) == ["import_kwh", "kvarh"]
        assert found.values["kvarh"].tolist() == [[0] * 48 + [5] * 48]

    def test_one_that_nobody_has_is_not_there(self):
        assert list(the_stretch({"import_kwh": fed((row(values=[1] * 48), 0)), "kvarh": fed()}).values) == ["import_kwh"]

    def test_exponents_become_the_finest_of_them(self):
        parts = ((row(values=[1] * 48, exponent=-3), 0), (row(SECOND, values=[5] * 48, exponent=-6), 0))
        found = the_stretch({"import_kwh": fed(*parts)})
        assert found.exponents == {"import_kwh": -6}
        assert found.values["import_kwh"].tolist() == [[1000] * 48 + [5] * 48]

    def test_a_value_that_does_not_fit_is_an_error_and_no_other_number(self):
        huge = row(values=[2**30] * 48, exponent=9)
        with pytest.raises(InvariantError) as caught:
            laid({"import_kwh": fed((huge, 0), (row(SECOND, values=[1] * 48, exponent=-9), 0))})
        assert caught.value.code == "arithmetic.bound"


class TestSeveralLengths:
    def test_agreements_of_one_length_stand_together(self):
        found = laid({"import_kwh": fed((row(values=[1] * 48), 0), (row(values=[2] * 96), 1), (row(values=[3] * 48), 2))}, 3)
        assert [(s.minutes, s.rows.tolist(), s.values["import_kwh"][:, 0].tolist()) for s in found.timeline.stretches] == [
            (15, [1], [2]),
            (30, [0, 2], [1, 3]),
        ]

    def test_a_channel_that_changes_its_length_is_added_up_to_the_longer(self):
        found = laid({"import_kwh": fed((row(values=[6] * 48), 0), (row(SECOND, values=[1] * 288), 0))})
        (stretch,) = found.timeline.stretches
        assert stretch.minutes == 30
        assert stretch.values["import_kwh"].tolist() == [[6] * 96]
        assert found.added_up.tolist() == [0]

    def test_two_determinants_have_one_length_too(self):
        found = the_stretch({"import_kwh": fed((row(values=[1] * 96), 0)), "kvarh": fed((row(values=[5] * 24), 0))})
        assert (found.minutes, found.values["import_kwh"][0, :2].tolist(), found.values["kvarh"][0, :2].tolist()) == (
            60,
            [4, 4],
            [5, 5],
        )

    def test_lengths_of_which_none_divides_the_other_have_a_common_one(self):
        found = the_stretch({"import_kwh": fed((row(values=[1] * 144), 0), (row(values=[10] * 96), 0))})
        assert (found.minutes, found.values["import_kwh"][0, 0]) == (30, 3 + 20)

    def test_a_period_that_ends_inside_a_longer_interval_cannot_be_laid_out(self):
        period = {"starts_at": STARTS_AT, "ends_at": STARTS_AT + timedelta(minutes=1470)}
        feeds = {"import_kwh": fed((row(values=[1] * 96), 0)), "kvarh": fed((row(values=[1] * 24), 0))}
        found = laid(feeds, **period)
        assert "15 and 60 minutes" in found.uneven[0]
        assert sum(int(s.values[name].sum()) for s in found.timeline.stretches for name in s.values) == 0
        assert not laid(feeds).uneven

    def test_channels_that_begin_at_other_minutes_cannot_be_laid_out(self):
        found = laid(
            {"import_kwh": fed((row(values=[1] * 48), 0), (row(values=[1] * 48, slot_offset=10), 0), (row(values=[1] * 48), 1))},
            2,
        )
        assert list(found.uneven) == [0]
        assert "do not begin at the same minutes" in found.uneven[0]
        (stretch,) = found.timeline.stretches
        assert stretch.rows.tolist() == [0, 1]
        assert stretch.values["import_kwh"].sum(axis=1).tolist() == [0, 48]

    def test_an_agreement_without_readings_stands_with_zeros_among_the_shortest(self):
        found = laid({"import_kwh": fed((row(values=[1] * 48), 0), (row(values=[1] * 96), 2))}, 3)
        assert [(s.minutes, s.rows.tolist()) for s in found.timeline.stretches] == [(15, [1, 2]), (30, [0])]
        assert found.timeline.stretches[0].values["import_kwh"][0].sum() == 0

    def test_nobody_with_readings_still_has_a_row(self):
        (stretch,) = laid({"import_kwh": fed()}, 2).timeline.stretches
        assert (stretch.rows.tolist(), len(stretch.starts), stretch.values) == ([0, 1], 96, {})


class TestOnly:
    def test_agreements_are_numbered_anew_in_the_order_asked_for(self):
        whole = laid({"import_kwh": fed((row(values=[1] * 48), 0), (row(values=[2] * 96), 1), (row(values=[3] * 48), 2))}, 3)
        picked = only(whole.timeline, [2, 1])
        assert [(s.minutes, s.rows.tolist(), s.values["import_kwh"][:, 0].tolist()) for s in picked.stretches] == [
            (15, [1], [2]),
            (30, [0], [3]),
        ]

    def test_a_length_that_nobody_has_any_more_is_gone(self):
        whole = laid({"import_kwh": fed((row(values=[1] * 48), 0), (row(values=[2] * 96), 1))}, 2)
        assert [s.minutes for s in only(whole.timeline, [0]).stretches] == [30]


class TestSameEnergy:
    def determinant(self, total, exponent=-3):
        return {"import_kwh": Determinant((Combo(0, None),), exponent, np.array([[total]], dtype=np.int64), "kWh")}

    def test_intervals_that_make_the_sums_are_taken(self):
        timeline = laid({"import_kwh": fed((row(values=[1] * 48), 0))}).timeline
        require_same_energy(timeline, self.determinant(48))
        require_same_energy(timeline, self.determinant(48_000, exponent=-6))

    @pytest.mark.parametrize(("total", "exponent"), [(47, -3), (49, -3), (48_001, -6)])
    def test_intervals_that_do_not_are_never_rated(self, total, exponent):
        timeline = laid({"import_kwh": fed((row(values=[1] * 48), 0))}).timeline
        with pytest.raises(InvariantError) as caught:
            require_same_energy(timeline, self.determinant(total, exponent))
        assert caught.value.code == "timeline.sum"


@st.composite
def deliveries(draw):
    """Rows of one to three agreements around the period: lengths, offsets, exponents and times that channels count vary."""
    parts = []
    for agreement in range(draw(st.integers(1, 3))):
        minutes = draw(st.sampled_from([15, 30, 60]))
        for _ in range(draw(st.integers(0, 4))):
            day = DAY_1 + timedelta(days=draw(st.integers(-1, 2)))
            values = draw(st.lists(st.integers(-5, 500), min_size=1440 // minutes, max_size=1440 // minutes))
            offset = draw(st.sampled_from([0, 0, 60, 360]))
            cut = BEGIN + 60 * draw(st.integers(0, 2880))
            span = draw(st.sampled_from([(BEGIN, END), (BEGIN, cut), (cut, END)]))
            parts.append(
                (row(day, values=values, exponent=draw(st.sampled_from([-3, -4])), slot_offset=offset), agreement, *span)
            )
    return parts, agreement + 1


@given(deliveries())
@settings(max_examples=150, deadline=None)
def test_the_intervals_are_what_adding_slot_by_slot_gives(case):
    parts, count = case
    expected = Counter()
    for each, agreement, since, until in parts:
        first = int(datetime(each["day"].year, each["day"].month, each["day"].day, tzinfo=UTC).timestamp())
        first += (each["slot_offset_minutes"] - 600) * 60
        for slot, value in enumerate(each["values"]):
            start = first + slot * each["interval_minutes"] * 60
            if max(since, BEGIN) <= start < min(until, END):
                expected[agreement, start] += value * 10 ** (each["exponent"] + 4)
    found = Counter()
    placed = []
    for stretch in laid({"import_kwh": fed(*parts)}, count).timeline.stretches:
        placed += stretch.rows.tolist()
        for name, used in stretch.values.items():
            for place, agreement in enumerate(stretch.rows.tolist()):
                for start, value in zip(stretch.starts.tolist(), used[place].tolist(), strict=True):
                    found[agreement, start] += value * 10 ** (stretch.exponents[name] + 4)
    assert sorted(placed) == list(range(count))
    assert {key: value for key, value in found.items() if value} == {key: value for key, value in expected.items() if value}


@given(
    members=st.integers(1, 4),
    days=st.integers(1, 4),
    first=st.integers(-2, 2),
    cut=st.tuples(st.integers(0, 47), st.integers(0, 47)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_rows_in_order_are_laid_as_rows_in_any_order(members, days, first, cut, seed):
    rng = np.random.default_rng(seed)
    begin, end = STARTS_AT + timedelta(minutes=30 * cut[0]), ENDS_AT + timedelta(minutes=30 * cut[1])
    span = int(begin.timestamp()), int(end.timestamp())
    parts = [
        (row(DAY_1 + timedelta(days=first + day), values=rng.integers(-9, 999, 48).tolist()), member, *span)
        for member in range(members)
        for day in range(days)
    ]
    in_order, reversed_ = (
        the_stretch({"import_kwh": fed(*rows)}, members, starts_at=begin, ends_at=end) for rows in (parts, parts[::-1])
    )
    assert in_order.values["import_kwh"].tolist() == reversed_.values["import_kwh"].tolist()
