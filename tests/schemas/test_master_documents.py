from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from schemas.master_data import LOADED
from schemas.master_documents import ROWS
from schemas.tables import TABLES

# A full valid row of each table; a test changes one cell. The columns are those of contract.md section 8.
VALID = {
    "service_points": {
        "service_point_id": "4103000001", "zone": "Australia/Adelaide", "standard_offset": "+10:00", "commodity": "electricity",
        "billing_basis": "interval", "interval_minutes": "30", "fuse_kw": "24.5", "transformer_id": "T 7",
        "has_generation": "true", "customer_class": "residential", "connected_from": "2020-01-01", "connected_to": None,
    },
    "meters": {
        "meter_id": "007", "service_point_id": "4103000001", "installed_from": "2020-01-01", "installed_to": None,
        "meter_type": "Acme, 3 phases", "head_end": "north",
    },
    "registers": {
        "meter_id": "007", "channel": "1-0:1.8.0", "role": "main", "direction": "import", "quantity": "active_energy",
        "unit": "kWh", "determinant": "import_kwh", "rate_band": None, "multiplier": "20", "dials": "6",
        "wraps_at": "838860.8", "decimals": "0", "intervals": "secondary", "valid_from": "2020-01-01",
        "valid_to": "2030-01-01T00:00:00Z",
    },
    "agreements": {
        "agreement_id": "A1", "account_id": "C1", "service_point_id": "4103000001", "role": "supply", "tariff_id": "flat",
        "billing_clock": "+10:00", "valid_from": "2020-01-01", "valid_to": None,
    },
    "agreement_facts": {
        "agreement_id": "A1", "fact": "contracted_kw.p1", "value": "50.5", "valid_from": "2020-01-01", "valid_to": None,
    },
    "agreement_options": {
        "agreement_id": "A1", "option": "low_income", "valid_from": "2020-01-01", "valid_to": "2021-01-01",
    },
    "opening_state": {"agreement_id": "A1", "name": "peak|*|2025-12", "value": "80", "as_of": "2026-01-01"},
    "accounts": {
        "account_id": "C1", "customer_id": "P1", "currency": "AUD", "language": "en-AU", "cycle": "3", "export_tax": "no",
    },
    "customers": {
        "customer_id": "P1", "name": "Zoë Nguyễn", "address": "1 High Street\nAdelaide", "email": "z@example.org",
        "phone": "+61 8",
    },
}  # fmt: skip


def parsed(table, column, text):
    return getattr(ROWS[table].model_validate(VALID[table] | {column: text}), column)


def refused(table, column, text):
    with pytest.raises(ValidationError) as refusal:
        ROWS[table].model_validate(VALID[table] | {column: text})
    return refusal.value.errors()


class TestRows:
    @pytest.mark.parametrize("table", ROWS)
    def test_a_full_row_is_taken(self, table):
        assert ROWS[table].model_validate(VALID[table])

    @pytest.mark.parametrize("table", ROWS)
    def test_the_columns_are_those_of_the_contract(self, table):
        assert list(ROWS[table].model_fields) == list(VALID[table])

    @pytest.mark.parametrize("table", ROWS)
    def test_every_stored_column_is_delivered(self, table):
        delivered = [{"standard_offset": "standard_offset_minutes"}.get(name, name) for name in ROWS[table].model_fields]
        assert delivered == [c.name for c in TABLES[table].columns if c != LOADED]

    @pytest.mark.parametrize("table", ROWS)
    def test_another_column_is_refused_by_name(self, table):
        assert refused(table, "colour", "red")[0]["loc"] == ("colour",)

    @pytest.mark.parametrize(("table", "column"), [(table, name) for table, row in ROWS.items() for name in row.model_fields])
    def test_a_cell_that_is_no_text_is_refused(self, table, column):
        assert refused(table, column, 7.5)[0]["loc"][0] == column

    @pytest.mark.parametrize(
        ("table", "column"), [(t, name) for t, row in ROWS.items() for name, f in row.model_fields.items() if f.is_required()]
    )
    def test_a_row_without_a_required_cell_is_refused(self, table, column):
        with pytest.raises(ValidationError, match=column):
            ROWS[table].model_validate({name: cell for name, cell in VALID[table].items() if name != column})

    @pytest.mark.parametrize(
        ("table", "column", "value"),
        [
            ("registers", "multiplier", Decimal(1)),
            ("registers", "intervals", "primary"),
            ("accounts", "export_tax", False),
            ("agreements", "billing_clock", None),
            ("service_points", "standard_offset", None),
        ],
    )
    def test_an_absent_cell_has_its_default(self, table, column, value):
        row = ROWS[table].model_validate({name: cell for name, cell in VALID[table].items() if name != column})
        assert getattr(row, column) == value


class TestIdentifiers:
    @pytest.mark.parametrize("text", ["007", "1-0:1.8.0", "T 7", "x" * 64, "é"])
    def test_an_id_is_kept_as_it_is(self, text):
        assert parsed("meters", "meter_id", text) == text

    @pytest.mark.parametrize("text", ["", " 7", "7 ", "x" * 65, "a\tb", "a\x00b", "a\u202eb", "a\u00a0b", "a\nb"])
    def test_an_id_that_two_people_would_read_differently_is_refused(self, text):
        assert refused("meters", "meter_id", text)


class TestNumbers:
    @pytest.mark.parametrize("text", ["20", "0.5", "0.000000001", "007", "-1", "9" * 29])
    def test_a_decimal_is_exact(self, text):
        assert parsed("registers", "multiplier", text) == Decimal(text)

    @pytest.mark.parametrize(
        "text", ["", "1e3", "1,5", "1.", ".5", "+1", "0.0000000001", "9" * 30, "nan", "1_000", "\u0661", " 1"]
    )
    def test_another_spelling_is_refused(self, text):
        assert refused("registers", "multiplier", text)

    @pytest.mark.parametrize("text", ["1", "15", "60"])
    def test_an_interval_divides_the_day(self, text):
        assert parsed("service_points", "interval_minutes", text) == int(text)

    @pytest.mark.parametrize("text", ["0", "-5", "61", "7", "1.0", ""])
    def test_an_interval_that_does_not_is_refused(self, text):
        assert refused("service_points", "interval_minutes", text)

    @pytest.mark.parametrize(
        ("text", "value"),
        [("true", True), ("TRUE", True), ("yes", True), ("1", True), ("False", False), ("no", False), ("0", False)],
    )
    def test_yes_and_no_have_several_spellings(self, text, value):
        assert parsed("accounts", "export_tax", text) is value

    @pytest.mark.parametrize("text", ["", "2", "maybe", " true", "y"])
    def test_maybe_is_refused(self, text):
        assert refused("accounts", "export_tax", text)


class TestWords:
    @pytest.mark.parametrize(
        ("table", "column", "text"),
        [
            ("service_points", "commodity", "Electricity"),
            ("service_points", "billing_basis", "monthly"),
            ("registers", "role", "total"),
            ("registers", "direction", "both"),
            ("registers", "intervals", "raw"),
            ("agreements", "role", "demand"),
            ("accounts", "currency", "aud"),
            ("accounts", "currency", "AUDX"),
            ("accounts", "language", "English (AU)"),
        ],
    )
    def test_a_word_outside_the_list_is_refused(self, table, column, text):
        assert refused(table, column, text)

    @pytest.mark.parametrize("text", ["import_kwh", "m3", "x" * 64])
    def test_a_determinant_may_be_any_lower_case_name(self, text):
        assert parsed("registers", "determinant", text) == text

    @pytest.mark.parametrize("text", ["Import_kWh", "import kwh", "3m", "_x", "x" * 65, ""])
    def test_a_determinant_is_nothing_else(self, text):
        assert refused("registers", "determinant", text)

    @pytest.mark.parametrize(("text", "unit"), [("KWH", "kWh"), ("m³", "m3"), ("Wh", "Wh"), ("furlong", "furlong")])
    def test_a_unit_has_one_spelling(self, text, unit):
        assert parsed("registers", "unit", text) == unit


class TestClocksAndTimes:
    @pytest.mark.parametrize("text", ["Europe/Prague", "+10:00", "UTC"])
    def test_a_zone_is_a_name_or_an_offset(self, text):
        assert parsed("service_points", "zone", text) == text

    @pytest.mark.parametrize("text", ["Prague", "CEST", "", "10:00"])
    def test_a_zone_nobody_knows_is_refused(self, text):
        assert "no zone name or fixed offset" in refused("service_points", "zone", text)[0]["msg"]

    @pytest.mark.parametrize(("text", "minutes"), [("+10:00", 600), ("-03:30", -210)])
    def test_a_standard_offset_is_minutes(self, text, minutes):
        assert parsed("service_points", "standard_offset", text) == minutes

    @pytest.mark.parametrize("text", ["Europe/Prague", "600", "+10", ""])
    def test_a_standard_offset_is_never_a_zone(self, text):
        assert refused("service_points", "standard_offset", text)

    def test_a_time_waits_for_its_zone(self):
        assert parsed("meters", "installed_from", "2020-01-01") == "2020-01-01"

    @pytest.mark.parametrize("text", ["2020-02-30", "01.02.2020", "today", ""])
    def test_a_time_that_is_none_is_refused(self, text):
        assert refused("meters", "installed_from", text)


class TestFreeText:
    @pytest.mark.parametrize("text", ["Zoë", "1 High Street\nAdelaide", "a\u00a0b", "x" * 500])
    def test_a_name_is_kept_as_it_is(self, text):
        assert parsed("customers", "name", text) == text

    @pytest.mark.parametrize("text", ["", "  ", "a\x00b", "a\x1bb", "\ud800", "x" * 501])
    def test_a_name_nobody_can_read_is_refused(self, text):
        assert refused("customers", "name", text)


class TestCarriedState:
    @pytest.mark.parametrize(
        "name",
        [
            "bank.money", "bank.kwh|", "bank.kwh|peak", "peak|*|2025-12", "peak|power|2026-01", "minimum|floor.2|2026",
            "ladder|usage|2026-07-01", "ladder|usage|2026-07-01|off_peak",
        ],
    )  # fmt: skip
    def test_what_a_bill_may_hand_over(self, name):
        assert parsed("opening_state", "name", name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "", "bank", "bank.kwh", "Bank.money", "bank.money ", "bank.kwh:peak", "peak|2025-12", "peak|*|2025-13", "peak|*|2025",
            "minimum|floor", "minimum|floor|26", "minimum|*|2026", "ladder|usage|2026", "ladder|usage|2026-02-30",
            "what|ever|2026",
        ],
    )  # fmt: skip
    def test_what_nobody_would_take_up_is_refused(self, name):
        refused("opening_state", "name", name)


@pytest.mark.parametrize(("value", "taken"), [("0", True), ("50.5", True), ("-0.000000001", False), ("-5", False)])
def test_a_fact_is_not_below_zero(value, taken):
    if taken:
        assert parsed("agreement_facts", "value", value) == Decimal(value)
    else:
        refused("agreement_facts", "value", value)
