"""A table is declared once: columns with type, unit and meaning, a key, the partition.

From the declaration come the Arrow schema, the check at both doors, the DuckDB comments and the data
dictionary page.

>>> import pyarrow as pa
>>> READ = Table("reads", "One row a read.", key=("meter_id",), columns=(
...     column("meter_id", pa.string(), "serial number of the meter"),
...     column("value", pa.int64(), "the register's index", unit="kWh", nullable=True)))
>>> READ.check(pa.table({"meter_id": pa.array(["7"]), "value": pa.array([None], pa.int64())}))
>>> READ.empty().num_rows
0
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from schemas.errors import SchemaMismatchError

UTC_TIME = pa.timestamp("us", tz="UTC")
ENERGY = pa.decimal128(38, 9)
"""Quantities [unit of the row]: nine decimals, the finest the store accepts."""
PRICE = pa.decimal128(38, 12)
AMOUNT = pa.decimal128(38, 18)
"""Money: quantity times price with nothing rounded off."""
CENTS = pa.decimal128(38, 3)
"""Money on a document: three decimals hold every currency's minor unit."""


def list_of(element: pa.DataType) -> pa.DataType:
    """Return the list type of ``element`` whose elements are never null."""
    return pa.list_(pa.field("element", element, nullable=False))


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, meaning and unit."""

    name: str
    type: pa.DataType
    meaning: str
    unit: str | None = None
    nullable: bool = False

    @property
    def field(self) -> pa.Field:
        """The Arrow field."""
        return pa.field(self.name, self.type, nullable=self.nullable)


def column(name: str, type_: pa.DataType, meaning: str, *, unit: str | None = None, nullable: bool = False) -> Column:
    """Declare a column; ``nullable`` only where the meaning says what null stands for."""
    return Column(name, type_, meaning, unit, nullable)


@dataclass(frozen=True)
class Table:
    """A stored table: what a row is, its key, its columns, how its files are laid out."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of all columns, partition columns included."""
        return pa.schema([c.field for c in self.columns])

    @cached_property
    def file_schema(self) -> pa.Schema:
        """The Arrow schema inside a file: without the columns that the folder names."""
        return pa.schema([c.field for c in self.columns if c.name not in self.partition_by])

    def empty(self) -> pa.Table:
        """Return a table of this shape without rows."""
        return self.schema.empty_table()

    def check(self, rows: pa.Table, *, schema: pa.Schema | None = None) -> None:
        """Raise if ``rows`` are not what this table declares; every difference in one message.

        Args:
            rows: the rows to look at.
            schema: ``file_schema`` for the rows of one file; all columns otherwise.

        Raises:
            SchemaMismatchError: a column is missing, extra, of another type, or null where it may not be.
        """
        expected = schema if schema is not None else self.schema
        problems = [f"{f.name}: missing, expected {f.type}" for f in expected if f.name not in rows.schema.names]
        problems += [f"{name}: not a column of this table" for name in rows.schema.names if name not in expected.names]
        for field in expected:
            if field.name not in rows.schema.names:
                continue
            found = rows.schema.field(field.name)
            if found.type != field.type:
                problems.append(f"{field.name}: {found.type}, expected {field.type}")
            elif not field.nullable and rows.column(field.name).null_count:
                problems.append(f"{field.name}: {rows.column(field.name).null_count} null values, none allowed")
        if problems:
            code = "schema.mismatch"
            raise SchemaMismatchError(code, f"rows do not fit table {self.name}: " + "; ".join(problems))

    def conform(self, rows: pa.Table) -> pa.Table:
        """Return ``rows`` with the columns in declared order and exact types, after ``check``.

        Raises:
            SchemaMismatchError: see ``check``.
        """
        self.check(rows)
        return rows.select(self.schema.names).cast(self.schema)
