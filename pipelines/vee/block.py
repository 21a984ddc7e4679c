"""A block: many channels side by side over the same run of standard-time days.

All VEE kernels work on blocks, because what they do to one channel they can do to thousands at once. A block is
``n`` channels by ``d`` consecutive days by ``s`` slots a day, all of one interval length, exponent, standard time and
zone. Days are standard-time days (a fixed offset), so every day has exactly ``1440 / interval_minutes`` slots and
daylight saving is a matter of ``pipelines.vee.local_clock`` alone.

Three ways to say where a slot is:

- *flat position*: index into ``values.ravel()``, unique in the block;
- *position*: index into one channel's ``d * s`` slots in time order;
- *day and slot*: what findings report.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.codes import Method, Quality, SlotFlag
from schemas.errors import InvariantError

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Bits = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]

MINUTES_PER_DAY = 1440
UNKNOWN_LIMIT = -1


@dataclass(frozen=True, eq=False)
class Channels:
    """What the channels of a block are; every field has ``n`` entries in the block's channel order.

    Attributes:
        service_point_id: where energy is delivered, strings.
        meter_id: serial number of the meter, strings.
        channel: what the source calls the register, strings.
        quantity: ``active_energy``, ``volume``, ..., strings.
        direction: ``import``, ``export`` or ``none``, strings.
        commodity: ``electricity``, ``gas``, ``water`` or ``heat``, strings.
        is_export: energy into the grid: zero is normal here.
        has_generation: generation behind the meter: zero import is normal here.
        is_net: bidirectional (import minus export): negative is normal here.
        limit: most energy the connection can pass in one slot [10^exponent units]; ``UNKNOWN_LIMIT`` (-1) where nobody knows.
    """

    service_point_id: pa.StringArray
    meter_id: pa.StringArray
    channel: pa.StringArray
    quantity: pa.StringArray
    direction: pa.StringArray
    commodity: pa.StringArray
    is_export: Flags
    has_generation: Flags
    is_net: Flags
    limit: Ints

    def __len__(self) -> int:
        """Return the number of channels."""
        return len(self.limit)

    def span(self, start: int, stop: int) -> Channels:
        """Return the channels ``[start, stop)``, sharing memory."""
        return Channels(**{name: column[start:stop] for name, column in self.__dict__.items()})


@dataclass(frozen=True, eq=False)
class Block:
    """Values, qualities and methods of ``n`` channels over ``d`` days of ``s`` slots.

    A slot whose quality is in ``schemas.codes.NOT_A_VALUE`` holds the value 0: the rules rely on it.

    Attributes:
        channels: what the ``n`` channels are.
        first_day: standard-time date of the first day.
        zone: zone name or fixed offset of local time, for like days.
        standard_offset_minutes: standard time minus UTC [min].
        interval_minutes: length of a slot [min].
        exponent: a value times ``10 ** exponent`` is in the channel's unit.
        values: int64 [n, d, s].
        quality: int8 [n, d, s] of ``schemas.codes.Quality``.
        method: int8 [n, d, s] of ``schemas.codes.Method``.
        slot_offset_minutes: start of a day's first slot after its midnight [min].
        flags: int16 [n, d, s] of ``schemas.codes.SlotFlag``, what meter and head-end say beside the values; None where nobody
            says anything.

    Raises:
        InvariantError: the arrays do not have the shape or type that the block declares.
    """

    channels: Channels
    first_day: date
    zone: str
    standard_offset_minutes: int
    interval_minutes: int
    exponent: int
    values: Ints
    quality: Codes
    method: Codes
    slot_offset_minutes: int = 0
    flags: Bits | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other, before a kernel reads past one of them."""
        shape = (
            len(self.channels),
            self.values.shape[1] if self.values.ndim > 1 else 0,
            MINUTES_PER_DAY // self.interval_minutes,
        )
        expected: dict[str, npt.DTypeLike] = {"values": np.int64, "quality": np.int8, "method": np.int8}
        if self.flags is not None:
            expected["flags"] = np.int16
        for name, dtype in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != dtype:
                code = "block.shape"
                message = f"block array {name} is {array.dtype} {array.shape}, expected {np.dtype(dtype)} {shape}"
                raise InvariantError(code, message, "build the block from whole days of channels with one interval length")

    @property
    def slots_per_day(self) -> int:
        """Slots of a day, ``s``."""
        return self.values.shape[2]

    @property
    def days(self) -> int:
        """Days of the block, ``d``."""
        return self.values.shape[1]

    @property
    def slots(self) -> int:
        """Slots of one channel, ``d * s``."""
        return self.days * self.slots_per_day

    @property
    def start(self) -> datetime:
        """Start of the first slot, UTC."""
        offset = timedelta(minutes=self.slot_offset_minutes - self.standard_offset_minutes)
        return datetime.combine(self.first_day, time(), UTC) + offset

    def position_at(self, instant: datetime) -> int | None:
        """Return the position of the slot that starts at ``instant``, or None off the slot borders or outside the block.

        The end of the last slot is the position ``slots``.
        """
        position, rest = divmod(instant - self.start, timedelta(minutes=self.interval_minutes))
        return position if not rest and 0 <= position <= self.slots else None

    def span(self, start: int, stop: int) -> Block:
        """Return the channels ``[start, stop)`` as a block that shares memory."""
        return replace(
            self,
            channels=self.channels.span(start, stop),
            values=self.values[start:stop],
            quality=self.quality[start:stop],
            method=self.method[start:stop],
            flags=None if self.flags is None else self.flags[start:stop],
        )

    def with_slots(self, flat: Ints, *, values: Ints | int, quality: Quality, method: Codes | Method) -> Block:
        """Return a copy in which the slots at ``flat`` hold something else; the block itself where there are none.

        Args:
            flat: flat positions (k,).
            values: their new values [10^exponent units], (k,) or one for all.
            quality: their new quality.
            method: their new methods, (k,) or one for all.
        """
        if not len(flat):
            return self
        arrays = self.values.copy(), self.quality.copy(), self.method.copy()
        arrays[0].reshape(-1)[flat] = values
        arrays[1].reshape(-1)[flat] = quality
        arrays[2].reshape(-1)[flat] = method
        return replace(self, values=arrays[0], quality=arrays[1], method=arrays[2])

    def has(self, flag: SlotFlag) -> Flags | None:
        """Return which slots carry one of some flags, bool [n, d, s]; None where no slot carries any."""
        return None if self.flags is None else (self.flags & flag) != 0

    def positions_with(self, quality: Quality) -> Ints:
        """Return the flat positions, ascending, of the slots with this quality."""
        return np.flatnonzero(self.quality.reshape(-1) == quality)


def runs(flat: Ints, slots: int) -> tuple[Ints, Ints]:
    """Return the contiguous runs of ascending flat positions; a run crosses days, never channels.

    Args:
        flat: ascending flat positions (k,).
        slots: slots of one channel.

    Returns:
        Start and exclusive end of each run as flat positions.

    >>> [part.tolist() for part in runs(np.array([3, 4, 5, 6, 9]), slots=5)]
    [[3, 5, 9], [5, 7, 10]]
    """
    if not len(flat):
        return flat, flat
    breaks = np.flatnonzero((np.diff(flat) != 1) | (flat[1:] % slots == 0)) + 1
    return flat[np.concatenate(([0], breaks))], flat[np.concatenate((breaks - 1, [len(flat) - 1]))] + 1


def position_range(block: Block, days: slice) -> tuple[int, int]:
    """Return the positions ``[first, last)`` of a slice of days; ``slice(None)`` is the whole block."""
    first, stop, _ = days.indices(block.days)
    return first * block.slots_per_day, max(first, stop) * block.slots_per_day
