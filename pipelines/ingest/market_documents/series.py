"""What every measure document holds, whatever its dialect: series of points on a grid of time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from schemas.codes import Quality


class Point(NamedTuple):
    """A point as it stands in the document.

    Attributes:
        position: its place in the period, from 1.
        quantity: its value; None where none is written.
        quality: code of its quality; None where none is written.
        says_missing: whether the document says that there is no value.
    """

    position: str | None
    quantity: str | Decimal | None
    quality: str | None
    says_missing: bool = False


class Period(NamedTuple):
    """A stretch of time cut into steps of one resolution."""

    start: str | None
    end: str | None
    resolution: str | None
    points: tuple[Point, ...]
    record: str
    name_of_points: str = "Point"


class MeasuredSeries(NamedTuple):
    """A series as it stands in the document.

    Attributes:
        name: its identification, for a person.
        service_point_id: metering point; None where none is named.
        metering_point_type: E17, E18, ...
        business_type: A04, ...
        product: EAN code of what is measured.
        flow: direction of flow.
        unit: code of the unit.
        curve: how points lie on the grid: A01 one a step, A03 one a block of steps; None is A01.
        registered: when the sender registered these values.
        periods: its periods.
        record: where it stands.
    """

    name: str
    service_point_id: str | None
    metering_point_type: str | None
    business_type: str | None
    product: str | None
    flow: str | None
    unit: str | None
    curve: str | None
    registered: str | None
    periods: tuple[Period, ...]
    record: str

    @property
    def channel(self) -> str:
        """The codes by which the source tells its registers apart; where it has none, its unit."""
        codes = (self.metering_point_type, self.business_type, self.product, self.flow)
        return "/".join(code for code in codes if code) or self.unit or ""

    @property
    def points(self) -> int:
        """Points of all periods."""
        return sum(len(period.points) for period in self.periods)


class Dialect(NamedTuple):
    """What a kind of document means by its codes.

    Attributes:
        qualities: codes of quality.
        must_register: whether each series must say when it was registered.
    """

    qualities: Mapping[str, Quality]
    must_register: bool
