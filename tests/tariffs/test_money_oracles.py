"""Bills with export and minimums that other programs computed: PySAM (S06-S08), see the reference data's README; and W01-W10."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from tariffs.calendar import Combo, band_map
from tariffs.load import parse_tariff
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate

EXACT_ENOUGH = Decimal("0.0005")
CENT = Decimal("0.01")
METERED = {name: name for name in ("import_kwh", "export_kwh")}
MONTHS = [(date(2018, month, 1), date(2018 + month // 12, month % 12 + 1, 1)) for month in range(1, 13)]


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


class Year:
    """A load of 2018 and the bills of its months, each handed the state of the one before."""

    def __init__(self, tariff, load, columns, *, offset, minutes):
        self.tariff, self.offset, self.minutes = tariff, timedelta(minutes=offset), minutes
        slots = 1440 // minutes
        self.values = {
            name: np.array([int(Decimal(row[column]) * 1000) for row in load]).reshape(-1, slots)
            for name, column in columns.items()
        }

    def sums(self, name, first, after):
        starts, ends = self.instants(first, after)
        bands = band_map(
            self.tariff,
            direction=name.removesuffix("_kwh"),
            first_day=first,
            days=(after - first).days,
            interval_minutes=self.minutes,
            standard_offset_minutes=int(self.offset.total_seconds() // 60),
            starts_at=starts,
            ends_at=ends,
        )
        day = (first - date(2018, 1, 1)).days
        values = self.values[name][day : day + bands.index.shape[0]]
        sums = [int(values[bands.index == place].sum()) for place in range(len(bands.combos))]
        return Determinant(bands.combos, -3, np.array([sums]), "kWh")

    def instants(self, first, after):
        return tuple(datetime(day.year, day.month, day.day, tzinfo=UTC) - self.offset for day in (first, after))

    def bills(self, more):
        carried, rated = {}, []
        for first, after in MONTHS:
            quantities = {name: self.sums(name, first, after) for name in self.values} | more(first.month)
            one = rate(RatingInputs(self.tariff, *self.instants(first, after), quantities, np.array([False]), carried=carried))
            carried = one.carried
            rated.append(one)
        return rated


def amounts(rated):
    sums = defaultdict(Decimal)
    for line in rated.lines.to_pylist():
        sums[line["kind"]] += line["amount"]
    return sums


@pytest.fixture(scope="module")
def case(reference_data, data):
    """The months of a case: expected rows and what was rated."""

    def make(name, file, load, columns, *, offset, minutes, more=None):
        folder = reference_data / "oracles" / "tariffs"
        tariff = parse_tariff((data / file).read_text(), file)
        year = Year(tariff, rows_of(folder / "loads" / load), columns, offset=offset, minutes=minutes)
        expected = rows_of(folder / "cases" / name / "expected_monthly.csv")
        given = (lambda month: more(expected[month - 1])) if more else lambda _: {}
        return list(zip(expected, year.bills(given), strict=True))

    return make


class TestNetMeteringOfKwh:
    """S06: a surplus every month, the bank paid out in December."""

    @pytest.fixture(scope="class")
    @classmethod
    def year(cls, case):
        return case(
            "S06-net-metering-kwh-annual-true-up", "s06_net_metering.yaml", "res_hourly_pv.csv", METERED, offset=-420, minutes=60
        )

    def test_each_component_of_each_month_agrees_unrounded(self, year):
        for expected, rated in year:
            found = amounts(rated)
            assert abs(found["energy"] - Decimal(expected["energy"])) < EXACT_ENOUGH
            assert found["fixed"] == Decimal(expected["fixed"])
            assert abs(-found["true_up"] - Decimal(expected["true_up_credit"])) < EXACT_ENOUGH

    def test_the_total_of_each_month_agrees_unrounded_and_to_the_cent(self, year):
        for expected, rated in year:
            assert abs(rated.total[0].as_py() - Decimal(expected["total"])) < EXACT_ENOUGH
            assert rated.total_rounded[0].as_py() == Decimal(expected["total"]).quantize(CENT, ROUND_HALF_UP)

    def test_the_bank_of_each_month_is_the_surplus_so_far(self, year):
        for expected, rated in year[:-1]:
            banked = sum(Decimal(int(kwh.values[0])).scaleb(-kwh.scale) for kwh in rated.carried.values())
            assert banked == Decimal(expected["cumulative_excess_kwh"])

    def test_the_kwh_of_winter_wait_for_winter(self, year):
        _, october = year[9]
        kwh = {name: Decimal(int(each.values[0])).scaleb(-each.scale) for name, each in october.carried.items()}
        # p1: 2058.540 in September less the 1805.320 of May; p0: those 1805.320 and October's 500.814 - 291.659
        assert kwh == {"bank.kwh|p1": Decimal("253.220"), "bank.kwh|p0": Decimal("2014.475")}

    def test_it_is_empty_after_december(self, year):
        _, december = year[11]
        assert all(not kwh.values.any() for kwh in december.carried.values())


class TestNetBilling:
    """S07: 15-minute intervals, each month for itself."""

    @pytest.fixture(scope="class")
    @classmethod
    def year(cls, case):
        return case("S07-net-billing-15min", "s07_net_billing.yaml", "res_15min_pv.csv", METERED, offset=-480, minutes=15)

    def test_energy_and_credit_of_each_month_agree_unrounded(self, year):
        for expected, rated in year:
            found = amounts(rated)
            assert abs(found["energy"] - Decimal(expected["energy_before_credits"])) < EXACT_ENOUGH
            assert abs(-found["export"] - Decimal(expected["net_billing_credit"])) < EXACT_ENOUGH

    def test_the_total_of_each_month_agrees_unrounded_and_to_the_cent(self, year):
        for expected, rated in year:
            assert abs(rated.total[0].as_py() - Decimal(expected["total"])) < EXACT_ENOUGH
            assert rated.total_rounded[0].as_py() == Decimal(expected["total"]).quantize(CENT, ROUND_HALF_UP)

    def test_nothing_is_handed_on(self, year):
        assert all(rated.carried == {} for _, rated in year)


class TestMinimumBill:
    """S08: the minimum binds in seven months."""

    @pytest.fixture(scope="class")
    @classmethod
    def year(cls, case):
        def peak(expected):
            # the engine's own peak is taken as given: what is tested is the minimum
            kw = np.array([[int(Decimal(expected["billing_demand_kw"]) * 1000)]])
            return {"peak_kw": Determinant((Combo(0, None),), -3, kw, "kW")}

        return case(
            "S08-demand-with-minimum-bill",
            "s08_minimum.yaml",
            "com_hourly_pv.csv",
            {"import_kwh": "load_kwh"},
            offset=-300,
            minutes=60,
            more=peak,
        )

    def test_each_component_of_each_month_agrees_unrounded(self, year):
        for expected, rated in year:
            found = amounts(rated)
            assert abs(found["minimum"] - Decimal(expected["minimum_adjustment"])) < EXACT_ENOUGH
            assert abs(found["energy"] - Decimal(expected["energy"]) - Decimal(expected["demand_flat"])) < EXACT_ENOUGH

    def test_the_total_of_each_month_agrees_unrounded(self, year):
        assert all(abs(rated.total[0].as_py() - Decimal(expected["total"])) < EXACT_ENOUGH for expected, rated in year)

    def test_the_line_stands_only_where_it_binds(self, year):
        stands = ["minimum" in amounts(rated) for _, rated in year]
        assert stands == [Decimal(expected["minimum_adjustment"]) > 0 for expected, _ in year]
        assert sum(stands) == 7


def rounded_lines(rated):
    return {row["charge_id"]: row["amount_rounded"] for row in rated.lines.to_pylist()}


CENTS = "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}\n"
USD = "tariff: t\ncurrency: USD\nclock: America/New_York\n"


class TestPublishedBills:
    def test_w01_a_convenience_store_in_june(self, tariff_of, bill):
        tariff = tariff_of(
            """\
charges:
- {id: customer, kind: fixed, price: "3.74", per: month}
- {id: energy, kind: energy, price: "0.09444"}
- {id: adjustment, kind: rider, price: "-0.017192"}
- {id: demand, kind: fixed, price: "262.34", per: month}
""",
            head=USD,
            rounding=CENTS,
        )
        rated = bill(tariff, {"import_kwh": [[17_588_000]]}, first="2026-06-01", after="2026-07-01")
        assert rounded_lines(rated) == {
            "customer": Decimal("3.74"),
            "energy": Decimal("1661.01"),
            "adjustment": Decimal("-302.37"),
            "demand": Decimal("262.34"),
        }
        assert rated.total_due[0].as_py() == Decimal("1624.72")

    def test_w02_a_real_bill_of_may_2026(self, tariff_of, bill):
        tariff = tariff_of(
            """\
charges:
- {id: distribution, kind: energy, price: "0.10276"}
- {id: generation, kind: energy, price: "0.10237"}
- {id: transmission, kind: energy, price: "0.00787"}
- {id: customer, kind: fixed, price: "11.29", per: month}
- {id: improvement, kind: fixed, price: "0.15", per: month}
- {id: state_tax_adjustment, kind: fixed, price: "-0.06", per: month}
""",
            head=USD,
            rounding=CENTS,
        )
        rated = bill(tariff, {"import_kwh": [[1_244_000]]}, first="2026-04-28", after="2026-05-28")
        assert rounded_lines(rated)["distribution"] == Decimal("127.83")
        assert rated.total_due[0].as_py() == Decimal("276.35")

    def test_w07_a_percentage_that_changes_in_the_middle_of_april(self, bill):
        versions = "".join(
            f"""\
- from: {day}
  charges:
  - {{id: a, kind: fixed, price: "100", per: month}}
  - {{id: p, kind: percent, of: [a], percent: "{percent}"}}
"""
            for day, percent in (("2026-01-01", "6"), ("2026-04-16", "6.5"))
        )
        tariff = parse_tariff(f"{USD}rounding: {{line: none}}\nversions:\n{versions}", "t.yaml")
        rated = bill(tariff, {}, first="2026-04-01", after="2026-05-01")
        assert amounts(rated)["percent"] == Decimal("6.25")

    def test_w08_a_price_change_on_20_july_falls_to_18_and_13_days(self, bill):
        # read on 1 July and 1 August, both included there: from 2 July up to and without 2 August here
        versions = "".join(
            f'- {{from: {day}, charges: [{{id: a, kind: fixed, price: "{price}", per: day}}]}}\n'
            for day, price in (("2026-01-01", "1"), ("2026-07-20", "2"))
        )
        tariff = parse_tariff(f"{USD}versions:\n{versions}", "t.yaml")
        rated = bill(tariff, {}, first="2026-07-02", after="2026-08-02")
        assert [row["quantity"] for row in rated.lines.to_pylist()] == [18, 13]

    @pytest.mark.parametrize(("rounds", "net", "tax"), [("net", "2.88", "0.11"), ("tax", "2.87", "0.12")])
    def test_w09_tax_contained_in_a_price(self, tariff_of, bill, rounds, net, tax):
        body = (
            'charges: [{id: gross, kind: fixed, price: "2.99", per: month}, '
            f'{{id: vat, kind: tax, of: [gross], percent: "4", inclusive: true, round: {rounds}}}]'
        )
        rated = bill(tariff_of(body, rounding=CENTS), {})
        assert rated.tax[0].as_py() == Decimal(tax)
        without = sum(row["amount_rounded"] for row in rated.lines.to_pylist() if row["kind"] != "tax")
        assert without == Decimal(net)
        assert rated.total_due[0].as_py() == Decimal("2.99")

    @pytest.mark.parametrize(("on", "net"), [("rate_sum", "1384.62"), ("line", "1384.61")])
    def test_w10_tax_contained_in_two_prices_rounded_together_or_line_by_line(self, tariff_of, bill, on, net):
        body = """\
charges:
- {id: one, kind: fixed, price: "1000", per: month}
- {id: two, kind: fixed, price: "800", per: month}
- {id: vat, kind: tax, of: [one, two], percent: "30", inclusive: true, round: net}
"""
        rounding = f"rounding: {{line: {{places: 2, mode: half_up}}, total: sum_of_lines, tax: {{on: {on}}}}}\n"
        rated = bill(tariff_of(body, rounding=rounding), {})
        assert Decimal(1800) - rated.tax[0].as_py() == Decimal(net)
