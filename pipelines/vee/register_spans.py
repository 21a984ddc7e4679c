"""Register spans: what the index reads of a bucket say their intervals must add up to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.master import MasterData, by_service_point
from pipelines.vee.block import Block
from pipelines.vee.estimation.scaling import RegisterSpans
from pipelines.vee.profile.book import ProfileBook
from pipelines.vee.registers import Advance, IndexRead, RegisterFacts, advances
from schemas.codes import ReadKind

HOURS_PER_DAY = 24
SPAN_EDGE_DAYS = 2
"""Reads this far outside a month still bound it; a block holds more days than that."""
Name = tuple[str, str]
"""Service point and channel: a register as the customer knows it, whichever meter carries it."""


@dataclass(frozen=True)
class RegisterBook:
    """The advances of every register of a bucket, by service point and channel."""

    advances: dict[Name, list[Advance]]

    def spans(self, block: Block) -> RegisterSpans:
        """Return the advances that can be held against the intervals of ``block``."""
        return RegisterSpans.of(block, self._of(block))

    def _of(self, block: Block) -> Iterator[tuple[int, Advance]]:
        channels = block.channels
        names = zip(
            channels.service_point_id.to_pylist(), channels.meter_id.to_pylist(), channels.channel.to_pylist(), strict=True
        )
        for number, (service_point_id, meter_id, channel) in enumerate(names):
            for advance in self.advances.get((service_point_id, channel), ()):
                if advance.meter_id == meter_id and _in_one_month(advance, block.standard_offset_minutes):
                    yield number, advance


def _in_one_month(advance: Advance, standard_offset_minutes: int) -> bool:
    """Tell whether the reads lie within one month and the days around it, which every block of that month holds.

    A longer span is left to the register check of the bill: whether a block holds it depends on which months happen to be
    validated together, and no result may.
    """
    offset = timedelta(minutes=standard_offset_minutes)
    first, last = (advance.period_from + offset), (advance.period_to + offset)
    middle = (first + (last - first) / 2).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (middle + timedelta(days=32)).replace(day=1)
    around = timedelta(days=SPAN_EDGE_DAYS)
    return middle - around <= first and last <= after + around


def newest_reads(reads: pa.Table) -> list[dict[str, Any]]:
    """Return index reads without copies and older versions, in order of register and time.

    Two values of one version are both kept: the advances between them are blocked. So are two qualities of one value: which
    of them came first decides nothing.
    """
    index = reads.filter(
        (pc.field("kind") == ReadKind.INDEX.value) & pc.field("read_at").is_valid() & pc.field("value").is_valid()
    )
    newest: dict[tuple[str, str, str, datetime], list[dict[str, Any]]] = {}
    for read in index.to_pylist():
        key = (read["service_point_id"], read["meter_id"], read["channel"], read["read_at"])
        newest.setdefault(key, []).append(read)
    kept: list[dict[str, Any]] = []
    for _, same in sorted(newest.items()):
        top = max(str(read["version"] or "") for read in same)
        values: dict[tuple[Decimal, str], dict[str, Any]] = {}
        for read in same:
            if str(read["version"] or "") == top:
                values.setdefault((read["value"], read["quality"]), read)
        kept += [values[value] for value in sorted(values)]
    return kept


def register_book(reads: pa.Table, master: MasterData, profiles: ProfileBook, month: str) -> RegisterBook:
    """Return what every register of a bucket counted between its reads.

    Args:
        reads: rows of ``REGISTER_READS`` of the bucket.
        master: master data of the bucket.
        profiles: the rollover guard and the fuse factor.
        month: whose thresholds hold.
    """
    points = by_service_point(master.service_points)
    known = _facts(master, points, profiles, month)
    by_register: dict[Name, list[IndexRead]] = {}
    for read in newest_reads(reads):
        name = read["service_point_id"], read["channel"]
        meter_id = read["meter_id"] or _meter_at(read["read_at"], known.get(name, ()))
        one = IndexRead(meter_id, read["read_at"], read["value"], read["quality"])
        by_register.setdefault(name, []).append(one)
    return RegisterBook({name: advances(series, known.get(name) or _undescribed(series)) for name, series in by_register.items()})


def _meter_at(instant: datetime, facts: Sequence[RegisterFacts]) -> str:
    """Return the meter that carried a register when a source that names no meter read it; none where two could be meant."""
    there = {fact.meter_id for fact in facts if fact.covers(instant, instant)}
    return there.pop() if len(there) == 1 else ""


def _undescribed(series: Sequence[IndexRead]) -> list[RegisterFacts]:
    """A register nobody described counts as it reads: multiplier 1, no rollover."""
    return [
        RegisterFacts(meter_id, min(read.read_at for read in series)) for meter_id in sorted({read.meter_id for read in series})
    ]


def _facts(
    master: MasterData, points: dict[str, dict[str, object]], profiles: ProfileBook, month: str
) -> dict[Name, list[RegisterFacts]]:
    """Return what each described register is, clipped to its meter's installation."""
    installed: dict[str, list[dict[str, Any]]] = {}
    for meter in master.meters.to_pylist():
        installed.setdefault(meter["meter_id"], []).append(meter)
    found: dict[Name, list[RegisterFacts]] = {}
    for register in master.registers.to_pylist():
        for meter in installed.get(register["meter_id"], ()):
            since = max(register["valid_from"], meter["installed_from"])
            until = min((end for end in (register["valid_to"], meter["installed_to"]) if end is not None), default=None)
            if until is not None and until <= since:
                continue
            point = points.get(meter["service_point_id"])
            fuse_kw = point["fuse_kw"] if point else None
            customer_class = point["customer_class"] if point else None
            profile = profiles.thresholds(
                month,
                customer_class=customer_class if isinstance(customer_class, str) else None,
                meter_id=register["meter_id"],
            )
            fact = RegisterFacts(
                meter_id=register["meter_id"],
                valid_from=since,
                valid_to=until,
                multiplier=register["multiplier"],
                modulus=_modulus(register),
                resolution=Decimal(10) ** -register["decimals"] if register["decimals"] is not None else None,
                daily_maximum=fuse_kw * profile.fuse_factor * HOURS_PER_DAY if isinstance(fuse_kw, Decimal) else None,
                rollover_guard=profile.rollover_guard,
            )
            found.setdefault((meter["service_point_id"], register["channel"]), []).append(fact)
    return found


def _modulus(register: dict[str, Any]) -> Decimal | None:
    """Return where the index begins again at zero: as declared, else after its dials; None where nobody says."""
    if register["wraps_at"] is not None:
        return Decimal(register["wraps_at"])
    return Decimal(10) ** register["dials"] if register["dials"] is not None else None
