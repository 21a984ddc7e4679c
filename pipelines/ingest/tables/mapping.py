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
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.ingest.tables.encodings import known_encoding
from pipelines.ingest.tables.stamp_forms import ORDINAL_HOUR, compile_form
from schemas.codes import Direction, Quality
from schemas.errors import InputRefusedError
from schemas.units import Unit, parse_unit
from tariffs.clock import Clock

MOST_CHARACTERS = 64 * 1024
_MOST_MINUTES = 366 * 1440
_MOST_PREAMBLE_LINES = 200
_DAY_MINUTES = 1440
_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_COLUMN_NUMBER = re.compile("[1-9][0-9]{0,4}")
_ENERGY_OF_POWER = {
    "power": ("active_energy", "kWh"),
    "reactive_power": ("reactive_energy", "kvarh"),
    "apparent_power": ("apparent_energy", "kVAh"),
}

QUALITY_WORDS = {
    "measured": Quality.MEASURED,
    "missing": Quality.MISSING,
    "delivered_estimate": Quality.DELIVERED_ESTIMATE,
    "substituted": Quality.SUBSTITUTED,
    "final_substituted": Quality.FINAL_SUBSTITUTED,
}


class Label(StrEnum):
    """Which end of its interval a stamp names."""

    START = "start"
    END = "end"


class ChannelKind(StrEnum):
    """What the values of a column are.

    Quantities of intervals; what a register showed; or what it showed at the end of each row, from which follows what
    was used between two rows.
    """

    INTERVAL = "interval"
    INDEX = "index"
    CUMULATIVE = "cumulative"


def _words_to_bool(text: object) -> object:
    return {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text


def _to_number(text: object) -> object:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else text


def _to_tuple(found: object) -> object:
    return tuple(found) if isinstance(found, list) else (found,) if isinstance(found, str) else found


def _known_zone(name: str) -> str:
    try:
        Clock(name)
    except InputRefusedError as error:
        raise ValueError(str(error)) from None
    return name


def _known_unit(text: str | None) -> str | None:
    if text is not None and parse_unit(text) is None:
        message = f"nobody knows the unit '{text}'"
        raise ValueError(message)
    return text


def _known_forms(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        compile_form(text)
    return texts


def _one_byte(text: str) -> str:
    if len(text.encode()) != 1 or text in '"\n\r \x1f' or text.isalnum():
        message = "a delimiter is one character such as ',' ';' '|' or a tab"
        raise ValueError(message)
    return text


Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_to_tuple)]
Forms = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_known_forms), BeforeValidator(_to_tuple)]
Count = Annotated[int, BeforeValidator(_to_number), Field(ge=0)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=False)


class Identifier(_Document):
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


class TimeColumn(_Document):
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


class QualityColumn(_Document):
    """The column of the source's quality codes and what they mean; every value is measured where a code is not named."""

    column: str
    codes: dict[str, Literal["measured", "missing", "delivered_estimate", "substituted", "final_substituted"]] = {}


class VersionColumn(_Document):
    """The column that says when the sender made a row."""

    column: str
    date_format: Forms | None = None


class FromColumn(_Document):
    """A fact that each row says itself."""

    column: str


class DayColumns(_Document):
    """A table with one row a day and one column an interval: the first and the last of these columns."""

    first: str
    last: str
    minutes: Annotated[int, BeforeValidator(_to_number), Field(ge=1, le=_DAY_MINUTES)]

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


class Header(_Document):
    """Where the line with the names of the columns stands: the first of ``within`` lines that has them all."""

    within: Annotated[int, BeforeValidator(_to_number), Field(ge=1, le=_MOST_PREAMBLE_LINES)]
    repeats: Annotated[bool, BeforeValidator(_words_to_bool)] = False


class Tolerance(_Document):
    """What a table's rows may do before a warning says so.

    Attributes:
        gap_seconds: a row may begin so much later than the row before ends [s].
        variation_seconds: a row may be so much longer or shorter than the row before [s]; None where any length will do.
    """

    gap_seconds: Count = 0
    variation_seconds: Count | None = None


class Control(_Document):
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


class Trailer(_Document):
    """The line that ends a file, and the field in it that counts the rows."""

    begins: Annotated[str, Field(min_length=1)]
    rows_field: Annotated[int, BeforeValidator(_to_number), Field(ge=1, le=1000)]


_NO_HEADER = Header.model_construct(within=0)


def _none_to_no_header(found: object) -> object:
    return _NO_HEADER if found == "none" else found


class ResetWindow(_Document):
    """The time of day in which a register may begin again, by the clock of the table; it may reach over midnight.

    Attributes:
        begins: its first moment (``from``).
        ends: its last one (``to``).
    """

    begins: Annotated[str, Field(alias="from", pattern=_TIME_OF_DAY)]
    ends: Annotated[str, Field(alias="to", pattern=_TIME_OF_DAY)]

    @property
    def seconds(self) -> tuple[int, int]:
        """Both in seconds since midnight."""
        begin, end = ((int(text[:2]) * 60 + int(text[3:])) * 60 for text in (self.begins, self.ends))
        return begin, end


class ChannelColumn(_Document):
    """A column of values.

    Attributes:
        column: its name in the file; None where the columns are the intervals of a day.
        where: what other columns must say for a row to hold this channel: a word, several, or a beginning and ``*``.
        channel: its name in the store, or the column that names it.
        quantity: what is measured.
        direction: import, export or none, seen from the customer.
        unit: unit of the values, or the column that names it; left out where the source has none.
        average_power: the values are average powers of their intervals: energy = power times hours.
        kind: what its values are.
        resets: when a register of kind cumulative may begin again at zero: none, always, or a time of day.
    """

    column: str | None = None
    where: dict[str, Words] = {}
    channel: Annotated[str, Field(min_length=1)] | FromColumn
    quantity: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    direction: Direction = Direction.NONE
    unit: Annotated[str, AfterValidator(_known_unit)] | FromColumn | None = None
    average_power: Annotated[bool, BeforeValidator(_words_to_bool)] = False
    kind: ChannelKind = ChannelKind.INTERVAL
    resets: Literal["none", "always"] | ResetWindow = "none"

    @model_validator(mode="after")
    def _is_register(self) -> ChannelColumn:
        if self.resets != "none" and self.kind is not ChannelKind.CUMULATIVE:
            message = "'resets' is for kind: cumulative"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _is_power(self) -> ChannelColumn:
        if not self.average_power:
            return self
        if self.kind is not ChannelKind.INTERVAL or isinstance(self.unit, FromColumn) or not self._is_of_power(self.source_unit):
            message = "average_power needs a unit of power, such as kW, and values of intervals"
            raise ValueError(message)
        return self

    @staticmethod
    def _is_of_power(unit: Unit) -> bool:
        return unit.quantity in _ENERGY_OF_POWER

    @cached_property
    def source_unit(self) -> Unit:
        """The unit of the values; without a name where the source has none."""
        unit = parse_unit(self.unit) if isinstance(self.unit, str) else None
        return unit if unit is not None else Unit(self.quantity, "", 0)

    @cached_property
    def power(self) -> ChannelColumn:
        """The same column as power: where its energy does not terminate as a decimal."""
        return self.model_copy(update={"quantity": self.source_unit.quantity, "average_power": False})

    def of_kind(self, kind: ChannelKind) -> ChannelColumn:
        """Return the same column as one of another kind."""
        return self.model_copy(update={"kind": kind, "resets": "none"})

    def in_unit(self, unit: str) -> ChannelColumn:
        """Return the same column with the unit that some of its rows name; the unit says what is measured."""
        known = parse_unit(unit)
        quantity = self.quantity if known is None else known.quantity
        return self.model_copy(update={"unit": unit, "quantity": quantity, "source_unit": known})

    @property
    def store_unit(self) -> str | None:
        """The unit of the rows; None where the source has none."""
        if self.average_power:
            return _ENERGY_OF_POWER[self.source_unit.quantity][1]
        return self.source_unit.unit or None

    @property
    def columns(self) -> list[str]:
        """Names of the columns that are read."""
        named = [part.column for part in (self.channel, self.unit) if isinstance(part, FromColumn)]
        return [*([] if self.column is None else [self.column]), *self.where, *named]


class CsvMapping(_Document):
    """A mapping of a plain table; see the module's example."""

    service_point_id: Identifier
    meter_id: Identifier | None = None
    time: TimeColumn
    interval_minutes: Annotated[Literal["auto", "between", "step", "row"] | int, BeforeValidator(_to_number)] = "auto"
    day: DayColumns | None = None
    channels: Annotated[
        tuple[ChannelColumn, ...],
        Field(min_length=1, max_length=1000),
        BeforeValidator(_to_tuple),
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
