"""Prices in time: each interval costs the price in force at its start; the line shows their average."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.load import parse_tariff
from tariffs.series import PriceSeries
from tests.tariffs.interval_bills import bill_of_intervals

SPOT = "charges: [{id: spot, kind: energy, price: {series: day_ahead%s}}]"
DAY = {"first": "2026-01-10", "after": "2026-01-11"}
MIDNIGHT = "2026-01-09T23:00"
"""Local midnight of 10 January in Berlin, in UTC."""


def series(*rows, name="day_ahead", scale=5, ends=None):
    """A series from (UTC time, price in 10^-scale)."""
    instants = [int(datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()) for when, _ in rows]
    values = np.array([value for _, value in rows], dtype=np.int64)
    return {name: PriceSeries(name, np.array(instants), values, scale, ends)}


def hourly(prices, first=MIDNIGHT):
    start = int(datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp())
    return {"day_ahead": PriceSeries("day_ahead", start + 3600 * np.arange(len(prices)), np.array(prices, dtype=np.int64), 5)}


def only(rated):
    (row,) = rated.lines.to_pylist()
    return row


class TestAmounts:
    def test_each_interval_has_the_price_of_its_start(self, tariff_of):
        # 0.10000 until 10:00 local time, then 0.30000; 2 kWh at 09:00, 1 kWh at 10:00
        prices = series((MIDNIGHT, 10_000), ("2026-01-10T09:00", 30_000))
        wh = [0] * 9 + [2_000, 1_000] + [0] * 13
        line = only(bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [wh]}, series=prices, **DAY))
        assert (line["quantity"], line["amount"], line["price"]) == (3, Decimal("0.5"), Decimal("0.16666667"))
        assert (line["band"], line["tier"], line["kind"]) == (None, None, "energy")
        assert line["text"] == "spot: 3 kWh at the prices of day_ahead = 0.50 EUR"

    def test_a_price_that_changes_inside_an_interval_waits_for_the_next(self, tariff_of):
        prices = series((MIDNIGHT, 10_000), ("2026-01-10T08:59", 30_000))
        wh = [0] * 9 + [2_000, 1_000] + [0] * 13
        line = only(bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [wh]}, series=prices, **DAY))
        assert line["amount"] == Decimal("0.5")

    def test_a_price_may_be_negative(self, tariff_of):
        rated = bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [[1_000] * 24]}, series=series((MIDNIGHT, -2_500)), **DAY)
        assert (only(rated)["amount"], only(rated)["price"]) == (Decimal("-0.6"), Decimal("-0.025"))

    def test_prices_per_mwh_are_divided_by_1000_and_multiplied_by_times(self, tariff_of):
        tariff = tariff_of(SPOT % ', per: MWh, times: "1.08"')
        prices = series((MIDNIGHT, 8_000_000))
        line = only(bill_of_intervals(tariff, {"import_kwh": [[1_000] * 24]}, series=prices, **DAY))
        # 80 EUR/MWh x 1.08 = 0.0864 EUR/kWh
        assert (line["amount"], line["price"]) == (Decimal("2.0736"), Decimal("0.0864"))
        assert line["text"] == "spot: 24 kWh at 1.08 times the prices of day_ahead = 2.0736 EUR"

    def test_cents_that_cancel_leave_no_price(self, tariff_of):
        prices = series((MIDNIGHT, 10_000), ("2026-01-10T09:00", 30_000))
        wh = [0] * 9 + [1_000, -1_000] + [0] * 13
        line = only(bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [wh]}, series=prices, **DAY))
        assert (line["quantity"], line["amount"], line["price"]) == (0, Decimal("-0.2"), 0)

    def test_nothing_used_is_no_line(self, tariff_of):
        rated = bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [[0] * 24]}, series=series((MIDNIGHT, 1)), **DAY)
        assert rated.lines.num_rows == 0

    def test_each_agreement_has_its_own_average(self, tariff_of):
        prices = series((MIDNIGHT, 10_000), ("2026-01-10T09:00", 30_000))
        early, late, mixed = ([0] * 9 + [*hours] + [0] * 13 for hours in ((1_000, 0), (0, 1_000), (1_000, 1_000)))
        rated = bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [[0] * 24, late, early, mixed]}, series=prices, **DAY)
        assert [(row["agreement_index"], row["price"]) for row in rated.lines.to_pylist()] == [
            (1, Decimal("0.3")),
            (2, Decimal("0.1")),
            (3, Decimal("0.2")),
        ]

    def test_a_rider_may_be_a_series(self, tariff_of):
        tariff = tariff_of("charges: [{id: fuel, kind: rider, per: kWh, series: fuel_2026}]")
        prices = series((MIDNIGHT, 1_000), name="fuel_2026")
        line = only(bill_of_intervals(tariff, {"import_kwh": [[1_000] * 24]}, series=prices, **DAY))
        assert (line["kind"], line["amount"]) == ("rider", Decimal("0.24"))

    @given(
        st.lists(st.lists(st.integers(-10_000, 10**7), min_size=25, max_size=25), min_size=1, max_size=4),
        st.lists(st.integers(-60_000, 500_000), min_size=25, max_size=25),
    )
    @settings(max_examples=40)
    def test_agrees_with_a_sum_hour_by_hour_where_the_clocks_go_back(self, tariff_of, uses, prices):
        given_prices = hourly(prices, "2026-10-24T22:00")
        groups = [list(range(len(uses)))[half::2] for half in (0, 1) if len(uses) > half]
        dates = {"first": "2026-10-25", "after": "2026-10-26"}
        rated = bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": uses}, series=given_prices, groups=groups, **dates)
        lines = {row["agreement_index"]: row for row in rated.lines.to_pylist()}
        for number, wh in enumerate(uses):
            amount = sum(Fraction(each * price, 10**8) for each, price in zip(wh, prices, strict=True))
            assert Fraction(rated.total[number].as_py()) == amount
            if sum(wh):
                average = Decimal((amount / Fraction(sum(wh), 1000)).numerator) / (amount / Fraction(sum(wh), 1000)).denominator
                assert lines[number]["price"] == average.quantize(Decimal("1e-8"), ROUND_HALF_EVEN)

    def test_values_beyond_64_bits_stay_exact(self, tariff_of):
        prices = series((MIDNIGHT, 9_876_543_210_987), scale=12)
        line = only(bill_of_intervals(tariff_of(SPOT % ""), {"import_kwh": [[10**12] * 24]}, series=prices, **DAY))
        assert line["amount"] == 24 * Decimal(10**9) * Decimal("9.876543210987")


class TestVersions:
    def test_each_version_prices_its_own_intervals(self):
        text = "tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nrounding: {line: none}\nversions:\n"
        text += f"- from: 2020-01-01\n  {SPOT % ''}\n- from: 2026-01-11\n  {SPOT % ', times: 2'}\n"
        wh = [0] * 48
        wh[23], wh[24] = 1_000, 1_000
        prices = series((MIDNIGHT, 10_000))
        rated = bill_of_intervals(
            parse_tariff(text, "t.yaml"), {"import_kwh": [wh]}, series=prices, first="2026-01-10", after="2026-01-12"
        )
        assert [(row["tariff_version"][:4], row["amount"]) for row in rated.lines.to_pylist()] == [
            ("2020", Decimal("0.1")),
            ("2026", Decimal("0.2")),
        ]


class TestWhatIsMissing:
    def refusal(self, tariff, **more):
        with pytest.raises(TariffError) as refused:
            bill_of_intervals(tariff, {"import_kwh": [[1_000] * 24]}, **DAY, **more)
        return refused.value

    def test_a_series_that_is_not_given(self, tariff_of):
        error = self.refusal(tariff_of(SPOT % ""))
        assert (error.code, "day_ahead" in error.message) == ("series.missing", True)

    def test_an_instant_before_the_first_price(self, tariff_of):
        error = self.refusal(tariff_of(SPOT % ""), series=series(("2026-01-09T23:01", 1)))
        assert (error.code, "2026-01-09 23:00" in error.message) == ("series.missing", True)

    def test_an_instant_after_the_last(self, tariff_of):
        ends = int(datetime(2026, 1, 10, 22, tzinfo=UTC).timestamp())
        error = self.refusal(tariff_of(SPOT % ""), series=series((MIDNIGHT, 1), ends=ends))
        assert (error.code, "2026-01-10 22:00" in error.message) == ("series.missing", True)

    def test_intervals(self, tariff_of, bill):
        with pytest.raises(TariffError) as refused:
            bill(tariff_of(SPOT % ""), {"import_kwh": [[1_000]]}, series=series((MIDNIGHT, 1)))
        assert refused.value.code == "tariff.needs_intervals"

    def test_a_determinant_that_is_no_energy(self, tariff_of):
        with pytest.raises(TariffError) as refused:
            tariff_of("charges: [{id: spot, kind: energy, quantity: kvarh, price: {series: day_ahead}}]")
        assert (refused.value.code, refused.value.where) == ("tariff.invalid", "versions[0].charges[0].quantity")

    def test_steps_go_with_no_series(self, tariff_of):
        with pytest.raises(TariffError) as refused:
            tariff_of('charges: [{id: spot, kind: energy, price: {series: day_ahead}, tiers: {limits: ["1"]}}]')
        assert refused.value.where == "versions[0].charges[0].tiers"
