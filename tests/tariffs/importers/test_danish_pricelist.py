"""Energinet's price list: records of charges with dates, and a price or 24 of them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from schemas.errors import TariffError
from tariffs.importers.carried_fields import Fate
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tests.tariffs.interval_bills import bill_of_intervals

RECORD = {
    "ChargeOwner": "Example Net A/S",
    "GLN_Number": "5790000000001",
    "ChargeType": "D03",
    "ChargeTypeCode": "NT-C",
    "Note": "Nettarif C",
    "Description": "Nettarif for C-kunder",
    "ValidFrom": "2026-01-01T00:00:00",
    "ValidTo": None,
    "VATClass": "D02",
    "Price1": 0.5,
    **{f"Price{hour}": None for hour in range(2, 25)},
    "TransparentInvoicing": 0,
    "TaxIndicator": 0,
    "ResolutionDuration": "P1D",
}
SUBSCRIPTION = RECORD | {"ChargeType": "D01", "ChargeTypeCode": "SUB", "Price1": 31, "ResolutionDuration": "P1M"}


def record(**changes):
    return RECORD | changes


def hours(*prices, **changes):
    """A tariff with a price for each hour: (price, hours), one after the other."""
    row = [price for price, count in prices for _ in range(count)]
    return RECORD | {f"Price{hour}": price for hour, price in enumerate(row, start=1)} | {"ResolutionDuration": "PT1H"} | changes


def imported(*records, without=(), overlay=None, **envelope):
    content = json.dumps({"total": len(records), "dataset": "DatahubPricelist", "records": list(records)} | envelope)
    options = ImportOptions("prices.json", frozenset(without))
    return import_tariff(content.encode(), options, imported_on=date(2026, 7, 30), overlay=overlay)


def refusal_of(*records, **more):
    with pytest.raises(TariffError) as refused:
        imported(*records, **more)
    return refused.value.code, refused.value.where


def charges_of(made, place=0):
    return {charge.id: charge for charge in made.tariff.versions[place].charges}


def amounts(made, first, after, load=lambda _: 1000):
    days = (date.fromisoformat(after) - date.fromisoformat(first)).days
    used = {"import_kwh": [[load(number) for number in range(days * 24)]]}
    lines = bill_of_intervals(made.tariff, used, first=first, after=after).lines.to_pylist()
    return {
        line["charge_id"] if line["band"] is None else f"{line['charge_id']} {line['band']}": line["amount_rounded"]
        for line in lines
    }


class TestCharges:
    def test_a_flat_tariff_is_so_much_a_kwh_with_vat_on_top(self):
        made = imported(record())
        assert made.text.splitlines()[2:] == [
            "tariff: datahub-example-net-a-s",
            "currency: DKK",
            "clock: Europe/Copenhagen",
            "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}",
            "versions:",
            "- from: 2026-01-01",
            "  source:",
            '    format: "Danish charges: DatahubPricelist"',
            "  charges:",
            '  - {id: NT-C, kind: energy, price: "0.5"}',
            '  - {id: vat, kind: tax, of: [NT-C], percent: "25"}',
        ]
        # 24 kWh x 0.50 = 12.00; VAT 25 % = 3.00
        assert amounts(made, "2026-01-05", "2026-01-06") == {"NT-C": Decimal("12.00"), "vat": Decimal("3.00")}

    def test_a_list_of_records_alone_says_the_same(self):
        content = json.dumps([record()]).encode()
        made = import_tariff(content, ImportOptions("prices.json"), imported_on=date(2026, 7, 30))
        assert made.tariff == imported(record()).tariff

    def test_hours_that_cost_the_same_are_one_period(self):
        made = imported(hours((0.1, 6), (0.3, 11), (0.9, 4), (0.3, 3)))
        # 6 kWh at 0.10, 14 at 0.30, 4 at 0.90
        assert amounts(made, "2026-01-05", "2026-01-06") == {
            "NT-C p0": Decimal("0.60"),
            "NT-C p1": Decimal("4.20"),
            "NT-C p2": Decimal("3.60"),
            "vat": Decimal("2.10"),
        }

    def test_both_sides_of_an_hour(self):
        made = imported(hours((0.1, 17), (0.9, 4), (0.1, 3)))
        dear = [
            "NT-C p1" in amounts(made, "2026-01-05", "2026-01-06", load=lambda n, at=hour: 1000 if n == at else 0)
            for hour in (16, 17, 20, 21)
        ]
        assert dear == [False, True, True, False]

    def test_two_tariffs_with_hours_share_the_periods(self):
        other = hours((0.2, 12), (0.4, 12), ChargeTypeCode="SYS")
        made = imported(hours((0.1, 6), (0.3, 18)), other)
        assert list(made.tariff.versions[0].periods) == ["p0", "p1", "p2"]
        found = amounts(made, "2026-01-05", "2026-01-06")
        assert sum(amount for name, amount in found.items() if name.startswith("NT-C")) == Decimal("6.00")
        assert sum(amount for name, amount in found.items() if name.startswith("SYS")) == Decimal("7.20")

    def test_a_subscription_is_shared_by_the_days_of_its_month(self):
        made = imported(SUBSCRIPTION)
        assert amounts(made, "2026-01-01", "2026-02-01")["SUB"] == Decimal("31.00")
        # 10 of January's 31 days, and 14 of February's 28
        assert amounts(made, "2026-01-22", "2026-02-01")["SUB"] == Decimal("10.00")
        assert amounts(made, "2026-02-01", "2026-02-15")["SUB"] == Decimal("15.50")

    def test_without_vat_none_is_laid_on_it(self):
        made = imported(record(), SUBSCRIPTION | {"VATClass": "D01"})
        assert charges_of(made)["vat"].of == ("NT-C",)

    def test_a_negative_price_is_a_reduction(self):
        assert charges_of(imported(record(Price1=-0.0202)))["NT-C"].price == Decimal("-0.0202")

    def test_a_code_that_is_no_name_becomes_one(self):
        made = imported(record(ChargeTypeCode="TCL<100_02"), record(ChargeTypeCode="TCL>100_02"))
        assert list(charges_of(made)) == ["TCL-100_02", "TCL-100_02.2", "vat"]

    def test_one_price_written_24_times_is_one_price(self):
        assert made_flat(imported(hours((0.432225, 24)))) == Decimal("0.432225")


def made_flat(made):
    return charges_of(made)["NT-C"].price


class TestDates:
    def test_a_new_price_is_a_new_version_and_never_prices_the_past(self):
        before = record(ValidTo="2026-04-01T00:00:00")
        after = record(ValidFrom="2026-04-01T00:00:00", Price1=0.6)
        made = imported(after, before)
        assert [version.from_ for version in made.tariff.versions] == [date(2026, 1, 1), date(2026, 4, 1)]
        found = bill_of_intervals(
            made.tariff, {"import_kwh": [[1000] * 48]}, first="2026-03-31", after="2026-04-02"
        ).lines.to_pylist()
        assert [line["amount_rounded"] for line in found if line["charge_id"] == "NT-C"] == [Decimal("12.00"), Decimal("14.40")]

    def test_records_of_the_same_price_are_one_version(self):
        made = imported(record(ValidTo="2026-04-01T00:00:00"), record(ValidFrom="2026-04-01T00:00:00"))
        assert len(made.tariff.versions) == 1

    def test_a_charge_that_begins_later_stands_from_then_on(self):
        made = imported(record(), SUBSCRIPTION | {"ValidFrom": "2026-07-01T00:00:00"})
        assert ["SUB" in charges_of(made, place) for place in (0, 1)] == [False, True]

    def test_a_charge_that_ends_while_others_go_on_ends_and_that_is_noted(self):
        made = imported(record(), SUBSCRIPTION | {"ValidTo": "2026-07-01T00:00:00"})
        assert ["SUB" in charges_of(made, place) for place in (0, 1)] == [True, False]
        assert made.notes == ("charge SUB ends on 2026-07-01",)

    def test_where_all_end_the_last_prices_hold_on_and_that_is_noted(self):
        made = imported(record(ValidTo="2026-07-01T00:00:00"))
        assert len(made.tariff.versions) == 1
        assert made.notes == ("charge NT-C ends on 2026-07-01; its last prices hold on",)

    def test_two_prices_at_once_are_refused(self):
        assert refusal_of(record(), record(ValidFrom="2026-04-01T00:00:00"))[0] == "import.unsupported"

    def test_a_hole_is_refused_unless_it_is_left_out_on_purpose(self):
        holes = (record(ValidTo="2026-03-01T00:00:00"), record(ValidFrom="2026-04-01T00:00:00", Price1=0.6))
        assert refusal_of(*holes) == ("import.unsupported", "ValidTo")
        made = imported(*holes, without=["missing_prices"])
        assert [len(version.charges) for version in made.tariff.versions] == [2, 0, 2]
        assert "# Left out on request: missing_prices" in made.text.splitlines()


BAD = [
    ([record()], {"without": ["NT-C"]}, "import.invalid", "records"),
    ([record(ChargeType="D04")], {}, "import.invalid", "ChargeType"),
    ([record(ChargeType="D02")], {}, "import.unsupported", "ChargeType"),
    ([record(VATClass="D03")], {}, "import.unsupported", "VATClass"),
    ([record(ValidTo="2026-04-01"), record(ValidFrom="2026-04-01", VATClass="D01")], {}, "import.unsupported", "VATClass"),
    ([record(ResolutionDuration="PT15M")], {}, "import.unsupported", "ResolutionDuration"),
    ([record(ChargeTypeCode=None)], {}, "import.invalid", "ChargeTypeCode"),
    ([record(ValidFrom="2026-13-01")], {}, "import.invalid", "ValidFrom"),
    ([record(ValidFrom="2026-01-01T06:00:00")], {}, "import.unsupported", "ValidFrom"),
    ([record(ValidTo="2026-01-01")], {}, "import.invalid", "charge NT-C"),
    ([record(Price1=None)], {}, "import.invalid", "Price1"),
    ([record(Price1="0.5")], {}, "import.invalid", "Price1"),
    ([record(Price1=0.1234567890123)], {}, "import.invalid", "Price1"),
    ([record(Price2=0.6)], {}, "import.invalid", "Price3"),
    ([hours((0.1, 12), (0.2, 12), ResolutionDuration="P1D")], {}, "import.invalid", "Price2"),
    ([SUBSCRIPTION | {f"Price{hour}": hour for hour in range(1, 25)}], {}, "import.invalid", "Price2"),
    ([record(Price25=0.6)], {}, "import.unknown", "Price25"),
    ([record()], {"surcharge": 0.1}, "import.invalid", "surcharge"),
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("records", "envelope", "code", "where"), BAD, ids=[f"{number} {bad[3]}" for number, bad in enumerate(BAD)]
    )
    def test_a_field_that_cannot_be_carried_is_refused_by_its_name(self, records, envelope, code, where):
        assert refusal_of(*records, **envelope) == (code, where)

    def test_a_fee_can_be_left_out_by_its_code(self):
        fee = record(ChargeType="D02", ChargeTypeCode="RYK")
        made = imported(record(), fee, without=["RYK"])
        assert made.tariff == imported(record()).tariff
        assert [each.field for each in made.fields if each.fate is Fate.LEFT_OUT] == ["charge RYK"]

    def test_every_column_and_charge_is_told_once(self):
        fields = [each.field for each in imported(record(), SUBSCRIPTION).fields]
        assert fields == [*RECORD, "charge NT-C", "charge SUB"]

    def test_an_unknown_column_that_is_empty_or_left_out_costs_nothing(self):
        assert imported(record(Price25=None)).tariff == imported(record()).tariff
        assert imported(record(Price25=0.6), without=["Price25"]).tariff == imported(record()).tariff
