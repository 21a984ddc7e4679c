from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.operations.book_simulation.histogram import MOST_BINS, histograms_of
from schemas.table import CENTS

AMOUNTS = st.decimals(-5000, 5000, places=2)


def histogram(*differences: str | Decimal):
    values = [Decimal(value) for value in differences]
    return histograms_of(pa.table({"label": ["all"] * len(values), "difference_total": pa.array(values, CENTS)}))["all"]


def filled(*differences: str):
    return {(str(low), str(high)): bills for low, high, bills in histogram(*differences).bins if bills}


def test_a_bin_of_rises_has_its_upper_end_and_a_bin_of_falls_its_lower():
    assert filled("0.01", "1", "1.01", "-1", "-1.01", "-12", "12") == {
        ("-12.000", "-11.000"): 1, ("-2.000", "-1.000"): 1, ("-1.000", "0.000"): 1,
        ("0.000", "1.000"): 2, ("1.000", "2.000"): 1, ("11.000", "12.000"): 1,
    }  # fmt: skip


def test_bills_that_stay_equal_have_a_bin_of_their_own():
    assert filled("0", "0", "0.01") == {("0.000", "0.000"): 2, ("0.000", "0.010"): 1}


def test_bills_that_all_stay_equal_make_one_bin():
    assert histogram("0", "0").bins == ((0, 0, 2),)


def test_what_lies_beyond_98_of_100_bills_is_in_an_open_bin():
    many = histogram(*["1"] * 150, "9000", "-7000")
    assert many.width == Decimal("0.1")
    assert (many.bins[-1], many.bins[0]) == ((Decimal("0.900"), None, 151), (None, Decimal(0), 1))


def test_without_outliers_no_bin_is_open():
    assert not any(bin_.is_open for bin_ in histogram("-3", "2", "7").bins)


def test_every_group_has_bins_of_its_own():
    table = pa.table({"label": ["a", "b"], "difference_total": pa.array([Decimal(1), Decimal(1000)], CENTS)})
    assert {label: one.width for label, one in histograms_of(table).items()} == {"a": Decimal("0.1"), "b": Decimal(100)}


@pytest.mark.parametrize("factor", ["0.01", "1", "250", "1000000"])
def test_the_width_is_1_2_or_5_times_a_power_of_ten(factor):
    width = histogram(Decimal(factor) * 7, Decimal(factor) * -3).width.normalize()
    assert width.as_tuple().digits in {(1,), (2,), (5,)}


@settings(max_examples=40)
@given(st.lists(AMOUNTS, min_size=1, max_size=40))
def test_each_bill_is_in_the_one_bin_between_whose_ends_it_lies(differences):
    found = histogram(*differences)
    assert len(found.bins) <= 2 * MOST_BINS + 1
    wanted = Counter()
    for difference in differences:
        inside = [
            place
            for place, bin_ in enumerate(found.bins)
            if (difference == 0 and bin_.is_equal)
            or (
                difference > 0
                and bin_.low is not None
                and bin_.low < difference
                and (bin_.high is None or difference <= bin_.high)
            )
            or (
                difference < 0
                and bin_.high is not None
                and difference < bin_.high
                and (bin_.low is None or bin_.low <= difference)
            )
        ]
        assert len(inside) == 1
        wanted[inside[0]] += 1
    assert [bin_.bills for bin_ in found.bins] == [wanted[place] for place in range(len(found.bins))]
