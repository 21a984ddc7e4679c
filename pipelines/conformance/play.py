"""Playing cases: all of a profile's cases in one store, each with service points and thresholds of its own.

Ids are made those of the case by its number in front, so a hundred cases cost as many runs as the longest has deliveries.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.conformance.pack import DELIVERED, TABLES, Case, Row
from pipelines.conformance.slots import NOTHING, spread
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.master_data import store_master_data
from pipelines.operations.opening import make_store
from pipelines.vee.profile.book import ProfileBook
from schemas.master_documents import ROWS

_IDS = ("service_point_id", "meter_id", "account_id", "agreement_id", "customer_id", "transformer_id", "head_end")
_BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
_SHARED = ("unit", "quantity", "direction", "version", "native_quality")


@dataclass(frozen=True)
class Made:
    """What became of a case: the rows of its own service points, ids without the number in front.

    Attributes:
        slots: rows of the view ``readings``.
        exceptions: rows of the view ``exceptions``.
        rejected: rows that ingest set aside, as sentences.
    """

    slots: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]
    rejected: list[str]


def play(cases: Sequence[Case], book: ProfileBook) -> list[Made]:
    """Play cases under a profile and return what became of each.

    Args:
        cases: the cases.
        book: the profile; a case's own thresholds hold for its meters alone.
    """
    with tempfile.TemporaryDirectory(prefix="m2b-conform-") as aside:
        folder = Path(aside)
        clock = _clock()
        store = make_store(folder / "store", StoreSettings(buckets=1, vee_profile=_profile(cases, book)), clock)
        master = folder / "masterdata"
        master.mkdir()
        for table in TABLES:
            rows = [row for number, case in enumerate(cases) for row in _owned(case.given.get(table, ()), number)]
            if rows:
                _write_csv(master / f"{table}.csv", list(ROWS[table].model_fields), rows)
        store_master_data(store, [master], clock)
        for step in range(max(len(case.steps) for case in cases)):
            delivered = folder / f"inbox_{step}"
            delivered.mkdir()
            _deliver(delivered, [(number, case.steps[step]) for number, case in enumerate(cases) if step < len(case.steps)])
            run_flow(store, FlowRequest("vee", tuple(sorted(delivered.iterdir())), workers=1), clock)
        return _made(store, len(cases))


def _clock() -> Callable[[], datetime]:
    minutes = iter(range(1_000_000))
    return lambda: _BEGAN + timedelta(minutes=next(minutes))


def _own(number: int, text: str) -> str:
    return f"{number:03d}.{text}"


def _owned(rows: Iterable[Row], number: int) -> list[Row]:
    """Return rows with the ids of a case."""
    return [{name: _own(number, cell) if name in _IDS and cell else cell for name, cell in row.items() if name} for row in rows]


def _profile(cases: Sequence[Case], book: ProfileBook) -> str:
    """Return the profile with what each case says for its meters, in every version."""
    document = book.model_dump(mode="json", by_alias=True, exclude_none=True)
    document.pop("extends", None)
    document["signed_by"] = document.get("signed_by") or "the conformance pack"
    for number, case in enumerate(cases):
        if not case.says.thresholds and not case.says.severities:
            continue
        said = {"thresholds": case.says.thresholds, "severities": case.says.severities}
        for row in case.given.get("meters", ()):
            for version in document["versions"]:
                version.setdefault("meters", {})[_own(number, row["meter_id"])] = said
    return json.dumps(document)


def _write_csv(path: Path, known: list[str], rows: list[Row]) -> None:
    names = [name for name in known if any(name in row for row in rows)]
    strange = {name for row in rows for name in row} - set(names)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*names, *sorted(strange)], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _deliver(folder: Path, steps: Sequence[tuple[int, dict[str, list[Row]]]]) -> None:
    """Write what is delivered in one step: readings and reads in the pipeline's own shape, events as an event file."""
    lines = [line for number, tables in steps for line in _lines(number, tables)]
    if lines:
        text = "".join(json.dumps(line) + "\n" for line in (*lines, {"lines": len(lines)}))
        (folder / "readings.jsonl").write_text(text, "utf-8")
    events = [row for number, tables in steps for row in _owned(tables.get(DELIVERED[2], ()), number)]
    if events:
        _write_csv(folder / "events.csv", list(events[0]), events)


def _lines(number: int, tables: dict[str, list[Row]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for row in tables.get("readings", ()):
        values = spread(row["values"], row[""])
        line = _named(number, row) | {
            "start": row["start"],
            "interval_minutes": int(row["interval_minutes"]),
            "values": [None if word == NOTHING else word for word in values],
        }
        if row.get("quality"):
            line["quality"] = spread(row["quality"], row[""])
        offset = datetime.fromisoformat(row["start"]).utcoffset()
        found.append(line | {"clock_offset_minutes": int(offset.total_seconds()) // 60 if offset is not None else 0})
    for row in tables.get("reads", ()):
        line = _named(number, row) | {"read_at": row["read_at"], "value": row["value"]}
        found.append(line | {name: row[name] for name in ("quality", "kind", "period_from") if row.get(name)})
    return found


def _named(number: int, row: Row) -> dict[str, Any]:
    named = {name: _own(number, row[name]) for name in ("service_point_id", "meter_id") if row.get(name)}
    return named | {"channel": row["channel"]} | {name: row[name] for name in _SHARED if row.get(name)}


def _made(store: Store, count: int) -> list[Made]:
    """Return what became of each case, read from the views as an analyst reads them."""
    made = [Made([], [], []) for _ in range(count)]
    with duckdb.connect(str(store.root / "analytics.duckdb"), read_only=True) as views:
        views.execute("SET TimeZone = 'UTC'")
        slots = "SELECT * FROM readings ORDER BY service_point_id, meter_id, channel, interval_start, interval_minutes"
        for row in views.sql(slots).to_arrow_table().to_pylist():
            made[_number(row)].slots.append(_stripped(row))
        found = "SELECT * FROM exceptions ORDER BY service_point_id, meter_id, channel, day, slot_from, rule"
        for row in views.sql(found).to_arrow_table().to_pylist():
            made[_number(row)].exceptions.append(_stripped(row))
        for row in views.sql("SELECT code, message, raw FROM rejections").to_arrow_table().to_pylist():
            for number in range(count):
                if f'"{_own(number, "")}' in str(row["raw"]):
                    made[number].rejected.append(f"{row['code']}: {row['message']}")
    return made


def _number(row: dict[str, Any]) -> int:
    return int(str(row["service_point_id"])[:3])


def _stripped(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value[4:] if name in _IDS and isinstance(value, str) and value else value for name, value in row.items()}
