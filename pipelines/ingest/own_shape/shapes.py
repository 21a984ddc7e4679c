"""The three shapes of a row, told apart by the one column that only it has.

==========  ==================  ==================================================================
shape       told by             a row is
==========  ==================  ==================================================================
``RUN``     ``values``          consecutive slots of one channel, as ``deliveries`` keeps them
``SLOT``    ``interval_start``  one slot, as the views ``delivered_readings`` and ``readings`` show it
``READ``    ``read_at``         one register read, as ``register_reads`` shows it
==========  ==================  ==================================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipelines.ingest.rejected import Fault

_SERIES = ("service_point_id", "channel", "direction")
_SERIES_TOO = ("meter_id", "quantity", "unit", "native_quality", "version")


class Shape(NamedTuple):
    """The columns of a shape; of ``quantity`` and ``unit`` one is needed."""

    told_by: str
    needed: frozenset[str]
    optional: frozenset[str]


def _shape(told_by: str, needed: tuple[str, ...], optional: tuple[str, ...]) -> Shape:
    return Shape(told_by, frozenset((*_SERIES, told_by, *needed)), frozenset((*_SERIES_TOO, *optional)))


RUN = _shape(
    "values",
    ("start", "interval_minutes"),
    ("exponent", "quality", "native_qualities", "native_reason", "clock_offset_minutes"),
)
SLOT = _shape(
    "interval_start",
    ("interval_minutes", "value"),
    ("quality", "native_reason", "clock_offset_minutes", "method", "file_id"),
)
READ = _shape("read_at", ("value",), ("quality", "kind", "period_from", "file_id"))
SHAPES = (RUN, SLOT, READ)


def shape_of(names: Iterable[str]) -> Shape | Fault:
    """Return the shape of a row with these columns, or why it has none: ``shape.unknown`` or ``shape.column``.

    A column that is not of the shape is a fault: a misspelt ``exponent`` would be a wrong value.

    >>> shape_of(["values", "read_at"]).code
    'shape.unknown'
    """
    given = set(names)
    found = [shape for shape in SHAPES if shape.told_by in given]
    if len(found) != 1:
        told = ", ".join(f"'{shape.told_by}'" for shape in SHAPES)
        return Fault("shape.unknown", f"exactly one of {told} tells the shape of a row, here are {len(found)}")
    (shape,) = found
    missing = sorted(shape.needed - given)
    if not missing and not given & {"quantity", "unit"}:
        missing = ["unit"]
    if missing:
        return Fault("shape.column", f"a row with '{shape.told_by}' needs '{missing[0]}'")
    unknown = sorted(given - shape.needed - shape.optional)
    if unknown:
        return Fault("shape.column", f"a row with '{shape.told_by}' has no '{unknown[0][:40]}'")
    return shape
