from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.bill.due import Held
from pipelines.bill.holds import HoldCode
from pipelines.bill.standing import SETTLED_TABLES, Standing
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.usage import CARRIED_STATE, USAGE

OPENED_AT = datetime(2026, 4, 10, tzinfo=UTC)
NEVER = date(2026, 3, 1)
_BILL = {
    "month": "2026-03", "bucket": 0, "bill_id": "b1", "bill_number": "n", "document_type": "invoice", "account_id": "C1",
    "agreement_id": "A1", "service_point_id": "S1", "period_from": date(2026, 3, 1), "period_to": date(2026, 4, 1),
    "billing_clock": "+10:00", "tariff_clock": "+10:00", "starts_at": datetime(2026, 2, 28, 14, tzinfo=UTC),
    "ends_at": datetime(2026, 3, 31, 14, tzinfo=UTC), "issue_date": date(2026, 4, 6), "due_date": date(2026, 4, 20),
    "status": "draft", "net": Decimal(1), "tax": Decimal(0), "total": Decimal(1), "currency": "AUD", "tariff_id": "home",
    "tariff_sha256": "f", "energy_kwh": Decimal(1), "estimated_share": Decimal(0), "billing_basis": "interval",
    "registers": "[]", "inputs_sha256": "same", "revision": 0, "run_id": "r0",
}  # fmt: skip
_LINE = {
    "month": "2026-03", "bucket": 0, "bill_id": "b1", "line_no": 1, "charge_id": "usage", "kind": "energy",
    "quantity": Decimal(1), "unit": "kWh", "price": Decimal(1), "amount": Decimal(1), "currency": "AUD", "tariff_id": "home",
    "tariff_version": "2020-01-01", "period_from": date(2026, 3, 1), "period_to": date(2026, 4, 1), "text": "one",
}  # fmt: skip
_USE = {
    "month": "2026-03", "bucket": 0, "agreement_id": "A1", "service_point_id": "S1", "period_from": date(2026, 3, 1),
    "period_to": date(2026, 4, 1), "determinant": "import_kwh", "tariff_version": "2020-01-01", "value": Decimal(1),
    "unit": "kWh", "run_id": "r0",
}  # fmt: skip
_STATE = {
    "month": "2026-03", "bucket": 0, "agreement_id": "A1", "service_point_id": "S1", "period_from": date(2026, 3, 1),
    "period_to": date(2026, 4, 1), "name": "bank.money", "opening": Decimal(0), "run_id": "r0",
}  # fmt: skip
READ_DATES = {"period_from": date(2026, 2, 27), "period_to": date(2026, 3, 30), "billing_basis": "register"}


def bills(*changes):
    return pa.Table.from_pylist([_BILL | change for change in changes], schema=BILLS.schema)


def lines_of(rows, amount):
    made = [_LINE | {"bill_id": name, "amount": Decimal(amount)} for name in rows["bill_id"].to_pylist()]
    return pa.Table.from_pylist(made, schema=CHARGE_LINES.schema)


def usage_of(rows, run_id):
    keys = [{name: row[name] for name in ("agreement_id", "period_from", "period_to")} for row in rows.to_pylist()]
    return pa.Table.from_pylist([_USE | key | {"run_id": run_id} for key in keys], schema=USAGE.schema)


def state_of(rows, closing):
    keys = [{name: row[name] for name in ("agreement_id", "period_from", "period_to")} for row in rows.to_pylist()]
    return pa.Table.from_pylist([_STATE | key | {"closing": Decimal(closing)} for key in keys], schema=CARRIED_STATE.schema)


@pytest.fixture
def merged():
    """What stands after a run of March: what stood, and what the run made."""

    def make(stood=(), drafts=(), held=(), holds=None):
        before, new = bills(*stood), bills(*({"run_id": "r1"} | draft for draft in drafts))
        standing = Standing(
            ("2026-03",), before, lines_of(before, "1"), usage_of(before, "r0"), state_of(before, "1"), holds or HOLDS.empty(),
            SETTLED_TABLES[-1].empty(), date(2026, 3, 1), date(2026, 4, 1),
        )  # fmt: skip
        made = (new, lines_of(new, "2"), usage_of(new, "r1"), state_of(new, "2"))
        return standing.merge(*made, held, opened_at=OPENED_AT, run_id="r1", bucket=0)

    return make


def stands(found):
    return [(row["bill_id"], row["status"], row["run_id"]) for row in found.bills.to_pylist()]


class TestDrafts:
    def test_a_first_draft_is_taken(self, merged):
        assert stands(merged(drafts=[{}])) == [("b1", "draft", "r1")]

    def test_a_draft_of_the_same_inputs_stays_as_it_was(self, merged):
        found = merged(stood=[{}], drafts=[{}])
        assert (stands(found), found.counters["bills_made"], found.counters["bills_kept"]) == ([("b1", "draft", "r0")], 0, 1)

    def test_a_draft_of_other_inputs_replaces_it_with_its_lines_usage_and_state(self, merged):
        found = merged(stood=[{}], drafts=[{"inputs_sha256": "other"}])
        assert stands(found) == [("b1", "draft", "r1")]
        assert (found.lines["amount"].to_pylist(), found.usage["run_id"].to_pylist()) == ([Decimal(2)], ["r1"])
        assert found.state["closing"].to_pylist() == [Decimal(2)]

    def test_a_draft_that_stays_hands_on_what_it_did(self, merged):
        assert merged(stood=[{}], drafts=[{}]).state["closing"].to_pylist() == [Decimal(1)]

    def test_one_of_another_period_of_the_agreement_replaces_it_too(self, merged):
        shorter = {"bill_id": "b2", "period_to": date(2026, 3, 13), "ends_at": datetime(2026, 3, 12, 14, tzinfo=UTC)}
        assert stands(merged(stood=[{}], drafts=[shorter | {"inputs_sha256": "other"}])) == [("b2", "draft", "r1")]

    def test_one_that_nothing_makes_any_more_is_withdrawn(self, merged):
        found = merged(stood=[{}])
        assert (stands(found), found.lines.num_rows, found.usage.num_rows) == ([], 0, 0)
        assert found.counters["bills_withdrawn"] == 1

    def test_one_of_another_month_is_left_alone(self, merged):
        april = {
            "month": "2026-04", "period_from": date(2026, 4, 1), "period_to": date(2026, 5, 1),
            "starts_at": datetime(2026, 3, 31, 14, tzinfo=UTC), "ends_at": datetime(2026, 4, 30, 14, tzinfo=UTC),
        }  # fmt: skip
        assert stands(merged(stood=[april])) == [("b1", "draft", "r0")]

    def test_one_of_another_agreement_is_not_confused_with_it(self, merged):
        found = merged(stood=[{}], drafts=[{}, {"bill_id": "b2", "agreement_id": "A2"}])
        assert stands(found) == [("b1", "draft", "r0"), ("b2", "draft", "r1")]


class TestFinal:
    def test_late_data_leave_it_as_it_is_and_count_a_candidate(self, merged):
        found = merged(stood=[{"status": "final"}], drafts=[{"inputs_sha256": "other"}])
        assert (stands(found), found.counters["rebill_candidates"]) == ([("b1", "final", "r0")], 1)

    def test_the_same_data_are_no_candidate(self, merged):
        assert merged(stood=[{"status": "final"}], drafts=[{}]).counters["rebill_candidates"] == 0

    def test_a_cancelled_bill_is_not_made_again(self, merged):
        assert stands(merged(stood=[{"status": "cancelled"}], drafts=[{}])) == [("b1", "cancelled", "r0")]

    def test_it_outlasts_a_hold(self, merged, due_of):
        found = merged(stood=[{"status": "final"}], held=[Held(due_of(), HoldCode.EXCEPTION, "late doubts")])
        assert (stands(found), found.holds.num_rows) == ([("b1", "final", "r0")], 0)


class TestHolds:
    def test_a_hold_withdraws_the_draft(self, merged, due_of):
        found = merged(stood=[{}], held=[Held(due_of(), HoldCode.EXCEPTION, "a conflict")])
        assert (stands(found), found.holds["code"].to_pylist()) == ([], ["exception.open"])

    def test_it_withdraws_a_draft_that_began_with_a_read_before_the_month(self, merged, due_of):
        found = merged(stood=[READ_DATES], held=[Held(due_of(billing_basis="register"), HoldCode.READS_BLOCKED, "it fell")])
        assert (stands(found), found.holds["code"].to_pylist()) == ([], ["reads.blocked"])

    def test_a_run_as_at_an_earlier_day_does_not(self, merged, due_of):
        found = merged(stood=[{}], held=[Held(due_of(), HoldCode.PERIOD_OPEN, "too early")])
        assert (stands(found), found.holds.num_rows) == ([("b1", "draft", "r0")], 0)

    def test_a_new_hold_says_who_clears_it_and_since_when(self, merged, due_of):
        (row,) = merged(held=[Held(due_of(), HoldCode.TARIFF_MISSING, "no tariff")]).holds.to_pylist()
        assert (row["owner"], row["opened_at"], row["status"]) == ("pricing", OPENED_AT, "open")

    @pytest.fixture
    def opened(self, merged, due_of):
        """A hold that an earlier run opened."""
        holds = merged(held=[Held(due_of(), HoldCode.TARIFF_MISSING, "no tariff")]).holds
        long_ago = pa.array([datetime(2026, 4, 1, tzinfo=UTC)], HOLDS.schema.field("opened_at").type)
        return holds.set_column(holds.schema.get_field_index("opened_at"), HOLDS.schema.field("opened_at"), long_ago)

    def test_the_same_reason_keeps_the_day_it_was_opened(self, merged, due_of, opened):
        found = merged(held=[Held(due_of(), HoldCode.TARIFF_MISSING, "no tariff")], holds=opened)
        assert (found.holds["opened_at"].to_pylist(), found.counters["holds_new"]) == ([datetime(2026, 4, 1, tzinfo=UTC)], 0)

    def test_another_reason_is_a_new_hold(self, merged, due_of, opened):
        found = merged(held=[Held(due_of(), HoldCode.EXCEPTION, "a conflict")], holds=opened)
        assert (found.holds["code"].to_pylist(), found.holds["opened_at"].to_pylist()) == (["exception.open"], [OPENED_AT])

    def test_a_reason_that_is_gone_closes_it(self, merged, opened):
        found = merged(drafts=[{}], holds=opened)
        assert (found.holds["status"].to_pylist(), stands(found)) == (["closed"], [("b1", "draft", "r1")])

    def test_it_stays_closed_when_run_again(self, merged, opened):
        closed = merged(drafts=[{}], holds=opened)
        again = merged(stood=[{}], drafts=[{}], holds=closed.holds)
        assert again.holds.equals(closed.holds)
