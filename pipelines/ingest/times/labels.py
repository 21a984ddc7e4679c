"""Labels of ends, as a wall clock shows them, in the hours around a change of the clocks.

In autumn an hour's labels come twice; in spring they do not come. A label of an end that falls on the change itself is
written by the clock before it (spring 02:00, autumn 03:00) or after it (spring 03:00, autumn 02:00): senders do both,
and which of the two a file does follows from the labels that are there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.periods import instants_of, parse_clock

_SECOND = timedelta(seconds=1)
_TWICE = 2


class End(NamedTuple):
    """What a label of an end says.

    Attributes:
        instant: the end, UTC; None where the clocks leapt over it.
        is_assumed: whether the label stands for two instants, is there once, and the first that fits was taken.
    """

    instant: datetime | None
    is_assumed: bool


def resolve_ends(labels: Sequence[datetime], lengths: Sequence[timedelta], clock: str) -> list[End]:
    """Return the instants that labels of ends name, in the order of the labels.

    Labels that come twice are told apart by their order: upwards, or downwards where the last label is before the first.

    Args:
        labels: of one series, as its clock showed them, in the order of the file.
        lengths: of the intervals that end there.
        clock: zone name or offset.
    """
    ends = [End(None, is_assumed=False)] * len(labels)
    places = range(len(labels))
    count, met = Counter(labels), Counter[datetime]()
    before: datetime | None = None
    for place in places if not labels or labels[0] <= labels[-1] else reversed(places):
        label = labels[place]
        fitting, is_assumed = _fitting(label, count, clock)
        if is_assumed and before is not None and before + lengths[place] in fitting:
            fitting = (before + lengths[place],)
        if fitting:
            before = fitting[0] if is_assumed else fitting[met[label] % len(fitting)]
            ends[place] = End(before, is_assumed)
        met[label] += 1
    return ends


def _fitting(label: datetime, count: Counter[datetime], clock: str) -> tuple[tuple[datetime, ...], bool]:
    """Return the instants a label can stand for, earliest first, and whether one of them must be assumed."""
    after = instants_of(label, clock)
    before = tuple(instant + _SECOND for instant in instants_of(label - _SECOND, clock))
    if after == before and len(after) < _TWICE:
        return after, False
    if not after:  # the clocks leap forward at this moment: it belongs to the label after the leap, where that is there
        return (before if all(count[_wall(instant, clock)] == 0 for instant in before) else ()), False
    if len(after) == _TWICE:
        if count[label] >= _TWICE:
            return after, False
        second = _wall(after[1] - _SECOND, clock) + _SECOND
        return (after[:1], False) if second != label and count[second] >= _TWICE else (after, True)
    if len(before) == _TWICE and count[label] >= _TWICE and count[_wall(before[0], clock)] < _TWICE:
        return before, False
    return after, False


def _wall(instant: datetime, clock: str) -> datetime:
    return instant.astimezone(parse_clock(clock)).replace(tzinfo=None)
