"""A small interchange of our own: values of periods, and an index."""

from __future__ import annotations

from tests.pipelines.ingest.mscons.interchanges import dtm, interchange, line, message, place, quantity, quarter

SAMPLE = interchange(
    message(place("RFF+MG:1'", line(quarter("1.5", "0000", "0015"), quarter("2", "0015", "0030")))),
    message(place(line(quantity("100", dtm("7", "202601042300+00")), register="1-1:1.8.0")), reference="M2"),
    advice="UNA:+.? '",
)

SAMPLES = {"mscons": SAMPLE}
"""One small valid file of each format of the room."""
