from __future__ import annotations

import csv
import gzip
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from pipelines.synthetic.files import UtilityFolders, deliver, write_utility
from pipelines.synthetic.utility import MARKET_CLOCK, plan_utility

SEED = 7


class Day(NamedTuple):
    """One 300 record with its 400 records spread over the slots."""

    file: str
    version: datetime
    values: np.ndarray
    flags: list[str]


class IndexRead(NamedTuple):
    """One 500 record."""

    read_at: datetime
    code: str
    wh: int


class Parsed:
    """A NEM12 inbox read line by line, by the book and without hurry."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, str, str, date], list[Day]] = {}
        self.reads: dict[tuple[str, str, str], list[IndexRead]] = {}

    def read(self, path: Path) -> None:
        lines = text_of(path).split("\n")
        assert lines[0].startswith("100,NEM12,")
        assert lines[-2:] == ["900", ""]
        for line in lines[1:-2]:
            getattr(self, f"_record_{line[:3]}")(path.name, line.split(","))

    def _record_200(self, _: str, cells: list[str]) -> None:
        assert len(cells) == 10
        assert cells[7] == "KWH"
        assert cells[4] in cells[2]
        self._channel, self._minutes = (cells[1], cells[6], cells[4]), int(cells[8])

    def _record_300(self, file: str, cells: list[str]) -> None:
        slots = 1440 // self._minutes
        assert len(cells) == 2 + slots + 5
        flag, version = cells[2 + slots], cells[-2]
        values = np.array([round(float(cell) * 1000) for cell in cells[2 : 2 + slots]])
        day = datetime.strptime(cells[1], "%Y%m%d").replace(tzinfo=MARKET_CLOCK).date()
        self._day = Day(file, time_of(version), values, [] if flag == "V" else [flag] * slots)
        self.days.setdefault((*self._channel, day), []).append(self._day)

    def _record_400(self, _: str, cells: list[str]) -> None:
        first, last = int(cells[1]), int(cells[2])
        assert first == len(self._day.flags) + 1, "the ranges leave no slot out"
        self._day.flags.extend([cells[3]] * (last - first + 1))

    def _record_500(self, _: str, cells: list[str]) -> None:
        read = IndexRead(time_of(cells[3]), cells[1], round(float(cells[4]) * 1000))
        self.reads.setdefault(self._channel, []).append(read)


def time_of(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=MARKET_CLOCK)


def text_of(path: Path) -> str:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0]).decode()
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> UtilityFolders:
    return write_utility(tmp_path_factory.mktemp("utility"), seed=SEED)


@pytest.fixture(scope="session")
def plan():
    return plan_utility(seed=SEED, service_points=60, month="2026-01")


@pytest.fixture(scope="session")
def truth(plan):
    """What was delivered and planted, by service point."""
    return {item.point.service_point_id: item for item in deliver(plan, plan.service_points)}


@pytest.fixture(scope="session")
def parsed(folders) -> Parsed:
    found = Parsed()
    for path in sorted(folders.inbox.glob("nem12_*")):
        found.read(path)
    return found


@pytest.fixture(scope="session")
def faults(folders) -> list[dict[str, str]]:
    with (folders.truth / "faults.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def read_text():
    return text_of


@pytest.fixture(scope="session")
def fault_days(faults):
    """Faults by what they happened to, their slots as numbers."""

    def of(kind: str) -> list[tuple[tuple[str, str, str, date], slice]]:
        return [
            (
                (row["service_point_id"], row["meter_id"], row["channel"], date.fromisoformat(row["day"])),
                slice(int(row["slot_from"] or 0), int(row["slot_to"] or 0)),
            )
            for row in faults
            if row["fault"] == kind
        ]

    return of


@pytest.fixture(scope="session")
def true_day(plan, truth):
    """The true energy of a channel and day [Wh]."""

    def of(key: tuple[str, str, str, date]) -> np.ndarray:
        service_point, _, channel, day = key
        return truth[service_point].planted.energy[channel][(day - plan.first_day) // timedelta(days=1)]

    return of
