from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.masterdata.merge import merge
from pipelines.masterdata.read import STORED
from schemas.errors import MasterDataError


def cells(tables, table, column):
    return tables[table][column].to_pylist()


def refusal(existing, delivered):
    with pytest.raises(MasterDataError) as refused:
        merge(existing, delivered, "run-1")
    assert refused.value.code == "masterdata.invalid"
    return str(refused.value)


class TestMerge:
    def test_every_table_comes_as_declared(self, loaded):
        merged = merge({}, {"service_points": loaded("service_points", {})}, "run-1")
        assert {name: rows.schema for name, rows in merged.items()} == {name: table.schema for name, table in STORED.items()}

    def test_a_new_row_names_its_run(self, loaded):
        assert cells(merge({}, {"accounts": loaded("accounts", {})}, "run-1"), "accounts", "loaded_run_id") == ["run-1"]

    def test_the_same_again_changes_nothing(self, everything, loaded):
        again = merge(everything(), {table: loaded(table, {}) for table in STORED}, "run-1")
        assert again == everything()

    def test_a_newer_row_replaces_the_one_of_its_key(self, everything, loaded):
        merged = merge(everything(), {"agreements": loaded("agreements", {"tariff_id": "green"})}, "run-1")
        assert cells(merged, "agreements", "tariff_id") == ["green"]

    def test_a_row_that_ends_the_old_one_replaces_it(self, everything, loaded):
        merged = merge(everything(), {"meters": loaded("meters", {"installed_to": "2026-01-01T00:00Z"})}, "run-1")
        assert cells(merged, "meters", "installed_to") == [datetime(2026, 1, 1, tzinfo=UTC)]

    def test_a_row_from_another_time_stands_beside_it(self, everything, loaded):
        merged = merge(everything(), {"registers": loaded("registers", {"valid_from": "2026-01-01"})}, "run-1")
        assert cells(merged, "registers", "loaded_run_id") == ["run-0", "run-1"]

    def test_a_changed_cell_that_was_empty_is_a_change(self, everything, loaded):
        merged = merge(everything(), {"customers": loaded("customers", {"phone": "1"})}, "run-1")
        assert cells(merged, "customers", "loaded_run_id") == ["run-1"]

    def test_what_was_not_loaded_stays(self, everything, loaded):
        merged = merge(everything(), {"customers": loaded("customers", {"customer_id": "P2"})}, "run-1")
        assert cells(merged, "customers", "customer_id") == ["P1", "P2"]

    def test_rows_come_sorted_by_key(self, loaded):
        rows = loaded("meters", {"meter_id": "b"}, {"meter_id": "a", "installed_from": "2026-01-01"}, {"meter_id": "a"})
        merged = merge({}, {"meters": rows}, "run-1")
        assert cells(merged, "meters", "meter_id") == ["a", "a", "b"]
        assert cells(merged, "meters", "installed_from")[0] < cells(merged, "meters", "installed_from")[1]

    def test_the_same_row_twice_is_one(self, loaded):
        assert merge({}, {"accounts": loaded("accounts", {}, {})}, "run-1")["accounts"].num_rows == 1

    def test_two_rows_of_a_key_that_differ_are_refused(self, loaded):
        told = refusal({}, {"accounts": loaded("accounts", {}, {"currency": "EUR"})})
        assert "accounts.csv:2: accounts C1 is also, and otherwise, in accounts.csv:3" in told

    def test_two_spellings_of_one_instant_are_one_key(self, loaded):
        rows = loaded("meters", {"installed_from": "2026-01-01T00:00+01:00"}, {"installed_from": "2025-12-31T23:00Z"})
        assert merge({}, {"meters": rows}, "run-1")["meters"].num_rows == 1


class TestTimes:
    @pytest.mark.parametrize("table", ["meters", "registers", "agreements"])
    def test_a_bare_date_is_midnight_in_the_service_points_zone(self, everything, loaded, table):
        since = {"meters": "installed_from"}.get(table, "valid_from")
        merged = merge(everything(**{table: []}), {table: loaded(table, {since: "2026-07-01"})}, "run-1")
        assert cells(merged, table, since) == [datetime(2026, 6, 30, 22, tzinfo=UTC)]

    def test_a_service_point_has_its_own_zone(self, loaded):
        rows = loaded("service_points", {"zone": "+10:00", "connected_from": "2026-07-01"})
        merged = merge({}, {"service_points": rows}, "run-1")
        assert cells(merged, "service_points", "connected_from") == [datetime(2026, 6, 30, 14, tzinfo=UTC)]

    def test_a_loaded_zone_counts_before_a_stored_one(self, everything, loaded):
        delivered = {
            "service_points": loaded("service_points", {"zone": "UTC"}),
            "meters": loaded("meters", {"installed_from": "2026-07-01"}),
        }
        assert datetime(2026, 7, 1, tzinfo=UTC) in cells(merge(everything(), delivered, "run-1"), "meters", "installed_from")

    def test_a_register_needs_an_offset_where_its_meter_was_in_two_zones(self, everything, loaded):
        points = [{}, {"service_point_id": "S2", "zone": "Europe/Dublin"}]
        meters = [
            {"installed_to": datetime(2024, 1, 1, tzinfo=UTC)},
            {"service_point_id": "S2", "installed_from": datetime(2024, 1, 1, tzinfo=UTC)},
        ]
        told = refusal(
            everything(service_points=points, meters=meters), {"registers": loaded("registers", {"valid_from": "2026-01-01"})}
        )
        assert "registers.csv:2: valid_from: '2026-01-01' needs an offset" in told

    def test_with_an_offset_it_needs_none(self, everything, loaded):
        points = [{}, {"service_point_id": "S2", "zone": "Europe/Dublin"}]
        meters = [{}, {"service_point_id": "S2", "installed_from": datetime(2024, 1, 1, tzinfo=UTC)}]
        existing = everything(service_points=points, meters=meters, registers=[])
        assert (
            merge(existing, {"registers": loaded("registers", {"valid_from": "2026-01-01T00:00Z"})}, "run-1")[
                "registers"
            ].num_rows
            == 1
        )

    def test_a_local_time_that_comes_twice_is_refused(self, everything, loaded):
        told = refusal(everything(), {"meters": loaded("meters", {"installed_to": "2026-10-25T02:30"})})
        assert "meters.csv:2: installed_to: '2026-10-25T02:30' exists twice in Europe/Prague" in told

    def test_every_time_that_cannot_be_read_is_told(self, everything, loaded):
        bad = [{"meter_id": name, "installed_to": "2026-10-25T02:30"} for name in ("M2", "M3")]
        assert "2 problems" in refusal(everything(), {"meters": loaded("meters", *bad)})


class TestDefaults:
    @pytest.mark.parametrize(
        ("zone", "given", "minutes"),
        [("Australia/Adelaide", None, 570), ("Australia/Adelaide", 600, 600), ("Europe/Dublin", None, 0), ("UTC", 0, 0)],
    )
    def test_the_standard_offset_is_that_of_the_zone_unless_given(self, loaded, zone, given, minutes):
        rows = loaded("service_points", {"zone": zone, "standard_offset_minutes": given})
        assert cells(merge({}, {"service_points": rows}, "r"), "service_points", "standard_offset_minutes") == [minutes]

    @pytest.mark.parametrize(("given", "clock"), [(None, "Europe/Prague"), ("+01:00", "+01:00")])
    def test_the_billing_clock_is_the_zone_unless_given(self, everything, loaded, given, clock):
        merged = merge(
            everything(), {"agreements": loaded("agreements", {"billing_clock": given, "valid_from": "2020-01-01T00:00Z"})}, "r"
        )
        assert cells(merged, "agreements", "billing_clock") == [clock]

    def test_a_missing_service_point_is_left_to_the_check(self, loaded):
        merged = merge({}, {"agreements": loaded("agreements", {"billing_clock": None, "valid_from": "2026-01-01"})}, "r")
        assert merged["agreements"].num_rows == 1


# A few keys and few values, so that the same key often comes again with other facts.
REGISTER_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "meter_id": st.sampled_from(["M1", "M2"]),
            "channel": st.sampled_from(["E1", "B1"]),
            "valid_from": st.sampled_from(["2020-01-01", "2026-03-29", "2026-10-25T00:00+02:00"]),
            "multiplier": st.sampled_from([Decimal(1), Decimal("0.5")]),
            "dials": st.none() | st.integers(5, 6),
        }
    ),
    max_size=8,
    unique_by=lambda row: (row["meter_id"], row["channel"], row["valid_from"]),
)


class TestProperties:
    @settings(max_examples=30, deadline=None)
    @given(first=REGISTER_ROWS, second=REGISTER_ROWS)
    def test_loading_again_changes_nothing(self, everything, loaded, first, second):
        base = everything(meters=[{}, {"meter_id": "M2"}])
        before = merge(base, {"registers": loaded("registers", *first)}, "run-1")
        once = merge(before, {"registers": loaded("registers", *second)}, "run-2")
        assert merge(once, {"registers": loaded("registers", *second)}, "run-3") == once

    @settings(max_examples=30, deadline=None)
    @given(rows=REGISTER_ROWS, data=st.data())
    def test_the_order_of_files_does_not_matter(self, everything, loaded, rows, data):
        base = everything(meters=[{}, {"meter_id": "M2"}])
        shuffled = data.draw(st.permutations(rows))
        one, other = (merge(base, {"registers": loaded("registers", *order)}, "run-1") for order in (rows, shuffled))
        assert one == other

    @settings(max_examples=30, deadline=None)
    @given(first=REGISTER_ROWS, second=REGISTER_ROWS)
    def test_each_key_has_the_facts_loaded_last(self, everything, loaded, first, second):
        base = everything(meters=[{}, {"meter_id": "M2"}], registers=[])
        before = merge(base, {"registers": loaded("registers", *first)}, "run-1")
        merged = merge(before, {"registers": loaded("registers", *second)}, "run-2")
        alone = merge(base, {"registers": loaded("registers", *second)}, "run-2")["registers"].drop_columns(["loaded_run_id"])
        facts = merged["registers"].drop_columns(["loaded_run_id"]).to_pylist()
        assert all(row in facts for row in alone.to_pylist())
        assert len(facts) == len({(r["meter_id"], r["channel"], r["valid_from"]) for r in facts})

    def test_stored_rows_are_not_touched(self, everything, loaded):
        existing = everything()
        merge(existing, {"accounts": loaded("accounts", {"currency": "EUR"})}, "run-1")
        assert existing == everything()
        assert isinstance(existing["accounts"], pa.Table)
