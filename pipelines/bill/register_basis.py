"""Register basis: the determinants of agreements whose service points are billed on the advance between two reads.

The period is the read dates: from the day of the read before to the day of the last read in the period asked for, which
belongs to the next one. So the periods of a register follow each other without gap or overlap. A read on the day after the
period closes it. Time of use comes from time-of-use registers only; a flat price that changes inside the period is
prorated by days.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from pipelines.bill.due import Due, Held, Ready
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


class _Registers:
    """The billed registers of one service point, with what they counted in the period."""

    def __init__(self, due: Due, master: MasterData, book: RegisterBook) -> None:
        self.due = due
        self.meters = [meter for meter in master.meters.to_pylist() if meter["service_point_id"] == due.service_point_id]
        meters = {meter["meter_id"] for meter in self.meters}
        self.facts = [
            register
            for register in master.registers.to_pylist()
            if register["meter_id"] in meters
            and register["role"] != "check"
            and register["determinant"]
            and due.bills(register["determinant"])
        ]
        self.found: list[tuple[dict[str, Any], Advance]] = []
        for channel in sorted({fact["channel"] for fact in self.facts}):
            for advance in book.advances.get((due.service_point_id, channel), ()):
                read_on = local_date(advance.period_to, due.billing_clock)
                if due.period_from < read_on <= due.period_to and advance.period_from >= due.valid_from - timedelta(days=1):
                    self.found.append((self._fact(channel, advance), advance))

    def channels_between(self, starts_at: datetime, ends_at: datetime) -> set[str]:
        """Return the channels with a register in force, on a meter installed, at some time between two instants."""

        def lasts(row: dict[str, Any], since: str, until: str) -> bool:
            return row[since] < ends_at and (row[until] is None or row[until] > starts_at)

        meters = {meter["meter_id"] for meter in self.meters if lasts(meter, "installed_from", "installed_to")}
        return {fact["channel"] for fact in self.facts if fact["meter_id"] in meters and lasts(fact, "valid_from", "valid_to")}

    def _fact(self, channel: str, advance: Advance) -> dict[str, Any]:
        """Return the register row in force at the end of an advance."""
        rows = [fact for fact in self.facts if fact["channel"] == channel]
        same = [fact for fact in rows if fact["meter_id"] == advance.meter_id] or rows
        return max(same, key=lambda fact: (fact["valid_from"] < advance.period_to, fact["valid_from"]))


def measure_registers(due: Due, tariff: Tariff, master: MasterData, book: RegisterBook) -> Measured | Held:
    """Return what the registers of an agreement counted in its period, or why it is held.

    The due inside the result carries the read dates as its period.

    Args:
        due: the agreement.
        tariff: its tariff.
        master: master data of its bucket.
        book: what every register of the bucket counted.

    Raises:
        TariffError: the tariff has no version in force.
    """
    return _measure(due, tariff, _Registers(due, master, book))


def _measure(due: Due, tariff: Tariff, registers: _Registers) -> Measured | Held:
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
    starts_at, ends_at = next(iter(spans.values()))
    if len(set(spans.values())) > 1 or set(spans) != registers.channels_between(starts_at, ends_at):
        return Held(due, HoldCode.READS_MISSING, f"the registers of {due.service_point_id} were not read on the same days")
    first_day, end_day = local_date(starts_at, due.billing_clock), local_date(ends_at, due.billing_clock)
    own = replace(
        due,
        starts_at=starts_at,
        ends_at=ends_at,
        period_from=first_day,
        period_to=max(end_day, first_day + timedelta(days=1)),
    )
    return _quantities(own, tariff, registers)


def _quantities(due: Due, tariff: Tariff, registers: _Registers) -> Measured | Held:
    """Return what the registers counted, by determinant, version and band."""
    totals: dict[str, dict[str | None, Decimal]] = {}
    units: dict[str, str] = {}
    whole = {"kWh": Decimal(0), "m3": Decimal(0)}
    part = dict(whole)
    for fact, advance in registers.found:
        bands = totals.setdefault(fact["determinant"], {})
        bands[fact["rate_band"]] = bands.get(fact["rate_band"], Decimal(0)) + advance.advance
        unit = units.setdefault(fact["determinant"], fact["unit"])
        if unit in whole:
            whole[unit] += advance.advance
            part[unit] += advance.advance if advance.estimated else Decimal(0)
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
        quantities[name] = Determinant(combos, EXPONENT, values, units.get(name, "kWh"))
    ready = Ready(due, whole["kWh"], part["kWh"], _reads(registers), volume=whole["m3"], estimated_volume=part["m3"])
    return Measured([ready], [], quantities)


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
