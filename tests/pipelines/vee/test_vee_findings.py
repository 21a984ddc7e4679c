from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from pipelines.vee.findings import as_exceptions, gathered, in_unit, report
from schemas.codes import Severity
from schemas.findings import EXCEPTIONS

ALL = slice(None)


def finding(block, start, end, **more):
    facts = {"rule": "gap", "severity": Severity.EST, "message": "text"} | more
    return report(block, ALL, np.array(start), np.array(end), **facts)


def test_names_dates_and_units_come_from_the_block(make_block):
    block = make_block(np.ones((2, 2, 48)))
    found = as_exceptions(finding(block, [96 + 50], [96 + 52], observed=np.array([1234])), block)
    assert found.to_pylist() == [
        {
            "service_point_id": "SP1",
            "meter_id": "M1",
            "channel": "E1",
            "day": date(2026, 1, 6),
            "slot_from": 2,
            "slot_to": 4,
            "rule": "gap",
            "severity": "est",
            "observed": Decimal("1.234000000"),
            "threshold": None,
            "message": "text",
            "evidence": None,
        }
    ]


def test_the_types_are_those_of_the_exceptions_table_save_the_wider_slots(make_block):
    block = make_block([1] * 48)
    found = as_exceptions(finding(block, [1], [2]), block)
    different = {name for name in found.schema.names if found.schema.field(name).type != EXCEPTIONS.schema.field(name).type}
    assert different <= {"slot_from", "slot_to"}


def test_no_findings_become_no_exceptions(make_block):
    block = make_block([1] * 48)
    assert as_exceptions(gathered([]), block).num_rows == 0


@pytest.mark.parametrize(
    ("value", "exponent", "expected"),
    [
        (1, -9, "0.000000001"),
        (-1, -3, "-0.001"),
        (7, 2, "700"),
        (2**63 - 1, 0, "9223372036854775807"),
        (-(2**63), -3, "-9223372036854775.808"),
    ],
)
def test_integers_become_decimals_exactly(value, exponent, expected):
    made = in_unit(pa.chunked_array([[value]], pa.int64()), exponent)
    assert made.to_pylist() == [Decimal(expected)]


class TestMonths:
    @staticmethod
    def places(block, start, end, days=ALL, **more):
        made = report(block, days, np.array(start), np.array(end), rule="gap", severity=Severity.EST, message="slots", **more)
        return [tuple(row[name] for name in ("channel_index", "day_index", "slot_from", "slot_to")) for row in made.to_pylist()]

    @pytest.fixture
    def quarter(self, make_block):
        return make_block(np.ones((2, 90, 24)), interval_minutes=60, first_day=date(2026, 1, 1))

    def test_a_run_over_months_is_one_finding_a_month(self, quarter):
        slots = 90 * 24
        assert self.places(quarter, [slots + 30 * 24 + 5], [slots + 60 * 24]) == [
            (1, 30, 5, 24),
            (1, 31, 0, 28 * 24),
            (1, 59, 0, 24),
        ]

    def test_a_run_up_to_the_end_of_a_month_does_not_reach_the_next(self, quarter):
        assert self.places(quarter, [30 * 24], [31 * 24]) == [(0, 30, 0, 24)]

    def test_a_run_from_the_start_of_a_month_does_not_touch_the_one_before(self, quarter):
        assert self.places(quarter, [31 * 24], [31 * 24 + 1]) == [(0, 31, 0, 1)]

    @pytest.mark.parametrize("months", [slice(0, 31), slice(31, 59), slice(59, 90)])
    def test_a_month_alone_has_the_findings_that_it_has_among_others(self, quarter, months):
        runs = [5, 20 * 24, 90 * 24 + 1], [9, 88 * 24, 2 * 90 * 24]
        together = [place for place in self.places(quarter, *runs) if months.start <= place[1] < months.stop]
        assert self.places(quarter, *runs, days=months) == together

    def test_the_message_counts_the_slots_of_its_month(self, quarter):
        found = finding(quarter, [30 * 24], [31 * 24 + 1], message="slots", counted=True)
        assert found["message"].to_pylist() == ["slots: 24", "slots: 1"]

    def test_no_days_have_no_findings(self, quarter):
        assert self.places(quarter, [0], [9], days=slice(4, 4)) == []


def test_findings_of_one_slot_keep_the_order_of_their_rules(make_block):
    block = make_block([1] * 48)
    parts = [finding(block, [9], [10], rule="b"), finding(block, [9], [10], rule="a"), finding(block, [3], [10], rule="c")]
    assert gathered(parts)["rule"].to_pylist() == ["c", "b", "a"]
