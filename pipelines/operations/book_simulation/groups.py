"""Groups: what the positions of a book are told apart by, all of it from master data and from what was measured."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from pipelines.masterdata.sql import run_sql
from schemas.table import ENERGY
from tariffs.exact import plain

USAGE = "usage"
GROUPINGS = {
    "tariff": "tariff that is replaced",
    "option": "options of the agreement",
    "generation": "generation behind the meter",
    "role": "supply or feed-in",
    "basis": "billed on intervals or on registers",
    "commodity": "commodity",
    "zone": "zone",
    "transformer": "transformer",
    "cycle": "billing cycle",
    "month": "month of the bill",
    USAGE: "energy drawn, in quarters of the bills",
}
"""Names of groupings, each a column of ``POSITIONS`` but for the bands of usage, and what they are called."""

_LIMITS = """
WITH ranked AS (
    SELECT currency, import_kwh, row_number() OVER (PARTITION BY currency ORDER BY import_kwh) AS place,
        count(*) OVER (PARTITION BY currency) AS n
    FROM positions
)
SELECT DISTINCT currency, import_kwh FROM ranked
WHERE place IN ((n + 3) // 4, (2 * n + 3) // 4, (3 * n + 3) // 4) ORDER BY ALL
"""
_BANDS = """
SELECT label FROM positions JOIN bands ON positions.currency = bands.currency
    AND (above IS NULL OR import_kwh > above) AND (up_to IS NULL OR import_kwh <= up_to)
ORDER BY number
"""


def labels_of(positions: pa.Table, grouping: str) -> pa.Array:
    """Return the group of every position, in the order of the table.

    Args:
        positions: rows of ``POSITIONS`` that are billed under both sets of tariffs.
        grouping: a name of ``GROUPINGS``. Bands of usage end at the quarters of the bills of a currency, ranked by energy drawn.
    """
    if grouping != USAGE:
        return positions[grouping].combine_chunks()
    limits: dict[str, list[Decimal | None]] = {}
    for row in run_sql(_LIMITS, positions=positions).to_pylist():
        limits.setdefault(row["currency"], []).append(row["import_kwh"])
    bands = [
        {"currency": currency, "above": above, "up_to": up_to, "label": _label(number, above, up_to)}
        for currency, found in limits.items()
        for number, (above, up_to) in enumerate(zip([None, *found], [*found, None], strict=True), 1)
    ]
    schema = pa.schema([("currency", pa.string()), ("above", ENERGY), ("up_to", ENERGY), ("label", pa.string())])
    numbered = positions.select(["currency", "import_kwh"]).append_column("number", pa.array(range(positions.num_rows)))
    labels = run_sql(_BANDS, positions=numbered, bands=pa.Table.from_pylist(bands, schema=schema))
    return labels["label"].combine_chunks()


def _label(number: int, above: Decimal | None, up_to: Decimal | None) -> str:
    """Return the words of a band, its number in front so that bands sort.

    >>> _label(1, None, Decimal("10.500")), _label(4, Decimal("30.0"), None)
    ('1: up to 10.5 kWh', '4: above 30 kWh')
    >>> _label(2, Decimal("10.500"), Decimal("20.000"))
    '2: above 10.5, up to 20 kWh'
    """
    parts = [f"above {plain(above)}"] if above is not None else []
    parts += [f"up to {plain(up_to)}"] if up_to is not None else []
    return f"{number}: {', '.join(parts)} kWh"
