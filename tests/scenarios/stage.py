"""The stage a scenario is played on: a store, master data, deliveries and runs, by the operations that the commands call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from ruamel.yaml import YAML

from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowReport, FlowRequest, run_flow
from pipelines.operations.master_data import store_master_data
from pipelines.operations.opening import make_store
from pipelines.operations.price_series import store_series
from pipelines.operations.release import release
from pipelines.operations.tariff_documents import store_tariffs
from pipelines.plan import BillingRequest, IngestOptions
from schemas.errors import MeterToBillError
from schemas.master_documents import ROWS
from schemas.periods import month_dates
from tests.scenarios.deliveries import read_rows, write_delivery

SERIES = "series"
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class _Clock:
    """A clock that is a minute later each time somebody looks."""

    minutes: int = 0

    def __call__(self) -> datetime:
        self.minutes += 1
        return _BEGAN + timedelta(minutes=self.minutes)


@dataclass
class Stage:
    """A store, and whoever types the commands.

    Attributes:
        store: the store.
        now: the clock.
        reports: what the runs reported.
        cross_check: how many bills of each run the reference engine rates again.
    """

    store: Store
    now: Callable[[], datetime] = field(default_factory=_Clock)
    cross_check: int = 0
    reports: list[FlowReport] = field(default_factory=list)
    _views: tuple[str, duckdb.DuckDBPyConnection] | None = None

    @classmethod
    def at(cls, root: Path, *, buckets: int = 1, **settings: Any) -> Stage:
        """Make an empty store."""
        return cls(make_store(root, StoreSettings(buckets=buckets, **settings), lambda: _BEGAN))

    def load(self, *paths: Path) -> None:
        """Load master data files, price series and tariff documents."""
        series = [(path.name.split(".")[1], path) for path in paths if path.name.startswith(f"{SERIES}.")]
        tables = [path for path in paths if path.suffix == ".csv" and path not in {path for _, path in series}]
        documents = [path for path in paths if path.suffix == ".yaml"]
        if tables:
            store_master_data(self.store, tables, self.now)
        if documents:
            store_tariffs(self.store, documents, self.now)
        for name, path in series:
            store_series(self.store, [(name, path)], self.now)

    def run(
        self, files: Sequence[Path] = (), *, month: str | None = None, as_at: date | None = None, mapping: str | None = None
    ) -> FlowReport:
        """Take in files and, where a month is named, validate and bill it."""
        billing = BillingRequest(*month_dates(month), as_at) if month is not None and as_at is not None else None
        request = FlowRequest(
            "run", tuple(files), IngestOptions(mapping=mapping), billing, workers=1, cross_check=self.cross_check
        )
        self.reports.append(run_flow(self.store, request, self.now))
        return self.reports[-1]

    def release(self) -> None:
        """Make every draft final."""
        release(self.store, None, self.now)

    def query(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        """Return the rows of a query, as an analyst asks it: of the database of views that the latest run left."""
        snapshot = self.store.snapshot()
        if self._views is None or self._views[0] != snapshot.run_id:
            if self._views is not None:
                self._views[1].close()  # DuckDB opens a path once: an open one would show the run before
            views = duckdb.connect(str(self.store.root / "analytics.duckdb"), read_only=True)
            views.execute("SET TimeZone = 'UTC'")
            self._views = (snapshot.run_id, views)
        return self._views[1].sql(sql, params=list(parameters)).to_arrow_table().to_pylist()


@dataclass
class Played:
    """A scenario that was played to some step."""

    stage: Stage
    errors: list[dict[str, str]] = field(default_factory=list)


def play(when: Path, root: Path, new_stage: Callable[..., Stage] = Stage.at) -> Iterator[tuple[int, Played]]:
    """Play the steps of ``run.yaml`` and yield what stands after each.

    Args:
        when: the folder.
        root: where to put the store and the files delivered.
        new_stage: makes an empty store.
    """
    script = YAML(typ="safe", pure=True).load(when / "run.yaml")
    settings = {name: script[name] for name in ("zone", "currency") if name in script}
    if "vee_profile" in script:
        settings["vee_profile"] = (when / script["vee_profile"]).read_text("utf-8")
    played = Played(new_stage(root / "store", **settings))
    steps = script["steps"]
    later = {name for step in steps for name in step.get("load", ())}
    at_first = [path for path in sorted(when.iterdir()) if _is_loaded(path) and path.name not in later]
    for number, step in enumerate(steps, 1):
        try:
            if number == 1:
                played.stage.load(*at_first)
            _take(played.stage, when, step, root / f"inbox_{number}")
        except MeterToBillError as error:
            played.errors.append({"step": str(number), "code": error.code, "message": error.message})
        yield number, played


def _is_loaded(path: Path) -> bool:
    return path.stem.split(".")[0] in (*ROWS, SERIES) or path.name.startswith("tariff")


def _take(stage: Stage, when: Path, step: dict[str, Any], inbox: Path) -> None:
    """Take one step: load, deliver and bill, release."""
    if "load" in step:
        stage.load(*_named(when, step["load"], inbox))
    if "deliver" in step or "month" in step:
        files = write_delivery([when / name for name in step.get("deliver", ())], inbox)
        as_at = date.fromisoformat(str(step["as_at"])) if "as_at" in step else None
        mapping = (when / step["map"]).read_text("utf-8") if "map" in step else None
        stage.run(files, month=step.get("month"), as_at=as_at, mapping=mapping)
    if step.get("release"):
        stage.release()


def _named(when: Path, names: Sequence[str], folder: Path) -> list[Path]:
    """Return files to load under the name of their table: ``agreements.second.csv`` is a table of agreements."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name in names:
        table = name.split(".")[0]
        target = folder / (f"{table}.csv" if table in ROWS else name)
        target.write_bytes((when / name).read_bytes())
        found.append(target)
    return found


def text_of(value: object) -> str:
    """Return a value as a table of a scenario shows it: no trailing zeros, instants in UTC, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def expected_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table in ``then``, numbers without trailing zeros."""
    return [{name: _plain(cell) for name, cell in row.items()} for row in read_rows(path)]


def _plain(cell: str) -> str:
    try:
        return text_of(Decimal(cell)) if cell and cell.lstrip("-").replace(".", "", 1).isdigit() and "." in cell else cell
    except ArithmeticError:
        return cell
