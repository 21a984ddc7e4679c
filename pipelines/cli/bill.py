"""``bill``: run a cycle, look at a bill, walk back from a line, release."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from pipelines.cli.bill_text import document_parts, explanation_parts
from pipelines.cli.flows import NEW_FINDINGS, billing_line
from pipelines.cli.grid import Grid
from pipelines.cli.options import DayParameter, as_at_option, asked_period, common, cross_check_option, month_option
from pipelines.cli.outcome import Outcome
from pipelines.cli.progress import progress
from pipelines.cli.session import Session
from pipelines.lakehouse.store import Store
from pipelines.operations.bills import bill_document
from pipelines.operations.evidence import bill_evidence
from pipelines.operations.explain import explain as explain_bill
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.preview import preview
from pipelines.operations.release import release as release_bills
from pipelines.plan import BillingRequest
from schemas.bill_document import money
from schemas.errors import InputRefusedError


@click.group()
def bill() -> None:
    """Bills: run, show, explain, release."""


@bill.command()
@month_option(required=False, help_text="The month to bill.")
@click.option("--from", "first", type=DayParameter(), help="First local day to bill, in place of --month.")
@click.option("--to", "end", type=DayParameter(), help="Day after the last one.")
@as_at_option
@cross_check_option
@click.option("--dry-run", is_flag=True, help="Say what would change; leave the store as it is.")
@common
@click.pass_obj
def run(
    session: Session,
    *,
    month: str | None,
    first: date | None,
    end: date | None,
    as_at: date | None,
    cross_check: int,
    dry_run: bool,
    root: Path,
) -> Outcome:
    """Bill every agreement active in a period.

    Each ends in a bill or in a hold with a code. A draft whose readings did not change stays as it is, and a final
    bill is never made again. Exit code 3: agreements were held that were not before.
    """
    since, until = asked_period(month, first, end)
    billing = BillingRequest(since, until, as_at or session.today())
    request = FlowRequest("bill.run", billing=billing, cross_check=cross_check)
    if dry_run:
        return _dry_run(session, Store(root), request)
    with progress(root):
        report = run_flow(Store(root), request, session.now)
    return Outcome(
        data={"counters": report.counters},
        shown=[billing_line(report.counters)],
        run_id=report.run_id,
        exit_code=NEW_FINDINGS if report.new_holds else 0,
    )


def _dry_run(session: Session, store: Store, request: FlowRequest) -> Outcome:
    found = preview(store, request, session.now)
    rows = [
        [
            change.bill_id,
            change.agreement_id,
            "-" if change.before is None else money(change.before),
            "-" if change.after is None else money(change.after),
        ]
        for change in found.changes
    ]
    held = [[row["agreement_id"], row["code"], row["message"]] for row in found.new_holds]
    shown: list[str | Grid] = [billing_line(found.report.counters)]
    shown += [Grid(["bill", "agreement", "now", "then"], rows, right=["now", "then"])] if rows else ["no bill would change"]
    shown += [Grid(["would be held", "code", "why"], held)] if held else []
    data = {
        "dry_run": True,
        "counters": found.report.counters,
        "changes": [asdict(change) for change in found.changes],
        "new_holds": found.new_holds,
        "closed_holds": found.closed_holds,
    }
    return Outcome(data, shown, ["dry run: the store is as it was"])


@bill.command()
@click.argument("name", metavar="BILL")
@common
def show(name: str, root: Path) -> Outcome:
    """Show a bill, by its id or number."""
    document = bill_document(Store(root).snapshot(), name)
    return Outcome(document.model_dump(mode="json"), document_parts(document), run_id=document.run_id)


@bill.command()
@click.argument("name", metavar="BILL")
@click.option("--line", "line_no", type=click.IntRange(min=1), help="Only this line, with every interval it rests on.")
@common
def explain(name: str, line_no: int | None, root: Path) -> Outcome:
    """Explain a bill, line by line.

    Down to the days with the file and row that delivered them; with --line to every interval and its method. What is
    listed is added up and held against the bill; an explanation that does not add up ends with exit code 5.
    """
    evidence = bill_evidence(Store(root), name)
    lines = explain_bill(evidence)
    chosen = [line for line in lines if line_no in (None, line.line_no)]
    if not chosen:
        code = "line.unknown"
        raise InputRefusedError(code, f"bill {name} has {len(lines)} lines, there is no line {line_no}", "see: m2b bill show")
    entries = [asdict(line) for line in chosen]
    if line_no is None:
        for entry in entries:
            for listed in (entry["metered"], *(entry["metered"] or {}).get("less", ())):
                (listed or {}).pop("intervals", None)
    names = (
        "bill_id",
        "bill_number",
        "account_id",
        "agreement_id",
        "service_point_id",
        "period_from",
        "period_to",
        "total",
        "currency",
    )
    head = {column: evidence.bill[column] for column in names}
    shown = explanation_parts(evidence.bill, chosen, with_intervals=line_no is not None)
    return Outcome(head | {"lines": entries}, shown, run_id=evidence.bill["run_id"])


@bill.command()
@click.argument("names", nargs=-1, metavar="BILL...")
@click.option("--all", "every", is_flag=True, help="Release every draft.")
@common
@click.pass_obj
def release(session: Session, *, names: tuple[str, ...], every: bool, root: Path) -> Outcome:
    """Make drafts final and post them to the journal. Final is final."""
    if bool(names) == every:
        message = "name the bills, or give --all"
        raise click.UsageError(message)
    report = release_bills(Store(root), None if every else names, session.now)
    totals = ", ".join(f"{money(total)} {currency}" for currency, total in sorted(report.totals.items()))
    already = f"; {len(report.already_final)} were final" if report.already_final else ""
    shown = [f"released {len(report.released)} bills" + (f": {totals}" if totals else "") + already]
    waiting = [f"{name} waits: {why}" for name, why in report.waiting.items()]
    return Outcome(asdict(report), shown, waiting, run_id=report.run_id)
