"""Formats: which reader takes a file, told from its first bytes, never from its name.

A mapping says what a plain table is; it does not make a table of a file that shows what it is. So a folder may hold
a mapping for its tables beside files of other formats.
"""

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

_START = rb"\A(?:\xef\xbb\xbf)?[\s,]*"
_HEADER = re.compile(_START + rb"100[ \t]*,[ \t]*(NEM12|NEM13)\b", re.IGNORECASE)
_NEM12_BODY = re.compile(_START + rb"200[ \t]*,[^\n]*(?:\s*\n\s*[23]00[ \t]*,|\s*\Z)")
_NEM13_BODY = re.compile(_START + rb"250[ \t]*,[^,\n]*,[^,\n]*,")
_TABLE = re.compile(rb"\s*[^\n]*[,;|\t][^\n]*")
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
    if _NEM12_BODY.match(head):
        return "nem12"
    if mapping is not None and _TEXT.match(head):
        return "csv"
    if _TEXT.match(head) and _TABLE.match(head):
        code = "mapping.missing"
        raise InputRefusedError(code, f"{name} is a plain table: which column is what?", "say it in a mapping file: --map FILE")
    code = "format.unknown"
    raise InputRefusedError(
        code, f"nobody recognises the format of {name}", "name it: --format, or take the file out of the folder"
    )
