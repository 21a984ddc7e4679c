"""Fields of a URDB record: each carried, kept as information, or refused by its name."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.importers.carried_fields import Fate
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tariffs.importers.urdb import UrdbImporter
from tariffs.importers.urdb_fields import INFORMATION, KNOWN, REFUSED, REFUSED_UNLESS_ZERO

MISSING = object()
DAY = [0] * 24
PEAK = [0] * 15 + [1] * 6 + [0] * 3


@pytest.fixture
def refusal_of(imported):
    def make(**changes):
        with pytest.raises(TariffError) as refused:
            imported(**changes)
        return refused.value.code, refused.value.where

    return make


def fate_of(made, field):
    (found,) = [each for each in made.fields if each.field == field]
    return found.fate


def demand(*prices, table=None, **more):
    """The fields of a demand structure."""
    rows = [table or DAY] * 12
    return {"demandratestructure": list(prices), "demandweekdayschedule": rows, "demandweekendschedule": rows} | more


class TestHead:
    def test_a_flat_rate_is_a_tariff_with_every_rule_written_down(self, imported):
        assert imported().text.splitlines()[3:] == [
            "tariff: example-power-co-schedule-r",
            "currency: USD",
            'clock: "+00:00"',
            "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}",
            "versions:",
            "- from: 2026-01-01",
            "  source:",
            '    format: "URDB v8"',
            '    utility: "Example Power Co"',
            '    name: "Schedule R"',
            "  periods:",
            "    p0: [{else: true}]",
            "  charges:",
            '  - {id: energy, kind: energy, quantity: import_kwh, price: {p0: "0.12"}}',
        ]

    def test_its_head_says_where_it_comes_from_and_what_stands_in_for_a_clock(self, imported):
        made = imported(without=("name", "label"))
        first, digest, left_out, clock, *_ = made.text.splitlines()
        assert first == "# Imported from rate.json (URDB v8) on 2026-07-30."
        assert digest.startswith("# SHA-256 of that file: ")
        assert left_out == "# Left out on request: name"
        assert clock.startswith("# URDB v8 has no clock; +00:00 stands for it")

    @pytest.mark.parametrize(
        ("start", "day"),
        [
            ("2025-06-01", "2025-06-01"),
            (1735718400, "2025-01-01"),  # midnight in California
            (1727762400, "2024-10-01"),  # midnight in Colorado in summer
            (1514764800, "2018-01-01"),  # midnight in Greenwich
            (1401580800.0, "2014-06-01"),
            (1735682400, "2025-01-01"),  # midnight in Helsinki, 22:00 of the day before in Greenwich
        ],
    )
    def test_its_date_is_that_of_the_utilitys_midnight(self, version_of, start, day):
        assert version_of(startdate=start).from_ == date.fromisoformat(day)

    @pytest.mark.parametrize("start", ["June 2025", "2025-02-30", 1e30, 0.5, [1], True, float("nan")])
    def test_no_date_is_refused(self, refusal_of, start):
        assert refusal_of(startdate=start) == ("import.invalid", "startdate")

    def test_without_a_date_it_is_in_force_since_1970_and_says_so(self, imported):
        made = imported(startdate=None)
        assert made.tariff.versions[0].from_ == date(1970, 1, 1)
        assert "the record has no startdate; 1970-01-01 stands for it" in made.notes

    def test_an_end_is_told(self, imported):
        made = imported(enddate=1548896400)
        assert "the rate ended on 2019-01-31; add a version from the day after" in made.notes

    def test_another_country_needs_its_currency(self, imported, refusal_of):
        assert refusal_of(country="CAN") == ("import.unsupported", "country")
        assert imported(country="CAN", overlay="currency: CAD").tariff.currency == "CAD"

    def test_items_of_one_record_are_that_record(self, imported):
        bare = imported()
        record = {"utility": "Example Power Co", "name": "Schedule R", "startdate": "2026-01-01"}
        record |= {"energyratestructure": [[{"rate": 0.12}]]}
        assert imported(content=json.dumps({"items": [record]}).encode()).tariff == bare.tariff

    @pytest.mark.parametrize(
        "items", [[], [{}, {"energyratestructure": 1}], {"energyratestructure": 1}, "energyratestructure", None]
    )
    def test_items_of_none_or_several_are_refused(self, items):
        with pytest.raises(TariffError) as refused:
            UrdbImporter().read(json.dumps({"items": items}).encode(), ImportOptions("rate.json"))
        assert (refused.value.code, refused.value.where) == ("import.invalid", "items")

    def test_a_key_beside_items_is_refused(self):
        with pytest.raises(TariffError) as refused:
            UrdbImporter().read(b'{"items": [{}], "errors": []}', ImportOptions("rate.json"))
        assert refused.value.where == "errors"


class TestHolidays:
    def test_are_priced_as_weekend_and_kept_on_monday_after_a_sunday(self, imported):
        holidays = imported(x_holidays=["christmas", "labor_day"], x_holiday_policy="as_weekend").tariff.holidays
        assert (holidays.names, holidays.calendar, holidays.observe) == (("christmas", "labor_day"), "US", "sunday_to_monday")
        assert holidays.priced_as == 6

    @pytest.mark.parametrize(
        ("names", "policy", "where"),
        [
            (["christmas"], None, "x_holidays"),
            (["christmas"], "as_sunday", "x_holiday_policy"),
            (["boxing_day"], "as_weekend", "x_holidays"),
            ("christmas", "as_weekend", "x_holidays"),
            ([1], "as_weekend", "x_holidays"),
        ],
    )
    def test_that_nobody_knows_are_refused(self, refusal_of, names, policy, where):
        assert refusal_of(x_holidays=names, x_holiday_policy=policy)[1] == where

    def test_left_out_leave_their_policy_without_meaning(self, imported):
        made = imported(x_holidays=["christmas"], x_holiday_policy="as_weekend", without=("x_holidays",))
        assert made.tariff.holidays is None
        assert fate_of(made, "x_holiday_policy") is Fate.INFORMATION


class TestEnergy:
    def test_rate_and_adjustment_add_up_exactly(self, charges_of):
        structure = [[{"rate": 0.1, "adj": 0.02}]]
        assert charges_of(energyratestructure=structure)["energy"].prices("p0") == (Decimal("0.12"),)

    def test_an_adjustment_alone_and_a_negative_price_are_prices(self, charges_of):
        assert charges_of(energyratestructure=[[{"adj": -0.01}]])["energy"].prices("p0") == (Decimal("-0.01"),)

    def test_the_max_of_the_last_tier_is_none(self, charges_of):
        tiers = [{"max": 100, "rate": 1}, {"max": 500, "rate": 2}]
        assert charges_of(energyratestructure=[tiers])["energy"].tiers.limits == (Decimal(100),)
        assert charges_of(energyratestructure=[tiers[:1]])["energy"].tiers is None

    def test_periods_with_different_ladders_have_charges_that_share_them(self, charges_of):
        structure = [[{"rate": 1, "max": 10}, {"rate": 2}], [{"rate": 3, "max": 20}, {"rate": 4}]]
        tables = {"energyweekdayschedule": [PEAK] * 12, "energyweekendschedule": [DAY] * 12}
        charges = charges_of(energyratestructure=structure, **tables)
        assert {name: (list(charge.price), charge.tiers.limits) for name, charge in charges.items()} == {
            "energy_1": (["p0"], (Decimal(10),)),
            "energy_2": (["p1"], (Decimal(20),)),
        }

    def test_a_period_of_no_hour_is_told_and_not_carried(self, imported):
        made = imported(energyratestructure=[[{"rate": 1}], [{"rate": 2}]])
        assert list(made.tariff.versions[0].periods) == ["p0"]
        assert any("period 1 occurs in no hour" in note for note in made.notes)

    def test_one_period_needs_no_tables(self, charges_of):
        assert charges_of(energyweekdayschedule=None, energyweekendschedule=None)["energy"].prices("p0") == (Decimal("0.12"),)

    @pytest.mark.parametrize(
        ("structure", "code"),
        [
            pytest.param([], "import.invalid", id="nothing"),
            pytest.param([[]], "import.invalid", id="no tiers"),
            pytest.param([{}], "import.invalid", id="no list"),
            pytest.param([[1]], "import.invalid", id="no object"),
            pytest.param([[{"unit": "kWh"}]], "import.invalid", id="no rate"),
            pytest.param([[{"rate": "0.1"}]], "import.invalid", id="a rate in quotes"),
            pytest.param([[{"rate": True}]], "import.invalid", id="a rate that is true"),
            pytest.param([[{"rate": float("nan")}]], "import.invalid", id="a rate that is no number"),
            pytest.param([[{"rate": float("inf")}]], "import.invalid", id="a rate without end"),
            pytest.param([[{"rate": 1e20}]], "import.invalid", id="a huge rate"),
            pytest.param([[{"rate": 1e-13}]], "import.invalid", id="a rate of more decimals than are exact"),
            pytest.param([[{"rate": 1, "max": -5}, {"rate": 2}]], "import.invalid", id="a negative max"),
            pytest.param([[{"rate": 1, "max": 0}, {"rate": 2}]], "import.invalid", id="a max of zero"),
            pytest.param([[{"rate": 1, "max": 1e20}, {"rate": 2}]], "import.invalid", id="a huge max"),
            pytest.param([[{"rate": 1, "max": 1e38}, {"rate": 2}]], "import.invalid", id="an open tier before another"),
            pytest.param([[{"rate": 1}, {"rate": 2}]], "import.invalid", id="a tier without max before another"),
            pytest.param([[{"rate": 1, "max": 9}, {"rate": 2, "max": 9}, {"rate": 3}]], "import.invalid", id="no rise"),
            pytest.param([[{"rate": 1, "max": 9, "unit": "kWh/hp"}, {"rate": 2}]], "import.unsupported", id="kWh/hp"),
            pytest.param([[{"rate": 1, "max": 9, "unit": "kWh/kW daily"}, {"rate": 2}]], "import.unsupported", id="kWh/kW daily"),
            pytest.param([[{"rate": 1, "unit": 5}]], "import.unsupported", id="a unit that is no text"),
            pytest.param(
                [[{"rate": 1, "max": 9, "unit": "kWh daily"}, {"rate": 2, "unit": "kWh"}]], "import.unsupported", id="two units"
            ),
            pytest.param([[{"rate": 1, "demand": 3}]], "import.unsupported", id="a key nobody knows"),
            pytest.param([[{"rate": 1, "max": n + 1} for n in range(60)]], "import.invalid", id="sixty tiers"),
        ],
    )
    def test_what_cannot_be_carried_is_refused_by_the_structure(self, refusal_of, structure, code):
        assert refusal_of(energyratestructure=structure) == (code, "energyratestructure")

    def test_the_largest_and_the_finest_price_are_carried(self, charges_of):
        rates = [[{"rate": 99_999_999_999.5, "max": 999_999_999}, {"rate": 0.000000000001}]]
        prices = charges_of(energyratestructure=rates)["energy"].prices("p0")
        assert prices == (Decimal("99999999999.5"), Decimal("0.000000000001"))

    @pytest.mark.parametrize(
        ("table", "field"),
        [
            ({"energyweekdayschedule": [DAY] * 11}, "energyweekdayschedule"),
            ({"energyweekdayschedule": [DAY[1:]] + [DAY] * 11}, "energyweekdayschedule"),
            ({"energyweekdayschedule": [[1] * 24] * 12}, "energyweekdayschedule"),
            ({"energyweekdayschedule": [[-1] * 24] * 12}, "energyweekdayschedule"),
            ({"energyweekdayschedule": [[0.5] * 24] * 12}, "energyweekdayschedule"),
            ({"energyweekdayschedule": [[False] * 24] * 12}, "energyweekdayschedule"),
            ({"energyweekdayschedule": "0" * 288}, "energyweekdayschedule"),
            ({"energyweekdayschedule": None}, "energyweekdayschedule"),
            ({"energyweekendschedule": None}, "energyweekendschedule"),
            ({"energyweekendschedule": [1] * 12}, "energyweekendschedule"),
        ],
    )
    def test_a_table_of_another_shape_is_refused_by_its_name(self, refusal_of, table, field):
        assert refusal_of(**table) == ("import.invalid", field)

    def test_no_energy_price_is_no_oversight(self, imported, refusal_of):
        assert refusal_of(energyratestructure=None) == ("import.invalid", "energyratestructure")
        made = imported(without=("energyratestructure",), fixedmonthlycharge=5)
        assert [charge.kind for charge in made.tariff.versions[0].charges] == ["fixed"]


def hours_use(*tiers):
    return [[{"unit": unit, "rate": rate} | ({"max": end} if end else {}) for unit, end, rate in tiers]]


class TestHoursUse:
    def test_a_block_with_steps_inside_bears_the_prices_of_the_steps(self, imported):
        rows = hours_use(("kWh/kW", 200, 9), ("kWh", 3000, 1), ("kWh", 1e38, 2), ("kWh/kW", 400, 3), ("kWh/kW", None, 4))
        made = imported(energyratestructure=rows)
        (charge,) = made.tariff.versions[0].charges
        assert charge.prices("p0") == tuple(map(Decimal, (1, 2, 3, 4)))
        blocks = [(block.kwh_per_kw, block.limits) for block in charge.tiers.blocks]
        assert blocks == [(Decimal(200), (Decimal(3000),)), (Decimal(400), None), (None, None)]
        assert any("its own price 9 is not charged" in note for note in made.notes)

    def test_the_last_block_may_have_steps(self, charges_of):
        rows = hours_use(("kWh/kW", None, 9), ("kWh", 3000, 1), ("kWh", None, 2))
        charge = charges_of(energyratestructure=rows)["energy"]
        assert [(block.kwh_per_kw, block.limits) for block in charge.tiers.blocks] == [(None, (Decimal(3000),))]

    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            pytest.param(hours_use(("kWh", 100, 1), ("kWh/kW", None, 2)), "import.unsupported", id="kWh first"),
            pytest.param(hours_use(("kWh/kW", 100, 1), ("kWh daily", None, 2)), "import.unsupported", id="with kWh daily"),
            pytest.param(hours_use(("kWh/kW", 100, 1), ("kWh", None, 2)), "import.unsupported", id="no price above the last"),
            pytest.param(
                hours_use(("kWh/kW", 100, 1), ("kWh/kW", None, 2), ("kWh", 5, 3), ("kWh", None, 4)),
                "import.unsupported",
                id="steps in the second block",
            ),
            pytest.param(hours_use(("kWh/kW", None, 1), ("kWh/kW", None, 2)), "import.invalid", id="open before another"),
            pytest.param(hours_use(("kWh/kW", 9, 1), ("kWh/kW", 9, 2), ("kWh/kW", None, 3)), "import.invalid", id="no rise"),
            pytest.param(hours_use(*[("kWh/kW", n + 1, 1) for n in range(60)]), "import.invalid", id="sixty blocks"),
        ],
    )
    def test_what_cannot_be_carried_is_refused(self, refusal_of, rows, code):
        assert refusal_of(energyratestructure=rows) == (code, "energyratestructure")


class TestDemand:
    def test_of_all_months_is_one_charge(self, charges_of):
        charges = charges_of(flatdemandstructure=[[{"rate": 7.5, "adj": 0.5}]], flatdemandmonths=[0] * 12)
        assert (charges["demand_flat"].prices(None), charges["demand_flat"].months) == ((Decimal(8),), None)

    def test_of_seasons_is_a_charge_each_and_a_free_season_none(self, charges_of):
        structure = [[{"rate": 0}], [{"rate": 5}], [{"rate": 6}]]
        charges = charges_of(flatdemandstructure=structure, flatdemandmonths=[0, 0, 1, 1, 1, 2, 2, 2, 1, 1, 0, 0])
        found = {name: charge.months for name, charge in charges.items() if name.startswith("demand")}
        assert found == {"demand_flat_p1": (3, 4, 5, 9, 10), "demand_flat_p2": (6, 7, 8)}

    def test_of_seasons_of_equal_price_is_one_charge(self, charges_of):
        structure = [[{"rate": 19.53}], [{"rate": 19.53}]]
        assert charges_of(flatdemandstructure=structure, flatdemandmonths=[0] * 6 + [1] * 6)["demand_flat"].months is None

    def test_by_period_has_periods_of_its_own_where_its_tables_are_not_those_of_energy(self, version_of):
        version = version_of(**demand([{"rate": 0}], [{"rate": 9}], table=PEAK))
        (charge,) = [each for each in version.charges if each.kind == "demand"]
        assert charge.price == {"p1": Decimal(9)}
        assert list(version.periods_for(charge.calendar)) == ["p0", "p1"]
        assert list(version.periods) == ["p0"]

    def test_by_period_shares_the_periods_of_energy_where_the_tables_are_equal(self, charges_of):
        rows = [PEAK] * 12
        tables = {
            "energyweekdayschedule": rows,
            "energyweekendschedule": rows,
            "energyratestructure": [[{"rate": 1}], [{"rate": 2}]],
        }
        charge = charges_of(**tables, **demand([{"rate": 3}], [{"rate": 9}], table=PEAK))["demand_tou"]
        assert (charge.periods, charge.calendar) == (None, "import")

    def test_by_period_with_different_ladders_is_a_charge_each(self, charges_of):
        charges = charges_of(**demand([{"rate": 3}], [{"rate": 9, "max": 50}, {"rate": 8}], table=PEAK))
        found = {name: (list(charge.price), charge.tiers) for name, charge in charges.items() if name.startswith("demand")}
        assert found["demand_tou_1"] == (["p0"], None)
        assert found["demand_tou_2"][0] == ["p1"]
        assert found["demand_tou_2"][1].limits == (Decimal(50),)

    def test_its_window_and_unit_are_how_it_is_measured(self, imported):
        made = imported(**demand([{"rate": 3}], demandwindow=15, demandrateunit="kVA"))
        (charge,) = [each for each in made.tariff.versions[0].charges if each.kind == "demand"]
        assert (charge.measure.window_min, charge.measure.unit) == (15, "kVA")
        assert fate_of(made, "demandwindow") is Fate.CARRIED

    def test_a_window_without_demand_is_information(self, imported):
        assert fate_of(imported(demandwindow=15), "demandwindow") is Fate.INFORMATION

    def test_a_price_of_zero_is_no_charge_and_needs_no_tables(self, imported):
        made = imported(demandratestructure=[[{"rate": 0}]], flatdemandstructure=[[{"rate": 0}]], flatdemandunit="hp")
        assert [charge.id for charge in made.tariff.versions[0].charges] == ["energy"]

    @pytest.mark.parametrize(
        ("changes", "code", "where"),
        [
            ({"flatdemandstructure": [[{"rate": 1}]]}, "import.invalid", "flatdemandmonths"),
            ({"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [0] * 11}, "import.invalid", "flatdemandmonths"),
            ({"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [1] * 12}, "import.invalid", "flatdemandmonths"),
            (
                {"flatdemandstructure": [[{"rate": 1}]], "flatdemandmonths": [0] * 12, "flatdemandunit": "hp"},
                "import.unsupported",
                "flatdemandunit",
            ),
            (demand([{"rate": 1}], demandrateunit="kW daily"), "import.unsupported", "demandrateunit"),
            (demand([{"rate": 1}], demandwindow=25), "import.unsupported", "demandwindow"),
            (demand([{"rate": 1}], demandwindow=-15), "import.unsupported", "demandwindow"),
            (demand([{"rate": 1}], demandwindow="15"), "import.invalid", "demandwindow"),
            (demand([{"rate": 1, "unit": "kW"}]), "import.unsupported", "demandratestructure"),
            (demand([{"rate": 1, "sell": 1}]), "import.unsupported", "sell"),
            (demand([{"rate": 1}], [{"rate": 2}]) | {"demandweekendschedule": None}, "import.invalid", "demandweekendschedule"),
            (
                {"energyratestructure": hours_use(("kWh/kW", 9, 1), ("kWh/kW", None, 2)), "demandwindow": 15},
                "import.unsupported",
                "demandwindow",
            ),
        ],
    )
    def test_what_cannot_be_carried_is_refused_by_its_field(self, refusal_of, changes, code, where):
        assert refusal_of(**changes) == (code, where)


class TestFixedAndMinimum:
    @pytest.mark.parametrize(("units", "per"), [("$/month", "month"), ("$/day", "day"), ("$/year", "year")])
    def test_a_charge_for_the_first_meter_has_its_unit(self, charges_of, units, per):
        charge = charges_of(fixedchargefirstmeter=16.36, fixedchargeunits=units)["basic"]
        assert (charge.price, charge.per) == (Decimal("16.36"), per)

    def test_a_monthly_charge_counts_where_there_is_no_first_meter(self, charges_of):
        charge = charges_of(fixedmonthlycharge=12, fixedchargefirstmeter=3, without=("fixedchargefirstmeter",))["basic"]
        assert (charge.price, charge.per) == (Decimal(12), "month")

    def test_a_monthly_charge_that_repeats_the_first_meter_is_information(self, imported):
        made = imported(fixedmonthlycharge=12, fixedchargefirstmeter=12, fixedchargeunits="$/month")
        assert fate_of(made, "fixedmonthlycharge") is Fate.INFORMATION
        assert [charge.id for charge in made.tariff.versions[0].charges] == ["basic", "energy"]

    @pytest.mark.parametrize(("units", "per"), [("$/month", "month"), ("$/day", "day"), ("$/year", "year")])
    def test_a_minimum_has_its_unit(self, charges_of, units, per):
        charge = charges_of(mincharge=30, minchargeunits=units)["minimum"]
        assert (charge.amount, charge.per) == (Decimal(30), per)

    def test_minimums_of_month_and_year_stand_beside_each_other(self, charges_of):
        charges = charges_of(minmonthlycharge=30, annualmincharge=400)
        assert (charges["minimum"].per, charges["minimum_year"].per) == ("month", "year")

    def test_zero_is_no_charge_whatever_its_unit(self, version_of):
        changes = {"fixedchargefirstmeter": 0, "mincharge": 0, "minmonthlycharge": 0, "annualmincharge": 0}
        assert [charge.id for charge in version_of(**changes).charges] == ["energy"]

    @pytest.mark.parametrize(
        ("changes", "code", "where"),
        [
            ({"fixedchargefirstmeter": 5}, "import.invalid", "fixedchargefirstmeter"),
            ({"fixedchargefirstmeter": 5, "fixedchargeunits": "$/week"}, "import.unsupported", "fixedchargeunits"),
            ({"fixedchargefirstmeter": "5", "fixedchargeunits": "$/day"}, "import.invalid", "fixedchargefirstmeter"),
            ({"mincharge": 5}, "import.invalid", "mincharge"),
            ({"mincharge": 5, "minchargeunits": "$/kW"}, "import.unsupported", "minchargeunits"),
            ({"mincharge": -5, "minchargeunits": "$/day"}, "import.invalid", "mincharge"),
            ({"mincharge": 5, "minchargeunits": "$/month", "minmonthlycharge": 6}, "import.unsupported", "mincharge"),
            (
                {"fixedchargefirstmeter": 5, "fixedchargeunits": "$/month", "fixedmonthlycharge": 6},
                "import.unsupported",
                "fixedmonthlycharge",
            ),
        ],
    )
    def test_what_cannot_be_carried_is_refused_by_its_field(self, refusal_of, changes, code, where):
        assert refusal_of(**changes) == (code, where)


class TestRefused:
    @pytest.mark.parametrize("field", sorted(REFUSED_UNLESS_ZERO))
    def test_a_price_that_cannot_be_carried_is_refused_and_zero_is_none(self, imported, refusal_of, field):
        assert refusal_of(**{field: [[{"rate": 0.5}]]}) == ("import.unsupported", field)
        assert refusal_of(**{field: [0] * 11 + [1]}) == ("import.unsupported", field)
        assert fate_of(imported(**{field: [0] * 12}), field) is Fate.INFORMATION
        assert fate_of(imported(**{field: 5}, without=(field,)), field) is Fate.LEFT_OUT

    @pytest.mark.parametrize("field", sorted(REFUSED))
    def test_texts_that_may_hold_prices_are_refused(self, refusal_of, field):
        assert refusal_of(**{field: [{"Transformation Charge": "$0.50/kVA"}]}) == ("import.unsupported", field)

    def test_look_back_fields_are_known_in_both_ways_of_writing(self, imported, refusal_of):
        assert refusal_of(lookbackPercent=0.6, lookbackRange=11) == ("import.unsupported", "lookbackPercent")
        made = imported(lookbackPercent=0, lookbackMonths=[0] * 12)
        assert fate_of(made, "lookbackMonths") is Fate.INFORMATION

    def test_a_field_nobody_knows_is_refused_unless_it_is_empty(self, imported, refusal_of):
        assert refusal_of(surcharge=1) == ("import.unknown", "surcharge")
        assert fate_of(imported(surcharge=None), "surcharge") is Fate.INFORMATION
        assert fate_of(imported(surcharge=1, without=("surcharge",)), "surcharge") is Fate.LEFT_OUT

    def test_all_that_is_refused_is_told_at_once(self, imported):
        with pytest.raises(TariffError) as refused:
            imported(surcharge=1, demandreactivepowercharge=0.5, startdate="x", energyratestructure=[[{"rate": 1, "sell": 2}]])
        fields = [line.partition(":")[0] for line in refused.value.message.splitlines()]
        assert fields == ["demandreactivepowercharge", "sell", "startdate", "surcharge"]

    def test_what_export_earns_is_refused_and_left_out_by_its_own_name(self, imported, refusal_of):
        structure = [[{"rate": 1, "sell": 0.04}]]
        assert refusal_of(energyratestructure=structure) == ("import.unsupported", "sell")
        made = imported(energyratestructure=structure, without=("sell",))
        assert fate_of(made, "sell") is Fate.LEFT_OUT
        assert fate_of(imported(energyratestructure=[[{"rate": 1, "sell": 0}]]), "energyratestructure") is Fate.CARRIED

    def test_net_metering_is_information_that_is_told(self, imported):
        made = imported(dgrules="Net Metering", usenetmetering=True)
        assert made.tariff.versions[0].export is None
        assert [note.partition(":")[0] for note in made.notes[:2]] == ["dgrules is 'Net Metering'", "usenetmetering"]

    @pytest.mark.parametrize("field", sorted(set(INFORMATION) - {"country", "utility", "name"}))
    def test_information_is_kept(self, imported, field):
        made = imported(**{field: "kept: as it is"})
        assert fate_of(made, field) is Fate.INFORMATION
        assert made.tariff.versions[0].source[field] == "kept: as it is"

    @pytest.mark.parametrize("value", [{"deep": {"er": 1}}, [[1]], float("nan"), 1e300, "x" * 20_001])
    def test_information_that_no_one_could_read_is_refused(self, refusal_of, value):
        assert refusal_of(description=value) == ("import.invalid", "description")


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("content", "code"),
        [
            pytest.param(b'{"energyratestructure": [[{"rate"', "import.syntax", id="cut off"),
            pytest.param(b'{"energyratestructure": 1, "energyratestructure": 2}', "import.invalid", id="a field twice"),
            pytest.param(b"name,rate\nx,1\n", "import.unrecognised", id="another format"),
            pytest.param(b"", "import.unrecognised", id="empty"),
            pytest.param(b'{"tariff": {"name": "x"}}', "import.unrecognised", id="another JSON"),
            pytest.param(b'{"items": ["energyratestructure"]}', "import.invalid", id="no record"),
            pytest.param(b"x" * 200_000_000, "import.syntax", id="200 MB"),
        ],
    )
    def test_are_refused(self, refusal_of, content, code):
        assert refusal_of(content=content)[0] == code


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["rate", "adj", "max", "unit", "sell"]), inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), JSON, max_size=6), st.sets(st.sampled_from(sorted(KNOWN)), max_size=2))
def test_whatever_fields_say_the_file_imports_or_is_refused_by_a_field(fields, without):
    record = {"energyratestructure": [[{"rate": 0.12}]]} | fields
    content = json.dumps(record).encode()
    options = ImportOptions("rate.json", frozenset(without))
    try:
        told = {each.field for each in import_tariff(content, options, imported_on=date(2026, 7, 30)).fields}
        wanted = set(record)
    except TariffError as refusal:
        told, wanted = {refusal.where}, KNOWN
    assert told - {"sell"} <= wanted
    assert wanted is KNOWN or told - {"sell"} == wanted
