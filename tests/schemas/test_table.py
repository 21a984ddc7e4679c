from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from schemas.errors import SchemaMismatchError
from schemas.table import ENERGY, Table, column, list_of
from schemas.tables import DATA_TABLES, TABLES

READS = Table(
    name="reads",
    doc="One row a read.",
    key=("meter_id",),
    columns=(
        column("month", pa.string(), "month of the read"),
        column("meter_id", pa.string(), "serial number"),
        column("value", ENERGY, "index", unit="kWh", nullable=True),
    ),
    partition_by=("month",),
)


def reads(**changes: pa.Array) -> pa.Table:
    """A full valid table with the named columns changed; None leaves a column out."""
    columns = {
        "month": pa.array(["2026-01"]),
        "meter_id": pa.array(["7"]),
        "value": pa.array([Decimal("1.5")], ENERGY),
    } | changes
    return pa.table({name: array for name, array in columns.items() if array is not None})


class TestCheck:
    def test_rows_as_declared_pass(self):
        READS.check(reads())

    def test_null_passes_where_the_column_says_what_it_stands_for(self):
        READS.check(reads(value=pa.nulls(1, ENERGY)))

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            pytest.param({"meter_id": None}, "meter_id: missing, expected string", id="a missing column"),
            pytest.param({"colour": pa.array(["red"])}, "colour: not a column", id="an extra column"),
            pytest.param({"value": pa.array([1.5])}, "value: double, expected decimal128", id="another type"),
            pytest.param({"meter_id": pa.nulls(1, pa.string())}, "meter_id: 1 null values", id="a null that may not be"),
        ],
    )
    def test_a_difference_is_told(self, changes, told):
        with pytest.raises(SchemaMismatchError, match="reads: .*" + told):
            READS.check(reads(**changes))

    def test_every_difference_is_told_at_once(self):
        with pytest.raises(SchemaMismatchError) as refusal:
            READS.check(reads(meter_id=None, value=pa.array(["1"]), colour=pa.array(["red"])))
        assert all(name in str(refusal.value) for name in ("meter_id", "value", "colour"))

    def test_a_file_has_no_column_that_its_folder_names(self):
        READS.check(reads(month=None), schema=READS.file_schema)

    def test_a_file_with_a_folders_column_is_refused(self):
        with pytest.raises(SchemaMismatchError, match="month: not a column"):
            READS.check(reads(), schema=READS.file_schema)


class TestConform:
    def test_columns_come_in_declared_order(self):
        assert READS.conform(reads().select(["value", "meter_id", "month"])).column_names == ["month", "meter_id", "value"]

    def test_nullability_is_that_of_the_declaration(self):
        assert not READS.conform(reads()).schema.field("meter_id").nullable

    def test_wrong_rows_are_refused(self):
        with pytest.raises(SchemaMismatchError):
            READS.conform(reads(meter_id=None))


class TestTable:
    def test_an_empty_table_conforms(self):
        assert READS.conform(READS.empty()).num_rows == 0

    def test_list_elements_are_never_null(self):
        assert not list_of(pa.int32()).value_field.nullable


class TestTables:
    @pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
    def test_its_key_is_made_of_its_columns(self, table):
        assert set(table.key) <= {c.name for c in table.columns}

    @pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
    def test_a_partition_is_never_null(self, table):
        declared = {c.name: c.nullable for c in table.columns}
        assert [name for name in table.partition_by if declared.get(name, True)] == []

    @pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
    def test_no_column_is_declared_twice(self, table):
        assert len({c.name for c in table.columns}) == len(table.columns)

    def test_a_run_pins_every_table_but_its_own(self):
        assert set(TABLES) == {table.name for table in DATA_TABLES} | {"runs"}
