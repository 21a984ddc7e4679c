"""What a billing period hands to the next, played through the whole flow.

The engine here is a stand-in: it prices the tariff without its yearly minimum and hands on what the year has come to so far, so
that each bill says what all bills before it came to.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from pipelines.bill import documents
from pipelines.bill.carried_state import columns_of, exact_column, states_of
from pipelines.bill.settle import settle_bucket
from pipelines.ingest.delivered_files import Delivery
from pipelines.operations.flow import FlowRequest, make_plan
from pipelines.operations.release import release
from pipelines.plan import BillingRequest
from pipelines.results import BucketResult, publish
from schemas.bills import BILLS, HOLDS
from schemas.errors import InputRefusedError
from schemas.periods import month_dates
from schemas.usage import CARRIED_STATE
from tariffs.charges.minimum import MinimumCharge
from tariffs.exact import Exact, total_of
from tariffs.model import Tariff, Version
from tariffs.rating import rate
from tests.scenarios.deliveries import write_delivery
from tests.scenarios.stage import Stage, text_of

SUM = "minimum|floor|2026"
AS_AT = date(2026, 5, 20)
MASTER = {
    "service_points": "service_point_id,zone,commodity,billing_basis,interval_minutes,fuse_kw\n"
    "SYN0000001,Australia/Brisbane,electricity,interval,30,15\nSYN0000002,Australia/Brisbane,electricity,interval,30,15\n",
    "meters": "meter_id,service_point_id,installed_from\nM1,SYN0000001,2020-01-01\nM2,SYN0000002,2020-01-01\n",
    "accounts": "account_id,customer_id,currency\nC1,P1,AUD\n",
    "agreements": "agreement_id,account_id,service_point_id,role,tariff_id,valid_from\n"
    "A1,C1,SYN0000001,supply,home,2026-02-01\nA2,C1,SYN0000002,supply,home,2019-07-01\n",
}
"""A1 begins in February, A2 was somewhere else before."""
TARIFF = """\
tariff: %s
currency: AUD
clock: Australia/Brisbane
versions:
- from: 2020-01-01
  charges:
  - {id: usage, kind: energy, price: "%s"}
"""
FLOOR = '  - {id: floor, kind: minimum, amount: "5000", per: year}\n'
HEAD = "service_point_id,meter_id,channel,day,pattern"


def without_floor(inputs):
    """Rate a tariff without its yearly minimum, and hand on what its bills have come to."""
    tariff = inputs.tariff
    versions = []
    for version in tariff.versions:
        parts = {name: getattr(version, name) for name in Version.model_fields}
        charges = tuple(charge for charge in version.charges if not isinstance(charge, MinimumCharge))
        versions.append(Version.model_construct(**parts | {"charges": charges}))
    parts = {name: getattr(tariff, name) for name in Tariff.model_fields}
    rated = rate(replace(inputs, tariff=Tariff.model_construct(**parts | {"versions": tuple(versions)})))
    rows = len(inputs.export_taxed)
    total = exact_column(rated.total.to_pylist())
    before = inputs.carried.get(SUM, Exact(np.zeros(rows, dtype=np.int64), 0))
    return replace(rated, carried={SUM: total_of([before, total], rows)})


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    monkeypatch.setattr(documents, "rate", without_floor)


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


@pytest.fixture(scope="module")
def _delivered(tmp_path_factory):
    """A store with master data, the tariff, and 24 kWh a day from February to April."""
    root = tmp_path_factory.mktemp("state")
    stage = Stage.at(root / "store", zone="Australia/Brisbane", currency="AUD")
    stage.load(*(put(root, f"{name}.csv", text) for name, text in MASTER.items()))
    stage.load(put(root, "tariff.yaml", TARIFF % ("home", "0.10") + FLOOR), put(root, "plain.yaml", TARIFF % ("plain", "0.10")))
    deliver(stage, root, "2026-02-01..2026-04-30,48x0.5")
    return root / "store"


@pytest.fixture
def stage(_delivered, tmp_path):
    shutil.copytree(_delivered, tmp_path / "store")
    return Stage.at(tmp_path / "store", zone="Australia/Brisbane", currency="AUD")


def deliver(stage, folder, day, version=None):
    """Deliver what M1 and M2 counted, validated."""
    head, tail = (f"{HEAD},version", f",{version}") if version else (HEAD, "")
    rows = "\n".join(f"SYN000000{number},M{number},E1,{day}{tail}" for number in (1, 2))
    number = len(stage.reports)
    stage.run(write_delivery([put(folder / "made", f"d{number}.csv", f"{head}\n{rows}\n")], folder / f"in{number}"))


def late(stage, folder, day):
    """Deliver a newer version."""
    deliver(stage, folder, day, version="2026-05-15T10:00:00+10:00")


def bill(stage, *months):
    """Settle and publish months that are validated, without the graph around it; return what the runs counted."""
    counted = []
    for month in months:
        request = FlowRequest("bill.run", billing=BillingRequest(*month_dates(month), AS_AT))
        plan = make_plan(stage.store, stage.store.snapshot(), request, Delivery((), ()), stage.now)
        result = settle_bucket(plan, BucketResult(0))
        publish(plan, "bill.run", [], [result], stage.now())
        counted.append(result.counters)
    return counted


def rows_of(stage, table, agreement):
    """Return the rows of an agreement in order of their periods."""
    rows = stage.store.snapshot().read(table, filters=pc.field("agreement_id") == agreement).to_pylist()
    return sorted(rows, key=lambda row: row["period_from"])


def bills(stage, agreement="A1"):
    """Return begin, total, what it was handed and what it hands on of each bill."""
    states = {row["period_from"]: row for row in rows_of(stage, CARRIED_STATE, agreement)}
    found = []
    for row in rows_of(stage, BILLS, agreement):
        state = states.get(row["period_from"], {"opening": None, "closing": None})
        values = (row["total"], state["opening"], state["closing"])
        found.append((row["period_from"].isoformat()[5:], *map(text_of, values)))
    return found


def held(stage, agreement="A1"):
    rows = rows_of(stage, HOLDS, agreement)
    return [(row["period_from"].isoformat()[5:], row["code"]) for row in rows if row["status"] == "open"]


FEBRUARY, MARCH, APRIL = ("02-01", "67.2", "0", "67.2"), ("03-01", "74.4", "67.2", "141.6"), ("04-01", "72", "141.6", "213.6")
"""28, 31 and 30 days of 24 kWh at ten cents."""


class TestOrder:
    def test_each_month_goes_on_from_the_one_before(self, stage):
        bill(stage, "2026-02", "2026-03", "2026-04")
        assert bills(stage) == [FEBRUARY, MARCH, APRIL]

    def test_a_month_whose_month_before_is_not_billed_is_held(self, stage):
        bill(stage, "2026-03")
        assert (bills(stage), held(stage)) == ([], [("03-01", "previous.missing")])

    def test_months_out_of_order_give_the_same_bills(self, stage):
        bill(stage, "2026-04", "2026-03", "2026-02", "2026-04", "2026-03", "2026-04")
        assert (bills(stage), held(stage)) == ([FEBRUARY, MARCH, APRIL], [])

    def test_the_same_month_again_changes_nothing(self, stage):
        *_, again = bill(stage, "2026-02", "2026-03", "2026-03")
        assert (bills(stage), again["bills_made"]) == ([FEBRUARY, MARCH], 0)

    def test_a_later_draft_stays_until_its_month_is_billed_again(self, stage, tmp_path):
        bill(stage, "2026-02", "2026-03")
        late(stage, tmp_path, "2026-02-28,48x1.0")
        bill(stage, "2026-02")
        changed = ("02-01", "69.6", "0", "69.6")
        assert bills(stage) == [changed, MARCH]
        bill(stage, "2026-03")
        assert bills(stage) == [changed, ("03-01", "74.4", "69.6", "144")]

    def test_a_final_bill_stays_as_it_is_and_is_told_to_be_a_candidate(self, stage, tmp_path):
        bill(stage, "2026-02", "2026-03")
        stage.release()
        late(stage, tmp_path, "2026-02-28,48x1.0")
        counted = bill(stage, "2026-02", "2026-03", "2026-04")
        assert bills(stage) == [FEBRUARY, MARCH, APRIL]
        assert [counters["rebill_candidates"] for counters in counted] == [1, 0, 0]

    def test_a_month_whose_month_before_is_held_now_is_held_too(self, stage, tmp_path):
        bill(stage, "2026-02", "2026-03")
        late(stage, tmp_path, "2026-02-10..2026-02-25,48xN")
        bill(stage, "2026-02", "2026-03")
        assert [code for _, code in held(stage)][1:] == ["previous.missing"]
        assert bills(stage) == []


class TestOpening:
    def load(self, stage, folder, agreement, as_of, value):
        stage.load(put(folder, "opening_state.csv", f"agreement_id,name,value,as_of\n{agreement},{SUM},{value},{as_of}\n"))

    def test_an_agreement_that_is_older_than_its_bills_is_held(self, stage):
        bill(stage, "2026-02")
        assert held(stage, "A2") == [("02-01", "previous.missing")]

    def test_opening_values_are_what_the_first_month_is_handed(self, stage, tmp_path):
        self.load(stage, tmp_path, "A2", "2026-02-01", "1000.50")
        bill(stage, "2026-02", "2026-03")
        assert bills(stage, "A2") == [("02-01", "67.2", "1000.5", "1067.7"), ("03-01", "74.4", "1067.7", "1142.1")]

    def test_zero_is_an_opening_value_too(self, stage, tmp_path):
        self.load(stage, tmp_path, "A2", "2026-02-01", "0")
        bill(stage, "2026-02")
        assert bills(stage, "A2") == [FEBRUARY]

    @pytest.mark.parametrize("as_of", ["2026-01-31", "2026-02-02"])
    def test_of_another_day_they_are_of_no_use(self, stage, tmp_path, as_of):
        self.load(stage, tmp_path, "A2", as_of, "5")
        bill(stage, "2026-02")
        assert held(stage, "A2") == [("02-01", "previous.missing")]

    def test_they_count_before_the_bill_of_the_month_before(self, stage, tmp_path):
        bill(stage, "2026-02", "2026-03")
        self.load(stage, tmp_path, "A1", "2026-03-01", "7")
        bill(stage, "2026-03")
        assert bills(stage) == [FEBRUARY, ("03-01", "74.4", "7", "81.4")]


class TestTwoRowsOfAnAgreement:
    ROWS = (
        "agreement_id,account_id,service_point_id,role,tariff_id,valid_from,valid_to\n"
        "A1,C1,SYN0000001,supply,home,2026-02-01,2026-03-11\nA1,C1,SYN0000001,supply,{},2026-03-11,\n"
    )

    def test_the_second_part_of_a_month_goes_on_from_the_first_in_the_same_run(self, stage, tmp_path):
        stage.load(put(tmp_path, "tariff2.yaml", TARIFF % ("later", "0.20") + FLOOR))
        stage.load(put(tmp_path, "agreements.csv", self.ROWS.format("later")))
        bill(stage, "2026-02", "2026-03")
        # ten days of 2.40, then 21 days of 4.80
        assert bills(stage) == [FEBRUARY, ("03-01", "24", "67.2", "91.2"), ("03-11", "100.8", "91.2", "192")]

    @pytest.fixture
    def parted(self, stage, tmp_path):
        """February, and March in two parts of ten and 21 days."""
        stage.load(put(tmp_path, "tariff2.yaml", TARIFF % ("later", "0.20") + FLOOR))
        stage.load(put(tmp_path, "agreements.csv", self.ROWS.format("later")))
        bill(stage, "2026-02", "2026-03")
        return stage

    def test_of_a_first_part_that_is_final_the_second_goes_on_as_it_stands(self, parted, tmp_path):
        first = [row["bill_id"] for row in rows_of(parted, BILLS, "A1")][:2]
        release(parted.store, first, parted.now)
        late(parted, tmp_path, "2026-03-05,48x1.0")
        bill(parted, "2026-03")
        assert bills(parted)[1:] == [("03-01", "24", "67.2", "91.2"), ("03-11", "100.8", "91.2", "192")]

    def test_of_a_first_part_that_is_held_now_the_second_does_not_go_on(self, parted, tmp_path):
        late(parted, tmp_path, "2026-03-01..2026-03-10,48xN")
        bill(parted, "2026-03")
        assert ([code for _, code in held(parted)][1:], bills(parted)) == (["previous.missing"], [FEBRUARY])

    def test_what_a_tariff_has_no_use_for_goes_through_its_bills(self, stage, tmp_path):
        stage.load(put(tmp_path, "agreements.csv", self.ROWS.format("plain")))
        bill(stage, "2026-02", "2026-03", "2026-04")
        assert bills(stage)[1:] == [
            ("03-01", "24", "67.2", "91.2"),
            ("03-11", "50.4", "91.2", "91.2"),
            ("04-01", "72", "91.2", "91.2"),
        ]


class TestRelease:
    def names(self, stage, *days):
        return [row["bill_id"] for row in rows_of(stage, BILLS, "A1") if row["period_from"].isoformat()[5:] in days]

    def statuses(self, stage):
        return [row["status"] for row in rows_of(stage, BILLS, "A1")]

    def release(self, stage, names):
        return release(stage.store, names, stage.now)

    def test_a_month_waits_for_the_one_that_it_goes_on_from(self, stage):
        bill(stage, "2026-02", "2026-03")
        with pytest.raises(InputRefusedError) as caught:
            self.release(stage, self.names(stage, "03-01"))
        assert caught.value.code == "bill.waits"
        assert self.statuses(stage) == ["draft", "draft"]

    def test_both_together_are_released(self, stage):
        bill(stage, "2026-02", "2026-03")
        self.release(stage, self.names(stage, "02-01", "03-01"))
        assert self.statuses(stage) == ["final", "final"]

    def test_a_draft_that_is_out_of_date_is_left_and_told(self, stage, tmp_path):
        bill(stage, "2026-02", "2026-03", "2026-04")
        late(stage, tmp_path, "2026-02-28,48x1.0")
        bill(stage, "2026-02")
        report = self.release(stage, None)
        march, april = self.names(stage, "03-01", "04-01")
        assert (len(report.released), list(report.waiting)) == (1, [march, april])
        assert "hands on something else now" in report.waiting[march]
        assert "is a draft" in report.waiting[april]
        assert self.statuses(stage) == ["final", "draft", "draft"]

    def test_drafts_of_a_tariff_that_hands_nothing_on_wait_for_nobody(self, stage, tmp_path):
        stage.load(put(tmp_path, "agreements.csv", MASTER["agreements"].replace("supply,home", "supply,plain")))
        bill(stage, "2026-02", "2026-03")
        assert self.release(stage, self.names(stage, "03-01")).waiting == {}
        assert self.statuses(stage) == ["draft", "final"]


class TestColumns:
    def test_a_name_that_an_agreement_does_not_have_is_zero(self):
        assert columns_of([{"a": Decimal("1.5")}, {"b": Decimal(2)}])["a"].values.tolist() == [15, 0]

    @pytest.mark.parametrize(
        ("texts", "values", "scale"),
        [
            (["0"], [0], 0),
            (["0E-18", "100"], [0, 100], 0),
            (["1.50", "-0.125"], [1500, -125], 3),
            (["1E+2", "0.1"], [1000, 1], 1),
            (["12345678901.123456789012345678"], [12345678901123456789012345678], 18),
        ],
    )
    def test_decimals_are_never_rounded(self, texts, values, scale):
        assert exact_column([Decimal(text) for text in texts]) == Exact(
            pytest.approx(np.array(values, dtype=object), abs=0), scale
        )

    def test_and_come_back_as_they_were(self):
        states = [{"a": Decimal("12345678901.123456789012345678")}, {"a": Decimal("-0.1"), "b": Decimal(3)}, {}]
        assert states_of(columns_of(states), 3) == states
