"""Windows of events as instants.

A window is local time of the tariff's clock: it begins at the first instant that the clock shows its ``from`` or more, and
ends at the first that it shows its ``to`` or more.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tariffs.clock import Clock
from tariffs.events import Window

_MINUTE = 60


class Stay(NamedTuple):
    """A window as instants [s since 1970 UTC]; ``ends`` is not included."""

    starts: int
    ends: int

    @property
    def minutes(self) -> int:
        """Its length [min]."""
        return (self.ends - self.starts) // _MINUTE


def instants_of(window: Window, clock: Clock) -> Stay:
    """Return a window of local time as instants.

    A window that lies wholly in the hour that the clock leaves out in spring is empty.
    """
    return Stay(_first_instant(window.from_, clock), _first_instant(window.to, clock))


def _first_instant(local: datetime, clock: Clock) -> int:
    """Return the first instant at which a clock shows a local time, or a later one where it leaves that out."""
    earlier, later = (int(local.replace(tzinfo=clock.zone, fold=fold).timestamp()) for fold in (0, 1))
    if later >= earlier:
        return earlier
    # the clock jumps over it between the two: the first instant that shows no less
    low, high = later, earlier
    while high - low > 1:
        middle = (low + high) // 2
        shown = datetime.fromtimestamp(middle, clock.zone).replace(tzinfo=None)
        low, high = (low, middle) if shown >= local else (middle, high)
    return high
