"""Small Green Button feeds for the tests, written by us."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.ingest.espi.espi import read_espi
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.codes import NOT_A_VALUE
from schemas.delivered_costs import PARSED_COSTS
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

START = 1_767_225_600
"""2026-01-01 00:00 UTC."""
POINT = "/espi/1_1/resource/RetailCustomer/9/UsagePoint/7"
READING = f"{POINT}/MeterReading/01"
TYPE = "/espi/1_1/resource/ReadingType/07"
CLOCK = "/espi/1_1/resource/LocalTimeParameters/1"
IDENTITY = "5a0c7e7e-0000-4000-8000-000000000007"
UPDATED = "2026-02-01T00:00:00Z"


def leaves(**facts: object) -> str:
    """Elements of facts; None leaves one out."""
    return "".join(f"<{name}>{text}</{name}>" for name, text in facts.items() if text is not None)


def resource(name: str, content: str = "") -> str:
    return f'<{name} xmlns="http://naesb.org/espi">{content}</{name}>'


def entry(content: str, own: str = "", related: Iterable[str] = (), identity: str = "", updated: str | None = UPDATED) -> str:
    """An entry with the links that its own path implies."""
    links = [("self", own), ("up", own.rpartition("/")[0]), *(("related", path) for path in related)]
    told = "".join(f'<link rel="{relation}" href="{href}"/>' for relation, href in links if href)
    named = f"<id>urn:uuid:{identity}</id>" if identity else ""
    return f"<entry>{named}{told}<content>{content}</content>{leaves(updated=updated)}</entry>"


def usage_point(own: str = POINT, *related: str, identity: str = IDENTITY, service: int = 0) -> str:
    content = f"<ServiceCategory><kind>{service}</kind></ServiceCategory>"
    return entry(resource("UsagePoint", content), own, related or (f"{own}/MeterReading", CLOCK), identity)


def clock(own: str = CLOCK, tz_offset: object = -18000, start_rule: str = "360E2000", end_rule: str = "B40E2000") -> str:
    facts = leaves(dstEndRule=end_rule, dstOffset=3600, dstStartRule=start_rule, tzOffset=tz_offset)
    return entry(resource("LocalTimeParameters", facts), own)


def meter_reading(own: str = READING, *related: str) -> str:
    return entry(resource("MeterReading"), own, related or (f"{own}/IntervalBlock", TYPE))


def type_facts(**changes: object) -> str:
    """A ReadingType of delivered watt hours, a value an hour, with some facts changed; None leaves one out."""
    facts: dict[str, object] = {
        "accumulationBehaviour": 4, "commodity": 1, "currency": 840, "dataQualifier": 12, "flowDirection": 1,
        "intervalLength": 3600, "kind": 12, "phase": 769, "powerOfTenMultiplier": 0, "timeAttribute": 0, "uom": 72,
    }  # fmt: skip
    return resource("ReadingType", leaves(**(facts | changes)))


def reading_type(own: str = TYPE, related: Sequence[str] = (), **changes: object) -> str:
    return entry(type_facts(**changes), own, related)


def reading(value: object = 450, start: object = START, duration: object = 3600, **more: object) -> str:
    """An IntervalReading; ``quality`` stands in a ReadingQuality."""
    quality = "".join(f"<ReadingQuality><quality>{code}</quality></ReadingQuality>" for code in _listed(more.pop("quality", ())))
    cost = leaves(cost=more.pop("cost", None))
    period = leaves(duration=duration, start=start)
    told = f"<timePeriod>{period}</timePeriod>" if period else ""
    return f"<IntervalReading>{cost}{quality}{told}{leaves(value=value)}{leaves(**more)}</IntervalReading>"


def _listed(codes: object) -> Sequence[object]:
    return codes if isinstance(codes, list | tuple) else [codes]


def block_of(*readings: str, start: object = START) -> str:
    interval = f"<interval>{leaves(duration=86400, start=start)}</interval>" if start is not None else ""
    return resource("IntervalBlock", interval + "".join(readings))


def block(
    *readings: str, own: str = f"{READING}/IntervalBlock/1", related: Iterable[str] = (), updated: str | None = UPDATED
) -> str:
    return entry(block_of(*(readings or (reading(),))), own, related, updated=updated)


def feed(*entries: str, updated: str | None = None) -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
    return f"{head}{leaves(updated=updated)}{''.join(entries)}</feed>".encode()


def simple(*readings: str, **type_changes: object) -> bytes:
    """A feed of one MeterReading."""
    return feed(usage_point(), clock(), meter_reading(), reading_type(**type_changes), block(*readings))


def read(data: bytes, name: str = "a.xml", **context: Any) -> Parsed:
    """Read a feed; every piece keeps the promise of a reader."""
    pieces = list(read_espi(io.BytesIO(data), ReadContext(name, **context)))
    for piece in pieces:
        PARSED_INTERVALS.check(piece.intervals)
        PARSED_READS.check(piece.reads)
        PARSED_COSTS.check(piece.costs)
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
    return Parsed(
        intervals=pa.concat_tables(piece.intervals for piece in pieces),
        reads=pa.concat_tables(piece.reads for piece in pieces),
        costs=pa.concat_tables(piece.costs for piece in pieces),
        rejections=pa.concat_tables(piece.rejections for piece in pieces),
        rows_read=sum(piece.rows_read for piece in pieces),
        warnings=tuple(warning for piece in pieces for warning in piece.warnings),
        clock=pieces[-1].clock,
    )


def slots(parsed: Parsed) -> list[dict[str, Any]]:
    """The slots of a piece, one by one, in order of channel and time."""
    found = []
    for row in parsed.intervals.to_pylist():
        values = row["values64"] or row["values"]
        for place, digits in enumerate(values):
            quality = row["quality"][place] if row["quality"] else 0
            found.append({
                **row,
                "at": int(row["start"].timestamp()) + place * row["interval_minutes"] * 60,
                "value": None if quality in NOT_A_VALUE else Decimal(digits).scaleb(row["exponent"]),
                "quality": quality,
                "native_quality": (row["native_qualities"][place] or None) if row["native_qualities"] else row["native_quality"],
            })  # fmt: skip
    return sorted(found, key=lambda slot: (slot["service_point_id"], slot["channel"], slot["at"]))


def values(parsed: Parsed) -> list[Decimal | None]:
    return [slot["value"] for slot in slots(parsed)]


def rejected(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    return [warning.code for warning in parsed.warnings]
