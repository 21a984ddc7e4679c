"""A year of hourly intervals to twelve bills, a customer after another and a thousand at once, beside other engines.

    python benchmarks/rate_year.py --customers 1000 [--peers-python PYTHON]

One tariff of time of use with two steps in each period, a demand charge and a fixed one, in a clock without daylight saving, as
PySAM's year has none. Ours takes the intervals to determinants and to charge lines with their explanations; PySAM's
Utilityrate5 (float, no lines, no explanation) takes them to monthly sums; our reference engine goes interval by interval in exact
fractions. The three bills of a customer must agree to a tenth of a cent, or no figure is printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tariffs.calendar import combos_at
from tariffs.clock import Clock
from tariffs.load import parse_tariff
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate
from tariffs.reference.billing import bill
from tariffs.reference.given import Agreement, Interval
from tariffs.timeline import Stretch, Timeline

TARIFF = """\
tariff: bench
currency: USD
clock: "-07:00"
rounding: {line: none, total: {places: 2, mode: half_up}}
versions:
- from: 2018-01-01
  periods:
    on: [{days: mon-fri, from: "16:00", to: "21:00"}]
    off: [{else: true}]
  charges:
  - {id: basic, kind: fixed, price: "16.36", per: month}
  - {id: energy, kind: energy, price: {on: ["0.3034", "0.2954"], off: ["0.1106", "0.1026"]}, tiers: {limits: ["500"]}}
  - {id: power, kind: demand, price: "7.5"}
"""
MONTHS = [(date(2018, month, 1), date(2018 + month // 12, month % 12 + 1, 1)) for month in range(1, 13)]
HOURS = 8760
AGREE = 0.001
"""What two bills of a month may differ by [currency]: one engine works in floats."""


def loads(seed: int, customers: int) -> np.ndarray:
    """Return the watt-hours of each hour of 2018: int64 (customers, 8760)."""
    shape = 400 + 350 * np.sin(np.arange(HOURS) % 24 / 24 * 2 * np.pi - 2)
    return (shape * np.random.default_rng(seed).uniform(0.2, 3, (customers, HOURS))).astype(np.int64)


def ours(tariff: Tariff, watt_hours: np.ndarray) -> tuple[list[np.ndarray], int]:
    """Return the total of each month [currency] as text columns, and the number of charge lines."""
    clock = Clock(tariff.clock)
    year = clock.midnight(MONTHS[0][0])
    totals, lines = [], 0
    customers = len(watt_hours)
    for first, after in MONTHS:
        begin, end = clock.midnight(first), clock.midnight(after)
        wh = watt_hours[:, (begin - year) // 3600 : (end - year) // 3600]
        starts = np.arange(begin, end, 3600)
        starts_at, ends_at = (datetime.fromtimestamp(each, UTC) for each in (begin, end))
        index, combos = combos_at(tariff, direction="import", starts=starts, starts_at=starts_at, ends_at=ends_at)
        weights = (index[:, None] == np.arange(len(combos))).astype(np.float64)
        sums = Determinant(combos, -3, (wh.astype(np.float64) @ weights).astype(np.int64), "kWh")
        rated = rate(
            RatingInputs(
                tariff,
                starts_at,
                ends_at,
                {"import_kwh": sums},
                np.zeros(customers, dtype=bool),
                timeline=Timeline((Stretch(np.arange(customers), 60, starts, {"import_kwh": wh}, {"import_kwh": -3}),)),
            )
        )
        lines += rated.bill_lines().num_rows
        totals.append(rated.total)
    return totals, lines


def reference(tariff: Tariff, watt_hours: np.ndarray) -> list[Fraction]:
    """Return the total of each month of one customer by the second engine [currency]."""
    clock = Clock(tariff.clock)
    year = clock.midnight(MONTHS[0][0])
    totals = []
    for first, after in MONTHS:
        begin, end = clock.midnight(first), clock.midnight(after)
        hours = range((begin - year) // 3600, (end - year) // 3600)
        intervals = [
            Interval(datetime.fromtimestamp(year + hour * 3600, UTC), 60, {"import_kwh": Fraction(int(watt_hours[hour]), 1000)})
            for hour in hours
        ]
        made = bill(
            tariff,
            intervals,
            starts_at=datetime.fromtimestamp(begin, UTC),
            ends_at=datetime.fromtimestamp(end, UTC),
            billing_clock=tariff.clock,
            agreement=Agreement({}, frozenset(), export_taxed=False, started=False, ended=False),
            carried={},
            series={},
        )
        totals.append(Fraction(made.total))
    return totals


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the result of a call and its seconds."""
    begin = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begin


def measure(*, seed: int, customers: int, peers_python: str | None) -> dict[str, object]:
    """Bill the year with every engine and return the figures."""
    tariff = parse_tariff(TARIFF, "bench.yaml")
    watt_hours = loads(seed, customers)
    ours(tariff, watt_hours[:2])  # calendars are made once a tariff
    (totals, lines), together = timed(lambda: ours(tariff, watt_hours))
    _, alone = timed(lambda: ours(tariff, watt_hours[:1]))
    plain, slow = timed(lambda: reference(tariff, watt_hours[0]))
    mine = [float(month[0].as_py()) for month in totals]
    _agree(mine, [float(total) for total in plain], "the reference engine")
    figures: dict[str, object] = {
        "customers": customers,
        "intervals": customers * HOURS,
        "seed": seed,
        "together_seconds": round(together, 2),
        "customer_years_per_second": round(customers / together),
        "intervals_per_second": round(customers * HOURS / together),
        "charge_lines_per_second": round(lines / together),
        "alone_seconds": round(alone, 3),
        "reference_seconds": round(slow, 2),
        "reference_times_slower": round(slow / (together / customers)),
    }
    if peers_python:
        script = str(Path(__file__).with_name("pysam_year.py"))
        given = json.dumps((watt_hours[:20] / 1000).tolist())
        said = subprocess.run([peers_python, script], input=given, capture_output=True, text=True, check=True)
        peer = json.loads(said.stdout)
        _agree(mine, peer["months"], "PySAM")
        figures["pysam_version"] = peer["version"]
        figures["pysam_seconds_a_customer"] = round(peer["seconds"] / 20, 4)
        figures["pysam_times_slower"] = round(peer["seconds"] / 20 / (together / customers), 1)
    figures["versions"] = {name: version(name) for name in ("numpy", "pyarrow")}
    return figures


def _agree(mine: list[float], theirs: list[float], who: str) -> None:
    if any(abs(one - other) > AGREE for one, other in zip(mine, theirs, strict=True)):
        message = f"{who} makes other bills: {list(zip(mine, theirs, strict=True))}"
        raise SystemExit(message)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers-python", help="an interpreter that has the peers of benchmarks/peers.lock")
    options = parser.parse_args()
    print(json.dumps(measure(seed=options.seed, customers=options.customers, peers_python=options.peers_python), indent=1))


if __name__ == "__main__":
    main()
