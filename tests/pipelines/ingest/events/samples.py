"""Small event files of our own."""

from __future__ import annotations

from tests.pipelines.ingest.events.reading import JSON, ROW, table

SAMPLES = {"csv_events": table(ROW), "jsonl_events": (JSON + "\n").encode()}
"""One small valid file of each format of the room."""
