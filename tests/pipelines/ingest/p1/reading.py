"""A capture read whole, with the promises of a reader checked on the way."""

from __future__ import annotations

from typing import Any

from pipelines.ingest.p1.reader import read_p1
from pipelines.ingest.reader import Parsed
from tests.pipelines.ingest.whole_files import read_whole


def read(data: bytes, **context: str) -> Parsed:
    """Read a capture; it must be what its tables declare, and account for every row."""
    parsed = read_whole(read_p1, data, name="capture.txt", **context)
    assert parsed.rows_taken == parsed.reads.num_rows
    return parsed


def by_channel(parsed: Parsed) -> dict[str, dict[str, Any]]:
    """The reads of a capture in which no channel comes twice."""
    rows = parsed.reads.to_pylist()
    found = {row["channel"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def rejected(parsed: Parsed) -> list[tuple[str, str, int]]:
    """Place, code and rows of what was set aside."""
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    """Codes of the warnings."""
    return [warning.code for warning in parsed.warnings]
