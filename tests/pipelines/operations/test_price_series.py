from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bill.in_force import SeriesSpan
from pipelines.bill.price_series import series_for
from pipelines.lakehouse.settings import StoreSettings
from pipelines.operations.opening import make_store
from pipelines.operations.price_series import Step, laid_over, read_series, store_series
from schemas.errors import InputRefusedError, TariffError
from schemas.master_data import PRICE_SERIES

AT = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path):
    def write(*rows, head="interval_start,price", name="prices.csv"):
        path = tmp_path / name
        path.write_text("\n".join([head, *rows, ""]), "utf-8")
        return path

    return write


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store", StoreSettings(buckets=1), lambda: AT)


def load(store, path, **options):
    return store_series(store, [("day_ahead", path)], lambda: AT, **options)


def hours(*prices, first=0, minutes=60):
    starts = [AT + timedelta(minutes=minutes * (first + n)) for n in range(len(prices))]
    return [f"{start.isoformat()},{price}" for start, price in zip(starts, prices, strict=True)]


def stored(store):
    rows = store.snapshot().read(PRICE_SERIES).sort_by("starts_at").to_pylist()
    return [((row["starts_at"] - AT) / HOUR, (row["ends_at"] - AT) / HOUR, f"{row['value'].normalize():f}") for row in rows]


def no_row_before(_):
    return None


class TestFiles:
    def test_a_price_holds_until_the_next_and_the_last_as_long_as_the_one_before(self, file):
        steps = read_series(file(*hours("85.5", "-3.25", "90")), last=no_row_before)
        assert steps == [
            Step(AT, AT + HOUR, Decimal("85.5")),
            Step(AT + HOUR, AT + 2 * HOUR, Decimal("-3.25")),
            Step(AT + 2 * HOUR, AT + 3 * HOUR, Decimal(90)),
        ]

    def test_local_times_with_their_offset_are_instants(self, file):
        rows = ("2026-03-29T01:00+01:00,1", "2026-03-29T03:00+02:00,2", "2026-03-29T04:00+02:00,3")
        assert [step.starts_at.hour for step in read_series(file(*rows), last=no_row_before)] == [0, 1, 2]

    def test_other_columns_are_left_alone(self, file):
        path = file(f"DK1,{hours('1')[0]}", f"DK1,{hours('2', first=1)[0]}", head="zone,interval_start,price")
        assert len(read_series(path, last=no_row_before)) == 2

    def test_a_column_of_ends_may_leave_holes(self, file):
        path = file(
            f"{AT.isoformat()},1,{(AT + HOUR).isoformat()}",
            f"{(AT + 5 * HOUR).isoformat()},2,{(AT + 6 * HOUR).isoformat()}",
            head="interval_start,price,interval_end",
        )
        assert [step.ends_at for step in read_series(path, last=no_row_before)] == [AT + HOUR, AT + 6 * HOUR]

    def test_a_row_that_is_missing_is_no_price_that_holds_on(self, file):
        with pytest.raises(InputRefusedError) as caught:
            read_series(file(*hours("1", "2"), *hours("4", first=3)), last=no_row_before)
        assert (caught.value.code, "is a row missing?" in caught.value.message) == ("series.invalid", True)

    def test_unless_whoever_loads_it_says_so(self, file):
        steps = read_series(file(*hours("1", "2"), *hours("4", first=3)), last=no_row_before, until_next=True)
        assert [step.ends_at - step.starts_at for step in steps] == [HOUR, 2 * HOUR, 2 * HOUR]

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            ((), "no rows"),
            (("2026-03-01T00:00,1", "2026-03-01T01:00,1"), "has no offset"),
            (("2026-03-01T00:00:30Z,1",), "whole minute"),
            (("yesterday,1",), "no ISO 8601"),
            (("2026-03-01T00:00Z,1.5e3",), "no price"),
            (('2026-03-01T00:00Z,"1,5"',), "no price"),
            (("2026-03-01T00:00Z,1000000",), "no price"),
            (("2026-03-01T00:00Z,0.1234567890123",), "no price"),
            (("2026-03-01T00:00Z,",), "no price"),
            (("2026-03-01T00:00Z",), "as many cells"),
            (("2026-03-01T00:00Z,1,2",), "as many cells"),
            (("2026-03-01T01:00Z,1", "2026-03-01T00:00Z,1"), "does not follow"),
            (("2026-03-01T00:00Z,1", "2026-03-01T00:00Z,2"), "does not follow"),
            (("2026-03-01T00:00Z,1",), "one row alone"),
        ],
    )
    def test_what_cannot_be_taken_is_refused(self, file, rows, says):
        with pytest.raises(InputRefusedError) as caught:
            read_series(file(*rows), last=no_row_before)
        assert (caught.value.code, says in caught.value.message) == ("series.invalid", True)

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            (("2026-03-01T00:00Z,1,2026-03-01T01:00Z", "2026-03-01T01:00Z,1,"), "interval_end is empty"),
            (("2026-03-01T00:00Z,1,2026-03-01T00:00Z",), "ends before it begins"),
            (("2026-03-01T00:00Z,1,2026-03-01T02:00Z", "2026-03-01T01:00Z,1,2026-03-01T03:00Z"), "before the row above ends"),
        ],
    )
    def test_so_are_ends_that_contradict_each_other(self, file, rows, says):
        with pytest.raises(InputRefusedError) as caught:
            read_series(file(*rows, head="interval_start,price,interval_end"), last=no_row_before)
        assert says in caught.value.message

    @pytest.mark.parametrize("head", ["interval_start", "price", "interval_start,price,price", "start,price"])
    def test_without_its_two_columns_it_is_no_series(self, file, head):
        with pytest.raises(InputRefusedError):
            read_series(file("2026-03-01T00:00Z,1,2", head=head), last=no_row_before)

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(InputRefusedError) as caught:
            read_series(tmp_path / "nowhere.csv", last=no_row_before)
        assert caught.value.code == "file.missing"


class TestStored:
    def test_the_same_again_changes_nothing(self, store, file):
        path = file(*hours("1", "2"))
        assert load(store, path).run_id is not None
        assert load(store, path).run_id is None

    def test_the_next_day_goes_on(self, store, file):
        load(store, file(*hours("1", "2")))
        load(store, file(*hours("3", "4", first=2)))
        assert stored(store) == [(0, 1, "1"), (1, 2, "2"), (2, 3, "3"), (3, 4, "4")]

    def test_one_row_alone_holds_as_long_as_the_stored_row_before_it(self, store, file):
        load(store, file(*hours("1", "2")))
        load(store, file(*hours("3", first=2)))
        assert stored(store)[-1] == (2, 3, "3")

    def test_a_newer_delivery_counts_where_it_has_a_price(self, store, file):
        load(store, file(*hours("1", "2", "3")))
        load(store, file(*hours("7", "8", first=1)))
        assert stored(store) == [(0, 1, "1"), (1, 2, "7"), (2, 3, "8")]

    def test_longer_steps_over_shorter_ones_leave_none_of_them(self, store, file):
        load(store, file(*hours("1", "2", "3", "4", minutes=15)))
        load(store, file(*hours("9", "9")))
        assert stored(store) == [(0, 1, "9"), (1, 2, "9")]

    def test_shorter_steps_inside_a_longer_one_leave_its_ends(self, store, file):
        load(store, file(*hours("1", "2", minutes=120)))
        load(store, file(*hours("8", "9", first=2, minutes=30)))
        assert stored(store) == [(0, 1, "1"), (1, 1.5, "8"), (1.5, 2, "9"), (2, 4, "2")]

    def test_another_series_is_left_alone(self, store, file):
        load(store, file(*hours("1", "2")))
        store_series(store, [("other", file(*hours("5", "6")))], lambda: AT)
        rows = store.snapshot().read(PRICE_SERIES).to_pylist()
        assert sorted((row["name"], int(row["value"])) for row in rows) == [
            ("day_ahead", 1),
            ("day_ahead", 2),
            ("other", 5),
            ("other", 6),
        ]

    def test_a_file_that_is_refused_leaves_the_store_as_it_was(self, store, file):
        load(store, file(*hours("1", "2")))
        before = store.snapshot().run_id
        with pytest.raises(InputRefusedError):
            store_series(store, [("a", file(*hours("5", "6"), name="a.csv")), ("b", file("x,1", name="b.csv"))], lambda: AT)
        assert (store.snapshot().run_id, len(stored(store))) == (before, 2)

    def test_an_earlier_run_still_sees_its_prices(self, store, file):
        first = load(store, file(*hours("1", "2"))).run_id
        load(store, file(*hours("7", "8")))
        rows = store.snapshot(first).read(PRICE_SERIES).sort_by("starts_at")
        assert rows["value"].to_pylist() == [Decimal(1), Decimal(2)]

    @pytest.mark.parametrize("names", [["x y"], ["a", "a"], [""]])
    def test_a_name_is_one_of_tariffs_and_stands_there_once(self, store, file, names):
        with pytest.raises(InputRefusedError):
            store_series(store, [(name, file(*hours("1", "2"))) for name in names], lambda: AT)


class TestForABill:
    def span(self, first, end):
        return SeriesSpan(int((AT + first * HOUR).timestamp()), int((AT + end * HOUR).timestamp()), ("day_ahead",))

    def test_the_values_are_those_in_force(self, store, file):
        load(store, file(*hours("1.5", "-2", "3")))
        series = series_for(store.snapshot(), [self.span(0, 3)])["day_ahead"]
        at = [int((AT + hour * HOUR).timestamp()) for hour in (0, 0.5, 1, 2.75)]
        assert [value / 10**series.scale for value in series.at(np.array(at)).tolist()] == [1.5, 1.5, -2, 3]

    @pytest.mark.parametrize(
        ("first", "end", "says"),
        [
            pytest.param(-0.25, 1, "at 2026-02-28 23:45 UTC", id="before the first"),
            pytest.param(0, 2.25, "at 2026-03-01 02:00 UTC", id="a hole"),
            pytest.param(4, 6.5, "at 2026-03-01 06:00 UTC", id="after the last"),
            pytest.param(2, 3, "at 2026-03-01 02:00 UTC", id="wholly in the hole"),
        ],
    )
    def test_a_hole_is_no_old_price(self, store, file, first, end, says):
        load(store, file(*hours("1", "2")))
        load(store, file(*hours("4", "5", first=4)))
        with pytest.raises(TariffError) as caught:
            series_for(store.snapshot(), [self.span(first, end)])
        assert (caught.value.code, says in caught.value.message) == ("series.missing", True)

    def test_what_is_covered_to_the_minute_is_enough(self, store, file):
        load(store, file(*hours("1", "2")))
        assert series_for(store.snapshot(), [self.span(0, 2)])["day_ahead"].ends == int((AT + 2 * HOUR).timestamp())

    def test_a_series_that_nobody_loaded_is_missing(self, store):
        with pytest.raises(TariffError):
            series_for(store.snapshot(), [self.span(0, 1)])

    def test_a_later_delivery_beyond_the_period_is_no_other_input(self, store, file):
        load(store, file(*hours("1", "2", minutes=240)))
        before = series_for(store.snapshot(), [self.span(0, 5)])["day_ahead"]
        load(store, file(*hours("7", "8", first=6)))
        after = series_for(store.snapshot(), [self.span(0, 5)])["day_ahead"]
        assert (before.starts.tolist(), before.values.tolist(), before.ends) == (
            after.starts.tolist(),
            after.values.tolist(),
            after.ends,
        )


steps = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=6).map(lambda pairs: _apart(sorted(set(pairs))))


def _apart(pairs):
    """Return (begin, end) hours that do not overlap."""
    kept = []
    for begin, length in pairs:
        if not kept or kept[-1][1] <= begin:
            kept.append((begin, begin + length))
    return kept


@given(st.lists(steps, max_size=4))
def test_at_every_hour_the_newest_delivery_that_has_a_price_counts(deliveries):
    series, expected = [], {}
    for number, spans in enumerate(deliveries):
        series = laid_over(series, [(Step(AT + b * HOUR, AT + e * HOUR, Decimal(number)), f"r{number}") for b, e in spans])
        expected |= {hour: number for begin, end in spans for hour in range(begin, end)}
    found = {}
    for step, _ in series:
        for hour in range(int((step.starts_at - AT) / HOUR), int((step.ends_at - AT) / HOUR)):
            assert hour not in found
            found[hour] = int(step.value)
    assert found == expected
    assert all(one.ends_at <= other.starts_at for (one, _), (other, _) in pairwise(series))
