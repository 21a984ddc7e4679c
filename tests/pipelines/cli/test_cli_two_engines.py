"""Every bill of three months rated by both engines through the program, on tariffs of every kind, those with state first.

Sydney in March, April (the clock goes back on the 5th) and May 2026. Each tariff has two homes that are rated together: one
that imports and exports, and one that uses twice as much and never exports.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipelines.lakehouse.store import Store
from pipelines.operations.evidence import bill_evidence
from pipelines.operations.explain import explain
from tariffs.charges import bank
from tariffs.exact import Exact
from tariffs.series import PriceSeries
from tests.scenarios.deliveries import write_delivery

MONTHS = ("2026-03", "2026-04", "2026-05")
TOU = '  periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}\n'
TARIFFS = {
    "ratchet": TOU
    + """\
  billing_demand: {percent: "80", months: 11, minimum: "1", measure: {window_min: 60}}
  charges:
  - {id: supply, kind: fixed, price: "12.5", per: month, prorate: days_of_month}
  - {id: power, kind: demand, price: {peak: "7.5"}}
  - {id: usage, kind: energy, price: ["0.11", "0.09", "0.05"],
     tiers: {blocks: [{kwh_per_kw: "100", limits: ["150"]}, {}], per: month, scope: all_periods, fill: pro_rata}}
""",
    "own_ratchet": TOU
    + """\
  charges:
  - {id: power, kind: demand, price: ["4", "3.5"], tiers: {limits: ["1.5"]}, per: day,
     measure: {window_min: 60, sliding: true, agg: mean_of_n_daily_max, n: 3}, ratchet: {percent: "90", months: 2, of: peak}}
  - {id: usage, kind: energy, price: {peak: "0.3", off: "0.2"}}
""",
    "spot": """\
  charges:
  - {id: usage, kind: energy, price: {series: day_ahead, per: MWh, times: "1.05"}}
  - {id: fuel, kind: rider, price: {series: day_ahead, per: MWh, times: "0.1"}, per: kWh}
  - {id: gst, kind: tax, of: [usage, fuel], percent: "10"}
""",
    "bank_kwh": TOU
    + """\
  charges:
  - {id: usage, kind: energy, price: {peak: "0.31", off: "0.19"}}
  - {id: wires, kind: rider, price: "0.02", per: kWh}
  export: {mode: nem_kwh, true_up: 4, pays: "0.03"}
""",
    "bank_money": TOU
    + """\
  charges:
  - {id: usage, kind: energy, price: {peak: "0.31", off: "0.19"}}
  export: {mode: nem_money, price: {peak: "0.11", off: "0.05"}, true_up: 5}
""",
    "carry": """\
  charges:
  - {id: usage, kind: energy, price: "0.05"}
  - {id: floor, kind: minimum, amount: "25", per: month}
  - {id: gst, kind: tax, of: [usage], percent: "10"}
  export: {mode: net_billing, carry: next_month, price: "0.08", true_up: 5}
""",
    "contract": """\
  charges:
  - {id: power, kind: contracted, price: "0.11", per: day, excess: {below_percent: "85", above_percent: "105", times: "2"}}
  - {id: usage, kind: energy, price: "0.2"}
  - {id: help, kind: percent, of: [usage], percent: "-20", only_for: low_income}
""",
    "year": TOU
    + """\
  charges:
  - {id: usage, kind: energy, price: {peak: ["0.3", "0.35"], off: ["0.2", "0.25"]},
     tiers: {limits: ["700"], per: year, year_from: "03-01", scope: all_periods, fill: time_order}}
  - {id: floor, kind: minimum, amount: "900", per: year}
""",
    "change": """\
  charges:
  - {id: supply, kind: fixed, price: "1", per: day}
  - {id: usage, kind: energy, price: ["0.2", "0.3"], tiers: {limits: ["200"], per: month, prorate: days_of_nominal_month}}
  - {id: power, kind: demand, price: "3"}
  - {id: more, kind: percent, of: [usage], percent: "5", above: "40"}
  - {id: vat, kind: tax, of: [usage, supply], percent: "10", inclusive: true, round: net}
- from: 2026-04-16
  charges:
  - {id: supply, kind: fixed, price: "1.1", per: day}
  - {id: usage, kind: energy, price: ["0.21", "0.32"], tiers: {limits: ["220"], per: month, prorate: days_of_nominal_month}}
  - {id: power, kind: demand, price: "3.3"}
  - {id: more, kind: percent, of: [usage], percent: "6", above: "40"}
  - {id: vat, kind: tax, of: [usage, supply], percent: "10", inclusive: true, round: net}
""",
    "reactive": """\
  charges:
  - {id: usage, kind: energy, price: "0.2"}
  - {id: kva, kind: demand, price: "4", measure: {unit: kVA, window_min: 30}}
  - {id: wattless, kind: reactive, price: "0.04", free_percent: "33"}
  - {id: pf, kind: power_factor, of: [usage], target: "0.95", step: "0.01", percent: "1"}
""",
    "events": """\
  periods: {critical: [{events: hot}], off: [{else: true}]}
  charges:
  - {id: usage, kind: energy, price: {critical: "1.5", off: "0.15"}}
  - {id: system, kind: coincident, price: "9", events: system_peaks, agg: mean}
""",
    "moves": """\
  charges:
  - {id: supply, kind: fixed, price: "30", per: month}
  - {id: usage, kind: energy, price: ["0.2", "0.3"], tiers: {limits: ["5"], per: day, scope: all_periods, fill: pro_rata}}
  - {id: connected, kind: fee, price: "42", when: start}
  - {id: cut, kind: fee, price: "24", when: end}
""",
    "dial": """\
  periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}
  charges: [{id: supply, kind: fixed, price: "1", per: day}, {id: usage, kind: energy, price: {peak: "0.3", off: "0.2"}}]
- from: 2026-04-16
  periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}
  charges: [{id: supply, kind: fixed, price: "1.1", per: day}, {id: usage, kind: energy, price: {peak: "0.31", off: "0.21"}}]
""",
}
HEAD = "tariff: {name}\ncurrency: AUD\nclock: Australia/Sydney\n{events}versions:\n- from: 2020-01-01\n"
EVENTS = """\
events:
  hot: [{from: "2026-03-05T16:00", to: "2026-03-05T21:00"}, {from: "2026-04-05T01:00", to: "2026-04-05T04:00"}]
  system_peaks: [{from: "2026-03-05T17:00", to: "2026-03-05T18:00"}, {from: "2026-05-20T17:30", to: "2026-05-20T18:30"}]
"""
HOMES = ("big", "solar")
STATE = {"bank.kwh|peak", "bank.kwh|off", "bank.money", "peak|*|2026-03", "peak|power|2026-03", "minimum|floor|2026",
         "ladder|usage|2026-03-01"}  # fmt: skip
"""What one period handed to the next: each bank, peaks of the version and of a charge, a year's minimum and ladder."""


def homes() -> list[tuple[str, str, str]]:
    """Service point, tariff and home of each, in order."""
    every = [(tariff, home) for tariff in TARIFFS for home in HOMES]
    return [(f"SYN{number:07}", tariff, home) for number, (tariff, home) in enumerate(every, start=1)]


def at(month: int) -> datetime:
    """The tenth of the month after."""
    return datetime(2026, month + 1, 10, tzinfo=UTC)


def write_book(folder: Path) -> None:
    """Write master data, tariffs, a price series, readings and reads of all homes."""
    tables: dict[str, list[str]] = {
        "service_points": ["service_point_id,zone,commodity,billing_basis,interval_minutes,fuse_kw"],
        "meters": ["meter_id,service_point_id,installed_from"],
        "accounts": ["account_id,customer_id,currency"],
        "agreements": ["agreement_id,account_id,service_point_id,role,tariff_id,valid_from,valid_to"],
        "agreement_facts": ["agreement_id,fact,value,valid_from,valid_to"],
        "agreement_options": ["agreement_id,option,valid_from,valid_to"],
        "registers": ["meter_id,channel,role,direction,quantity,unit,determinant,rate_band,multiplier,dials,decimals,valid_from"],
    }
    daily, reads = ["service_point_id,meter_id,channel,day,pattern"], ["service_point_id,meter_id,channel,read_at,value"]
    for point, tariff, home in homes():
        meter, size = f"M{point[-3:]}", 2 if home == "big" else 1
        basis = "register" if tariff == "dial" else "interval"
        tables["service_points"].append(f"{point},Australia/Sydney,electricity,{basis},30,100")
        tables["meters"].append(f"{meter},{point},2020-01-01")
        tables["accounts"].append(f"C{point[-3:]},P{point[-3:]},AUD")
        spans = [("2026-03-01", "2026-04-16"), ("2026-04-16", "")] if tariff == "moves" else [("2026-03-01", "")]
        for number, (since, until) in enumerate(spans):
            agreement = f"A{point[-3:]}{'ab'[number]}"
            account = f"C{point[-3:]}"
            tables["agreements"].append(f"{agreement},{account},{point},supply,{tariff},{since},{until}")
            if tariff == "contract":
                tables["agreement_facts"].append(f"{agreement},contracted_kw,{2 if home == 'big' else 5},2024-01-01,")
                tables["agreement_options"] += [f"{agreement},low_income,2024-01-01,"] * (home == "solar")
        if tariff == "dial":
            for channel, band, first in (("T1", "peak", 1000 * size), ("T2", "off", 3000)):
                fed = f"{channel},rate,import,active_energy,kWh,import_kwh,{band},1,5,1,2020-01-01"
                tables["registers"].append(f"{meter},{fed}")
                dates = ("2026-03-01T00:00:00+11:00", "2026-04-01T09:00:00+11:00", "2026-04-30T09:00:00+10:00",
                         "2026-05-31T09:00:00+10:00")  # fmt: skip
                shown = (first + size * 150.3 * number for number in range(4))
                reads += [f"{point},{meter},{channel},{when},{value:07.1f}" for when, value in zip(dates, shown, strict=True)]
            continue
        fed = {"E1": "import,active_energy,kWh,import_kwh", "B1": "export,active_energy,kWh,export_kwh",
               "Q1": "import,reactive_energy,kvarh,kvarh"}  # fmt: skip
        channels = ("E1", "B1") if home == "solar" else ("E1",)
        channels += ("Q1",) if tariff == "reactive" else ()
        tables["registers"] += [f"{meter},{channel},main,{fed[channel]},,1,5,3,2020-01-01" for channel in channels]
        for number, days in enumerate(("2026-02-28..2026-03-20", "2026-03-21..2026-04-18", "2026-04-19..2026-06-01")):
            used = [f"{size * (7 + number) * step / 1000}" for step in (31, 20, 97, 53)]
            patterns = {
                "E1": f"12x{used[0]},8x{used[1]},10x0.002,7x{used[2]},11x{used[3]}",
                "B1": f"18x0,18x{(1.9, 0.4, 0.2)[number]},12x0",
                "Q1": f"24x{used[1]},24x{used[2]}",
            }
            daily += [f'{point},{meter},{channel},{days},"{patterns[channel]}"' for channel in channels]
        daily.append(f'{point},{meter},E1,2026-03-05,"34x0.1,1x{size * 1.234},1x{size * 0.9},12x0.05"')
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), "utf-8")
    for name, text in TARIFFS.items():
        head = HEAD.format(name=name, events=EVENTS if name == "events" else "")
        (folder / f"tariff.{name}.yaml").write_text(head + text, "utf-8")
    (folder / "daily.csv").write_text("\n".join([*daily, ""]), "utf-8")
    (folder / "reads.csv").write_text("\n".join([*reads, ""]), "utf-8")
    prices = (f"2026-{month:02}-{day:02}T{hour:02}:00:00+10:00,{(month * 37 + day * 11 + hour * 7) % 90 - 12}.{day}"
              for month in (2, 3, 4, 5) for day in range(1, 32 - (month == 4) - 3 * (month == 2))
              for hour in range(24))  # fmt: skip
    (folder / "day_ahead.csv").write_text("\n".join(["interval_start,price", *prices, ""]), "utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory, m2b) -> Path:
    """A store with all of it loaded and taken in, and nothing billed."""
    folder = tmp_path_factory.mktemp("book")
    write_book(folder)
    store = folder / "store"
    documents = sorted(folder.glob("tariff.*.yaml"))
    names = ("service_points", "meters", "accounts", "agreements", "agreement_facts", "agreement_options", "registers")
    write_delivery([folder / "daily.csv", folder / "reads.csv"], folder / "inbox")
    for words in (
        ["init", "--zone", "Australia/Sydney", "--currency", "AUD", "--buckets", 2],
        ["masterdata", "load", *(folder / f"{name}.csv" for name in names)],
        ["tariff", "load", *documents],
        ["tariff", "series", "load", f"day_ahead={folder / 'day_ahead.csv'}"],
        ["ingest", folder / "inbox"],
        ["vee"],
    ):
        called = m2b(*words, "--store", store, "--json")
        assert called.code == 0, called.out
    return folder


@pytest.fixture(scope="module")
def billed(book, m2b, tmp_path_factory):
    """The store after March, April and May, and what each run said."""
    store = shutil.copytree(book / "store", tmp_path_factory.mktemp("billed") / "store")
    said = [bill(m2b, store, month) for month in MONTHS]
    return store, said


@pytest.fixture(scope="module")
def march(book, m2b, tmp_path_factory):
    """The store after March alone, and what the run said to a person."""
    store = shutil.copytree(book / "store", tmp_path_factory.mktemp("march") / "store")
    called = m2b("bill", "run", "--month", "2026-03", "--cross-check", 1000, "--store", store, now=lambda: at(3))
    assert called.code == 0
    return store, called.out


def bill(m2b, store, month):
    number = int(month[-2:])
    return m2b("bill", "run", "--month", month, "--cross-check", 1000, "--store", store, "--json", now=lambda: at(number))


def rows(m2b, store, sql):
    return m2b("sql", sql, "--store", store, "--json").data["rows"]


class TestBothEnginesAgree:
    @pytest.mark.parametrize(("place", "bills"), [(0, 26), (1, 28), (2, 26)], ids=MONTHS)
    def test_on_every_bill_of_a_month(self, billed, place, bills):
        """Two homes on each of thirteen tariffs; in April two of them move out and two move in. Two have dial meters."""
        called = billed[1][place]
        assert called.code == 0, called.out
        counters = called.data["counters"]
        assert {name: counters.get(name, 0) for name in ("bills_made", "bills_cross_checked", "holds_open")} == {
            "bills_made": bills,
            "bills_cross_checked": bills,
            "holds_open": 0,
        }
        assert counters["bills_cross_checked_by_sums"] == 2

    def test_on_state_that_was_really_handed_over(self, billed, m2b):
        found = rows(m2b, billed[0], "SELECT DISTINCT name FROM carried_state WHERE opening <> 0")
        assert {row["name"] for row in found} >= STATE

    def test_on_lines_of_every_kind(self, billed, m2b):
        found = {row["kind"] for row in rows(m2b, billed[0], "SELECT DISTINCT kind FROM charge_lines")}
        assert found >= {
            "fixed", "energy", "demand", "contracted", "coincident", "reactive", "power_factor", "rider", "percent", "minimum",
            "fee", "tax", "tax_included", "bank", "true_up",
        }  # fmt: skip

    def test_and_every_line_of_a_bill_of_each_tariff_can_be_explained(self, billed, m2b):
        """What is listed is added up again: an explanation that does not make the bill's quantities would be an error."""
        query = "SELECT tariff_id, min(bill_id) AS bill_id FROM bills WHERE period_from = '2026-05-01' GROUP BY ALL"
        bills = {row["tariff_id"]: row["bill_id"] for row in rows(m2b, billed[0], query)}
        assert set(bills) >= set(TARIFFS) - {"dial"}
        for bill_id in bills.values():
            lines = explain(bill_evidence(Store(billed[0]), bill_id))
            assert lines
            assert all(": " in line.formula and " = " in line.formula for line in lines)

    def test_and_the_person_at_the_terminal_is_told(self, march):
        assert "; 26 rated again by the reference engine with the same result, 2 of them by their sums, without" in march[1]


def without_bank(imported, exported, banked, **named):
    """Net metering that forgets what was banked."""
    return bank.net(imported, exported, dict.fromkeys(banked, Exact(np.zeros(named["rows"], dtype=np.int64), 0)), **named)


def half_an_hour_early(series, instants):
    """The price in force half an hour before, but for the first interval."""
    return PRICES_AT(series, np.append(instants[:1], instants[1:] - 1800))


PRICES_AT = PriceSeries.at
PLANTED = {
    "a bank of kWh that is forgotten": ("tariffs.pricing.work.net", without_bank),
    "a price of another half hour": ("tariffs.series.PriceSeries.at", half_an_hour_early),
    "a ratchet that looks at this month alone": ("tariffs.pricing.peaks.ratcheted", lambda work, rule, name, measured: measured),
    "state that nobody takes up": (
        "tariffs.pricing.work.Work.carried_in",
        lambda work, name: Exact(np.zeros(work.rows, dtype=np.int64), 0),
    ),
    "a fee that nobody pays": ("tariffs.pricing.energies.fee_lines", lambda *_, **__: []),
}


class TestABugInTheEngineThatBills:
    """Planted where one of the engines alone looks; the run ends with 5 and leaves the store as it was."""

    @pytest.mark.parametrize("bug", PLANTED)
    def test_publishes_nothing(self, march, m2b, tmp_path, monkeypatch, bug):
        store = shutil.copytree(
            march[0], tmp_path / "store", copy_function=os.link, ignore=shutil.ignore_patterns(".writer.lock")
        )
        before = m2b("runs", "list", "--store", store, "--json").data, self.bills(m2b, store)
        monkeypatch.setattr(*PLANTED[bug])
        called = bill(m2b, store, "2026-04")
        assert (called.code, called.error["code"]) == (5, "cross_check.differs"), called.out
        assert called.error["where"] in called.error["message"]
        assert "by the reference engine" in called.error["message"]
        assert (m2b("runs", "list", "--store", store, "--json").data, self.bills(m2b, store)) == before

    def test_is_found_by_the_scheduled_job_too(self, march, m2b, tmp_path, monkeypatch, book):
        store = shutil.copytree(
            march[0], tmp_path / "store", copy_function=os.link, ignore=shutil.ignore_patterns(".writer.lock")
        )
        before = self.bills(m2b, store)
        monkeypatch.setattr(*PLANTED["a bank of kWh that is forgotten"])
        words = ("run", book / "inbox", "--month", "2026-04", "--cross-check", 1000, "--store", store, "--json")
        called = m2b(*words, now=lambda: at(4))
        assert (called.code, called.error["code"]) == (5, "cross_check.differs")
        assert self.bills(m2b, store) == before

    def bills(self, m2b, store):
        return rows(m2b, store, "SELECT bill_id, status, total, run_id FROM bills ORDER BY bill_id")
