"""OpenTariff: every field of a tariff is carried, kept as information, or refused by its name."""

from __future__ import annotations

import copy
import json
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from schemas.errors import TariffError
from tariffs.importers.carried_fields import Fate
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tariffs.series import PriceSeries
from tests.tariffs.interval_bills import bill_of_intervals

RATE = {"rate_type": "single_rate", "fuel": "electricity", "unit_rate": "20"}
STANDING = {"standing_charge": "50", "fuel": "electricity"}
TARIFF = {
    "dno_region": 16,
    "rate_type": "single_rate",
    "fuel_type": "electricity",
    "payment_method": "direct_debit",
    "on_supply_from": "2025-04-01T00:00:00",
    "standing_charges": [STANDING],
    "rates": [RATE],
}
PRODUCT = {
    "name": "Simply Fixed",
    "domestic": True,
    "type": "fixed",
    "available_from": "2025-01-01T00:00:00",
    "supplier_name": "Example Energy",
    "direction": "import",
}
HEAT_PUMP = [
    ("12", "05:00:00", "09:00:00"),
    ("12", "13:00:00", "16:00:00"),
    ("30.66", "00:00:00", "05:00:00"),
    ("30.66", "09:00:00", "13:00:00"),
    ("30.66", "16:00:00", "00:00:00"),
]
"""The tariff of the project's own example of a calculation: off peak 05-09 and 13-16."""


def by_time(*rates, **more):
    """A tariff by time of use of (pence, from, to) or of whole rates."""
    made = [
        rate if isinstance(rate, dict) else {"unit_rate": rate[0], "time_from": rate[1], "time_to": rate[2]} for rate in rates
    ]
    same = {"rate_type": "time_of_use_static", "fuel": "electricity"}
    return {"rate_type": "time_of_use_static", "rates": [same | rate for rate in made]} | more


def imported(*, without=(), overlay=None, product=None, **changes):
    tariff = {name: value for name, value in (copy.deepcopy(TARIFF) | changes).items() if value is not None}
    content = tariff if product is None else {"product": PRODUCT | product, "tariff": tariff}
    options = ImportOptions("tariff.json", frozenset(without))
    return import_tariff(json.dumps(content).encode(), options, imported_on=date(2026, 7, 30), overlay=overlay)


def refusal_of(**changes):
    with pytest.raises(TariffError) as refused:
        imported(**changes)
    return refused.value.code, refused.value.where


def version_of(made):
    (version,) = made.tariff.versions
    return version


def charges_of(made):
    return {charge.id: charge for charge in version_of(made).charges}


def amounts(made, first, after, *, series=None, options=(), minutes=30, load=lambda _: 1000, name="import_kwh", **more):
    """Rate one agreement of a load by interval [Wh]."""
    days = (date.fromisoformat(after) - date.fromisoformat(first)).days
    used = {name: [[load(number) for number in range(days * 24 * 60 // minutes)]]}
    rated = bill_of_intervals(
        made.tariff,
        used,
        first=first,
        after=after,
        minutes=minutes,
        series=series or {},
        options={option: np.array([True]) for option in options},
        **more,
    )
    lines = rated.lines.to_pylist()
    return {(line["charge_id"], line["band"]): line["amount_rounded"] for line in lines}, rated.total_rounded[0].as_py()


class TestHead:
    def test_a_flat_tariff_is_a_document_with_every_rule_written_down(self):
        assert imported().text.splitlines()[2:] == [
            "# OpenTariff 1.2 has no clock; Europe/London stands for it (meters of two rates often keep +00:00 all the year)",
            "# OpenTariff 1.2 does not say whether prices contain VAT; none is laid on them",
            "tariff: opentariff",
            "currency: GBP",
            "clock: Europe/London",
            "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}",
            "versions:",
            "- from: 2025-04-01",
            "  source:",
            '    format: "OpenTariff 1.2"',
            '    dno_region: "16"',
            "    payment_method: direct_debit",
            "  charges:",
            '  - {id: standing, kind: fixed, price: "0.5", per: day}',
            '  - {id: energy, kind: energy, quantity: import_kwh, price: "0.2"}',
        ]

    def test_an_overlay_lays_vat_on_the_prices(self):
        made = imported(overlay='add_charges: [{id: vat, kind: tax, of: all, percent: "5"}]\n')
        # the project's own example: 48 kWh x 20p + 50p = 10.10; VAT 5 % 0.505 -> 0.51
        assert amounts(made, "2025-04-01", "2025-04-02")[1] == Decimal("10.61")
        assert not any("VAT" in note for note in made.notes)

    def test_the_product_names_the_tariff_and_is_kept(self):
        made = imported(product={}, on_supply_from=None)
        assert made.tariff.tariff == "example-energy-simply-fixed"
        assert version_of(made).from_ == date(2025, 1, 1)
        assert version_of(made).source["name"] == "Simply Fixed"

    def test_without_any_date_it_holds_always_and_that_is_noted(self):
        made = imported(on_supply_from=None)
        assert version_of(made).from_ == date(1970, 1, 1)
        assert "the tariff has no on_supply_from; 1970-01-01 stands for it" in made.notes

    def test_the_end_of_supply_is_noted(self):
        assert "the tariff ends on 2026-04-01; add a version from then on" in imported(on_supply_to="2026-04-01T00:00:00").notes

    @pytest.mark.parametrize(("text", "day"), [("2025-03-31T23:00:00+00:00", 1), ("2025-03-31T22:59:59+00:00", 31)])
    def test_an_instant_is_a_date_in_british_time(self, text, day):
        assert version_of(imported(on_supply_from=text)).from_.day == day


class TestProjectsOwnExamples:
    """Results of the cost calculator of the OpenTariff project, from its tests (pounds)."""

    def test_a_day_of_a_single_rate(self):
        # 48 kWh x 20p = 960p, 50p standing charge
        assert amounts(imported(), "2025-05-01", "2025-05-02")[1] == Decimal("10.10")

    def test_a_year_of_a_single_rate(self):
        # 365 x 48 kWh x 20p = 350400p, 365 x 50p = 18250p
        made = imported(on_supply_from="2025-01-01T00:00:00", overlay='clock: "+00:00"\n')
        assert amounts(made, "2025-01-01", "2026-01-01", minutes=60, load=lambda _: 2000)[1] == Decimal("3686.50")

    def test_a_day_by_time_of_use(self):
        # off peak 14 x 12p = 168p, on peak 34 x 30.66p = 1042.44p, standing 52.82p: 1263.26p
        made = imported(**by_time(*HEAT_PUMP), standing_charges=[STANDING | {"standing_charge": "52.82"}])
        lines, _ = amounts(made, "2025-05-01", "2025-05-02")
        assert lines == {
            ("standing", None): Decimal("0.53"),
            ("energy", "p1"): Decimal("1.68"),
            ("energy", "p2"): Decimal("10.42"),
        }

    def test_midnight_belongs_to_the_day_that_begins(self):
        made = imported(**by_time(*HEAT_PUMP))
        lines, _ = amounts(made, "2025-05-01", "2025-05-02", load=lambda number: 1000 if number == 0 else 0)
        assert lines["energy", "p2"] == Decimal("0.31")


class TestTimeOfUse:
    def test_rates_of_one_price_are_one_period(self):
        version = version_of(imported(**by_time(*HEAT_PUMP)))
        assert list(version.periods) == ["p1", "p2"]
        assert charges_of(imported(**by_time(*HEAT_PUMP)))["energy"].price == {"p1": Decimal("0.12"), "p2": Decimal("0.3066")}

    def test_both_ends_of_days_and_months_are_included(self):
        summer = {"unit_rate": "10", "month_from": 6, "month_to": 8}
        weekdays = {"unit_rate": "30", "month_from": 9, "month_to": 5, "day_from": 0, "day_to": 4}
        weekend = {"unit_rate": "20", "month_from": 9, "month_to": 5, "day_from": 5, "day_to": 6}
        made = imported(**by_time(summer, weekdays, weekend))
        # 48 kWh a day: 31 August and 1 September 2025 (Sunday, Monday), Friday 5 and Saturday 6 September
        for day, after, band in (
            ("2025-08-31", "2025-09-01", "p1"),
            ("2025-09-01", "2025-09-02", "p2"),
            ("2025-09-05", "2025-09-06", "p2"),
            ("2025-09-06", "2025-09-07", "p3"),
            ("2026-05-31", "2026-06-01", "p3"),
        ):
            lines, _ = amounts(made, day, after)
            assert [key for key in lines if key[0] == "energy" and lines[key]] == [("energy", band)], day

    def test_days_round_the_weekend(self):
        rest = {"unit_rate": "30", "day_from": 1, "day_to": 4}
        round_it = {"unit_rate": "20", "day_from": 5, "day_to": 0}
        rules = version_of(imported(**by_time(rest, round_it))).periods
        assert [rule.days for rule in rules["p2"]] == [(0, 5, 6)]

    @pytest.mark.parametrize(
        ("rates", "code", "where"),
        [
            ([("12", "05:00", "09:00")], "import.unsupported", "rates in month 1"),
            ([("12", "05:00", "09:00"), ("30", "08:30", "05:00")], "import.unsupported", "rates in month 1"),
            ([("12", "05:00", "05:00")], "import.invalid", "rates[0].time_to"),
            ([{"unit_rate": "12", "time_from": "05:00"}], "import.invalid", "rates[0].time_to"),
            ([{"unit_rate": "12"}], "import.invalid", "rates[0]"),
            ([("12", "05:00:30", "09:00")], "import.invalid", "rates[0].time_from"),
            ([{"unit_rate": "12", "day_from": 0, "day_to": 7}], "import.invalid", "rates[0].day_to"),
            ([{"unit_rate": "12", "month_from": 0, "month_to": 7}], "import.invalid", "rates[0].month_from"),
            ([("100", "00:00", "12:00"), ("30", "12:00", "00:00")], "import.invalid", "rates[0].unit_rate"),
            ([("-5", "00:00", "12:00"), ("30", "12:00", "00:00")], "import.invalid", "rates[0].unit_rate"),
        ],
    )
    def test_windows_that_leave_a_minute_out_or_price_it_twice_are_refused(self, rates, code, where):
        assert refusal_of(**by_time(*rates)) == (code, where)


class TestDynamicRates:
    RATES = (
        ("2025-05-01T00:30:00+01:00", "2025-05-01T01:00:00+01:00", "9.5"),
        ("2025-05-01T00:00:00+01:00", "2025-05-01T00:30:00+01:00", "11"),
        ("2025-05-01T01:00:00+01:00", "2025-05-02T00:00:00+01:00", "20"),
    )

    @staticmethod
    def changes(rates):
        made = [
            {
                "rate_type": "time_of_use_dynamic",
                "fuel": "electricity",
                "unit_rate": price,
                "datetime_from": start,
                "datetime_to": end,
            }
            for start, end, price in rates
        ]
        return {"rate_type": "time_of_use_dynamic", "rates": made}

    def test_rates_by_date_and_time_are_a_price_series_beside_the_document(self):
        made = imported(**self.changes(self.RATES))
        assert charges_of(made)["energy"].price.series == "unit_rate"
        assert made.series["unit_rate"].splitlines() == [
            "interval_start,price",
            "2025-05-01T00:00:00+01:00,0.11",
            "2025-05-01T00:30:00+01:00,0.095",
            "2025-05-01T01:00:00+01:00,0.2",
        ]

    def test_the_series_prices_each_half_hour(self):
        made = imported(**self.changes(self.RATES))
        rows = [line.split(",") for line in made.series["unit_rate"].splitlines()[1:]]
        starts = np.array([int(np.datetime64(start[:-6]).astype("datetime64[s]").astype(int)) - 3600 for start, _ in rows])
        series = PriceSeries("unit_rate", starts, np.array([int(Decimal(price) * 1000) for _, price in rows]), 3)
        lines, _ = amounts(made, "2025-05-01", "2025-05-02", series={"unit_rate": series})
        # 1 kWh at 11p, 1 at 9.5p, 46 at 20p
        assert lines["energy", None] == Decimal("9.41")

    @pytest.mark.parametrize(
        ("place", "rate", "where"),
        [
            (0, ("2025-05-01T00:30:00", "2025-05-01T01:00:00", "9.5"), "rates[0].datetime_from"),
            (0, ("2025-05-01T00:45:00+01:00", "2025-05-01T01:00:00+01:00", "9.5"), "rates[0].datetime_from"),
            (0, ("2025-05-01T00:15:00+01:00", "2025-05-01T01:00:00+01:00", "9.5"), "rates[0].datetime_from"),
            (0, ("2025-05-01T00:30:00+01:00", "2025-05-01T00:30:00+01:00", "9.5"), "rates[0].datetime_to"),
            (0, ("soon", "2025-05-01T01:00:00+01:00", "9.5"), "rates[0].datetime_from"),
        ],
    )
    def test_a_hole_an_overlap_or_a_time_without_offset_is_refused(self, place, rate, where):
        rates = list(self.RATES)
        rates[place] = rate
        assert refusal_of(**self.changes(rates))[1] == where


class TestOtherRates:
    def test_export_is_paid_by_the_rates_of_its_direction(self):
        made = imported(rates=[RATE, RATE | {"direction": "export", "unit_rate": "15"}])
        assert version_of(made).export.price == Decimal("0.15")

    def test_rates_without_a_direction_have_the_products(self):
        made = imported(product={"direction": "export"}, standing_charges=[])
        assert (version_of(made).charges, version_of(made).export.price) == ((), Decimal("0.2"))
        assert refusal_of(product={"direction": "bi_directional"}) == ("import.invalid", "tariff.rates[0].direction")

    def test_energy_by_use_has_registers_of_its_own(self):
        rates = [
            RATE | {"rate_type": "type_of_use", "consumption_type": "electric_vehicle", "unit_rate": "7"},
            RATE | {"rate_type": "type_of_use", "consumption_type": "any"},
        ]
        made = imported(rate_type="type_of_use", rates=rates)
        assert {charge.id: charge.quantity for charge in version_of(made).charges if charge.kind == "energy"} == {
            "energy_electric_vehicle": "electric_vehicle_kwh",
            "energy_any": "import_kwh",
        }
        assert any("register of its own" in note for note in made.notes)

    def test_gas_is_priced_by_its_energy(self):
        made = imported(fuel_type="gas", rates=[RATE | {"fuel": "gas"}], standing_charges=[STANDING | {"fuel": "gas"}])
        assert charges_of(made)["energy"].quantity == "gas_kwh"

    def test_of_both_fuels_one_is_left_out_on_purpose(self):
        both = {
            "fuel_type": "both",
            "rates": [RATE, RATE | {"fuel": "gas", "unit_rate": "6"}],
            "standing_charges": [STANDING, STANDING | {"fuel": "gas", "standing_charge": "30"}],
        }
        assert refusal_of(**both) == ("import.unsupported", "fuel_type")
        made = imported(without=["gas"], **both)
        assert {charge.id: charge.price for charge in version_of(made).charges} == {
            "standing": Decimal("0.5"),
            "energy": Decimal("0.2"),
        }
        assert [each.field for each in made.fields if each.fate is Fate.LEFT_OUT] == ["standing_charges[1]", "rates[1]"]

        other = imported(without=["electricity"], **both)
        assert {
            charge.id: (charge.price, charge.quantity) for charge in version_of(other).charges if charge.kind == "energy"
        } == {"energy": (Decimal("0.06"), "gas_kwh")}

    def test_one_standing_charge_with_a_band_is_for_all(self):
        made = imported(standing_charges=[STANDING | {"tcr_band": "1"}])
        assert [charge.only_for for charge in version_of(made).charges if charge.kind == "fixed"] == [None]

    def test_standing_charges_of_bands_are_options(self):
        bands = [STANDING | {"tcr_band": str(band), "standing_charge": str(10 * band)} for band in (1, 2)]
        made = imported(standing_charges=[STANDING, *bands])
        assert [(charge.price, charge.only_for) for charge in version_of(made).charges if charge.kind == "fixed"] == [
            (Decimal("0.5"), None),
            (Decimal("0.1"), "tcr_band_1"),
            (Decimal("0.2"), "tcr_band_2"),
        ]


BAD = [
    ({"rates": []}, "import.invalid", "rates"),
    ({"rates": [RATE, RATE]}, "import.unsupported", "rates[1]"),
    ({"rates": [RATE | {"rate_type": "time_of_use_static"}]}, "import.invalid", "rates[0].rate_type"),
    ({"rates": [RATE | {"fuel": "gas"}]}, "import.invalid", "rates[0].fuel"),
    ({"rates": [RATE | {"time_from": "05:00"}]}, "import.unsupported", "rates[0].time_from"),
    ({"rates": [RATE | {"consumption_from": 100}]}, "import.unsupported", "rates[0].consumption_from"),
    ({"rates": [RATE | {"unit_rate": "dear"}]}, "import.invalid", "rates[0].unit_rate"),
    ({"rates": [RATE | {"peak": "30"}]}, "import.unknown", "rates[0].peak"),
    ({"rates": [RATE | {"direction": "sideways"}]}, "import.invalid", "rates[0].direction"),
    ({"rate_type": "free"}, "import.invalid", "rate_type"),
    ({"rate_type": None}, "import.invalid", "rate_type"),
    ({"fuel_type": "coal"}, "import.invalid", "fuel_type"),
    ({"dno_region": 9}, "import.invalid", "dno_region"),
    ({"exit_fee_type": "fixed", "exit_fee_value": "50"}, "import.unsupported", "exit_fee_value"),
    ({"standing_charges": [STANDING | {"standing_charge": None}]}, "import.invalid", "standing_charges[0].standing_charge"),
    (
        {"standing_charges": [STANDING | {"max_consumption": 10}, STANDING | {"min_consumption": 10}]},
        "import.unsupported",
        "standing_charges[0]",
    ),
    ({"on_supply_from": "soon"}, "import.invalid", "on_supply_from"),
    ({"vat": "5"}, "import.unknown", "vat"),
    (
        {
            "rate_type": "demand_tiered",
            "rates": [RATE | {"rate_type": "demand_tiered", "consumption_from": 0, "consumption_to": 100}],
        },
        "import.unsupported",
        "rates[0].consumption_from",
    ),
    (
        {"rate_type": "type_of_use", "rates": [RATE | {"rate_type": "type_of_use"}]},
        "import.invalid",
        "rates[0].consumption_type",
    ),
]


class TestRefusals:
    @pytest.mark.parametrize(("changes", "code", "where"), BAD, ids=[f"{number} {bad[2]}" for number, bad in enumerate(BAD)])
    def test_a_field_that_cannot_be_carried_is_refused_by_its_name(self, changes, code, where):
        assert refusal_of(**changes) == (code, where)

    def test_an_exit_without_a_price_is_information(self):
        assert imported(exit_fee_type="fixed", exit_fee_value="0").tariff == imported().tariff

    def test_an_exit_fee_can_be_left_out(self):
        made = imported(exit_fee_type="fixed", exit_fee_value="50", without=["exit_fee_value"])
        assert made.tariff.versions[0].charges == imported().tariff.versions[0].charges

    def test_each_field_is_told_once(self):
        made = imported(product={"smart": True, "bundled_products": [{"type": "utility", "name": "Boiler cover"}]})
        fields = [each.field for each in made.fields]
        assert len(fields) == len(set(fields))
        assert any("Boiler cover" in note for note in made.notes)
