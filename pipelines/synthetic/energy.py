"""What each register truly counted, slot by slot: the yardstick for files, reads and bills."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.loads import Climate, IntArray, controlled_load_wh, load_wh, net_at_the_meter, solar_wh
from pipelines.synthetic.population import Kind
from pipelines.synthetic.utility import Meter, Register, ServicePoint, Utility, market_midnight

ChannelEnergy = dict[str, IntArray]
"""Energy of each channel of a service point, (days, slots) [Wh]."""


class EnergySource(Protocol):
    """Makes the energy of one cause, such as the sun, for many service points."""

    def __call__(
        self, climate: Climate, indices: NDArray[np.int64], *, first_day: date, days: int, interval_minutes: int
    ) -> IntArray:
        """Return (n, days, slots) energy [Wh]."""


class Span(NamedTuple):
    """The slots of the data in which a meter was installed, counted from the first of all, end exclusive."""

    first: int
    end: int


def true_energy(utility: Utility, service_points: tuple[ServicePoint, ...]) -> dict[str, ChannelEnergy]:
    """Return the true energy of every channel by service point.

    Args:
        utility: the plan they belong to.
        service_points: some of its service points; all together need memory, so writers ask for some at a time.

    Returns:
        By service point the energy of each channel, (days, slots) [Wh]; an accumulation meter's by half-hours.
    """
    found: dict[str, ChannelEnergy] = {}
    for minutes in sorted({point.interval_minutes for point in service_points}):
        group = [point for point in service_points if point.interval_minutes == minutes]
        indices = np.array([point.number for point in group], np.int64)

        def made(source: EnergySource, numbers: NDArray[np.int64], minutes: int = minutes) -> dict[int, IntArray]:
            if not len(numbers):
                return {}
            rows = source(utility.climate, numbers, first_day=utility.first_day, days=utility.days, interval_minutes=minutes)
            return dict(zip(numbers.tolist(), rows, strict=True))

        load = made(load_wh, indices)
        solar = made(solar_wh, indices[[point.has_generation for point in group]])
        heater = made(controlled_load_wh, indices[["E2" in _channels(point) for point in group]])
        for point in group:
            at = point.number
            found[point.service_point_id] = _channel_energy(point, load[at], solar.get(at), heater.get(at))
    return found


def _channels(point: ServicePoint) -> list[str]:
    return [register.channel for register in point.meters[0].registers]


def _channel_energy(point: ServicePoint, load: IntArray, solar: IntArray | None, heater: IntArray | None) -> ChannelEnergy:
    if point.kind is Kind.ACCUMULATION:
        return {"11": load}
    energy = {"E1": load}
    if solar is not None:
        energy["E1"], energy["B1"] = net_at_the_meter(load, solar)
    if heater is not None:
        energy["E2"] = heater
    if "E3" in _channels(point):
        energy["E3"] = load // 4
    return energy


def span_of(utility: Utility, meter: Meter, interval_minutes: int) -> Span:
    """Return the slots of the data that belong to ``meter``."""
    first = market_midnight(utility.first_day)
    slot = timedelta(minutes=interval_minutes)
    begin = max(meter.installed_from, first)
    end = min(meter.installed_to or utility.last_instant, utility.last_instant)
    return Span((begin - first) // slot, (end - first) // slot)


def index_wh(utility: Utility, meter: Meter, register: Register, energy: IntArray, at: datetime) -> int:
    """Return what a register had counted at ``at`` [Wh], before rollover.

    Args:
        utility: the plan.
        meter: the meter of the register.
        register: the register.
        energy: its channel's true energy, (days, slots) [Wh].
        at: an instant while the meter was installed; between two slot borders the earlier one counts.
    """
    minutes = 1440 // energy.shape[1]
    slot = (at - market_midnight(utility.first_day)) // timedelta(minutes=minutes)
    counted = int(energy.reshape(-1)[span_of(utility, meter, minutes).first : slot].sum(dtype=np.int64))
    return register.start_wh + counted // register.multiplier
