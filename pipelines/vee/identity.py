"""Identity: findings about whose readings these are, rather than what they say.

A reading of an unknown service point, by a file with another clock, by a meter that is not installed or of a channel that
nobody mapped is kept and shown; it is not billed until somebody puts master data right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.master import MasterData, epoch_minutes
from pipelines.vee.block import Block, Flags
from pipelines.vee.expectation import slot_minutes
from pipelines.vee.facts import FAR, ChannelFacts
from schemas.codes import NOT_A_VALUE, Severity
from schemas.findings import EXCEPTIONS
from schemas.periods import month_dates

_EPOCH = date(1970, 1, 1)


def identity_exceptions(facts: ChannelFacts, master: MasterData, delivered: Mapping[str, Flags], bucket: int) -> pa.Table:
    """Return one finding per channel that nobody can place, on the first day of every month that it was delivered in.

    Args:
        facts: the channels.
        master: master data of their service points.
        delivered: for each month, which channels have a slot in it, bool [facts].
        bucket: bucket of all rows.
    """
    rows = []
    names = list(zip(*(facts.keys[name].to_pylist() for name in ("service_point_id", "meter_id", "channel")), strict=True))
    for month, here in delivered.items():
        unmapped = _unmapped(facts, master, month)
        for number in np.flatnonzero(here).tolist():
            name = names[number]
            for rule, severity, message in _reasons(facts, number, is_unmapped=name in unmapped):
                rows.append(_row(name, f"{month}-01", bucket, rule, severity, message))
    return _table(rows)


def _unmapped(facts: ChannelFacts, master: MasterData, month: str) -> set[tuple[str, str, str]]:
    """Return the channels that no register describes for some time of the month in which their meter is installed."""
    starts_at, ends_at = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in month_dates(month))
    tiles = master.register_map(facts.keys, starts_at, ends_at)
    tiles = tiles.filter(pc.invert(tiles["mapped"]))
    since, until = epoch_minutes(tiles["valid_from"], -FAR).tolist(), epoch_minutes(tiles["valid_to"], FAR).tolist()
    keys = ("service_point_id", "meter_id", "channel")
    installed = dict(zip(zip(*(facts.keys[name].to_pylist() for name in keys), strict=True), facts.installed, strict=True))
    found = set()
    for name, first, last in zip(zip(*(tiles[key].to_pylist() for key in keys), strict=True), since, until, strict=True):
        if any(begin < last and first < end for begin, end in installed[name] or ((-FAR, FAR),)):
            found.add(name)
    return found


def _reasons(facts: ChannelFacts, number: int, *, is_unmapped: bool) -> Iterator[tuple[str, Severity, str]]:
    if not facts.known[number]:
        yield "service_point.unknown", Severity.BLOCK, "the service point is not in master data"
        return
    if facts.clock_conflict[number]:
        yield "clock.conflict", Severity.BLOCK, "the file's clock is not the service point's standard time"
    if facts.installed[number] is None:
        yield "meter.unknown", Severity.BLOCK, "the meter is not installed at the service point"
    if is_unmapped:
        yield "channel.unmapped", Severity.WARN, "no register says what the channel is"


def overlap_exceptions(readings: pa.Table, bucket: int) -> pa.Table:
    """Return a blocking finding for each channel and day that has values at two interval lengths."""
    valued = readings.filter(pa.array(_valued(readings)))
    count: dict[tuple[str, str, str, date], int] = {}
    if valued.num_rows and len(np.unique(valued["interval_minutes"].to_numpy())) > 1:
        for key in zip(*(valued[name].to_pylist() for name in ("service_point_id", "meter_id", "channel", "day")), strict=True):
            count[key] = count.get(key, 0) + 1
    message = "the day was delivered at two interval lengths"
    rows = [
        _row(key[:3], key[3].isoformat(), bucket, "interval.overlap", Severity.BLOCK, message)
        for key, times in sorted(count.items())
        if times > 1
    ]
    return _table(rows)


def _valued(readings: pa.Table) -> np.ndarray:
    """Return which days hold a value in some slot."""
    slots = 1440 // readings["interval_minutes"].to_numpy().astype(np.int64)
    return slots > readings["missing"].to_numpy()


def vacant_use(block: Block, master: MasterData, days: slice, bucket: int) -> pa.Table:
    """Return a finding per channel and month for energy drawn while no supply agreement was in force."""
    starts = slot_minutes(block)
    spans: dict[str, list[tuple[int, int]]] = {}
    supply = master.agreements.filter(pa.array([role == "supply" for role in master.agreements["role"].to_pylist()], pa.bool_()))
    since, until = epoch_minutes(supply["valid_from"], -FAR).tolist(), epoch_minutes(supply["valid_to"], FAR).tolist()
    for service_point_id, first, last in zip(supply["service_point_id"].to_pylist(), since, until, strict=True):
        spans.setdefault(service_point_id, []).append((first, last))
    known = set(master.service_points["service_point_id"].to_pylist())
    low, high = days.start * block.slots_per_day, days.stop * block.slots_per_day
    rows: list[dict[str, Any]] = []
    for number, service_point_id in enumerate(block.channels.service_point_id.to_pylist()):
        if service_point_id not in known or block.channels.is_export[number]:
            continue
        vacant = np.ones(block.slots, dtype=bool)
        for first, last in spans.get(service_point_id, ()):
            begin, end = np.searchsorted(starts, [first, last])
            vacant[begin:end] = False
        vacant[:low] = vacant[high:] = False
        if not vacant.any():
            continue
        values = np.where(np.isin(block.quality[number].reshape(-1), NOT_A_VALUE), 0, block.values[number].reshape(-1))
        used = np.flatnonzero(vacant & (values > 0))
        if len(used):
            rows += _by_month(block, number, used, values, bucket)
    return _table(rows)


def _by_month(block: Block, number: int, used: np.ndarray, values: np.ndarray, bucket: int) -> Iterator[dict[str, Any]]:
    """Yield one row a month, on the first day with use."""
    ordinal = (block.first_day - _EPOCH).days + used // block.slots_per_day
    months = ordinal.astype("datetime64[D]").astype("datetime64[M]")
    channels = block.channels
    name = (channels.service_point_id[number].as_py(), channels.meter_id[number].as_py(), channels.channel[number].as_py())
    for month in np.unique(months):
        here = used[months == month]
        day = (_EPOCH + timedelta(days=int(ordinal[months == month][0]))).isoformat()
        energy = Decimal(int(values[here].sum())).scaleb(block.exponent)
        message = f"{energy.normalize():f} drawn while no supply agreement was in force"
        yield _row(name, day, bucket, "vacant_use", Severity.WARN, message) | {"observed": energy, "threshold": Decimal(0)}


def _row(name: tuple[str, str, str], day: str, bucket: int, rule: str, severity: Severity, message: str) -> dict[str, Any]:
    """Return a finding that concerns a channel's whole day."""
    return {
        "month": day[:7],
        "bucket": bucket,
        "service_point_id": name[0],
        "meter_id": name[1],
        "channel": name[2],
        "day": date.fromisoformat(day),
        "slot_from": 0,
        "slot_to": 0,
        "rule": rule,
        "severity": severity.value,
        "observed": None,
        "threshold": None,
        "message": message,
        "status": "open",
    }


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=EXCEPTIONS.schema)
