from __future__ import annotations

import io
import json
import subprocess
import sys

import pyarrow as pa
import pytest


@pytest.fixture(scope="session")
def store(demo_folder):
    return demo_folder / "store"


@pytest.fixture
def ask(m2b, store):
    return lambda query, *more: m2b("sql", query, "--store", store, *more)


def test_json_is_an_array_of_objects_without_an_envelope(ask) -> None:
    called = ask("SELECT bill_id, total FROM bills ORDER BY bill_id LIMIT 2", "--format", "json")
    rows = json.loads(called.out)
    assert [set(row) for row in rows] == [{"bill_id", "total"}] * 2


def test_no_rows_are_an_empty_array(ask) -> None:
    assert json.loads(ask("SELECT * FROM bills WHERE false", "--format", "json").out) == []


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("TIMESTAMPTZ '2026-01-01T10:00:00+10:00'", "2026-01-01T00:00:00Z"),
        ("DATE '2026-01-31'", "2026-01-31"),
        ("12345678901234567890.123456789::DECIMAL(38,9)", "12345678901234567890.123456789"),
        ("NULL", None),
        ("true", True),
        ("42", 42),
        ("'nan'::DOUBLE", None),
        ("[1.50::DECIMAL(5,2)]", ["1.50"]),
        ("{'at': DATE '2026-01-31'}", {"at": "2026-01-31"}),
    ],
)
def test_values_are_exact_and_times_are_in_utc(ask, expression, wanted) -> None:
    assert json.loads(ask(f"SELECT {expression} AS value", "--format", "json").out) == [{"value": wanted}]


def test_csv_has_a_header_and_empty_cells_for_nothing(ask) -> None:
    assert ask("SELECT 'a,b' AS x, NULL AS y, 1.50 AS z", "--format", "csv").out == 'x,y,z\n"a,b",,1.50\n'


def test_a_table_is_aligned_and_says_when_rows_are_left_out(ask) -> None:
    called = ask("SELECT * FROM range(1500) AS numbers(n)")
    assert called.out.splitlines()[:3] == ["  n", "---", "  0"]
    assert "500 more rows" in called.err


def test_arrow_is_a_stream(store) -> None:
    source = "from pipelines.cli.main import main; main()"
    arguments = ["sql", "SELECT 7 AS n", "--format", "arrow", "--store", str(store)]
    done = subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True, check=True)
    assert pa.ipc.open_stream(io.BytesIO(done.stdout)).read_all().to_pylist() == [{"n": 7}]


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_query_comes_from_stdin_too(m2b, store, monkeypatch, arguments) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 1 AS n"))
    assert m2b("sql", *arguments, "--store", store, "--json").data == {"columns": ["n"], "rows": [{"n": 1}]}


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO 'STORE/out.csv'",
        "COPY (PIVOT (SELECT 1 AS a) ON a) TO 'STORE/out.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'STORE/out.csv'",
        "EXPLAIN (ANALYZE) COPY (SELECT 1) TO 'STORE/out.csv'",
        "/* SELECT */ COPY (SELECT 1) TO 'STORE/out.csv'",
        "EXPORT DATABASE 'STORE/out'",
        "ATTACH 'STORE/other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "CREATE TABLE mine (n INTEGER)",
        "DROP VIEW bills",
        "DELETE FROM bills",
        "PREPARE p AS COPY (SELECT 1) TO 'STORE/out.csv'",
        "SELECT 1; COPY (SELECT 1) TO 'STORE/out.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_text('STORE/../demo.out.json')",
        "SELECT * FROM 'https://example.com/a.parquet'",
    ],
)
def test_nothing_is_written_and_nothing_outside_the_store_is_read(ask, store, query) -> None:
    before = sorted(path for path in store.rglob("*") if "journal" not in path.parts)
    called = ask(query.replace("STORE", str(store)), "--json")
    assert (called.code, called.error["code"]) == (2, "sql.failed")
    assert sorted(path for path in store.rglob("*") if "journal" not in path.parts) == before


@pytest.mark.parametrize(
    "query",
    [
        "FROM bills LIMIT 1",
        "SHOW TABLES",
        "DESCRIBE bills",
        "SUMMARIZE bills",
        "WITH b AS (FROM bills) SELECT count(*) FROM b",
        "PIVOT charge_lines ON kind USING sum(amount) GROUP BY bill_id",
        "EXPLAIN SELECT * FROM bills",
        "/* what is there */ SELECT 1;",
        "VALUES (1)",
    ],
)
def test_whatever_reads_is_welcome(ask, query) -> None:
    called = ask(query)
    assert (called.code, called.err) == (0, "")


@pytest.mark.parametrize("query", ["SELEKT 1", "SELECT * FROM nowhere", "", "SELECT 1/", "SELECT 'a'::INTEGER"])
def test_a_query_that_fails_is_the_writer_s_mistake(ask, query) -> None:
    called = ask(query, "--json")
    assert (called.code, called.error["code"]) == (2, "sql.failed")


def test_as_of_an_earlier_run_the_store_is_as_it_left_it(m2b, store, ask) -> None:
    runs = m2b("runs", "list", "--store", store, "--json").data["runs"]
    before_billing = next(run["run_id"] for run in runs if run["command"] == "tariff.load")
    query = "SELECT (SELECT count(*) FROM bills) AS bills, (SELECT count(*) FROM tariffs) AS tariffs"
    then = ask(query, "--as-of", before_billing, "--json").data["rows"][0]
    now = ask(query, "--json").data["rows"][0]
    assert (then["bills"], then["tariffs"]) == (0, 5)
    assert now["bills"] > 50


def test_a_run_that_never_was_is_refused(ask) -> None:
    called = ask("SELECT 1", "--as-of", "20200101T000000000Z-abcdef", "--json")
    assert (called.code, called.error["code"]) == (4, "run.unknown")


def test_a_store_that_was_moved_answers_all_the_same(m2b, demo_copy, ask) -> None:
    query = "SELECT count(*) AS n FROM bills"
    moved = m2b("sql", query, "--store", demo_copy / "store", "--json").data["rows"]
    assert moved == ask(query, "--json").data["rows"]
