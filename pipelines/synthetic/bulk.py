"""Readings and files by the million, for benchmarks: plain half-hourly import registers without faults.

The service points are those of ``plan_utility(..., plain=True)``: same ids, same meters, same energy.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from pipelines.synthetic import nem12
from pipelines.synthetic.loads import BLOCK, Climate, IntArray, load_wh
from pipelines.synthetic.population import meter_id, service_point_id
from pipelines.synthetic.utility import market_midnight


def bulk_days(
    *,
    seed: int,
    first_service_point: int,
    service_points: int,
    first_day: date,
    days: int,
    interval_minutes: int = 30,
    zone: str = "Australia/Sydney",
) -> IntArray:
    """Return the import of many service points.

    Args:
        seed: the utility's seed.
        first_service_point: number of the first, from 0; multiples of ``loads.BLOCK`` are the fastest.
        service_points: how many.
        first_day: first day on the market's clock (+10:00).
        days: how many.
        interval_minutes: 5, 15 or 30 [min].
        zone: decides when people get up.

    Returns:
        (service_points, days, slots) energy [Wh].

    Raises:
        InputRefusedError: another interval length.
    """
    indices = np.arange(first_service_point, first_service_point + service_points)
    return load_wh(Climate(seed, zone), indices, first_day=first_day, days=days, interval_minutes=interval_minutes)


def bulk_ids(first_service_point: int, service_points: int) -> tuple[list[str], list[str]]:
    """Return the ids of service points and of their meters, in the order of ``bulk_days``."""
    numbers = range(first_service_point, first_service_point + service_points)
    return [service_point_id(number) for number in numbers], [meter_id(number) for number in numbers]


def write_bulk_nem12(
    folder: Path,
    *,
    seed: int,
    service_points: int,
    first_day: date,
    days: int,
    interval_minutes: int = 30,
    service_points_per_file: int = 10 * BLOCK,
) -> list[Path]:
    """Write NEM12 files of channel E1 of many service points, all days of a service point in one file.

    Args:
        folder: where to, made if it is not there.
        seed: the utility's seed.
        service_points: how many.
        first_day: first day on the market's clock.
        days: how many.
        interval_minutes: 5, 15 or 30 [min].
        service_points_per_file: how many share a file.

    Returns:
        The files in order of their service points, named ``nem12_<yyyymmdd>_<k>.csv`` by the day after the last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sent = market_midnight(first_day + timedelta(days=days)) + timedelta(hours=2)
    files: list[Path] = []
    for begin in range(0, service_points, service_points_per_file):
        path = folder / f"nem12_{sent:%Y%m%d}_{len(files) + 1}.csv"
        end = min(begin + service_points_per_file, service_points)
        with path.open("wb") as file:
            file.write(nem12.header(sent))
            for first in range(begin, end, BLOCK):
                energy = bulk_days(
                    seed=seed,
                    first_service_point=first,
                    service_points=min(BLOCK, end - first),
                    first_day=first_day,
                    days=days,
                    interval_minutes=interval_minutes,
                )
                file.write(_channels(first, energy, first_day, sent))
            file.write(nem12.FOOTER)
        files.append(path)
    return files


def _channels(first: int, energy: IntArray, first_day: date, sent: datetime) -> bytes:
    texts = nem12.day_lines(energy, first_day, sent)
    minutes = 1440 // energy.shape[2]
    parts = []
    for place, text in enumerate(texts):
        point, meter = service_point_id(first + place), meter_id(first + place)
        parts += [nem12.channel_line(point, "E1", "E1", meter, minutes), text]
    return b"".join(parts)
