from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from filelock import FileLock

HEAD = "100,NEM12,202601020215,HEADEND,RETAILER\n200,NMI0000001,E1,1,E1,N1,METER1,kWh,30,\n"


def delivery(date: str, value: str = "0.5") -> str:
    return f"{HEAD}300,{date},{','.join([value] * 48)},A,,,20260103021500,\n900\n"


@pytest.fixture(scope="module")
def empty_store(m2b, tmp_path_factory):
    root = tmp_path_factory.mktemp("watched") / "store"
    m2b("init", "--buckets", 1, "--store", root)
    return root


@pytest.fixture
def store(empty_store, tmp_path):
    root = tmp_path / "store"
    shutil.copytree(empty_store, root, copy_function=os.link, ignore=shutil.ignore_patterns(".writer.lock"))
    return root


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def slots(m2b, store) -> int:
    return m2b("sql", "SELECT count(*) AS n FROM delivered_readings", "--store", store, "--json").data["rows"][0]["n"]


def watching(inbox, store):
    source = "from pipelines.cli.main import main; main()"
    arguments = ["watch", str(inbox), "--poll-seconds", "0.1", "--store", str(store), "--json"]
    return subprocess.Popen([sys.executable, "-c", source, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sigterm_ends_cleanly_and_a_restart_loses_and_doubles_nothing(m2b, inbox, store) -> None:
    (inbox / "one.csv").write_text(delivery("20260101"), "utf-8")
    process = watching(inbox, store)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    (inbox / "two.csv").write_text(delivery("20260102"), "utf-8")
    second = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    rest, talk = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, "")
    assert "Traceback" not in talk
    assert [[file["name"] for file in batch["data"]["files"]] for batch in (first, second)] == [["one.csv"], ["two.csv"]]
    (inbox / "three.csv").write_text(delivery("20260103"), "utf-8")
    again = m2b("watch", inbox, "--once", "--poll-seconds", "0.1", "--store", store, "--json")
    assert (again.code, [file["name"] for file in again.data["files"]]) == (0, ["three.csv"])
    assert slots(m2b, store) == 3 * 48


def test_what_is_known_makes_no_run(m2b, inbox, store) -> None:
    (inbox / "one.csv").write_text(delivery("20260101"), "utf-8")
    m2b("ingest", inbox, "--store", store)
    before = m2b("runs", "list", "--store", store, "--json").data["runs"]
    called = m2b("watch", inbox, "--once", "--poll-seconds", "0.1", "--store", store)
    assert (called.code, called.out) == (0, "")
    assert m2b("runs", "list", "--store", store, "--json").data["runs"] == before


def test_a_busy_store_is_tried_again(m2b, inbox, store) -> None:
    (inbox / "one.csv").write_text(delivery("20260101"), "utf-8")
    lock = FileLock(str(store / ".writer.lock"), thread_local=False)
    lock.acquire()
    threading.Timer(1.0, lock.release).start()
    called = m2b("watch", inbox, "--once", "--poll-seconds", "0.1", "--store", store)
    assert called.code == 0
    assert "the files wait" in called.err
    assert slots(m2b, store) == 48


def test_a_bad_file_is_set_aside_and_the_watch_goes_on(m2b, inbox, store) -> None:
    (inbox / "letter.txt").write_text("Dear customer\n", "utf-8")
    (inbox / "one.csv").write_text(delivery("20260101"), "utf-8")
    called = m2b("watch", inbox, "--once", "--poll-seconds", "0.1", "--store", store)
    assert called.code == 0
    assert "letter.txt" in called.err
    assert slots(m2b, store) == 48


def test_what_is_watched_is_validated(m2b, inbox, store) -> None:
    (inbox / "one.csv").write_text(delivery("20260101"), "utf-8")
    called = m2b("watch", inbox, "--once", "--poll-seconds", "0.1", "--store", store, "--json")
    assert called.data["counters"]["readings_validated"] >= 48


def test_an_inbox_that_is_not_there_is_refused(m2b, tmp_path, store) -> None:
    called = m2b("watch", tmp_path / "none", "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "file.missing")


def test_the_signals_are_given_back(m2b, inbox, store) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    started = time.monotonic()
    m2b("watch", inbox, "--once", "--poll-seconds", "0.1", "--store", store)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    assert time.monotonic() - started < 30
