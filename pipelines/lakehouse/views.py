"""The SQL of the views: one snapshot's files, spelled out, as DuckDB statements.

The same statements make ``analytics.duckdb``, ``init.sql`` and the connection of ``m2b sql``. Every table is a list
of Parquet files, so no DuckDB extension is needed; values are scaled by multiplication, never divided.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.lakehouse.data_files import DataFile
from pipelines.lakehouse.store import Snapshot, Store
from schemas.codes import NOT_A_VALUE, Method, Quality
from schemas.events import EVENTS
from schemas.readings import DELIVERIES, READINGS_DAILY
from schemas.register_reads import REGISTER_READS
from schemas.runs import RUNS
from schemas.table import Table
from schemas.tables import DATA_TABLES
from schemas.views import DELIVERED_READINGS_VIEW, KPIS_VIEW, READINGS_DAILY_VIEW, READINGS_VIEW

_QUALITY_NAMES = "[" + ", ".join(f"'{code.name.lower()}'" for code in Quality) + "]"
_METHOD_NAMES = "[" + ", ".join(f"'{code.name.lower()}'" for code in Method) + "]"
_NO_VALUE = "(" + ", ".join(str(int(code)) for code in NOT_A_VALUE) + ")"
_POWER_OF_TEN = "CASE exponent " + " ".join(f"WHEN {e} THEN {10.0**e:.9f}::DECIMAL(19,9)" for e in range(-9, 10)) + " END"
_DELIVERED_AS_ESTIMATE = f"({int(Quality.DELIVERED_ESTIMATE)}, {int(Quality.SUBSTITUTED)}, {int(Quality.FINAL_SUBSTITUTED)})"

_DELIVERED_READINGS = f"""
WITH slots AS (
  SELECT service_point_id, meter_id, channel, quantity, direction, unit, interval_minutes, native_quality, native_qualities,
    exponent, version, file_id, record, quality, make_timestamp(epoch_us(start)) AS first_start,
    unnest(CASE WHEN values64 IS NULL THEN values::BIGINT[] ELSE values64 END) AS raw,
    generate_subscripts(CASE WHEN values64 IS NULL THEN values::BIGINT[] ELSE values64 END, 1) AS slot
  FROM store.deliveries
), valued AS (
  SELECT *, (first_start + to_minutes((slot - 1) * interval_minutes)) AT TIME ZONE 'UTC' AS interval_start,
    coalesce(quality[slot], 0) AS code,
    CASE WHEN coalesce(quality[slot], 0) IN {_NO_VALUE} THEN NULL ELSE raw::DECIMAL(19,0) * {_POWER_OF_TEN} END AS value
  FROM slots
), newest AS (
  SELECT * FROM valued
  QUALIFY rank() OVER (PARTITION BY service_point_id, meter_id, channel, interval_start, interval_minutes
                       ORDER BY coalesce(epoch_us(version), 0) DESC) = 1
), consistent AS (
  SELECT * FROM newest
  QUALIFY min(value) OVER (PARTITION BY service_point_id, meter_id, channel, interval_start, interval_minutes, file_id)
      IS NOT DISTINCT FROM
      max(value) OVER (PARTITION BY service_point_id, meter_id, channel, interval_start, interval_minutes, file_id)
)
SELECT service_point_id, meter_id, channel, quantity, direction, unit, interval_start, interval_minutes,
  value::DECIMAL(38,9) AS value, {_QUALITY_NAMES}[code + 1] AS quality,
  CASE WHEN code IN {_DELIVERED_AS_ESTIMATE} THEN 'delivered' ELSE 'none' END AS method,
  coalesce(native_qualities[slot], native_quality) AS native_quality, file_id
FROM consistent
QUALIFY row_number() OVER (PARTITION BY service_point_id, meter_id, channel, interval_start, interval_minutes
                           ORDER BY value NULLS LAST, file_id, record) = 1
  AND min(value) OVER (PARTITION BY service_point_id, meter_id, channel, interval_start, interval_minutes)
      IS NOT DISTINCT FROM
      max(value) OVER (PARTITION BY service_point_id, meter_id, channel, interval_start, interval_minutes)
"""

_READINGS = f"""
WITH slots AS (
  SELECT *, unnest(CASE WHEN values64 IS NULL THEN values::BIGINT[] ELSE values64 END) AS raw,
    generate_subscripts(CASE WHEN values64 IS NULL THEN values::BIGINT[] ELSE values64 END, 1) AS slot
  FROM store.readings_daily
), coded AS (SELECT *, coalesce(quality[slot], 0) AS code FROM slots)
SELECT service_point_id, meter_id, channel, quantity, direction, unit,
  (day::TIMESTAMP + to_minutes(slot_offset_minutes - standard_offset_minutes + (slot - 1) * interval_minutes))
    AT TIME ZONE 'UTC' AS interval_start,
  interval_minutes,
  (CASE WHEN code IN {_NO_VALUE} THEN NULL ELSE raw::DECIMAL(19,0) * {_POWER_OF_TEN} END)::DECIMAL(38,9) AS value,
  {_QUALITY_NAMES}[code + 1] AS quality, {_METHOD_NAMES}[coalesce(method[slot], 0) + 1] AS method,
  coalesce(native_qualities[slot], native_quality) AS native_quality, file_id
FROM coded WHERE code <> {int(Quality.NOT_EXPECTED)}
"""

_READINGS_DAILY = f"""
SELECT service_point_id, meter_id, channel, quantity, direction, unit, day, interval_minutes,
  (value_sum::DECIMAL(19,0) * {_POWER_OF_TEN})::DECIMAL(38,9) AS value_sum, missing, estimated
FROM store.readings_daily
"""

_KPIS = """
WITH days AS (
  SELECT month, sum(len(CASE WHEN values64 IS NULL THEN values::BIGINT[] ELSE values64 END)) AS slots,
    sum(missing) AS missing, sum(estimated) AS estimated
  FROM store.readings_daily GROUP BY month
), billed AS (
  SELECT month, count(*) AS bills, sum(estimated_share * energy_kwh) AS estimated_kwh, sum(energy_kwh) AS energy_kwh
  FROM bills WHERE status <> 'cancelled' GROUP BY month
), held AS (SELECT month, count(*) AS held FROM holds WHERE status = 'open' GROUP BY month)
SELECT month, 'interval_completeness' AS kpi, (slots - missing)::DOUBLE / nullif(slots, 0) AS value, 'share' AS unit FROM days
UNION ALL SELECT month, 'estimated_slots_share', estimated::DOUBLE / nullif(slots, 0), 'share' FROM days
UNION ALL SELECT month, 'bills', bills::DOUBLE, 'bills' FROM billed
UNION ALL SELECT month, 'energy_billed', energy_kwh::DOUBLE, 'kWh' FROM billed
UNION ALL SELECT month, 'estimated_energy_share', estimated_kwh::DOUBLE / nullif(energy_kwh, 0)::DOUBLE, 'share' FROM billed
UNION ALL SELECT month, 'held', held::DOUBLE, 'accounts' FROM held
UNION ALL SELECT coalesce(b.month, h.month), 'first_pass_yield',
  coalesce(b.bills, 0)::DOUBLE / nullif(coalesce(b.bills, 0) + coalesce(h.held, 0), 0), 'share'
  FROM billed b FULL JOIN held h USING (month)
"""

_READ_KEY = "service_point_id, meter_id, channel, direction, kind, coalesce(read_at::VARCHAR, file_id || record), period_from"
_REGISTER_READS = f"""
WITH newest AS (
  SELECT * FROM store.register_reads
  QUALIFY rank() OVER (PARTITION BY {_READ_KEY} ORDER BY coalesce(epoch_us(version), 0) DESC) = 1
)
SELECT * FROM newest
QUALIFY row_number() OVER (PARTITION BY {_READ_KEY} ORDER BY file_id, record) = 1
  AND min(value) OVER (PARTITION BY {_READ_KEY}) IS NOT DISTINCT FROM max(value) OVER (PARTITION BY {_READ_KEY})
"""

_EVENT_KEY = (
    "service_point_id, meter_id, event_type, coalesce(started_at::VARCHAR, file_id || record), ended_at, magnitude, native_code"
)
_EVENTS = f"""
SELECT * FROM store.events QUALIFY row_number() OVER (PARTITION BY {_EVENT_KEY} ORDER BY file_id, record) = 1
"""

_RAW = (DELIVERIES.name, READINGS_DAILY.name, REGISTER_READS.name, EVENTS.name)
"""Tables whose stored form is not what people want to see first."""


def view_statements(store: Store, snapshot: Snapshot) -> Iterator[str]:
    """Yield the statements that make every view of ``snapshot``, comments included, in order."""
    yield "CREATE SCHEMA IF NOT EXISTS store"
    for table in (*DATA_TABLES, RUNS):
        files = snapshot.files(table) if table is not RUNS else store.run_files(snapshot)
        relation = _relation(store, table, files)
        if table is RUNS:
            relation += f" WHERE sequence <= {snapshot.sequence}"
        yield from _view(f"store.{table.name}" if table.name in _RAW else table.name, relation, table)
    for view, query in (
        (DELIVERED_READINGS_VIEW, _DELIVERED_READINGS),
        (READINGS_VIEW, _READINGS),
        (READINGS_DAILY_VIEW, _READINGS_DAILY),
        (REGISTER_READS, _REGISTER_READS),
        (EVENTS, _EVENTS),
        (KPIS_VIEW, _KPIS),
    ):
        yield from _view(view.name, query.strip(), view)
    yield (
        "CREATE OR REPLACE VIEW catalogue_info AS SELECT "
        f"{_text(snapshot.run_id)} AS run_id, {snapshot.sequence} AS sequence, {_text(str(store.root.resolve()))} AS store"
    )


def _relation(store: Store, table: Table, files: tuple[DataFile, ...]) -> str:
    """Return the query over the table's files; an empty relation of the right types where there are none."""
    columns = ", ".join(_name(name) for name in table.schema.names)
    if not files:
        nulls = ", ".join(f"NULL::{duckdb_type(c.type)} AS {_name(c.name)}" for c in table.columns)
        return f"SELECT * FROM (SELECT {nulls}) WHERE false"
    folder = (store.root / "tables" / table.name).resolve().as_posix()
    paths = ", ".join(_text(f"{folder}/{file.path}") for file in files)
    hive = ""
    if table.partition_by:
        kinds = ", ".join(f"{_name(n)}: {duckdb_type(table.schema.field(n).type)}" for n in table.partition_by)
        hive = f", hive_partitioning = true, hive_types = {{{kinds}}}"
    return f"SELECT {columns} FROM read_parquet([{paths}]{hive or ', hive_partitioning = false'})"


def duckdb_type(kind: object) -> str:
    """Return DuckDB's name of an Arrow type."""
    text = str(kind)
    simple = {
        "string": "VARCHAR", "int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "bool": "BOOLEAN",
        "date32[day]": "DATE", "timestamp[us, tz=UTC]": "TIMESTAMPTZ", "double": "DOUBLE",
    }  # fmt: skip
    if text in simple:
        return simple[text]
    if text.startswith("decimal128"):
        return "DECIMAL" + text.removeprefix("decimal128")
    if text.startswith("list"):
        return duckdb_type(kind.value_type) + "[]"  # type: ignore[attr-defined] # a list type by its name
    fields = [kind.field(i) for i in range(kind.num_fields)]  # type: ignore[attr-defined] # only structs are left
    return "STRUCT(" + ", ".join(f"{_name(f.name)} {duckdb_type(f.type)}" for f in fields) + ")"


def _view(name: str, query: str, declared: Table) -> Iterator[str]:
    """Yield the statements for one view and its comments."""
    yield f"CREATE OR REPLACE VIEW {name} AS {query}"
    yield f"COMMENT ON VIEW {name} IS {_text(declared.doc)}"
    for c in declared.columns:
        meaning = c.meaning + (f" [{c.unit}]" if c.unit else "")
        yield f"COMMENT ON COLUMN {name}.{_name(c.name)} IS {_text(meaning)}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return f'"{value}"'
