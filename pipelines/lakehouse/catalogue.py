"""The analyst's side: a read-only connection, ``analytics.duckdb`` and ``init.sql``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.lakehouse.store import Snapshot, Store
from pipelines.lakehouse.views import view_statements

STORAGE_VERSION = "v1.0.0"
"""Readable by every DuckDB since 1.0; a file of the current default cannot be opened by older ones."""


def connect(store: Store, snapshot: Snapshot) -> duckdb.DuckDBPyConnection:
    """Return an in-memory connection that sees the views of ``snapshot`` and no other file."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    _execute(connection, view_statements(store, snapshot))
    folder = str(store.root.resolve()).replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{folder}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _execute(connection: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
    """Execute statements as one transaction: some hundred commits would take twice the time."""
    connection.execute("BEGIN")
    for statement in statements:
        connection.execute(statement)
    connection.execute("COMMIT")


def publish_catalogue(store: Store, snapshot: Snapshot) -> Path:
    """Build ``analytics.duckdb`` and ``init.sql`` aside and swap them in; return the database's path.

    Somebody who has the old file open keeps the old snapshot.
    """
    statements = list(view_statements(store, snapshot))
    script = store.root / f".init.sql.{os.getpid()}.tmp"
    script.write_text("SET TimeZone = 'UTC';\n" + "".join(f"{s};\n" for s in statements), "utf-8")
    part = store.root / f".analytics.{os.getpid()}.tmp"
    part.unlink(missing_ok=True)
    with duckdb.connect() as builder:
        path = str(part).replace("'", "''")
        builder.execute(f"ATTACH '{path}' AS analytics (STORAGE_VERSION '{STORAGE_VERSION}')")
        builder.execute("USE analytics")
        _execute(builder, statements)
        builder.execute("USE memory")
        builder.execute("DETACH analytics")
    target = store.root / "analytics.duckdb"
    part.replace(target)
    script.replace(store.root / "init.sql")
    return target
