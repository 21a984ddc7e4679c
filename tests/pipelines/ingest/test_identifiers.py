"""Identifiers of foreign hands: what enters as it was written, and what does not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.identifiers import fault_of_identifier, fault_of_text, set_aside_bad_identifiers
from pipelines.operations.flow import FlowRequest, run_flow
from schemas.codes import Direction
from tests.scenarios.stage import Stage

HARMLESS = [
    "0012", "1E5", "null", "NaN", "Robert'); DROP TABLE bills;--", '"quoted"', "100%", "a\\b", "../../etc/passwd",
    "<b>x</b>", "{{ 7*7 }}",
    "#import", "$(reboot)", "a b", "Zähler 7", "Счётчик", "541440010000000001", "x" * 200, "urn:uuid:1-2", "1-0:1.8.0*255",
]  # fmt: skip
DECEITFUL = {
    "a\nb": "seen",
    "a\tb": "seen",
    "a\x00b": "seen",
    "a\x7f": "seen",
    "a\u202eb": "seen",
    "a\u200bb": "seen",
    "a\ufeff": "seen",
    "a\u2028b": "seen",
    "\ue000": "seen",
    "\uff11\uff12": "look like",
    "e\u0301": "look like",
    "a\u00a0b": "look like",
    "x\u00b2": "look like",
    "met\u0435r": "scripts",
    "x" * 201: "more than",
    "a\ufffd": "no text",
}


@pytest.mark.parametrize("text", HARMLESS)
def test_unusual_text_is_text(text):
    assert fault_of_identifier(text) is None


@pytest.mark.parametrize("text", DECEITFUL, ids=ascii)
def test_what_deceives_a_reader_does_not_enter(text):
    assert DECEITFUL[text] in fault_of_text(text)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_what_a_spreadsheet_would_calculate_does_not_enter(text):
    assert "formula" in fault_of_identifier(text)


@pytest.mark.parametrize("channel", ["-A", "+A"])
def test_a_channel_may_begin_with_its_sign(channel):
    assert fault_of_text(channel) is None


def series(point="SP1", meter="M1", channel="E1") -> Series:
    return Series(point, meter, channel, "active_energy", Direction.IMPORT, "kWh")


class TestRows:
    def test_rows_of_good_identifiers_stay_and_the_others_are_set_aside_with_all_their_values(self):
        collector = Collector()
        for number in range(3):
            collector.add_interval(series(), number * 900_000_000, 900, "1", str(number))
            collector.add_interval(series(meter="M\u202e1"), number * 900_000_000, 900, "1", str(number))
        collector.add_read(series(point="  "), 0, "1", "9")
        collector.add_read(series(), 0, "1", "10")
        before = collector.hand_over()
        after = set_aside_bad_identifiers(before)
        assert [(row["record"], row["code"], row["rows"]) for row in after.rejections.to_pylist()] == [
            ("0", "record.identifier", 3),
            ("9", "record.identifier", 1),
        ]
        assert (after.rows_read, after.rows_taken) == (8, 4)
        assert "\u202e" not in str(after.rejections.to_pylist())

    def test_an_event_set_aside_counts_a_row(self):
        collector = Collector()
        collector.add_event("=SP", "M1", "sag", None, "1", magnitude=Decimal(1))
        after = set_aside_bad_identifiers(collector.hand_over())
        assert (after.rows_read, after.events.num_rows, after.rejections["code"].to_pylist()) == (1, 0, ["record.identifier"])

    def test_an_event_of_an_event_file_was_a_row_before(self):
        collector = Collector()
        for point in ("=SP", "SP"):
            collector.add_event(point, "M1", "sag", None, "1")
        parsed = replace(collector.hand_over(), rows_read=2, event_rows=2)
        after = set_aside_bad_identifiers(parsed)
        assert (after.rows_read, after.rows_taken, after.rejections.num_rows) == (2, 1, 1)

    def test_nothing_wrong_is_nothing_done(self):
        collector = Collector()
        collector.add_interval(series(), 0, 900, "1", "1")
        parsed = collector.hand_over()
        assert set_aside_bad_identifiers(parsed) is parsed


def test_hostile_names_come_back_from_the_store_as_they_were_written(tmp_path: Path):
    points = [text for text in HARMLESS if len(text) <= 60 and "," not in text and '"' not in text]
    day = "300,20260101," + ",".join(["0.5"] * 48) + ",A,,,20260102010000,"
    lines = ["100,NEM12,202601020000,MDP1,RET1"]
    for text in (*points, "met\u0435r"):
        lines += [f"200,{text},E1,E1,E1,,M1,kWh,30,", day]
    file = tmp_path / "x.csv"
    file.write_text("\n".join([*lines, "900", ""]), "utf-8")
    stage = Stage.at(tmp_path / "store")
    stage.reports.append(run_flow(stage.store, FlowRequest("ingest", (file,), validates=False, workers=1), stage.now))
    found = stage.query("SELECT DISTINCT service_point_id AS point FROM delivered_readings ORDER BY 1")
    assert [row["point"] for row in found] == sorted(points)
    assert stage.query("SELECT code, rows FROM rejections") == [{"code": "record.identifier", "rows": 48}]
    for text in points:
        assert stage.query("SELECT count(*) AS n FROM delivered_readings WHERE service_point_id = ?", text) == [{"n": 48}]


def test_a_cost_whose_service_point_deceives_does_not_enter_and_is_told():
    collector = Collector()
    collector.add_cost("SP1", "", "bill_last_period", "1", amount=Decimal(1))
    collector.add_cost("=1+1", "", "bill_last_period", "2", amount=Decimal(2))
    parsed = set_aside_bad_identifiers(collector.hand_over())
    assert (parsed.costs["service_point_id"].to_pylist(), parsed.rows_read) == (["SP1"], 0)
    assert [warning.code for warning in parsed.warnings] == ["record.identifier"]
