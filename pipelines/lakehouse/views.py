"""The SQL of the views: one snapshot's files, spelled out, as DuckDB statements.

The same statements make ``analytics.duckdb``, ``init.sql`` and the connection of ``m2b sql``. Every table is a list
of Parquet files, so no DuckDB extension is needed; values are scaled by multiplication, never divided.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.lakehouse.data_files import DataFile
from pipelines.lakehouse.register_view import register_advances
from pipelines.lakehouse.store import Snapshot, Store
from pipelines.vee.profile.load import load_profile
from schemas.codes import NOT_A_VALUE, Method, Quality
from schemas.delivered_costs import DELIVERED_COSTS
from schemas.events import EVENTS
from schemas.periods import standard_offset_minutes
from schemas.readings import DELIVERIES, READINGS_DAILY
from schemas.register_reads import REGISTER_READS
from schemas.runs import RUNS
from schemas.table import Table
from schemas.tables import DATA_TABLES
from schemas.views import (
    DELIVERED_READINGS_VIEW,
    EVERY_DELIVERY_VIEW,
    KPIS_VIEW,
    READINGS_DAILY_VIEW,
    READINGS_VIEW,
    RECONCILIATION_VIEW,
    REGISTER_ADVANCES_VIEW,
)

_QUALITY_NAMES = "[" + ", ".join(f"'{code.name.lower()}'" for code in Quality) + "]"
_METHOD_NAMES = "[" + ", ".join(f"'{code.name.lower()}'" for code in Method) + "]"
_NO_VALUE = "(" + ", ".join(str(int(code)) for code in NOT_A_VALUE) + ")"
_POWER_OF_TEN = "CASE exponent " + " ".join(f"WHEN {e} THEN {10.0**e:.9f}::DECIMAL(19,9)" for e in range(-9, 10)) + " END"
_DELIVERED_AS_ESTIMATE = f"({int(Quality.DELIVERED_ESTIMATE)}, {int(Quality.SUBSTITUTED)}, {int(Quality.FINAL_SUBSTITUTED)})"

_SLOTS = f"""
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
)"""
"""Every slot of every delivery."""

_DELIVERED_READINGS = f"""{_SLOTS}, newest AS (
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

_EVERY_DELIVERY = f"""{_SLOTS}
SELECT service_point_id, meter_id, channel, quantity, direction, unit, interval_start, interval_minutes,
  value::DECIMAL(38,9) AS value, {_QUALITY_NAMES}[code + 1] AS quality,
  CASE WHEN code IN {_DELIVERED_AS_ESTIMATE} THEN 'delivered' ELSE 'none' END AS method,
  coalesce(native_qualities[slot], native_quality) AS native_quality, file_id, files.name, files.format, version, record
FROM valued LEFT JOIN files USING (file_id)
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

_SAME = "service_point_id, quantity, direction, unit"
_RECONCILIATION = f"""
WITH several AS (
  SELECT service_point_id FROM store.deliveries JOIN files USING (file_id) GROUP BY ALL HAVING count(DISTINCT format) > 1
), newest AS (
  SELECT * FROM every_delivery
  WHERE (quantity LIKE '%energy' OR quantity IN ('volume', 'heat')) AND service_point_id IN (SELECT service_point_id FROM several)
  QUALIFY rank() OVER (PARTITION BY format, service_point_id, meter_id, channel, interval_start, interval_minutes
                       ORDER BY coalesce(epoch_us(version), 0) DESC) = 1
), slots AS (
  SELECT format, {_SAME}, meter_id, channel, interval_start, interval_minutes,
    CASE WHEN min(value) = max(value) THEN min(value) END AS value
  FROM newest GROUP BY ALL
), totals AS (
  SELECT format, {_SAME}, interval_start,
    CASE WHEN count(value) = count(*) THEN sum(value) END AS value,
    (make_timestamp(epoch_us(interval_start)) + to_minutes(coalesce(standard_offset_minutes, {{offset_minutes}})))::DATE AS day
  FROM slots LEFT JOIN service_points USING (service_point_id)
  GROUP BY ALL
), extents AS (
  SELECT format, {_SAME}, min(day) AS first_day, max(day) AS last_day FROM totals GROUP BY ALL
), pairs AS (
  SELECT a.* RENAME (format AS one), b.format AS other, greatest(a.first_day, b.first_day) AS since,
    least(a.last_day, b.last_day) AS until
  FROM extents a JOIN extents b ON a.format < b.format AND a.service_point_id = b.service_point_id AND a.quantity = b.quantity
    AND a.direction = b.direction AND a.unit IS NOT DISTINCT FROM b.unit
), sides AS (
  SELECT p.service_point_id, p.quantity, p.direction, p.unit, p.one, p.other, t.day, t.interval_start,
    max(t.value) FILTER (t.format = p.one) AS one_value, max(t.value) FILTER (t.format = p.other) AS other_value
  FROM pairs p JOIN totals t ON t.format IN (p.one, p.other) AND t.service_point_id = p.service_point_id
    AND t.quantity = p.quantity AND t.direction = p.direction AND t.unit IS NOT DISTINCT FROM p.unit
    AND t.day BETWEEN p.since AND p.until
  GROUP BY ALL
), spans AS (
  SELECT a.service_point_id, a.meter_id, a.channel, a.quantity, a.direction, a.unit, a.read_from, a.read_to, a.verdict, a.advance,
    sum(d.value * CASE WHEN r.intervals = 'secondary' THEN r.multiplier::DECIMAL(18,6) ELSE 1 END) AS counted,
    (epoch_us(a.read_to) - epoch_us(a.read_from)) // 60000000 AS minutes,
    sum(d.interval_minutes) FILTER (d.value IS NOT NULL) AS known_minutes, min(d.interval_minutes) AS interval_minutes
  FROM register_advances a JOIN delivered_readings d ON d.service_point_id = a.service_point_id AND d.meter_id = a.meter_id
    AND d.channel = a.channel AND d.interval_start >= a.read_from AND d.interval_start < a.read_to
  LEFT JOIN registers r ON r.meter_id = a.meter_id AND r.channel = a.channel AND r.valid_from <= a.read_from
    AND (r.valid_to IS NULL OR r.valid_to >= a.read_to)
  GROUP BY ALL
)
SELECT 'formats' AS compared, service_point_id, NULL AS meter_id, NULL AS channel, quantity, direction, unit,
  min(day) AS day, NULL::TIMESTAMPTZ AS read_from, NULL::TIMESTAMPTZ AS read_to, one, other,
  sum(one_value)::DECIMAL(38,9) AS one_value, sum(other_value)::DECIMAL(38,9) AS other_value,
  (coalesce(sum(one_value), 0) - coalesce(sum(other_value), 0))::DECIMAL(38,9) AS difference,
  count(*) FILTER (one_value IS DISTINCT FROM other_value) AS slots_in_doubt
FROM sides GROUP BY {_SAME}, day, one, other
UNION ALL
SELECT 'register', service_point_id, meter_id, channel, quantity, direction, unit, NULL, read_from, read_to, 'intervals', verdict,
  counted::DECIMAL(38,9), advance, (counted - advance)::DECIMAL(38,9),
  (minutes - coalesce(known_minutes, 0)) // interval_minutes
FROM spans
"""

_COST_KEY = "service_point_id, meter_id, channel, item, period_from, period_to, native_code, note, currency"
_DELIVERED_COSTS = f"""
SELECT * FROM store.delivered_costs
QUALIFY rank() OVER (PARTITION BY {_COST_KEY} ORDER BY coalesce(epoch_us(version), 0) DESC, file_id) = 1
"""

_RAW = (DELIVERIES.name, READINGS_DAILY.name, REGISTER_READS.name, EVENTS.name, DELIVERED_COSTS.name)
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
        (DELIVERED_COSTS, _DELIVERED_COSTS),
        (KPIS_VIEW, _KPIS),
        (EVERY_DELIVERY_VIEW, _EVERY_DELIVERY),
        (REGISTER_ADVANCES_VIEW, _register_advances(store)),
        (RECONCILIATION_VIEW, _RECONCILIATION.format(offset_minutes=standard_offset_minutes(store.settings.zone))),
    ):
        yield from _view(view.name, query.strip(), view)
    yield (
        "CREATE OR REPLACE VIEW catalogue_info AS SELECT "
        f"{_text(snapshot.run_id)} AS run_id, {snapshot.sequence} AS sequence, {_text(str(store.root.resolve()))} AS store"
    )


def _register_advances(store: Store) -> str:
    profile = load_profile(store.settings.vee_profile).newest()
    return register_advances(rollover_guard=profile.rollover_guard, fuse_factor=profile.fuse_factor)


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
