"""A small capture of our own."""

from __future__ import annotations

from tests.head_end.p1.captures import sent

SAMPLES = {"p1": sent()}
"""One small valid file of each format of the room."""
