"""Small answers of portals, made here, and how a test reads one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pipelines.ingest.formats import READERS
from pipelines.ingest.reader import Parsed
from schemas.codes import Quality
from tests.pipelines.ingest.whole_files import read_whole

CUPS = "ES0099000000000001AB0F"
PRM = "00123456789012"
GSRN = "642502030000000017"
EAN_BE = "541440000000000028"
EAN_NL = "871690000000000031"
ZAEHLPUNKT = "AT0099000000000000000000000000042"
EDA_NAMESPACE = "http://www.ebutilities.at/schemata/customerprocesses/consumptionrecord/01p41"


def dump(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def datadis_row(time: str, **changes: Any) -> dict[str, Any]:
    row = {
        "cups": CUPS,
        "date": "2026/01/15",
        "time": time,
        "consumptionKWh": 0.25,
        "obtainMethod": "Real",
        "surplusEnergyKWh": None,
    }
    return row | changes


def datadis_day(day: str, labels: list[str]) -> bytes:
    """Rows of a day whose values count up from 1 in the order of the rows."""
    return dump([datadis_row(label, date=day, consumptionKWh=number) for number, label in enumerate(labels, 1)])


def enedis_document(points: list[Any], aggregate: str = "average", unit: str = "W", **changes: Any) -> bytes:
    kind = {"unit": unit, "measurement_kind": "power" if unit == "W" else "energy", "aggregate": aggregate}
    reading = {"usage_point_id": PRM, "start": "2026-01-15", "end": "2026-01-16", "quality": "BRUT", "reading_type": kind}
    return dump({"meter_reading": {**reading, "interval_reading": points, **changes}})


def curve_point(date: str, value: Any = "1000", **changes: Any) -> dict[str, Any]:
    return {"value": value, "date": date, "interval_length": "PT30M", "measure_type": "B"} | changes


def fingrid_document(observations: list[Any], created: str = "2026-02-01T06:00:00.000+0000", **changes: Any) -> bytes:
    series = {
        "MeteringPointEAN": GSRN,
        "ResolutionDuration": "PT15M",
        "PeriodStartTS": "2026-01-14T22:00:00Z",
        "PeriodEndTS": "2026-01-15T22:00:00Z",
        "ProductType": "8716867000030",
        "UnitType": "kWh",
        "ReadingType": "BN01",
        "Observations": observations,
    } | changes
    return dump({"RetrieveTimeSeriesData": {"Header": {"Creation": created}, "Transaction": {"TimeSeries": [series]}}})


def observation(start: str, quantity: Any = "0.250000", quality: Any = "OK") -> dict[str, Any]:
    return {"PeriodStartTime": start, "Quantity": quantity, "Quality": quality}


def fluvius_slice(start: str, end: str, **flows: Any) -> dict[str, Any]:
    return {"start": start, "end": end, "measurements": [flows]}


def fluvius_value(value: Any, unit: Any = "kWh", state: Any = "VAL", **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "validationState": state} | more


def fluvius_document(fetched: str = "2026-02-01T06:00:00Z", **head: Any) -> bytes:
    point = {"$type": "metering-on-headpoint", "ean": EAN_BE, "energyType": "E"} | head
    return dump({"data": {"headpoint": point}, "_meta": {"fetchTime": fetched}})


def dutch_register(readings: list[Any], code: Any = "1.8.1", meter: str = "E0001") -> dict[str, Any]:
    return {"Meter": {"MRID": meter}, "MRID": code, "ReadingList": readings}


def dutch_reading(when: dict[str, Any], value: Any = 100.5, **kind: Any) -> dict[str, Any]:
    return {"DateAndOrTime": when, "ReadingType": kind or {"Multiplier": "k", "Unit": "Wh"}, "Value": value}


def dutch_document(*registers: Any) -> bytes:
    return dump([{"MarketEvaluationPoint": {"MRID": EAN_NL, "RegisterList": list(registers)}}])


def eda_position(start: str, end: str | None, quantity: str | None = "0.250000", method: str | None = "L1") -> str:
    parts = (("DTF", start), ("DTT", end), ("MM", method), ("BQ", quantity))
    return "<c:EP>" + "".join(f"<c:{name}>{text}</c:{name}>" for name, text in parts if text is not None) + "</c:EP>"


def eda_document(
    positions: str,
    *,
    code: str = "1-1:1.9.0 P.01",
    unit: str = "KWH",
    namespace: str = EDA_NAMESPACE,
    interval: str = "QH",
    count: int = 1,
    created: str = "2026-02-01T06:00:00.1234560Z",
    mode: str = "PROD",
) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<c:ConsumptionRecord xmlns:c="{namespace}" xmlns:t="http://www.ebutilities.at/schemata/customerprocesses/common/types/01p20">
<c:MarketParticipantDirectory DocumentMode="{mode}" Duplicate="false" SchemaVersion="01.41">
<t:RoutingHeader><t:DocumentCreationDateTime>{created}</t:DocumentCreationDateTime></t:RoutingHeader>
</c:MarketParticipantDirectory>
<c:ProcessDirectory><t:MeteringPoint>{ZAEHLPUNKT}</t:MeteringPoint>
<c:Energy><c:MeteringIntervall>{interval}</c:MeteringIntervall><c:NumberOfMeteringIntervall>{count}</c:NumberOfMeteringIntervall>
<c:EnergyData MeterCode="{code}" UOM="{unit}">{positions}</c:EnergyData></c:Energy></c:ProcessDirectory>
</c:ConsumptionRecord>""".encode()


QUARTER = ("2026-01-15T00:00:00+01:00", "2026-01-15T00:15:00+01:00")

SAMPLES: dict[str, bytes] = {
    "datadis": dump([datadis_row("01:00"), datadis_row("02:00", surplusEnergyKWh=0.5)]),
    "enedis": enedis_document([curve_point("2026-01-15 00:30:00"), curve_point("2026-01-15 01:00:00")]),
    "fingrid": fingrid_document([observation("2026-01-14T22:00:00Z"), observation("2026-01-14T22:15:00Z")]),
    "fluvius": fluvius_document(quarterHourlyEnergy=[fluvius_slice(*QUARTER, offtake={"total": fluvius_value(0.25)})]),
    "mijn_aansluiting": dutch_document(dutch_register([dutch_reading({"DateTime": "2026-01-15T00:00:00+01:00"})])),
    "eda": eda_document(eda_position(*QUARTER)),
}
"""One small valid answer of each format of the room."""


def read(format_name: str, data: bytes, name: str = "consumption.json", **context: str) -> Parsed:
    """Read an answer; whatever it says, its rows fit their tables and are all accounted for."""
    return read_whole(READERS[format_name], data, name=name, **context)


def slots(parsed: Parsed, channel: str | None = None) -> list[tuple[str, float | None]]:
    """Start (UTC) and value of each slot, in order of time; the value is scaled for the eye of the reader of a test."""
    found = []
    for row in parsed.intervals.to_pylist():
        if channel not in (None, row["channel"]):
            continue
        values = row["values64"] or row["values"]
        qualities = row["quality"] or [Quality.MEASURED] * len(values)
        for place, (value, quality) in enumerate(zip(values, qualities, strict=True)):
            start = datetime.fromtimestamp(row["start"].timestamp() + place * row["interval_minutes"] * 60, UTC)
            shown = None if quality == Quality.MISSING else value * 10.0 ** row["exponent"]
            found.append((f"{start:%Y-%m-%d %H:%M}", None if shown is None else round(shown, 9)))
    return sorted(found, key=lambda slot: slot[0])


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> set[str]:
    return {warning.code for warning in parsed.warnings}
