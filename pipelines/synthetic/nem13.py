"""The text of NEM13 files: accumulation meters read on foot near the end of each month.

Somebody walks by on one of the last three days of a month, in daylight, and notes whole kilowatt-hours from five
dials. The quantity of a 250 record is the advance of the dials, rollover included, times the multiplier.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np

from pipelines.synthetic.energy import index_wh
from pipelines.synthetic.loads import IntArray
from pipelines.synthetic.nem12 import stamp
from pipelines.synthetic.population import CYCLE
from pipelines.synthetic.utility import Register, ServicePoint, Utility, draw, market_midnight

FOOTER = b"900\n"
ROLLOVER = 39
"""Place in the cycle of the accumulation meter whose dials begin again at zero in the month."""
_STREAM = 401


class DialRead(NamedTuple):
    """What somebody noted: when, and what the dials showed."""

    read_at: datetime
    shown: int


def header(sent: datetime) -> bytes:
    """Return the 100 record of a file sent by the synthetic data provider."""
    return f"100,NEM13,{sent:%Y%m%d%H%M},SYNMDP,SYNRET\n".encode()


def dial_reads(utility: Utility, point: ServicePoint, energy: IntArray) -> list[DialRead]:
    """Return the reads of an accumulation meter: when the data begin, near the month's start, near its end.

    Args:
        utility: the plan.
        point: a service point with one accumulation meter.
        energy: its true energy, (days, slots) [Wh].
    """
    rng = draw(utility.climate.seed, point.number, _STREAM)
    days = [utility.first_day]
    days += [border - timedelta(days=int(rng.integers(1, 4))) for border in (utility.month_start, utility.month_end)]
    meter = point.meters[0]
    register = _as_it_begins(utility, point, energy)
    found = []
    for day in days:
        slot = int(rng.integers(16, 32))
        begin = market_midnight(day) + timedelta(minutes=30 * slot)
        shown = index_wh(utility, meter, register, energy, begin) // 1000 % 10**register.dials
        found.append(DialRead(begin + timedelta(seconds=int(rng.integers(1800))), shown))
    return found


def _as_it_begins(utility: Utility, point: ServicePoint, energy: IntArray) -> Register:
    """Return the register as it stands when the data begin; one that is to roll over does so in mid-month."""
    register = point.meters[0].registers[0]
    if point.number % CYCLE != ROLLOVER:
        return register
    until = utility.day_place(utility.month_start) + 14
    return register._replace(start_wh=10**register.dials * 1000 - int(energy[:until].sum(dtype=np.int64)))


def advance_line(point: ServicePoint, before: DialRead, now: DialRead, next_read: date) -> bytes:
    """Return the 250 record between two reads of an accumulation meter."""
    meter = point.meters[0]
    register = meter.registers[0]
    dials, channel = register.dials, register.channel
    quantity = (now.shown - before.shown) % 10**dials * register.multiplier
    updated = market_midnight(now.read_at.date() + timedelta(days=1))
    fields = (
        f"250,{point.service_point_id},{channel},1,{channel},{channel},{meter.meter_id},E",
        f"{before.shown:0{dials}d},{stamp(before.read_at)},A,,",
        f"{now.shown:0{dials}d},{stamp(now.read_at)},A,,",
        f"{quantity},KWH,{next_read:%Y%m%d},{stamp(updated)},\n",
    )
    return ",".join(fields).encode()
