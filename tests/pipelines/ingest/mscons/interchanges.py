"""Small interchanges of our own, put together segment by segment, and what the reader makes of them."""

from __future__ import annotations

from pipelines.ingest.mscons.mscons import read_mscons
from pipelines.ingest.reader import Parsed
from tests.pipelines.ingest.whole_files import read_whole

HEADER = "UNB+UNOC:3+9900000000001:500+9900000000002:500+260105:0800+IC1++TL'"
POINT = "DE0001234567890000000000000012345"
PROFILE = "1-1:1.29.0"
INDEX = "1-1:1.8.0"


def dtm(qualifier: str, text: str, form: str = "303") -> str:
    """A DTM segment; its plus signs are released."""
    return f"DTM+{qualifier}:{text.replace('+', '?+')}:{form}'"


def quantity(text: str, *dates: str, qualifier: str = "220", unit: str = "") -> str:
    """A QTY segment and the dates after it."""
    return f"QTY+{qualifier}:{text}{':' + unit if unit else ''}'" + "".join(dates)


def quarter(text: str, at: str, until: str, **more: str) -> str:
    """A value with its period, on 5 January 2026 at +01."""
    return quantity(text, dtm("163", f"20260105{at}+01"), dtm("164", f"20260105{until}+01"), **more)


def line(*values: str, register: str = PROFILE, number: int = 1) -> str:
    """A LIN segment with its register and values."""
    named = f"PIA+5+{register.replace(':', '?:')}:SRW'" if register else ""
    return f"LIN+{number}'{named}" + "".join(values)


def place(*parts: str, loc: str = f"LOC+172+{POINT}'") -> str:
    """A delivery address and a place."""
    return f"NAD+DP'{loc}" + "".join(parts)


def message(
    *parts: str, reference: str = "M1", function: str = "9", made: str = "DTM+137:202601050700?+00:303'", count: int = 0
) -> str:
    """A message around some places, with a UNT that counts right unless told otherwise."""
    head = f"UNH+{reference}+MSCONS:D:04B:UN:2.4c'BGM+7+B{reference}+{function}'{made}RFF+Z13:13008'UNS+D'"
    body = head + "".join(parts)
    return f"{body}UNT+{count or body.count(chr(39)) + 1}+{reference}'"


def interchange(
    *messages: str, header: str = HEADER, advice: str = "", reference: str = "IC1", count: int | None = None
) -> bytes:
    """An interchange around some messages."""
    said = len(messages) if count is None else count
    return f"{advice}{header}{''.join(messages)}UNZ+{said}+{reference}'".encode("latin-1")


def read(data: bytes, piece_bytes: int = 2**18, **context: str) -> Parsed:
    """What the reader makes of a file, its pieces put together; each keeps the promise of a reader."""
    return read_whole(read_mscons, data, name="a.txt", piece_bytes=piece_bytes, **context)


def codes(parsed: Parsed) -> list[tuple[str, int]]:
    """Code and rows of each rejection."""
    return [(row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    """Codes of the warnings."""
    return [warning.code for warning in parsed.warnings]
