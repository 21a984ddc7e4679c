from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from schemas.errors import InputRefusedError, TariffError
from tariffs.simulation.price_series import read_series


def read(rows):
    return read_series("\n".join(["interval_start,price", *rows]) + "\n", "prices.csv", "day_ahead")


def at(series, hour):
    return series.at(np.array([int(datetime(2026, 1, 1, hour, tzinfo=UTC).timestamp())])).tolist()


def test_a_price_holds_until_the_next_row_and_the_last_one_from_then_on():
    series = read(["2026-01-01T01:00:00+01:00,12.5", "2026-01-01T03:00:00+01:00,-0.25"])
    assert (series.name, series.scale) == ("day_ahead", 2)
    assert [at(series, hour) for hour in (0, 1, 2, 23)] == [[1250], [1250], [-25], [-25]]


def test_before_the_first_row_there_is_no_price():
    series = read(["2026-01-01T01:00:00Z,12.5"])
    with pytest.raises(TariffError) as caught:
        at(series, 0)
    assert caught.value.code == "series.missing"


@pytest.mark.parametrize("second", ["2026-01-01T00:00:00Z,1", "2025-12-31T23:00:00Z,1", "2026-01-01T01:00:00+01:00,1"])
def test_a_row_that_is_not_later_than_the_one_before_is_refused(second):
    with pytest.raises(InputRefusedError) as caught:
        read(["2026-01-01T00:00:00Z,1", second])
    assert (caught.value.code, caught.value.where) == ("series.order", "prices.csv:3")


@pytest.mark.parametrize("price", ["", "nan", "1e2", "0.0000000000001"])
def test_what_is_no_price_of_twelve_decimals_is_refused(price):
    with pytest.raises(InputRefusedError) as caught:
        read(["2026-01-01T00:00:00Z,1", f"2026-01-01T01:00:00Z,{price}"])
    assert (caught.value.code, caught.value.where) == ("table.cell", "prices.csv:3")


def test_twelve_decimals_are_kept():
    assert at(read(["2026-01-01T00:00:00Z,0.000000000001"]), 0) == [1]
