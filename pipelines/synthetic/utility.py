"""The plan of a synthetic utility: service points, their meters and registers, who pays for them, and when.

A plan follows from a seed, a number of service points, a month and a zone; nothing is drawn from a clock. The
data reach from some days of history before the month to a few days after it, on the market's clock (+10:00, no
daylight saving) as the market's files do. Special customers (``Cast``) come once in ``CYCLE`` service points:
a meter exchange, a move, a vacant home that uses energy, a meter nobody knows, a channel nobody mapped, a
tariff nobody loaded, a wrong clock in the master data.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.synthetic.loads import FUSE_KW, Climate
from pipelines.synthetic.population import (
    CYCLE,
    MARKET_OFFSET_MINUTES,
    Kind,
    has_controlled_load,
    has_solar,
    interval_minutes_of,
    kind_of,
    meter_id,
    region_of,
    service_point_id,
)
from schemas.errors import InputRefusedError

MARKET_CLOCK = timezone(timedelta(minutes=MARKET_OFFSET_MINUTES))
_PLAN_STREAM = 101


class Cast(IntEnum):
    """Places in a cycle of ``CYCLE`` service points where something special lives."""

    METER_EXCHANGE = 3
    MOVE = 4
    VACANT = 8
    UNMAPPED_CHANNEL = 11
    TARIFF_NOT_LOADED = 12
    WRONG_CLOCK = 14
    UNKNOWN = 18
    CURRENT_TRANSFORMER = 59


class Register(NamedTuple):
    """A counter of a meter.

    Attributes:
        channel: the NEM12 suffix.
        role: main or controlled_load.
        direction: import or export.
        determinant: what it feeds; None where nobody said.
        start_wh: what it showed when the data begin or the meter was installed [Wh], before the multiplier.
        multiplier: index advance times this is the energy.
        dials: digits before the point.
        decimals: digits after the point.
    """

    channel: str
    role: str
    direction: str
    determinant: str | None
    start_wh: int
    multiplier: int = 1
    dials: int = 6
    decimals: int = 3


class Meter(NamedTuple):
    """A meter and the time it hangs there; the end is exclusive, None while it does."""

    meter_id: str
    installed_from: datetime
    installed_to: datetime | None
    registers: tuple[Register, ...]


class Agreement(NamedTuple):
    """Who pays which tariff; dates are midnights of the zone, the end exclusive."""

    number: int
    tariff_id: str
    valid_from: date
    valid_to: date | None


class ServicePoint(NamedTuple):
    """A service point with all that belongs to it."""

    number: int
    service_point_id: str
    kind: Kind
    interval_minutes: int
    meters: tuple[Meter, ...]
    agreements: tuple[Agreement, ...]
    known: bool = True
    standard_offset: str = "+10:00"

    @property
    def fuse_kw(self) -> int:
        """Rating of the main fuse [kW]."""
        return FUSE_KW[self.kind]

    @property
    def has_generation(self) -> bool:
        """Whether a register counts export."""
        return any(register.direction == "export" for register in self.meters[0].registers)


class Utility(NamedTuple):
    """The whole plan.

    Attributes:
        climate: seed and zone.
        month_start: first day of the month to bill.
        month_end: first day after it.
        first_day: first day of data, on the market's clock.
        days: days of data.
        service_points: everybody, in order of their numbers from 0.
    """

    climate: Climate
    month_start: date
    month_end: date
    first_day: date
    days: int
    service_points: tuple[ServicePoint, ...]

    @property
    def last_instant(self) -> datetime:
        """End of the data."""
        return market_midnight(self.first_day + timedelta(days=self.days))

    def day_place(self, day: date) -> int:
        """Return the place of ``day`` among the days of data, from 0."""
        return (day - self.first_day).days


def market_midnight(day: date) -> datetime:
    """Return the beginning of ``day`` on the market's clock."""
    return datetime.combine(day, time(), MARKET_CLOCK)


def plan_utility(
    *,
    seed: int,
    service_points: int,
    month: str,
    zone: str = "Australia/Sydney",
    history_days: int = 28,
    days_after: int = 3,
    plain: bool = False,
) -> Utility:
    """Plan a utility.

    Args:
        seed: any whole number from 0.
        service_points: how many, 1 or more.
        month: the month to bill, ``YYYY-MM``.
        zone: one of the market's zones (``population.REGIONS``).
        history_days: days of data before the month.
        days_after: days of data after the month.
        plain: everybody has one half-hourly import register and a residential or business tariff, and nobody is
            special: what benchmarks bill.

    Returns:
        The plan; a service point's part of it does not depend on how many there are.

    Raises:
        InputRefusedError: a month that is none, a zone outside the market, or no service point.
    """
    month_start, month_end = _month(month)
    region_of(zone)
    if service_points < 1 or seed < 0:
        code = "synthetic.size"
        raise InputRefusedError(code, f"a utility of {service_points} service points from seed {seed} cannot be planned")
    first_day = month_start - timedelta(days=history_days)
    days = (month_end - first_day).days + days_after
    frame = Utility(Climate(seed, zone), month_start, month_end, first_day, days, ())
    member = _plain_member if plain else _member
    return frame._replace(service_points=tuple(member(frame, index) for index in range(service_points)))


def _month(month: str) -> tuple[date, date]:
    try:
        start = datetime.strptime(month, "%Y-%m").replace(tzinfo=MARKET_CLOCK).date()
    except ValueError as error:
        code = "synthetic.month"
        raise InputRefusedError(code, f"{month!r} is no month", hint="write it like 2026-01") from error
    return start, (start + timedelta(days=31)).replace(day=1)


def draw(seed: int, index: int, stream: int = _PLAN_STREAM) -> np.random.Generator:
    """Return the random numbers of one service point's plan."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream, index])))


def _plain_member(frame: Utility, index: int) -> ServicePoint:
    kind = Kind.BUSINESS if kind_of(index) is Kind.BUSINESS else Kind.HOME
    register = Register("E1", "main", "import", "import_kwh", start_wh=1_000_000 + 1000 * (index % 900_000))
    meter = Meter(meter_id(index), _installed(frame, index), None, (register,))
    tariff = "business-time-of-use" if kind is Kind.BUSINESS else ("home-flat", "home-time-of-use", "home-blocks")[index % 3]
    agreement = Agreement(index * 2 + 1, tariff, _signed(frame, index), None)
    return ServicePoint(index, service_point_id(index), kind, 30, (meter,), (agreement,))


def _member(frame: Utility, index: int) -> ServicePoint:
    cast, kind = index % CYCLE, kind_of(index)
    return ServicePoint(
        index,
        service_point_id(index),
        kind,
        interval_minutes_of(index),
        _meters(frame, index, kind),
        () if cast in (Cast.VACANT, Cast.UNKNOWN) else _agreements(frame, index, kind),
        known=cast != Cast.UNKNOWN,
        standard_offset="+09:30" if cast == Cast.WRONG_CLOCK else "+10:00",
    )


def _installed(frame: Utility, index: int) -> datetime:
    """Return midnight of a day one to five years before the data."""
    return market_midnight(frame.first_day - timedelta(days=366 + index * 7919 % 1461))


def _signed(frame: Utility, index: int) -> date:
    """Return a day two months to three years before the data."""
    return frame.first_day - timedelta(days=62 + index * 6701 % 1034)


def _meters(frame: Utility, index: int, kind: Kind) -> tuple[Meter, ...]:
    rng = draw(frame.climate.seed, index)
    installed = _installed(frame, index)
    starts = [int(wh) for wh in rng.integers(1_000_000, 90_000_000, 3)]
    if kind is Kind.ACCUMULATION:
        return (Meter(meter_id(index), installed, None, (_dial_register(index, starts[0]),)),)
    first = _registers(index, starts)
    if index % CYCLE != Cast.METER_EXCHANGE:
        return (Meter(meter_id(index), installed, None, first),)
    slots = int(rng.integers(18, 30))
    exchange = market_midnight(frame.month_start + timedelta(days=int(rng.integers(9, 19))))
    exchange += timedelta(minutes=slots * interval_minutes_of(index))
    second = tuple(register._replace(start_wh=0) for register in first)
    return (
        Meter(meter_id(index), installed, exchange, first),
        Meter(meter_id(index, 1), exchange, None, second),
    )


def _dial_register(index: int, start_wh: int) -> Register:
    """Return the register of an accumulation meter: five dials, whole kilowatt-hours, in places a transformer before it."""
    return Register(
        "11",
        "main",
        "import",
        "import_kwh",
        start_wh=start_wh,
        multiplier=20 if index % CYCLE == Cast.CURRENT_TRANSFORMER else 1,
        dials=5,
        decimals=0,
    )


def _registers(index: int, starts: list[int]) -> tuple[Register, ...]:
    registers = [Register("E1", "main", "import", "import_kwh", starts[0])]
    if has_solar(index):
        registers.append(Register("B1", "main", "export", "export_kwh", starts[1]))
    if has_controlled_load(index):
        registers.append(Register("E2", "controlled_load", "import", "controlled_load_kwh", starts[2]))
    if index % CYCLE == Cast.UNMAPPED_CHANNEL:
        registers.append(Register("E3", "main", "import", None, starts[2]))
    return tuple(registers)


def _agreements(frame: Utility, index: int, kind: Kind) -> tuple[Agreement, ...]:
    rng = draw(frame.climate.seed, index, _PLAN_STREAM + 1)
    signed = _signed(frame, index)
    if kind is Kind.ACCUMULATION:
        tariff = "dial-meter-flat"
    elif kind is Kind.BUSINESS:
        tariff = "business-time-of-use"
    else:
        tariff = ("home-flat", "home-time-of-use", "home-blocks")[int(rng.integers(3))]
    if index % CYCLE == Cast.TARIFF_NOT_LOADED:
        tariff = "home-saver-next-year"
    if index % CYCLE != Cast.MOVE:
        return (Agreement(index * 2 + 1, tariff, signed, None),)
    moved = frame.month_start + timedelta(days=int(rng.integers(9, 19)))
    return (
        Agreement(index * 2 + 1, tariff, signed, moved),
        Agreement(index * 2 + 2, "home-flat", moved, None),
    )


def index_read_times(utility: Utility, service_point: ServicePoint, meter: Meter) -> list[tuple[datetime, str]]:
    """Return when a meter's registers are read, with the market's transaction code.

    Readings are taken when the data begin and end, at both ends of the month, on a move and on an exchange:
    N normal, S special, R removal, C a new meter in place.
    """
    times = {market_midnight(utility.first_day): "N", utility.last_instant: "N"}
    times |= {market_midnight(utility.month_start): "N", market_midnight(utility.month_end): "N"}
    for before, _ in pairwise(service_point.agreements):
        moved = datetime.combine(before.valid_to or date.max, time(), ZoneInfo(utility.climate.zone))
        times[moved.astimezone(MARKET_CLOCK)] = "S"
    inside = {at: code for at, code in times.items() if meter.installed_from <= at <= (meter.installed_to or at)}
    if meter.installed_to is not None:
        inside[meter.installed_to] = "R"
    if meter.installed_from > market_midnight(utility.first_day):
        inside[meter.installed_from] = "C"
    return sorted(inside.items())


def clock_changes(utility: Utility) -> list[date]:
    """Return the days of the data on which the zone's wall clock is changed."""
    zone = ZoneInfo(utility.climate.zone)

    def offset(day: date) -> timedelta:
        return datetime.combine(day, time(12), zone).utcoffset() or timedelta()

    days = [utility.first_day + timedelta(days=place) for place in range(-1, utility.days)]
    return [day for before, day in pairwise(days) if offset(before) != offset(day)]
