"""The same rows as JSON lines and as Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.ingest.own_shape.jsonl import read_jsonl
from pipelines.ingest.own_shape.parquet import read_parquet
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS
from schemas.table import UTC_TIME

Row = dict[str, Any]
TYPES = {
    **dict.fromkeys(("interval_minutes", "clock_offset_minutes"), pa.int32()),
    **dict.fromkeys(("start", "interval_start", "read_at", "period_from", "version"), UTC_TIME),
    "exponent": pa.int8(),
    "value": pa.decimal128(38, 9),
}
SERIES = {"service_point_id": "0012345678", "meter_id": "007", "channel": "E1", "direction": "import", "unit": "kWh"}


_READERS = {"jsonl": read_jsonl, "parquet": read_parquet}


class OwnShape:
    """Writes rows as a head-end would, and reads them."""

    @staticmethod
    def run(**changes: Any) -> Row:
        return SERIES | {"start": "2026-01-01T00:00:00Z", "interval_minutes": 30, "values": ["0.5", None, "0.25"]} | changes

    @staticmethod
    def slot(**changes: Any) -> Row:
        return SERIES | {"interval_start": "2026-01-01T00:00:00Z", "interval_minutes": 30, "value": "0.5"} | changes

    @staticmethod
    def read(**changes: Any) -> Row:
        return SERIES | {"read_at": "2026-01-01T00:00:00Z", "value": "1234.5"} | changes

    @staticmethod
    def jsonl(*rows: Row) -> bytes:
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)

    @staticmethod
    def table(*rows: Row) -> pa.Table:
        """Rows of one shape as a table: texts of numbers and times become what they say."""
        columns = {}
        for name in dict.fromkeys(name for row in rows for name in row):
            kind = TYPES.get(name, pa.string())
            cells = [row.get(name) for row in rows]
            if pa.types.is_timestamp(kind):
                cells = [cell and datetime.fromisoformat(cell).astimezone(UTC) for cell in cells]
            if name == "values":
                kind, cells = pa.list_(pa.decimal128(38, 9)), [[part and Decimal(part) for part in cell] for cell in cells]
            elif name == "value":
                cells = [cell and Decimal(cell) for cell in cells]
            elif any(isinstance(cell, list) for cell in cells):
                kind = pa.list_(pa.string())
            columns[name] = pa.array(cells, kind)
        return pa.table(columns)

    @classmethod
    def parquet(cls, *rows: Row, **options: Any) -> bytes:
        return cls.written(cls.table(*rows), **options)

    @staticmethod
    def written(table: pa.Table, **options: Any) -> bytes:
        out = io.BytesIO()
        pq.write_table(table, out, **({"write_page_checksum": True} | options))
        return out.getvalue()

    @classmethod
    def parse(cls, form: str, data: bytes, **context: Any) -> Parsed:
        """Read a file and hold every piece against the promises of a reader."""
        pieces = list(_READERS[form](io.BytesIO(data), ReadContext("a", **context)))
        for piece in pieces:
            PARSED_INTERVALS.check(piece.intervals)
            PARSED_READS.check(piece.reads)
            assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
        return Parsed(
            intervals=pa.concat_tables(piece.intervals for piece in pieces),
            reads=pa.concat_tables(piece.reads for piece in pieces),
            rejections=pa.concat_tables(piece.rejections for piece in pieces),
            rows_read=sum(piece.rows_read for piece in pieces),
            warnings=tuple(warning for piece in pieces for warning in piece.warnings),
        )

    @classmethod
    def outcome(cls, form: str, data: bytes) -> str:
        """``accepted``, the codes of the rows set aside, or ``refused`` with the code."""
        try:
            parsed = cls.parse(form, data)
        except InputRefusedError as refusal:
            return f"refused {refusal.code}"
        return " ".join(sorted(set(parsed.rejections["code"].to_pylist()))) or "accepted"

    @staticmethod
    def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
        return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


@pytest.fixture(scope="session")
def own() -> type[OwnShape]:
    return OwnShape


@pytest.fixture(params=["jsonl", "parquet"])
def read_rows(request: pytest.FixtureRequest) -> Callable[..., Parsed]:
    """``read_rows(*rows)``: write the rows as a file of each form in turn and read it."""
    writers = {"jsonl": OwnShape.jsonl, "parquet": OwnShape.parquet}

    def read(*rows: Row, **context: Any) -> Parsed:
        return OwnShape.parse(request.param, writers[request.param](*rows), **context)

    return read


def values_of(parsed: Parsed) -> Sequence[Decimal | None]:
    return [
        None if quality == 1 else Decimal(value).scaleb(row["exponent"])
        for row in parsed.intervals.to_pylist()
        for value, quality in zip(
            row["values64"] or row["values"], row["quality"] or [0] * len(row["values64"] or row["values"]), strict=True
        )
    ]


@pytest.fixture(scope="session")
def values() -> Callable[[Parsed], Sequence[Decimal | None]]:
    """The values of all slots; None where there is none."""
    return values_of
