"""Every Green Button file of the reference data: counts and sums of PROVENANCE.md, held against a count by XPath."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "greenbutton"
FILES = sorted(path.name for path in FOLDER.glob("*.xml")) or ["the reference data are not there"]
_EXPONENTS = {72: -3}
"""Watt hours become kWh; every other unit of these files is the store's own."""
_UNITS = {72: "kWh", 169: "therm", 31: "J"}
_DIRECTIONS = {"1": "import", "19": "export", "-": "none"}

AGAIN = ("eddie_BatchWithInvalidSelfLink.xml", "test_usage_data_01.xml", "test_usage_data_02.xml")
"""Files whose readings stand in another one as well."""

ROWS_KEPT = ("rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded")

WARNINGS = {
    "BulkSCEIntervalBlock.xml": {"clock.rule", "code.unknown"},
    "ESPIReadingTypes.xml": {"code.unknown", "readings.none"},
    "test_usage_data_01.xml": {"resource.unread"},
    "test_usage_data_02.xml": {"resource.unread"},
    "test_usage_data_1.xml": {"resource.unread"},
}
"""What a person is told; files without readings are told ``readings.none``, all others nothing."""

_VALUES = """
WITH found AS (
  SELECT channel, direction, unit, interval_start AS starts_at, interval_start + to_minutes(interval_minutes::INTEGER) AS ends_at,
    value, file_id FROM delivered_readings
  UNION ALL SELECT channel, direction, unit, period_from, read_at, value, file_id FROM register_reads
)
SELECT count(*) AS n, count(DISTINCT starts_at) AS starts, sum(value) AS total, min(starts_at) AS first_start,
  max(ends_at) AS last_end, list(DISTINCT unit) AS units, list(DISTINCT direction) AS directions
FROM found JOIN files USING (file_id) WHERE name = ?
"""
_LENGTHS = """
WITH found AS (
  SELECT interval_minutes * 60 AS seconds, file_id FROM delivered_readings
  UNION ALL SELECT epoch(read_at - period_from)::INTEGER, file_id FROM register_reads
)
SELECT seconds, count(*) AS n FROM found JOIN files USING (file_id) WHERE name = ? GROUP BY ALL
"""
_QUALITIES = """
SELECT native_quality AS flag, count(*) AS n FROM delivered_readings JOIN files USING (file_id)
WHERE native_quality <> '' AND name = ? GROUP BY ALL
"""
_COSTS = """
SELECT count(*) AS n, coalesce(sum(amount), 0) AS total FROM delivered_costs JOIN files USING (file_id)
WHERE item = 'interval_cost' AND name = ?
"""


@pytest.fixture(scope="module")
def espi_facts(reference_data: Path) -> dict[str, dict[str, Any]]:
    """What greenbutton-objects and a count of elements found in each file."""
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "greenbutton"}


@pytest.fixture(scope="module")
def espi_store(reference_data: Path, ingested) -> Callable[[str], Stage]:
    """The store that holds a file; files that hold the same readings are in different ones."""
    again = [name for name in FILES if name in AGAIN]
    made = {name: stage for names in (again, set(FILES) - set(again)) for stage in [_taken(ingested, names)] for name in names}
    return lambda file: made[file]


def _taken(ingested: Callable[[Sequence[Path]], Stage], names: Iterable[str]) -> Stage:
    return ingested([FOLDER / name for name in sorted(names)])


def account(stage: Stage, file: str) -> Mapping[str, Any]:
    """What the run said about a file."""
    return next(entry for entry in stage.reports[0].files if entry["name"] == file)


def by_xpath(file: str) -> dict[str, Any]:
    """Values, costs, starts, lengths and qualities of a file, counted by XPath."""
    root = etree.parse(str(FOLDER / file)).getroot()

    def texts(path: str) -> list[str]:
        steps = "/".join(f"*[local-name()='{step}']" for step in path.split("/"))
        return [text.strip() for text in root.xpath(f"//*[local-name()='IntervalReading']/{steps}/text()")]

    starts, lengths = [int(text) for text in texts("timePeriod/start")], [int(text) for text in texts("timePeriod/duration")]
    return {
        "n": len(texts("value")),
        "sum": sum(int(text) for text in texts("value")),
        "starts": len(set(starts)),
        "lengths": dict(Counter(lengths)),
        "first": min(starts, default=None),
        "last": max((start + length for start, length in zip(starts, lengths, strict=True)), default=None),
        "costs": len(texts("cost")),
        "cost_sum": sum(int(text) for text in texts("cost")),
        "qualities": dict(Counter(texts("ReadingQuality/quality"))),
    }


def used_type(facts: Mapping[str, Any]) -> list[str]:
    """Return flow, uom and multiplier of the type whose values a file holds: each file here has values of one alone."""
    types = [name.split("/") for name in facts["reading_types(commodity,flow,uom,pow10,len,accum)"]]
    lengths = set(facts["durations"])
    chosen = [parts for parts in types if parts[4] in lengths or parts[4] == "-"]
    return (chosen[0] if chosen else types[0])[1:4]


@pytest.mark.parametrize("file", FILES)
class TestEveryGreenButtonFile:
    def test_the_count_by_xpath_is_that_of_its_provenance(self, file, espi_facts):
        facts, counted = espi_facts[file], by_xpath(file)
        assert (counted["n"], counted["sum"]) == (facts["xml_n_values"], facts["xml_raw_value_sum"])
        assert counted["qualities"] == facts.get("quality", {})
        assert (counted["costs"], counted["cost_sum"]) == (facts.get("n_cost", 0), facts.get("cost_raw_sum", 0))

    def test_it_has_the_values_of_its_provenance(self, file, espi_store, espi_facts):
        facts, counted = espi_facts[file], by_xpath(file)
        (found,) = espi_store(file).query(_VALUES, file)
        if not counted["n"]:
            assert found["n"] == 0
            return
        flow, uom, power = used_type(facts)
        total = Decimal(facts["xml_raw_value_sum"]).scaleb(0 if power == "-" else int(power))
        assert (found["n"], found["starts"]) == (facts["xml_n_values"], facts["distinct_starts"])
        assert found["total"] == total.scaleb(_EXPONENTS.get(int(uom), 0))
        assert (found["units"], found["directions"]) == ([_UNITS[int(uom)]], [_DIRECTIONS[flow]])
        assert [f"{at:%Y-%m-%dT%H:%MZ}" for at in (found["first_start"], found["last_end"])] == [
            facts["first_utc"],
            facts["last_utc"],
        ]

    def test_it_has_the_lengths_and_times_of_a_count_by_xpath(self, file, espi_store):
        counted = by_xpath(file)
        assert {row["seconds"]: row["n"] for row in espi_store(file).query(_LENGTHS, file)} == counted["lengths"]
        (found,) = espi_store(file).query(_VALUES, file)
        expected = [None if at is None else datetime.fromtimestamp(at, UTC) for at in (counted["first"], counted["last"])]
        assert [found["first_start"], found["last_end"]] == expected

    def test_it_has_the_qualities_of_its_provenance(self, file, espi_store, espi_facts):
        found = {row["flag"]: row["n"] for row in espi_store(file).query(_QUALITIES, file)}
        # SCE gives no reading a quality: its ReadingType says 14, raw, for all of them
        expected = {"14": 97} if file == "BulkSCEIntervalBlock.xml" else espi_facts[file].get("quality", {})
        assert found == expected

    def test_what_each_reading_cost_stands_beside_it(self, file, espi_store, espi_facts):
        (found,) = espi_store(file).query(_COSTS, file)
        facts = espi_facts[file]
        assert (found["n"], found["total"]) == (facts.get("n_cost", 0), Decimal(facts.get("cost_raw_sum", 0)).scaleb(-5))

    def test_nothing_is_rejected_and_every_row_is_accounted_for(self, file, espi_store, espi_facts):
        told = account(espi_store(file), file)
        n = espi_facts[file]["xml_n_values"]
        assert ([told[name] for name in ("rows_read", *ROWS_KEPT)], told["format"], told["status"]) == (
            [n, n, 0, 0, 0],
            "espi",
            "accepted",
        )

    def test_a_person_is_told_what_cost_no_row(self, file, espi_store, espi_facts):
        told = account(espi_store(file), file)
        nothing = set() if espi_facts[file]["xml_n_values"] else {"readings.none"}
        assert {warning["code"] for warning in told["warnings"]} == WARNINGS.get(file, nothing)


class TestWhatTheirProvenanceDemands:
    def test_a_broken_self_link_gives_the_readings_of_the_valid_batch(self, espi_store):
        query = """
            SELECT readings.* EXCLUDE (file_id) FROM delivered_readings AS readings JOIN files USING (file_id)
            WHERE name = ? ORDER BY interval_start
        """
        files = ("eddie_BatchWithInvalidSelfLink.xml", "eddie_Batch.xml")
        broken, valid = (espi_store(file).query(query, file) for file in files)
        assert (broken, len(valid)) == (valid, 67)

    def test_gas_of_a_billing_period_is_a_period_in_therms_and_its_cost_is_not(self, espi_store):
        # the first of five: 37000 x 10^-3 therm, 5100000 hundred-thousandths of a dollar
        stage = espi_store("gas_direct.xml")
        assert stage.query("SELECT kind, value, unit FROM register_reads ORDER BY read_at LIMIT 1") == [
            {"kind": "period", "value": Decimal(37), "unit": "therm"}
        ]
        query = """
            SELECT amount, currency FROM delivered_costs JOIN files USING (file_id)
            WHERE name = 'gas_direct.xml' ORDER BY period_from LIMIT 1
        """
        assert stage.query(query) == [{"amount": Decimal(51), "currency": "USD"}]

    def test_solar_is_export(self, espi_store):
        query = "SELECT sum(value) AS total FROM delivered_readings WHERE direction = 'export'"
        assert espi_store("eddie_Batch.xml").query(query) == [{"total": Decimal("726.24")}]

    def test_estimates_of_the_sender_are_estimates(self, espi_store):
        query = """
            SELECT quality, native_quality FROM delivered_readings JOIN files USING (file_id)
            WHERE name = 'test_usage_data_1.xml' ORDER BY interval_start LIMIT 3
        """
        rows = espi_store("test_usage_data_1.xml").query(query)
        assert [(row["quality"], row["native_quality"]) for row in rows] == [
            ("delivered_estimate", "8"),
            ("substituted", "7"),
            ("measured", ""),
        ]

    def test_summaries_say_what_was_billed(self, espi_store):
        query = """
            SELECT item, amount, quantity, unit, note FROM delivered_costs JOIN files USING (file_id)
            WHERE name = 'PGEUsageSummaries.xml' ORDER BY period_from DESC, record LIMIT 3
        """
        rows = [tuple(row.values()) for row in espi_store("PGEUsageSummaries.xml").query(query)]
        assert rows[0] == ("bill_last_period", Decimal("233.64"), None, None, None)
        assert rows[2] == ("cost_additional_detail_last_period", Decimal(12), Decimal(100), "kWh", "Part Peak Energy Charge")

    @pytest.mark.parametrize(("file", "minutes"), [("eddie_Batch.xml", -300), ("sample_greenbutton_data.xml", -480)])
    def test_the_local_clock_is_that_of_the_feed(self, espi_store, file, minutes):
        query = "SELECT DISTINCT clock_offset_minutes AS minutes FROM store.deliveries JOIN files USING (file_id) WHERE name = ?"
        assert espi_store(file).query(query, file) == [{"minutes": minutes}]

    def test_electricity_and_gas_below_one_path_never_meet(self, espi_store):
        # two files made from one template: the same UsagePoint, MeterReading, times and version, in Wh and in J
        query = """
            SELECT channel, unit, sum(value) AS total FROM delivered_readings JOIN files USING (file_id)
            WHERE starts_with(name, 'seed_') GROUP BY ALL ORDER BY channel
        """
        assert espi_store("seed_gas_J_pow-3.xml").query(query) == [
            {"channel": "1/-.31", "unit": "J", "total": Decimal("3.582")},
            {"channel": "1/-.72", "unit": "kWh", "total": Decimal("3.582")},
        ]


def test_copies_in_other_files_are_told_apart(reference_data: Path, ingested):
    names = ("test_usage_data_1.xml", "test_usage_data_01.xml", "test_usage_data_02.xml")
    stage = ingested([FOLDER / name for name in names])
    told = [account(stage, name) for name in names]
    assert [entry["rows_read"] for entry in told] == [480, 96, 96]
    (slots,) = stage.query("SELECT count(*) AS n FROM delivered_readings")
    assert sum(entry["rows_accepted"] for entry in told) == slots["n"]
    assert all(entry["rows_read"] == sum(entry[name] for name in ROWS_KEPT) for entry in told)
