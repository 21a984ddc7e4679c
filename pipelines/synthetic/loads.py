"""What people use: energy of every slot, vectorised, in whole watt-hours.

A home has a base that never stops, a morning and a higher evening peak on its own wall clock, another shape at
weekends, a holiday now and then, appliances that come and go, and a size of its own (log-normal, typically
10-20 kWh a day). A business follows its opening hours. Weather moves all of them together. Panels make a bell
between sunrise and sunset under clouds; the meter sees the difference. A water heater runs at night.

Random numbers are drawn for fixed blocks of ``BLOCK`` service points and one day at a time, from a generator
seeded by (seed, stream, block, day): what a service point does depends neither on how many there are nor on
which days are asked for. Sixteen random bits pick an entry of a table of the wanted distribution, so that one
draw makes four readings. Tables and traits are rounded to binary fractions: whatever the mathematics library
of a machine does in its last digit, the watt-hours come out the same.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.synthetic.population import MARKET_OFFSET_MINUTES, Kind, kind_of, region_of
from schemas.errors import InputRefusedError

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float32]

BLOCK = 1024
"""Service points that share a random stream."""

FUSE_KW = {Kind.HOME: 15, Kind.BUSINESS: 60, Kind.ACCUMULATION: 15}
"""Rating of the main fuse [kW]; nobody draws more than 85 % of it."""

_COARSE_MINUTES = 30
_VARIANTS = 16
_TRAITS, _LOAD, _FINE, _ACTIVITY, _WEATHER, _SUN, _HEATER = range(7)
_WEEKDAY, _SATURDAY, _SUNDAY = range(3)


class Climate(NamedTuple):
    """What all service points share: the seed of the utility and its zone."""

    seed: int
    zone: str


class _Traits(NamedTuple):
    """What stays the same about each service point of a block; arrays (BLOCK,)."""

    base_w: FloatArray
    active_wh_a_day: FloatArray
    cap_w: FloatArray
    shape: NDArray[np.intp]
    away_from: NDArray[np.int64]
    away_days: NDArray[np.int64]
    panels_w: FloatArray
    heater_wh: FloatArray


def _bits(seed: int, stream: int, block: int, day: int, count: int) -> NDArray[np.uint16]:
    """Return ``count`` times sixteen random bits of one block and day."""
    source = np.random.PCG64(np.random.SeedSequence([seed, stream, block, day]))
    return source.random_raw((count + 3) // 4).astype("<u8", copy=False).view("<u2")[:count]


def _binary(values: NDArray[np.float64]) -> FloatArray:
    """Round to 1/1024, which float32 holds exactly."""
    return (np.rint(values * 1024) / 1024).astype(np.float32)


@lru_cache(maxsize=8)
def _log_normal_table(sigma: float, appliance_share: float) -> FloatArray:
    """Return 65,536 factors of mean 1: log-normal, cut off above, the top ``appliance_share`` lifted as by an appliance."""
    places = np.linspace(0, 1, 1026)[1:-1]
    normal = NormalDist()
    factors = np.array([math.exp(sigma * min(normal.inv_cdf(float(p)), 2.2)) for p in places])
    lift = np.where(places > 1 - appliance_share, 1.15, 1.0)
    table = np.interp(np.linspace(0, 1, 65536), places, factors * lift)
    return _binary(table / table.mean())


def _bump(hours: NDArray[np.float64], centre: float, width: float) -> NDArray[np.float64]:
    distance = np.abs(hours - centre)
    distance = np.minimum(distance, 24 - distance)
    return np.exp(-0.5 * (distance / width) ** 2)


@lru_cache(maxsize=64)
def _shapes(interval_minutes: int, shift_minutes: int) -> FloatArray:
    """Return the daily shapes, mean 1: (kind and variant, type of day, slots) on the market's clock."""
    slots = 1440 // interval_minutes
    hours = ((np.arange(slots) + 0.5) * interval_minutes + shift_minutes) / 60 % 24
    made = np.empty((2 * _VARIANTS, 3, slots))
    for variant in range(_VARIANTS):
        h = (hours - 0.15 * (variant - _VARIANTS // 2)) % 24
        made[variant, _WEEKDAY] = 0.22 + 0.9 * _bump(h, 7.2, 1.1) + 0.25 * _bump(h, 13, 3) + 1.8 * _bump(h, 19, 2.0)
        made[variant, _SATURDAY] = 0.26 + 0.7 * _bump(h, 9.2, 1.7) + 0.6 * _bump(h, 13.5, 2.6) + 1.6 * _bump(h, 18.8, 2.3)
        made[variant, _SUNDAY] = made[variant, _SATURDAY]
        opened = 1 / (1 + np.exp(-2.5 * (h - 8))) / (1 + np.exp(2.5 * (h - 17.5)))
        half_day = 1 / (1 + np.exp(-2.5 * (h - 9))) / (1 + np.exp(2.5 * (h - 13.5)))
        made[_VARIANTS + variant, _WEEKDAY] = 0.12 + 2.2 * opened
        made[_VARIANTS + variant, _SATURDAY] = 0.12 + 1.6 * half_day
        made[_VARIANTS + variant, _SUNDAY] = 0.14
    made /= made[:, :1].mean(axis=2, keepdims=True)
    return _binary(made)


@lru_cache(maxsize=64)
def _traits(seed: int, block: int) -> _Traits:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, _TRAITS, block])))
    size, variant, away, away_from, away_days, panels, heater = (rng.random(BLOCK) for _ in range(7))
    kinds = np.array([kind_of(block * BLOCK + place) for place in range(BLOCK)])
    business = kinds == Kind.BUSINESS
    normal = NormalDist()
    z = np.array([normal.inv_cdf(min(max(float(u), 0.001), 0.999)) for u in size])
    daily_wh = np.where(business, 42_000 * np.exp(0.6 * z), 13_000 * np.exp(0.45 * z))
    shape = (variant * _VARIANTS).astype(np.intp)
    return _Traits(
        base_w=_binary(np.rint(0.27 * daily_wh / 24)),
        active_wh_a_day=_binary(np.rint(0.73 * daily_wh)),
        cap_w=np.where(business, 850 * FUSE_KW[Kind.BUSINESS], 850 * FUSE_KW[Kind.HOME]).astype(np.float32),
        shape=np.where(business, _VARIANTS + shape, shape),
        away_from=(away_from * 366).astype(np.int64),
        away_days=np.where(~business & (away < 0.35), 4 + (away_days * 14).astype(np.int64), 0),  # noqa: PLR2004 - a third
        panels_w=_binary(np.rint(3000 + 3600 * panels)),
        heater_wh=_binary(np.rint(6500 + 4500 * heater)),
    )


def wall_shift_minutes(zone: str, day: date) -> int:
    """Return by how much the wall clock is ahead of the market's at noon of ``day`` [min]."""
    market = timezone(timedelta(minutes=MARKET_OFFSET_MINUTES))
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=market).astimezone(ZoneInfo(zone)).utcoffset()
    return int((offset or timedelta()).total_seconds()) // 60 - MARKET_OFFSET_MINUTES


@lru_cache(maxsize=4096)
def _temperature(seed: int, day: int) -> float:
    """Return the day's temperature [degrees C]: a southern year, and weather that lasts some days."""
    season = 17.5 + 6.0 * math.cos(2 * math.pi * (date.fromordinal(day).timetuple().tm_yday - 25) / 365)
    recent = [int(_bits(seed, _WEATHER, 0, day - back, 1)[0]) / 65536 - 0.5 for back in range(5)]
    return season + sum(6.0 * 0.7**back * value for back, value in enumerate(recent))


def _weather_factor(seed: int, day: int) -> float:
    """Return how much the day's heat or cold adds to what people use."""
    degrees = _temperature(seed, day)
    return round((1 + 0.03 * max(degrees - 22, 0) + 0.03 * max(16 - degrees, 0)) * 1024) / 1024


def _slots_of(interval_minutes: int) -> int:
    if interval_minutes not in (5, 15, 30):
        code = "synthetic.interval"
        raise InputRefusedError(code, f"no meter of the synthetic utility keeps {interval_minutes} minutes", hint="5, 15 or 30")
    return 1440 // interval_minutes


def _by_block(indices: NDArray[np.int64]) -> list[tuple[int, NDArray[np.intp], NDArray[np.int64]]]:
    """Return (block, positions in ``indices``, rows of the block) for each block met."""
    blocks = indices // BLOCK
    found = []
    for block in np.unique(blocks):
        where = np.nonzero(blocks == block)[0]
        found.append((int(block), where, indices[where] % BLOCK))
    return found


def load_wh(climate: Climate, indices: NDArray[np.int64], *, first_day: date, days: int, interval_minutes: int) -> IntArray:
    """Return what the premises use, whatever covers it.

    Args:
        climate: the seed and the zone.
        indices: (n,) numbers of service points.
        first_day: first day on the market's clock.
        days: how many.
        interval_minutes: 5, 15 or 30 [min].

    Returns:
        (n, days, slots) energy of each slot [Wh].

    Raises:
        InputRefusedError: another interval length.
    """
    slots = _slots_of(interval_minutes)
    made = np.empty((len(indices), days, slots), np.int32)
    for block, where, rows in _by_block(np.asarray(indices, np.int64)):
        everyone = len(where) == BLOCK and bool((np.diff(where) == 1).all() and (np.diff(rows) == 1).all())
        target = made[where[0] : where[0] + BLOCK] if everyone else np.empty((len(where), days, slots), np.int32)
        _fill_block(target, climate, block=block, rows=rows, first_day=first_day, interval_minutes=interval_minutes)
        if not everyone:
            made[where] = target
    return made


def _fill_block(
    target: IntArray, climate: Climate, *, block: int, rows: NDArray[np.int64], first_day: date, interval_minutes: int
) -> None:
    """Fill (rows, days, slots) of one block, a day at a time so that the numbers stay in the cache."""
    hours = np.float32(interval_minutes / 60)
    slots = 1440 // interval_minutes
    traits = _traits(climate.seed, block)
    base, cap = traits.base_w[rows, None] * hours, traits.cap_w[rows, None] * hours
    shapes: dict[tuple[int, int], FloatArray] = {}
    for place in range(target.shape[1]):
        day = first_day + timedelta(days=place)
        key = wall_shift_minutes(climate.zone, day), max(day.weekday() - 4, 0)
        if key not in shapes:
            shapes[key] = _shapes(interval_minutes, key[0])[traits.shape[rows], key[1]]
        wh = shapes[key] * _level(climate, block, day, slots)[rows, None]
        wh *= _noise(climate.seed, block, rows, day.toordinal(), slots)
        wh += base
        np.minimum(wh, cap, out=wh)
        target[:, place] = wh


def _level(climate: Climate, block: int, day: date, slots: int) -> FloatArray:
    """Return the mean active energy of a slot of the day [Wh], (BLOCK,)."""
    traits = _traits(climate.seed, block)
    activity = _log_normal_table(0.18, 0.0)[_bits(climate.seed, _ACTIVITY, block, day.toordinal(), BLOCK)]
    since = (day.timetuple().tm_yday - 1 - traits.away_from) % 366
    at_home = np.where(since < traits.away_days, np.float32(0.0625), np.float32(1))
    weather = np.float32(_weather_factor(climate.seed, day.toordinal()) / slots)
    return traits.active_wh_a_day * activity * at_home * weather


def _noise(seed: int, block: int, rows: NDArray[np.int64], day: int, slots: int) -> FloatArray:
    """Return the factor of each slot, (rows, slots): one draw a half-hour, a finer one inside it."""
    coarse = 1440 // _COARSE_MINUTES
    bits = _bits(seed, _LOAD, block, day, BLOCK * coarse).reshape(BLOCK, coarse)
    picked = bits if len(rows) == BLOCK else bits[rows]
    noise = np.take(_log_normal_table(0.32, 0.05), picked)
    if slots == coarse:
        return noise
    fine = _bits(seed, _FINE, block, day, BLOCK * slots).reshape(BLOCK, slots)[rows]
    return np.repeat(noise, slots // coarse, axis=1) * np.take(_log_normal_table(0.2, 0.05), fine)


def solar_wh(climate: Climate, indices: NDArray[np.int64], *, first_day: date, days: int, interval_minutes: int) -> IntArray:
    """Return what panels make, (n, days, slots) [Wh]: nothing before sunrise or after sunset.

    Args:
        climate: the seed and the zone.
        indices: (n,) numbers of service points.
        first_day: first day on the market's clock.
        days: how many.
        interval_minutes: 5, 15 or 30 [min].

    Raises:
        InputRefusedError: another interval length.
    """
    slots = _slots_of(interval_minutes)
    noon = 12 + (MARKET_OFFSET_MINUTES - region_of(climate.zone).standard_offset_minutes) / 60
    hours = (np.arange(slots) + 0.5) * interval_minutes / 60
    made = np.empty((len(indices), days, slots), np.int32)
    for block, where, rows in _by_block(np.asarray(indices, np.int64)):
        peak = _traits(climate.seed, block).panels_w[rows, None] * np.float32(interval_minutes / 60)
        for place in range(days):
            day = first_day + timedelta(days=place)
            length = 12 + 2.2 * math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365)
            height = np.sin(np.pi * (hours - noon + length / 2) / length)
            daylight = np.abs(hours - noon) < length / 2
            bell = _binary(np.where(daylight, np.maximum(height, 0) ** 1.3, 0))
            sky = np.float32(0.35 + 0.6 * int(_bits(climate.seed, _WEATHER, 1, day.toordinal(), 1)[0]) / 65536)
            clouds = _bits(climate.seed, _SUN, block, day.toordinal(), BLOCK * slots).reshape(BLOCK, slots)[rows]
            clear = sky + (1 - sky) * (clouds.astype(np.float32) / np.float32(65536))
            made[where, place] = np.minimum(peak * bell * clear, np.float32(5000 * interval_minutes / 60))
    return made


def controlled_load_wh(
    climate: Climate, indices: NDArray[np.int64], *, first_day: date, days: int, interval_minutes: int
) -> IntArray:
    """Return what the water heater uses in the first hours of the market's day, (n, days, slots) [Wh].

    Args:
        climate: the seed and the zone.
        indices: (n,) numbers of service points.
        first_day: first day on the market's clock.
        days: how many.
        interval_minutes: 5, 15 or 30 [min].

    Raises:
        InputRefusedError: another interval length.
    """
    slots = _slots_of(interval_minutes)
    element_wh = 3600 * interval_minutes // 60
    made = np.zeros((len(indices), days, slots), np.int32)
    for block, where, rows in _by_block(np.asarray(indices, np.int64)):
        need = _traits(climate.seed, block).heater_wh[rows]
        for place in range(days):
            draw = _bits(climate.seed, _HEATER, block, (first_day + timedelta(days=place)).toordinal(), 2 * BLOCK)
            drawn = draw.reshape(2, BLOCK)[:, rows] / np.float32(65536)
            wanted = (need * (np.float32(0.85) + np.float32(0.3) * drawn[0])).astype(np.int64)
            begin = (drawn[1] * np.float32(2 * 60 / interval_minutes)).astype(np.int64)
            energy = wanted[:, None] - element_wh * (np.arange(slots) - begin[:, None])
            made[where, place] = np.clip(energy, 0, element_wh) * (np.arange(slots) >= begin[:, None])
    return made


def net_at_the_meter(load: IntArray, solar: IntArray) -> tuple[IntArray, IntArray]:
    """Return what the meter counts as import and export when panels cover part of the load, slot by slot [Wh].

    Sun and use change inside a slot, so a little goes both ways: a twentieth of the smaller of the two.
    """
    both_ways = np.minimum(load, solar) // 20
    net = load - solar
    return np.maximum(net, 0) + both_ways, np.maximum(-net, 0) + both_ways
