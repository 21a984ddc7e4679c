from __future__ import annotations

import gzip
import os
import shutil

import pytest
from filelock import FileLock

from pipelines.ingest.format_names import FORMAT_NAMES
from tests.pipelines.ingest.d0010_flows import SAMPLE

HEAD = "100,NEM12,202601020215,HEADEND,RETAILER\n"
CHANNEL = "200,NMI0000001,E1,1,E1,N1,METER1,kWh,30,\n"
END = "900\n"


def day(date: str, *, slots: int = 48, version: str = "20260103021500") -> str:
    return f"300,{date},{','.join(['0.5'] * slots)},A,,,{version},\n"


GOOD = HEAD + CHANNEL + day("20260101") + END


@pytest.fixture
def deliver(tmp_path):
    """Write a file into an inbox and return its path."""

    def write(name: str, content: str | bytes):
        path = tmp_path / "inbox" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture(scope="session")
def empty_store(m2b, tmp_path_factory):
    root = tmp_path_factory.mktemp("empty") / "store"
    m2b("init", "--buckets", 1, "--store", root)
    return root


@pytest.fixture
def store(empty_store, tmp_path):
    """An empty store of one bucket, to write to."""
    root = tmp_path / "store"
    shutil.copytree(empty_store, root, copy_function=os.link, ignore=shutil.ignore_patterns(".writer.lock"))
    return root


@pytest.mark.parametrize("command", ["ingest", "run", "watch"])
def test_every_format_can_be_named(m2b, command) -> None:
    said = m2b(command, ".", "--format", "telex")
    assert said.code == 2
    assert all(f"'{name}'" in said.err for name in ("auto", *FORMAT_NAMES))


def test_a_format_that_is_named_is_the_one_that_reads(m2b, deliver, store) -> None:
    called = m2b("ingest", deliver("a", SAMPLE), "--format", "d0010", "--store", store, "--json")
    assert called.code == 0, called.out
    assert called.data["files"][0]["format"] == "d0010"
    assert m2b("ingest", deliver("b", SAMPLE + b"\n"), "--format", "p1", "--store", store).code == 4


def test_a_good_file_is_taken_and_the_store_is_made_on_the_way(m2b, deliver, tmp_path) -> None:
    called = m2b("ingest", deliver("good.csv", GOOD), "--store", tmp_path / "new" / "store", "--json")
    assert called.code == 0, called.err
    assert called.json["ok"] is True
    (entry,) = called.data["files"]
    assert set(entry) == {
        "file_id", "name", "format", "status",
        "rows_read", "rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded", "warnings",
    }  # fmt: skip
    assert (entry["name"], entry["format"], entry["status"], entry["rows_accepted"]) == ("good.csv", "nem12", "accepted", 48)
    assert called.err == ""


def test_people_get_one_line_a_file(m2b, deliver, store) -> None:
    called = m2b("ingest", deliver("good.csv", GOOD), "--store", store)
    assert called.out == "accepted   good.csv  nem12, 48 rows: 48 accepted\n"


def test_the_same_bytes_a_second_time_are_a_duplicate_and_no_failure(m2b, deliver, store) -> None:
    m2b("ingest", deliver("good.csv", GOOD), "--store", store)
    called = m2b("ingest", deliver("other_name.csv", GOOD), "--store", store, "--json")
    assert called.code == 0
    (entry,) = called.data["files"]
    assert (entry["status"], entry["rows_read"], entry["rows_duplicate"], entry["rows_accepted"]) == ("duplicate", 48, 48, 0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("letter.txt", b"Dear customer,\nyour meter was read.\n"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("cut.csv.gz", gzip.compress(GOOD.encode(), mtime=0)[:40]),
        ("torn.zip", b"PK\x03\x04 and nothing else"),
    ],
)
def test_a_file_nobody_can_read_is_refused_with_a_code_and_kept_on_record(m2b, deliver, store, name, content) -> None:
    called = m2b("ingest", deliver(name, content), "--store", store, "--json")
    assert called.code == 4
    assert called.json["ok"] is False
    assert called.error["code"]
    assert called.error["where"].startswith(name)
    assert called.error["hint"]
    assert [entry["status"] for entry in called.data["files"]] == ["rejected"]
    rows = m2b("sql", "SELECT name, code, message FROM rejections", "--store", store, "--json").data["rows"]
    assert [(row["name"], row["code"]) for row in rows] == [(name, called.error["code"])]


def test_a_refused_file_does_not_stop_the_others(m2b, deliver, store) -> None:
    deliver("letter.txt", b"Dear customer\n")
    called = m2b("ingest", deliver("good.csv", GOOD).parent, "--store", store, "--json")
    assert called.code == 3
    assert called.json["ok"] is True
    assert [entry["status"] for entry in called.data["files"]] == ["accepted", "rejected"]


def test_a_row_of_the_wrong_length_is_set_aside_alone_and_told_with_its_line(m2b, deliver, store) -> None:
    text = HEAD + CHANNEL + day("20260101") + day("20260102", slots=47) + END
    called = m2b("ingest", deliver("short.csv", text), "--store", store)
    assert called.code == 3
    assert "short.csv:4:" in called.err


def test_what_was_set_aside_before_is_no_news(m2b, deliver, store) -> None:
    path = deliver("short.csv", HEAD + CHANNEL + day("20260101") + day("20260102", slots=47) + END)
    assert m2b("ingest", path, "--store", store).code == 3
    assert m2b("ingest", path, "--store", store).code == 0


def test_a_path_that_is_not_there_is_refused(m2b, tmp_path, store) -> None:
    called = m2b("ingest", tmp_path / "nothing.csv", "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "file.missing")
    assert "nothing.csv" in called.error["where"]


def test_a_folder_without_files_is_nothing_to_refuse(m2b, tmp_path, store) -> None:
    (tmp_path / "inbox").mkdir()
    called = m2b("ingest", tmp_path / "inbox", "--store", store)
    assert (called.code, called.out) == (0, "no files there\n")


def test_while_another_run_writes_the_store_is_busy(m2b, deliver, store) -> None:
    with FileLock(str(store / ".writer.lock")):
        called = m2b("ingest", deliver("good.csv", GOOD), "--store", store, "--json")
    assert (called.code, called.error["code"]) == (75, "store.busy")


def test_a_clock_that_is_no_offset_is_usage(m2b, deliver, store) -> None:
    called = m2b("ingest", deliver("good.csv", GOOD), "--store", store, "--clock", "Perth", "--json")
    assert (called.code, called.error["code"]) == (2, "usage")


def test_the_clock_that_was_named_is_the_clock_of_the_file(m2b, deliver, store) -> None:
    m2b("ingest", deliver("good.csv", GOOD), "--store", store, "--clock", "+08:00")
    rows = m2b("sql", "SELECT clock FROM files", "--store", store, "--json").data["rows"]
    first = m2b("sql", "SELECT min(interval_start) AS at FROM delivered_readings", "--store", store, "--json").data["rows"]
    assert (rows, first) == ([{"clock": "+08:00"}], [{"at": "2025-12-31T16:00:00Z"}])


def test_a_plain_table_is_read_by_its_mapping(m2b, deliver, store, tmp_path) -> None:
    table = "start,value\n2026-01-01T00:00:00Z,1.5\n2026-01-01T01:00:00Z,2.5\n"
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "service_point_id: {value: SP1}\n"
        "time: {column: start, label: start}\n"
        "interval_minutes: 60\n"
        "channels:\n"
        "- {column: value, channel: E1, quantity: active_energy, direction: import, unit: kWh}\n",
        "utf-8",
    )
    called = m2b("ingest", deliver("table.csv", table), "--store", store, "--map", mapping, "--json")
    assert called.code == 0, called.out
    rows = m2b("sql", "SELECT sum(value) AS kwh FROM delivered_readings", "--store", store, "--json").data["rows"]
    assert rows == [{"kwh": "4.000000000"}]
