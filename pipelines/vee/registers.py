"""What a cumulative register counted between its reads: rollover, exchange, dips and errors told apart.

An index only rises; when it falls, something happened, and guessing wrong bills megawatt-hours nobody used:

====================================================  =========================================================
two reads of one meter                                outcome
====================================================  =========================================================
it rose                                               ``ok``: the difference
it fell, and the next read is at or above the first   ``dip_dropped``: the low read is dropped, use = next - first
it fell from near its capacity, plausibly             ``rollover``: the difference modulo the capacity
it fell to what may have been used since a start      ``blocked``, ``register.reset``: it began again at zero
it fell otherwise                                     ``blocked``, ``register.decrease``: a person decides
====================================================  =========================================================

After a fall that nobody explained, a rise may be its recovery and no use, and a rise before it may be a misread peak. Neither
is booked: a rise that makes good more than half of the fall is ``register.recovery`` until the old level is reached again, a
rise of which the fall takes back more than half is ``register.peak``.

A meter exchange is no fall: each meter's reads are held against its own facts and its own multiplier, and the use is the
sum of both. All arithmetic is exact decimals. ``pipelines.lakehouse.register_view`` says the same in SQL, for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from enum import StrEnum
from typing import NamedTuple

_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
_SECONDS_PER_DAY = 86_400
ROLLOVER_GUARD = Decimal("0.8")
"""Share of its capacity below which a register does not roll over; project default."""
_FALLS = frozenset({"register.decrease", "register.reset"})
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
        rollover_guard: a register below this share of its modulus does not roll over.
    """

    meter_id: str
    valid_from: datetime
    valid_to: datetime | None = None
    multiplier: Decimal = Decimal(1)
    modulus: Decimal | None = None
    resolution: Decimal | None = None
    daily_maximum: Decimal | None = None
    rollover_guard: Decimal = ROLLOVER_GUARD

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


def advances(reads: Iterable[IndexRead], facts: Sequence[RegisterFacts]) -> list[Advance]:
    """Return the advance of each pair of consecutive reads of one register of a service point.

    Args:
        reads: index reads of one channel, of all the meters that had it, in any order; exact copies count once.
        facts: what the register is, of each of those meters.

    Returns:
        One entry per pair of reads of a meter, and one blocked entry for each exchange whose closing and opening reads are
        not at the exchange; in order of time. Their periods follow each other without overlap. Codes of blocked entries:

        - ``register.decrease``: fell, and is neither a rollover nor a dip
        - ``register.reset``: fell, and goes on from near zero
        - ``register.recovery``: rose after such a fall by more than half of it
        - ``register.peak``: rose before such a fall, which takes back more than half of it
        - ``register.above_limit``: rose by more than the connection can pass
        - ``register.dials``: a read has more digits than the register
        - ``register.conflict``: two different reads at one instant
        - ``register.unknown``: no facts cover both reads (not installed, or the multiplier changed between them)
        - ``register.exchange``: no closing and opening reads at the exchange
    """
    stints: dict[tuple[str, int], list[IndexRead]] = {}
    begins = _installations(facts)
    for read in sorted(set(reads), key=lambda read: (read.read_at, read.value)):
        stint = max(1, sum(begin <= read.read_at for begin in begins.get(read.meter_id, ())))
        stints.setdefault((read.meter_id, stint), []).append(read)
    found: list[Advance] = []
    previous: IndexRead | None = None
    for (meter_id, _), series in sorted(stints.items(), key=lambda item: (item[1][0].read_at, item[1][-1].read_at, item[0])):
        known = [entry for entry in facts if entry.meter_id == meter_id]
        if previous is not None and not _joins(previous, series[0], facts):
            found.append(_blocked(previous, series[0], "register.exchange"))
        found += _meter_advances(series, known)
        previous = series[-1]
    return found


def _installations(facts: Sequence[RegisterFacts]) -> dict[str, list[datetime]]:
    """Return when each meter was installed: a meter may come back after another one."""
    begins: dict[str, list[datetime]] = {}
    for entry in facts:
        others = [other for other in facts if other.meter_id == entry.meter_id and other.valid_from < entry.valid_from]
        if not any(other.valid_to is None or other.valid_to >= entry.valid_from for other in others):
            begins.setdefault(entry.meter_id, []).append(entry.valid_from)
    return begins


def _joins(closing: IndexRead, opening: IndexRead, facts: Sequence[RegisterFacts]) -> bool:
    """Return whether nothing was counted unseen between the last read of one meter and the first of the next."""
    if closing.read_at == opening.read_at:
        return True
    removed = any(entry.meter_id == closing.meter_id and entry.valid_to == closing.read_at for entry in facts)
    installed = any(entry.meter_id == opening.meter_id and entry.valid_from == opening.read_at for entry in facts)
    return removed and installed


def _meter_advances(series: Sequence[IndexRead], facts: Sequence[RegisterFacts]) -> list[Advance]:
    """Return the advances between the reads of one meter, in order of time."""
    series, conflicts = _one_an_instant(series)
    found = []
    i = 0
    while i + 1 < len(series):
        recovered = _recovery(series, i, conflicts)
        following = i + 1 if recovered is None else recovered
        first, second = series[i], series[following]
        if conflicts.isdisjoint((first.read_at, second.read_at)):
            goes_on = following + 1 < len(series) and series[following + 1].value >= second.value
            found.append(_advance(first, second, facts, dipped=recovered is not None, goes_on=goes_on))
        else:
            found.append(_blocked(first, second, "register.conflict"))
        i = following
    return _without_doubtful(found)


def _without_doubtful(found: Sequence[Advance]) -> list[Advance]:
    """Block what may be no use, seen from a fall before or after it that nobody explained."""
    kept = []
    for i, (advance, lost) in enumerate(zip(found, _lost_levels(found), strict=True)):
        counted = _EXACT.subtract(advance.index_to, advance.index_from)
        after = found[i + 1] if i + 1 < len(found) else None
        fell_after = _EXACT.subtract(after.index_from, after.index_to) if after and after.code in _FALLS else Decimal(0)
        code = ""
        if advance.status is AdvanceStatus.ROLLOVER and i and found[i - 1].code == "register.above_limit":
            code = "register.decrease"
        elif advance.status in (AdvanceStatus.OK, AdvanceStatus.DIP_DROPPED) and lost and _more_than_half(counted, lost):
            code = "register.recovery"
        elif advance.status in (AdvanceStatus.OK, AdvanceStatus.DIP_DROPPED) and fell_after and counted:
            peaked = _more_than_half(counted, fell_after) and _more_than_half(fell_after, counted)
            code = "register.peak" if peaked else ""
        kept.append(_block(advance, code) if code else advance)
    return kept


def _more_than_half(part: Decimal, whole: Decimal) -> bool:
    return _EXACT.multiply(part, Decimal(2)) > whole


def _lost_levels(found: Sequence[Advance]) -> Iterator[Decimal]:
    """Yield for each advance how far the register stands, or stood since, below a level it had shown before."""
    high: Decimal | None = None
    low = Decimal(0)
    for advance in found:
        if high is None or advance.index_from >= high:
            high = low = advance.index_from
        low = min(low, advance.index_from)
        yield _EXACT.subtract(high, low)
        if advance.status is AdvanceStatus.ROLLOVER:
            high = None


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

    A dip is a zero, or several in a row: a display that lost its memory for a while. A fall to anything else may be a
    register that began again or a misread one, and nobody can tell.
    """
    start, k = series[i].value, i + 1
    if series[k].value >= start or series[k].value:
        return None
    while k + 1 < len(series) and not series[k].value and not series[k + 1].value:
        k += 1
    recovers = k + 1 < len(series) and series[k + 1].value >= start
    return k + 1 if recovers and conflicts.isdisjoint(read.read_at for read in series[i : k + 2]) else None


def _advance(first: IndexRead, second: IndexRead, facts: Sequence[RegisterFacts], *, dipped: bool, goes_on: bool) -> Advance:
    """Return what one meter counted between two reads.

    Args:
        first: the earlier read.
        second: the later one.
        facts: what the register is, at any time.
        dipped: a lower read between them was dropped.
        goes_on: the read after ``second`` is there, and not lower.
    """
    entry = next((entry for entry in facts if entry.covers(first.read_at, second.read_at)), None)
    if entry is None:
        return _blocked(first, second, "register.unknown")
    resolution = _EXACT.multiply(_step(first, second, entry), entry.multiplier)
    if entry.modulus is not None and not (0 <= first.value < entry.modulus and 0 <= second.value < entry.modulus):
        return _blocked(first, second, "register.dials")
    counted = _EXACT.subtract(second.value, first.value)
    status = AdvanceStatus.DIP_DROPPED if dipped else AdvanceStatus.OK
    if counted < 0:
        if entry.modulus is None or first.value <= _EXACT.multiply(entry.rollover_guard, entry.modulus):
            return _blocked(
                first, second, "register.reset" if goes_on and _is_reset(first, second, entry) else "register.decrease"
            )
        counted, status = _EXACT.add(counted, entry.modulus), AdvanceStatus.ROLLOVER
    quantity = _EXACT.multiply(counted, entry.multiplier)
    if not _plausible(quantity, resolution, first, second, entry):
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


def _plausible(quantity: Decimal, resolution: Decimal, first: IndexRead, second: IndexRead, entry: RegisterFacts) -> bool:
    """Return whether the connection could pass a quantity between two reads.

    One register step is allowed for: it may have been all but full at the first read. Where nobody knows the connection's
    limit, half of the register or more is not believed, and where nobody knows its capacity either, everything is.
    """
    if entry.daily_maximum is None:
        capacity = _EXACT.multiply(entry.modulus or Decimal(0), entry.multiplier)
        return not capacity or _EXACT.multiply(quantity, Decimal(2)) < capacity
    seconds = Decimal(int((second.read_at - first.read_at).total_seconds()))
    daily = _EXACT.multiply(_EXACT.subtract(quantity, resolution), Decimal(_SECONDS_PER_DAY))
    return daily <= _EXACT.multiply(entry.daily_maximum, seconds)


def _is_reset(first: IndexRead, second: IndexRead, entry: RegisterFacts) -> bool:
    """Return whether a register that fell may have begun again at zero since the first read: it shows what can have been used.

    Nobody can tell where the connection's limit is not known, nor where it fell by less than half.
    """
    if entry.daily_maximum is None or second.value < 0 or _EXACT.multiply(second.value, Decimal(2)) >= first.value:
        return False
    quantity = _EXACT.multiply(second.value, entry.multiplier)
    return _plausible(quantity, Decimal(0), first, second, entry)


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


def _block(advance: Advance, code: str) -> Advance:
    return replace(advance, advance=Decimal(0), resolution=Decimal(0), status=AdvanceStatus.BLOCKED, code=code, estimated=False)
