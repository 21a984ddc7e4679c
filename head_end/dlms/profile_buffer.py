"""Buffers of load profiles: rows of captured values, without what they repeat (IEC 62056-6-2, Profile generic).

A clock that is null-data is the clock of the row before plus the capture period; any other cell that is null-data is the
same as in the row before. A cell of a delta type is a difference to the row before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from head_end.dlms.axdr import DELTAS, Data, Tag
from head_end.dlms.clock import DATE_TIME_BYTES, FIRST_YEAR, LAST_YEAR, OPEN_YEAR, CosemTime, parse_date_time
from head_end.dlms.errors import ClockError, malformed, unknown_list
from schemas.obis import Obis, obis_of_bytes

CLOCK_CLASS = 8
_STATUS_TAGS = frozenset({Tag.UNSIGNED, Tag.BIT_STRING, Tag.ENUM, Tag.BOOLEAN})
_CAPTURE_MEMBERS = 4


class CaptureObject(NamedTuple):
    """What a column of a profile holds: class, logical name and attribute of an object, and which part of it."""

    class_id: int
    code: Obis
    attribute: int
    data_index: int


class Row(NamedTuple):
    """A row, with the cells it left out.

    Attributes:
        number: from 1.
        time: newest clock written in this row or before it; None where there was none.
        periods: capture periods that lie between that clock and this row.
        cells: all but the clock, by number of their column, from 1; null-data where no row has named a value.
        status: of the row, where a column holds one.
        clock_error: what is wrong with that clock; None where it shows a time that exists, or none at all.
    """

    number: int
    time: CosemTime | None
    periods: int
    cells: dict[int, Data]
    status: str | None
    clock_error: ClockError | None


def capture_objects(data: Data) -> tuple[CaptureObject, ...] | None:
    """Return the columns that ``capture_objects`` names, or the objects a push names; None where ``data`` is no such list."""
    found = [_capture_object(element) for element in data.elements]
    named = tuple(one for one in found if one is not None)
    return named if named and len(named) == len(found) else None


def is_buffer(data: Data) -> bool:
    """Whether a value looks like rows of a profile: structures of one width, the first of which begins with a clock."""
    rows = data.elements
    if data.tag is not Tag.ARRAY or not rows or any(row.tag is not Tag.STRUCTURE for row in rows):
        return False
    first = rows[0].elements
    return len(first) > 1 and any(is_clock(cell) for cell in first[:2]) and len({len(row.elements) for row in rows}) == 1


def is_clock(data: Data) -> bool:
    """Whether a value is a date and time: by its type, or by twelve bytes that begin with a year or leave it open."""
    if data.octets is None or len(data.octets) != DATE_TIME_BYTES:
        return False
    year = int.from_bytes(data.octets[:2], "big")
    return data.tag is Tag.DATE_TIME or FIRST_YEAR <= year <= LAST_YEAR or year == OPEN_YEAR


def read_rows(rows: Iterable[Data], columns: Sequence[CaptureObject] | None) -> Iterator[Row]:
    """Yield the rows of a buffer with their null-data filled in.

    Args:
        rows: as they came.
        columns: what the columns hold; None where nothing says: then the clock is the first column that shows one, and a
            status the first that holds a code.

    Raises:
        MalformedError: a row of another width, or that is no structure.
        ListError: no column holds a clock.
    """
    clock_at = status_at = width = None
    before: tuple[Data, ...] = ()
    time: CosemTime | None = None
    error: ClockError | None = None
    periods = 0
    for number, row in enumerate(rows, start=1):
        cells = row.elements
        if width is None:
            width = len(cells)
            clock_at, status_at = _places(cells, columns)
        if row.tag is not Tag.STRUCTURE or len(cells) != width or clock_at is None:
            message = f"row {number} of the profile is not as wide as the first"
            raise malformed(message)
        if is_clock(cells[clock_at]):
            time, error = _time_of(cells[clock_at])
            periods = 0
        else:
            periods += 1
        before = tuple(_filled(cell, before[at] if before else None) for at, cell in enumerate(cells))
        yield Row(
            number,
            time,
            periods,
            {at + 1: cell for at, cell in enumerate(before) if at not in (clock_at, status_at)},
            before[status_at].status if status_at is not None else None,
            error,
        )


def _capture_object(data: Data) -> CaptureObject | None:
    members = data.elements
    if data.tag is not Tag.STRUCTURE or len(members) != _CAPTURE_MEMBERS:
        return None
    class_id, name, attribute, index = members
    code = obis_of_bytes(name.octets or b"")
    if class_id.tag is not Tag.LONG_UNSIGNED or attribute.tag is not Tag.INTEGER or index.tag is not Tag.LONG_UNSIGNED:
        return None
    if code is None or not isinstance(class_id.value, int) or not isinstance(attribute.value, int):
        return None
    return CaptureObject(class_id.value, code, attribute.value, index.value if isinstance(index.value, int) else 0)


def _places(cells: Sequence[Data], columns: Sequence[CaptureObject] | None) -> tuple[int, int | None]:
    """Return the places of the clock and of the status."""
    if columns is not None and len(columns) == len(cells):
        clocks = [at for at, column in enumerate(columns) if column.class_id == CLOCK_CLASS]
    else:
        clocks = [at for at, cell in enumerate(cells) if is_clock(cell)]
    if not clocks:
        message = "no column of the profile holds a clock"
        raise unknown_list(message)
    codes = [at for at, cell in enumerate(cells) if cell.tag in _STATUS_TAGS]
    return clocks[0], codes[0] if codes else None


def _time_of(cell: Data) -> tuple[CosemTime | None, ClockError | None]:
    """Return the time of a clock, or what is wrong with it."""
    try:
        return parse_date_time(cell.octets or b""), None
    except ClockError as error:
        return None, error


def _filled(cell: Data, before: Data | None) -> Data:
    """Return a cell with what it left out."""
    if before is None or is_clock(before):
        return cell
    if cell.is_null:
        return before
    if cell.tag in DELTAS and isinstance(cell.value, int) and isinstance(before.value, int | Decimal):
        return Data(before.tag, before.value + cell.value)
    return cell
