"""A row of values that fills the period of its place without a gap, and what it says of values with wrong stamps.

Single stamps are wrong at times, by the sender or by whoever made a file anonymous: a quarter of an hour that ends at 20:16, an
hour that is there twice and the one before it never. Where a line announces its whole period, its values divide that
period evenly, and all but a few stand at their places, those few stand there too: the row is right and their stamps
are wrong. Values that came in another order tell their places by their stamps, and keep them. Without all of that a
value is of the period its own stamps name, or of none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from pipelines.ingest.mscons.times import Period
from pipelines.ingest.rejected import Fault

MOST_ODD = 1000
"""Values held back; a line with more of them is no row."""
ONE_ODD_IN = 20
"""A row in which more than one value of twenty is not at its place proves nothing."""

V = TypeVar("V")


class Odd(NamedTuple, Generic[V]):
    """A value whose own stamps do not name the period of its place: its place, and the period they name or why none."""

    place: int
    value: V
    own: Period | Fault


@dataclass
class Row(Generic[V]):
    """The values of a line, one after the other.

    Attributes:
        whole: the period of the place.
    """

    whole: Period
    _length_us: int = 0
    _count: int = 0
    _is_broken: bool = False
    _odd: list[Odd[V]] = field(default_factory=list)

    def holds(self, value: V, own: Period | Fault) -> bool:
        """Count a value; return whether it is held back until the row ends, for it is not of the period of its place."""
        place, self._count = self._count, self._count + 1
        if place == 0:
            self._begin(own)
        if self._is_broken or own == self._period(place):
            return False
        self._odd.append(Odd(place, value, own))
        self._is_broken = len(self._odd) > MOST_ODD
        return True

    def end(self) -> list[tuple[Odd[V], Period | Fault]]:
        """Return the values that were held back, each with its period or why it has none."""
        held, self._odd = self._odd, []
        is_right = self._is_filled() and len(held) * ONE_ODD_IN <= self._count and not self._is_another_order(held)
        return [(odd, self._period(odd.place) if is_right else odd.own) for odd in held]

    def _begin(self, first: Period | Fault) -> None:
        """Take the length of the row's periods from its first value; one that cannot begin a row leaves none."""
        self._is_broken = True
        if isinstance(first, Period) and first.start_us == self.whole.start_us:
            self._length_us = first.end_us - first.start_us
            self._is_broken = (self.whole.end_us - self.whole.start_us) % self._length_us != 0

    def _is_filled(self) -> bool:
        """Whether as many values came as divide the whole period evenly."""
        return not self._is_broken and self._period(self._count).start_us == self.whole.end_us

    def _is_another_order(self, held: list[Odd[V]]) -> bool:
        """Whether the values held back name each other's periods, each once: then they came in another order."""
        return {odd.own for odd in held} == {self._period(odd.place) for odd in held}

    def _period(self, place: int) -> Period:
        """Return the period of a place in the row."""
        start_us = self.whole.start_us + place * self._length_us
        return Period(start_us, start_us + self._length_us)
