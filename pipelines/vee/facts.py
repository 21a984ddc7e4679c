"""Facts: what master data say of each delivered channel, in the form the kernels take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.slots import channel_codes, firsts_of_runs
from pipelines.masterdata.master import MasterData, by_service_point, epoch_minutes
from pipelines.vee.block import UNKNOWN_LIMIT, Channels, Ints
from pipelines.vee.profile.book import ProfileBook
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules.limits import slot_limit
from schemas.periods import standard_offset_minutes

FAR = 2**40
"""Minutes: later than any reading."""
_KEY = ("service_point_id", "meter_id", "channel", "interval_minutes")


@dataclass(frozen=True)
class ChannelFacts:
    """What is known of n delivered channels.

    Attributes:
        keys: service_point_id, meter_id, channel, interval_minutes, quantity, direction; n rows.
        zones: clocks met.
        zone_code: which of them, int64 [n].
        standard_offset_minutes: standard time of the channel's days, int64 [n].
        multiplier: what a delivered integer is multiplied by, int64 [n]; 1 unless the register says secondary.
        multiplier_exponent: power of ten of the multiplier, int64 [n].
        commodity: n texts.
        has_generation: bool [n].
        limit_kw: rating of the main fuse, n decimals or None.
        profiles: thresholds met.
        profile_code: which of them holds for the channel, int64 [n].
        known: the service point is in master data, bool [n].
        clock_conflict: the file's clock is not the service point's standard time, bool [n].
        installed: spans [min since 1970] in which the meter is at the service point; None where nobody says.
    """

    keys: pa.Table
    zones: tuple[str, ...]
    zone_code: Ints
    standard_offset_minutes: Ints
    multiplier: Ints
    multiplier_exponent: Ints
    commodity: tuple[str, ...]
    has_generation: np.ndarray
    limit_kw: tuple[Decimal | None, ...]
    profiles: tuple[VeeProfile, ...]
    profile_code: Ints
    known: np.ndarray
    clock_conflict: np.ndarray
    installed: tuple[tuple[tuple[int, int], ...] | None, ...]

    def __len__(self) -> int:
        """Return the number of channels."""
        return self.keys.num_rows

    def index_of(self, rows: pa.Table) -> Ints:
        """Return the channel of each delivered row, int64 [rows]."""
        both = pa.concat_tables([self.keys.select(_KEY), rows.select(_KEY)])
        code = channel_codes(both)
        place = np.full(int(code.max(initial=-1)) + 1, -1, dtype=np.int64)
        place[code[: len(self)]] = np.arange(len(self))
        return place[code[len(self) :]]

    def channels(self, picked: Ints, exponent: int, interval_minutes: int) -> Channels:
        """Return the facts of some channels as a block wants them.

        Args:
            picked: which channels.
            exponent: power of ten of the block's integers.
            interval_minutes: length of its slots [min].
        """
        take = pa.array(picked)
        names = {name: self.keys[name].combine_chunks().take(take) for name in (*_KEY[:3], "quantity", "direction")}
        direction = names["direction"].to_numpy(zero_copy_only=False).astype("U6")
        limits = [self._limit(i, exponent, interval_minutes) for i in picked]
        return Channels(
            **names,
            commodity=pa.array([self.commodity[i] for i in picked], pa.string()),
            is_export=direction == "export",
            has_generation=self.has_generation[picked],
            is_net=direction == "none",
            limit=np.array(limits, dtype=np.int64),
        )

    @cached_property
    def quantity(self) -> list[str]:
        """What each channel measures."""
        return self.keys["quantity"].to_pylist()

    @cached_property
    def additive(self) -> np.ndarray:
        """Quantities whose slots add up: energies and volumes; bool [n]."""
        return np.array([name.endswith("energy") or name in ("volume", "heat") for name in self.quantity], dtype=bool)

    def _limit(self, number: int, exponent: int, interval_minutes: int) -> int:
        """Return the most energy a slot of the channel can hold [10^exponent kWh]."""
        fuse_kw = self.limit_kw[number]
        if fuse_kw is None or self.quantity[number] != "active_energy":
            return UNKNOWN_LIMIT
        return slot_limit(
            fuse_kw,
            interval_minutes=interval_minutes,
            exponent=exponent,
            factor=self.profiles[self.profile_code[number]].fuse_factor,
        )


def channel_facts(
    rows: pa.Table,
    master: MasterData,
    *,
    default_zone: str,
    book: ProfileBook,
    month: str,
    starts_at: datetime,
    ends_at: datetime,
) -> ChannelFacts:
    """Look up every channel of ``rows``.

    Args:
        rows: deliveries.
        master: master data of their service points.
        default_zone: clock of service points nobody described.
        book: the profile.
        month: whose thresholds hold.
        starts_at: begin of the time looked at.
        ends_at: its end, exclusive.
    """
    first = _first_of_each(rows)
    keys = first.select([*_KEY, "quantity", "direction"])
    points = by_service_point(master.service_points)
    found = [points.get(sp) for sp in keys["service_point_id"].to_pylist()]
    zones = [str(point["zone"]) if point else default_zone for point in found]
    names = tuple(sorted(set(zones)))
    delivered_clock = first["clock_offset_minutes"].to_pylist()
    standard = [
        int(str(point["standard_offset_minutes"])) if point else standard_offset_minutes(zone)
        for point, zone in zip(found, zones, strict=True)
    ]
    used = [clock if clock is not None else own for clock, own in zip(delivered_clock, standard, strict=True)]
    registers = _registers(keys, master, starts_at, ends_at)
    multiplier, exponent = _multipliers(registers)
    profiles, profile_code = _profiles(keys, found, book, month)
    return ChannelFacts(
        keys=_described(keys, registers),
        zones=names,
        zone_code=np.array([names.index(zone) for zone in zones], dtype=np.int64),
        standard_offset_minutes=np.array(used, dtype=np.int64),
        multiplier=multiplier,
        multiplier_exponent=exponent,
        commodity=tuple(str(point["commodity"]) if point else "electricity" for point in found),
        has_generation=np.array([bool(point and point["has_generation"]) for point in found], dtype=bool),
        limit_kw=tuple(_decimal(point["fuse_kw"]) if point else None for point in found),
        profiles=profiles,
        profile_code=profile_code,
        known=np.array([point is not None for point in found], dtype=bool),
        clock_conflict=np.array([point is not None for point in found], dtype=bool) & (np.array(used) != np.array(standard)),
        installed=_installed(keys, master),
    )


def _profiles(
    keys: pa.Table, points: Sequence[dict[str, object] | None], book: ProfileBook, month: str
) -> tuple[tuple[VeeProfile, ...], Ints]:
    """Return the thresholds that hold in a month, each once, and which of them holds for each channel."""
    places: dict[int, int] = {}
    profiles: list[VeeProfile] = []
    codes = np.zeros(keys.num_rows, dtype=np.int64)
    for number, (meter_id, point) in enumerate(zip(keys["meter_id"].to_pylist(), points, strict=True)):
        customer_class = point["customer_class"] if point else None
        profile = book.thresholds(
            month, customer_class=str(customer_class) if customer_class is not None else None, meter_id=meter_id
        )
        if id(profile) not in places:
            places[id(profile)] = len(profiles)
            profiles.append(profile)
        codes[number] = places[id(profile)]
    return tuple(profiles), codes


def _decimal(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _first_of_each(rows: pa.Table) -> pa.Table:
    """Return one row of each channel, in the order of their keys."""
    names = [*_KEY, "clock_offset_minutes", "quantity", "direction"]
    rows = rows.select(names).take(pa.array(firsts_of_runs(rows, names)))
    order = pc.sort_indices(rows, [(name, "ascending") for name in names[len(_KEY) :]])
    rows = rows.take(order)
    _, first = np.unique(channel_codes(rows), return_index=True)
    return rows.take(pa.array(first)).sort_by([(name, "ascending") for name in _KEY]).combine_chunks()


def _registers(keys: pa.Table, master: MasterData, starts_at: datetime, ends_at: datetime) -> list[dict[str, Any] | None]:
    """Return the newest register row of each channel within the time, None where nobody mapped it."""
    mapped = master.register_map(keys, starts_at, ends_at)
    newest = {(row["service_point_id"], row["meter_id"], row["channel"]): row for row in mapped.to_pylist() if row["mapped"]}
    names = zip(*(keys[name].to_pylist() for name in _KEY[:3]), strict=True)
    return [newest.get(name) for name in names]


def _multipliers(registers: Sequence[dict[str, Any] | None]) -> tuple[Ints, Ints]:
    """Return mantissa and exponent of what delivered interval values are multiplied by."""
    mantissa = np.ones(len(registers), dtype=np.int64)
    exponent = np.zeros(len(registers), dtype=np.int64)
    for number, register in enumerate(registers):
        if register is not None and register["intervals"] == "secondary":
            factor = Decimal(register["multiplier"]).normalize()
            _, digits, power = factor.as_tuple()
            mantissa[number] = int("".join(map(str, digits)))
            exponent[number] = int(power)
    return mantissa, exponent


def _described(keys: pa.Table, registers: Sequence[dict[str, Any] | None]) -> pa.Table:
    """Return the keys with the direction the register states, where one does."""
    delivered = keys["direction"].to_pylist()
    stated = [register["direction"] if register else own for register, own in zip(registers, delivered, strict=True)]
    return keys.set_column(keys.schema.get_field_index("direction"), "direction", pa.array(stated, pa.string()))


def _installed(keys: pa.Table, master: MasterData) -> tuple[tuple[tuple[int, int], ...] | None, ...]:
    """Return when each channel's meter was at its service point; None where the meter is unknown there."""
    spans: dict[tuple[str, str], list[tuple[int, int]]] = {}
    starts = epoch_minutes(master.meters["installed_from"], -FAR).tolist()
    ends = epoch_minutes(master.meters["installed_to"], FAR).tolist()
    names = zip(master.meters["service_point_id"].to_pylist(), master.meters["meter_id"].to_pylist(), strict=True)
    for name, start, end in zip(names, starts, ends, strict=True):
        spans.setdefault(name, []).append((start, end))
        if name[1]:
            spans.setdefault((name[0], ""), []).append((start, end))
    wanted = zip(keys["service_point_id"].to_pylist(), keys["meter_id"].to_pylist(), strict=True)
    return tuple(tuple(sorted(spans[name])) if name in spans else None for name in wanted)
