"""CIM measure documents, whatever they are written in: what a document must say, and the series in it.

RSM-012 of the Danish hub (``NotifyValidatedMeasureData_MarketDocument``) flattens what other documents nest:
``marketEvaluationPoint.mRID`` is ``MarketEvaluationPoint`` with an ``mRID`` in it in Eloverblik's answers. ENTSO-E
documents have ``TimeSeries`` in place of ``Series``.

Standards: IEC 62325-351 and 62325-451; Energinet, CIM EDI guide, RSM-012; Energinet, Eloverblik customer API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pipelines.ingest.collector import Collector
from pipelines.ingest.market_documents.codes import CIM_QUALITIES, PLANNED_PROCESSES, WITHDRAWN_STATUSES
from pipelines.ingest.market_documents.series import Dialect, MeasuredSeries, Period, Point
from pipelines.ingest.market_documents.sources import Source, first_text, text_of
from pipelines.ingest.market_documents.take_series import SeriesTaker
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.refusals import unfit_file
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.stamps import instant_us

SERIES = ("Series", "TimeSeries")
RSM_012 = "NotifyValidatedMeasureData_MarketDocument"
ELOVERBLIK = "MyEnergyData_MarketDocument"
DANISH_CLOCK = "Europe/Copenhagen"

_MUST_SAY = {
    RSM_012: (
        "mRID", "type", "process.processType", "createdDateTime", "sender_MarketParticipant.mRID",
        "sender_MarketParticipant.marketRole.type", "receiver_MarketParticipant.mRID",
        "receiver_MarketParticipant.marketRole.type",
    ),
}  # fmt: skip
"""What a document must say of itself; its schema has no reading without it."""

_POINT_ID = (
    ("marketEvaluationPoint.mRID",),
    ("MarketEvaluationPoint", "mRID"),
    ("marketEvaluationPoint", "mRID"),
    ("registeredResource.mRID",),
)
_UNIT = (
    ("quantity_Measure_Unit.name",),
    ("quantity_Measurement_Unit.name",),
    ("measurement_Unit.name",),
    ("measure_Unit.name",),
    ("energy_Measurement_Unit.name",),
)
_REGISTERED = (("registration_DateAndOrTime.dateTime",),)
_START = (("timeInterval", "start"),)
_END = (("timeInterval", "end"),)
_QUANTITIES = ("quantity", "out_Quantity.quantity", "energy_Quantity.quantity")
_QUALITIES = ("quality", "out_Quantity.quality", "energy_Quantity.quality")


def taker_of(document: Source, name: str, context: ReadContext, collector: Collector) -> SeriesTaker:
    """Return who takes the series of a document.

    Args:
        document: the document.
        name: what it is called: ``NotifyValidatedMeasureData_MarketDocument``, ...
        context: what the reader was told.
        collector: what is met.

    Raises:
        InputRefusedError: ``document.incomplete``, it does not say what it must; ``document.withdrawn``;
            ``document.planned``, its values were never metered; ``time.invalid``; ``clock.invalid``.
    """
    missing = [field for field in _MUST_SAY.get(name, ()) if text_of(document, field) is None]
    if missing:
        raise unfit_file("document.incomplete", f"{context.name}: the document does not say {', '.join(missing)}")
    process = text_of(document, "process.processType")
    if name != RSM_012 and process in PLANNED_PROCESSES:
        raise unfit_file("document.planned", f"{context.name} holds plans or forecasts (process {process}), nothing metered")
    status = first_text(document, ("docStatus", "value"), ("docStatus",))
    if status in WITHDRAWN_STATUSES:
        raise unfit_file("document.withdrawn", f"{context.name} is withdrawn (status {status}); nothing is taken from it")
    is_danish = name in (RSM_012, ELOVERBLIK)
    clock = clock_of(context, DANISH_CLOCK if is_danish else context.zone)
    created = text_of(document, "createdDateTime")
    made = None if created is None else instant_us(created, clock)
    if isinstance(made, Fault):
        raise unfit_file(made.code, f"{context.name}: createdDateTime: {made.message}")
    return SeriesTaker(collector, Dialect(CIM_QUALITIES, must_register=name == RSM_012), DocumentClock(clock, collector), made)


def series_of(source: Source, record: str) -> MeasuredSeries:
    """Return a series as it stands in its document."""
    return MeasuredSeries(
        name=text_of(source, "mRID") or "",
        service_point_id=first_text(source, *_POINT_ID),
        metering_point_type=first_text(source, ("marketEvaluationPoint.type",), ("MarketEvaluationPoint", "type")),
        business_type=text_of(source, "businessType"),
        product=text_of(source, "product"),
        flow=text_of(source, "flowDirection.direction"),
        unit=first_text(source, *_UNIT),
        curve=text_of(source, "curveType"),
        registered=first_text(source, *_REGISTERED),
        periods=tuple(_periods(source, record)),
        record=record,
    )


def _periods(source: Source, record: str) -> Iterator[Period]:
    for place, period in enumerate(source.parts("Period"), start=1):
        yield Period(
            first_text(period, *_START),
            first_text(period, *_END),
            text_of(period, "resolution"),
            tuple(_point(point) for point in period.parts("Point")),
            f"{record}/Period/{place}",
        )


def _point(source: Source) -> Point:
    found = source.scalars()
    position, quality = _only(found, ("position",)), _only(found, _QUALITIES)
    return Point(
        None if position is None else str(position),
        _only(found, _QUANTITIES),
        None if quality is None else str(quality),
    )


def _only(found: Mapping[str, str | Decimal], names: Sequence[str]) -> str | Decimal | None:
    """Return the scalar that bears one of some names; several make a text that nobody takes for a value."""
    there = [found[name] for name in names if name in found]
    return " ".join(map(str, there)) if len(there) > 1 else next(iter(there), None)
