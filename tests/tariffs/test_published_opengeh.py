"""Amounts that Energinet publishes for its wholesale settlement (opengeh-wholesale): charge tables, metering points, results.

The charge tables are imported as they stand and every charge that a bill can have is rated from the tariff that the import
writes. What belongs to the settlement and to no bill is done here: metering points of one supplier, type and settlement method
are added up. Losses of the grid are measured at no customer: their rows are left out, and counted.

The published rounding: amounts at six decimals. A subscription's month is the period of the calculation, and its price for a
day is rounded to six decimals before it is multiplied: here each day is a version of the tariff, which shares the price by days.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from ruamel.yaml import YAML

from tariffs.calendar import combos_at
from tariffs.importers.danish_tables import INFORMATION, LINKS, POINTS
from tariffs.importers.document_text import document_text
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tariffs.load import parse_tariff, read_yaml
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SIX_DECIMALS = "rounding: {line: {places: 6, mode: half_up}, total: sum_of_lines}\ncharges: {fixed: {prorate: none}}\n"
SCENARIOS = {
    # name: (rows compared, rows without a price, rows with losses of the grid)
    "given_minimal_standard_wholesale_scenario": (243, 221, 222),
    "given_price_elements_starts_or_stops": (54, 46, 0),
    "given_es_and_brp_and_res_change": (104, 92, 0),
    "given_no_active_price_points_for_price_elements": (108, 103, 0),
    "given_calculation_covers_multiple_ga": (104, 92, 0),
    "given_extra_fees_or_subscriptions_are_added": (4, 0, 0),
}
TYPES = {"E17": "consumption", "E18": "production", "D07": "consumption_from_grid", "D09": "own_production"}
METHODS = {"D01": "flex", "E02": "non_profiled", "": ""}


class Charge(NamedTuple):
    """What tells charges apart."""

    code: str
    kind: str
    owner: str


class Key(NamedTuple):
    """What published amounts are added up by, and when they begin."""

    area: str
    supplier: str
    type: str
    method: str
    charge: Charge
    time: datetime


@dataclass(frozen=True)
class Link:
    """A metering point's charge."""

    charge: Charge
    point: str
    quantity: int
    start: datetime
    end: datetime

    def stands_at(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def instant_of(text):
    """An instant of the tables; no end is the end of time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else datetime(9999, 1, 1, tzinfo=UTC)


def text_of(instant):
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def next_day(instant):
    """The local midnight after a local midnight."""
    following = instant.astimezone(COPENHAGEN).date() + DAY
    return datetime(following.year, following.month, following.day, tzinfo=COPENHAGEN).astimezone(UTC)


class Scenario:
    """One calculation: its tables, and the tariff imported of them."""

    def __init__(self, folder):
        self.folder = folder
        (arguments,) = YAML(typ="safe", pure=True).load(folder / "when" / "calculation_arguments.yml")
        self.starts, self.ends = (instant_of(arguments[f"period-{end}-datetime"]) for end in ("start", "end"))
        self.areas = set(arguments["grid-areas"])
        self.points = list(self._table("metering_point_periods"))
        self.losses = {row["metering_point_id"] for row in self._table("grid_loss_metering_points")}
        self.links = list(self._links())
        self.used = defaultdict(int)
        for row in self._table("time_series_points"):
            hour = instant_of(row["observation_time"]).replace(minute=0)
            self.used[row["metering_point_id"], hour] += int(Decimal(row["quantity"]) * 1000)
        self.made = import_tariff(
            self._archive(),
            ImportOptions("charges.zip", frozenset({"missing_prices"})),
            imported_on=date(2026, 7, 30),
            overlay=SIX_DECIMALS,
        )
        self.tariff = self.made.tariff

    def _table(self, name):
        path = self.folder / "when" / f"{name}.csv"
        return rows_of(path) if path.exists() else iter(())

    def _links(self):
        for row in self._table(LINKS):
            charge = Charge(row["charge_code"], row["charge_type"], row["charge_owner_id"])
            spans = [(instant_of(row["from_date"]), instant_of(row["to_date"]))]
            if charge.kind == "fee":
                # the calculation charges a fee on each day of its link: here each day is a link
                spans = [(day, next_day(day)) for day in self.days() if spans[0][0] <= day < spans[0][1]]
            for start, end in spans:
                yield Link(charge, row["metering_point_id"], int(row["quantity"]), start, end)

    def _archive(self):
        """The three tables, packed; the links as above."""
        columns = ("charge_code", "charge_type", "charge_owner_id", "metering_point_id", "quantity", "from_date", "to_date")
        links = [
            (*link.charge, link.point, link.quantity, text_of(link.start), "" if link.end.year == 9999 else text_of(link.end))
            for link in self.links
        ]
        table = "\n".join([";".join(columns), *(";".join(map(str, row)) for row in links)])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in (INFORMATION, POINTS):
                archive.writestr(f"{name}.csv", (self.folder / "when" / f"{name}.csv").read_bytes())
            archive.writestr(f"{LINKS}.csv", table)
        return packed.getvalue()

    def days(self):
        day = self.starts
        while day < self.ends:
            yield day
            day = next_day(day)

    def hours(self):
        hour = self.starts
        while hour < self.ends:
            yield hour
            hour += HOUR

    def key_of(self, link, time):
        """What a link's amount is added up by; None where the point is no customer's, or of an area that is not calculated."""
        period = self._period(link.point, time)
        if period is None or period["grid_area_code"] not in self.areas:
            return None
        parent = period["parent_metering_point_id"]
        supplier = (self._period(parent, time) if parent else period)["energy_supplier_id"]
        method = METHODS[period["settlement_method"]]
        return Key(period["grid_area_code"], supplier, TYPES[period["type"]], method, link.charge, time)

    def _period(self, point, time):
        found = [
            row
            for row in self.points
            if row["metering_point_id"] == point and instant_of(row["from_date"]) <= time < instant_of(row["to_date"])
        ]
        return found[0] if found else None

    def linked_at(self, time, kind, resolution=None):
        """Links by what their amounts are added up by, at an instant."""
        found = defaultdict(list)
        for link in self.links:
            matches = link.charge.kind == kind and (resolution is None or self.resolutions[link.charge] == resolution)
            key = self.key_of(link, time) if matches and link.stands_at(time) and self._exists(link.charge, time) else None
            if key is not None:
                found[key].append(link)
        return found

    @property
    def resolutions(self):
        return {
            Charge(row["charge_code"], row["charge_type"], row["charge_owner_id"]): row["resolution"]
            for row in self._table(INFORMATION)
        }

    def _exists(self, charge, time):
        return any(
            Charge(row["charge_code"], row["charge_type"], row["charge_owner_id"]) == charge
            and instant_of(row["from_date"]) <= time < instant_of(row["to_date"])
            for row in self._table(INFORMATION)
        )

    def expected(self, name):
        """Published rows of a result: (key, row)."""
        path = self.folder / "then" / "wholesale_results" / f"{name}.csv"
        for row in rows_of(path) if path.exists() else ():
            charge = Charge(row["charge_code"], row["charge_type"], row["charge_owner_id"])
            time = instant_of(row["time"])
            key = Key(
                row["grid_area_code"],
                row["energy_supplier_id"],
                row["metering_point_type"],
                row["settlement_method"],
                charge,
                time,
            )
            yield key, row

    # rating

    def tariff_lines(self, resolution) -> Iterator[tuple[Key, Decimal, Decimal | None]]:
        """Rate the energy of each key, hour by hour or day by day: (key, kWh, amount; None where nothing was charged)."""
        length = {"PT1H": lambda time: time + HOUR, "P1D": next_day}[resolution]
        for time in {"PT1H": self.hours, "P1D": self.days}[resolution]():
            keys = self.linked_at(time, "tariff", resolution)
            rows = [(link[0].charge.code, self._use(link, time, length(time))) for link in keys.values()]
            for key, (wh, amount) in zip(keys, self._rated(rows, time, length(time)), strict=True):
                yield key, Decimal(wh) / 1000, amount

    def _use(self, links, starts, ends):
        """What the points of some links used in each hour [Wh]."""
        hours = [starts + HOUR * number for number in range(int((ends - starts) / HOUR))]
        return [sum(self.used[link.point, hour] * link.quantity for link in links) for hour in hours]

    def _rated(self, rows, starts, ends, tariff=None):
        """Rate (option, Wh by hour) rows: (Wh, amount) of each; the amount is None where there is no line."""
        tariff = tariff or self.tariff
        if not rows:
            return []
        hours = np.arange(int(starts.timestamp()), int(ends.timestamp()), 3600)
        places, combos = combos_at(tariff, direction="import", starts=hours, starts_at=starts, ends_at=ends)
        used = np.array([row for _, row in rows], dtype=np.int64)
        sums = np.stack([used[:, places == place].sum(axis=1) for place in range(len(combos))], axis=1)
        options = {name: np.array([option == name for option, _ in rows]) for name in {option for option, _ in rows}}
        rated = rate(
            RatingInputs(
                tariff,
                starts,
                ends,
                {"import_kwh": Determinant(combos, -3, sums, "kWh")},
                np.zeros(len(rows), dtype=bool),
                options=options,
            )
        )
        amounts = [None] * len(rows)
        for line in rated.bill_lines().to_pylist():
            if line["kind"] != "rounding":
                place = line["agreement_index"]
                amounts[place] = (amounts[place] or 0) + line["amount_rounded"]
        return list(zip(used.sum(axis=1).tolist(), amounts, strict=True))

    def fee_lines(self):
        """Rate the fees of each day, metering point by metering point: (key, number, amount)."""
        for day in self.days():
            for key, links in self.linked_at(day, "fee").items():
                rows = [(_option(link), [0] * 24) for link in links]
                amounts = [amount for _, amount in self._rated(rows, day, next_day(day))]
                yield key, sum(link.quantity for link in links), _sum(amounts)

    def subscription_lines(self):
        """Rate one subscription for the whole period, a version a day: (key, number, amount of a day times the number)."""
        tariff = self.tariff_of_days()
        days = list(self.days())
        linked = {day: self.linked_at(day, "subscription") for day in days}
        codes = sorted({key.charge.code for keys in linked.values() for key in keys})
        hours = int((self.ends - self.starts) / HOUR)
        lines = self._lines([(code, [0] * hours) for code in codes], tariff)
        for day, keys in linked.items():
            for key, links in keys.items():
                number = sum(link.quantity for link in links)
                price = lines.get((codes.index(key.charge.code), day.astimezone(COPENHAGEN).date().isoformat()))
                yield key, number, None if price is None else price * number

    def _lines(self, rows, tariff):
        """Rate rows for the whole period: amount by row and version."""
        if not rows:
            return {}
        hours = np.arange(int(self.starts.timestamp()), int(self.ends.timestamp()), 3600)
        _, combos = combos_at(tariff, direction="import", starts=hours, starts_at=self.starts, ends_at=self.ends)
        rated = rate(
            RatingInputs(
                tariff,
                self.starts,
                self.ends,
                {"import_kwh": Determinant(combos, -3, np.zeros((len(rows), len(combos)), dtype=np.int64), "kWh")},
                np.zeros(len(rows), dtype=bool),
                options={code: np.array([code == other for other, _ in rows]) for code, _ in rows},
            )
        )
        return {(line["agreement_index"], line["tariff_version"]): line["amount_rounded"] for line in rated.lines.to_pylist()}

    def tariff_of_days(self):
        """The imported tariff with a version for each day of the calculation."""
        document = read_yaml(self.made.text, "imported").value
        days = [day.astimezone(COPENHAGEN).date().isoformat() for day in self.days()]
        versions = []
        for day in days:
            standing = [version for version in document["versions"] if version["from"] <= day]
            if standing:
                versions.append(standing[-1] | {"from": day})
        return parse_tariff(document_text(document | {"versions": versions}), "days")


def _option(link):
    return link.charge.code if link.quantity == 1 else f"{link.charge.code}.x{link.quantity}"


def _sum(amounts):
    found = [amount for amount in amounts if amount is not None]
    return sum(found) if found else None


@pytest.fixture(scope="module")
def scenarios(reference_data):
    folder = reference_data / "oracles" / "tariffs" / "published" / "opengeh-wholesale"
    return {name: Scenario(folder / name) for name in SCENARIOS}


@pytest.fixture(scope="module")
def amounts(scenarios):
    """Our quantity and amount by key, for each scenario and result."""
    made = {}
    for name, scenario in scenarios.items():
        made[name] = {
            "hourly_tariff_per_co_es": {key: rest for key, *rest in scenario.tariff_lines("PT1H")},
            "daily_tariff_per_co_es": {key: rest for key, *rest in scenario.tariff_lines("P1D")},
            "fee_per_co_es": {key: rest for key, *rest in scenario.fee_lines()},
            "subscription_per_co_es": {key: rest for key, *rest in scenario.subscription_lines()},
        }
    return made


RESULTS = ("hourly_tariff_per_co_es", "daily_tariff_per_co_es", "fee_per_co_es", "subscription_per_co_es")


def with_losses(scenario, key):
    """Whether a grid loss is part of an amount: a quantity that is calculated from the exchange of the grid."""
    links = scenario.linked_at(key.time, key.charge.kind).get(key, [])
    return any(link.point in scenario.losses for link in links)


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("result", RESULTS)
def test_every_published_amount_is_that_of_the_imported_charges(scenarios, amounts, name, result):
    scenario, ours = scenarios[name], amounts[name][result]
    for key, row in scenario.expected(result):
        if with_losses(scenario, key):
            continue
        quantity, amount = ours[key]
        assert quantity == Decimal(row["quantity"]), key
        if row["amount"]:
            # a line of no kWh does not stand on a bill
            assert (amount or Decimal(0)) == Decimal(row["amount"]), key
        else:
            assert not amount, key


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_charged_beside_what_is_published(scenarios, amounts, name):
    for result in RESULTS:
        published = {key for key, _ in scenarios[name].expected(result)}
        assert {key for key, (_, amount) in amounts[name][result].items() if amount} <= published


@pytest.mark.parametrize(("name", "counts"), SCENARIOS.items())
def test_the_rows_that_are_compared_are_all_but_those_with_losses_of_the_grid(scenarios, name, counts):
    rows = [(key, row) for result in RESULTS for key, row in scenarios[name].expected(result)]
    lost = [row for key, row in rows if with_losses(scenarios[name], key)]
    kept = [row for key, row in rows if not with_losses(scenarios[name], key)]
    assert (len(kept), len([row for row in kept if not row["amount"]]), len(lost)) == counts
    assert all("calculated" in row["quantity_qualities"] for row in lost)
    assert not any("calculated" in row["quantity_qualities"] for row in kept)


MONTHLY = {
    "monthly_tariff_from_hourly_per_co_es": "hourly_tariff_per_co_es",
    "monthly_tariff_from_daily_per_co_es": "daily_tariff_per_co_es",
    "monthly_fee_per_co_es": "fee_per_co_es",
    "monthly_subscription_per_co_es": "subscription_per_co_es",
}


@pytest.mark.parametrize("name", ["given_minimal_standard_wholesale_scenario", "given_calculation_covers_multiple_ga"])
@pytest.mark.parametrize("result", MONTHLY)
def test_amounts_of_the_whole_period_add_up(scenarios, amounts, name, result):
    scenario = scenarios[name]
    sums, lost = defaultdict(Decimal), set()
    for key, (_, amount) in amounts[name][MONTHLY[result]].items():
        of = (key.area, key.supplier, key.charge)
        sums[of] += amount or 0
        if with_losses(scenario, key):
            lost.add(of)
    compared = 0
    for row in rows_of(scenario.folder / "then" / "wholesale_results" / f"{result}.csv"):
        of = (
            row["grid_area_code"],
            row["energy_supplier_id"],
            Charge(row["charge_code"], row["charge_type"], row["charge_owner_id"]),
        )
        if of not in lost:
            compared += 1
            assert sums[of] == Decimal(row["amount"] or 0), of
    assert compared


def test_totals_of_owners_and_suppliers_are_the_sums_of_what_is_no_tax(scenarios, amounts):
    name = "given_calculation_covers_multiple_ga"
    scenario = scenarios[name]
    taxes = {key.charge for result in RESULTS for key, row in scenario.expected(result) if row["is_tax"] == "True"}
    for result, by_owner in (("total_monthly_amounts_per_co_es", True), ("total_monthly_amounts_per_es", False)):
        rows = list(rows_of(scenario.folder / "then" / "wholesale_results" / f"{result}.csv"))
        assert len(rows) == 4
        for row in rows:
            total = Decimal(0)
            for each in amounts[name].values():
                for key, (_, amount) in each.items():
                    owns = not by_owner or key.charge.owner == row["charge_owner_id"] or key.charge in taxes
                    if (key.area, key.supplier) == (row["grid_area_code"], row["energy_supplier_id"]) and owns:
                        total += amount or 0
            assert total == Decimal(row["amount"]), row
