"""Terms: what a group's bills rest on beside what was measured, and the agreements held because some of it is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipelines.bill.agreement_facts import FactBook, Said
from pipelines.bill.carried_state import State, StateBook, columns_of
from pipelines.bill.due import Due, Held
from pipelines.bill.in_force import Asked, asked_of
from pipelines.bill.interval_basis import Measured
from pipelines.bill.price_series import series_for
from pipelines.lakehouse.store import Snapshot
from tariffs.clock import Integers
from tariffs.exact import Exact
from tariffs.model import Tariff
from tariffs.series import PriceSeries


@dataclass(frozen=True)
class Terms:
    """What n agreements that share tariff and billing period are rated by.

    Attributes:
        said: facts and options of each.
        opening: what each was handed by the period before.
        series: price series by name.
        state: the tariff hands something on; where it does not, what a period was handed goes on as it is.
        borders: it matters whether an agreement begins or ends in the period.
    """

    said: Sequence[Said]
    opening: Sequence[State]
    series: Mapping[str, PriceSeries] = field(default_factory=dict)
    state: bool = False
    borders: bool = False

    @classmethod
    def plain(cls, agreements: int) -> Terms:
        """Return the terms of a tariff that asks for nothing but sums of energy."""
        return cls([Said()] * agreements, [{}] * agreements)

    def only(self, picked: Sequence[int]) -> Terms:
        """Return those of some agreements."""
        return replace(self, said=[self.said[n] for n in picked], opening=[self.opening[n] for n in picked])

    def facts(self) -> dict[str, Exact]:
        """Return the facts as columns."""
        return columns_of([said.facts for said in self.said])

    def options(self) -> dict[str, Integers]:
        """Return the options as columns of booleans."""
        words = sorted({word for said in self.said for word in said.options})
        return {word: np.array([word in said.options for said in self.said], dtype=bool) for word in words}


@dataclass(frozen=True)
class TermBook:
    """What is known of a bucket's agreements and of the price series."""

    base: Snapshot
    facts: FactBook
    states: StateBook

    def agree(self, measured: Measured, tariff: Tariff, held: list[Held]) -> tuple[Measured, Terms]:
        """Return the agreements whose terms are known, and the terms; the others are added to ``held``.

        Raises:
            TariffError: ``series.missing``: for all of them.
        """
        due = measured.ready[0].due
        asked = asked_of(tariff, starts_at=due.starts_at, ends_at=due.ends_at)
        keep: list[int] = []
        without: list[Held] = []
        said: list[Said] = []
        opening: list[State] = []
        for number, ready in enumerate(measured.ready):
            one = self._of(ready.due, asked)
            if isinstance(one, Held):
                without.append(one)
                continue
            keep.append(number)
            said.append(one[0])
            opening.append(one[1])
        series = series_for(self.base, asked.series) if keep else {}
        held += without
        kept = measured if len(keep) == len(measured.ready) else measured.only(keep)
        return kept, Terms(said, opening, series, asked.state, asked.borders)

    def _of(self, due: Due, asked: Asked) -> tuple[Said, State] | Held:
        said = self.facts.said(due, asked.facts, asked.options)
        if isinstance(said, Held):
            return said
        opening = self.states.opening_or_hold(due) if asked.state else self.states.passed_on(due)
        return opening if isinstance(opening, Held) else (said, opening)
