"""A capture of one push in a frame."""

from __future__ import annotations

from tests.head_end.dlms.meter_bytes import LINK, clock, frame, hourly_list, notification

SAMPLES = {"dlms": frame(LINK + notification(hourly_list(), clock("2026-01-31 14:00:00", -60)))}
