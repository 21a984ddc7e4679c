"""The data dictionary: every table and view, column by column, as one page."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.runs import RUNS
from schemas.table import Column, Table
from schemas.tables import DATA_TABLES
from schemas.views import VIEWS

_HEAD = """# Data dictionary

Generated from `schemas/` by `make docs`; a test compares the two. Times are half-open and in UTC, `_to` is exclusive,
null stands only where the meaning says what it stands for. `m2b sql` and `analytics.duckdb` show the same words:
`SELECT comment FROM duckdb_columns() WHERE table_name = 'bills'`.
"""


def data_dictionary() -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, "## Views\n", *_pages(VIEWS), "## Tables\n", *_pages((*DATA_TABLES, RUNS))])


def _pages(tables: tuple[Table, ...]) -> Iterator[str]:
    for table in tables:
        yield f"### `{table.name}`\n\n{table.doc} Key: {', '.join(f'`{name}`' for name in table.key)}.\n"
        yield "| column | type | unit | meaning |\n|---|---|---|---|"
        yield from (_row(column) for column in table.columns)
        yield ""


def _row(column: Column) -> str:
    optional = "?" if column.nullable else ""
    return f"| `{column.name}`{optional} | {column.type} | {column.unit or ''} | {column.meaning} |"
