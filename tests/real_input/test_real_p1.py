"""Real P1 captures through a store: the values, times and events that PROVENANCE.md asserts of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "dsmr_p1"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.txt")) or ["the reference data are not there"]

CHANNELS = {
    "ELECTRICITY_USED_TARIFF_1": "1-0:1.8.1",
    "ELECTRICITY_USED_TARIFF_2": "1-0:1.8.2",
    "ELECTRICITY_DELIVERED_TARIFF_1": "1-0:2.8.1",
    "ELECTRICITY_DELIVERED_TARIFF_2": "1-0:2.8.2",
    "ELECTRICITY_IMPORTED_TOTAL": "1-0:1.8.0",
    "ELECTRICITY_EXPORTED_TOTAL": "1-0:2.8.0",
    "INSTANTANEOUS_VOLTAGE_L1": "1-0:32.7.0",
    "LONG_POWER_FAILURE_COUNT": "0-0:96.7.9",
    "SHORT_POWER_FAILURE_COUNT": "0-0:96.7.21",
    "VOLTAGE_SAG_L1_COUNT": "1-0:32.32.0",
    "VOLTAGE_SWELL_L1_COUNT": "1-0:32.36.0",
    "BELGIUM_MAXIMUM_DEMAND_MONTH": "1-0:1.6.0",
}
"""The names that the reader of PROVENANCE.md gives to objects."""
IN_WATT_HOURS = {"telegram_sagemcom_t210_d_r.txt"}
SAID_OTHERWISE = {
    # The meter says 8 April 2022 13:50:21 W: winter time, so 12:50:21 UTC. The reader that PROVENANCE.md quotes looks at
    # the letter in the hour that comes twice alone and reads every other time on the clock of Amsterdam.
    "amshan_example_data_kamstrup.txt": {"2022-04-08 11:50:21+00:00": "2022-04-08 12:50:21+00:00"},
}
"""Facts in which the reader that PROVENANCE.md quotes is wrong."""
NOT_SAID = {
    # 0-1:24.2.1(161129200000W)(00981.443*m3), which the reader that PROVENANCE.md quotes does not list
    "telegram_v4_2.txt": {(1, Decimal("981.443"), datetime(2016, 11, 29, 19, tzinfo=UTC))}
}
"""Readings that stand in a file and not in its facts."""
WITH_OWN_TIME = (":24.2.", ":24.3.0", ":1.6.0", ":98.1.0")
"""What readings of gas, water and heat, and demands are told by: they do not have the time of their telegram."""
WITHOUT_VALUES_OF_ITS_OWN = {"telegram_unpadded_crc.txt", "invalid/v5_checksum_invalid.txt"}
"""A heat meter alone; a telegram that is set aside."""

_READS = "SELECT * FROM register_reads JOIN files USING (file_id) WHERE files.name = ?"
_EVENTS = (
    "SELECT * EXCLUDE (files.name) FROM events JOIN files USING (file_id) WHERE files.name = ? ORDER BY started_at, native_code"
)


@pytest.fixture(scope="module")
def facts(reference_data: Path) -> Mapping[str, Mapping[str, Any]]:
    """What PROVENANCE.md asserts of each file."""
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "dsmr_p1"}


@pytest.fixture(scope="module")
def stage(reference_data: Path, ingested) -> Stage:
    """One store that was given every file."""
    return ingested([FOLDER / file for file in FILES])


def reads_of(stage: Stage, file: str) -> list[dict[str, Any]]:
    return stage.query(_READS, Path(file).name)


@pytest.mark.parametrize("file", FILES)
class TestEveryFile:
    def test_has_the_times_of_its_telegrams(self, file, stage, facts):
        told = [facts[file][name] for name in ("first", "last") if name in facts[file]]
        said = {SAID_OTHERWISE.get(file, {}).get(text, text) for part in told for text in [part.get("P1_MESSAGE_TIMESTAMP")]}
        expected = {None if text is None else datetime.fromisoformat(text) for text in said}
        found = {row["read_at"] for row in reads_of(stage, file) if not any(part in row["channel"] for part in WITH_OWN_TIME)}
        assert found == (set() if file in WITHOUT_VALUES_OF_ITS_OWN else expected)

    def test_has_the_values_of_its_telegrams(self, file, stage, facts):
        scale = -3 if file in IN_WATT_HOURS else 0
        rows = reads_of(stage, file)
        for name in ("first", "last"):
            part = facts[file].get(name, {})
            expected = {CHANNELS[known]: Decimal(text).scaleb(scale) for known, text in part.items() if known in CHANNELS}
            times = {row["read_at"] for row in rows if row["channel"] == "1-0:1.8.1"}
            if times:
                when = (min if name == "first" else max)(times, key=str)
                rows_then = [row for row in rows if row["read_at"] == when or row["channel"] == "1-0:1.6.0"]
            else:
                rows_then = rows
            found = {row["channel"]: row["value"] for row in rows_then if row["channel"] in expected}
            assert found == expected

    def test_has_the_readings_of_the_meters_behind_the_meter(self, file, stage, facts):
        found = {
            (int(row["channel"][2]), row["value"], row["read_at"]) for row in reads_of(stage, file) if ":24.2." in row["channel"]
        }
        said = {
            (entry["ch"], Decimal(entry["value"]), datetime.fromisoformat(entry["at"])) for entry in facts[file].get("mbus", ())
        }
        assert found == said | NOT_SAID.get(file, set())

    def test_stands_under_the_identifier_of_its_meter(self, file, stage, facts):
        identifier = facts[file].get("first", {}).get("EQUIPMENT_IDENTIFIER")
        own = {row["service_point_id"] for row in reads_of(stage, file) if not row["channel"].startswith(("0-1:", "0-2:"))}
        assert own <= ({identifier} if identifier else own)

    def test_accounts_for_every_row(self, file, stage, facts):
        told = next(entry for entry in stage.reports[0].files if entry["name"] == Path(file).name)
        kept = ("rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded")
        assert told["rows_read"] == sum(told[name] for name in kept) > 0
        assert told["format"] == "p1"
        assert told["status"] == ("rejected" if not facts[file]["ok"] else "partial" if facts[file]["rejected"] else "accepted")

    def test_has_the_failures_of_its_log(self, file, stage, facts):
        outages = [row for row in stage.query(_EVENTS, Path(file).name) if row["event_type"] == "outage"]
        assert len(outages) == facts[file].get("first", {}).get("POWER_EVENT_FAILURE_LOG n", 0)


class TestTheSerialCapture:
    """ttyUSB0-mini.txt: three telegrams, two whole; it begins and ends inside one."""

    def test_the_parts_are_set_aside_and_the_telegrams_are_measured(self, stage):
        rows = stage.query("SELECT record, code, rows FROM rejections WHERE name = 'ttyUSB0-mini.txt' ORDER BY record")
        assert [tuple(row.values()) for row in rows] == [("1", "frame.incomplete", 14), ("87", "frame.incomplete", 8)]
        reads = reads_of(stage, "ttyUSB0-mini.txt")
        assert (len(reads), {row["quality"] for row in reads}) == (52, {"measured"})

    def test_its_events_are_told_once(self, stage):
        events = stage.query(_EVENTS, "ttyUSB0-mini.txt")
        outage, *counts = events
        assert (outage["event_type"], outage["native_code"], outage["magnitude"], outage["unit"]) == (
            "outage",
            "1-0:99.97.0",
            236,
            "s",
        )
        assert outage["ended_at"] == datetime(2018, 4, 17, 18, 14, 58, tzinfo=UTC)
        assert outage["started_at"] == datetime(2018, 4, 17, 18, 11, 2, tzinfo=UTC)
        assert [(event["event_type"], event["native_code"], event["magnitude"], event["started_at"]) for event in counts] == [
            ("sag", "1-0:32.32.0", 1, None),
            ("swell", "1-0:32.36.0", 1, None),
            ("sag", "1-0:52.32.0", 1, None),
            ("swell", "1-0:52.36.0", 1, None),
            ("sag", "1-0:72.32.0", 1, None),
            ("swell", "1-0:72.36.0", 1, None),
        ]


def test_the_telegram_whose_crc_must_fail_has_no_read(stage):
    rows = stage.query("SELECT code, rows FROM rejections WHERE name = 'v5_checksum_invalid.txt'")
    assert [tuple(row.values()) for row in rows] == [("crc.mismatch", 26)]
    assert reads_of(stage, "invalid/v5_checksum_invalid.txt") == []


@pytest.mark.parametrize("file", ["telegram_v2_2.txt", "telegram_v3.txt"])
def test_versions_without_crc_and_clock_are_unverified_and_have_no_time_but_that_of_the_gas_meter(stage, file):
    rows = reads_of(stage, file)
    assert {row["quality"] for row in rows} == {"unverified"}
    timed = [(row["channel"], row["value"], row["unit"], row["read_at"]) for row in rows if row["read_at"] is not None]
    when = datetime(2016, 11, 7, 18, tzinfo=UTC) if file == "telegram_v2_2.txt" else datetime(2009, 2, 12, 15, tzinfo=UTC)
    assert timed == [("0-1:24.3.0", Decimal("1.001"), "m3", when)]
    (told,) = stage.query("SELECT clock, warnings FROM files WHERE name = ?", file)
    assert (told["clock"], "time.missing" in told["warnings"]) == ("Europe/Amsterdam", True)


def test_the_belgian_telegram_has_its_peaks_by_month(stage):
    rows = [row for row in reads_of(stage, "telegram_fluvius_v171.txt") if row["channel"] == "0-0:98.1.0"]
    assert {(row["value"], row["read_at"].strftime("%Y-%m")) for row in rows} == {
        (Decimal("3.695"), "2020-04"),
        (Decimal("5.980"), "2020-03"),
        (Decimal("4.318"), "2020-02"),
    }


def test_the_heat_meter_is_a_service_point_of_its_own(stage):
    (row,) = reads_of(stage, "telegram_unpadded_crc.txt")
    assert (row["service_point_id"], row["quantity"], row["unit"], row["value"]) == (
        "621848012D2C0B0C",
        "heat",
        "GJ",
        Decimal("240.86"),
    )
