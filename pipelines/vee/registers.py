"""What a cumulative register counted between its reads: rollover, exchange, dips and errors told apart.

An index only rises; when it falls, something happened, and guessing wrong bills megawatt-hours nobody used:

====================================================  =========================================================
two reads of one meter                                outcome
====================================================  =========================================================
it rose                                               ``ok``: the difference
it fell, and the next read is at or above the first   ``dip_dropped``: the low read is dropped, use = next - first
it fell from near its capacity, plausibly             ``rollover``: the difference modulo the capacity
it fell otherwise                                     ``blocked``, ``register.decrease``: a person decides
====================================================  =========================================================

A meter exchange is no fall: each meter's reads are held against its own facts and its own multiplier, and the use is the
sum of both. All arithmetic is exact decimals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from enum import StrEnum
from typing import NamedTuple

from pipelines.vee.profile import VeeProfile

_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
_SECONDS_PER_DAY = 86_400
_ESTIMATED = frozenset({"estimated", "substituted", "final_substituted", "delivered_estimate"})


class AdvanceStatus(StrEnum):
    """How an advance came about."""

    OK = "ok"
    ROLLOVER = "rollover"
    DIP_DROPPED = "dip_dropped"
    BLOCKED = "blocked"


class IndexRead(NamedTuple):
    """One index read.

    Attributes:
        meter_id: serial number of the meter.
        read_at: when it was read, UTC.
        value: the index as read, before any multiplier [the register's unit].
        quality: ``measured``, ``estimated``, ``substituted``, ``final_substituted`` or ``unverified``.
    """

    meter_id: str
    read_at: datetime
    value: Decimal
    quality: str = "measured"


@dataclass(frozen=True)
class RegisterFacts:
    """What a register is, from one instant to another; a changed multiplier is a second entry of the same meter.

    Attributes:
        meter_id: serial number of the meter.
        valid_from: installed, or these facts valid, from (UTC).
        valid_to: until, exclusive; a read at this instant is the closing one. None: still.
        multiplier: index advance times this is the quantity.
        modulus: the index wraps at this value; None: nobody knows. ``10 ** dials``, or a binary counter's own wrap.
        resolution: one step of the index; None: the last decimal of the reads.
        daily_maximum: most the connection can pass in a day [the channel's unit]; None: nobody knows.
    """

    meter_id: str
    valid_from: datetime
    valid_to: datetime | None = None
    multiplier: Decimal = Decimal(1)
    modulus: Decimal | None = None
    resolution: Decimal | None = None
    daily_maximum: Decimal | None = None

    def covers(self, start: datetime, end: datetime) -> bool:
        """Return whether both instants lie within these facts, the closing instant included."""
        return self.valid_from <= start and (self.valid_to is None or end <= self.valid_to)


@dataclass(frozen=True)
class Advance:
    """What a register counted between two reads.

    Attributes:
        meter_id: serial number of the meter; of the new one where an exchange is not closed by reads.
        period_from: instant of the first read, UTC.
        period_to: instant of the second read, UTC.
        index_from: first index as read.
        index_to: second index as read.
        advance: quantity, multiplied [the channel's unit]; 0 when blocked.
        resolution: one step of the index, multiplied [the channel's unit]; 0 when blocked.
        status: how it came about.
        code: why it is blocked; empty when it is not.
        estimated: one of the two reads is an estimate or a substitute.
    """

    meter_id: str
    period_from: datetime
    period_to: datetime
    index_from: Decimal
    index_to: Decimal
    advance: Decimal
    resolution: Decimal
    status: AdvanceStatus
    code: str = ""
    estimated: bool = False


def advances(reads: Iterable[IndexRead], facts: Sequence[RegisterFacts], profile: VeeProfile) -> list[Advance]:
    """Return the advance of each pair of consecutive reads of one register of a service point.

    Args:
        reads: index reads of one channel, of all the meters that had it, in any order; exact copies count once.
        facts: what the register is, of each of those meters.
        profile: the rollover guard.

    Returns:
        One entry per pair of reads of a meter, and one blocked entry for each exchange whose closing and opening reads are
        not at the exchange; in order of time. Their periods follow each other without overlap. Codes of blocked entries:

        - ``register.decrease``: fell, and is neither a rollover nor a dip
        - ``register.above_limit``: rose by more than the connection can pass
        - ``register.dials``: a read has more digits than the register
        - ``register.conflict``: two different reads at one instant
        - ``register.unknown``: no facts cover both reads (not installed, or the multiplier changed between them)
        - ``register.exchange``: no closing and opening reads at the exchange
    """
    by_meter: dict[str, list[IndexRead]] = {}
    for read in sorted(set(reads), key=lambda read: (read.read_at, read.value)):
        by_meter.setdefault(read.meter_id, []).append(read)
    found: list[Advance] = []
    previous: IndexRead | None = None
    for meter_id, series in sorted(by_meter.items(), key=lambda item: (item[1][0].read_at, item[1][-1].read_at, item[0])):
        known = [entry for entry in facts if entry.meter_id == meter_id]
        if previous is not None and not _joins(previous, series[0], facts):
            found.append(_blocked(previous, series[0], "register.exchange"))
        found += _meter_advances(series, known, profile)
        previous = series[-1]
    return found


def _joins(closing: IndexRead, opening: IndexRead, facts: Sequence[RegisterFacts]) -> bool:
    """Return whether nothing was counted unseen between the last read of one meter and the first of the next."""
    if closing.read_at == opening.read_at:
        return True
    removed = any(entry.meter_id == closing.meter_id and entry.valid_to == closing.read_at for entry in facts)
    installed = any(entry.meter_id == opening.meter_id and entry.valid_from == opening.read_at for entry in facts)
    return removed and installed


def _meter_advances(series: Sequence[IndexRead], facts: Sequence[RegisterFacts], profile: VeeProfile) -> list[Advance]:
    """Return the advances between the reads of one meter, in order of time."""
    series, conflicts = _one_an_instant(series)
    found = []
    i = 0
    while i + 1 < len(series):
        recovered = _recovery(series, i, conflicts)
        following = i + 1 if recovered is None else recovered
        first, second = series[i], series[following]
        if conflicts.isdisjoint((first.read_at, second.read_at)):
            found.append(_advance(first, second, facts, profile, dipped=recovered is not None))
        else:
            found.append(_blocked(first, second, "register.conflict"))
        i = following
    return found


def _one_an_instant(series: Sequence[IndexRead]) -> tuple[list[IndexRead], set[datetime]]:
    """Return one read an instant, and the instants where reads differ; a measured read outranks an estimated one."""
    at: dict[datetime, list[IndexRead]] = {}
    for read in series:
        at.setdefault(read.read_at, []).append(read)
    kept, conflicts = [], set()
    for instant, reads in at.items():
        best = [read for read in reads if read.quality not in _ESTIMATED] or reads
        kept.append(best[0])
        if any(read.value != best[0].value for read in best):
            conflicts.add(instant)
    return kept, conflicts


def _recovery(series: Sequence[IndexRead], i: int, conflicts: set[datetime]) -> int | None:
    """Return the read that recovers from a dip after read ``i``; None when there is no dip.

    A dip is one lower read, or several zeros in a row (a display that lost its memory for a while).
    """
    start, k = series[i].value, i + 1
    if series[k].value >= start:
        return None
    while k + 1 < len(series) and not series[k].value and not series[k + 1].value:
        k += 1
    recovers = k + 1 < len(series) and series[k + 1].value >= start
    return k + 1 if recovers and conflicts.isdisjoint(read.read_at for read in series[i : k + 2]) else None


def _advance(
    first: IndexRead, second: IndexRead, facts: Sequence[RegisterFacts], profile: VeeProfile, *, dipped: bool
) -> Advance:
    """Return what one meter counted between two reads."""
    entry = next((entry for entry in facts if entry.covers(first.read_at, second.read_at)), None)
    if entry is None:
        return _blocked(first, second, "register.unknown")
    resolution = _EXACT.multiply(_step(first, second, entry), entry.multiplier)
    if entry.modulus is not None and not (0 <= first.value < entry.modulus and 0 <= second.value < entry.modulus):
        return _blocked(first, second, "register.dials")
    counted = _EXACT.subtract(second.value, first.value)
    status = AdvanceStatus.DIP_DROPPED if dipped else AdvanceStatus.OK
    if counted < 0:
        if entry.modulus is None or first.value <= _EXACT.multiply(profile.rollover_guard, entry.modulus):
            return _blocked(first, second, "register.decrease")
        counted, status = _EXACT.add(counted, entry.modulus), AdvanceStatus.ROLLOVER
    quantity = _EXACT.multiply(counted, entry.multiplier)
    if not _plausible(quantity, resolution, first, second, entry, rollover=status is AdvanceStatus.ROLLOVER):
        code = "register.decrease" if status is AdvanceStatus.ROLLOVER else "register.above_limit"
        return _blocked(first, second, code)
    estimated = not _ESTIMATED.isdisjoint((first.quality, second.quality))
    return Advance(
        second.meter_id,
        first.read_at,
        second.read_at,
        first.value,
        second.value,
        quantity,
        resolution,
        status,
        estimated=estimated,
    )


def _plausible(
    quantity: Decimal, resolution: Decimal, first: IndexRead, second: IndexRead, entry: RegisterFacts, *, rollover: bool
) -> bool:
    """Return whether the connection could pass a quantity between two reads.

    One register step is allowed for: it may have been all but full at the first read. Where nobody knows the connection's
    limit, a rollover that would have taken half of the register or more is not believed.
    """
    if entry.daily_maximum is None:
        capacity = _EXACT.multiply(entry.modulus or Decimal(0), entry.multiplier)
        return not rollover or _EXACT.multiply(quantity, Decimal(2)) < capacity
    seconds = Decimal(int((second.read_at - first.read_at).total_seconds()))
    daily = _EXACT.multiply(_EXACT.subtract(quantity, resolution), Decimal(_SECONDS_PER_DAY))
    return daily <= _EXACT.multiply(entry.daily_maximum, seconds)


def _step(first: IndexRead, second: IndexRead, entry: RegisterFacts) -> Decimal:
    """Return one step of the index: as declared, or the last decimal of the two reads."""
    if entry.resolution is not None:
        return entry.resolution
    exponents = (int(read.value.as_tuple().exponent) for read in (first, second))
    return Decimal(1).scaleb(min(0, *exponents))


def _blocked(first: IndexRead, second: IndexRead, code: str) -> Advance:
    return Advance(
        second.meter_id,
        first.read_at,
        second.read_at,
        first.value,
        second.value,
        Decimal(0),
        Decimal(0),
        AdvanceStatus.BLOCKED,
        code,
    )
