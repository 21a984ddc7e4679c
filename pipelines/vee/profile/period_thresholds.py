"""Thresholds of the rules that look at a month and what came before it."""

from __future__ import annotations

from pipelines.vee.profile.fields import Thresholds


class PeriodThresholds(Thresholds):
    """How much a month may differ from what a channel used to count."""
