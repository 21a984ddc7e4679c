"""Writes a synthetic utility to disk: an inbox of delivered files, master data, tariffs, and the ground truth.

The inbox holds what head-ends deliver: NEM12 files of some days each, some of them zipped, with index reads at
the borders of the month; files with late, repeated and conflicting rows; NEM13 files of the meter readers' rounds. Beside it
lies a retailer's copy of some homes' month, in another format.
The same arguments give the same bytes on any day; packed files also depend on the machine's zlib, their content does not.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self

from pipelines.synthetic import nem12, nem13
from pipelines.synthetic.energy import ChannelEnergy, index_wh, span_of, true_energy
from pipelines.synthetic.faults import Fault, FaultKind, Planted, Redelivery, plant
from pipelines.synthetic.master_data import write_master_data
from pipelines.synthetic.nem12 import DayRow, QualityRange, covering
from pipelines.synthetic.population import Kind
from pipelines.synthetic.retailer import has_copy, retailer_text
from pipelines.synthetic.situations import situations
from pipelines.synthetic.tariff_documents import write_tariffs
from pipelines.synthetic.utility import Meter, Register, ServicePoint, Utility, index_read_times, market_midnight, plan_utility
from schemas.errors import InputRefusedError

_SENT = timedelta(hours=2, minutes=15)
_ZIP_TURN, _GZIP_TURN = 2, 3
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class UtilityFolders(NamedTuple):
    """Where a synthetic utility lies."""

    inbox: Path
    masterdata: Path
    tariffs: Path
    truth: Path
    retailer: Path


class Delivered(NamedTuple):
    """A service point with its energy and faults, ready to be written."""

    point: ServicePoint
    planted: Planted


@dataclass
class _Inbox:
    """Writes files in order and packs every third and fourth of them, as some senders do."""

    folder: Path
    files: list[Path] = field(default_factory=list)

    def write(self, name: str, text: bytes, *, packed: bool = True) -> Path:
        turn = len(self.files) % 4 if packed else 0
        path = self.folder / name
        if turn == _ZIP_TURN:
            path = path.with_suffix(".zip")
            path.write_bytes(_zipped(name, text))
        elif turn == _GZIP_TURN:
            path = path.with_name(f"{name}.gz")
            path.write_bytes(gzip.compress(text, 6, mtime=0))
        else:
            path.write_bytes(text)
        self.files.append(path)
        return path


def _zipped(name: str, text: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def write_utility(
    folder: Path,
    *,
    seed: int,
    service_points: int = 60,
    month: str = "2026-01",
    zone: str = "Australia/Sydney",
    faults: bool = True,
    days_per_file: int = 7,
    service_points_per_file: int = 1000,
) -> UtilityFolders:
    """Write a utility's files.

    Args:
        folder: where to, made if it is not there; folders ``inbox``, ``masterdata``, ``tariffs``, ``truth`` and ``retailer``
            in it.
            Files of the same names are replaced; others that lie there stay.
        seed: any whole number from 0.
        service_points: how many; each sixty have one of every special customer and planted fault.
        month: the month to bill, ``YYYY-MM``.
        zone: one of the market's zones (``population.REGIONS``).
        faults: whether faults are planted; special customers are there anyway.
        days_per_file: days that a NEM12 file holds: 1 for a nightly delivery.
        service_points_per_file: service points that share a NEM12 file.

    Returns:
        The folders.

    Raises:
        InputRefusedError: a month that is none, a zone outside the market, or a number below 1.
    """
    if min(days_per_file, service_points_per_file) < 1:
        code = "synthetic.size"
        raise InputRefusedError(code, f"a file of {days_per_file} days and {service_points_per_file} service points is empty")
    utility = plan_utility(seed=seed, service_points=service_points, month=month, zone=zone)
    folders = UtilityFolders(*(folder / name for name in UtilityFolders._fields))
    for made in folders:
        made.mkdir(parents=True, exist_ok=True)
    write_master_data(folders.masterdata, utility)
    write_tariffs(folders.tariffs, zone, date(utility.month_start.year - 1, 7, 1))
    inbox = _Inbox(folders.inbox)
    with _Truth(folders.truth) as truth:
        truth.add(situations(utility, ()))
        for batch in range(0, service_points, service_points_per_file):
            points = utility.service_points[batch : batch + service_points_per_file]
            number = batch // service_points_per_file + 1
            delivered = deliver(utility, points, faults=faults, days_per_file=days_per_file)
            _write_copies(folders.retailer, utility, delivered, number)
            copied = _write_batch(inbox, utility, delivered, number, days_per_file, copies=faults)
            truth.add(situations(utility, points), *(item.planted.faults for item in delivered), copied)
            truth.add_energy(utility, delivered)
    return folders


def deliver(
    utility: Utility, points: tuple[ServicePoint, ...], *, faults: bool = True, days_per_file: int = 7
) -> list[Delivered]:
    """Return service points with their true energy and what the faults make of it.

    Args:
        utility: the plan.
        points: some of its service points.
        faults: whether any are planted.
        days_per_file: decides the version that a row carries.
    """
    energy = true_energy(utility, points)

    def updated(place: int) -> datetime:
        return _sent(utility, min(place // days_per_file * days_per_file + days_per_file, utility.days))

    return [
        Delivered(point, plant(utility, point, energy[point.service_point_id], updated))
        if faults
        else Delivered(point, Planted(energy[point.service_point_id]))
        for point in points
    ]


def _write_copies(folder: Path, utility: Utility, delivered: list[Delivered], number: int) -> None:
    """Write the retailer's copy of some homes' month: the same values in another format."""
    homes = [(item.point, item.planted.energy) for item in delivered if has_copy(item.point)]
    if homes:
        sent = market_midnight(utility.month_end)
        (folder / f"retailer_{sent:%Y%m%d}_{number}.csv").write_bytes(retailer_text(utility, homes))


def _sent(utility: Utility, place: int) -> datetime:
    """Return when a file was sent that holds the days before ``place``."""
    return market_midnight(utility.first_day + timedelta(days=place)) + _SENT


def _write_batch(
    inbox: _Inbox, utility: Utility, delivered: list[Delivered], number: int, days_per_file: int, *, copies: bool
) -> list[Fault]:
    """Write all files of a batch; one of the first batch comes twice where ``copies`` says so."""
    faults = []
    interval = [item for item in delivered if item.point.kind is not Kind.ACCUMULATION]
    for begin in range(0, utility.days, days_per_file):
        end = min(begin + days_per_file, utility.days)
        sent = _sent(utility, end)
        text = nem12_text(utility, interval, range(begin, end), sent)
        path = inbox.write(f"nem12_{sent:%Y%m%d}_{number}.csv", text)
        if copies and number == 1 and begin <= utility.day_place(utility.month_start) < end:
            twin = path.with_name(f"again_{path.name}")
            twin.write_bytes(path.read_bytes())
            note = f"{twin.name} holds the bytes of {path.name}"
            day = utility.first_day + timedelta(days=begin)
            faults.append(Fault("", "", "", day, None, None, FaultKind.DUPLICATE_FILE, note))
    for kind, text in _redelivered(utility, interval).items():
        sent = _sent(utility, utility.days + 1)
        inbox.write(f"nem12_{sent:%Y%m%d}_{kind}_{number}.csv", text, packed=False)
    _write_rounds(inbox, utility, [item for item in delivered if item.point.kind is Kind.ACCUMULATION], number)
    return faults


def nem12_text(utility: Utility, delivered: list[Delivered], places: range, sent: datetime) -> bytes:
    """Return a NEM12 file of some days of some service points with interval meters.

    Args:
        utility: the plan.
        delivered: the service points.
        places: places of the days, without gaps.
        sent: time of the file and version of its rows.
    """
    parts = [nem12.header(sent)]
    for item in delivered:
        for meter in item.point.meters:
            for register in meter.registers:
                lines = b"".join(_lines(utility, item, meter=meter, register=register, places=places, sent=sent))
                if lines:
                    parts += [_channel_line(item.point, meter, register), lines]
    parts.append(nem12.FOOTER)
    return b"".join(parts)


def _channel_line(point: ServicePoint, meter: Meter, register: Register) -> bytes:
    channels = "".join(sorted(other.channel for other in meter.registers))
    return nem12.channel_line(point.service_point_id, channels, register.channel, meter.meter_id, point.interval_minutes)


def _lines(
    utility: Utility, item: Delivered, *, meter: Meter, register: Register, places: range, sent: datetime
) -> Iterator[bytes]:
    """Yield the 300, 400 and 500 records of one channel; all plain days at once where no other record comes between."""
    energy = item.planted.energy[register.channel]
    slots = energy.shape[1]
    span = span_of(utility, meter, item.point.interval_minutes)
    reads = _index_lines(utility, item, meter, register)
    special = any((meter.meter_id, register.channel, place) in item.planted.rows or place in reads for place in places)
    if not special and span.first <= places.start * slots and places.stop * slots <= span.end:
        first = utility.first_day + timedelta(days=places.start)
        yield nem12.day_lines(energy[None, places.start : places.stop], first, sent)[0]
        return
    for place in places:
        whole_day = DayRow(energy[place], covering(slots, ()))
        row = item.planted.rows.get((meter.meter_id, register.channel, place), whole_day)
        installed = range(max(span.first - place * slots, 0), min(span.end - place * slots, slots))
        if row is not None and installed:
            yield nem12.day_line(_while_installed(row, installed), utility.first_day + timedelta(days=place), sent)
        yield from reads.get(place, ())


def _while_installed(row: DayRow, installed: range) -> DayRow:
    """Return the row with no data in the slots before and after the meter hung there."""
    slots = len(row.values)
    if len(installed) == slots:
        return row
    values = row.values.copy()
    values[: installed.start] = 0
    values[installed.stop :] = 0
    empty = [QualityRange(0, installed.start, "N"), QualityRange(installed.stop, slots, "N")]
    return row._replace(values=values, ranges=covering(slots, [part for part in empty if part.slot_to > part.slot_from]))


def _index_lines(utility: Utility, item: Delivered, meter: Meter, register: Register) -> dict[int, list[bytes]]:
    """Return the 500 records of a register by the place of the day they follow: the one that ends with the read."""
    found: dict[int, list[bytes]] = defaultdict(list)
    energy = item.planted.energy[register.channel]

    def add(at: datetime, code: str, register: Register, wh: int) -> None:
        place = utility.day_place((at - timedelta(seconds=1)).date())
        found[max(place, 0)].append(nem12.index_line(at, code, register, wh))

    for at, code in index_read_times(utility, item.point, meter):
        add(at, code, register, index_wh(utility, meter, register, energy, at))
    dip = item.planted.dips.get((meter.meter_id, register.channel))
    if dip is not None:
        add(dip, "N", register, 0)
    return found


def _redelivered(utility: Utility, delivered: list[Delivered]) -> dict[str, bytes]:
    """Return the files of rows that come again or late, by their kind."""
    sent = _sent(utility, utility.days + 1)
    rows: dict[str, list[bytes]] = defaultdict(list)
    for item in delivered:
        for again in item.planted.again:
            rows[again.file] += [_again_channel(item.point, again), _again_line(utility, again, sent)]
    return {kind: b"".join([nem12.header(sent), *lines, nem12.FOOTER]) for kind, lines in rows.items()}


def _again_channel(point: ServicePoint, again: Redelivery) -> bytes:
    meter = next(meter for meter in point.meters if meter.meter_id == again.meter_id)
    return _channel_line(point, meter, next(register for register in meter.registers if register.channel == again.channel))


def _again_line(utility: Utility, again: Redelivery, sent: datetime) -> bytes:
    return nem12.day_line(again.row, utility.first_day + timedelta(days=again.place), sent)


def _write_rounds(inbox: _Inbox, utility: Utility, delivered: list[Delivered], number: int) -> None:
    """Write a NEM13 file for each round of the meter readers."""
    reads = [nem13.dial_reads(utility, item.point, item.planted.energy["11"]) for item in delivered]
    for visit, border in enumerate((utility.month_start, utility.month_end), start=1):
        sent = market_midnight(border + timedelta(days=1)) + _SENT
        following = border + timedelta(days=30)
        lines = [
            nem13.advance_line(item.point, noted[visit - 1], noted[visit], following)
            for item, noted in zip(delivered, reads, strict=True)
        ]
        if lines:
            text = b"".join([nem13.header(sent), *lines, nem13.FOOTER])
            inbox.write(f"nem13_{sent:%Y%m%d}_{number}.csv", text, packed=False)


class _Truth:
    """Writes ``truth/faults.csv`` and ``truth/energy.csv`` while the batches go by."""

    def __init__(self, folder: Path) -> None:
        self._faults = (folder / "faults.csv").open("w", encoding="utf-8", newline="")
        self._energy = (folder / "energy.csv").open("w", encoding="utf-8", newline="")
        self._fault_rows = csv.writer(self._faults, lineterminator="\n")
        self._fault_rows.writerow(Fault._fields)
        self._energy_rows = csv.writer(self._energy, lineterminator="\n")
        self._energy_rows.writerow(("service_point_id", "channel", "day", "energy_wh"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._faults.close()
        self._energy.close()

    def add(self, *found: Iterable[Fault]) -> None:
        """Add ground truth."""
        for faults in found:
            self._fault_rows.writerows(faults)

    def add_energy(self, utility: Utility, delivered: list[Delivered]) -> None:
        """Add the true energy of each channel and day [Wh]."""
        for item in delivered:
            self._energy_rows.writerows(_energy_rows(utility, item.point, item.planted.energy))


def _energy_rows(utility: Utility, point: ServicePoint, energy: ChannelEnergy) -> Iterator[tuple[object, ...]]:
    for channel, values in energy.items():
        for place, wh in enumerate(values.sum(axis=1).tolist()):
            yield point.service_point_id, channel, utility.first_day + timedelta(days=place), wh
