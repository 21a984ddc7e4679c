"""Effective-dated look-ups: what a delivered channel is, which meters are installed, which agreements are to be billed.

All of them work on whole sets of service points at once. What nobody described is not guessed: a channel without a
register in force has ``mapped`` false for that time, and so has one that two meters of a service point could be meant
by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.sql import run_sql
from schemas.master_data import AGREEMENTS, METERS, REGISTERS
from schemas.periods import period_between, start_of_day
from schemas.readings import CHANNEL, METER, SERVICE_POINT
from schemas.table import ENERGY, UTC_TIME, Column, Table, column

NEM12 = "nem12"
"""Name of the format whose usual suffixes have a meaning without rows in ``registers``."""

_NOBODY = -1
_FACTS = ("role", "direction", "quantity", "unit", "determinant", "rate_band", "multiplier", "dials", "decimals", "intervals")


def _optional(source: Table, name: str) -> Column:
    declared = next(c for c in source.columns if c.name == name)
    return column(name, declared.type, declared.meaning + "; null where not mapped", unit=declared.unit, nullable=True)


REGISTER_MAP = Table(
    name="register_map",
    doc="What each delivered channel is: its rows cover the asked time without gap or overlap.",
    key=("service_point_id", "meter_id", "channel", "valid_from"),
    columns=(
        SERVICE_POINT,
        METER,
        CHANNEL,
        *(_optional(REGISTERS, name) for name in _FACTS),
        column("valid_from", UTC_TIME, "from, inside the asked time"),
        column("valid_to", UTC_TIME, "until, exclusive, inside the asked time"),
        column("mapped", pa.bool_(), "exactly one register says what the channel is"),
    ),
)

ACTIVE_AGREEMENTS = Table(
    name="active_agreements",
    doc="Agreements to be billed for some local days, with the account that pays and the period clipped to the agreement.",
    key=("agreement_id", "period_from"),
    columns=(
        *AGREEMENTS.columns[:-1],
        column("customer_id", pa.string(), "the customer behind the account"),
        column("currency", pa.string(), "ISO 4217 code"),
        column("language", pa.string(), "language of documents", nullable=True),
        column("cycle", pa.string(), "billing cycle", nullable=True),
        column("export_tax", pa.bool_(), "export bears tax"),
        column("period_from", pa.date32(), "first local day in the billing clock"),
        column("period_to", pa.date32(), "day after the last one"),
        column("starts_at", UTC_TIME, "first instant billed"),
        column("ends_at", UTC_TIME, "end, exclusive"),
    ),
)

NEM12_DEFAULTS = pa.table(
    {
        "channel": pa.array(["E1", "B1"]),
        "role": pa.array(["main", "main"]),
        "direction": pa.array(["import", "export"]),
        "quantity": pa.array(["active_energy", "active_energy"]),
        "unit": pa.array(["kWh", "kWh"]),
        "determinant": pa.array(["import_kwh", "export_kwh"]),
        "rate_band": pa.nulls(2, pa.string()),
        "multiplier": pa.array([Decimal(1), Decimal(1)], ENERGY),
        "dials": pa.nulls(2, pa.int16()),
        "decimals": pa.nulls(2, pa.int16()),
        "intervals": pa.array(["primary", "primary"]),
    }
)
"""What the suffixes of a NEM12 meter without any row in ``registers`` are; every other suffix stays unmapped."""

_CANDIDATES = f"""
WITH wanted AS (
    SELECT service_point_id, meter_id, channel, bool_or(source_format = '{NEM12}') AS usual FROM channels GROUP BY ALL
),
meant AS (  -- a source that names no meter means the one installed at the service point
    SELECT *, meter_id AS described_by, $starts_at AS since, $ends_at AS until FROM wanted WHERE meter_id <> ''
    UNION ALL
    SELECT wanted.*, meters.meter_id, greatest(installed_from, $starts_at), least(coalesce(installed_to, $ends_at), $ends_at)
    FROM wanted JOIN meters USING (service_point_id)
    WHERE wanted.meter_id = '' AND installed_from < $ends_at AND (installed_to IS NULL OR installed_to > $starts_at)
),
described AS (
    SELECT DISTINCT service_point_id, meter_id, channel FROM meant
    WHERE described_by IN (SELECT meter_id FROM registers)
),
found AS (
    SELECT meant.service_point_id, meant.meter_id, meant.channel, {", ".join(_FACTS)},
        greatest(valid_from, since) AS valid_from, least(coalesce(valid_to, until), until) AS valid_to
    FROM meant JOIN registers ON registers.meter_id = described_by AND registers.channel = meant.channel
        AND valid_from < until AND (valid_to IS NULL OR valid_to > since)
    UNION ALL
    SELECT service_point_id, meter_id, channel, {", ".join(_FACTS)}, $starts_at, $ends_at
    FROM wanted ANTI JOIN described USING (service_point_id, meter_id, channel) JOIN defaults USING (channel) WHERE usual
)
SELECT service_point_id, meter_id, channel, {", ".join(_FACTS)}, valid_from, valid_to,
    dense_rank() OVER (ORDER BY service_point_id, meter_id, channel) - 1 AS series
FROM wanted LEFT JOIN found USING (service_point_id, meter_id, channel)
ORDER BY series, valid_from, role, determinant
"""  # noqa: S608 - names of declared columns


def register_map(
    meters: pa.Table, registers: pa.Table, channels: pa.Table, *, starts_at: datetime, ends_at: datetime
) -> pa.Table:
    """Return what each delivered channel is during ``[starts_at, ends_at)``.

    A channel whose source names no meter (``meter_id`` empty) is described by the registers of the meter installed at
    its service point; where two installed meters have that channel, it is not mapped. A NEM12 meter without any row in
    ``registers`` has ``NEM12_DEFAULTS``.

    Args:
        meters: rows of ``METERS``.
        registers: rows of ``REGISTERS``, of any meters.
        channels: delivered channels: at least ``service_point_id``, ``meter_id``, ``channel``, ``source_format``; a
            channel may stand there more than once.
        starts_at: first instant asked for, aware.
        ends_at: end, exclusive, aware.

    Returns:
        rows of ``REGISTER_MAP``, sorted by key: those of a channel cover the asked time without gap or overlap. A mapped
        row whose ``determinant`` is null is not billed by intent.
    """
    asked = {"starts_at": starts_at, "ends_at": ends_at}
    found = run_sql(_CANDIDATES, asked, meters=meters, registers=registers, channels=channels, defaults=NEM12_DEFAULTS)
    since, until = (_microseconds(found[name]) for name in ("valid_from", "valid_to"))
    first, last = (_microseconds(pa.array([at], UTC_TIME))[0] for at in (starts_at, ends_at))
    series = found["series"].to_numpy()
    whole = (np.bincount(series)[series] == 1) & (since == first) & (until == last)
    tiles: list[tuple[int, int, int, int]] = []
    pieces = np.flatnonzero(~whole)
    for group in np.split(pieces, np.flatnonzero(np.diff(series[pieces])) + 1) if len(pieces) else ():
        spans = [(int(i), int(since[i]), int(until[i])) for i in group if since[i] < until[i]]
        tiles += [(int(group[0]), *tile) for tile in _tiles(spans, int(first), int(last))]
    entire = np.flatnonzero(whole)
    cut = np.array(tiles, np.int64).reshape(-1, 4)
    place, owner, opens, closes = np.concatenate([np.stack([entire, entire, since[entire], until[entire]], axis=1), cut]).T
    order = np.lexsort((opens, series[place]))
    described = pa.array(owner[order], mask=owner[order] == _NOBODY)
    columns = {name: found[name].take(pa.array(place[order])) for name in ("service_point_id", "meter_id", "channel")}
    columns |= {name: found[name].take(described) for name in _FACTS}
    columns["valid_from"] = pa.array(opens[order]).cast(UTC_TIME)
    columns["valid_to"] = pa.array(closes[order]).cast(UTC_TIME)
    columns["mapped"] = described.is_valid()
    return REGISTER_MAP.conform(pa.table(columns))


def _microseconds(times: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Return instants as (n,) int64 since 1970 [us]; a null is 0, an empty span with the other null beside it."""
    return pc.fill_null(times.cast(UTC_TIME).cast(pa.int64()), 0).to_numpy()


def _tiles(spans: Sequence[tuple[int, int, int]], first: int, last: int) -> Iterable[tuple[int, int, int]]:
    """Cut ``[first, last)`` into the pieces that one span covers alone and those that none or several cover.

    Args:
        spans: (name, from, to), half-open, inside the time to cut.
        first: begin of the time to cut.
        last: its end, exclusive.

    Yields:
        (name or ``_NOBODY``, from, to), in order; neighbours differ in name.
    """
    cuts = sorted({first, last, *(cut for _, since, until in spans for cut in (since, until))})
    begin, owner = first, _NOBODY
    for since, until in pairwise(cuts):
        covering = [name for name, from_, to in spans if from_ <= since and until <= to]
        name = covering[0] if len(covering) == 1 else _NOBODY
        if since > begin and name != owner:
            yield owner, begin, since
            begin = since
        owner = name
    if begin < last:
        yield owner, begin, last


def installations(meters: pa.Table, service_point_ids: pa.Array | pa.ChunkedArray | Sequence[str]) -> pa.Table:
    """Return when which meter was installed at the given service points.

    Args:
        meters: rows of ``METERS``.
        service_point_ids: the service points asked for.

    Returns:
        ``service_point_id``, ``meter_id``, ``installed_from``, ``installed_to`` (exclusive, null while installed), sorted.
    """
    asked = (
        service_point_ids
        if isinstance(service_point_ids, pa.Array | pa.ChunkedArray)
        else pa.array(service_point_ids, pa.string())
    )
    names = ["service_point_id", "meter_id", "installed_from", "installed_to"]
    rows = METERS.conform(meters).select(names)
    rows = rows.filter(pc.is_in(rows["service_point_id"], value_set=asked))
    return rows.sort_by([("service_point_id", "ascending"), ("installed_from", "ascending"), ("meter_id", "ascending")])


def agreements_active(
    agreements: pa.Table, accounts: pa.Table, first: date, until: date, *, cycle: str | None = None
) -> pa.Table:
    """Return the agreements to be billed for the local days ``[first, until)``, each clipped to its dates.

    Args:
        agreements: rows of ``AGREEMENTS``.
        accounts: rows of ``ACCOUNTS``.
        first: first day, in each agreement's own billing clock (``schemas.periods.month_dates`` has those of a month).
        until: day after the last one.
        cycle: only the accounts of this billing cycle; None for all.

    Returns:
        rows of ``ACTIVE_AGREEMENTS``, sorted by agreement and period; an agreement with two versions in the time has two.

    Raises:
        InputRefusedError: ``clock.unknown``, a billing clock is no clock.
        SchemaMismatchError: an agreement's account does not exist.
    """
    names = pc.unique(agreements["billing_clock"]).to_pylist()
    clocks = pa.table(
        {
            "billing_clock": pa.array(names, pa.string()),
            "opens": pa.array([start_of_day(first, name) for name in names], UTC_TIME),
            "closes": pa.array([start_of_day(until, name) for name in names], UTC_TIME),
        }
    )
    active = run_sql(_ACTIVE, {"cycle": cycle}, agreements=agreements, accounts=accounts, clocks=clocks)
    span = active["span"].to_numpy()
    _, seen_at = np.unique(span, return_index=True)
    distinct = active.select(["billing_clock", "starts_at", "ends_at"]).take(pa.array(seen_at)).to_pylist()
    periods = [period_between(first, until, *row.values()) for row in distinct]
    active = active.drop_columns(["span"])
    for name in ("period_from", "period_to"):
        active = active.append_column(name, pa.array([getattr(p, name) for p in periods], pa.date32()).take(pa.array(span)))
    return ACTIVE_AGREEMENTS.conform(active)


_ACTIVE = f"""
SELECT {", ".join(c.name for c in AGREEMENTS.columns[:-1])}, customer_id, currency, language, cycle, export_tax,
    greatest(valid_from, opens) AS starts_at, least(coalesce(valid_to, closes), closes) AS ends_at,
    dense_rank() OVER (ORDER BY billing_clock, starts_at, ends_at) - 1 AS span
FROM agreements JOIN clocks USING (billing_clock) LEFT JOIN accounts USING (account_id)
WHERE greatest(valid_from, opens) < least(coalesce(valid_to, closes), closes) AND ($cycle IS NULL OR cycle = $cycle)
ORDER BY agreement_id, valid_from
"""  # noqa: S608 - names of declared columns
