"""Reconcile: the newly delivered rows of a bucket against everything delivered before.

Whether a row is new, a copy, an older version or in conflict can only be said beside all other rows of its channel,
so it is said here, bucket by bucket, after ingest has dealt the rows out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.slots import Outcome, expand, outcomes, overlapping, slot_counts, starts_minutes
from pipelines.lakehouse.data_files import DataFile, read_data_files
from schemas.files import PARSED_REJECTIONS
from schemas.readings import DELIVERIES
from schemas.register_reads import REGISTER_READS
from schemas.table import Table

SLOT_COLUMNS = (
    "service_point_id", "meter_id", "channel", "start", "interval_minutes", "exponent",
    "values", "values64", "quality", "version", "file_id", "record", "clock_offset_minutes",
)  # fmt: skip
LONGEST_RUN = timedelta(days=2)
"""Readers cut runs at the end of a day, so a run that began earlier than this cannot reach a slot."""
_BEFORE_ALL = -(2**62)
"""Version of a read that has none: older than any."""
SPAN_ROWS = 65_536
"""Rows compared at once, at most, unless one service point has more: a few hundred MB of quarter hours."""
READ_KEY = ("service_point_id", "meter_id", "channel", "direction", "kind", "read_at", "period_from")


@dataclass
class Reconciled:
    """What the new rows of a bucket turned out to be.

    Attributes:
        duplicate: file id to slots and reads that are copies.
        superseded: file id to slots and reads older than what is there.
        conflicting: file id to slots and reads in conflict.
        rejections: rows of ``PARSED_REJECTIONS`` plus ``file_id``, one per record in conflict.
        months: months, in standard time, in which new slots lie.
    """

    duplicate: dict[str, int] = field(default_factory=dict)
    superseded: dict[str, int] = field(default_factory=dict)
    conflicting: dict[str, int] = field(default_factory=dict)
    rejections: list[dict[str, str | int]] = field(default_factory=list)
    months: set[str] = field(default_factory=set)


def reconcile(
    root: Path, bucket: int, fresh: Sequence[DataFile], before: Sequence[DataFile], *, default_offset_minutes: int
) -> Reconciled:
    """Compare the new rows of ``bucket`` with each other and with those delivered before.

    Args:
        root: the store's folder.
        bucket: which bucket.
        fresh: files of deliveries and register reads written by this run.
        before: files of the same tables that earlier runs wrote.
        default_offset_minutes: standard time of sources that have none of their own [min].
    """
    result = Reconciled()
    for span in _spans(root, bucket, [file for file in fresh if file.table == DELIVERIES.name], DELIVERIES):
        new = read_data_files(root, DELIVERIES, span.files, columns=SLOT_COLUMNS, filters=span.rows)
        found = pc.min_max(new["start"]).as_py()
        result.months |= _months(new, default_offset_minutes)
        low, high = (found["min"] - LONGEST_RUN).isoformat(), (found["max"] + LONGEST_RUN).isoformat()
        touching = [
            f for f in _of(before, DELIVERIES.name) if f.low is None or f.high is None or not (f.high < low or f.low > high)
        ]
        old = read_data_files(root, DELIVERIES, touching, columns=SLOT_COLUMNS, filters=span.rows)
        _intervals(result, old, new)
    for span in _spans(root, bucket, [file for file in fresh if file.table == REGISTER_READS.name], REGISTER_READS):
        new_reads = read_data_files(root, REGISTER_READS, span.files, filters=span.rows)
        old_reads = read_data_files(root, REGISTER_READS, _of(before, REGISTER_READS.name), filters=span.rows)
        _reads(result, old_reads, new_reads)
    return result


class _Span(NamedTuple):
    """Some service points of a bucket, next to each other in the order of their names.

    Attributes:
        files: new files that hold rows of them.
        rows: picks their rows.
    """

    files: list[DataFile]
    rows: pc.Expression


def _spans(root: Path, bucket: int, files: Sequence[DataFile], table: Table) -> list[_Span]:
    """Divide the new rows of a bucket into spans of service points, so that a file of any size fits the memory."""
    of_bucket = pc.field("bucket") == bucket
    counts: dict[str, int] = {}
    inside: list[tuple[DataFile, str, str]] = []
    for file in files:
        points = read_data_files(root, table, [file], columns=["service_point_id"], filters=of_bucket)["service_point_id"]
        if not len(points):
            continue
        for count in pc.value_counts(points.combine_chunks()).to_pylist():
            counts[count["values"]] = counts.get(count["values"], 0) + count["counts"]
        ends = pc.min_max(points).as_py()
        inside.append((file, ends["min"], ends["max"]))
    spans: list[_Span] = []
    held: list[str] = []
    room = SPAN_ROWS
    for point in sorted(counts):
        if held and counts[point] > room:
            spans.append(_span(held, inside, of_bucket))
            held, room = [], SPAN_ROWS
        held.append(point)
        room -= counts[point]
    return [*spans, _span(held, inside, of_bucket)] if held else spans


def _span(points: list[str], inside: Sequence[tuple[DataFile, str, str]], of_bucket: pc.Expression) -> _Span:
    """Return the span from the first of ``points`` to the last."""
    low, high = points[0], points[-1]
    point = pc.field("service_point_id")
    files = [file for file, lowest, highest in inside if lowest <= high and highest >= low]
    return _Span(files, of_bucket & (point >= low) & (point <= high))


def _of(files: Sequence[DataFile], table: str) -> list[DataFile]:
    return [file for file in files if file.table == table]


def _months(rows: pa.Table, default_offset_minutes: int) -> set[str]:
    """Return the standard-time months in which slots of ``rows`` lie."""
    offset = pc.fill_null(rows["clock_offset_minutes"].combine_chunks(), default_offset_minutes).to_numpy().astype(np.int64)
    start = starts_minutes(rows) + offset
    last = start + (slot_counts(rows) - 1) * rows["interval_minutes"].to_numpy()
    months = np.unique(np.r_[start, last].astype("datetime64[m]").astype("datetime64[M]"))
    return set(months.astype(str).tolist())


def _intervals(result: Reconciled, old: pa.Table, new: pa.Table) -> None:
    """Account for interval data; rows that touch no other row are not even taken apart."""
    new = new.sort_by([("file_id", "ascending"), ("record", "ascending"), ("start", "ascending")])
    rows = pa.concat_tables([old, new]).combine_chunks()
    shared = overlapping(rows)
    is_new = np.arange(rows.num_rows) >= old.num_rows
    if not (shared & is_new).any():
        return
    picked = np.flatnonzero(shared)
    rows = rows.take(pa.array(picked))
    slots = expand(rows)
    found = outcomes(slots, np.arange(rows.num_rows))
    fresh = is_new[picked][slots.row]
    for outcome, into in (
        (Outcome.DUPLICATE, result.duplicate),
        (Outcome.SUPERSEDED, result.superseded),
        (Outcome.CONFLICT, result.conflicting),
    ):
        counts = np.bincount(slots.row[fresh & (found == outcome)], minlength=rows.num_rows)
        for row in np.flatnonzero(counts):
            file_id = rows["file_id"][int(row)].as_py()
            into[file_id] = into.get(file_id, 0) + int(counts[row])
            if outcome is Outcome.CONFLICT:
                result.rejections.append(_conflict(rows.slice(int(row), 1).to_pylist()[0], int(counts[row])))


def _conflict(row: dict[str, object], slots: int) -> dict[str, str | int]:
    """Return the rejection of a record whose slots were delivered with other values and no newer version."""
    message = (
        f"{slots} slots of {row['service_point_id']} {row['channel']} from {row['start']} were delivered twice with different "
        "values and nothing says which is newer; neither is used"
    )
    return {
        "file_id": str(row["file_id"]),
        "record": str(row["record"]),
        "code": "conflict.same_version",
        "message": message,
        "raw": "",
        "rows": slots,
    }


def _reads(result: Reconciled, old: pa.Table, new: pa.Table) -> None:
    """Account for register reads: the newest version of a read counts, and of equal ones the first that came."""
    new = new.sort_by([("file_id", "ascending"), ("record", "ascending")])
    rows = pa.concat_tables([old.select(new.schema.names), new]).combine_chunks()
    state = read_outcomes(rows)
    state[: old.num_rows] = Outcome.ACCEPTED
    for outcome, into in (
        (Outcome.DUPLICATE, result.duplicate),
        (Outcome.SUPERSEDED, result.superseded),
        (Outcome.CONFLICT, result.conflicting),
    ):
        picked = rows.take(pa.array(np.flatnonzero(state == outcome)))
        for count in pc.value_counts(picked["file_id"].combine_chunks()).to_pylist():
            into[count["values"]] = into.get(count["values"], 0) + count["counts"]
        if outcome is Outcome.CONFLICT:
            result.rejections += [_conflict({**read, "start": read["read_at"]}, 1) for read in picked.to_pylist()]


def read_outcomes(rows: pa.Table) -> np.ndarray:
    """Say what becomes of each register read, given all reads that were ever delivered of its register and time.

    Args:
        rows: reads in order of arrival: the columns of ``READ_KEY``, value and version.

    Returns:
        (n,) ``Outcome`` codes. A read whose source had no clock is like no other: two of them may be two moments.
    """
    state = np.full(rows.num_rows, Outcome.DUPLICATE, dtype=np.int8)
    if not rows.num_rows:
        return state
    key = _read_keys(rows)
    version = rows["version"].combine_chunks().cast(pa.int64()).fill_null(_BEFORE_ALL).to_numpy()
    value = _codes(rows["value"])
    order = np.lexsort((np.arange(rows.num_rows), -version, key))
    key, version, value = key[order], version[order], value[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    first = np.repeat(begins, np.diff(np.append(begins, len(key))))
    newest = version == version[first]
    differs = np.zeros(len(key), dtype=np.bool_)
    np.logical_or.at(differs, first, newest & (value != value[first]))
    state[order] = np.where(newest, np.where(differs[first], Outcome.CONFLICT, Outcome.DUPLICATE), Outcome.SUPERSEDED)
    accepted = order[begins]
    state[accepted] = np.where(differs[begins], Outcome.CONFLICT, Outcome.ACCEPTED)
    return state


def _read_keys(rows: pa.Table) -> np.ndarray:
    """Return a number for the register and time of each read, (n,) int64; its own for one without a time."""
    key = np.zeros(rows.num_rows, dtype=np.int64)
    for name in READ_KEY:
        code = _codes(rows[name])
        key = key * (int(code.max(initial=0)) + 1) + code
        _, key = np.unique(key, return_inverse=True)
    timeless = np.flatnonzero(rows["read_at"].combine_chunks().is_null().to_numpy(zero_copy_only=False))
    key[timeless] = rows.num_rows + timeless
    return key


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    """Return a number for each value of a column, (n,) int64; null is a value like any other."""
    encoded = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def conflict_table(rejections: list[dict[str, str | int]]) -> pa.Table:
    """Return rejections of conflicts as rows: ``PARSED_REJECTIONS`` plus ``file_id``."""
    schema = PARSED_REJECTIONS.schema.append(pa.field("file_id", pa.string(), nullable=False))
    return pa.Table.from_pylist(sorted(rejections, key=lambda r: (str(r["file_id"]), str(r["record"]))), schema=schema)
