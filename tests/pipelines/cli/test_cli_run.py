from __future__ import annotations

import json
from datetime import UTC, datetime

BUSINESS = (
    "SELECT 'bill' AS kind, to_json(bills)::VARCHAR AS body FROM bills"
    " UNION ALL SELECT 'line', to_json(charge_lines)::VARCHAR FROM charge_lines ORDER BY kind, body"
)


def rows_of(m2b, folder):
    return m2b("sql", BUSINESS, "--store", folder / "store", "--format", "json").out


def nightly(folder):
    command = json.loads((folder / "store" / "demo.json").read_text("utf-8"))["command"]
    return [str(folder / "store") if word == "store" else word for word in command]


def test_the_nightly_run_of_the_demo_again_changes_no_bill(m2b, demo_copy, monkeypatch) -> None:
    monkeypatch.chdir(demo_copy)
    before = rows_of(m2b, demo_copy)
    called = m2b(*nightly(demo_copy), "--json")
    assert called.code == 0, called.err
    assert {entry["status"] for entry in called.data["files"]} == {"duplicate"}
    assert rows_of(m2b, demo_copy) == before


def test_with_skip_code_a_run_that_found_nothing_new_says_so(m2b, demo_copy, monkeypatch) -> None:
    monkeypatch.chdir(demo_copy)
    called = m2b(*nightly(demo_copy), "--skip-code")
    assert called.code == 99


def test_without_as_at_a_run_is_as_at_today(m2b, demo_copy) -> None:
    called = m2b(
        "run", demo_copy / "demo_inbox" / "inbox", "--month", "2026-02", "--store", demo_copy / "store", "--json",
        now=lambda: datetime(2026, 3, 5, 23, tzinfo=UTC),
    )  # fmt: skip
    codes = m2b("holds", "list", "--month", "2026-02", "--store", demo_copy / "store", "--json").data["holds"]
    assert called.code == 3
    assert called.data["counters"]["bills_made"] == 0
    assert {hold["code"] for hold in codes} == {"period.open"}


def test_when_everything_given_is_refused_the_run_is_refused(m2b, tmp_path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear customer\n", "utf-8")
    called = m2b("run", letter, "--month", "2026-01", "--store", tmp_path / "store", "--json")
    assert called.code == 4
    assert called.error["where"] == "letter.txt"
    assert called.data["counters"].get("bills_made", 0) == 0


def test_validation_of_what_is_new_ends_with_nothing_left(m2b, demo_copy) -> None:
    first = m2b("vee", "--store", demo_copy / "store", "--json")
    second = m2b("vee", "--store", demo_copy / "store", "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.data["months"]
    assert second.data["months"] == []


def test_a_month_can_be_validated_by_name(m2b, demo_copy) -> None:
    called = m2b("vee", "--month", "2026-01", "--store", demo_copy / "store", "--json")
    assert (called.code, called.data["months"]) == (0, ["2026-01"])
