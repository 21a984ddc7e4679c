"""Every answer of a national portal in the reference data: counts, sums, qualities and ends of its provenance.

The facts count a null as a value of 0. A null is no value here (missing is never zero), so the surplus of the two Datadis
files without surplus has no row: their fact, 744 and 3 values of the sum 0, is what ``WITHOUT_VALUE`` says.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "eu_national"
FILES = sorted(path.name for path in FOLDER.glob("*.*")) or ["the reference data are not there"]
THOUSANDTH = Decimal("0.001")

FORMAT_OF = {
    "at-eda": "eda",
    "be-flu": "fluvius",
    "es-dat": "datadis",
    "fi-fin": "fingrid",
    "fr-ene": "enedis",
    "nl-mij": "mijn_aansluiting",
}
CHANNELS = {
    "offtake..value": ("offtake.total",),
    "injection..value": ("submetering-auxiliary.injection.reactive",),
    "consumptionKWh": ("consumptionKWh",),
    "surplusEnergyKWh": ("surplusEnergyKWh",),
    "Quantity": ("8716867000030/BN01",),
    "meter_reading..value": ("consumption_load_curve", "daily_consumption"),
    "MarketEvaluationPoint..Value": ("1.8.1", "2.8.1"),
}
"""Channels behind the places of values that the facts name."""
WITHOUT_VALUE = {
    ("es-datadis_consumptionKWh.json", "surplusEnergyKWh"),
    ("es-datadis_consumptionKWhShort.json", "surplusEnergyKWh"),
}
SPANS = {
    "at-eda_consumptionrecord_daily.xml": ("2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00"),
    "be-fluvius_electricity_data_headpoints_measurement_quarter_hourly.json": ("2024-12-01T00:00:00Z", "2024-12-01T00:30:00Z"),
    "be-fluvius_gas_data_measurement_hourly.json": ("2024-12-01T00:00:00Z", "2024-12-01T01:00:00Z"),
    "es-datadis_consumptionKWh-withSurplus.json": ("2023-12-01T00:00:00+01:00", "2023-12-02T00:00:00+01:00"),
    "es-datadis_consumptionKWh.json": ("2023-12-01T00:00:00+01:00", "2024-01-01T00:00:00+01:00"),
    "es-datadis_consumptionKWhShort.json": ("2023-12-01T00:00:00+01:00", "2023-12-01T03:00:00+01:00"),
    "fi-fingrid_timeSeriesWithValues.json": ("2024-07-27T21:00:00Z", "2024-07-27T23:00:00Z"),
    "fr-enedis_consumption_load_curve_2024-02-26_to_2024-02-27.json": ("2024-02-26T00:00:00+01:00", "2024-02-26T23:30:00+01:00"),
    "fr-enedis_daily_consumption_2024-02-01_2024-02-08.json": ("2024-02-01T00:00:00+01:00", "2024-02-08T00:00:00+01:00"),
    "nl-mijn-aansluiting_gas_consumption_data.json": ("2023-05-01T00:00:00+02:00", "2023-05-03T00:00:00+02:00"),
    "nl-mijn-aansluiting_single_consumption_data.json": ("2023-05-01T00:00:00+02:00", "2023-05-03T00:00:00+02:00"),
}
"""Beginning of the first value and end of the last, as the files' own labels say."""

ALONE = ("es-datadis_consumptionKWh.json", "es-datadis_consumptionKWhShort.json")
"""Files in stores of their own: they speak of hours of a supply point of which a third file speaks as well."""

_VALUES = """
WITH everything AS (
  SELECT file_id, channel, value, native_quality, quality, direction, quantity, unit, interval_start AS since,
    interval_start + to_minutes(interval_minutes::INTEGER) AS until, 'slot' AS kind
  FROM delivered_readings
  UNION ALL
  SELECT file_id, channel, value, native_quality, quality, direction, quantity, unit, coalesce(period_from, read_at), read_at,
    kind
  FROM register_reads
)
SELECT everything.* FROM everything JOIN files USING (file_id) WHERE files.name = ?
"""


@pytest.fixture(scope="module")
def national_stages(reference_data: Path, ingested) -> Mapping[str, Stage]:
    """The store that holds each file."""
    together = ingested([FOLDER / name for name in FILES if name not in ALONE])
    return {name: ingested([FOLDER / name]) if name in ALONE else together for name in FILES}


@pytest.fixture(scope="module")
def national_facts(reference_data: Path) -> Mapping[str, dict[str, Any]]:
    """The facts of each file."""
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "eu_national"}


def values_of(stages: Mapping[str, Stage], name: str) -> list[dict[str, Any]]:
    return stages[name].query(_VALUES, name)


@pytest.mark.parametrize("name", FILES)
class TestEveryAnswer:
    def test_has_the_values_and_sums_of_its_provenance(self, name, national_stages, national_facts):
        facts = national_facts[name]
        of_codes = {code: [facts["values"], facts["sum"]] for code in facts.get("MeterCode", ())}
        expected = facts.get("numbers(n,sum)", of_codes)
        rows = values_of(national_stages, name)
        found = {}
        for place in expected:
            here = [row for row in rows if row["channel"] in CHANNELS.get(place, (place,))]
            found[place] = [len(here), sum((row["value"] for row in here), Decimal(0))]
        told = {place: [0 if (name, place) in WITHOUT_VALUE else n, Decimal(total)] for place, (n, total) in expected.items()}
        assert found == told
        assert sum(n for n, _ in found.values()) == len(rows)

    def test_has_the_quality_codes_of_its_provenance(self, name, national_stages, national_facts):
        rows = [row for row in values_of(national_stages, name) if row["channel"] != "surplusEnergyKWh"]
        found = Counter(row["native_quality"] for row in rows if row["native_quality"] is not None)
        expected = Counter(national_facts[name]["quality"])
        if name.startswith("fr-enedis"):  # the answer's own code counts where its points have none
            expected = Counter({"B": 47}) if "load_curve" in name else Counter({"BRUT": 7})
        assert found == expected

    def test_begins_and_ends_where_its_labels_say(self, name, national_stages):
        rows = values_of(national_stages, name)
        since, until = (datetime.fromisoformat(text).astimezone(UTC) for text in SPANS[name])
        assert (min(row["since"] for row in rows), max(row["until"] for row in rows)) == (since, until)

    def test_is_recognised_and_accepted_with_every_row_accounted_for(self, name, national_stages):
        (told,) = (entry for entry in national_stages[name].reports[0].files if entry["name"] == name)
        assert (told["format"], told["status"]) == (FORMAT_OF[name[:6]], "accepted")
        assert told["rows_read"] == told["rows_accepted"] == len(values_of(national_stages, name))


def test_estimates_are_told_from_measured_values(national_stages):
    found = Counter(row["quality"] for row in values_of(national_stages, "es-datadis_consumptionKWh-withSurplus.json"))
    assert found == {"measured": 46, "delivered_estimate": 2}
    found = Counter(row["quality"] for row in values_of(national_stages, FILES[1]))
    assert found == {"measured": 1, "delivered_estimate": 2}


def test_surplus_is_export_and_consumption_import(national_stages):
    rows = values_of(national_stages, "es-datadis_consumptionKWh-withSurplus.json")
    assert {(row["channel"], row["direction"]) for row in rows} == {("consumptionKWh", "import"), ("surplusEnergyKWh", "export")}
    (row,) = values_of(national_stages, "at-eda_consumptionrecord_daily.xml")
    assert (row["direction"], row["kind"]) == ("export", "period")


def test_a_load_curve_stays_power_and_gas_stays_volume(national_stages):
    found = {name: {(row["quantity"], row["unit"], row["kind"]) for row in values_of(national_stages, name)} for name in FILES}
    assert found["fr-enedis_consumption_load_curve_2024-02-26_to_2024-02-27.json"] == {("power", "kW", "slot")}
    assert found["fr-enedis_daily_consumption_2024-02-01_2024-02-08.json"] == {("active_energy", "kWh", "period")}
    assert found["nl-mijn-aansluiting_gas_consumption_data.json"] == {("volume", "m3", "index")}
    assert found["nl-mijn-aansluiting_single_consumption_data.json"] == {("active_energy", "kWh", "index")}
    assert found["be-fluvius_gas_data_measurement_hourly.json"] == {("volume", "m3", "slot")}
