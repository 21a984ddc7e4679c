"""Validate a bucket: deliveries in, validated daily rows and exceptions out.

What comes out is a function of everything delivered, of master data and of the profile; not of the order in which it came
and not of what an earlier run made of it. Months next to the ones with new rows are validated again where they could lean
on them: a gap leans on the 28 days before it and on the slot after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.slots import slot_counts
from pipelines.lakehouse.data_files import DataFile, read_data_files
from pipelines.masterdata.master import MasterData, master_data
from pipelines.plan import RunPlan
from pipelines.results import BucketResult
from pipelines.vee.assemble import Assembled, assemble
from pipelines.vee.block import MINUTES_PER_DAY, Block
from pipelines.vee.daily_rows import daily_rows
from pipelines.vee.estimation.ladder import Estimated, estimate, history_days
from pipelines.vee.expectation import (
    DeliveredSlots,
    Window,
    delivered_in_several_ways,
    expect,
    joined,
    local_days,
    midnights,
    one_after_another,
    stored_extent,
)
from pipelines.vee.facts import FAR, ChannelFacts, channel_facts
from pipelines.vee.findings import as_exceptions, no_findings
from pipelines.vee.identity import identity_exceptions, overlap_exceptions, vacant_use
from pipelines.vee.profile.book import ProfileBook
from pipelines.vee.profile.load import load_profile
from pipelines.vee.register_spans import RegisterBook, register_book
from pipelines.vee.rules.judge import validate
from schemas.codes import Quality
from schemas.findings import EXCEPTIONS
from schemas.periods import month_dates
from schemas.readings import DELIVERIES, READINGS_DAILY
from schemas.register_reads import REGISTER_READS

CHUNK_SERVICE_POINTS = 2000
"""Service points whose blocks are in memory at once."""
EDGE_DAYS = 4
"""Days around the months: a standard-time day is up to 14 hours from UTC's, a gap needs its neighbours, a run of 96 hourly zeros
four days."""
EXTENT_COLUMNS = (
    "service_point_id", "meter_id", "channel", "interval_minutes", "day", "standard_offset_minutes", "slot_offset_minutes",
    "quality",
)  # fmt: skip
"""Columns that say from when until when slots were expected."""


@dataclass(frozen=True)
class _Work:
    """What validating one bucket's months needs."""

    plan: RunPlan
    bucket: int
    months: tuple[str, ...]
    files: tuple[DataFile, ...]
    master: MasterData
    profiles: ProfileBook
    book: RegisterBook

    @property
    def first_day(self) -> date:
        return month_dates(self.months[0])[0]

    @property
    def end_day(self) -> date:
        return month_dates(self.months[-1])[1]

    def days_of(self, block: Block) -> slice:
        """The days of ``block`` that lie in the months worked on."""
        first = (self.first_day - block.first_day).days
        return slice(first, first + (self.end_day - self.first_day).days)

    def is_due(self, period_end: date) -> bool:
        """A period that ended here is past its read deadline."""
        request = self.plan.billing
        return request is not None and period_end + timedelta(days=self.plan.settings.read_deadline_days) <= request.as_at


def validate_bucket(plan: RunPlan, result: BucketResult) -> BucketResult:
    """Validate what the bucket's new rows and the plan ask for, and note the result for the next stage."""
    months = months_to_validate(plan, result)
    if not months:
        return result
    files = tuple(f for table in (DELIVERIES, REGISTER_READS) for f in plan.base.files(table)) + tuple(result.fresh)
    master = master_data(plan.base, result.bucket, plan.settings.buckets)
    profiles = load_profile(plan.settings.vee_profile)
    reads = [file for file in files if file.table == REGISTER_READS.name]
    of_bucket = read_data_files(plan.root, REGISTER_READS, reads, filters=pc.field("bucket") == result.bucket)
    for span in _contiguous(months, profiles):
        book = register_book(of_bucket, master, profiles, span[0])
        work = _Work(plan, result.bucket, span, files, master, profiles, book)
        readings, exceptions = _validated(work)
        for month in span:
            partition = {"month": month, "bucket": str(result.bucket)}
            result.readings[month] = readings.filter(pc.field("month") == month)
            result.exceptions[month] = exceptions.filter(pc.field("month") == month)
            result.put(plan, READINGS_DAILY, partition, result.readings[month])
            result.put(plan, EXCEPTIONS, partition, result.exceptions[month])
        result.counters["readings_validated"] += int(slot_counts(readings).sum())
        result.counters["exceptions"] += exceptions.num_rows
    return result


def months_to_validate(plan: RunPlan, result: BucketResult) -> list[str]:
    """Return the months whose validated readings may change: those with new rows, their neighbours, those the plan names."""
    months = set(plan.validate_months)
    if result.reconciled.months:
        months |= set(result.reconciled.months)
        for neighbour in (_shifted(month, by) for month in result.reconciled.months for by in (-1, 1)):
            if plan.base.files(READINGS_DAILY, month=neighbour, bucket=str(result.bucket)):
                months.add(neighbour)
    return sorted(months) if plan.validates else []


def _shifted(month: str, by: int) -> str:
    """Return the month before or after."""
    first, end = month_dates(month)
    return (end if by > 0 else first - timedelta(days=1)).isoformat()[:7]


def _contiguous(months: Sequence[str], profiles: ProfileBook) -> list[tuple[str, ...]]:
    """Return the months in runs without a hole, of one version of the profile each."""
    spans: list[list[str]] = []
    for month in months:
        same = bool(spans) and profiles.version_of(spans[-1][-1]) is profiles.version_of(month)
        if same and _shifted(spans[-1][-1], 1) == month:
            spans[-1].append(month)
        else:
            spans.append([month])
    return [tuple(span) for span in spans]


def _validated(work: _Work) -> tuple[pa.Table, pa.Table]:
    """Validate a run of months, some service points at a time; return readings and exceptions."""
    rows = _deliveries(work, work.first_day - timedelta(days=EDGE_DAYS), work.end_day + timedelta(days=EDGE_DAYS), None)
    readings, exceptions = [READINGS_DAILY.empty()], [EXCEPTIONS.empty()]
    ids = sorted(pc.unique(rows["service_point_id"]).to_pylist())
    for start in range(0, len(ids), CHUNK_SERVICE_POINTS):
        chunk = pa.array(ids[start : start + CHUNK_SERVICE_POINTS])
        here = rows.filter(pc.is_in(rows["service_point_id"], value_set=chunk)) if len(ids) > CHUNK_SERVICE_POINTS else rows
        made, found = _service_points(work, here.combine_chunks())
        readings.append(made)
        exceptions.append(found)
    return pa.concat_tables(readings).combine_chunks(), pa.concat_tables(exceptions).combine_chunks()


def _deliveries(work: _Work, first: date, end: date, only: pa.Array | None) -> pa.Table:
    """Read the bucket's deliveries that begin in ``[first, end)``, those of some service points where named."""
    low, high = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (first, end))
    wanted = (pc.field("bucket") == work.bucket) & (pc.field("start") >= pa.scalar(low)) & (pc.field("start") < pa.scalar(high))
    if only is not None:
        wanted &= pc.field("service_point_id").isin(only)
    files = [
        f
        for f in work.files
        if f.table == DELIVERIES.name
        and (f.low is None or f.high is None or (f.low < high.isoformat() and f.high >= low.isoformat()))
    ]
    return read_data_files(work.plan.root, DELIVERIES, files, filters=wanted).combine_chunks()


def _service_points(work: _Work, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Validate some service points; those with a gap are done again with the history that like days need."""
    judged = list(_judged(work, rows, EDGE_DAYS))
    gappy = pa.array(sorted({sp for one in judged for sp in one.gappy(work)}), pa.string())
    exceptions = [_identity(work, rows)]
    quiet = [one.finished(work) for one in judged]
    readings = [_without(made, gappy) for made, _ in quiet]
    exceptions += [_without(found, gappy) for _, found in quiet]
    if len(gappy):
        days = max(history_days(profile) for profile in _facts(work, rows).profiles) + EDGE_DAYS
        history = _deliveries(work, work.first_day - timedelta(days=days), work.end_day + timedelta(days=EDGE_DAYS), gappy)
        for one in _judged(work, history, days):
            made, found = one.finished(work)
            readings.append(made)
            exceptions.append(found)
    made = pa.concat_tables([READINGS_DAILY.empty(), *readings])
    return made, pa.concat_tables([*exceptions, overlap_exceptions(made, work.bucket)])


def _identity(work: _Work, rows: pa.Table) -> pa.Table:
    """Return the findings about whose readings these are, for the months that have any."""
    facts = _facts(work, rows)
    slots = DeliveredSlots.of(rows, facts)
    delivered = {month: slots.inside(*month_dates(month), facts) for month in work.months}
    return identity_exceptions(facts, work.master, delivered, work.bucket)


def _without(rows: pa.Table, service_point_ids: pa.Array) -> pa.Table:
    """Return the rows of all other service points."""
    return rows.filter(pc.invert(pc.is_in(rows["service_point_id"], value_set=service_point_ids)))


@dataclass(frozen=True)
class _Judged:
    """A block after the rules, before estimation."""

    assembled: Assembled
    facts: ChannelFacts
    block: Block
    findings: pa.Table

    def gappy(self, work: _Work) -> list[str]:
        """Return the service points with a slot to estimate in the months worked on."""
        missing = (self.block.quality[:, work.days_of(self.block)] == Quality.MISSING).any(axis=(1, 2))
        return self.block.channels.service_point_id.filter(pa.array(missing)).to_pylist()

    def finished(self, work: _Work) -> tuple[pa.Table, pa.Table]:
        """Estimate what is missing; return the daily rows and the exceptions."""
        days = work.days_of(self.block)
        filled = self._estimated(work, days)
        rows = daily_rows(self.assembled, filled.block, work.first_day, work.end_day, work.bucket)
        found = pa.concat_tables([self.findings, filled.findings])
        return rows, pa.concat_tables(
            [_exceptions(found, filled.block, work), vacant_use(filled.block, work.master, days, work.bucket)]
        )

    def _estimated(self, work: _Work, days: slice) -> Estimated:
        """Fill the gaps of what adds up; nobody estimates a voltage."""
        if not self.assembled.additive:
            return Estimated(self.block, no_findings())
        return estimate(self.block, self.assembled.profile, work.book.spans(self.block), days)


def _judged(work: _Work, rows: pa.Table, before_days: int) -> Iterator[_Judged]:
    """Yield the blocks of ``rows``, expected and held against every rule."""
    if not rows.num_rows:
        return
    facts = _facts(work, rows)
    windows = _expected(work, rows, facts)
    first = work.first_day - timedelta(days=before_days)
    for assembled in assemble(rows, facts, first, (work.end_day - first).days + EDGE_DAYS):
        block, stray = expect(assembled, facts, windows)
        judged = validate(block, assembled.profile, work.days_of(block))
        yield _Judged(assembled, facts, judged.block, pa.concat_tables([stray, judged.findings]))


def _facts(work: _Work, rows: pa.Table) -> ChannelFacts:
    """Look up the channels of ``rows`` in master data."""
    return channel_facts(
        rows,
        work.master,
        default_zone=work.plan.settings.zone,
        book=work.profiles,
        month=work.months[0],
        starts_at=_midnight(work.first_day - timedelta(days=EDGE_DAYS)),
        ends_at=_midnight(work.end_day + timedelta(days=EDGE_DAYS)),
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _expected(work: _Work, rows: pa.Table, facts: ChannelFacts) -> list[Window]:
    """Return when slots of each channel are expected: see ``pipelines.vee.expectation``.

    A slot that was expected once stays expected: what was estimated for a bill is not taken back by a later delivery.
    """
    slots = DeliveredSlots.of(rows, facts)
    everything = slots.extent(np.full(len(facts), -FAR), np.full(len(facts), FAR))
    windows = [Window(everything.since, midnights(work.first_day, facts))]
    groups = delivered_in_several_ways(facts)
    valued = DeliveredSlots.with_a_value(rows, facts) if groups else slots
    for month in work.months:
        first, end = month_dates(month)
        around = midnights(first, facts) - EDGE_DAYS * MINUTES_PER_DAY, midnights(end, facts) + EDGE_DAYS * MINUTES_PER_DAY
        near = slots.extent(*around)
        window = near.within(first, end, facts)
        if month in work.plan.validate_months and work.is_due(end):
            due = local_days(first, end, facts, work.master.agreements)
            unknown = np.array([spans is None for spans in facts.installed], dtype=bool)
            due = Window(np.where(unknown, np.maximum(due.since, near.since), due.since), due.until)
            window = window.hull(due, near.some)
        partition = work.plan.base.files(READINGS_DAILY, month=month, bucket=str(work.bucket))
        if partition:
            before = read_data_files(work.plan.root, READINGS_DAILY, partition, columns=EXTENT_COLUMNS)
            window = window.hull(stored_extent(before, facts), near.some)
        if groups:
            window = one_after_another(window, valued.extent(*around), midnights(end, facts), groups)
        windows.append(window)
    windows.append(Window(midnights(work.end_day, facts), everything.until))
    return joined(windows)


def _exceptions(findings: pa.Table, block: Block, work: _Work) -> pa.Table:
    """Return findings as rows of ``EXCEPTIONS``, those of the months worked on."""
    named = as_exceptions(findings, block)
    days = named["day"].combine_chunks()
    named = named.append_column("month", pc.utf8_slice_codeunits(days.cast(pa.string()), 0, 7))
    named = named.append_column("bucket", pa.repeat(pa.scalar(work.bucket, pa.int32()), named.num_rows))
    named = named.append_column("status", pa.repeat("open", named.num_rows))
    rows = named.select(EXCEPTIONS.schema.names).cast(EXCEPTIONS.schema)
    return rows.filter(pc.is_in(rows["month"], value_set=pa.array(work.months)))
