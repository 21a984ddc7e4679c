"""What a column of a plain table holds: whose register, which quantity and unit, and how its values are meant."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pipelines.ingest.tables.mapping_words import MappingPart, Words, words_to_bool
from schemas.codes import Direction
from schemas.units import Unit, parse_unit

_TIME_OF_DAY = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
_ENERGY_OF_POWER = {
    "power": ("active_energy", "kWh"),
    "reactive_power": ("reactive_energy", "kvarh"),
    "apparent_power": ("apparent_energy", "kVAh"),
}


class ChannelKind(StrEnum):
    """What the values of a column are.

    Quantities of intervals; what a register showed; or what it showed at the end of each row, from which follows what
    was used between two rows.
    """

    INTERVAL = "interval"
    INDEX = "index"
    CUMULATIVE = "cumulative"


def _known_unit(text: str | None) -> str | None:
    if text is not None and parse_unit(text) is None:
        message = f"nobody knows the unit '{text}'"
        raise ValueError(message)
    return text


class FromColumn(MappingPart):
    """A fact that each row says itself."""

    column: str


class ResetWindow(MappingPart):
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


class ChannelColumn(MappingPart):
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
    where: dict[str, Words] = Field(default_factory=dict)
    channel: Annotated[str, Field(min_length=1)] | FromColumn
    quantity: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    direction: Direction = Direction.NONE
    unit: Annotated[str, AfterValidator(_known_unit)] | FromColumn | None = None
    average_power: Annotated[bool, BeforeValidator(words_to_bool)] = False
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
