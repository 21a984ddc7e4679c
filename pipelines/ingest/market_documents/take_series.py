"""Series of measure documents become slots and reads.

A period whose grid or positions are not sure is set aside whole: a value at a wrong place is worse than none. Points
that are not there are missing, and said so; where points stand for blocks of steps (curve A03), the steps between them
carry the value and quality of the point before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.market_documents.codes import direction_of, unit_of
from pipelines.ingest.market_documents.series import Dialect, MeasuredSeries, Period, Point
from pipelines.ingest.market_documents.time_grid import MOST_STEPS, grid_of
from pipelines.ingest.reader import Parsed
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import DocumentClock
from pipelines.ingest.times.durations import parse_duration
from schemas.codes import Direction, Quality
from schemas.instants import SECOND_US

_FIXED_BLOCKS, _VARIABLE_BLOCKS = "A01", "A03"
_POSITION = re.compile(r"[0-9]{1,7}")
_CHARACTERS = 60


@dataclass(frozen=True)
class SeriesTaker:
    """Takes the series of one document.

    Attributes:
        collector: what was met in the file.
        dialect: what the document means by its codes.
        clock: of local days, and of times that name no offset.
        version_us: when the document was made, UTC [us since 1970]; None where it does not say.
    """

    collector: Collector
    dialect: Dialect
    clock: DocumentClock
    version_us: int | None

    def take(self, measured: MeasuredSeries) -> Iterator[Parsed]:
        """Take a series; yield what is collected whenever it is much."""
        version, series = self._version(measured), self._series(measured)
        if isinstance(version, Fault):
            self._reject(measured.record, version, measured, measured.points)
            return
        if isinstance(series, Fault):
            self._reject(measured.record, series, measured, measured.points)
            return
        if not measured.periods:
            self._reject(measured.record, Fault("series.incomplete", "the series has no period"), measured, 1)
        for period in measured.periods:
            yield from self._take_period(measured, series, period, version)

    def _version(self, measured: MeasuredSeries) -> int | Fault | None:
        """Return when the values were registered: by the series, else by the document."""
        if measured.registered is not None:
            return self.clock.instant_us(measured.registered)
        if self.dialect.must_register:
            return Fault("series.incomplete", "the series does not say when its values were registered")
        return self.version_us

    def _series(self, measured: MeasuredSeries) -> Series | Fault:
        """Return the channel of a series, or why it cannot be taken."""
        if measured.service_point_id is None:
            return Fault("series.incomplete", "the series names no metering point")
        if measured.unit is None:
            return Fault("series.incomplete", "the series has no unit")
        unit = unit_of(measured.unit)
        if unit is None:
            return Fault("unit.unknown", f"nobody knows the unit '{measured.unit[:_CHARACTERS]}'")
        if measured.curve not in (None, _FIXED_BLOCKS, _VARIABLE_BLOCKS):
            return Fault("curve.unknown", f"points of curve '{str(measured.curve)[:_CHARACTERS]}' do not lie on a grid")
        points = [point for period in measured.periods for point in period.points]
        if points and all(point.quantity is None and point.quality is None and not point.says_missing for point in points):
            return Fault("series.incomplete", "no point of the series holds a quantity")
        direction = direction_of(measured.metering_point_type, measured.business_type)
        if direction is None:
            codes = measured.channel[:_CHARACTERS] or "none"
            self.collector.warn("direction.unknown", f"the codes of a series ({codes}) do not say which way it flows")
        return Series(
            measured.service_point_id,
            "",
            measured.channel,
            unit.quantity,
            direction or Direction.NONE,
            unit.unit,
            unit.exponent,
        )

    def _take_period(self, measured: MeasuredSeries, series: Series, period: Period, version_us: int | None) -> Iterator[Parsed]:
        """Take the points of a period, or set them aside together."""
        borders = self._borders(period)
        if isinstance(borders, Fault):
            self._reject(period.record, borders, measured, len(period.points))
            return
        count = len(borders) - 1
        if measured.curve == _VARIABLE_BLOCKS and count > MOST_STEPS:
            fault = Fault("record.length", f"blocks of variable size would fill {count} steps")
            self._reject(period.record, fault, measured, len(period.points))
            return
        steps = _points_by_step(period.points, count)
        if isinstance(steps, Fault):
            self._reject(period.record, steps, measured, len(period.points))
            return
        if measured.curve == _VARIABLE_BLOCKS:
            steps = _filled(steps, count)
        if len(steps) < count:
            message = f"{period.record}: {count - len(steps)} of {count} points are not there; they are missing"
            self.collector.warn("points.missing", message)
        for step, (number, point) in steps.items():
            record = f"{period.record}/{period.name_of_points}/{number}"
            self._take_point(series, point, (borders[step], borders[step + 1]), record, version_us)
            if self.collector.is_full:
                yield self.collector.hand_over()

    def _borders(self, period: Period) -> Sequence[int] | Fault:
        """Return the borders of a period's steps."""
        if period.start is None or period.end is None:
            return Fault("time.missing", "the period has no start or no end")
        if period.resolution is None:
            return Fault("resolution.unknown", "the period has no resolution")
        start, end = self.clock.instant_us(period.start), self.clock.instant_us(period.end)
        if isinstance(start, Fault):
            return start
        if isinstance(end, Fault):
            return end
        step = parse_duration(period.resolution)
        if step is None:
            return Fault("resolution.unknown", f"'{period.resolution[:20]}' is no resolution of a measure document")
        if step.is_calendar:
            self.clock.use()
        return grid_of(start, end, step, self.clock.name)

    def _take_point(self, series: Series, point: Point, span: tuple[int, int], record: str, version_us: int | None) -> None:
        """Take a point."""
        quality = Quality.MEASURED if point.quality is None else self.dialect.qualities.get(point.quality)
        if quality is None:
            fault = Fault("quality.unknown", f"nobody knows the quality '{str(point.quality)[:_CHARACTERS]}'")
            self.collector.reject(record, fault, f"{point.quantity} {point.quality}")
            return
        if point.says_missing:
            quality = Quality.MISSING
        if quality is Quality.MISSING and point.quantity is not None:
            message = "there are quantities beside a quality that says there is none; they are missing"
            self.collector.warn("quality.contradicted", message)
        if quality is not Quality.MISSING and point.quantity is None:
            self.collector.warn("value.missing", "there are points with neither a quantity nor a word that it is missing")
        start, end = span
        self.collector.add_interval(
            series,
            start,
            (end - start) // SECOND_US,
            point.quantity,
            record,
            quality=quality,
            native_quality=point.quality,
            version_us=version_us,
        )

    def _reject(self, record: str, fault: Fault, measured: MeasuredSeries, rows: int) -> None:
        """Set aside the points of a series or period."""
        raw = f"{measured.name} {measured.service_point_id} {measured.channel} {measured.unit}"
        self.collector.reject(record, fault, raw, max(1, rows))


_Steps = dict[int, tuple[int, Point]]
"""Steps from 0, in order: the number of the point in the document, from 1, and the point."""


def _points_by_step(points: Sequence[Point], steps: int) -> _Steps | Fault:
    """Return points by their steps, or why their places are not sure."""
    found: _Steps = {}
    for number, point in enumerate(points, start=1):
        if point.position is None or _POSITION.fullmatch(point.position) is None:
            return Fault("record.length", f"point {number} has no position")
        step = int(point.position) - 1
        if not 0 <= step < steps:
            return Fault("record.length", f"position {point.position} in a period of {steps} steps")
        if step in found:
            return Fault("record.length", f"position {point.position} is there twice")
        found[step] = (number, point)
    return dict(sorted(found.items())) if found else Fault("record.length", "the period has no points")


def _filled(steps: _Steps, count: int) -> _Steps:
    """Return every step from the first point on: those between two points carry the one before."""
    found: _Steps = {}
    for step in range(min(steps), count):
        found[step] = steps.get(step) or found[step - 1]
    return found
