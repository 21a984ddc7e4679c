"""Terms: what a group's bills rest on beside what was measured, and the agreements held because some of it is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import numpy as np

from pipelines.bill.agreement_facts import FactBook, Said
from pipelines.bill.carried_state import State, StateBook, columns_of
from pipelines.bill.due import Due, Held
from pipelines.bill.holds import of_tariff_error
from pipelines.bill.in_force import Asked, asked_of
from pipelines.bill.interval_basis import Measured
from pipelines.bill.price_series import series_for
from pipelines.lakehouse.store import Snapshot
from schemas.errors import TariffError
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

    def agree(self, measured: Measured, tariff: Tariff, held: list[Held]) -> Iterator[tuple[Measured, Terms]]:
        """Yield the agreements whose terms are known, one group for each set of options; ``held`` takes the rest.

        Agreements are asked only for what a charge needs that stands for them: a price series or a fact that is not there holds
        whom it is for and nobody else.

        Args:
            measured: what they used.
            tariff: their tariff.
            held: takes the agreements that are held.
        """
        for options, numbers in self._by_options(measured, tariff, held).items():
            yield from self._agreed(measured.only(numbers), tariff, options, held)

    def _by_options(self, measured: Measured, tariff: Tariff, held: list[Held]) -> dict[frozenset[str], list[int]]:
        """Return the positions of agreements by what they are entitled to."""
        due = measured.ready[0].due
        words = asked_of(tariff, starts_at=due.starts_at, ends_at=due.ends_at).options
        groups: dict[frozenset[str], list[int]] = {}
        for number, ready in enumerate(measured.ready):
            options = self.facts.entitled(ready.due, words)
            if isinstance(options, Held):
                held.append(options)
            else:
                groups.setdefault(options, []).append(number)
        return groups

    def _agreed(
        self, measured: Measured, tariff: Tariff, options: frozenset[str], held: list[Held]
    ) -> Iterator[tuple[Measured, Terms]]:
        """Yield the agreements of one set of options whose facts, state and prices are known, with their terms."""
        due = measured.ready[0].due
        month = (due.period_to - timedelta(days=1)).month
        asked = asked_of(tariff, starts_at=due.starts_at, ends_at=due.ends_at, options=options, month=month)
        keep: list[int] = []
        said: list[Said] = []
        opening: list[State] = []
        for number, ready in enumerate(measured.ready):
            one = self._of(ready.due, asked, options)
            if isinstance(one, Held):
                held.append(one)
                continue
            keep.append(number)
            said.append(one[0])
            opening.append(one[1])
        if not keep:
            return
        try:
            series = series_for(self.base, asked.series)
        except TariffError as problem:
            held += [Held(measured.ready[number].due, of_tariff_error(problem.code), problem.message) for number in keep]
            return
        yield measured.only(keep), Terms(said, opening, series, asked.state, asked.borders)

    def _of(self, due: Due, asked: Asked, options: frozenset[str]) -> tuple[Said, State] | Held:
        facts = self.facts.facts(due, asked.facts)
        if isinstance(facts, Held):
            return facts
        opening = self.states.opening_or_hold(due) if asked.state else self.states.passed_on(due)
        return opening if isinstance(opening, Held) else (Said(facts, options), opening)
