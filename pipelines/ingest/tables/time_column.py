"""Where a plain table says when: stamps in one column or several, by which clock, and which end of an interval they name."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipelines.ingest.tables.mapping_words import Forms, MappingPart
from pipelines.ingest.tables.stamp_forms import ORDINAL_HOUR
from schemas.errors import InputRefusedError
from tariffs.clock import Clock


class Label(StrEnum):
    """Which end of its interval a stamp names."""

    START = "start"
    END = "end"


def _known_zone(name: str) -> str:
    try:
        Clock(name)
    except InputRefusedError as error:
        raise ValueError(str(error)) from None
    return name


class TimeColumn(MappingPart):
    """The stamps: in one column, as two ends in one column, or as a date and a time of day in two columns.

    Attributes:
        column: the stamps; or ``date_column`` and ``time_column``.
        range: the word between the two ends of an interval that stand in one cell.
        end_column: the other end of the row's interval; or ``end_date_column`` and ``end_time_column``.
        date_format: forms of stamps, or of dates where they stand alone; ISO 8601 without it.
        time_format: forms of times of day that stand alone.
        label: the end of its interval that a stamp names.
        zone: clock of stamps without an offset.
    """

    column: str | None = None
    date_column: str | None = None
    time_column: str | None = None
    range: Annotated[str, Field(min_length=1)] | None = None
    end_column: str | None = None
    end_date_column: str | None = None
    end_time_column: str | None = None
    date_format: Forms | None = None
    time_format: Forms = ("HH:mm", "HH:mm:ss")
    label: Label = Label.START
    zone: Annotated[str, AfterValidator(_known_zone)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> TimeColumn:
        if (self.column is None) == (self.date_column is None):
            message = "give 'column', or 'date_column' (with 'time_column' where the time of day stands apart)"
            raise ValueError(message)
        if self.column is not None and (self.time_column is not None or self.end_time_column is not None):
            message = "a time of day in its own column needs 'date_column'"
            raise ValueError(message)
        if self.range is not None and (self.column is None or self.end_column is not None):
            message = "'range' says that 'column' holds both ends"
            raise ValueError(message)
        ends = self.end_column is not None or self.end_date_column is not None or self.end_time_column is not None
        if ends and self.label is Label.END:
            message = "with both ends in the row, 'column' or 'date_column' names the start: label: start"
            raise ValueError(message)
        if self.end_date_column is not None and self.end_time_column is None:
            message = "'end_date_column' needs 'end_time_column'"
            raise ValueError(message)
        if ORDINAL_HOUR in (self.date_format or ()):
            message = "the ordinal hour is a form of 'time_format'"
            raise ValueError(message)
        return self

    @property
    def columns(self) -> list[str]:
        """Names of the columns that are read."""
        found = (self.column, self.date_column, self.time_column, self.end_column, self.end_date_column, self.end_time_column)
        return [name for name in found if name is not None]

    @property
    def has_both_ends(self) -> bool:
        """Whether a row says where its interval begins and ends."""
        return self.range is not None or self.end_column is not None or self.end_time_column is not None
