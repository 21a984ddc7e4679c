from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

import pytest

from pipelines.synthetic.faults import PLANTS
from pipelines.synthetic.files import write_utility
from pipelines.synthetic.population import CYCLE, Kind
from pipelines.synthetic.retailer import PLACES, has_copy
from pipelines.synthetic.utility import MARKET_CLOCK, Cast


@pytest.fixture(scope="module")
def rows(folders):
    (path,) = folders.retailer.iterdir()
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_the_homes_are_some_that_nothing_special_happens_to(plan):
    assert PLACES.isdisjoint(PLANTS)
    assert PLACES.isdisjoint(set(Cast))
    assert all(point.kind is Kind.HOME and len(point.meters) == 1 for point in plan.service_points if has_copy(point))
    assert max(PLACES) < CYCLE


def test_every_interval_of_the_month_and_every_register_has_a_row(plan, rows):
    homes = [point for point in plan.service_points if has_copy(point)]
    registers = {(p.service_point_id, m.meter_id, r.channel) for p in homes for m in p.meters for r in m.registers}
    assert {(row["Nmi"], row["Meter"], row["Register"]) for row in rows} == registers
    assert {channel for _, _, channel in registers} == {"E1", "B1", "E2"}
    assert len(rows) == len(registers) * 31 * 48


def test_a_row_says_where_its_interval_lies(rows):
    assert [(row["Interval"], row["Start Time"], row["End Time"]) for row in rows[:48:47]] == [
        ("1", "00:00", "00:30"), ("48", "23:30", "00:00"),
    ]  # fmt: skip
    assert rows[0]["Date"] == "2026-01-01"
    assert {(row["Read Type"], row["Unit of Measure"]) for row in rows} == {("A", "KWH")}


def test_it_is_what_the_nem12_files_say(rows, parsed):
    for row in rows:
        (day,) = parsed.days[row["Nmi"], row["Meter"], row["Register"], date.fromisoformat(row["Date"])]
        assert round(float(row["Value"]) * 1000) == day.values[int(row["Interval"]) - 1]


def test_the_homes_registers_are_read_at_both_ends_of_the_month(rows, parsed):
    for key in {(row["Nmi"], row["Meter"], row["Register"]) for row in rows}:
        instants = {read.read_at for read in parsed.reads[key]}
        assert {datetime(2026, 1, 1, tzinfo=MARKET_CLOCK), datetime(2026, 2, 1, tzinfo=MARKET_CLOCK)} <= instants


def test_without_such_a_home_there_is_no_file(tmp_path):
    assert list(write_utility(tmp_path, seed=7, service_points=1).retailer.iterdir()) == []


def test_the_file_is_sent_when_the_month_is_over(folders):
    assert [path.name for path in folders.retailer.iterdir()] == [f"retailer_{date(2026, 1, 31) + timedelta(1):%Y%m%d}_1.csv"]
