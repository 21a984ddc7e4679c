"""Positions: an agreement and a billing period, what became of it under both sets of tariffs, and what it is grouped by.

A position stands for one row of the agreement (``valid_from``) in one of the periods asked for: that is what both runs were
given, and each made a bill or a hold of it. Bills on registers begin and end with their reads, so a bill belongs to the row
that it shares most of its time with.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.sql import run_sql
from pipelines.operations.book_simulation.rerating import Book, Rerated
from schemas.errors import InvariantError
from schemas.table import AMOUNT, CENTS, ENERGY, Table, column

HELD, BILLED = "held", "billed"
POSITIONS = Table(
    name="positions",
    doc="One row per agreement and billing period that is rated twice.",
    key=("agreement_id", "period_from", "valid_from"),
    columns=(
        column("agreement_id", pa.string(), "the agreement"),
        column("account_id", pa.string(), "the account that pays"),
        column("service_point_id", pa.string(), "where"),
        column("period_from", pa.date32(), "first local day"),
        column("period_to", pa.date32(), "day after the last one"),
        column("tariff", pa.string(), "the tariff that is replaced"),
        column("role", pa.string(), "supply or feed_in"),
        column("commodity", pa.string(), "electricity, gas, water or heat"),
        column("basis", pa.string(), "interval or register"),
        column("zone", pa.string(), "zone of the service point's local time"),
        column("transformer", pa.string(), "transformer that feeds it; 'unknown' where nobody said"),
        column("generation", pa.string(), "yes, no, or 'unknown' where nobody said"),
        column("cycle", pa.string(), "the account's billing cycle; 'none' where it has none"),
        column("option", pa.string(), "options of the agreement in the period, joined by '+'; 'none' where it has none"),
        column("month", pa.string(), "month of the billing period's last day, YYYY-MM"),
        column("import_kwh", ENERGY, "energy drawn, of all registers", unit="kWh", nullable=True),
        column("export_kwh", ENERGY, "energy fed in", unit="kWh", nullable=True),
        column("currency", pa.string(), "ISO 4217 code; null where held under both", nullable=True),
        column("before_net", AMOUNT, "bill by the store's tariff less tax; null where held", unit="currency", nullable=True),
        column("after_net", AMOUNT, "bill by the draft less tax; null where held", unit="currency", nullable=True),
        column("difference_net", AMOUNT, "after less before; null unless billed under both", unit="currency", nullable=True),
        column("before_total", CENTS, "bill by the store's tariff; null where held", unit="currency", nullable=True),
        column("after_total", CENTS, "bill by the draft; null where held", unit="currency", nullable=True),
        column("difference_total", CENTS, "after less before; null unless billed under both", unit="currency", nullable=True),
        column("before_hold", pa.string(), "why the store's tariff makes no bill; null where it makes one", nullable=True),
        column("after_hold", pa.string(), "why the draft makes no bill; null where it makes one", nullable=True),
        column("before_message", pa.string(), "the same for a person", nullable=True),
        column("after_message", pa.string(), "the same for a person", nullable=True),
        column("bill_id", pa.string(), "the bill, of the same id under both; null where held under both", nullable=True),
        column("valid_from", pa.timestamp("us", tz="UTC"), "begin of the agreement's row"),
    ),
)

_OUTCOMES = """
WITH outcomes AS (
    SELECT agreement_id, step, period_from, period_to, starts_us, ends_us, bill_id, net, total, currency,
        NULL AS code, NULL AS message FROM bills
    UNION ALL
    SELECT agreement_id, step, period_from, period_to, starts_us, ends_us, NULL, NULL, NULL, NULL, code, message FROM holds
)
SELECT outcomes.*, valid_us FROM outcomes JOIN rows USING (agreement_id)
QUALIFY row_number() OVER (
    PARTITION BY agreement_id, step, period_from, period_to
    ORDER BY least(ends_us, until_us) - greatest(starts_us, valid_us) DESC, valid_us
) = 1
"""
_USED = """
SELECT agreement_id, step, period_from, period_to,
    CAST(sum(CASE WHEN determinant <> 'export_kwh' THEN value ELSE 0 END) AS DECIMAL(38, 9)) AS import_kwh,
    CAST(sum(CASE WHEN determinant = 'export_kwh' THEN value ELSE 0 END) AS DECIMAL(38, 9)) AS export_kwh
FROM usage WHERE unit = 'kWh' GROUP BY ALL
"""
_POSITIONS = """
WITH pairs AS (
    SELECT agreement_id, step, valid_us, b, a FROM
        (SELECT agreement_id, step, valid_us, before AS b FROM before)
        FULL JOIN (SELECT agreement_id, step, valid_us, after AS a FROM after) USING (agreement_id, step, valid_us)
),
entitled AS (
    SELECT pairs.agreement_id, step, valid_us, string_agg(DISTINCT option, '+' ORDER BY option) AS option
    FROM pairs JOIN options ON pairs.agreement_id = options.agreement_id
        AND since_us < coalesce(b.ends_us, a.ends_us) AND until_us > coalesce(b.starts_us, a.starts_us)
    GROUP BY ALL
)
SELECT agreement_id, account_id, service_point_id,
    CASE WHEN b.bill_id IS NULL AND a.bill_id IS NOT NULL THEN a.period_from ELSE b.period_from END AS period_from,
    CASE WHEN b.bill_id IS NULL AND a.bill_id IS NOT NULL THEN a.period_to ELSE b.period_to END AS period_to,
    tariff_id AS tariff, role, commodity, billing_basis AS basis, zone, coalesce(transformer_id, 'unknown') AS transformer,
    CASE WHEN has_generation IS NULL THEN 'unknown' WHEN has_generation THEN 'yes' ELSE 'no' END AS generation,
    coalesce(cycle, 'none') AS cycle, coalesce(option, 'none') AS option,
    CASE WHEN b.bill_id IS NULL AND a.bill_id IS NULL THEN NULL ELSE coalesce(ub.import_kwh, ua.import_kwh, 0) END AS import_kwh,
    CASE WHEN b.bill_id IS NULL AND a.bill_id IS NULL THEN NULL ELSE coalesce(ub.export_kwh, ua.export_kwh, 0) END AS export_kwh,
    coalesce(b.currency, a.currency) AS currency,
    strftime(CASE WHEN b.bill_id IS NULL AND a.bill_id IS NOT NULL THEN a.period_to ELSE b.period_to END - 1, '%Y-%m') AS month,
    b.net AS before_net, a.net AS after_net, a.net - b.net AS difference_net,
    b.total AS before_total, a.total AS after_total, a.total - b.total AS difference_total,
    b.code AS before_hold, a.code AS after_hold, b.message AS before_message, a.message AS after_message,
    coalesce(b.bill_id, a.bill_id) AS bill_id, valid_us
FROM pairs JOIN rows USING (agreement_id, valid_us) JOIN points USING (service_point_id) LEFT JOIN accounts USING (account_id)
    LEFT JOIN entitled USING (agreement_id, step, valid_us)
    LEFT JOIN used_before ub ON ub.agreement_id = pairs.agreement_id AND ub.step = pairs.step
        AND ub.period_from = b.period_from AND ub.period_to = b.period_to
    LEFT JOIN used_after ua ON ua.agreement_id = pairs.agreement_id AND ua.step = pairs.step
        AND ua.period_from = a.period_from AND ua.period_to = a.period_to
WHERE tariff_id IN (SELECT unnest($replaced))
"""
_FOREVER = 2**62


def positions_of(rerated: Rerated, replaced: frozenset[str]) -> pa.Table:
    """Return what became of every agreement on a replaced tariff: rows of ``POSITIONS``, sorted by key.

    Args:
        rerated: the book under both sets of tariffs.
        replaced: names of the tariffs that are replaced.

    Raises:
        InvariantError: ``book.accounts``: one of the runs neither billed nor held what the other did.
    """
    rows = _dated(rerated.agreements, "valid_from", "valid_to", "valid_us", "until_us")
    options = _dated(rerated.options, "valid_from", "valid_to", "since_us", "until_us")
    before, after = (_outcomes(book, rows) for book in (rerated.before, rerated.after))
    _require_same(before, after)
    found = run_sql(
        _POSITIONS,
        {"replaced": sorted(replaced)},
        before=before,
        after=after,
        rows=rows,
        options=options,
        points=rerated.service_points,
        accounts=rerated.accounts,
        used_before=run_sql(_USED, usage=rerated.before.usage),
        used_after=run_sql(_USED, usage=rerated.after.usage),
    )
    found = found.append_column("valid_from", found["valid_us"].cast(pa.timestamp("us", tz="UTC")))
    found = found.select(POSITIONS.schema.names).cast(POSITIONS.schema)
    return POSITIONS.conform(found.sort_by([(name, "ascending") for name in POSITIONS.key]).combine_chunks())


def _outcomes(book: Book, rows: pa.Table) -> pa.Table:
    """Return the bills and holds of a run, each with the row of the agreement that it belongs to."""
    bills = book.bills.append_column("starts_us", book.bills["starts_at"].cast(pa.int64()))
    bills = bills.append_column("ends_us", book.bills["ends_at"].cast(pa.int64()))
    holds = book.holds
    for name, source in (("starts_us", "period_from"), ("ends_us", "period_to")):
        holds = holds.append_column(name, holds[source].cast(pa.timestamp("us")).cast(pa.int64()))
    return run_sql(_OUTCOMES, bills=bills, holds=holds, rows=rows)


def _dated(rows: pa.Table, since: str, until: str, since_us: str, until_us: str) -> pa.Table:
    """Return rows with the time that they are valid as microseconds since 1970 UTC."""
    rows = rows.append_column(since_us, rows[since].cast(pa.int64()))
    return rows.append_column(until_us, pc.fill_null(rows[until].cast(pa.int64()), _FOREVER))


def _require_same(before: pa.Table, after: pa.Table) -> None:
    """Raise unless both runs ended every agreement of every period in a bill or a hold."""
    keys = ["agreement_id", "step", "valid_us"]
    one, other = (set(zip(*(table[name].to_pylist() for name in keys), strict=True)) for table in (before, after))
    sizes = before.num_rows, after.num_rows
    if one != other or sizes != (len(one), len(other)):
        example = sorted(one ^ other)[:1] or "two outcomes of one agreement and period"
        code = "book.accounts"
        raise InvariantError(code, f"the two runs made {sizes[0]} and {sizes[1]} bills and holds that do not match: {example}")
