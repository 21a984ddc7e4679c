"""A small document of our own."""

from __future__ import annotations

KIND = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
SAMPLE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#"><MeterReading>'
    "<EndDeviceEvents><createdDateTime>2026-01-01T00:00:00Z</createdDateTime>"
    '<EndDeviceEventType ref="3.26.0.85"/></EndDeviceEvents>'
    "<IntervalBlocks><IntervalReadings><timeStamp>2026-01-01T00:15:00Z</timeStamp><value>1.5</value>"
    '<ReadingQualities><ReadingQualityType ref="3.8.0"/></ReadingQualities></IntervalReadings>'
    f'<ReadingType ref="{KIND}"/></IntervalBlocks><Meter><mRID>0012</mRID></Meter></MeterReading></MeterReadings>'
).encode()
SAMPLES = {"cim_meter_readings": SAMPLE}
"""One small valid file of each format of the room."""
