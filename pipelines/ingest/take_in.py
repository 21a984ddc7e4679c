"""Take in: the files of one work item become files of the store, every row accounted for."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.archives import open_members
from pipelines.ingest.delivered_files import FileRef, IngestWork
from pipelines.ingest.formats import HEAD_BYTES, READERS, detect
from pipelines.ingest.identifiers import set_aside_bad_identifiers
from pipelines.ingest.reader import FileWarning, Parsed, ReadContext, slots_of
from pipelines.lakehouse.buckets import buckets_of
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.plan import RunPlan
from schemas.delivered_costs import DELIVERED_COSTS
from schemas.errors import InputRefusedError
from schemas.events import EVENTS
from schemas.files import PARSED_REJECTIONS, REJECTIONS
from schemas.readings import DELIVERIES
from schemas.register_reads import REGISTER_READS
from schemas.table import Table

FLUSH_SLOTS = 5_000_000
"""Slots and rows held in memory before they are written: some 80 MB, and twice that while they are sorted."""
ROW_WORTH = 32
"""Slots whose memory the other columns of a row take: short runs, reads and rejections fill the memory, too."""
RAW_CHARACTERS = 200
BUFFER_BYTES = 2**20


@dataclass(frozen=True)
class FileAccount:
    """One file's account before copies and versions are told apart."""

    file: FileRef
    format: str
    rows_read: int
    rows_taken: int
    rows_rejected: int
    clock: str | None = None
    warnings: tuple[FileWarning, ...] = ()

    @property
    def warnings_json(self) -> str | None:
        """The warnings as the ``files`` table keeps them."""
        return json.dumps([w._asdict() for w in self.warnings]) if self.warnings else None


@dataclass(frozen=True)
class Segment:
    """The rows of one bucket inside a file of deliveries or reads."""

    bucket: int
    file: DataFile


@dataclass
class TakenIn:
    """What a work item became."""

    accounts: list[FileAccount] = field(default_factory=list)
    files: list[DataFile] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)


@dataclass
class _Rows:
    """Rows read and not yet written, by table."""

    tables: dict[str, list[pa.Table]] = field(default_factory=lambda: {name: [] for name in _TARGETS})
    slots: int = 0

    def add(self, parsed: Parsed, file: FileRef) -> None:
        """Keep the rows of one piece, with the file they came in."""
        for name, rows in (
            ("deliveries", parsed.intervals),
            ("register_reads", parsed.reads),
            ("events", parsed.events),
            ("delivered_costs", parsed.costs),
        ):
            if rows.num_rows:
                self.tables[name].append(rows.append_column("file_id", pa.repeat(file.sha256, rows.num_rows)))
        if parsed.rejections.num_rows:
            self.tables["rejections"].append(_rejection_rows(parsed.rejections, file))
        rows = sum(part.num_rows for part in (parsed.intervals, parsed.reads, parsed.events, parsed.costs, parsed.rejections))
        self.slots += (pc.sum(slots_of(parsed.intervals)).as_py() or 0) + ROW_WORTH * rows

    def merge(self, other: _Rows) -> None:
        """Take over the rows of ``other``."""
        for name, tables in other.tables.items():
            self.tables[name] += tables
        self.slots += other.slots


_TARGETS: dict[str, Table] = {t.name: t for t in (DELIVERIES, REGISTER_READS, EVENTS, DELIVERED_COSTS, REJECTIONS)}
_TIMES = {
    DELIVERIES.name: "start",
    REGISTER_READS.name: "read_at",
    EVENTS.name: "started_at",
    DELIVERED_COSTS.name: "period_from",
}


def take_in(work: IngestWork, plan: RunPlan) -> TakenIn:
    """Read the files of a work item and write their rows into the store's tables, sorted by bucket.

    A file that is refused half way leaves nothing but its account and its rejection.
    """
    done = TakenIn()
    rows = _Rows()
    for file in work.files:
        account, file_rows, written = _take_file(file, plan)
        done.accounts.append(account)
        _note(done, written)
        rows.merge(file_rows)
        if rows.slots >= FLUSH_SLOTS:
            _note(done, _write(rows, plan))
            rows = _Rows()
    _note(done, _write(rows, plan))
    return done


def _note(done: TakenIn, written: list[tuple[DataFile, list[int]]]) -> None:
    for file, buckets in written:
        done.files.append(file)
        done.segments += [Segment(bucket, file) for bucket in buckets]


def _take_file(file: FileRef, plan: RunPlan) -> tuple[FileAccount, _Rows, list[tuple[DataFile, list[int]]]]:
    """Read one file; return its account, rows still to be written, and what was written already."""
    account = FileAccount(file, "unknown", 0, 0, 0)
    rows = _Rows()
    written: list[tuple[DataFile, list[int]]] = []
    try:
        for name, parsed in _pieces(file, plan):
            account = _add(account, name, parsed)
            rows.add(parsed, file)
            if rows.slots >= FLUSH_SLOTS:
                written += _write(rows, plan)
                rows = _Rows()
        file.check_unchanged()
    except InputRefusedError as refusal:
        return _refused(account, refusal.code, refusal.message)
    except Exception as failure:  # noqa: BLE001 - a reader's bug must cost its own file, never the others of the run
        return _refused(account, "reader.failed", f"the reader failed: {type(failure).__name__}: {failure}")
    return account, rows, written


def _refused(account: FileAccount, code: str, message: str) -> tuple[FileAccount, _Rows, list[tuple[DataFile, list[int]]]]:
    """Return the account of a file of which nothing is taken."""
    rejection = {"record": "", "code": code, "message": message, "raw": _first_characters(account.file), "rows": 1}
    parsed = Parsed(rejections=pa.Table.from_pylist([rejection], schema=PARSED_REJECTIONS.schema), rows_read=1)
    rows = _Rows()
    rows.add(parsed, account.file)
    return replace(account, rows_read=1, rows_taken=0, rows_rejected=1, clock=None, warnings=()), rows, []


def _first_characters(file: FileRef) -> str:
    """Return the beginning of a file for the person who looks into its rejection."""
    if not file.size:
        return ""
    try:
        with Path(file.path).open("rb") as source:
            return source.read(RAW_CHARACTERS).decode("utf-8", "backslashreplace")
    except OSError:
        return ""


def _pieces(file: FileRef, plan: RunPlan) -> Iterator[tuple[str, Parsed]]:
    """Yield format and piece for every member of a file.

    Raises:
        InputRefusedError: the file, or a member, cannot be read as what it is.
    """
    mapping = plan.ingest.mapping if plan.ingest.mapping is not None else file.mapping
    for member, stream in open_members(Path(file.path)):
        head = stream.read(HEAD_BYTES)
        name = plan.ingest.format if plan.ingest.format != "auto" else detect(head, member or file.name, mapping)
        context = ReadContext(
            name=member or file.name,
            prefix=f"{member}:" if member else "",
            clock=plan.ingest.clock,
            zone=plan.settings.zone,
            mapping=mapping,
        )
        yield name, Parsed()  # a file refused at its first byte still is of its format
        for parsed in READERS[name](io.BufferedReader(_Rewound(head, stream), BUFFER_BYTES), context):
            yield name, set_aside_bad_identifiers(parsed)


class _Rewound(io.RawIOBase):
    """A stream whose first bytes were looked at already."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer; the type has a name from 3.12 on
        """Fill ``buffer`` from the bytes looked at, then from the rest."""
        room = memoryview(buffer)
        source = bytes(self._head[: len(room)]) if self._head else self._rest.read(len(room))
        self._head = self._head[len(source) :] if self._head else self._head
        room[: len(source)] = source
        return len(source)


def _add(account: FileAccount, name: str, parsed: Parsed) -> FileAccount:
    """Return the account with one more piece."""
    rejected = pc.sum(parsed.rejections["rows"]).as_py() or 0
    return replace(
        account,
        format=name,
        rows_read=account.rows_read + parsed.rows_read,
        rows_taken=account.rows_taken + parsed.rows_taken,
        rows_rejected=account.rows_rejected + rejected,
        clock=account.clock or parsed.clock,
        warnings=tuple(dict.fromkeys((*account.warnings, *parsed.warnings)))[:50],
    )


def _rejection_rows(rejections: pa.Table, file: FileRef) -> pa.Table:
    """Return rejections with the file they belong to."""
    count = rejections.num_rows
    return rejections.append_column("file_id", pa.repeat(file.sha256, count)).append_column("name", pa.repeat(file.name, count))


def _write(rows: _Rows, plan: RunPlan) -> list[tuple[DataFile, list[int]]]:
    """Write what was read; return each file with the buckets it holds rows of."""
    written: list[tuple[DataFile, list[int]]] = []
    for name, tables in rows.tables.items():
        if not tables:
            continue
        joined = pa.concat_tables(tables).combine_chunks()
        if name == REJECTIONS.name:
            joined = joined.append_column("run_id", pa.repeat(plan.run_id, joined.num_rows))
            written.append((write_data_file(plan.root, REJECTIONS, joined, plan.run_id), []))
            continue
        buckets = buckets_of(joined["service_point_id"], plan.settings.buckets)
        joined = joined.append_column("bucket", pa.array(buckets))
        order = pc.sort_indices(
            joined,
            [
                (key, "ascending")
                for key in ("bucket", "service_point_id", "meter_id", "channel", _TIMES[name], "record")
                if key in joined.schema.names
            ],
        )
        joined = joined.take(order)
        file = write_data_file(plan.root, _TARGETS[name], joined, plan.run_id, {"batch": plan.run_id})
        written.append((file, np.unique(buckets).tolist()))
    return written
