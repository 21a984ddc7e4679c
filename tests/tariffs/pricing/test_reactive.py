"""Reactive energy above a share of the active energy."""

from __future__ import annotations

import pytest

from schemas.errors import InvariantError
from tests.tariffs.pricing.power_readings import bill, charge, drawn, lines, metered, sentences

KWH = {"2026-07-01T15:00": 100_000, "2026-07-01T03:00": 200_000}


class TestReactiveEnergy:
    @pytest.mark.parametrize(
        ("varh", "expected"),
        [
            pytest.param(99_000, [], id="33 % of 300 kWh are free"),
            pytest.param(99_001, [(None, None, "0.001", "0.00002")], id="just above"),
            pytest.param(150_000, [(None, None, "51", "1.02")], id="well above"),
        ],
    )
    def test_is_charged_above_the_free_share(self, varh, expected):
        text = '{id: reactive, kind: reactive, price: "0.02", free_percent: "33"}'
        assert lines(bill(text, KWH, kvarh=[{"2026-07-09T15:00": varh}])) == expected

    def test_tells_what_is_charged(self):
        text = '{id: reactive, kind: reactive, price: "0.02", free_percent: "33"}'
        said = "reactive: 51 kvarh above 33 % of the active energy at 0.02 AUD/kvarh = 1.02 AUD"
        assert sentences(bill(text, KWH, kvarh=[{"2026-07-09T15:00": 150_000}])) == [said]

    def test_by_period_each_has_its_own_free_share(self):
        text = '{id: reactive, kind: reactive, price: {peak: "0.04", off: "0.02"}, free_percent: "50"}'
        kvarh = {"2026-07-01T15:00": 60_000, "2026-07-01T03:00": 60_000}
        assert lines(bill(text, KWH, kvarh=[kvarh])) == [("peak", None, "10", "0.4")]

    def test_periods_without_a_price_are_free(self):
        text = '{id: reactive, kind: reactive, price: {peak: "0.04"}, free_percent: "0"}'
        kvarh = {"2026-07-01T15:00": 60_000, "2026-07-01T03:00": 60_000}
        assert lines(bill(text, KWH, kvarh=[kvarh])) == [("peak", None, "60", "2.4")]

    def test_names_its_determinants(self):
        made = charge('{id: r, kind: reactive, price: "1", quantity: lag_kvarh, of: load_kwh, free_percent: "10"}')
        readings = drawn(made, lag_kvarh=[{"2026-07-01T15:00": 5000}], load_kwh=[{"2026-07-01T15:00": 20_000}])
        assert lines(metered(made, readings)) == [(None, None, "3", "3")]

    def test_is_never_taken_for_zero(self):
        with pytest.raises(InvariantError, match="kvarh was not given"):
            bill('{id: r, kind: reactive, price: "1", free_percent: "10"}', KWH)
