"""Read-only queries over the views of one snapshot: one statement that reads, batch after batch of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from pipelines.lakehouse.catalogue import connect
from pipelines.lakehouse.store import Snapshot, Store
from schemas.errors import MeterToBillError

BATCH_ROWS = 50_000
CATALOGUE = "analytics.duckdb"
_COMMENT = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
_EXPLAIN = re.compile(r"\Aexplain\b(?:\s+analyze\b)?(?:\s*\([^)]*\))?", re.IGNORECASE)
_READS = ("select", "from", "with", "pivot", "unpivot", "(")
"""How a statement begins that DuckDB takes apart into several and that still only reads."""


class QueryError(MeterToBillError):
    """A query that cannot be run: a mistake of whoever wrote it."""

    exit_code = 2


@contextmanager
def query(store: Store, text: str, run_id: str | None = None) -> Iterator[pa.RecordBatchReader]:
    """Run one statement over the views and hand out its rows.

    Args:
        store: the store.
        text: the statement.
        run_id: the run after which the store is looked at; None for the latest.

    Yields:
        a reader of record batches.

    Raises:
        QueryError: ``sql.failed``, DuckDB refuses it, or it does more than read.
        StoreError: there is no store, or no such run.
    """
    code = "sql.failed"
    connection = _connection(store, store.snapshot(run_id))
    try:
        _require_reading(text)
        relation = connection.sql(text)
        if relation is None:
            raise QueryError(code, "the statement gives no rows", "write a SELECT")
        yield relation.to_arrow_reader(BATCH_ROWS)
    except (duckdb.Error, pa.ArrowInvalid) as problem:
        raise QueryError(code, str(problem).strip(), "the views are listed by: m2b sql 'SHOW TABLES'") from None
    finally:
        connection.close()


def _connection(store: Store, snapshot: Snapshot) -> duckdb.DuckDBPyConnection:
    """Return a connection that sees the views of a snapshot and no file outside the store.

    The catalogue that the latest run left has them ready; it is passed over where it is another run's, or where the store
    was moved since.
    """
    path = store.root / CATALOGUE
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error:
        return connect(store, snapshot)
    try:
        found = connection.execute("SELECT run_id, store FROM catalogue_info").fetchone()
    except duckdb.Error:
        found = None
    if found != (snapshot.run_id, str(store.root.resolve())):
        connection.close()
        return connect(store, snapshot)
    folder = str(store.root.resolve()).replace("'", "''")
    for setting in ("TimeZone = 'UTC'", f"allowed_directories = ['{folder}']", "enable_external_access = false"):
        connection.execute(f"SET {setting}")
    connection.execute("SET lock_configuration = true")
    return connection


def _require_reading(text: str) -> None:
    """Refuse everything but one statement that reads.

    The connection sees no file outside the store; files inside it may be written by a COPY, so the kind of the statement
    is looked at as well.

    Raises:
        QueryError: ``sql.failed``.
    """
    code = "sql.failed"
    statements = duckdb.extract_statements(text)
    if len(statements) != 1:
        raise QueryError(code, f"{len(statements)} statements were given, one is run at a time", "separate them into calls")
    plain = _COMMENT.sub("", text)
    kind = statements[0].type
    if kind == duckdb.StatementType.SELECT:
        return
    if kind == duckdb.StatementType.MULTI and plain.lower().startswith(_READS):
        return
    explained = _EXPLAIN.match(plain)
    if kind == duckdb.StatementType.EXPLAIN and explained is not None:
        _require_reading(plain[explained.end() :])
        return
    raise QueryError(code, f"{kind.name} is not allowed: the store is read-only here", "write a SELECT; to change it, use m2b")
