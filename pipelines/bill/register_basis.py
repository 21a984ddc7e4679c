"""Register basis: the determinants of agreements whose service points are billed on the advance between two reads.

The period is the read dates: from the read before to the last read inside the period asked for. Time of use comes from
time-of-use registers only; a flat price that changes inside the period is prorated by days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from pipelines.bill.due import Due, Held, LoadedTariff, Ready
from pipelines.bill.holds import HoldCode
from pipelines.bill.interval_basis import Measured
from pipelines.masterdata.master import MasterData
from pipelines.vee.register_spans import RegisterBook
from pipelines.vee.registers import Advance, AdvanceStatus
from schemas.periods import local_date
from tariffs.calendar import Combo, combos_of, version_spans
from tariffs.determinants import required_determinants
from tariffs.model import Tariff
from tariffs.rated import Determinant
from tariffs.rounding import largest_remainder

EXPONENT = -9
_ONE_SECOND = timedelta(seconds=1)


class _Registers:
    """The billed registers of one service point, with what they counted in the period."""

    def __init__(self, due: Due, master: MasterData, book: RegisterBook) -> None:
        self.due = due
        meters = {m["meter_id"] for m in master.meters.to_pylist() if m["service_point_id"] == due.service_point_id}
        self.facts = [
            r for r in master.registers.to_pylist() if r["meter_id"] in meters and r["determinant"] and r["role"] != "check"
        ]
        self.found: list[tuple[dict[str, Any], Advance]] = []
        for channel in sorted({fact["channel"] for fact in self.facts}):
            for advance in book.advances.get((due.service_point_id, channel), ()):
                last_day = local_date(advance.period_to - _ONE_SECOND, due.billing_clock)
                if due.period_from <= last_day < due.period_to and advance.period_from >= due.valid_from - timedelta(days=1):
                    self.found.append((self._fact(channel, advance), advance))

    def _fact(self, channel: str, advance: Advance) -> dict[str, Any]:
        """Return the register row in force at the end of an advance."""
        rows = [fact for fact in self.facts if fact["channel"] == channel]
        same = [fact for fact in rows if fact["meter_id"] == advance.meter_id] or rows
        return max(same, key=lambda fact: (fact["valid_from"] < advance.period_to, fact["valid_from"]))


def measure_registers(
    dues: Sequence[Due], tariffs: dict[str, LoadedTariff], master: MasterData, book: RegisterBook
) -> tuple[list[tuple[Due, Measured]], list[Held]]:
    """Return, for each agreement with reads in its period, what was counted; and the agreements held.

    The due returned carries the read dates as its period.
    """
    ready, held = [], []
    for due in dues:
        outcome = _measure(due, tariffs[due.tariff_id].tariff, _Registers(due, master, book))
        if isinstance(outcome, Held):
            held.append(outcome)
        else:
            ready.append(outcome)
    return ready, held


def _measure(due: Due, tariff: Tariff, registers: _Registers) -> tuple[Due, Measured] | Held:
    if not registers.facts:
        return Held(due, HoldCode.CHANNEL_UNMAPPED, f"no register of {due.service_point_id} feeds a determinant")
    if not registers.found:
        return Held(due, HoldCode.READS_MISSING, f"no two reads of {due.service_point_id} that end in the period")
    for fact, advance in registers.found:
        if advance.status is AdvanceStatus.BLOCKED:
            message = f"{advance.meter_id}/{fact['channel']}: {advance.index_from} to {advance.index_to}: {advance.code}"
            return Held(due, HoldCode.READS_BLOCKED, message)
    spans: dict[str, tuple[datetime, datetime]] = {}
    for fact, advance in registers.found:
        first, last = spans.get(fact["channel"], (advance.period_from, advance.period_to))
        spans[fact["channel"]] = (min(first, advance.period_from), max(last, advance.period_to))
    if len(set(spans.values())) > 1 or set(spans) != {fact["channel"] for fact in registers.facts}:
        return Held(due, HoldCode.READS_MISSING, f"the registers of {due.service_point_id} were not read on the same days")
    starts_at, ends_at = next(iter(spans.values()))
    own = replace(
        due,
        starts_at=starts_at,
        ends_at=ends_at,
        period_from=local_date(starts_at, due.billing_clock),
        period_to=local_date(ends_at - _ONE_SECOND, due.billing_clock) + timedelta(days=1),
    )
    return _quantities(own, tariff, registers)


def _quantities(due: Due, tariff: Tariff, registers: _Registers) -> tuple[Due, Measured] | Held:
    """Return what the registers counted, by determinant, version and band."""
    totals: dict[str, dict[str | None, Decimal]] = {}
    estimated = Decimal(0)
    for fact, advance in registers.found:
        bands = totals.setdefault(fact["determinant"], {})
        bands[fact["rate_band"]] = bands.get(fact["rate_band"], Decimal(0)) + advance.advance
        estimated += advance.advance if advance.estimated else Decimal(0)
    for name in sorted(set(totals) - set(required_determinants(tariff))):
        if name.endswith("_kwh") and name != "export_kwh" and any(totals[name].values()):
            return Held(due, HoldCode.UNPRICED, f"tariff {tariff.tariff} has no charge on {name}, of which some was used")
    quantities = {}
    for name in sorted(required_determinants(tariff) | ({"export_kwh"} & set(totals))):
        direction = "export" if name == "export_kwh" else "import"
        combos = combos_of(tariff, direction=direction, starts_at=due.starts_at, ends_at=due.ends_at)
        values = _by_combo(totals.get(name, {}), combos, tariff, due)
        if values is None:
            message = f"tariff {tariff.tariff} prices {name} by {sorted({str(c.band) for c in combos})}, the registers do not"
            return Held(due, HoldCode.BAND_UNKNOWN, message)
        quantities[name] = Determinant(combos, EXPONENT, values, "kWh")
    energy = sum((value for bands in totals.values() for value in bands.values()), Decimal(0))
    return due, Measured([Ready(due, energy, estimated, _reads(registers))], [], quantities)


def _by_combo(totals: dict[str | None, Decimal], combos: tuple[Combo, ...], tariff: Tariff, due: Due) -> np.ndarray | None:
    """Spread each register's advance over the tariff's versions by days; None where a band has no register."""
    values = np.zeros((1, len(combos)), dtype=np.int64)
    bands = {combo.band for combo in combos}
    for band, total in totals.items():
        if band not in bands and len(bands) > 1:
            return None
        own = band if band in bands else next(iter(bands))
        places = [number for number, combo in enumerate(combos) if combo.band == own]
        days = _days(tariff, due)
        weights = np.array([[days.get(combos[number].version_index, 0) for number in places]], dtype=object)
        weights = weights if weights.any() else weights + 1
        units = np.array([int(total.scaleb(-EXPONENT))], dtype=object)
        for number, part in zip(places, largest_remainder(weights, units)[0], strict=True):
            values[0, number] += int(part)
    return values


def _days(tariff: Tariff, due: Due) -> dict[int, int]:
    """Return the days of the period in each version of the tariff."""
    spans = version_spans(tariff, starts_at=due.starts_at, ends_at=due.ends_at, billing_clock=due.billing_clock)
    return {span.version: span.days for span in spans}


def _reads(registers: _Registers) -> list[dict[str, Any]]:
    """Return opening and closing reads for the bill."""
    return [
        {
            "meter_id": advance.meter_id,
            "channel": fact["channel"],
            "opened_at": _iso(advance.period_from),
            "opening": f"{advance.index_from.normalize():f}",
            "closed_at": _iso(advance.period_to),
            "closing": f"{advance.index_to.normalize():f}",
            "multiplier": f"{fact['multiplier'].normalize():f}",
            "advance": f"{advance.advance.normalize():f}",
            "status": advance.status.value,
            "estimated": advance.estimated,
        }
        for fact, advance in registers.found
    ]


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
