"""A sampled bill: what it was made from and what came of it, small enough to travel from a worker to the commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tariffs.rated import RatingInputs


@dataclass(frozen=True)
class Sample:
    """One bill.

    Attributes:
        bill_id: the bill.
        inputs: what was rated, of this agreement alone; its timeline holds the intervals to rate again by, even where the tariff
            looks at sums only; None where nothing but its sums is known.
        lines: its rated lines as rows of ``tariffs.lines.LINES``.
        total: exact total and total as the tariff rounds totals [currency].
        carried: what it hands to the next period, by name.
    """

    bill_id: str
    inputs: RatingInputs
    lines: list[dict[str, Any]]
    total: tuple[Any, Any]
    carried: dict[str, Any]
