"""Loaded rows into stored ones: the same again changes nothing, a newer row for a key replaces the old one."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.problems import INVALID, Problem, refuse_if_any, row_name
from pipelines.masterdata.read import PLACE, STORED
from pipelines.masterdata.sql import run_sql
from pipelines.masterdata.times import resolve_times
from schemas.master_data import LOADED
from schemas.table import Table


def merge(existing: Mapping[str, pa.Table], loaded: Mapping[str, pa.Table], run_id: str) -> dict[str, pa.Table]:
    """Return all master data tables with the loaded rows in them.

    A loaded row that says what is stored already leaves the stored row as it is, ``loaded_run_id`` included; so loading
    the same files again gives equal tables, and the order of files does not matter.

    Args:
        existing: stored rows by table; absent tables are empty.
        loaded: rows from ``read_master_data``.
        run_id: stands in the rows that are new or changed.

    Returns:
        every table of ``STORED``, as declared, sorted by key. A row whose service point or meter is unknown has
        its bare dates read as UTC: ``check`` refuses such rows.

    Raises:
        MasterDataError: ``masterdata.invalid``, a local time that does not exist, exists twice or has no zone, or two
            loaded rows of one key that say different things: nothing says which is newer.
    """
    problems: list[Problem] = []
    fresh = resolve_times(existing, loaded, problems)
    for name, rows in fresh.items():
        problems.extend(_conflicts(STORED[name], rows))
    refuse_if_any(problems, code=INVALID)
    return {
        name: _merged(table, existing.get(name, table.empty()), fresh[name], run_id)
        if name in fresh
        else table.conform(existing.get(name, table.empty()))
        for name, table in STORED.items()
    }


def _facts(table: Table) -> str:
    return ", ".join(column.name for column in table.columns if column != LOADED)


def _conflicts(table: Table, rows: pa.Table) -> list[Problem]:
    """Return a problem for each key that two loaded rows give different facts."""
    key = ", ".join(table.key)
    query = f"""
        SELECT {key}, list_sort(list({PLACE})) AS places
        FROM (SELECT {_facts(table)}, min({PLACE}) AS {PLACE} FROM fresh GROUP BY ALL)
        GROUP BY {key} HAVING count(*) > 1 ORDER BY {key}
    """  # noqa: S608 - names of declared columns
    return [
        Problem(row["places"][0], f"{row_name(table, row)} is also, and otherwise, in {row['places'][1]}")
        for row in run_sql(query, fresh=rows).to_pylist()
    ]


def _merged(table: Table, stored: pa.Table, fresh: pa.Table, run_id: str) -> pa.Table:
    facts, key = _facts(table), ", ".join(table.key)
    query = f"""
        WITH changed AS (SELECT {facts} FROM fresh EXCEPT SELECT {facts} FROM stored)
        SELECT {facts}, {LOADED.name} FROM stored ANTI JOIN changed USING ({key})
        UNION ALL SELECT {facts}, NULL FROM changed
        ORDER BY {key}
    """  # noqa: S608 - names of declared columns
    rows = run_sql(query, stored=stored, fresh=fresh)
    at = rows.schema.get_field_index(LOADED.name)
    return table.conform(rows.set_column(at, LOADED.name, pc.fill_null(rows[LOADED.name], run_id)))
