"""``ingest``, ``vee`` and ``run``: the same flow, asked for more or less of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from pipelines.cli.options import FILE, as_at_option, common, cross_check_option, ingest_options, month_option
from pipelines.cli.outcome import Outcome
from pipelines.cli.progress import progress
from pipelines.cli.session import Session
from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowReport, FlowRequest, run_flow, unvalidated_months
from pipelines.operations.opening import open_or_make
from pipelines.plan import BillingRequest, IngestOptions
from schemas.codes import FileStatus
from schemas.errors import InputRefusedError
from schemas.files import REJECTIONS
from schemas.periods import month_dates

NEW_FINDINGS = 3
NOTHING_TO_DO = 99


def read_options(format_name: str, mapping: Path | None, clock: str | None) -> IngestOptions:
    """Return how files are to be read.

    Raises:
        InputRefusedError: the mapping file is no text.
    """
    try:
        text = mapping.read_text("utf-8") if mapping is not None else None
    except (OSError, UnicodeDecodeError) as problem:
        code = "mapping.unreadable"
        raise InputRefusedError(code, f"{mapping} cannot be read: {problem}", "save it as UTF-8", str(mapping)) from None
    return IngestOptions(format_name, clock, text)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@ingest_options
@common
@click.pass_obj
def ingest(
    session: Session, paths: tuple[Path, ...], format_name: str, mapping: Path | None, clock: str | None, root: Path
) -> Outcome:
    """Take delivered meter files into the store.

    PATH is a file, a folder, a zip or gz. Every row is accounted for; what cannot be taken is set aside with its line
    and a code. Exit code 3: something was set aside; 4: nothing could be taken. The store is made when it is not
    there.
    """
    store = open_or_make(root, session.now)
    request = FlowRequest("ingest", paths, read_options(format_name, mapping, clock), validates=False)
    with progress(root):
        report = run_flow(store, request, session.now)
    return Outcome(
        data={"files": report.files, "counters": report.counters},
        shown=file_lines(report),
        talk=refusals(store, report),
        run_id=report.run_id,
        exit_code=NEW_FINDINGS if report.new_rejections else 0,
        error=nothing_taken(store, report),
    )


@click.command()
@month_option(required=False, help_text="Validate this month whole, up to date or not.")
@common
@click.pass_obj
def vee(session: Session, month: str | None, root: Path) -> Outcome:
    """Validate and estimate what is new.

    That is every month with deliveries that no run validated whole since they came.
    """
    store = Store(root)
    months = [month] if month else unvalidated_months(store)
    if not months:
        return Outcome(data={"months": [], "counters": {}}, shown=["every month is validated"])
    with progress(root):
        report = run_flow(store, FlowRequest("vee", months=tuple(months)), session.now)
    readings, found = (report.counters.get(name, 0) for name in ("readings_validated", "exceptions"))
    return Outcome(
        data={"months": months, "counters": report.counters},
        shown=[f"validated {', '.join(months)}: {readings:,} readings, {found:,} exceptions"],
        run_id=report.run_id,
    )


@click.command()
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@month_option(required=True, help_text="The month to bill.")
@as_at_option
@cross_check_option
@ingest_options
@click.option("--skip-code", is_flag=True, help="Exit with 99 when there was nothing to do.")
@click.option(
    "--beam",
    "beam_options",
    multiple=True,
    metavar="OPTION",
    help="An option for Beam, to run elsewhere: --beam=--runner=FlinkRunner. Repeatable.",
)
@common
@click.pass_obj
def run(
    session: Session,
    *,
    paths: tuple[Path, ...],
    month: str,
    as_at: date | None,
    cross_check: int,
    format_name: str,
    mapping: Path | None,
    clock: str | None,
    skip_code: bool,
    beam_options: tuple[str, ...],
    root: Path,
) -> Outcome:
    """The scheduled job: ingest, validate and bill.

    It takes in what is new at PATH, validates it and bills the month. Safe to run twice: known files are known by
    their bytes, and bills whose readings did not change stay as they are. Exit code 3: accounts were held or rows set
    aside that were not before.
    """
    store = open_or_make(root, session.now)
    first, end = month_dates(month)
    billing = BillingRequest(first, end, as_at or session.today())
    how = read_options(format_name, mapping, clock)
    request = FlowRequest("run", paths, how, billing, runner_options=beam_options, cross_check=cross_check)
    with progress(root):
        report = run_flow(store, request, session.now)
    code = NEW_FINDINGS if report.new_rejections or report.new_holds else 0
    return Outcome(
        data={"files": report.files, "counters": report.counters},
        shown=[*file_lines(report), billing_line(report.counters)],
        talk=refusals(store, report),
        run_id=report.run_id,
        exit_code=NOTHING_TO_DO if skip_code and did_nothing(report) else code,
        error=nothing_taken(store, report),
    )


def file_lines(report: FlowReport) -> list[str]:
    """Return one line a file."""
    return [_file_line(entry) for entry in report.files] or ["no files there"]


def _file_line(entry: dict[str, Any]) -> str:
    counted = {name: entry[f"rows_{name}"] for name in ("accepted", "rejected", "duplicate", "superseded")}
    rows = ", ".join(f"{count:,} {name}" for name, count in counted.items() if count) or "no rows"
    warned = "".join(f"; {warning['code']}: {warning['message']}" for warning in entry["warnings"])
    return f"{entry['status']:9}  {entry['name']}  {entry['format']}, {entry['rows_read']:,} rows: {rows}{warned}"


def billing_line(counters: dict[str, Any]) -> str:
    """Return what became of the month's bills in one line."""
    made, kept, held = (counters.get(name, 0) for name in ("bills_made", "bills_kept", "holds_open"))
    late = counters.get("rebill_candidates", 0)
    tail = f", {late:,} final bills would come out otherwise now" if late else ""
    return f"bills: {made:,} made, {kept:,} kept; held: {held:,} ({counters.get('holds_new', 0):,} new){tail}{_checked(counters)}"


def _checked(counters: dict[str, Any]) -> str:
    """Return what the reference engine said, nothing where it was not asked."""
    if "bills_cross_checked" not in counters:
        return ""
    by_sums = counters.get("bills_cross_checked_by_sums", 0)
    said = f", {by_sums:,} of them by their sums, without intervals" if by_sums else ""
    return f"; {counters['bills_cross_checked']:,} rated again by the reference engine with the same result{said}"


def rejected_rows(store: Store, report: FlowReport) -> list[dict[str, Any]]:
    """Return what the run set aside, by file and record."""
    rejections = store.snapshot().read(REJECTIONS).to_pylist()
    rows = [row for row in rejections if row["run_id"] == report.run_id]
    return sorted(rows, key=lambda row: (row["name"], len(row["record"]), row["record"], row["code"]))


def refusals(store: Store, report: FlowReport) -> list[str]:
    """Return the first records that were set aside, for people."""
    if not report.new_rejections:
        return []
    rows = rejected_rows(store, report)
    lines = [
        f"set aside: {row['name']}{':' if row['record'] else ''}{row['record']}: {row['code']}: {row['message']}" for row in rows
    ]
    more = [f"... and {len(rows) - _MOST_SHOWN} more: m2b sql 'FROM rejections'"] if len(rows) > _MOST_SHOWN else []
    return lines[:_MOST_SHOWN] + more


_MOST_SHOWN = 10


def nothing_taken(store: Store, report: FlowReport) -> InputRefusedError | None:
    """Return the refusal of a delivery of which nothing was taken; None where something was or nothing was refused."""
    if report.stored or not report.new_rejections:
        return None
    rows = rejected_rows(store, report)
    first = rows[0] if rows else {"code": "file.refused", "message": "nothing could be read", "name": "", "record": ""}
    refused = [entry for entry in report.files if entry["status"] == FileStatus.REJECTED]
    where = first["name"] + (f":{first['record']}" if first["record"] else "")
    others = f" (and {len(refused) - 1} more files)" if len(refused) > 1 else ""
    hint = "every row that was set aside is in the table rejections: m2b sql 'FROM rejections'"
    return InputRefusedError(first["code"], f"nothing was taken: {first['message']}{others}", hint, where)


def did_nothing(report: FlowReport) -> bool:
    """Tell whether a run found nothing new: no file, no bill, no hold."""
    fresh = any(entry["status"] != FileStatus.DUPLICATE for entry in report.files)
    moved = any(report.counters.get(name, 0) for name in ("bills_made", "bills_withdrawn", "holds_new"))
    return not fresh and not moved
