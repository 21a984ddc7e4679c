from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.bill.due import Due
from pipelines.bill.standing import Merged
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Snapshot
from pipelines.plan import RunPlan
from pipelines.publish.crm import crm_records
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.crm import CRM_RECORDS
from schemas.decimal_text import decimal_text
from schemas.events import EVENTS
from schemas.findings import EXCEPTIONS
from schemas.readings import READINGS_DAILY
from schemas.usage import CARRIED_STATE, USAGE

FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
STARTS_AT, ENDS_AT = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 31, 14, tzinfo=UTC)
PLAN = RunPlan(Path(), "r1", datetime(2026, 4, 10, tzinfo=UTC), StoreSettings(), Snapshot(Path(), "r0", 1, {}))
DUE = Due(
    agreement_id="A1",
    account_id="C1",
    service_point_id="S1",
    role="supply",
    tariff_id="home",
    billing_clock="Australia/Brisbane",
    currency="AUD",
    export_taxed=False,
    billing_basis="interval",
    period_from=FIRST,
    period_to=END,
    starts_at=STARTS_AT,
    ends_at=ENDS_AT,
    valid_from=STARTS_AT,
    exports_elsewhere=False,
    customer_id="P1",
)
KEYS = {"month": "2026-03", "bucket": 0, "agreement_id": "A1", "service_point_id": "S1", "period_from": FIRST, "period_to": END}
BILL = KEYS | {
    "bill_id": "b1", "bill_number": "202603-1", "document_type": "invoice", "account_id": "C1",
    "billing_clock": "Australia/Brisbane", "tariff_clock": "Australia/Brisbane", "starts_at": STARTS_AT, "ends_at": ENDS_AT,
    "issue_date": date(2026, 4, 6), "due_date": date(2026, 4, 20), "status": "draft", "net": Decimal("254.20"),
    "tax": Decimal("25.42"), "total": Decimal("279.62"), "currency": "AUD", "tariff_id": "home", "tariff_sha256": "f",
    "energy_kwh": Decimal(744), "estimated_share": Decimal("0.25"), "billing_basis": "interval", "registers": "[]",
    "inputs_sha256": "i", "revision": 0, "run_id": "r0",
}  # fmt: skip
LINE = KEYS | {
    "bill_id": "b1", "line_no": 1, "charge_id": "usage", "kind": "energy", "quantity": Decimal(744), "unit": "kWh",
    "price": Decimal("0.30"), "amount": Decimal("223.20"), "currency": "AUD", "tariff_id": "home",
    "tariff_version": "2020-01-01", "text": "usage: 744 kWh at 0.3 AUD/kWh = 223.20 AUD",
}  # fmt: skip
USE = KEYS | {"determinant": "import_kwh", "tariff_version": "2020-01-01", "value": Decimal(744), "unit": "kWh", "run_id": "r0"}
HOLD = KEYS | {
    "account_id": "C1", "code": "tariff.missing", "message": "tariff home is not loaded", "owner": "pricing",
    "opened_at": datetime(2026, 4, 10, tzinfo=UTC), "status": "open", "run_id": "r0",
}  # fmt: skip
FINDING = {
    "month": "2026-03", "bucket": 0, "service_point_id": "S1", "meter_id": "M1", "channel": "E1", "day": date(2026, 3, 10),
    "slot_from": 20, "slot_to": 24, "rule": "gap", "severity": "est", "message": "slots missing: 4", "status": "open",
}  # fmt: skip
DAY = {
    "month": "2026-03", "bucket": 0, "service_point_id": "S1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
    "direction": "import", "unit": "kWh", "day": FIRST, "standard_offset_minutes": 600, "interval_minutes": 30,
    "slot_offset_minutes": 0, "exponent": -3, "values": [500] * 48, "value_sum": 24_000, "missing": 0, "estimated": 0,
}  # fmt: skip


def rows(table, *given):
    known = set(table.schema.names)
    return pa.Table.from_pylist([{k: v for k, v in row.items() if k in known} for row in given], schema=table.schema)


def records(*, bills=(BILL,), holds=(), findings=(), days=(DAY,), before=(), dues=(DUE,), events=(), usage=(USE,)):
    merged = Merged(
        rows(BILLS, *bills), rows(CHARGE_LINES, LINE), rows(USAGE, *usage), CARRIED_STATE.empty(), rows(HOLDS, *holds)
    )
    made = crm_records(
        merged,
        rows(CRM_RECORDS, *before),
        dues,
        rows(READINGS_DAILY, *days),
        rows(EXCEPTIONS, *findings),
        rows(EVENTS, *events),
        PLAN,
        0,
    )
    CRM_RECORDS.check(made)
    return made.to_pylist()


@pytest.fixture
def billed():
    (row,) = records(findings=[FINDING])
    return json.loads(row["record"])


class TestRecordOfABill:
    def test_says_who_and_when(self, billed):
        names = ("account_id", "customer_id", "agreement_id", "service_point_id", "period_from", "period_to", "days")
        assert [billed["identity"][name] for name in names] == ["C1", "P1", "A1", "S1", "2026-03-01", "2026-04-01", 31]

    def test_has_the_bill_with_exact_amounts(self, billed):
        assert [billed["bill"][name] for name in ("net", "tax", "total")] == ["254.2", "25.42", "279.62"]

    def test_has_every_line_with_its_sentence(self, billed):
        assert [line["text"] for line in billed["bill"]["lines"]] == [LINE["text"]]

    def test_says_how_much_is_estimated(self, billed):
        assert (billed["consumption"]["energy_kwh"], billed["consumption"]["estimated_share"]) == ("744", "0.25")

    def test_says_when_the_highest_power_was_drawn(self):
        peak = USE | {"determinant": "peak_kw", "value": Decimal("12.5"), "unit": "kW", "at": STARTS_AT}
        (row,) = records(usage=[peak, USE])
        names = ("determinant", "value", "unit", "at")
        assert [[used[name] for name in names] for used in json.loads(row["record"])["consumption"]["billed"]] == [
            ["import_kwh", "744", "kWh", None],
            ["peak_kw", "12.5", "kW", STARTS_AT.isoformat().replace("+00:00", "Z")],
        ]

    def test_lists_what_validation_found(self, billed):
        assert [(found["rule"], found["day"]) for found in billed["exceptions"]] == [("gap", "2026-03-10")]

    def test_is_keyed_for_upserts(self):
        (row,) = records()
        assert (row["record_id"], row["state"], row["bill_id"]) == ("A1|2026-03-01|2026-04-01", "billed", "b1")

    def test_of_a_cancelled_one_is_not_there(self):
        assert records(bills=[BILL | {"status": "cancelled"}]) == []


class TestRecordOfAHold:
    def test_says_why_and_who_clears_it(self):
        (row,) = records(bills=(), holds=[HOLD])
        assert json.loads(row["record"])["hold"] == {
            "code": "tariff.missing",
            "message": "tariff home is not loaded",
            "owner": "pricing",
        }

    def test_has_no_bill(self):
        (row,) = records(bills=(), holds=[HOLD])
        assert (row["state"], row["bill_id"], row["total"], json.loads(row["record"])["bill"]) == ("held", None, None, None)

    def test_that_was_closed_is_not_there(self):
        assert records(bills=(), holds=[HOLD | {"status": "closed"}]) == []


class TestConsumption:
    def test_is_by_day_and_direction(self):
        days = [DAY, DAY | {"channel": "B1", "direction": "export", "value_sum": 10_001}]
        (row,) = records(days=days)
        assert json.loads(row["record"])["consumption"]["by_day"] == [
            {"day": "2026-03-01", "export_kwh": "10.001", "import_kwh": "24"}
        ]

    def test_leaves_out_days_before_and_after(self):
        days = [DAY | {"day": date(2026, 2, 28)}, DAY | {"day": END}]
        (row,) = records(days=days)
        assert json.loads(row["record"])["consumption"]["by_day"] == []

    def test_is_of_this_service_point_alone(self):
        (row,) = records(days=[DAY | {"service_point_id": "S2"}])
        assert json.loads(row["record"])["consumption"]["by_day"] == []

    def test_leaves_out_what_is_no_active_energy(self):
        (row,) = records(days=[DAY, DAY | {"channel": "Q1", "quantity": "reactive_energy", "direction": "none"}])
        assert json.loads(row["record"])["consumption"]["by_day"] == [
            {"day": "2026-03-01", "import_kwh": "24", "export_kwh": "0"}
        ]


class TestFindings:
    @pytest.mark.parametrize(
        ("day", "listed"),
        [
            pytest.param(date(2026, 2, 28), False, id="the day before"),
            pytest.param(date(2026, 3, 1), True, id="the first"),
            pytest.param(date(2026, 3, 31), True, id="the last"),
            pytest.param(date(2026, 4, 1), False, id="the day after"),
        ],
    )
    def test_are_those_of_the_period(self, day, listed):
        (row,) = records(findings=[FINDING | {"day": day}])
        assert bool(json.loads(row["record"])["exceptions"]) is listed


OUTAGE = {
    "batch": "r0", "bucket": 0, "service_point_id": "S1", "meter_id": "M1", "event_type": "outage", "native_code": "1-0:99.97.0",
    "started_at": datetime(2026, 3, 10, 4, tzinfo=UTC), "ended_at": datetime(2026, 3, 10, 5, tzinfo=UTC),
    "record": "1", "file_id": "f",
}  # fmt: skip


class TestEvents:
    def events_of(self, *events):
        (row,) = records(events=events)
        return [event["event_type"] for event in json.loads(row["record"])["events"]]

    def test_are_those_of_the_period_and_the_service_point(self):
        earlier = {"started_at": datetime(2026, 2, 10, tzinfo=UTC), "ended_at": None}
        assert self.events_of(OUTAGE, OUTAGE | earlier, OUTAGE | {"service_point_id": "S2"}) == ["outage"]

    @pytest.mark.parametrize(
        ("started", "ended", "told"),
        [
            # Brisbane's March: from 28 February 14:00 to 31 March 14:00 UTC
            pytest.param("2026-02-28T13:00", "2026-02-28T14:00", False, id="over when the month begins"),
            pytest.param("2026-02-28T13:00", "2026-02-28T14:01", True, id="a minute of it in the month"),
            pytest.param("2026-02-28T14:00", None, True, id="with the month"),
            pytest.param("2026-03-31T13:59", None, True, id="a minute before its end"),
            pytest.param("2026-03-31T14:00", None, False, id="with the next month"),
        ],
    )
    def test_the_month_is_that_of_the_billing_clock(self, started, ended, told):
        times = {
            name: text and datetime.fromisoformat(text).replace(tzinfo=UTC)
            for name, text in (("started_at", started), ("ended_at", ended))
        }
        assert self.events_of(OUTAGE | times) == (["outage"] if told else [])

    def test_one_that_the_meter_tells_again_happened_once(self):
        assert self.events_of(OUTAGE, OUTAGE | {"record": "2", "file_id": "g"}) == ["outage"]

    def test_two_that_differ_are_two(self):
        later = {"started_at": datetime(2026, 3, 11, tzinfo=UTC), "ended_at": datetime(2026, 3, 11, 1, tzinfo=UTC)}
        assert self.events_of(OUTAGE, OUTAGE | later, OUTAGE | {"event_type": "sag"}) == ["outage", "outage", "sag"]


class TestAgain:
    def test_a_record_that_says_the_same_keeps_its_run(self):
        (row,) = records()
        (again,) = records(before=[row | {"run_id": "r0"}])
        assert again["run_id"] == "r0"

    def test_one_that_says_something_else_is_new(self):
        (row,) = records()
        (again,) = records(before=[row | {"run_id": "r0"}], bills=[BILL | {"status": "final"}])
        assert again["run_id"] == "r1"

    def test_the_order_in_which_findings_were_made_does_not_matter(self):
        other = FINDING | {"day": date(2026, 3, 5)}
        assert records(findings=[FINDING, other]) == records(findings=[other, FINDING])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("1.50", "1.5", id="no trailing zeros"),
        pytest.param("20.00", "20", id="nor a point alone"),
        pytest.param("100", "100", id="but those before the point"),
        pytest.param("0", "0", id="zero"),
        pytest.param("-0.05", "-0.05", id="a credit"),
        pytest.param(None, None, id="nothing stays nothing"),
    ],
)
@pytest.mark.parametrize("places", [3, 9, 18])
def test_decimals_as_text(value, text, places):
    assert decimal_text(pa.array([None if value is None else Decimal(value)], pa.decimal128(38, places))).to_pylist() == [text]


def test_a_small_decimal_has_no_exponent():
    assert decimal_text(pa.array([Decimal("0.00000009"), Decimal(1)], pa.decimal128(38, 18))).to_pylist() == ["0.00000009", "1"]
