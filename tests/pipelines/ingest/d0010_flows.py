"""Small D0010 flows of our own, put together record by record."""

from __future__ import annotations

HEADER = "ZHV|0000000001|D0010002|D|AGNT|X|SUPP|20260105091500||||OPER|"
POINT = "026|1012345678907|V|"
METER = "028|A12B 00345|R|"
READING = "030|S|20260105000000|12345.6|||T|N|"


def flow(*records: str, header: str = HEADER, trailer: str | None = None) -> bytes:
    """A flow around some records, with a ZPT that counts right unless told otherwise."""
    end = f"ZPT|0000000001|{len(records)}||1|20260105091600|" if trailer is None else trailer
    return "".join(record + "\n" for record in [header, *records, end] if record).encode()


SAMPLE = flow(POINT, METER, READING, READING.replace("|S|", "|NT|"), "032|27|T|")
SAMPLES = {"d0010": SAMPLE}
"""One small valid flow."""
