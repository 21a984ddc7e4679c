"""CIM measure documents in JSON, and the answers of Eloverblik, which hold several of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.ingest.collector import Collector
from pipelines.ingest.market_documents.cim_documents import ELOVERBLIK, SERIES, series_of, taker_of
from pipelines.ingest.market_documents.sources import JsonSource
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import read_json

_DOCUMENT = re.compile(r"[A-Za-z]+_MarketDocument")
_HEAD = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*[{\[].*?"(?P<name>[A-Za-z]+_MarketDocument)"\s*:', re.DOTALL)


def recognise_cim_json(head: bytes) -> bool:
    """Whether a document begins as a market document in JSON does."""
    match = _HEAD.match(head)
    return match is not None and match["name"].decode() != ELOVERBLIK


def recognise_eloverblik(head: bytes) -> bool:
    """Whether a document begins as an answer of Eloverblik does."""
    match = _HEAD.match(head)
    return match is not None and match["name"].decode() == ELOVERBLIK


def read_cim_json(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read market documents in JSON.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` overrides the clock of local days.

    Yields:
        intervals, reads and rejections, in the order of the file.

    Raises:
        InputRefusedError: as ``read_json`` and ``taker_of``; ``format.unknown``.
    """
    collector = Collector(context.prefix)
    content = read_json(stream, context.name)
    answers = content.get("result", content) if isinstance(content, dict) else content
    found = False
    for place, answer in enumerate(answers if isinstance(answers, list) else [answers], start=1):
        prefix = f"result/{place}/" if isinstance(answers, list) else ""
        for name, document in _documents(answer):
            found = True
            yield from _read_document(JsonSource(document), (name, prefix), context, collector)
        if isinstance(answer, dict) and answer.get("success") is False:
            found = True
            message = f"the hub could not answer: {answer.get('errorCode')} {answer.get('errorText')}"
            collector.reject(prefix.rstrip("/") or "result", Fault("response.failed", message[:200]), message)
    if not found:
        raise other_format(context.name, "market document")
    yield collector.hand_over()


def _documents(answer: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - whatever an answer holds
    """Yield the market documents of an answer."""
    if isinstance(answer, dict):
        yield from ((name, part) for name, part in answer.items() if _DOCUMENT.fullmatch(name) and isinstance(part, dict))


def _read_document(document: JsonSource, place: tuple[str, str], context: ReadContext, collector: Collector) -> Iterator[Parsed]:
    """Read the series of a document."""
    name, prefix = place
    taker = taker_of(document, name, context, collector)
    series = [(kind, part) for kind in SERIES for part in document.parts(kind)]
    for count, (kind, part) in enumerate(series, start=1):
        yield from taker.take(series_of(part, f"{prefix}{kind}/{count}"))
        if collector.is_full:
            yield collector.hand_over()
    if not series:
        collector.warn("document.empty", "the document holds no series")
