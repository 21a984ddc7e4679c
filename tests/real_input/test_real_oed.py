"""Open Energy Dashboard: every upload of its CSV tests, by a mapping made of the upload's own options, through a store.

``pipeNExpected.csv`` holds the rows that OED stores, on the wall clock; empty where it rejects the upload. We keep true
time and the register itself, so its rows follow from ours: see ``oed_wall_clock``.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE_DATA
from tests.real_input.oed_wall_clock import Used, project
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "csv_oed_vee"
PIPES = (3, 5, 7, 9, 11, 13, 18, 20, 22, 29, 32, 40, 60, 71, 73, 80, 110, 112, 114, 116, 118, 120, 122)
UPLOADS = {60: ("A", "B", "C"), 71: "B", 73: "B", 80: "C", **dict.fromkeys(range(110, 122, 2), "B"), 122: ("B", "C")}
"""Letters of the readings uploaded for a pipe; no letter for the others."""
METERS = {**dict.fromkeys((71, 73, *range(110, 124, 2)), "A"), 80: ("A", "B")}
"""Letters of its meter documents."""
INPUTS = {f"pipe{n}{letter}Input.csv{'.gz' if n == 40 else ''}": n for n in PIPES for letter in UPLOADS.get(n, ("",))}
METER_FILES = {f"pipe{n}{letter}InputMeter.csv": n for n in PIPES for letter in METERS.get(n, ())}

REFUSED = {
    "pipe7Input.csv": ("register.decrease", "line 4"),
    "pipe9Input.csv": ("register.decrease", "line 4"),
    "pipe11Input.csv": ("register.decrease", "line 4"),
    "pipe13Input.csv": ("register.decrease", "line 4"),
    "pipe22Input.csv": ("register.negative", "line 4"),
    "pipe29Input.csv": ("value.invalid", "line 3"),
}
"""Files that OED rejects: our code and where it is. OED would read the 1.44e2 of pipe29; the 240.x after it nobody does."""
TAKEN = [file for file in INPUTS if file not in REFUSED]
SET_ASIDE = {
    "pipe32Input.csv": ("2", "interval.overlap"),
    "pipe122BInput.csv": ("1", "interval.unknown"),
    "pipe122CInput.csv": ("1", "interval.unknown"),
}
"""Files of which one value is set aside. The first row of an end-only file does not say when it begins."""
WARNED = {
    "pipe18Input.csv": [("interval.gap", "line 4")],
    "pipe73BInput.csv": [("interval.variation", "line 5")],
}
"""Files with warnings, as OED's options call for them, and the line they name."""

USED = """
SELECT value, interval_start AS start, interval_start + to_minutes(interval_minutes::INTEGER) AS end, files.name AS file
FROM delivered_readings JOIN files USING (file_id) WHERE service_point_id = $1
UNION ALL
SELECT value, period_from, read_at, files.name
FROM register_reads JOIN files USING (file_id) WHERE service_point_id = $1 AND kind = 'period'
"""
ADVANCES = """
SELECT advance AS value, read_from AS start, read_to AS end FROM register_advances WHERE service_point_id = $1 AND verdict = 'ok'
"""
"""What was used between two index reads that follow each other, whichever file they came in."""


@dataclass(frozen=True)
class Upload:
    """An upload of readings: its file, and the options it is imported with.

    Attributes:
        file: name.
        pipe: number.
        options: those of the upload, over those of the meter.
    """

    file: str
    pipe: int
    options: Mapping[str, str]

    @property
    def is_cumulative(self) -> bool:
        return self.options.get("cumulative") == "true"

    @property
    def zone(self) -> str:
        return self.options.get("timezone") or "UTC"

    def mapping(self, names: Sequence[str]) -> str:
        """The mapping that says what the options say, of columns with these ``names``."""
        channel = "channel: E1, quantity: active_energy, direction: import, unit: kWh"
        if self.is_cumulative:
            channel += f", kind: cumulative, resets: {self._resets}"
        if self.options.get("endOnly") == "true":
            time, minutes = f"column: '{names[1]}', label: end", "between"
        else:
            time, minutes = f"column: '{names[1]}', end_column: '{names[2]}'", "row"
        # Stamps are whole seconds: what is more than 120.1 of them is more than 120.
        seconds = {name: int(Decimal(self.options[name])) for name in ("lengthGap", "lengthVariation") if name in self.options}
        tolerance = {"lengthGap": "gap_seconds", "lengthVariation": "variation_seconds"}
        return "\n".join(
            [
                f"service_point_id: {{value: pipe{self.pipe}}}",
                f"time: {{{time}, zone: '{'+00:00' if self.zone == 'UTC' else self.zone}'}}",
                f"interval_minutes: {minutes}",
                *(["header: none"] if self.options.get("headerRow") != "true" else []),
                f"tolerance: {{{', '.join(f'{tolerance[name]}: {most}' for name, most in seconds.items())}}}",
                "channels:",
                f"- {{column: '{names[0]}', {channel}}}",
                "",
            ]
        )

    @property
    def _resets(self) -> str:
        if self.options.get("cumulativeReset") != "true":
            return "none"
        begins, ends = self.options.get("cumulativeResetStart"), self.options.get("cumulativeResetEnd")
        return f"{{from: '{begins}', to: '{ends}'}}" if begins else "always"


OPTION = re.compile(
    r"(cumulativeResetStart|cumulativeResetEnd|cumulativeReset|cumulative|headerRow|endOnly|honorDst|lengthGap|lengthVariation)"
    r",\s*(true|false|[0-9]+(?:[.:][0-9]+)?|$)"
)
METER_OPTIONS = {
    "cumulative": "cumulative",
    "reset": "cumulativeReset",
    "reset start": "cumulativeResetStart",
    "reset end": "cumulativeResetEnd",
    "gap": "lengthGap",
    "variation": "lengthVariation",
    "end only": "endOnly",
    "timezone": "timezone",
}
"""Columns of a meter document and the option that each of them is."""


def requests_of(description: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The options of the meter requests and of the readings requests of a pipe, as its description tells them.

    A long description is cut at its end: an option whose value is cut off has that of the request before.
    """
    text = description.partition("import options:")[2]
    requests = [part for part in re.split(r",\s{3}|,\s(?=CHAI)", text) if part.strip()]
    meters = [dict(OPTION.findall(part)) for part in requests if "CHAI_METERS_REQUEST" in part]
    readings: list[dict[str, str]] = []
    for part in requests:
        if "CHAI_METERS_REQUEST" not in part:
            readings.append({name: value or readings[-1][name] for name, value in OPTION.findall(part.rstrip())})
    return meters, readings


def meter_options(paths: Sequence[Path], columns: Sequence[str]) -> dict[str, str]:
    """The options that meter documents set, the later over the earlier; a document without header has ``columns``."""
    options: dict[str, str] = {}
    for path in paths:
        rows = list(csv.reader(path.read_text("utf-8").splitlines()))
        names, row = (rows[0], rows[1]) if rows[0][0] == "name" else (columns, rows[0])
        told = {METER_OPTIONS[name]: cell for name, cell in zip(names, row, strict=False) if name in METER_OPTIONS and cell}
        options |= {name: cell if name == "timezone" else cell.lower() for name, cell in told.items()}
    return options


@pytest.fixture(scope="module")
def uploads(reference_data) -> dict[str, Upload]:
    """Every upload of readings with its options."""
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    told = {entry["dest"]: entry["desc"] for entry in entries if entry["fmt"] == "csv_oed_vee"}
    assert set(told) == {*INPUTS, *METER_FILES, *(f"pipe{n}Expected.csv" for n in PIPES)}
    columns = (FOLDER / "pipe71AInputMeter.csv").read_text("utf-8").splitlines()[0].split(",")
    found = {}
    for number in PIPES:
        files = [file for file, of in INPUTS.items() if of == number]
        meters = [FOLDER / file for file, of in METER_FILES.items() if of == number]
        meter_requests, readings = requests_of(told[files[0]])
        assert (len(meter_requests), len(readings)) == (len(meters), len(files)), number
        found |= {
            file: Upload(file, number, meter_options(meters, columns) | asked)
            for file, asked in zip(files, readings, strict=True)
        }
    return found


def rows_of(file: str) -> list[list[str]]:
    raw = (FOLDER / file).read_bytes()
    return list(csv.reader((gzip.decompress(raw) if file.endswith(".gz") else raw).decode("utf-8").splitlines()))


def names_of(upload: Upload) -> list[str]:
    first = rows_of(upload.file)[0]
    return first if upload.options.get("headerRow") == "true" else [str(place + 1) for place in range(len(first))]


def values_of(upload: Upload) -> list[Decimal]:
    rows = rows_of(upload.file)[1 if upload.options.get("headerRow") == "true" else 0 :]
    return [Decimal(row[0]) for row in rows]


@pytest.fixture(scope="module")
def stages(uploads, ingested, tmp_path_factory) -> dict[int, Stage]:
    """A store for each pipe; pipes share one unless they upload the same bytes, which a store takes in once."""
    shared: list[tuple[set[bytes], list[int]]] = []
    for number in PIPES:
        contents = {(FOLDER / file).read_bytes() for file, of in INPUTS.items() if of == number}
        for known, numbers in shared:
            if known.isdisjoint(contents):
                known.update(contents)
                numbers.append(number)
                break
        else:
            shared.append((contents, [number]))
    found = {}
    for _, numbers in shared:
        inbox = tmp_path_factory.mktemp("inbox")
        for upload in uploads.values():
            if upload.pipe in numbers:
                (inbox / upload.file).write_bytes((FOLDER / upload.file).read_bytes())
                (inbox / f"{upload.file}.map.yaml").write_text(upload.mapping(names_of(upload)), "utf-8")
        found |= dict.fromkeys(numbers, ingested([inbox]))
    return found


def used(stage: Stage, number: int) -> list[dict[str, Any]]:
    return stage.query(USED, f"pipe{number}")


def as_used(rows: Sequence[Mapping[str, Any]]) -> list[Used]:
    return [Used(Fraction(row["value"]), row["start"], row["end"]) for row in rows]


def expected_of(number: int) -> list[Used]:
    rows = rows_of(f"pipe{number}Expected.csv")
    return [Used(Fraction(row[0]), datetime.fromisoformat(row[1]), datetime.fromisoformat(row[2])) for row in rows]


class TestEveryPipe:
    @pytest.mark.parametrize(
        "number", [pytest.param(n, marks=pytest.mark.real_files(f"csv_oed_vee/pipe{n}Expected.csv")) for n in PIPES]
    )
    def test_has_the_rows_that_oed_stores_once_they_are_on_its_wall_clock(self, number, stages, uploads):
        (zone,) = {upload.zone for upload in uploads.values() if upload.pipe == number}
        rows = stages[number].query(ADVANCES, f"pipe{number}") if number == 60 else used(stages[number], number)
        assert project(as_used(rows), zone) == expected_of(number)

    @pytest.mark.parametrize("number", [n for n in PIPES if f"pipe{n}Input.csv" in REFUSED], ids=lambda number: f"pipe{number}")
    def test_that_oed_rejects_leaves_nothing_but_its_account(self, number, stages):
        assert expected_of(number) == used(stages[number], number) == stages[number].query(ADVANCES, f"pipe{number}") == []


@pytest.mark.parametrize("file", INPUTS)
class TestEveryUpload:
    def test_is_accepted_set_aside_in_part_or_refused(self, file, stages):
        stage = stages[INPUTS[file]]
        (told,) = stage.query("SELECT * FROM files WHERE name = ?", file)
        rejections = stage.query("SELECT record, code, rows, message FROM rejections WHERE name = ?", file)
        status = "rejected" if file in REFUSED else "partial" if file in SET_ASIDE and told["rows_accepted"] else None
        if file in REFUSED:
            assert [(row["code"], row["message"].partition(":")[0]) for row in rejections] == [REFUSED[file]]
        else:
            assert [(row["record"], row["code"]) for row in rejections] == ([SET_ASIDE[file]] if file in SET_ASIDE else [])
        assert told["status"] == (status or "accepted")
        assert told["rows_read"] == told["rows_accepted"] + told["rows_rejected"]
        assert file not in REFUSED or told["rows_read"] == 1

    def test_names_the_rows_that_begin_late_or_last_otherwise(self, file, stages):
        (row,) = stages[INPUTS[file]].query("SELECT warnings FROM files WHERE name = ?", file)
        warnings = json.loads(row["warnings"]) if row["warnings"] else []
        assert [(told["code"], told["message"].rpartition(": ")[2]) for told in warnings] == WARNED.get(file, [])


@pytest.mark.parametrize("file", TAKEN)
def test_a_register_has_an_index_for_each_row_and_what_was_used_in_each_but_the_first(file, stages, uploads):
    upload, stage = uploads[file], stages[INPUTS[file]]
    values = values_of(upload)
    reads = stage.query(
        "SELECT value FROM register_reads JOIN files USING (file_id) WHERE kind = 'index' AND name = ? ORDER BY read_at", file
    )
    assert [row["value"] for row in reads] == (values if upload.is_cumulative else [])
    (told,) = stage.query("SELECT rows_read FROM files WHERE name = ?", file)
    assert told["rows_read"] == (2 * len(values) - 1 if upload.is_cumulative else len(values))


@pytest.mark.parametrize("file", TAKEN)
def test_an_upload_conserves_its_energy(file, stages, uploads):
    upload, values = uploads[file], values_of(uploads[file])
    own = [row for row in used(stages[upload.pipe], upload.pipe) if row["file"] == file]
    if upload.is_cumulative:
        values = [after - before if after >= before else after for before, after in pairwise(values)]
    if file in SET_ASIDE:
        # of a register the row whose use is set aside is the second: the first has none
        del values[int(SET_ASIDE[file][0]) - (2 if upload.is_cumulative else 1)]
    assert [row["value"] for row in sorted(own, key=lambda row: row["start"])] == values


def test_the_night_of_the_leap_is_no_gap_and_the_hour_that_comes_twice_is_two(stages):
    spring = [(row["start"].hour, row["end"].hour) for row in used(stages[110], 110)]
    autumn = sorted((row["start"].hour, row["end"].hour, row["value"]) for row in used(stages[116], 116))
    assert sorted(spring) == [(6, 7), (7, 8), (8, 9)]
    assert autumn == [(5, 6, Decimal(60)), (6, 7, Decimal(-1)), (7, 8, Decimal(120))]


def test_what_was_used_between_two_uploads_is_the_advance_between_their_reads(stages):
    inside = {(row["start"], row["end"]): row["value"] for row in used(stages[60], 60)}
    advances = {(row["start"], row["end"]): row["value"] for row in stages[60].query(ADVANCES, "pipe60")}
    assert inside.items() <= advances.items()
    assert [value for span, value in sorted(advances.items()) if span not in inside] == [144, 168]


@pytest.fixture(scope="module")
def meters(reference_data, ingested) -> Stage:
    """The meter documents, delivered as if they were readings; documents with the same bytes count once."""
    return ingested([FOLDER / file for file in METER_FILES])


@pytest.mark.parametrize("file", METER_FILES)
def test_a_meter_document_is_master_data_and_holds_no_readings(file, meters):
    rows = meters.query("SELECT code, rows FROM rejections WHERE name = ?", file)
    assert rows == [{"code": "mapping.missing", "rows": 1}]
    assert meters.query("SELECT count(*) AS n FROM delivered_readings") == [{"n": 0}]


@pytest.fixture(scope="module")
def mapped_meters(uploads, ingested, tmp_path_factory) -> Stage:
    """The meter documents, each with the mapping of its readings beside it."""
    inbox = tmp_path_factory.mktemp("meters")
    for file, number in METER_FILES.items():
        upload = next(upload for upload in uploads.values() if upload.pipe == number)
        (inbox / file).write_bytes((FOLDER / file).read_bytes())
        (inbox / f"{file}.map.yaml").write_text(upload.mapping(names_of(upload)), "utf-8")
    return ingested([inbox])


@pytest.mark.parametrize("file", METER_FILES)
def test_a_meter_document_beside_a_mapping_of_readings_gives_none(file, mapped_meters):
    assert {row["code"] for row in mapped_meters.query("SELECT code FROM rejections WHERE name = ?", file)} == {"value.invalid"}
    (told,) = mapped_meters.query("SELECT status, rows_accepted FROM files WHERE name = ?", file)
    assert told == {"status": "rejected", "rows_accepted": 0}


def test_without_a_mapping_no_upload_is_guessed(reference_data, ingested):
    stage = ingested([FOLDER])
    codes = {(row["name"], row["code"]) for row in stage.query("SELECT name, code FROM rejections")}
    assert {code for _, code in codes} == {"mapping.missing", "file.empty"}
    assert {name for name, code in codes if code == "file.empty"} <= {f"pipe{n}Expected.csv" for n in PIPES if not expected_of(n)}
