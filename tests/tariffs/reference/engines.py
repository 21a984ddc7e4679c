"""Both engines on the same agreements: from intervals to what ``rate`` takes, and the two results line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np

from schemas.errors import TariffError
from tariffs.calendar import combos_at
from tariffs.exact import Exact
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate
from tariffs.reference.billing import bill
from tariffs.reference.given import Agreement, Interval, ReferenceBill
from tariffs.reference.use import unit_of
from tariffs.series import PriceSeries
from tariffs.timeline import Stretch, Timeline

FREELY_SHOWN = frozenset({"minimum", "bank", "true_up", "tax_included"})
"""Kinds of lines of which no document says how quantity, unit and price are shown; their amounts are compared."""
_FINEST = 9


@dataclass(frozen=True)
class Customer:
    """One agreement, with all its intervals, equally long, over several billing periods."""

    minutes: int
    load: tuple[Interval, ...]
    facts: Mapping[str, Fraction] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    export_taxed: bool = False

    def __repr__(self) -> str:
        """Name what was used in all, by determinant: a year of intervals tells nobody anything."""
        names = sorted({name for interval in self.load for name in interval.use})
        sums = {name: str(sum((interval.use.get(name, Fraction(0)) for interval in self.load), Fraction(0))) for name in names}
        facts = {name: str(value) for name, value in self.facts.items()}
        return f"Customer({self.minutes} min, {sums}, {facts}, {set(self.options)}, export_taxed={self.export_taxed})"


@dataclass(frozen=True)
class Case:
    """Customers of one tariff and the billing periods they are billed for, one after the other."""

    text: str
    tariff: Tariff
    customers: tuple[Customer, ...]
    borders: tuple[datetime, ...]
    """Ends of the billing periods, the first one's start before them (UTC)."""
    billing_clock: str | None = None
    series: Mapping[str, PriceSeries] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the document, the customers and the borders of the billing periods."""
        borders = ", ".join(border.isoformat() for border in self.borders)
        return f"Case of\n{self.text}\n{self.customers}\n{borders}; billing clock {self.billing_clock}"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - as Hypothesis calls it
        printer.text(repr(self))

    def load(self, place: int, number: int) -> list[Interval]:
        """What a customer used in one of the billing periods."""
        starts, ends = self.borders[number], self.borders[number + 1]
        return [interval for interval in self.customers[place].load if starts <= interval.start < ends]


def series_of(name: str, rows: Mapping[datetime, str], *, scale: int = 6) -> PriceSeries:
    """A series of prices from instants and decimals as text."""
    starts = np.array([int(instant.timestamp()) for instant in rows], dtype=np.int64)
    values = np.array([int(Fraction(value) * 10**scale) for value in rows.values()], dtype=np.int64)
    return PriceSeries(name, starts, values, scale)


def referred(case: Case, number: int, carried: Sequence[Mapping[str, Fraction]]) -> list[ReferenceBill]:
    """The bills of the reference for one of the billing periods, one customer after the other."""
    bills = []
    for place, customer in enumerate(case.customers):
        agreement = Agreement(
            customer.facts, customer.options, customer.export_taxed, number == 0, number == len(case.borders) - 2
        )
        made = bill(
            case.tariff,
            case.load(place, number),
            starts_at=case.borders[number],
            ends_at=case.borders[number + 1],
            billing_clock=case.billing_clock,
            agreement=agreement,
            carried=carried[place],
            series=case.series,
        )
        bills.append(made)
    return bills


def rated(case: Case, number: int, carried: Mapping[str, Exact]) -> RatedLines:
    """What the engine that bills makes of one of the billing periods, all customers in one call."""
    loads = [case.load(place, number) for place in range(len(case.customers))]
    starts_at, ends_at = case.borders[number], case.borders[number + 1]
    names = sorted({name for load in loads for interval in load for name in interval.use})
    exponents = {name: _exponent(loads, name) for name in names}
    rows = len(loads)
    options = sorted({option for customer in case.customers for option in customer.options})
    facts = sorted({fact for customer in case.customers for fact in customer.facts})
    return rate(
        RatingInputs(
            tariff=case.tariff,
            starts_at=starts_at,
            ends_at=ends_at,
            quantities={name: _determinant(case, loads, name, exponents[name], starts_at, ends_at) for name in names},
            export_taxed=np.array([customer.export_taxed for customer in case.customers]),
            billing_clock=case.billing_clock,
            timeline=_timeline(case, loads, names, exponents),
            series=case.series,
            carried=carried,
            facts={fact: _exact([customer.facts[fact] for customer in case.customers]) for fact in facts},
            options={option: np.array([option in customer.options for customer in case.customers]) for option in options},
            started=np.full(rows, number == 0),
            ended=np.full(rows, number == len(case.borders) - 2),
        )
    )


def _exponent(loads: Sequence[Sequence[Interval]], name: str) -> int:
    values = [interval.use.get(name, Fraction(0)) for load in loads for interval in load]
    return next(-places for places in range(_FINEST + 1) if all((value * 10**places).denominator == 1 for value in values))


def _exact(values: Sequence[Fraction]) -> Exact:
    return Exact(np.array([int(value * 10**_FINEST) for value in values], dtype=np.int64), _FINEST)


def _determinant(
    case: Case, loads: Sequence[Sequence[Interval]], name: str, exponent: int, starts_at: datetime, ends_at: datetime
) -> Determinant:
    """Sum every interval in the place that the engine's own calendar gives it."""
    span = {"starts_at": starts_at, "ends_at": ends_at, "billing_clock": case.billing_clock}
    direction = "export" if name == "export_kwh" else "import"
    rows = []
    for load in loads:
        seconds = np.array([int(interval.start.timestamp()) for interval in load], dtype=np.int64)
        places, combos = combos_at(case.tariff, direction=direction, starts=seconds, **span)
        sums = [0] * len(combos)
        for place, interval in zip(places.tolist(), load, strict=True):
            sums[place] += int(interval.use.get(name, Fraction(0)) / Fraction(10) ** exponent)
        rows.append(sums)
    return Determinant(combos, exponent, np.array(rows, dtype=np.int64), unit_of(name))


def _timeline(case: Case, loads: Sequence[Sequence[Interval]], names: Sequence[str], exponents: Mapping[str, int]) -> Timeline:
    places = sorted(range(len(loads)), key=lambda place: case.customers[place].minutes)
    stretches = []
    for minutes, group in groupby(places, key=lambda place: case.customers[place].minutes):
        rows = list(group)
        starts = np.array([int(interval.start.timestamp()) for interval in loads[rows[0]]], dtype=np.int64)
        values = {
            name: np.array(
                [[int(each.use.get(name, Fraction(0)) / Fraction(10) ** exponents[name]) for each in loads[row]] for row in rows],
                dtype=np.int64,
            )
            for name in names
        }
        stretches.append(Stretch(np.array(rows, dtype=np.int64), minutes, starts, values, exponents))
    return Timeline(tuple(stretches))


def intervals_between(
    starts_at: datetime, ends_at: datetime, minutes: int, use: Mapping[str, Mapping[datetime, Fraction]]
) -> tuple[Interval, ...]:
    """Intervals without a gap; what is not named is zero."""
    count = -(-(ends_at - starts_at) // timedelta(minutes=minutes))
    starts = [starts_at + number * timedelta(minutes=minutes) for number in range(count)]
    known = {instant for values in use.values() for instant in values}
    missing = known - set(starts)
    assert not missing, f"no interval begins at {sorted(missing)}"
    return tuple(
        Interval(start, minutes, {name: values.get(start, Fraction(0)) for name, values in use.items()}) for start in starts
    )


def equal(vectorised: RatedLines, references: Sequence[ReferenceBill]) -> None:
    """Demand that both engines made the same bills, and hand on the same."""
    found = {place: [] for place in range(len(references))}
    for row in vectorised.lines.to_pylist():
        # a line on which nothing stands is shown or not as each likes
        if row["kind"] in FREELY_SHOWN and not row["amount"]:
            continue
        found[row["agreement_index"]].append(_seen(row))
    for place, reference in enumerate(references):
        wanted = [_line(each) for each in reference.lines if each.amount or each.kind not in FREELY_SHOWN]
        assert sorted(found[place], key=_order) == sorted(wanted, key=_order), _differences(found[place], wanted)
        assert Fraction(vectorised.total[place].as_py()) == reference.total
        assert Fraction(vectorised.total_rounded[place].as_py()) == reference.total_rounded
        state = {name: Fraction(int(each.values[place]), 10**each.scale) for name, each in vectorised.carried.items()}
        assert {name: value for name, value in state.items() if value} == reference.carried


def _seen(row: Mapping[str, Any]) -> tuple[object, ...]:
    numbers = ("quantity", "price", "amount", "amount_rounded")
    quantity, price, amount, on_bill = (Fraction(row[name]) for name in numbers)
    place = (row["charge_id"], row["kind"], row["band"], row["tier"], row["tariff_version"])
    shown = (None, None, None) if row["kind"] in FREELY_SHOWN else (quantity, row["unit"], _twelve(price))
    return (*place, *shown, amount, on_bill)


def _line(line: Any) -> tuple[object, ...]:
    place = (line.charge_id, line.kind, line.band, line.tier, line.version.isoformat())
    shown = (None, None, None) if line.kind in FREELY_SHOWN else (line.quantity, line.unit, _twelve(line.price))
    return (*place, *shown, line.amount, line.amount_rounded)


def _twelve(price: Fraction) -> Fraction:
    """Prices stand on lines with twelve decimals."""
    return round(price, 12)


def _order(line: tuple[object, ...]) -> str:
    return repr(line)


def _differences(found: Sequence[tuple[object, ...]], wanted: Sequence[tuple[object, ...]]) -> str:
    only_found = [each for each in found if each not in wanted]
    only_wanted = [each for each in wanted if each not in found]
    lines = [f"only rate:      {_text(each)}" for each in only_found] + [f"only reference: {_text(each)}" for each in only_wanted]
    return "\n" + "\n".join(lines)


def _text(line: tuple[object, ...]) -> str:
    return ", ".join(str(float(each)) + f" ({each})" if isinstance(each, Fraction) else str(each) for each in line)


def both_agree(case: Case) -> int:
    """Rate all billing periods by both engines, each with what it carried itself; the number of periods both priced.

    Where one refuses the document, the other does, with the same code.
    """
    ours: Mapping[str, Exact] = {}
    theirs: list[Mapping[str, Fraction]] = [{} for _ in case.customers]
    for number in range(len(case.borders) - 1):
        made, refused = _tried(referred, case, number, theirs)
        lines, refused_too = _tried(rated, case, number, ours)
        codes = [None if error is None else error.code for error in (refused, refused_too)]
        assert codes[0] == codes[1], f"reference: {refused}\nrate: {refused_too}"
        if refused:
            return number
        equal(lines, made)
        ours, theirs = lines.carried, [each.carried for each in made]
    return len(case.borders) - 1


def _tried(engine: Callable[..., Any], *given: object) -> tuple[Any, TariffError | None]:
    try:
        return engine(*given), None
    except TariffError as error:
        return None, error


def at(text: str) -> datetime:
    """An instant from its text in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
