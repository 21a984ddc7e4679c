"""ESPI: a Green Button feed, from its bytes to readings and costs.

The document is told element by element and never built. An entry whose readings can be described is taken at once;
one that needs something the feed has not described yet waits in a temporary file. So a feed of any length takes the
memory of its descriptions (about 2 KB for a UsagePoint with its MeterReading and ReadingType), of 20,000 readings,
of 32 MiB that wait, and of what is handed over next.

Sources: NAESB REQ.21 Energy Services Provider Interface, XML schema version 3.3; RFC 4287, the Atom Syndication Format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.ingest.collector import Collector
from pipelines.ingest.espi.feed import FeedTarget
from pipelines.ingest.espi.intake import Intake
from pipelines.ingest.espi.spool import open_spool
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.strict_xml import tell_document
from schemas.errors import InputRefusedError

_PROLOG = re.compile(r"\ufeff?\s*(?:(?:<\?.*?\?>|<!--.*?-->)\s*)*", re.DOTALL)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:feed|entry|UsagePoint|MeterReading|IntervalBlock|ReadingType)[\s/>]([^>]*)", re.DOTALL)
_NAMESPACE = re.compile(r"naesb\.org/espi|www\.w3\.org/2005/Atom")
_WORDS = re.compile(r"naesb\.org/espi|green ?button", re.IGNORECASE)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def recognise_espi(head: bytes) -> bool:
    """Whether a file begins as an Atom feed or entry, or as a resource of ESPI.

    Where a comment hides the root, its words tell.
    """
    text = head.decode("utf-16" if head.startswith(_UTF16_MARKS) else "utf-8", "replace")
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog is not None else text
    root = _ROOT.match(rest)
    if root is not None:
        return _NAMESPACE.search(root[1]) is not None
    return rest.startswith("<!--") and _WORDS.search(text) is not None


def read_espi(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read a Green Button feed in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records. Times are UTC: neither ``clock`` nor ``zone`` is looked at.

    Yields:
        slots, reads, costs and rejections as they become certain; those that waited come last.

    Raises:
        InputRefusedError: no XML (see ``tell_document``); ``format.unknown``, nothing of ESPI is in it;
            ``resource.conflict``, one resource is described in two ways.
    """
    collector = Collector(prefix=context.prefix)
    with open_spool() as spool:
        target = FeedTarget(context.name, spool)
        intake = Intake(context.name, collector, spool)
        for _ in tell_document(stream, target, context.name):
            for entry in target.take_finished():
                intake.take(entry, target.updated)
                if collector.is_full:
                    yield collector.hand_over()
            if not intake.is_waiting and not target.has_spooled:
                spool.forget()
        if not target.is_espi:
            code = "format.unknown"
            raise InputRefusedError(code, f"{context.name} holds nothing of ESPI", "name its format with --format")
        for _ in intake.finish():
            if collector.is_full:
                yield collector.hand_over()
    if not intake.readings_met:
        collector.warn("readings.none", "the feed holds no reading")
    yield collector.hand_over()
