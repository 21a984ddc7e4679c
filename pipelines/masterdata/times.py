"""Delivered times to instants: a bare date is midnight in the zone of the service point a row belongs to.

A row of ``registers`` belongs to a service point through its meter, what an agreement says through the agreement. Where that
meter was at service points of several zones, a time of its registers needs an offset of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from pipelines.masterdata.problems import Problem
from pipelines.masterdata.read import PLACE, STORED
from schemas.errors import InputRefusedError
from schemas.periods import parse_instant, parse_time, standard_offset_minutes
from schemas.table import UTC_TIME

_NO_ZONE = "+00:00"
"""Stands in for the zone of a service point nobody knows, so that ``check`` can tell all of them at once."""
_SEVERAL = ""
OF_AGREEMENTS = ("agreement_facts", "agreement_options", "opening_state")
"""Tables whose rows belong to a service point through their agreement."""


def resolve_times(
    existing: Mapping[str, pa.Table], loaded: Mapping[str, pa.Table], problems: list[Problem]
) -> dict[str, pa.Table]:
    """Return the loaded rows with instants for times and with the defaults that come from the service point.

    Args:
        existing: stored rows by table; absent tables are empty.
        loaded: rows from ``read_master_data``.
        problems: times that do not exist, exist twice, or have no zone are added here.

    Returns:
        table name to the stored columns, without ``loaded_run_id``, and ``place``; ``standard_offset_minutes`` [min] is
        the standard time of the zone and ``billing_clock`` the zone where they were not given.
    """
    zones = _zones(existing, loaded)
    meter_zones = _zones_through(existing, loaded, zones, "meters", "meter_id") if "registers" in loaded else {}
    of_agreements = any(name in loaded for name in OF_AGREEMENTS)
    agreement_zones = _zones_through(existing, loaded, zones, "agreements", "agreement_id") if of_agreements else {}
    resolved = {}
    for name, rows in loaded.items():
        clocks: list[str] = [_NO_ZONE] * rows.num_rows
        if name == "service_points":
            clocks = rows["zone"].to_pylist()
            rows = _default(rows, "standard_offset_minutes", [standard_offset_minutes(zone) for zone in clocks])  # noqa: PLW2901 - the same rows, completed
        elif name in ("meters", "agreements"):
            clocks = [zones.get(point, _NO_ZONE) for point in rows["service_point_id"].to_pylist()]
        elif name == "registers":
            clocks = [meter_zones.get(meter, _NO_ZONE) for meter in rows["meter_id"].to_pylist()]
        elif name in OF_AGREEMENTS:
            clocks = [agreement_zones.get(agreement, _NO_ZONE) for agreement in rows["agreement_id"].to_pylist()]
        if name == "agreements":
            rows = _default(rows, "billing_clock", clocks)  # noqa: PLW2901 - the same rows, completed
        resolved[name] = _instants(name, rows, clocks, problems)
    return resolved


def _zones(existing: Mapping[str, pa.Table], loaded: Mapping[str, pa.Table]) -> dict[str, str]:
    """Return the zone of each service point; a loaded row counts before a stored one."""
    zones: dict[str, str] = {}
    for tables in (existing, loaded):
        if "service_points" in tables:
            rows = tables["service_points"]
            zones.update(zip(rows["service_point_id"].to_pylist(), rows["zone"].to_pylist(), strict=True))
    return zones


def _zones_through(
    existing: Mapping[str, pa.Table], loaded: Mapping[str, pa.Table], zones: Mapping[str, str], table: str, key: str
) -> dict[str, str]:
    """Return the zone of each meter or agreement, ``_SEVERAL`` where it was in more than one."""
    found: dict[str, str] = {}
    for tables in (existing, loaded):
        if table in tables:
            rows = tables[table]
            for name, point in zip(rows[key].to_pylist(), rows["service_point_id"].to_pylist(), strict=True):
                zone = zones.get(point, _NO_ZONE)
                found[name] = zone if found.get(name, zone) == zone else _SEVERAL
    return found


def _default(rows: pa.Table, column: str, values: Sequence[object]) -> pa.Table:
    """Return ``rows`` with the empty cells of ``column`` taken from ``values``."""
    at = rows.schema.get_field_index(column)
    given = rows[column].to_pylist()
    filled = [default if value is None else value for value, default in zip(given, values, strict=True)]
    return rows.set_column(at, rows.schema.field(at), pa.array(filled, rows.schema.field(at).type))


def _instants(name: str, rows: pa.Table, clocks: list[str], problems: list[Problem]) -> pa.Table:
    places: list[str] | None = None
    for column in STORED[name].columns:
        if column.type == UTC_TIME:
            texts = rows[column.name].to_pylist()
            instants, reasons = _parsed(zip(texts, clocks, strict=True))
            if reasons:
                places = places or rows[PLACE].to_pylist()
                for place, text, clock in zip(places, texts, clocks, strict=True):
                    if (text, clock) in reasons:
                        problems.append(Problem(f"{place}: {column.name}", reasons[text, clock]))
            values = [instants.get(pair) for pair in zip(texts, clocks, strict=True)]
            at = rows.schema.get_field_index(column.name)
            rows = rows.set_column(at, pa.field(column.name, UTC_TIME), pa.array(values, UTC_TIME))
    return rows


def _parsed(
    pairs: Iterable[tuple[str | None, str]],
) -> tuple[dict[tuple[str | None, str], datetime], dict[tuple[str | None, str], str]]:
    """Return the instant of each distinct text and clock, or why it has none."""
    instants: dict[tuple[str | None, str], datetime] = {}
    reasons: dict[tuple[str | None, str], str] = {}
    for text, clock in set(pairs):
        if text is None:
            continue
        if clock == _SEVERAL and parse_time(text).tzinfo is None:
            reasons[text, clock] = f"{text!r} needs an offset: its meter or agreement is at service points of several zones"
            continue
        try:
            instants[text, clock] = parse_instant(text, clock or _NO_ZONE)
        except InputRefusedError as error:
            reasons[text, clock] = f"{error.message}; {error.hint}"
    return instants, reasons
