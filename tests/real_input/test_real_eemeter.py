"""Tables without a meter id or a unit, with the mapping that says them: one meter by the hour, the day and the bill."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest

from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.plan import IngestOptions
from tests.scenarios.stage import Stage

FILES = (
    "il-electricity-cdd-hdd-billing_monthly.csv.gz",
    "il-electricity-cdd-hdd-daily.csv.gz",
    "il-electricity-cdd-hdd-hourly.csv.gz",
    "il-gas-hdd-only-hourly.csv.gz",
    "uk-electricity-hdd-only-hourly-sample-0.csv.gz",
)
_VALUES = """
SELECT interval_start AS begins, value FROM delivered_readings JOIN files USING (file_id)
WHERE files.name = ? AND value IS NOT NULL
UNION ALL SELECT period_from, value FROM register_reads JOIN files USING (file_id) WHERE files.name = ?
"""


@pytest.fixture(scope="module")
def eemeter_facts(reference_data):
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "csv_eemeter"}


@pytest.fixture(scope="module")
def eemeter(reference_data, tmp_path_factory):
    stage = Stage.at(tmp_path_factory.mktemp("eemeter") / "store")
    mapping = (reference_data / "real_data" / "maps" / "eemeter.yaml").read_text("utf-8")
    files = tuple(reference_data / "real_data" / "csv_eemeter" / file for file in FILES)
    request = FlowRequest("ingest", files, IngestOptions(mapping=mapping), validates=False, workers=1)
    stage.reports.append(run_flow(stage.store, request, stage.now))
    return stage


@pytest.mark.parametrize("file", FILES)
class TestEveryTable:
    def test_has_the_rows_sum_and_first_time_of_its_provenance(self, file, eemeter, eemeter_facts):
        rows = eemeter.query(_VALUES, file, file)
        fact = eemeter_facts[file]
        # a row without a value only ends the one before it
        assert (len(rows), sum(row["value"] for row in rows)) == (fact["rows"] - fact["null"], Decimal(str(fact["sum"])))
        assert min(row["begins"] for row in rows) == datetime.fromisoformat(fact["first"])

    def test_is_taken_whole(self, file, eemeter):
        told = next(entry for entry in eemeter.reports[0].files if entry["name"] == file)
        assert (told["format"], told["status"], told["rows_rejected"]) == ("csv", "accepted", 0)

    def test_values_printed_from_binary_floating_point_are_said_to_be(self, file, eemeter):
        told = next(entry for entry in eemeter.reports[0].files if entry["name"] == file)
        assert [warning["code"] for warning in told["warnings"]] == (["value.float_noise"] if file.startswith("uk") else [])


def test_the_hours_of_a_day_add_up_to_the_day(eemeter):
    """The same meter by the hour and by the day: the source rounded each of 25 hours and the day to 0.01."""
    differences = eemeter.query("""
        WITH hours AS (
          SELECT CAST(interval_start AT TIME ZONE 'America/Chicago' AS DATE) AS day, sum(value) AS kwh, count(*) AS n
          FROM delivered_readings WHERE service_point_id = 'il-electricity-cdd-hdd-hourly' GROUP BY 1
        )
        SELECT day, kwh - value AS difference FROM hours JOIN register_reads
        ON service_point_id = 'il-electricity-cdd-hdd-daily'
          AND CAST(period_from AT TIME ZONE 'America/Chicago' AS DATE) = day WHERE n BETWEEN 23 AND 25
    """)
    assert len(differences) > 800
    assert max(abs(row["difference"]) for row in differences) <= 26 * Decimal("0.005")
