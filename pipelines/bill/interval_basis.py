"""Interval basis: the determinants of agreements whose service points are billed on intervals.

Every channel that a register maps must be covered to the last slot of the period; a channel nobody mapped, a missing slot
or an open finding that blocks holds the agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.band_sums import BandSums, band_sums
from pipelines.bill.due import EXPORT, Due, Held, Ready
from pipelines.bill.holds import HoldCode
from pipelines.bill.in_force import asked_of
from pipelines.bill.timelines import Fed, in_other_bands, lay_out, only, require_same_energy
from pipelines.exact_product import exact_product
from pipelines.masterdata.master import MasterData, epoch_minutes
from pipelines.vee.facts import FAR
from tariffs.calendar import Combo, combos_of, cycle_of
from tariffs.determinants import prices_export, required_determinants
from tariffs.model import Tariff
from tariffs.periods import Cycle
from tariffs.rated import Determinant
from tariffs.timeline import Timeline

_KEY = ("service_point_id", "meter_id", "channel")


@dataclass(frozen=True)
class Measured:
    """What a group of agreements used.

    Attributes:
        ready: the agreements that can be rated.
        held: those that cannot.
        quantities: determinants of ``ready``, in its order.
        timeline: its intervals; None where the tariff needs none, or only sums are known.
    """

    ready: list[Ready]
    held: list[Held]
    quantities: dict[str, Determinant]
    timeline: Timeline | None = None

    def only(self, picked: Sequence[int]) -> Measured:
        """Return some of the agreements."""
        quantities = {name: replace(made, values=made.values[list(picked)]) for name, made in self.quantities.items()}
        timeline = only(self.timeline, picked) if self.timeline is not None else None
        return Measured([self.ready[number] for number in picked], self.held, quantities, timeline)


@dataclass(frozen=True)
class _Channel:
    """A channel of a service point and what it feeds during part of the period."""

    name: tuple[str, str, str]
    agreement: int
    determinant: str | None
    mapped: bool
    since: datetime
    until: datetime
    expected_minutes: int


def measure(
    dues: Sequence[Due], tariff: Tariff, readings: pa.Table, master: MasterData, *, with_intervals: bool = False
) -> Measured:
    """Sum the validated readings of agreements that share tariff and period.

    Args:
        dues: the agreements.
        tariff: the tariff they share.
        readings: rows of ``READINGS_DAILY`` of their service points, all days of the period.
        master: master data of their service points.
        with_intervals: single intervals are wanted even where the tariff looks at sums only.
    """
    starts_at, ends_at = dues[0].starts_at, dues[0].ends_at
    cycle = cycle_of(tariff, starts_at, ends_at, dues[0].billing_clock)
    place = {due.service_point_id: number for number, due in enumerate(dues)}
    channels = _channels(dues, place, readings, master)
    obstacles: dict[int, tuple[HoldCode, str]] = {}
    sums: dict[str, _Sum] = {}
    units: dict[str, str] = {}
    fed: dict[str, tuple[pa.Table, np.ndarray, list[_Channel]]] = {}
    for determinant, picked in _by_determinant(channels).items():
        rows, row_channel = _rows_of(readings, picked)
        made = _sum_channels(rows, row_channel, picked, len(dues), tariff, determinant or "import_kwh", cycle)
        _note_obstacles(obstacles, picked, made.covered, dues)
        if determinant is not None:
            sums[determinant] = made
            fed[determinant] = (rows, row_channel, picked)
            units[determinant] = str(pc.max(rows["unit"]).as_py() or "kWh") if rows.num_rows else "kWh"
    metered = {channel.agreement for channel in channels if channel.determinant}
    for number, due in enumerate(dues):
        if number not in obstacles and number not in metered:
            what = f"no readings of {due.service_point_id} between {starts_at:%Y-%m-%d %H:%M} and {ends_at:%Y-%m-%d %H:%M} UTC"
            obstacles[number] = (HoldCode.READINGS_MISSING, what)
    wanted = _wanted(tariff, sums, dues)
    _note_unpriced(obstacles, sums, wanted, tariff, dues)
    kept = [number for number in range(len(dues)) if number not in obstacles]
    keep = np.array(kept, dtype=np.int64)
    ready = [_ready(dues[number], number, sums, units, wanted) for number in kept]
    quantities = {
        name: _determinant(name, sums.get(name), [dues[n] for n in kept], keep, tariff, units.get(name, "kWh")) for name in wanted
    }
    held = [Held(dues[number], code, message) for number, (code, message) in sorted(obstacles.items())]
    measured = Measured(ready, held, quantities)
    if not kept or not (with_intervals or asked_of(tariff, starts_at=starts_at, ends_at=ends_at).intervals):
        return measured
    new = np.full(len(dues), -1, dtype=np.int64)
    new[keep] = np.arange(len(keep))
    return _in_a_row(measured, {name: _fed(name, *fed[name], new, dues) for name in wanted if name in fed}, tariff)


def _fed(
    name: str, rows: pa.Table, row_channel: np.ndarray, channels: Sequence[_Channel], new: np.ndarray, dues: Sequence[Due]
) -> Fed:
    """Return the rows that feed a determinant of the agreements that bill it, numbered as they are kept."""
    agreement = np.array([new[c.agreement] if dues[c.agreement].bills(name) else -1 for c in channels], dtype=np.int64)
    since, until = (np.array([int(at.timestamp()) for at in times], dtype=np.int64) for times in _times(channels))
    picked = np.flatnonzero(agreement[row_channel] >= 0)
    entry = row_channel[picked]
    return Fed(rows.take(pa.array(picked)), agreement[entry], since[entry], until[entry])


def _times(channels: Sequence[_Channel]) -> tuple[list[datetime], list[datetime]]:
    return [channel.since for channel in channels], [channel.until for channel in channels]


def _in_a_row(measured: Measured, fed: dict[str, Fed], tariff: Tariff) -> Measured:
    """Return what was measured with its intervals; agreements whose intervals make no row are held."""
    due = measured.ready[0].due
    laid = lay_out(fed, len(measured.ready), starts_at=due.starts_at, ends_at=due.ends_at)
    why = dict(laid.uneven)
    period = {"starts_at": due.starts_at, "ends_at": due.ends_at}
    for number in in_other_bands(laid, measured.quantities, tariff, **period, billing_clock=due.billing_clock):
        why[number] = "its channels have intervals of several lengths, and the price changes inside the longer ones"
    whole = replace(measured, timeline=laid.timeline)
    fit = [number for number in range(len(measured.ready)) if number not in why]
    kept = whole.only(fit) if why else whole
    if kept.timeline is not None:
        require_same_energy(kept.timeline, kept.quantities)
    held = [Held(measured.ready[number].due, HoldCode.INTERVALS_UNEVEN, message) for number, message in sorted(why.items())]
    return replace(kept, held=[*measured.held, *held])


@dataclass(frozen=True)
class _Sum:
    """Band sums of one determinant, and how much of each channel was covered [min]."""

    combos: tuple[Combo, ...]
    exponent: int
    values: np.ndarray
    estimated: np.ndarray
    covered: np.ndarray


def _channels(dues: Sequence[Due], place: dict[str, int], readings: pa.Table, master: MasterData) -> list[_Channel]:
    """Return every channel delivered or registered, and what it is in each part of the period."""
    starts_at, ends_at = dues[0].starts_at, dues[0].ends_at
    delivered = readings.select(list(_KEY)).group_by(list(_KEY)).aggregate([])
    registered = _not_delivered_namelessly(_registered(master, list(place)), delivered)
    keys = (
        pa.concat_tables([delivered, registered], promote_options="default")
        .group_by(list(_KEY))
        .aggregate([])
        .sort_by([(n, "ascending") for n in _KEY])
    )
    installed = _installed(master)
    found = []
    for row in master.register_map(keys, starts_at, ends_at).to_pylist():
        name = (row["service_point_id"], row["meter_id"], row["channel"])
        if row["service_point_id"] not in place or row["role"] == "check":
            continue
        found.append(
            _Channel(
                name=name,
                agreement=place[name[0]],
                determinant=row["determinant"] if row["mapped"] else None,
                mapped=row["mapped"],
                since=row["valid_from"],
                until=row["valid_to"],
                expected_minutes=_overlap(installed.get(name[:2]), row) if row["mapped"] and row["determinant"] else 0,
            )
        )
    return found


def _registered(master: MasterData, service_point_ids: list[str]) -> pa.Table:
    """Return the channels that registers describe at the service points."""
    meters = master.meters.select(["meter_id", "service_point_id"]).group_by(["meter_id", "service_point_id"]).aggregate([])
    meters = meters.filter(pc.is_in(meters["service_point_id"], value_set=pa.array(service_point_ids, pa.string())))
    joined = master.registers.select(["meter_id", "channel"]).join(meters, "meter_id", join_type="inner")
    return joined.select(list(_KEY)).combine_chunks()


def _not_delivered_namelessly(registered: pa.Table, delivered: pa.Table) -> pa.Table:
    """Leave out the registers whose channel came from a source that names no meter: it is expected there, once."""
    nameless = delivered.filter(pc.field("meter_id") == "").select(["service_point_id", "channel"])
    return registered.join(nameless, ["service_point_id", "channel"], join_type="left anti").select(list(_KEY))


def _installed(master: MasterData) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return when each meter was at each service point [min since 1970 UTC]."""
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    since = epoch_minutes(master.meters["installed_from"], -FAR).tolist()
    until = epoch_minutes(master.meters["installed_to"], FAR).tolist()
    names = zip(master.meters["service_point_id"].to_pylist(), master.meters["meter_id"].to_pylist(), strict=True)
    for name, first, last in zip(names, since, until, strict=True):
        spans.setdefault(name, []).append((first, last))
        if name[1]:
            spans.setdefault((name[0], ""), []).append((first, last))
    return spans


def _overlap(spans: list[tuple[int, int]] | None, row: dict[str, Any]) -> int:
    """Return how long a meter was installed within a row of the register map [min]; two side by side count once."""
    counted, until = _minute(row["valid_from"]), _minute(row["valid_to"])
    total = 0
    for first, last in sorted(spans or ()):
        begin, end = max(first, counted), min(last, until)
        total += max(0, end - begin)
        counted = max(counted, end)
    return total


def _minute(instant: datetime) -> int:
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(minutes=1))


def _by_determinant(channels: Sequence[_Channel]) -> dict[str | None, list[_Channel]]:
    """Return the channels by what they feed: None for those nobody mapped or that are not billed."""
    groups: dict[str | None, list[_Channel]] = {}
    for channel in channels:
        groups.setdefault(channel.determinant, []).append(channel)
    return groups


def _rows_of(readings: pa.Table, channels: Sequence[_Channel]) -> tuple[pa.Table, np.ndarray]:
    """Return the daily rows of some channels, one copy per channel entry, and the entry of each."""
    names = pa.table(
        {
            **{key: pa.array([channel.name[i] for channel in channels], pa.string()) for i, key in enumerate(_KEY)},
            "entry": pa.array(range(len(channels)), pa.int64()),
        }
    )
    numbered = readings.select(list(_KEY)).append_column("row", pa.array(np.arange(readings.num_rows)))
    pairs = numbered.join(names, list(_KEY), join_type="inner").sort_by([("row", "ascending"), ("entry", "ascending")])
    return readings.take(pairs["row"].combine_chunks()), pairs["entry"].to_numpy()


def _sum_channels(
    rows: pa.Table,
    row_channel: np.ndarray,
    channels: Sequence[_Channel],
    count: int,
    tariff: Tariff,
    determinant: str,
    cycle: Cycle | None,
) -> _Sum:
    """Sum the rows of channels that feed one determinant, each within the time it does."""
    covered = np.zeros(len(channels), dtype=np.int64)
    total: _Sum | None = None
    spans = [(channel.since, channel.until) for channel in channels]
    agreement = np.array([channel.agreement for channel in channels], dtype=np.int64)
    for since, until in sorted(set(spans)):
        within = np.array([span == (since, until) for span in spans])
        picked = np.flatnonzero(within[row_channel]) if len(row_channel) else np.zeros(0, dtype=np.int64)
        here = rows.take(pa.array(picked))
        made = band_sums(
            here,
            agreement[row_channel[picked]],
            count,
            tariff=tariff,
            direction="export" if determinant == EXPORT else "import",
            starts_at=since,
            ends_at=until,
            cycle=cycle,
        )
        np.add.at(covered, row_channel[picked], made.covered_minutes)
        total = _added(total, made)
    if total is None:
        total = _Sum((), -3, np.zeros((count, 0), dtype=np.int64), np.zeros(count, dtype=np.int64), covered)
    return _Sum(total.combos, total.exponent, total.values, total.estimated, covered)


def _added(total: _Sum | None, made: BandSums) -> _Sum:
    """Return two sums as one, at the finer exponent."""
    if total is None:
        return _Sum(made.combos, made.exponent, made.values, made.estimated, made.covered_minutes)
    exponent = min(total.exponent, made.exponent)
    combos = tuple(dict.fromkeys((*total.combos, *made.combos)))
    values = np.zeros((len(made.values), len(combos)), dtype=np.int64)
    estimated = np.zeros(len(made.values), dtype=np.int64)
    for part in (total, made):
        scale = 10 ** (part.exponent - exponent)
        estimated += exact_product(part.estimated, scale)
        for column, combo in enumerate(part.combos):
            values[:, combos.index(combo)] += exact_product(part.values[:, column], scale)
    return _Sum(combos, exponent, values, estimated, total.covered)


def _note_obstacles(
    obstacles: dict[int, tuple[HoldCode, str]], channels: Sequence[_Channel], covered: np.ndarray, dues: Sequence[Due]
) -> None:
    """Note the agreements with a channel nobody mapped, or with slots missing of a channel that they bill."""
    for channel, found in zip(channels, covered.tolist(), strict=True):
        if channel.determinant is not None and not dues[channel.agreement].bills(channel.determinant):
            continue
        of = "/".join(channel.name)
        if not channel.mapped and found:
            obstacles.setdefault(channel.agreement, (HoldCode.CHANNEL_UNMAPPED, f"{of}: no register says what the channel is"))
        elif channel.expected_minutes and not found:
            obstacles.setdefault(channel.agreement, (HoldCode.READINGS_MISSING, f"{of}: no reading in the period"))
        elif found < channel.expected_minutes:
            message = f"{of}: {channel.expected_minutes - found} of {channel.expected_minutes} minutes have no value"
            obstacles.setdefault(channel.agreement, (HoldCode.READINGS_INCOMPLETE, message))


def _wanted(tariff: Tariff, sums: dict[str, _Sum], dues: Sequence[Due]) -> list[str]:
    """Return the determinants that are rated: those the charges name, and export where the tariff pays for it."""
    names = set(required_determinants(tariff))
    if prices_export(tariff) and EXPORT in sums and any(due.bills(EXPORT) for due in dues):
        names.add(EXPORT)
    return sorted(names)


def _note_unpriced(
    obstacles: dict[int, tuple[HoldCode, str]], sums: dict[str, _Sum], wanted: list[str], tariff: Tariff, dues: Sequence[Due]
) -> None:
    """Note the agreements that used energy for which the tariff has no price: it would be given away in silence."""
    for determinant, made in sums.items():
        if determinant in wanted or determinant == EXPORT or not determinant.endswith("_kwh"):
            continue
        for number in np.flatnonzero(made.values.sum(axis=1)).tolist():
            if dues[number].bills(determinant):
                message = f"tariff {tariff.tariff} has no charge on {determinant}, of which some was used"
                obstacles.setdefault(number, (HoldCode.UNPRICED, message))


def _ready(due: Due, number: int, sums: dict[str, _Sum], units: dict[str, str], wanted: list[str]) -> Ready:
    """Return the agreement with its energy or volume and the estimated part of it."""
    whole = {"kWh": Decimal(0), "m3": Decimal(0)}
    part = dict(whole)
    for name in wanted:
        made = sums.get(name)
        if made is not None and units[name] in whole and due.bills(name):
            whole[units[name]] += Decimal(int(np.abs(made.values[number]).sum())).scaleb(made.exponent)
            part[units[name]] += Decimal(int(made.estimated[number])).scaleb(made.exponent)
    return Ready(due, whole["kWh"], part["kWh"], volume=whole["m3"], estimated_volume=part["m3"])


def _determinant(name: str, made: _Sum | None, dues: Sequence[Due], keep: np.ndarray, tariff: Tariff, unit: str) -> Determinant:
    """Return a determinant of the agreements to rate, zeros where an agreement has none or another one bills it."""
    if not dues:
        return Determinant((), -3, np.zeros((0, 0), dtype=np.int64), unit)
    direction = "export" if name == EXPORT else "import"
    combos = combos_of(tariff, direction=direction, starts_at=dues[0].starts_at, ends_at=dues[0].ends_at)
    values = np.zeros((len(keep), len(combos)), dtype=np.int64)
    if made is not None:
        billed = np.array([due.bills(name) for due in dues])
        for column, combo in enumerate(made.combos):
            values[:, combos.index(combo)] = np.where(billed, made.values[keep, column], 0)
    return Determinant(combos, made.exponent if made is not None else -3, values, unit)
