"""Thresholds of what meters and head-ends say beside values: clocks, outages, arrival."""

from __future__ import annotations

from pipelines.vee.profile.fields import Thresholds


class SignalThresholds(Thresholds):
    """How far a clock may be off, and how long a meter may be silent."""
