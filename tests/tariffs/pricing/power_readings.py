"""Agreements with intervals, rated: what each drew at which local time, or all its readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from tariffs.calendar import combos_at, combos_of
from tariffs.clock import Clock
from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate
from tariffs.timeline import Stretch, Timeline

JULY = ("2026-07-01", "2026-08-01")
"""1 July 2026 is a Wednesday."""
PERIODS = 'periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}\n'


@dataclass(frozen=True)
class Readings:
    """All intervals of some agreements: by determinant (m, t) [Wh, varh], and their length [min]."""

    values: Mapping[str, Any]
    minutes: int = 60


def tariff(body: str, *, clock: str = "Australia/Perth", head: str = "", since: str = "2020-01-01") -> Tariff:
    """A tariff of one version without rounding, from the text of that version's fields."""
    inside = "".join(f"  {line}\n" for line in body.strip("\n").splitlines())
    top = f'tariff: example\ncurrency: AUD\nclock: "{clock}"\nrounding: {{line: none}}\n{head}'
    return parse_tariff(f"{top}versions:\n- from: {since}\n{inside}", "example.yaml")


def charge(text: str) -> Tariff:
    """A tariff of one charge; it knows the periods peak and off."""
    return tariff(f"{PERIODS}charges:\n- {text}")


def instants(made: Tariff, dates: tuple[str, str]) -> dict[str, datetime]:
    """First instant of two local dates."""
    clock = Clock(made.clock)
    starts, ends = (datetime.fromtimestamp(clock.midnight(date.fromisoformat(day)), UTC) for day in dates)
    return {"starts_at": starts, "ends_at": ends}


def interval_starts(starts_at: datetime, ends_at: datetime, minutes: int) -> Any:
    """Intervals that begin in a billing period, on multiples of their length since 1970 UTC."""
    step = minutes * 60
    first = -(-int(starts_at.timestamp()) // step) * step
    return np.arange(first, int(ends_at.timestamp()), step, dtype=np.int64)


def drawn(made: Tariff, dates: tuple[str, str] = JULY, minutes: int = 60, **use: Sequence[Mapping[str, int]]) -> Readings:
    """Readings of agreements that drew something at the named local times [Wh], and nothing in all other intervals."""
    starts = interval_starts(**instants(made, dates), minutes=minutes)
    values = {}
    for name, rows in use.items():
        values[name] = np.zeros((len(rows), len(starts)), dtype=np.int64)
        for number, row in enumerate(rows):
            for local, size in row.items():
                (place,) = np.flatnonzero(starts == instant(made, local))
                values[name][number, place] = size
    return Readings(values, minutes)


def instant(made: Tariff, local: str) -> int:
    """A local time [s since 1970 UTC]."""
    return int(datetime.fromisoformat(local).replace(tzinfo=Clock(made.clock).zone).timestamp())


def metered(made: Tariff, *readings: Readings, dates: tuple[str, str] = JULY, exponent: int = -3, **more: Any) -> RatedLines:
    """Rate agreements on their readings; several readings are agreements one after the other."""
    return rate(inputs_of(made, *readings, dates=dates, exponent=exponent, **more))


def inputs_of(made: Tariff, *readings: Readings, dates: tuple[str, str] = JULY, exponent: int = -3, **more: Any) -> RatingInputs:
    """What is rated; see ``metered``."""
    period = instants(made, dates)
    combos = combos_of(made, direction="import", **period)
    stretches, sums, count = [], {}, 0
    for each in readings:
        values = {name: np.asarray(rows) for name, rows in each.values.items()}
        rows = count + np.arange(len(next(iter(values.values()))))
        count += len(rows)
        starts = interval_starts(**period, minutes=each.minutes)
        places, _ = combos_at(made, direction="import", starts=starts, **period)
        stretches.append(Stretch(rows, each.minutes, starts, values, dict.fromkeys(values, exponent)))
        for name, table in values.items():
            of_each = np.stack([table[:, places == place].sum(axis=1) for place in range(len(combos))], axis=1)
            sums.setdefault(name, np.zeros((10_000, len(combos)), dtype=np.int64))[rows] = of_each
    quantities = {
        name: Determinant(combos, exponent, table[:count], "kvarh" if name == "kvarh" else "kWh") for name, table in sums.items()
    }
    inputs = {"export_taxed": np.zeros(count, dtype=bool), "timeline": Timeline(tuple(stretches))} | more
    return RatingInputs(tariff=made, quantities=quantities, **period, **inputs)


def bill(text: str, *draws: Mapping[str, int], minutes: int = 60, dates: tuple[str, str] = JULY, **more: Any) -> RatedLines:
    """Rate a tariff of one charge on what some agreements drew at local times [Wh]; ``kvarh``: the same of reactive energy."""
    made = charge(text)
    use = {"import_kwh": draws} | ({"kvarh": more.pop("kvarh")} if "kvarh" in more else {})
    return metered(made, drawn(made, dates, minutes, **use), dates=dates, **more)


def lines(rated: RatedLines, agreement: int = 0, **wanted: str) -> list[tuple[Any, ...]]:
    """Band, step, quantity and amount of each line of one agreement's bill, as text."""
    return [
        (row["band"], row["tier"], plain(row["quantity"]), plain(row["amount"]))
        for row in rated.lines.to_pylist()
        if row["agreement_index"] == agreement and all(row[name] == value for name, value in wanted.items())
    ]


def sentences(rated: RatedLines, agreement: int = 0) -> list[str]:
    """The sentences of one agreement's bill."""
    return [row["text"] for row in rated.lines.to_pylist() if row["agreement_index"] == agreement]


def exact(*rows: str) -> Exact:
    """A column of decimals with three places or fewer."""
    return Exact(np.array([int(Decimal(row).scaleb(3)) for row in rows], dtype=np.int64), 3)


def decimals(column: Exact) -> list[str]:
    """A column as text."""
    return [plain(Decimal(int(value)).scaleb(-column.scale)) for value in column.values]


def plain(value: Decimal) -> str:
    """A decimal without needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def noted(rated: RatedLines, name: str) -> list[tuple[Any, ...]]:
    """What was noted of a determinant: version, band, values, unit and times."""
    return [
        (each.version, each.band, decimals(each.value), each.unit, None if each.at is None else each.at.tolist())
        for each in rated.measured
        if each.determinant == name
    ]
