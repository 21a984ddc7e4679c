"""The second copy of some homes' readings: what their retailer sends to whoever asks, a row an interval.

The layout is that of Australian retailers' exports: the market's day and clock, intervals numbered from 1, one row for each
register and interval. The homes are some that nothing special happens to, so both copies say the same to the watt-hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal

from pipelines.synthetic.energy import ChannelEnergy
from pipelines.synthetic.population import CYCLE
from pipelines.synthetic.utility import ServicePoint, Utility

PLACES = frozenset({1, 15, 30})
"""Places in a cycle of service points: a home with panels on its roof, a plain one, one with a water heater of its own."""
HEADER = "Nmi,Read Type,Meter,Register,Date,Interval,Start Time,End Time,Value,Unit of Measure\n"
_ACTUAL = "A"
_MINUTES_A_DAY = 1440


def has_copy(point: ServicePoint) -> bool:
    """Return whether the retailer sends the readings of a service point, too."""
    return point.number % CYCLE in PLACES


def retailer_text(utility: Utility, homes: Iterable[tuple[ServicePoint, ChannelEnergy]]) -> bytes:
    """Return the retailer's file of the month.

    Args:
        utility: the plan.
        homes: service points with one meter each, and what it counted in each channel, (days, slots) [Wh].
    """
    rows = (row for point, energy in homes for row in _rows(utility, point, energy))
    return "".join([HEADER, *rows]).encode()


def _rows(utility: Utility, point: ServicePoint, energy: ChannelEnergy) -> Iterator[str]:
    """Yield the rows of a home, day by day and register by register."""
    (meter,) = point.meters
    for day in range((utility.month_end - utility.month_start).days):
        date = utility.month_start + timedelta(days=day)
        for register in meter.registers:
            values = energy[register.channel][utility.day_place(date)].tolist()
            for slot, wh in enumerate(values):
                whose = f"{point.service_point_id},{_ACTUAL},{meter.meter_id},{register.channel},{date}"
                begin, end = (_clock((slot + at) * point.interval_minutes) for at in (0, 1))
                yield f"{whose},{slot + 1},{begin},{end},{_kwh(wh)},KWH\n"


def _clock(minutes: int) -> str:
    hours, minutes = divmod(minutes % _MINUTES_A_DAY, 60)
    return f"{hours:02d}:{minutes:02d}"


def _kwh(wh: int) -> str:
    """Return energy as the retailer writes it: no zeros at the end.

    >>> _kwh(50), _kwh(0), _kwh(12_000)
    ('0.05', '0', '12')
    """
    return f"{Decimal(wh).scaleb(-3).normalize():f}" if wh else "0"
