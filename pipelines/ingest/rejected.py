"""Records a reader sets aside: collected as they come, handed over as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from schemas.files import PARSED_REJECTIONS

RAW_CHARACTERS = 200


class Fault(NamedTuple):
    """Why a record cannot be taken: a stable code and a sentence for a person."""

    code: str
    message: str


class Rejection(NamedTuple):
    """A record set aside; the fields are the columns of ``PARSED_REJECTIONS``."""

    record: str
    code: str
    message: str
    raw: str
    rows: int


def rejection(record: str, fault: Fault, raw: bytes, rows: int) -> Rejection:
    """Return the rejection of a record.

    Args:
        record: where it stands: line, or member and line.
        fault: what is wrong.
        raw: the record's bytes; the first 200 characters are kept.
        rows: values of the record that are set aside.
    """
    text = raw[: 4 * RAW_CHARACTERS].decode("utf-8", "replace")[:RAW_CHARACTERS]
    return Rejection(record, fault.code, fault.message, text, rows)


def rejections_table(rejections: Iterable[Rejection]) -> pa.Table:
    """Return ``rejections`` as rows of ``PARSED_REJECTIONS``."""
    return pa.Table.from_pylist([row._asdict() for row in rejections], schema=PARSED_REJECTIONS.schema)
