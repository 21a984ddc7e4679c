"""What master data may not say: every contradiction is found and told at once, and the whole set is refused.

Times are half-open: a meter removed at noon and another installed at noon do not overlap, nor do two agreements of
which one ends when the other begins. A tariff that is not loaded is no contradiction (its agreements are held).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa

from pipelines.masterdata.problems import IMPOSSIBLE, Problem, refuse_if_any, row_name
from pipelines.masterdata.read import STORED
from pipelines.masterdata.sql import run_sql
from schemas.master_data import REGISTERS

_FOREVER = "TIMESTAMPTZ 'infinity'"
_MOST_DIALS = 12
_MOST_DECIMALS = 9


class _Span(NamedTuple):
    """Rows of a table that may not overlap in time within a group."""

    table: str
    group: str
    since: str
    until: str
    what: str


_SPANS = (
    _Span("meters", "meter_id", "installed_from", "installed_to", "the meter is installed elsewhere, or twice, at that time"),
    _Span("registers", "meter_id, channel", "valid_from", "valid_to", "the channel has two rows at that time"),
    _Span("agreements", "service_point_id, role", "valid_from", "valid_to", "the service point has two agreements of that role"),
    _Span("agreement_facts", "agreement_id, fact", "valid_from", "valid_to", "the fact has two values at that time"),
    _Span("agreement_options", "agreement_id, option", "valid_from", "valid_to", "the option stands there twice at that time"),
)
_PERIODS = (
    ("service_points", "connected_from", "connected_to"),
    ("meters", "installed_from", "installed_to"),
    ("registers", "valid_from", "valid_to"),
    ("agreements", "valid_from", "valid_to"),
    ("agreement_facts", "valid_from", "valid_to"),
    ("agreement_options", "valid_from", "valid_to"),
)
_REFERENCES = (
    ("meters", "service_point_id", "service_points"),
    ("registers", "meter_id", "meters"),
    ("agreements", "service_point_id", "service_points"),
    ("agreements", "account_id", "accounts"),
    ("agreement_facts", "agreement_id", "agreements"),
    ("agreement_options", "agreement_id", "agreements"),
    ("opening_state", "agreement_id", "agreements"),
    ("accounts", "customer_id", "customers"),
)
_VALUES = (
    ("service_points", "fuse_kw", "fuse_kw > 0", "is not above zero"),
    ("registers", "multiplier", "multiplier > 0", "is not above zero"),
    ("registers", "dials", f"dials BETWEEN 1 AND {_MOST_DIALS}", f"is not 1 to {_MOST_DIALS}"),
    ("registers", "wraps_at", "wraps_at > 0", "is not above zero"),
    ("registers", "decimals", f"decimals BETWEEN 0 AND {_MOST_DECIMALS}", f"is not 0 to {_MOST_DECIMALS}"),
)


def check(tables: Mapping[str, pa.Table]) -> list[Problem]:
    """Return every contradiction in the master data, sorted.

    Refused are: an end that is not after its beginning; a multiplier, fuse or wraps_at not above zero, dials outside 1 to 12,
    decimals outside 0 to 9; a reference to a row that does not exist (customers only where any are loaded); a meter at
    two places at once; two rows of one channel at once; two agreements of one role at one service point at once; a fact
    with two values, or an option twice, at once; and energy that would be counted twice: a main register, a check register or
    rate registers of one meter that feed the same determinant in the same direction at the same time.

    Args:
        tables: all tables of ``STORED`` as ``merge`` returns them.
    """
    problems = [*_backward(tables), *_out_of_range(tables), *_dangling(tables), *_overlapping(tables), *_counted_twice(tables)]
    return sorted(problems)


def require_possible(tables: Mapping[str, pa.Table]) -> None:
    """Raise if the master data contradict themselves.

    Raises:
        MasterDataError: ``masterdata.impossible``, with every reason.
    """
    refuse_if_any(check(tables), code=IMPOSSIBLE)


def _backward(tables: Mapping[str, pa.Table]) -> list[Problem]:
    problems = []
    for name, since, until in _PERIODS:
        rows = run_sql(f"SELECT * FROM facts WHERE {until} <= {since}", facts=tables[name])  # noqa: S608 - declared names
        what = f"{until} is not after {since}"
        problems += [Problem(row_name(STORED[name], row), what) for row in rows.to_pylist()]
    return problems


def _out_of_range(tables: Mapping[str, pa.Table]) -> list[Problem]:
    problems = []
    for name, column, allowed, what in _VALUES:
        rows = run_sql(f"SELECT * FROM facts WHERE NOT ({allowed})", facts=tables[name])  # noqa: S608 - declared names
        problems += [
            Problem(row_name(STORED[name], row), f"{column} {Decimal(row[column]).normalize():f} {what}")
            for row in rows.to_pylist()
        ]
    return problems


def _dangling(tables: Mapping[str, pa.Table]) -> list[Problem]:
    problems = []
    for name, column, target in _REFERENCES:
        if target == "customers" and not tables[target].num_rows:
            continue  # a store may be without a person's data altogether
        query = f"SELECT * FROM facts ANTI JOIN known USING ({column})"  # noqa: S608 - declared names
        rows = run_sql(query, facts=tables[name], known=tables[target])
        problems += [
            Problem(row_name(STORED[name], row), f"{column} {row[column]} is not in {target}") for row in rows.to_pylist()
        ]
    return problems


def _overlapping(tables: Mapping[str, pa.Table]) -> list[Problem]:
    """Return a problem for each row that begins while an earlier one of its group lasts."""
    problems = []
    for span in _SPANS:
        table = STORED[span.table]
        earlier = ", ".join(f"arg_max({name}, ends) OVER before AS earlier_{name}" for name in table.key)
        query = f"""
            WITH spans AS (
                SELECT *, coalesce({span.until}, {_FOREVER}) AS ends FROM facts
                WHERE {span.until} IS NULL OR {span.until} > {span.since}
            )
            SELECT * EXCLUDE (ends), {earlier} FROM spans
            WINDOW before AS (
                PARTITION BY {span.group} ORDER BY {span.since}, {", ".join(table.key)}
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            )
            QUALIFY {span.since} < max(ends) OVER before
        """  # noqa: S608 - declared names
        for row in run_sql(query, facts=tables[span.table]).to_pylist():
            other = row_name(table, {name: row[f"earlier_{name}"] for name in table.key})
            group = ", ".join(f"{name} {row[name]}" for name in span.group.split(", "))
            problems.append(Problem(row_name(table, row), f"overlaps {other} ({group}): {span.what}"))
    return problems


def _counted_twice(tables: Mapping[str, pa.Table]) -> list[Problem]:
    """Return a problem for each register whose energy a register of another kind counts already."""
    query = f"""
        WITH counted AS (
            SELECT *, list_position(['main', 'rate', 'check'], role) AS rank, coalesce(valid_to, {_FOREVER}) AS ends FROM facts
            WHERE determinant IS NOT NULL AND role IN ('main', 'rate', 'check') AND (valid_to IS NULL OR valid_to > valid_from)
        )
        SELECT one.meter_id, one.channel, one.valid_from, one.role, one.determinant,
            min(two.channel) AS other, arg_min(two.role, two.channel) AS other_role
        FROM counted AS one JOIN counted AS two USING (meter_id, determinant, direction)
        WHERE two.rank < one.rank AND two.valid_from < one.ends AND one.valid_from < two.ends
        GROUP BY ALL
    """  # noqa: S608 - declared names
    return [
        Problem(
            row_name(REGISTERS, row),
            f"{row['determinant']} would be counted twice: "
            f"by this {row['role']} register and by the {row['other_role']} register {row['other']}",
        )
        for row in run_sql(query, facts=tables["registers"]).to_pylist()
    ]
