"""Settle a bucket: validated readings in; usage, charge lines, bills, holds and CRM records out.

Final is final: a bill that was released is never made again. A draft stays as it is while what it was made from stays the
same, and is drawn up anew when that changed. Every agreement active in the period ends in a bill or in a hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.agreement_facts import FactBook
from pipelines.bill.carried_state import StateBook
from pipelines.bill.cross_check import candidates_in_bucket, offer
from pipelines.bill.documents import Documents, draw_up
from pipelines.bill.due import Due, Held, LoadedTariff, by_terms, due_agreements, first_obstacle, loaded_tariffs
from pipelines.bill.holds import HoldCode, of_tariff_error
from pipelines.bill.interval_basis import Measured, measure
from pipelines.bill.register_basis import measure_registers
from pipelines.bill.standing import Standing, standing_rows
from pipelines.bill.terms import TermBook, Terms
from pipelines.lakehouse.data_files import read_data_files
from pipelines.lakehouse.store import Snapshot
from pipelines.masterdata.master import MasterData, master_data
from pipelines.plan import RunPlan
from pipelines.publish.crm import crm_records
from pipelines.results import BucketResult
from pipelines.vee.profile.load import load_profile
from pipelines.vee.register_spans import register_book
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.codes import Severity
from schemas.crm import CRM_RECORDS
from schemas.errors import TariffError
from schemas.events import EVENTS
from schemas.findings import EXCEPTIONS
from schemas.master_data import TARIFFS
from schemas.readings import READINGS_DAILY
from schemas.register_reads import REGISTER_READS
from schemas.usage import CARRIED_STATE, USAGE
from tariffs.timeline import Timeline

EDGE_DAYS = 2
"""Standard-time days around a local period that may hold part of it."""


@dataclass(frozen=True)
class _Work:
    """What settling one bucket needs."""

    plan: RunPlan
    bucket: int
    master: MasterData
    tariffs: dict[str, LoadedTariff]
    readings: pa.Table
    exceptions: pa.Table
    fresh: Sequence[Any]

    @cached_property
    def blocks(self) -> dict[str, list[tuple[Any, str, str]]]:
        """Day, rule and message of the open findings that block, by service point."""
        blocking = (pc.field("severity") == Severity.BLOCK.value) & (pc.field("status") == "open")
        found: dict[str, list[tuple[Any, str, str]]] = {}
        for row in self.exceptions.filter(blocking).to_pylist():
            found.setdefault(row["service_point_id"], []).append((row["day"], row["rule"], row["message"]))
        return {name: sorted(rows) for name, rows in found.items()}


def settle_bucket(plan: RunPlan, result: BucketResult) -> BucketResult:
    """Bill what the plan asks for in one bucket."""
    if plan.billing is None:
        return result
    master = master_data(plan.base, result.bucket, plan.settings.buckets)
    dues = due_agreements(master, plan)
    standing = standing_rows(plan, result.bucket, dues)
    if not dues and not standing.months:
        return result
    work = _Work(
        plan,
        result.bucket,
        master,
        _tariffs(plan.base),
        _stored_and_new(plan, result, READINGS_DAILY),
        _stored_and_new(plan, result, EXCEPTIONS),
        result.fresh,
    )
    held, documents = _settle(work, dues)
    if plan.cross_check:
        groups = [(made, partial(_intervals_again, work, made)) for made in documents]
        most = candidates_in_bucket(plan.cross_check, plan.settings.buckets)
        result.samples = offer(groups, most)
    _put(work, result, standing, dues, held, documents)
    return result


def _tariffs(snapshot: Snapshot) -> dict[str, LoadedTariff]:
    return _read_tariffs(snapshot.root, snapshot.pins[TARIFFS.name])


@lru_cache(maxsize=2)
def _read_tariffs(root: Path, version: int) -> dict[str, LoadedTariff]:
    return loaded_tariffs(Snapshot(root, "", 0, {TARIFFS.name: version}).read(TARIFFS))


def _stored_and_new(plan: RunPlan, result: BucketResult, table: Any) -> pa.Table:  # noqa: ANN401 - one of two declared tables
    """Return the months around the period: as this run validated them, else as stored."""
    request = plan.billing
    if request is None:
        return table.empty()
    first = request.first_day - timedelta(days=EDGE_DAYS)
    end = request.end_day + timedelta(days=EDGE_DAYS)
    new = result.readings if table is READINGS_DAILY else result.exceptions
    parts = [table.empty()]
    month = first.replace(day=1)
    wanted = (pc.field("day") >= pa.scalar(first)) & (pc.field("day") < pa.scalar(end))
    while month < end:
        name = month.isoformat()[:7]
        if name in new:
            parts.append(new[name].filter(wanted))
        else:
            files = plan.base.files(table, month=name, bucket=str(result.bucket))
            parts.append(read_data_files(plan.root, table, files, filters=wanted))
        month = (month + timedelta(days=32)).replace(day=1)
    return pa.concat_tables(parts).combine_chunks()


def _settle(work: _Work, dues: Sequence[Due]) -> tuple[list[Held], list[Documents]]:
    """Return what is held and the documents of everything else."""
    held: list[Held] = []
    open_: list[Due] = []
    for due in dues:
        obstacle = first_obstacle(due, work.plan, work.tariffs) or _blocking(work, due)
        if obstacle is None:
            open_.append(due)
        else:
            held.append(obstacle)
    states = StateBook(work.plan.base, work.bucket, work.master)
    noted = 0
    book = TermBook(work.plan.base, FactBook(work.master), states)
    documents: list[Documents] = []
    for measured, loaded in _measured(work, open_, held):
        held += measured.held
        kept = _within_estimate_cap(work, measured, held)
        states.note_held(held[noted:])
        noted = len(held)
        if kept.ready:
            documents += _documents(work, book, kept, loaded, held)
    return held, documents


def _documents(work: _Work, book: TermBook, measured: Measured, loaded: LoadedTariff, held: list[Held]) -> Iterable[Documents]:
    """Draw up the bills of a group; an agreement whose terms are not known, or that cannot be rated, is held."""
    try:
        agreed = list(book.agree(measured, loaded.tariff, held))
    except TariffError as problem:
        held += [Held(ready.due, of_tariff_error(problem.code), problem.message) for ready in measured.ready]
        return
    for kept, terms in agreed:
        for part, own_terms in _rated_together(kept, terms):
            for made in _drawn_up(work, part, own_terms, loaded, held):
                for due, closing in zip(made.dues, made.closing, strict=True):
                    book.states.drawn[due.agreement_id, due.ends_at] = closing
                yield made


def _drawn_up(work: _Work, part: Measured, terms: Terms, loaded: LoadedTariff, held: list[Held]) -> Iterable[Documents]:
    """Draw up the bills of agreements that are rated together; who cannot be rated is found by halves, the others are billed."""
    try:
        yield draw_up(part, loaded, work.plan, work.bucket, terms)
    except TariffError as problem:
        if len(part.ready) == 1:
            held.append(Held(part.ready[0].due, of_tariff_error(problem.code), problem.message))
            return
        middle = len(part.ready) // 2
        for picked in (range(middle), range(middle, len(part.ready))):
            yield from _drawn_up(work, part.only(picked), terms.only(picked), loaded, held)


def _rated_together(measured: Measured, terms: Terms) -> Iterable[tuple[Measured, Terms]]:
    """Yield the agreements whose intervals are equally long: what cannot be priced for one length may be for another."""
    stretches = measured.timeline.stretches if measured.timeline is not None else ()
    if len(stretches) < 2:  # noqa: PLR2004 - one length, or none: nothing to part
        yield from [(measured, terms)] if measured.ready else []
        return
    for stretch in stretches:
        picked = stretch.rows.tolist()
        yield measured.only(picked), terms.only(picked)


def _intervals_again(work: _Work, made: Documents, row: int) -> Timeline | None:
    """Return the intervals of a bill whose tariff looked at sums only; None where they make no row."""
    due = made.dues[row]
    rows = work.readings.filter(pc.field("service_point_id") == due.service_point_id)
    again = measure([due], made.inputs.tariff, rows, work.master, with_intervals=True)
    return again.timeline if again.ready else None


def _blocking(work: _Work, due: Due) -> Held | None:
    """Return the hold that an open finding of severity ``block`` puts on the agreement."""
    found = work.blocks.get(due.service_point_id, ())
    if due.billing_basis == "register":
        return None  # its bill rests on reads; findings on intervals do not touch it
    for day, rule, message in found:
        first = due.period_from.replace(day=1) if rule in IDENTITY_RULES else due.period_from
        # a missing slot holds the agreement that needs it, with the number of minutes; see interval_basis
        if first <= day < due.period_to and rule != "no_estimate":
            code = HoldCode.CLOCK_CONFLICT if rule == "clock.conflict" else HoldCode.EXCEPTION
            return Held(due, code, f"{rule} on {day}: {message}")
    return None


IDENTITY_RULES = ("clock.conflict", "meter.unknown", "service_point.unknown")
"""Findings that stand on the first of a month and concern all of it."""


def _measured(work: _Work, dues: Sequence[Due], held: list[Held]) -> Iterable[tuple[Measured, LoadedTariff]]:
    """Yield what each group of agreements used: from intervals, or from register advances."""
    on_intervals = [due for due in dues if due.billing_basis == "interval"]
    for group in by_terms(on_intervals):
        points = pa.array([due.service_point_id for due in group])
        rows = work.readings.filter(pc.is_in(work.readings["service_point_id"], value_set=points))
        loaded = work.tariffs[group[0].tariff_id]
        try:
            yield measure(group, loaded.tariff, rows, work.master), loaded
        except TariffError as problem:
            held += [Held(due, HoldCode.TARIFF_FAILED, problem.message) for due in group]
    on_registers = [due for due in dues if due.billing_basis == "register"]
    if on_registers:
        files = [*work.plan.base.files(REGISTER_READS), *(f for f in work.fresh if f.table == REGISTER_READS.name)]
        reads = read_data_files(work.plan.root, REGISTER_READS, files, filters=pc.field("bucket") == work.bucket)
        book = register_book(reads, work.master, load_profile(work.plan.settings.vee_profile), on_registers[0].month)
        for due in on_registers:
            loaded = work.tariffs[due.tariff_id]
            try:
                outcome = measure_registers(due, loaded.tariff, work.master, book)
            except TariffError as problem:
                outcome = Held(due, HoldCode.TARIFF_FAILED, problem.message)
            if isinstance(outcome, Held):
                held.append(outcome)
            else:
                yield outcome, loaded


def _within_estimate_cap(work: _Work, measured: Measured, held: list[Held]) -> Measured:
    """Return the agreements whose estimated share the profile allows; the others are held."""
    caps = [_estimate_cap(work, ready.due) for ready in measured.ready]
    keep = [number for number, (ready, cap) in enumerate(zip(measured.ready, caps, strict=True)) if ready.estimated_share <= cap]
    for ready, cap in zip(measured.ready, caps, strict=True):
        if ready.estimated_share > cap:
            message = f"{ready.estimated_share:.1%} of the energy is estimated, the profile allows {cap:.0%}"
            held.append(Held(ready.due, HoldCode.ESTIMATED_SHARE, message))
    if len(keep) == len(measured.ready):
        return measured
    return measured.only(keep)


def _estimate_cap(work: _Work, due: Due) -> Decimal:
    """Return the share of estimated energy that the profile allows in an agreement's bill."""
    book = load_profile(work.plan.settings.vee_profile)
    return book.thresholds(due.month, customer_class=due.customer_class).max_estimated_share


def _put(
    work: _Work,
    result: BucketResult,
    standing: Standing,
    dues: Sequence[Due],
    held: Sequence[Held],
    documents: Sequence[Documents],
) -> None:
    """Write bills, lines, usage, carried state, holds and CRM records, month by month."""
    drafts = pa.concat_tables([BILLS.empty(), *(d.bills for d in documents)]).combine_chunks()
    lines = pa.concat_tables([CHARGE_LINES.empty(), *(d.lines for d in documents)]).combine_chunks()
    usage = pa.concat_tables([USAGE.empty(), *(d.usage for d in documents)]).combine_chunks()
    state = pa.concat_tables([CARRIED_STATE.empty(), *(d.state for d in documents)]).combine_chunks()
    merged = standing.merge(
        drafts, lines, usage, state, held, opened_at=_opened_at(work.plan), run_id=work.plan.run_id, bucket=work.bucket
    )
    events = _events(work)
    records = crm_records(merged, standing.records, dues, work.readings, work.exceptions, events, work.plan, work.bucket)
    for month in sorted(set(standing.months) | set(merged.months)):
        partition = {"month": month, "bucket": str(work.bucket)}
        of_month = pc.field("month") == month
        for table, rows in (
            (BILLS, merged.bills),
            (CHARGE_LINES, merged.lines),
            (USAGE, merged.usage),
            (CARRIED_STATE, merged.state),
            (HOLDS, merged.holds),
            (CRM_RECORDS, records),
        ):
            result.put(work.plan, table, partition, rows.filter(of_month))
    result.counters.update(merged.counters)


def _events(work: _Work) -> pa.Table:
    """Return the bucket's events, those this run took in included."""
    files = [*work.plan.base.files(EVENTS), *(file for file in work.fresh if file.table == EVENTS.name)]
    return read_data_files(work.plan.root, EVENTS, files, filters=pc.field("bucket") == work.bucket)


def _opened_at(plan: RunPlan) -> datetime:
    """Holds are opened on the day the run is as at, not at the hour it happened to run."""
    day = plan.billing.as_at if plan.billing else plan.started_at.date()
    return datetime.combine(day, time(), UTC)
