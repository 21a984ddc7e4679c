"""A simulated book as files: a report, charts, rows. The ending of a name says which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.operations.book_simulation.groups import USAGE, labels_of
from pipelines.operations.book_simulation.simulation import SimulatedBook
from pipelines.operations.exports import replaced, write_table

ENDINGS = (".html", ".svg", ".csv", ".parquet")


def write_book(book: SimulatedBook, targets: Sequence[Path]) -> list[Path]:
    """Write reports (``.html``), charts (``.svg``) and rows (``.csv``, ``.parquet``); each file is replaced whole.

    Args:
        book: what is written.
        targets: files, each with one of ``ENDINGS``.

    Returns:
        the files that were written: without a bill that is compared there is nothing to draw.
    """
    drawn = {path for path in targets if path.suffix.lower() in (".html", ".svg")}
    pictures = _pictures(book) if drawn else (None, None)
    written = []
    for path in targets:
        ending = path.suffix.lower()
        if path not in drawn:
            write_table(book_rows(book), path, as_parquet=ending == ".parquet")
        else:
            text = pictures[0] if ending == ".html" else pictures[1]
            if text is None:
                continue
            with replaced(path) as out:
                out.write(text.encode())
        written.append(path)
    return written


def _pictures(book: SimulatedBook) -> tuple[str, str | None]:
    """Return the report, and the charts where there are any: both are drawn once."""
    from pipelines.operations.book_simulation.report import charts_of, report_html  # noqa: PLC0415 - it imports the chart library

    charts = charts_of(book)
    return report_html(book, charts), charts


def book_rows(book: SimulatedBook) -> pa.Table:
    """Return one row per agreement and billing period: the positions, and the band of usage of those that are compared."""
    rows = book.positions
    places = np.flatnonzero(rows["difference_total"].is_valid().to_numpy())
    labels = np.full(rows.num_rows, None, dtype=object)
    if len(places):
        labels[places] = labels_of(rows.take(places), USAGE).to_pylist()
    at = rows.schema.get_field_index("import_kwh")
    return rows.add_column(at, pa.field(USAGE, pa.string()), pa.array(labels, pa.string()))
