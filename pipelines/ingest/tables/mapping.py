"""The mapping of a plain table: which column is what.

A small YAML document beside a file that names neither its meter nor its unit::

    service_point_id: {from: file_name}        # or {column: NAME}, or {value: "..."}
    meter_id: {value: "..."}                   # optional, the same three forms
    time: {column: start, label: start, zone: America/Chicago}
    interval_minutes: auto                     # or a number
    quality: {column: Q, codes: {A: measured, E: delivered_estimate}}   # optional
    version: {column: sent_at}                 # optional
    delimiter: ";"                             # optional, a comma without it
    channels:
    - {column: value, channel: E1, quantity: active_energy, direction: import, unit: kWh}
    - {column: kw, channel: P, quantity: active_energy, direction: import, unit: kW, average_power: true}
    - {column: read, channel: R, quantity: active_energy, direction: import, unit: kWh, kind: index}

Every scalar is text, as written: the zone ``12`` stays a text, the channel ``off`` a word.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from schemas.codes import Direction, Quality
from schemas.errors import InputRefusedError
from schemas.units import Unit, parse_unit
from tariffs.clock import Clock

MOST_CHARACTERS = 64 * 1024
_MOST_MINUTES = 366 * 1440
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
    """What the values of a column are: quantities of intervals, or what a register showed."""

    INTERVAL = "interval"
    INDEX = "index"


def _words_to_bool(text: object) -> object:
    return {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text


def _to_minutes(text: object) -> object:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else text


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


def _one_byte(text: str) -> str:
    if len(text.encode()) != 1 or text in '"\n\r ' or text.isalnum():
        message = "a delimiter is one character such as ',' ';' '|' or a tab"
        raise ValueError(message)
    return text


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=False)


class Identifier(_Document):
    """Where an identifier is found: in the file's name, in a column, or here."""

    source: Annotated[Literal["file_name"] | None, Field(alias="from")] = None
    column: str | None = None
    value: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Identifier:
        if sum(part is not None for part in (self.source, self.column, self.value)) != 1:
            message = "give one of 'from: file_name', 'column' and 'value'"
            raise ValueError(message)
        return self


class TimeColumn(_Document):
    """The column of stamps: ISO dates and times, with their own offset or local in ``zone``."""

    column: str
    label: Label = Label.START
    zone: Annotated[str, AfterValidator(_known_zone)] | None = None


class QualityColumn(_Document):
    """The column of the source's quality codes and what they mean; every value is measured where a code is not named."""

    column: str
    codes: dict[str, Literal["measured", "missing", "delivered_estimate", "substituted", "final_substituted"]] = {}


class VersionColumn(_Document):
    """The column that says when the sender made a row."""

    column: str


class ChannelColumn(_Document):
    """A column of values.

    Attributes:
        column: its name in the file.
        channel: its name in the store.
        quantity: what is measured.
        direction: import, export or none, seen from the customer.
        unit: unit of the values; left out where the source has none.
        average_power: the values are average powers of their intervals: energy = power times hours.
        kind: interval, or index for a cumulative register.
    """

    column: str
    channel: Annotated[str, Field(min_length=1)]
    quantity: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    direction: Direction = Direction.NONE
    unit: Annotated[str | None, AfterValidator(_known_unit)] = None
    average_power: Annotated[bool, BeforeValidator(_words_to_bool)] = False
    kind: ChannelKind = ChannelKind.INTERVAL

    @model_validator(mode="after")
    def _is_power(self) -> ChannelColumn:
        if self.average_power and (self.kind is ChannelKind.INDEX or self.source_unit.quantity not in _ENERGY_OF_POWER):
            message = "average_power needs a unit of power, such as kW, and values of intervals"
            raise ValueError(message)
        return self

    @cached_property
    def source_unit(self) -> Unit:
        """The unit of the values; without a name where the source has none."""
        unit = parse_unit(self.unit) if self.unit is not None else None
        return unit if unit is not None else Unit(self.quantity, "", 0)

    @cached_property
    def power(self) -> ChannelColumn:
        """The same column as power: where its energy does not terminate as a decimal."""
        return self.model_copy(update={"quantity": self.source_unit.quantity, "average_power": False})

    @property
    def store_unit(self) -> str | None:
        """The unit of the rows; None where the source has none."""
        if self.average_power:
            return _ENERGY_OF_POWER[self.source_unit.quantity][1]
        return self.source_unit.unit or None


class CsvMapping(_Document):
    """A mapping of a plain table; see the module's example."""

    service_point_id: Identifier
    meter_id: Identifier | None = None
    time: TimeColumn
    interval_minutes: Annotated[Literal["auto"] | int, BeforeValidator(_to_minutes)] = "auto"
    channels: Annotated[
        tuple[ChannelColumn, ...],
        Field(min_length=1),
        BeforeValidator(lambda found: tuple(found) if isinstance(found, list) else found),
    ]
    quality: QualityColumn | None = None
    version: VersionColumn | None = None
    delimiter: Annotated[str, AfterValidator(_one_byte)] = ","

    @model_validator(mode="after")
    def _is_consistent(self) -> CsvMapping:
        if isinstance(self.interval_minutes, int) and not 1 <= self.interval_minutes <= _MOST_MINUTES:
            message = "interval_minutes is auto or a number of minutes up to a year"
            raise ValueError(message)
        names = [channel.channel for channel in self.channels]
        if len(set(names)) < len(names):
            message = "two columns have the same channel"
            raise ValueError(message)
        return self


def parse_mapping(text: str) -> CsvMapping:
    """Read a mapping.

    Args:
        text: YAML 1.2; every scalar is text.

    Raises:
        InputRefusedError: ``mapping.invalid``: no YAML, or a key that is missing, unknown or has a value that cannot
            be; every problem in the message.
    """
    try:
        document = YAML(typ="base", pure=True).load(text) if len(text) <= MOST_CHARACTERS else None
        return CsvMapping.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(f"{_path(problem['loc'])}: {problem['msg']}" for problem in error.errors())
    except (YAMLError, RecursionError, ValueError) as error:
        problems = " ".join(str(error).split())
    code = "mapping.invalid"
    raise InputRefusedError(code, f"the mapping cannot be followed: {problems}", "see 'Files without a meter id or a unit'")


def _path(places: tuple[Any, ...]) -> str:
    return ".".join(str(place) for place in places) or "mapping"
