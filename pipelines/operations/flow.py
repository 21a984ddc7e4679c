"""The flow as an operation: ingest, validation and billing are the same graph, asked for more or less of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from pipelines.ingest.delivered_files import Delivery, FileRef, deal, look_at
from pipelines.journal import note
from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import Snapshot, Store
from pipelines.operations.opening import Clock, new_run_id, utc_now, versions
from pipelines.plan import BillingRequest, IngestOptions, RunPlan
from pipelines.results import file_warnings
from schemas.files import FILES
from schemas.readings import DELIVERIES
from schemas.tables import DATA_TABLES

INPUTS_OF_VALIDATION = ("deliveries", "register_reads", "service_points", "meters", "registers", "agreements", "edits")


@dataclass(frozen=True)
class FlowRequest:
    """What a command asks of the flow.

    Attributes:
        command: its name in ``runs``: ingest, vee, bill.run, run, watch.
        paths: delivered files and folders; empty to go on from what was delivered before.
        ingest: how files are read.
        billing: what to bill; None for nothing.
        months: months to validate whole; those of ``billing`` are added where they are not up to date.
        validates: False to stop after ingest.
        workers: workers side by side.
        runner_options: Beam's own options for another runner; empty for the local one.
        cross_check: bills of the run that the reference engine rates again before anything is published.
    """

    command: str
    paths: tuple[Path, ...] = ()
    ingest: IngestOptions = field(default_factory=IngestOptions)
    billing: BillingRequest | None = None
    months: tuple[str, ...] = ()
    validates: bool = True
    workers: int = 2
    runner_options: tuple[str, ...] = ()
    cross_check: int = 0


@dataclass(frozen=True)
class FlowReport:
    """What came of it.

    Attributes:
        run_id: the run that was published.
        files: one entry per delivered file, as ``m2b ingest --json`` prints it.
        counters: figures of the run.
        new_rejections: rows or files set aside that were not before.
        new_holds: agreements held that were not before.
        stored: some reading or read was stored, now or before.
    """

    run_id: str
    files: list[dict[str, Any]] = field(default_factory=list)
    counters: dict[str, Any] = field(default_factory=dict)
    new_rejections: int = 0
    new_holds: int = 0
    stored: bool = True


def run_flow(store: Store, request: FlowRequest, now: Clock = utc_now) -> FlowReport:
    """Run the flow under the writer lock and publish its run.

    Raises:
        StoreBusyError: another run is writing.
        InputRefusedError: a path does not exist.
        InvariantError: a check failed; nothing is published.
    """
    from pipelines.meter_to_bill import run_locally, run_portably  # noqa: PLC0415 - Beam takes a second to import

    with writer_lock(store.root):
        base = store.snapshot()
        known = set(base.read(FILES, columns=["file_id"])["file_id"].to_pylist())
        delivery = look_at(request.paths, known, request.workers)
        plan = make_plan(store, base, request, delivery, now)
        note(store.root, plan.run_id, "plan", **_planned(plan, delivery))
        work = deal(delivery.fresh)
        if request.runner_options:
            run_portably(plan, work, request.command, now, request.runner_options)
        else:
            run_locally(plan, work, request.command, now, workers=request.workers)
        snapshot = store.snapshot()
        publish_catalogue(store, snapshot)
    return _report(snapshot, plan, delivery)


def make_plan(store: Store, base: Snapshot, request: FlowRequest, delivery: Delivery, now: Clock) -> RunPlan:
    """Return the plan of a run: everything a worker must know, files of every table listed."""
    at = now()
    for table in DATA_TABLES:
        base.files(table)
    months = set(request.months)
    if request.billing is not None:
        wanted = months_of(request.billing)
        months |= set(wanted) if delivery.fresh else {m for m in wanted if not _is_fresh(store, base, m, request.billing)}
    return RunPlan(
        root=store.root,
        run_id=new_run_id(at),
        started_at=at,
        settings=store.settings,
        base=base,
        ingest=request.ingest,
        billing=request.billing,
        validate_months=tuple(sorted(months)),
        validates=request.validates,
        known_files=len(delivery.known),
        versions=versions(),
        cross_check=request.cross_check if request.billing is not None else 0,
    )


def months_of(billing: BillingRequest) -> list[str]:
    """Return the calendar months that the period covers."""
    months, day = [], billing.first_day.replace(day=1)
    while day < billing.end_day:
        months.append(day.isoformat()[:7])
        day = (day + timedelta(days=32)).replace(day=1)
    return months


def _is_fresh(store: Store, base: Snapshot, month: str, billing: BillingRequest) -> bool:
    """A month is up to date when a run validated all of it from what is there now, and expected as much of it as we do."""
    deadline = billing.end_day + timedelta(days=store.settings.read_deadline_days)
    for run in store.runs().to_pylist():
        pins = {pin["table"]: pin["version"] for pin in run["pins"]}
        expected = billing.as_at < deadline or (run["as_at"] is not None and run["as_at"] >= deadline)
        same = all(pins[name] == base.pins[name] for name in INPUTS_OF_VALIDATION)
        if month in run["validated_months"] and expected and same:
            return True
    return False


def unvalidated_months(store: Store) -> list[str]:
    """Return the months with deliveries that no run validated whole since they came."""
    base = store.snapshot()
    months: set[str] = set()
    for file in base.files(DELIVERIES):
        if file.low is not None and file.high is not None:
            first, last = (date.fromisoformat(text[:10]) for text in (file.low, file.high))
            months |= set(months_of(BillingRequest(first, last + timedelta(days=1), date.min)))
    runs = store.runs().to_pylist()
    done = {
        month
        for run in runs
        for month in run["validated_months"]
        if all({p["table"]: p["version"] for p in run["pins"]}[name] == base.pins[name] for name in INPUTS_OF_VALIDATION)
    }
    return sorted(months - done)


def _planned(plan: RunPlan, delivery: Delivery) -> dict[str, Any]:
    return {
        "bytes": sum(file.size for file in delivery.fresh),
        "files": len(delivery.fresh),
        "buckets": plan.settings.buckets,
        "validates": plan.validates,
        "bills": plan.billing is not None,
    }


def _report(snapshot: Snapshot, plan: RunPlan, delivery: Delivery) -> FlowReport:
    """Read back what the run published."""
    files = snapshot.read(FILES)
    taken = {row["file_id"]: row for row in files.filter(pc.field("run_id") == plan.run_id).to_pylist()}
    entries = [_file_entry(taken[ref.sha256]) for ref in delivery.fresh]
    entries += [_known_entry(ref, files) for ref in delivery.known]
    counters = _counters(snapshot, plan.run_id)
    rejected = sum(entry["rows_rejected"] for entry in entries if entry["status"] != "duplicate")
    stored = any(entry["rows_read"] > entry["rows_rejected"] for entry in entries) or any(
        e["status"] == "duplicate" for e in entries
    )
    return FlowReport(
        run_id=plan.run_id,
        files=sorted(entries, key=lambda entry: entry["name"]),
        counters=counters,
        new_rejections=rejected,
        new_holds=int(counters.get("holds_new", 0)),
        stored=stored or not entries,
    )


def _counters(snapshot: Snapshot, run_id: str) -> dict[str, Any]:
    runs = Store(snapshot.root).runs().filter(pc.field("run_id") == run_id)
    return json.loads(runs["counters"][0].as_py())


def _file_entry(row: dict[str, Any]) -> dict[str, Any]:
    names = (
        "file_id",
        "name",
        "format",
        "status",
        "rows_read",
        "rows_accepted",
        "rows_rejected",
        "rows_duplicate",
        "rows_superseded",
    )
    return {name: row[name] for name in names} | {"warnings": file_warnings(row["warnings"])}


def _known_entry(ref: FileRef, files: Any) -> dict[str, Any]:  # noqa: ANN401 - an Arrow table
    """Return the entry of a file whose bytes are known: no new readings, every row a copy."""
    known = files.filter(pc.field("file_id") == ref.sha256).to_pylist()
    counts = {"format": "unknown", "rows_read": 0} | ({n: known[0][n] for n in ("format", "rows_read")} if known else {})
    return {
        "file_id": ref.sha256,
        "name": ref.name,
        "format": counts["format"],
        "status": "duplicate",
        "rows_read": counts["rows_read"],
        "rows_accepted": 0,
        "rows_rejected": 0,
        "rows_duplicate": counts["rows_read"],
        "rows_superseded": 0,
        "warnings": [],
    }
