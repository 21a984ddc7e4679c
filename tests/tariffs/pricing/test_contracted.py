"""Contracted power: what the contract says, and what is drawn below and above it."""

from __future__ import annotations

import numpy as np
import pytest

from schemas.errors import TariffError
from tests.tariffs.pricing.power_readings import bill, charge, drawn, exact, instant, lines, metered, noted, sentences

ONE_DAY = ("2026-07-01", "2026-07-02")
MAXIMETER = 'excess: {below_percent: "85", above_percent: "105", times: "2"}'


class TestWithoutExcess:
    def test_the_contract_is_paid_for_each_day_whatever_is_drawn(self):
        rated = bill('{id: power, kind: contracted, price: "0.1", per: day, contracted: "5.5"}', {"2026-07-01T15:00": 9000})
        assert lines(rated) == [(None, None, "5.5", "17.05")]
        assert sentences(rated) == ["power: 5.5 kW (contracted) for 31 days at 0.1 AUD/kW/day = 17.05 AUD"]

    @pytest.mark.parametrize(
        ("per", "amount", "said"),
        [
            pytest.param("month", "11", "power: 5.5 kW (contracted) at 2 AUD/kW = 11.00 AUD", id="once a billing period"),
            pytest.param(
                "year",
                "0.916666666666666667",
                "power: 5.5 kW (contracted) for 0.083333333 year at 2 AUD/kW/year = 0.916666666666666667 AUD",
                id="a twelfth of the year",
            ),
        ],
    )
    def test_or_for_the_month_or_the_year(self, per, amount, said):
        rated = bill(f'{{id: power, kind: contracted, price: "2", per: {per}, contracted: "5.5"}}', {})
        assert lines(rated) == [(None, None, "5.5", amount)]
        assert sentences(rated) == [said]

    def test_needs_no_intervals(self):
        rated = bill('{id: power, kind: contracted, price: "2", per: month, contracted: "5.5"}', {}, timeline=None)
        assert lines(rated) == [(None, None, "5.5", "11")]

    def test_each_agreement_may_say_its_own(self):
        facts = {"contracted_kw": exact("4.6", "9.2", "0")}
        rated = bill('{id: power, kind: contracted, price: "2", per: month}', {}, {}, {}, facts=facts)
        assert [lines(rated, number) for number in range(3)] == [[(None, None, "4.6", "9.2")], [(None, None, "9.2", "18.4")], []]

    def test_for_each_period_under_its_name_also_one_that_does_not_occur(self):
        text = '{id: power, kind: contracted, price: {peak: "2", off: "1"}, per: day, power: kva}'
        facts = {"kva.peak": exact("10"), "kva.off": exact("20")}
        # a Saturday has no peak
        rated = bill(text, {}, dates=("2026-07-04", "2026-07-05"), facts=facts)
        assert lines(rated) == [("peak", None, "10", "20"), ("off", None, "20", "20")]

    def test_the_document_may_say_it_for_each_period(self):
        text = '{id: power, kind: contracted, price: {peak: "2", off: "1"}, per: day, contracted: {off: "20", peak: "10"}}'
        assert lines(bill(text, {}, dates=ONE_DAY)) == [("peak", None, "10", "20"), ("off", None, "20", "20")]

    def test_or_once_for_all(self):
        text = '{id: power, kind: contracted, price: {peak: "2", off: "1"}, per: day, contracted: "10"}'
        assert lines(bill(text, {}, dates=ONE_DAY)) == [("peak", None, "10", "20"), ("off", None, "10", "10")]

    def test_an_agreement_that_does_not_say_it_is_refused(self):
        with pytest.raises(TariffError, match=r"contracted_kw\.peak") as error:
            bill('{id: power, kind: contracted, price: {peak: "2"}, per: day}', {}, facts={"contracted_kw": exact("1")})
        assert error.value.code == "agreement.fact"

    def test_may_be_of_apparent_power(self):
        text = '{id: power, kind: contracted, price: "2", per: month, contracted: "100", measure: {unit: kVA}}'
        assert sentences(bill(text, {})) == ["power: 100 kVA (contracted) at 2 AUD/kVA = 200.00 AUD"]


class TestExcess:
    TEXT = f'{{id: power, kind: contracted, price: "1", per: month, contracted: "100", {MAXIMETER}}}'

    @pytest.mark.parametrize(
        ("peak", "billed"),
        [
            pytest.param(0, "85", id="nothing drawn"),
            pytest.param(84_999, "85", id="just below 85 %"),
            pytest.param(85_000, "85", id="85 %"),
            pytest.param(85_001, "85.001", id="just above 85 %"),
            pytest.param(105_000, "105", id="105 %"),
            pytest.param(105_001, "105.003", id="just above 105 %: the peak and twice what is above"),
            pytest.param(120_000, "150", id="120 + 2 x 15"),
        ],
    )
    def test_is_billed_by_where_the_peak_lies(self, peak, billed):
        assert lines(bill(self.TEXT, {"2026-07-01T15:00": peak})) == [(None, None, billed, billed)]

    def test_is_told_in_the_sentence(self):
        said = "power: 150 kW (drawn, at least 85 % of the contract, and 2 times what is above 105 %) at 1 AUD/kW = 150.00 AUD"
        assert sentences(bill(self.TEXT, {"2026-07-01T15:00": 120_000})) == [said]

    def test_looks_at_the_peak_of_each_period(self):
        text = f'{{id: power, kind: contracted, price: {{peak: "1", off: "1"}}, per: month, contracted: "100", {MAXIMETER}}}'
        rated = bill(text, {"2026-07-01T15:00": 120_000, "2026-07-01T03:00": 90_000})
        assert lines(rated) == [("peak", None, "150", "150"), ("off", None, "90", "90")]

    def test_is_measured_as_the_charge_says_and_noted(self):
        measure = "measure: {window_min: 60}"
        made = charge(f'{{id: power, kind: contracted, price: "1", per: month, contracted: "100", {MAXIMETER}, {measure}}}')
        rated = metered(made, drawn(made, minutes=30, import_kwh=[{"2026-07-01T15:30": 95_000}]))
        assert lines(rated) == [(None, None, "95", "95")]
        assert noted(rated, "peak_kw.power") == [(0, None, ["95"], "kW", [instant(made, "2026-07-01T15:00")])]

    def test_is_of_each_agreement_and_its_own_contract(self):
        text = f'{{id: power, kind: contracted, price: "1", per: month, {MAXIMETER}}}'
        draws = {"2026-07-01T15:00": 120_000}
        rated = bill(text, draws, draws, facts={"contracted_kw": exact("100", "200")})
        assert (lines(rated, 0)[0][2], lines(rated, 1)[0][2]) == ("150", "170")


class TestFactsBelowZero:
    """A contract of less than nothing is a mistake, never a credit: in both engines."""

    def test_it_is_refused(self):
        text = '{id: power, kind: contracted, price: "2", per: month}'
        with pytest.raises(TariffError) as refused:
            bill(text, {"2026-07-01T15:00": 1000}, facts={"contracted_kw": exact("-5")})
        assert (refused.value.code, "less than 0" in refused.value.message) == ("agreement.fact", True)

    def test_of_an_agreement_that_the_charge_is_not_for_it_does_not_matter(self):
        text = '{id: power, kind: contracted, price: "2", per: month, only_for: large}'
        rated = bill(text, {"2026-07-01T15:00": 1000}, facts={"contracted_kw": exact("-5")})
        assert lines(rated) == []

    def test_nor_where_others_have_the_option_that_it_has_not(self):
        text = '{id: power, kind: contracted, price: "2", per: month, only_for: large}'
        options = {"large": np.array([False, True])}
        rated = bill(text, {}, {}, facts={"contracted_kw": exact("-5", "6")}, options=options)
        assert [lines(rated, number) for number in range(2)] == [[], [(None, None, "6", "12")]]
