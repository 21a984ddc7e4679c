"""Values: what the objects of a telegram hold, still in the meter's own words.

An object is a measurement (a register, a demand with its own time, a reading of an M-Bus meter, a counter), a list of
them, the log of long power failures, or a state that is no quantity: identifiers, texts, switches, thresholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from head_end.p1.objects import P1Object, parse_obis_once
from schemas.obis import Obis

_ABSTRACT, _ELECTRICITY, _LAST_MEDIUM = 0, 1, 9
_MBUS, _MBUS_VALUE, _MBUS_PROFILE = 24, 2, 3
_PROFILE_HEAD = 4  # time, status, minutes between readings, number of registers
_FAILURES = (_ELECTRICITY, 99, 97)
_PEAKS = (_ABSTRACT, 98, 1)
_PEAK_CELLS = 3  # end of the month, time of the peak, peak
_PHASES = frozenset({12, 32, 52, 72})
_FAILURE_COUNTERS = (_ABSTRACT, 96, 7)
_THRESHOLDS = frozenset({(_ABSTRACT, 17, 0), *((_ELECTRICITY, phase, 4) for phase in (31, 51, 71))})
_ABSTRACT_STATES = frozenset({0, 1, 2, 42, 96})
_IDENTIFIERS_AND_VERSIONS = 0
_REGISTERS = range(1, 96)


class Counted(Enum):
    """What a counter counts."""

    SAGS = auto()
    SWELLS = auto()
    FAILURES = auto()


_EVENT_COUNTERS = {32: Counted.SAGS, 36: Counted.SWELLS}
"""What a counter of a phase counts, by group D."""


class Problem(Enum):
    """Why an object cannot be read."""

    CELLS = auto()
    """Not the number of values that such an object has."""
    UNKNOWN = auto()
    """It holds a value and nobody knows such an object."""


class Measurement(NamedTuple):
    """A value.

    Attributes:
        line: number of its line.
        written: OBIS code of the object as the meter writes it.
        code: groups of the register it is a value of: for a list of peaks, the one the list names.
        value: as written.
        unit: as written; None where there is none.
        stamp: its own time as written; None where it is that of the telegram.
        device: 1 to 4 for an M-Bus meter by its channel; 0 for the meter itself.
        status: status of the reading as written; None where there is none.
        made: end of the month whose peak it is, as written; None for anything else.
        counted: what it counts; None for a quantity.
    """

    line: int
    written: str
    code: Obis
    value: str
    unit: str | None
    stamp: str | None = None
    device: int = 0
    status: str | None = None
    made: str | None = None
    counted: Counted | None = None


class Failure(NamedTuple):
    """A long power failure of the log: its end and its duration as written."""

    line: int
    written: str
    ended: str
    duration: str


class Odd(NamedTuple):
    """An object that cannot be read.

    Attributes:
        source: the object.
        problem: why.
        values: how many values it holds; 0 where what is lost would be no reading.
    """

    source: P1Object
    problem: Problem
    values: int


class Miscounted(NamedTuple):
    """A list that says another number of entries than it holds."""

    source: P1Object
    said: str
    held: int


Found = Measurement | Failure | Odd | Miscounted


def read_objects(objects: Iterable[P1Object]) -> Iterator[Found]:
    """Yield what objects hold, in order; states and empty values yield nothing."""
    for source in objects:
        read = _reader_of(source.code)
        if read is not None:
            yield from read(source)


@lru_cache(maxsize=4096)
def _reader_of(code: Obis) -> Callable[[P1Object], Iterator[Found]] | None:
    """Return what reads an object; None for a state. The same few come with every telegram."""
    group = (code.a, code.c, code.d)
    if group == _FAILURES:
        return _failures
    if group == _PEAKS:
        return _peaks
    if code.a == _ABSTRACT and code.b and code.c == _MBUS:
        return {_MBUS_VALUE: _register, _MBUS_PROFILE: _profile}.get(code.d)
    if group == _FAILURE_COUNTERS or (code.a == _ELECTRICITY and code.c in _PHASES and code.d in _EVENT_COUNTERS):
        return _counter
    return None if _is_state(code) else _register


def _is_state(code: Obis) -> bool:
    """Whether an object says something about the meter that is no quantity: who it is, a text, a switch, a threshold."""
    if (code.a, code.c, code.d) in _THRESHOLDS:
        return True
    if code.a == _ABSTRACT:
        return code.c in _ABSTRACT_STATES
    return code.c in (_IDENTIFIERS_AND_VERSIONS, 96)


def _register(source: P1Object) -> Iterator[Found]:
    """Read ``(value)`` or ``(time)(value)``."""
    cells, device = source.cells, _device_of(source.code)
    timed = len(cells) == 2  # noqa: PLR2004 - a time and a value
    if len(cells) > 2 or (timed and "*" in cells[0]):  # noqa: PLR2004
        yield Odd(source, Problem.CELLS, max(1, _units_in(cells)))
        return
    value, unit = _split_unit(cells[-1])
    if not value:
        return
    known = device or (source.code.a in range(_ELECTRICITY, _LAST_MEDIUM + 1) and source.code.c in _REGISTERS)
    if not known:
        yield Odd(source, Problem.UNKNOWN, 1 if unit is not None else 0)
        return
    stamp = cells[0] if timed else None
    yield Measurement(source.line, source.written, source.code, value, unit, stamp, device)


def _device_of(code: Obis) -> int:
    """Return the M-Bus channel of a reading; 0 where it is the meter's own."""
    return code.b or 0 if code.a == _ABSTRACT and code.c == _MBUS else 0


def _counter(source: P1Object) -> Iterator[Found]:
    """Read how often something happened."""
    counted = _EVENT_COUNTERS.get(source.code.d, Counted.FAILURES)
    if len(source.cells) != 1:
        yield Odd(source, Problem.CELLS, 1)
        return
    value, unit = _split_unit(source.cells[0])
    if value:
        yield Measurement(source.line, source.written, source.code, value, unit, counted=counted)


def _profile(source: P1Object) -> Iterator[Found]:
    """Read ``(time)(status)(minutes)(1)(register)(unit)(value)``, as DSMR 2.2 and 3 write it over two lines."""
    cells = source.cells
    if not any(cells):
        return
    if len(cells) != _PROFILE_HEAD + 3 or cells[3] != "1":
        yield Odd(source, Problem.CELLS, 1)
        return
    stamp, status = cells[0], cells[1]
    unit, value = cells[-2:]
    if value:
        device = _device_of(source.code)
        yield Measurement(source.line, source.written, source.code, value, unit or None, stamp, device, status or None)


def _peaks(source: P1Object) -> Iterator[Found]:
    """Read ``(n)(register)(register)`` and for each month ``(its end)(time of the peak)(peak)``."""
    said, *rest = source.cells
    register = _named_register(rest)
    while _named_register(rest) is not None:
        rest = rest[1:]
    rest = _without_empty_end(rest)
    if len(rest) % _PEAK_CELLS or (rest and register is None):
        yield Odd(source, Problem.CELLS, max(1, _units_in(source.cells)))
        return
    months = [rest[at : at + _PEAK_CELLS] for at in range(0, len(rest), _PEAK_CELLS)]
    if said and not _is_count(said, len(months)):
        yield Miscounted(source, said, len(months))
    for made, stamp, peak in months:
        value, unit = _split_unit(peak)
        if value:
            yield Measurement(source.line, source.written, register or source.code, value, unit, stamp, made=made)


def _failures(source: P1Object) -> Iterator[Found]:
    """Read ``(n)(0-0:96.7.19)`` and for each failure ``(its end)(duration)``; an empty log is ``()``."""
    said, *rest = source.cells
    if _named_register(rest) is not None:
        rest = rest[1:]
    rest = _without_empty_end(rest)
    if len(rest) % 2:
        yield Odd(source, Problem.CELLS, 0)
        return
    if said and not _is_count(said, len(rest) // 2):
        yield Miscounted(source, said, len(rest) // 2)
    for ended, duration in zip(rest[::2], rest[1::2], strict=True):
        yield Failure(source.line, source.written, ended, duration)


def _named_register(cells: Sequence[str]) -> Obis | None:
    """Return the register that the first cell names; None where it is something else."""
    return parse_obis_once(cells[0]) if cells and ":" in cells[0] else None


def _split_unit(cell: str) -> tuple[str, str | None]:
    value, star, unit = cell.partition("*")
    return value.strip(), unit.strip() if star else None


def _without_empty_end(cells: Sequence[str]) -> list[str]:
    """Return cells without the empty ones at the end: a log without entries may have some."""
    kept = list(cells)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _units_in(cells: Sequence[str]) -> int:
    return sum("*" in cell for cell in cells)


def _is_count(said: str, count: int) -> bool:
    return said.isascii() and said.isdecimal() and int(said[:9]) == count
