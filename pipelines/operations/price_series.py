"""Price series into the store: files read to the last digit, each delivery laid over what was known before.

A row holds from its start to the next row's, so a file says by itself how long each price holds, but for the last row: that one
holds as long as the row before it did. A row left out of an even series would make the price before it hold on in silence;
where rows are not evenly spaced the file has to say so: by a column ``interval_end``, or by the one who loads it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import RunRecord, Snapshot, Store
from pipelines.operations.opening import Clock, new_run_id, versions
from schemas.errors import InputRefusedError
from schemas.master_data import PRICE_SERIES
from schemas.periods import parse_time
from schemas.table import UTC_TIME

COMMAND = "tariff.series.load"
_DECIMAL = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,12})?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
INVALID = "series.invalid"
LengthBefore = Callable[[datetime], timedelta | None]
_STARTS, _ENDS, _PRICE = "interval_start", "interval_end", "price"


class Step(NamedTuple):
    """A value and the time that it holds for, end exclusive (UTC)."""

    starts_at: datetime
    ends_at: datetime
    value: Decimal


@dataclass(frozen=True)
class LoadedSeries:
    """What a load did to one series.

    Attributes:
        name: what tariffs call it.
        path: the file.
        rows: rows of the file.
        changed: months with a row that is new or different.
        first: begin of the first row of the file.
        end: end of its last row.
    """

    name: str
    path: Path
    rows: int
    changed: tuple[str, ...]
    first: datetime
    end: datetime


@dataclass(frozen=True)
class SeriesReport:
    """What a load did: the run, None where everything was there already; each series."""

    run_id: str | None
    series: list[LoadedSeries]


def store_series(store: Store, files: Sequence[tuple[str, Path]], now: Clock, *, until_next: bool = False) -> SeriesReport:
    """Load price series: where a delivery has a price it counts from then on, elsewhere what was known before stays.

    Args:
        store: the store.
        files: names of series and their files; a later file of a name is laid over an earlier one.
        now: the clock.
        until_next: a price holds until the next row of its file, however far away that is.

    Raises:
        InputRefusedError: ``series.invalid``, ``file.missing``, ``file.unreadable``: nothing is loaded.
        StoreBusyError: another run is writing.
    """
    for name, path in files:
        if not _NAME.fullmatch(name):
            _refuse(f"{name!r} is no name of a series", "letters, digits, '_', '.' and '-'", str(path))
    names = [name for name, _ in files]
    if len(set(names)) < len(names):
        _refuse("a series is named twice", "one file a series, the next with the next command", "")
    with writer_lock(store.root):
        base = store.snapshot()
        started_at = now()
        run_id = new_run_id(started_at)
        reports: list[LoadedSeries] = []
        changes: list[_Change] = []
        for name, path in files:
            delivered = read_series(path, last=partial(_step_before, base, name), until_next=until_next)
            change = _change(base, name, delivered, run_id)
            changes.append(change)
            ends = (delivered[0].starts_at, delivered[-1].ends_at)
            reports.append(LoadedSeries(name, path, len(delivered), tuple(sorted(change.months)), *ends))
        if not any(change.months for change in changes):
            return SeriesReport(None, reports)
        adds, removes = _months_written(base, changes, run_id)
        counters = {"series_changed": sum(1 for change in changes if change.months)}
        run = RunRecord(run_id, COMMAND, started_at, now(), counters=counters, versions=versions())
        publish_catalogue(store, store.publish(run, base, adds, removes))
    return SeriesReport(run_id, reports)


Kept = tuple[Step, str]
"""A step and the run that loaded it."""


def laid_over(before: Sequence[Kept], delivered: Sequence[Kept]) -> list[Kept]:
    """Return a series with a delivery laid over it: what the delivery covers is its own, the rest stays, cut where they meet.

    Args:
        before: steps in order, none overlapping another.
        delivered: likewise; a step that says what was known already keeps the run that loaded it.
    """
    known = dict(before)
    after = [(step, known.get(step, run_id)) for step, run_id in delivered]
    spans = _joined([step for step, _ in delivered])
    for step, run_id in before:
        after += [(Step(begin, end, step.value), run_id) for begin, end in _outside(step, spans)]
    return sorted(after, key=lambda kept: kept[0].starts_at)


def _joined(steps: Sequence[Step]) -> list[tuple[datetime, datetime]]:
    """Return the time that steps in order cover: one span where they follow each other without a hole."""
    spans: list[tuple[datetime, datetime]] = []
    for step in steps:
        if spans and spans[-1][1] == step.starts_at:
            spans[-1] = (spans[-1][0], step.ends_at)
        else:
            spans.append((step.starts_at, step.ends_at))
    return spans


def _outside(step: Step, spans: Sequence[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a step that no span covers."""
    at = step.starts_at
    for begin, end in spans:
        if end <= at:
            continue
        if begin >= step.ends_at:
            break
        if begin > at:
            yield at, begin
        at = max(at, end)
    if at < step.ends_at:
        yield at, step.ends_at


def read_series(path: Path, *, last: LengthBefore, until_next: bool = False) -> list[Step]:
    """Read a file of prices: columns ``interval_start`` and ``price``, ``interval_end`` where it has one; others are left alone.

    Args:
        path: a CSV file, UTF-8; times ISO 8601 with an offset, prices with up to 12 decimals.
        last: gives how long the row before an instant holds; asked where the file has one row alone.
        until_next: rows may be unevenly spaced, each holds until the next.

    Raises:
        InputRefusedError: ``series.invalid``, with the first line that cannot be taken.
    """
    rows = _rows(path)
    with_end = [(row.line, Step(row.starts_at, row.ends_at, row.value)) for row in rows if row.ends_at is not None]
    if len(with_end) == len(rows):
        return _in_order(with_end, path)
    if with_end:
        where = f"{path}:{next(row.line for row in rows if row.ends_at is None)}"
        _refuse(f"{where}: {_ENDS} is empty, and other rows have one", "fill it, or leave the column out", where)
    lengths = _lengths(rows, path)
    if not until_next:
        _require_even(rows, lengths, path)
    final = lengths[-1] if lengths else last(rows[0].starts_at)
    if final is None:
        _refuse(f"{path}: one row alone does not say how long it holds", f"give it a column {_ENDS}", str(path))
    return [Step(row.starts_at, row.starts_at + length, row.value) for row, length in zip(rows, [*lengths, final], strict=True)]


class _Row(NamedTuple):
    """A row of a file, its end where the file says one."""

    line: int
    starts_at: datetime
    ends_at: datetime | None
    value: Decimal


def _lengths(rows: Sequence[_Row], path: Path) -> list[timedelta]:
    """Return how far each row is from the next."""
    for before, row in pairwise(rows):
        if row.starts_at <= before.starts_at:
            where = f"{path}:{row.line}"
            _refuse(f"{where}: {row.starts_at:%Y-%m-%d %H:%M} UTC does not follow the row before", "sort the rows", where)
    return [later.starts_at - earlier.starts_at for earlier, later in pairwise(rows)]


def _require_even(rows: Sequence[_Row], lengths: Sequence[timedelta], path: Path) -> None:
    """Raise at the first row that is not as far from the row before as the others are."""
    for row, length in zip(rows[1:], lengths, strict=True):
        if length != lengths[0]:
            where = f"{path}:{row.line}"
            what = f"{where}: {length} after the row before, where the rows above are {lengths[0]} apart: is a row missing?"
            hint = f"deliver it; or say how long each price holds: a column {_ENDS}, or --until-next"
            _refuse(what, hint, where)


def _rows(path: Path) -> list[_Row]:
    """Return the rows of a file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            names = reader.fieldnames or []
            for wanted in (_STARTS, _PRICE):
                if list(names).count(wanted) != 1:
                    columns = f"columns: {_STARTS}, {_PRICE}, [{_ENDS}]"
                    _refuse(f"{path}: a column {wanted} is needed, once", columns, str(path))
            found = [_row(path, reader.line_num, cells) for cells in reader]
    except UnicodeDecodeError:
        _refuse(f"{path}: the text is not UTF-8", "save it as UTF-8", str(path))
    except csv.Error as problem:
        _refuse(f"{path}: no valid CSV: {problem}", "", str(path))
    except OSError as problem:
        code = "file.missing" if isinstance(problem, FileNotFoundError) else "file.unreadable"
        raise InputRefusedError(code, f"{path} cannot be read: {problem.strerror}", "check the path", str(path)) from None
    if not found:
        _refuse(f"{path}: no rows", "", str(path))
    return found


def _row(path: Path, line: int, cells: dict[str, Any]) -> _Row:
    where = f"{path}:{line}"
    if None in cells or None in cells.values():
        _refuse(f"{where}: not as many cells as the header", "", where)
    text = cells[_PRICE].strip()
    if not _DECIMAL.fullmatch(text):
        _refuse(f"{where}: {text!r} is no price with a point, below a million, of 12 decimals at most", "", where)
    end = cells.get(_ENDS, "").strip()
    return _Row(line, _instant(cells[_STARTS].strip(), where), _instant(end, where) if end else None, Decimal(text))


def _instant(text: str, where: str) -> datetime:
    try:
        found = parse_time(text)
    except InputRefusedError as problem:
        _refuse(f"{where}: {problem.message}", problem.hint, where)
    if found.tzinfo is None:
        _refuse(f"{where}: {text!r} has no offset", "write it like 2026-03-29T01:00+01:00", where)
    instant = found.astimezone(UTC)
    if instant.microsecond or instant.second:
        _refuse(f"{where}: {text!r} is not a whole minute", "", where)
    return instant


def _in_order(rows: Sequence[tuple[int, Step]], path: Path) -> list[Step]:
    """Return rows with ends of their own; they may leave holes, never overlap."""
    for line, step in rows:
        if step.ends_at <= step.starts_at:
            _refuse(f"{path}:{line}: the row ends before it begins", "", f"{path}:{line}")
    for (_, before), (line, step) in pairwise(rows):
        if step.starts_at < before.ends_at:
            _refuse(f"{path}:{line}: the row begins before the row above ends", "sort the rows", f"{path}:{line}")
    return [step for _, step in rows]


def _refuse(what: str, hint: str, where: str) -> NoReturn:
    """Refuse a file.

    Raises:
        InputRefusedError: always.
    """
    raise InputRefusedError(INVALID, what, hint, where) from None


@dataclass(frozen=True)
class _Change:
    """What a delivery does to a series: the stored steps that it touches, and what stands there after it."""

    name: str
    before: list[Kept]
    after: list[Kept]

    @property
    def months(self) -> set[str]:
        """Months with a row that is new, different or gone."""
        return {_month(step) for step, _ in set(self.before) ^ set(self.after)}


def _change(base: Snapshot, name: str, delivered: Sequence[Step], run_id: str) -> _Change:
    first, end = (pa.scalar(at, UTC_TIME) for at in (delivered[0].starts_at, delivered[-1].ends_at))
    touched = (pc.field("name") == name) & (pc.field("ends_at") > first) & (pc.field("starts_at") < end)
    rows = base.read(PRICE_SERIES, filters=touched).sort_by("starts_at").to_pylist()
    before = [
        (Step(row["starts_at"].astimezone(UTC), row["ends_at"].astimezone(UTC), row["value"]), row["loaded_run_id"])
        for row in rows
    ]
    return _Change(name, before, laid_over(before, [(step, run_id) for step in delivered]))


def _step_before(base: Snapshot, name: str, first: datetime) -> timedelta | None:
    """Return how long the row before an instant holds; None where there is none."""
    earlier = (pc.field("name") == name) & (pc.field("starts_at") < pa.scalar(first, UTC_TIME))
    rows = base.read(PRICE_SERIES, columns=["starts_at", "ends_at"], filters=earlier).sort_by("starts_at")
    if not rows.num_rows:
        return None
    row = rows.slice(rows.num_rows - 1).to_pylist()[0]
    length: timedelta = row["ends_at"] - row["starts_at"]
    return length


def _month(step: Step) -> str:
    return step.starts_at.strftime("%Y-%m")


def _months_written(base: Snapshot, changes: Sequence[_Change], run_id: str) -> tuple[list[DataFile], list[DataFile]]:
    """Write the months that changed; rows that no delivery touches stay as they are."""
    adds: list[DataFile] = []
    removes: list[DataFile] = []
    gone = {(change.name, step.starts_at) for change in changes for step, _ in change.before}
    for month in sorted({month for change in changes for month in change.months}):
        kept = [
            row
            for row in base.read(PRICE_SERIES, month=month).to_pylist()
            if (row["name"], row["starts_at"].astimezone(UTC)) not in gone
        ]
        own = [
            {"month": month, "name": change.name, **step._asdict(), "loaded_run_id": run}
            for change in changes
            for step, run in change.after
            if _month(step) == month
        ]
        rows = pa.Table.from_pylist([*kept, *own], schema=PRICE_SERIES.schema)
        removes += base.files(PRICE_SERIES, month=month)
        if rows.num_rows:
            inside = rows.sort_by([(name, "ascending") for name in PRICE_SERIES.key]).select(PRICE_SERIES.file_schema.names)
            adds.append(write_data_file(base.root, PRICE_SERIES, inside, run_id, {"month": month}))
    return adds, removes
