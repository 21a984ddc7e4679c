"""ebIX: metered data of the Danish hub as ``DK_MeteredDataTimeSeries`` (RSM-012), one series at a time.

Standard: ebIX and Energinet, DK_MeteredDataTimeSeries version 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.ingest.collector import Collector
from pipelines.ingest.market_documents.cim_documents import DANISH_CLOCK
from pipelines.ingest.market_documents.codes import EBIX_QUALITIES
from pipelines.ingest.market_documents.series import Dialect, MeasuredSeries, Period, Point
from pipelines.ingest.market_documents.sources import XmlSource
from pipelines.ingest.market_documents.take_series import SeriesTaker
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format, unfit_file
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_xml import Element, local_name, namespace_of, stream_elements
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.stamps import instant_us

_DOCUMENT = "DK_MeteredDataTimeSeries"
_SERIES = "PayloadEnergyTimeSeries"
_POINT = "IntervalEnergyObservation"
_NAMESPACE = "un:unece:260:data:EEM-DK_MeteredDataTimeSeries:v3"
_HEAD = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?DK_MeteredDataTimeSeries[\s>/]")
_FUNCTIONS = frozenset({"5", "9"})
"""Replaces, original: what the schema knows."""
_HEADER = "HeaderEnergyDocument"
_MUST_SAY: tuple[tuple[str, ...], ...] = (
    (_HEADER, "Identification"), (_HEADER, "DocumentType"), (_HEADER, "Creation"),
    (_HEADER, "SenderEnergyParty", "Identification"), (_HEADER, "RecipientEnergyParty", "Identification"),
    ("ProcessEnergyContext", "EnergyBusinessProcess"),
)  # fmt: skip


def recognise_ebix(head: bytes) -> bool:
    """Whether a document begins as metered data in ebIX does, with an envelope or without."""
    return _HEAD.search(head) is not None


def read_ebix(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read an ebIX document series by series.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` overrides the Danish clock of local days.

    Yields:
        intervals, reads and rejections, in the order of the file.

    Raises:
        InputRefusedError: as ``stream_elements``; ``schema.version``, ``document.incomplete``, ``time.invalid``;
            ``format.unknown``.
    """
    collector = Collector(context.prefix)
    root: Element = None
    document: Element = None
    taker: SeriesTaker | None = None
    place = 0
    for event, element in stream_elements(stream, (_SERIES,), context.name):
        if event == "start":
            root = element
            continue
        place += 1
        if taker is None or document is not element.getparent():
            document = element.getparent()
            taker = _taker_of(document, context, collector)
        yield from _take(XmlSource(element), f"{_SERIES}/{place}", taker, collector)
        if collector.is_full:
            yield collector.hand_over()
    if taker is None:
        _taker_of(next((part for part in root.iter() if local_name(part) == _DOCUMENT), root), context, collector)
        collector.warn("document.empty", "the document holds no series")
    yield collector.hand_over()


def _taker_of(document: Element, context: ReadContext, collector: Collector) -> SeriesTaker:
    """Return who takes the series of a document."""
    if document is None or local_name(document) != _DOCUMENT:
        raise other_format(context.name, _DOCUMENT)
    if namespace_of(document) != _NAMESPACE:
        raise unfit_file("schema.version", f"{context.name}: nobody knows the version '{namespace_of(document)[:120]}'")
    source = XmlSource(document)
    missing = ["/".join(path) for path in _MUST_SAY if source.value(*path) is None]
    if missing:
        raise unfit_file("document.incomplete", f"{context.name}: the document does not say {', '.join(missing)}")
    clock = clock_of(context, DANISH_CLOCK)
    made = instant_us(source.value(_HEADER, "Creation") or "", clock)
    if isinstance(made, Fault):
        raise unfit_file(made.code, f"{context.name}: Creation: {made.message}")
    return SeriesTaker(collector, Dialect(EBIX_QUALITIES, must_register=False), DocumentClock(clock, collector), made)


def _take(source: XmlSource, record: str, taker: SeriesTaker, collector: Collector) -> Iterator[Parsed]:
    """Take a series, unless its function is none that brings values."""
    series = _series_of(source, record)
    function = source.value("Function")
    if function in _FUNCTIONS:
        yield from taker.take(series)
        return
    fault = Fault("series.function", f"nobody knows function '{str(function)[:20]}' of a series")
    collector.reject(record, fault, f"{series.name} {series.service_point_id}", max(1, series.points))


def _series_of(source: XmlSource, record: str) -> MeasuredSeries:
    """Return a series as it stands in its document."""
    period = Period(
        source.value("ObservationTimeSeriesPeriod", "Start"),
        source.value("ObservationTimeSeriesPeriod", "End"),
        source.value("ObservationTimeSeriesPeriod", "ResolutionDuration"),
        tuple(_point(part) for part in source.parts(_POINT)),
        record,
        _POINT,
    )
    return MeasuredSeries(
        name=source.value("Identification") or "",
        service_point_id=source.value("MeteringPointDomainLocation", "Identification"),
        metering_point_type=source.value("DetailMeasurementMeteringPointCharacteristic", "TypeOfMeteringPoint"),
        business_type=None,
        product=source.value("IncludedProductCharacteristic", "Identification"),
        flow=None,
        unit=source.value("IncludedProductCharacteristic", "UnitType"),
        curve=None,
        registered=None,
        periods=(period,),
        record=record,
    )


def _point(source: XmlSource) -> Point:
    found = source.scalars()
    return Point(
        found.get("Position"),
        found.get("EnergyQuantity"),
        found.get("QuantityQuality"),
        says_missing=found.get("QuantityMissing", "") in ("true", "1"),
    )
