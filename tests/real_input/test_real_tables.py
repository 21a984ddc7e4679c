"""Every plain table of a known family among the reference data, through a store; facts of pandas, see PROVENANCE.md there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data"


class Fact(NamedTuple):
    """What a channel of a file holds: values, their sum as its facts round it, first and last start of an interval in UTC."""

    values: int
    total: str
    first: str
    last: str


FILES: Mapping[str, tuple[str, Mapping[str, Fact]]] = {
    # local labels of the facts in UTC: the end labels of the ESB file lie half an hour later
    "csv_ie_esb/esb_hdf_2022-12_2023-06.csv": (
        "csv_esb_hdf",
        {
            "Active Import Interval (kWh)": Fact(9790, "2727.011", "2022-12-08 23:30", "2023-06-30 22:00"),
            "Active Export Interval (kWh)": Fact(1918, "151.183", "2023-05-21 23:30", "2023-06-30 22:00"),
        },
    ),
    "csv_us_smt/smt_interval_2022-03_2022-05.csv": (
        "csv_smart_meter_texas",
        {"Consumption": Fact(8828, "1333.803", "2022-03-01 06:00", "2022-06-01 04:45")},
    ),
    "csv_uk_lcl/MAC000002.csv": (
        "csv_low_carbon_london",
        {"energy(kWh/hh)": Fact(17520, "4214.648", "2013-01-01 00:00", "2013-12-31 23:30")},
    ),
    "csv_uk_lcl/MAC000016.csv": (
        "csv_low_carbon_london",
        {"energy(kWh/hh)": Fact(721, "22.025", "2013-01-01 00:00", "2013-01-16 00:00")},
    ),
    "csv_us_sce/one_day_constant_power.csv": (
        "csv_sce_green_button",
        {"Usage": Fact(96, "24", "2020-05-01 07:00", "2020-05-02 06:45")},
    ),
    "csv_au_retailer/jemena_web.csv": (
        "csv_jemena",
        {"Consumption": Fact(144, "28.398", "2014-06-30 14:00", "2014-07-03 13:30")},
    ),
    "csv_au_retailer/redenergy_email.csv": ("csv_red_energy", {"E1": Fact(8, "0.726", "2013-09-20 14:00", "2013-09-20 17:30")}),
    # average kW: half of it is the energy
    "csv_au_ausgrid/customer12_2011H2.csv": (
        "csv_ausgrid",
        {
            "GC": Fact(8832, "2807.131", "2011-06-30 14:00", "2011-12-31 13:30"),
            "GG": Fact(8832, "674.048", "2011-06-30 14:00", "2011-12-31 13:30"),
        },
    ),
}
"""Families and facts of the files."""

_CHANNELS = """
SELECT channel, count(*) AS n, sum(value) AS total, min(interval_start) AS first_start, max(interval_start) AS last_start,
  any_value(unit) AS unit
FROM delivered_readings JOIN files USING (file_id) WHERE files.name = ? AND value IS NOT NULL GROUP BY ALL
"""


@pytest.fixture(scope="module")
def tables(reference_data, ingested) -> Stage:
    """A store with all of the files and nobody's word about them."""
    return ingested([reference_data / "real_data" / file for file in FILES])


@pytest.mark.parametrize("file", FILES)
class TestEveryTableOfAKnownFamily:
    def test_has_the_values_sums_and_ends_of_its_provenance(self, file, tables):
        rows = tables.query(_CHANNELS, file.split("/")[1])
        found = {
            row["channel"]: Fact(
                row["n"],
                f"{round(row['total'], 3).normalize():f}",
                f"{row['first_start']:%Y-%m-%d %H:%M}",
                f"{row['last_start']:%Y-%m-%d %H:%M}",
            )
            for row in rows
        }
        assert found == FILES[file][1]
        assert {row["unit"] for row in rows} == {"kWh"}

    def test_is_known_by_its_header_and_loses_no_row(self, file, tables):
        told = next(entry for entry in tables.reports[0].files if entry["name"] == file.split("/")[1])
        assert (told["format"], told["status"], told["rows_rejected"]) == (FILES[file][0], "accepted", 0)
        assert told["rows_read"] == told["rows_accepted"] == sum(fact.values for fact in FILES[file][1].values())


def test_nothing_is_missing_in_their_days_but_the_spring_hour(tables):
    # FACTS: days_not_48 {26-03-2023: 46} by end labels; 2022-03-13 has four empty quarter hours that do not exist
    gaps = tables.query(
        "SELECT channel, count(*) AS n FROM (SELECT channel, interval_minutes, date_diff('minute', lag(interval_start) OVER "
        "(PARTITION BY service_point_id, channel ORDER BY interval_start), interval_start) AS step FROM delivered_readings) "
        "WHERE step <> interval_minutes GROUP BY ALL"
    )
    assert gaps == []


def test_an_account_of_the_quality_of_texas(tables):
    rows = tables.query(
        "SELECT native_quality, quality, count(*) AS n FROM delivered_readings JOIN files USING (file_id) "
        "WHERE name LIKE 'smt%' GROUP BY ALL"
    )
    assert rows == [{"native_quality": "A", "quality": "measured", "n": 8828}]


def test_the_revision_of_texas_is_the_version_of_its_values(tables):
    rows = tables.query(
        "SELECT min(version) AS first_made FROM store.deliveries JOIN files USING (file_id) WHERE name LIKE 'smt%'"
    )
    assert rows == [{"first_made": datetime.fromisoformat("2022-03-02T12:18:33+00:00")}]


def test_a_mapping_beside_a_file_wins_over_its_family(reference_data, ingested, tmp_path):
    copy = tmp_path / "customer12_2011H2.csv"
    copy.write_bytes((reference_data / "real_data" / "csv_au_ausgrid" / copy.name).read_bytes())
    copy.with_name(copy.name + ".map.yaml").write_text(
        "service_point_id: {from: file_name}\n"
        'time: {column: "", label: start, zone: "+10:00"}\n'
        "interval_minutes: 30\n"
        "channels:\n- {column: GC, channel: load, quantity: power, direction: import, unit: kW}\n"
    )
    rows = ingested([tmp_path]).query("SELECT channel, unit, sum(value) AS total FROM delivered_readings GROUP BY ALL")
    # the facts call it the sum of GC over half hours in kW
    assert rows == [{"channel": "load", "unit": "kW", "total": Decimal("5614.262")}]


def test_tables_nobody_knows_are_refused_by_name(reference_data, ingested):
    stage = ingested([reference_data / "real_data" / "csv_eemeter"])
    assert {row["code"] for row in stage.query("SELECT code FROM rejections")} == {"mapping.missing"}
