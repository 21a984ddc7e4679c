"""Real NEM12 and NEM13 files: what they hold was counted by nemreader 0.9.2 and written down beside them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.ingest.archives import open_members
from pipelines.ingest.formats import HEAD_BYTES, READERS, detect
from pipelines.ingest.mdff.fields import nmi_checksum
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.codes import Quality
from schemas.errors import InputRefusedError

REFUSED_OR_REJECTED = ("invalid/", "Scenario10#ETSAMDP")


def read_file(path: Path) -> list[Parsed]:
    pieces = []
    for member, stream in open_members(path):
        with stream:
            name = detect(stream.peek(HEAD_BYTES), member or path.name, None)
            pieces += READERS[name](stream, ReadContext(member or path.name, f"{member}:" if member else ""))
    return pieces


def rejected(pieces: list[Parsed]) -> list[tuple[str, int]]:
    return [(row["code"], row["rows"]) for piece in pieces for row in piece.rejections.to_pylist()]


def facts_of(fmt: str, root: Path) -> list[dict[str, Any]]:
    listed = json.loads((root / "real_data" / "FACTS.json").read_text("utf-8"))
    return [each for each in listed if each["fmt"] == fmt and each["dest"].endswith((".csv", ".zip"))]


def local(time: datetime, minutes: int) -> str:
    return f"{time + timedelta(minutes=minutes):%Y-%m-%d %H:%M}"


def summary(pieces: list[Parsed]) -> dict[str, dict[str, Any]]:
    """Number, sum [kWh, kvarh], quality flags, first and last time of each NMI and suffix."""
    found: dict[str, dict[str, Any]] = {}
    for row in pa.concat_tables(piece.intervals for piece in pieces).to_pylist():
        values = row["values"] or row["values64"]
        into = found.setdefault(
            f"{row['service_point_id']}/{row['channel']}", {"n": 0, "sum": Decimal(0), "q": Counter(), "first": "9", "last": ""}
        )
        into["n"] += len(values)
        into["sum"] += sum(Decimal(value).scaleb(row["exponent"]) for value in values)
        into["q"].update(native[0] for native in row["native_qualities"] or [row["native_quality"]] * len(values))
        end = row["start"] + timedelta(minutes=len(values) * row["interval_minutes"])
        into["first"] = min(into["first"], local(row["start"], row["clock_offset_minutes"]))
        into["last"] = max(into["last"], local(end, row["clock_offset_minutes"]))
    return found


def expected(fact: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, each in fact["facts"]["nemreader"].items():
        scale = Decimal("0.001") if each["uom"].lower() in {"wh", "varh"} else Decimal(1)
        found[name] = {**each, "sum": Decimal(str(each["sum"])) * scale, "q": Counter(each["q"])}
        del found[name]["uom"]
    return found


def test_every_whole_nem12_file_holds_what_is_known_of_it(reference_data, subtests):
    facts = [fact for fact in facts_of("nem12", reference_data) if not any(part in fact["dest"] for part in REFUSED_OR_REJECTED)]
    assert len(facts) > 50
    for fact in facts:
        with subtests.test(fact["dest"]):
            pieces = read_file(reference_data / "real_data" / "nem12" / fact["dest"])
            assert summary(pieces) == expected(fact)
            assert rejected(pieces) == []


def test_every_nem13_file_holds_what_is_known_of_it(reference_data, subtests):
    facts = facts_of("nem13", reference_data)
    assert len(facts) > 30
    for fact in facts:
        with subtests.test(fact["dest"]):
            pieces = read_file(reference_data / "real_data" / "nem13" / fact["dest"])
            reads = pa.concat_tables(piece.reads for piece in pieces).to_pylist()
            found: dict[str, list[Decimal]] = {}
            for read in reads:
                if read["kind"] == "period":
                    found.setdefault(f"{read['service_point_id']}/{read['channel']}", []).append(read["value"])
            known = {name: (each["n"], Decimal(str(each["sum"]))) for name, each in fact["facts"]["nemreader"].items()}
            assert {name: (len(values), sum(values)) for name, values in found.items()} == known
            assert len(reads) == 3 * sum(len(values) for values in found.values())
            assert rejected(pieces) == []


class TestInvalidFiles:
    @pytest.fixture
    def invalid(self, reference_data: Path) -> Path:
        return reference_data / "real_data" / "nem12" / "invalid"

    def test_an_empty_file_is_refused(self, invalid):
        with pytest.raises(InputRefusedError) as refusal:
            read_file(invalid / "Example_empty_file.csv")
        assert refusal.value.code == "file.empty"

    def test_48_values_where_the_channel_has_96_reject_the_day(self, invalid):
        assert rejected(read_file(invalid / "Example_NEM12_15min_200_30min_300.csv")) == [("record.length", 96)]

    def test_44_values_where_the_channel_has_48_reject_the_day(self, invalid):
        assert rejected(read_file(invalid / "NEM12#InvalidIntervalDataLength#CNRGYMDP#NEMMCO.csv")) == [("record.length", 48)]

    def test_a_missing_header_costs_nothing(self, invalid):
        pieces = read_file(invalid / "Example_NEM12_missing_header.csv")
        assert summary(pieces)["VABD000163/E1"]["sum"] == Decimal("53.328")
        assert "header.missing" in [warning.code for piece in pieces for warning in piece.warnings]

    def test_both_versions_of_a_day_are_handed_over(self, invalid):
        # Powercor: 1.111 and then 3.333 for the same slots; which of them counts is not the reader's to say.
        assert summary(read_file(invalid / "Example_NEM12_powercor.csv"))["VABD000163/E1"]["n"] == 96

    def test_empty_cells_are_missing_and_not_zero(self, invalid):
        (piece,) = read_file(invalid / "NEM12#EmptyCells300Record#CNRGYMDP#NEMMCO.csv")
        assert piece.intervals["quality"].to_pylist() == [[Quality.MISSING] * 48]


def test_a_day_broken_by_line_ends_costs_no_other_record(reference_data):
    # nemreader counts the same 96 values, but gives day 12 the 400 records of the broken day 13: 24 slots E52 for A.
    pieces = read_file(reference_data / "real_data/nem12/aemo_scenarios/NEM12#Scenario10#ETSAMDP#NEMMCO.zip")
    found = summary(pieces)
    assert {name: (each["n"], each["sum"]) for name, each in found.items()} == {
        "NEM1210191/E1": (96, Decimal(1762)),
        "NEM1210191/E2": (144, Decimal(3894)),
        "NEM1210191/B2": (96, Decimal(2551)),
    }
    assert found["NEM1210191/B2"]["q"] == {"A": 85, "F": 11}
    assert sorted(rejected(pieces)) == [("record.length", 48), ("record.unknown", 0), ("record.unknown", 0)]
    assert sum(piece.reads.num_rows for piece in pieces) == 5


def test_checksums_are_those_of_aemo(reference_data):
    pairs = json.loads((reference_data / "real_data" / "nem12" / "nmi_checksum.json").read_text("utf-8"))
    assert {pair["nmi"]: nmi_checksum(pair["nmi"]) for pair in pairs} == {pair["nmi"]: pair["checksum"] for pair in pairs}
