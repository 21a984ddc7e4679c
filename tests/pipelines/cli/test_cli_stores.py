from __future__ import annotations

import json

import pytest
from filelock import FileLock


def test_a_new_store_has_the_settings_it_was_given(m2b, tmp_path) -> None:
    called = m2b(
        "init", "--store", tmp_path / "s", "--zone", "+10:00", "--currency", "AUD", "--buckets", 16,
        "--read-deadline-days", 3, "--json",
    )  # fmt: skip
    assert called.code == 0, called.err
    wanted = {"zone": "+10:00", "currency": "AUD", "buckets": 16, "read_deadline_days": 3}
    settings = json.loads((tmp_path / "s" / "store.json").read_text("utf-8"))
    assert {name: settings[name] for name in wanted} == {name: called.data["settings"][name] for name in wanted} == wanted


def test_the_same_settings_again_leave_the_store_as_it_is(m2b, tmp_path) -> None:
    first = m2b("init", "--store", tmp_path / "s", "--json")
    again = m2b("init", "--store", tmp_path / "s", "--json")
    assert (again.code, again.json["run_id"]) == (0, first.json["run_id"])


def test_other_settings_are_refused(m2b, tmp_path) -> None:
    m2b("init", "--store", tmp_path / "s")
    called = m2b("init", "--store", tmp_path / "s", "--currency", "AUD", "--json")
    assert (called.code, called.error["code"]) == (4, "store.exists")


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--buckets", "12", 2),
        ("--buckets", "0", 2),
        ("--currency", "euro", 2),
        ("--read-deadline-days", "91", 2),
        ("--vee-profile", "/nowhere.yaml", 2),
        ("--zone", "Sydney", 4),
    ],
)
def test_impossible_settings_make_no_store(m2b, tmp_path, option, value, code) -> None:
    assert m2b("init", "--store", tmp_path / "s", option, value).code == code
    assert not (tmp_path / "s").exists()


def test_a_profile_that_cannot_be_followed_makes_no_store(m2b, tmp_path) -> None:
    profile = tmp_path / "vee.yaml"
    profile.write_text("spike_percnt: 3\n", "utf-8")
    called = m2b("init", "--store", tmp_path / "s", "--vee-profile", profile, "--json")
    assert (called.code, called.error["code"]) == (4, "profile.invalid")
    assert not (tmp_path / "s").exists()


def test_the_demo_s_store_verifies(m2b, demo_folder) -> None:
    called = m2b("verify", "--store", demo_folder / "store", "--json")
    assert (called.code, called.data["problems"], called.data["orphans"]) == (0, [], [])
    assert called.data["bills"] > 50


@pytest.fixture
def data_file(demo_copy):
    """A data file of the copy that may be spoiled: its link to the original is cut."""
    path = min((demo_copy / "store" / "tables" / "charge_lines").rglob("*.parquet"))
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    return path


def test_a_flipped_bit_is_found(m2b, demo_copy, data_file) -> None:
    content = bytearray(data_file.read_bytes())
    content[len(content) // 2] ^= 1
    data_file.write_bytes(content)
    called = m2b("verify", "--store", demo_copy / "store", "--json")
    assert (called.code, called.error["code"]) == (5, "verify.failed")
    assert [data_file.name in problem for problem in called.data["problems"]] == [True]


def test_a_lost_file_is_found(m2b, demo_copy, data_file) -> None:
    data_file.unlink()
    called = m2b("verify", "--store", demo_copy / "store")
    assert called.code == 5
    assert data_file.name in called.err


def test_what_a_killed_run_left_is_listed_and_harms_nothing(m2b, demo_copy, data_file) -> None:
    left = data_file.with_name("killed.parquet")
    left.write_bytes(data_file.read_bytes())
    called = m2b("verify", "--store", demo_copy / "store", "--json")
    assert (called.code, called.data["orphans"]) == (0, [str(left)])


def test_the_doctor_finds_this_computer_fit(m2b, demo_folder) -> None:
    called = m2b("doctor", "--store", demo_folder / "store", "--json")
    assert called.code == 0, called.out
    names = {check["name"] for check in called.data["checks"]}
    assert {"time zones", "pipeline", "disk", "store", "lock", "version of tzdata"} <= names


def test_the_doctor_sees_another_writer(m2b, demo_copy) -> None:
    with FileLock(str(demo_copy / "store" / ".writer.lock")):
        checks = m2b("doctor", "--store", demo_copy / "store", "--json").data["checks"]
    assert next(check["found"] for check in checks if check["name"] == "lock") == "held: another run is writing"


def test_the_doctor_needs_no_store(m2b, tmp_path) -> None:
    called = m2b("doctor", "--store", tmp_path / "none")
    assert called.code == 0
    assert not (tmp_path / "none").exists()


def test_runs_are_listed_in_their_order(m2b, demo_folder) -> None:
    runs = m2b("runs", "list", "--store", demo_folder / "store", "--json").data["runs"]
    assert [run["command"] for run in runs] == ["init", "masterdata.load", "tariff.load", "run"]
    assert [run["sequence"] for run in runs] == [1, 2, 3, 4]


def test_only_the_newest_runs_are_listed_when_asked(m2b, demo_folder) -> None:
    runs = m2b("runs", "list", "--last", 1, "--store", demo_folder / "store", "--json").data["runs"]
    assert [run["command"] for run in runs] == ["run"]


def test_a_run_shows_its_counters_pins_outputs_and_stages(m2b, demo_folder) -> None:
    store = demo_folder / "store"
    run_id = m2b("runs", "list", "--store", store, "--json").data["runs"][-1]["run_id"]
    called = m2b("runs", "show", run_id, "--store", store, "--json")
    assert called.json["run_id"] == run_id
    assert called.data["counters"]["bills_made"] > 50
    assert called.data["versions"]["tzdata"]
    assert called.data["pins"]["bills"] >= 1
    assert {output["table"] for output in called.data["outputs"]} >= {"bills", "charge_lines", "files"}
    assert called.data["journal"]["vee"] == 4
    assert run_id in m2b("runs", "show", run_id, "--store", store).out


def test_holds_say_why_and_who_clears_them(m2b, demo_folder) -> None:
    holds = m2b("holds", "list", "--store", demo_folder / "store", "--json").data["holds"]
    assert {"tariff.missing", "channel.unmapped", "clock.conflict"} <= {hold["code"] for hold in holds}
    assert all(hold["message"] and hold["owner"] and hold["status"] == "open" for hold in holds)


def test_there_are_no_closed_holds_yet(m2b, demo_folder) -> None:
    called = m2b("holds", "list", "--status", "closed", "--store", demo_folder / "store")
    assert (called.code, called.out) == (0, "no holds\n")
