from __future__ import annotations

import json
import os
import shlex
import shutil

import pytest


@pytest.fixture
def here(demo_copy, monkeypatch):
    monkeypatch.chdir(demo_copy)
    return demo_copy


def test_the_demo_leaves_its_store_and_what_the_nightly_run_is(demo_folder, demo_data) -> None:
    mark = json.loads((demo_folder / "store" / "demo.json").read_text("utf-8"))
    assert mark["command"] == [
        "run", "demo_inbox/inbox", "--month", "2026-01", "--store", "store", "--as-at", "2026-02-10",
    ]  # fmt: skip
    assert (mark["inbox"], mark["month"]) == ("demo_inbox/inbox", "2026-01")
    assert (demo_folder / mark["inbox"]).is_dir()
    assert (demo_folder / "store" / "analytics.duckdb").is_file()
    assert demo_data["bills"] > 50
    assert demo_data["holds"]


def test_the_commands_it_tells_people_to_try_work(m2b, here, demo_data) -> None:
    commands = [shlex.split(command) for command in demo_data["try"] if not command.startswith("cd ")]
    assert [command[0] for command in commands] == ["m2b"] * 5
    called = [m2b(*command[1:]) for command in commands]
    assert [one.code for one in called] == [0] * 5
    assert all(one.out for one in called)


BILLS = "SELECT * EXCLUDE (run_id) FROM bills ORDER BY bill_id"


@pytest.fixture(scope="module")
def again(m2b, demo_folder, tmp_path_factory):
    """The demo made a second time, in the place of a copy of the first: what it printed, and its bills."""
    folder = tmp_path_factory.mktemp("again")
    shutil.copytree(demo_folder, folder, copy_function=os.link, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".writer.lock"))
    called = m2b("demo", "--folder", folder, "--service-points", 60, "--seed", 7)
    assert called.code == 0, called.err
    return called, m2b("sql", BILLS, "--store", folder / "store", "--format", "json").out


def test_a_second_demo_makes_the_same_bills(m2b, demo_folder, again) -> None:
    _, bills = again
    assert bills == m2b("sql", BILLS, "--store", demo_folder / "store", "--format", "json").out


@pytest.mark.parametrize(
    "words",
    ["some of the bills", " AUD", "store/analytics.duckdb", "store/exports/crm-2026-01.jsonl", "try next:", "m2b bill show"],
)
def test_people_see_bills_holds_and_where_everything_is(again, words) -> None:
    called, _ = again
    assert words in called.out


def test_a_store_that_the_demo_did_not_make_is_left_alone(m2b, tmp_path) -> None:
    m2b("init", "--store", tmp_path / "store", "--buckets", 1)
    called = m2b("demo", "--folder", tmp_path, "--json")
    assert (called.code, called.error["code"]) == (4, "demo.foreign")
    assert m2b("runs", "list", "--store", tmp_path / "store").code == 0
    assert not (tmp_path / "demo_inbox").exists()
