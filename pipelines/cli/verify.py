"""``verify``: the store against its own accounts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.options import common
from pipelines.cli.outcome import Outcome
from pipelines.lakehouse.store import Store
from pipelines.operations.verify import verify as verify_store
from schemas.errors import InvariantError


@click.command()
@common
def verify(root: Path) -> Outcome:
    """Check the store: hashes, row counts, accounts that add up.

    It is looked at as its latest run left it: every data file against its hash and row count, bills against their
    lines, postings against each other, delivered rows against what became of them. Files that killed runs left are
    listed and harm nothing. Exit code 5: something is wrong.
    """
    verdict = verify_store(Store(root))
    shown = [
        f"{verdict.files:,} files, {verdict.bytes:,} bytes, {verdict.rows:,} rows: as they were written",
        f"{verdict.bills:,} bills make the sum of their lines, {verdict.delivered:,} delivered files are accounted for",
    ]
    talk = [f"left by a killed run: {path}" for path in verdict.orphans]
    if not verdict.problems:
        return Outcome(asdict(verdict), shown, talk, verdict.run_id)
    code, count = "verify.failed", len(verdict.problems)
    listed = "".join(f"\n  {problem}" for problem in verdict.problems)
    error = InvariantError(code, f"{count} things are wrong:{listed}", "restore the files from a copy of the store", str(root))
    return Outcome(asdict(verdict), (), talk, verdict.run_id, error=error)
