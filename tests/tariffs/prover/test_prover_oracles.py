"""Tariffs whose bills other programs computed are proven, minute by minute."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tariffs.load import read_tariff
from tariffs.prover.proof import prove

DATA = Path(__file__).parents[1] / "data"
TODAY = date(2026, 2, 1)


def proof_of_file(path):
    return prove(read_tariff(path.read_text(), path.name)[0], today=TODAY)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.yaml")), ids=lambda path: path.stem)
def test_is_proven_without_a_warning(path):
    proof = proof_of_file(path)
    assert proof.findings == ()
    assert proof.seen.minutes == (proof.horizon.after - proof.horizon.first).days * 1440
    assert sum(row.minutes for row in proof.tables[0].rows) == proof.seen.minutes


def test_the_western_australian_one_is_proven_in_both_directions(reference_data):
    proof = proof_of_file(reference_data / "oracles" / "tariffs" / "cases" / "S10-au-tou-export-gst-nem12" / "tariff.yaml")
    assert proof.findings == ()
    assert [table.direction for table in proof.tables] == ["import", "export"]
    # 2023: 260 Mondays to Fridays of six hours; seven days a week of six hours
    hours = {row.period: row.by_year[2023] // 60 for table in proof.tables for row in table.rows}
    assert hours == {"peak": 1560, "solar_soak": 2190, "off_peak": 5010, "evening": 2190, "other": 6570}
