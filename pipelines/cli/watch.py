"""``watch``: what arrives in an inbox goes through the same flow, batch by batch, until stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pipelines.cli.flows import billing_line, file_lines, read_options, refusals
from pipelines.cli.options import common, ingest_options, month_option
from pipelines.cli.outcome import Outcome, emit, say
from pipelines.cli.session import Session
from pipelines.operations.flow import FlowReport, FlowRequest, run_flow
from pipelines.operations.inbox import Inbox
from pipelines.operations.opening import open_or_make
from pipelines.plan import BillingRequest, IngestOptions
from schemas.errors import StoreBusyError
from schemas.periods import month_dates


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="INBOX")
@month_option(required=False, help_text="Bill this month too, as at the day of each batch.")
@click.option(
    "--poll-seconds", type=click.FloatRange(0.05, 3600), default=2.0, show_default=True, help="Time between two looks [s]."
)
@click.option("--once", is_flag=True, help="Take what is there now and end.")
@ingest_options
@common
@click.pass_obj
def watch(
    session: Session,
    *,
    folder: Path,
    month: str | None,
    poll_seconds: float,
    once: bool,
    format_name: str,
    mapping: Path | None,
    clock: str | None,
    root: Path,
) -> Outcome:
    """Take in and validate what arrives in a folder, until stopped.

    A file is taken when two looks found it the same. SIGTERM and SIGINT end after the batch under way. Files are
    known by their bytes: a restart loses nothing and doubles nothing. With --json each batch is one object on a line
    of its own.
    """
    options = read_options(format_name, mapping, clock)
    store = open_or_make(root, session.now)
    inbox = Inbox(folder)
    inbox.settled()
    with _until_stopped() as stop:
        say(f"watching {folder}; stop with SIGTERM or Ctrl-C")
        pending = True
        while not stop.wait(poll_seconds) and pending:
            ready = inbox.settled()
            try:
                while not stop.is_set() and (batch := inbox.batch(store, ready)):
                    report = run_flow(store, _request(session, batch, options, month), session.now)
                    inbox.taken(batch)
                    ready = [path for path in ready if path not in batch]
                    emit(_batch(report, billed=month is not None, refused=refusals(store, report)), as_json=session.as_json)
            except StoreBusyError as busy:
                say(f"{busy.message}; the files wait")
                continue
            pending = not once
    say("stopped")
    return Outcome(printed=True)


def _request(session: Session, batch: list[Path], options: IngestOptions, month: str | None) -> FlowRequest:
    billing = BillingRequest(*month_dates(month), session.today()) if month is not None else None
    return FlowRequest("watch", tuple(batch), options, billing)


def _batch(report: FlowReport, *, billed: bool, refused: list[str]) -> Outcome:
    """Return what one batch came to."""
    readings = report.counters.get("readings_validated", 0)
    line = f"batch {report.run_id}: {len(report.files)} files, {readings:,} readings validated"
    bills = [billing_line(report.counters)] if billed else []
    return Outcome(
        {"files": report.files, "counters": report.counters}, [line, *file_lines(report), *bills], refused, report.run_id
    )


@contextmanager
def _until_stopped() -> Iterator[threading.Event]:
    """Hand out an event that SIGTERM and SIGINT set, and give the signals back afterwards."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
