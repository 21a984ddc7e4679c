"""Cross-check: some bills of a run are rated again by the reference engine, before anything is published.

The sample is the same on every computer: of each bucket the bills with the lowest ids (which are hashes), and of all of these the
lowest. Nothing is rounded on the way to the reference engine: quantities, prices and state are exact fractions. What it returns
is held against the bill line by line: rounded amounts must be equal, exact ones to a billionth of the currency, because the two
engines may write a quotient with more or fewer decimals.

A bill rests on sums where nothing is known of single intervals: on registers, and where intervals of several lengths make no
row. Its sums by version and period are what the reference engine is given then; every other bill is rated again from its
intervals, so that both calendars are compared too. No bill is passed over; the run says how many were compared by sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc

from pipelines.bill.carried_state import states_of
from pipelines.bill.documents import Documents
from pipelines.bill.sample import Sample
from pipelines.bill.timelines import only
from schemas.errors import InvariantError, TariffError
from tariffs.clock import Integers
from tariffs.exact import Exact
from tariffs.rated import Determinant, RatingInputs
from tariffs.reference.billing import bill, bill_sums
from tariffs.reference.given import Agreement, Interval
from tariffs.timeline import Timeline

TOLERANCE = Fraction(1, 10**9)
"""What exact amounts, quantities and state may differ by."""
_FEW = 50
_LINE_KEY = ("charge_id", "kind", "band", "tier", "version")
_SAME = ("amount_rounded",)
_CLOSE = ("quantity", "amount")
_SHOWN_FREELY = frozenset({"minimum", "bank", "true_up", "tax_included"})
"""Kinds of line of which no rule says how the quantity is shown: their amounts are compared."""

Remeasure = Callable[[int], Timeline | None]
"""Gives the intervals of an agreement of a group by its position; None where they make no row."""


class Engine(NamedTuple):
    """An engine that rates one agreement from its intervals, or from its sums."""

    Interval: Any
    Agreement: Any
    bill: Callable[..., Any]
    bill_sums: Callable[..., Any]


def reference_engine() -> Engine:
    """Return the reference engine."""
    return Engine(Interval, Agreement, bill, bill_sums)


def candidates_in_bucket(wanted: int, buckets: int) -> int:
    """Return how many bills a bucket offers so that ``wanted`` can be chosen of all.

    >>> candidates_in_bucket(20, 8), candidates_in_bucket(1000, 64)
    (20, 63)
    """
    return min(wanted, max(_FEW, -(-4 * wanted // buckets)))


def offer(documents: Sequence[tuple[Documents, Remeasure]], most: int) -> list[Sample]:
    """Return the bills of a bucket with the lowest ids.

    Args:
        documents: groups of bills that were drawn up, each with the way to its intervals.
        most: how many at most.
    """
    places = [
        (bill_id, group, row)
        for group, (made, _) in enumerate(documents)
        for row, bill_id in enumerate(made.bills["bill_id"].to_pylist())
    ]
    samples = []
    for _, group, row in sorted(places)[:most]:
        made, remeasure = documents[group]
        samples.append(_sample(made, row, _intervals(made, row, remeasure)))
    return samples


def _intervals(made: Documents, row: int, remeasure: Remeasure) -> Timeline | None:
    """Return the intervals to rate a bill again by; None where only its sums are known."""
    if made.inputs.timeline is not None:
        return only(made.inputs.timeline, [row])
    return None if made.bills["billing_basis"][row].as_py() == "register" else remeasure(row)


def _sample(made: Documents, row: int, timeline: Timeline | None) -> Sample:
    inputs, rated = made.inputs, made.rated
    lines = rated.lines.filter(pc.equal(rated.lines["agreement_index"], row)).to_pylist()
    picked = np.array([row])
    one = replace(
        inputs,
        quantities=_quantities(inputs.quantities, row),
        export_taxed=inputs.export_taxed[picked],
        timeline=timeline,
        carried=_taken(inputs.carried, picked),
        facts=_taken(inputs.facts, picked),
        options={name: flags[picked] for name, flags in inputs.options.items()},
        started=None if inputs.started is None else inputs.started[picked],
        ended=None if inputs.ended is None else inputs.ended[picked],
    )
    return Sample(
        bill_id=made.bills["bill_id"][row].as_py(),
        inputs=one,
        lines=lines,
        total=(rated.total[row].as_py(), rated.total_rounded[row].as_py()),
        carried=states_of(_taken(rated.carried, picked), 1)[0],
    )


def _quantities(quantities: Mapping[str, Determinant], row: int) -> dict[str, Determinant]:
    return {
        name: Determinant(made.combos, made.exponent, made.values[row : row + 1], made.unit) for name, made in quantities.items()
    }


def _taken(columns: Mapping[str, Exact], picked: Integers) -> dict[str, Exact]:
    return {name: column.take(picked) for name, column in columns.items()}


def chosen(offered: Sequence[Sample], wanted: int) -> list[Sample]:
    """Return the sample of a run: of what all buckets offer the bills with the lowest ids."""
    return sorted(offered, key=lambda sample: sample.bill_id)[:wanted]


def require_agreement(samples: Sequence[Sample]) -> None:
    """Rate bills again by the reference engine.

    Raises:
        InvariantError: ``cross_check.differs``, the two engines disagree: the bill, the line and both amounts are in the message.
    """
    if not samples:
        return
    engine = reference_engine()
    for sample in samples:
        for difference in _what_differs(engine, sample):
            code = "cross_check.differs"
            hint = "nothing is published; report it with the tariff and the readings of this bill"
            raise InvariantError(code, f"bill {sample.bill_id}: {difference}", hint, sample.bill_id)


def _what_differs(engine: Engine, sample: Sample) -> Iterator[str]:
    try:
        again = rated_again(engine, sample)
    except TariffError as refused:
        yield f"the reference engine refuses it: {refused.code}: {refused.message}"
        return
    yield from differences(sample, again)


def rated_again(engine: Engine, sample: Sample) -> Any:  # noqa: ANN401 - what the engine makes of it
    """Return a bill as the reference engine makes it."""
    inputs = sample.inputs
    agreement = engine.Agreement(
        facts={name: _fraction(column) for name, column in inputs.facts.items()},
        options=frozenset(name for name, flags in inputs.options.items() if flags[0]),
        export_taxed=bool(inputs.export_taxed[0]),
        started=bool(inputs.started[0]) if inputs.started is not None else False,
        ended=bool(inputs.ended[0]) if inputs.ended is not None else False,
    )
    common: dict[str, Any] = {
        "starts_at": inputs.starts_at,
        "ends_at": inputs.ends_at,
        "billing_clock": inputs.billing_clock,
        "agreement": agreement,
        "carried": {name: _fraction(column) for name, column in inputs.carried.items()},
        "series": inputs.series,
    }
    if inputs.timeline is None:
        return engine.bill_sums(inputs.tariff, sums_of(inputs), **common)
    return engine.bill(inputs.tariff, [engine.Interval(*interval) for interval in intervals_of(inputs)], **common)


def sums_of(inputs: RatingInputs) -> dict[str, dict[tuple[int, str | None], Fraction]]:
    """Return what the one agreement of ``inputs`` used of each determinant by version and period, exactly."""
    return {
        name: {
            (combo.version_index, combo.band): used * Fraction(10) ** made.exponent
            for combo, used in zip(made.combos, made.values[0].tolist(), strict=True)
        }
        for name, made in inputs.quantities.items()
    }


def intervals_of(inputs: RatingInputs) -> Iterator[tuple[datetime, int, dict[str, Fraction]]]:
    """Yield start, length [min] and use of each interval of the one agreement of ``inputs``."""
    for stretch in inputs.timeline.stretches if inputs.timeline is not None else ():
        units = {name: Fraction(10) ** stretch.exponents[name] for name in stretch.values}
        columns = {name: used[0].tolist() for name, used in stretch.values.items()}
        for place, start in enumerate(stretch.starts.tolist()):
            use = {name: columns[name][place] * units[name] if name in columns else Fraction(0) for name in inputs.quantities}
            yield datetime.fromtimestamp(start, UTC), stretch.minutes, use


def _fraction(column: Exact) -> Fraction:
    return Fraction(int(column.values[0]), 10**column.scale)


def differences(sample: Sample, other: Any) -> Iterator[str]:  # noqa: ANN401 - what the engine made
    """Yield what a bill and the reference engine's say differently, one sentence each.

    Args:
        sample: the bill.
        other: the reference engine's: ``lines``, ``total``, ``total_rounded``, ``carried``.
    """
    mine = _by_key(_own_lines(sample))
    theirs = _by_key([{name: getattr(line, name) for name in (*_LINE_KEY, *_SAME, *_CLOSE)} for line in other.lines])
    for key in sorted(mine.keys() | theirs.keys(), key=str):
        one, two = mine.get(key, _NO_LINE), theirs.get(key, _NO_LINE)
        named = "line " + " ".join(str(part) for part in key[:-1] if part is not None)
        for name in (*_SAME, "amount") if key[1] in _SHOWN_FREELY else (*_SAME, *_CLOSE):
            if abs(one[name] - two[name]) > (0 if name in _SAME else TOLERANCE):
                yield f"{named}: {name} {_text(one[name])}, by the reference engine {_text(two[name])}"
    for name, value, again, allowed in (
        ("total", sample.total[0], other.total, TOLERANCE),
        ("total_rounded", sample.total[1], other.total_rounded, 0),
    ):
        if abs(Fraction(value) - Fraction(again)) > allowed:
            yield f"{name} {_text(Fraction(value))}, by the reference engine {_text(Fraction(again))}"
    for name in sorted(sample.carried.keys() | other.carried.keys()):
        state, again = Fraction(sample.carried.get(name, 0)), Fraction(other.carried.get(name, 0))
        if abs(state - again) > TOLERANCE:
            yield f"carried {name} {_text(state)}, by the reference engine {_text(again)}"


_NO_LINE = dict.fromkeys((*_SAME, *_CLOSE), Fraction(0))


def _own_lines(sample: Sample) -> list[dict[str, Any]]:
    """Return the bill's lines, each with the date of its version."""
    return [line | {"version": date.fromisoformat(line["tariff_version"])} for line in sample.lines]


def _by_key(lines: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], dict[str, Fraction]]:
    """Return lines by what they are, those of one kind added up."""
    found: dict[tuple[Any, ...], dict[str, Fraction]] = {}
    for line in lines:
        key = tuple(line[name] for name in _LINE_KEY)
        before = found.get(key, _NO_LINE)
        found[key] = {name: before[name] + Fraction(line[name]) for name in (*_SAME, *_CLOSE)}
    return found


def _text(value: Fraction) -> str:
    """Return a fraction as a decimal of at most twelve places, without needless zeros."""
    places = 12
    number = round(value * 10**places)
    whole, rest = divmod(abs(number), 10**places)
    text = f"{whole}.{rest:0{places}d}".rstrip("0").rstrip(".")
    return f"-{text}" if number < 0 else text
