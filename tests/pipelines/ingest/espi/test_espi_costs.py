"""What the sender charged and totalled: beside the readings, never among them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.verify import verify
from tests.pipelines.ingest.espi.feeds import (
    IDENTITY,
    POINT,
    START,
    UPDATED,
    block,
    entry,
    feed,
    leaves,
    meter_reading,
    read,
    reading,
    reading_type,
    resource,
    simple,
    usage_point,
    values,
    warned,
)
from tests.scenarios.stage import Stage

DAY = 86_400


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def measure(name: str, value: object, uom: object = 72, multiplier: object = 0, stamp: object = None) -> str:
    return f"<{name}>{leaves(powerOfTenMultiplier=multiplier, timeStamp=stamp, uom=uom, value=value)}</{name}>"


def summary(*content: str, name: str = "UsageSummary", own: str = f"{POINT}/UsageSummary/1", currency: object = 840) -> str:
    period = f"<billingPeriod>{leaves(duration=30 * DAY, start=START)}</billingPeriod>"
    return entry(resource(name, period + "".join(content) + leaves(currency=currency, statusTimeStamp=START + 40 * DAY)), own)


def line_item(*content: str) -> str:
    return f"<costAdditionalDetailLastPeriod>{''.join(content)}</costAdditionalDetailLastPeriod>"


def costs(parsed) -> list[dict[str, object]]:
    return parsed.costs.to_pylist()


def items(data: bytes) -> dict[str, dict[str, object]]:
    return {row["item"]: row for row in costs(read(data))}


class TestOfAReading:
    def test_it_is_in_hundred_thousandths_whatever_the_multiplier_of_the_energy(self):
        # home-assistant-green-button issue 6: cost scaled with the multiplier of the energy
        parsed = read(simple(reading(450, cost=974), powerOfTenMultiplier=3))
        (row,) = costs(parsed)
        assert (row["amount"], row["currency"], values(parsed)) == (Decimal("0.00974"), "USD", [Decimal(450)])

    def test_it_says_whose_it_is_and_when(self):
        (row,) = costs(read(simple(reading(cost=1))))
        assert (row["service_point_id"], row["channel"], row["item"]) == (IDENTITY, "01/1.72", "interval_cost")
        assert (row["period_from"], row["period_to"]) == (instant(START), instant(START + 3600))
        assert (row["record"], row["version"]) == ("entry/5/IntervalReading/1", datetime(2026, 2, 1, tzinfo=UTC))

    def test_it_is_no_row(self):
        assert read(simple(reading(cost=1), reading(2, START + 3600, cost=0))).rows_read == 2

    def test_a_credit_is_below_zero(self):
        assert costs(read(simple(reading(cost=-5))))[0]["amount"] == Decimal("-0.00005")

    def test_a_cost_without_a_value_is_kept(self):
        parsed = read(simple(reading(None, duration=DAY, cost=7)))
        assert (parsed.rows_read, len(costs(parsed))) == (0, 1)

    @pytest.mark.parametrize("text", ["free", "9" * 30])
    def test_what_is_no_amount_is_left_out_and_told(self, text):
        parsed = read(simple(reading(cost=text)))
        assert (costs(parsed), warned(parsed), len(values(parsed))) == ([], ["cost.invalid"], 1)

    @pytest.mark.parametrize(
        ("number", "currency", "warnings"),
        [(124, "CAD", []), ("036", "AUD", []), (None, None, []), (0, None, []), (999, None, ["code.unknown"])],
    )
    def test_its_currency_is_that_of_the_type(self, number, currency, warnings):
        parsed = read(simple(reading(cost=1), currency=number))
        assert (costs(parsed)[0]["currency"], warned(parsed)) == (currency, warnings)


class TestOfASummary:
    def test_amounts_of_the_billing_period(self):
        found = items(feed(usage_point(), summary(leaves(billLastPeriod=15252000, costAdditionalLastPeriod=-1346000))))
        assert {name: (row["amount"], row["currency"]) for name, row in found.items()} == {
            "bill_last_period": (Decimal("152.52"), "USD"),
            "cost_additional_last_period": (Decimal("-13.46"), "USD"),
        }
        assert {(row["service_point_id"], row["period_from"], row["period_to"]) for row in found.values()} == {
            (IDENTITY, instant(START), instant(START + 30 * DAY))
        }

    def test_totals_have_the_unit_and_multiplier_of_their_own(self):
        found = items(feed(usage_point(), summary(measure("overallConsumptionLastPeriod", 146000000, multiplier=-3))))
        (row,) = found.values()
        assert (row["item"], row["quantity"], row["unit"]) == ("overall_consumption_last_period", 146, "kWh")
        assert (row["amount"], row["currency"]) == (None, None)

    def test_what_goes_beyond_the_period_is_said_of_its_moment(self):
        beyond = measure("currentBillingPeriodOverAllConsumption", 93026, stamp=START + 35 * DAY)
        found = items(feed(usage_point(), summary(leaves(billToDate=1149000), beyond)))
        assert {name: (row["period_from"], row["period_to"]) for name, row in found.items()} == {
            "bill_to_date": (None, instant(START + 40 * DAY)),
            "current_billing_period_over_all_consumption": (None, instant(START + 35 * DAY)),
        }

    def test_each_line_item_has_its_words_kind_and_period(self):
        first = measure("measurement", 100, multiplier=3) + f"<itemPeriod>{leaves(duration=DAY, start=START)}</itemPeriod>"
        second = measure("measurement", 960000, 38, -3)
        lines = [
            line_item(leaves(amount=1200000, note="Part Peak", itemKind=3), first),
            line_item(leaves(amount=77000, note="Max Demand", itemKind=3), second),
            line_item(leaves(amount=480000, note="Customer")),
        ]
        found = costs(read(feed(usage_point(), summary(*lines))))
        assert [(row["note"], row["native_code"], row["amount"], row["quantity"], row["unit"]) for row in found] == [
            ("Part Peak", "3", 12, 100, "kWh"),
            ("Max Demand", "3", Decimal("0.77"), Decimal("0.96"), "kW"),
            ("Customer", None, Decimal("4.8"), None, None),
        ]
        assert [row["period_to"] for row in found] == [instant(START + DAY), *[instant(START + 30 * DAY)] * 2]

    @pytest.mark.parametrize("name", ["UsageSummary", "ElectricPowerUsageSummary"])
    def test_both_generations_are_read_and_are_no_rows(self, name):
        parsed = read(feed(usage_point(), summary(leaves(billLastPeriod=1), name=name, own=f"{POINT}/{name}/1")))
        assert (parsed.rows_read, len(costs(parsed)), warned(parsed)) == (0, 1, ["readings.none"])

    def test_it_may_stand_before_its_usage_point(self):
        parts = (summary(leaves(billLastPeriod=1)), usage_point())
        assert [row["service_point_id"] for row in costs(read(feed(*parts)))] == [IDENTITY]

    def test_without_a_usage_point_it_belongs_to_the_path_it_names(self):
        assert [row["service_point_id"] for row in costs(read(feed(summary(leaves(billLastPeriod=1)))))] == [POINT.strip("/")]

    def test_a_total_in_a_unit_nobody_knows_is_left_out_and_told(self):
        parsed = read(feed(usage_point(), summary(measure("peakDemand", 5, uom=999))))
        assert (costs(parsed), warned(parsed)) == ([], ["cost.invalid", "readings.none"])

    def test_one_that_could_be_anybodys_is_left_out_and_told(self):
        second = usage_point(f"{POINT}8", identity="5a0c7e7e-0000-4000-8000-000000000008")
        content = resource("UsageSummary", leaves(billLastPeriod=1))
        parsed = read(feed(usage_point(), second, entry(content)))
        assert (costs(parsed), warned(parsed)) == ([], ["summary.unread", "readings.none"])


def priced(point: int, cost: int, updated: str, *more: str) -> bytes:
    """A feed of one hour of a service point and its cost."""
    own = f"/UsagePoint/{point}"
    below = f"{own}/MeterReading/01"
    return feed(
        usage_point(own, identity=""), meter_reading(below), reading_type(),
        block(reading(cost=cost), own=f"{below}/IntervalBlock/1", updated=updated), *more,
    )  # fmt: skip


FEE = line_item(leaves(amount=480000, note="Fee"))
FILES = {
    "once.xml": priced(1, 974, UPDATED),
    "copied.xml": priced(2, 974, UPDATED),
    "copy.xml": b"<!-- again -->" + priced(2, 974, UPDATED).partition(b"?>")[2],
    "new.xml": priced(3, 500, "2026-03-01T00:00:00Z"),
    "old.xml": priced(3, 974, "2026-02-01T00:00:00Z"),
    "fees.xml": priced(4, 1, UPDATED, summary(FEE, FEE, own="/UsagePoint/4/UsageSummary/1")),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A store that was given the files, in one run."""
    folder = tmp_path_factory.mktemp("delivered")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    made = Stage.at(tmp_path_factory.mktemp("costs") / "store")
    request = FlowRequest("ingest", tuple(folder / name for name in FILES), validates=False, workers=1)
    made.reports.append(run_flow(made.store, request, made.now))
    return made


class TestInTheStore:
    def test_costs_are_found_beside_the_readings(self, stage):
        query = """
            SELECT item, amount, currency, record, name FROM delivered_costs JOIN files USING (file_id) WHERE service_point_id = ?
        """
        assert stage.query(query, "UsagePoint/1") == [
            {
                "item": "interval_cost",
                "amount": Decimal("0.00974"),
                "currency": "USD",
                "record": "entry/4/IntervalReading/1",
                "name": "once.xml",
            }
        ]

    def test_they_are_no_rows_of_their_file(self, stage):
        told = stage.query("SELECT rows_read, rows_accepted FROM files WHERE name = 'fees.xml'")
        assert told == [{"rows_read": 1, "rows_accepted": 1}]

    def test_a_copy_in_another_file_is_shown_once_and_kept(self, stage):
        kept = "SELECT count(*) FROM store.delivered_costs WHERE service_point_id = 'UsagePoint/2'"
        rows = stage.query(
            f"SELECT count(*) AS shown, ({kept}) AS kept FROM delivered_costs WHERE service_point_id = 'UsagePoint/2'"
        )
        assert rows == [{"shown": 1, "kept": 2}]

    def test_the_newest_version_is_shown(self, stage):
        rows = stage.query("SELECT amount FROM delivered_costs WHERE service_point_id = 'UsagePoint/3'")
        assert rows == [{"amount": Decimal("0.005")}]

    def test_two_equal_fees_of_one_bill_are_two(self, stage):
        rows = stage.query("SELECT sum(amount) AS total, count(*) AS n FROM delivered_costs WHERE note = 'Fee'")
        assert rows == [{"total": Decimal("9.6"), "n": 2}]

    def test_every_file_of_the_store_is_whole(self, stage):
        assert verify(stage.store).problems == []
