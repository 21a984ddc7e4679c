"""What a reader promises whatever the bytes are: checked on one input."""

from __future__ import annotations

import io

import pyarrow.compute as pc

from pipelines.ingest.reader import ReadContext, Reader
from schemas.errors import InputRefusedError
from schemas.events import PARSED_EVENTS
from schemas.files import PARSED_REJECTIONS
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

MAPPING = """
service_point_id: {from: file_name}
time: {column: at, zone: Europe/Prague}
channels:
- {column: kwh, channel: E1, quantity: active_energy, direction: import, unit: kWh}
"""
"""What the columns of plain tables are."""


class BrokenPromiseError(Exception):
    """A reader gave back rows that do not add up."""


def keep_promise(reader: Reader, data: bytes) -> None:
    """Read ``data``: it is refused as a whole, or every row of it is accounted for and fits its table.

    Raises:
        BrokenPromiseError: rows read are not rows taken and rows rejected.
        Exception: whatever else the reader lets through.
    """
    context = ReadContext("input", zone="Europe/Prague", mapping=MAPPING)
    try:
        for parsed in reader(io.BytesIO(data), context):
            rejected = pc.sum(parsed.rejections["rows"]).as_py() or 0
            if parsed.rows_read != parsed.rows_taken + rejected:
                message = f"{parsed.rows_read} rows read, {parsed.rows_taken} taken, {rejected} rejected"
                raise BrokenPromiseError(message)
            for table, rows in (
                (PARSED_INTERVALS, parsed.intervals),
                (PARSED_READS, parsed.reads),
                (PARSED_EVENTS, parsed.events),
                (PARSED_REJECTIONS, parsed.rejections),
            ):
                table.check(rows)
    except InputRefusedError:
        return
