"""The mapping of a plain table: which column is what.

A small YAML document beside a file that names neither its meter nor its unit::

    service_point_id: {from: file_name}        # or {column: NAME}, {value: "..."}, {below: NAME OF A PREAMBLE CELL}
    time: {column: start, label: start, zone: America/Chicago}
    interval_minutes: auto                     # or a number, between, step, row
    channels:
    - {column: value, channel: E1, quantity: active_energy, direction: import, unit: kWh}

Every scalar is text, as written: the zone ``12`` stays a text, the channel ``off`` a word. The keys are told in
``docs/reference/mapping_file.md``.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.ingest.tables.channel_column import ChannelColumn, ChannelKind
from pipelines.ingest.tables.encodings import known_encoding
from pipelines.ingest.tables.mapping_words import Count, Forms, MappingPart, Words, to_number, to_tuple, words_to_bool
from pipelines.ingest.tables.time_column import Label, TimeColumn
from schemas.codes import Quality
from schemas.errors import InputRefusedError

MOST_CHARACTERS = 64 * 1024
_MOST_MINUTES = 366 * 1440
_MOST_PREAMBLE_LINES = 200
_DAY_MINUTES = 1440
_COLUMN_NUMBER = re.compile("[1-9][0-9]{0,4}")
QUALITY_WORDS = {
    "measured": Quality.MEASURED,
    "missing": Quality.MISSING,
    "delivered_estimate": Quality.DELIVERED_ESTIMATE,
    "substituted": Quality.SUBSTITUTED,
    "final_substituted": Quality.FINAL_SUBSTITUTED,
}


def _one_byte(text: str) -> str:
    if len(text.encode()) != 1 or text in '"\n\r \x1f' or text.isalnum():
        message = "a delimiter is one character such as ',' ';' '|' or a tab"
        raise ValueError(message)
    return text


class Identifier(MappingPart):
    """Where an identifier is found: in the file's name, in a column, under a name in the preamble, or here."""

    source: Annotated[Literal["file_name"] | None, Field(alias="from")] = None
    column: str | None = None
    value: Annotated[str, Field(min_length=1)] | None = None
    below: Annotated[str, Field(min_length=1)] | None = None
    strip: str = ""

    @model_validator(mode="after")
    def _is_one(self) -> Identifier:
        if sum(part is not None for part in (self.source, self.column, self.value, self.below)) != 1:
            message = "give one of 'from: file_name', 'column', 'below' and 'value'"
            raise ValueError(message)
        return self


class QualityColumn(MappingPart):
    """The column of the source's quality codes and what they mean; every value is measured where a code is not named."""

    column: str
    codes: dict[str, Literal["measured", "missing", "delivered_estimate", "substituted", "final_substituted"]] = Field(
        default_factory=dict
    )


class VersionColumn(MappingPart):
    """The column that says when the sender made a row."""

    column: str
    date_format: Forms | None = None


class DayColumns(MappingPart):
    """A table with one row a day and one column an interval: the first and the last of these columns."""

    first: str
    last: str
    minutes: Annotated[int, BeforeValidator(to_number), Field(ge=1, le=_DAY_MINUTES)]

    @model_validator(mode="after")
    def _divides_a_day(self) -> DayColumns:
        if _DAY_MINUTES % self.minutes:
            message = "minutes must divide a day"
            raise ValueError(message)
        return self

    @property
    def count(self) -> int:
        """Columns of intervals a day has."""
        return _DAY_MINUTES // self.minutes


class Header(MappingPart):
    """Where the line with the names of the columns stands: the first of ``within`` lines that has them all."""

    within: Annotated[int, BeforeValidator(to_number), Field(ge=1, le=_MOST_PREAMBLE_LINES)]
    repeats: Annotated[bool, BeforeValidator(words_to_bool)] = False


class Tolerance(MappingPart):
    """What a table's rows may do before a warning says so.

    Attributes:
        gap_seconds: a row may begin so much later than the row before ends [s].
        variation_seconds: a row may be so much longer or shorter than the row before [s]; None where any length will do.
    """

    gap_seconds: Count = 0
    variation_seconds: Count | None = None


class Control(MappingPart):
    """What proves that a file is whole.

    Attributes:
        rows: how many rows it has. It proves nothing of the last one where that has no line end.
        total: the sum of all its values, as they are written.
        bytes: its size.
    """

    rows: Count | None = None
    total: Annotated[str, Field(pattern=r"^-?[0-9]{1,30}(\.[0-9]{1,18})?$")] | None = None
    bytes: Count | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Control:
        if self.rows is None and self.total is None and self.bytes is None:
            message = "give 'rows', 'total' or 'bytes'"
            raise ValueError(message)
        return self


class Trailer(MappingPart):
    """The line that ends a file, and the field in it that counts the rows."""

    begins: Annotated[str, Field(min_length=1)]
    rows_field: Annotated[int, BeforeValidator(to_number), Field(ge=1, le=1000)]


_NO_HEADER = Header.model_construct(within=0)


def _none_to_no_header(found: object) -> object:
    return _NO_HEADER if found == "none" else found


class CsvMapping(MappingPart):
    """A mapping of a plain table; see the module's example."""

    service_point_id: Identifier
    meter_id: Identifier | None = None
    time: TimeColumn
    interval_minutes: Annotated[Literal["auto", "between", "step", "row"] | int, BeforeValidator(to_number)] = "auto"
    day: DayColumns | None = None
    channels: Annotated[
        tuple[ChannelColumn, ...],
        Field(min_length=1, max_length=1000),
        BeforeValidator(to_tuple),
    ]
    quality: QualityColumn | None = None
    version: VersionColumn | None = None
    delimiter: Annotated[str, AfterValidator(_one_byte)] = ","
    decimal: Literal[".", ","] = "."
    encoding: Annotated[str, AfterValidator(known_encoding)] = "utf-8"
    missing: Words = ()
    header: Annotated[Header | None, BeforeValidator(_none_to_no_header)] = None
    skip: Words = ()
    tolerance: Tolerance = Tolerance()
    control: Control | None = None
    trailer: Trailer | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> CsvMapping:
        if isinstance(self.interval_minutes, int) and not 1 <= self.interval_minutes <= _MOST_MINUTES:
            message = "interval_minutes is auto, between, step, row or a number of minutes up to a year"
            raise ValueError(message)
        if self.interval_minutes == "row" and not self.time.has_both_ends:
            message = "interval_minutes: row needs both ends of the interval in the row"
            raise ValueError(message)
        names = [(channel.channel, tuple(channel.where.items())) for channel in self.channels]
        if len({str(name) for name in names}) < len(names):
            message = "two columns have the same channel"
            raise ValueError(message)
        if self.decimal == self.delimiter and self.day is not None:
            message = "with one row a day the decimal mark cannot be the delimiter"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _names_its_columns(self) -> CsvMapping:
        if any((channel.column is None) != (self.day is not None) for channel in self.channels):
            message = "a channel names its column, unless 'day' says that columns are intervals"
            raise ValueError(message)
        if self.day is not None and (self.time.date_column is None or self.time.time_column is not None):
            message = "with one row a day 'time' names the 'date_column' alone"
            raise ValueError(message)
        if self.day is not None and (
            self.time.has_both_ends
            or self.interval_minutes not in ("auto", self.day.minutes)
            or len(self.groups) < len(self.channels)
        ):
            message = "with one row a day 'day.minutes' is the length, and a row holds one channel"
            raise ValueError(message)
        below = (self.service_point_id, self.meter_id)
        if self.preamble is None and any(part is not None and part.below is not None for part in below):
            message = "'below' names a cell of the preamble, which needs 'header'"
            raise ValueError(message)
        named = [*self.columns, *([] if self.day is None else [self.day.first, self.day.last])]
        if not self.has_header and not all(_COLUMN_NUMBER.fullmatch(name) for name in named):
            message = "with 'header: none' columns are named by their number: '1' is the first"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _knows_the_ends_of_registers(self) -> CsvMapping:
        if not self.is_cumulative:
            return self
        if any(channel.kind is not ChannelKind.CUMULATIVE for channel in self.channels) or self.day is not None:
            message = "channels of kind cumulative stand in tables of their own, one row an end"
            raise ValueError(message)
        if self.time.has_both_ends != (self.interval_minutes == "row") or (
            not self.time.has_both_ends and self.time.label is not Label.END
        ):
            message = "kind: cumulative needs the end of each row: label: end, or both ends and interval_minutes: row"
            raise ValueError(message)
        return self

    @property
    def is_cumulative(self) -> bool:
        """Whether its values are what registers showed at the ends of rows."""
        return any(channel.kind is ChannelKind.CUMULATIVE for channel in self.channels)

    @property
    def preamble(self) -> Header | None:
        """What is said of lines before the header, if anything is."""
        return self.header if self.has_header else None

    @property
    def has_header(self) -> bool:
        """Whether a line names the columns; else they are named by their number."""
        return self.header is not _NO_HEADER

    @cached_property
    def groups(self) -> list[tuple[dict[str, tuple[str, ...]], list[ChannelColumn]]]:
        """Channels that stand in the same rows, in the order of the mapping."""
        found: list[tuple[dict[str, tuple[str, ...]], list[ChannelColumn]]] = []
        for channel in self.channels:
            for where, members in found:
                if where == channel.where:
                    members.append(channel)
                    break
            else:
                found.append((channel.where, [channel]))
        return found

    @cached_property
    def columns(self) -> list[str]:
        """Names of the columns that the mapping uses, the intervals of a day left out."""
        parts = (self.service_point_id, self.meter_id, self.quality, self.version)
        names = [part.column for part in parts if part is not None and part.column is not None]
        used = [*self.time.columns, *names, *(name for channel in self.channels for name in channel.columns)]
        return list(dict.fromkeys(used))


def read_yaml(text: str) -> Any:  # noqa: ANN401 - whatever a YAML document may hold
    """Return a YAML 1.2 document whose every scalar is text.

    Raises:
        ValueError: it is too long, or no YAML.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"longer than {MOST_CHARACTERS} characters"
        raise ValueError(message)
    try:
        return YAML(typ="base", pure=True).load(text)
    except (YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def parse_mapping(text: str) -> CsvMapping:
    """Read a mapping.

    Args:
        text: YAML 1.2; every scalar is text.

    Raises:
        InputRefusedError: ``mapping.invalid``: no YAML, or a key that is missing, unknown or has a value that cannot
            be; every problem in the message.
    """
    try:
        return CsvMapping.model_validate(read_yaml(text))
    except ValidationError as error:
        problems = "; ".join(f"{_path(problem['loc'])}: {problem['msg']}" for problem in error.errors())
    except ValueError as error:
        problems = str(error)
    code = "mapping.invalid"
    raise InputRefusedError(code, f"the mapping cannot be followed: {problems}", "see 'Files without a meter id or a unit'")


def declared_encoding(text: str) -> str:
    """Return the encoding that a mapping declares; UTF-8 where it cannot be followed, which its reader will say."""
    try:
        return parse_mapping(text).encoding
    except InputRefusedError:
        return "utf-8"


def _path(places: tuple[Any, ...]) -> str:
    return ".".join(str(place) for place in places) or "mapping"
