from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tariffs.calendar import combos_of
from tariffs.clock import Clock
from tariffs.load import parse_tariff
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate

HEAD = "tariff: example\ncurrency: EUR\nclock: Europe/Berlin\n"
UNROUNDED = "rounding: {line: none, total: sum_of_lines}\n"


def _indented(body: str) -> str:
    return "".join(f"  {line}\n" for line in body.strip("\n").splitlines())


@pytest.fixture(scope="session")
def tariff_of() -> Callable[..., Tariff]:
    """A tariff of one version in force since 2020, from the text of that version's fields."""

    def make(body: str, *, head: str = HEAD, rounding: str = UNROUNDED) -> Tariff:
        return parse_tariff(f"{head}{rounding}versions:\n- from: 2020-01-01\n{_indented(body)}", "example.yaml")

    return make


@pytest.fixture(scope="session")
def data() -> Path:
    return Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def instants_of() -> Callable[[Tariff, str, str], dict[str, datetime]]:
    """Start and end of local dates in the tariff's clock."""

    def make(tariff: Tariff, first: str, after: str) -> dict[str, datetime]:
        clock = Clock(tariff.clock)
        starts, ends = (datetime.fromtimestamp(clock.midnight(date.fromisoformat(day)), UTC) for day in (first, after))
        return {"starts_at": starts, "ends_at": ends}

    return make


@pytest.fixture(scope="session")
def bill(instants_of) -> Callable[..., RatedLines]:
    """Rate some agreements: for each determinant, rows of what was used in each combo [Wh]."""

    def make(
        tariff: Tariff,
        use: Mapping[str, Sequence[Sequence[int]]],
        *,
        first: str = "2026-01-01",
        after: str = "2026-02-01",
        exponent: int = -3,
        taxed: Sequence[bool] | None = None,
        **more: Any,
    ) -> RatedLines:
        instants = instants_of(tariff, first, after)
        quantities = {}
        for name, rows in use.items():
            combos = combos_of(tariff, direction="export" if name == "export_kwh" else "import", **instants)
            values = np.array(rows, dtype=np.int64)
            quantities[name] = Determinant(combos, exponent, values, name.rpartition("_")[2].replace("kwh", "kWh"))
        count = len(taxed) if taxed is not None else max((len(rows) for rows in use.values()), default=1)
        export_taxed = np.array(taxed if taxed is not None else [False] * count)
        return rate(RatingInputs(tariff=tariff, quantities=quantities, export_taxed=export_taxed, **instants, **more))

    return make
