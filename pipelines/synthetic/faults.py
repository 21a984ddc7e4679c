"""Faults planted on purpose, each with its ground truth, so that what validation finds can be compared.

Once in every ``CYCLE`` service points each fault of ``PLANTS`` happens in the middle of the month. A fault
changes what is *delivered*; the true energy and the index reads stay what they were, except for a spike and
a home switched off, which really happened. Where a sender substituted or estimated, the sum over its slots is right to
the watt-hour, as a sender who scales to the register delivers it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from pipelines.synthetic.energy import ChannelEnergy
from pipelines.synthetic.loads import IntArray
from pipelines.synthetic.nem12 import DayRow, QualityRange, covering
from pipelines.synthetic.population import CYCLE
from pipelines.synthetic.utility import ServicePoint, Utility, draw, market_midnight

_STREAM = 211
RowKey = tuple[str, str, int]
"""Meter, channel and place of the day."""


class FaultKind(StrEnum):
    """What was planted; the word in ``truth/faults.csv``."""

    GAP = "gap"
    LONG_GAP = "long_gap"
    MISSING_DAY = "missing_day"
    SPIKE = "spike"
    NEGATIVE = "negative"
    ABOVE_FUSE = "above_fuse"
    ZERO_RUN = "zero_run"
    LATE_VERSION = "late_version"
    LATE_ARRIVAL = "late_arrival"
    DELIVERED_ESTIMATE = "delivered_estimate"
    SUBSTITUTE = "substitute"
    FINAL_SUBSTITUTE = "final_substitute"
    CONFLICT = "conflict"
    DUPLICATE_ROWS = "duplicate_rows"
    DUPLICATE_FILE = "duplicate_file"
    SUM_MISMATCH = "sum_mismatch"
    INDEX_DIP = "index_dip"
    ROLLOVER = "rollover"
    METER_EXCHANGE = "meter_exchange"
    MOVE = "move"
    VACANT_USE = "vacant_use"
    UNKNOWN_SERVICE_POINT = "unknown_service_point"
    UNMAPPED_CHANNEL = "unmapped_channel"
    TARIFF_NOT_LOADED = "tariff_not_loaded"
    WRONG_CLOCK = "wrong_clock"
    CLOCK_CHANGE = "clock_change"


class Fault(NamedTuple):
    """One line of ground truth.

    Slots count from 0 of ``day``, the end is exclusive and lies past the day for a run of days; both are empty where
    the fault is not that narrow.
    """

    service_point_id: str
    meter_id: str
    channel: str
    day: date
    slot_from: int | None
    slot_to: int | None
    fault: FaultKind
    note: str


class Redelivery(NamedTuple):
    """A day that comes (again) in a file of its own kind: ``late``, ``resent`` or ``conflict``."""

    file: str
    meter_id: str
    channel: str
    place: int
    row: DayRow


@dataclass
class Planted:
    """What the faults of a service point come to.

    Attributes:
        energy: true energy of each channel, (days, slots) [Wh].
        rows: days that are delivered otherwise; None for a day that is not delivered.
        again: days that come in another file.
        dips: instants at which a register is read as zero.
        faults: the ground truth.
    """

    energy: ChannelEnergy
    rows: dict[RowKey, DayRow | None] = field(default_factory=dict)
    again: list[Redelivery] = field(default_factory=list)
    dips: dict[tuple[str, str], datetime] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


@dataclass
class _Scene:
    """Where and when one fault is planted: a channel of a service point and a day in the middle of the month."""

    utility: Utility
    point: ServicePoint
    planted: Planted
    updated: Callable[[int], datetime]
    rng: np.random.Generator
    channel: str
    place: int

    @property
    def meter_id(self) -> str:
        return self.point.meters[0].meter_id

    @property
    def day(self) -> IntArray:
        return self.planted.energy[self.channel][self.place]

    @property
    def slots(self) -> int:
        return len(self.day)

    def key(self, days_later: int = 0) -> RowKey:
        return self.meter_id, self.channel, self.place + days_later

    def window(self, shortest: int, longest: int) -> tuple[int, int]:
        """Return a run of slots away from midnight."""
        length = int(self.rng.integers(shortest, longest + 1))
        begin = int(self.rng.integers(self.slots // 8, self.slots * 7 // 8 - length))
        return begin, begin + length

    def note(self, fault: FaultKind, slot_from: int, slot_to: int, note: str, days_later: int = 0) -> None:
        day = self.utility.first_day + timedelta(days=self.place + days_later)
        point = self.point.service_point_id
        self.planted.faults.append(Fault(point, self.meter_id, self.channel, day, slot_from, slot_to, fault, note))

    def mark(self, values: IntArray, begin: int, end: int, flag: str, reason: str = "") -> None:
        """Deliver the day with one run of slots of another quality."""
        ranges = covering(self.slots, [QualityRange(begin, end, flag, reason)])
        self.planted.rows[self.key()] = DayRow(values, ranges)

    def measured(self, values: IntArray, updated: datetime | None = None) -> DayRow:
        """Return the day as actual values."""
        return DayRow(values, (QualityRange(0, self.slots, "A"),), updated)


def plant(utility: Utility, point: ServicePoint, energy: ChannelEnergy, updated: Callable[[int], datetime]) -> Planted:
    """Plant the fault that falls to a service point, if one does.

    Args:
        utility: the plan.
        point: the service point.
        energy: its true energy; not changed.
        updated: the version of the file that holds the day at a place.

    Returns:
        What is delivered otherwise, and the ground truth.
    """
    planted = Planted({channel: values.copy() for channel, values in energy.items()})
    if point.number % CYCLE in PLANTS:
        channel, act = PLANTS[point.number % CYCLE]
        rng = draw(utility.climate.seed, point.number, _STREAM)
        middle = utility.day_place(utility.month_start) + int(rng.integers(4, 22))
        act(_Scene(utility, point, planted, updated, rng, channel, middle))
    return planted


def _gap(scene: _Scene) -> None:
    begin, end = scene.window(1, 4)
    values = scene.day.copy()
    values[begin:end] = 0
    scene.mark(values, begin, end, "N")
    scene.note(FaultKind.GAP, begin, end, "flagged N inside a delivered day")


def _long_gap(scene: _Scene) -> None:
    begin, end = scene.window(scene.slots // 4, scene.slots // 2)
    values = scene.day.copy()
    values[begin:end] = 0
    scene.mark(values, begin, end, "N")
    scene.note(FaultKind.LONG_GAP, begin, end, "hours flagged N inside a delivered day")


def _missing_days(scene: _Scene, days: int) -> None:
    for later in range(days):
        scene.planted.rows[scene.key(later)] = None
        scene.note(FaultKind.MISSING_DAY, 0, scene.slots, f"no row for the day, {later + 1} of {days}", later)


def _missing_day(scene: _Scene) -> None:
    _missing_days(scene, 1)


def _missing_weekend(scene: _Scene) -> None:
    _missing_days(scene, 2)


def _missing_for_long(scene: _Scene) -> None:
    scene.place = scene.utility.day_place(scene.utility.month_start) + 5
    _missing_days(scene, 16)


def _spike(scene: _Scene) -> None:
    begin = int(np.argmax(scene.day))
    third = int(np.sort(scene.day)[-3])
    scene.day[begin] = min(max(4 * third, 96_000 // scene.slots), scene.point.fuse_kw * 950 * 24 // scene.slots)
    scene.note(FaultKind.SPIKE, begin, begin + 1, "really used and counted by the register")


def _negative(scene: _Scene) -> None:
    begin, end = scene.window(1, 1)
    values = scene.day.copy()
    values[begin] = -350
    scene.planted.rows[scene.key()] = scene.measured(values)
    scene.note(FaultKind.NEGATIVE, begin, end, "delivered as an actual value of -0.350 kWh")


def _above_fuse(scene: _Scene) -> None:
    begin, end = scene.window(1, 1)
    values = scene.day.copy()
    values[begin] = scene.point.fuse_kw * 3000 * 24 // scene.slots
    scene.planted.rows[scene.key()] = scene.measured(values)
    scene.note(FaultKind.ABOVE_FUSE, begin, end, "three times what the fuse lets through")


def _zero_run(scene: _Scene) -> None:
    scene.place = min(scene.place, scene.utility.day_place(scene.utility.month_start) + 15)
    begin, _ = scene.window(1, 1)
    end = begin + scene.slots * 17 // 4
    scene.planted.energy[scene.channel][scene.place :].reshape(-1)[begin:end] = 0
    scene.note(FaultKind.ZERO_RUN, begin, end, "the home was switched off for four days: nothing used, nothing counted")


def _late_version(scene: _Scene) -> None:
    estimate = np.full(scene.slots, scene.day.mean() * 1.25, np.int32)
    scene.planted.rows[scene.key()] = DayRow(estimate, (QualityRange(0, scene.slots, "E52"),))
    _again(scene, "late", scene.measured(scene.day.copy(), scene.utility.last_instant + timedelta(hours=21)))
    scene.note(FaultKind.LATE_VERSION, 0, scene.slots, "an estimate first, the actual day in a later file")


def _late_arrival(scene: _Scene) -> None:
    scene.planted.rows[scene.key()] = None
    _again(scene, "late", scene.measured(scene.day.copy(), scene.utility.last_instant + timedelta(hours=21)))
    scene.note(FaultKind.LATE_ARRIVAL, 0, scene.slots, "not in its own file, but in a later one")


def _again(scene: _Scene, file: str, row: DayRow) -> None:
    scene.planted.again.append(Redelivery(file, scene.meter_id, scene.channel, scene.place, row))


def _evened(values: IntArray) -> IntArray:
    """Return values that are flat and add up to the same."""
    each, rest = divmod(int(values.sum()), len(values))
    return np.array([each + (place < rest) for place in range(len(values))], np.int32)


def _substituted(scene: _Scene, begin: int, end: int, flag: str, reason: str) -> None:
    values = scene.day.copy()
    values[begin:end] = _evened(values[begin:end])
    scene.mark(values, begin, end, flag, reason)


def _delivered_estimate(scene: _Scene) -> None:
    _substituted(scene, 0, scene.slots, "E52", "")
    scene.note(FaultKind.DELIVERED_ESTIMATE, 0, scene.slots, "E52 for the whole day")


def _substitute(scene: _Scene) -> None:
    begin, end = scene.window(scene.slots // 8, scene.slots // 4)
    _substituted(scene, begin, end, "S14", "79")
    scene.note(FaultKind.SUBSTITUTE, begin, end, "S14 with a reason, the rest of the day actual")


def _final_substitute(scene: _Scene) -> None:
    begin, end = scene.window(scene.slots // 8, scene.slots // 4)
    _substituted(scene, begin, end, "F14", "76")
    scene.note(FaultKind.FINAL_SUBSTITUTE, begin, end, "F14 with a reason, the rest of the day actual")


def _conflict(scene: _Scene) -> None:
    begin, end = scene.window(2, 4)
    values = scene.day.copy()
    values[begin:end] += 111
    _again(scene, "conflict", scene.measured(values, scene.updated(scene.place)))
    scene.note(FaultKind.CONFLICT, begin, end, "two values of one version; the register agrees with the first file")


def _duplicate_rows(scene: _Scene) -> None:
    _again(scene, "resent", scene.measured(scene.day.copy(), scene.updated(scene.place)))
    scene.note(FaultKind.DUPLICATE_ROWS, 0, scene.slots, "the same row again in another file")


def _sum_mismatch(scene: _Scene) -> None:
    scene.planted.rows[scene.key()] = scene.measured(scene.day // 2)
    scene.note(FaultKind.SUM_MISMATCH, 0, scene.slots, "half of what the register counted, delivered as actual")


def _index_dip(scene: _Scene) -> None:
    day = scene.utility.first_day + timedelta(days=scene.place)
    scene.planted.dips[scene.meter_id, scene.channel] = market_midnight(day)
    scene.note(FaultKind.INDEX_DIP, 0, 0, "index read as zero when the day begins; the next read is right again")


PLANTS: dict[int, tuple[str, Callable[[_Scene], None]]] = {
    0: ("E1", _gap),
    2: ("E2", _gap),
    6: ("E1", _gap),
    7: ("E1", _long_gap),
    9: ("B1", _gap),
    10: ("E1", _long_gap),
    16: ("E1", _missing_day),
    20: ("E1", _missing_day),
    21: ("B1", _missing_day),
    22: ("E1", _spike),
    23: ("E1", _negative),
    24: ("E1", _above_fuse),
    26: ("E1", _substitute),
    27: ("E1", _delivered_estimate),
    28: ("E1", _final_substitute),
    29: ("E1", _late_version),
    31: ("E1", _conflict),
    32: ("E1", _duplicate_rows),
    33: ("E1", _late_arrival),
    34: ("E1", _zero_run),
    35: ("E1", _index_dip),
    36: ("E1", _sum_mismatch),
    40: ("E1", _missing_for_long),
    41: ("E1", _missing_weekend),
}
"""Channel and fault by place in the cycle."""
