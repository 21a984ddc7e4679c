"""The special customers of a plan as ground truth: what is no fault of a delivery, and is found all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from pipelines.synthetic.faults import Fault, FaultKind
from pipelines.synthetic.nem13 import ROLLOVER
from pipelines.synthetic.population import CYCLE, Kind
from pipelines.synthetic.utility import Cast, ServicePoint, Utility, clock_changes, market_midnight

_PLAIN = {
    Cast.VACANT: (FaultKind.VACANT_USE, "use and no agreement"),
    Cast.UNKNOWN: (FaultKind.UNKNOWN_SERVICE_POINT, "in the files and not in the master data"),
    Cast.UNMAPPED_CHANNEL: (FaultKind.UNMAPPED_CHANNEL, "channel E3 has no register in the master data"),
    Cast.TARIFF_NOT_LOADED: (FaultKind.TARIFF_NOT_LOADED, "the agreement names a tariff that is not there"),
    Cast.WRONG_CLOCK: (FaultKind.WRONG_CLOCK, "the master data say +09:30, the files mean +10:00"),
}


def situations(utility: Utility, points: tuple[ServicePoint, ...]) -> Iterator[Fault]:
    """Yield the special situations of service points; without any, what concerns all: changes of the clock."""
    if not points:
        for day in clock_changes(utility):
            yield Fault("", "", "", day, None, None, FaultKind.CLOCK_CHANGE, f"local time of {utility.climate.zone} jumps")
    for point in points:
        yield from _of_place(utility, point)
        yield from _of_meters(utility, point)
        yield from _of_agreements(point)


def _of_place(utility: Utility, point: ServicePoint) -> Iterator[Fault]:
    place = point.number % CYCLE
    meter = point.meters[0]
    for cast, (fault, note) in _PLAIN.items():
        if place == cast:
            channel = "E3" if cast is Cast.UNMAPPED_CHANNEL else ""
            yield Fault(point.service_point_id, meter.meter_id, channel, utility.month_start, None, None, fault, note)
    if place == ROLLOVER and point.kind is Kind.ACCUMULATION:
        day = utility.month_start + timedelta(days=14)
        note = "five dials go from 99999 to 00000"
        yield Fault(point.service_point_id, meter.meter_id, "11", day, None, None, FaultKind.ROLLOVER, note)


def _of_meters(utility: Utility, point: ServicePoint) -> Iterator[Fault]:
    for meter in point.meters[1:]:
        at = meter.installed_from
        slot = int((at - market_midnight(at.date())).total_seconds()) // 60 // point.interval_minutes
        note = f"{point.meters[0].meter_id} until {at.isoformat()}, {meter.meter_id} from then on"
        day = utility.first_day + timedelta(days=utility.day_place(at.date()))
        fault = FaultKind.METER_EXCHANGE
        yield Fault(point.service_point_id, meter.meter_id, "", day, slot, 1440 // point.interval_minutes, fault, note)


def _of_agreements(point: ServicePoint) -> Iterator[Fault]:
    for agreement in point.agreements[1:]:
        day: date = agreement.valid_from
        note = "one customer until this local midnight, another from then on"
        yield Fault(point.service_point_id, point.meters[0].meter_id, "", day, None, None, FaultKind.MOVE, note)
