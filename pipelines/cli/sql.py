"""``sql``: read-only DuckDB over the views."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipelines.cli.options import common
from pipelines.cli.outcome import Outcome, hush_stdout, say
from pipelines.cli.rows import FORMATS, as_objects, write_rows
from pipelines.cli.session import Session
from pipelines.lakehouse.store import Store
from pipelines.operations.query import query


@click.command()
@click.argument("text", required=False, metavar="[QUERY]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="Form of the rows.")
@click.option("--as-of", "run_id", metavar="RUN", help="See the store as this run left it.")
@common
@click.pass_obj
def sql(session: Session, text: str | None, form: str, run_id: str | None, root: Path) -> Outcome:
    """Query the store's views with DuckDB, read-only.

    Without QUERY, or with -, the query is read from stdin. Instants are ISO 8601 in UTC, decimals keep every digit.
    """
    statement = sys.stdin.read() if text in (None, "-") else text
    with query(Store(root), statement or "", run_id) as reader:
        if session.as_json:
            rows = [row for batch in reader for row in as_objects(batch)]
            return Outcome({"columns": reader.schema.names, "rows": rows}, run_id=run_id)
        try:
            left_out = write_rows(reader, form)
        except BrokenPipeError:
            hush_stdout()
            left_out = 0
    if left_out:
        say(f"... and {left_out:,} more rows: --format csv shows all")
    return Outcome(printed=True)
