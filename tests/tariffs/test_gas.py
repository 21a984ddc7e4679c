"""Gas and water: a volume becomes energy, interval by interval or by the mean of the days; nothing is rounded on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from schemas.errors import TariffError
from tariffs.rating import rate
from tariffs.series import PriceSeries
from tests.tariffs.interval_bills import bill_of_intervals, inputs_of_intervals

CONVERSION = 'conversion: {volume: volume_m3, energy: gas_kwh, correction: "1.02264", calorific_value: %s, divide_by: "3.6"}\n'
ONE, DATED, SERIES = '"39.5"', '[{from: 2020-01-01, value: "39.5"}, {from: 2026-01-11, value: "40.1"}]', "{series: cv}"
FLAT = 'charges: [{id: gas, kind: energy, quantity: gas_kwh, price: "0.06"}]'
JANUARY = 31 * 24


def only(rated):
    (row,) = rated.lines.to_pylist()
    return row


def hours(**litres):
    """A January with volumes at some hours: ``d10h23=1000`` is a cubic metre at 23:00 on the 10th."""
    row = [0] * JANUARY
    for when, value in litres.items():
        day, hour = when[1:].split("h")
        row[(int(day) - 1) * 24 + int(hour)] = value
    return [row]


class TestOneValue:
    def test_the_quantity_has_nine_decimals_and_the_amount_is_of_the_exact_quotient(self, tariff_of, bill):
        line = only(bill(tariff_of(CONVERSION % ONE + FLAT), {"volume_m3": [[100_000]]}))
        # 100 x 1.02264 x 39.5 / 3.6 = 1122.063333..., x 0.06 = 67.3238
        assert (line["quantity"], line["unit"], line["amount"]) == (Decimal("1122.063333333"), "kWh", Decimal("67.3238"))
        assert line["text"] == "gas: 1122.063333333 kWh at 0.06 EUR/kWh = 67.3238 EUR"

    def test_a_rider_is_on_the_energy_too(self, tariff_of, bill):
        tariff = tariff_of(CONVERSION % ONE + FLAT[:-1] + ', {id: levy, kind: rider, quantity: gas_kwh, price: "0.003"}]')
        rated = bill(tariff, {"volume_m3": [[100_000]]})
        assert [row["amount"] for row in rated.lines.to_pylist()] == [Decimal("67.3238"), Decimal("3.36619")]

    def test_steps_are_of_energy(self, tariff_of, bill):
        charge = 'charges: [{id: gas, kind: energy, quantity: gas_kwh, price: ["0.07", "0.05"], tiers: {limits: ["1000"]}}]'
        rated = bill(tariff_of(CONVERSION % ONE + charge), {"volume_m3": [[100_000]]})
        rows = rated.lines.to_pylist()
        assert [row["quantity"] for row in rows] == [1000, Decimal("122.063333333")]
        assert [row["amount"] for row in rows] == [70, Decimal("6.103166666666666667")]

    def test_steps_shared_between_periods_add_up(self, tariff_of, bill):
        body = 'periods: {night: [{from: "22:00", to: "06:00"}], day: [{else: true}]}\n' + CONVERSION % ONE
        body += 'charges: [{id: gas, kind: energy, quantity: gas_kwh, price: {night: ["1", "2"], day: ["3", "4"]}, '
        body += 'tiers: {limits: ["1000"]}}]'
        rated = bill(tariff_of(body), {"volume_m3": [[30_000, 70_000]]})
        rows = rated.lines.to_pylist()
        assert sum(row["quantity"] for row in rows) == Decimal("1122.063333333")
        whole = Fraction("100") * Fraction("1.02264") * Fraction("39.5") / Fraction("3.6")
        expected = 300 + (whole - 1000) * Fraction(3, 10) * 2 + 700 * 3 + (whole - 1000) * Fraction(7, 10) * 4
        assert abs(Fraction(rated.total[0].as_py()) - expected) < Fraction(4, 10**18)

    def test_water_needs_no_conversion(self, tariff_of, bill):
        line = only(
            bill(tariff_of('charges: [{id: water, kind: energy, quantity: volume_m3, price: "2.1"}]'), {"volume_m3": [[7_000]]})
        )
        assert (line["quantity"], line["unit"], line["amount"]) == (7, "m3", Decimal("14.7"))

    def test_a_ladder_of_a_year_hands_on_energy(self, tariff_of, bill):
        charge = 'charges: [{id: gas, kind: energy, quantity: gas_kwh, price: ["1", "2"], tiers: {limits: ["2000"], per: year}}]'
        tariff = tariff_of(CONVERSION % ONE + charge)
        first = bill(tariff, {"volume_m3": [[100_000]]})
        assert first.carried["ladder|gas|2026-01-01"].to_text().to_pylist() == ["1122.063333333333333333"]
        second = bill(tariff, {"volume_m3": [[100_000]]}, carried=first.carried, first="2026-02-01", after="2026-03-01")
        assert [row["quantity"] for row in second.lines.to_pylist()] == [Decimal("877.936666667"), Decimal("244.126666666")]


class TestValuesInTime:
    def test_each_interval_has_the_value_of_its_own_date(self, tariff_of):
        volumes = hours(d10h23=1_000, d11h0=2_000)
        line = only(bill_of_intervals(tariff_of(CONVERSION % DATED + FLAT), {"volume_m3": volumes}))
        exact = (1 * Fraction("39.5") + 2 * Fraction("40.1")) * Fraction("1.02264") / Fraction("3.6") * Fraction("0.06")
        assert abs(Fraction(line["amount"]) - exact) <= Fraction(1, 2 * 10**18)
        assert line["quantity"] == Decimal("34.00278")

    def test_a_series_gives_a_value_to_each_interval(self, tariff_of):
        at = int(datetime(2026, 1, 10, 23, tzinfo=UTC).timestamp())
        series = {"cv": PriceSeries("cv", np.array([at - 10**7, at]), np.array([395, 401]), 1)}
        volumes = hours(d10h23=1_000, d11h0=2_000)
        line = only(bill_of_intervals(tariff_of(CONVERSION % SERIES + FLAT), {"volume_m3": volumes}, series=series))
        assert line["quantity"] == Decimal("34.00278")

    def test_on_registers_it_is_the_mean_of_the_days(self, tariff_of, bill):
        line = only(bill(tariff_of(CONVERSION % DATED + FLAT), {"volume_m3": [[31_000]]}))
        # 10 days of 39.5 and 21 of 40.1: 31 x the mean is 10 x 39.5 + 21 x 40.1 = 1237.1
        assert line["quantity"] == round(Decimal("1237.1") * Decimal("1.02264") / Decimal("3.6"), 9)

    def test_the_days_of_a_series_have_its_value_at_their_midnight(self, tariff_of, bill):
        midnight = int(datetime(2026, 1, 10, 23, tzinfo=UTC).timestamp())
        series = {"cv": PriceSeries("cv", np.array([midnight - 10**7, midnight + 1]), np.array([395, 401]), 1)}
        line = only(bill(tariff_of(CONVERSION % SERIES + FLAT), {"volume_m3": [[31_000]]}, series=series))
        # the 11th begins a second too early for the new value: 11 days of 39.5 and 20 of 40.1
        assert line["quantity"] == round(Decimal("1236.5") * Decimal("1.02264") / Decimal("3.6"), 9)

    def test_a_ladder_in_time_order_climbs_with_the_energy_of_each_interval(self, tariff_of):
        body = 'periods: {night: [{from: "22:00", to: "06:00"}], day: [{else: true}]}\n'
        body += CONVERSION.replace('"1.02264"', '"1"').replace('"3.6"', '"4"') % DATED
        body += 'charges: [{id: gas, kind: energy, quantity: gas_kwh, price: {night: ["1", "2"], day: ["3", "4"]}, '
        body += 'tiers: {limits: ["10"], fill: time_order}}]'
        rated = bill_of_intervals(tariff_of(body), {"volume_m3": hours(d10h12=1_000, d10h23=1_000)})
        # 9.875 kWh by day, then as many at night, 0.125 of them below the limit
        found = [(row["band"], row["tier"], row["quantity"]) for row in rated.lines.to_pylist()]
        assert found == [("night", 1, Decimal("0.125")), ("night", 2, Decimal("9.75")), ("day", 1, Decimal("9.875"))]

    @pytest.mark.parametrize("value", [ONE, DATED])
    @pytest.mark.parametrize("fill", ["pro_rata", "time_order"])
    def test_energy_is_the_same_on_sums_and_on_intervals(self, tariff_of, value, fill):
        body = 'periods: {night: [{from: "22:00", to: "06:00"}], day: [{else: true}]}\n' + CONVERSION % value
        body += 'charges: [{id: flat, kind: energy, quantity: gas_kwh, price: "1"}, {id: spot, kind: energy, quantity: gas_kwh, '
        body += "price: {series: one}}, {id: gas, kind: energy, quantity: gas_kwh, "
        body += f'price: {{night: ["1", "1"], day: ["1", "1"]}}, tiers: {{limits: ["10"], fill: {fill}}}}}]'
        at = int(datetime(2025, 12, 1, tzinfo=UTC).timestamp())
        series = {"one": PriceSeries("one", np.array([at]), np.array([1]), 0)}
        rated = bill_of_intervals(tariff_of(body), {"volume_m3": hours(d10h12=777, d10h23=1_111, d15h3=7)}, series=series)
        amounts = {}
        for row in rated.lines.to_pylist():
            amounts[row["charge_id"]] = amounts.get(row["charge_id"], 0) + row["amount"]
        after = Fraction("39.5") if value == ONE else Fraction("40.1")
        exact = (Fraction("1.888") * Fraction("39.5") + Fraction("0.007") * after) * Fraction("1.02264") / Fraction("3.6")
        assert set(amounts) == {"flat", "spot", "gas"}
        for amount in amounts.values():
            assert abs(Fraction(amount) - exact) < Fraction(4, 10**18)

    def test_an_indexed_price_is_multiplied_by_the_energy_of_each_interval(self, tariff_of):
        body = CONVERSION.replace('"1.02264"', '"1"').replace('"3.6"', '"4"') % DATED
        body += "charges: [{id: gas, kind: energy, quantity: gas_kwh, price: {series: hub, per: MWh}}]"
        at = int(datetime(2026, 1, 10, 23, tzinfo=UTC).timestamp())
        series = {"hub": PriceSeries("hub", np.array([at - 10**7, at]), np.array([30, 40]), 0)}
        line = only(bill_of_intervals(tariff_of(body), {"volume_m3": hours(d10h23=4_000, d11h0=4_000)}, series=series))
        # 39.5 kWh at 30 EUR/MWh and 40.1 kWh at 40 EUR/MWh
        assert (line["quantity"], line["amount"]) == (Decimal("79.6"), Decimal("2.789"))

    def test_an_instant_without_a_value_is_refused(self, tariff_of):
        series = {"cv": PriceSeries("cv", np.array([int(datetime(2026, 1, 20, tzinfo=UTC).timestamp())]), np.array([395]), 1)}
        with pytest.raises(TariffError) as refused:
            bill_of_intervals(tariff_of(CONVERSION % SERIES + FLAT), {"volume_m3": hours(d25h0=1)}, series=series)
        assert (refused.value.code, "2025-12-31 23:00" in refused.value.message) == ("series.missing", True)

    def test_agreements_on_other_intervals_have_the_same_bill(self, tariff_of):
        tariff = tariff_of(CONVERSION % DATED + FLAT)
        inputs = inputs_of_intervals(tariff, {"volume_m3": hours(d10h23=1_000, d11h0=2_000) * 3}, groups=[[2, 0], [1]])
        assert len(set(rate(inputs).total.to_pylist())) == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "code", "where"),
        [
            pytest.param(
                CONVERSION % '[{from: 2020-01-02, value: "39.5"}]' + FLAT,
                "tariff.gap",
                "versions[0].conversion.calorific_value[0].from",
                id="days before the first value",
            ),
            pytest.param(
                CONVERSION % '[{from: 2020-01-01, value: "39.5"}, {from: 2020-01-01, value: "40"}]' + FLAT,
                "tariff.invalid",
                "versions[0].conversion",
                id="a date twice",
            ),
            pytest.param(
                (CONVERSION % ONE).replace("gas_kwh", "volume_m3") + FLAT,
                "tariff.invalid",
                "versions[0].conversion",
                id="a volume made of itself",
            ),
            pytest.param(
                CONVERSION % ONE + 'charges: [{id: kw, kind: demand, price: "5", measure: {quantity: gas_kwh}}]',
                "tariff.unsupported",
                "versions[0].charges[0]",
                id="a demand of gas",
            ),
            pytest.param(
                CONVERSION % ONE + FLAT + '\nbilling_demand: {percent: "75", months: 11, measure: {quantity: gas_kwh}}',
                "tariff.unsupported",
                "versions[0].billing_demand.measure.quantity",
                id="a billing demand of gas",
            ),
            pytest.param(
                (CONVERSION % ONE).replace('"3.6"', '"0"') + FLAT,
                "tariff.invalid",
                "versions[0].conversion.divide_by",
                id="a division by nothing",
            ),
        ],
    )
    def test_at_its_field(self, tariff_of, body, code, where):
        with pytest.raises(TariffError) as refused:
            tariff_of(body)
        assert (refused.value.code, refused.value.where) == (code, where)
