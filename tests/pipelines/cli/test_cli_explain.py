from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.lakehouse.store import Store
from pipelines.operations.evidence import bill_evidence
from pipelines.operations.explain import explain

KINDS = (
    "SELECT min(bill_id) AS bill_id FROM bills GROUP BY tariff_id, billing_basis, estimated_share > 0, total < 0,"
    " period_to - period_from ORDER BY bill_id"
)


def bill_ids(m2b, store) -> list[str]:
    return [row["bill_id"] for row in m2b("sql", KINDS, "--store", store, "--json").data["rows"]]


@pytest.fixture(scope="module")
def explained(m2b, demo_folder):
    """One bill of each kind in the demo, explained: evidence and lines."""
    store = Store(demo_folder / "store")
    found = [bill_evidence(store, bill_id) for bill_id in bill_ids(m2b, store.root)]
    return [(evidence, explain(evidence)) for evidence in found]


def metered(explained):
    return [line.metered for _, lines in explained for line in lines if line.metered is not None]


def test_there_is_a_bill_of_each_kind(explained) -> None:
    assert {evidence.bill["billing_basis"] for evidence, _ in explained} == {"interval", "register"}
    assert {evidence.bill["tariff_id"] for evidence, _ in explained} == {
        "home-flat", "home-time-of-use", "home-blocks", "business-time-of-use", "dial-meter-flat",
    }  # fmt: skip


def test_lines_on_energy_are_traced_and_lines_on_time_or_money_are_not(explained) -> None:
    kinds = {line.kind: line.metered is not None for _, lines in explained for line in lines}
    assert kinds == {"fixed": False, "percent": False, "tax": False, "energy": True, "export": True}


def test_every_measured_interval_has_a_file_and_a_record(explained) -> None:
    found = [i for one in metered(explained) for i in one.intervals if i.quality != "estimated"]
    assert found
    assert [i for i in found if i.source is None or not i.source.name or not i.source.record] == []


def test_what_was_estimated_here_has_a_method_and_no_file(explained) -> None:
    found = [i for one in metered(explained) for i in one.intervals if i.quality == "estimated"]
    assert found
    assert {i.source for i in found} == {None}
    assert "none" not in {i.method for i in found}


def test_every_read_of_a_register_has_a_file_and_a_record(explained) -> None:
    found = [read for one in metered(explained) for read in one.reads]
    assert {read.place for read in found} == {"opening", "closing"}
    assert all(read.source is not None and read.source.name.startswith("nem13") and read.source.record for read in found)


def test_the_steps_of_a_ladder_share_their_intervals(explained) -> None:
    _, lines = next((e, lines) for e, lines in explained if e.bill["tariff_id"] == "home-blocks")
    steps = [line for line in lines if line.tier is not None]
    assert len(steps) > 1
    assert {line.metered.lines for line in steps} == {tuple(line.line_no for line in steps)}


def test_all_lines_of_a_determinant_together_are_its_usage(m2b, demo_folder, explained) -> None:
    for evidence, lines in explained:
        query = (
            "SELECT determinant, sum(value) AS total FROM usage"
            f" WHERE agreement_id = '{evidence.bill['agreement_id']}' AND period_from = '{evidence.bill['period_from']}'"
            " GROUP BY determinant"
        )
        wanted = {
            r["determinant"]: Decimal(r["total"])
            for r in m2b("sql", query, "--store", demo_folder / "store", "--json").data["rows"]
        }
        parts = {(line.metered.determinant, line.metered.lines, line.metered.quantity) for line in lines if line.metered}
        for determinant, total in wanted.items():
            assert sum(quantity for name, _, quantity in parts if name == determinant) == total


def test_a_final_bill_is_explained_by_what_it_was_made_from_though_newer_data_came(m2b, demo_copy) -> None:
    store = demo_copy / "store"
    query = (
        "SELECT b.bill_id, r.service_point_id, r.meter_id, r.interval_minutes, r.value_sum FROM bills b"
        " JOIN readings_daily r USING (service_point_id) WHERE b.tariff_id = 'home-flat' AND r.day = '2026-01-15'"
        " AND r.channel = 'E1' AND r.interval_minutes = 30 ORDER BY b.bill_id LIMIT 1"
    )
    (row,) = m2b("sql", query, "--store", store, "--json").data["rows"]
    m2b("bill", "release", row["bill_id"], "--store", store)
    before = m2b("bill", "explain", row["bill_id"], "--store", store, "--json").data
    late = demo_copy / "late.csv"
    late.write_text(
        "100,NEM12,202602090215,HEADEND,RETAILER\n"
        f"200,{row['service_point_id']},E1,1,E1,N1,{row['meter_id']},kWh,30,\n"
        f"300,20260115,{','.join(['1.1'] * 48)},A,,,20260209021500,\n900\n",
        "utf-8",
    )
    again = m2b("run", late, "--month", "2026-01", "--as-at", "2026-02-10", "--store", store, "--json")
    assert again.data["counters"]["rebill_candidates"] == 1
    assert m2b("bill", "explain", row["bill_id"], "--store", store, "--json").data == before
    newest = "SELECT value_sum FROM readings_daily WHERE service_point_id = '{}' AND day = '2026-01-15' AND channel = 'E1'"
    (changed,) = m2b("sql", newest.format(row["service_point_id"]), "--store", store, "--json").data["rows"]
    assert Decimal(changed["value_sum"]) == Decimal("52.8")
