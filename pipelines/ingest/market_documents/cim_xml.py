"""CIM measure documents in XML, of any size: one series at a time.

The namespace names the document and its version. Only versions that are known are read: the Danish hub's 0:1, and
numbered versions of the documents of IEC 62325-451.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pipelines.ingest.collector import Collector
from pipelines.ingest.market_documents.cim_documents import RSM_012, SERIES, series_of, taker_of
from pipelines.ingest.market_documents.sources import XmlSource
from pipelines.ingest.market_documents.take_series import SeriesTaker
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format, unfit_file
from pipelines.ingest.strict_xml import Element, local_name, namespace_of, stream_elements

_DOCUMENT = re.compile(r"[A-Za-z]+_MarketDocument")
_HEAD = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?[A-Za-z]+_MarketDocument[\s>/]")
_DANISH = re.compile(r"urn:ediel\.org:measure:notifyvalidatedmeasuredata:0:1")
_EUROPEAN = re.compile(r"urn:iec62325\.351:tc57wg16:451-[0-9a-z]{1,4}:[a-z]{1,80}:[0-9]{1,3}:[0-9]{1,3}")


def recognise_cim_xml(head: bytes) -> bool:
    """Whether a document begins as a market document in XML does, with an envelope or without."""
    return _HEAD.search(head) is not None


def read_cim_xml(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read market documents series by series.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` overrides the clock of local days.

    Yields:
        intervals, reads and rejections, in the order of the file.

    Raises:
        InputRefusedError: as ``stream_elements`` and ``taker_of``; ``schema.version``; ``format.unknown``.
    """
    collector = Collector(context.prefix)
    root: Element = None
    opened: _Opened | None = None
    place = 0
    for event, element in stream_elements(stream, SERIES, context.name):
        if event == "start":
            root = element
            continue
        place += 1
        document = element.getparent()
        if opened is None or opened.element is not document:
            opened = _Opened.of(document, context, collector)
        yield from opened.taker.take(series_of(XmlSource(element), f"{local_name(element)}/{place}"))
        if collector.is_full:
            yield collector.hand_over()
    if opened is None:
        _open_without_series(root, context, collector)
    yield collector.hand_over()


@dataclass(frozen=True)
class _Opened:
    """A document whose series are being taken."""

    element: Element
    taker: SeriesTaker

    @classmethod
    def of(cls, element: Element, context: ReadContext, collector: Collector) -> _Opened:
        """Open a document.

        Raises:
            InputRefusedError: it is none, or of a version that nobody knows.
        """
        name = "" if element is None else local_name(element)
        if _DOCUMENT.fullmatch(name) is None:
            raise other_format(context.name, "market document around a series")
        namespace = namespace_of(element)
        if (_DANISH if name == RSM_012 else _EUROPEAN).fullmatch(namespace) is None:
            raise unfit_file("schema.version", f"{context.name}: nobody knows {name} in the version '{namespace[:120]}'")
        return cls(element, taker_of(XmlSource(element), name, context, collector))


def _open_without_series(root: Element, context: ReadContext, collector: Collector) -> None:
    """Look at a file in which no series was met."""
    document = next((element for element in root.iter() if _DOCUMENT.fullmatch(local_name(element))), None)
    _Opened.of(document, context, collector)
    collector.warn("document.empty", "the document holds no series")
