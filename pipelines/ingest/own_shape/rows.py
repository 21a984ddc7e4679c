"""Rows of the own shape become runs of slots and register reads: one meaning, whichever file they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.ingest.collector import Collector
from pipelines.ingest.own_shape.fields import (
    FieldError,
    instant_of,
    kind_of,
    minutes_of,
    number_in,
    quality_of,
    read_quality_of,
    series_of,
    text_of,
    version_of,
)
from pipelines.ingest.own_shape.shapes import READ, RUN, SLOT, Shape
from schemas.codes import ReadKind

MOST_VALUES = 100_000
"""Values of one row: more than a year of five minutes has should be several rows."""
_MINUTE_US = 60_000_000


def take_row(collector: Collector, shape: Shape, fields: Mapping[str, Any], record: str, raw: str | bytes) -> None:
    """Take a row, or set it aside with its code.

    Args:
        collector: takes it.
        shape: of the row; ``fields`` has its columns and no other.
        fields: texts, ``int`` and ``Decimal``, lists of them, None.
        record: where it stands.
        raw: as it stands, for the person who looks into a rejection.
    """
    try:
        if shape is RUN:
            _take_run(collector, fields, record)
        elif shape is SLOT:
            _take_slot(collector, fields, record)
        elif shape is READ:
            _take_read(collector, fields, record)
    except FieldError as error:
        values = fields.get("values")
        collector.reject(record, error.fault, raw, rows=len(values) or 1 if isinstance(values, list) else 1)


def _take_run(collector: Collector, fields: Mapping[str, Any], record: str) -> None:
    """Take consecutive slots; a value that cannot be kept is set aside alone."""
    values = fields["values"]
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
        code = "record.length"
        raise FieldError(code, f"'values' is no list of 1 to {MOST_VALUES} values")
    series, start, minutes, version = series_of(fields), instant_of(fields["start"]), minutes_of(fields), version_of(fields)
    instant_of(start + len(values) * minutes * _MINUTE_US)
    qualities = _each(fields, "quality", len(values))
    natives = _each(fields, "native_qualities", len(values))
    native, reason = text_of(fields.get("native_quality")), text_of(fields.get("native_reason"))
    for place, (value, quality, own) in enumerate(zip(values, qualities, natives, strict=True)):
        where = f"{record}/{place + 1}"
        try:
            collector.add_interval(
                series,
                start + place * minutes * _MINUTE_US,
                minutes * 60,
                number_in(value),
                where,
                quality=quality_of(quality),
                native_quality=native if own is None else text_of(own),
                reason=reason,
                version_us=version,
            )
        except FieldError as error:
            collector.reject(where, error.fault, str(value)[:100])


def _each(fields: Mapping[str, Any], name: str, count: int) -> Sequence[object]:
    """Return a list with one entry a value; a single word is that of all of them."""
    given = fields.get(name)
    if not isinstance(given, list):
        return [given] * count
    if len(given) != count:
        code = "record.length"
        raise FieldError(code, f"{count} values and {len(given)} entries of '{name}'")
    return given


def _take_slot(collector: Collector, fields: Mapping[str, Any], record: str) -> None:
    """Take one slot. ``method`` is how another store made its estimate; ``file_id`` is a file of that store."""
    method = text_of(fields.get("method"))
    collector.add_interval(
        series_of(fields),
        instant_of(fields["interval_start"]),
        minutes_of(fields) * 60,
        number_in(fields["value"]),
        record,
        quality=quality_of(fields.get("quality")),
        native_quality=text_of(fields.get("native_quality")),
        reason=text_of(fields.get("native_reason")) or (method if method != "none" else None),
        version_us=version_of(fields),
    )


def _take_read(collector: Collector, fields: Mapping[str, Any], record: str) -> None:
    """Take a register read; without a value it is none."""
    kind, read_at = kind_of(fields.get("kind")), instant_of(fields["read_at"])
    period_from = fields.get("period_from")
    if (kind is ReadKind.PERIOD) != (period_from is not None) or (period_from is not None and instant_of(period_from) >= read_at):
        code = "time.invalid"
        raise FieldError(code, "a read of kind period, and no other, begins at 'period_from', before 'read_at'")
    collector.add_read(
        series_of(fields),
        read_at,
        number_in(fields["value"]),
        record,
        kind=kind,
        quality=read_quality_of(fields.get("quality")),
        native_quality=text_of(fields.get("native_quality")),
        period_from_us=None if period_from is None else instant_of(period_from),
        version_us=version_of(fields),
    )
