from __future__ import annotations

import json
from decimal import Decimal

import pytest

from schemas.bill_document import BillDocument


@pytest.fixture(scope="session")
def store(demo_folder):
    return demo_folder / "store"


@pytest.fixture(scope="session")
def bill_id(m2b, store):
    """A bill by time of use with some energy estimated."""
    query = "SELECT bill_id FROM bills WHERE tariff_id LIKE '%time-of-use' AND estimated_share > 0 ORDER BY bill_id LIMIT 1"
    return m2b("sql", query, "--store", store, "--json").data["rows"][0]["bill_id"]


def test_a_bill_is_a_strict_document(m2b, store, bill_id) -> None:
    called = m2b("bill", "show", bill_id, "--store", store, "--json")
    document = BillDocument.model_validate_json(json.dumps(called.data))
    assert document.bill_id == bill_id
    assert sum((line.amount for line in document.lines), Decimal(0)) == document.total == document.net + document.tax


def test_decimals_of_a_bill_are_text(m2b, store, bill_id) -> None:
    data = m2b("bill", "show", bill_id, "--store", store, "--json").data
    assert {type(data[name]) for name in ("net", "tax", "total", "energy_kwh", "estimated_share")} == {str}
    assert {type(line[name]) for line in data["lines"] for name in ("quantity", "price", "amount")} == {str}


def test_people_see_account_period_lines_total_and_the_estimated_share(m2b, store, bill_id) -> None:
    called = m2b("bill", "show", bill_id, "--store", store)
    data = m2b("bill", "show", bill_id, "--store", store, "--json").data
    for words in (data["account_id"], "2026-01-01 to 2026-02-01", f"total {data['total']} AUD", "estimated", "supply", "draft"):
        assert words in called.out


def test_a_bill_is_found_by_its_number_too(m2b, store, bill_id) -> None:
    number = m2b("bill", "show", bill_id, "--store", store, "--json").data["bill_number"]
    assert m2b("bill", "show", number, "--store", store, "--json").data["bill_id"] == bill_id


def test_a_bill_on_registers_shows_its_reads(m2b, store) -> None:
    query = "SELECT bill_id FROM bills WHERE billing_basis = 'register' LIMIT 1"
    found = m2b("sql", query, "--store", store, "--json").data["rows"][0]["bill_id"]
    (register,) = m2b("bill", "show", found, "--store", store, "--json").data["registers"]
    assert register["meter_id"] in m2b("bill", "show", found, "--store", store).out
    assert set(register) >= {"opening", "closing", "multiplier", "advance"}


def test_an_unknown_bill_is_refused(m2b, store) -> None:
    called = m2b("bill", "show", "b0", "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "bill.unknown")


def test_every_line_is_explained_with_its_formula_and_tariff(m2b, store, bill_id) -> None:
    shown = m2b("bill", "show", bill_id, "--store", store, "--json").data
    lines = m2b("bill", "explain", bill_id, "--store", store, "--json").data["lines"]
    assert [line["line_no"] for line in lines] == [line["line_no"] for line in shown["lines"]]
    assert {line["tariff_sha256"] for line in lines} == {shown["tariff_sha256"]}
    assert all(" x " in line["formula"] for line in lines)


def test_an_energy_line_names_file_and_record_of_each_day(m2b, store, bill_id) -> None:
    lines = m2b("bill", "explain", bill_id, "--store", store, "--json").data["lines"]
    metered = next(line["metered"] for line in lines if line["kind"] == "energy")
    measured = {share["quality"] for share in metered["qualities"]}
    sources = [source for day in metered["days"] for source in day["sources"]]
    assert "measured" in measured
    assert all(source["name"].startswith(("nem12", "again")) and source["record"] for source in sources)
    assert sum(Decimal(day["quantity"]) for day in metered["days"]) == Decimal(metered["quantity"])


def test_the_intervals_of_a_line_add_up_to_its_quantity(m2b, store, bill_id) -> None:
    shown = m2b("bill", "show", bill_id, "--store", store, "--json").data
    line = next(line for line in shown["lines"] if line["kind"] == "energy")
    (found,) = m2b("bill", "explain", bill_id, "--line", line["line_no"], "--store", store, "--json").data["lines"]
    assert sum(Decimal(interval["value"]) for interval in found["metered"]["intervals"]) == Decimal(line["quantity"])


def test_people_are_told_that_the_explanation_adds_up(m2b, store, bill_id) -> None:
    called = m2b("bill", "explain", bill_id, "--line", 2, "--store", store)
    assert "equal to the quantity of line" in called.out
    assert "line 1:" not in called.out


def test_a_line_that_is_not_there_is_refused(m2b, store, bill_id) -> None:
    called = m2b("bill", "explain", bill_id, "--line", 99, "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "line.unknown")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--from", "2026-01-01"],
        ["--from", "2026-02-01", "--to", "2026-01-01"],
        ["--from", "2026-01-01", "--to", "2026-01-01"],
        ["--month", "2026-01", "--to", "2026-02-01"],
        ["--from", "1 January", "--to", "2026-02-01"],
    ],
)
def test_a_period_that_is_none_is_usage(m2b, store, arguments) -> None:
    assert m2b("bill", "run", *arguments, "--store", store).code == 2


def test_a_month_and_its_two_dates_are_the_same_period(m2b, demo_copy) -> None:
    where = ("--as-at", "2026-02-10", "--store", demo_copy / "store", "--json")
    by_dates = m2b("bill", "run", "--from", "2026-01-01", "--to", "2026-02-01", *where)
    assert (by_dates.code, by_dates.data["counters"]["bills_made"]) == (0, 0)
    assert by_dates.data["counters"]["bills_kept"] > 50


def test_a_dry_run_tells_what_would_come_and_leaves_the_store_as_it_was(m2b, demo_copy) -> None:
    def files():
        inside = (demo_copy / "store").rglob("*")
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in inside if path.is_file()}

    before = files()
    called = m2b(
        "bill", "run", "--month", "2026-02", "--as-at", "2026-02-10", "--dry-run", "--store", demo_copy / "store", "--json"
    )
    assert called.code == 0, called.err
    assert called.json["run_id"] is None
    assert {hold["code"] for hold in called.data["new_holds"]} == {"period.open"}
    assert files() == before
    assert [path.name for path in demo_copy.iterdir() if "dry-run" in path.name] == []


def test_a_dry_run_of_a_month_that_is_billed_changes_nothing(m2b, demo_copy) -> None:
    called = m2b(
        "bill", "run", "--month", "2026-01", "--as-at", "2026-02-10", "--dry-run", "--store", demo_copy / "store", "--json"
    )
    assert (called.data["changes"], called.data["new_holds"]) == ([], [])


def test_released_bills_are_final_posted_in_balance_and_stay_as_they_are(m2b, demo_copy, monkeypatch) -> None:
    store = demo_copy / "store"
    released = m2b("bill", "release", "--all", "--store", store, "--json")
    assert released.code == 0, released.err
    query = (
        "SELECT count(*) AS bills, sum(total) AS total, (SELECT sum(debit) - sum(credit) FROM gl_journal) AS off,"
        " (SELECT sum(debit) - sum(credit) FROM gl_journal WHERE ledger_account = 'receivable') AS receivable,"
        " (SELECT count(DISTINCT bill_id) FROM gl_journal) AS posted FROM bills WHERE status = 'final'"
    )
    (row,) = m2b("sql", query, "--store", store, "--json").data["rows"]
    assert row["bills"] == row["posted"] == len(released.data["released"])
    assert Decimal(row["off"]) == 0
    assert Decimal(row["receivable"]) == Decimal(row["total"]) == Decimal(released.data["totals"]["AUD"])
    assert m2b("verify", "--store", store).code == 0
    monkeypatch.chdir(demo_copy)
    again = m2b(*json.loads((store / "demo.json").read_text("utf-8"))["command"], "--json")
    assert (again.code, again.data["counters"]["bills_made"], again.data["counters"]["rebill_candidates"]) == (0, 0, 0)
    assert m2b("sql", query, "--store", store, "--json").data["rows"] == [row]


def test_a_released_bill_is_final_in_the_crm_record_too(m2b, demo_copy, bill_id) -> None:
    store = demo_copy / "store"
    m2b("bill", "release", bill_id, "--store", store)
    query = f"SELECT record FROM crm_records WHERE bill_id = '{bill_id}'"
    (row,) = m2b("sql", query, "--store", store, "--json").data["rows"]
    assert json.loads(row["record"])["bill"]["status"] == "final"


def test_releasing_twice_posts_once(m2b, demo_copy, bill_id) -> None:
    store = demo_copy / "store"
    m2b("bill", "release", bill_id, "--store", store)
    again = m2b("bill", "release", bill_id, "--store", store, "--json")
    assert (again.code, again.json["run_id"], again.data["released"]) == (0, None, [])
    assert again.data["already_final"] == [bill_id]


def test_an_unknown_bill_releases_none(m2b, demo_copy, bill_id) -> None:
    called = m2b("bill", "release", bill_id, "b0", "--store", demo_copy / "store", "--json")
    assert (called.code, called.error["code"]) == (4, "bill.unknown")
    assert m2b("bill", "show", bill_id, "--store", demo_copy / "store", "--json").data["status"] == "draft"


@pytest.mark.parametrize("arguments", [[], ["b1", "--all"]])
def test_releasing_needs_bills_or_all_of_them(m2b, store, arguments) -> None:
    assert m2b("bill", "release", *arguments, "--store", store).code == 2
