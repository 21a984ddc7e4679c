"""What holds for every bill, whoever the customer: on a synthetic utility that knows its true energy and the faults it planted.

The utility lies in Brisbane, which has no daylight saving: its true energy by market day is then also that of local months.
"""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from pipelines.lakehouse.store import Store
from pipelines.synthetic.files import write_utility
from schemas.bills import BILLS, CHARGE_LINES
from schemas.findings import EXCEPTIONS
from schemas.readings import READINGS_DAILY
from schemas.usage import USAGE
from tests.scenarios.stage import Stage

MONTH = ("2026-01-01", "2026-02-01")
AS_AT = date(2026, 2, 10)
SLOTS_A_DAY = 48


@pytest.fixture(scope="module")
def utility(tmp_path_factory):
    """Sixty service points: one of every special customer and planted fault."""
    folder = tmp_path_factory.mktemp("sixty")
    return write_utility(folder, seed=3, service_points=60, zone="Australia/Brisbane")


@pytest.fixture(scope="module")
def billed(utility, tmp_path_factory):
    stage = Stage.at(tmp_path_factory.mktemp("billed") / "store", buckets=2, zone="Australia/Brisbane", currency="AUD")
    stage.load(*sorted(utility.masterdata.iterdir()), *sorted(utility.tariffs.iterdir()))
    stage.run([utility.inbox], month="2026-01", as_at=AS_AT)
    return stage


@pytest.fixture(scope="module")
def faults(utility):
    """Planted faults by kind."""
    found = defaultdict(list)
    with (utility.truth / "faults.csv").open() as file:
        for row in csv.DictReader(file):
            found[row["fault"]].append(row)
    return found


@pytest.fixture(scope="module")
def true_energy(utility):
    """What really flowed through each channel in the month [kWh]."""
    found = defaultdict(Decimal)
    with (utility.truth / "energy.csv").open() as file:
        for row in csv.DictReader(file):
            if MONTH[0] <= row["day"] < MONTH[1]:
                found[row["service_point_id"], row["channel"]] += Decimal(row["energy_wh"]).scaleb(-3)
    return found


class TestEveryBill:
    def test_adds_up_to_its_total(self, billed):
        sums = "SELECT bill_id, sum(amount) AS lines FROM charge_lines GROUP BY ALL"
        assert billed.query(f"SELECT bill_id FROM bills JOIN ({sums}) USING (bill_id) WHERE lines <> total") == []

    def test_has_the_tax_of_its_tax_lines(self, billed):
        sums = "SELECT bill_id, sum(amount) FILTER (kind = 'tax') AS lines FROM charge_lines GROUP BY ALL"
        assert billed.query(f"SELECT bill_id FROM bills JOIN ({sums}) USING (bill_id) WHERE coalesce(lines, 0) <> tax") == []

    def test_is_net_and_tax(self, billed):
        assert billed.query("SELECT bill_id FROM bills WHERE net + tax <> total") == []

    def test_has_lines(self, billed):
        assert billed.query("SELECT bill_id FROM bills ANTI JOIN charge_lines USING (bill_id)") == []

    def test_numbers_its_lines_from_one_without_a_hole(self, billed):
        lines = "SELECT bill_id, count(*) AS n, min(line_no) AS first, max(line_no) AS last FROM charge_lines GROUP BY ALL"
        assert billed.query(f"SELECT * FROM ({lines}) WHERE first <> 1 OR last <> n") == []

    def test_is_a_credit_note_where_its_total_is_negative(self, billed):
        assert billed.query("SELECT bill_id FROM bills WHERE (document_type = 'credit_note') <> (total < 0)") == []

    def test_bills_the_energy_of_its_validated_readings_and_no_other(self, billed):
        rows = billed.query(
            """
            WITH used AS (
              SELECT agreement_id, determinant, sum(value) AS kwh FROM usage JOIN bills USING (agreement_id, period_from)
              WHERE billing_basis = 'interval' GROUP BY ALL
            ), measured AS (
              SELECT agreement_id, determinant, sum(value) AS kwh
              FROM bills JOIN readings USING (service_point_id) JOIN registers USING (meter_id, channel)
              WHERE billing_basis = 'interval' AND interval_start >= starts_at AND interval_start < ends_at
                AND determinant IS NOT NULL AND role <> 'check'
              GROUP BY ALL
            )
            SELECT * FROM used FULL JOIN measured USING (agreement_id, determinant)
            WHERE coalesce(used.kwh, 0) <> coalesce(measured.kwh, 0)
            """
        )
        assert rows == []

    def test_bills_the_energy_that_really_flowed(self, billed, true_energy, faults):
        # substitutes, estimates and repaired faults add up to the register; one home delivers half of a day as actual values
        wrong_for_good = {fault["service_point_id"] for fault in faults["sum_mismatch"]}
        rows = billed.query(
            """
            WITH used AS (
              SELECT service_point_id, determinant, sum(value) AS kwh FROM usage JOIN bills USING (agreement_id, service_point_id)
              WHERE billing_basis = 'interval' GROUP BY ALL
            ), known AS (
              SELECT DISTINCT service_point_id, channel, determinant FROM registers JOIN meters USING (meter_id)
            )
            SELECT service_point_id, channel, kwh FROM used JOIN known USING (service_point_id, determinant)
            """
        )
        differing = [row for row in rows if row["kwh"] != true_energy[row["service_point_id"], row["channel"]]]
        assert len(rows) > 50
        assert {row["service_point_id"] for row in differing} == wrong_for_good


class TestEveryAgreement:
    def test_is_billed_or_held_and_never_both(self, billed):
        rows = billed.query(
            """
            SELECT agreement_id, count(DISTINCT bill_id) AS bills, count(DISTINCT code) AS holds
            FROM agreements LEFT JOIN bills USING (agreement_id)
              LEFT JOIN (SELECT * FROM holds WHERE status = 'open') AS held USING (agreement_id)
            WHERE valid_from < '2026-01-31T14:00:00Z' AND (valid_to IS NULL OR valid_to > '2025-12-31T14:00:00Z')
            GROUP BY ALL
            """
        )
        assert len(rows) > 50
        assert [row for row in rows if row["bills"] + row["holds"] != 1] == []

    def test_that_is_not_active_in_the_month_is_neither(self, billed):
        over = (
            "SELECT agreement_id FROM agreements WHERE valid_to <= '2025-12-31T14:00:00Z' OR valid_from >= '2026-01-31T14:00:00Z'"
        )
        assert billed.query(f"SELECT * FROM ({over}) JOIN bills USING (agreement_id)") == []

    def test_has_a_crm_record(self, billed):
        rows = billed.query("SELECT agreement_id FROM bills UNION ALL SELECT agreement_id FROM holds WHERE status = 'open'")
        records = billed.query("SELECT agreement_id FROM crm_records")
        assert sorted(row["agreement_id"] for row in rows) == sorted(row["agreement_id"] for row in records)

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("tariff_not_loaded", "tariff.missing"),
            ("wrong_clock", "clock.conflict"),
            ("unmapped_channel", "channel.unmapped"),
            ("conflict", "exception.open"),
        ],
    )
    def test_with_something_in_the_way_is_held(self, billed, faults, fault, code):
        rows = billed.query("SELECT DISTINCT service_point_id FROM holds WHERE code = ?", code)
        assert {row["service_point_id"] for row in rows} == {row["service_point_id"] for row in faults[fault]}


class TestTheSameRunAgain:
    def test_changes_no_row_of_a_bill_or_a_line(self, utility, billed, tmp_path):
        again = Stage(Store(shutil.copytree(billed.store.root, tmp_path / "store")), billed.now)
        before = {table.name: again.store.snapshot().read(table).to_pylist() for table in (BILLS, CHARGE_LINES, USAGE)}
        again.run([utility.inbox], month="2026-01", as_at=AS_AT)
        after = {table.name: again.store.snapshot().read(table).to_pylist() for table in (BILLS, CHARGE_LINES, USAGE)}
        assert after == before


def _slots(row, first, last):
    """Return the slots of a fault or a finding, counted from 1970."""
    day = (date.fromisoformat(str(row["day"])) - date(1970, 1, 1)).days * SLOTS_A_DAY
    return day + int(first or 0), day + int(last or SLOTS_A_DAY)


RULES = {
    # rule: the faults it is to find
    "gap": ("gap", "long_gap", "missing_day"),
    "negative": ("negative",),
    "above_limit": ("above_fuse",),
    "conflict": ("conflict",),
    "zero_run": ("zero_run",),
    "spike": ("spike",),
    "sum_check": ("sum_mismatch",),
    "vacant_use": ("vacant_use",),
    "channel.unmapped": ("unmapped_channel",),
    "clock.conflict": ("wrong_clock",),
    "service_point.unknown": ("unknown_service_point",),
}
CERTAIN = sorted(set(RULES) - {"spike"})
"""All but the statistical one: a short day of cooking looks like a spike too."""


class TestValidation:
    """What VEE finds in the month, held against what was planted."""

    @pytest.fixture(scope="class")
    @classmethod
    def compared(cls, billed, faults):
        """For each rule: planted faults, those found, findings, those that are planted."""
        in_slots = ("gap", "negative", "above_limit", "conflict", "zero_run", "spike")
        table = {}
        for rule, kinds in RULES.items():
            planted = [fault for kind in kinds for fault in faults[kind]]
            found = billed.query("SELECT * FROM exceptions WHERE rule = ? AND month = '2026-01'", rule)

            def meet(fault, finding, by_slot=rule in in_slots):
                if fault["service_point_id"] != finding["service_point_id"]:
                    return False
                if not by_slot or cls.interval(billed, fault["service_point_id"]) != 30:
                    return True
                one, two = (
                    _slots(fault, fault["slot_from"], fault["slot_to"]),
                    _slots(finding, finding["slot_from"], finding["slot_to"]),
                )
                return one[0] < two[1] and two[0] < one[1]

            hits = sum(any(meet(fault, finding) for finding in found) for fault in planted)
            right = sum(any(meet(fault, finding) for fault in planted) for finding in found)
            table[rule] = (len(planted), hits, len(found), right)
        return table

    @staticmethod
    def interval(billed, service_point_id):
        rows = billed.query("SELECT interval_minutes FROM service_points WHERE service_point_id = ?", service_point_id)
        return rows[0]["interval_minutes"] if rows else 30

    def test_prints_what_it_found(self, compared, capsys):
        with capsys.disabled():
            print(f"\n{'rule':24}{'planted':>9}{'found':>7}{'recall':>8}{'findings':>10}{'right':>7}{'precision':>11}")  # noqa: T201 - a table for people
            for rule, (planted, hits, findings, right) in compared.items():
                recall, precision = hits / planted, right / max(findings, 1)
                print(f"{rule:24}{planted:9}{hits:7}{recall:8.0%}{findings:10}{right:7}{precision:11.0%}")  # noqa: T201 - a table for people

    @pytest.mark.parametrize("rule", RULES)
    def test_finds_every_fault(self, compared, rule):
        planted, hits, _, _ = compared[rule]
        assert planted
        assert hits == planted

    @pytest.mark.parametrize("rule", CERTAIN)
    def test_finds_nothing_that_is_none(self, compared, rule):
        _, _, findings, right = compared[rule]
        assert right == findings

    def test_finds_nothing_in_days_that_nobody_was_to_deliver(self, billed):
        # the history begins on 4 December and ends on 3 February; nobody asked for those months
        assert billed.query("SELECT * FROM exceptions WHERE rule IN ('gap', 'no_estimate') AND month <> '2026-01'") == []

    def test_a_dip_that_recovers_and_data_that_come_late_or_twice_are_no_findings(self, billed, faults):
        quiet = [
            fault["service_point_id"]
            for kind in ("index_dip", "late_arrival", "late_version", "duplicate_rows")
            for fault in faults[kind]
        ]
        rows = billed.query("SELECT service_point_id, rule FROM exceptions WHERE severity <> 'info' AND rule <> 'spike'")
        assert quiet
        assert [row for row in rows if row["service_point_id"] in quiet] == []


BUSINESS = (READINGS_DAILY, EXCEPTIONS, USAGE, BILLS, CHARGE_LINES)


class TestTheSameFilesInOtherPortions:
    """Twenty service points: everything at once, or month by month, the later one first."""

    @pytest.fixture(scope="class")
    @classmethod
    def twenty(cls, tmp_path_factory):
        return write_utility(tmp_path_factory.mktemp("twenty"), seed=5, service_points=20)

    @pytest.fixture(scope="class")
    @classmethod
    def rows_of(cls, twenty, tmp_path_factory):
        """Business rows after some deliveries, each of them validated, and the run that bills."""

        def play(portions):
            stage = Stage.at(tmp_path_factory.mktemp("portions") / "store", buckets=2, zone="Australia/Sydney", currency="AUD")
            stage.load(*sorted(twenty.masterdata.iterdir()), *sorted(twenty.tariffs.iterdir()))
            for files in portions[:-1]:
                stage.run(files)
            stage.run(portions[-1], month="2026-01", as_at=AS_AT)
            snapshot = stage.store.snapshot()
            columns = {table: [name for name in table.schema.names if name != "run_id"] for table in BUSINESS}
            return {table.name: sorted(snapshot.read(table, columns=columns[table]).to_pylist(), key=repr) for table in BUSINESS}

        return play

    @pytest.fixture(scope="class")
    @classmethod
    def at_once(cls, twenty, rows_of):
        return rows_of([sorted(twenty.inbox.iterdir())])

    @pytest.mark.parametrize("table", [table.name for table in BUSINESS])
    def test_there_is_something_to_compare(self, at_once, table):
        assert at_once[table]

    def test_are_the_same_rows_when_history_comes_after_the_month(self, twenty, rows_of, at_once):
        files = sorted(twenty.inbox.iterdir())
        history = [file for file in files if file.name.startswith("nem12_2025")]
        found = rows_of([[file for file in files if file not in history], history, []])
        assert [name for name in found if found[name] != at_once[name]] == []

    def test_are_the_same_rows_when_each_file_comes_alone_in_another_order(self, twenty, rows_of, at_once):
        files = sorted(twenty.inbox.iterdir())
        files = files[-2::-2] + files[::-2]
        found = rows_of([*([file] for file in files[:4]), files[4:]])
        assert [name for name in found if found[name] != at_once[name]] == []
