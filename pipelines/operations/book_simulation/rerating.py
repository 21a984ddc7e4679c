"""The book rated twice, on a copy of the store: by its own tariffs, then by the drafts, each through the whole flow.

What was billed for the time before goes into both: its final bills, its banks and peaks. What was billed, held or released
for the time that is rated is left out of the copy, so that final bills do not stand in the way. Months follow each other as
in real life: what the first hands on under a tariff, the second is given under the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.standing import SETTLED_TABLES
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.lakehouse.store import RunRecord, Snapshot, Store
from pipelines.operations.book_simulation.drafts import COMMAND, Draft, put_in_place
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.opening import Clock, new_run_id, versions
from pipelines.operations.price_series import store_series
from pipelines.operations.store_copy import copied
from pipelines.plan import BillingRequest
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.master_data import ACCOUNTS, AGREEMENT_OPTIONS, AGREEMENTS, SERVICE_POINTS
from schemas.table import Table
from schemas.usage import USAGE

Span = tuple[date, date]
"""First local day and the day after the last one."""
Watch = Callable[[Path], AbstractContextManager[None]]
"""Shows how far a run in a store's folder is, while it lasts."""


@dataclass(frozen=True)
class RerateRequest:
    """What is rated twice.

    Attributes:
        drafts: the drafts.
        periods: billing periods, each following the one before.
        as_at: the day it is run as at, see ``BillingRequest``.
        series: names of price series and their files, laid over those of the store for the drafts alone.
    """

    drafts: Sequence[Draft]
    periods: Sequence[Span]
    as_at: date
    series: Sequence[tuple[str, Path]] = ()

    @property
    def replaced(self) -> frozenset[str]:
        """Names of the tariffs that are replaced."""
        return frozenset(name for draft in self.drafts for name in draft.replaces)


@dataclass(frozen=True)
class Book:
    """The book under one set of tariffs; ``step`` says which of the periods asked for a row belongs to, from 0.

    Attributes:
        bills: rows of ``BILLS`` and ``step``.
        lines: rows of ``CHARGE_LINES``.
        usage: rows of ``USAGE`` and ``step``.
        holds: rows of ``HOLDS`` and ``step``.
    """

    bills: pa.Table
    lines: pa.Table
    usage: pa.Table
    holds: pa.Table


@dataclass(frozen=True)
class Rerated:
    """The book under both.

    Attributes:
        run_id: the run whose readings and master data both were rated from.
        before: by the tariffs of the store.
        after: by the drafts.
        agreements: rows of ``AGREEMENTS``.
        service_points: rows of ``SERVICE_POINTS``.
        accounts: rows of ``ACCOUNTS``.
        options: rows of ``AGREEMENT_OPTIONS``.
    """

    run_id: str
    before: Book
    after: Book
    agreements: pa.Table
    service_points: pa.Table
    accounts: pa.Table
    options: pa.Table


def rerate(store: Store, request: RerateRequest, now: Clock, watch: Watch) -> Rerated:
    """Rate the agreements on the replaced tariffs twice; the store itself is never written to.

    Args:
        store: the store.
        request: what is rated.
        now: the clock.
        watch: is shown the folder of every run.

    Raises:
        StoreError: there is no store.
        InputRefusedError: a file of prices cannot be read.
        InvariantError: a check of a run failed.
    """
    with copied(store) as copy:
        base = copy.snapshot()
        _leave_out(copy, request.periods, now)
        before = _billed(copy, request, now, watch)
        _leave_out(copy, request.periods, now)
        put_in_place(copy, request.drafts, now)
        if request.series:
            store_series(copy, request.series, now, until_next=True)
        after = _billed(copy, request, now, watch)
        master = (base.read(table).combine_chunks() for table in (AGREEMENTS, SERVICE_POINTS, ACCOUNTS, AGREEMENT_OPTIONS))
        return Rerated(base.run_id, before, after, *master)


def _billed(copy: Store, request: RerateRequest, now: Clock, watch: Watch) -> Book:
    """Bill every period in the copy, in order, and return what came of it."""
    steps: dict[str, int] = {}
    for step, (first, end) in enumerate(request.periods):
        billing = BillingRequest(first, end, request.as_at, request.replaced)
        with watch(copy.root):
            steps[run_flow(copy, FlowRequest("bill.run", billing=billing), now).run_id] = step
    snapshot, first = copy.snapshot(), request.periods[0][0]
    bills = _of_runs(snapshot, BILLS, steps, first)
    lines = _read_since(snapshot, CHARGE_LINES, first, pc.field("period_to") > pa.scalar(first))
    lines = lines.filter(pc.is_in(lines["bill_id"], value_set=bills["bill_id"].combine_chunks()))
    return Book(bills, lines, _of_runs(snapshot, USAGE, steps, first), _of_runs(snapshot, HOLDS, steps, first))


def _of_runs(snapshot: Snapshot, table: Table, steps: dict[str, int], first: date) -> pa.Table:
    """Return the rows that some runs made, with the step of each."""
    run_ids = pa.array(list(steps), pa.string())
    rows = _read_since(snapshot, table, first, pc.is_in(pc.field("run_id"), value_set=run_ids))
    return rows.append_column("step", pc.index_in(rows["run_id"], value_set=run_ids))


def _read_since(snapshot: Snapshot, table: Table, first: date, filters: pc.Expression) -> pa.Table:
    """Return rows of the months from a day on."""
    months = {file.partition["month"] for file in snapshot.files(table)}
    late = sorted(month for month in months if month >= first.isoformat()[:7])
    parts = [snapshot.read(table, filters=filters, month=month) for month in late]
    return pa.concat_tables([table.empty(), *parts]).combine_chunks()


def _leave_out(copy: Store, periods: Sequence[Span], now: Clock) -> None:
    """Take every bill and hold of the time that is rated out of a copy, with all that belongs to them."""
    first, end = periods[0][0], periods[-1][1]
    base = copy.snapshot()
    at = now()
    run_id = new_run_id(at)
    adds: list[DataFile] = []
    removes: list[DataFile] = []
    for table in SETTLED_TABLES:
        # the month of a row is that of its period's last day: nothing of an earlier month reaches into the time
        late = [file for file in base.files(table) if file.partition["month"] >= first.isoformat()[:7]]
        for partition in sorted({(file.partition["month"], file.partition["bucket"]) for file in late}):
            month, bucket = partition
            dates = base.read(table, columns=["period_from", "period_to"], month=month, bucket=bucket)
            stays = pc.or_(
                pc.less_equal(dates["period_to"], pa.scalar(first)), pc.greater_equal(dates["period_from"], pa.scalar(end))
            )
            count = pc.sum(stays).as_py() or 0
            if count == dates.num_rows:
                continue
            removes += base.files(table, month=month, bucket=bucket)
            if count:
                rows = base.read(table, month=month, bucket=bucket).take(np.flatnonzero(stays.to_numpy()))
                inside = rows.select(table.file_schema.names)
                adds.append(write_data_file(copy.root, table, inside, run_id, {"month": month, "bucket": bucket}))
    if removes:
        copy.publish(RunRecord(run_id, COMMAND, at, at, versions=versions()), base, adds, removes)
