"""Formats: which reader takes a file, told from its first bytes, never from its name."""

from __future__ import annotations

import re

from pipelines.ingest.mapped_csv import read_mapped_csv
from pipelines.ingest.nem12 import read_nem12
from pipelines.ingest.nem13 import read_nem13
from pipelines.ingest.reader import Reader
from schemas.errors import InputRefusedError

HEAD_BYTES = 4096
"""Bytes a format is told from."""

READERS: dict[str, Reader] = {"nem12": read_nem12, "nem13": read_nem13, "csv": read_mapped_csv}
"""Every format and its reader."""

_HEADER = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*100\s*,\s*(NEM12|NEM13)\b", re.IGNORECASE)
_NEM12_BODY = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:100,|200,)", re.IGNORECASE)
_NEM13_BODY = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*250,", re.IGNORECASE)
_TEXT = re.compile(rb"\A[\t\r\n\x20-\x7e\x80-\xff]*\Z")


def detect(head: bytes, name: str, mapping: str | None) -> str:
    """Return the format of a file.

    Args:
        head: its first ``HEAD_BYTES`` bytes.
        name: its name, for the message.
        mapping: text of the mapping for plain tables, where there is one.

    Raises:
        InputRefusedError: ``file.empty``; ``mapping.missing``, a plain table without a mapping; ``format.unknown``.

    >>> detect(b"100,NEM12,202601010000,A,B", "x", None)
    'nem12'
    """
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        code = "file.empty"
        raise InputRefusedError(code, f"{name} is empty", "ask the sender for the file again")
    if header := _HEADER.match(head):
        return header[1].decode().lower()
    if _NEM13_BODY.match(head):
        return "nem13"
    if mapping is None and _NEM12_BODY.match(head):
        return "nem12"
    if mapping is not None and _TEXT.match(head):
        return "csv"
    if _TEXT.match(head) and b"," in head.splitlines()[0]:
        code = "mapping.missing"
        raise InputRefusedError(code, f"{name} is a plain table: which column is what?", "say it in a mapping file: --map FILE")
    code = "format.unknown"
    raise InputRefusedError(
        code, f"nobody recognises the format of {name}", "name it: --format, or take the file out of the folder"
    )
