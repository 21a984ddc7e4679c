"""aseXML: the envelope in which Australian market participants send NEM12 and NEM13 to each other.

A MeterDataNotification carries the lines of a NEM12 file in ``CSVIntervalData`` or those of a NEM13 file in
``CSVConsumptionData``. Each transaction is a file of its own, read by the reader of its format; a record is named by
its transaction and its line there.

Source: AEMO, "aseXML Guidelines" and the aseXML schemas (MeterDataManagement); a text is at most 10 MB.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from pipelines.ingest.mdff.nem12 import read_nem12
from pipelines.ingest.mdff.nem13 import read_nem13
from pipelines.ingest.reader import FileWarning, Parsed, ReadContext
from pipelines.ingest.rejected import Fault, rejection, rejections_table
from pipelines.ingest.strict_xml import Element, local_name, stream_elements
from schemas.errors import InputRefusedError

_READERS = {"CSVIntervalData": read_nem12, "CSVConsumptionData": read_nem13}
_ROOT = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?aseXML\b", re.DOTALL)


def recognise_asexml(head: bytes) -> bool:
    """Whether a file is an aseXML document."""
    return _ROOT.match(head) is not None


def read_asexml(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read the metering data of an aseXML document, transaction by transaction.

    Args:
        stream: the bytes of the document.
        context: as of ``read_nem12``.

    Yields:
        what each transaction holds; one that cannot be read is set aside with its code.

    Raises:
        InputRefusedError: the document is not well-formed (``xml.malformed`` and its like).
    """
    found = 0
    for event, element in stream_elements(stream, tuple(_READERS), context.name):
        if event == "end":
            found += 1
            yield from _read_transaction(element, replace(context, prefix=f"{context.prefix}{_transaction(element, found)}:"))
    if not found:
        yield Parsed(warnings=(FileWarning("readings.none", "the document carries no metering data"),))


def _read_transaction(element: Element, context: ReadContext) -> Iterator[Parsed]:
    """Read the lines of a transaction; pieces before a refusal in its middle are not taken either."""
    text = "".join(element.itertext()).strip()
    if not text:
        return
    lines = (text + "\n").encode()
    try:
        yield from list(_READERS[local_name(element)](io.BytesIO(lines), context))
    except InputRefusedError as refusal:
        aside = rejection(context.prefix.removesuffix(":"), Fault(refusal.code, refusal.message), lines, 1)
        yield Parsed(rejections=rejections_table([aside]), rows_read=1)


def _transaction(element: Element, number: int) -> str:
    """Return the identifier of the transaction around an element, or its number in the document."""
    for above in element.iterancestors():
        if local_name(above) == "Transaction":
            return (above.get("transactionID") or "").strip() or str(number)
    return str(number)
