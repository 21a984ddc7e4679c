"""Bills rated again by another engine: here a small one that knows charges by the day, energy and tax; and one that lies.

The home uses 101 Wh in the first half hour of each day, 102 in the second, and so on: 4.112 kWh a day from 06:00 to 22:00,
127.472 kWh in March.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from pipelines.bill import cross_check
from pipelines.bill.cross_check import candidates_in_bucket, chosen, offer, require_agreement
from pipelines.bill.documents import draw_up
from pipelines.bill.due import LoadedTariff
from pipelines.bill.interval_basis import measure
from pipelines.bill.sample import Sample
from pipelines.bill.terms import Terms
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.plan import BillingRequest
from schemas.errors import InvariantError
from tariffs.calendar import Combo
from tariffs.exact import Exact
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate
from tests.scenarios.deliveries import write_delivery
from tests.scenarios.stage import Stage

BRISBANE = timedelta(hours=10)
IN_FORCE = date(2020, 1, 1)
PERIODS = '  periods: {day: [{days: all, from: "06:00", to: "22:00"}], night: [{else: true}]}\n'
CHARGES = (
    '{id: supply, kind: fixed, price: "1", per: day}, {id: usage, kind: energy, price: {day: "0.3", night: "0.1"}}, '
    '{id: gst, kind: tax, of: [supply, usage], percent: "10"}'
)


class Interval(NamedTuple):
    start: datetime
    minutes: int
    use: dict[str, Fraction]


@dataclass(frozen=True)
class Agreement:
    facts: dict[str, Fraction]
    options: frozenset[str]
    export_taxed: bool
    started: bool
    ended: bool


def cents(value):
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return Fraction(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def line(charge_id, kind, band, quantity, unit, price):
    amount = quantity * price
    return SimpleNamespace(
        charge_id=charge_id, kind=kind, band=band, tier=None, version=IN_FORCE, quantity=quantity, unit=unit, price=price,
        amount=amount, amount_rounded=cents(amount),
    )  # fmt: skip


class Engine:
    """An engine of its own: interval by interval."""

    Interval, Agreement = Interval, Agreement

    def __init__(self, **wrong):
        self.calls, self.sums = [], []
        self.wrong = wrong

    def bill(self, tariff, intervals, *, agreement, carried, series, **period):
        self.calls.append(SimpleNamespace(intervals=intervals, agreement=agreement, carried=carried, series=series, **period))
        used = {"day": Fraction(0), "night": Fraction(0)}
        for interval in intervals:
            hour = (interval.start + BRISBANE).hour
            used["day" if 6 <= hour < 22 else "night"] += interval.use["import_kwh"]
        return self._bill(used, period)

    def bill_sums(self, tariff, sums, *, agreement, carried, series, **period):
        self.sums.append(sums)
        return self._bill({band: kwh for (_, band), kwh in sums["import_kwh"].items()}, period)

    def _bill(self, used, period):
        lines = [line("supply", "fixed", None, Fraction((period["ends_at"] - period["starts_at"]).days), "day", Fraction(1))]
        prices = {"day": Fraction(3, 10), "night": Fraction(1, 10)}
        lines += [line("usage", "energy", band, kwh, "kWh", prices[band]) for band, kwh in used.items() if kwh]
        base = sum(each.amount_rounded for each in lines)
        lines.append(line("gst", "tax", None, base, "AUD", Fraction(1, 10)))
        for name, value in self.wrong.items():
            setattr(lines[1], name, value)
        total = sum(each.amount for each in lines)
        rounded = sum(each.amount_rounded for each in lines)
        return SimpleNamespace(lines=lines, total=total, total_rounded=rounded, carried={})


@pytest.fixture
def engine(monkeypatch):
    """Put an engine where the reference engine is looked for."""

    def plug(made):
        monkeypatch.setattr(cross_check, "reference_engine", lambda: made)
        return made

    return plug


@pytest.fixture
def drawn(due_of, plan_of, tariff_of, master_of, daily, march):
    """The bill of a home that used another quantity in every slot of the day, and the way to its intervals."""

    def make(number=1, **terms):
        tariff = tariff_of(CHARGES, more=PERIODS)
        due = due_of(agreement_id=f"A{number}")
        rows = daily({"day": march, "values": [100 + number + slot for slot in range(48)]})
        made = draw_up(
            measure([due], tariff, rows, master_of()), LoadedTariff(tariff, "f" * 64), plan_of(), 0, terms.get("terms")
        )
        return made, lambda _: measure([due], tariff, rows, master_of(), with_intervals=True).timeline

    return make


def sample_of(*groups):
    return offer(groups, 10)


class TestAgreement:
    def test_two_engines_that_agree_say_nothing(self, drawn, engine):
        plugged = engine(Engine())
        require_agreement(sample_of(drawn()))
        (call,) = plugged.calls
        assert (len(call.intervals), call.intervals[0].minutes) == (31 * 48, 30)
        assert call.intervals[0] == Interval(datetime(2026, 2, 28, 14, tzinfo=UTC), 30, {"import_kwh": Fraction(101, 1000)})

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            pytest.param(
                {"amount_rounded": Fraction(1)},
                "line usage energy day: amount_rounded 38.24, by the reference engine 1",
                id="rounded",
            ),
            pytest.param({"amount": Fraction(1)}, "amount 38.2416, by the reference engine 1", id="exact"),
            pytest.param({"quantity": Fraction(1)}, "quantity 127.472, by the reference engine 1", id="quantity"),
            pytest.param(
                {"band": "evening"}, "line usage energy day: amount_rounded 38.24, by the reference engine 0", id="another line"
            ),
            pytest.param({"version": date(2021, 1, 1)}, "amount_rounded", id="another version"),
            pytest.param(
                {"amount_rounded": Fraction("38.25")}, "amount_rounded 38.24, by the reference engine 38.25", id="one cent"
            ),
            pytest.param({"amount": Fraction("38.241600002")}, "amount 38.2416, by the", id="two billionths of an amount"),
            pytest.param({"quantity": Fraction("127.472000002")}, "quantity 127.472, by the", id="two billionths of a kWh"),
        ],
    )
    def test_a_disagreement_names_bill_line_and_both_amounts(self, drawn, engine, wrong, says):
        engine(Engine(**wrong))
        made = drawn()
        with pytest.raises(InvariantError) as caught:
            require_agreement(sample_of(made))
        assert caught.value.code == "cross_check.differs"
        assert made[0].bills["bill_id"][0].as_py() in caught.value.message
        assert says in caught.value.message

    def test_a_quotient_with_other_decimals_is_the_same(self, drawn, engine):
        engine(Engine(quantity=Fraction(127472, 1000) + Fraction(1, 10**10)))
        require_agreement(sample_of(drawn()))

    def test_state_facts_options_and_borders_are_handed_over(self, drawn, engine):
        plugged = engine(Engine())
        (sample,) = sample_of(drawn())
        more = replace(
            sample.inputs,
            carried={"bank.money": Exact(np.array([125]), 1)},
            facts={"contracted_kw": Exact(np.array([50]), 0)},
            options={"low_income": np.array([True]), "other": np.array([False])},
            started=np.array([True]),
        )
        require_agreement([replace(sample, inputs=more)])
        (call,) = plugged.calls
        assert call.carried == {"bank.money": Fraction(25, 2)}
        assert call.agreement == Agreement(
            facts={"contracted_kw": Fraction(50)},
            options=frozenset({"low_income"}),
            export_taxed=False,
            started=True,
            ended=False,
        )

    def test_what_only_one_hands_on_is_a_disagreement(self, drawn, engine):
        engine(Engine())
        (sample,) = sample_of(drawn())
        with pytest.raises(InvariantError) as caught:
            require_agreement([replace(sample, carried={"bank.money": Decimal("12.5")})])
        assert "carried bank.money 12.5, by the reference engine 0" in caught.value.message

    def test_no_sample_asks_no_engine(self):
        require_agreement([])


class TestSample:
    def test_the_lowest_ids_are_taken_whatever_the_order(self, drawn):
        groups = [drawn(number) for number in range(1, 6)]
        ids = sorted(made.bills["bill_id"][0].as_py() for made, _ in groups)
        assert [sample.bill_id for sample in offer(groups, 2)] == ids[:2]
        assert [sample.bill_id for sample in offer(groups[::-1], 2)] == ids[:2]
        assert [sample.bill_id for sample in chosen(sample_of(*groups)[::-1], 3)] == ids[:3]

    @pytest.mark.parametrize(("wanted", "buckets", "offered"), [(1, 64, 1), (50, 8, 50), (200, 8, 100), (300, 1, 300)])
    def test_a_bucket_offers_enough(self, wanted, buckets, offered):
        assert candidates_in_bucket(wanted, buckets) == offered

    def test_a_bill_whose_intervals_make_no_row_is_compared_by_its_sums(self, drawn, engine):
        made, _ = drawn()
        plugged = engine(Engine())
        (sample,) = offer([(made, lambda _: None)], 5)
        require_agreement([sample])
        (sums,) = plugged.sums
        assert sums == {"import_kwh": {(0, "day"): Fraction(127472, 1000), (0, "night"): Fraction(57784, 1000)}}


class TestRegisters:
    """Nothing is known of single intervals: both engines are given the sums, also where the tariff converts volumes."""

    BEGAN, ENDED = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 31, 14, tzinfo=UTC)

    def sample(self, tariff, used, **quantities):
        combos = tuple(Combo(0, band) for band in used)
        values = np.array([[int(Decimal(each).scaleb(9)) for each in used.values()]], dtype=np.int64)
        inputs = RatingInputs(
            tariff=tariff, starts_at=self.BEGAN, ends_at=self.ENDED, export_taxed=np.array([False]),
            quantities={name: Determinant(combos, -9, values, unit) for name, unit in quantities.items()},
        )  # fmt: skip
        rated = rate(inputs)
        return Sample("b1", inputs, rated.lines.to_pylist(), (rated.total[0].as_py(), rated.total_rounded[0].as_py()), {})

    def test_sums_by_period_of_the_tariff(self, tariff_of):
        sample = self.sample(tariff_of(CHARGES, more=PERIODS), {"day": "7", "night": "5.5"}, import_kwh="kWh")
        assert [line["amount_rounded"] for line in sample.lines] == [Decimal(each) for each in ("31", "2.1", "0.55", "3.37")]
        require_agreement([sample])

    def test_a_period_that_does_not_occur(self, tariff_of):
        periods = "  seasons: {winter: {from: 06-01, to: 09-01, by: calendar}}\n"
        periods += "  periods: {day: [{season: winter, days: all}], night: [{else: true}]}\n"
        sample = self.sample(tariff_of(CHARGES, more=periods), {"day": "7", "night": "5"}, import_kwh="kWh")
        assert [line["band"] for line in sample.lines if line["charge_id"] == "usage"] == ["day", "night"]
        require_agreement([sample])

    def test_gas_by_the_mean_calorific_value_of_the_days(self, tariff_of):
        """Fifteen days of 36 and sixteen of 39.6 MJ/m3: 100 m3 x (15 x 36 + 16 x 39.6) / 31 / 3.6 = 1051.612903 kWh."""
        values = '[{from: 2020-01-01, value: "36"}, {from: 2026-03-16, value: "39.6"}]'
        conversion = f'{{volume: volume_m3, energy: gas_kwh, correction: "1", calorific_value: {values}, divide_by: "3.6"}}'
        charge = '{id: gas, kind: energy, price: "0.1", quantity: gas_kwh}'
        sample = self.sample(tariff_of(charge, more=f"  conversion: {conversion}\n"), {None: "100"}, volume_m3="m3")
        assert [line["quantity"] for line in sample.lines] == [Decimal("1051.612903226")]
        require_agreement([sample])

    @pytest.mark.parametrize("wrong", ["7.000000002", "6.99"])
    def test_sums_that_differ_are_a_disagreement(self, tariff_of, wrong):
        tariff = tariff_of(CHARGES, more=PERIODS)
        sample = self.sample(tariff, {"day": "7", "night": "5"}, import_kwh="kWh")
        other = self.sample(tariff, {"day": wrong, "night": "5"}, import_kwh="kWh")
        with pytest.raises(InvariantError) as caught:
            require_agreement([replace(sample, inputs=other.inputs)])
        assert "line usage energy day: " in caught.value.message

    def test_what_the_reference_engine_refuses_is_a_disagreement(self, tariff_of):
        sample = self.sample(tariff_of(CHARGES, more=PERIODS), {"day": "7", "night": "5"}, import_kwh="kWh")
        demand = replace(sample.inputs, tariff=tariff_of('{id: power, kind: demand, price: "5"}'))
        with pytest.raises(InvariantError) as caught:
            require_agreement([replace(sample, inputs=demand)])
        assert caught.value.code == "cross_check.differs"
        assert "the reference engine refuses it: tariff.needs_intervals: " in caught.value.message


class TestRun:
    """Through the whole flow: what disagrees is never published."""

    @pytest.fixture
    def stage(self, tmp_path):
        stage = Stage.at(tmp_path / "store", zone="Australia/Brisbane", currency="AUD", buckets=2)
        tables = {
            "service_points": "service_point_id,zone,commodity,billing_basis,interval_minutes\n"
            + "".join(f"SYN000000{n},Australia/Brisbane,electricity,interval,30\n" for n in (1, 2, 3)),
            "meters": "meter_id,service_point_id,installed_from\n"
            + "".join(f"M{n},SYN000000{n},2020-01-01\n" for n in (1, 2, 3)),
            "accounts": "account_id,customer_id,currency\nC1,P1,AUD\n",
            "agreements": "agreement_id,account_id,service_point_id,role,tariff_id,valid_from\n"
            + "".join(f"A{n},C1,SYN000000{n},supply,home,2020-01-01\n" for n in (1, 2, 3)),
        }
        paths = []
        for name, text in tables.items():
            paths.append(tmp_path / f"{name}.csv")
            paths[-1].write_text(text, "utf-8")
        paths.append(tmp_path / "tariff.yaml")
        head = "tariff: home\ncurrency: AUD\nclock: Australia/Brisbane\nversions:\n- from: 2020-01-01\n"
        paths[-1].write_text(f"{head}{PERIODS}  charges: [{CHARGES}]\n", "utf-8")
        stage.load(*paths)
        (tmp_path / "daily.csv").write_text(
            "service_point_id,meter_id,channel,day,pattern\n"
            + "".join(f"SYN000000{n},M{n},E1,2026-03-01..2026-03-31,48x0.{n}\n" for n in (1, 2, 3)),
            "utf-8",
        )
        stage.run(write_delivery([tmp_path / "daily.csv"], tmp_path / "inbox"))
        return stage

    def bill(self, stage, cross_check):
        billing = BillingRequest(date(2026, 3, 1), date(2026, 4, 1), date(2026, 4, 10))
        return run_flow(stage.store, FlowRequest("bill.run", billing=billing, workers=1, cross_check=cross_check), stage.now)

    def test_a_sample_that_agrees_is_counted(self, stage, engine):
        plugged = engine(Engine())
        report = self.bill(stage, 2)
        assert (report.counters["bills_made"], report.counters["bills_cross_checked"], len(plugged.calls)) == (3, 2, 2)

    def test_one_line_that_differs_publishes_nothing(self, stage, engine):
        engine(Engine(amount_rounded=Fraction("0.01")))
        before = stage.store.snapshot().run_id
        with pytest.raises(InvariantError) as caught:
            self.bill(stage, 1)
        assert (caught.value.code, caught.value.exit_code) == ("cross_check.differs", 5)
        assert stage.store.snapshot().run_id == before

    def test_nobody_asked_nobody_is_rated_again(self, stage, engine):
        plugged = engine(Engine(amount_rounded=Fraction("0.01")))
        assert "bills_cross_checked" not in self.bill(stage, 0).counters
        assert plugged.calls == []


def test_terms_of_a_plain_tariff_ask_for_nothing():
    plain = Terms.plain(2)
    assert (plain.facts(), plain.options(), plain.opening) == ({}, {}, [{}, {}])
