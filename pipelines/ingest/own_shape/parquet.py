"""Parquet files of the own shape.

Arrow decodes the pages, within limits that are checked before: the footer, the number of row groups and columns, what each
page unpacks to (``parquet_pages``), the columns and their types. Texts stay dictionaries until their longest is known. What
has a checksum is verified; the file is spooled to disk, as Parquet is read from its end, and one row group is read at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.ingest.collector import Collector
from pipelines.ingest.digits import Ints
from pipelines.ingest.own_shape.parquet_pages import column_chunks, page_sizes, refusal
from pipelines.ingest.own_shape.rows import MOST_VALUES, take_row
from pipelines.ingest.own_shape.shapes import Shape, shape_of
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.rejected import Fault
from schemas.errors import InputRefusedError

MAGIC, ENCRYPTED_MAGIC = b"PAR1", b"PARE"
MOST_BYTES = 4 * 2**30
MOST_FOOTER_BYTES = 4 * 2**20
MOST_COLUMNS = 32
_MOST_ENTRIES = 4000
"""Of any list in the footer: row groups, and a schema that cannot be nested deeper than that."""
MOST_GROUP_BYTES = 256 * 2**20
"""Bytes a row group may unpack to."""
MOST_GROUP_VALUES = 16 * 2**20
"""Values of a column in a row group: 128 MB of 64 bits."""
MOST_UNPACKED_BYTES = 8 * 2**30
MOST_TEXT_CHARACTERS = 1000
_BATCH_ROWS = 2048
_SLICE_VALUES = 50_000
_COPY_BYTES = 2**20
_TAIL_BYTES = 8
_SMALLER = "write smaller row groups, or split the delivery"
_BROKEN = (OSError, pa.ArrowException, ValueError, KeyError, IndexError, OverflowError, RuntimeError, TypeError, MemoryError)
"""What Arrow raises on damaged files."""
_TEXTS = frozenset(
    {
        "service_point_id", "meter_id", "channel", "quantity", "direction", "unit", "native_quality", "native_reason", "kind",
        "method", "file_id",
    }
)  # fmt: skip
_TIMES = frozenset({"start", "interval_start", "read_at", "period_from", "version"})
_WHOLE = frozenset({"interval_minutes", "exponent", "clock_offset_minutes"})
_MICROSECONDS = {"s": 1_000_000, "ms": 1000, "us": 1, "ns": -1000}
"""Microseconds of a time unit; a negative one divides."""


def recognise_parquet(head: bytes) -> bool:
    """Whether a file begins as Parquet does, encrypted or not."""
    return head.startswith((MAGIC, ENCRYPTED_MAGIC))


def read_parquet(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read a Parquet file of the own shape, some rows at a time.

    Args:
        stream: the bytes of the file.
        context: name and prefix; every time in the file is an instant.

    Raises:
        InputRefusedError: ``parquet.corrupt``, ``parquet.limit``, ``crc.mismatch``, ``encrypted.no_key``, ``shape.unknown``,
            ``shape.column``, ``shape.type``, ``value.float``, ``file.empty``.
    """
    collector = Collector(prefix=context.prefix)
    with tempfile.TemporaryFile() as spool:
        _check_sizes(spool, _spool(stream, spool), collector)
        opened = _open(spool)
        try:
            shape = _check_schema(opened.schema_arrow)
        except UnicodeDecodeError:
            raise refusal("parquet.corrupt", "a name in its footer is no text") from None
        if not opened.metadata.num_rows:
            raise refusal("file.empty", f"{context.name} holds no row", "ask the sender for the file again")
        row = 0
        for group in range(opened.num_row_groups):
            for batch in _batches(opened, group):
                for rows in _slices(batch, collector, row):
                    for place, fields in rows:
                        take_row(collector, shape, fields, str(row + place + 1), str(fields)[:MOST_TEXT_CHARACTERS])
                        if collector.is_full:
                            yield collector.hand_over()
                row += batch.num_rows
    yield collector.hand_over()


def _spool(stream: BinaryIO, spool: BinaryIO) -> int:
    """Copy a file to disk; return where its footer begins."""
    size = 0
    while piece := stream.read(_COPY_BYTES):
        size += len(piece)
        if size > MOST_BYTES:
            raise refusal("parquet.limit", f"more than {MOST_BYTES >> 30} GiB")
        spool.write(piece)
    if size < _TAIL_BYTES + len(MAGIC):
        raise refusal("parquet.corrupt", "it ends before it begins")
    spool.seek(0)
    head = spool.read(len(MAGIC))
    spool.seek(size - _TAIL_BYTES)
    length, tail = int.from_bytes(spool.read(4), "little"), spool.read(len(MAGIC))
    if ENCRYPTED_MAGIC in (head, tail):
        raise refusal("encrypted.no_key", "the Parquet file is encrypted, and nobody gave a key", "deliver it plain")
    if (head, tail) != (MAGIC, MAGIC) or length > size - _TAIL_BYTES - len(MAGIC):
        raise refusal("parquet.corrupt", "its end is not that of a Parquet file")
    if length > MOST_FOOTER_BYTES:
        raise refusal("parquet.limit", f"a footer of {length >> 20} MiB")
    return size - _TAIL_BYTES - length


def _open(spool: BinaryIO) -> pq.ParquetFile:
    """Open a file: read its footer, first to learn which columns are text, then to keep those as dictionaries."""
    limits: dict[str, Any] = {
        "pre_buffer": False,
        "buffer_size": _COPY_BYTES,
        "thrift_string_size_limit": MOST_FOOTER_BYTES,
        "thrift_container_size_limit": _MOST_ENTRIES,
        "page_checksum_verification": True,
        "arrow_extensions_enabled": False,
    }
    try:
        first = pq.ParquetFile(spool, **limits)
        if first.metadata.num_columns > MOST_COLUMNS:
            raise refusal("parquet.limit", f"{first.metadata.num_columns} columns")
        leaves = [first.schema.column(place) for place in range(len(first.schema))]
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type == "STRING"]
        return pq.ParquetFile(spool, read_dictionary=texts, **limits)
    except _BROKEN as problem:
        raise refusal("parquet.corrupt", str(problem)[:200]) from None


def _check_schema(schema: pa.Schema) -> Shape:
    """Return the shape that the columns are, every type as expected."""
    if len(set(schema.names)) != len(schema.names):
        raise refusal("shape.column", "a column stands twice in the Parquet file")
    shape = shape_of(schema.names)
    if isinstance(shape, Fault):
        raise InputRefusedError(shape.code, shape.message, "see the page of the own shape")
    for field in schema:
        expected = None if _is_extension(field) else _expected(field.name, field.type)
        if expected != "":
            _refuse_type(field, expected)
    return shape


def _is_extension(field: pa.Field) -> bool:
    return isinstance(field.type, pa.BaseExtensionType) or b"ARROW:extension:name" in (field.metadata or {})


def _expected(name: str, kind: pa.DataType) -> str:
    """Return what a column should be; nothing where it is that."""
    if name in _TEXTS:
        return "" if _is_text(kind) else "text"
    if name in _TIMES:
        return "" if pa.types.is_timestamp(kind) and kind.tz is not None else "instants: a timestamp that is adjusted to UTC"
    if name in _WHOLE:
        return "" if pa.types.is_integer(kind) else "whole numbers"
    if name in ("value", "values"):
        exact = _is_exact(kind) if name == "value" else _is_list(kind) and _is_exact(kind.value_type)
        return "" if exact else "whole numbers or decimals, a list of them where a row is a run"
    element = kind.value_type if _is_list(kind) else kind
    if name == "quality" and (_is_text(element) or pa.types.is_integer(element)):
        return ""
    return "" if name == "native_qualities" and _is_list(kind) and _is_text(element) else "words, or lists of them"


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_exact(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal128(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _refuse_type(field: pa.Field, expected: str | None) -> None:
    """Refuse a column of another type; of floats that they are no exact numbers.

    Raises:
        InputRefusedError: ``value.float`` or ``shape.type``.
    """
    element = field.type.value_type if _is_list(field.type) else field.type
    if field.name in ("value", "values") and pa.types.is_floating(element):
        hint = "write decimals, or whole numbers and an exponent"
        raise refusal("value.float", f"column '{field.name}' holds floats, which are no exact values", hint)
    message = f"column '{field.name}' is {field.type}, expected: {expected or 'a plain type, no extension'}"
    raise refusal("shape.type", message, "see the page of the own shape")


def _check_sizes(spool: BinaryIO, end: int, collector: Collector) -> None:
    """Refuse a file of which a row group would take more memory than a delivery's; say where checksums are missing."""
    spool.seek(end)
    total, checked = 0, True
    for group in column_chunks(spool.read()[:-_TAIL_BYTES]):
        unpacked = 0
        for chunk in group:
            if chunk.values > MOST_GROUP_VALUES:
                raise refusal("parquet.limit", f"a row group of {chunk.values} values", _SMALLER)
            sizes = page_sizes(spool, chunk.start, chunk.values, end)
            unpacked += sizes.unpacked_bytes
            checked &= sizes.checked
        total += unpacked
        if unpacked > MOST_GROUP_BYTES or total > MOST_UNPACKED_BYTES:
            raise refusal("parquet.limit", f"a row group of {unpacked >> 20} MiB, or {total >> 30} GiB in all", _SMALLER)
    if not checked:
        collector.warn("crc.missing", "not every page carries a checksum: damage on the way here might not be noticed")


def _batches(opened: pq.ParquetFile, group: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a row group, their texts looked at."""
    try:
        for batch in opened.iter_batches(_BATCH_ROWS, row_groups=[group], use_threads=False):
            batch.validate(full=True)
            for column in batch.columns:
                _check_texts(column)
            yield batch
    except _BROKEN as problem:
        if "CRC" in str(problem):
            raise refusal("crc.mismatch", "a page is not what its checksum says") from None
        raise refusal("parquet.corrupt", str(problem)[:200]) from None


def _check_texts(column: pa.Array) -> None:
    """Refuse texts longer than any field of a reading, before they are spread over their rows."""
    inner = column.values if _is_list(column.type) else column
    if pa.types.is_dictionary(inner.type):
        inner = inner.dictionary
    if _is_text(inner.type) and (pc.max(pc.binary_length(inner)).as_py() or 0) > MOST_TEXT_CHARACTERS:
        raise refusal("parquet.limit", f"a text of more than {MOST_TEXT_CHARACTERS} bytes")


def _slices(batch: pa.RecordBatch, collector: Collector, before: int) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Yield rows as fields with their place in the batch, few enough at a time; rows with too many values are set aside."""
    lengths = _most_entries(batch)
    too_long = np.flatnonzero(lengths > MOST_VALUES).tolist()
    for row in too_long:
        fault = Fault("record.length", f"a row of more than {MOST_VALUES} values")
        collector.reject(str(before + row + 1), fault, "", rows=int(lengths[row]))
    borders = [-1, *too_long, batch.num_rows]
    for begin, end in _spans(lengths, [(low + 1, high) for low, high in pairwise(borders)]):
        columns = [_plain(column.slice(begin, end - begin)) for column in batch.columns]
        rows = [dict(zip(batch.schema.names, cells, strict=True)) for cells in zip(*columns, strict=True)]
        yield list(enumerate(rows, start=begin))


def _spans(lengths: Ints, parts: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield spans of rows that hold some ten thousands of values, a row at least."""
    for low, high in parts:
        begin = low
        while begin < high:
            count = int(np.searchsorted(np.cumsum(lengths[begin:high]), _SLICE_VALUES, side="right"))
            yield begin, begin + max(1, count)
            begin += max(1, count)


def _most_entries(batch: pa.RecordBatch) -> Ints:
    """Return the entries of the longest list of each row, 1 at least."""
    most = np.ones(batch.num_rows, dtype=np.int64)
    for column in batch.columns:
        if _is_list(column.type):
            most = np.maximum(most, pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False))
    return most


def _plain(column: pa.Array) -> Sequence[Any]:
    """Return cells as Python has them; an instant as microseconds, a finer one as text that is no time."""
    if not pa.types.is_timestamp(column.type):
        return column.to_pylist()
    factor = _MICROSECONDS[column.type.unit]
    ticks = column.cast(pa.int64()).to_pylist()
    if factor > 0:
        return [None if tick is None else tick * factor for tick in ticks]
    return [None if tick is None else f"{tick} ns" if tick % -factor else tick // -factor for tick in ticks]
