"""Identity: findings about whose readings these are, rather than what they say.

A reading of an unknown service point, by a file with another clock, by a meter that is not installed or of a channel that
nobody mapped is kept and shown; it is not billed until somebody puts master data right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.master import MasterData, epoch_minutes
from pipelines.vee.block import MINUTES_PER_DAY, Block, Flags
from pipelines.vee.expectation import slot_minutes
from pipelines.vee.facts import FAR, ChannelFacts
from schemas.codes import NOT_A_VALUE, Severity
from schemas.findings import EXCEPTIONS
from schemas.periods import month_dates

_EPOCH = date(1970, 1, 1)
USED = ("active_energy", "energy", "volume", "heat")
"""Quantities that somebody pays for; a voltage without an agreement is nobody's use."""


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
    """Return blocking findings for days whose energy may be there twice.

    Some slot of a channel has a value at two interval lengths (``interval.overlap``), or from a source that names the
    meter and from one that does not (``source.overlap``).

    Args:
        readings: validated rows.
        bucket: bucket of all rows.
    """
    lengths = np.unique(readings["interval_minutes"].to_numpy())
    if len(lengths) < 2 and not pc.any(pc.equal(readings["meter_id"], "")).as_py():  # noqa: PLR2004 - one length, all named
        return _table([])
    key = ["service_point_id", "channel", "day"]
    places = readings.select(key).append_column("place", pa.array(np.arange(readings.num_rows)))
    several = places.group_by(key).aggregate([([], "count_all")]).filter(pc.field("count_all") > 1).select(key)
    shared = readings.take(places.join(several, key, join_type="inner")["place"].combine_chunks())
    shared = shared.select([*key, "meter_id", "interval_minutes", "slot_offset_minutes", "quality"])
    days: dict[tuple[str, str, date], list[dict[str, Any]]] = {}
    for row in shared.to_pylist():
        days.setdefault((row["service_point_id"], row["channel"], row["day"]), []).append(row)
    found = set()
    for (point, channel, day), rows in days.items():
        for one, other in combinations(rows, 2):
            if one["meter_id"] == other["meter_id"]:
                rule, message = "interval.overlap", "the day was delivered at two interval lengths"
            elif not (one["meter_id"] and other["meter_id"]):
                rule, message = "source.overlap", "the day was delivered with and without a meter's name"
            else:
                continue
            if (_minutes_with_a_value(one) & _minutes_with_a_value(other)).any():
                found.add((point, max(one["meter_id"], other["meter_id"]), channel, day, rule, message))
    return _table([_row(row[:3], row[3].isoformat(), bucket, row[4], Severity.BLOCK, row[5]) for row in sorted(found)])


def _minutes_with_a_value(row: dict[str, Any]) -> np.ndarray:
    """Return which minutes after midnight a daily row has a value for, bool [2 * 1440]: a late grid reaches past midnight."""
    minutes = row["interval_minutes"]
    valued = np.ones(MINUTES_PER_DAY // minutes, dtype=bool)
    if row["quality"] is not None:
        valued = ~np.isin(np.array(row["quality"]), NOT_A_VALUE)
    result = np.zeros(2 * MINUTES_PER_DAY, dtype=bool)
    result[row["slot_offset_minutes"] : row["slot_offset_minutes"] + MINUTES_PER_DAY] = np.repeat(valued, minutes)
    return result


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
    quantities = block.channels.quantity.to_pylist()
    rows: list[dict[str, Any]] = []
    for number, service_point_id in enumerate(block.channels.service_point_id.to_pylist()):
        if service_point_id not in known or block.channels.is_export[number] or quantities[number] not in USED:
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
        "evidence": None,
        "status": "open",
    }


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=EXCEPTIONS.schema)
