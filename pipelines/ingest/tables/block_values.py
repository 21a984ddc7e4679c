"""The values of a block of a plain table: read, set aside, taken for missing, place by place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pipelines.ingest.digits import Flags, Ints
from pipelines.ingest.rejected import Fault
from pipelines.ingest.tables.cells import Cells, State, read_cells
from pipelines.ingest.tables.mapping import CsvMapping
from pipelines.ingest.tables.rows import CsvBlock

SetAside = Callable[[int, Fault, bytes, int], None]
"""Takes values that cannot be taken: number of their line, why, bytes of the line, how many."""


class BlockValues:
    """The values of a block, by row of the block and column of values.

    Attributes:
        block: the rows.
        row: (values a column,) row of the block that each value stands in.
        cells: the cells of each column.
        noisy: whether a value was printed from binary floating point.
    """

    def __init__(
        self, block: CsvBlock, names: Sequence[str], columns: Sequence[str], mapping: CsvMapping, set_aside: SetAside
    ) -> None:
        """Read the values of a block.

        Args:
            block: the rows.
            names: of all columns of the file, in order.
            columns: names of the columns of values; one without a name where they are the intervals of a day.
            mapping: what stands for no value, and which columns are the intervals of a day.
            set_aside: takes what cannot be read: line, fault, bytes of the line, values.
        """
        self.block = block
        self._set_aside_line = set_aside
        day = mapping.day
        missing = frozenset(word.lower() for word in mapping.missing)
        self._each = 1 if day is None else day.count
        rows = np.arange(len(block.line))
        self.row = np.repeat(rows, self._each) if self._each > 1 else rows
        self.cells: list[Cells] = []
        self.noisy = False
        for column in columns:
            places = [block.columns[column]] if day is None else [block.columns[f"\x00{at}"] for at in range(day.count)]
            fields = (block.first[:, np.newaxis] + np.array(places)).ravel()
            found, faults, noisy = read_cells(block, fields, missing)
            self.noisy |= noisy
            self.cells.append(found)
            for cell, fault in faults.items():
                name = column or names[places[cell % self._each]]
                self._set_aside(int(self.row[cell]), Fault(fault.code, f"column '{name}': {fault.message}"), 1)

    def text(self, column: str, cell: int) -> str:
        """Return the text of a column in the row of a cell."""
        return self.block.texts(self.block.fields(column)[self.row[cell] : self.row[cell] + 1])[0]

    def _set_aside(self, row: int, fault: Fault, values: int) -> None:
        self._set_aside_line(int(self.block.line[row]), fault, self.block.raw(row), values)

    def set_aside(self, cell: int, fault: Fault) -> None:
        """Set aside the values at one place of each column; a place without any is nothing."""
        held = [column for column in self.cells if column.state[cell] == State.VALUE]
        for column in held:
            column.digits[cell], column.decimals[cell], column.state[cell] = 0, 0, State.SET_ASIDE
        if held:
            self._set_aside(int(self.row[cell]), fault, len(held))

    def set_aside_rows(self, rows: Flags, fault: Fault) -> None:
        """Set aside the values of rows of the block; a row without any is nothing."""
        if not rows.any():
            return
        chosen = rows[self.row]
        values = np.zeros(len(rows), dtype=np.int64)
        for column in self.cells:
            held = np.flatnonzero(chosen & (column.state == State.VALUE))
            np.add.at(values, self.row[held], 1)
            column.digits[held], column.decimals[held], column.state[held] = 0, 0, State.SET_ASIDE
        for row in np.flatnonzero(values).tolist():
            self._set_aside(row, fault, int(values[row]))

    def empty_rows(self, rows: Flags) -> None:
        """Take the values of rows of the block for missing: the source says so."""
        chosen = rows[self.row]
        for column in self.cells:
            held = np.flatnonzero(chosen & (column.state == State.VALUE))
            column.digits[held], column.decimals[held], column.state[held] = 0, 0, State.EMPTY

    def empty_columns(self, places: Sequence[Sequence[int]], kinds: Ints) -> None:
        """Leave each row the columns of its own kind."""
        for kind, own in enumerate(places):
            chosen = np.flatnonzero(kinds[self.row] == kind)
            for place, column in enumerate(self.cells):
                if place not in own:
                    column.digits[chosen], column.decimals[chosen], column.state[chosen] = 0, 0, State.EMPTY
